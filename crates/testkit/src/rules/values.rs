//! Rules V1 to V5, V9, D1 to D9, M3 and M4: values and their data.
//!
//! Invariants: data is not interpreted. Absent: V6 to V8, tombstones.

use super::Image;
use super::keys::units;
use crate::bytes::{read_u16, read_u32};
use crate::upcase;

/// The most data in one cell where big data exists, and in one segment.
const SEGMENT: usize = 16_344;

impl<'a> Image<'a> {
    pub(super) fn values(&mut self, key: u32, nk: &'a [u8]) {
        let count = read_u32(nk, 36).unwrap_or(0) as usize;
        let list = read_u32(nk, 40).unwrap_or(u32::MAX);
        if count == 0 && list == u32::MAX {
            return;
        }
        let Some(bytes) = self.take(list) else {
            self.fault("V1", key);
            return;
        };
        if count > bytes.len() / 4 || count == 0 {
            self.fault("V2", key);
            return;
        }
        let mut names: Vec<Vec<u16>> = Vec::new();
        let mut longest = 0;
        for index in 0..count {
            let cell = read_u32(bytes, index * 4).unwrap_or(u32::MAX);
            if let Some((name, length)) = self.value(key, cell) {
                names.push(name.iter().map(|unit| upcase::unit(*unit)).collect());
                longest = longest.max(length);
            }
        }
        let most = names.iter().map(Vec::len).max().unwrap_or(0);
        names.sort();
        for (rule, holds) in [
            ("V9", names.windows(2).all(|pair| pair[0] != pair[1])),
            ("M3", read_u32(nk, 60).unwrap_or(0) as usize >= most * 2),
            ("M4", read_u32(nk, 64).unwrap_or(0) as usize >= longest),
        ] {
            if !holds {
                self.fault(rule, key);
            }
        }
    }

    /// Checks a value; gives its name and the length of its data.
    fn value(&mut self, key: u32, cell: u32) -> Option<(Vec<u16>, usize)> {
        let Some(vk) = self.take(cell) else {
            self.fault("V3", key);
            return None;
        };
        let length = usize::from(read_u16(vk, 2).unwrap_or(0));
        let rule = match () {
            () if !vk.starts_with(b"vk") => "V5",
            () if 20 + length > vk.len() => "V4",
            () => "",
        };
        if !rule.is_empty() {
            self.fault(rule, cell);
            return None;
        }
        let compressed = read_u16(vk, 16).unwrap_or(0) & 1 != 0;
        let name = units(vk.get(20..20 + length).unwrap_or_default(), compressed);
        let data = read_u32(vk, 8).unwrap_or(u32::MAX);
        let raw = read_u32(vk, 4).unwrap_or(0);
        let length = (raw & 0x7FFF_FFFF) as usize;
        let rule = match (raw & 0x8000_0000 != 0, length) {
            (true, 0..=4) => "",
            (true, _) => "D1",
            (false, 0) if data == u32::MAX => "",
            (false, 0) => "D2",
            (false, _) => self.data(data, length),
        };
        if !rule.is_empty() {
            self.fault(rule, cell);
        }
        Some((name, length))
    }

    /// The rule that data in cells breaks, or nothing.
    fn data(&mut self, cell: u32, length: usize) -> &'static str {
        let Some(payload) = self.take(cell) else {
            return "D4";
        };
        if length <= 4 {
            return "D3";
        }
        if length > SEGMENT && self.minor >= 4 {
            return self.big_data(payload, length);
        }
        if length > payload.len() { "D5" } else { "" }
    }

    fn big_data(&mut self, db: &'a [u8], length: usize) -> &'static str {
        if !db.starts_with(b"db") {
            return "D6";
        }
        let count = usize::from(read_u16(db, 2).unwrap_or(0));
        if count != length.div_ceil(SEGMENT) {
            return "D7";
        }
        let list = read_u32(db, 4)
            .and_then(|cell| self.take(cell))
            .unwrap_or_default();
        if list.len() < count * 4 {
            return "D8";
        }
        for index in 0..count {
            let segment = read_u32(list, index * 4).and_then(|cell| self.take(cell));
            let needed = SEGMENT.min(length - index * SEGMENT);
            if segment.is_none_or(|segment| segment.len() < needed) {
                return "D9";
            }
        }
        ""
    }
}

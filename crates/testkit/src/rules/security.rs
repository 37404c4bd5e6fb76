//! Rules S1 to S8 but S7: the ring of security cells and the descriptors in it.
//!
//! Invariants: the ring is walked once, from the root key's cell. Absent: meaning of the rights.

use super::Image;
use crate::bytes::{read_u16, read_u32};

impl Image<'_> {
    /// Walks the ring; false when it is broken, so that membership cannot be judged.
    pub(super) fn security_ring(&mut self, root: u32) -> bool {
        let Some(start) = self.payload(root).and_then(|nk| read_u32(nk, 44)) else {
            return false;
        };
        let mut descriptors = Vec::new();
        let mut cell = start;
        loop {
            let Some(sk) = self.payload(cell) else {
                self.fault(if cell == start { "S1" } else { "S4" }, cell);
                return false;
            };
            let length = read_u32(sk, 16).unwrap_or(u32::MAX) as usize;
            let rule = match sk.get(20..20_usize.saturating_add(length)) {
                _ if !sk.starts_with(b"sk") => "S2",
                None => "S3",
                Some(bytes) if !is_descriptor(bytes) => "S5",
                Some(bytes) if descriptors.contains(&bytes) => "S8",
                Some(bytes) => {
                    descriptors.push(bytes);
                    ""
                }
            };
            if !rule.is_empty() {
                self.fault(rule, cell);
                if rule != "S8" {
                    return false;
                }
            }
            self.ring.insert(cell, 0);
            self.uses.insert(cell, 1);
            let next = read_u32(sk, 4).unwrap_or(u32::MAX);
            let back = self.payload(next).and_then(|sk| read_u32(sk, 8));
            if back != Some(cell) || next != start && self.ring.contains_key(&next) {
                self.fault("S4", cell);
                return false;
            }
            if next == start {
                return true;
            }
            cell = next;
        }
    }

    /// Counts a key as user of its security cell.
    pub(super) fn security_of(&mut self, key: u32, cell: u32) {
        if let Some(users) = self.ring.get_mut(&cell) {
            *users += 1;
        } else if self.payload(cell).is_none() {
            self.fault("S1", key);
        } else if !self.faults.iter().any(|fault| fault.rule.starts_with('S')) {
            self.fault("S6", key);
        }
    }
}

/// Whether bytes are a self-relative descriptor whose parts all lie inside.
fn is_descriptor(bytes: &[u8]) -> bool {
    let sid = |at: Option<u32>| match at {
        Some(0) => true,
        Some(at) => is_sid(bytes, at as usize),
        None => false,
    };
    bytes.len() >= 20
        && bytes.first() == Some(&1)
        && read_u16(bytes, 2).is_some_and(|control| control & 0x8000 != 0)
        && sid(read_u32(bytes, 4))
        && sid(read_u32(bytes, 8))
        && is_acl(bytes, 12, 0x10)
        && is_acl(bytes, 16, 0x04)
}

fn is_sid(bytes: &[u8], at: usize) -> bool {
    let count = bytes.get(at + 1).copied().unwrap_or(u8::MAX);
    bytes.get(at) == Some(&1) && count <= 15 && at + 8 + usize::from(count) * 4 <= bytes.len()
}

fn is_acl(bytes: &[u8], field: usize, present: u16) -> bool {
    let control = read_u16(bytes, 2).unwrap_or(0);
    let at = read_u32(bytes, field).unwrap_or(0) as usize;
    if control & present == 0 || at == 0 {
        return true;
    }
    let size = usize::from(read_u16(bytes, at + 2).unwrap_or(0));
    let count = read_u16(bytes, at + 4).unwrap_or(0);
    let Some(acl) = bytes.get(at..at + size).filter(|acl| acl.len() >= 8) else {
        return false;
    };
    let mut ace = 8;
    (0..count).all(|_| {
        let size = usize::from(read_u16(acl, ace + 2).unwrap_or(0));
        ace += size;
        size >= 8 && ace <= acl.len()
    })
}

//! Rules K1 to K15, X1 to X4 and M1 to M4: the key nodes.
//!
//! Invariants: a key node with a broken head is not looked into; depth is bounded. Absent: K16.

use super::Image;
use crate::bytes::{read_u16, read_u32};

/// The deepest level a key may stand on; the root is level 0.
const DEEPEST: usize = 512;

/// What the parent needs to know of a key.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) name: Vec<u16>,
    pub(super) class: u32,
}

/// A stored name as UTF-16 units.
pub(super) fn units(bytes: &[u8], compressed: bool) -> Vec<u16> {
    if compressed {
        bytes.iter().map(|byte| u16::from(*byte)).collect()
    } else {
        bytes
            .chunks_exact(2)
            .filter_map(|pair| read_u16(pair, 0))
            .collect()
    }
}

impl Image<'_> {
    /// Checks a key and all below it.
    pub(super) fn key(&mut self, cell: u32, parent: Option<u32>, depth: usize) -> Option<Seen> {
        if depth > DEEPEST {
            self.fault("K15", cell);
            return None;
        }
        let Some(nk) = self.take(cell) else {
            self.fault("K1", cell);
            return None;
        };
        if self.seen_before(cell) {
            return None;
        }
        let field = |at| read_u32(nk, at).unwrap_or(0);
        let length = usize::from(read_u16(nk, 72).unwrap_or(0));
        let head = match () {
            () if nk.len() < 76 => "K2",
            () if !nk.starts_with(b"nk") => "K3",
            () if nk.len() > 1116 => "K4",
            () if length == 0 => "K5",
            () if 76 + length > nk.len() => "K6",
            () => "",
        };
        if !head.is_empty() {
            self.fault(head, cell);
            return None;
        }
        let flags = read_u16(nk, 2).unwrap_or(0);
        let compressed = flags & 0x20 != 0;
        let name = units(nk.get(76..76 + length).unwrap_or_default(), compressed);
        for (rule, holds) in [
            ("K7", compressed || length.is_multiple_of(2)),
            ("K8", name.len() <= 256),
            ("K9", !name.contains(&u16::from(b'\\'))),
            ("K10", compressed || name.iter().any(|unit| *unit > 0xFF)),
            ("K11", parent.is_none_or(|parent| field(16) == parent)),
            ("K12", (flags & 0x04 != 0) == parent.is_none()),
            ("K13", flags & 0x03 == 0),
            ("K14", flags & 0x40 == 0),
        ] {
            if !holds {
                self.fault(rule, cell);
            }
        }
        let class = self.class(cell, u32::from(read_u16(nk, 74).unwrap_or(0)), field(48));
        self.security_of(cell, field(44));
        self.values(cell, nk);
        let below = self.subkeys(cell, nk, depth);
        if u32::from(read_u16(nk, 52).unwrap_or(0)) < below.name {
            self.fault("M1", cell);
        }
        if field(56) < below.class {
            self.fault("M2", cell);
        }
        Some(Seen { name, class })
    }

    fn class(&mut self, key: u32, length: u32, cell: u32) -> u32 {
        let rule = match (length, cell) {
            (0, u32::MAX) => "",
            (0, _) => "X4",
            (_, u32::MAX) => "X1",
            _ => match self.take(cell) {
                None => "X2",
                Some(class) if class.len() < length as usize => "X3",
                Some(_) => "",
            },
        };
        if rule.is_empty() {
            return length;
        }
        self.fault(rule, key);
        0
    }
}

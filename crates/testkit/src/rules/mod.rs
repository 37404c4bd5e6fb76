//! Tells which load-time rules a hive file breaks: the test kit's own checker.
//!
//! Invariants: it reads every reachable byte and changes nothing; no input makes it panic or run
//! without end. Leaks and reference counts are judged only when nothing else is wrong, because
//! they follow from other faults. Absent: repair, logs, rules a loader and its programs ignore
//! (B12 to B16, K16, V6 to V8).

mod keys;
mod lists;
mod security;
mod values;

use std::collections::BTreeMap;

use crate::bytes::{checksum, read_u32};

/// A broken rule and where: a file offset in base block and bins, else a cell index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The rule's id, such as `K3`.
    pub rule: &'static str,
    /// Where it is broken.
    pub at: u32,
}

/// All rules a file breaks; empty for a good hive.
pub fn check(file: &[u8]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some((area, minor)) = base_block(file, &mut faults) else {
        return faults;
    };
    let mut image = Image {
        area,
        minor,
        faults,
        ..Image::default()
    };
    if image.bins() {
        let root = read_u32(file, 0x24).unwrap_or(u32::MAX);
        let whole = image.security_ring(root);
        image.key(root, None, 0);
        image.leftovers(whole);
    }
    image.faults
}

/// Checks the base block; gives the bins area and the minor version when there is an area.
fn base_block<'a>(file: &'a [u8], faults: &mut Vec<Fault>) -> Option<(&'a [u8], u32)> {
    let field = |at| read_u32(file, at).unwrap_or(0);
    let size = field(0x28);
    let fatal = [
        ("B1", 0, file.len() >= 8192),
        ("B2", 0, file.starts_with(b"regf")),
        (
            "B10",
            0x28,
            size > 0 && size.is_multiple_of(4096) && size < 1 << 31,
        ),
        (
            "B11",
            0x28,
            file.len() < 8192 || file.len() as u64 >= 4096 + u64::from(size),
        ),
    ];
    let other = [
        ("B3", 0x1FC, field(0x1FC) == checksum(file)),
        ("B4", 0x14, field(0x14) == 1),
        ("B5", 0x18, (3..=6).contains(&field(0x18))),
        ("B6", 0x1C, field(0x1C) == 0),
        ("B7", 0x20, field(0x20) == 1),
        ("B8", 0x2C, field(0x2C) == 1),
        ("B9", 0x04, field(4) == field(8)),
    ];
    let is_fatal = fatal.iter().any(|(_, _, holds)| !holds);
    let judged = fatal
        .into_iter()
        .chain(other.into_iter().filter(|_| !is_fatal));
    faults.extend(
        judged
            .filter(|(_, _, holds)| !holds)
            .map(|(rule, at, _)| Fault { rule, at }),
    );
    if is_fatal {
        return None;
    }
    file.get(4096..4096 + size as usize)
        .map(|area| (area, field(0x18)))
}

/// A hive under check.
#[derive(Debug, Default)]
struct Image<'a> {
    area: &'a [u8],
    minor: u32,
    /// Size fields of all cells by index.
    cells: BTreeMap<u32, i32>,
    /// How often each cell was reached.
    uses: BTreeMap<u32, u32>,
    /// The cells of the security ring and how many keys name each.
    ring: BTreeMap<u32, u32>,
    faults: Vec<Fault>,
}

impl<'a> Image<'a> {
    fn fault(&mut self, rule: &'static str, at: u32) {
        self.faults.push(Fault { rule, at });
    }

    /// The payload of an allocated cell.
    fn payload(&self, cell: u32) -> Option<&'a [u8]> {
        let size = *self.cells.get(&cell).filter(|size| **size < 0)?;
        let start = cell as usize + 4;
        self.area
            .get(start..cell as usize + size.unsigned_abs() as usize)
    }

    /// The payload of an allocated cell that nobody else may use.
    fn take(&mut self, cell: u32) -> Option<&'a [u8]> {
        let payload = self.payload(cell)?;
        let uses = self.uses.entry(cell).or_default();
        *uses += 1;
        if *uses == 2 {
            self.fault("C5", cell);
        }
        Some(payload)
    }

    /// Whether a cell was reached more than once, so that it must not be descended again.
    fn seen_before(&self, cell: u32) -> bool {
        self.uses.get(&cell).is_some_and(|uses| *uses > 1)
    }

    /// Walks bins and cells; false when the walk had to stop.
    fn bins(&mut self) -> bool {
        let mut at = 0;
        while at < self.area.len() {
            let field = |offset| read_u32(self.area, at + offset).unwrap_or(0);
            let (offset, size) = (field(4), field(8) as usize);
            let rule = match () {
                () if self.area.get(at..at + 4) != Some(b"hbin") => "H1",
                () if offset as usize != at => "H2",
                () if size == 0 || !size.is_multiple_of(4096) => "H3",
                () if size > self.area.len() - at => "H4",
                () => "",
            };
            if !rule.is_empty() {
                self.fault(rule, 4096 + at as u32);
                return false;
            }
            if !self.cells_of(at, at + size) {
                return false;
            }
            at += size;
        }
        true
    }

    fn cells_of(&mut self, bin: usize, end: usize) -> bool {
        let (mut at, mut after_free) = (bin + 32, false);
        while at < end {
            let size = read_u32(self.area, at).unwrap_or(0) as i32;
            let len = size.unsigned_abs() as usize;
            let rule = match () {
                () if len == 0 => "C1",
                () if !len.is_multiple_of(8) => "C2",
                () if len > end - at => "C3",
                () => "",
            };
            if !rule.is_empty() {
                self.fault(rule, at as u32);
                return false;
            }
            if size > 0 && after_free {
                self.fault("C4", at as u32);
            }
            after_free = size > 0;
            self.cells.insert(at as u32, size);
            at += len;
        }
        true
    }

    /// What can only be told at the end: leaks and reference counts.
    fn leftovers(&mut self, ring_is_whole: bool) {
        if !self.faults.is_empty() || !ring_is_whole {
            return;
        }
        let leaked: Vec<u32> = self
            .cells
            .iter()
            .filter(|(cell, size)| **size < 0 && !self.uses.contains_key(cell))
            .map(|(cell, _)| *cell)
            .collect();
        leaked.into_iter().for_each(|cell| self.fault("C6", cell));
        for (cell, users) in self.ring.clone() {
            let count = self.payload(cell).and_then(|sk| read_u32(sk, 12));
            if count != Some(users) {
                self.fault("S7", cell);
            }
        }
    }
}

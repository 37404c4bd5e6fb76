//! What the tests of this crate share: a bare reader of real hives, and a source of numbers.
//!
//! Invariants: reads cells one after another and trusts nothing else. Absent on purpose: lists,
//! values, logs, and the `hive` crate, so that this crate is tested without it.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

pub(crate) mod made_up;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The keys and descriptors of a hive.
pub(crate) struct Cells {
    /// By cell index.
    pub(crate) keys: BTreeMap<u32, Node>,
    /// Descriptors by cell index of their security cell.
    pub(crate) security: BTreeMap<u32, Vec<u8>>,
}

/// What of a key node matters here.
pub(crate) struct Node {
    pub(crate) parent: u32,
    pub(crate) security: u32,
    pub(crate) is_root: bool,
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// All allocated key nodes and security cells.
pub(crate) fn cells(file: &[u8]) -> Cells {
    let (mut keys, mut security) = (BTreeMap::new(), BTreeMap::new());
    let end = (4096 + number(file, 0x28).unwrap() as usize).min(file.len());
    let mut bin = 4096;
    while bin + 32 <= end {
        let size = number(file, bin + 8).unwrap() as usize;
        if &file[bin..bin + 4] != b"hbin" || size < 4096 {
            bin += 4096;
            continue;
        }
        let mut at = bin + 32;
        while let Some(raw) = number(file, at).filter(|raw| *raw != 0 && at < bin + size) {
            let len = raw.cast_signed().unsigned_abs() as usize;
            let cell = file.get(at + 4..at + len).unwrap_or(&[]);
            let index = (at - 4096) as u32;
            match cell.get(..2).filter(|_| raw.cast_signed() < 0) {
                Some(b"nk") if cell.len() >= 76 => {
                    let node = Node {
                        parent: number(cell, 16).unwrap(),
                        security: number(cell, 44).unwrap(),
                        is_root: cell[2] & 4 != 0,
                    };
                    keys.insert(index, node);
                }
                Some(b"sk") if cell.len() >= 20 => {
                    let len = number(cell, 16).unwrap() as usize;
                    if let Some(bytes) = cell.get(20..20 + len) {
                        security.insert(index, bytes.to_vec());
                    }
                }
                _ => {}
            }
            at += len.max(8);
        }
        bin += size;
    }
    Cells { keys, security }
}

/// The hives beside the checkout by name; says so when there are none.
pub(crate) fn real_hives() -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for folder in ["hives", "bcd"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared")
            .join(folder);
        let Ok(entries) = std::fs::read_dir(&path) else {
            println!("skipped: no {}", path.display());
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            let bytes = std::fs::read(&path).unwrap();
            if bytes.starts_with(b"regf") && !name.contains(".LOG") {
                all.insert(name, bytes);
            }
        }
    }
    all
}

/// Every distinct descriptor of the real hives.
pub(crate) fn real_descriptors() -> BTreeSet<Vec<u8>> {
    real_hives()
        .values()
        .flat_map(|file| cells(file).security.into_values())
        .collect()
}

/// A small deterministic source of numbers (xorshift64*).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) as usize % end
    }
}

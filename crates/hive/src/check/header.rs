//! Rules B12 to B16: what the base block and the end of the file tell about a hive's history.
//!
//! Invariants: none of these rules stops an edit. Absent on purpose: B1 to B11, which a
//! [`crate::Hive`] has passed, and the files beside the hive.

use super::{Place, Rule, Walk};
use crate::bytes;
use crate::format::{BASE_BLOCK_LEN, BaseFlags};

pub(super) fn check(walk: &mut Walk<'_>) {
    let base = walk.hive.base();
    let end = BASE_BLOCK_LEN.saturating_add(walk.hive.bins().len());
    let behind = bytes::tail(walk.hive.bytes(), end).unwrap_or(&[]);
    if let Some(first) = behind.iter().position(|&byte| byte != 0) {
        note(walk, Rule::B12, end + first, || {
            "remnants behind the last bin".to_owned()
        });
    }
    if !bytes::u16s(&base.file_name).any(|unit| unit == 0) {
        note(walk, Rule::B13, 0x30, || {
            "the file name has no end".to_owned()
        });
    }
    let mark = base.rm_signature;
    if mark != [0; 4] && mark != *b"rmtm" {
        note(walk, Rule::B14, 0xA4, || {
            format!("{mark:02x?}, expected \"rmtm\" or zero")
        });
    }
    let flags = base.flags.get();
    // Without the mark and the identifier, the bytes are not flags.
    if flags != 0 && mark == *b"rmtm" && base.rm_id != [0; 16] {
        if flags & !BaseFlags::all().bits() != 0 {
            note(walk, Rule::B15, 0x90, || {
                format!("unknown flags in {flags:#x}")
            });
        } else if flags & BaseFlags::PENDING_TRANSACTIONS.bits() != 0 {
            note(walk, Rule::B15, 0x90, || {
                "transactions may be pending".to_owned()
            });
        }
    }
    for offset in [0xA8, 0xB0] {
        if bytes::slice(walk.hive.bytes(), offset, 4) == Some(b"OfRg") {
            note(walk, Rule::B16, offset, || {
                "saved by the offline library".to_owned()
            });
        }
    }
}

/// Reports at an offset of the file, not of the bins area.
fn note(walk: &mut Walk<'_>, rule: Rule, offset: usize, detail: impl FnOnce() -> String) {
    let info = rule.info();
    let place = Place { offset, key: None };
    walk.report
        .add((rule, info.effect, info.blocks_edit), || (place, detail()));
}

//! Rules K and X: one key node and its class.
//!
//! Invariants: a key that Windows would take out of its parent's list is not entered.
//! Absent on purpose: its values, subkeys and descriptor.

use super::{Effect, Rule, Walk};
use crate::bytes;
use crate::error::CellOffset;
use crate::format::{KeyFlags, KeyNode, MAX_KEY_NODE, NIL};
use crate::key::Key;
use crate::name::Name;

/// Longest key name the kernel's parser knows, in UTF-16 units.
const MAX_PARSED_NAME: usize = 256;

/// The key in the cell at `index`, taken for the list in cell `by`; the root has no list.
pub(super) fn admit<'h>(walk: &mut Walk<'h>, index: u32, by: Option<u32>) -> Option<Key<'h>> {
    let effect = if by.is_none() {
        Effect::Rejected
    } else {
        Effect::DataLoss
    };
    let fail = |walk: &mut Walk<'h>, rule, detail: String| {
        let at = if rule == Rule::K1 {
            by.unwrap_or(index)
        } else {
            index
        };
        walk.broken_as((rule, effect, true), at, || detail);
        None
    };
    if let Err(why) = walk.map.find(index) {
        return fail(walk, Rule::K1, why.to_string());
    }
    let payload = walk.hive.cell(CellOffset(index)).ok()?;
    let Some(node) = bytes::view::<KeyNode>(payload, 0) else {
        let found = payload.len();
        return fail(
            walk,
            Rule::K2,
            format!("{found} bytes, a key node has 76 and its name"),
        );
    };
    let name_len = usize::from(node.name_len.get());
    let stored = bytes::slice(payload, size_of::<KeyNode>(), name_len);
    let narrow = KeyFlags::from_bits_retain(node.flags.get()).contains(KeyFlags::COMP_NAME);
    walk.subject = stored
        .map(|stored| Name::new(stored, narrow))
        .filter(|_| by.is_some());
    let verdict = broken_node(node, payload.len());
    let key = match verdict {
        Some((rule, detail)) => fail(walk, rule, detail),
        None if walk.own(index, by.unwrap_or(index)) => Key::at(walk.hive, CellOffset(index)).ok(),
        None => None,
    };
    walk.subject = None;
    key
}

/// Rules K3 to K6.
fn broken_node(node: &KeyNode, len: usize) -> Option<(Rule, String)> {
    let name_len = usize::from(node.name_len.get());
    if &node.signature != b"nk" {
        let found = node.signature;
        Some((Rule::K3, format!("{found:02x?}, expected \"nk\"")))
    } else if len > MAX_KEY_NODE {
        Some((
            Rule::K4,
            format!("the cell holds {len} bytes, at most {MAX_KEY_NODE} load"),
        ))
    } else if name_len == 0 {
        Some((Rule::K5, "the name is empty".to_owned()))
    } else if size_of::<KeyNode>() + name_len > len {
        Some((
            Rule::K6,
            format!("a name of {name_len} bytes in a cell of {len}"),
        ))
    } else {
        None
    }
}

/// Rules K7 to K14 on a key that was admitted; the root has no parent.
pub(super) fn check(walk: &mut Walk<'_>, key: Key<'_>, parent: Option<CellOffset>) {
    let at = key.offset().0;
    let flags = key.flags();
    check_name(walk, key);
    if let Some(parent) = parent {
        let found = key.node().parent.get();
        if found != parent.0 {
            walk.broken(Rule::K11, at, || {
                format!("parent {found:#x}, listed below {:#x}", parent.0)
            });
        }
    }
    if flags.contains(KeyFlags::HIVE_ENTRY) != parent.is_none() {
        walk.broken(Rule::K12, at, || format!("flags {:#06x}", flags.bits()));
    }
    if flags.intersects(KeyFlags::VOLATILE | KeyFlags::HIVE_EXIT) {
        walk.broken(Rule::K13, at, || format!("flags {:#06x}", flags.bits()));
    }
    if flags.contains(KeyFlags::PREDEF_HANDLE) {
        walk.broken(Rule::K14, at, || format!("flags {:#06x}", flags.bits()));
    }
}

/// Rules K7 to K10.
fn check_name(walk: &mut Walk<'_>, key: Key<'_>) {
    let at = key.offset().0;
    let name = key.name();
    let backslash = u16::from(b'\\');
    if let Name::Utf16(stored) = name {
        if !stored.len().is_multiple_of(2) {
            walk.broken(Rule::K7, at, || format!("{} bytes of UTF-16", stored.len()));
        }
        if name.units().all(|unit| unit <= 0xFF) {
            walk.broken(Rule::K10, at, || "stored as UTF-16 without need".to_owned());
        }
    }
    if name.len() > MAX_PARSED_NAME {
        walk.broken(Rule::K8, at, || {
            format!(
                "{} characters, at most {MAX_PARSED_NAME} can be opened",
                name.len()
            )
        });
    }
    if name.units().any(|unit| unit == backslash) {
        walk.broken(Rule::K9, at, || "the name has a backslash".to_owned());
    }
}

/// Rules X1 to X4.
pub(super) fn check_class(walk: &mut Walk<'_>, key: Key<'_>) {
    let at = key.offset().0;
    let len = usize::from(key.node().class_len.get());
    let cell = key.node().class.get();
    if len == 0 {
        if cell != NIL {
            walk.broken(Rule::X4, at, || {
                format!("class cell {cell:#x} with length 0")
            });
        }
    } else if cell == NIL {
        walk.broken(Rule::X1, at, || {
            format!("a class of {len} bytes, but no cell")
        });
    } else if let Some(payload) = walk.take(cell, Rule::X2, at)
        && payload.len() < len
    {
        walk.broken(Rule::X3, cell, || {
            format!("a class of {len} bytes, {} there", payload.len())
        });
    }
}

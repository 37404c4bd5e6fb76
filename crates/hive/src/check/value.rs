//! Rules V, K16, and M3 and M4: the values of one key.
//!
//! Invariants: each value cell is entered once; names are compared in n log n, whatever their
//! hashes. Absent on purpose: what the data means.

use super::{Rule, Walk, data, text};
use crate::bytes;
use crate::error::CellOffset;
use crate::format::{KeyFlags, KeyValue, MAX_VALUE_NAME, NIL, ValueFlags};
use crate::key::Key;
use crate::name::Name;
use crate::value::Value;
use std::cmp::Ordering;

/// The one value a link key may have.
const LINK_VALUE: &str = "SymbolicLinkValue";

/// Checks the values of `key`, the last of the trail.
pub(super) fn check(walk: &mut Walk<'_>, key: Key<'_>) {
    let at = key.offset().0;
    let count = bytes::index(key.node().value_count.get());
    let index = key.node().value_list.get();
    if count == 0 {
        if index != NIL {
            walk.broken(Rule::V1, at, || {
                format!("no values, but the list {index:#x}")
            });
        }
        return;
    }
    let Some(payload) = walk.take(index, Rule::V1, at) else {
        return;
    };
    let needed = count.saturating_mul(4);
    let Some(list) = bytes::slice(payload, 0, needed) else {
        let found = payload.len();
        walk.broken(Rule::V2, index, || {
            format!("{count} values need {needed} bytes of {found}")
        });
        return;
    };
    let mut names = std::mem::take(&mut walk.names);
    names.clear();
    let (mut longest_name, mut longest_data) = (0, 0);
    for cell in bytes::u32s(list) {
        let Some(value) = admit(walk, cell, index) else {
            continue;
        };
        walk.report.values += 1;
        check_one(walk, value);
        data::check(walk, value);
        longest_name = longest_name.max(value.name().len().saturating_mul(2));
        longest_data = longest_data.max(value.len());
        let hash = walk.hive.upcase().lh_hash(value.name().units());
        names.push((hash, value.offset()));
        if key.flags().contains(KeyFlags::SYM_LINK) {
            check_link(walk, value, count);
        }
    }
    check_unique(walk, &mut names);
    walk.names = names;
    check_longest(walk, key, longest_name, longest_data);
}

/// Rules V3 to V5: the value in the cell at `index`, taken for the list in cell `by`.
fn admit<'h>(walk: &mut Walk<'h>, index: u32, by: u32) -> Option<Value<'h>> {
    let payload = walk.peek(index, Rule::V3, by)?;
    let len = payload.len();
    let Some(fixed) = bytes::view::<KeyValue>(payload, 0) else {
        walk.broken(Rule::V4, index, || {
            format!("{len} bytes, a value has 20 and its name")
        });
        return None;
    };
    let found = fixed.signature;
    if &found != b"vk" {
        walk.broken(Rule::V5, index, || format!("{found:02x?}, expected \"vk\""));
        return None;
    }
    let name_len = usize::from(fixed.name_len.get());
    if size_of::<KeyValue>() + name_len > len {
        walk.broken(Rule::V4, index, || {
            format!("a name of {name_len} bytes in a cell of {len}")
        });
        return None;
    }
    walk.own(index, by)
        .then(|| Value::at(walk.hive, CellOffset(index)).ok())?
}

/// Rules V6 to V8.
fn check_one(walk: &mut Walk<'_>, value: Value<'_>) {
    let at = value.offset().0;
    let name = value.name();
    if let Name::Utf16(stored) = name
        && !stored.len().is_multiple_of(2)
    {
        walk.broken(Rule::V6, at, || format!("{} bytes of UTF-16", stored.len()));
    }
    if name.len() > MAX_VALUE_NAME {
        walk.broken(Rule::V7, at, || {
            format!("{} characters, at most {MAX_VALUE_NAME}", name.len())
        });
    }
    let flags = value.fixed().flags.get();
    if flags & !ValueFlags::all().bits() != 0 {
        walk.broken(Rule::V8, at, || format!("flags {flags:#06x}"));
    }
}

/// Rule K16 on one value of a link key.
fn check_link(walk: &mut Walk<'_>, value: Value<'_>, count: usize) {
    let upcase = walk.hive.upcase();
    let order = upcase.compare(value.name().units(), LINK_VALUE.encode_utf16());
    let right = order == Ordering::Equal;
    if count > 1 || !right {
        walk.broken(Rule::K16, value.offset().0, || {
            format!(
                "one of {count} values of a link, named {}",
                text(value.name())
            )
        });
    }
}

/// Rule V9 on the values of one key.
fn check_unique(walk: &mut Walk<'_>, names: &mut [(u32, CellOffset)]) {
    names.sort_unstable_by_key(|&(hash, _)| hash);
    for run in names.chunk_by_mut(|left, right| left.0 == right.0) {
        if run.len() < 2 {
            continue;
        }
        let mut values: Vec<Value<'_>> = run
            .iter()
            .filter_map(|&(_, at)| Value::at(walk.hive, at).ok())
            .collect();
        let order = |left: &Value<'_>, right: &Value<'_>| {
            let upcase = walk.hive.upcase();
            upcase.compare(left.name().units(), right.name().units())
        };
        values.sort_by(order);
        for (left, right) in values.iter().zip(values.iter().skip(1)) {
            if order(left, right) == Ordering::Equal {
                walk.broken(Rule::V9, right.offset().0, || {
                    format!("{} is at {} as well", text(right.name()), left.offset())
                });
            }
        }
    }
}

/// Rules M3 and M4.
fn check_longest(walk: &mut Walk<'_>, key: Key<'_>, name: usize, data: usize) {
    let at = key.offset().0;
    let said = bytes::index(key.node().max_value_name_len.get());
    if said < name {
        walk.broken(Rule::M3, at, || {
            format!("{said} bytes, the longest value name has {name}")
        });
    }
    let said = bytes::index(key.node().max_value_data_len.get());
    if said < data {
        walk.broken(Rule::M4, at, || {
            format!("{said} bytes, the longest data has {data}")
        });
    }
}

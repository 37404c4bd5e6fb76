//! Rules L, and M1 and M2: the subkey lists of one key.
//!
//! Invariants: each list cell is entered once; entries that are no keys are left out of order
//! and count alike, as the kernel leaves them out.
//! Absent on purpose: reading below the keys found.

use super::{Rule, Walk, key, text};
use crate::bytes;
use crate::error::{CellOffset, ReadError};
use crate::format::{MAX_DEPTH, MAX_LEAF, MINOR_HASH_LEAF, NIL};
use crate::key::Key;
use crate::list::{List, ListKind};
use crate::name::{self, Name};
use std::cmp::Ordering;

/// Most entries of an `lf` leaf that any Windows wrote.
const MAX_LF_SEEN: usize = 511;

/// What the leaves of one key have given so far.
#[derive(Default)]
struct Seen<'h> {
    previous: Option<Name<'h>>,
    entries: usize,
    longest_name: usize,
    longest_class: usize,
}

/// Checks the lists of `key`, the last of the trail, and adds its subkeys to `found`.
pub(super) fn check<'h>(walk: &mut Walk<'h>, key: Key<'h>, found: &mut Vec<CellOffset>) {
    let at = key.offset().0;
    let count = bytes::index(key.node().subkey_count.get());
    let index = key.node().subkey_list.get();
    if count == 0 {
        if index != NIL {
            check_leftover(walk, at, index);
        }
        return;
    }
    let Some(top) = list_at(walk, index, at) else {
        return;
    };
    let mut seen = Seen::default();
    if top.kind == ListKind::Ri {
        if top.entries.is_empty() {
            walk.broken(Rule::L4, index, || {
                "an index root without leaves".to_owned()
            });
        }
        for leaf_at in top.cells() {
            match list_at(walk, leaf_at.0, index) {
                Some(leaf) if leaf.kind == ListKind::Ri => {
                    walk.broken(Rule::L6, leaf_at.0, || "ri below ri".to_owned());
                }
                Some(leaf) => check_leaf(walk, leaf, leaf_at.0, &mut seen, found),
                None => {}
            }
        }
    } else {
        check_leaf(walk, top, index, &mut seen, found);
    }
    if seen.entries != count {
        let entries = seen.entries;
        walk.broken(Rule::L5, at, || {
            format!("{count} subkeys, the list has {entries}")
        });
    }
    check_longest(walk, key, &seen);
}

/// A list of a key that counts no subkeys: L4 when it is empty as well, else L5. It is not
/// entered, because the kernel goes by the count.
fn check_leftover(walk: &mut Walk<'_>, at: u32, index: u32) {
    let list = walk
        .map
        .find(index)
        .ok()
        .and_then(|()| List::at(walk.hive, CellOffset(index)).ok());
    let rule = if list.is_some_and(|list| list.entries.is_empty()) {
        Rule::L4
    } else {
        Rule::L5
    };
    walk.broken(rule, at, || format!("no subkeys, but the list {index:#x}"));
}

/// Rules L1 to L3: the list in the cell at `index`, named by the cell `by`.
fn list_at<'h>(walk: &mut Walk<'h>, index: u32, by: u32) -> Option<List<'h>> {
    walk.peek(index, Rule::L1, by)?;
    match List::at(walk.hive, CellOffset(index)) {
        Ok(list) => walk.own(index, by).then_some(list),
        Err(error) => {
            let rule = match error {
                ReadError::Signature { .. } => Rule::L2,
                _ => Rule::L3,
            };
            walk.broken(rule, index, || error.to_string());
            None
        }
    }
}

/// Rules L4 and L7 to L11 on one leaf.
fn check_leaf<'h>(
    walk: &mut Walk<'h>,
    leaf: List<'h>,
    at: u32,
    seen: &mut Seen<'h>,
    found: &mut Vec<CellOffset>,
) {
    check_shape(walk, leaf, at);
    for (place, cell) in leaf.cells().enumerate() {
        seen.entries += 1;
        let Some(child) = key::admit(walk, cell.0, Some(at)) else {
            continue;
        };
        walk.subject = Some(child.name());
        check_order(walk, child, seen);
        check_mark(walk, leaf, place, child);
        seen.longest_name = seen.longest_name.max(child.name().len().saturating_mul(2));
        let class_len = usize::from(child.node().class_len.get());
        seen.longest_class = seen.longest_class.max(class_len);
        if walk.trail.len() > MAX_DEPTH {
            walk.broken(Rule::K15, cell.0, || {
                format!("deeper than {MAX_DEPTH} keys")
            });
        } else {
            found.push(cell);
        }
        walk.subject = None;
    }
}

/// Rules L4, L10 and L11.
fn check_shape(walk: &mut Walk<'_>, leaf: List<'_>, at: u32) {
    let kind = leaf.kind;
    let count = leaf.entries.len() / kind.entry_len();
    if count == 0 {
        walk.broken(Rule::L4, at, || "a leaf without entries".to_owned());
    }
    let minor = walk.hive.minor();
    let hashed = minor >= MINOR_HASH_LEAF;
    if hashed != (kind == ListKind::Lh) {
        let found = String::from_utf8_lossy(&kind.signature()).into_owned();
        walk.broken(Rule::L10, at, || {
            format!("{found} in a hive of version 1.{minor}")
        });
    }
    let limit = if kind == ListKind::Lf {
        MAX_LF_SEEN
    } else {
        MAX_LEAF
    };
    if count > limit {
        walk.broken(Rule::L11, at, || {
            format!("{count} entries, at most {limit}")
        });
    }
}

/// Rule L7. The kernel removes the later key, so that the earlier one stays the measure.
fn check_order<'h>(walk: &mut Walk<'h>, child: Key<'h>, seen: &mut Seen<'h>) {
    let name = child.name();
    if let Some(previous) = seen.previous
        && walk.hive.upcase().compare(previous.units(), name.units()) != Ordering::Less
    {
        walk.broken(Rule::L7, child.offset().0, || {
            format!("listed behind {}", text(previous))
        });
    } else {
        seen.previous = Some(name);
    }
}

/// Rules L8 and L9.
fn check_mark(walk: &mut Walk<'_>, leaf: List<'_>, place: usize, child: Key<'_>) {
    let Some(found) = leaf.mark(place) else {
        return;
    };
    let (rule, expected) = if leaf.kind == ListKind::Lh {
        (Rule::L8, walk.hive.upcase().lh_hash(child.name().units()))
    } else {
        (Rule::L9, u32::from_le_bytes(hint(child.name())))
    };
    if found != expected {
        walk.broken(rule, child.offset().0, || {
            format!("{found:#010x}, expected {expected:#010x}")
        });
    }
}

fn hint(name: Name<'_>) -> [u8; 4] {
    let mut first = [0; 4];
    let mut len = 0;
    for (place, unit) in first.iter_mut().zip(name.units()) {
        *place = unit;
        len += 1;
    }
    name::lf_hint(first.get(..len).unwrap_or_default())
}

/// Rules M1 and M2.
fn check_longest(walk: &mut Walk<'_>, key: Key<'_>, seen: &Seen<'_>) {
    let at = key.offset().0;
    let name = usize::from(key.node().max_name_len.get());
    if name < seen.longest_name {
        let truth = seen.longest_name;
        walk.broken(Rule::M1, at, || {
            format!("{name} bytes, the longest name has {truth}")
        });
    }
    let class = bytes::index(key.node().max_class_len.get());
    if class < seen.longest_class {
        let truth = seen.longest_class;
        walk.broken(Rule::M2, at, || {
            format!("{class} bytes, the longest class has {truth}")
        });
    }
}

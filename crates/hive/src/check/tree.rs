//! The walk over all keys, from the root down.
//!
//! Invariants: no recursion; a key is entered once, because its cell is taken first; nothing
//! deeper than 512 levels below the root is entered. Keys come in list order.
//! Absent on purpose: the rules of a single key.

use super::{Walk, key, list, security, value};
use crate::error::CellOffset;
use crate::key::Key;

pub(super) fn check(walk: &mut Walk<'_>) {
    let Some(root) = key::admit(walk, walk.hive.base().root_cell.get(), None) else {
        return;
    };
    // Subkeys still to enter, the next one last; and for each key of the trail, how many of them
    // belong to keys above it.
    let mut pending: Vec<CellOffset> = Vec::new();
    let mut floors = vec![0];
    enter(walk, root, &mut pending);
    while let Some(&floor) = floors.last() {
        if pending.len() <= floor {
            floors.pop();
            walk.trail.pop();
        } else if let Some(at) = pending.pop()
            && let Ok(next) = Key::at(walk.hive, at)
        {
            floors.push(pending.len());
            enter(walk, next, &mut pending);
        }
    }
}

/// Checks one key and adds its subkeys to `pending`, the first one last.
fn enter<'h>(walk: &mut Walk<'h>, key: Key<'h>, pending: &mut Vec<CellOffset>) {
    let parent = walk.trail.last().map(|parent| parent.offset());
    walk.trail.push(key);
    walk.report.keys += 1;
    key::check(walk, key, parent);
    key::check_class(walk, key);
    security::check_key(walk, key);
    value::check(walk, key);
    let floor = pending.len();
    list::check(walk, key, pending);
    if let Some(added) = pending.get_mut(floor..) {
        added.reverse();
    }
}

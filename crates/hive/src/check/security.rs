//! Rules S: the ring of security cells, and each key's place in it.
//!
//! Invariants: the ring is followed once, from the root's security cell, before the tree is
//! walked, so that until then a cell with an owner is one of the ring; each is entered once.
//! Descriptors are compared as bytes.
//! Absent on purpose: what a descriptor grants.

use super::{Effect, Rule, Walk, descriptor};
use crate::bytes;
use crate::error::CellOffset;
use crate::format::KeySecurity;
use crate::hive::Hive;
use crate::key::Key;

/// A cell of the ring.
#[derive(Debug)]
struct Member {
    at: u32,
    /// Number of keys that were found to use it.
    users: u32,
}

/// The security cells reachable from the root's, in order of their place.
#[derive(Debug, Default)]
pub(super) struct Ring {
    members: Vec<Member>,
}

/// Follows the ring: rules S2 to S5.
pub(super) fn follow_ring(walk: &mut Walk<'_>) {
    let Ok(root) = walk.hive.root() else { return };
    let anchor = root.node().security.get();
    // A bad first cell is reported when the root is checked.
    if walk.map.find(anchor).is_err() || security_at(walk.hive, anchor).is_none() {
        return;
    }
    let (mut at, mut previous) = (anchor, None);
    while let Some(cell) = member(walk, at, previous) {
        previous = Some(at);
        at = cell.flink.get();
        if at == anchor {
            let first = security_at(walk.hive, anchor);
            check_blink(
                walk,
                first.map_or(0, |first| first.blink.get()),
                anchor,
                previous,
            );
            break;
        }
        if walk.map.is_owned(at) {
            let by = previous.unwrap_or(anchor);
            walk.broken(Rule::S4, by, || {
                format!("next is {at:#x}, which was passed before")
            });
            break;
        }
    }
    walk.ring.members.sort_unstable_by_key(|member| member.at);
    walk.report.security_cells = walk.ring.members.len();
    check_duplicates(walk);
}

/// Puts the cell at `at` in the ring and checks it, unless it is no security cell.
fn member<'h>(walk: &mut Walk<'h>, at: u32, previous: Option<u32>) -> Option<&'h KeySecurity> {
    let payload = walk.peek(at, Rule::S4, previous.unwrap_or(at))?;
    let found = payload.len();
    let Some(cell) = bytes::view::<KeySecurity>(payload, 0) else {
        walk.broken(Rule::S3, at, || {
            format!("{found} bytes, a security cell has 20")
        });
        return None;
    };
    if &cell.signature != b"sk" {
        let found = cell.signature;
        walk.broken(Rule::S2, at, || format!("{found:02x?}, expected \"sk\""));
        return None;
    }
    walk.map.own(at);
    walk.ring.members.push(Member { at, users: 0 });
    if previous.is_some() {
        check_blink(walk, cell.blink.get(), at, previous);
    }
    let len = bytes::index(cell.descriptor_len.get());
    match bytes::slice(payload, size_of::<KeySecurity>(), len) {
        None => walk.broken(Rule::S3, at, || {
            format!("a descriptor of {len} bytes of {found}")
        }),
        Some(descriptor) => {
            if let Err(what) = descriptor::validate(descriptor) {
                walk.broken(Rule::S5, at, || what.to_owned());
            }
        }
    }
    Some(cell)
}

fn check_blink(walk: &mut Walk<'_>, blink: u32, at: u32, previous: Option<u32>) {
    if let Some(previous) = previous
        && blink != previous
    {
        walk.broken(Rule::S4, at, || {
            format!("previous is {blink:#x}, reached from {previous:#x}")
        });
    }
}

/// The security cell at `at`, whatever else it breaks.
fn security_at(hive: &Hive, at: u32) -> Option<&KeySecurity> {
    let cell: &KeySecurity = bytes::view(hive.cell(CellOffset(at)).ok()?, 0)?;
    (&cell.signature == b"sk").then_some(cell)
}

/// The descriptor of a member, empty when it is not inside its cell.
fn descriptor_at(hive: &Hive, at: u32) -> &[u8] {
    let inside = || {
        let payload = hive.cell(CellOffset(at)).ok()?;
        let len = bytes::index(security_at(hive, at)?.descriptor_len.get());
        bytes::slice(payload, size_of::<KeySecurity>(), len)
    };
    inside().unwrap_or(&[])
}

/// Rule S8.
fn check_duplicates(walk: &mut Walk<'_>) {
    let hive = walk.hive;
    let mut all: Vec<(&[u8], u32)> = walk
        .ring
        .members
        .iter()
        .map(|member| (descriptor_at(hive, member.at), member.at))
        .filter(|(descriptor, _)| !descriptor.is_empty())
        .collect();
    all.sort_unstable();
    for (first, second) in all.iter().zip(all.iter().skip(1)) {
        if first.0 == second.0 {
            walk.broken(Rule::S8, second.1, || {
                format!("same descriptor as cell {:#x}", first.1)
            });
        }
    }
}

/// Rules S1, S2 and S6 on a key that was admitted; counts it as a user.
pub(super) fn check_key(walk: &mut Walk<'_>, key: Key<'_>) {
    let (at, cell) = (key.offset().0, key.node().security.get());
    if walk.peek(cell, Rule::S1, at).is_none() {
        return;
    }
    if let Ok(place) = walk
        .ring
        .members
        .binary_search_by_key(&cell, |member| member.at)
    {
        if let Some(member) = walk.ring.members.get_mut(place) {
            member.users += 1;
        }
    } else if security_at(walk.hive, cell).is_none() {
        walk.broken(Rule::S2, at, || {
            format!("cell {cell:#x} is no security cell")
        });
    } else {
        // It has an owner, if not the right one; what else it is shared with does not matter.
        walk.map.own(cell);
        walk.broken(Rule::S6, at, || {
            format!("security cell {cell:#x} is not in the ring")
        });
    }
}

/// Rule S7, when all keys have been seen.
pub(super) fn check_counts(walk: &mut Walk<'_>) {
    let members = std::mem::take(&mut walk.ring.members);
    for &Member { at, users } in &members {
        let Some(cell) = security_at(walk.hive, at) else {
            continue;
        };
        let count = cell.reference_count.get();
        if count < users {
            walk.broken(Rule::S7, at, || {
                format!("count {count}, but {users} keys use it")
            });
        } else if count > users || users == 0 {
            walk.broken_as((Rule::S7, Effect::Ignored, false), at, || {
                format!("count {count}, and {users} keys use it")
            });
        }
    }
    walk.ring.members = members;
}

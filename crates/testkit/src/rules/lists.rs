//! Rules L1 to L11: lists of subkeys.
//!
//! Invariants: order is checked over the whole list, across leaves. Absent: `li` below 1.3.

use std::cmp::Ordering;

use super::Image;
use super::keys::Seen;
use crate::build::lists::hint;
use crate::bytes::{read_u16, read_u32};
use crate::upcase;

/// The longest name (bytes as UTF-16) and class (bytes) among a key's subkeys.
#[derive(Debug, Default)]
pub(super) struct Below {
    pub(super) name: u32,
    pub(super) class: u32,
    count: u32,
    /// Part of the list could not be read, so that the count tells nothing.
    unread: bool,
    previous: Option<Vec<u16>>,
}

impl<'a> Image<'a> {
    pub(super) fn subkeys(&mut self, key: u32, nk: &'a [u8], depth: usize) -> Below {
        let mut below = Below::default();
        let count = read_u32(nk, 20).unwrap_or(0);
        let list = read_u32(nk, 28).unwrap_or(u32::MAX);
        if count == 0 && list == u32::MAX {
            return below;
        }
        let Some(bytes) = self.take(list) else {
            self.fault("L1", key);
            return below;
        };
        if self.seen_before(list) {
            return below;
        }
        if bytes.starts_with(b"ri") {
            self.root_list(key, list, bytes, depth, &mut below);
        } else {
            self.leaf(key, list, bytes, depth, &mut below);
        }
        if below.count != count && !below.unread {
            self.fault("L5", key);
        }
        below
    }

    fn root_list(&mut self, key: u32, list: u32, ri: &'a [u8], depth: usize, below: &mut Below) {
        let count = usize::from(read_u16(ri, 2).unwrap_or(0));
        let rule = match () {
            () if count == 0 => "L4",
            () if 4 + count * 4 > ri.len() => "L3",
            () => "",
        };
        if !rule.is_empty() {
            self.fault(rule, list);
            below.unread = true;
            return;
        }
        for index in 0..count {
            let leaf = read_u32(ri, 4 + index * 4).unwrap_or(u32::MAX);
            let rule = match self.take(leaf) {
                None => "L1",
                Some(bytes) if bytes.starts_with(b"ri") => "L6",
                Some(_) if self.seen_before(leaf) => continue,
                Some(bytes) => {
                    self.leaf(key, leaf, bytes, depth, below);
                    continue;
                }
            };
            self.fault(rule, leaf);
            below.unread = true;
        }
    }

    fn leaf(&mut self, key: u32, list: u32, leaf: &'a [u8], depth: usize, below: &mut Below) {
        let kind = leaf.get(..2).unwrap_or_default();
        let entry = if kind == b"li" { 4 } else { 8 };
        let count = usize::from(read_u16(leaf, 2).unwrap_or(0));
        let rule = match kind {
            b"li" | b"lf" | b"lh" if count == 0 => "L4",
            b"li" | b"lf" | b"lh" if 4 + count * entry > leaf.len() => "L3",
            b"lf" if self.minor >= 5 => "L10",
            b"lh" if self.minor < 5 => "L10",
            b"lf" if count > 511 => "L11",
            b"li" | b"lh" if count > 1012 => "L11",
            b"li" | b"lf" | b"lh" => "",
            _ => "L2",
        };
        if !rule.is_empty() {
            self.fault(rule, list);
        }
        below.count += count as u32;
        if matches!(rule, "L2" | "L3" | "L4") {
            below.unread |= rule != "L4";
            return;
        }
        for index in 0..count {
            let at = 4 + index * entry;
            let cell = read_u32(leaf, at).unwrap_or(u32::MAX);
            if let Some(seen) = self.key(cell, Some(key), depth + 1) {
                let mark = leaf.get(at + 4..at + 8).filter(|_| kind != b"li");
                self.entry(cell, kind, mark, seen, below);
            }
        }
    }

    fn entry(
        &mut self,
        cell: u32,
        kind: &[u8],
        mark: Option<&[u8]>,
        seen: Seen,
        below: &mut Below,
    ) {
        let ascending =
            |previous: &Vec<u16>| upcase::compare(previous, &seen.name) == Ordering::Less;
        if !below.previous.as_ref().is_none_or(ascending) {
            self.fault("L7", cell);
        }
        let expected = match kind {
            b"lh" => upcase::hash(&seen.name).to_le_bytes(),
            _ => hint(&seen.name),
        };
        if mark.is_some_and(|mark| mark != expected) {
            self.fault(if kind == b"lh" { "L8" } else { "L9" }, cell);
        }
        below.name = below.name.max(seen.name.len() as u32 * 2);
        below.class = below.class.max(seen.class);
        below.previous = Some(seen.name);
    }
}

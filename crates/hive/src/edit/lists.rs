//! Putting a key into its parent's subkey list.
//!
//! Invariants: the list stays strictly ascending; leaves are of the kind the hive's version has
//! (a full `lf` becomes an `li`, and stays one); a full `li` or `lh` is split in halves under an
//! index root. Absent on purpose: taking keys out
//! (see `remove`).

use super::{EditError, Editor};
use crate::bytes;
use crate::error::CellOffset;
use crate::format::{KeyNode, ListHeader, MAX_LEAF, MAX_LF, MINOR_HASH_LEAF};
use crate::key::Key;
use crate::list::{List, ListKind};
use crate::name;
use crate::upcase::Upcase;
use std::cmp::Ordering;
use zerocopy::IntoBytes;

/// One entry of a leaf: the key's cell and the name it is sorted by.
struct Entry {
    at: CellOffset,
    name: Vec<u16>,
}

impl Editor {
    /// Puts `key` into the list of the parent `above`; answers the list's cell.
    pub(super) fn insert_subkey(
        &mut self,
        above: &KeyNode,
        key: CellOffset,
        name: &[u16],
        path: &str,
    ) -> Result<CellOffset, EditError> {
        let entry = Entry {
            at: key,
            name: name.to_vec(),
        };
        if above.subkey_count.get() == 0 {
            let kind = match self.cells.hive().minor() {
                minor if minor >= MINOR_HASH_LEAF => ListKind::Lh,
                _ => ListKind::Lf,
            };
            let entries = encode(kind, &entry, self.cells.hive().upcase());
            return self.new_leaf(kind, &entries);
        }
        let top = CellOffset(above.subkey_list.get());
        let list = List::at(self.cells.hive(), top)?;
        if list.kind != ListKind::Ri {
            let leaves = self.insert_into_leaf(top, &entry)?;
            return match leaves {
                (leaf, None) => Ok(leaf),
                (left, Some(right)) => {
                    let pair = [left.0.to_le_bytes(), right.0.to_le_bytes()].concat();
                    self.new_leaf(ListKind::Ri, &pair)
                }
            };
        }
        let leaves: Vec<CellOffset> = list.cells().collect();
        let place = self.leaf_for(&leaves, name)?;
        let leaf = *leaves.get(place).ok_or(EditError::Damaged)?;
        let (left, right) = self.insert_into_leaf(leaf, &entry)?;
        let mut entries = self.entries_of(top)?;
        bytes::put(&mut entries, place * 4, &left.0.to_le_bytes()).ok_or(EditError::Damaged)?;
        if let Some(right) = right {
            if leaves.len() >= usize::from(u16::MAX) {
                let what = "the index root";
                return Err(EditError::Crowded {
                    path: path.to_owned(),
                    what,
                });
            }
            let at = (place + 1) * 4;
            entries.splice(at..at, right.0.to_le_bytes());
        }
        self.rewrite(top, ListKind::Ri, &entries)
    }

    /// Which leaf of an index root a name belongs to: the first whose last key is not before it.
    fn leaf_for(&self, leaves: &[CellOffset], name: &[u16]) -> Result<usize, EditError> {
        for (place, &leaf) in leaves.iter().enumerate() {
            let last = List::at(self.cells.hive(), leaf)?.cells().last();
            let last = Key::at(self.cells.hive(), last.ok_or(EditError::Damaged)?)?;
            let upcase = self.cells.hive().upcase();
            let order = upcase.compare(last.name().units(), name.iter().copied());
            if order != Ordering::Less {
                return Ok(place);
            }
        }
        leaves.len().checked_sub(1).ok_or(EditError::Damaged)
    }

    /// Puts an entry into a leaf: the leaf's cell, and that of its second half if it was split.
    fn insert_into_leaf(
        &mut self,
        leaf: CellOffset,
        entry: &Entry,
    ) -> Result<(CellOffset, Option<CellOffset>), EditError> {
        let list = List::at(self.cells.hive(), leaf)?;
        let cells: Vec<CellOffset> = list.cells().collect();
        let place = self.place_in(&cells, &entry.name)?;
        let (mut kind, mut entries) = (list.kind, list.entries.to_vec());
        if kind == ListKind::Lf && cells.len() >= MAX_LF {
            kind = ListKind::Li;
            entries = cells.iter().flat_map(|cell| cell.0.to_le_bytes()).collect();
        }
        let at = place * kind.entry_len();
        let entry = encode(kind, entry, self.cells.hive().upcase());
        entries.splice(at..at, entry);
        if cells.len() < MAX_LEAF {
            return Ok((self.rewrite(leaf, kind, &entries)?, None));
        }
        let middle = cells.len().div_ceil(2) * kind.entry_len();
        let (left, right) = entries.split_at(middle);
        let right = self.new_leaf(kind, right)?;
        Ok((self.rewrite(leaf, kind, left)?, Some(right)))
    }

    /// Where a name goes among sorted keys.
    fn place_in(&self, cells: &[CellOffset], name: &[u16]) -> Result<usize, EditError> {
        let (mut low, mut high) = (0, cells.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let at = *cells.get(middle).ok_or(EditError::Damaged)?;
            let key = Key::at(self.cells.hive(), at)?;
            let upcase = self.cells.hive().upcase();
            match upcase.compare(key.name().units(), name.iter().copied()) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                // The caller has looked it up: the list is not in the order it should be.
                Ordering::Equal => return Err(EditError::Damaged),
            }
        }
        Ok(low)
    }

    fn entries_of(&self, list: CellOffset) -> Result<Vec<u8>, EditError> {
        Ok(List::at(self.cells.hive(), list)?.entries.to_vec())
    }

    fn new_leaf(&mut self, kind: ListKind, entries: &[u8]) -> Result<CellOffset, EditError> {
        let at = self.cells.alloc(size_of::<ListHeader>() + entries.len())?;
        self.fill(at, kind, entries)?;
        Ok(at)
    }

    /// Writes a list into its old cell, or into a new one when it does not fit.
    pub(super) fn rewrite(
        &mut self,
        old: CellOffset,
        kind: ListKind,
        entries: &[u8],
    ) -> Result<CellOffset, EditError> {
        let len = size_of::<ListHeader>() + entries.len();
        if self.cells.capacity(old)? < len {
            let at = self.new_leaf(kind, entries)?;
            self.cells.free(old)?;
            return Ok(at);
        }
        self.fill(old, kind, entries)?;
        self.cells.shrink(old, len)?;
        Ok(old)
    }

    fn fill(&mut self, at: CellOffset, kind: ListKind, entries: &[u8]) -> Result<(), EditError> {
        let count = u16::try_from(entries.len() / kind.entry_len());
        let count = count.map_err(|_| EditError::Damaged)?;
        let head = ListHeader {
            signature: kind.signature(),
            count: count.into(),
        };
        self.cells.put(at, 0, head.as_bytes())?;
        self.cells.put(at, size_of::<ListHeader>(), entries)
    }
}

/// The bytes of one entry in a leaf of this kind.
fn encode(kind: ListKind, entry: &Entry, upcase: &Upcase) -> Vec<u8> {
    let mut bytes = entry.at.0.to_le_bytes().to_vec();
    match kind {
        ListKind::Li | ListKind::Ri => {}
        ListKind::Lf => bytes.extend(name::lf_hint(&entry.name)),
        ListKind::Lh => {
            bytes.extend(upcase.lh_hash(entry.name.iter().copied()).to_le_bytes());
        }
    }
    bytes
}

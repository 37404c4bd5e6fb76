//! Deleting keys.
//!
//! Invariants: everything below a deleted key goes with it, and no cell of it stays allocated; a
//! subtree with one key that may not be deleted stays whole.
//! Absent on purpose: following links.

use super::{EditError, Editor};
use crate::error::CellOffset;
use crate::format::{KeyFlags, KeyNode, KeySecurity, MAX_DEPTH, NIL};
use crate::key::Key;
use crate::list::{List, ListKind};
use crate::value::{Storage, Value};

impl Editor {
    /// Deletes the key at `path` with everything below it; answers how many keys went.
    ///
    /// # Errors
    /// When it is the root, a link key, or holds a key that may not be deleted.
    pub fn delete_key(&mut self, path: &str) -> Result<usize, EditError> {
        self.operate(|editor| editor.delete_key_in(path))
    }

    fn delete_key_in(&mut self, path: &str) -> Result<usize, EditError> {
        let Some(at) = self.existing_key(path)? else {
            return Ok(0);
        };
        let refused = |why| EditError::Refused {
            path: path.to_owned(),
            why,
        };
        if at == self.cells.hive().root()?.offset() {
            return Err(refused("the root key stays"));
        }
        let parent = CellOffset(self.key_at(at)?.node().parent.get());
        let doomed = self.subtree(at, path)?;
        self.unlist(parent, at)?;
        // From the leaves up: a parent's lists are read before its children are gone.
        for &key in doomed.iter().rev() {
            self.free_key(key)?;
        }
        Ok(doomed.len())
    }

    /// A key and all keys below it, each before its children.
    fn subtree(&self, top: CellOffset, path: &str) -> Result<Vec<CellOffset>, EditError> {
        let mut found = Vec::new();
        let mut open = vec![(top, 0)];
        while let Some((at, depth)) = open.pop() {
            let key = self.key_at(at)?;
            let why = if key.flags().contains(KeyFlags::NO_DELETE) {
                "it holds a key that may not be deleted"
            } else if key.flags().contains(KeyFlags::SYM_LINK) {
                "it holds a symbolic link key"
            } else if depth > MAX_DEPTH {
                "it is nested deeper than 512 keys"
            } else {
                found.push(at);
                open.extend(
                    key.subkey_cells()?
                        .into_iter()
                        .map(|child| (child, depth + 1)),
                );
                continue;
            };
            return Err(EditError::Refused {
                path: path.to_owned(),
                why,
            });
        }
        Ok(found)
    }

    /// Takes a key out of its parent's list, count and time stamp.
    pub(super) fn unlist(&mut self, parent: CellOffset, key: CellOffset) -> Result<(), EditError> {
        let node = *self.key_at(parent)?.node();
        let list = self.remove_subkey(CellOffset(node.subkey_list.get()), key)?;
        let now = self.now;
        self.cells.update(parent, |node: &mut KeyNode| {
            node.subkey_count
                .set(node.subkey_count.get().saturating_sub(1));
            node.subkey_list.set(list.map_or(NIL, |list| list.0));
            node.last_written.set(now);
            if list.is_none() {
                node.max_name_len.set(0);
                node.max_class_len.set(0);
            }
        })
    }

    /// Takes a key out of a list; answers the list's cell, if anything is left of it.
    fn remove_subkey(
        &mut self,
        top: CellOffset,
        key: CellOffset,
    ) -> Result<Option<CellOffset>, EditError> {
        let list = List::at(self.cells.hive(), top)?;
        if list.kind != ListKind::Ri {
            return self.remove_entry(top, key);
        }
        let leaves: Vec<CellOffset> = list.cells().collect();
        for (place, &leaf) in leaves.iter().enumerate() {
            if !List::at(self.cells.hive(), leaf)?
                .cells()
                .any(|cell| cell == key)
            {
                continue;
            }
            let left = self.remove_entry(leaf, key)?;
            let mut leaves = leaves.clone();
            leaves.splice(place..=place, left);
            if leaves.is_empty() {
                self.cells.free(top)?;
                return Ok(None);
            }
            let entries: Vec<u8> = leaves
                .iter()
                .flat_map(|leaf| leaf.0.to_le_bytes())
                .collect();
            return self.rewrite(top, ListKind::Ri, &entries).map(Some);
        }
        Err(EditError::Damaged)
    }

    /// Takes a key out of a leaf, which is freed when it was the last.
    fn remove_entry(
        &mut self,
        leaf: CellOffset,
        key: CellOffset,
    ) -> Result<Option<CellOffset>, EditError> {
        let list = List::at(self.cells.hive(), leaf)?;
        let (kind, len) = (list.kind, list.kind.entry_len());
        let mut entries = list.entries.to_vec();
        let place = list
            .cells()
            .position(|cell| cell == key)
            .ok_or(EditError::Damaged)?;
        entries.drain(place * len..(place + 1) * len);
        if entries.is_empty() {
            self.cells.free(leaf)?;
            return Ok(None);
        }
        self.rewrite(leaf, kind, &entries).map(Some)
    }

    /// Frees the cells of one key: values, class, lists, its share of security, its node.
    fn free_key(&mut self, at: CellOffset) -> Result<(), EditError> {
        let key = self.key_at(at)?;
        let node = *key.node();
        let mut values: Vec<(CellOffset, Storage, usize)> = Vec::new();
        for cell in key.value_cells()? {
            let value = Value::at(self.cells.hive(), cell)?;
            values.push((cell, value.storage(), value.len()));
        }
        let lists = self.lists_of(key)?;
        for &(cell, storage, len) in &values {
            self.discard(storage, len)?;
            self.cells.free(cell)?;
        }
        if !values.is_empty() {
            self.cells.free(CellOffset(node.value_list.get()))?;
        }
        if node.class_len.get() > 0 {
            self.cells.free(CellOffset(node.class.get()))?;
        }
        for list in lists {
            self.cells.free(list)?;
        }
        self.release_security(CellOffset(node.security.get()))?;
        self.cells.free(at)
    }

    /// The list cells of a key.
    fn lists_of(&self, key: Key<'_>) -> Result<Vec<CellOffset>, EditError> {
        if key.node().subkey_count.get() == 0 {
            return Ok(Vec::new());
        }
        let top = CellOffset(key.node().subkey_list.get());
        let list = List::at(self.cells.hive(), top)?;
        let mut lists = vec![top];
        if list.kind == ListKind::Ri {
            lists.extend(list.cells());
        }
        Ok(lists)
    }

    /// Gives one reference of a security cell back; the last one frees it.
    pub(super) fn release_security(&mut self, at: CellOffset) -> Result<(), EditError> {
        let mut cell = None;
        self.cells.update(at, |sk: &mut KeySecurity| {
            sk.reference_count
                .set(sk.reference_count.get().saturating_sub(1));
            cell = Some(*sk);
        })?;
        let sk = cell.ok_or(EditError::Damaged)?;
        // The root's own cell never gets here with nothing left: the root keeps its reference.
        if sk.reference_count.get() > 0 || sk.flink.get() == at.0 {
            return Ok(());
        }
        self.cells
            .update(CellOffset(sk.blink.get()), |before: &mut KeySecurity| {
                before.flink = sk.flink;
            })?;
        self.cells
            .update(CellOffset(sk.flink.get()), |after: &mut KeySecurity| {
                after.blink = sk.blink;
            })?;
        self.cells.free(at)
    }
}

//! Renaming keys, and giving them a class.
//!
//! Invariants: a renamed key keeps everything but its name and its place among its siblings.
//! Absent on purpose: moving a key to another parent.

use super::{EditError, Editor};
use crate::error::CellOffset;
use crate::format::{KeyFlags, KeyNode, NIL};
use crate::name;
use zerocopy::IntoBytes;

impl Editor {
    /// Gives the key at `path` another name; answers whether it changed.
    ///
    /// # Errors
    /// When there is no such key, it is the root, a link key or may not be deleted, the name is
    /// not possible, or a sibling has it.
    pub fn rename_key(&mut self, path: &str, new: &str) -> Result<bool, EditError> {
        self.operate(|editor| editor.rename_key_in(path, new))
    }

    /// Gives the key at `path` a class, or takes it away with no bytes.
    ///
    /// # Errors
    /// When there is no such key, or the class has more than 65,535 bytes.
    pub fn set_class(&mut self, path: &str, class: &[u8]) -> Result<bool, EditError> {
        self.operate(|editor| editor.set_class_in(path, class))
    }

    /// The key at `path`, which must exist.
    pub(super) fn wanted_key(&self, path: &str) -> Result<CellOffset, EditError> {
        let missing = || EditError::Refused {
            path: path.to_owned(),
            why: "there is no such key",
        };
        self.existing_key(path)?.ok_or_else(missing)
    }

    fn rename_key_in(&mut self, path: &str, new: &str) -> Result<bool, EditError> {
        let refused = |why| EditError::Refused {
            path: path.to_owned(),
            why,
        };
        let at = self.wanted_key(path)?;
        let key = self.key_at(at)?;
        if at == self.cells.hive().root()?.offset() {
            return Err(refused("the root key keeps its name"));
        }
        if key.flags().contains(KeyFlags::NO_DELETE) {
            return Err(refused("it may not be deleted"));
        }
        let units = name::units(new);
        Self::check_key_name(new, &units)?;
        if key.name().units().eq(units.iter().copied()) {
            return Ok(false);
        }
        let node = *key.node();
        let parent = CellOffset(node.parent.get());
        let rival = self
            .key_at(parent)?
            .subkey(new)?
            .map(crate::key::Key::offset);
        if rival.is_some_and(|rival| rival != at) {
            return Err(refused("another key of its parent has that name"));
        }
        self.unlist(parent, at)?;
        let (stored, latin1) = name::stored(&units);
        let flags = KeyFlags::from_bits_retain(node.flags.get());
        let flags = if latin1 {
            flags | KeyFlags::COMP_NAME
        } else {
            flags - KeyFlags::COMP_NAME
        };
        let mut renamed = node;
        renamed.flags.set(flags.bits());
        // At most 510 bytes: looked at above.
        renamed
            .name_len
            .set(u16::try_from(stored.len()).unwrap_or(u16::MAX));
        renamed.last_written.set(self.now);
        let moved = self.cells.alloc(size_of::<KeyNode>() + stored.len())?;
        self.cells.put(moved, 0, renamed.as_bytes())?;
        self.cells.put(moved, size_of::<KeyNode>(), &stored)?;
        for child in self.key_at(moved)?.subkey_cells()? {
            self.cells
                .update(child, |node: &mut KeyNode| node.parent.set(moved.0))?;
        }
        self.enlist(parent, moved, &units, path)?;
        // Taking the last key out of the list has zeroed it.
        let class_len = u32::from(node.class_len.get());
        self.cells.update(parent, |node: &mut KeyNode| {
            node.max_class_len
                .set(node.max_class_len.get().max(class_len));
        })?;
        self.cells.free(at)?;
        Ok(true)
    }

    fn set_class_in(&mut self, path: &str, class: &[u8]) -> Result<bool, EditError> {
        let at = self.wanted_key(path)?;
        let key = self.key_at(at)?;
        if key.class()? == class {
            return Ok(false);
        }
        let why = "a class has at most 65,535 bytes";
        let len = u16::try_from(class.len()).map_err(|_| EditError::Refused {
            path: path.to_owned(),
            why,
        })?;
        let node = *key.node();
        let is_root = at == self.cells.hive().root()?.offset();
        if node.class_len.get() > 0 {
            self.cells.free(CellOffset(node.class.get()))?;
        }
        let cell = if class.is_empty() {
            NIL
        } else {
            let cell = self.cells.alloc(class.len())?;
            self.cells.put(cell, 0, class)?;
            cell.0
        };
        let now = self.now;
        self.cells.update(at, |node: &mut KeyNode| {
            node.class.set(cell);
            node.class_len.set(len);
            node.last_written.set(now);
        })?;
        if !is_root {
            self.cells
                .update(CellOffset(node.parent.get()), |node: &mut KeyNode| {
                    node.max_class_len
                        .set(node.max_class_len.get().max(u32::from(len)));
                })?;
        }
        Ok(true)
    }
}

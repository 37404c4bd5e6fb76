//! Creating keys.
//!
//! Invariants: a new key has the security it inherits, in a cell shared with whoever has the same;
//! the parent's count, maxima and time stamp follow.
//! Absent on purpose: volatile and link keys.

use super::{EditError, Editor};
use crate::error::CellOffset;
use crate::format::{KeyFlags, KeyNode, MAX_DEPTH, MAX_KEY_NAME, NIL};
use crate::name;
use zerocopy::IntoBytes;

/// High half of the user flags byte: the flag that children inherit all of it.
const VIRTUAL_INHERIT: u8 = 0x80;
const VIRTUAL_FLAGS: u8 = 0xF0;

impl Editor {
    /// Creates the key at `path` and every missing key above it; answers how many were created.
    ///
    /// # Errors
    /// When a name is not possible, a link key lies on the way, or there is no room.
    pub fn create_key(&mut self, path: &str) -> Result<usize, EditError> {
        self.operate(|editor| editor.ensure_key(path).map(|(_, created)| created))
    }

    /// The key at `path`, created with every missing key above it, and how many were created.
    pub(super) fn ensure_key(&mut self, path: &str) -> Result<(CellOffset, usize), EditError> {
        let mut at = self.cells.hive().root()?.offset();
        let mut created = 0;
        for (depth, name) in path.split('\\').filter(|name| !name.is_empty()).enumerate() {
            if depth + 1 >= MAX_DEPTH {
                return Err(EditError::Depth {
                    path: path.to_owned(),
                });
            }
            self.no_link(at, path)?;
            let found = self
                .key_at(at)?
                .subkey(name)?
                .map(super::super::key::Key::offset);
            at = match found {
                Some(next) => next,
                None => {
                    created += 1;
                    self.add_key(at, name, path)?
                }
            };
        }
        self.no_link(at, path)?;
        Ok((at, created))
    }

    /// The key at `path`, if it is there and no link key lies on the way.
    pub(super) fn existing_key(&self, path: &str) -> Result<Option<CellOffset>, EditError> {
        let mut at = self.cells.hive().root()?.offset();
        for name in path.split('\\').filter(|name| !name.is_empty()) {
            self.no_link(at, path)?;
            match self.key_at(at)?.subkey(name)? {
                Some(next) => at = next.offset(),
                None => return Ok(None),
            }
        }
        self.no_link(at, path)?;
        Ok(Some(at))
    }

    fn add_key(
        &mut self,
        parent: CellOffset,
        name: &str,
        path: &str,
    ) -> Result<CellOffset, EditError> {
        let units = name::units(name);
        Self::check_key_name(name, &units)?;
        let above = *self.key_at(parent)?.node();
        let security = self.child_security(CellOffset(above.security.get()), path)?;
        let (stored, latin1) = name::stored(&units);
        let mut node = self.new_node(&above, parent, stored.len(), latin1);
        node.security.set(security.0);
        let at = self.cells.alloc(size_of::<KeyNode>() + stored.len())?;
        self.cells.put(at, 0, node.as_bytes())?;
        self.cells.put(at, size_of::<KeyNode>(), &stored)?;
        self.enlist(parent, at, &units, path)?;
        Ok(at)
    }

    /// Refuses names no key can have.
    pub(super) fn check_key_name(name: &str, units: &[u16]) -> Result<(), EditError> {
        let why = if units.is_empty() {
            "a key's name has at least one character"
        } else if units.len() > MAX_KEY_NAME {
            "a key's name has at most 255 characters"
        } else if units.contains(&u16::from(b'\\')) {
            "a key's name has no backslash"
        } else {
            return Ok(());
        };
        Err(EditError::Name {
            name: name.to_owned(),
            why,
        })
    }

    /// Puts a key into its parent's list, count, maxima and time stamp.
    pub(super) fn enlist(
        &mut self,
        parent: CellOffset,
        key: CellOffset,
        units: &[u16],
        path: &str,
    ) -> Result<(), EditError> {
        let above = *self.key_at(parent)?.node();
        let list = self.insert_subkey(&above, key, units, path)?;
        let longest = u16::try_from(units.len() * 2).unwrap_or(u16::MAX);
        let now = self.now;
        self.cells.update(parent, |node: &mut KeyNode| {
            node.subkey_list.set(list.0);
            node.subkey_count
                .set(above.subkey_count.get().saturating_add(1));
            node.max_name_len.set(above.max_name_len.get().max(longest));
            node.last_written.set(now);
        })
    }

    fn new_node(
        &self,
        above: &KeyNode,
        parent: CellOffset,
        name_len: usize,
        latin1: bool,
    ) -> KeyNode {
        let flags = if latin1 {
            KeyFlags::COMP_NAME
        } else {
            KeyFlags::empty()
        };
        let inherited = above.user_flags & VIRTUAL_INHERIT != 0;
        KeyNode {
            signature: *b"nk",
            flags: flags.bits().into(),
            last_written: self.now.into(),
            access_bits: 0,
            layer_bits: 0,
            spare: 0.into(),
            parent: parent.0.into(),
            subkey_count: 0.into(),
            volatile_subkey_count: 0.into(),
            subkey_list: NIL.into(),
            volatile_subkey_list: NIL.into(),
            value_count: 0.into(),
            value_list: NIL.into(),
            security: above.security,
            class: NIL.into(),
            max_name_len: 0.into(),
            user_flags: if inherited {
                above.user_flags & VIRTUAL_FLAGS
            } else {
                0
            },
            debug: 0,
            max_class_len: 0.into(),
            max_value_name_len: 0.into(),
            max_value_data_len: 0.into(),
            work_var: 0.into(),
            // At most 510 bytes: the caller has looked.
            name_len: u16::try_from(name_len).unwrap_or(u16::MAX).into(),
            class_len: 0.into(),
        }
    }
}

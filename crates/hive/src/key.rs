//! A key node, read.
//!
//! Invariants: a [`Key`] is an allocated cell with the right signature whose name lies inside it;
//! what it points to is checked when it is followed.
//! Absent on purpose: writing, and any opinion about what keys should exist.

use crate::bytes;
use crate::error::{CellOffset, ReadError};
use crate::format::{KeyFlags, KeyNode, MAX_DEPTH};
use crate::hive::Hive;
use crate::list;
use crate::name::{self, Name};
use crate::value::Value;
use std::cmp::Ordering;

/// A key of a hive.
#[derive(Clone, Copy, Debug)]
pub struct Key<'h> {
    hive: &'h Hive,
    at: CellOffset,
    node: &'h KeyNode,
    name: Name<'h>,
}

impl<'h> Key<'h> {
    /// The key node in the cell at `at`.
    ///
    /// # Errors
    /// When no key node can be read there.
    pub fn at(hive: &'h Hive, at: CellOffset) -> Result<Key<'h>, ReadError> {
        let payload = hive.cell(at)?;
        let found = payload.len();
        let node: &KeyNode = bytes::view(payload, 0).ok_or(ReadError::Short {
            at,
            what: "a key node",
            needed: size_of::<KeyNode>(),
            found,
        })?;
        if &node.signature != b"nk" {
            return Err(ReadError::Signature {
                at,
                found: node.signature,
                expected: "nk",
            });
        }
        let name_len = usize::from(node.name_len.get());
        let stored =
            bytes::slice(payload, size_of::<KeyNode>(), name_len).ok_or(ReadError::Short {
                at,
                what: "a key node and its name",
                needed: size_of::<KeyNode>() + name_len,
                found,
            })?;
        let flags = KeyFlags::from_bits_retain(node.flags.get());
        let name = Name::new(stored, flags.contains(KeyFlags::COMP_NAME));
        Ok(Key {
            hive,
            at,
            node,
            name,
        })
    }

    /// Where its cell lies.
    pub fn offset(self) -> CellOffset {
        self.at
    }

    /// The fixed part of the key node.
    pub fn node(self) -> &'h KeyNode {
        self.node
    }

    /// The key's own name.
    pub fn name(self) -> Name<'h> {
        self.name
    }

    /// The flags, unknown ones included.
    pub fn flags(self) -> KeyFlags {
        KeyFlags::from_bits_retain(self.node.flags.get())
    }

    /// When it was last written, as FILETIME (100 ns since 1601, UTC).
    pub fn last_written(self) -> u64 {
        self.node.last_written.get()
    }

    /// The bytes of the class, empty when there is none.
    ///
    /// # Errors
    /// When the class cell cannot be read.
    pub fn class(self) -> Result<&'h [u8], ReadError> {
        let len = usize::from(self.node.class_len.get());
        if len == 0 {
            return Ok(&[]);
        }
        let at = CellOffset(self.node.class.get());
        let payload = self.hive.cell(at)?;
        bytes::slice(payload, 0, len).ok_or(ReadError::Short {
            at,
            what: "a class",
            needed: len,
            found: payload.len(),
        })
    }

    /// The cells of the subkeys, in list order.
    ///
    /// # Errors
    /// When a list cannot be read.
    pub fn subkey_cells(self) -> Result<Vec<CellOffset>, ReadError> {
        if self.node.subkey_count.get() == 0 {
            return Ok(Vec::new());
        }
        list::entries(self.hive, CellOffset(self.node.subkey_list.get()))
    }

    /// The subkeys, in list order.
    ///
    /// # Errors
    /// When a list or a key node cannot be read.
    pub fn subkeys(self) -> Result<Vec<Key<'h>>, ReadError> {
        self.subkey_cells()?
            .into_iter()
            .map(|at| Key::at(self.hive, at))
            .collect()
    }

    /// The subkey of that name, case-insensitively.
    ///
    /// # Errors
    /// When something on the way cannot be read.
    pub fn subkey(self, name: &str) -> Result<Option<Key<'h>>, ReadError> {
        let wanted = name::units(name);
        let cells = self.subkey_cells()?;
        let (mut low, mut high) = (0, cells.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(&at) = cells.get(middle) else { break };
            let key = Key::at(self.hive, at)?;
            let upcase = self.hive.upcase();
            match upcase.compare(key.name().units(), wanted.iter().copied()) {
                Ordering::Equal => return Ok(Some(key)),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// The key at a path below this one; the empty path is this key.
    ///
    /// # Errors
    /// When something on the way cannot be read, or the path has more than 512 names.
    pub fn descend(self, path: &str) -> Result<Option<Key<'h>>, ReadError> {
        let mut key = self;
        for (depth, name) in path.split('\\').filter(|name| !name.is_empty()).enumerate() {
            if depth >= MAX_DEPTH {
                return Err(ReadError::Depth {
                    at: key.at,
                    limit: MAX_DEPTH,
                });
            }
            match key.subkey(name)? {
                Some(next) => key = next,
                None => return Ok(None),
            }
        }
        Ok(Some(key))
    }

    /// The values, in order of creation.
    ///
    /// # Errors
    /// When the list or a value cannot be read.
    pub fn values(self) -> Result<Vec<Value<'h>>, ReadError> {
        self.value_cells()?
            .into_iter()
            .map(|at| Value::at(self.hive, at))
            .collect()
    }

    /// The cells of the values, in order of creation.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn value_cells(self) -> Result<Vec<CellOffset>, ReadError> {
        let count = bytes::index(self.node.value_count.get());
        if count == 0 {
            return Ok(Vec::new());
        }
        let at = CellOffset(self.node.value_list.get());
        let payload = self.hive.cell(at)?;
        let short = ReadError::Short {
            at,
            what: "a value list",
            needed: count.saturating_mul(4),
            found: payload.len(),
        };
        let list = bytes::slice(payload, 0, count.saturating_mul(4)).ok_or(short)?;
        Ok(bytes::u32s(list).map(CellOffset).collect())
    }

    /// The value of that name, case-insensitively; the empty name is the default value.
    ///
    /// # Errors
    /// When the list or a value on the way cannot be read.
    pub fn value(self, name: &str) -> Result<Option<Value<'h>>, ReadError> {
        let wanted = name::units(name);
        for at in self.value_cells()? {
            let value = Value::at(self.hive, at)?;
            let upcase = self.hive.upcase();
            let order = upcase.compare(value.name().units(), wanted.iter().copied());
            if order == Ordering::Equal {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

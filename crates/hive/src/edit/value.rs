//! Setting and deleting values.
//!
//! Invariants: data goes where its length says (resident, one cell, big data record); the order
//! of values and the case of an existing name stay; nothing of the old data is left allocated.
//! Absent on purpose: tombstones of differencing hives.

use super::{EditError, Editor};
use crate::bytes;
use crate::data::RegData;
use crate::error::CellOffset;
use crate::format::{
    BigData, KeyNode, KeyValue, MAX_DATA_V3, MAX_VALUE_NAME, MINOR_BIG_DATA, NIL, RESIDENT_BIT,
    RESIDENT_MAX, SEGMENT_LEN, ValueFlags,
};
use crate::name;
use crate::value::{self, Storage, Value};
use zerocopy::IntoBytes;

/// Most bytes of data a value can have where there are big data records: the count of segments
/// has 16 bits.
const MAX_DATA: usize = 0xFFFF * SEGMENT_LEN;
/// Value lists longer than this grow in hundreds.
const LIST_STEP: usize = 100;

/// What an operation on a value did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueChange {
    /// Keys created on the way.
    pub created_keys: usize,
    /// Whether anything changed at all.
    pub changed: bool,
}

impl Editor {
    /// Sets a value of the key at `path`, which is created with all missing keys above it. The
    /// empty name is the default value.
    ///
    /// # Errors
    /// When a name is not possible, the data is too long for this hive, a link key lies on the
    /// way, or there is no room.
    pub fn set_value(
        &mut self,
        path: &str,
        name: &str,
        data: &RegData,
    ) -> Result<ValueChange, EditError> {
        self.operate(|editor| editor.set_value_in(path, name, data))
    }

    /// Deletes a value; answers whether it was there.
    ///
    /// # Errors
    /// When the key is a link key or cannot be read.
    pub fn delete_value(&mut self, path: &str, name: &str) -> Result<bool, EditError> {
        self.operate(|editor| editor.delete_value_in(path, name))
    }

    fn set_value_in(
        &mut self,
        path: &str,
        name: &str,
        data: &RegData,
    ) -> Result<ValueChange, EditError> {
        let minor = self.cells.hive().minor();
        let limit = if minor >= MINOR_BIG_DATA {
            MAX_DATA
        } else {
            MAX_DATA_V3
        };
        if data.bytes.len() > limit {
            return Err(EditError::TooLong {
                len: data.bytes.len(),
                minor,
                limit,
            });
        }
        let (key, created_keys) = self.ensure_key(path)?;
        let existing = self.key_at(key)?.value(name)?;
        if let Some(value) = existing {
            if value.read()? == *data {
                return Ok(ValueChange {
                    created_keys,
                    changed: created_keys > 0,
                });
            }
            let at = value.offset();
            self.replace_data(at, data)?;
        } else {
            self.add_value(key, name, data)?;
        }
        let longest_name = u32::try_from(name::units(name).len() * 2).unwrap_or(u32::MAX);
        let longest_data = u32::try_from(data.bytes.len()).unwrap_or(u32::MAX);
        let now = self.now;
        self.cells.update(key, |node: &mut KeyNode| {
            node.max_value_name_len
                .set(node.max_value_name_len.get().max(longest_name));
            node.max_value_data_len
                .set(node.max_value_data_len.get().max(longest_data));
            node.last_written.set(now);
        })?;
        Ok(ValueChange {
            created_keys,
            changed: true,
        })
    }

    fn add_value(&mut self, key: CellOffset, name: &str, data: &RegData) -> Result<(), EditError> {
        let units = name::units(name);
        if units.len() > MAX_VALUE_NAME {
            let why = "a value's name has at most 16,383 characters";
            return Err(EditError::Name {
                name: name.to_owned(),
                why,
            });
        }
        let (stored, latin1) = name::stored(&units);
        let named = latin1 && !stored.is_empty();
        let flags = if named {
            ValueFlags::COMP_NAME
        } else {
            ValueFlags::empty()
        };
        let (data_len, field) = self.store(&data.bytes)?;
        let fixed = KeyValue {
            signature: *b"vk",
            // At most 32,766 bytes: looked at above.
            name_len: u16::try_from(stored.len()).unwrap_or(u16::MAX).into(),
            data_len: data_len.into(),
            data: field.into(),
            data_type: data.kind.0.into(),
            flags: flags.bits().into(),
            spare: 0.into(),
        };
        let at = self.cells.alloc(size_of::<KeyValue>() + stored.len())?;
        self.cells.put(at, 0, fixed.as_bytes())?;
        self.cells.put(at, size_of::<KeyValue>(), &stored)?;
        self.append_value(key, at)
    }

    fn append_value(&mut self, key: CellOffset, value: CellOffset) -> Result<(), EditError> {
        let node = *self.key_at(key)?.node();
        let count = bytes::index(node.value_count.get());
        let needed = (count + 1) * 4;
        let list = match CellOffset::new(node.value_list.get()) {
            Some(list) if count > 0 && self.cells.capacity(list)? >= needed => list,
            old => {
                let entries = if count < LIST_STEP {
                    count + 1
                } else {
                    (count + 1).next_multiple_of(LIST_STEP)
                };
                let list = self.cells.alloc(entries * 4)?;
                if let Some(old) = old.filter(|_| count > 0) {
                    let entries = self.cells.hive().cell(old)?;
                    let entries = bytes::slice(entries, 0, count * 4)
                        .ok_or(EditError::Damaged)?
                        .to_vec();
                    self.cells.put(list, 0, &entries)?;
                    self.cells.free(old)?;
                }
                list
            }
        };
        self.cells.put(list, count * 4, &value.0.to_le_bytes())?;
        self.cells.update(key, |node: &mut KeyNode| {
            node.value_list.set(list.0);
            node.value_count
                .set(node.value_count.get().saturating_add(1));
        })
    }

    /// Gives the value at `at` other data, in place when it has the same kind of storage and fits.
    fn replace_data(&mut self, at: CellOffset, data: &RegData) -> Result<(), EditError> {
        let value = Value::at(self.cells.hive(), at)?;
        let (old, old_len) = (value.storage(), value.len());
        let len = data.bytes.len();
        let one_cell = len > RESIDENT_MAX && !value::is_big(self.cells.hive().minor(), len);
        let in_place = match old {
            Storage::Cell(cell) if one_cell && self.cells.capacity(cell)? >= len => Some(cell),
            _ => None,
        };
        let (data_len, field) = match in_place {
            Some(cell) => {
                self.cells.put(cell, 0, &data.bytes)?;
                self.cells.shrink(cell, len)?;
                let rest = self.cells.capacity(cell)?.saturating_sub(len);
                self.cells.put(cell, len, &vec![0; rest])?;
                (u32::try_from(len).map_err(|_| EditError::Full)?, cell.0)
            }
            None => self.store(&data.bytes)?,
        };
        self.cells.update(at, |fixed: &mut KeyValue| {
            fixed.data_len.set(data_len);
            fixed.data.set(field);
            fixed.data_type.set(data.kind.0);
        })?;
        if in_place.is_none() {
            self.discard(old, old_len)?;
        }
        Ok(())
    }

    /// Stores data in new cells: the length field and the data field of the value.
    fn store(&mut self, data: &[u8]) -> Result<(u32, u32), EditError> {
        let len = u32::try_from(data.len()).map_err(|_| EditError::Full)?;
        if data.len() <= RESIDENT_MAX {
            let mut field = [0; 4];
            bytes::put(&mut field, 0, data).ok_or(EditError::Damaged)?;
            return Ok((len | RESIDENT_BIT, u32::from_le_bytes(field)));
        }
        if !value::is_big(self.cells.hive().minor(), data.len()) {
            let at = self.cells.alloc(data.len())?;
            self.cells.put(at, 0, data)?;
            return Ok((len, at.0));
        }
        let mut list = Vec::new();
        for part in data.chunks(SEGMENT_LEN) {
            // A full segment's cell has four spare bytes behind its data.
            let room = if part.len() == SEGMENT_LEN {
                SEGMENT_LEN + 4
            } else {
                part.len()
            };
            let at = self.cells.alloc(room)?;
            self.cells.put(at, 0, part)?;
            list.extend(at.0.to_le_bytes());
        }
        let list_at = self.cells.alloc(list.len())?;
        self.cells.put(list_at, 0, &list)?;
        let count = u16::try_from(list.len() / 4).map_err(|_| EditError::Full)?;
        let record = BigData {
            signature: *b"db",
            count: count.into(),
            list: list_at.0.into(),
        };
        // Windows gives the record a cell of 16 bytes.
        let at = self.cells.alloc(size_of::<BigData>() + 4)?;
        self.cells.put(at, 0, record.as_bytes())?;
        Ok((len, at.0))
    }

    /// Frees the cells of old data.
    pub(super) fn discard(&mut self, old: Storage, len: usize) -> Result<(), EditError> {
        match old {
            Storage::Resident | Storage::Nothing => Ok(()),
            Storage::Cell(cell) => self.cells.free(cell),
            Storage::Big(record) => {
                for segment in value::segments(self.cells.hive(), record, len)? {
                    self.cells.free(segment)?;
                }
                let payload = self.cells.hive().cell(record)?;
                let fixed: &BigData = bytes::view(payload, 0).ok_or(EditError::Damaged)?;
                let list = CellOffset(fixed.list.get());
                self.cells.free(list)?;
                self.cells.free(record)
            }
        }
    }

    fn delete_value_in(&mut self, path: &str, name: &str) -> Result<bool, EditError> {
        let Some(key) = self.existing_key(path)? else {
            return Ok(false);
        };
        let node = *self.key_at(key)?.node();
        let Some(value) = self.key_at(key)?.value(name)? else {
            return Ok(false);
        };
        let (at, old, len) = (value.offset(), value.storage(), value.len());
        let kept: Vec<u8> = self
            .key_at(key)?
            .value_cells()?
            .into_iter()
            .filter(|&cell| cell != at)
            .flat_map(|cell| cell.0.to_le_bytes())
            .collect();
        let list = CellOffset(node.value_list.get());
        let last = kept.is_empty();
        if last {
            self.cells.free(list)?;
        } else {
            self.cells.put(list, 0, &kept)?;
            self.cells.shrink(list, kept.len())?;
            let rest = self.cells.capacity(list)?.saturating_sub(kept.len());
            self.cells.put(list, kept.len(), &vec![0; rest])?;
        }
        let now = self.now;
        self.cells.update(key, |node: &mut KeyNode| {
            node.value_count
                .set(node.value_count.get().saturating_sub(1));
            node.last_written.set(now);
            if last {
                node.value_list.set(NIL);
                node.max_value_name_len.set(0);
                node.max_value_data_len.set(0);
            }
        })?;
        self.discard(old, len)?;
        self.cells.free(at)?;
        Ok(true)
    }
}

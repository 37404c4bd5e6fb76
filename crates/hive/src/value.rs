//! A value, read: resident, in one cell, or in a big data record.
//!
//! Invariants: a [`Value`] is an allocated cell with the right signature whose name lies inside
//! it. Data is found by the version of the hive and the length alone, as the kernel does.
//! Absent on purpose: writing.

use crate::bytes;
use crate::data::{RegData, RegType};
use crate::error::{CellOffset, ReadError};
use crate::format::{
    BigData, KeyValue, MINOR_BIG_DATA, RESIDENT_BIT, RESIDENT_MAX, SEGMENT_LEN, ValueFlags,
};
use crate::hive::Hive;
use crate::name::Name;
use std::borrow::Cow;

/// A value of a key.
#[derive(Clone, Copy, Debug)]
pub struct Value<'h> {
    hive: &'h Hive,
    at: CellOffset,
    fixed: &'h KeyValue,
    name: Name<'h>,
}

/// How a value's data lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In the value's own cell; 0 to 4 bytes.
    Resident,
    /// In one cell.
    Cell(CellOffset),
    /// In a big data record.
    Big(CellOffset),
    /// No data and no cell.
    Nothing,
}

/// Which kind of storage data of this length has in a hive of this minor version.
pub(crate) fn is_big(minor: u32, len: usize) -> bool {
    minor >= MINOR_BIG_DATA && len > SEGMENT_LEN
}

impl<'h> Value<'h> {
    /// The value in the cell at `at`.
    ///
    /// # Errors
    /// When no value can be read there.
    pub fn at(hive: &'h Hive, at: CellOffset) -> Result<Value<'h>, ReadError> {
        let payload = hive.cell(at)?;
        let short = |needed| ReadError::Short {
            at,
            what: "a value",
            needed,
            found: payload.len(),
        };
        let fixed: &KeyValue = bytes::view(payload, 0).ok_or(short(size_of::<KeyValue>()))?;
        if &fixed.signature != b"vk" {
            return Err(ReadError::Signature {
                at,
                found: fixed.signature,
                expected: "vk",
            });
        }
        let name_len = usize::from(fixed.name_len.get());
        let stored = bytes::slice(payload, size_of::<KeyValue>(), name_len)
            .ok_or(short(size_of::<KeyValue>() + name_len))?;
        let flags = ValueFlags::from_bits_retain(fixed.flags.get());
        let name = Name::new(stored, flags.contains(ValueFlags::COMP_NAME));
        Ok(Value {
            hive,
            at,
            fixed,
            name,
        })
    }

    /// Where its cell lies.
    pub fn offset(self) -> CellOffset {
        self.at
    }

    /// The fixed part.
    pub fn fixed(self) -> &'h KeyValue {
        self.fixed
    }

    /// The name; empty for the default value.
    pub fn name(self) -> Name<'h> {
        self.name
    }

    /// The type.
    pub fn kind(self) -> RegType {
        RegType(self.fixed.data_type.get())
    }

    /// Length of the data in bytes.
    pub fn len(self) -> usize {
        bytes::index(self.fixed.data_len.get() & !RESIDENT_BIT)
    }

    /// Whether there is no data.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How the data is stored.
    pub fn storage(self) -> Storage {
        let at = CellOffset(self.fixed.data.get());
        if self.fixed.data_len.get() & RESIDENT_BIT != 0 {
            Storage::Resident
        } else if self.is_empty() {
            Storage::Nothing
        } else if is_big(self.hive.minor(), self.len()) {
            Storage::Big(at)
        } else {
            Storage::Cell(at)
        }
    }

    /// The data.
    ///
    /// # Errors
    /// When a cell it lies in cannot be read or does not hold as much as the length says.
    pub fn data(self) -> Result<Cow<'h, [u8]>, ReadError> {
        let len = self.len();
        match self.storage() {
            Storage::Nothing => Ok(Cow::Borrowed(&[])),
            Storage::Resident => self.resident(len),
            Storage::Cell(at) => {
                let payload = self.hive.cell(at)?;
                let short = ReadError::Short {
                    at,
                    what: "data",
                    needed: len,
                    found: payload.len(),
                };
                bytes::slice(payload, 0, len)
                    .map(Cow::Borrowed)
                    .ok_or(short)
            }
            Storage::Big(at) => {
                let mut data = Vec::new();
                let segments = segments(self.hive, at, len)?;
                for (index, &segment) in segments.iter().enumerate() {
                    let part = SEGMENT_LEN.min(len.saturating_sub(index * SEGMENT_LEN));
                    let payload = self.hive.cell(segment)?;
                    let short = ReadError::Short {
                        at: segment,
                        what: "a data segment",
                        needed: part,
                        found: payload.len(),
                    };
                    data.extend_from_slice(bytes::slice(payload, 0, part).ok_or(short)?);
                }
                Ok(Cow::Owned(data))
            }
        }
    }

    /// Type and data together.
    ///
    /// # Errors
    /// As [`Value::data`].
    pub fn read(self) -> Result<RegData, ReadError> {
        Ok(RegData {
            kind: self.kind(),
            bytes: self.data()?.into_owned(),
        })
    }

    fn resident(self, len: usize) -> Result<Cow<'h, [u8]>, ReadError> {
        let field = std::mem::offset_of!(KeyValue, data);
        let short = ReadError::Short {
            at: self.at,
            what: "resident data",
            needed: len,
            found: RESIDENT_MAX,
        };
        if len > RESIDENT_MAX {
            return Err(short);
        }
        bytes::slice(self.hive.cell(self.at)?, field, len)
            .map(Cow::Borrowed)
            .ok_or(short)
    }
}

/// The segment cells of a big data record for `len` bytes.
///
/// # Errors
/// When the record cannot be read or has another number of segments than `len` asks for.
pub(crate) fn segments(
    hive: &Hive,
    at: CellOffset,
    len: usize,
) -> Result<Vec<CellOffset>, ReadError> {
    let payload = hive.cell(at)?;
    let record: &BigData = bytes::view(payload, 0).ok_or(ReadError::Short {
        at,
        what: "a big data record",
        needed: size_of::<BigData>(),
        found: payload.len(),
    })?;
    if &record.signature != b"db" {
        return Err(ReadError::Signature {
            at,
            found: record.signature,
            expected: "db",
        });
    }
    let count = usize::from(record.count.get());
    if count != len.div_ceil(SEGMENT_LEN) {
        return Err(ReadError::Segments {
            at,
            segments: count,
            len,
        });
    }
    let list_at = CellOffset(record.list.get());
    let list = hive.cell(list_at)?;
    let entries = bytes::slice(list, 0, count * 4).ok_or(ReadError::Short {
        at: list_at,
        what: "a segment list",
        needed: count * 4,
        found: list.len(),
    })?;
    Ok(bytes::u32s(entries).map(CellOffset).collect())
}

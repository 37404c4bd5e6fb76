//! Value cells: resident data, one data cell, or big data, and the list of a key's values.
//!
//! Invariants: the storage follows from length and minor version alone; the order is the
//! caller's. Absent: tombstones.

use super::cells::Cells;
use super::tree::Value;

/// The most data one cell holds where big data exists, and the data of one segment.
const SEGMENT: usize = 16_344;

/// A stored name: one byte per character when that is enough, and whether it is.
pub(crate) fn encode_name(name: &[u16]) -> (Vec<u8>, bool) {
    match name.iter().map(|unit| u8::try_from(*unit)).collect() {
        Ok(bytes) => (bytes, true),
        Err(_) => (
            name.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            false,
        ),
    }
}

/// Writes all values of a key and their list; gives the list's cell.
pub(crate) fn write(cells: &mut Cells, minor: u32, values: &[Value]) -> u32 {
    if values.is_empty() {
        return u32::MAX;
    }
    let mut list = Vec::with_capacity(values.len() * 4);
    for value in values {
        list.extend(write_value(cells, minor, value).to_le_bytes());
    }
    cells.store(&list)
}

fn write_value(cells: &mut Cells, minor: u32, value: &Value) -> u32 {
    let (name, compressed) = encode_name(&value.name);
    let length = value.data.len() as u32;
    let (length, data) = match value.data.len() {
        0..=4 => (length | 0x8000_0000, resident(&value.data)),
        len if len > SEGMENT && minor >= 4 => (length, write_big(cells, &value.data)),
        _ => (length, cells.store(&value.data)),
    };
    let mut vk = b"vk".to_vec();
    vk.extend((name.len() as u16).to_le_bytes());
    vk.extend(length.to_le_bytes());
    vk.extend(data.to_le_bytes());
    vk.extend(value.kind.to_le_bytes());
    vk.extend(u16::from(compressed && !name.is_empty()).to_le_bytes());
    vk.extend([0, 0]);
    vk.extend(name);
    cells.store(&vk)
}

fn resident(data: &[u8]) -> u32 {
    data.iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn write_big(cells: &mut Cells, data: &[u8]) -> u32 {
    let segments = data.chunks(SEGMENT);
    let mut db = b"db".to_vec();
    db.extend((segments.len() as u16).to_le_bytes());
    let mut list = Vec::with_capacity(segments.len() * 4);
    for segment in segments {
        list.extend(cells.store(segment).to_le_bytes());
    }
    db.extend(cells.store(&list).to_le_bytes());
    db.extend([0; 4]);
    cells.store(&db)
}

//! Finds structures in a hive this kit has built, and changes it in place.
//!
//! Invariants: positions are file offsets of payloads; changes that need room add a bin at the
//! end. Absent: handling of hives from elsewhere; what is not found is taken to be at 0.

use crate::bytes::{fix_checksum, put, put_u32, read_u16, read_u32};

pub(super) const NIL: u32 = u32::MAX;

/// The number at a file offset.
pub(super) fn get(file: &[u8], at: usize) -> u32 {
    read_u32(file, at).unwrap_or(0)
}

/// The payload of a cell as file offset.
pub(super) fn at(cell: u32) -> usize {
    4096 + cell as usize + 4
}

/// The cell whose payload is at a file offset.
pub(super) fn cell(at: usize) -> u32 {
    at.saturating_sub(4100) as u32
}

/// Writes a header field and the checksum that goes with it.
pub(super) fn header(file: &mut [u8], offset: usize, number: u32) {
    put_u32(file, offset, number);
    fix_checksum(file);
}

/// The payload of the key at a path.
pub(super) fn key(file: &[u8], path: &str) -> usize {
    let mut key = at(get(file, 0x24));
    for name in path.split('\\').filter(|name| !name.is_empty()) {
        let children = entries(file, key);
        let named = |entry: &usize| name_of(file, at(get(file, *entry))) == name;
        key = children
            .into_iter()
            .find(named)
            .map_or(0, |entry| at(get(file, entry)));
    }
    key
}

/// The file offset of the list entry that names the key at a path.
pub(super) fn entry(file: &[u8], path: &str) -> usize {
    let (parent, _) = path.rsplit_once('\\').unwrap_or(("", path));
    let wanted = cell(key(file, path));
    let entries = entries(file, key(file, parent));
    entries
        .into_iter()
        .find(|entry| get(file, *entry) == wanted)
        .unwrap_or(0)
}

/// The payload of the subkey list of the key at a path.
pub(super) fn list(file: &[u8], path: &str) -> usize {
    at(get(file, key(file, path) + 28))
}

/// The payload of the value with a compressed name.
pub(super) fn value(file: &[u8], path: &str, name: &str) -> usize {
    let key = key(file, path);
    let list = at(get(file, key + 40));
    (0..get(file, key + 36) as usize)
        .map(|index| at(get(file, list + index * 4)))
        .find(|vk| {
            let length = usize::from(read_u16(file, vk + 2).unwrap_or(0));
            file.get(vk + 20..vk + 20 + length) == Some(name.as_bytes())
        })
        .unwrap_or(0)
}

/// File offsets of all list entries of a key.
fn entries(file: &[u8], key: usize) -> Vec<usize> {
    let list = at(get(file, key + 28));
    let leaves = match file.get(list..list + 2) {
        Some(b"ri") => {
            let count = usize::from(read_u16(file, list + 2).unwrap_or(0));
            (0..count)
                .map(|leaf| at(get(file, list + 4 + leaf * 4)))
                .collect()
        }
        _ => vec![list],
    };
    let in_leaf = |leaf: usize| {
        let size = if file.get(leaf..leaf + 2) == Some(b"li") {
            4
        } else {
            8
        };
        let count = usize::from(read_u16(file, leaf + 2).unwrap_or(0));
        (0..count).map(move |index| leaf + 4 + index * size)
    };
    leaves.into_iter().flat_map(in_leaf).collect()
}

fn name_of(file: &[u8], key: usize) -> String {
    let length = usize::from(read_u16(file, key + 72).unwrap_or(0));
    let name = file.get(key + 76..key + 76 + length).unwrap_or_default();
    if read_u16(file, key + 2).unwrap_or(0) & 0x20 != 0 {
        return name.iter().map(|byte| char::from(*byte)).collect();
    }
    let units: Vec<u16> = name
        .chunks_exact(2)
        .filter_map(|pair| read_u16(pair, 0))
        .collect();
    String::from_utf16_lossy(&units)
}

/// Adds a bin that holds one cell with `payload` and a free cell; gives the cell.
pub(super) fn add_cell(file: &mut Vec<u8>, payload: &[u8]) -> u32 {
    let size = get(file, 0x28);
    let len = (payload.len() + 4).next_multiple_of(8);
    let bin = (len + 32 + 8).next_multiple_of(4096);
    let start = 4096 + size as usize;
    file.resize(start + bin, 0);
    put(file, start, b"hbin");
    put_u32(file, start + 4, size);
    put_u32(file, start + 8, bin as u32);
    put_u32(file, start + 32, (len as u32).wrapping_neg());
    put(file, start + 36, payload);
    put_u32(file, start + 32 + len, (bin - len - 32) as u32);
    header(file, 0x28, size + bin as u32);
    size + 32
}

/// Makes a cell free. Its neighbours must be allocated.
pub(super) fn free(file: &mut [u8], cell: u32) {
    let size = get(file, 4096 + cell as usize);
    put_u32(file, 4096 + cell as usize, size.wrapping_neg());
}

/// The last free cell of the first bin.
pub(super) fn free_cell(file: &[u8]) -> u32 {
    let mut cell = 32;
    while (get(file, 4096 + cell as usize) as i32) < 0 {
        cell += (get(file, 4096 + cell as usize) as i32).unsigned_abs();
    }
    cell
}

/// Adds to a number at a file offset.
pub(super) fn add(file: &mut [u8], at: usize, number: u32) {
    let sum = get(file, at).wrapping_add(number);
    put_u32(file, at, sum);
}

/// Flips bits of the 16-bit number at a file offset.
pub(super) fn flip(file: &mut [u8], at: usize, bits: u16) {
    let flipped = read_u16(file, at).unwrap_or(0) ^ bits;
    put(file, at, &flipped.to_le_bytes());
}

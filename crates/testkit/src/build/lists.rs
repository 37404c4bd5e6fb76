//! Subkey lists: `lf`, `lh`, `li` leaves and the `ri` above them.
//!
//! Invariants: the kind of leaf is the one the kernel of that minor version writes; entries come
//! sorted from the caller. Absent: minor versions below 3.

use super::cells::Cells;
use crate::upcase;

/// The most entries an `lf` leaf takes before it is rewritten as `li`.
const LF_LIMIT: usize = 511;
/// The most entries of any other leaf.
pub(crate) const LEAF_LIMIT: usize = 1012;
/// Entries of a leaf under an `ri`: what is left after a full leaf was split.
const SPLIT: usize = 507;

/// A subkey as a list sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) cell: u32,
    pub(crate) name: &'a [u16],
}

/// Writes the list of a key's subkeys and gives its cell; no list for no subkeys.
///
/// `limit` caps the entries of a leaf, so that a small tree can have an `ri`.
pub(crate) fn write(cells: &mut Cells, minor: u32, limit: usize, entries: &[Entry<'_>]) -> u32 {
    if entries.is_empty() {
        return u32::MAX;
    }
    if entries.len() <= limit {
        return write_leaf(cells, minor, entries);
    }
    let leaves = entries.chunks(SPLIT.min(limit));
    let mut root = b"ri".to_vec();
    root.extend((leaves.len() as u16).to_le_bytes());
    for entries in leaves {
        root.extend(write_leaf(cells, minor, entries).to_le_bytes());
    }
    cells.store(&root)
}

fn write_leaf(cells: &mut Cells, minor: u32, entries: &[Entry<'_>]) -> u32 {
    let signature: &[u8; 2] = match minor {
        0..=4 if entries.len() <= LF_LIMIT => b"lf",
        0..=4 => b"li",
        _ => b"lh",
    };
    let mut leaf = signature.to_vec();
    leaf.extend((entries.len() as u16).to_le_bytes());
    for entry in entries {
        leaf.extend(entry.cell.to_le_bytes());
        match signature {
            b"lf" => leaf.extend(hint(entry.name)),
            b"lh" => leaf.extend(upcase::hash(entry.name).to_le_bytes()),
            _ => {}
        }
    }
    cells.store(&leaf)
}

/// The first four characters of a name, filled from the last; a character above 0xFF ends it.
pub(crate) fn hint(name: &[u16]) -> [u8; 4] {
    let mut hint = [0; 4];
    for (slot, unit) in hint.iter_mut().zip(name).rev() {
        match u8::try_from(*unit) {
            Ok(byte) => *slot = byte,
            Err(_) => break,
        }
    }
    hint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_filled_from_the_end() {
        let hint = |text: &str| hint(&text.encode_utf16().collect::<Vec<_>>());
        assert_eq!(hint("Select"), *b"Sele");
        assert_eq!(hint("ab"), *b"ab\0\0");
        assert_eq!(hint("\u{e9}t\u{e9}"), [0xE9, b't', 0xE9, 0]);
        assert_eq!(hint("a\u{416}bc"), [0, 0, b'b', b'c']);
        assert_eq!(hint("abc\u{416}e"), [0; 4]);
    }
}

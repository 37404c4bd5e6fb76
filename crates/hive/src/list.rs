//! Subkey lists, read: leaves (`li`, `lf`, `lh`) and one level of index root (`ri`).
//!
//! Invariants: entries come in list order; an index root below an index root is refused, so
//! reading ends; a list never has more entries than its hive can have keys.
//! Absent on purpose: whether the order is right (see [`mod@crate::check`]).

use crate::bytes;
use crate::error::{CellOffset, ReadError};
use crate::format::{KeyNode, ListHeader};
use crate::hive::Hive;

/// The four kinds of subkey list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Cell indices alone.
    Li,
    /// Cell indices, each with the first four characters of the name.
    Lf,
    /// Cell indices, each with a hash of the name.
    Lh,
    /// Cell indices of leaves.
    Ri,
}

impl ListKind {
    /// The kind a signature stands for.
    pub fn of(signature: [u8; 2]) -> Option<ListKind> {
        match &signature {
            b"li" => Some(ListKind::Li),
            b"lf" => Some(ListKind::Lf),
            b"lh" => Some(ListKind::Lh),
            b"ri" => Some(ListKind::Ri),
            _ => None,
        }
    }

    /// The signature.
    pub fn signature(self) -> [u8; 2] {
        match self {
            ListKind::Li => *b"li",
            ListKind::Lf => *b"lf",
            ListKind::Lh => *b"lh",
            ListKind::Ri => *b"ri",
        }
    }

    /// Length of one entry in bytes.
    pub fn entry_len(self) -> usize {
        match self {
            ListKind::Li | ListKind::Ri => 4,
            ListKind::Lf | ListKind::Lh => 8,
        }
    }
}

/// One list cell.
#[derive(Clone, Copy, Debug)]
pub struct List<'h> {
    /// What it is.
    pub kind: ListKind,
    /// Its entries, `kind.entry_len()` bytes each.
    pub entries: &'h [u8],
}

impl<'h> List<'h> {
    /// The list in the cell at `at`.
    ///
    /// # Errors
    /// When no list can be read there.
    pub fn at(hive: &'h Hive, at: CellOffset) -> Result<List<'h>, ReadError> {
        let payload = hive.cell(at)?;
        let short = |needed| ReadError::Short {
            at,
            what: "a subkey list",
            needed,
            found: payload.len(),
        };
        let head: &ListHeader = bytes::view(payload, 0).ok_or(short(size_of::<ListHeader>()))?;
        let kind = ListKind::of(head.signature).ok_or(ReadError::Signature {
            at,
            found: head.signature,
            expected: "li, lf, lh or ri",
        })?;
        let len = usize::from(head.count.get()) * kind.entry_len();
        let entries = bytes::slice(payload, size_of::<ListHeader>(), len)
            .ok_or(short(size_of::<ListHeader>() + len))?;
        Ok(List { kind, entries })
    }

    /// The cell indices it holds.
    pub fn cells(self) -> impl Iterator<Item = CellOffset> + 'h {
        self.entries
            .chunks_exact(self.kind.entry_len())
            .filter_map(|entry| bytes::u32_at(entry, 0).map(CellOffset))
    }

    /// The hash or hint beside the entry at `index`, where the kind has one.
    pub fn mark(self, index: usize) -> Option<u32> {
        match self.kind {
            ListKind::Lf | ListKind::Lh => bytes::u32_at(self.entries, index * 8 + 4),
            ListKind::Li | ListKind::Ri => None,
        }
    }
}

/// The key cells of the list at `at`, leaves of an index root joined.
///
/// # Errors
/// When a list cannot be read, or an index root stands below an index root.
pub fn entries(hive: &Hive, at: CellOffset) -> Result<Vec<CellOffset>, ReadError> {
    let list = List::at(hive, at)?;
    if list.kind != ListKind::Ri {
        return Ok(list.cells().collect());
    }
    let mut all = Vec::new();
    for leaf_at in list.cells() {
        let leaf = List::at(hive, leaf_at)?;
        if leaf.kind == ListKind::Ri {
            let found = leaf.kind.signature();
            return Err(ReadError::Signature {
                at: leaf_at,
                found,
                expected: "li, lf or lh",
            });
        }
        all.extend(leaf.cells());
        // No hive has more keys than fit it: leaves named over and over would fill the memory.
        let limit = hive.bins().len() / size_of::<KeyNode>();
        if all.len() > limit {
            return Err(ReadError::TooMany { at, limit });
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes;

    #[test]
    fn leaves_named_over_and_over_do_not_fill_the_memory() {
        let mut builder = testkit::HiveBuilder::new();
        for number in 0..400 {
            builder.key(&format!("Key{number:03}"));
        }
        let big = [
            b"ri".to_vec(),
            2000_u16.to_le_bytes().to_vec(),
            vec![0; 8000],
        ]
        .concat();
        builder.root.binary("List", &big);
        let hive = Hive::open(builder.build()).unwrap();
        let root = hive.root().unwrap();
        let leaf = CellOffset(root.node().subkey_list.get());
        assert_eq!(entries(&hive, leaf).unwrap().len(), 400);
        let data = root.value("List").unwrap().unwrap().fixed().data.get();
        let mut file = hive.into_bytes();
        for place in 0..2000 {
            let at = 4096 + bytes::index(data) + 8 + place * 4;
            bytes::put(&mut file, at, &leaf.0.to_le_bytes()).unwrap();
        }
        let hostile = Hive::open(file).unwrap();
        let limit = hostile.bins().len() / size_of::<KeyNode>();
        let top = CellOffset(data);
        assert_eq!(
            entries(&hostile, top),
            Err(ReadError::TooMany { at: top, limit })
        );
    }
}

//! Subkey lists, read: leaves (`li`, `lf`, `lh`) and one level of index root (`ri`).
//!
//! Invariants: entries come in list order; an index root below an index root is refused, so
//! reading ends. Absent on purpose: whether the order is right (see [`crate::check`]).

use crate::bytes;
use crate::error::{CellOffset, ReadError};
use crate::format::ListHeader;
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
    }
    Ok(all)
}

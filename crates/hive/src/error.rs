//! Why a hive could not be opened or read; each variant says where, what stood there and what
//! should have.
//!
//! Invariants: messages are lower-case fragments. Absent on purpose: hints for people (the
//! command line adds those) and errors of editing and committing, which live beside their code.

use crate::format::NIL;
use std::fmt;
use thiserror::Error;

/// Byte offset of a cell from the start of the hive bins area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellOffset(pub u32);

impl CellOffset {
    /// `None` for the index that means "no cell".
    pub fn new(index: u32) -> Option<CellOffset> {
        (index != NIL).then_some(CellOffset(index))
    }
}

impl fmt::Display for CellOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Why bytes are not a hive this program works with.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// Rule B1.
    #[error("the file has {len} bytes; a hive has at least 8192")]
    TooSmall {
        /// Length of the file.
        len: usize,
    },
    /// Rule B2.
    #[error("not a registry hive: it begins with {found:02x?} instead of \"regf\"")]
    NotAHive {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// Rules B4 to B8: one field of the base block.
    #[error("base block offset {offset:#x}: {field} is {found}, expected {expected}")]
    Field {
        /// Offset in the file.
        offset: usize,
        /// The field's name.
        field: &'static str,
        /// What stands there.
        found: u32,
        /// What this program accepts.
        expected: &'static str,
    },
    /// Rule B3.
    #[error("base block checksum is {found:#010x}, expected {expected:#010x}")]
    Checksum {
        /// What stands there.
        found: u32,
        /// What the 508 bytes before it give.
        expected: u32,
    },
    /// Rule B9: the logs hold changes that are not in the file yet.
    #[error("log entries pending: sequence numbers are {primary} and {secondary}")]
    Pending {
        /// First number.
        primary: u32,
        /// Second number.
        secondary: u32,
    },
    /// Rule B10.
    #[error("the hive bins size is {found:#x}, expected a multiple of 0x1000 below 2 GiB")]
    BinsSize {
        /// What stands there.
        found: u32,
    },
    /// Rule B11.
    #[error("the file is truncated: it has {len} bytes, its header asks for {needed}")]
    Truncated {
        /// Length of the file.
        len: usize,
        /// Length it should at least have.
        needed: usize,
    },
    /// A container's layered hive.
    #[error("a differencing hive (version 1.6 with layered keys) is not edited offline")]
    Differencing,
    /// The root key node cannot be read.
    #[error("no root key")]
    Root(#[source] ReadError),
}

/// Why a structure inside the hive could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// A cell index that leads nowhere.
    #[error("cell {at}: no allocated cell starts here")]
    NoCell {
        /// The cell.
        at: CellOffset,
    },
    /// The cell is too short for what it should hold.
    #[error("cell {at}: {what} needs {needed} bytes, the cell has {found}")]
    Short {
        /// The cell.
        at: CellOffset,
        /// The structure.
        what: &'static str,
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        found: usize,
    },
    /// Another structure than expected.
    #[error("cell {at}: signature {found:02x?}, expected {expected}")]
    Signature {
        /// The cell.
        at: CellOffset,
        /// The first two bytes.
        found: [u8; 2],
        /// The signatures that fit.
        expected: &'static str,
    },
    /// A big data record whose segments do not give the value's length.
    #[error("cell {at}: {segments} segments for {len} bytes of data")]
    Segments {
        /// The big data record.
        at: CellOffset,
        /// Number of segments it names.
        segments: usize,
        /// Length the value claims.
        len: usize,
    },
    /// More subkeys than the hive has room for.
    #[error("cell {at}: more than {limit} subkeys, which this hive has no room for")]
    TooMany {
        /// The list.
        at: CellOffset,
        /// The limit.
        limit: usize,
    },
    /// Keys nested deeper than the kernel allows, or in a circle.
    #[error("cell {at}: keys are nested deeper than {limit}")]
    Depth {
        /// The cell.
        at: CellOffset,
        /// The limit.
        limit: usize,
    },
}

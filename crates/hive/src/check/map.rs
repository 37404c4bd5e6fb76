//! Which cells exist and which have an owner: one byte for every eight of the hive bins area.
//!
//! Invariants: memory is an eighth of the area, whatever stands in it; only cells that the walk
//! through the bins met are cells, however much other bytes look like one.
//! Absent on purpose: what a cell holds and what its owner is.

use crate::bytes;
use crate::format::{CELL_ALIGN, NIL};
use std::fmt;

const ALLOCATED: u8 = 1;
const FREE: u8 = 2;
const OWNED: u8 = 4;
const IN_RING: u8 = 8;

/// Why an index is not that of an allocated cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCell {
    Nil,
    Volatile(u32),
    Free(u32),
    Elsewhere(u32),
}

impl fmt::Display for NoCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoCell::Nil => f.write_str("no cell is named"),
            NoCell::Volatile(index) => write!(f, "index {index:#x} is of a cell in memory"),
            NoCell::Free(index) => write!(f, "cell {index:#x} is free"),
            NoCell::Elsewhere(index) => write!(f, "no cell starts at {index:#x}"),
        }
    }
}

/// The cells of a hive.
#[derive(Debug)]
pub(super) struct CellMap {
    states: Vec<u8>,
}

impl CellMap {
    /// No cells yet, for an area of `len` bytes.
    pub(super) fn new(len: usize) -> CellMap {
        CellMap {
            states: vec![0; len / CELL_ALIGN],
        }
    }

    /// Notes that a cell starts at `at`, a multiple of 8.
    pub(super) fn add(&mut self, at: usize, allocated: bool) {
        if let Some(state) = self.states.get_mut(at / CELL_ALIGN) {
            *state = if allocated { ALLOCATED } else { FREE };
        }
    }

    /// Whether `index` is that of an allocated cell.
    pub(super) fn find(&self, index: u32) -> Result<(), NoCell> {
        match self.state(index) {
            _ if index == NIL => Err(NoCell::Nil),
            _ if index & 0x8000_0000 != 0 => Err(NoCell::Volatile(index)),
            state if state & ALLOCATED != 0 => Ok(()),
            state if state & FREE != 0 => Err(NoCell::Free(index)),
            _ => Err(NoCell::Elsewhere(index)),
        }
    }

    /// Gives the cell an owner; `false` when it has one already.
    pub(super) fn own(&mut self, index: u32) -> bool {
        let owned = self.state(index) & OWNED != 0;
        self.set(index, OWNED);
        !owned
    }

    /// Notes that a security cell is in the ring, and owned by it.
    pub(super) fn put_in_ring(&mut self, index: u32) {
        self.set(index, OWNED | IN_RING);
    }

    /// Whether the ring has the cell.
    pub(super) fn is_in_ring(&self, index: u32) -> bool {
        self.state(index) & IN_RING != 0
    }

    /// The allocated cells without an owner.
    pub(super) fn orphans(&self) -> impl Iterator<Item = usize> + '_ {
        let lonely = |state: u8| state & (ALLOCATED | OWNED) == ALLOCATED;
        (0..)
            .zip(&self.states)
            .filter(move |&(_, &state)| lonely(state))
            .map(|(place, _): (usize, _)| place * CELL_ALIGN)
    }

    fn state(&self, index: u32) -> u8 {
        let at = bytes::index(index);
        if !at.is_multiple_of(CELL_ALIGN) {
            return 0;
        }
        self.states.get(at / CELL_ALIGN).copied().unwrap_or(0)
    }

    fn set(&mut self, index: u32, bits: u8) {
        let at = bytes::index(index);
        if at.is_multiple_of(CELL_ALIGN)
            && let Some(state) = self.states.get_mut(at / CELL_ALIGN)
        {
            *state |= bits;
        }
    }
}

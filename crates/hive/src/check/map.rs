//! Which cells exist and which have an owner: two bits for every eight bytes of the hive bins area.
//!
//! Invariants: memory is a 32nd of the area, whatever stands in it; only cells that the walk
//! through the bins met are cells, however much other bytes look like one; only an allocated cell
//! has an owner.
//! Absent on purpose: what a cell holds and what its owner is.

use crate::bytes;
use crate::format::{CELL_ALIGN, NIL};
use std::fmt;

const NOTHING: u8 = 0;
const FREE: u8 = 1;
const ALLOCATED: u8 = 2;
const OWNED: u8 = 3;
/// The bits of one state.
const MASK: u8 = 3;
/// States in one byte.
const PACKED: usize = 4;

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
            states: vec![0; (len / CELL_ALIGN).div_ceil(PACKED)],
        }
    }

    /// Notes that a cell starts at `at`, a multiple of 8.
    pub(super) fn add(&mut self, at: usize, allocated: bool) {
        self.set(at / CELL_ALIGN, if allocated { ALLOCATED } else { FREE });
    }

    /// Whether `index` is that of an allocated cell.
    pub(super) fn find(&self, index: u32) -> Result<(), NoCell> {
        match self.state(index) {
            _ if index == NIL => Err(NoCell::Nil),
            _ if index & 0x8000_0000 != 0 => Err(NoCell::Volatile(index)),
            ALLOCATED | OWNED => Ok(()),
            FREE => Err(NoCell::Free(index)),
            _ => Err(NoCell::Elsewhere(index)),
        }
    }

    /// Gives the allocated cell an owner; `false` when it has one already.
    pub(super) fn own(&mut self, index: u32) -> bool {
        let state = self.state(index);
        if state == ALLOCATED {
            self.set(bytes::index(index) / CELL_ALIGN, OWNED);
        }
        state != OWNED
    }

    /// Whether the cell has an owner.
    pub(super) fn is_owned(&self, index: u32) -> bool {
        self.state(index) == OWNED
    }

    /// The allocated cells without an owner.
    pub(super) fn orphans(&self) -> impl Iterator<Item = usize> + '_ {
        let places = 0..self.states.len().saturating_mul(PACKED);
        places
            .filter(|&place| self.at(place) == ALLOCATED)
            .map(|place| place * CELL_ALIGN)
    }

    fn state(&self, index: u32) -> u8 {
        let at = bytes::index(index);
        if at.is_multiple_of(CELL_ALIGN) {
            self.at(at / CELL_ALIGN)
        } else {
            NOTHING
        }
    }

    fn at(&self, place: usize) -> u8 {
        let packed = self.states.get(place / PACKED).copied().unwrap_or(0);
        packed >> shift(place) & MASK
    }

    /// States only gain bits: nothing becomes a cell, an allocated cell becomes one with an owner.
    fn set(&mut self, place: usize, state: u8) {
        if let Some(packed) = self.states.get_mut(place / PACKED) {
            *packed |= state << shift(place);
        }
    }
}

/// Where in its byte a state stands.
fn shift(place: usize) -> usize {
    place % PACKED * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_keep_their_states() {
        let mut map = CellMap::new(72);
        for (place, allocated) in [(0, true), (1, false), (2, true), (4, true), (8, true)] {
            map.add(place * CELL_ALIGN, allocated);
        }
        assert_eq!(map.find(8), Err(NoCell::Free(8)));
        assert_eq!(map.find(24), Err(NoCell::Elsewhere(24)));
        assert_eq!(map.find(20), Err(NoCell::Elsewhere(20)));
        assert_eq!(map.find(4096), Err(NoCell::Elsewhere(4096)));
        assert!(map.own(16) && !map.own(16) && map.own(64));
        assert!(map.is_owned(16) && !map.is_owned(0) && map.find(16).is_ok());
        // What is no allocated cell does not become one.
        assert!(map.own(24) && map.own(8));
        assert_eq!(map.find(24), Err(NoCell::Elsewhere(24)));
        assert_eq!(map.find(8), Err(NoCell::Free(8)));
        assert!(map.orphans().eq([0, 32]));
    }
}

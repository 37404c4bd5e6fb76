//! Lays out cells in hive bins, as a kernel that never frees anything would.
//!
//! Invariants: bins are multiples of 4 KiB, cells of 8 bytes, cells above 16 KiB powers of two;
//! bins tile the area, cells tile their bin, and no two free cells touch. Absent: freeing.

use crate::bytes::{put, put_u32, put_u64};

const BIN_HEADER: usize = 32;
const PAGE: usize = 4096;

/// Bytes a cell takes for a payload, its own size field included.
pub(crate) fn cell_size(payload: usize) -> usize {
    let size = (payload + 4).next_multiple_of(8);
    if size > 16 * 1024 {
        size.next_power_of_two()
    } else {
        size
    }
}

/// A run of bytes no cell uses yet.
#[derive(Debug, Clone, Copy)]
struct Run {
    at: usize,
    len: usize,
}

/// The growing hive bins area.
#[derive(Debug)]
pub(crate) struct Cells {
    area: Vec<u8>,
    runs: Vec<Run>,
    holes: Option<u64>,
}

impl Cells {
    /// An empty area; with a seed, free cells are left between allocated ones.
    pub(crate) fn new(holes: Option<u64>) -> Self {
        Self {
            area: Vec::new(),
            runs: Vec::new(),
            holes,
        }
    }

    /// Takes a cell for a payload and gives its index.
    pub(crate) fn allocate(&mut self, payload: usize) -> u32 {
        let size = cell_size(payload);
        let hole = self.next_hole();
        let fits = |run: &Run| run.len >= size + hole;
        let index = match self.runs.iter().position(fits) {
            Some(index) => index,
            None => self.add_bin(size + hole),
        };
        let Some(run) = self.runs.get_mut(index) else {
            return u32::MAX;
        };
        let (free, at) = (run.at, run.at + hole);
        run.at = at + size;
        run.len -= hole + size;
        if run.len == 0 {
            self.runs.remove(index);
        }
        if hole > 0 {
            put_u32(&mut self.area, free, hole as u32);
        }
        put_u32(&mut self.area, at, (size as u32).wrapping_neg());
        at as u32
    }

    /// Takes a cell that holds exactly `payload`.
    pub(crate) fn store(&mut self, payload: &[u8]) -> u32 {
        let cell = self.allocate(payload.len());
        self.write(cell, payload);
        cell
    }

    /// Writes a payload into a cell taken before.
    pub(crate) fn write(&mut self, cell: u32, payload: &[u8]) {
        put(&mut self.area, cell as usize + 4, payload);
    }

    /// Adds wholly free bins until the area has at least `bytes` bytes.
    pub(crate) fn grow_to(&mut self, bytes: usize) {
        while self.area.len() < bytes {
            self.add_bin(PAGE - BIN_HEADER);
        }
    }

    /// Closes the area: what is left in each bin becomes a free cell.
    pub(crate) fn finish(mut self, first_bin_time: u64) -> Vec<u8> {
        for run in &self.runs {
            put_u32(&mut self.area, run.at, run.len as u32);
        }
        put_u64(&mut self.area, 20, first_bin_time);
        self.area
    }

    fn add_bin(&mut self, size: usize) -> usize {
        let at = self.area.len();
        let len = (size + BIN_HEADER).next_multiple_of(PAGE);
        self.area.resize(at + len, 0);
        put(&mut self.area, at, b"hbin");
        put_u32(&mut self.area, at + 4, at as u32);
        put_u32(&mut self.area, at + 8, len as u32);
        self.runs.push(Run {
            at: at + BIN_HEADER,
            len: len - BIN_HEADER,
        });
        self.runs.len() - 1
    }

    /// Size of the free cell to leave before the next cell; the first cell stays at 0x20.
    fn next_hole(&mut self) -> usize {
        let Some(state) = &mut self.holes else {
            return 0;
        };
        if self.area.is_empty() {
            return 0;
        }
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        if *state % 4 == 0 {
            8 + (*state >> 32) as usize % 16 * 8
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::read_u32;

    #[test]
    fn sizes_are_rounded_as_the_kernel_does() {
        assert_eq!(cell_size(1), 8);
        assert_eq!(cell_size(4), 8);
        assert_eq!(cell_size(5), 16);
        assert_eq!(cell_size(16_344), 16_352);
        assert_eq!(cell_size(16_380), 16_384);
        assert_eq!(cell_size(16_381), 32_768);
        assert_eq!(cell_size(20_000), 32_768);
    }

    #[test]
    fn bins_are_filled_and_their_tails_used() {
        let mut cells = Cells::new(None);
        assert_eq!(cells.allocate(76), 32);
        assert_eq!(cells.allocate(4060), 4096 + 32);
        assert_eq!(cells.allocate(20), 112);
        let area = cells.finish(9);
        assert_eq!(area.len(), 8192);
        assert_eq!(read_u32(&area, 136), Some(4096 - 136));
        assert_eq!(read_u32(&area, 4096 + 8), Some(4096));
        assert_eq!(read_u32(&area, 20), Some(9));
    }
}

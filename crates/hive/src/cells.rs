//! The cells of a hive under edit: allocate, write, resize, free.
//!
//! Invariants: cells tile every bin; no two free cells touch inside a bin; what is split off is a
//! free cell at once; every changed byte is remembered until [`Cells::keep`], so that a failed
//! operation leaves the image as it was. Absent on purpose: what cells mean.

use crate::bytes;
use crate::edit::EditError;
use crate::error::{CellOffset, ReadError};
use crate::format::{
    BASE_BLOCK_LEN, BIG_CELL, BIN_HEADER_LEN, BaseBlock, CELL_ALIGN, HiveBin, MAX_BINS_SIZE,
    PAGE_LEN,
};
use crate::hive::Hive;
use std::collections::{BTreeMap, BTreeSet};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A hive's image, its free cells, and what the operation at work has changed so far.
#[derive(Debug)]
pub(crate) struct Cells {
    hive: Hive,
    /// Free cells, offset to length.
    free: BTreeMap<u32, u32>,
    /// The same by (length, offset), for the best fit.
    by_size: BTreeSet<(u32, u32)>,
    /// Where bins begin, and the end of the last one.
    bins: BTreeSet<u32>,
    /// Overwritten bytes of this operation: file offset and what stood there.
    trail: Vec<(usize, Vec<u8>)>,
    /// Length of the file before this operation.
    start_len: usize,
}

impl Cells {
    /// Maps the free cells of a hive whose bins are sound.
    ///
    /// # Errors
    /// When bins or cells do not tile the hive bins area.
    pub(crate) fn new(hive: Hive) -> Result<Cells, EditError> {
        let start_len = hive.bytes().len();
        let mut cells = Cells {
            hive,
            free: BTreeMap::new(),
            by_size: BTreeSet::new(),
            bins: BTreeSet::new(),
            trail: Vec::new(),
            start_len,
        };
        cells.map()?;
        Ok(cells)
    }

    pub(crate) fn hive(&self) -> &Hive {
        &self.hive
    }

    pub(crate) fn into_hive(self) -> Hive {
        self.hive
    }

    /// Makes the changes of this operation permanent.
    pub(crate) fn keep(&mut self) {
        self.trail.clear();
        self.start_len = self.hive.bytes().len();
    }

    /// Takes the changes of this operation back.
    pub(crate) fn revert(&mut self) -> Result<(), EditError> {
        for (at, old) in std::mem::take(&mut self.trail).into_iter().rev() {
            bytes::put(self.hive.file_mut(), at, &old);
        }
        self.hive.file_mut().truncate(self.start_len);
        self.free.clear();
        self.by_size.clear();
        self.bins.clear();
        self.map()
    }

    /// A zeroed cell with room for `len` bytes of payload.
    ///
    /// # Errors
    /// [`EditError::Full`] when the hive would pass 2 GiB.
    pub(crate) fn alloc(&mut self, len: usize) -> Result<CellOffset, EditError> {
        let total = cell_len(len).ok_or(EditError::Full)?;
        let fit = self.by_size.range((total, 0)..).next().copied();
        let (size, at) = match fit {
            Some(found) => found,
            None => self.add_bin(total)?,
        };
        self.unlist(at);
        if size > total {
            self.list_free(at + total, size - total)?;
        }
        self.set_size(at, total, true)?;
        self.fill_zero(bins_at(at + 4), bytes::index(total - 4))?;
        Ok(CellOffset(at))
    }

    /// Gives an allocated cell back, joined with free neighbours in its bin.
    ///
    /// # Errors
    /// When there is no such cell.
    pub(crate) fn free(&mut self, at: CellOffset) -> Result<(), EditError> {
        let len = self.len(at)?;
        self.release(at.0, len)
    }

    /// Cuts an allocated cell down to `len` bytes of payload, if that frees anything.
    ///
    /// # Errors
    /// When there is no such cell.
    pub(crate) fn shrink(&mut self, at: CellOffset, len: usize) -> Result<(), EditError> {
        let have = self.len(at)?;
        let want = cell_len(len).ok_or(EditError::Full)?;
        if want < have {
            self.set_size(at.0, want, true)?;
            self.release(at.0 + want, have - want)?;
        }
        Ok(())
    }

    /// Bytes of payload that fit the cell.
    ///
    /// # Errors
    /// When there is no such cell.
    pub(crate) fn capacity(&self, at: CellOffset) -> Result<usize, EditError> {
        Ok(self.hive.cell(at)?.len())
    }

    /// Writes into a cell's payload.
    ///
    /// # Errors
    /// When the bytes do not fit the cell.
    pub(crate) fn put(&mut self, at: CellOffset, from: usize, new: &[u8]) -> Result<(), EditError> {
        let found = self.capacity(at)?;
        let needed = from.saturating_add(new.len());
        if needed > found {
            return Err(ReadError::Short {
                at,
                what: "an edit",
                needed,
                found,
            }
            .into());
        }
        self.overwrite(bins_at(at.0).saturating_add(4).saturating_add(from), new)
    }

    /// Changes the structure at the start of a cell.
    ///
    /// # Errors
    /// When the cell is too short for it.
    pub(crate) fn update<T>(
        &mut self,
        at: CellOffset,
        change: impl FnOnce(&mut T),
    ) -> Result<(), EditError>
    where
        T: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy,
    {
        let payload = self.hive.cell(at)?;
        let short = ReadError::Short {
            at,
            what: "a structure",
            needed: size_of::<T>(),
            found: payload.len(),
        };
        let mut fixed = *bytes::view::<T>(payload, 0).ok_or(short)?;
        change(&mut fixed);
        self.put(at, 0, fixed.as_bytes())
    }

    /// Changes the base block; the checksum is the commit's business.
    pub(crate) fn update_base(
        &mut self,
        change: impl FnOnce(&mut BaseBlock),
    ) -> Result<(), EditError> {
        let mut base = *self.hive.base();
        change(&mut base);
        self.overwrite(0, base.as_bytes())
    }

    /// Length of an allocated cell with its size field.
    fn len(&self, at: CellOffset) -> Result<u32, EditError> {
        let payload = self.hive.cell(at)?.len();
        u32::try_from(payload + 4).map_err(|_| EditError::Full)
    }

    fn overwrite(&mut self, at: usize, new: &[u8]) -> Result<(), EditError> {
        let old = bytes::slice(self.hive.bytes(), at, new.len())
            .ok_or(EditError::Damaged)?
            .to_vec();
        if old != new {
            bytes::put(self.hive.file_mut(), at, new).ok_or(EditError::Damaged)?;
            self.trail.push((at, old));
        }
        Ok(())
    }

    fn fill_zero(&mut self, at: usize, len: usize) -> Result<(), EditError> {
        let old = bytes::slice(self.hive.bytes(), at, len)
            .ok_or(EditError::Damaged)?
            .to_vec();
        bytes::zero(self.hive.file_mut(), at, len).ok_or(EditError::Damaged)?;
        self.trail.push((at, old));
        Ok(())
    }

    fn set_size(&mut self, at: u32, len: u32, allocated: bool) -> Result<(), EditError> {
        let size = len.cast_signed();
        let size = if allocated { -size } else { size };
        self.overwrite(bins_at(at), &size.to_le_bytes())
    }

    /// Frees `len` bytes at `at` and joins them with what is free beside them.
    fn release(&mut self, at: u32, len: u32) -> Result<(), EditError> {
        let (mut start, mut end) = (at, at + len);
        if !self.bins.contains(&end)
            && let Some(&right) = self.free.get(&end)
        {
            self.unlist(end);
            end += right;
        }
        // A free cell of the bin before never ends here: this bin's header lies between.
        let left = self
            .free
            .range(..start)
            .next_back()
            .map(|(&at, &len)| (at, len));
        if let Some((left_at, left_len)) = left
            && left_at + left_len == start
        {
            self.unlist(left_at);
            start = left_at;
        }
        self.list_free(start, end - start)
    }

    fn list_free(&mut self, at: u32, len: u32) -> Result<(), EditError> {
        self.set_size(at, len, false)?;
        self.free.insert(at, len);
        self.by_size.insert((len, at));
        Ok(())
    }

    fn unlist(&mut self, at: u32) {
        if let Some(len) = self.free.remove(&at) {
            self.by_size.remove(&(len, at));
        }
    }

    /// Appends a bin with one free cell of at least `total` bytes: (length, offset) of the cell.
    fn add_bin(&mut self, total: u32) -> Result<(u32, u32), EditError> {
        let header = u32::try_from(BIN_HEADER_LEN).map_err(|_| EditError::Full)?;
        let page = u32::try_from(PAGE_LEN).map_err(|_| EditError::Full)?;
        let at = self.hive.base().bins_size.get();
        let size = total
            .checked_add(header)
            .map(|len| len.next_multiple_of(page));
        let end = size
            .and_then(|size| at.checked_add(size))
            .filter(|&end| end <= MAX_BINS_SIZE);
        let (Some(size), Some(end)) = (size, end) else {
            return Err(EditError::Full);
        };
        if self.hive.bytes().len() < bins_at(end) {
            self.hive.file_mut().resize(bins_at(end), 0);
        }
        self.update_base(|base| base.bins_size.set(end))?;
        self.fill_zero(bins_at(at), bytes::index(size))?;
        let bin = HiveBin {
            signature: *b"hbin",
            offset: at.into(),
            size: size.into(),
            reserved: [0; 8],
            last_written: 0.into(),
            spare: 0.into(),
        };
        self.overwrite(bins_at(at), bin.as_bytes())?;
        self.bins.insert(end);
        self.list_free(at + header, size - header)?;
        Ok((size - header, at + header))
    }

    /// Reads bins and cells from the image.
    fn map(&mut self) -> Result<(), EditError> {
        let mut at = 0;
        let area = self.hive.bins();
        while at < area.len() {
            let bin: &HiveBin = bytes::view(area, at).ok_or(EditError::Damaged)?;
            let size = bytes::index(bin.size.get());
            if &bin.signature != b"hbin" || size == 0 || !size.is_multiple_of(PAGE_LEN) {
                return Err(EditError::Damaged);
            }
            let content = bytes::slice(area, at, size).ok_or(EditError::Damaged)?;
            let mut cell = BIN_HEADER_LEN;
            while cell < size {
                let stored = bytes::u32_at(content, cell)
                    .ok_or(EditError::Damaged)?
                    .cast_signed();
                let len = stored.unsigned_abs();
                if len == 0 || !bytes::index(len).is_multiple_of(CELL_ALIGN) {
                    return Err(EditError::Damaged);
                }
                if stored > 0 {
                    let place = u32::try_from(at + cell).map_err(|_| EditError::Full)?;
                    self.free.insert(place, len);
                    self.by_size.insert((len, place));
                }
                cell += bytes::index(len);
            }
            at += size;
            self.bins
                .insert(u32::try_from(at).map_err(|_| EditError::Full)?);
        }
        Ok(())
    }
}

/// File offset of an offset in the hive bins area.
fn bins_at(at: u32) -> usize {
    BASE_BLOCK_LEN.saturating_add(bytes::index(at))
}

/// Length of the cell for `len` bytes of payload: a multiple of 8, above 16 KiB a power of two.
fn cell_len(len: usize) -> Option<u32> {
    let total = len.checked_add(4)?.checked_next_multiple_of(CELL_ALIGN)?;
    let total = if total > BIG_CELL {
        total.checked_next_power_of_two()?
    } else {
        total
    };
    u32::try_from(total)
        .ok()
        .filter(|&total| total <= MAX_BINS_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_of_operations_keeps_the_cells_in_order() {
        let mut cells = small();
        let mut seed = 1_u64;
        let mut roll = |end: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 40).unwrap() % end
        };
        let mut taken: Vec<CellOffset> = Vec::new();
        for turn in 0..4000 {
            let before = (cells.hive.bytes().to_vec(), taken.clone());
            match roll(5) {
                0 | 1 => {
                    let len = [roll(40), roll(600), roll(5000), roll(40_000)][roll(4)];
                    let at = cells.alloc(len).unwrap();
                    assert!(cells.capacity(at).unwrap() >= len);
                    assert!(cells.hive.cell(at).unwrap().iter().all(|&byte| byte == 0));
                    let len = cells.capacity(at).unwrap();
                    cells.put(at, 0, &vec![0xCC; len]).unwrap();
                    taken.push(at);
                }
                2 | 3 if !taken.is_empty() => {
                    let at = taken.swap_remove(roll(taken.len()));
                    cells.free(at).unwrap();
                }
                4 if !taken.is_empty() => {
                    let at = taken[roll(taken.len())];
                    let len = cells.capacity(at).unwrap();
                    cells.shrink(at, roll(len + 1)).unwrap();
                }
                _ => {}
            }
            in_order(&cells);
            if turn % 3 == 0 {
                cells.revert().unwrap();
                assert!(cells.hive.bytes() == before.0);
                in_order(&cells);
                taken = before.1;
            } else {
                cells.keep();
            }
        }
        for at in taken {
            cells.free(at).unwrap();
        }
        in_order(&cells);
    }

    fn small() -> Cells {
        let mut hive = testkit::HiveBuilder::new();
        hive.trailing = 5000;
        Cells::new(Hive::open(hive.build()).unwrap()).unwrap()
    }

    /// The map of free cells is what stands in the image, and no two of them touch.
    fn in_order(cells: &Cells) {
        let fresh = Cells::new(cells.hive.clone()).unwrap();
        assert_eq!(cells.free, fresh.free);
        assert_eq!(cells.by_size, fresh.by_size);
        assert_eq!(cells.bins, fresh.bins);
        for (&at, &len) in &cells.free {
            let next = at + len;
            assert!(cells.bins.contains(&next) || !cells.free.contains_key(&next));
        }
    }

    #[test]
    fn cells_round_as_the_kernel_rounds() {
        assert_eq!(cell_len(0), Some(8));
        assert_eq!(cell_len(4), Some(8));
        assert_eq!(cell_len(5), Some(16));
        assert_eq!(cell_len(16_380), Some(16_384));
        assert_eq!(cell_len(16_381), Some(32_768));
        assert_eq!(cell_len(usize::MAX), None);
    }
}

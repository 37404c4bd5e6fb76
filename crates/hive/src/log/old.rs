//! Transaction logs of the old format (`DIRT`, Windows up to 8.0): read, replay, write.
//!
//! Invariants: the bitmap has one bit for each 512 bytes of the hive bins area, and the pages
//! start at the sector behind it, wherever that is; a log that is cut short is not applied.
//! Absent on purpose: which log wins (see [`mod@crate::recover`]).

use super::{SECTOR, set_header, usable};
use crate::bytes;
use crate::format::{BASE_BLOCK_LEN, BaseBlock, FileType, HEADER_LEN, HiveBin, PAGE_LEN};

/// Stands in front of the bitmap.
const SIGNATURE: &[u8; 4] = b"DIRT";
/// Where the bitmap begins.
const BITMAP: usize = HEADER_LEN + SIGNATURE.len();

/// Whether an old-format log belongs to a primary: both carry the same time stamp. When the
/// primary's header is bad, its first bin's stands in.
pub fn fits(primary: &[u8], header_is_good: bool, log: &[u8]) -> bool {
    let stamp = if header_is_good {
        bytes::view::<BaseBlock>(primary, 0).map(|base| base.last_written)
    } else {
        bytes::view::<HiveBin>(primary, BASE_BLOCK_LEN)
            .filter(|bin| &bin.signature == b"hbin")
            .map(|bin| bin.last_written)
    };
    let base = usable(log).filter(|base| {
        matches!(
            FileType(base.file_type.get()),
            FileType::LOG_OLD | FileType::LOG_OLDEST
        )
    });
    base.is_some_and(|base| stamp == Some(base.last_written))
}

/// Replays an old-format log: the hive with the log's header, type 0. `None`: it is cut short, or
/// names a size its pages do not bear out.
pub fn replay(primary: &[u8], log: &[u8]) -> Option<Vec<u8>> {
    let base = usable(log)?;
    let bins = bytes::index(base.bins_size.get());
    if bins == 0
        || !bins.is_multiple_of(PAGE_LEN)
        || bytes::slice(log, HEADER_LEN, SIGNATURE.len())? != SIGNATURE
    {
        return None;
    }
    let bitmap = bytes::slice(log, BITMAP, bins / PAGE_LEN)?;
    let mut from = (BITMAP + bitmap.len()).next_multiple_of(SECTOR);
    // The log must hold every page its bitmap names before a hive of its size is made.
    let named: usize = bitmap.iter().map(|byte| byte.count_ones() as usize).sum();
    let held = named.checked_mul(SECTOR)?;
    bytes::slice(log, from, held)?;
    let mut image = primary.to_vec();
    if image.len() < BASE_BLOCK_LEN + bins {
        // New pages come with the log: a length they do not bear out is not believed.
        if BASE_BLOCK_LEN + bins - image.len() > held {
            return None;
        }
        image.resize(BASE_BLOCK_LEN + bins, 0);
    }
    for (place, byte) in bitmap.iter().enumerate() {
        for bit in (0..8).filter(|bit| byte & (1 << bit) != 0) {
            let sector = bytes::slice(log, from, SECTOR)?;
            bytes::put(
                &mut image,
                BASE_BLOCK_LEN + (place * 8 + bit) * SECTOR,
                sector,
            )?;
            from += SECTOR;
        }
    }
    bytes::put(&mut image, 0, bytes::slice(log, 0, HEADER_LEN)?)?;
    set_header(&mut image, |base| base.file_type.set(FileType::PRIMARY.0))?;
    Some(image)
}

/// A whole old-format log: the header with both numbers `sequence`, and `pages` of `bins`
/// (offsets in the hive bins area, ascending).
pub(crate) fn encode(
    header: &[u8],
    sequence: u32,
    bins: &[u8],
    pages: &[usize],
) -> Option<Vec<u8>> {
    let mut log = bytes::slice(header, 0, HEADER_LEN)?.to_vec();
    let size = u32::try_from(bins.len()).ok()?;
    set_header(&mut log, |base| {
        base.file_type.set(FileType::LOG_OLD.0);
        base.primary_sequence.set(sequence);
        base.secondary_sequence.set(sequence);
        base.bins_size.set(size);
    })?;
    log.extend(SIGNATURE);
    let mut bitmap = vec![0_u8; bins.len() / PAGE_LEN];
    for page in pages {
        // Eight sectors a page: one byte of the bitmap.
        *bitmap.get_mut(page / PAGE_LEN)? = 0xFF;
    }
    log.extend(bitmap);
    log.resize(log.len().next_multiple_of(SECTOR), 0);
    for &page in pages {
        log.extend(bytes::slice(bins, page, PAGE_LEN)?);
    }
    Some(log)
}

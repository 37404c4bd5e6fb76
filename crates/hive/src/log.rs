//! Transaction logs of the new format (`HvLE`, Windows 8.1 and later): read, replay, write.
//!
//! Invariants: an entry counts only when both hashes hold, its length is possible and its runs
//! lie inside the area; numbers are compared modulo 2^32; the chain ends at the first entry that
//! does not fit. Absent on purpose: replaying the old format (`DIRT`); of such a log only the
//! header is read.

use crate::bytes;
use crate::format::{
    BASE_BLOCK_LEN, BaseBlock, BaseFlags, FileType, HEADER_LEN, LogEntryHeader, MAX_BINS_SIZE,
    PAGE_LEN, PageRun,
};
use crate::hive::checksum;
use zerocopy::IntoBytes;

/// Entries and logs begin at multiples of this.
const SECTOR: usize = 512;
/// The fixed seed of the two hashes.
const MARVIN_SEED: u64 = 0x82EF_4D88_7A4E_55C5;

/// The two formats of transaction logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Windows up to 8.0.
    Old,
    /// Windows 8.1 and later.
    New,
}

/// One valid entry of a new-format log.
#[derive(Clone, Debug)]
pub struct Entry<'l> {
    /// Its sequence number.
    pub sequence: u32,
    /// Where it begins in the log.
    pub offset: usize,
    /// Where it ends in the log.
    pub end: usize,
    /// Length of the hive bins area after it.
    pub bins_size: u32,
    /// Bit 0 of the base block's flags after it.
    pub pending_transactions: bool,
    /// Offsets in the hive bins area, each with the bytes that belong there.
    pub pages: Vec<(usize, &'l [u8])>,
}

/// The format of a log whose header is usable: signature, checksum, equal sequence numbers.
pub fn format_of(log: &[u8]) -> Option<LogFormat> {
    match FileType(usable(log)?.file_type.get()) {
        FileType::LOG_NEW => Some(LogFormat::New),
        FileType::LOG_OLD | FileType::LOG_OLDEST => Some(LogFormat::Old),
        _ => None,
    }
}

/// The header of a log, when everything about it is as it should be.
fn usable(log: &[u8]) -> Option<&BaseBlock> {
    let base: &BaseBlock = bytes::view(log, 0)?;
    let sound = &base.signature == b"regf"
        && base.checksum.get() == checksum(log)
        && base.primary_sequence == base.secondary_sequence
        && base.major.get() == 1
        && (3..=6).contains(&base.minor.get())
        && base.file_format.get() == 1;
    sound.then_some(base)
}

/// Whether `a` is before `b`, modulo 2^32; a distance of 2^31 counts as before.
pub fn before(a: u32, b: u32) -> bool {
    a != b && b.wrapping_sub(a) <= 1 << 31
}

/// The entries of a usable new-format log, from its first on, without remnants of earlier rounds.
pub fn chain(log: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let Some(base) = usable(log) else {
        return entries;
    };
    if FileType(base.file_type.get()) != FileType::LOG_NEW {
        return entries;
    }
    let (mut at, mut wanted) = (HEADER_LEN, base.primary_sequence.get());
    while let Some(entry) = entry_at(log, at).filter(|entry| entry.sequence == wanted) {
        at = entry.end;
        wanted = wanted.wrapping_add(1);
        entries.push(entry);
    }
    entries
}

/// Every sequence number a log can make a reader believe in: its header's, if the header is
/// usable, and those of all valid entries at any place, remnants included.
pub fn sequences(log: &[u8]) -> Vec<u32> {
    let mut found: Vec<u32> = usable(log)
        .map(|base| base.primary_sequence.get())
        .into_iter()
        .collect();
    let mut at = HEADER_LEN;
    while at < log.len() {
        match entry_at(log, at) {
            Some(entry) => {
                found.push(entry.sequence);
                at = entry.end;
            }
            None => at += SECTOR,
        }
    }
    found
}

/// The valid entry at `offset`.
fn entry_at(log: &[u8], offset: usize) -> Option<Entry<'_>> {
    let head: &LogEntryHeader = bytes::view(log, offset)?;
    let size = bytes::index(head.size.get());
    if &head.signature != b"HvLE" || !size.is_multiple_of(SECTOR) {
        return None;
    }
    let whole = bytes::slice(log, offset, size)?;
    let bins = bytes::index(head.bins_size.get());
    if bins == 0 || !bins.is_multiple_of(PAGE_LEN) || head.bins_size.get() > MAX_BINS_SIZE {
        return None;
    }
    let body = bytes::tail(whole, size_of::<LogEntryHeader>())?;
    if head.hash1.get() != marvin32(body)
        || head.hash2.get() != marvin32(bytes::slice(whole, 0, 32)?)
    {
        return None;
    }
    Some(Entry {
        sequence: head.sequence.get(),
        offset,
        end: offset + size,
        bins_size: head.bins_size.get(),
        pending_transactions: head.flags.get() & BaseFlags::PENDING_TRANSACTIONS.bits() != 0,
        pages: pages(body, bytes::index(head.run_count.get()), bins)?,
    })
}

fn pages(body: &[u8], count: usize, bins: usize) -> Option<Vec<(usize, &[u8])>> {
    let mut at = count
        .checked_mul(size_of::<PageRun>())
        .filter(|&len| len <= body.len())?;
    let mut pages = Vec::with_capacity(count);
    for index in 0..count {
        let run: &PageRun = bytes::view(body, index * size_of::<PageRun>())?;
        let (offset, size) = (bytes::index(run.offset.get()), bytes::index(run.size.get()));
        let inside = offset.checked_add(size).is_some_and(|end| end <= bins);
        if !inside || !offset.is_multiple_of(PAGE_LEN) || !size.is_multiple_of(PAGE_LEN) {
            return None;
        }
        pages.push((offset, bytes::slice(body, at, size)?));
        at += size;
    }
    Some(pages)
}

/// What replaying logs over a dirty primary gave.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The hive, its header as after recovery: both numbers one above the last entry.
    pub image: Vec<u8>,
    /// Sequence number of the last entry applied.
    pub last: u32,
    /// Which of the given logs holds it.
    pub log: usize,
    /// Where it ends there.
    pub end: usize,
}

/// Replays new-format logs over a dirty primary whose header is good. `None`: nothing fits.
pub fn replay(primary: &[u8], logs: &[&[u8]]) -> Option<Replayed> {
    let secondary = bytes::view::<BaseBlock>(primary, 0)?
        .secondary_sequence
        .get();
    let mut chains: Vec<(usize, Vec<Entry<'_>>)> = logs
        .iter()
        .enumerate()
        .map(|(index, log)| (index, chain(log)))
        .filter(|(_, entries)| {
            entries
                .first()
                .is_some_and(|first| !before(first.sequence, secondary))
        })
        .collect();
    chains.sort_by_key(|(_, entries)| {
        entries
            .first()
            .map(|first| first.sequence.wrapping_sub(secondary))
    });
    let mut done: Option<Replayed> = None;
    for (log, entries) in chains {
        for entry in entries {
            let follows = done
                .as_ref()
                .is_none_or(|done| entry.sequence == done.last.wrapping_add(1));
            if !follows {
                break;
            }
            let mut image = done
                .take()
                .map_or_else(|| primary.to_vec(), |done| done.image);
            apply(&mut image, &entry)?;
            done = Some(Replayed {
                image,
                last: entry.sequence,
                log,
                end: entry.end,
            });
        }
    }
    let mut done = done?;
    let next = done.last.wrapping_add(1);
    set_header(&mut done.image, |base| {
        base.primary_sequence.set(next);
        base.secondary_sequence.set(next);
    })?;
    Some(done)
}

fn apply(image: &mut Vec<u8>, entry: &Entry<'_>) -> Option<()> {
    let end = BASE_BLOCK_LEN.checked_add(bytes::index(entry.bins_size))?;
    if image.len() < end {
        image.resize(end, 0);
    }
    for &(offset, page) in &entry.pages {
        bytes::put(image, BASE_BLOCK_LEN.checked_add(offset)?, page)?;
    }
    set_header(image, |base| {
        base.bins_size.set(entry.bins_size);
        let bit = BaseFlags::PENDING_TRANSACTIONS.bits();
        let flags = base.flags.get() & !bit;
        base.flags.set(if entry.pending_transactions {
            flags | bit
        } else {
            flags
        });
    })
}

/// Changes a base block and gives it its checksum again.
pub(crate) fn set_header(file: &mut [u8], change: impl FnOnce(&mut BaseBlock)) -> Option<()> {
    change(bytes::view_mut(file, 0)?);
    let sum = checksum(file);
    bytes::view_mut::<BaseBlock>(file, 0)?.checksum.set(sum);
    Some(())
}

/// The header of a new-format log in front of its first entry.
pub(crate) fn encode_base(primary: &[u8], sequence: u32, bins_size: u32) -> Option<Vec<u8>> {
    let mut log = bytes::slice(primary, 0, HEADER_LEN)?.to_vec();
    set_header(&mut log, |base| {
        base.file_type.set(FileType::LOG_NEW.0);
        base.primary_sequence.set(sequence);
        base.secondary_sequence.set(sequence);
        base.bins_size.set(bins_size);
    })?;
    Some(log)
}

/// One entry that holds `pages` of `bins` (offsets in the hive bins area, ascending), to stand at
/// `offset` of a log; padded so that it ends on a page boundary of the file.
pub(crate) fn encode_entry(
    offset: usize,
    sequence: u32,
    bins: &[u8],
    pages: &[usize],
    pending_transactions: bool,
) -> Option<Vec<u8>> {
    let runs = runs(pages);
    let mut body = Vec::new();
    for &(offset, size) in &runs {
        let run = PageRun {
            offset: u32::try_from(offset).ok()?.into(),
            size: u32::try_from(size).ok()?.into(),
        };
        body.extend(run.as_bytes());
    }
    for &(offset, size) in &runs {
        body.extend(bytes::slice(bins, offset, size)?);
    }
    let head_len = size_of::<LogEntryHeader>();
    let end = (offset + head_len + body.len()).next_multiple_of(PAGE_LEN);
    body.resize(end - offset - head_len, 0);
    let mut head = LogEntryHeader {
        signature: *b"HvLE",
        size: u32::try_from(end - offset).ok()?.into(),
        flags: u32::from(pending_transactions).into(),
        sequence: sequence.into(),
        bins_size: u32::try_from(bins.len()).ok()?.into(),
        run_count: u32::try_from(runs.len()).ok()?.into(),
        hash1: marvin32(&body).into(),
        hash2: 0.into(),
    };
    head.hash2 = marvin32(bytes::slice(head.as_bytes(), 0, 32)?).into();
    Some([head.as_bytes(), &body].concat())
}

/// Joins pages that follow each other.
fn runs(pages: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &page in pages {
        match runs.last_mut() {
            Some((offset, size)) if *offset + *size == page => *size += PAGE_LEN,
            _ => runs.push((page, PAGE_LEN)),
        }
    }
    runs
}

/// Marvin32 with the kernel's seed; all lengths here are multiples of four.
fn marvin32(data: &[u8]) -> u64 {
    let (mut low, mut high) = (
        (MARVIN_SEED & 0xFFFF_FFFF) as u32,
        (MARVIN_SEED >> 32) as u32,
    );
    for dword in bytes::u32s(data).chain([0x80, 0]) {
        low = low.wrapping_add(dword);
        high ^= low;
        low = low.rotate_left(20).wrapping_add(high);
        high = high.rotate_left(9) ^ low;
        low = low.rotate_left(27).wrapping_add(high);
        high = high.rotate_left(19);
    }
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_in_a_circle() {
        assert!(before(1, 2) && !before(2, 1) && !before(7, 7));
        assert!(before(u32::MAX, 0) && !before(0, u32::MAX));
        assert!(before(0, 1 << 31));
    }

    #[test]
    fn an_entry_reads_back_and_ends_on_a_page() {
        let mut bins = vec![0; 4 * PAGE_LEN];
        bins.fill(7);
        let entry = encode_entry(512, 9, &bins, &[0, 4096, 12288], false).unwrap();
        assert_eq!((512 + entry.len()) % PAGE_LEN, 0);
        let log = [vec![0; 512], entry].concat();
        let read = entry_at(&log, 512).unwrap();
        assert_eq!(
            (read.sequence, read.bins_size, read.end),
            (9, 4 * 4096, log.len())
        );
        assert_eq!(read.pages.len(), 2);
        for at in 512..log.len() {
            let mut bad = log.clone();
            bad[at] ^= 1;
            assert!(entry_at(&bad, 512).is_none(), "byte {at} is not covered");
        }
    }
}

//! Transaction logs of the new format (`HvLE`, Windows 8.1 and later): read, replay, write.
//!
//! Invariants: an entry counts only when both hashes hold, its length is possible and its runs
//! lie inside the area; the chain ends at the first entry that does not fit.
//! Absent on purpose: which logs belong to a hive (see [`mod@crate::recover`]).

use super::{LogFormat, SECTOR, before, format_of, set_header, usable};
use crate::bytes;
use crate::format::{
    BASE_BLOCK_LEN, BaseBlock, BaseFlags, FileType, HEADER_LEN, LogEntryHeader, MAX_BINS_SIZE,
    PAGE_LEN, PageRun,
};
use zerocopy::IntoBytes;

/// The fixed seed of the two hashes.
const MARVIN_SEED: u64 = 0x82EF_4D88_7A4E_55C5;

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

/// The valid entry at `offset`.
pub(super) fn entry_at(log: &[u8], offset: usize) -> Option<Entry<'_>> {
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
    /// Sequence number of the first entry applied.
    pub first: u32,
    /// Sequence number of the last entry applied.
    pub last: u32,
    /// Number of entries applied.
    pub entries: usize,
    /// Which of the given logs holds it.
    pub log: usize,
    /// Where it ends there.
    pub end: usize,
}

/// Replays new-format logs over a dirty primary whose header is good. `None`: nothing fits.
pub fn replay(primary: &[u8], logs: &[&[u8]]) -> Option<Replayed> {
    let base: &BaseBlock = bytes::view(primary, 0)?;
    let secondary = base.secondary_sequence.get();
    let mut chains: Vec<(usize, Vec<Entry<'_>>)> = chains(logs)
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
    run(primary.to_vec(), &chains)
}

/// Replays the newest new-format log over a primary whose header is bad; the header comes from
/// the log. `None`: there is no such log, or it holds no entry; an older one is not asked.
pub fn replay_without_header(primary: &[u8], logs: &[&[u8]]) -> Option<Replayed> {
    let number = |log: usize| {
        let base = logs.get(log).and_then(|log| usable(log));
        base.map_or(0, |base| base.primary_sequence.get())
    };
    let newest = logs
        .iter()
        .enumerate()
        .filter(|(_, log)| format_of(log) == Some(LogFormat::New))
        .map(|(log, _)| log)
        .reduce(|best, next| {
            if before(number(best), number(next)) {
                next
            } else {
                best
            }
        })?;
    let content = logs.get(newest)?;
    let mut image = primary.to_vec();
    let header = bytes::slice(content, 0, HEADER_LEN)?;
    if image.len() < BASE_BLOCK_LEN {
        image.resize(BASE_BLOCK_LEN, 0);
    }
    bytes::put(&mut image, 0, header)?;
    set_header(&mut image, |base| base.file_type.set(FileType::PRIMARY.0))?;
    run(image, &[(newest, chain(content))])
}

fn chains<'l>(logs: &[&'l [u8]]) -> impl Iterator<Item = (usize, Vec<Entry<'l>>)> {
    logs.iter().map(|log| chain(log)).enumerate()
}

/// Applies chains one behind the other, as long as the numbers follow.
fn run(mut image: Vec<u8>, chains: &[(usize, Vec<Entry<'_>>)]) -> Option<Replayed> {
    let mut done: Option<(u32, usize, usize)> = None;
    let (mut first, mut count) = (None, 0);
    for (log, entries) in chains {
        for entry in entries {
            if done.is_some_and(|(last, _, _)| entry.sequence != last.wrapping_add(1)) {
                break;
            }
            apply(&mut image, entry)?;
            first = first.or(Some(entry.sequence));
            count += 1;
            done = Some((entry.sequence, *log, entry.end));
        }
    }
    let (last, log, end) = done?;
    let next = last.wrapping_add(1);
    set_header(&mut image, |base| {
        base.primary_sequence.set(next);
        base.secondary_sequence.set(next);
    })?;
    Some(Replayed {
        image,
        first: first?,
        last,
        entries: count,
        log,
        end,
    })
}

fn apply(image: &mut Vec<u8>, entry: &Entry<'_>) -> Option<()> {
    let end = BASE_BLOCK_LEN.checked_add(bytes::index(entry.bins_size))?;
    if image.len() < end {
        // New pages come with the entry: a length they do not bear out is not believed.
        let held: usize = entry.pages.iter().map(|(_, page)| page.len()).sum();
        if end - image.len() > held {
            return None;
        }
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

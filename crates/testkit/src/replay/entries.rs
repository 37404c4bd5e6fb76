//! The entries of a new-format log: parsing, hashes, and the chain that may be applied.
//!
//! Invariants: an entry is used only when both hashes, its sizes and its number are right; the
//! first that is not ends the chain. Absent: remnants behind the chain, which must not be used.

use super::{SECTOR, base_sequence, marvin32};
use crate::bytes::{read_u32, read_u64};

/// An entry and the pages it carries, as offset into the bins area and data.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) flags: u32,
    pub(crate) sequence: u32,
    pub(crate) bins_size: u32,
    pub(crate) pages: Vec<(u32, &'a [u8])>,
}

/// The entries that follow each other from the start of a log.
pub(crate) fn chain(log: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let (mut at, mut expected) = (SECTOR, base_sequence(log));
    while let Some((entry, size)) = log.get(at..).and_then(parse) {
        if entry.sequence != expected {
            break;
        }
        expected = expected.wrapping_add(1);
        at += size;
        entries.push(entry);
    }
    entries
}

/// The entry at the start of `bytes` and its size.
fn parse(bytes: &[u8]) -> Option<(Entry<'_>, usize)> {
    let field = |at| read_u32(bytes, at);
    let size = field(4)? as usize;
    let bins_size = field(16)?;
    let whole = bytes.get(..size)?;
    let well_formed = whole.starts_with(b"HvLE")
        && size >= SECTOR
        && size.is_multiple_of(SECTOR)
        && bins_size > 0
        && bins_size < 1 << 31
        && bins_size.is_multiple_of(4096)
        && read_u64(whole, 24)? == marvin32(whole.get(40..)?)
        && read_u64(whole, 32)? == marvin32(whole.get(..32)?);
    if !well_formed {
        return None;
    }
    let count = field(20)? as usize;
    let mut data = 40usize.checked_add(count.checked_mul(8)?)?;
    let mut pages = Vec::new();
    for run in 0..count {
        let (offset, len) = (
            read_u32(whole, 40 + run * 8)?,
            read_u32(whole, 44 + run * 8)?,
        );
        if !offset.is_multiple_of(4096) || !len.is_multiple_of(4096) {
            return None;
        }
        if offset.checked_add(len)? > bins_size {
            return None;
        }
        let end = data.checked_add(len as usize)?;
        pages.push((offset, whole.get(data..end)?));
        data = end;
    }
    Some((
        Entry {
            flags: field(8)?,
            sequence: field(12)?,
            bins_size,
            pages,
        },
        size,
    ))
}

//! Recovers a hive from its transaction logs the way Windows does when it loads it.
//!
//! Invariants: only entries whose hashes are right are applied, in an unbroken chain; the primary
//! is never changed when nothing can be applied; no input makes it panic. Written independently
//! of the product's replay, to judge it. Absent: healing, KTM logs, writing logs.

mod entries;
mod marvin;
mod old;

use crate::bytes::{fix_checksum, put, put_u32, read_u32, read_u64};
use entries::chain;
pub use marvin::marvin32;

/// Size of the base block in a primary file.
pub(crate) const BASE: usize = 4096;
/// Size of the base block in a log, and its meaningful part in a primary.
pub(crate) const SECTOR: usize = 512;

/// What came out of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The primary needs no recovery; logs were not looked at.
    Clean,
    /// Log entries were applied.
    Recovered,
    /// Recovery is needed and no log gives anything; the image is the primary as it was.
    Unrecoverable,
}

/// A recovered hive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The whole file, with the header as it stands after recovery.
    pub image: Vec<u8>,
    /// Sequence numbers of the entries applied, in order; for an old-format log its own number.
    pub applied: Vec<u32>,
    /// What happened.
    pub state: State,
}

/// Recovers `primary` with the files `.LOG1`, `.LOG2` and `.LOG`, where they exist.
pub fn recover(
    primary: &[u8],
    log1: Option<&[u8]>,
    log2: Option<&[u8]>,
    log: Option<&[u8]>,
) -> Recovered {
    let header = is_header(primary, &[0]);
    let numbers = (read_u32(primary, 4), read_u32(primary, 8));
    if header && numbers.0 == numbers.1 {
        return unchanged(primary, State::Clean);
    }
    let pair: Vec<&[u8]> = [log1, log2]
        .into_iter()
        .flatten()
        .filter(|l| is_log(l))
        .collect();
    let logs = if pair.is_empty() {
        log.into_iter().filter(|l| is_log(l)).collect()
    } else {
        pair
    };
    let (mut new, old): (Vec<&[u8]>, Vec<&[u8]>) = logs
        .into_iter()
        .partition(|log| read_u32(log, 0x1C) == Some(6));
    new.sort_by(|left, right| modular(base_sequence(left), base_sequence(right)));
    let recovered = if header {
        from_entries(primary, &new, numbers.1.unwrap_or(0))
    } else {
        from_newest(primary, &new)
    };
    recovered
        .or_else(|| old::recover(primary, header, &old))
        .unwrap_or_else(|| unchanged(primary, State::Unrecoverable))
}

/// A good header with numbers that differ: all logs that fit, in order.
fn from_entries(primary: &[u8], logs: &[&[u8]], secondary: u32) -> Option<Recovered> {
    let mut image = primary.to_vec();
    let mut applied = Vec::new();
    for log in logs {
        let base = base_sequence(log);
        let next = applied.last().map(|last: &u32| last.wrapping_add(1));
        if is_before(base, secondary) || next.is_some_and(|next| next != base) {
            continue;
        }
        apply_chain(&mut image, log, &mut applied);
    }
    finish(image, applied)
}

/// A bad header: base block and entries of the newest log, and of no other.
fn from_newest(primary: &[u8], logs: &[&[u8]]) -> Option<Recovered> {
    let log = logs.last()?;
    let mut image = primary.to_vec();
    take_header(&mut image, log);
    let mut applied = Vec::new();
    apply_chain(&mut image, log, &mut applied);
    finish(image, applied)
}

fn apply_chain(image: &mut Vec<u8>, log: &[u8], applied: &mut Vec<u32>) {
    for entry in chain(log) {
        let end = BASE + entry.bins_size as usize;
        if image.len() < end {
            image.resize(end, 0);
        }
        for (at, page) in &entry.pages {
            put(image, BASE + *at as usize, page);
        }
        put_u32(image, 0x28, entry.bins_size);
        let flags = read_u32(image, 0x90).unwrap_or(0);
        put_u32(image, 0x90, flags & !1 | entry.flags & 1);
        applied.push(entry.sequence);
    }
}

fn finish(mut image: Vec<u8>, applied: Vec<u32>) -> Option<Recovered> {
    let next = applied.last()?.wrapping_add(1);
    put_u32(&mut image, 4, next);
    put_u32(&mut image, 8, next);
    fix_checksum(&mut image);
    Some(Recovered {
        image,
        applied,
        state: State::Recovered,
    })
}

/// Puts the base block of a log in front of an image, as that of a primary.
pub(crate) fn take_header(image: &mut Vec<u8>, log: &[u8]) {
    if image.len() < BASE {
        image.resize(BASE, 0);
    }
    put(image, 0, log.get(..SECTOR).unwrap_or_default());
    put_u32(image, 0x1C, 0);
    fix_checksum(image);
}

fn unchanged(primary: &[u8], state: State) -> Recovered {
    Recovered {
        image: primary.to_vec(),
        applied: Vec::new(),
        state,
    }
}

/// Whether a file begins with a base block of one of these types that can be relied on.
fn is_header(file: &[u8], types: &[u32]) -> bool {
    let field = |at| read_u32(file, at);
    file.starts_with(b"regf")
        && field(0x1FC) == Some(crate::checksum(file))
        && field(0x14) == Some(1)
        && field(0x18).is_some_and(|minor| (3..=6).contains(&minor))
        && field(0x1C).is_some_and(|kind| types.contains(&kind))
        && field(0x20) == Some(1)
}

fn is_log(log: &[u8]) -> bool {
    is_header(log, &[1, 2, 6]) && read_u32(log, 4) == read_u32(log, 8)
}

pub(crate) fn base_sequence(log: &[u8]) -> u32 {
    read_u32(log, 4).unwrap_or(0)
}

pub(crate) fn timestamp(file: &[u8]) -> u64 {
    read_u64(file, 0x0C).unwrap_or(0)
}

/// Whether a number lies before another, modulo 2^32; a distance of 2^31 and more is "before".
fn is_before(number: u32, other: u32) -> bool {
    number.wrapping_sub(other) >= 1 << 31
}

fn modular(left: u32, right: u32) -> std::cmp::Ordering {
    if left == right {
        std::cmp::Ordering::Equal
    } else if is_before(left, right) {
        std::cmp::Ordering::Less
    } else {
        std::cmp::Ordering::Greater
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap() {
        assert!(is_before(u32::MAX, 0));
        assert!(!is_before(0, u32::MAX));
        assert!(!is_before(7, 7));
        assert!(is_before(1 << 31, 0));
    }
}

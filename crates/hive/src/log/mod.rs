//! Transaction logs: which format one has, its numbers, and the two formats themselves.
//!
//! Invariants: numbers are compared modulo 2^32; a log counts only when its base block is as it
//! should be. Absent on purpose: which logs belong to a hive (see [`mod@crate::recover`]).

mod new;
mod old;

pub use new::{Entry, Replayed, chain, replay, replay_without_header};
pub(crate) use new::{encode_base, encode_entry};
pub(crate) use old::encode as encode_old;
pub use old::{fits as fits_old, replay as replay_old};

use crate::bytes;
use crate::format::{BaseBlock, FileType, HEADER_LEN};
use crate::hive::checksum;

/// Entries and logs begin at multiples of this.
const SECTOR: usize = 512;

/// The two formats of transaction logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Windows up to 8.0.
    Old,
    /// Windows 8.1 and later.
    New,
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
pub(crate) fn usable(log: &[u8]) -> Option<&BaseBlock> {
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

/// Every sequence number a log can make a reader believe in: its header's, if the header is
/// usable, and those of all valid entries at any place, remnants included.
pub fn sequences(log: &[u8]) -> Vec<u32> {
    let mut found: Vec<u32> = usable(log)
        .map(|base| base.primary_sequence.get())
        .into_iter()
        .collect();
    let mut at = HEADER_LEN;
    while at < log.len() {
        match new::entry_at(log, at) {
            Some(entry) => {
                found.push(entry.sequence);
                at = entry.end;
            }
            None => at += SECTOR,
        }
    }
    found
}

/// Changes a base block and gives it its checksum again.
pub(crate) fn set_header(file: &mut [u8], change: impl FnOnce(&mut BaseBlock)) -> Option<()> {
    change(bytes::view_mut(file, 0)?);
    let sum = checksum(file);
    bytes::view_mut::<BaseBlock>(file, 0)?.checksum.set(sum);
    Some(())
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
}

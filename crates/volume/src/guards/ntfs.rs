//! The flags that NTFS keeps about a whole volume.
//!
//! Invariants: read-only; every number of the disk is checked before it is used, and at most one
//! boot sector and one file record are read.
//!
//! Deliberately absent: files, the log, and a record of `$Volume` that is not where it always is.

use super::format::{
    AttributeHeader, BootSector, END, FILE, FIXUP_STRIDE, NTFS, RecordHeader, VOLUME_INFORMATION,
    VOLUME_RECORD, VolumeInformation,
};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
use thiserror::Error;
use zerocopy::FromBytes;

/// The sizes of a sector, a cluster and a record that are believed, in bytes.
const SECTOR: RangeInclusive<u64> = 256..=4096;
const CLUSTER: RangeInclusive<u64> = 256..=2 << 20;
const RECORD: RangeInclusive<u64> = 512..=65536;

/// Why the flags are not known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NtfsError {
    /// The device cannot be read.
    #[error("cannot read the volume")]
    Io(#[from] io::Error),
    /// It is another file system, or none.
    #[error("the boot sector is not that of NTFS")]
    NotNtfs,
    /// Something is not as NTFS has it.
    #[error("{what} is implausible")]
    Implausible {
        /// What.
        what: &'static str,
    },
}

/// The flags of `$Volume`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeFlags(pub u16);

impl VolumeFlags {
    /// Whether Windows will check the volume at its next start.
    #[must_use]
    pub fn is_dirty(self) -> bool {
        self.0 & 1 != 0
    }
}

/// Reads the flags of the NTFS volume that a device begins with.
///
/// # Errors
/// [`NtfsError`].
pub fn flags(device: &mut (impl Read + Seek)) -> Result<VolumeFlags, NtfsError> {
    let mut sector = [0; 512];
    device.seek(SeekFrom::Start(0))?;
    device.read_exact(&mut sector)?;
    let (offset, size) = volume_record(&sector)?;
    let mut record = vec![0; size];
    device.seek(SeekFrom::Start(offset))?;
    device.read_exact(&mut record)?;
    undo_fixups(&mut record).ok_or(implausible("the record of $Volume"))?;
    flags_in(&record).ok_or(implausible("$VOLUME_INFORMATION"))
}

fn implausible(what: &'static str) -> NtfsError {
    NtfsError::Implausible { what }
}

/// Where the record of `$Volume` is, and its size, in bytes.
fn volume_record(sector: &[u8]) -> Result<(u64, usize), NtfsError> {
    let (boot, _) = BootSector::read_from_prefix(sector).map_err(|_| NtfsError::NotNtfs)?;
    if boot.name != NTFS {
        return Err(NtfsError::NotNtfs);
    }
    let plausible = |size: Option<u64>, range: RangeInclusive<u64>, what| {
        let size = size.filter(|size| size.is_power_of_two() && range.contains(size));
        size.ok_or(implausible(what))
    };
    let sector = plausible(Some(boot.sector.into()), SECTOR, "the size of a sector")?;
    let sectors = match boot.cluster {
        few @ ..=128 => Some(u64::from(few)),
        power => 1_u64.checked_shl(u32::from(power.wrapping_neg())),
    };
    let cluster = sectors.and_then(|sectors| sectors.checked_mul(sector));
    let cluster = plausible(cluster, CLUSTER, "the size of a cluster")?;
    let record = match u64::try_from(boot.record) {
        Ok(clusters) => clusters.checked_mul(cluster),
        Err(_) => 1_u64.checked_shl(boot.record.unsigned_abs().into()),
    };
    let record = plausible(record, RECORD, "the size of a record")?;
    let table = boot.master_file_table.get().checked_mul(cluster);
    let offset = table.and_then(|table| table.checked_add(VOLUME_RECORD * record));
    let offset = offset.ok_or(implausible("the place of the master file table"))?;
    let size = usize::try_from(record).map_err(|_| implausible("the size of a record"))?;
    Ok((offset, size))
}

/// Puts the words back that are kept in the header; `None` when one does not fit, which is a torn
/// record, or none.
fn undo_fixups(record: &mut [u8]) -> Option<()> {
    let (header, _) = RecordHeader::read_from_prefix(record).ok()?;
    if header.signature != FILE {
        return None;
    }
    let start = usize::from(header.fixups.get());
    let length = usize::from(header.fixup_words.get()).checked_mul(2)?;
    let words = record.get(start..start.checked_add(length)?)?.to_vec();
    let (mark, kept) = words.split_at_checked(2)?;
    if kept.len() / 2 != record.len() / FIXUP_STRIDE {
        return None;
    }
    for (piece, word) in record.chunks_mut(FIXUP_STRIDE).zip(kept.chunks(2)) {
        let end = piece.last_chunk_mut::<2>()?;
        if end != mark {
            return None;
        }
        end.copy_from_slice(word);
    }
    Some(())
}

fn flags_in(record: &[u8]) -> Option<VolumeFlags> {
    let (header, _) = RecordHeader::read_from_prefix(record).ok()?;
    let mut rest = record.get(usize::from(header.attributes.get())..)?;
    loop {
        let (attribute, _) = AttributeHeader::read_from_prefix(rest).ok()?;
        let length = usize::try_from(attribute.length.get()).ok()?;
        match attribute.kind.get() {
            END => return None,
            VOLUME_INFORMATION if attribute.elsewhere == 0 => {
                let value = rest.get(usize::from(attribute.value.get())..length)?;
                let (information, _) = VolumeInformation::read_from_prefix(value).ok()?;
                return Some(VolumeFlags(information.flags.get()));
            }
            _ if length == 0 => return None,
            _ => rest = rest.get(length..)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const RECORD_AT: usize = 4 * 1024 + 3 * 1024;

    /// Clusters of 1024 bytes, the table at the fourth, records of 1024 bytes; the record of
    /// `$Volume` has an attribute before the one with the flags.
    fn volume(flags: u16) -> Vec<u8> {
        let mut bytes = vec![0; 16 * 1024];
        bytes[3..11].copy_from_slice(&NTFS);
        bytes[11..13].copy_from_slice(&512_u16.to_le_bytes());
        bytes[13] = 2;
        bytes[48] = 4;
        bytes[64] = 0xF6;
        let record = &mut bytes[RECORD_AT..][..1024];
        record[..4].copy_from_slice(&FILE);
        record[4] = 48;
        record[6] = 3;
        record[20] = 56;
        let attribute = |record: &mut [u8], at: usize, kind: u8, length: u8| {
            record[at] = kind;
            record[at + 4] = length;
            record[at + 16] = length - 24;
            record[at + 20] = 24;
        };
        attribute(record, 56, 0x60, 32);
        attribute(record, 88, 0x70, 40);
        record[88 + 24 + 10..][..2].copy_from_slice(&flags.to_le_bytes());
        record[128..132].fill(0xFF);
        // The last words of both sectors, kept in the header.
        record[48..50].copy_from_slice(&[7, 0]);
        record[510] = 7;
        record[1022] = 7;
        bytes
    }

    fn flags_of(bytes: Vec<u8>) -> Result<VolumeFlags, NtfsError> {
        flags(&mut Cursor::new(bytes))
    }

    #[test]
    fn the_flags_are_found_behind_another_attribute() {
        for (number, dirty) in [(0, false), (1, true), (0x8000, false), (0x4021, true)] {
            let found = flags_of(volume(number)).unwrap();
            assert_eq!((found.0, found.is_dirty()), (number, dirty));
        }
    }

    #[test]
    fn a_cluster_of_many_sectors_is_a_power_of_two() {
        let mut bytes = volume(1);
        // 2 to the 9th sectors of 512 bytes: 256 KiB, so that the table is behind the end.
        bytes[13] = 0xF7;
        assert!(matches!(flags_of(bytes.clone()), Err(NtfsError::Io(_))));
        bytes[48] = 0;
        bytes.copy_within(RECORD_AT..RECORD_AT + 1024, 3 * 1024);
        assert!(flags_of(bytes).unwrap().is_dirty());
    }

    #[test]
    fn a_torn_record_says_nothing() {
        for at in [
            RECORD_AT,
            RECORD_AT + 6,
            RECORD_AT + 48,
            RECORD_AT + 510,
            RECORD_AT + 1022,
        ] {
            let mut bytes = volume(1);
            bytes[at] ^= 1;
            assert!(flags_of(bytes).is_err(), "{at}");
        }
    }

    #[test]
    fn what_is_no_ntfs_or_ends_too_early_is_an_error() {
        let mut bytes = volume(1);
        bytes[3] = b'X';
        assert!(matches!(flags_of(bytes), Err(NtfsError::NotNtfs)));
        for size in [0, 511, 512, RECORD_AT, RECORD_AT + 1023] {
            let mut bytes = volume(1);
            bytes.truncate(size);
            assert!(matches!(flags_of(bytes), Err(NtfsError::Io(_))), "{size}");
        }
    }

    #[test]
    fn no_byte_of_boot_sector_or_record_makes_it_panic() {
        let record = RECORD_AT..RECORD_AT + 160;
        for at in (0..72).chain(record) {
            for value in [0, 1, 0x7F, 0x80, 0xF0, 0xFF] {
                let mut bytes = volume(1);
                bytes[at] = value;
                let _ = flags_of(bytes);
            }
        }
    }
}

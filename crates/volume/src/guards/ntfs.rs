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

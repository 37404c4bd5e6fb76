//! The GUID partition table: the header behind the MBR, and its backup in the last sector.
//!
//! Invariants: a header counts only with signature, revision, its own sector number and both
//! checksums right; the first that counts is the table, the backup is read only without it.
//! Entries are at most [`MOST_ENTRIES`] and [`MOST_ARRAY`] bytes.
//!
//! Deliberately absent: comparing the two copies; names and attributes of partitions.

use zerocopy::FromBytes;

use super::format::{GPT_REVISION, GPT_SIGNATURE, GptEntry, GptHeader};
use super::{Disk, Partition, PartitionId, Remark, Table, TableError, TableKind};

/// The most entries a table may have. Windows makes 128.
pub const MOST_ENTRIES: u32 = 8192;
/// The most bytes that the entries may have together.
pub const MOST_ARRAY: u64 = 1 << 20;

/// Why a copy of a GPT does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GptFault {
    /// Its sectors are outside the disk or cannot be read.
    #[error("cannot be read")]
    Unreadable,
    /// The signature is not there.
    #[error("no header")]
    NoHeader,
    /// A field of the header has a value that it cannot have.
    #[error("{field} {found} is not possible")]
    Field {
        /// The field of the header.
        field: &'static str,
        /// Its value.
        found: u64,
    },
    /// The checksum of the header does not fit.
    #[error("checksum of the header is {found:08x}, expected {expected:08x}")]
    HeaderChecksum {
        /// What the header has.
        found: u32,
        /// What it should have.
        expected: u32,
    },
    /// The checksum of the entries does not fit.
    #[error("checksum of the entries is {found:08x}, expected {expected:08x}")]
    EntriesChecksum {
        /// What the header has.
        found: u32,
        /// What it should have.
        expected: u32,
    },
}

/// The table of a disk whose MBR says that it has a GPT.
pub(super) fn table(disk: &mut Disk<'_>, sector: Option<u32>) -> Result<Table, TableError> {
    let known = sector.map(|sector| [sector]);
    let sectors: &[u32] = known.as_ref().map_or(&[512, 4096], |one| one);
    let mut copies = [GptFault::NoHeader; 2];
    for is_backup in [false, true] {
        for &sector in sectors {
            let lba = if is_backup {
                (disk.size / u64::from(sector)).saturating_sub(1)
            } else {
                1
            };
            let [primary, backup] = &mut copies;
            let fault = match copy(disk, sector, lba) {
                Ok(mut table) => {
                    if is_backup {
                        let primary = *primary;
                        table.remarks.insert(0, Remark::FromBackup { primary });
                    }
                    return Ok(table);
                }
                Err(fault) => fault,
            };
            let slot = if is_backup { backup } else { primary };
            // Of two places for a header, the one where something was says more.
            if *slot == GptFault::NoHeader {
                *slot = fault;
            }
        }
    }
    let [primary, backup] = copies;
    Err(TableError::Gpt { primary, backup })
}

/// One copy of the table, whose header is in the sector `lba`.
fn copy(disk: &mut Disk<'_>, sector: u32, lba: u64) -> Result<Table, GptFault> {
    let bytes = read(disk, sector, lba, u64::from(sector))?;
    let header = header(&bytes, lba)?;
    let (count, size) = (header.entry_count.get(), header.entry_size.get());
    let length = u64::from(count) * u64::from(size);
    let array = read(disk, sector, header.entries_lba.get(), length)?;
    let expected = crc32(&array);
    let found = header.entries_crc.get();
    if found != expected {
        return Err(GptFault::EntriesChecksum { found, expected });
    }
    let mut table = Table {
        kind: TableKind::Gpt {
            disk: header.disk_guid,
        },
        sector,
        partitions: Vec::new(),
        remarks: Vec::new(),
    };
    for (bytes, number) in array.chunks_exact(size as usize).zip(1..) {
        let Ok((entry, _)) = GptEntry::read_from_prefix(bytes) else {
            continue;
        };
        if entry.type_guid == [0; 16] {
            continue;
        }
        match partition(&entry, number, sector) {
            Some(partition) => table.partitions.push(partition),
            None => table.remarks.push(Remark::Implausible { number }),
        }
    }
    table.remark_ends(disk.size);
    Ok(table)
}

/// The header in its sector, when it counts.
fn header(bytes: &[u8], lba: u64) -> Result<GptHeader, GptFault> {
    let Ok((header, _)) = GptHeader::read_from_prefix(bytes) else {
        return Err(GptFault::Unreadable);
    };
    if header.signature != GPT_SIGNATURE {
        return Err(GptFault::NoHeader);
    }
    let size = header.header_size.get();
    let used = usize::try_from(size)
        .ok()
        .filter(|size| *size >= size_of::<GptHeader>())
        .and_then(|size| bytes.get(..size));
    let fault = |field, found| Err(GptFault::Field { field, found });
    let Some(used) = used else {
        return fault("size of the header", size.into());
    };
    let mut used = used.to_vec();
    // The checksum is made with its own field as zero.
    if let Some(field) = used.get_mut(16..20) {
        field.fill(0);
    }
    let (found, expected) = (header.header_crc.get(), crc32(&used));
    if found != expected {
        return Err(GptFault::HeaderChecksum { found, expected });
    }
    let (count, entry) = (header.entry_count.get(), header.entry_size.get());
    if header.revision.get() != GPT_REVISION {
        return fault("revision", header.revision.get().into());
    }
    if header.my_lba.get() != lba {
        return fault("own sector", header.my_lba.get());
    }
    if entry < 128 || !entry.is_power_of_two() {
        return fault("size of an entry", entry.into());
    }
    if count > MOST_ENTRIES || u64::from(count) * u64::from(entry) > MOST_ARRAY {
        return fault("number of entries", count.into());
    }
    Ok(header)
}

fn partition(entry: &GptEntry, number: u32, sector: u32) -> Option<Partition> {
    let unit = u64::from(sector);
    let (first, last) = (entry.first_lba.get(), entry.last_lba.get());
    let sectors = last.checked_sub(first)?.checked_add(1)?;
    let offset = first.checked_mul(unit)?;
    let size = sectors.checked_mul(unit)?;
    offset.checked_add(size)?;
    Some(Partition {
        number,
        offset,
        size,
        id: PartitionId::Gpt {
            guid: entry.guid,
            type_guid: entry.type_guid,
        },
        active: false,
    })
}

/// `length` bytes from the sector `lba`, when they are on the disk.
fn read(disk: &mut Disk<'_>, sector: u32, lba: u64, length: u64) -> Result<Vec<u8>, GptFault> {
    let offset = lba.checked_mul(sector.into());
    let inside = offset.filter(|offset| {
        let end = offset.checked_add(length);
        end.is_some_and(|end| end <= disk.size)
    });
    let length = usize::try_from(length)
        .ok()
        .filter(|n| *n as u64 <= MOST_ARRAY);
    match (inside, length) {
        (Some(offset), Some(length)) => disk.read(offset, length).map_err(|_| GptFault::Unreadable),
        _ => Err(GptFault::Unreadable),
    }
}

/// The CRC-32 of Ethernet and zip.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let step = |crc: u32, _| (crc >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(crc & 1));
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }
}

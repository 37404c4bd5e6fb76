//! The master boot record and the chain of extended boot records behind it.
//!
//! Invariants: a record counts only with its signature and with status bytes that are 0 or 0x80,
//! so that a file system's boot sector is not taken for a table; a chain is followed for at most
//! [`MOST_LOGICAL`] records and never to a record it has been at.
//!
//! Deliberately absent: cylinders and heads; the tables of BSD, Solaris and others inside MBR
//! partitions.

use zerocopy::FromBytes;

use super::format::{ACTIVE, BOOT_SIGNATURE, BootRecord, EXTENDED, MbrEntry, PROTECTIVE};
use super::{Disk, Partition, PartitionId, Remark, Table, TableError, TableKind};

/// The most extended boot records that are followed.
pub const MOST_LOGICAL: usize = 128;

/// The number of the first logical partition.
const FIRST_LOGICAL: u32 = 5;

/// The first sector of a disk, seen to be a table.
pub(super) struct First(BootRecord);

impl First {
    /// Whether it stands for a GPT.
    pub(super) fn is_protective(&self) -> bool {
        self.0.entries.iter().any(|e| e.type_byte == PROTECTIVE)
    }

    /// Whether it names partitions beside the one that stands for a GPT.
    pub(super) fn is_hybrid(&self) -> bool {
        let real = |e: &MbrEntry| is_used(e) && e.type_byte != PROTECTIVE;
        self.0.entries.iter().any(real)
    }

    pub(super) fn signature(&self) -> u32 {
        self.0.signature.get()
    }
}

/// Reads the first sector and refuses one that is no table.
pub(super) fn first_sector(disk: &mut Disk<'_>) -> Result<First, TableError> {
    let none = |found| Err(TableError::NoTable { found });
    if disk.size < size_of::<BootRecord>() as u64 {
        return none("the disk is smaller than a sector");
    }
    let Some(record) = boot_record(&disk.read(0, size_of::<BootRecord>())?) else {
        return none("it has no boot signature");
    };
    if !record.entries.iter().all(has_status) {
        return none("it is the boot sector of a file system or something else");
    }
    if is_file_system(&record) && !record.entries.iter().any(is_used) {
        return none("it is the boot sector of a file system");
    }
    Ok(First(record))
}

/// The table of an MBR disk.
pub(super) fn table(disk: &mut Disk<'_>, first: &First, sector: u32) -> Result<Table, TableError> {
    let mut table = Table {
        kind: TableKind::Mbr {
            signature: first.signature(),
        },
        sector,
        partitions: Vec::new(),
        remarks: Vec::new(),
    };
    for (entry, number) in first.0.entries.iter().zip(1..) {
        if is_used(entry) && !EXTENDED.contains(&entry.type_byte) {
            table.partitions.push(partition(entry, 0, number, sector));
        }
    }
    for entry in &first.0.entries {
        if is_used(entry) && EXTENDED.contains(&entry.type_byte) {
            follow(disk, &mut table, entry.start.get().into())?;
        }
    }
    table.remark_ends(disk.size);
    Ok(table)
}

/// Follows the chain of an extended partition that begins at the sector `container`.
fn follow(disk: &mut Disk<'_>, table: &mut Table, container: u64) -> Result<(), TableError> {
    let unit = u64::from(table.sector);
    let mut seen = Vec::new();
    let mut at = container;
    loop {
        let offset = at * unit;
        let inside = offset.checked_add(512).is_some_and(|end| end <= disk.size);
        let record = if inside && !seen.contains(&at) && seen.len() < MOST_LOGICAL {
            boot_record(&disk.read(offset, size_of::<BootRecord>())?)
        } else {
            None
        };
        let Some(record) = record.filter(|record| record.entries.iter().all(has_status)) else {
            table.remarks.push(Remark::ChainCut { offset });
            return Ok(());
        };
        seen.push(at);
        let used = || record.entries.iter().filter(|entry| is_used(entry));
        let is_link = |entry: &&MbrEntry| EXTENDED.contains(&entry.type_byte);
        if let Some(entry) = used().find(|entry| !is_link(entry)) {
            let number = next_logical(table);
            table
                .partitions
                .push(partition(entry, at, number, table.sector));
        }
        match used().find(is_link) {
            Some(link) => at = container + u64::from(link.start.get()),
            None => return Ok(()),
        }
    }
}

fn next_logical(table: &Table) -> u32 {
    let last = table.partitions.last().map_or(0, |p| p.number);
    last.saturating_add(1).max(FIRST_LOGICAL)
}

fn partition(entry: &MbrEntry, base: u64, number: u32, sector: u32) -> Partition {
    let unit = u64::from(sector);
    Partition {
        number,
        offset: (base + u64::from(entry.start.get())) * unit,
        size: u64::from(entry.sectors.get()) * unit,
        id: PartitionId::Mbr {
            type_byte: entry.type_byte,
        },
        active: entry.status == ACTIVE,
    }
}

fn boot_record(bytes: &[u8]) -> Option<BootRecord> {
    let record = BootRecord::read_from_bytes(bytes).ok()?;
    (record.boot_signature.get() == BOOT_SIGNATURE).then_some(record)
}

fn has_status(entry: &MbrEntry) -> bool {
    matches!(entry.status, 0 | ACTIVE)
}

fn is_used(entry: &MbrEntry) -> bool {
    entry.type_byte != 0 && entry.sectors.get() != 0
}

/// Whether the code of a boot sector is that of NTFS, exFAT or FAT.
fn is_file_system(record: &BootRecord) -> bool {
    let name = record.code.get(3..11).unwrap_or_default();
    let fat = |at: usize| record.code.get(at..at + 3) == Some(b"FAT");
    name == b"NTFS    " || name == b"EXFAT   " || name == b"-FVE-FS-" || fat(54) || fat(82)
}

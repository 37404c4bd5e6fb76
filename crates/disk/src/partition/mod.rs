//! Partition tables, MBR and GPT: what is where on a disk, and by which ids Windows knows it.
//!
//! Invariants: nothing is written; what is read is bounded, whatever the disk says (four primary
//! and [`MOST_LOGICAL`] logical partitions, [`MOST_ENTRIES`] GPT entries in [`MOST_ARRAY`] bytes);
//! a GPT counts only when the checksums of its header and its entries fit.
//!
//! Deliberately absent: writing and repairing tables, file systems, dynamic disks, the names that
//! GPT gives partitions, tables of other kinds.

mod blocks;
mod format;
mod gpt;
mod mbr;
mod window;

use std::fmt;
use std::io;

pub use gpt::{GptFault, MOST_ARRAY, MOST_ENTRIES};
pub use mbr::MOST_LOGICAL;
pub use window::Window;

/// A GUID as it lies on disk: its first three fields are little-endian.
pub type Guid = [u8; 16];

const ESP: Guid = *b"\x28\x73\x2A\xC1\x1F\xF8\xD2\x11\xBA\x4B\x00\xA0\xC9\x3E\xC9\x3B";
const RESERVED: Guid = *b"\x16\xE3\xC9\xE3\x5C\x0B\xB8\x4D\x81\x7D\xF9\x2D\xF0\x02\x15\xAE";
const RECOVERY: Guid = *b"\xA4\xBB\x94\xDE\xD1\x06\x40\x4D\xA1\x6A\xBF\xD5\x01\x79\xD6\xAC";
const MBR_ESP: u8 = 0xEF;
const MBR_RECOVERY: u8 = 0x27;

/// What a disk says about its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// MBR or GPT, with the id of the disk.
    pub kind: TableKind,
    /// The size of a logical sector in bytes, 512 or 4096: the unit of the table's numbers.
    pub sector: u32,
    /// In the order of the table, logical partitions last. An extended partition is a container
    /// and not listed.
    pub partitions: Vec<Partition>,
    /// What is odd about the table; empty for a sound one.
    pub remarks: Vec<Remark>,
}

/// The kind of a table, and the id by which it names its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// A master boot record.
    Mbr {
        /// The disk signature at byte 0x1B8; 0 when the disk never had one.
        signature: u32,
    },
    /// A GUID partition table.
    Gpt {
        /// The GUID of the disk.
        disk: Guid,
    },
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// As Linux counts: the place in the table from 1, logical partitions from 5.
    pub number: u32,
    /// Where it begins on the disk, in bytes.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// What it is, and its own id where it has one.
    pub id: PartitionId,
    /// Whether a BIOS starts from it (MBR only; `false` in a GPT).
    pub active: bool,
}

/// What a table says about a partition beside its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionId {
    /// An MBR gives no id: Windows knows the partition by the disk's signature and its offset.
    Mbr {
        /// The type byte, 7 for NTFS.
        type_byte: u8,
    },
    /// A GPT gives each partition an id.
    Gpt {
        /// The partition's own GUID.
        guid: Guid,
        /// What it is for.
        type_guid: Guid,
    },
}

/// Something odd that does not keep a table from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Beside the GPT the MBR names real partitions as well. Windows takes such a disk for an MBR
    /// disk with this signature.
    Hybrid {
        /// The disk signature in the MBR.
        signature: u32,
    },
    /// The first header or its entries are bad, and the backup at the end of the disk was read.
    FromBackup {
        /// What is wrong with the first.
        primary: GptFault,
    },
    /// The chain of logical partitions could not be followed to its end; some may be missing.
    ChainCut {
        /// The byte at which the next record was expected.
        offset: u64,
    },
    /// A partition reaches over the end of the disk.
    OverTheEnd {
        /// The number of the partition.
        number: u32,
    },
    /// An entry ends before it begins or lies outside what can be counted; it is not listed.
    Implausible {
        /// The number of the entry.
        number: u32,
    },
}

/// Why there is no table to be had.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The disk could not be read.
    #[error("cannot read {length} bytes at byte {offset}")]
    Read {
        /// Where, in bytes.
        offset: u64,
        /// How much.
        length: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The first sector is no partition table.
    #[error("no partition table in the first sector: {found}")]
    NoTable {
        /// What is there.
        found: &'static str,
    },
    /// The MBR says that there is a GPT, and neither copy of it is sound.
    #[error("the partition table is damaged: {primary} (first copy), {backup} (backup)")]
    Gpt {
        /// What is wrong with the first copy.
        primary: GptFault,
        /// What is wrong with the backup.
        backup: GptFault,
    },
    /// Sectors of this size are unknown here.
    #[error("sectors of {bytes} bytes, expected 512 or 4096")]
    Sector {
        /// The size that was given.
        bytes: u32,
    },
}

/// Reads of a disk at a place.
pub(crate) struct Disk<'a> {
    /// In bytes.
    size: u64,
    read: &'a mut dyn FnMut(u64, &mut [u8]) -> io::Result<()>,
}

impl Disk<'_> {
    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, TableError> {
        let mut bytes = vec![0; length];
        match (self.read)(offset, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(source) => Err(TableError::Read {
                offset,
                length,
                source,
            }),
        }
    }
}

impl Table {
    /// Reads the table of a disk of `size` bytes. `read` fills a buffer from a byte offset.
    ///
    /// `sector` is the size of a logical sector, 512 or 4096. `None` for an image file, which does
    /// not tell: the place of a GPT's header decides then, and an MBR is taken to count in 512.
    ///
    /// # Errors
    /// [`TableError`]. What is odd but can be read is a [`Remark`] instead.
    pub fn read(
        size: u64,
        sector: Option<u32>,
        mut read: impl FnMut(u64, &mut [u8]) -> io::Result<()>,
    ) -> Result<Table, TableError> {
        if let Some(bytes) = sector.filter(|bytes| ![512, 4096].contains(bytes)) {
            return Err(TableError::Sector { bytes });
        }
        let read = &mut read;
        let mut disk = Disk { size, read };
        let first = mbr::first_sector(&mut disk)?;
        if !first.is_protective() {
            return mbr::table(&mut disk, &first, sector.unwrap_or(512));
        }
        let mut table = gpt::table(&mut disk, sector)?;
        if first.is_hybrid() {
            let signature = first.signature();
            table.remarks.push(Remark::Hybrid { signature });
        }
        Ok(table)
    }

    /// The partition that begins at this byte of the disk.
    #[must_use]
    pub fn at(&self, offset: u64) -> Option<&Partition> {
        self.partitions.iter().find(|p| p.offset == offset)
    }

    fn remark_ends(&mut self, size: u64) {
        let over = |p: &&Partition| p.offset.saturating_add(p.size) > size;
        let over = self.partitions.iter().filter(over);
        let remarks = over.map(|p| Remark::OverTheEnd { number: p.number });
        self.remarks.extend(remarks);
    }
}

impl Partition {
    /// Whether it is an EFI system partition.
    #[must_use]
    pub fn is_esp(&self) -> bool {
        self.is(MBR_ESP, &ESP)
    }

    /// Whether it is Microsoft's reserved partition, which has no file system (GPT only). The
    /// "System Reserved" of a BIOS disk is not one: that has NTFS and the boot files.
    #[must_use]
    pub fn is_microsoft_reserved(&self) -> bool {
        matches!(&self.id, PartitionId::Gpt { type_guid, .. } if *type_guid == RESERVED)
    }

    /// Whether it is marked as a Windows recovery partition.
    #[must_use]
    pub fn is_recovery(&self) -> bool {
        self.is(MBR_RECOVERY, &RECOVERY)
    }

    fn is(&self, byte: u8, guid: &Guid) -> bool {
        match &self.id {
            PartitionId::Mbr { type_byte } => *type_byte == byte,
            PartitionId::Gpt { type_guid, .. } => type_guid == guid,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Hybrid { signature } => write!(
                f,
                "the MBR names partitions beside the GPT; Windows reads it as MBR {signature:08x}"
            ),
            Remark::FromBackup { primary } => {
                write!(f, "read from the backup at the end of the disk: {primary}")
            }
            Remark::ChainCut { offset } => write!(
                f,
                "logical partitions may be missing: no further record at byte {offset}"
            ),
            Remark::OverTheEnd { number } => {
                write!(f, "partition {number} reaches over the end of the disk")
            }
            Remark::Implausible { number } => {
                write!(f, "entry {number} is implausible and was left out")
            }
        }
    }
}

//! Where a root comes from: its partition, the table that names it, and the partitions beside it.
//!
//! Invariants: an [`Origin`] is what the system and the table say together; where they say
//! nothing or do not fit there is an error that says what could not be seen, never a guess.
//! Nothing is written and nothing mounted.
//!
//! Deliberately absent: other systems than Linux and Windows, where the answer is
//! [`OriginError::Unsupported`]; finding a disk without a root on it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::os;
use crate::partition::{Partition, Table, TableError, Window};
use crate::root::Root;

/// The partition a root lies in.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The block device that is mounted; on Windows the volume.
    pub device: PathBuf,
    /// The block device, physical disk or image file whose partition table names it.
    pub disk: PathBuf,
    /// That table.
    pub table: Table,
    /// The partition in the table that is the root's.
    pub partition: Partition,
    pub(crate) spot: os::Spot,
}

/// Another partition of the same disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sibling {
    /// As the table has it.
    pub partition: Partition,
    /// Its block device; `None` when the system has made none, so that it can only be mounted by
    /// its offset on the disk.
    pub device: Option<PathBuf>,
    /// Where it is mounted now; on Windows a letter rather than a folder.
    pub mounted_at: Option<PathBuf>,
    /// The folder in which its files are seen without a mount: Windows has one for each volume.
    pub folder: Option<PathBuf>,
}

impl Sibling {
    /// Where its files are seen now, mounted or not.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        self.mounted_at.as_deref().or(self.folder.as_deref())
    }
}

/// Why the disk behind a root is not known.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// This system does not tell, or nobody has taught the program to ask it.
    #[error("the partition behind a folder can be seen on Linux and Windows only")]
    Unsupported,
    /// It is a folder somewhere on a file system; what that lies on says nothing about it.
    #[error("the folder is not where a whole file system is mounted")]
    NotAMount {
        /// The folder.
        path: PathBuf,
    },
    /// The file system names no device: a network, memory, or a program that serves it.
    #[error("the file system comes from `{}`, not from a block device", named.display())]
    NoDevice {
        /// What it names as its source.
        named: OsString,
    },
    /// A volume of several parts or disks, which no partition stands for.
    #[error("{} consists of {} parts, on disk {}", device.display(), disks.len(), listed(disks))]
    Spans {
        /// The volume.
        device: PathBuf,
        /// The number of the disk of each part.
        disks: Vec<u32>,
    },
    /// The device mapper stands between the file system and the disk.
    #[error("{} is made by the device mapper; the disk below it is not seen", device.display())]
    Mapped {
        /// The device.
        device: PathBuf,
    },
    /// Something on the way could not be looked at; often a question of rights.
    #[error("cannot read {}", what.display())]
    Unseen {
        /// What.
        what: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk has no table, or none that can be believed.
    #[error("cannot read the partition table of {}", disk.display())]
    Table {
        /// The device or image.
        disk: PathBuf,
        /// Why.
        source: TableError,
    },
    /// The table names no partition where the file system begins.
    #[error(
        "the file system begins at byte {offset} of {}, where no partition begins",
        disk.display()
    )]
    NoPartition {
        /// The device or image.
        disk: PathBuf,
        /// In bytes.
        offset: u64,
    },
    /// What the system says and what the disk says differ.
    #[error("{} is not what stands at byte {offset} of {}", device.display(), disk.display())]
    Contradiction {
        /// What is mounted.
        device: PathBuf,
        /// Where it should lie.
        disk: PathBuf,
        /// In bytes.
        offset: u64,
    },
}

/// Each number once.
fn listed(disks: &[u32]) -> String {
    let mut disks = disks.to_vec();
    disks.sort_unstable();
    disks.dedup();
    let disks: Vec<String> = disks.iter().map(u32::to_string).collect();
    disks.join(", ")
}

impl Root {
    /// The partition this root lies in. It takes the right to read the disk, so root's in general.
    ///
    /// # Errors
    /// [`OriginError`]; for a plain folder [`OriginError::NotAMount`].
    pub fn origin(&self) -> Result<Origin, OriginError> {
        os::origin(&self.dir)
    }
}

impl Origin {
    /// The origin of a folder that stands for a partition of a disk nobody has attached. All
    /// such folders count as one disk.
    #[must_use]
    pub fn detached(table: Table, partition: Partition) -> Origin {
        let medium = os::Medium::File { volume: 0, id: 0 };
        Origin {
            device: PathBuf::new(),
            disk: PathBuf::new(),
            table,
            partition,
            spot: os::Spot { medium, offset: 0 },
        }
    }

    /// Whether both lie on one disk. Two images with the same content are two disks.
    #[must_use]
    pub fn same_disk(&self, other: &Origin) -> bool {
        self.spot == other.spot
    }

    /// The other partitions of the table, in its order, and where they are mounted at this moment.
    ///
    /// # Errors
    /// [`OriginError::Unseen`] when the system's lists cannot be read.
    pub fn siblings(&self) -> Result<Vec<Sibling>, OriginError> {
        os::siblings(self)
    }

    /// Opens one of [`Origin::siblings`] for reading, mounted or not: by its own device where it
    /// has one, since that and the whole disk are cached apart.
    ///
    /// # Errors
    /// What the system says.
    pub fn window(&self, sibling: &Sibling) -> io::Result<Window> {
        let Partition { offset, size, .. } = sibling.partition;
        match &sibling.device {
            Some(device) => Window::open(device, 0, size),
            None => Window::open(&self.disk, offset, size),
        }
    }
}

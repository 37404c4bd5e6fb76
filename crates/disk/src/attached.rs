//! The disks that are attached to this machine, their partitions, and where those are mounted.
//!
//! Invariants: nothing is written, mounted or brought online; a disk that cannot be read is still
//! listed, with the reason.
//!
//! Deliberately absent: what lies in a partition; Windows as the recovery machine, where the
//! answer is [`OriginError::Unsupported`].

use std::io;
use std::path::{Path, PathBuf};

use crate::origin::OriginError;
use crate::os;
use crate::partition::{Table, Window};

/// A disk, or a loop or mapped device, which stand for one.
#[derive(Debug)]
pub struct AttachedDisk {
    /// Its block device.
    pub device: PathBuf,
    /// The file or device that a loop device shows.
    pub backing: Option<PathBuf>,
    /// In bytes.
    pub size: u64,
    /// What the disk calls itself.
    pub model: Option<String>,
    /// Its number on a SCSI controller: the LUN of a VM's data disk.
    pub lun: Option<u64>,
    /// Its partition table; an error too where one file system fills the whole disk.
    pub table: Result<Table, OriginError>,
    /// What the table names, or else the partitions the system knows, or else the whole disk.
    pub areas: Vec<Area>,
}

/// A part of a disk that can have a file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// The number of the partition; `None` for the whole disk.
    pub number: Option<u32>,
    /// Where it begins on the disk, in bytes.
    pub offset: u64,
    /// In bytes.
    pub size: u64,
    /// Its block device; `None` when the system has made none.
    pub device: Option<PathBuf>,
    /// Where it is mounted as a whole now.
    pub mounted_at: Option<PathBuf>,
}

impl AttachedDisk {
    /// Opens one of the disk's areas for reading, mounted or not.
    ///
    /// # Errors
    /// What the system says.
    pub fn window(&self, area: &Area) -> io::Result<Window> {
        match &area.device {
            Some(device) => Window::open(device, 0, area.size),
            None => Window::open(&self.device, area.offset, area.size),
        }
    }
}

/// The disks of this machine, in the order of their names. Empty drives are left out.
///
/// # Errors
/// [`OriginError::Unsupported`], or [`OriginError::Unseen`] when the system's lists cannot be read.
pub fn attached_disks() -> Result<Vec<AttachedDisk>, OriginError> {
    #[cfg(target_os = "linux")]
    return os::attached_disks();
    #[cfg(not(target_os = "linux"))]
    Err(OriginError::Unsupported)
}

/// The partition table of a device or an image file.
///
/// # Errors
/// [`OriginError::Unseen`] and [`OriginError::Table`]; [`OriginError::Unsupported`] elsewhere than
/// on Linux.
pub fn table_of(disk: &Path) -> Result<Table, OriginError> {
    #[cfg(target_os = "linux")]
    return os::table_of(disk, None);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = disk;
        Err(OriginError::Unsupported)
    }
}

/// Whether this process has the rights of an administrator, of root on Unix; `None` when that
/// cannot be told.
#[must_use]
pub fn is_administrator() -> Option<bool> {
    os::is_administrator()
}

//! The disks that are attached to this machine, their partitions, and where those are mounted.
//!
//! Invariants: nothing is written, mounted or brought online; a disk that cannot be read is still
//! listed, with the reason.
//!
//! Deliberately absent: what lies in a partition; other systems than Linux and Windows, where the
//! answer is [`OriginError::Unsupported`].

use std::io;
use std::path::{Path, PathBuf};

use crate::origin::OriginError;
use crate::os;
use crate::partition::{Guid, Remark, Table, TableKind, Window};

/// A disk, or a loop or mapped device, which stand for one.
#[derive(Debug)]
pub struct AttachedDisk {
    /// Its block device; on Windows its name as a physical disk.
    pub device: PathBuf,
    /// The number by which Windows and its tools know it.
    pub number: Option<u32>,
    /// The file or device that a loop device shows.
    pub backing: Option<PathBuf>,
    /// In bytes.
    pub size: u64,
    /// What the disk calls itself.
    pub model: Option<String>,
    /// What it is attached by, in a word, where the system tells: `SAS`, `NVMe`.
    pub bus: Option<&'static str>,
    /// Its number on a SCSI controller: the LUN of a VM's data disk.
    pub lun: Option<u64>,
    /// Whether Windows keeps it offline, so that none of its volumes can be seen; `None` where
    /// there is no such thing.
    pub is_offline: Option<bool>,
    /// Whether nothing can be written to it, where the system tells.
    pub is_read_only: Option<bool>,
    /// Its partition table; an error too where one file system fills the whole disk.
    pub table: Result<Table, OriginError>,
    /// What the table names, or else the partitions the system knows, or else the whole disk.
    pub areas: Vec<Area>,
    /// Where its first byte really lies; `None` for what is put together from other devices.
    pub(crate) spot: Option<os::Spot>,
}

/// What Windows tells disks apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskId {
    /// The signature in a master boot record.
    Signature(u32),
    /// The GUID in a GPT, as it lies on disk.
    Guid(Guid),
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
    /// Its block device or volume; `None` when the system has made none.
    pub device: Option<PathBuf>,
    /// Where it is mounted as a whole now; on Windows a letter rather than a folder.
    pub mounted_at: Option<PathBuf>,
    /// The folder in which its files are seen without a mount: Windows has one for each volume.
    pub folder: Option<PathBuf>,
}

impl Area {
    /// Where its files are seen now, mounted or not.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        self.mounted_at.as_deref().or(self.folder.as_deref())
    }
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

/// Sets of disks that have one id, by their places in the list. Two devices that show the same
/// bytes are one disk.
///
/// Windows brings only one disk of an id online. It gives the next a new id, in writing, when it is
/// brought online: then nothing that names the old id finds it.
#[must_use]
pub fn collisions(disks: &[AttachedDisk]) -> Vec<(DiskId, Vec<usize>)> {
    let mut sets: Vec<(DiskId, Vec<usize>)> = Vec::new();
    for (place, disk) in disks.iter().enumerate() {
        let Some(id) = disk.table.as_ref().ok().and_then(id) else {
            continue;
        };
        let is_shown = |other: &usize| disks.get(*other).is_some_and(|one| one.spot == disk.spot);
        match sets.iter_mut().find(|(known, _)| *known == id) {
            _ if disk.spot.is_none() => {}
            Some((_, places)) if places.iter().any(is_shown) => {}
            Some((_, places)) => places.push(place),
            None => sets.push((id, vec![place])),
        }
    }
    sets.retain(|(_, places)| places.len() > 1);
    sets
}

/// The id by which Windows knows a disk; `None` for one that never had any.
fn id(table: &Table) -> Option<DiskId> {
    let hybrid = table.remarks.iter().find_map(|remark| match remark {
        Remark::Hybrid { signature } => Some(TableKind::Mbr {
            signature: *signature,
        }),
        _ => None,
    });
    match hybrid.unwrap_or(table.kind) {
        TableKind::Mbr { signature: 0 } => None,
        TableKind::Mbr { signature } => Some(DiskId::Signature(signature)),
        TableKind::Gpt { disk } if disk == [0; 16] => None,
        TableKind::Gpt { disk } => Some(DiskId::Guid(disk)),
    }
}

/// The disks of this machine, in the order of their names or numbers. Empty drives are left out.
///
/// # Errors
/// [`OriginError::Unsupported`], or [`OriginError::Unseen`] when the system's lists cannot be read.
pub fn attached_disks() -> Result<Vec<AttachedDisk>, OriginError> {
    os::attached_disks()
}

/// The partition table of a device or an image file.
///
/// # Errors
/// [`OriginError::Unseen`] and [`OriginError::Table`]; [`OriginError::Unsupported`] on other
/// systems than Linux and Windows.
pub fn table_of(disk: &Path) -> Result<Table, OriginError> {
    os::table_of(disk, None)
}

/// Whether this process has the rights of an administrator, of root on Unix; `None` when that
/// cannot be told.
#[must_use]
pub fn is_administrator() -> Option<bool> {
    os::is_administrator()
}

//! Device elements: where a boot application finds its files, as data, bytes and offline text.
//!
//! Invariants: what [`Device::parse`] takes, [`Device::to_bytes`] gives back bit for bit, because
//! a descriptor whose fields do not say everything its bytes say stays [`Kind::Opaque`]; nesting
//! is read [`MAX_DEPTH`] deep. Deliberately absent: drive letters and volume names, which belong
//! to a running system, and any look at a disk.

mod codec;
mod display;
pub mod format;
mod text;

use thiserror::Error;

use crate::Guid;
pub use text::TextError;

/// Most descriptors within one another that are read; what lies deeper stays opaque.
pub const MAX_DEPTH: usize = 8;

/// The value of a device element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The object with the device's own settings; [`Guid::NIL`] for none.
    pub options: Guid,
    /// Which device it is.
    pub descriptor: Descriptor,
}

/// One description of a device; files and virtual disks have the description of what holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// 1 where an options object belongs to the device, else 0; other bits are kept.
    pub flags: u32,
    /// Which device it is.
    pub kind: Kind,
}

/// The kinds of device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The device the machine was booted from.
    Boot,
    /// A partition, by ids.
    Partition(Partition),
    /// A floppy drive, by number.
    Floppy(u32),
    /// An optical drive, by number.
    Optical(u32),
    /// A file on another device.
    File(FilePath),
    /// A file that is loaded into memory and read as a disk.
    Ramdisk(Ramdisk),
    /// Whichever device has a certain file.
    Locate(Locate),
    /// What this crate does not read, kept as it is.
    Opaque {
        /// The number in the header, known or not.
        device_type: u32,
        /// The header's last field.
        reserved: u32,
        /// Everything behind the header.
        body: Vec<u8>,
    },
}

/// A partition and the kind of disk it lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The ids of disk and partition.
    pub id: PartitionId,
    /// `None` on a hard disk; else what holds the virtual disk, as a rule a file.
    pub virtual_disk: Option<Box<Descriptor>>,
}

/// How the firmware's or Windows' partition table names a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionId {
    /// On a disk with a GUID partition table.
    Gpt {
        /// The disk's GUID, from the table's header.
        disk: Guid,
        /// The partition's own GUID, from its entry.
        partition: Guid,
    },
    /// On a disk with a master boot record.
    Mbr {
        /// The disk signature, at offset 0x1B8 of the first sector.
        signature: u32,
        /// Where the partition starts, in bytes.
        offset: u64,
    },
    /// A whole disk without a partition table.
    Raw {
        /// The disk's number.
        disk: u32,
    },
}

/// A file on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath {
    /// What holds the file.
    pub parent: Box<Descriptor>,
    /// Its path there, from `\` on; without NUL.
    pub path: String,
}

/// A RAM disk. The three numbers are 0 in a store, except where a foreign tool wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ramdisk {
    /// Address in memory.
    pub base: u64,
    /// Length in memory.
    pub size: u64,
    /// Where the image starts in it.
    pub offset: u32,
    /// The file that is loaded.
    pub file: FilePath,
}

/// A search for the device that has a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locate {
    /// What is searched for.
    pub search: Search,
    /// The element whose path is searched for; meaningless for [`Search::PATH`].
    pub element: u32,
    /// The path that is searched for; empty for [`Search::ELEMENT`].
    pub path: String,
    /// Where it is searched for; `None` for everywhere.
    pub parent: Option<Box<Descriptor>>,
}

/// What a [`Locate`] searches for. Open: other numbers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search(pub u32);

impl Search {
    /// The path that an element of the same object holds.
    pub const ELEMENT: Self = Self(0);
    /// The path in the descriptor.
    pub const PATH: Self = Self(1);
}

/// Why bytes are not a device element.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// No room for options GUID and header.
    #[error("a device element has at least 32 bytes, found {found}")]
    Short {
        /// Length of the value.
        found: usize,
    },
    /// The boot manager refuses a device whose size field and length differ.
    #[error("device descriptor at offset 0x10 gives its size as {claimed}, expected {found}")]
    Size {
        /// What the size field says.
        claimed: u32,
        /// Bytes from the descriptor's start to the end of the value.
        found: usize,
    },
}

impl Device {
    /// Reads the data of a device element.
    ///
    /// # Errors
    /// Data too short for a header, or of another length than the header says. Unknown contents
    /// are no error, see [`Kind::Opaque`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DeviceError> {
        codec::decode(bytes)
    }

    /// The data of a device element that says this.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The device the machine was booted from.
    #[must_use]
    pub fn boot() -> Self {
        Kind::Boot.into()
    }

    /// A partition of a hard disk.
    #[must_use]
    pub fn partition(id: PartitionId) -> Self {
        Kind::from(id).into()
    }

    /// A partition of a disk with a GUID partition table.
    #[must_use]
    pub fn partition_gpt(disk: Guid, partition: Guid) -> Self {
        Self::partition(PartitionId::Gpt { disk, partition })
    }

    /// A partition of a disk with a master boot record; `offset` is where it starts, in bytes.
    #[must_use]
    pub fn partition_mbr(signature: u32, offset: u64) -> Self {
        Self::partition(PartitionId::Mbr { signature, offset })
    }

    /// Whichever device has the file that this element of the same object names.
    #[must_use]
    pub fn locate(element: u32) -> Self {
        let search = Search::ELEMENT;
        let (path, parent) = (String::new(), None);
        Kind::Locate(Locate {
            search,
            element,
            path,
            parent,
        })
        .into()
    }

    /// The partitions of hard disks this device depends on, those of its parents too.
    ///
    /// A partition inside a virtual disk is not among them: its ids are in the virtual disk's own
    /// table, and only what holds that disk is looked at.
    #[must_use]
    pub fn partitions(&self) -> Vec<PartitionId> {
        let mut found = Vec::new();
        let mut next = Some(&self.descriptor);
        while let Some(descriptor) = next {
            if let Kind::Partition(Partition {
                id,
                virtual_disk: None,
            }) = &descriptor.kind
            {
                found.push(*id);
            }
            next = descriptor.parent();
        }
        found
    }

    /// Puts one partition of a hard disk in the place of another, in parents too; says how often.
    pub fn replace_partition(&mut self, from: PartitionId, to: PartitionId) -> usize {
        let mut count = 0;
        let mut next = Some(&mut self.descriptor);
        while let Some(descriptor) = next {
            if let Kind::Partition(Partition {
                id,
                virtual_disk: None,
            }) = &mut descriptor.kind
                && *id == from
            {
                *id = to;
                count += 1;
            }
            next = descriptor.parent_mut();
        }
        count
    }
}

impl Descriptor {
    /// What holds this device, where something does.
    #[must_use]
    pub fn parent(&self) -> Option<&Self> {
        match &self.kind {
            Kind::Partition(partition) => partition.virtual_disk.as_deref(),
            Kind::File(file) | Kind::Ramdisk(Ramdisk { file, .. }) => Some(&file.parent),
            Kind::Locate(locate) => locate.parent.as_deref(),
            Kind::Boot | Kind::Floppy(_) | Kind::Optical(_) | Kind::Opaque { .. } => None,
        }
    }

    fn parent_mut(&mut self) -> Option<&mut Self> {
        match &mut self.kind {
            Kind::Partition(partition) => partition.virtual_disk.as_deref_mut(),
            Kind::File(file) | Kind::Ramdisk(Ramdisk { file, .. }) => Some(&mut file.parent),
            Kind::Locate(locate) => locate.parent.as_deref_mut(),
            Kind::Boot | Kind::Floppy(_) | Kind::Optical(_) | Kind::Opaque { .. } => None,
        }
    }
}

impl From<PartitionId> for Kind {
    /// The partition on a hard disk.
    fn from(id: PartitionId) -> Self {
        Self::Partition(Partition {
            id,
            virtual_disk: None,
        })
    }
}

impl From<Kind> for Descriptor {
    /// Without flags.
    fn from(kind: Kind) -> Self {
        Self { flags: 0, kind }
    }
}

impl From<Kind> for Device {
    /// Without options and flags.
    fn from(kind: Kind) -> Self {
        Self {
            options: Guid::NIL,
            descriptor: kind.into(),
        }
    }
}

//! Devices as offline text, close to what bcdedit takes and prints.
//!
//! Invariants: ids are printed, never letters; a form that [`super::text`] reads is read back as
//! the same device. Absent on purpose: RAM disk numbers and flags.

use std::fmt;

use super::{Descriptor, Device, Kind, Locate, Partition, PartitionId, Ramdisk, Search, format};
use crate::Guid;

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.descriptor)?;
        if self.options != Guid::NIL {
            write!(f, ",{}", self.options)?;
        }
        Ok(())
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Boot => f.write_str("boot"),
            Kind::Partition(partition) => partition.fmt(f),
            Kind::Floppy(number) => write!(f, "floppy={number}"),
            Kind::Optical(number) => write!(f, "cdrom={number}"),
            Kind::File(file) => write!(f, "file=[{}]{}", file.parent, file.path),
            Kind::Ramdisk(Ramdisk { file, .. }) => {
                write!(f, "ramdisk=[{}]{}", file.parent, file.path)
            }
            Kind::Locate(locate) => locate.fmt(f),
            Kind::Opaque {
                device_type, body, ..
            } => {
                let size = format::HEADER_LEN + body.len();
                write!(f, "unknown type {device_type} ({size} bytes)")
            }
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(holder) = &self.virtual_disk else {
            return self.id.fmt(f);
        };
        match &holder.kind {
            Kind::File(file) => write!(f, "vhd=[{}]{}", file.parent, file.path)?,
            _ => write!(f, "vhd=[{holder}]")?,
        }
        // Zero ids are how bcdedit writes "the partition that will be found in there".
        match self.id {
            PartitionId::Gpt {
                disk: Guid::NIL,
                partition: Guid::NIL,
            } => Ok(()),
            id => write!(f, ",{id}"),
        }
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gpt { disk, partition } => write!(f, "gpt_partition={disk};{partition}"),
            Self::Mbr { signature, offset } => {
                write!(
                    f,
                    "mbr_partition=signature {signature:#010x} offset {offset:#x}"
                )
            }
            Self::Raw { disk } => write!(f, "raw_disk={disk}"),
        }
    }
}

impl fmt::Display for Locate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = &self.parent {
            write!(f, "{parent},")?;
        }
        match self.search {
            Search::ELEMENT => write!(f, "locate=custom:{:08x}", self.element),
            Search::PATH => write!(f, "locate={}", self.path),
            Search(number) => write!(f, "locate=search {number}"),
        }
    }
}

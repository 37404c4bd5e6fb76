//! Every disk of the system, with what is mounted of it.
//!
//! Invariants: a device without a medium, and a loop device without a file, is no disk; each
//! partition of a table is listed once, whether the system has a device for it or not.
//!
//! Deliberately absent: image files that a FUSE program serves without a device.

use std::fs;
use std::path::{Path, PathBuf};

use super::blocks::{Behind, Block, Shape};
use super::{Places, Unseen};
use crate::attached::{Area, AttachedDisk};
use crate::origin::OriginError;
use crate::os::{Medium, Spot};
use crate::partition::Partition;

/// Memory that is used as a disk: never a VM's.
const MEMORY: [&str; 2] = ["ram", "zram"];

pub(crate) fn attached_disks() -> Result<Vec<AttachedDisk>, OriginError> {
    Ok(Places::real().attached_disks()?)
}

/// All devices and mounts of the system at one moment.
struct Seen {
    blocks: Vec<Block>,
    /// By the number of the device.
    mounts: Vec<(u64, PathBuf)>,
}

impl Places {
    fn attached_disks(&self) -> Result<Vec<AttachedDisk>, Unseen> {
        let mounts = self.mounts()?.into_iter();
        let whole = mounts.filter(|mount| mount.root == Path::new("/"));
        let seen = Seen {
            blocks: self.blocks()?,
            mounts: whole.map(|mount| (mount.number, mount.at)).collect(),
        };
        let disks = seen.blocks.iter().filter(|block| is_disk(block));
        Ok(disks
            .filter_map(|block| self.attached(block, &seen))
            .collect())
    }

    /// A disk; `None` for one without a medium.
    fn attached(&self, block: &Block, seen: &Seen) -> Option<AttachedDisk> {
        let size = block.size().filter(|size| *size > 0)?;
        let table = super::origin::table_of(&block.path, self.sector(block).ok());
        let mut areas = match &table {
            Ok(table) => {
                let partitions = table.partitions.iter();
                partitions.map(|one| self.area(one, block, seen)).collect()
            }
            Err(_) => self.known_areas(block, seen),
        };
        if areas.is_empty() && table.is_err() {
            areas.push(Area {
                number: None,
                offset: 0,
                size,
                device: Some(block.path.clone()),
                mounted_at: seen.mounted_at(block),
                folder: None,
            });
        }
        let backing = match &block.shape {
            Shape::Loop { backing, .. } => Some(backing.clone()),
            _ => None,
        };
        Some(AttachedDisk {
            device: block.path.clone(),
            number: None,
            backing,
            size,
            model: block.model(),
            bus: None,
            lun: block.lun(),
            is_offline: None,
            is_read_only: block.is_read_only(),
            table,
            areas,
            spot: match block.shape {
                Shape::Mapped => None,
                _ => self.spot(block).ok(),
            },
        })
    }

    /// A partition of the table, with the device that begins where it does on this very disk.
    fn area(&self, partition: &Partition, disk: &Block, seen: &Seen) -> Area {
        let Partition {
            number,
            offset,
            size,
            ..
        } = *partition;
        let on_disk = Spot {
            medium: Medium::Device(disk.number),
            offset,
        };
        let below = self.spot(disk).ok();
        let beneath = below.map(|spot| Spot {
            offset: spot.offset.saturating_add(offset),
            ..spot
        });
        let devices = || {
            let others = seen.blocks.iter();
            let others = others.filter(|block| block.number != disk.number);
            others.filter(|block| {
                let spot = self.spot(block).ok();
                spot.is_some() && (spot == Some(on_disk) || spot == beneath)
            })
        };
        let mounted = devices().find_map(|block| Some((block, seen.mounted_at(block)?)));
        let device = mounted.as_ref().map(|(block, _)| *block);
        Area {
            number: Some(number),
            offset,
            size,
            device: device
                .or_else(|| devices().next())
                .map(|block| block.path.clone()),
            mounted_at: mounted.map(|(_, at)| at),
            folder: None,
        }
    }

    /// The partitions that the system knows of a disk whose table cannot be read.
    fn known_areas(&self, disk: &Block, seen: &Seen) -> Vec<Area> {
        let parts = seen.blocks.iter().filter_map(|block| match block.shape {
            Shape::Partition { number, start } => {
                let whole = self.whole(block).ok()?;
                (whole.number == disk.number).then(|| Area {
                    number: Some(number),
                    offset: start,
                    size: block.size().unwrap_or(0),
                    device: Some(block.path.clone()),
                    mounted_at: seen.mounted_at(block),
                    folder: None,
                })
            }
            _ => None,
        });
        let mut areas: Vec<Area> = parts.collect();
        areas.sort_by_key(|area| area.offset);
        areas
    }
}

impl Seen {
    fn mounted_at(&self, block: &Block) -> Option<PathBuf> {
        let mut mounts = self.mounts.iter();
        let mount = mounts.find(|(number, _)| *number == block.number);
        mount.map(|(_, at)| at.clone())
    }
}

/// Whether a device is no part of another, and no memory.
fn is_disk(block: &Block) -> bool {
    let name = block.path.file_name().unwrap_or_default().to_string_lossy();
    let is_memory = MEMORY.iter().any(|memory| {
        let number = name.strip_prefix(memory);
        number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
    });
    !is_memory && !matches!(block.shape, Shape::Partition { .. })
}

/// Whether a directory lies on a file system of another machine.
pub(crate) fn is_remote(dir: impl rustix::fd::AsFd) -> bool {
    rustix::fs::fstatfs(dir).is_ok_and(|stat| is_network(stat.f_type as u32))
}

/// NFS, SMB, CIFS, SMB 2 and later, AFS, Ceph, Coda, 9P.
fn is_network(kind: u32) -> bool {
    const KINDS: [u32; 8] = [
        0x6969,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x5346_414F,
        0x00C3_6400,
        0x7375_7245,
        0x0102_1997,
    ];
    KINDS.contains(&kind)
}

/// The device or image file that an open directory is the top of.
pub(crate) fn device_of(dir: impl rustix::fd::AsFd) -> Result<PathBuf, OriginError> {
    let places = Places::real();
    places.device_of(&places.spelled(dir)?)
}

impl Places {
    fn device_of(&self, dir: &super::Spelled) -> Result<PathBuf, OriginError> {
        let mount = self.top_mount(dir)?;
        match self.device(&mount)? {
            Behind::Device(number) => Ok(self.block(number)?.path),
            Behind::File(_) => Ok(PathBuf::from(&mount.source)),
        }
    }
}

impl Block {
    /// In bytes, as far as the system tells.
    fn size(&self) -> Option<u64> {
        let text = fs::read_to_string(self.dir().join("size")).ok()?;
        let sectors: u64 = text.trim().parse().ok()?;
        sectors.checked_mul(super::blocks::SYSFS_SECTOR)
    }

    fn is_read_only(&self) -> Option<bool> {
        let text = fs::read_to_string(self.dir().join("ro")).ok()?;
        Some(text.trim() == "1")
    }

    fn model(&self) -> Option<String> {
        let text = fs::read_to_string(self.dir().join("device/model")).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The last number of host, channel, target and LUN.
    fn lun(&self) -> Option<u64> {
        let device = fs::canonicalize(self.dir().join("device")).ok()?;
        let name = device.file_name()?.to_str()?;
        let numbers: Vec<u64> = name
            .split(':')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        match numbers[..] {
            [_, _, _, lun] => Some(lun),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

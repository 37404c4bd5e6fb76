//! From an open root to its partition: mount, block device, disk, table.
//!
//! Invariants: each step rests on something the system says; where it says nothing, or two things
//! that do not fit, the answer is an error. Disks and images are opened for reading only.
//!
//! Deliberately absent: looking behind a FUSE program other than at the file it names as its
//! source; partitions that the device mapper made.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fd::AsFd;

use super::blocks::{Behind, Block, Shape, behind};
use super::mounts::Mount;
use super::{Places, Spelled, Unseen, unseen};
use crate::origin::{Origin, OriginError, Sibling};
use crate::os::Spot;
use crate::partition::{Partition, Table};

/// The most bytes of the first sector that are compared.
const SECTOR: usize = 512;

/// Where a file system begins.
struct Beginning {
    /// The device or image that should have a table.
    disk: PathBuf,
    /// In bytes.
    offset: u64,
    /// A block device's logical sectors, in bytes.
    sector: Option<u32>,
    /// Where the disk's own first byte lies.
    spot: Spot,
    /// The number that the kernel gives the partition.
    number: Option<u32>,
}

/// What is behind an open directory.
pub(crate) fn origin(dir: impl AsFd) -> Result<Origin, OriginError> {
    let places = Places::real();
    places.origin(&places.spelled(dir)?)
}

/// The other partitions of a disk.
pub(crate) fn siblings(origin: &Origin) -> Result<Vec<Sibling>, OriginError> {
    Places::real().siblings(origin)
}

/// The table of a device or image.
pub(crate) fn table_of(disk: &Path, sector: Option<u32>) -> Result<Table, OriginError> {
    let mut file = File::open(disk).map_err(unseen(disk))?;
    let size = file.seek(SeekFrom::End(0)).map_err(unseen(disk))?;
    let read = |offset, bytes: &mut [u8]| file.read_exact_at(bytes, offset);
    Table::read(size, sector, read).map_err(|source| OriginError::Table {
        disk: disk.to_path_buf(),
        source,
    })
}

impl Places {
    pub(super) fn origin(&self, dir: &Spelled) -> Result<Origin, OriginError> {
        let mount = self.top_mount(dir)?;
        let (device, beginning) = match self.device(&mount)? {
            Behind::Device(number) => {
                let block = self.block(number)?;
                (block.path.clone(), self.beginning(&block)?)
            }
            Behind::File(medium) => {
                let disk = PathBuf::from(&mount.source);
                let beginning = Beginning {
                    disk: disk.clone(),
                    offset: 0,
                    sector: None,
                    spot: Spot { medium, offset: 0 },
                    number: None,
                };
                (disk, beginning)
            }
        };
        let Beginning { disk, offset, .. } = beginning;
        let table = table_of(&disk, beginning.sector)?;
        let Some(partition) = table.at(offset).cloned() else {
            return Err(OriginError::NoPartition { disk, offset });
        };
        let fits = |number| number == partition.number;
        if !beginning.number.is_none_or(fits) {
            return Err(OriginError::Contradiction {
                device,
                disk,
                offset,
            });
        }
        Ok(Origin {
            device,
            disk,
            table,
            partition,
            spot: beginning.spot,
        })
    }

    pub(super) fn siblings(&self, origin: &Origin) -> Result<Vec<Sibling>, OriginError> {
        let all = self.mounts()?;
        let is_top = |mount: &&Mount| mount.root == Path::new("/");
        let mounts: Vec<(Behind, &Path)> = all
            .iter()
            .filter(is_top)
            .filter_map(|mount| Some((self.device(mount).ok()?, mount.at.as_path())))
            .collect();
        let blocks = self.blocks()?;
        let spots: Vec<(Spot, &Block)> = blocks
            .iter()
            .filter_map(|block| Some((self.spot(block).ok()?, block)))
            .collect();
        let others = origin.table.partitions.iter();
        let others = others.filter(|partition| **partition != origin.partition);
        Ok(others
            .map(|partition| sibling(partition, origin.spot, &spots, &mounts))
            .collect())
    }

    /// The mount whose top a directory is.
    pub(super) fn top_mount(&self, dir: &Spelled) -> Result<Mount, OriginError> {
        let mut mounts = self.mounts()?.into_iter();
        let mount = mounts.find(|mount| mount.id == dir.mount);
        let is_top = |mount: &Mount| mount.at == dir.path && mount.root == Path::new("/");
        mount.filter(is_top).ok_or_else(|| OriginError::NotAMount {
            path: dir.path.clone(),
        })
    }

    /// The block device of a mount, or the image that a FUSE program names as its source.
    pub(super) fn device(&self, mount: &Mount) -> Result<Behind, OriginError> {
        if rustix::fs::major(mount.number) != 0 {
            return Ok(Behind::Device(mount.number));
        }
        let path = Path::new(&mount.source);
        if !path.is_absolute() {
            let named = mount.source.clone();
            return Err(OriginError::NoDevice { named });
        }
        match behind(path) {
            Ok(found) => Ok(found),
            Err(_) if path.is_dir() || path == Path::new("/dev/fuse") => {
                let named = mount.source.clone();
                Err(OriginError::NoDevice { named })
            }
            Err(unseen) => Err(unseen.into()),
        }
    }

    /// Where a block device begins on the disk or image that has the table.
    fn beginning(&self, block: &Block) -> Result<Beginning, OriginError> {
        let (disk, offset, number) = match &block.shape {
            Shape::Mapped => {
                let device = block.path.clone();
                return Err(OriginError::Mapped { device });
            }
            Shape::Whole => (block.clone(), 0, None),
            Shape::Partition { number, start } => (self.whole(block)?, *start, Some(*number)),
            Shape::Loop { backing, offset } => match behind(backing)? {
                Behind::File(medium) => {
                    same_start(&block.path, backing, *offset)?;
                    return Ok(Beginning {
                        disk: backing.clone(),
                        offset: *offset,
                        sector: None,
                        spot: Spot { medium, offset: 0 },
                        number: None,
                    });
                }
                Behind::Device(number) => return self.beginning_below(number, *offset),
            },
        };
        Ok(Beginning {
            sector: Some(self.sector(&disk)?),
            spot: self.spot(&disk)?,
            disk: disk.path,
            offset,
            number,
        })
    }

    /// Where a loop device over another block device begins.
    fn beginning_below(&self, number: u64, offset: u64) -> Result<Beginning, OriginError> {
        let below = self.block(number)?;
        // Refuses what has too many layers, so that the recursion ends.
        self.spot(&below)?;
        if offset == 0 {
            return self.beginning(&below);
        }
        Ok(Beginning {
            sector: Some(self.sector(&below)?),
            spot: self.spot(&below)?,
            disk: below.path,
            offset,
            number: None,
        })
    }
}

/// Finds the device of a partition, rather a mounted one, among all by where they begin.
fn sibling(
    partition: &Partition,
    disk: Spot,
    spots: &[(Spot, &Block)],
    mounts: &[(Behind, &Path)],
) -> Sibling {
    let offset = disk.offset.saturating_add(partition.offset);
    let spot = Spot { offset, ..disk };
    let devices = || spots.iter().filter(|(at, _)| *at == spot);
    let mounted = devices().find_map(|(_, block)| {
        let is_on = |(behind, _): &&(Behind, &Path)| *behind == Behind::Device(block.number);
        mounts.iter().find(is_on).map(|(_, at)| (*block, *at))
    });
    let block = mounted
        .map(|(block, _)| block)
        .or_else(|| devices().next().map(|(_, block)| *block));
    Sibling {
        partition: partition.clone(),
        device: block.map(|block| block.path.clone()),
        mounted_at: mounted.map(|(_, at)| at.to_path_buf()),
        folder: None,
    }
}

/// Checks that a loop device shows the file whose path the system gives: a path is only a name,
/// and another file may have it by now.
fn same_start(device: &Path, file: &Path, offset: u64) -> Result<(), OriginError> {
    let sector = |path: &Path, offset| {
        let mut bytes = [0; SECTOR];
        let open = File::open(path).map_err(unseen(path))?;
        let read = open.read_exact_at(&mut bytes, offset);
        read.map_err(unseen(path)).map(|()| bytes)
    };
    if sector(device, 0)? == sector(file, offset)? {
        return Ok(());
    }
    Err(OriginError::Contradiction {
        device: device.to_path_buf(),
        disk: file.to_path_buf(),
        offset,
    })
}

impl From<Unseen> for OriginError {
    fn from(unseen: Unseen) -> OriginError {
        let Unseen { what, source } = unseen;
        OriginError::Unseen { what, source }
    }
}

#[cfg(test)]
mod tests;

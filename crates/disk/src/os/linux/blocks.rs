//! Block devices as `/sys` describes them, and where their bytes really lie.
//!
//! Invariants: a partition or loop device is followed down to the disk or image that holds its
//! bytes, at most [`MOST_LAYERS`] times; what the device mapper builds is not followed.
//!
//! Deliberately absent: reading a device.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{Places, Unseen, unseen};
use crate::os::{Medium, Spot};

/// Partitions and loop devices on top of each other; nobody builds more.
const MOST_LAYERS: usize = 8;
/// `/sys` counts in these, whatever the disk does.
pub(super) const SYSFS_SECTOR: u64 = 512;

/// A block device.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Its device number.
    pub(super) number: u64,
    /// Its node below `/dev`.
    pub(super) path: PathBuf,
    pub(super) shape: Shape,
    /// The directory that describes it.
    dir: PathBuf,
}

/// What a block device is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A part of the device whose directory is above its own.
    Partition { number: u32, start: u64 },
    /// A file or another block device from a byte on.
    Loop { backing: PathBuf, offset: u64 },
    /// The device mapper's: encrypted, a logical volume, several disks.
    Mapped,
    /// A disk of its own.
    Whole,
}

/// What lies behind a path: a block device by its number, or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    Device(u64),
    File(Medium),
}

/// What a path leads to; neither file nor block device is an error.
pub(super) fn behind(path: &Path) -> Result<Behind, Unseen> {
    let data = fs::metadata(path).map_err(unseen(path))?;
    if data.file_type().is_block_device() {
        return Ok(Behind::Device(data.rdev()));
    }
    if data.is_file() {
        return Ok(Behind::File(Medium::File {
            volume: data.dev(),
            id: data.ino(),
        }));
    }
    let source = io::Error::other("it is neither a file nor a block device");
    Err(unseen(path)(source))
}

impl Block {
    /// The directory that describes it.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Places {
    /// The block device with a number.
    pub(super) fn block(&self, number: u64) -> Result<Block, Unseen> {
        let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
        let link = self.sys.join("dev/block").join(format!("{major}:{minor}"));
        self.block_in(&link)
    }

    /// All block devices that can be looked at.
    pub(super) fn blocks(&self) -> Result<Vec<Block>, Unseen> {
        let class = self.sys.join("class/block");
        let entries = fs::read_dir(&class).map_err(unseen(&class))?;
        let mut dirs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        dirs.sort();
        // One that goes away meanwhile is none.
        Ok(dirs
            .iter()
            .filter_map(|dir| self.block_in(dir).ok())
            .collect())
    }

    /// The device that a partition is a part of.
    pub(super) fn whole(&self, partition: &Block) -> Result<Block, Unseen> {
        self.block_in(partition.dir.parent().unwrap_or(&partition.dir))
    }

    fn block_in(&self, link: &Path) -> Result<Block, Unseen> {
        let dir = fs::canonicalize(link).map_err(unseen(link))?;
        let name = dir.file_name().unwrap_or_default().as_bytes();
        let name = name
            .iter()
            .map(|byte| if *byte == b'!' { b'/' } else { *byte });
        let path = self.dev.join(OsString::from_vec(name.collect()));
        let (major, minor) = text(&dir.join("dev"))?
            .split_once(':')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
            .ok_or_else(|| unseen(&dir.join("dev"))(io::ErrorKind::InvalidData.into()))?;
        Ok(Block {
            number: rustix::fs::makedev(major, minor),
            path,
            shape: shape(&dir)?,
            dir,
        })
    }

    /// The size of a logical sector of a device in bytes; for a partition, its disk's.
    pub(super) fn sector(&self, block: &Block) -> Result<u32, Unseen> {
        let disk = match block.shape {
            Shape::Partition { .. } => self.whole(block)?.dir,
            _ => block.dir.clone(),
        };
        number(&disk.join("queue/logical_block_size"))
    }

    /// What a device is a part of, and from which byte on.
    fn below(&self, block: &Block) -> Result<Option<(Behind, u64)>, Unseen> {
        Ok(match &block.shape {
            Shape::Partition { start, .. } => {
                Some((Behind::Device(self.whole(block)?.number), *start))
            }
            // A file that has lost its name is known by its loop device alone.
            Shape::Loop { backing, offset } => behind(backing).ok().map(|file| (file, *offset)),
            Shape::Mapped | Shape::Whole => None,
        })
    }

    /// Where the first byte of a device lies.
    pub(super) fn spot(&self, block: &Block) -> Result<Spot, Unseen> {
        let mut block = block.clone();
        let mut offset = 0_u64;
        for _ in 0..MOST_LAYERS {
            let Some((below, at)) = self.below(&block)? else {
                let medium = Medium::Device(block.number);
                return Ok(Spot { medium, offset });
            };
            offset = offset.saturating_add(at);
            match below {
                Behind::File(medium) => return Ok(Spot { medium, offset }),
                Behind::Device(number) => block = self.block(number)?,
            }
        }
        Err(unseen(&block.path)(io::Error::other(
            "too many layers of devices",
        )))
    }
}

fn shape(dir: &Path) -> Result<Shape, Unseen> {
    let partition = dir.join("partition");
    let backing = dir.join("loop/backing_file");
    if partition.exists() {
        let start: u64 = number(&dir.join("start"))?;
        return Ok(Shape::Partition {
            number: number(&partition)?,
            start: start.saturating_mul(SYSFS_SECTOR),
        });
    }
    if backing.exists() {
        let mut path = fs::read(&backing).map_err(unseen(&backing))?;
        path.pop_if(|last| *last == b'\n');
        return Ok(Shape::Loop {
            backing: OsString::from_vec(path).into(),
            offset: number(&dir.join("loop/offset"))?,
        });
    }
    let is_mapped = dir.join("dm").exists();
    Ok(if is_mapped {
        Shape::Mapped
    } else {
        Shape::Whole
    })
}

fn text(path: &Path) -> Result<String, Unseen> {
    let text = fs::read_to_string(path).map_err(unseen(path))?;
    Ok(text.trim().to_owned())
}

fn number<T: std::str::FromStr>(path: &Path) -> Result<T, Unseen> {
    let number = text(path)?.parse();
    number.map_err(|_| unseen(path)(io::ErrorKind::InvalidData.into()))
}

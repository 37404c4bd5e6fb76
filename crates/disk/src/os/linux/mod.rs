//! Linux: what is mounted, on which block devices, and on which disks those lie.
//!
//! Invariants: everything is read from `/proc` and `/sys`, which [`Places`] can put elsewhere; the
//! system's own files are believed, the bytes of a disk are not. Nothing is opened for writing.
//!
//! Deliberately absent: control calls to devices, the databases of `udev` and `blkid`.

mod attached;
mod blocks;
#[cfg(test)]
mod fake;
mod mounts;
mod origin;
mod running;
mod security;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, AsRawFd};

pub(crate) use attached::{attached_disks, device_of, is_remote};
pub(crate) use origin::{origin, siblings, table_of};
pub(crate) use security::{attributes, descriptor, set_descriptor, times};

use mounts::Mount;

/// Where the system describes itself.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// This process in `/proc`.
    process: PathBuf,
    sys: PathBuf,
    dev: PathBuf,
}

/// Something that had to be looked at and could not be.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", what.display())]
pub(super) struct Unseen {
    pub(super) what: PathBuf,
    pub(super) source: io::Error,
}

/// An open directory by its place among the mounts.
#[derive(Clone, Debug)]
pub(super) struct Spelled {
    /// Its path as the kernel spells it.
    path: PathBuf,
    /// The number of the mount it was opened in.
    mount: u64,
}

impl Places {
    /// Where they are on every Linux.
    pub(super) fn real() -> Places {
        Places {
            process: PathBuf::from("/proc/self"),
            sys: PathBuf::from("/sys"),
            dev: PathBuf::from("/dev"),
        }
    }

    fn mounts(&self) -> Result<Vec<Mount>, Unseen> {
        let path = self.process.join("mountinfo");
        Ok(mounts::parse(&fs::read(&path).map_err(unseen(&path))?))
    }

    fn spelled(&self, dir: impl AsFd) -> Result<Spelled, Unseen> {
        let number = dir.as_fd().as_raw_fd().to_string();
        let link = self.process.join("fd").join(&number);
        let path = fs::read_link(&link).map_err(unseen(&link))?;
        let info = self.process.join("fdinfo").join(&number);
        let text = fs::read_to_string(&info).map_err(unseen(&info))?;
        let mount = text.lines().find_map(|line| line.strip_prefix("mnt_id:"));
        let mount = mount.and_then(|number| number.trim().parse().ok());
        let mount = mount.ok_or_else(|| unseen(&info)(io::ErrorKind::InvalidData.into()))?;
        Ok(Spelled { path, mount })
    }
}

/// Whether an open directory belongs to the system that runs now, `/` itself aside.
pub(super) fn is_of_running_system(dir: impl AsFd) -> io::Result<bool> {
    let places = Places::real();
    let look = || places.is_of_running_system(&places.spelled(dir)?);
    // With the kind of the cause the caller would take it for an error of the directory.
    look().map_err(io::Error::other)
}

/// Says for what an error of the system arose.
fn unseen(what: &Path) -> impl FnOnce(io::Error) -> Unseen {
    let what = what.to_path_buf();
    move |source| Unseen { what, source }
}

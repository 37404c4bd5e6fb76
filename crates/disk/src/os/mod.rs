//! The operating system behind one set of names: `unix` and `windows` offer the same functions;
//! `linux` adds to `unix` what each Unix tells in its own way, and `storage` understands what
//! Windows tells of its disks, on every system.
//!
//! Invariants: opening never follows a link below a root; nothing here decides anything, it
//! reports. The only unsafe code of the crate is in the files that begin with `windows`.
//!
//! Deliberately absent: policy, retries, messages.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(windows, test))]
mod storage;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
mod windows_security;
#[cfg(windows)]
mod windows_storage;

#[cfg(target_os = "linux")]
pub(crate) use linux::{attached_disks, device_of, is_remote, table_of};
#[cfg(target_os = "linux")]
pub(crate) use linux::{attributes, descriptor, origin, set_descriptor, siblings, times};
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;
#[cfg(windows)]
pub(crate) use windows_security::*;
#[cfg(windows)]
pub(crate) use windows_storage::*;

use crate::walk::Kind;

/// What the system knows about an opened or inspected entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// In bytes; meaningful for files only.
    pub(crate) size: u64,
    /// The number of the device or volume.
    pub(crate) volume: u64,
    /// The number of the file on its volume.
    pub(crate) id: u64,
    /// How many names the file has.
    pub(crate) links: u64,
}

impl Node {
    /// Whether two nodes are one and the same file or directory.
    pub(crate) fn is(&self, other: &Node) -> bool {
        self.volume == other.volume && self.id == other.id
    }
}

/// Where bytes really lie, below partitions and loop devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) medium: Medium,
    /// In bytes.
    pub(crate) offset: u64,
}

/// What holds bytes: a disk, or an image file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(target_os = "linux", windows)),
    allow(dead_code, reason = "other systems are not asked")
)]
pub(crate) enum Medium {
    /// A block device or physical disk by its number.
    Device(u64),
    /// A file by the numbers of its volume and its own.
    File { volume: u64, id: u64 },
}

/// The failures of opening that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Link,
    Busy,
    ReadOnly,
}

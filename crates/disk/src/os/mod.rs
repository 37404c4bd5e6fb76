//! The operating system behind one set of names: `unix` and `windows` offer the same functions.
//!
//! Invariants: opening never follows a link below a root; nothing here decides anything, it
//! reports. The only unsafe code of the crate is in `windows`.
//!
//! Deliberately absent: policy, retries, messages.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
mod windows_security;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;
#[cfg(windows)]
pub(crate) use windows_security::*;

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
}

impl Node {
    /// Whether two nodes are one and the same file or directory.
    pub(crate) fn is(&self, other: &Node) -> bool {
        self.volume == other.volume && self.id == other.id
    }
}

/// The failures of opening that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Link,
    Busy,
    ReadOnly,
}

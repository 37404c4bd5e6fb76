//! What speaks against writing to a volume, or must be known before: what Windows and the one who
//! attached the disk have left it like.
//!
//! Invariants: nothing is written, discarded or repaired; what cannot be looked at is a guard of
//! its own where writing could lose data, and nothing where it is only worth knowing.
//!
//! Deliberately absent: the running system (`disk` never opens it), files that are in use (seen
//! when they are held), what to do about a guard.

pub mod file_system;
mod format;
pub mod ntfs;

use crate::control_set;
use crate::volume::Volume;
use disk::{Kind, Root, WalkError};
use std::error::Error;
use std::fmt;
use std::io::{Read, Seek};

/// The file that a sleeping Windows is kept in.
const HIBERNATION_FILE: &str = "hiberfil.sys";
/// A hibernation file is never smaller than its header.
const HIBERNATION_HEADER: usize = 4096;
/// The first bytes while there is a session to resume. `wake` and `RSTR` stand there afterwards,
/// and zeros before the first one.
const SLEEPING: [&[u8]; 2] = [b"hibr", b"HIBR"];

/// Where Setup leaves the Windows that was there before.
const OLD_WINDOWS: &str = "Windows.old";
/// No disk has more folders at its root than are looked into for another Windows.
const MOST_FOLDERS: usize = 512;

/// What speaks against writing to a volume, or must be known before.
#[derive(Debug)]
#[non_exhaustive]
pub enum Guard {
    /// A session of Windows is kept on the volume, by hibernation or by fast startup.
    Hibernated,
    /// Whether one is kept there cannot be seen.
    HibernationUnseen(WalkError),
    /// The volume cannot be written.
    ReadOnly,
    /// The volume is a share of another machine.
    Network,
    /// The volume is a shadow copy of another.
    ShadowCopy,
    /// NTFS is marked for a check.
    Dirty,
    /// A program in user space serves the volume and can write it: ntfs-3g, which empties an
    /// unclean log of NTFS when it mounts.
    ServedByProgram,
    /// These folders beside `Windows` have a SYSTEM hive as well.
    OtherWindows(Vec<String>),
    /// There is an older Windows in `Windows.old`.
    OldWindows,
    /// This Windows takes itself for Windows PE, without being one.
    PeMark,
}

impl Guard {
    /// What it is called in documents; stays the same when its words change.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Guard::Hibernated => "hibernated",
            Guard::HibernationUnseen(_) => "hibernation-unseen",
            Guard::ReadOnly => "read-only",
            Guard::Network => "network-drive",
            Guard::ShadowCopy => "shadow-copy",
            Guard::Dirty => "ntfs-dirty",
            Guard::ServedByProgram => "fuse-mount",
            Guard::OtherWindows(_) => "other-windows",
            Guard::OldWindows => "windows-old",
            Guard::PeMark => "pe-mark",
        }
    }

    /// Whether nothing may be written.
    #[must_use]
    pub fn refuses(&self) -> bool {
        matches!(
            self,
            Guard::Hibernated
                | Guard::HibernationUnseen(_)
                | Guard::ReadOnly
                | Guard::Network
                | Guard::ShadowCopy
        )
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guard::Hibernated => f.write_str(
                "Windows is hibernated, or was shut down with fast startup: its next start would \
                 resume from memory and overwrite what is changed now",
            ),
            Guard::HibernationUnseen(error) => {
                write!(f, "whether Windows is hibernated cannot be seen: {error}")?;
                match error.source() {
                    Some(cause) => write!(f, ": {cause}"),
                    None => Ok(()),
                }
            }
            Guard::ReadOnly => f.write_str("the disk is attached read-only"),
            Guard::Network => f.write_str("the drive is a share of another machine"),
            Guard::ShadowCopy => {
                f.write_str("the drive is a shadow copy, which shows a disk as it was")
            }
            Guard::Dirty => f.write_str("NTFS is marked dirty: Windows will check it at its start"),
            Guard::ServedByProgram => f.write_str(
                "a program in user space serves the disk; ntfs-3g has emptied the log of NTFS when \
                 it mounted, if that was unclean",
            ),
            Guard::OtherWindows(folders) => write!(
                f,
                "there is a Windows in {} too; this is about the one in Windows",
                folders.join(", ")
            ),
            Guard::OldWindows => f.write_str("the older Windows in Windows.old is not looked at"),
            Guard::PeMark => f.write_str(
                "Control\\MiniNT exists: this Windows takes itself for Windows PE, without event \
                 log among other things",
            ),
        }
    }
}

/// What keeps a root from being written, the cause before its consequences. Reads no hive.
#[must_use]
pub fn of_root(root: &Root) -> Vec<Guard> {
    let mut guards = Vec::new();
    guards.extend(hibernation(root));
    if root.is_remote() {
        guards.push(Guard::Network);
    }
    if root.is_shadow_copy() {
        guards.push(Guard::ShadowCopy);
    }
    if root.is_read_only() {
        guards.push(Guard::ReadOnly);
    }
    guards
}

/// Every guard of a volume.
#[must_use]
pub fn of_volume(volume: &Volume) -> Vec<Guard> {
    let root = volume.root();
    let mut guards = of_root(root);
    if root.device().is_ok_and(is_dirty) {
        guards.push(Guard::Dirty);
    }
    if root.is_fuse() && !root.is_read_only() {
        guards.push(Guard::ServedByProgram);
    }
    let (others, has_old) = other_windows(root);
    if !others.is_empty() {
        guards.push(Guard::OtherWindows(others));
    }
    if has_old {
        guards.push(Guard::OldWindows);
    }
    if !is_windows_pe(volume) && has_pe_mark(volume) {
        guards.push(Guard::PeMark);
    }
    guards
}

/// Whether the Windows of a volume is Windows PE, which starts from a ramdisk and forgets: its
/// hive says so, and its own first program is there.
#[must_use]
pub fn is_windows_pe(volume: &Volume) -> bool {
    let shell = volume.root().find(r"Windows\System32\winpeshl.exe");
    has_pe_mark(volume) && shell.is_ok_and(|shell| shell.is_some())
}

fn has_pe_mark(volume: &Volume) -> bool {
    let sets = &volume.control_sets().existing;
    sets.iter().any(|set| {
        let key = format!(r"{}\Control\MiniNT", control_set::key_of(*set));
        matches!(volume.system().hive.key(&key), Ok(Some(_)))
    })
}

fn hibernation(root: &Root) -> Option<Guard> {
    match root.read_start(HIBERNATION_FILE, HIBERNATION_HEADER) {
        Ok(None) => None,
        Ok(Some(header)) => {
            let sleeps = SLEEPING.iter().any(|mark| header.starts_with(mark));
            // A short one names another partition on which the session is.
            let is_short = header.len() < HIBERNATION_HEADER;
            (sleeps || is_short).then_some(Guard::Hibernated)
        }
        Err(error) => Some(Guard::HibernationUnseen(error)),
    }
}

/// Whether a device has NTFS that is marked for a check, as far as that can be seen.
fn is_dirty(mut device: impl Read + Seek) -> bool {
    ntfs::flags(&mut device).is_ok_and(ntfs::VolumeFlags::is_dirty)
}

/// The folders beside `Windows` with a Windows in them, and whether there is a `Windows.old`.
fn other_windows(root: &Root) -> (Vec<String>, bool) {
    let entries = root.list("").ok().flatten().unwrap_or_default();
    let folders = entries.iter().filter(|entry| entry.kind == Kind::Directory);
    let has_system = |folder: &str| {
        let found = root.find(&format!(r"{folder}\System32\config\SYSTEM"));
        found.is_ok_and(|found| found.is_some_and(|found| found.kind == Kind::File))
    };
    let mut others = Vec::new();
    let mut has_old = false;
    for entry in folders.take(MOST_FOLDERS) {
        let name = &entry.name;
        if name.eq_ignore_ascii_case("Windows") {
            continue;
        }
        if name.eq_ignore_ascii_case(OLD_WINDOWS) {
            has_old = has_system(&format!(r"{name}\Windows"));
        } else if has_system(name) {
            others.push(name.clone());
        }
    }
    (others, has_old)
}

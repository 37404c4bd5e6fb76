//! Whether the file of a driver is on the disk.
//!
//! Invariants: the folder of drivers is listed once; "missing" is said only of a disk that shows
//! the other drivers Windows cannot be without, so a disk with few files is not taken for a broken
//! one; what cannot be looked through (a link, another drive) is not known. Absent on purpose: what
//! is in a file.

use crate::context::Context;
use crate::image_path::SystemDrive;
use disk::Kind;
use disk::Root;
use std::collections::HashMap;

const FOLDER: &str = r"windows\system32\drivers\";
/// Drivers every Windows since Vista has.
const CORE: [&str; 9] = [
    "acpi.sys",
    "disk.sys",
    "fltmgr.sys",
    "mountmgr.sys",
    "ndis.sys",
    "ntfs.sys",
    "pci.sys",
    "tcpip.sys",
    "volmgr.sys",
];
/// So many of them show that the folder is really there.
const ENOUGH: usize = 3;

/// What is seen of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is there and holds something.
    There,
    /// It is there and has no byte.
    Empty,
    /// It is not there, on a disk that shows its other drivers.
    Missing,
    /// The disk does not tell.
    Unknown,
}

/// The drivers of a disk.
#[derive(Debug)]
pub struct DriverFiles<'v> {
    root: &'v Root,
    drive: SystemDrive,
    /// By name in lower case; `None` when the folder cannot be listed.
    folder: Option<HashMap<String, Seen>>,
    /// Whether the disk shows its drivers.
    whole: bool,
}

impl<'v> DriverFiles<'v> {
    /// Lists the folder of drivers.
    pub fn of(context: &Context<'v>) -> DriverFiles<'v> {
        let root = context.volume.root();
        let entries = root.list(FOLDER.trim_end_matches('\\')).ok().flatten();
        let folder = entries.map(|entries| {
            let seen = |kind, size| match (kind, size) {
                (Kind::File, 0) => Seen::Empty,
                _ => Seen::There,
            };
            let names = entries
                .iter()
                .map(|entry| (entry.name.to_lowercase(), seen(entry.kind, entry.size)));
            names.collect::<HashMap<_, _>>()
        });
        let shown = |name: &&&str| {
            let found = folder.as_ref().and_then(|folder| folder.get(**name));
            found == Some(&Seen::There)
        };
        let whole = CORE.iter().filter(shown).count() >= ENOUGH;
        DriverFiles {
            root,
            drive: SystemDrive::of(context),
            folder,
            whole,
        }
    }

    /// Where the file of a driver should be, below the drive, and what is there.
    pub fn look(&self, service: &str, image: Option<&str>) -> (String, Seen) {
        match self.drive.driver(service, image) {
            Some(path) => {
                let seen = self.seen(&path);
                (path, seen)
            }
            None => (image.unwrap_or_default().to_owned(), Seen::Unknown),
        }
    }

    /// What is at a path below the drive.
    pub fn seen(&self, path: &str) -> Seen {
        let missing = if self.whole {
            Seen::Missing
        } else {
            Seen::Unknown
        };
        let lower = path.to_lowercase();
        let driver = lower
            .strip_prefix(FOLDER)
            .filter(|name| !name.contains('\\'));
        match (driver, &self.folder) {
            (Some(name), Some(folder)) => folder.get(name).copied().unwrap_or(missing),
            _ => match self.root.find(path) {
                Ok(None) => missing,
                Ok(Some(found)) if found.kind == Kind::File && found.size == 0 => Seen::Empty,
                Ok(Some(_)) => Seen::There,
                Err(_) => Seen::Unknown,
            },
        }
    }
}

//! A disk, its plan and its states before and after, to which everything can be set back in place.
//!
//! Invariants: setting back keeps every inode, so that a run still knows its disk.
//! Absent on purpose: kills themselves.

use crate::real::Which;
use crate::scratch::{Scratch, Tree, tree};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What stands in the folder at one moment: disk, journal and plan.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The folder.
    pub(crate) scratch: Scratch,
    /// Everything before `apply`.
    pub(crate) before: Tree,
    /// Everything after `apply`.
    pub(crate) after: Tree,
}

impl Bench {
    /// Makes disk and plan, and applies it once to see what comes out.
    pub(crate) fn new(which: Which) -> Option<Bench> {
        let scratch = which.scratch()?;
        let plan = ["plan", "disk", "--out", "p.json"];
        scratch
            .run(&[&plan[..], which.selection()].concat())
            .gives(0);
        let before = tree(scratch.path());
        scratch.run(&["apply", "p.json", "--yes"]).gives(0);
        let after = tree(scratch.path());
        let bench = Bench {
            scratch,
            before,
            after,
        };
        bench.set(&bench.before);
        Some(bench)
    }

    /// Sets everything back.
    pub(crate) fn set(&self, state: &Tree) {
        for name in tree(self.scratch.path()).keys().rev() {
            let path = self.scratch.path().join(name);
            if !state.contains_key(name) {
                let gone = if path.is_dir() {
                    fs::remove_dir(path)
                } else {
                    fs::remove_file(path)
                };
                gone.unwrap();
            }
        }
        for (name, entry) in state {
            let path = self.scratch.path().join(name);
            if entry.mode & 0o170_000 == 0o040_000 {
                fs::create_dir_all(&path).unwrap();
            } else if fs::read(&path).ok().as_ref() != Some(&entry.bytes) {
                fs::write(&path, &entry.bytes).unwrap();
            }
            fs::set_permissions(path, fs::Permissions::from_mode(entry.mode & 0o7777)).unwrap();
        }
    }

    /// One file of the disk among the hives, in a state.
    pub(crate) fn file<'t>(&self, state: &'t Tree, name: &str) -> Option<&'t [u8]> {
        let path = self.scratch.config(name);
        let path = path.strip_prefix(self.scratch.path()).unwrap();
        state.get(path).map(|entry| entry.bytes.as_slice())
    }

    /// The disk's part of a state.
    pub(crate) fn disk(state: &Tree) -> Tree {
        let disk = Path::new("disk");
        let part = state.iter().filter(|(name, _)| name.starts_with(disk));
        part.map(|(name, entry)| (name.clone(), entry.clone()))
            .collect()
    }
}

/// Whether two images hold the same bins but for the time stamps of keys.
pub(crate) fn same_bins(left: &[u8], right: &[u8]) -> bool {
    let (Some(left), Some(right)) = (bins(left), bins(right)) else {
        return false;
    };
    // Behind the tag `nk` and two bytes of flags; the first bin has one of its own.
    let is_time = |at: usize| {
        (20..28).contains(&at)
            || (4..12).any(|back| {
                let tag = at.checked_sub(back).filter(|tag| tag % 8 == 4);
                tag.is_some_and(|tag| left.get(tag..tag + 2) == Some(b"nk"))
            })
    };
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .enumerate()
            .all(|(at, (l, r))| l == r || is_time(at))
}

/// The bins of an image, as long as its header says.
pub(crate) fn bins(image: &[u8]) -> Option<&[u8]> {
    let size = u32::from_le_bytes(image.get(0x28..0x2C)?.try_into().ok()?);
    image.get(4096..4096 + size as usize)
}

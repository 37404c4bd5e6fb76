//! One NTFS volume in a file, without a disk around it.
//!
//! Invariants: a copy is a volume of its own in the same scratch folder's place; nothing is
//! attached as a device. Absent on purpose: boot files on a partition of their own.

use super::image::Scheme;
use super::layout::{self, Logs, visible};
use super::served::Mounted;
use crate::scratch::{Scratch, Tree};
use crate::{has, tool};
use serde_json::Value;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

/// The selection of the tests: what is broken in SYSTEM and SOFTWARE.
pub(super) const APPLY: [&str; 4] = ["apply", "disk", "--recommended", "--yes"];
pub(super) const UNDO: [&str; 3] = ["undo", "disk", "--yes"];

/// A scratch folder with a volume in the file `image`.
#[derive(Debug)]
pub(super) struct Volume {
    pub(super) scratch: Scratch,
}

impl Volume {
    /// With a faulty Windows on it; `None`, after saying so, where a tool is missing.
    pub(super) fn with_windows(logs: Logs, tools: &[&str]) -> Option<Volume> {
        Volume::with_room(logs, tools, 16 << 20)
    }

    /// The same, so many bytes long.
    pub(super) fn with_room(logs: Logs, tools: &[&str], bytes: u64) -> Option<Volume> {
        let always = ["mkfs.ntfs", "ntfs-3g", "getfattr", "setfattr"];
        if !has(&[&always, tools].concat()) {
            return None;
        }
        let volume = Volume {
            scratch: Scratch::empty(),
        };
        let file = File::create(volume.image()).unwrap();
        file.set_len(bytes).unwrap();
        let mut mkfs = Command::new("mkfs.ntfs");
        mkfs.args(["-F", "-Q", "-q", "-c", "4096"]);
        tool(mkfs.arg(volume.image()));
        let mounted = volume.mount("norecover");
        layout::write(&volume.scratch, Scheme::Mbr, logs);
        drop(mounted);
        Some(volume)
    }

    /// The same bytes in a folder of their own.
    pub(super) fn copy(&self) -> Volume {
        let copy = Volume {
            scratch: Scratch::empty(),
        };
        let mut cp = Command::new("cp");
        cp.arg("--sparse=always").arg(self.image());
        tool(cp.arg(copy.image()));
        copy
    }

    pub(super) fn image(&self) -> PathBuf {
        self.scratch.path().join("image")
    }

    /// Mounts it at `disk`.
    pub(super) fn mount(&self, options: &str) -> Mounted {
        Mounted::ntfs(&self.image(), &self.scratch.disk(), options)
    }

    /// Everything on it, mounted.
    pub(super) fn tree(&self) -> Tree {
        visible(&self.scratch.disk())
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        fs::read(self.image()).unwrap()
    }

    /// The answer of a command that ends so, in JSON.
    #[track_caller]
    pub(super) fn says(&self, words: &[&str], exit: i32) -> Value {
        let answer = self.scratch.run(&[words, &["--format", "json"]].concat());
        serde_json::from_str(&answer.gives(exit).out).unwrap()
    }
}

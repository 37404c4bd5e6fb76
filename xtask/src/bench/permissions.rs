//! Permissions: looking at and changing those of many files on a real NTFS, against a pass of
//! other tools over the same files.
//!
//! Invariants: the image is made anew below the scratch folder and unmounted again. Absent on
//! purpose: measuring without ntfs-3g, or without the rights to mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::windows::{self, MACHINE_KEYS};

use super::hives::{has, memory};
use super::table::Row;
use super::{name, time};

/// Files in the folder of keys.
const FILES: usize = 20_000;
/// The size of the image, in bytes; it has holes.
const IMAGE: u64 = 512 << 20;
const LOOK: &str = "look at 20,000 keys, against getfattr";
const CHANGE: &str = "change 20,000 keys, against getfattr";
const MEMORY: &str = "memory of that change, against nothing";
/// The repair, in the form that is about every file.
const REPAIR: [&str; 4] = [
    "--repair",
    "machine-keys",
    "--set",
    "machine-keys.form=article",
];

/// A mounted image; unmounted when it goes.
struct Mounted<'m>(&'m Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // What cannot be unmounted is left to whoever looks at the error of the measurement.
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// Measures everything about permissions.
///
/// # Errors
/// When a program fails.
pub(super) fn rows(release: &Path, scratch: &Path) -> Result<Vec<Row>> {
    let skip = |why: &str| {
        [LOOK, CHANGE, MEMORY]
            .map(|what| Row::skipped(what, why))
            .into()
    };
    for tool in ["mkntfs", "ntfs-3g", "getfattr"] {
        if !has(tool) {
            return Ok(skip(&format!("no {tool}")));
        }
    }
    let (image, disk) = (scratch.join("ntfs.img"), scratch.join("ntfs"));
    fs::create_dir_all(&disk)?;
    fs::File::create(&image)?.set_len(IMAGE)?;
    run(Command::new("mkntfs").args(["-F", "-Q", "-q"]).arg(&image))?;
    let mounted = Command::new("ntfs-3g").arg(&image).arg(&disk).status()?;
    if !mounted.success() {
        return Ok(skip("an image cannot be mounted here"));
    }
    let _mounted = Mounted(&disk);
    windows::healthy().write_to(&disk)?;
    let keys = disk.join(MACHINE_KEYS);
    for number in 0..FILES {
        fs::File::create(keys.join(format!("key{number:05}")))?;
    }
    measured(release, scratch, &disk)
}

fn measured(release: &Path, scratch: &Path, disk: &Path) -> Result<Vec<Row>> {
    let pass = "find \"$1\" -type f -print0 | xargs -0 getfattr -n system.ntfs_acl -e hex | wc -l";
    let mut peer = Command::new("sh");
    peer.args(["-c", pass, "sh"]).arg(disk.join(MACHINE_KEYS));
    let offfix = release.join(name("offfix"));
    let words = |command: &str, more: &[&str]| {
        let journal = scratch.join("permissions");
        let mut words = vec!["--journal".into(), journal, command.into(), disk.to_owned()];
        words.extend(more.iter().map(PathBuf::from));
        words
    };
    let ours = |words: &[PathBuf]| time(Command::new(&offfix).args(words));
    let apply = words("apply", &[&REPAIR[..], &["--yes"]].concat());
    // The first pass warms the caches.
    time(&mut peer)?;
    let theirs = time(&mut peer)?;
    let look = ours(&words("plan", &REPAIR))?;
    let change = ours(&apply)?;
    ours(&words("undo", &["--yes"]))?;
    let ratio = |what: &str, taken: Duration| {
        let [taken, theirs] = [taken, theirs].map(|time| time.as_secs_f64() * 1000.0);
        Row::ratio(what, taken, theirs, 10.0)
    };
    Ok(vec![
        ratio(LOOK, look),
        ratio(CHANGE, change),
        memory([&offfix, scratch], MEMORY, &apply, [0.0, 64.0])?,
    ])
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    Ok(())
}

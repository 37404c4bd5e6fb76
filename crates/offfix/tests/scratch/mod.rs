//! A folder with a disk, a journal beside it, and offfix run between them.
//!
//! Invariants: the program sees no environment but a pinned clock; what is compared of a disk is
//! every name, byte and time stamp. Absent on purpose: any statement about what is right.
#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail and speak where they stand"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
#[cfg(windows)]
use std::os::windows::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use testkit::windows::Disk;

/// 2026-09-15 09:12 UTC, the time of every run of a debug build.
pub(crate) const NOW: &str = "1789463520";
/// Who makes every run of a debug build, and where.
pub(crate) const OPERATOR: &str = "admin@recovery-01";
/// Where hives lie on a disk.
pub(crate) const CONFIG: &str = "Windows/System32/config";

/// On a busy machine Wine now and then cannot start a program (`ERROR_INTERNAL_ERROR`), which then
/// has not run at all. No other system knows this number.
const NOT_STARTED: i32 = 1359;
/// How often it is tried again.
const STARTS: usize = 3;

/// What the program answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Its exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Answer {
    /// From a finished process.
    pub(crate) fn of(output: &Output) -> Answer {
        Answer {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails unless the code is this one.
    #[track_caller]
    pub(crate) fn gives(self, code: i32) -> Answer {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.out, self.err
        );
        self
    }
}

/// A temporary folder: the disk in `disk`, the journal in `J`.
#[derive(Debug)]
pub(crate) struct Scratch {
    dir: TempDir,
}

impl Scratch {
    /// Without a disk.
    pub(crate) fn empty() -> Scratch {
        let dir = tempfile::tempdir().expect("a temporary folder");
        Scratch { dir }
    }

    /// With this disk.
    pub(crate) fn with(disk: &Disk) -> Scratch {
        let scratch = Scratch::empty();
        disk.write_to(&scratch.disk()).expect("a disk");
        scratch
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The root of the disk.
    pub(crate) fn disk(&self) -> PathBuf {
        self.path().join("disk")
    }

    /// A file among the hives.
    pub(crate) fn config(&self, name: &str) -> PathBuf {
        self.disk().join(CONFIG).join(name)
    }

    /// The program with these arguments and the journal, not yet started.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offfix"));
        command.args(arguments).args(["--journal", "J"]);
        self.place(&mut command);
        command
    }

    /// Gives a command this folder and nothing else.
    pub(crate) fn place(&self, command: &mut Command) {
        command.current_dir(self.path()).env_clear();
        command.env("OFFFIX_TEST_TIME", NOW).stdin(Stdio::null());
        command.env("OFFFIX_TEST_OPERATOR", OPERATOR);
        // Windows finds its own libraries by these.
        for name in ["SystemRoot", "SystemDrive"] {
            if let Some(value) = std::env::var_os(name).filter(|_| cfg!(windows)) {
                command.env(name, value);
            }
        }
    }

    /// Runs the program.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Answer {
        let mut command = self.command(arguments);
        let mut output = command.output();
        for _ in 0..STARTS {
            let failed = output.as_ref().err();
            if failed.and_then(std::io::Error::raw_os_error) != Some(NOT_STARTED) {
                break;
            }
            println!("Wine did not start offfix: once more");
            output = command.output();
        }
        Answer::of(&output.expect("offfix starts"))
    }

    /// Makes a plan into `p.json` and applies it, both of which must work.
    #[track_caller]
    pub(crate) fn applied(&self, selection: &[&str]) {
        let plan = [&["plan", "disk", "--out", "p.json"], selection].concat();
        self.run(&plan).gives(0);
        self.run(&["apply", "p.json", "--yes"]).gives(0);
    }
}

/// One file or folder: what it is, its contents, owner, mode and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The file's bytes; the target of a link; nothing for a folder.
    pub(crate) bytes: Vec<u8>,
    /// Type and permissions; on Windows the attributes.
    pub(crate) mode: u32,
    /// Modification and change, in seconds and nanoseconds; on Windows writing and creation.
    pub(crate) times: [i64; 4],
}

/// Everything below a folder, links not followed.
pub(crate) type Tree = BTreeMap<PathBuf, Entry>;

/// Looks at everything below a folder; nothing when there is no folder.
pub(crate) fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut todo = vec![root.to_owned()];
    while let Some(path) = todo.pop() {
        let Ok(about) = fs::symlink_metadata(&path) else {
            continue;
        };
        let bytes = if about.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder");
            todo.extend(entries.map(|entry| entry.expect("an entry").path()));
            Vec::new()
        } else if about.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            target.into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).expect("a file")
        };
        let (mode, times) = mode_and_times(&about);
        let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
        tree.insert(name, Entry { bytes, mode, times });
    }
    tree
}

#[cfg(unix)]
fn mode_and_times(about: &fs::Metadata) -> (u32, [i64; 4]) {
    let times = [
        about.mtime(),
        about.mtime_nsec(),
        about.ctime(),
        about.ctime_nsec(),
    ];
    (about.mode(), times)
}

#[cfg(windows)]
fn mode_and_times(about: &fs::Metadata) -> (u32, [i64; 4]) {
    let times = [about.last_write_time(), about.creation_time(), 0, 0];
    (about.file_attributes(), times.map(u64::cast_signed))
}

/// Fails with the names of what differs.
#[track_caller]
pub(crate) fn same(left: &Tree, right: &Tree, what: &str) {
    let names = left.keys().chain(right.keys());
    let differ: Vec<&PathBuf> = names
        .filter(|name| left.get(*name) != right.get(*name))
        .collect();
    assert!(differ.is_empty(), "{what}: {differ:?} differ");
}

/// The same without time stamps, for disks that were written and put back.
#[track_caller]
pub(crate) fn same_bytes(left: &Tree, right: &Tree, what: &str) {
    let timeless = |tree: &Tree| -> Tree {
        let strip = |(name, entry): (&PathBuf, &Entry)| {
            (
                name.clone(),
                Entry {
                    times: [0; 4],
                    ..entry.clone()
                },
            )
        };
        tree.iter().map(strip).collect()
    };
    same(&timeless(left), &timeless(right), what);
}

//! Scratch folders and mounts for the tests of this crate.
//!
//! Invariants: what was mounted is unmounted when the value is dropped, also after a failure.
//!
//! Deliberately absent: any assertion.
#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "these are tests")]

pub(crate) mod descriptor;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use disk::{HeldFile, Root};

/// A folder that is removed at the end.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Opens a folder as a root.
pub(crate) fn root(path: &Path) -> Root {
    Root::open(path.as_os_str()).expect("a root")
}

/// Writes a file and the folders above it.
pub(crate) fn put(base: &Path, path: &str, bytes: &[u8]) -> PathBuf {
    let path = base.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// Holds several files below a root.
pub(crate) fn hold(root: &Root, paths: &[&str]) -> Vec<HeldFile> {
    paths
        .iter()
        .map(|path| root.hold(path).expect("a held file"))
        .collect()
}

/// Whether a program runs and succeeds.
pub(crate) fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Something mounted on a scratch folder.
pub(crate) struct Mount {
    at: tempfile::TempDir,
}

impl Mount {
    /// Mounts with `mount` and these arguments, or says why the test is not made and gives `None`.
    pub(crate) fn with(arguments: &[&str]) -> Option<Mount> {
        Mount::by("mount", arguments)
    }

    /// Mounts with `program`, its arguments and the mount point.
    pub(crate) fn by(program: &str, arguments: &[&str]) -> Option<Mount> {
        let at = folder();
        let point = at.path().to_str().expect("a path in Unicode");
        let arguments = [arguments, &[point]].concat();
        if runs(program, &arguments) {
            return Some(Mount { at });
        }
        println!("not tested here: {program} {arguments:?} is not possible");
        None
    }

    /// The mount point.
    pub(crate) fn path(&self) -> &Path {
        self.at.path()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let point = self.at.path().to_string_lossy().into_owned();
        if !runs("umount", &[&point]) {
            runs("umount", &["-l", &point]);
        }
    }
}

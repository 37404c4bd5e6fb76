//! A volume in memory: full or read-only when a test wants it so.
//!
//! Invariants: what was mounted is unmounted when the value is dropped. Absent on purpose: NTFS.

use disk::Root;
use std::path::Path;
use std::process::Command;

/// A small volume in memory, where the system lets this process mount one.
pub(crate) struct Mount {
    folder: tempfile::TempDir,
}

impl Mount {
    /// Mounts one of this size.
    pub(crate) fn new(kilobytes: usize) -> Option<Mount> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Mount { folder });
        }
        println!("skipped: cannot mount a volume in memory");
        None
    }

    /// Its root, opened.
    pub(crate) fn root(&self) -> Root {
        Root::open(self.folder.path().as_os_str()).unwrap()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills it until only this many bytes are free.
    pub(crate) fn fill(&self, left: u64) {
        let free = self.root().space().unwrap().free;
        let fill = vec![1; usize::try_from(free - left).unwrap()];
        std::fs::write(self.path().join("fill"), fill).unwrap();
    }

    /// Mounts it read-only.
    pub(crate) fn read_only(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,ro"]).arg(self.folder.path());
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A process forked by another test may hold the mount for a moment: let it go lazily then.
        for words in [&[][..], &["-l"]] {
            let mut umount = Command::new("umount");
            umount
                .args(words)
                .arg(self.folder.path())
                .stderr(std::process::Stdio::null());
            if umount.status().is_ok_and(|status| status.success()) {
                break;
            }
        }
    }
}

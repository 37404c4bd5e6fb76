//! A made-up `/proc`, `/sys` and `/dev` in a scratch folder, for the tests beside this file.
//!
//! Invariants: names and links are as on a real system; a node in `/dev` is a plain file.
//!
//! Deliberately absent: block devices, so that no right is needed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{Places, Spelled};

/// The folder, removed at the end.
pub(super) struct Fake {
    base: tempfile::TempDir,
}

impl Fake {
    pub(super) fn new() -> Fake {
        let fake = Fake {
            base: tempfile::tempdir().unwrap(),
        };
        for dir in ["proc", "sys/class/block", "sys/dev/block", "dev"] {
            fs::create_dir_all(fake.base.path().join(dir)).unwrap();
        }
        fake
    }

    pub(super) fn places(&self) -> Places {
        let base = self.base.path();
        Places {
            process: base.join("proc"),
            sys: base.join("sys"),
            dev: base.join("dev"),
        }
    }

    /// Writes the list of mounts: `ID DEVICE ROOT AT SOURCE`, one a line.
    pub(super) fn mounts(&self, lines: &[&str]) {
        let line = |line: &&str| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [id, device, root, at, source] = fields[..] else {
                panic!("{line}")
            };
            format!("{id} 0 {device} {root} {at} rw shared:1 - any {source} rw\n")
        };
        let text: String = lines.iter().map(line).collect();
        fs::write(self.base.path().join("proc/mountinfo"), text).unwrap();
    }

    /// A whole disk with its content, and its node.
    pub(super) fn disk(&self, name: &str, number: &str, bytes: &[u8]) -> PathBuf {
        let dir = self.device(Path::new(name), number);
        fs::create_dir(dir.join("queue")).unwrap();
        fs::write(dir.join("queue/logical_block_size"), "512\n").unwrap();
        let sectors = bytes.len() / 512;
        fs::write(dir.join("size"), format!("{sectors}\n")).unwrap();
        let node = self.base.path().join("dev").join(name);
        fs::write(&node, bytes).unwrap();
        node
    }

    /// Partition `place` of a disk, from the sector `start` on; the name is the disk's with the
    /// number.
    pub(super) fn partition(&self, disk: &str, place: u32, number: &str, start: u64) {
        let dir = self.device(&Path::new(disk).join(format!("{disk}{place}")), number);
        fs::write(dir.join("partition"), format!("{place}\n")).unwrap();
        fs::write(dir.join("start"), format!("{start}\n")).unwrap();
    }

    /// A loop device over a file, with what its node shows.
    pub(super) fn looped(&self, name: &str, number: &str, file: &Path, offset: usize) {
        let shown = fs::read(file).unwrap();
        self.disk(name, number, &shown[offset..]);
        let dir = self.base.path().join("sys/devices").join(name).join("loop");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("backing_file"), format!("{}\n", file.display())).unwrap();
        fs::write(dir.join("offset"), format!("{offset}\n")).unwrap();
    }

    /// A device of the device mapper.
    pub(super) fn mapped(&self, name: &str, number: &str) {
        fs::create_dir(self.device(Path::new(name), number).join("dm")).unwrap();
    }

    /// A file outside the made-up system.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.base.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn device(&self, below: &Path, number: &str) -> PathBuf {
        let sys = self.base.path().join("sys");
        let dir = sys.join("devices").join(below);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("dev"), format!("{number}\n")).unwrap();
        let name = below.file_name().unwrap();
        symlink(&dir, sys.join("class/block").join(name)).unwrap();
        symlink(&dir, sys.join("dev/block").join(number)).unwrap();
        dir
    }
}

/// A directory at a path, opened in a mount.
pub(super) fn spelled(path: &str, mount: u64) -> Spelled {
    Spelled {
        path: PathBuf::from(path),
        mount,
    }
}

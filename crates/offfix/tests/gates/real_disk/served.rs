//! What stands between an image file and a folder: loop devices, exports, file system programs.
//!
//! Invariants: each thing here is one process or device, gone and flushed when the value is
//! dropped; only processes that were started here are ended. Absent on purpose: images.

use crate::tool;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take to begin or end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again; whether it came true in time.
pub(super) fn soon(mut is: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !is() {
        if began.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// A part of a file or device as a block device.
#[derive(Debug)]
pub(crate) struct Loop(PathBuf);

impl Loop {
    /// Attaches that many bytes from an offset on.
    pub(crate) fn attach(file: &Path, offset: u64, size: u64) -> Loop {
        let mut losetup = Command::new("losetup");
        losetup.args(["-f", "--show", "-o", &offset.to_string()]);
        losetup.args(["--sizelimit", &size.to_string()]).arg(file);
        Loop(PathBuf::from(tool(&mut losetup).trim()))
    }

    pub(crate) fn device(&self) -> &Path {
        &self.0
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("-d").arg(&self.0).status();
        // It goes when its last user has closed it.
        let name = self.0.file_name().unwrap_or_default();
        let backing = Path::new("/sys/block").join(name).join("loop/backing_file");
        soon(|| !backing.exists());
    }
}

/// A virtual disk as the raw bytes it stands for.
#[derive(Debug)]
pub(super) struct Export {
    child: Child,
    raw: PathBuf,
}

impl Export {
    /// Serves a virtual disk of a format of qemu's.
    pub(super) fn start(image: &Path, driver: &str) -> Export {
        let raw = image.with_extension("exported");
        File::create(&raw).unwrap();
        let mut daemon = Command::new("qemu-storage-daemon");
        let file = format!("driver=file,node-name=f,filename={}", image.display());
        let disk = format!("driver={driver},node-name=d,file=f");
        let export = format!(
            "type=fuse,id=e,node-name=d,mountpoint={},writable=on",
            raw.display()
        );
        daemon.args(["--blockdev", &file, "--blockdev", &disk]);
        daemon.args(["--export", &export]).stdin(Stdio::null());
        let child = daemon.spawn().unwrap();
        let export = Export { child, raw };
        let size = || fs::metadata(&export.raw).map_or(0, |about| about.len());
        assert!(soon(|| size() > 0), "{driver} is not served");
        export
    }

    pub(super) fn raw(&self) -> &Path {
        &self.raw
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        ended(&mut self.child);
    }
}

/// Waits for the end of a process, and ends it when it takes too long.
fn ended(child: &mut Child) {
    if !soon(|| child.try_wait().is_ok_and(|status| status.is_some())) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A mounted file system; `None` for the program where the kernel serves it.
#[derive(Debug)]
pub(crate) struct Mounted {
    child: Option<Child>,
    at: PathBuf,
}

impl Mounted {
    /// NTFS through ntfs-3g, which stays a child of this process.
    pub(crate) fn ntfs(device: &Path, at: &Path, options: &str) -> Mounted {
        let mut program = Command::new("ntfs-3g");
        let options = format!("no_detach,{options}");
        program.args(["-o", &options]).arg(device).arg(at);
        Mounted::by(program, at)
    }

    /// FAT through the kernel, else through FUSE.
    pub(super) fn fat(device: &Path, at: &Path) -> Mounted {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "vfat"]).arg(device).arg(at);
        let output = mount.stdin(Stdio::null()).output();
        if output.is_ok_and(|output| output.status.success()) {
            return Mounted {
                child: None,
                at: at.to_owned(),
            };
        }
        let mut program = Command::new("fusefat");
        program.args(["-f", "-o", "rw+,allow_other"]);
        program.arg(device).arg(at);
        Mounted::by(program, at)
    }

    fn by(mut program: Command, at: &Path) -> Mounted {
        fs::create_dir_all(at).unwrap();
        let words = at.with_extension("words");
        let said = File::create(&words).unwrap();
        program
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said);
        let child = program.spawn().unwrap();
        let mut mounted = Mounted {
            child: Some(child),
            at: at.to_owned(),
        };
        let up = soon(|| options_of(at).is_some() || mounted.is_over());
        let said = fs::read_to_string(&words).unwrap_or_default();
        fs::remove_file(words).unwrap();
        assert!(up && !mounted.is_over(), "{program:?}: {said}");
        mounted
    }

    fn is_over(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// The process that serves it.
    pub(super) fn process(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Whether the system says that it can be written.
    pub(super) fn is_writable(&self) -> bool {
        let options = options_of(&self.at).unwrap();
        options.split(',').any(|option| option == "rw")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let umount = |words: &[&str]| {
            let mut umount = Command::new("umount");
            umount.args(words).arg(&self.at).stderr(Stdio::null());
            umount.status().is_ok_and(|status| status.success())
        };
        // A program that is dead leaves a mount that only the second way takes away.
        if !umount(&[]) {
            umount(&["-l"]);
        }
        if let Some(child) = &mut self.child {
            ended(child);
        }
    }
}

/// With which options the system has something mounted at a folder.
fn options_of(at: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mut found = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        (Path::new(words.next()?) == at).then(|| words.nth(1).unwrap_or("").to_owned())
    });
    found.next()
}

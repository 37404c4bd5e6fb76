//! Unix: directory descriptors, `O_NOFOLLOW`, advisory locks, owners and modes.
//!
//! Invariants: below a root every open is relative to an open directory and refuses a link in
//! its last component, and there is only ever one component.
//!
//! Deliberately absent: paths below a root; extended attributes except the time of birth.

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(target_os = "linux")]
use rustix::fs::RenameFlags;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, StatVfsMountFlags};
use rustix::io::Errno;

use super::{Node, Trouble};
use crate::walk::Kind;
#[cfg(not(target_os = "linux"))]
use crate::{
    attached::AttachedDisk,
    origin::{Origin, OriginError, Sibling},
    partition::Table,
};

/// More entries than any directory of a healthy disk has; a directory with more is refused.
const MOST_ENTRIES: usize = 1_000_000;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
}

impl Dir {
    pub(crate) fn open_root(path: &Path) -> io::Result<Dir> {
        let fd = rustix::fs::open(
            path,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            none(),
        )?;
        Ok(Dir { fd })
    }

    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Dir> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Dir {
            fd: open_quietly(&self.fd, name, flags)?,
        })
    }

    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = open_quietly(&self.fd, OsStr::new("."), flags)?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::new(fd)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name == b"." || name == b".." {
                continue;
            }
            if names.len() == MOST_ENTRIES {
                return Err(io::Error::other(
                    "the directory has more than a million entries",
                ));
            }
            names.push(OsString::from_vec(name));
        }
        Ok(names)
    }

    pub(crate) fn inspect(&self, name: &OsStr) -> io::Result<Node> {
        Ok(node(&rustix::fs::statat(
            &self.fd,
            name,
            AtFlags::SYMLINK_NOFOLLOW,
        )?))
    }

    pub(crate) fn node(&self) -> io::Result<Node> {
        Ok(node(&rustix::fs::fstat(&self.fd)?))
    }

    pub(crate) fn open_for_reading(&self, name: &OsStr) -> io::Result<File> {
        // NONBLOCK: something that became a pipe since it was inspected must not hang us.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(open_quietly(&self.fd, name, flags)?))
    }

    pub(crate) fn open_for_writing(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(open_quietly(&self.fd, name, flags)?))
    }

    /// Opens a file or folder for what is known about it, or this folder without a name. Its
    /// permissions can be written through it, its content cannot.
    pub(crate) fn open_object(
        &self,
        name: Option<&OsStr>,
        kind: Kind,
        _writing: bool,
    ) -> io::Result<File> {
        let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        flags.set(OFlags::DIRECTORY, kind == Kind::Directory);
        let name = name.unwrap_or(OsStr::new("."));
        Ok(File::from(open_quietly(&self.fd, name, flags)?))
    }

    /// Gives a file of this folder another name, which is free. A file system that cannot be asked
    /// to keep a taken name is looked at first.
    pub(crate) fn rename(&self, old: &OsStr, new: &OsStr) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        match rustix::fs::renameat_with(&self.fd, old, &self.fd, new, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            result => return Ok(result?),
        }
        match self.inspect(new) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        Ok(rustix::fs::renameat(&self.fd, old, &self.fd, new)?)
    }

    /// Takes a name of a file away; without another one the file goes too.
    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Waits until everything on the volume is on the medium.
    pub(crate) fn flush(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&self.fd)?;
        // Behind FUSE the call above ends at the kernel; this one reaches the program.
        Ok(rustix::fs::fsync(&self.fd)?)
    }

    /// Free and total bytes.
    pub(crate) fn space(&self) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::fstatvfs(&self.fd)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok((bytes(stat.f_bavail), bytes(stat.f_blocks)))
    }

    pub(crate) fn is_read_only(&self) -> bool {
        rustix::fs::fstatvfs(&self.fd)
            .is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// Shadow copies are Windows'.
    #[expect(clippy::unused_self, reason = "the same function looks elsewhere")]
    pub(crate) fn is_shadow_copy(&self) -> bool {
        false
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn is_fuse(&self) -> bool {
        const FUSE_SUPER_MAGIC: u32 = 0x6573_5546;
        rustix::fs::fstatfs(&self.fd).is_ok_and(|stat| stat.f_type as u32 == FUSE_SUPER_MAGIC)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn is_fuse(&self) -> bool {
        false
    }

    pub(crate) fn identity(&self) -> String {
        let system = rustix::fs::fstatvfs(&self.fd).map_or(0, |stat| stat.f_fsid);
        let volume = if system == 0 {
            self.ntfs_serial().unwrap_or(0)
        } else {
            system
        };
        let id = self.node().map_or(0, |node| node.id);
        let born = self
            .born()
            .map_or_else(|| "unknown".to_owned(), |born| format!("{born:x}"));
        format!("volume {volume:016x} root {id:x} born {born}")
    }

    /// The serial number in the boot sector of NTFS. Behind FUSE the system has no number for
    /// the file system, but the boot sector can be read like a file.
    fn ntfs_serial(&self) -> Option<u64> {
        let name = OsStr::new("$Boot");
        let here = self.inspect(name).ok()?;
        if here.kind != Kind::File || here.volume != self.node().ok()?.volume {
            return None;
        }
        let mut sector = [0; 80];
        self.open_for_reading(name)
            .ok()?
            .read_exact(&mut sector)
            .ok()?;
        let serial = sector.get(72..)?.try_into().ok()?;
        (sector.get(3..7) == Some(b"NTFS")).then(|| u64::from_le_bytes(serial))
    }

    /// The time of birth, in a unit of the file system's.
    #[cfg(target_os = "linux")]
    fn born(&self) -> Option<u128> {
        let mut bytes = [0; 8];
        let length = rustix::fs::fgetxattr(&self.fd, "system.ntfs_crtime", &mut bytes[..]).ok();
        if length == Some(bytes.len()) {
            return Some(u64::from_ne_bytes(bytes).into());
        }
        let mask = rustix::fs::StatxFlags::BTIME;
        let stat = rustix::fs::statx(&self.fd, "", AtFlags::EMPTY_PATH, mask).ok()?;
        let has = rustix::fs::StatxFlags::from_bits_retain(stat.stx_mask).contains(mask);
        let seconds = u128::try_from(stat.stx_btime.tv_sec).ok()?;
        has.then_some(seconds * 1_000_000_000 + u128::from(stat.stx_btime.tv_nsec))
    }

    #[cfg(not(target_os = "linux"))]
    fn born(&self) -> Option<u128> {
        None
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Opens one component without a change of its access time, where the system lets us.
fn open_quietly(dir: impl AsFd, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    match rustix::fs::openat(&dir, name, flags | OFlags::NOATIME, none()) {
        // Only the owner and root may ask for it.
        Err(Errno::PERM) => {}
        result => return result,
    }
    rustix::fs::openat(dir, name, flags, none())
}

fn none() -> Mode {
    Mode::empty()
}

// The fields have other types on other Unixes.
#[allow(
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    clippy::useless_conversion
)]
fn node(stat: &Stat) -> Node {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    Node {
        kind,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        volume: stat.st_dev as u64,
        id: stat.st_ino as u64,
        links: stat.st_nlink as u64,
    }
}

pub(crate) fn node_of(file: &File) -> io::Result<Node> {
    Ok(node(&rustix::fs::fstat(file)?))
}

/// The node a path leads to, links followed.
pub(crate) fn node_at(path: &Path) -> io::Result<Node> {
    Ok(node(&rustix::fs::stat(path)?))
}

pub(crate) fn root_path(spelling: &OsStr) -> PathBuf {
    PathBuf::from(spelling)
}

pub(crate) fn canonical(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Whether the directory is `/`, under whatever name, or on Linux belongs to the running system
/// without being a plain folder of the file system of `/`.
pub(crate) fn is_running_system(dir: &Dir) -> io::Result<bool> {
    if dir.node()?.is(&node_at(Path::new("/"))?) {
        return Ok(true);
    }
    #[cfg(target_os = "linux")]
    let belongs = super::linux::is_of_running_system(dir)?;
    #[cfg(not(target_os = "linux"))]
    let belongs = false;
    Ok(belongs)
}

/// The partition behind a directory: other Unixes than Linux are not asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn origin(_dir: &Dir) -> Result<Origin, OriginError> {
    Err(OriginError::Unsupported)
}

/// The partitions beside it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn siblings(_origin: &Origin) -> Result<Vec<Sibling>, OriginError> {
    Err(OriginError::Unsupported)
}

/// The device behind a directory.
#[cfg(not(target_os = "linux"))]
pub(crate) fn device_of(_dir: &Dir) -> Result<PathBuf, OriginError> {
    Err(OriginError::Unsupported)
}

/// The disks of this machine.
#[cfg(not(target_os = "linux"))]
pub(crate) fn attached_disks() -> Result<Vec<AttachedDisk>, OriginError> {
    Err(OriginError::Unsupported)
}

/// The table of a device or image.
#[cfg(not(target_os = "linux"))]
pub(crate) fn table_of(_disk: &Path, _sector: Option<u32>) -> Result<Table, OriginError> {
    Err(OriginError::Unsupported)
}

/// Every byte can be read alone.
pub(crate) fn block_size(_file: &File) -> u32 {
    1
}

/// Permissions of NTFS are shown by file systems of Linux alone.
#[cfg(not(target_os = "linux"))]
pub(crate) fn descriptor(_file: &File) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn set_descriptor(_file: &File, _descriptor: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn attributes(_file: &File) -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn times(_file: &File) -> io::Result<[u64; 4]> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Who may read and write permissions is decided by the user alone.
pub(crate) fn ask_for_privileges() {}

/// `false` when someone else holds the lock.
pub(crate) fn lock_exclusively(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

pub(crate) fn trouble(error: &io::Error) -> Option<Trouble> {
    match Errno::from_io_error(error)? {
        Errno::LOOP => Some(Trouble::Link),
        Errno::BUSY | Errno::TXTBSY | Errno::AGAIN => Some(Trouble::Busy),
        Errno::ROFS | Errno::ACCESS | Errno::PERM => Some(Trouble::ReadOnly),
        _ => None,
    }
}

/// Creates one directory that only its owner can enter.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// The options to open a file of the journal with; whoever creates one, its owner alone has it.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits();
    options
        .mode(0o600)
        .custom_flags(i32::try_from(flags).unwrap_or(0));
    options
}

/// Whether nobody but root and this process' user can change what is in the directory.
pub(crate) fn is_private(dir: &Path) -> io::Result<bool> {
    let found = std::fs::metadata(dir)?;
    let owned = found.uid() == 0 || found.uid() == rustix::process::geteuid().as_raw();
    Ok(owned && found.mode() & 0o022 == 0)
}

/// Whether this process may make entries in a directory.
pub(crate) fn may_write(dir: &Path) -> Option<bool> {
    let needed = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    Some(dir.is_dir() && rustix::fs::access(dir, needed).is_ok())
}

/// Whether this process may do everything.
pub(crate) fn is_administrator() -> Option<bool> {
    Some(rustix::process::geteuid().is_root())
}

/// Waits until the entries of a directory are on the medium.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(crate) fn default_journal_dir() -> PathBuf {
    PathBuf::from("/var/lib/offfix")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// The walk inspects before it opens; this is what holds when the disk changes in between.
    #[test]
    fn no_open_follows_a_link() {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("dir")).unwrap();
        std::fs::write(base.path().join("file"), b"").unwrap();
        symlink("dir", base.path().join("to-dir")).unwrap();
        symlink("file", base.path().join("to-file")).unwrap();
        let dir = Dir::open_root(base.path()).unwrap();
        let open = |name: &str| {
            let name = OsStr::new(name);
            let results = [dir.open_for_reading(name), dir.open_for_writing(name)];
            (
                results.map(|result| result.is_ok()),
                dir.open_dir(name).is_ok(),
            )
        };
        assert_eq!(open("file"), ([true, true], false));
        assert_eq!(open("to-file"), ([false, false], false));
        assert_eq!(open("to-dir"), ([false, false], false));
        assert!(dir.open_dir(OsStr::new("dir")).is_ok());
        let error = dir.open_for_writing(OsStr::new("to-file")).unwrap_err();
        assert_eq!(trouble(&error), Some(Trouble::Link));
        assert_eq!(dir.inspect(OsStr::new("to-dir")).unwrap().kind, Kind::Link);
    }

    #[test]
    fn a_pipe_that_took_a_file_s_place_does_not_hang() {
        let base = tempfile::tempdir().unwrap();
        let pipe = base.path().join("pipe");
        if rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RUSR | Mode::WUSR).is_err() {
            return;
        }
        let dir = Dir::open_root(base.path()).unwrap();
        let file = dir.open_for_reading(OsStr::new("pipe")).unwrap();
        assert_eq!(node_of(&file).unwrap().kind, Kind::Other);
    }
}

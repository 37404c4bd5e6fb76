//! Windows: handles that keep their directory where it is, reparse points opened as themselves.
//!
//! Invariants: below a root every open has `FILE_FLAG_OPEN_REPARSE_POINT`, and
//! `FILE_FLAG_BACKUP_SEMANTICS` so that an administrator's privileges count; a directory that is
//! walked through stays open without `FILE_SHARE_DELETE`, so that it can be neither renamed nor
//! removed while paths below it are used.
//!
//! Deliberately absent: security descriptors (`windows_security`), disks (`windows_storage`).
#![allow(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_LOCK_VIOLATION, ERROR_REPARSE_POINT_ENCOUNTERED,
    ERROR_SHARING_VIOLATION, ERROR_STOPPED_ON_SYMLINK, ERROR_USER_MAPPED_FILE, ERROR_WRITE_PROTECT,
};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ATTRIBUTE_DEVICE, FILE_ATTRIBUTE_DIRECTORY,
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    GetDiskFreeSpaceExW, GetFileInformationByHandle, GetVolumeInformationByHandleW,
    MOVEFILE_WRITE_THROUGH, MoveFileExW, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::SystemInformation::GetSystemWindowsDirectoryW;

use super::{Node, Trouble};
use crate::walk::Kind;

/// More entries than any directory of a healthy disk has; a directory with more is refused.
const MOST_ENTRIES: usize = 1_000_000;

/// `FILE_READ_ONLY_VOLUME` among the flags of a volume.
const READ_ONLY_VOLUME: u32 = 0x0008_0000;

/// The longest path that Windows has, in UTF-16 units.
const LONGEST_PATH: usize = 32_768;

/// An open directory and the path it was opened by, which holds while it and those above it are
/// open.
#[derive(Debug)]
pub(crate) struct Dir {
    handle: File,
    path: PathBuf,
}

impl Dir {
    pub(crate) fn open_root(path: &Path) -> io::Result<Dir> {
        Dir::open(path.to_path_buf(), FILE_FLAG_BACKUP_SEMANTICS)
    }

    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Dir> {
        let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
        Dir::open(self.path.join(name), flags)
    }

    fn open(path: PathBuf, flags: u32) -> io::Result<Dir> {
        let handle = OpenOptions::new()
            .read(true)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
            .custom_flags(flags)
            .open(&path)?;
        Ok(Dir { handle, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        &self.handle
    }

    pub(crate) fn is_shadow_copy(&self) -> bool {
        super::windows_storage::is_shadow_copy(self)
    }

    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            if names.len() == MOST_ENTRIES {
                return Err(io::Error::other(
                    "the directory has more than a million entries",
                ));
            }
            names.push(entry?.file_name());
        }
        Ok(names)
    }

    pub(crate) fn inspect(&self, name: &OsStr) -> io::Result<Node> {
        let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
        look_at(&self.path.join(name), flags)
    }

    pub(crate) fn node(&self) -> io::Result<Node> {
        node_of(&self.handle)
    }

    pub(crate) fn open_for_reading(&self, name: &OsStr) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
            .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
            .open(self.path.join(name))
    }

    pub(crate) fn open_for_writing(&self, name: &OsStr) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .share_mode(0)
            .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
            .open(self.path.join(name))
    }

    /// Opens a file or folder for what is known about it, or this folder without a name; with
    /// `writing` its permissions can be written, its content never.
    pub(crate) fn open_object(
        &self,
        name: Option<&OsStr>,
        _kind: Kind,
        writing: bool,
    ) -> io::Result<File> {
        let path = name.map_or_else(|| self.path.clone(), |name| self.path.join(name));
        let rights = if writing { WRITE_DAC | WRITE_OWNER } else { 0 };
        OpenOptions::new()
            .access_mode(READ_CONTROL | FILE_READ_ATTRIBUTES | rights)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
            .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
            .open(path)
    }

    /// Nothing to do: NTFS writes its metadata log in order, as for `sync_dir`.
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the same function can fail elsewhere"
    )]
    pub(crate) fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Gives a file of this folder another name, which is free.
    pub(crate) fn rename(&self, old: &OsStr, new: &OsStr) -> io::Result<()> {
        let [old, new] = [old, new].map(|name| wide(self.path.join(name).as_os_str()));
        // SAFETY: both paths end in NUL; without a flag to replace, a taken name is refused.
        if unsafe { MoveFileExW(old.as_ptr(), new.as_ptr(), MOVEFILE_WRITE_THROUGH) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Takes a name of a file away; without another one the file goes too.
    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    /// Free (for this user's quota) and total bytes.
    pub(crate) fn space(&self) -> io::Result<(u64, u64)> {
        let path = wide(self.path.as_os_str());
        let (mut free, mut total) = (0, 0);
        // SAFETY: `path` ends in NUL, the two numbers outlive the call, the third may be null.
        let ok = unsafe { GetDiskFreeSpaceExW(path.as_ptr(), &mut free, &mut total, null_mut()) };
        if ok == 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok((free, total))
        }
    }

    pub(crate) fn is_fuse(&self) -> bool {
        false
    }

    pub(crate) fn is_read_only(&self) -> bool {
        let mut flags = 0;
        // SAFETY: the handle is open; everything that is not asked for may be null.
        let ok = unsafe {
            GetVolumeInformationByHandleW(
                self.handle.as_raw_handle(),
                null_mut(),
                0,
                null_mut(),
                null_mut(),
                &mut flags,
                null_mut(),
                0,
            )
        };
        ok != 0 && flags & READ_ONLY_VOLUME != 0
    }

    pub(crate) fn identity(&self) -> String {
        let born = self.handle.metadata().and_then(|found| found.created());
        let born = born
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let born = born.map_or_else(|| "unknown".to_owned(), |t| format!("{:x}", t.as_nanos()));
        let (volume, id) = self.node().map_or((0, 0), |node| (node.volume, node.id));
        format!("volume {volume:016x} root {id:x} born {born}")
    }
}

/// Opens for the attributes only, which works whatever others do with the file.
fn look_at(path: &Path, flags: u32) -> io::Result<Node> {
    let file = OpenOptions::new()
        .access_mode(FILE_READ_ATTRIBUTES)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
        .custom_flags(flags)
        .open(path)?;
    node_of(&file)
}

pub(crate) fn node_of(file: &File) -> io::Result<Node> {
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open and `found` is the structure the call fills.
    if unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut found) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let has = |bit| found.dwFileAttributes & bit != 0;
    let kind = if has(FILE_ATTRIBUTE_REPARSE_POINT) {
        Kind::Link
    } else if has(FILE_ATTRIBUTE_DIRECTORY) {
        Kind::Directory
    } else if has(FILE_ATTRIBUTE_DEVICE) {
        Kind::Other
    } else {
        Kind::File
    };
    Ok(Node {
        kind,
        size: pair(found.nFileSizeHigh, found.nFileSizeLow),
        volume: found.dwVolumeSerialNumber.into(),
        id: pair(found.nFileIndexHigh, found.nFileIndexLow),
        links: found.nNumberOfLinks.into(),
    })
}

/// The node a path leads to, links followed.
pub(crate) fn node_at(path: &Path) -> io::Result<Node> {
    look_at(path, FILE_FLAG_BACKUP_SEMANTICS)
}

fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

pub(super) fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// A drive in any spelling becomes its root directory: `F:` alone would mean the current
/// directory of that drive.
pub(crate) fn root_path(spelling: &OsStr) -> PathBuf {
    let drive = spelling.to_str().and_then(|text| {
        let text = text.strip_prefix(r"\\?\").unwrap_or(text);
        let text = text.trim_end_matches(['"', '\\', '/']);
        let mut chars = text.chars();
        match (chars.next(), chars.next(), chars.next()) {
            (Some(letter), Some(':'), None) if letter.is_ascii_alphabetic() => Some(letter),
            _ => None,
        }
    });
    match drive {
        Some(letter) => PathBuf::from(format!("{}:\\", letter.to_ascii_uppercase())),
        None => PathBuf::from(spelling),
    }
}

/// A volume without a drive letter has no canonical name of the usual form, which the system calls
/// not found; its absolute path does then.
pub(crate) fn canonical(path: &Path) -> io::Result<PathBuf> {
    match std::fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && node_at(path).is_err() => {
            Err(error)
        }
        Err(_) => std::path::absolute(path),
        result => result,
    }
}

/// Whether the directory is the root of the running Windows' volume, has that Windows in it, or is
/// the root of what it boots from or recovers with, as far as its disk can be read.
pub(crate) fn is_running_system(dir: &Dir) -> io::Result<bool> {
    let windows = running_windows()?;
    let volume = windows.ancestors().last().unwrap_or(&windows);
    if dir.node()?.is(&node_at(volume)?) {
        return Ok(true);
    }
    if super::windows_storage::is_beside(dir, &Dir::open_root(volume)?) {
        return Ok(true);
    }
    let running = node_at(&windows)?;
    let names = [
        OsStr::new("Windows"),
        windows.file_name().unwrap_or(OsStr::new("Windows")),
    ];
    Ok(names
        .iter()
        .any(|name| dir.inspect(name).is_ok_and(|found| found.is(&running))))
}

fn running_windows() -> io::Result<PathBuf> {
    let mut buffer = vec![0; LONGEST_PATH];
    let size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    // SAFETY: `buffer` has `size` units to write to.
    let length = unsafe { GetSystemWindowsDirectoryW(buffer.as_mut_ptr(), size) };
    match buffer.get(..length as usize) {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(OsString::from_wide(path))),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The handle shares nothing: the hold is complete when the file is open.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same function asks for a lock elsewhere"
)]
pub(crate) fn lock_exclusively(_: &File) -> io::Result<bool> {
    Ok(true)
}

pub(crate) fn trouble(error: &io::Error) -> Option<Trouble> {
    match u32::try_from(error.raw_os_error()?).ok()? {
        ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION | ERROR_USER_MAPPED_FILE => {
            Some(Trouble::Busy)
        }
        ERROR_STOPPED_ON_SYMLINK | ERROR_REPARSE_POINT_ENCOUNTERED => Some(Trouble::Link),
        ERROR_ACCESS_DENIED | ERROR_WRITE_PROTECT => Some(Trouble::ReadOnly),
        _ => None,
    }
}

/// Nothing to do: NTFS writes its metadata log in order, and the next flush of any file in the
/// directory takes the earlier changes of names with it.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same function can fail elsewhere"
)]
pub(crate) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Not known: it takes a try.
pub(crate) fn may_write(_: &Path) -> Option<bool> {
    None
}

pub(crate) fn default_journal_dir() -> PathBuf {
    let base = std::env::var_os("ProgramData").unwrap_or_else(|| r"C:\ProgramData".into());
    PathBuf::from(base).join("offfix")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_drive_is_its_root() {
        for text in [
            "F:", "f:", "F:\\", "f:/", "F:\"", r"\\?\F:\", r"\\?\F:", r"\\?\f:/",
        ] {
            assert_eq!(root_path(OsStr::new(text)), Path::new("F:\\"), "{text}");
        }
        for text in ["F:x", r"F:\x", "FF:", "", r"\\?\", r"\\server\share", "1:"] {
            assert_eq!(root_path(OsStr::new(text)), Path::new(text));
        }
    }

    #[test]
    fn the_running_windows_is_recognised() {
        let windows = running_windows().unwrap();
        let volume = windows.ancestors().last().unwrap();
        assert!(is_running_system(&Dir::open_root(volume).unwrap()).unwrap());
        assert!(!is_running_system(&Dir::open_root(&windows).unwrap()).unwrap());
    }
}

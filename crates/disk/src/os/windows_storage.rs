//! Windows: the calls behind `storage`, and which volume an open directory is the top of.
//!
//! Invariants: disks and volumes are opened without the right to write; a buffer grows until the
//! answer fits, up to [`MOST_ANSWER`]; handles are closed on every path.
//!
//! Deliberately absent: what the answers mean (`storage`).
#![allow(unsafe_code)]

use std::ffi::{OsStr, OsString, c_void};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_MORE_DATA, ERROR_NO_MORE_FILES, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_SHARE_READ, FILE_SHARE_WRITE, FindFirstVolumeW, FindNextVolumeW, FindVolumeClose,
    GetFinalPathNameByHandleW, GetVolumePathNamesForVolumeNameW,
    IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, QueryDosDeviceW, VOLUME_NAME_GUID, VOLUME_NAME_NT,
};
use windows_sys::Win32::Storage::IscsiDisc::IOCTL_SCSI_GET_ADDRESS;
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{
    IOCTL_DISK_GET_DISK_ATTRIBUTES, IOCTL_DISK_GET_DRIVE_GEOMETRY_EX,
    IOCTL_DISK_GET_DRIVE_LAYOUT_EX, IOCTL_STORAGE_QUERY_PROPERTY,
};

use super::storage::{self, Machine, Question};
use super::windows::{Dir, wide};
use crate::attached::AttachedDisk;
use crate::origin::{Origin, OriginError, Sibling};
use crate::partition::{Table, Window};

/// The first size of an answer's buffer, in bytes.
const FIRST_ANSWER: usize = 4 << 10;
/// No answer is longer, in bytes.
const MOST_ANSWER: usize = 1 << 20;
/// The name of a volume has 49 units and a zero.
const VOLUME_NAME: usize = 64;
/// What the name of a volume as a folder begins with.
const VOLUME: &str = r"\\?\Volume{";

/// This machine.
struct Here;

impl Machine for Here {
    fn disks(&self) -> io::Result<Vec<u32>> {
        let number = |name: &str| name.strip_prefix("PhysicalDrive")?.parse().ok();
        // SAFETY: without a name the call lists all names; the buffer has so many units.
        let names = units(|buffer, size| unsafe { QueryDosDeviceW(null(), buffer, size) })?;
        Ok(texts(&names)
            .iter()
            .filter_map(|name| number(name.to_str()?))
            .collect())
    }

    fn volumes(&self) -> io::Result<Vec<String>> {
        let mut name = [0; VOLUME_NAME];
        let size = u32::try_from(name.len()).unwrap_or(0);
        // SAFETY: the buffer has `size` units; the handle is closed by `Search`.
        let handle = unsafe { FindFirstVolumeW(name.as_mut_ptr(), size) };
        if handle == INVALID_HANDLE_VALUE {
            let error = io::Error::last_os_error();
            return if is(&error, ERROR_NO_MORE_FILES) {
                Ok(Vec::new())
            } else {
                Err(error)
            };
        }
        let search = Search(handle);
        let mut volumes = Vec::new();
        loop {
            let first = texts(&name).into_iter().next().unwrap_or_default();
            volumes.push(first.to_string_lossy().into_owned());
            // SAFETY: the search is open, and the buffer has `size` units.
            if unsafe { FindNextVolumeW(search.0, name.as_mut_ptr(), size) } == 0 {
                let error = io::Error::last_os_error();
                return if is(&error, ERROR_NO_MORE_FILES) {
                    Ok(volumes)
                } else {
                    Err(error)
                };
            }
        }
    }

    fn mounted_at(&self, volume: &str) -> Vec<PathBuf> {
        let name = wide(OsStr::new(volume));
        let call = |buffer, size| {
            let mut length = 0;
            // SAFETY: `name` ends in NUL; the buffer has `size` units.
            let ok = unsafe {
                GetVolumePathNamesForVolumeNameW(name.as_ptr(), buffer, size, &mut length)
            };
            if ok == 0 { 0 } else { length }
        };
        let names = units(call).unwrap_or_default();
        let mut places: Vec<PathBuf> = texts(&names).into_iter().map(PathBuf::from).collect();
        places.sort_by_key(|place| place.as_os_str().len());
        places
    }

    fn ask(&self, device: &Path, question: Question) -> io::Result<Vec<u8>> {
        // No rights at all: these questions need none.
        let device = OpenOptions::new()
            .access_mode(0)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
            .open(device)?;
        answer(&device, question)
    }

    fn read(&self, disk: &Path, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        Window::open(disk, offset, buffer.len() as u64)?.read_exact(buffer)
    }
}

/// An enumeration of volumes.
struct Search(HANDLE);

impl Drop for Search {
    fn drop(&mut self) {
        // SAFETY: the handle came from `FindFirstVolumeW` and is closed once.
        unsafe { FindVolumeClose(self.0) };
    }
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}

fn answer(device: &File, question: Question) -> io::Result<Vec<u8>> {
    let code = match question {
        Question::Extents => IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS,
        Question::Layout => IOCTL_DISK_GET_DRIVE_LAYOUT_EX,
        Question::Geometry => IOCTL_DISK_GET_DRIVE_GEOMETRY_EX,
        Question::Address => IOCTL_SCSI_GET_ADDRESS,
        Question::Attributes => IOCTL_DISK_GET_DISK_ATTRIBUTES,
        Question::Description => IOCTL_STORAGE_QUERY_PROPERTY,
    };
    // Zeros ask for the description of the device itself; the other questions have no words.
    let words = [0_u32; 3];
    let words = match question {
        Question::Description => &words[..],
        _ => &[],
    };
    let mut size = FIRST_ANSWER;
    loop {
        // As numbers, so that the structures in it are aligned.
        let mut buffer = vec![0_u64; size / 8];
        let mut length = 0;
        // SAFETY: the handle is open; both buffers have the sizes that are given, and outlive the
        // call, which waits since the handle is not an overlapped one.
        let ok = unsafe {
            DeviceIoControl(
                device.as_raw_handle(),
                code,
                words.as_ptr().cast::<c_void>(),
                u32::try_from(size_of_val(words)).unwrap_or(0),
                buffer.as_mut_ptr().cast::<c_void>(),
                u32::try_from(size).unwrap_or(0),
                &mut length,
                null_mut(),
            )
        };
        if ok != 0 {
            let mut bytes: Vec<u8> = buffer.into_iter().flat_map(u64::to_ne_bytes).collect();
            bytes.truncate(length as usize);
            return Ok(bytes);
        }
        let error = io::Error::last_os_error();
        let is_short = is(&error, ERROR_MORE_DATA) || is(&error, ERROR_INSUFFICIENT_BUFFER);
        if !is_short || size >= MOST_ANSWER {
            return Err(error);
        }
        size *= 2;
    }
}

/// Calls with a growing buffer until what is written fits. The call gives the number of units, or
/// 0 when it fails.
fn units(call: impl Fn(*mut u16, u32) -> u32) -> io::Result<Vec<u16>> {
    let mut size = FIRST_ANSWER;
    loop {
        let mut buffer = vec![0; size];
        let length = call(buffer.as_mut_ptr(), u32::try_from(size).unwrap_or(0)) as usize;
        if length != 0 && length <= size {
            buffer.truncate(length);
            return Ok(buffer);
        }
        let error = io::Error::last_os_error();
        let is_short =
            length > size || is(&error, ERROR_MORE_DATA) || is(&error, ERROR_INSUFFICIENT_BUFFER);
        if !is_short || size >= MOST_ANSWER {
            return Err(error);
        }
        size *= 2;
    }
}

/// The texts in a list where each ends with a zero.
fn texts(units: &[u16]) -> Vec<OsString> {
    let texts = units.split(|unit| *unit == 0);
    let texts = texts.filter(|text| !text.is_empty());
    texts.map(OsString::from_wide).collect()
}

/// The path of an open file or directory, in a form that `VOLUME_NAME_…` chooses.
fn final_path(file: &File, form: u32) -> io::Result<OsString> {
    let handle = file.as_raw_handle();
    // SAFETY: the handle is open; the buffer has so many units.
    let path =
        units(|buffer, size| unsafe { GetFinalPathNameByHandleW(handle, buffer, size, form) })?;
    Ok(OsString::from_wide(&path))
}

/// The volume that a directory is the top of.
fn volume_of(dir: &Dir) -> Result<String, OriginError> {
    let no_device = || OriginError::NoDevice {
        named: dir.path().into(),
    };
    let path = final_path(dir.file(), VOLUME_NAME_GUID).map_err(|_| no_device())?;
    let path = path.into_string().map_err(|_| no_device())?;
    let Some(end) = path.strip_prefix(VOLUME).and_then(|rest| rest.find('}')) else {
        return Err(no_device());
    };
    let (volume, below) = path.split_at(VOLUME.len() + end + 1);
    if below.trim_matches('\\').is_empty() {
        return Ok(format!(r"{volume}\"));
    }
    let path = dir.path().to_path_buf();
    Err(OriginError::NotAMount { path })
}

/// The partition behind a directory.
pub(crate) fn origin(dir: &Dir) -> Result<Origin, OriginError> {
    storage::origin(&Here, &volume_of(dir)?)
}

/// The partitions beside it.
pub(crate) fn siblings(origin: &Origin) -> Result<Vec<Sibling>, OriginError> {
    storage::siblings(&Here, origin)
}

/// The disks of this machine.
pub(crate) fn attached_disks() -> Result<Vec<AttachedDisk>, OriginError> {
    storage::attached_disks(&Here)
}

/// The device of the volume that a directory is the top of.
pub(crate) fn device_of(dir: &Dir) -> Result<PathBuf, OriginError> {
    Ok(storage::device_of(&volume_of(dir)?))
}

/// Whether a directory is the top of a partition that the system at another boots from or recovers
/// with, as far as their disks can be read.
pub(super) fn is_beside(dir: &Dir, system: &Dir) -> bool {
    let Ok(own) = origin(dir) else {
        return false;
    };
    storage::is_of_system(&own.partition)
        && origin(system).is_ok_and(|system| system.same_disk(&own))
}

/// Whether a directory lies on a shadow copy.
pub(super) fn is_shadow_copy(dir: &Dir) -> bool {
    let path = final_path(dir.file(), VOLUME_NAME_NT);
    path.is_ok_and(|path| storage::names_shadow_copy(&path.to_string_lossy()))
}

/// The size of a logical sector of a disk or volume, which it is read by; 1 for a file.
pub(crate) fn block_size(file: &File) -> u32 {
    let geometry = answer(file, Question::Geometry);
    let sector = geometry.ok().and_then(|bytes| storage::sector(&bytes));
    sector.unwrap_or(1)
}

/// The table of a device or image.
pub(crate) fn table_of(disk: &Path, sector: Option<u32>) -> Result<Table, OriginError> {
    let unseen = |source| OriginError::Unseen {
        what: disk.to_path_buf(),
        source,
    };
    let mut file = File::open(disk).map_err(unseen)?;
    if let Ok(bytes) = answer(&file, Question::Geometry) {
        return storage::table(&Here, disk, &bytes);
    }
    let size = file.seek(SeekFrom::End(0)).map_err(unseen)?;
    let read = |offset, buffer: &mut [u8]| {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    };
    Table::read(size, sector, read).map_err(|source| OriginError::Table {
        disk: disk.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_texts() {
        let units: Vec<u16> = "C:\\\0C:\\mnt\\f\\\0\0".encode_utf16().collect();
        assert_eq!(texts(&units), [r"C:\", r"C:\mnt\f\"]);
        assert!(texts(&[0, 0]).is_empty());
    }

    /// What this machine answers is its own affair; that it answers without harm is not.
    #[test]
    fn disks_and_volumes_can_be_asked_for() {
        let disks = attached_disks().unwrap();
        assert!(disks.iter().all(|disk| disk.size > 0), "{disks:?}");
        for volume in Here.volumes().unwrap() {
            assert!(
                volume.starts_with(VOLUME) && volume.ends_with('\\'),
                "{volume}"
            );
        }
    }

    #[test]
    fn a_plain_folder_has_no_origin() {
        let base = tempfile::tempdir().unwrap();
        let dir = Dir::open_root(base.path()).unwrap();
        let error = origin(&dir).unwrap_err();
        let is_told = matches!(
            error,
            OriginError::NotAMount { .. } | OriginError::NoDevice { .. }
        );
        assert!(is_told, "{error}");
        assert!(!is_shadow_copy(&dir));
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(block_size(&file), 1);
    }
}

//! What a Linux file system shows of NTFS: descriptors, attributes and times, as extended
//! attributes that no list names.
//!
//! Invariants: the size is asked for first (a small buffer is an I/O error to ntfs-3g); nothing is
//! read beyond what a descriptor can be. Deliberately absent: paths, links.

use std::fs::File;
use std::io;

use rustix::fs::XattrFlags;
use rustix::io::Errno;

use crate::security::DESCRIPTOR_LIMIT;

/// The descriptor: of ntfs-3g, and of the kernel's own driver.
const DESCRIPTOR: [&str; 2] = ["system.ntfs_acl", "system.ntfs_security"];

/// The attributes as a number of this machine.
const ATTRIBUTES: &str = "system.ntfs_attrib";

/// The four times as numbers of this machine.
const TIMES: &str = "system.ntfs_times";

pub(crate) fn descriptor(file: &File) -> io::Result<Vec<u8>> {
    DESCRIPTOR
        .into_iter()
        .find_map(|name| unless_absent(read(file, name)))
        .unwrap_or_else(|| Err(io::ErrorKind::Unsupported.into()))
}

pub(crate) fn set_descriptor(file: &File, descriptor: &[u8]) -> io::Result<()> {
    let write = |name| rustix::fs::fsetxattr(file, name, descriptor, XattrFlags::empty());
    DESCRIPTOR
        .into_iter()
        .find_map(|name| unless_absent(write(name)))
        .unwrap_or_else(|| Err(io::ErrorKind::Unsupported.into()))
}

pub(crate) fn attributes(file: &File) -> io::Result<u32> {
    fixed(file, ATTRIBUTES).map(u32::from_ne_bytes)
}

/// Created, written, accessed, changed.
pub(crate) fn times(file: &File) -> io::Result<[u64; 4]> {
    let bytes: [u8; 32] = fixed(file, TIMES)?;
    let mut times = [0; 4];
    for (time, bytes) in times.iter_mut().zip(bytes.as_chunks().0) {
        *time = u64::from_ne_bytes(*bytes);
    }
    Ok(times)
}

fn fixed<const N: usize>(file: &File, name: &str) -> io::Result<[u8; N]> {
    let bytes = unless_absent(read(file, name));
    let bytes = bytes.unwrap_or_else(|| Err(io::ErrorKind::Unsupported.into()))?;
    let wrong = |bytes: Vec<u8>| invalid(format!("{name} has {} bytes, not {N}", bytes.len()));
    bytes.try_into().map_err(wrong)
}

fn read(file: &File, name: &str) -> Result<Vec<u8>, io::Error> {
    let size = rustix::fs::fgetxattr_query(file, name)?;
    if size > DESCRIPTOR_LIMIT {
        return Err(invalid(format!("{name} has {size} bytes")));
    }
    let mut bytes = vec![0; size];
    let length = rustix::fs::fgetxattr(file, name, &mut bytes[..])?;
    bytes.truncate(length);
    Ok(bytes)
}

/// `None` when the file system does not know the name.
fn unless_absent<T, E: Into<io::Error>>(result: Result<T, E>) -> Option<io::Result<T>> {
    match result.map_err(Into::into) {
        Err(error) => {
            let absent = [Errno::OPNOTSUPP, Errno::NODATA, Errno::NOSYS];
            let known = Errno::from_io_error(&error).is_some_and(|errno| absent.contains(&errno));
            (!known).then_some(Err(error))
        }
        Ok(value) => Some(Ok(value)),
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that has no value on this file is passed over, as one that means nothing here.
    #[test]
    fn an_attribute_that_is_not_there_is_no_error() {
        let base = tempfile::tempdir().unwrap();
        let file = File::open(base.path()).unwrap();
        for name in ["user.none", DESCRIPTOR[0], DESCRIPTOR[1], TIMES] {
            assert!(unless_absent(read(&file, name)).is_none(), "{name}");
        }
        let denied: io::Result<()> = Err(Errno::ACCESS.into());
        let kept = unless_absent(denied).unwrap().unwrap_err();
        assert_eq!(kept.kind(), io::ErrorKind::PermissionDenied);
    }
}

//! Windows: folders that only administrators and the system can enter, and who owns a folder.
//!
//! Invariants: a private folder has its list of rights when it comes into being; what the system
//! allocates is freed on every path.
//!
//! Deliberately absent: changing the rights of anything that exists.
#![allow(unsafe_code)]

use std::ffi::{OsStr, c_void};
use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    EqualSid, GetTokenInformation, IsWellKnownSid, OWNER_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
    WinBuiltinAdministratorsSid, WinLocalSystemSid,
};
use windows_sys::Win32::Storage::FileSystem::{CreateDirectoryW, FILE_FLAG_OPEN_REPARSE_POINT};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::windows::wide;

/// Full control for the system and administrators, for everything below too, nothing inherited.
const PRIVATE: &str = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

/// Room for the user of a token, aligned as the structure in it needs.
const USER_WORDS: usize = 32;

/// A descriptor that the system allocated.
struct Descriptor(PSECURITY_DESCRIPTOR);

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a call that says to free it this way, once.
        unsafe { LocalFree(self.0) };
    }
}

/// Creates one directory that only administrators and the system can enter.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let text = wide(OsStr::new(PRIVATE));
    let mut descriptor = null_mut();
    // SAFETY: `text` ends in NUL; the descriptor is freed by `Descriptor`.
    let ok = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &mut descriptor,
            null_mut(),
        )
    };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    let descriptor = Descriptor(descriptor);
    let attributes = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0),
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    let path = wide(verbatim(path)?.as_os_str());
    // SAFETY: `path` ends in NUL; `attributes` and its descriptor outlive the call.
    let ok = unsafe { CreateDirectoryW(path.as_ptr(), &attributes) };
    if ok == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// The path in the form that has no limit of 248 characters.
fn verbatim(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(std::fs::canonicalize(parent)?.join(name)),
        _ => Ok(path),
    }
}

/// The options to open a file of the journal with; rights come from the folder.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    options
}

/// Whether the directory belongs to administrators, the system or this process' user.
pub(crate) fn is_private(dir: &Path) -> io::Result<bool> {
    let path = wide(dir.as_os_str());
    let (mut owner, mut descriptor): (PSID, PSECURITY_DESCRIPTOR) = (null_mut(), null_mut());
    // SAFETY: `path` ends in NUL; `owner` points into the descriptor, which `Descriptor` frees.
    let code = unsafe {
        GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &mut descriptor,
        )
    };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(
            i32::try_from(code).unwrap_or(i32::MAX),
        ));
    }
    let _descriptor = Descriptor(descriptor);
    if owner.is_null() {
        return Ok(false);
    }
    // SAFETY: `owner` is a valid SID as long as the descriptor lives.
    let known = |kind| unsafe { IsWellKnownSid(owner, kind) } != 0;
    if known(WinBuiltinAdministratorsSid) || known(WinLocalSystemSid) {
        return Ok(true);
    }
    is_user(owner)
}

/// Whether `sid`, which must be valid, is the user of this process.
fn is_user(sid: PSID) -> io::Result<bool> {
    let mut token = null_mut();
    // SAFETY: the pseudo handle of this process is always valid; `token` is taken over below.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above opened it, and nobody else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let mut words = [0_usize; USER_WORDS];
    let size = u32::try_from(size_of_val(&words)).unwrap_or(0);
    let mut needed = 0;
    // SAFETY: `words` has `size` bytes and is aligned for the structure that is written to it.
    let ok = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            words.as_mut_ptr().cast::<c_void>(),
            size,
            &mut needed,
        )
    };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call filled the buffer with this structure; its SID points into the buffer.
    let user = unsafe { words.as_ptr().cast::<TOKEN_USER>().read() };
    // SAFETY: both are valid SIDs.
    Ok(unsafe { EqualSid(sid, user.User.Sid) } != 0)
}

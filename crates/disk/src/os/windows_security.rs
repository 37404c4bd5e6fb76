//! Windows: folders that only administrators and the system can enter, who owns a folder, and the
//! descriptors of opened objects.
//!
//! Invariants: a private folder has its list of rights when it comes into being; what the system
//! allocates is freed on every path; a descriptor is checked against its length before the
//! system sees it.
//!
//! Deliberately absent: system lists, which are neither read nor written.
#![allow(unsafe_code)]

use std::ffi::{OsStr, c_void};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

use windows_sys::Wdk::System::SystemServices::RtlValidRelativeSecurityDescriptor;
use windows_sys::Win32::Foundation::{LUID, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, CheckTokenMembership, CreateWellKnownSid, DACL_SECURITY_INFORMATION,
    EqualSid, GROUP_SECURITY_INFORMATION, GetKernelObjectSecurity, GetTokenInformation,
    IsWellKnownSid, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, OWNER_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, PSID, SE_BACKUP_NAME, SE_PRIVILEGE_ENABLED, SE_RESTORE_NAME,
    SE_TAKE_OWNERSHIP_NAME, SECURITY_ATTRIBUTES, SECURITY_DESCRIPTOR_RELATIVE,
    SetKernelObjectSecurity, TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY, TOKEN_USER,
    TokenUser, WinBuiltinAdministratorsSid, WinLocalSystemSid,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateDirectoryW, FILE_BASIC_INFO, FILE_FLAG_OPEN_REPARSE_POINT, FileBasicInfo,
    GetFileInformationByHandleEx, GetVolumeInformationByHandleW,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::SystemServices::FILE_PERSISTENT_ACLS;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::{s, w};

use super::windows::wide;
use crate::security::DESCRIPTOR_LIMIT;

/// Full control for the system and administrators, for everything below too, nothing inherited.
const PRIVATE: &str = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

/// Room for the user of a token, aligned as the structure in it needs.
const USER_WORDS: usize = 32;

/// What of a descriptor is read and written.
const PARTS: u32 =
    OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;

/// `SE_DACL_AUTO_INHERITED`, and the flag without which the system drops it when it is written.
const AUTO_INHERITED: u16 = 0x0400;
const AUTO_INHERIT_REQ: u16 = 0x0100;

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
    let token = token_of_process(TOKEN_QUERY)?;
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

fn token_of_process(access: u32) -> io::Result<OwnedHandle> {
    let mut token = null_mut();
    // SAFETY: the pseudo handle of this process is always valid; `token` is taken over below.
    if unsafe { OpenProcessToken(GetCurrentProcess(), access, &mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above opened it, and nobody else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// Whether this process has the rights of an administrator now, and not only after a question.
pub(crate) fn is_administrator() -> Option<bool> {
    let mut words = [0_usize; USER_WORDS];
    let mut size = u32::try_from(size_of_val(&words)).unwrap_or(0);
    let sid: PSID = words.as_mut_ptr().cast::<c_void>();
    // SAFETY: the buffer has `size` bytes and is aligned for the SID that is written to it.
    let made =
        unsafe { CreateWellKnownSid(WinBuiltinAdministratorsSid, null_mut(), sid, &mut size) };
    let mut is_member = 0;
    // SAFETY: the SID was made by the call before; no token stands for that of this process.
    let ok = made != 0 && unsafe { CheckTokenMembership(null_mut(), sid, &mut is_member) } != 0;
    ok.then_some(is_member != 0)
}

/// Enables what an administrator may do to files and descriptors that deny it. Without it the
/// opening that needs it fails, so a failure here is not told.
pub(crate) fn ask_for_privileges() {
    let Ok(token) = token_of_process(TOKEN_ADJUST_PRIVILEGES) else {
        return;
    };
    for name in [SE_BACKUP_NAME, SE_RESTORE_NAME, SE_TAKE_OWNERSHIP_NAME] {
        let mut luid = LUID::default();
        // SAFETY: `name` is a constant that ends in NUL.
        if unsafe { LookupPrivilegeValueW(null(), name, &mut luid) } == 0 {
            continue;
        }
        let wanted = TOKEN_PRIVILEGES {
            PrivilegeCount: 1,
            Privileges: [LUID_AND_ATTRIBUTES {
                Luid: luid,
                Attributes: SE_PRIVILEGE_ENABLED,
            }],
        };
        // SAFETY: the token is open; the state before is not asked for.
        unsafe {
            AdjustTokenPrivileges(token.as_raw_handle(), 0, &wanted, 0, null_mut(), null_mut())
        };
    }
}

/// Whether the file system keeps descriptors: FAT has none, and Windows makes one up. So does Wine,
/// whatever it says of its file systems.
fn keeps_descriptors(file: &File) -> io::Result<bool> {
    let mut flags = 0;
    // SAFETY: the handle is open; what is not asked for may be null.
    let ok = unsafe {
        GetVolumeInformationByHandleW(
            file.as_raw_handle(),
            null_mut(),
            0,
            null_mut(),
            null_mut(),
            &mut flags,
            null_mut(),
            0,
        )
    };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(flags & FILE_PERSISTENT_ACLS != 0 && !is_wine())
}

fn is_wine() -> bool {
    // SAFETY: both names are constants that end with 0; the module is never unloaded.
    unsafe {
        let system = GetModuleHandleW(w!("ntdll.dll"));
        !system.is_null() && GetProcAddress(system, s!("wine_get_version")).is_some()
    }
}

/// The descriptor of an opened object: owner, group and discretionary list.
pub(crate) fn descriptor(file: &File) -> io::Result<Vec<u8>> {
    if keeps_descriptors(file)? {
        read(file)
    } else {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn read(file: &File) -> io::Result<Vec<u8>> {
    let mut buffer = aligned(&vec![0; DESCRIPTOR_LIMIT]);
    let size = u32::try_from(DESCRIPTOR_LIMIT).unwrap_or(0);
    let mut needed = 0;
    // SAFETY: the handle is open; the buffer has `size` bytes and is aligned.
    let ok = unsafe {
        GetKernelObjectSecurity(
            file.as_raw_handle(),
            PARTS,
            buffer.as_mut_ptr().cast::<c_void>(),
            size,
            &mut needed,
        )
    };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    let mut bytes: Vec<u8> = buffer.into_iter().flat_map(u64::to_ne_bytes).collect();
    bytes.truncate(needed as usize);
    Ok(bytes)
}

/// Gives an opened object the owner, the group and the discretionary list of a descriptor.
pub(crate) fn set_descriptor(file: &File, descriptor: &[u8]) -> io::Result<()> {
    // Wine takes every length for enough.
    if descriptor.len() < size_of::<SECURITY_DESCRIPTOR_RELATIVE>() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut buffer = aligned(&with_request(descriptor));
    let pointer = buffer.as_mut_ptr().cast::<c_void>();
    let size = u32::try_from(descriptor.len()).unwrap_or(0);
    // SAFETY: the buffer has at least `size` bytes.
    if !unsafe { RtlValidRelativeSecurityDescriptor(pointer, size, PARTS) } {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the handle is open; the descriptor is valid within its bytes.
    if unsafe { SetKernelObjectSecurity(file.as_raw_handle(), PARTS, pointer) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The same bytes with the flag by which the system keeps that a list was inherited.
fn with_request(descriptor: &[u8]) -> Vec<u8> {
    let mut bytes = descriptor.to_vec();
    if let Some([_, _, low, high, ..]) = bytes.first_chunk_mut::<4>() {
        let control = u16::from_le_bytes([*low, *high]);
        if control & AUTO_INHERITED != 0 {
            [*low, *high] = (control | AUTO_INHERIT_REQ).to_le_bytes();
        }
    }
    bytes
}

/// The bytes where structures with numbers of any size may begin, filled up with zeros.
fn aligned(bytes: &[u8]) -> Vec<u64> {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        u64::from_ne_bytes(word)
    };
    bytes.chunks(8).map(word).collect()
}

pub(crate) fn attributes(file: &File) -> io::Result<u32> {
    Ok(basic(file)?.FileAttributes)
}

/// Created, written, accessed, changed.
pub(crate) fn times(file: &File) -> io::Result<[u64; 4]> {
    let found = basic(file)?;
    let times = [
        found.CreationTime,
        found.LastWriteTime,
        found.LastAccessTime,
        found.ChangeTime,
    ];
    Ok(times.map(i64::cast_unsigned))
}

fn basic(file: &File) -> io::Result<FILE_BASIC_INFO> {
    let mut found = FILE_BASIC_INFO::default();
    let size = u32::try_from(size_of::<FILE_BASIC_INFO>()).unwrap_or(0);
    let pointer = (&raw mut found).cast::<c_void>();
    // SAFETY: the handle is open; `found` is the structure the call fills and has `size` bytes.
    let ok =
        unsafe { GetFileInformationByHandleEx(file.as_raw_handle(), FileBasicInfo, pointer, size) };
    if ok == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_written_and_read_back() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("file");
        std::fs::write(&path, b"").unwrap();
        let dir = super::super::Dir::open_root(base.path()).unwrap();
        ask_for_privileges();
        let kind = crate::walk::Kind::File;
        let file = dir
            .open_object(Some(OsStr::new("file")), kind, true)
            .unwrap();
        let before = read(&file).unwrap();
        set_descriptor(&file, &before).unwrap();
        assert_eq!(read(&file).unwrap(), before);
        assert!(set_descriptor(&file, &before[..19]).is_err());
        assert!(times(&file).unwrap()[0] > 0 && attributes(&file).unwrap() > 0);
    }
}

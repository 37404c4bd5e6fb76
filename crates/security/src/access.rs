//! Access masks: which rights, and what the generic ones stand for.
//!
//! Invariants: every bit is carried, known or not. Absent on purpose: whether access would be
//! granted (see [`mod@crate::check`]), and the text of rights, which is SDDL or icacls' letters.

use std::fmt;
use std::ops::{BitAnd, BitOr, Sub};

/// A set of rights; bits 0 to 15 mean something else for each kind of object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccessMask(pub u32);

impl AccessMask {
    /// Delete the object.
    pub const DELETE: AccessMask = AccessMask(0x0001_0000);
    /// Read owner, group and discretionary list.
    pub const READ_CONTROL: AccessMask = AccessMask(0x0002_0000);
    /// Change the discretionary list.
    pub const WRITE_DAC: AccessMask = AccessMask(0x0004_0000);
    /// Change the owner.
    pub const WRITE_OWNER: AccessMask = AccessMask(0x0008_0000);
    /// Wait for the object.
    pub const SYNCHRONIZE: AccessMask = AccessMask(0x0010_0000);
    /// Read and change the system list.
    pub const ACCESS_SYSTEM_SECURITY: AccessMask = AccessMask(0x0100_0000);
    /// All that can be had.
    pub const MAXIMUM_ALLOWED: AccessMask = AccessMask(0x0200_0000);
    /// Everything; see [`GenericMapping`].
    pub const GENERIC_ALL: AccessMask = AccessMask(0x1000_0000);
    /// Execute; see [`GenericMapping`].
    pub const GENERIC_EXECUTE: AccessMask = AccessMask(0x2000_0000);
    /// Write; see [`GenericMapping`].
    pub const GENERIC_WRITE: AccessMask = AccessMask(0x4000_0000);
    /// Read; see [`GenericMapping`].
    pub const GENERIC_READ: AccessMask = AccessMask(0x8000_0000);

    /// Registry key: read a value.
    pub const KEY_QUERY_VALUE: AccessMask = AccessMask(0x0001);
    /// Registry key: create, change or delete a value.
    pub const KEY_SET_VALUE: AccessMask = AccessMask(0x0002);
    /// Registry key: create a subkey.
    pub const KEY_CREATE_SUB_KEY: AccessMask = AccessMask(0x0004);
    /// Registry key: list subkeys.
    pub const KEY_ENUMERATE_SUB_KEYS: AccessMask = AccessMask(0x0008);
    /// Registry key: be told of changes.
    pub const KEY_NOTIFY: AccessMask = AccessMask(0x0010);
    /// Registry key: make it a symbolic link.
    pub const KEY_CREATE_LINK: AccessMask = AccessMask(0x0020);
    /// Registry key: read.
    pub const KEY_READ: AccessMask = AccessMask(0x0002_0019);
    /// Registry key: write.
    pub const KEY_WRITE: AccessMask = AccessMask(0x0002_0006);
    /// Registry key: the same as reading.
    pub const KEY_EXECUTE: AccessMask = AccessMask(0x0002_0019);
    /// Registry key: everything.
    pub const KEY_ALL_ACCESS: AccessMask = AccessMask(0x000F_003F);

    /// File: read data; folder: list.
    pub const FILE_READ_DATA: AccessMask = AccessMask(0x0001);
    /// File: write data; folder: create a file.
    pub const FILE_WRITE_DATA: AccessMask = AccessMask(0x0002);
    /// File: append data; folder: create a folder.
    pub const FILE_APPEND_DATA: AccessMask = AccessMask(0x0004);
    /// File or folder: read extended attributes.
    pub const FILE_READ_EA: AccessMask = AccessMask(0x0008);
    /// File or folder: write extended attributes.
    pub const FILE_WRITE_EA: AccessMask = AccessMask(0x0010);
    /// File: execute; folder: traverse.
    pub const FILE_EXECUTE: AccessMask = AccessMask(0x0020);
    /// Folder: delete what is in it.
    pub const FILE_DELETE_CHILD: AccessMask = AccessMask(0x0040);
    /// File or folder: read attributes.
    pub const FILE_READ_ATTRIBUTES: AccessMask = AccessMask(0x0080);
    /// File or folder: write attributes.
    pub const FILE_WRITE_ATTRIBUTES: AccessMask = AccessMask(0x0100);
    /// File or folder: read.
    pub const FILE_GENERIC_READ: AccessMask = AccessMask(0x0012_0089);
    /// File or folder: write.
    pub const FILE_GENERIC_WRITE: AccessMask = AccessMask(0x0012_0116);
    /// File or folder: execute, traverse.
    pub const FILE_GENERIC_EXECUTE: AccessMask = AccessMask(0x0012_00A0);
    /// File or folder: read and execute, what tools call so.
    pub const FILE_READ_EXECUTE: AccessMask = AccessMask(0x0012_00A9);
    /// File or folder: read, write, execute and delete, what tools call modify.
    pub const FILE_MODIFY: AccessMask = AccessMask(0x0013_01BF);
    /// File or folder: everything.
    pub const FILE_ALL_ACCESS: AccessMask = AccessMask(0x001F_01FF);

    /// Whether all rights of `other` are in it.
    pub fn contains(self, other: AccessMask) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no right in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for AccessMask {
    type Output = AccessMask;

    fn bitor(self, other: AccessMask) -> AccessMask {
        AccessMask(self.0 | other.0)
    }
}

impl BitAnd for AccessMask {
    type Output = AccessMask;

    fn bitand(self, other: AccessMask) -> AccessMask {
        AccessMask(self.0 & other.0)
    }
}

/// The rights of the first that are not in the second.
impl Sub for AccessMask {
    type Output = AccessMask;

    fn sub(self, other: AccessMask) -> AccessMask {
        AccessMask(self.0 & !other.0)
    }
}

impl fmt::Display for AccessMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for AccessMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessMask({:#010x})", self.0)
    }
}

/// What the four generic rights stand for on one kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenericMapping {
    /// For [`AccessMask::GENERIC_READ`].
    pub read: AccessMask,
    /// For [`AccessMask::GENERIC_WRITE`].
    pub write: AccessMask,
    /// For [`AccessMask::GENERIC_EXECUTE`].
    pub execute: AccessMask,
    /// For [`AccessMask::GENERIC_ALL`].
    pub all: AccessMask,
}

impl GenericMapping {
    /// Of registry keys.
    pub const KEY: GenericMapping = GenericMapping {
        read: AccessMask::KEY_READ,
        write: AccessMask::KEY_WRITE,
        execute: AccessMask::KEY_EXECUTE,
        all: AccessMask::KEY_ALL_ACCESS,
    };
    /// Of files and folders.
    pub const FILE: GenericMapping = GenericMapping {
        read: AccessMask::FILE_GENERIC_READ,
        write: AccessMask::FILE_GENERIC_WRITE,
        execute: AccessMask::FILE_GENERIC_EXECUTE,
        all: AccessMask::FILE_ALL_ACCESS,
    };

    /// The mask with its generic rights replaced; all other bits stay.
    pub fn map(&self, mask: AccessMask) -> AccessMask {
        let pairs = [
            (AccessMask::GENERIC_READ, self.read),
            (AccessMask::GENERIC_WRITE, self.write),
            (AccessMask::GENERIC_EXECUTE, self.execute),
            (AccessMask::GENERIC_ALL, self.all),
        ];
        pairs.into_iter().fold(mask, |mask, (generic, real)| {
            if mask.contains(generic) {
                AccessMask(mask.0 & !generic.0 | real.0)
            } else {
                mask
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_rights_are_replaced_and_others_stay() {
        let cases = [
            (GenericMapping::KEY, 0x1000_0000, 0x000F_003F),
            (GenericMapping::KEY, 0x8000_0000, 0x0002_0019),
            (GenericMapping::KEY, 0x4000_0000, 0x0002_0006),
            (GenericMapping::KEY, 0x2000_0000, 0x0002_0019),
            (GenericMapping::KEY, 0xE001_0000, 0x0003_001F),
            (GenericMapping::KEY, 0x0F0F_FFFF, 0x0F0F_FFFF),
            (GenericMapping::FILE, 0x1000_0000, 0x001F_01FF),
            (GenericMapping::FILE, 0xA000_0000, 0x0012_00A9),
            (GenericMapping::FILE, 0x4000_0000, 0x0012_0116),
        ];
        for (mapping, from, to) in cases {
            assert_eq!(mapping.map(AccessMask(from)), AccessMask(to), "{from:#x}");
        }
    }
}

//! Which file system a partition holds, and which kind of image a file is, by their first bytes.
//!
//! Invariants: bytes that are not there match nothing; a mark alone decides, nothing is checked
//! further. Deliberately absent: reading a file system.

use std::fmt;
use std::io::{self, Read};

/// So many bytes are enough to tell.
pub const START: usize = 0x1_1000;

/// The boot sector of BitLocker To Go looks like FAT but for this GUID.
const TO_GO: [u8; 16] = *b"\x3B\xD6\x67\x49\x29\x2E\xD8\x4A\x83\x99\xF6\xA3\x39\xE3\xD0\x01";

/// What lies in a partition, or in a file in place of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSystem {
    /// NTFS.
    Ntfs,
    /// Encrypted by BitLocker, whatever is below it.
    BitLocker,
    /// `ReFS`.
    Refs,
    /// FAT12, FAT16 or FAT32.
    Fat,
    /// exFAT.
    ExFat,
    /// ext2, ext3 or ext4.
    Ext,
    /// XFS.
    Xfs,
    /// Btrfs.
    Btrfs,
    /// Encrypted by LUKS.
    Luks,
    /// A VHDX image.
    Vhdx,
    /// A VHD image that grows.
    Vhd,
    /// A QCOW2 image.
    Qcow2,
    /// A VMDK image.
    Vmdk,
}

/// Each with its mark and the place of that.
const MARKS: [(FileSystem, usize, &[u8]); 16] = [
    (FileSystem::BitLocker, 3, b"-FVE-FS-"),
    (FileSystem::BitLocker, 0x1A8, &TO_GO),
    (FileSystem::Ntfs, 3, b"NTFS    "),
    (FileSystem::Refs, 3, b"ReFS\0\0\0\0"),
    (FileSystem::ExFat, 3, b"EXFAT   "),
    (FileSystem::Fat, 0x36, b"FAT12   "),
    (FileSystem::Fat, 0x36, b"FAT16   "),
    (FileSystem::Fat, 0x52, b"FAT32   "),
    (FileSystem::Luks, 0, b"LUKS\xBA\xBE"),
    (FileSystem::Xfs, 0, b"XFSB"),
    (FileSystem::Ext, 0x438, b"\x53\xEF"),
    (FileSystem::Btrfs, 0x1_0040, b"_BHRfS_M"),
    (FileSystem::Vhdx, 0, b"vhdxfile"),
    (FileSystem::Vhd, 0, b"conectix"),
    (FileSystem::Qcow2, 0, b"QFI\xFB"),
    (FileSystem::Vmdk, 0, b"KDMV"),
];

impl FileSystem {
    /// What begins with these bytes, up to [`START`] of them.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<FileSystem> {
        let has = |(_, at, mark): &&(FileSystem, usize, &[u8])| {
            start.get(*at..).is_some_and(|rest| rest.starts_with(mark))
        };
        MARKS.iter().find(has).map(|(found, ..)| *found)
    }

    /// What a device or file begins with.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(device: impl Read) -> io::Result<Option<FileSystem>> {
        let mut start = Vec::new();
        device.take(START as u64).read_to_end(&mut start)?;
        Ok(FileSystem::of(&start))
    }

    /// Whether it wraps a whole disk, which has to be served before it can be mounted.
    #[must_use]
    pub fn is_image(self) -> bool {
        use FileSystem::{Qcow2, Vhd, Vhdx, Vmdk};
        matches!(self, Vhdx | Vhd | Qcow2 | Vmdk)
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileSystem::Ntfs => "NTFS",
            FileSystem::BitLocker => "BitLocker",
            FileSystem::Refs => "ReFS",
            FileSystem::Fat => "FAT",
            FileSystem::ExFat => "exFAT",
            FileSystem::Ext => "ext",
            FileSystem::Xfs => "XFS",
            FileSystem::Btrfs => "Btrfs",
            FileSystem::Luks => "LUKS",
            FileSystem::Vhdx => "VHDX",
            FileSystem::Vhd => "VHD",
            FileSystem::Qcow2 => "QCOW2",
            FileSystem::Vmdk => "VMDK",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_tells_its_own_kind_and_none_when_it_is_cut_off() {
        for (kind, at, mark) in MARKS {
            let mut start = vec![0; at];
            start.extend(mark);
            assert_eq!(FileSystem::of(&start), Some(kind), "{kind}");
            start.pop();
            assert_eq!(FileSystem::of(&start), None, "{kind}");
            assert!(at + mark.len() <= START);
        }
    }

    #[test]
    fn bitlocker_to_go_is_not_taken_for_the_fat_it_shows() {
        let mut start = vec![0; 512];
        start[0x52..0x5A].copy_from_slice(b"FAT32   ");
        assert_eq!(FileSystem::of(&start), Some(FileSystem::Fat));
        start[0x1A8..0x1B8].copy_from_slice(&TO_GO);
        assert_eq!(FileSystem::of(&start), Some(FileSystem::BitLocker));
    }
}

//! The fixed structures of MBR and GPT, exactly as they lie on disk, and nothing else.
//!
//! Invariants: every structure is little-endian, unaligned and free of padding; the compiler
//! checks each size at the end of this file. Source: UEFI specification, chapter 5; the extended
//! boot record is as Windows and Linux read it.
//!
//! Deliberately absent: behaviour.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The last field of a boot record, 55 AA on disk.
pub(super) const BOOT_SIGNATURE: u16 = 0xAA55;
/// The type byte of the one partition in an MBR that stands for a GPT.
pub(super) const PROTECTIVE: u8 = 0xEE;
/// The type bytes of partitions that hold logical ones.
pub(super) const EXTENDED: [u8; 3] = [0x05, 0x0F, 0x85];
/// The status of a partition that a BIOS starts from. The only other status is 0.
pub(super) const ACTIVE: u8 = 0x80;
/// The first field of a GPT header.
pub(super) const GPT_SIGNATURE: [u8; 8] = *b"EFI PART";
/// The only revision of GPT.
pub(super) const GPT_REVISION: u32 = 0x0001_0000;

/// The first 512 bytes of an MBR disk, or of the sector of an extended boot record.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct BootRecord {
    /// Code; in a file system's own boot sector also its description.
    pub(super) code: [u8; 440],
    /// The disk signature.
    pub(super) signature: U32,
    /// 0, or 0x5A5A on a copy-protected disk.
    pub(super) reserved: U16,
    /// The primary partitions; in an extended record the logical one and the link.
    pub(super) entries: [MbrEntry; 4],
    /// [`BOOT_SIGNATURE`].
    pub(super) boot_signature: U16,
}

/// A partition in a boot record.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct MbrEntry {
    /// 0 or [`ACTIVE`].
    pub(super) status: u8,
    /// Cylinder, head, sector.
    pub(super) first_chs: [u8; 3],
    /// 0 for an unused entry.
    pub(super) type_byte: u8,
    /// Cylinder, head, sector.
    pub(super) last_chs: [u8; 3],
    /// In sectors; in an extended record from that record, for its link from the container.
    pub(super) start: U32,
    /// In sectors.
    pub(super) sectors: U32,
}

/// The part of a GPT header that has fields; the rest of its sector is reserved.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct GptHeader {
    /// [`GPT_SIGNATURE`].
    pub(super) signature: [u8; 8],
    /// [`GPT_REVISION`].
    pub(super) revision: U32,
    /// In bytes, 92 or more.
    pub(super) header_size: U32,
    /// Over `header_size` bytes, with this field as 0.
    pub(super) header_crc: U32,
    /// 0.
    pub(super) reserved: U32,
    /// The sector of this header.
    pub(super) my_lba: U64,
    /// The sector of the other header.
    pub(super) alternate_lba: U64,
    /// The first sector for partitions.
    pub(super) first_usable: U64,
    /// The last sector for partitions.
    pub(super) last_usable: U64,
    /// The GUID of the disk.
    pub(super) disk_guid: [u8; 16],
    /// The first sector of the entries.
    pub(super) entries_lba: U64,
    /// How many entries there are, unused ones included.
    pub(super) entry_count: U32,
    /// In bytes: 128, or that times a power of two.
    pub(super) entry_size: U32,
    /// Over all entries.
    pub(super) entries_crc: U32,
}

/// A partition in a GPT.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct GptEntry {
    /// What it is for; zero for an unused entry.
    pub(super) type_guid: [u8; 16],
    /// Its own GUID.
    pub(super) guid: [u8; 16],
    /// Its first sector.
    pub(super) first_lba: U64,
    /// Its last sector, part of it.
    pub(super) last_lba: U64,
    /// Bits.
    pub(super) attributes: U64,
    /// UTF-16.
    pub(super) name: [u8; 72],
}

const _: () = {
    assert!(size_of::<BootRecord>() == 512);
    assert!(std::mem::offset_of!(BootRecord, signature) == 0x1B8);
    assert!(std::mem::offset_of!(BootRecord, entries) == 0x1BE);
    assert!(size_of::<MbrEntry>() == 16);
    assert!(size_of::<GptHeader>() == 92);
    assert!(std::mem::offset_of!(GptHeader, disk_guid) == 56);
    assert!(size_of::<GptEntry>() == 128);
};

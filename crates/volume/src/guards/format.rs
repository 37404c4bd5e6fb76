//! The fixed structures of NTFS that lead to the flags of a volume, exactly as they lie on disk,
//! and nothing else.
//!
//! Invariants: every structure is little-endian, unaligned and free of padding; the compiler
//! checks each size at the end of this file. Source: the NTFS documentation of the Linux-NTFS
//! project ($Boot, FILE record, $VOLUME_INFORMATION).
//!
//! Deliberately absent: behaviour.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The name of the file system in the boot sector.
pub(super) const NTFS: [u8; 8] = *b"NTFS    ";
/// The first field of a file record.
pub(super) const FILE: [u8; 4] = *b"FILE";
/// The number of the record of `$Volume`.
pub(super) const VOLUME_RECORD: u64 = 3;
/// The type of the attribute with the flags of the volume.
pub(super) const VOLUME_INFORMATION: u32 = 0x70;
/// The type that ends the attributes of a record.
pub(super) const END: u32 = 0xFFFF_FFFF;
/// The last two bytes of each so many bytes of a record are kept elsewhere.
pub(super) const FIXUP_STRIDE: usize = 512;

/// The first fields of the boot sector.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct BootSector {
    pub(super) jump: [u8; 3],
    /// [`NTFS`].
    pub(super) name: [u8; 8],
    /// In bytes.
    pub(super) sector: U16,
    /// In sectors; above 128 the negative of a power of two.
    pub(super) cluster: u8,
    pub(super) unused: [u8; 34],
    /// In clusters.
    pub(super) master_file_table: U64,
    pub(super) mirror: U64,
    /// In clusters; negative for a power of two in bytes.
    pub(super) record: i8,
    pub(super) reserved: [u8; 3],
}

/// The beginning of a file record.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RecordHeader {
    /// [`FILE`].
    pub(super) signature: [u8; 4],
    /// Where the fixups are.
    pub(super) fixups: U16,
    /// How many words they are, the one that stands for all among them.
    pub(super) fixup_words: U16,
    pub(super) log_sequence: U64,
    pub(super) sequence: U16,
    pub(super) links: U16,
    /// Where the first attribute is.
    pub(super) attributes: U16,
    pub(super) flags: U16,
}

/// The beginning of an attribute that lies in its record.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct AttributeHeader {
    pub(super) kind: U32,
    /// Of the whole attribute, in bytes.
    pub(super) length: U32,
    /// 0 for one in the record.
    pub(super) elsewhere: u8,
    pub(super) name_length: u8,
    pub(super) name: U16,
    pub(super) flags: U16,
    pub(super) id: U16,
    /// In bytes.
    pub(super) value_length: U32,
    /// From the beginning of the attribute.
    pub(super) value: U16,
    pub(super) indexed: u8,
    pub(super) padding: u8,
}

/// The value of [`VOLUME_INFORMATION`].
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct VolumeInformation {
    pub(super) reserved: U64,
    pub(super) major: u8,
    pub(super) minor: u8,
    pub(super) flags: U16,
}

const _: () = {
    assert!(size_of::<BootSector>() == 68);
    assert!(std::mem::offset_of!(BootSector, master_file_table) == 48);
    assert!(size_of::<RecordHeader>() == 24);
    assert!(size_of::<AttributeHeader>() == 24);
    assert!(size_of::<VolumeInformation>() == 12);
};

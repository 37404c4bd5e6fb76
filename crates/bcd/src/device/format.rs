//! The fixed structures of a device element, exactly as they lie in a store, and nothing else.
//!
//! Invariants: every structure is little-endian, unaligned and free of padding; the compiler
//! checks each size at the end of this file. Absent on purpose: behaviour, and the variable parts
//! (paths, nested descriptors), which `codec.rs` reads and writes. `FORMAT.md` tells the same.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A device element is the GUID of its options object, then one descriptor.
pub const OPTIONS_LEN: usize = 16;
/// Length of a descriptor's header.
pub const HEADER_LEN: usize = 16;
/// Length of the body where it is a fixed union: boot, partition on a hard disk, drive.
pub const FIXED_BODY_LEN: usize = 56;

/// Device types of a descriptor that this crate reads; all others stay opaque.
pub mod device_type {
    /// Local: the body says which kind.
    pub const LOCAL: u32 = 0;
    /// The device the machine was booted from.
    pub const BOOT: u32 = 5;
    /// A partition, by the ids of disk and partition.
    pub const PARTITION: u32 = 6;
    /// Whichever device has a certain file.
    pub const LOCATE: u32 = 8;
}

/// The kinds of local device, in the first field of a local body and in a partition's disk.
pub mod local_type {
    /// A physical disk.
    pub const HARD_DISK: u32 = 0;
    /// A floppy drive, by number.
    pub const FLOPPY: u32 = 1;
    /// An optical drive, by number.
    pub const OPTICAL: u32 = 2;
    /// A file loaded into memory and read as a disk.
    pub const RAMDISK: u32 = 3;
    /// A file.
    pub const FILE: u32 = 5;
    /// A file read as a disk with partitions.
    pub const VIRTUAL_DISK: u32 = 6;
}

/// How a disk is partitioned.
pub mod scheme {
    /// GUID partition table.
    pub const GPT: u32 = 0;
    /// Master boot record.
    pub const MBR: u32 = 1;
    /// Not at all.
    pub const RAW: u32 = 2;
}

/// The only version of a path record.
pub const PATH_VERSION: u32 = 1;
/// The only kind of path record: a descriptor followed by text.
pub const PATH_TYPE: u32 = 5;

/// In front of every descriptor, nested ones too.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct DescriptorHeader {
    /// One of [`device_type`].
    pub device_type: U32,
    /// 1 where an options object belongs to the device, else 0.
    pub flags: U32,
    /// Length of the descriptor, this header included.
    pub size: U32,
    /// Zero.
    pub reserved: U32,
}

/// The body of a partition descriptor; then 16 zero bytes or the descriptor of the disk's file.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PartitionBody {
    /// GPT: the partition's GUID. MBR: where it starts, in bytes, as 64 bits; then zero.
    pub partition: [u8; 16],
    /// One of [`local_type`]: hard disk or virtual disk.
    pub disk_type: U32,
    /// One of [`scheme`].
    pub scheme: U32,
    /// GPT: the disk's GUID. MBR: its 32-bit signature. Raw: its number. Then zero.
    pub disk: [u8; 16],
}

/// The body of a drive; zero up to [`FIXED_BODY_LEN`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct DriveBody {
    /// One of [`local_type`]: floppy or optical.
    pub local_type: U32,
    /// Which of these drives.
    pub number: U32,
}

/// The body of a RAM disk; then its file as a path record.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct RamdiskBody {
    /// [`local_type::RAMDISK`].
    pub local_type: U32,
    /// Address in memory; 0 in a store.
    pub base: U64,
    /// Length in memory; 0 in a store.
    pub size: U64,
    /// Where the image starts in it; 0 in a store.
    pub offset: U32,
}

/// In front of a path record; then the descriptor that has the file, then its path as UTF-16
/// with a terminator.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PathHeader {
    /// [`PATH_VERSION`].
    pub version: U32,
    /// Length of the record, this header included.
    pub length: U32,
    /// [`PATH_TYPE`].
    pub path_type: U32,
}

/// The body of a locate descriptor; then a path as UTF-16 with a terminator, then perhaps the
/// descriptor to search in.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct LocateBody {
    /// What is searched for: 0 the path that an element holds, 1 the path that follows.
    pub search: U32,
    /// The element, where its path is searched for.
    pub element: U32,
    /// Offset of the nested descriptor from this descriptor's header; 0 for none.
    pub parent: U32,
}

const _: () = {
    assert!(size_of::<DescriptorHeader>() == HEADER_LEN);
    assert!(std::mem::offset_of!(DescriptorHeader, size) == 8);
    assert!(size_of::<PartitionBody>() == FIXED_BODY_LEN - 16);
    assert!(std::mem::offset_of!(PartitionBody, disk) == 24);
    assert!(size_of::<DriveBody>() == 8);
    assert!(size_of::<RamdiskBody>() == 24);
    assert!(size_of::<PathHeader>() == 12);
    assert!(size_of::<LocateBody>() == 12);
};

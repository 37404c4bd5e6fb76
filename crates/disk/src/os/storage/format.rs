//! What Windows answers to control calls about disks and volumes, exactly as the bytes come back,
//! and nothing else.
//!
//! Invariants: every structure is little-endian, unaligned and free of hidden padding; the compiler
//! checks each size at the end of this file. Source: the Windows headers `ntdddisk.h`,
//! `ntddvol.h`, `ntddstor.h` and `ntddscsi.h`, for 64-bit programs.
//!
//! Deliberately absent: behaviour, and the numbers of the calls (`windows_storage`).

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// `PARTITION_STYLE_MBR`.
pub(super) const STYLE_MBR: u32 = 0;
/// `PARTITION_STYLE_GPT`.
pub(super) const STYLE_GPT: u32 = 1;
/// `DISK_ATTRIBUTE_OFFLINE`.
pub(super) const OFFLINE: u64 = 1;
/// `DISK_ATTRIBUTE_READ_ONLY`.
pub(super) const READ_ONLY: u64 = 2;

/// The beginning of `VOLUME_DISK_EXTENTS`; [`DiskExtent`]s follow.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Extents {
    pub(super) count: U32,
    pub(super) padding: [u8; 4],
}

/// `DISK_EXTENT`: a part of a disk that is a part of a volume.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DiskExtent {
    pub(super) disk: U32,
    pub(super) padding: [u8; 4],
    /// In bytes.
    pub(super) offset: U64,
    /// In bytes.
    pub(super) length: U64,
}

/// The beginning of `DRIVE_LAYOUT_INFORMATION_EX`; [`PartitionInformation`]s follow.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DriveLayout {
    /// [`STYLE_MBR`] or [`STYLE_GPT`]; another for a disk without a table.
    pub(super) style: U32,
    pub(super) count: U32,
    /// The GUID of a GPT disk; its first four bytes are the signature of an MBR disk.
    pub(super) id: [u8; 16],
    pub(super) rest: [u8; 24],
}

/// `PARTITION_INFORMATION_EX`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct PartitionInformation {
    pub(super) style: U32,
    pub(super) padding: [u8; 4],
    /// In bytes.
    pub(super) offset: U64,
    /// In bytes; 0 for an entry that is not used.
    pub(super) length: U64,
    pub(super) number: U32,
    pub(super) rewrite: u8,
    pub(super) service: u8,
    pub(super) reserved: U16,
    /// GPT: the type. MBR: the type byte, then whether a BIOS starts from it.
    pub(super) kind: [u8; 16],
    /// GPT: the partition's own GUID.
    pub(super) id: [u8; 16],
    /// GPT: attributes and name.
    pub(super) rest: [u8; 80],
}

/// The beginning of `DISK_GEOMETRY_EX`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Geometry {
    pub(super) cylinders: U64,
    pub(super) medium: U32,
    pub(super) tracks: U32,
    pub(super) sectors: U32,
    /// In bytes.
    pub(super) sector: U32,
    /// In bytes.
    pub(super) size: U64,
}

/// `SCSI_ADDRESS`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct ScsiAddress {
    pub(super) length: U32,
    pub(super) port: u8,
    pub(super) path: u8,
    pub(super) target: u8,
    pub(super) lun: u8,
}

/// `GET_DISK_ATTRIBUTES`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DiskAttributes {
    pub(super) version: U32,
    pub(super) reserved: U32,
    /// [`OFFLINE`] and [`READ_ONLY`].
    pub(super) attributes: U64,
}

/// The beginning of `STORAGE_DEVICE_DESCRIPTOR`; the texts follow, each with a zero at its end.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DeviceDescriptor {
    pub(super) version: U32,
    pub(super) size: U32,
    pub(super) device_type: u8,
    pub(super) modifier: u8,
    pub(super) removable: u8,
    pub(super) queueing: u8,
    /// Where the texts begin in the answer; 0 for none.
    pub(super) vendor: U32,
    pub(super) product: U32,
    pub(super) revision: U32,
    pub(super) serial: U32,
    /// `STORAGE_BUS_TYPE`.
    pub(super) bus: U32,
    pub(super) properties: U32,
}

const _: () = assert!(size_of::<Extents>() == 8);
const _: () = assert!(size_of::<DiskExtent>() == 24);
const _: () = assert!(size_of::<DriveLayout>() == 48);
const _: () = assert!(size_of::<PartitionInformation>() == 144);
const _: () = assert!(size_of::<Geometry>() == 32);
const _: () = assert!(size_of::<ScsiAddress>() == 8);
const _: () = assert!(size_of::<DiskAttributes>() == 16);
const _: () = assert!(size_of::<DeviceDescriptor>() == 36);

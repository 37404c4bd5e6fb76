//! The bytes of device elements.
//!
//! Invariants: a device is 16 bytes for its options object, then its descriptor, whose third
//! number is its length. Absent: devices of the network, serial lines and drives.

use crate::bytes::utf16;

/// Which partition of which disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On a disk with a master boot record.
    Mbr {
        /// Disk signature.
        signature: u32,
        /// Where the partition starts, in bytes.
        offset: u64,
    },
    /// On a disk with a GUID partition table.
    Gpt {
        /// The disk's GUID in braces.
        disk: &'static str,
        /// The partition's GUID in braces.
        partition: &'static str,
    },
}

/// The device the machine was booted from.
pub fn boot() -> Vec<u8> {
    device(None, &boot_descriptor())
}

/// A partition of a hard disk.
pub fn partition(place: Place) -> Vec<u8> {
    device(None, &partition_descriptor(place))
}

/// A file on a partition.
pub fn file(place: Place, path: &str) -> Vec<u8> {
    device(None, &file_descriptor(&partition_descriptor(place), path))
}

/// A file on a partition, or on the boot device, loaded as a RAM disk.
pub fn ramdisk(place: Option<Place>, path: &str, options: &str) -> Vec<u8> {
    let parent = place.map_or_else(boot_descriptor, partition_descriptor);
    let body = [
        &numbers(&[3, 0, 0, 0, 0, 0]),
        path_record(&parent, path).as_slice(),
    ]
    .concat();
    device(Some(options), &descriptor(0, 1, &body))
}

/// The partition `inner` of a virtual disk whose file lies on a partition.
pub fn virtual_disk(place: Place, path: &str, inner: Place) -> Vec<u8> {
    let file = file_descriptor(&partition_descriptor(place), path);
    device(None, &descriptor(6, 0, &[ids(inner, 6), file].concat()))
}

/// Whichever partition has the file an element names.
pub fn locate(element: u32) -> Vec<u8> {
    let body = [numbers(&[0, element, 0]), vec![0; 2]].concat();
    device(None, &descriptor(8, 0, &body))
}

fn device(options: Option<&str>, descriptor: &[u8]) -> Vec<u8> {
    let options = options.map_or([0; 16], guid_bytes);
    [&options, descriptor].concat()
}

fn descriptor(kind: u32, flags: u32, body: &[u8]) -> Vec<u8> {
    [&numbers(&[kind, flags, 16 + body.len() as u32, 0]), body].concat()
}

fn boot_descriptor() -> Vec<u8> {
    descriptor(5, 0, &[0; 56])
}

fn partition_descriptor(place: Place) -> Vec<u8> {
    descriptor(6, 0, &[ids(place, 0), vec![0; 16]].concat())
}

fn file_descriptor(parent: &[u8], path: &str) -> Vec<u8> {
    descriptor(0, 0, &[numbers(&[5]), path_record(parent, path)].concat())
}

/// Partition id, kind of disk, kind of partition table, disk id.
fn ids(place: Place, disk_kind: u32) -> Vec<u8> {
    match place {
        Place::Mbr { signature, offset } => {
            let [low, high] = [offset as u32, (offset >> 32) as u32];
            numbers(&[low, high, 0, 0, disk_kind, 1, signature, 0, 0, 0])
        }
        Place::Gpt { disk, partition } => {
            let kinds = numbers(&[disk_kind, 0]);
            [&guid_bytes(partition), kinds.as_slice(), &guid_bytes(disk)].concat()
        }
    }
}

fn path_record(parent: &[u8], path: &str) -> Vec<u8> {
    let path = [utf16(path), vec![0; 2]].concat();
    let length = 12 + parent.len() + path.len();
    [&numbers(&[1, length as u32, 5]), parent, &path].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// The 16 bytes of a GUID's text: the first three fields little-endian.
fn guid_bytes(text: &str) -> [u8; 16] {
    let digits = text.chars().filter_map(|digit| digit.to_digit(16));
    let number = digits.fold(0, |number: u128, digit| number << 4 | u128::from(digit));
    let mut bytes = number.to_be_bytes();
    for field in [0..4, 4..6, 6..8] {
        bytes[field].reverse();
    }
    bytes
}

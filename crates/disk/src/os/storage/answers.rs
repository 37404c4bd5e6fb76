//! From the bytes that Windows answers to what they say.
//!
//! Invariants: an answer that is shorter than it says, or counts what cannot be, is refused and
//! never padded; what is read is bounded by the answer.
//!
//! Deliberately absent: the calls (`windows_storage`); judging what fits together (`storage`).

use std::io;

use zerocopy::FromBytes;

use super::format::{
    DeviceDescriptor, DiskAttributes, DiskExtent, DriveLayout, Extents, Geometry, OFFLINE,
    PartitionInformation, READ_ONLY, STYLE_GPT, STYLE_MBR, ScsiAddress,
};
use crate::partition::{PartitionId, TableKind};

/// No volume lies on more disks, and no answer is believed that says so.
const MOST_EXTENTS: usize = 1024;
/// No text about a device is longer, in bytes.
const LONGEST_TEXT: usize = 256;

/// An answer that is not what the question asks for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// It ends before what it says is in it.
    #[error("the system's answer has {found} bytes, expected {expected} for {what}")]
    Short {
        what: &'static str,
        found: usize,
        expected: usize,
    },
    /// It says that a volume has no parts, or more than any.
    #[error("the system's answer has a volume of {count} parts, expected 1 to {MOST_EXTENTS}")]
    Parts { count: u32 },
}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, malformed)
    }
}

/// A part of a disk that is a part of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The number of the disk.
    pub(crate) disk: u32,
    /// In bytes.
    pub(crate) offset: u64,
    /// In bytes.
    pub(crate) length: u64,
}

/// What Windows takes for the partition table of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) kind: TableKind,
    pub(crate) partitions: Vec<LaidOut>,
}

/// One partition of a [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaidOut {
    /// As Windows counts.
    pub(crate) number: u32,
    /// In bytes.
    pub(crate) offset: u64,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) id: PartitionId,
}

/// What a disk says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) model: Option<String>,
    pub(crate) bus: Option<&'static str>,
}

/// `VOLUME_DISK_EXTENTS`: at least one.
pub(crate) fn extents(bytes: &[u8]) -> Result<Vec<Extent>, Malformed> {
    let (head, rest) = prefix::<Extents>("extents", bytes)?;
    let count = head.count.get();
    let possible = usize::try_from(count).ok();
    let possible = possible.filter(|count| (1..=MOST_EXTENTS).contains(count));
    let count = possible.ok_or(Malformed::Parts { count })?;
    let all = entries::<DiskExtent>("extents", bytes, rest, count)?;
    let extent = |one: &DiskExtent| Extent {
        disk: one.disk.get(),
        offset: one.offset.get(),
        length: one.length.get(),
    };
    Ok(all.iter().map(extent).collect())
}

/// `DRIVE_LAYOUT_INFORMATION_EX`; `None` for a disk in which Windows sees no table.
pub(crate) fn layout(bytes: &[u8]) -> Result<Option<Layout>, Malformed> {
    let (head, rest) = prefix::<DriveLayout>("a layout", bytes)?;
    let [a, b, c, d, ..] = head.id;
    let kind = match head.style.get() {
        STYLE_MBR => TableKind::Mbr {
            signature: u32::from_le_bytes([a, b, c, d]),
        },
        STYLE_GPT => TableKind::Gpt { disk: head.id },
        _ => return Ok(None),
    };
    let count = usize::try_from(head.count.get()).unwrap_or(usize::MAX);
    let all = entries::<PartitionInformation>("a layout", bytes, rest, count)?;
    let used = all.iter().filter(|one| is_used(one));
    Ok(Some(Layout {
        kind,
        partitions: used.map(laid_out).collect(),
    }))
}

/// MBR layouts have entries in fours, most of them empty.
fn is_used(one: &PartitionInformation) -> bool {
    let [type_byte, ..] = one.kind;
    one.length.get() != 0 && (one.style.get() != STYLE_MBR || type_byte != 0)
}

fn laid_out(one: &PartitionInformation) -> LaidOut {
    let [type_byte, ..] = one.kind;
    LaidOut {
        number: one.number.get(),
        offset: one.offset.get(),
        size: one.length.get(),
        id: match one.style.get() {
            STYLE_MBR => PartitionId::Mbr { type_byte },
            _ => PartitionId::Gpt {
                guid: one.id,
                type_guid: one.kind,
            },
        },
    }
}

/// `DISK_GEOMETRY_EX`: the size of the disk and of its sectors, in bytes.
pub(crate) fn geometry(bytes: &[u8]) -> Result<(u64, u32), Malformed> {
    let (geometry, _) = prefix::<Geometry>("a geometry", bytes)?;
    Ok((geometry.size.get(), geometry.sector.get()))
}

/// `SCSI_ADDRESS`: the LUN.
pub(crate) fn lun(bytes: &[u8]) -> Result<u8, Malformed> {
    let (address, _) = prefix::<ScsiAddress>("an address", bytes)?;
    Ok(address.lun)
}

/// `GET_DISK_ATTRIBUTES`: whether the disk is offline, and whether it is read-only.
pub(crate) fn attributes(bytes: &[u8]) -> Result<(bool, bool), Malformed> {
    let (found, _) = prefix::<DiskAttributes>("attributes", bytes)?;
    let has = |flag| found.attributes.get() & flag != 0;
    Ok((has(OFFLINE), has(READ_ONLY)))
}

/// `STORAGE_DEVICE_DESCRIPTOR`.
pub(crate) fn description(bytes: &[u8]) -> Result<Description, Malformed> {
    let (head, _) = prefix::<DeviceDescriptor>("a description", bytes)?;
    let texts = [head.vendor, head.product].map(|at| text(bytes, at.get()));
    let model = texts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(Description {
        model: (!model.is_empty()).then_some(model),
        bus: bus(head.bus.get()),
    })
}

/// The text at a place of an answer, up to its zero; nothing for place 0 and outside.
fn text(bytes: &[u8], at: u32) -> Option<String> {
    let at = usize::try_from(at).ok().filter(|at| *at != 0)?;
    let text = bytes.get(at..)?.split(|byte| *byte == 0).next()?;
    let text = String::from_utf8_lossy(text.get(..LONGEST_TEXT).unwrap_or(text));
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// `STORAGE_BUS_TYPE` in a word.
fn bus(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "SCSI",
        3 => "ATA",
        7 => "USB",
        8 => "RAID",
        9 => "iSCSI",
        10 => "SAS",
        11 => "SATA",
        12 => "SD",
        14 => "virtual",
        15 => "virtual disk file",
        16 => "Storage Spaces",
        17 => "NVMe",
        _ => return None,
    })
}

fn prefix<'b, T>(what: &'static str, bytes: &'b [u8]) -> Result<(T, &'b [u8]), Malformed>
where
    T: FromBytes,
{
    T::read_from_prefix(bytes).map_err(|_| Malformed::Short {
        what,
        found: bytes.len(),
        expected: size_of::<T>(),
    })
}

/// So many structures from `rest` on, the end of an answer.
fn entries<T>(
    what: &'static str,
    bytes: &[u8],
    rest: &[u8],
    count: usize,
) -> Result<Vec<T>, Malformed>
where
    T: FromBytes,
{
    let size = count.saturating_mul(size_of::<T>());
    let all = rest.get(..size).ok_or_else(|| Malformed::Short {
        what,
        found: bytes.len(),
        expected: (bytes.len() - rest.len()).saturating_add(size),
    })?;
    let read = |one: &[u8]| T::read_from_bytes(one).ok();
    Ok(all.chunks_exact(size_of::<T>()).filter_map(read).collect())
}

//! Device elements between bytes and fields.
//!
//! Invariants: decoding reads what it can and then encodes it; a descriptor that does not come
//! out bit for bit becomes opaque. So the reader may be lenient where the writer is strict.
//! Absent on purpose: what the fields mean.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::format::{
    DescriptorHeader, DriveBody, FIXED_BODY_LEN, LocateBody, OPTIONS_LEN, PATH_TYPE, PATH_VERSION,
    PartitionBody, PathHeader, RamdiskBody, device_type, local_type, scheme,
};
use super::{
    Descriptor, Device, DeviceError, FilePath, Kind, Locate, MAX_DEPTH, Partition, PartitionId,
    Ramdisk, Search,
};
use crate::Guid;

/// Reads a whole device element.
pub(super) fn decode(bytes: &[u8]) -> Result<Device, DeviceError> {
    let short = || DeviceError::Short { found: bytes.len() };
    let (options, rest) = bytes.split_first_chunk::<OPTIONS_LEN>().ok_or_else(short)?;
    let (header, _) = view::<DescriptorHeader>(rest).ok_or_else(short)?;
    let claimed = header.size.get();
    if to_usize(claimed) != rest.len() {
        return Err(DeviceError::Size {
            claimed,
            found: rest.len(),
        });
    }
    let (descriptor, _) = descriptor(rest, MAX_DEPTH).ok_or_else(short)?;
    Ok(Device {
        options: Guid::from_bytes_le(*options),
        descriptor,
    })
}

/// Writes a whole device element.
pub(super) fn encode(device: &Device) -> Vec<u8> {
    let mut bytes = device.options.to_bytes_le().to_vec();
    bytes.extend(descriptor_bytes(&device.descriptor));
    bytes
}

/// Reads the descriptor that `bytes` begin with, and gives what follows it.
///
/// `depth` is how many descriptors within one another may still be read.
fn descriptor(bytes: &[u8], depth: usize) -> Option<(Descriptor, &[u8])> {
    let depth = depth.checked_sub(1)?;
    let (header, _) = view::<DescriptorHeader>(bytes)?;
    let (whole, rest) = bytes.split_at_checked(to_usize(header.size.get()))?;
    let (_, body) = view::<DescriptorHeader>(whole)?;
    let flags = header.flags.get();
    let understood = kind(header.device_type.get(), body, depth)
        .map(|kind| Descriptor { flags, kind })
        .filter(|descriptor| descriptor_bytes(descriptor) == whole);
    let opaque = || Kind::Opaque {
        device_type: header.device_type.get(),
        reserved: header.reserved.get(),
        body: body.to_vec(),
    };
    let descriptor = understood.unwrap_or_else(|| Descriptor {
        flags,
        kind: opaque(),
    });
    Some((descriptor, rest))
}

fn kind(number: u32, body: &[u8], depth: usize) -> Option<Kind> {
    match number {
        device_type::LOCAL => local(body, depth),
        device_type::BOOT => Some(Kind::Boot),
        device_type::PARTITION => partition(body, depth).map(Kind::Partition),
        device_type::LOCATE => locate(body, depth).map(Kind::Locate),
        _ => None,
    }
}

fn local(body: &[u8], depth: usize) -> Option<Kind> {
    let (number, rest) = view::<zerocopy::little_endian::U32>(body)?;
    match number.get() {
        local_type::FLOPPY => Some(Kind::Floppy(view::<DriveBody>(body)?.0.number.get())),
        local_type::OPTICAL => Some(Kind::Optical(view::<DriveBody>(body)?.0.number.get())),
        local_type::FILE => file(rest, depth).map(Kind::File),
        local_type::RAMDISK => {
            let (fixed, rest) = view::<RamdiskBody>(body)?;
            Some(Kind::Ramdisk(Ramdisk {
                base: fixed.base.get(),
                size: fixed.size.get(),
                offset: fixed.offset.get(),
                file: file(rest, depth)?,
            }))
        }
        _ => None,
    }
}

fn partition(body: &[u8], depth: usize) -> Option<Partition> {
    let (fixed, rest) = view::<PartitionBody>(body)?;
    let id = match fixed.scheme.get() {
        scheme::GPT => PartitionId::Gpt {
            disk: Guid::from_bytes_le(fixed.disk),
            partition: Guid::from_bytes_le(fixed.partition),
        },
        scheme::MBR => PartitionId::Mbr {
            signature: u32::from_le_bytes(*fixed.disk.first_chunk()?),
            offset: u64::from_le_bytes(*fixed.partition.first_chunk()?),
        },
        scheme::RAW => PartitionId::Raw {
            disk: u32::from_le_bytes(*fixed.disk.first_chunk()?),
        },
        _ => return None,
    };
    let virtual_disk = match fixed.disk_type.get() {
        local_type::HARD_DISK => None,
        local_type::VIRTUAL_DISK => Some(Box::new(descriptor(rest, depth)?.0)),
        _ => return None,
    };
    Some(Partition { id, virtual_disk })
}

fn file(record: &[u8], depth: usize) -> Option<FilePath> {
    let (_, rest) = view::<PathHeader>(record)?;
    let (parent, rest) = descriptor(rest, depth)?;
    let (path, _) = text(rest)?;
    Some(FilePath {
        parent: Box::new(parent),
        path,
    })
}

fn locate(body: &[u8], depth: usize) -> Option<Locate> {
    let (fixed, rest) = view::<LocateBody>(body)?;
    let (path, rest) = text(rest)?;
    let parent = match fixed.parent.get() {
        0 => None,
        _ => Some(Box::new(descriptor(rest, depth)?.0)),
    };
    let (search, element) = (Search(fixed.search.get()), fixed.element.get());
    Some(Locate {
        search,
        element,
        path,
        parent,
    })
}

/// Reads UTF-16 up to its terminator, and gives what follows that.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (units, _) = bytes.as_chunks::<2>();
    let end = units.iter().position(|unit| *unit == [0, 0])?;
    let (before, rest) = bytes.split_at_checked((end + 1) * 2)?;
    let units: Vec<u16> = before
        .as_chunks()
        .0
        .iter()
        .take(end)
        .copied()
        .map(u16::from_le_bytes)
        .collect();
    Some((String::from_utf16(&units).ok()?, rest))
}

fn descriptor_bytes(descriptor: &Descriptor) -> Vec<u8> {
    let (device_type, reserved, body) = match &descriptor.kind {
        Kind::Boot => (device_type::BOOT, 0, vec![0; FIXED_BODY_LEN]),
        Kind::Floppy(number) => (device_type::LOCAL, 0, drive(local_type::FLOPPY, *number)),
        Kind::Optical(number) => (device_type::LOCAL, 0, drive(local_type::OPTICAL, *number)),
        Kind::Partition(partition) => (device_type::PARTITION, 0, partition_body(partition)),
        Kind::File(file) => {
            let local_type = local_type::FILE.to_le_bytes();
            (
                device_type::LOCAL,
                0,
                [&local_type[..], &path_record(file)].concat(),
            )
        }
        Kind::Ramdisk(ramdisk) => (device_type::LOCAL, 0, ramdisk_body(ramdisk)),
        Kind::Locate(locate) => (device_type::LOCATE, 0, locate_body(locate)),
        Kind::Opaque {
            device_type,
            reserved,
            body,
        } => (*device_type, *reserved, body.clone()),
    };
    let header = DescriptorHeader {
        device_type: device_type.into(),
        flags: descriptor.flags.into(),
        size: to_u32(size_of::<DescriptorHeader>() + body.len()).into(),
        reserved: reserved.into(),
    };
    [header.as_bytes(), &body].concat()
}

fn drive(local_type: u32, number: u32) -> Vec<u8> {
    let body = DriveBody {
        local_type: local_type.into(),
        number: number.into(),
    };
    let mut body = body.as_bytes().to_vec();
    body.resize(FIXED_BODY_LEN, 0);
    body
}

fn partition_body(partition: &Partition) -> Vec<u8> {
    let (scheme, partition_id, disk) = match partition.id {
        PartitionId::Gpt { disk, partition } => {
            (scheme::GPT, partition.to_bytes_le(), disk.to_bytes_le())
        }
        PartitionId::Mbr { signature, offset } => {
            (scheme::MBR, padded(offset), padded(signature.into()))
        }
        PartitionId::Raw { disk } => (scheme::RAW, [0; 16], padded(disk.into())),
    };
    let disk_type = match partition.virtual_disk {
        None => local_type::HARD_DISK,
        Some(_) => local_type::VIRTUAL_DISK,
    };
    let (disk_type, scheme) = (disk_type.into(), scheme.into());
    let fixed = PartitionBody {
        partition: partition_id,
        disk_type,
        scheme,
        disk,
    };
    let mut body = fixed.as_bytes().to_vec();
    match &partition.virtual_disk {
        None => body.resize(FIXED_BODY_LEN, 0),
        Some(parent) => body.extend(descriptor_bytes(parent)),
    }
    body
}

/// A number in the low bytes of a 16-byte id.
fn padded(number: u64) -> [u8; 16] {
    u128::from(number).to_le_bytes()
}

fn ramdisk_body(ramdisk: &Ramdisk) -> Vec<u8> {
    let fixed = RamdiskBody {
        local_type: local_type::RAMDISK.into(),
        base: ramdisk.base.into(),
        size: ramdisk.size.into(),
        offset: ramdisk.offset.into(),
    };
    [fixed.as_bytes(), &path_record(&ramdisk.file)].concat()
}

fn path_record(file: &FilePath) -> Vec<u8> {
    let parent = descriptor_bytes(&file.parent);
    let path = text_bytes(&file.path);
    let length = size_of::<PathHeader>() + parent.len() + path.len();
    let header = PathHeader {
        version: PATH_VERSION.into(),
        length: to_u32(length).into(),
        path_type: PATH_TYPE.into(),
    };
    [header.as_bytes(), &parent, &path].concat()
}

fn locate_body(locate: &Locate) -> Vec<u8> {
    let path = text_bytes(&locate.path);
    let behind = size_of::<DescriptorHeader>() + size_of::<LocateBody>() + path.len();
    let parent = locate.parent.as_deref().map(descriptor_bytes);
    let fixed = LocateBody {
        search: locate.search.0.into(),
        element: locate.element.into(),
        parent: parent.as_ref().map_or(0, |_| to_u32(behind)).into(),
    };
    [fixed.as_bytes(), &path, &parent.unwrap_or_default()].concat()
}

fn text_bytes(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// The structure that `bytes` begin with, and what follows it.
fn view<T>(bytes: &[u8]) -> Option<(&T, &[u8])>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    T::ref_from_prefix(bytes).ok()
}

fn to_usize(number: u32) -> usize {
    // Where a size has 16 bits, the length lies outside of every slice.
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn to_u32(len: usize) -> u32 {
    // Data of a value is far below 4 GiB; a longer text is refused by whoever stores it.
    u32::try_from(len).unwrap_or(u32::MAX)
}

//! A made-up Windows: disks with bytes, volumes on them, and the answers to control calls.
//!
//! Invariants: answers have the form of Windows'; a disk that is locked can be asked but not read.
//!
//! Deliberately absent: volumes with content.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use zerocopy::IntoBytes;

use super::format::{
    DeviceDescriptor, DiskAttributes, DiskExtent, DriveLayout, Extents, Geometry,
    PartitionInformation, ScsiAddress,
};
use super::{Machine, Question};
use crate::partition::{PartitionId, Table, TableKind};

/// One made-up disk.
pub(super) struct Disk {
    pub(super) bytes: Vec<u8>,
    pub(super) sector: u32,
    /// [`super::format::OFFLINE`] and the like.
    pub(super) attributes: u64,
    pub(super) lun: u8,
    /// Whether reading takes rights that this process has not.
    pub(super) locked: bool,
    /// What Windows takes for the table; `None` for what the bytes say.
    pub(super) layout: Option<Vec<u8>>,
}

/// A part of a volume: the disk, where it begins and its size, in bytes.
type Part = (u32, u64, u64);

/// The machine.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) disks: BTreeMap<u32, Disk>,
    /// By name: where each part lies, and the places it is mounted at.
    pub(super) volumes: BTreeMap<String, (Vec<Part>, Vec<PathBuf>)>,
}

/// The name of a volume.
pub(super) fn volume(number: u32) -> String {
    format!(r"\\?\Volume{{00000000-0000-0000-0000-{number:012x}}}\")
}

impl Fake {
    /// Adds a disk of these bytes.
    pub(super) fn disk(&mut self, number: u32, bytes: Vec<u8>) -> &mut Disk {
        let disk = Disk {
            bytes,
            sector: 512,
            attributes: 0,
            lun: 0,
            locked: false,
            layout: None,
        };
        self.disks.entry(number).or_insert(disk)
    }

    /// Adds a volume in one part of a disk, mounted there.
    pub(super) fn volume(&mut self, number: u32, disk: u32, offset: u64, at: &[&str]) {
        let places = at.iter().map(PathBuf::from).collect();
        let extents = vec![(disk, offset, 0x1000)];
        self.volumes.insert(volume(number), (extents, places));
    }

    fn of(&self, device: &Path) -> io::Result<&Disk> {
        let text = device.to_str().unwrap_or_default();
        let number = text.strip_prefix(r"\\.\PhysicalDrive");
        let number = number.and_then(|number| number.parse().ok());
        let disk = number.and_then(|number: u32| self.disks.get(&number));
        disk.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Machine for Fake {
    fn disks(&self) -> io::Result<Vec<u32>> {
        Ok(self.disks.keys().rev().copied().collect())
    }

    fn volumes(&self) -> io::Result<Vec<String>> {
        Ok(self.volumes.keys().cloned().collect())
    }

    fn mounted_at(&self, volume: &str) -> Vec<PathBuf> {
        let found = self.volumes.get(volume);
        found.map(|(_, places)| places.clone()).unwrap_or_default()
    }

    fn ask(&self, device: &Path, question: Question) -> io::Result<Vec<u8>> {
        if question == Question::Extents {
            let name = format!(r"{}\", device.display());
            let (parts, _) = self.volumes.get(&name).ok_or(io::ErrorKind::NotFound)?;
            return Ok(extents(parts));
        }
        let disk = self.of(device)?;
        Ok(match question {
            Question::Extents => return Err(io::ErrorKind::Unsupported.into()),
            Question::Layout => match &disk.layout {
                Some(bytes) => bytes.clone(),
                None => layout(&table(disk)?),
            },
            Question::Geometry => Geometry {
                cylinders: 0.into(),
                medium: 12.into(),
                tracks: 255.into(),
                sectors: 63.into(),
                sector: disk.sector.into(),
                size: (disk.bytes.len() as u64).into(),
            }
            .as_bytes()
            .to_vec(),
            Question::Address => ScsiAddress {
                length: 8.into(),
                port: 1,
                path: 0,
                target: 0,
                lun: disk.lun,
            }
            .as_bytes()
            .to_vec(),
            Question::Attributes => DiskAttributes {
                version: 16.into(),
                reserved: 0.into(),
                attributes: disk.attributes.into(),
            }
            .as_bytes()
            .to_vec(),
            Question::Description => description(),
        })
    }

    fn read(&self, disk: &Path, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let disk = self.of(disk)?;
        if disk.locked {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let from = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = from.saturating_add(buffer.len());
        let found = disk.bytes.get(from..end);
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

fn table(disk: &Disk) -> io::Result<Table> {
    let read = |offset: u64, buffer: &mut [u8]| {
        let from = usize::try_from(offset).unwrap();
        buffer.copy_from_slice(&disk.bytes[from..from + buffer.len()]);
        Ok(())
    };
    let size = disk.bytes.len() as u64;
    Table::read(size, Some(disk.sector), read).map_err(io::Error::other)
}

/// The answer about a volume in these parts of disks.
pub(super) fn extents(parts: &[Part]) -> Vec<u8> {
    let head = Extents {
        count: u32::try_from(parts.len()).unwrap().into(),
        padding: [0; 4],
    };
    let mut bytes = head.as_bytes().to_vec();
    for (disk, offset, length) in parts {
        let extent = DiskExtent {
            disk: (*disk).into(),
            padding: [0; 4],
            offset: (*offset).into(),
            length: (*length).into(),
        };
        bytes.extend(extent.as_bytes());
    }
    bytes
}

/// The answer about a disk with this table: MBR entries come in fours, unused ones among them.
pub(super) fn layout(table: &Table) -> Vec<u8> {
    let mut id = [0; 16];
    let style: u32 = match table.kind {
        TableKind::Mbr { signature } => {
            id[..4].copy_from_slice(&signature.to_le_bytes());
            0
        }
        TableKind::Gpt { disk } => {
            id = disk;
            1
        }
    };
    let unused = PartitionInformation {
        style: style.into(),
        padding: [0; 4],
        offset: 0.into(),
        length: 0.into(),
        number: 0.into(),
        rewrite: 0,
        service: 0,
        reserved: 0.into(),
        kind: [0; 16],
        id: [0; 16],
        rest: [0; 80],
    };
    let mut entries: Vec<PartitionInformation> = Vec::new();
    for (partition, number) in table.partitions.iter().zip(1_u32..) {
        let mut one = PartitionInformation {
            offset: partition.offset.into(),
            length: partition.size.into(),
            number: number.into(),
            ..unused
        };
        match partition.id {
            PartitionId::Mbr { type_byte } => one.kind[0] = type_byte,
            PartitionId::Gpt { guid, type_guid } => (one.kind, one.id) = (type_guid, guid),
        }
        entries.push(one);
    }
    while style == 0 && !entries.len().is_multiple_of(4) {
        entries.push(unused);
    }
    let head = DriveLayout {
        style: style.into(),
        count: u32::try_from(entries.len()).unwrap().into(),
        id,
        rest: [0; 24],
    };
    let mut bytes = head.as_bytes().to_vec();
    for one in entries {
        bytes.extend(one.as_bytes());
    }
    bytes
}

/// What a disk of Hyper-V says of itself.
pub(super) fn description() -> Vec<u8> {
    let head = DeviceDescriptor {
        version: 40.into(),
        size: 70.into(),
        device_type: 0,
        modifier: 0,
        removable: 0,
        queueing: 1,
        vendor: 36.into(),
        product: 45.into(),
        revision: 0.into(),
        serial: 0.into(),
        bus: 10.into(),
        properties: 0.into(),
    };
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend(b"Msft    \0Virtual Disk    \0");
    bytes
}

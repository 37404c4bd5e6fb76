//! Windows' disks and volumes: from a volume to its partition, and from a disk to its volumes.
//!
//! Invariants: the sectors of a disk say what its table is; what Windows takes for the table must
//! agree with them about the disk and the partition, or there is an error. Nothing is opened for
//! writing, brought online, or given a letter.
//!
//! Deliberately absent: the calls themselves ([`Machine`], made by `windows_storage`), so that all
//! of this runs on any system.

mod answers;
#[cfg(test)]
mod fake;
mod format;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use super::{Medium, Spot};
use crate::attached::{Area, AttachedDisk};
use crate::origin::{Origin, OriginError, Sibling};
use crate::partition::{Partition, PartitionId, Table, TableError};

use answers::{Description, Extent, Layout};

/// What a device can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Where a volume lies.
    Extents,
    /// What Windows takes for a disk's partition table.
    Layout,
    /// The size of a disk and of its sectors.
    Geometry,
    /// Where it is on its controller.
    Address,
    /// Whether it is offline or read-only.
    Attributes,
    /// What it calls itself.
    Description,
}

/// The calls that are made to Windows. A volume is named `\\?\Volume{…}\`, with the backslash.
pub(crate) trait Machine {
    /// The numbers of the physical disks.
    fn disks(&self) -> io::Result<Vec<u32>>;
    /// Every volume.
    fn volumes(&self) -> io::Result<Vec<String>>;
    /// The letters and folders of a volume, letters first.
    fn mounted_at(&self, volume: &str) -> Vec<PathBuf>;
    /// Asks a device that is opened for nothing but that, which needs no rights.
    fn ask(&self, device: &Path, question: Question) -> io::Result<Vec<u8>>;
    /// Fills a buffer from a byte of a disk on.
    fn read(&self, disk: &Path, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A volume and where it lies.
struct Seen {
    name: String,
    extents: Vec<Extent>,
}

/// The device of a volume: its name without the backslash, which means the folder.
pub(crate) fn device_of(volume: &str) -> PathBuf {
    PathBuf::from(volume.trim_end_matches('\\'))
}

/// The device of a disk.
fn disk_path(number: u32) -> PathBuf {
    PathBuf::from(format!(r"\\.\PhysicalDrive{number}"))
}

fn unseen(what: &Path) -> impl FnOnce(io::Error) -> OriginError {
    let what = what.to_path_buf();
    move |source| OriginError::Unseen { what, source }
}

/// The partition of a volume.
pub(crate) fn origin(machine: &dyn Machine, volume: &str) -> Result<Origin, OriginError> {
    let device = device_of(volume);
    let extents = extents(machine, &device).map_err(unseen(&device))?;
    let [Extent { disk, offset, .. }] = extents[..] else {
        let disks = extents.iter().map(|extent| extent.disk).collect();
        return Err(OriginError::Spans { device, disks });
    };
    let (number, disk) = (disk, disk_path(disk));
    // Asked first: it needs no rights, and tells a machine that has no such disks.
    let layout = layout(machine, &disk).map_err(unseen(&disk))?;
    let table = table_on(machine, &disk)?;
    let Some(partition) = table.at(offset).cloned() else {
        return Err(OriginError::NoPartition { disk, offset });
    };
    if !layout.is_some_and(|layout| agree(&layout, &table, &partition)) {
        return Err(OriginError::Contradiction {
            device,
            disk,
            offset,
        });
    }
    Ok(Origin {
        device,
        disk,
        table,
        partition,
        spot: spot(number),
    })
}

/// Whether Windows takes a disk and one of its partitions for what the disk's sectors say.
fn agree(layout: &Layout, table: &Table, partition: &Partition) -> bool {
    let same_id = |id: &PartitionId| match (id, &partition.id) {
        (PartitionId::Gpt { guid, .. }, PartitionId::Gpt { guid: own, .. }) => guid == own,
        (one, other) => one == other,
    };
    let mut partitions = layout.partitions.iter();
    layout.kind == table.kind
        && partitions.any(|one| {
            one.offset == partition.offset && one.size == partition.size && same_id(&one.id)
        })
}

/// The other partitions of a disk, with the volumes on them.
pub(crate) fn siblings(
    machine: &dyn Machine,
    origin: &Origin,
) -> Result<Vec<Sibling>, OriginError> {
    let volumes = volumes(machine)?;
    let others = origin.table.partitions.iter();
    let others = others.filter(|partition| **partition != origin.partition);
    let sibling = |partition: &Partition| {
        let is_on = |number| origin.spot == spot(number);
        let volume = volume_at(&volumes, is_on, partition.offset);
        let mounted = volume.map(|volume| machine.mounted_at(&volume.name));
        Sibling {
            partition: partition.clone(),
            device: volume.map(|volume| device_of(&volume.name)),
            mounted_at: mounted.and_then(|places| places.into_iter().next()),
            folder: volume.map(|volume| PathBuf::from(&volume.name)),
        }
    };
    Ok(others.map(sibling).collect())
}

/// The disks, in the order of their numbers.
pub(crate) fn attached_disks(machine: &dyn Machine) -> Result<Vec<AttachedDisk>, OriginError> {
    let mut numbers = machine.disks().map_err(unseen(Path::new(r"\\.\")))?;
    numbers.sort_unstable();
    numbers.dedup();
    let volumes = volumes(machine)?;
    let disks = numbers.into_iter();
    Ok(disks
        .filter_map(|number| attached(machine, number, &volumes))
        .collect())
}

/// A disk; `None` for a drive without a medium.
fn attached(machine: &dyn Machine, number: u32, volumes: &[Seen]) -> Option<AttachedDisk> {
    let device = disk_path(number);
    let ask = |question| machine.ask(&device, question).ok();
    let (size, _) = answers::geometry(&ask(Question::Geometry)?).ok()?;
    if size == 0 {
        return None;
    }
    let attributes = ask(Question::Attributes).and_then(|bytes| answers::attributes(&bytes).ok());
    let lun = ask(Question::Address).and_then(|bytes| answers::lun(&bytes).ok());
    let about = ask(Question::Description).and_then(|bytes| answers::description(&bytes).ok());
    let Description { model, bus } = about.unwrap_or_default();
    let table = table_on(machine, &device);
    Some(AttachedDisk {
        areas: areas(machine, number, &table, size, volumes),
        number: Some(number),
        backing: None,
        size,
        model,
        bus,
        lun: lun.map(u64::from),
        is_offline: attributes.map(|(offline, _)| offline),
        is_read_only: attributes.map(|(_, read_only)| read_only),
        table,
        spot: Some(spot(number)),
        device,
    })
}

/// The partitions of a disk with the volumes on them, or the whole disk where there are none.
fn areas(
    machine: &dyn Machine,
    disk: u32,
    table: &Result<Table, OriginError>,
    size: u64,
    volumes: &[Seen],
) -> Vec<Area> {
    let mut parts: Vec<(Option<u32>, u64, u64)> = match table {
        Ok(table) => {
            let all = table.partitions.iter();
            all.map(|one| (Some(one.number), one.offset, one.size))
                .collect()
        }
        // What cannot be read without rights can be asked for.
        Err(_) => {
            let layout = layout(machine, &disk_path(disk)).ok().flatten();
            let all = layout.into_iter().flat_map(|layout| layout.partitions);
            all.map(|one| (Some(one.number), one.offset, one.size))
                .collect()
        }
    };
    if parts.is_empty() && table.is_err() {
        parts.push((None, 0, size));
    }
    let area = |(number, offset, size)| {
        let volume = volume_at(volumes, |found| found == disk, offset);
        let mounted = volume.map(|volume| machine.mounted_at(&volume.name));
        Area {
            number,
            offset,
            size,
            device: volume.map(|volume| device_of(&volume.name)),
            mounted_at: mounted.and_then(|places| places.into_iter().next()),
            folder: volume.map(|volume| PathBuf::from(&volume.name)),
        }
    };
    parts.into_iter().map(area).collect()
}

/// Where the first byte of a disk lies.
fn spot(disk: u32) -> Spot {
    Spot {
        medium: Medium::Device(disk.into()),
        offset: 0,
    }
}

/// The volume that is one part of one disk and begins at this byte of it.
fn volume_at(volumes: &[Seen], is_disk: impl Fn(u32) -> bool, offset: u64) -> Option<&Seen> {
    volumes.iter().find(|volume| match volume.extents[..] {
        [extent] => is_disk(extent.disk) && extent.offset == offset,
        _ => false,
    })
}

/// Every volume that lies on disks.
fn volumes(machine: &dyn Machine) -> Result<Vec<Seen>, OriginError> {
    let names = machine.volumes().map_err(unseen(Path::new(r"\\?\")))?;
    let seen = |name: String| {
        let extents = extents(machine, &device_of(&name)).ok()?;
        Some(Seen { name, extents })
    };
    Ok(names.into_iter().filter_map(seen).collect())
}

fn extents(machine: &dyn Machine, volume: &Path) -> io::Result<Vec<Extent>> {
    Ok(answers::extents(&machine.ask(volume, Question::Extents)?)?)
}

fn layout(machine: &dyn Machine, disk: &Path) -> io::Result<Option<Layout>> {
    Ok(answers::layout(&machine.ask(disk, Question::Layout)?)?)
}

fn table_on(machine: &dyn Machine, disk: &Path) -> Result<Table, OriginError> {
    let geometry = machine.ask(disk, Question::Geometry);
    table(machine, disk, &geometry.map_err(unseen(disk))?)
}

/// The table in the sectors of a disk that answered so about its geometry.
pub(crate) fn table(
    machine: &dyn Machine,
    disk: &Path,
    geometry: &[u8],
) -> Result<Table, OriginError> {
    let geometry = answers::geometry(geometry).map_err(io::Error::from);
    let (size, sector) = geometry.map_err(unseen(disk))?;
    let read = |offset, buffer: &mut [u8]| machine.read(disk, offset, buffer);
    Table::read(size, Some(sector), read).map_err(|source| match source {
        // A question of rights and not of the table.
        TableError::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            unseen(disk)(source)
        }
        source => OriginError::Table {
            disk: disk.to_path_buf(),
            source,
        },
    })
}

/// The size of a sector in an answer about the geometry, in bytes.
pub(crate) fn sector(geometry: &[u8]) -> Option<u32> {
    let (_, sector) = answers::geometry(geometry).ok()?;
    (sector > 0).then_some(sector)
}

/// Whether a path as the system itself spells it leads to a shadow copy.
pub(crate) fn names_shadow_copy(path: &str) -> bool {
    const DEVICE: &str = r"\device\harddiskvolumeshadowcopy";
    path.to_ascii_lowercase().starts_with(DEVICE)
}

/// Whether a partition is the running system's if that runs from the same disk: what it boots from
/// and what it recovers with.
pub(crate) fn is_of_system(partition: &Partition) -> bool {
    partition.is_esp() || partition.is_recovery() || partition.active
}

//! `disks`: what is attached to this machine, and where a broken Windows may be.
//!
//! Invariants: nothing is mounted, brought online or written; disks that cannot be online together
//! are told. Absent on purpose: other systems than Linux and Windows.

use crate::arguments::{DisksArguments, Format};
use crate::drives::{self, Mounted};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;
use bcd::Guid;
use disk::partition::{PartitionId, TableKind};
use disk::{Area, AttachedDisk, DiskId, OriginError};
use repairs::context::chain;
use serde::Serialize;

/// The answer as JSON.
#[derive(Serialize)]
struct DisksDocument {
    version: u32,
    disks: Vec<DiskDocument>,
    collisions: Vec<CollisionDocument>,
}

/// Disks that have one id.
#[derive(Serialize)]
pub(crate) struct CollisionDocument {
    /// As `disks` has them.
    pub(crate) devices: Vec<String>,
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) hints: Vec<&'static str>,
}

/// One disk.
#[derive(Serialize)]
pub(crate) struct DiskDocument {
    pub(crate) device: String,
    /// Windows' number.
    pub(crate) number: Option<u32>,
    pub(crate) backing: Option<String>,
    pub(crate) size: u64,
    pub(crate) model: Option<String>,
    pub(crate) bus: Option<&'static str>,
    pub(crate) lun: Option<u64>,
    pub(crate) offline: Option<bool>,
    pub(crate) read_only: Option<bool>,
    pub(crate) table: Option<&'static str>,
    /// The signature in an MBR, or the GUID in a GPT.
    pub(crate) id: Option<String>,
    /// Why there is no table to be seen.
    pub(crate) no_table: Option<String>,
    pub(crate) areas: Vec<AreaDocument>,
}

/// One partition, or the whole disk.
#[derive(Serialize)]
pub(crate) struct AreaDocument {
    pub(crate) number: Option<u32>,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    /// The GUID that a GPT gives it.
    pub(crate) id: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) purpose: Option<&'static str>,
    pub(crate) file_system: Option<String>,
    pub(crate) mounted_at: Option<String>,
    /// Where its files are seen without a mount.
    pub(crate) folder: Option<String>,
    pub(crate) running_system: bool,
    pub(crate) computer: Option<String>,
    pub(crate) windows: Option<String>,
}

/// Carries the command out.
pub(crate) fn run(arguments: &DisksArguments) -> Result<Exit, Failure> {
    let disks = disk::attached_disks().map_err(|error| {
        let failure = |code| Failure::of(Exit::Unreadable, code, &error);
        match error {
            OriginError::Unsupported => failure("unsupported"),
            _ => failure("unreadable"),
        }
    })?;
    let collisions: Vec<CollisionDocument> = disk::collisions(&disks)
        .into_iter()
        .map(|(id, places)| collision(&disks, id, &places))
        .collect();
    let disks: Vec<DiskDocument> = disks.iter().map(document).collect();
    match arguments.format {
        Format::Json => output::json(&DisksDocument {
            version: crate::document::VERSION,
            disks,
            collisions,
        }),
        Format::Text => output::text(&render::disks(&disks, &collisions)),
    }
    Ok(Exit::Done)
}

fn collision(disks: &[AttachedDisk], id: DiskId, places: &[usize]) -> CollisionDocument {
    let devices = places.iter().filter_map(|place| disks.get(*place));
    let devices: Vec<String> = devices
        .map(|disk| disk.device.display().to_string())
        .collect();
    let id = match id {
        DiskId::Signature(signature) => format!("MBR signature {signature:08x}"),
        DiskId::Guid(guid) => format!("GPT disk GUID {}", Guid::from_bytes_le(guid)),
    };
    let text = format!(
        "{} have one {id}. Windows keeps all but one offline; one that is brought online gets a \
         new id, which is written to it, and its VM does not start any more",
        devices.join(" and ")
    );
    let hints = vec![
        "leave such a disk offline, and attach it to a recovery VM that was not made from the \
         same image; or to a Linux, which writes no ids",
        "where it has a new id already: offfix plan F: --repair boot-device-ids",
    ];
    CollisionDocument {
        devices,
        id,
        text,
        hints,
    }
}

fn document(disk: &AttachedDisk) -> DiskDocument {
    let table = disk.table.as_ref();
    let id = table.ok().map(|table| match table.kind {
        TableKind::Mbr { signature } => format!("{signature:08x}"),
        TableKind::Gpt { disk } => Guid::from_bytes_le(disk).to_string(),
    });
    DiskDocument {
        device: disk.device.display().to_string(),
        number: disk.number,
        backing: disk.backing.as_ref().map(|path| path.display().to_string()),
        size: disk.size,
        model: disk.model.clone(),
        bus: disk.bus,
        lun: disk.lun,
        offline: disk.is_offline,
        read_only: disk.is_read_only,
        table: table.ok().map(drives::scheme),
        id,
        no_table: table.err().map(|error| chain(error)),
        areas: disk.areas.iter().map(|part| area(disk, part)).collect(),
    }
}

fn area(disk: &AttachedDisk, area: &Area) -> AreaDocument {
    let named = disk.table.as_ref().ok();
    let partition = named
        .filter(|_| area.number.is_some())
        .and_then(|table| table.at(area.offset));
    let mounted = area.place().map(drives::look);
    let installation = match &mounted {
        Some(Mounted::Windows(one)) => Some(one),
        _ => None,
    };
    AreaDocument {
        number: area.number,
        offset: area.offset,
        size: area.size,
        id: partition.and_then(|partition| match partition.id {
            PartitionId::Gpt { guid, .. } => Some(Guid::from_bytes_le(guid).to_string()),
            PartitionId::Mbr { .. } => None,
        }),
        device: area.device.as_ref().map(|path| path.display().to_string()),
        purpose: partition.and_then(drives::purpose),
        file_system: drives::file_system(disk, area).map(|kind| kind.to_string()),
        mounted_at: area
            .mounted_at
            .as_ref()
            .map(|path| path.display().to_string()),
        folder: area.folder.as_ref().map(|path| path.display().to_string()),
        running_system: matches!(mounted, Some(Mounted::Running)),
        computer: installation.and_then(|one| one.computer.clone()),
        windows: installation.map(|one| one.windows()),
    }
}

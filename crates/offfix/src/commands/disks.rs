//! `disks`: what is attached to this machine, and where a broken Windows may be.
//!
//! Invariants: nothing is mounted, brought online or written. Absent on purpose: Windows as the
//! recovery machine, whose own tools list its disks.

use crate::arguments::{DisksArguments, Format};
use crate::drives::{self, Mounted};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;
use disk::{Area, AttachedDisk, OriginError};
use repairs::context::chain;
use serde::Serialize;

/// The answer as JSON.
#[derive(Serialize)]
struct DisksDocument {
    version: u32,
    disks: Vec<DiskDocument>,
}

/// One disk.
#[derive(Serialize)]
pub(crate) struct DiskDocument {
    pub(crate) device: String,
    pub(crate) backing: Option<String>,
    pub(crate) size: u64,
    pub(crate) model: Option<String>,
    pub(crate) lun: Option<u64>,
    pub(crate) table: Option<&'static str>,
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
    pub(crate) device: Option<String>,
    pub(crate) purpose: Option<&'static str>,
    pub(crate) file_system: Option<String>,
    pub(crate) mounted_at: Option<String>,
    pub(crate) running_system: bool,
    pub(crate) computer: Option<String>,
    pub(crate) windows: Option<String>,
}

/// Carries the command out.
pub(crate) fn run(arguments: &DisksArguments) -> Result<Exit, Failure> {
    let disks = disk::attached_disks().map_err(|error| {
        let failure = |code| Failure::of(Exit::Unreadable, code, &error);
        match error {
            OriginError::Unsupported => failure("unsupported")
                .hint("Windows lists its disks itself: Get-Disk, or diskpart with list volume"),
            _ => failure("unreadable"),
        }
    })?;
    let disks: Vec<DiskDocument> = disks.iter().map(document).collect();
    match arguments.format {
        Format::Json => output::json(&DisksDocument {
            version: crate::document::VERSION,
            disks,
        }),
        Format::Text => output::text(&render::disks(&disks)),
    }
    Ok(Exit::Done)
}

fn document(disk: &AttachedDisk) -> DiskDocument {
    let table = disk.table.as_ref();
    DiskDocument {
        device: disk.device.display().to_string(),
        backing: disk.backing.as_ref().map(|path| path.display().to_string()),
        size: disk.size,
        model: disk.model.clone(),
        lun: disk.lun,
        table: table.ok().map(drives::scheme),
        no_table: table.err().map(|error| chain(error)),
        areas: disk.areas.iter().map(|part| area(disk, part)).collect(),
    }
}

fn area(disk: &AttachedDisk, area: &Area) -> AreaDocument {
    let named = disk.table.as_ref().ok();
    let partition = named
        .filter(|_| area.number.is_some())
        .and_then(|table| table.at(area.offset));
    let mounted = area.mounted_at.as_deref().map(drives::look);
    let installation = match &mounted {
        Some(Mounted::Windows(one)) => Some(one),
        _ => None,
    };
    AreaDocument {
        number: area.number,
        offset: area.offset,
        size: area.size,
        device: area.device.as_ref().map(|path| path.display().to_string()),
        purpose: partition.and_then(drives::purpose),
        file_system: drives::file_system(disk, area).map(|kind| kind.to_string()),
        mounted_at: area
            .mounted_at
            .as_ref()
            .map(|path| path.display().to_string()),
        running_system: matches!(mounted, Some(Mounted::Running)),
        computer: installation.and_then(|one| one.computer.clone()),
        windows: installation.map(|one| one.windows()),
    }
}

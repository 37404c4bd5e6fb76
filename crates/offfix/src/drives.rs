//! The disks of this machine, and which drive an operator may have meant.
//!
//! Invariants: nothing is mounted and nothing written; what cannot be looked at is left out of
//! hints, which never fail. Absent on purpose: printing.

use crate::exit::{Exit, Failure};
use disk::partition::{Partition, PartitionId, Table, TableKind};
use disk::{Area, AttachedDisk, Root};
use std::fs::File;
use std::path::Path;
use volume::guards::file_system::FileSystem;
use volume::{Installation, Volume};

/// What is known of a mounted area.
pub(crate) enum Mounted {
    /// It belongs to the system that runs now.
    Running,
    /// A Windows whose files can be read.
    Windows(Box<Installation>),
    /// Something else, or a Windows that cannot be read.
    Other,
}

/// Looks at what is mounted somewhere.
pub(crate) fn look(at: &Path) -> Mounted {
    match Root::open(at.as_os_str()) {
        Err(disk::OpenError::RunningSystem { .. }) => Mounted::Running,
        Err(_) => Mounted::Other,
        Ok(root) => {
            let volume = Volume::open(root).ok();
            let installation = volume.and_then(|volume| volume.installation().ok());
            installation.map_or(Mounted::Other, |one| Mounted::Windows(Box::new(one)))
        }
    }
}

/// The file system of an area, as far as it can be read and is known.
pub(crate) fn file_system(disk: &AttachedDisk, area: &Area) -> Option<FileSystem> {
    FileSystem::read(disk.window(area).ok()?).ok()?
}

/// `SRV-FIN-02, Windows Server 2016 Datacenter 10.0.14393.6897`.
pub(crate) fn windows(installation: &Installation) -> String {
    let computer = installation.computer.as_deref();
    let computer = computer.unwrap_or("a computer without a name");
    format!("{computer}, {}", installation.windows())
}

/// In whole KiB, MiB or GiB.
pub(crate) fn size(bytes: u64) -> String {
    match (bytes >> 30, bytes >> 20) {
        (0, 0) => format!("{} KiB", bytes >> 10),
        (0..=9, mib) => format!("{mib} MiB"),
        (gib, _) => format!("{gib} GiB"),
    }
}

/// What a partition is for, by the table; nothing for an ordinary one.
pub(crate) fn purpose(partition: &Partition) -> Option<&'static str> {
    match partition.id {
        _ if partition.is_esp() => Some("EFI system partition"),
        _ if partition.is_microsoft_reserved() => Some("Microsoft reserved"),
        _ if partition.is_recovery() => Some("recovery"),
        PartitionId::Mbr { .. } if partition.active => Some("active"),
        _ => None,
    }
}

/// The kind of a table in a word.
pub(crate) fn scheme(table: &Table) -> &'static str {
    match table.kind {
        TableKind::Mbr { .. } => "MBR",
        TableKind::Gpt { .. } => "GPT",
    }
}

/// A hint for each Windows that is mounted on this machine.
pub(crate) fn mounted_windows() -> Vec<String> {
    let disks = disk::attached_disks().unwrap_or_default();
    let mut places: Vec<&Path> = disks
        .iter()
        .flat_map(|disk| &disk.areas)
        .filter_map(Area::place)
        .collect();
    places.sort();
    places.dedup();
    places
        .into_iter()
        .filter_map(|at| match look(at) {
            Mounted::Windows(one) => {
                Some(format!("offfix plan {}   {}", at.display(), windows(&one)))
            }
            Mounted::Running | Mounted::Other => None,
        })
        .collect()
}

/// Adds to a failure which partitions beside this root may have Windows, and what is here instead.
pub(crate) fn hinted(mut failure: Failure, root: &Root) -> Failure {
    let has = |path: &str| root.find(path).is_ok_and(|found| found.is_some());
    if has(r"Boot\BCD") || has(r"EFI\Microsoft\Boot\BCD") {
        failure = failure.hint(
            "boot files are here: this is what --system-partition names; --drive names Windows",
        );
    }
    let siblings = root.origin().and_then(|origin| {
        let siblings = origin.siblings()?;
        let sizes = siblings.into_iter().map(|sibling| {
            let start = origin.window(&sibling).ok();
            let kind = start.and_then(|start| FileSystem::read(start).ok().flatten());
            (sibling, kind)
        });
        Ok(sizes.collect::<Vec<_>>())
    });
    for (sibling, kind) in siblings.unwrap_or_default() {
        let partition = &sibling.partition;
        let is_windows = matches!(kind, Some(FileSystem::Ntfs | FileSystem::BitLocker));
        if let (true, Some(kind)) = (is_windows, kind) {
            let how = match (sibling.place(), &sibling.device) {
                (Some(at), _) => format!("offfix plan {}", at.display()),
                (None, Some(device)) => mount(&device.display().to_string()),
                (None, None) => mount_part(partition, "IMAGE"),
            };
            let size = size(partition.size);
            let number = partition.number;
            failure = failure.hint(format!("partition {number} ({kind}, {size}): {how}"));
        }
    }
    failure
}

fn mount(device: &str) -> String {
    format!("ntfs-3g -o norecover {device} /mnt/f, then offfix plan /mnt/f")
}

fn mount_part(partition: &Partition, image: &str) -> String {
    let Partition { offset, size, .. } = partition;
    format!(
        "mount -t ntfs-3g -o loop,norecover,offset={offset},sizelimit={size} {image} /mnt/f, then \
         offfix plan /mnt/f"
    )
}

/// The failure of a drive that is a disk, a partition or an image and not a folder; `None` when
/// it is none of these.
pub(crate) fn not_a_folder(path: &Path) -> Option<Failure> {
    let mut file = File::open(path).ok()?;
    let kind = FileSystem::read(&mut file).ok()?;
    let shown = path.display();
    if kind == Some(FileSystem::BitLocker) {
        return Some(encrypted(&format!("{shown} is encrypted by BitLocker")));
    }
    let failure = |what: &str| {
        let error = format!("{shown} is {what}, not a folder where one is mounted");
        Failure::new(Exit::Unreadable, "not-mounted", error)
    };
    match kind {
        Some(kind) if kind.is_image() => {
            let hint = "qemu-storage-daemon serves it as a disk whose partitions can be mounted";
            return Some(failure(&format!("a {kind} image")).hint(hint));
        }
        Some(kind) => {
            let failure = failure(&format!("a volume with {kind}"));
            return Some(failure.hint(mount(&shown.to_string())));
        }
        None => {}
    }
    let table = disk::table_of(path).ok()?;
    let mut failure = failure(&format!("a disk ({})", scheme(&table)));
    for partition in &table.partitions {
        failure = part_hint(failure, path, partition);
    }
    Some(failure)
}

fn part_hint(failure: Failure, disk: &Path, partition: &Partition) -> Failure {
    let window = disk::partition::Window::open(disk, partition.offset, partition.size);
    let kind = window
        .ok()
        .and_then(|start| FileSystem::read(start).ok().flatten());
    let (number, bytes) = (partition.number, size(partition.size));
    match kind {
        Some(FileSystem::BitLocker) => {
            let line = format!("partition {number} ({bytes}) is encrypted by BitLocker");
            unlock().into_iter().fold(failure.hint(line), Failure::hint)
        }
        Some(FileSystem::Ntfs) => {
            let how = mount_part(partition, &disk.display().to_string());
            failure.hint(format!("partition {number} (NTFS, {bytes}): {how}"))
        }
        _ => failure,
    }
}

/// The failure of an encrypted volume.
pub(crate) fn encrypted(error: &str) -> Failure {
    let failure = Failure::new(Exit::Refused, "encrypted", error);
    unlock().into_iter().fold(failure, Failure::hint)
}

/// How BitLocker is unlocked.
fn unlock() -> [&'static str; 3] {
    [
        "Windows: manage-bde -protectors -get F:   names the key that is needed",
        "Windows: manage-bde -unlock F: -RecoveryPassword KEY, then offfix plan F:",
        "Linux:   cryptsetup open --type bitlk DEVICE f, then ntfs-3g -o norecover /dev/mapper/f \
         /mnt/f",
    ]
}

/// What Windows says of a volume that BitLocker keeps locked (`FVE_E_LOCKED_VOLUME`).
pub(crate) fn is_locked(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(0x8031_0000_u32.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_drive_is_told_with_the_commands() {
        let open = |code: u32| disk::OpenError::Io {
            path: "F:".into(),
            source: std::io::Error::from_raw_os_error(code.cast_signed()),
        };
        let failure = Failure::from(open(0x8031_0000));
        assert_eq!((failure.exit, failure.code), (Exit::Refused, "encrypted"));
        assert!(failure.hints.concat().contains("manage-bde -unlock"));
        assert_eq!(Failure::from(open(5)).code, "no-drive");
    }
}

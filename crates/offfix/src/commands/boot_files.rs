//! Where the boot files of a disk may be, for a store that was not found.
//!
//! Invariants: nothing is mounted and nothing assigned; a partition is offered only when the
//! disk's own table names it. Absent on purpose: finding stores (see `volume::boot`).

use crate::exit::Failure;
use disk::Sibling;
use disk::partition::PartitionId;
use volume::Volume;

/// No System Reserved partition is larger, in bytes.
const RESERVED_LIMIT: u64 = 2 << 30;
/// The type of an NTFS partition in a master boot record.
const NTFS: u8 = 7;

/// The other partitions of the disk that can hold the boot files, a command each.
pub(crate) fn offers(volume: &Volume) -> Vec<String> {
    let Some(Ok(origin)) = volume.origins().first() else {
        return Vec::new();
    };
    let siblings = origin.siblings().unwrap_or_default();
    siblings.iter().filter_map(offer).collect()
}

fn offer(sibling: &Sibling) -> Option<String> {
    let partition = &sibling.partition;
    let what = match partition.id {
        _ if partition.is_esp() => "EFI system partition",
        PartitionId::Mbr { type_byte: NTFS } if partition.active => "active, NTFS",
        PartitionId::Mbr { type_byte: NTFS } if partition.size <= RESERVED_LIMIT => "NTFS",
        _ => return None,
    };
    let (number, size) = (partition.number, partition.size >> 20);
    let how = match (sibling.place(), &sibling.device) {
        (Some(folder), _) => format!("--system-partition {}", folder.display()),
        (None, Some(device)) => format!(
            "mount {} /mnt/boot, then --system-partition /mnt/boot",
            device.display()
        ),
        (None, None) => format!(
            "mount -o loop,offset={},sizelimit={} IMAGE /mnt/boot, then --system-partition \
             /mnt/boot",
            partition.offset, partition.size
        ),
    };
    Some(format!("partition {number} ({what}, {size} MiB): {how}"))
}

/// Adds to a failure how to get at boot files that are not on the drive itself.
pub(crate) fn hinted(failure: Failure, volume: &Volume) -> Failure {
    let offers = offers(volume);
    if offers.is_empty() {
        return failure
            .hint("most disks keep them on a partition of their own: EFI system or System Reserved")
            .hint("Windows: diskpart, select disk N, select partition M, assign letter=S; then")
            .hint("         --system-partition S:    (mountvol S: /S mounts this machine's own)")
            .hint("Linux:   mount /dev/sdXN /mnt/boot; then --system-partition /mnt/boot");
    }
    let beside = failure.hint("these partitions of the same disk can hold the boot files:");
    offers.into_iter().fold(beside, Failure::hint)
}

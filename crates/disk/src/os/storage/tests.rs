//! Disks and volumes of a made-up Windows.
//!
//! Invariants checked: a partition is found by what disk and system say together, and by nothing
//! less; answers that are cut or count wrong are refused, whatever they hold.
//!
//! Deliberately absent: real calls (`windows_storage`).

use proptest::prelude::*;

use images::{DATA, gpt, mbr};

use super::fake::{self, Fake, volume};
use super::*;
use crate::attached::{DiskId, collisions};
use crate::partition::TableKind;

const SIGNATURE: u32 = 0x1A2B_3C4D;

/// The bytes of disks.
#[cfg(test)]
mod images {
    use testkit::disk_image::{GptPartition, MbrPartition, empty, put_gpt, put_mbr};

    const ESP: [u8; 16] = *b"\x28\x73\x2A\xC1\x1F\xF8\xD2\x11\xBA\x4B\x00\xA0\xC9\x3E\xC9\x3B";
    pub(super) const DATA: [u8; 16] =
        *b"\xA2\xA0\xD0\xEB\xE5\xB9\x33\x44\x87\xC0\x68\xB6\xB7\x26\x99\xC7";

    /// System Reserved from sector 8 on, Windows from sector 40 on.
    pub(super) fn mbr(signature: u32) -> Vec<u8> {
        let mut disk = empty(512, 100);
        let part = |active, start| {
            Some(MbrPartition {
                type_byte: 7,
                active,
                start,
                sectors: 20,
            })
        };
        put_mbr(&mut disk, signature, &[part(true, 8), part(false, 40)]);
        disk
    }

    /// An EFI system partition from sector 40 on, Windows from sector 60 on.
    pub(super) fn gpt(guid: [u8; 16], sector: usize) -> Vec<u8> {
        let mut disk = empty(sector, 200);
        let part = |type_guid, own: u8, first| GptPartition {
            type_guid,
            guid: [own; 16],
            first,
            last: first + 9,
        };
        put_gpt(
            &mut disk,
            sector,
            guid,
            &[part(ESP, 1, 40), part(DATA, 2, 60)],
        );
        disk
    }
}

/// A recovery VM: its own disk 0, and a broken VM's disk 2 as `F:`, the first part of it without
/// a letter.
fn recovery(broken: Vec<u8>, parts: [u64; 2]) -> Fake {
    let mut fake = Fake::default();
    fake.disk(0, gpt([9; 16], 512));
    fake.volume(1, 0, 60 * 512, &[r"C:\"]);
    fake.disk(2, broken);
    fake.volume(2, 2, parts[0], &[]);
    fake.volume(3, 2, parts[1], &[r"F:\", r"C:\mnt\f\"]);
    fake
}

#[test]
fn an_mbr_disk_by_its_signature() {
    let fake = recovery(mbr(SIGNATURE), [8 * 512, 40 * 512]);
    let found = origin(&fake, &volume(3)).unwrap();
    assert_eq!(found.disk, Path::new(r"\\.\PhysicalDrive2"));
    let signature = SIGNATURE;
    assert_eq!(found.table.kind, TableKind::Mbr { signature });
    assert_eq!((found.partition.number, found.partition.offset), (2, 20480));
    let beside = siblings(&fake, &found).unwrap();
    let [reserved] = &beside[..] else {
        panic!("{beside:?}")
    };
    assert_eq!(reserved.folder, Some(PathBuf::from(volume(2))));
    assert_eq!(reserved.device, Some(device_of(&volume(2))));
    assert_eq!(
        (reserved.mounted_at.as_deref(), reserved.partition.active),
        (None, true)
    );
    let own = origin(&fake, &volume(1)).unwrap();
    assert!(!own.same_disk(&found));
    assert!(origin(&fake, &volume(2)).unwrap().same_disk(&found));
}

#[test]
fn a_gpt_disk_by_its_guids_with_sectors_of_both_sizes() {
    for sector in [512, 4096] {
        let parts = [40, 60].map(|first| first * sector as u64);
        let mut fake = recovery(gpt([7; 16], sector), parts);
        fake.disk(2, Vec::new()).sector = u32::try_from(sector).unwrap();
        let found = origin(&fake, &volume(3)).unwrap();
        assert_eq!(found.table.kind, TableKind::Gpt { disk: [7; 16] });
        let guid = [2; 16];
        let type_guid = DATA;
        assert_eq!(found.partition.id, PartitionId::Gpt { guid, type_guid });
        assert!(siblings(&fake, &found).unwrap()[0].partition.is_esp());
    }
}

#[test]
fn what_the_system_takes_for_something_else_is_a_contradiction() {
    let other = |broken: Vec<u8>, parts, believed: &[u8]| {
        let mut fake = recovery(broken, parts);
        let mut alike = Fake::default();
        alike.disk(0, believed.to_vec());
        let layout = alike.ask(&disk_path(0), Question::Layout).unwrap();
        fake.disk(2, Vec::new()).layout = Some(layout);
        let error = origin(&fake, &volume(3)).unwrap_err();
        assert!(
            matches!(error, OriginError::Contradiction { .. }),
            "{error}"
        );
    };
    let parts = [8 * 512, 40 * 512];
    // A signature that was rewritten, another size, another kind of table, none at all.
    other(mbr(SIGNATURE), parts, &mbr(5));
    let mut larger = mbr(SIGNATURE);
    larger[0x1BE + 16 + 12] = 21;
    other(mbr(SIGNATURE), parts, &larger);
    other(mbr(SIGNATURE), parts, &gpt([7; 16], 512));
    let parts = [40 * 512, 60 * 512];
    other(gpt([7; 16], 512), parts, &gpt([6; 16], 512));
    let mut fake = recovery(gpt([7; 16], 512), parts);
    let raw = [[2, 0, 0, 0].as_slice(), &[0; 44]].concat();
    fake.disk(2, Vec::new()).layout = Some(raw);
    assert!(matches!(
        origin(&fake, &volume(3)),
        Err(OriginError::Contradiction { .. })
    ));
}

#[test]
fn volumes_that_are_no_partition() {
    let mut fake = recovery(mbr(SIGNATURE), [8 * 512, 40 * 512]);
    let parts = vec![(0, 512, 512), (2, 4096, 512), (2, 8192, 512)];
    fake.volumes.insert(volume(4), (parts, Vec::new()));
    let error = origin(&fake, &volume(4)).unwrap_err().to_string();
    assert!(
        error.ends_with("consists of 3 parts, on disk 0, 2"),
        "{error}"
    );
    fake.volume(5, 2, 48 * 512, &[]);
    let error = origin(&fake, &volume(5)).unwrap_err();
    assert!(
        matches!(error, OriginError::NoPartition { offset: 24576, .. }),
        "{error}"
    );
    fake.volume(6, 3, 0, &[]);
    let error = origin(&fake, &volume(6)).unwrap_err();
    assert!(
        matches!(error, OriginError::Unseen { .. }),
        "no such disk: {error}"
    );
    let error = origin(&fake, &volume(7)).unwrap_err();
    assert!(
        matches!(error, OriginError::Unseen { .. }),
        "no such volume: {error}"
    );
    fake.disk(2, Vec::new()).bytes = vec![0; 51200];
    fake.disk(2, Vec::new()).layout = Some(fake::layout(&Table {
        kind: TableKind::Mbr { signature: 0 },
        sector: 512,
        partitions: Vec::new(),
        remarks: Vec::new(),
    }));
    let error = origin(&fake, &volume(3)).unwrap_err();
    assert!(matches!(error, OriginError::Table { .. }), "{error}");
}

#[test]
fn without_rights_the_disk_is_unseen_and_its_parts_are_listed_all_the_same() {
    let mut fake = recovery(mbr(SIGNATURE), [8 * 512, 40 * 512]);
    let layout = fake.ask(&disk_path(2), Question::Layout).unwrap();
    let broken = fake.disk(2, Vec::new());
    (broken.locked, broken.layout) = (true, Some(layout));
    let error = origin(&fake, &volume(3)).unwrap_err();
    let OriginError::Unseen { source, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
    let disks = attached_disks(&fake).unwrap();
    assert!(matches!(disks[1].table, Err(OriginError::Unseen { .. })));
    assert_eq!(seen(&disks[1]), ["1 4096 ", r"2 20480 F:\"]);
}

/// Number, offset and letter of each area.
fn seen(disk: &AttachedDisk) -> Vec<String> {
    let area = |area: &Area| {
        let at = area.mounted_at.as_ref();
        let at = at.map_or(String::new(), |at| at.display().to_string());
        format!("{} {} {at}", area.number.unwrap_or(0), area.offset)
    };
    disk.areas.iter().map(area).collect()
}

#[test]
fn disks_with_what_they_say_of_themselves() {
    let mut fake = recovery(mbr(SIGNATURE), [8 * 512, 40 * 512]);
    let broken = fake.disk(2, Vec::new());
    (broken.lun, broken.attributes) = (3, 3);
    fake.disk(4, Vec::new());
    fake.disk(5, vec![0; 4096]);
    fake.volume(8, 5, 0, &[r"G:\"]);
    let disks = attached_disks(&fake).unwrap();
    let numbers: Vec<_> = disks.iter().map(|disk| disk.number).collect();
    assert_eq!(numbers, [Some(0), Some(2), Some(5)], "no medium, no disk");
    let [own, broken, whole] = &disks[..] else {
        panic!("{disks:?}")
    };
    assert_eq!(
        (own.is_offline, own.is_read_only),
        (Some(false), Some(false))
    );
    assert_eq!(
        (broken.is_offline, broken.is_read_only),
        (Some(true), Some(true))
    );
    assert_eq!((broken.lun, broken.bus), (Some(3), Some("SAS")));
    assert_eq!(broken.model.as_deref(), Some("Msft Virtual Disk"));
    assert_eq!((broken.size, broken.backing.is_none()), (51200, true));
    assert_eq!(seen(broken), ["1 4096 ", r"2 20480 F:\"]);
    assert_eq!(seen(whole), [r"0 0 G:\"]);
    assert_eq!(broken.areas[0].device, Some(device_of(&volume(2))));
}

#[test]
fn two_disks_with_one_id_collide() {
    let mut fake = recovery(mbr(SIGNATURE), [8 * 512, 40 * 512]);
    let found = |fake: &Fake| collisions(&attached_disks(fake).unwrap());
    assert!(found(&fake).is_empty());
    fake.disk(3, mbr(SIGNATURE)).attributes = 1;
    fake.disk(4, gpt([9; 16], 4096)).sector = 4096;
    fake.disk(6, gpt([9; 16], 512));
    let expected = [
        (DiskId::Guid([9; 16]), vec![0, 3, 4]),
        (DiskId::Signature(SIGNATURE), vec![1, 2]),
    ];
    assert_eq!(found(&fake), expected);
    // Ids that no disk ever got are no ids.
    let mut fresh = Fake::default();
    for number in 0..2 {
        fresh.disk(number, mbr(0));
    }
    for number in 2..4 {
        fresh.disk(number, gpt([0; 16], 512));
    }
    assert!(found(&fresh).is_empty());
    // A hybrid is known by its signature.
    let mut hybrid = gpt([5; 16], 512);
    hybrid[0x1B8..0x1BC].copy_from_slice(&SIGNATURE.to_le_bytes());
    hybrid[0x1BE + 16 + 4] = 7;
    hybrid[0x1BE + 16 + 12] = 1;
    fake.disks.clear();
    fake.disk(0, hybrid);
    fake.disk(1, mbr(SIGNATURE));
    assert_eq!(found(&fake), [(DiskId::Signature(SIGNATURE), vec![0, 1])]);
}

#[test]
fn what_belongs_to_the_running_system() {
    let fake = recovery(mbr(SIGNATURE), [8 * 512, 40 * 512]);
    let found = origin(&fake, &volume(3)).unwrap();
    let [reserved, windows] = &found.table.partitions[..] else {
        panic!("{found:?}")
    };
    assert!(is_of_system(reserved) && !is_of_system(windows));
    assert!(is_of_system(
        &origin(&fake, &volume(1)).unwrap().table.partitions[0]
    ));
}

#[test]
fn shadow_copies_by_their_device() {
    assert!(names_shadow_copy(
        r"\Device\HarddiskVolumeShadowCopy3\Windows"
    ));
    assert!(!names_shadow_copy(
        r"\Device\HarddiskVolume3\HarddiskVolumeShadowCopy3"
    ));
}

#[test]
fn answers_that_are_cut_or_count_wrong() {
    let fake = recovery(gpt([7; 16], 512), [40 * 512, 60 * 512]);
    let ask = |question| fake.ask(&disk_path(2), question).unwrap();
    let whole = fake::extents(&[(1, 2, 3), (4, 5, 6)]);
    let layout = ask(Question::Layout);
    assert_eq!(answers::extents(&whole).unwrap().len(), 2);
    assert_eq!(
        answers::layout(&layout).unwrap().unwrap().partitions.len(),
        2
    );
    for end in 0..whole.len() {
        assert!(answers::extents(&whole[..end]).is_err(), "{end}");
    }
    for end in 0..layout.len() {
        assert!(answers::layout(&layout[..end]).is_err(), "{end}");
    }
    let geometry = ask(Question::Geometry);
    assert_eq!(sector(&geometry), Some(512));
    for end in 0..geometry.len() {
        assert!(answers::geometry(&geometry[..end]).is_err());
    }
    for (question, size) in [(Question::Address, 8), (Question::Attributes, 16)] {
        let bytes = ask(question);
        assert_eq!(bytes.len(), size);
        let cut = &bytes[..size - 1];
        assert!(answers::lun(cut).is_err() || answers::attributes(cut).is_err());
    }
    for count in [0_u32, 3, 1025, u32::MAX] {
        let mut bytes = [whole.as_slice(), &[0; 8]].concat();
        bytes[..4].copy_from_slice(&count.to_le_bytes());
        assert!(answers::extents(&bytes).is_err(), "{count}");
        let mut bytes = layout.clone();
        bytes[4..8].copy_from_slice(&count.max(3).to_le_bytes());
        assert!(answers::layout(&bytes).is_err(), "{count}");
    }
    let description = fake::description();
    for at in [0_u32, 37, 1000, u32::MAX] {
        let mut bytes = description.clone();
        bytes[12..16].copy_from_slice(&at.to_le_bytes());
        assert!(answers::description(&bytes).is_ok(), "{at}");
    }
    assert!(answers::description(&description[..35]).is_err());
}

proptest! {
    #[test]
    fn no_answer_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = answers::extents(&bytes);
        let _ = answers::layout(&bytes);
        let _ = answers::geometry(&bytes);
        let _ = answers::lun(&bytes);
        let _ = answers::attributes(&bytes);
        let _ = answers::description(&bytes);
    }
}

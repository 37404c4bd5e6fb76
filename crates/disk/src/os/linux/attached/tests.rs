//! The disks of a made-up system.
//!
//! Invariants checked: each disk once and each partition once, with the device and the mount that
//! are its own; empty drives are no disks.
//!
//! Deliberately absent: real devices.

use super::super::fake::{Fake, spelled};
use super::*;

/// An MBR with two partitions, at the sectors 8 and 40.
fn image() -> Vec<u8> {
    let mut disk = vec![0; 100 * 512];
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    for (slot, start) in [8_u8, 40].into_iter().enumerate() {
        let entry = 0x1BE + slot * 16;
        disk[entry + 4] = 7;
        disk[entry + 8] = start;
        disk[entry + 12] = 20;
    }
    disk
}

/// Name of the disk, then number, offset in sectors, device and mount of each area.
fn seen(fake: &Fake) -> Vec<String> {
    let disks = fake.places().attached_disks().unwrap();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let area = |area: &Area| {
        let device = area.device.as_ref().map_or("-".to_owned(), name);
        let at = area.mounted_at.as_ref();
        let at = at.map_or("-".to_owned(), |at| at.display().to_string());
        let number = area.number.unwrap_or(0);
        format!(" [{number} {} {device} {at}]", area.offset / 512)
    };
    let text = |disk: &AttachedDisk| {
        let areas: String = disk.areas.iter().map(area).collect();
        format!("{} {}{areas}", name(&disk.device), disk.size / 512)
    };
    disks.iter().map(text).collect()
}

#[test]
fn every_disk_and_partition_once() {
    let fake = Fake::new();
    fake.disk("sda", "8:0", &image());
    fake.partition("sda", 1, "8:1", 8);
    fake.disk("sdb", "8:16", &[0; 50 * 512]);
    fake.disk("sr0", "11:0", b"");
    fake.disk("ram0", "1:0", &[0; 512]);
    fake.mounts(&[
        "1 254:0 / / /dev/vda",
        "2 8:1 /part /mnt/part /dev/sda1",
        "3 8:1 / /mnt/whole /dev/sda1",
        "4 8:16 / /mnt/b /dev/sdb",
    ]);
    let expected = [
        "sda 100 [1 8 sda1 /mnt/whole] [2 40 - -]",
        "sdb 50 [0 0 sdb /mnt/b]",
    ];
    assert_eq!(seen(&fake), expected);
}

#[test]
fn a_loop_device_over_a_partition_of_an_image_is_found_from_the_one_over_all_of_it() {
    let fake = Fake::new();
    let file = fake.file("image", &image());
    fake.looped("loop0", "7:0", &file, 0);
    fake.looped("loop1", "7:1", &file, 40 * 512);
    fake.mounts(&["1 254:0 / / /dev/vda", "2 7:1 / /mnt/f /dev/loop1"]);
    let expected = [
        "loop0 100 [1 8 - -] [2 40 loop1 /mnt/f]",
        "loop1 60 [0 0 loop1 /mnt/f]",
    ];
    assert_eq!(seen(&fake), expected);
    let disks = fake.places().attached_disks().unwrap();
    assert_eq!(disks[0].backing, Some(file));
}

#[test]
fn the_partitions_of_a_table_that_cannot_be_read_are_the_system_s() {
    let fake = Fake::new();
    fake.disk("sda", "8:0", &[0; 100 * 512]);
    fake.partition("sda", 2, "8:2", 40);
    fake.partition("sda", 1, "8:1", 8);
    fake.mounts(&["2 8:2 / /mnt/f /dev/sda2"]);
    assert_eq!(seen(&fake), ["sda 100 [1 8 sda1 -] [2 40 sda2 /mnt/f]"]);
}

#[test]
fn the_device_behind_a_folder() {
    let fake = Fake::new();
    let node = fake.disk("sda", "8:0", &image());
    fake.partition("sda", 1, "8:1", 8);
    let file = fake.file("image", b"");
    fake.mounts(&[
        "8 8:1 / /mnt/a /dev/sda1",
        &format!("9 0:44 / /mnt/b {}", file.display()),
    ]);
    let device = |at, mount| fake.places().device_of(&spelled(at, mount));
    assert_eq!(device("/mnt/a", 8).unwrap(), node.with_file_name("sda1"));
    assert_eq!(device("/mnt/b", 9).unwrap(), file);
    let inside = device("/mnt/a/Windows", 8).unwrap_err();
    assert!(matches!(inside, OriginError::NotAMount { .. }), "{inside}");
}

#[test]
fn shares_are_told_from_disks() {
    // NFS and SMB; ext4, XFS and FUSE, which may be NTFS.
    assert!([0x6969, 0xFE53_4D42].into_iter().all(is_network));
    let local = [0xEF53, 0x5846_5342, 0x6573_5546];
    assert!(!local.into_iter().any(is_network));
    let base = tempfile::tempdir().unwrap();
    assert!(!is_remote(fs::File::open(base.path()).unwrap()));
}

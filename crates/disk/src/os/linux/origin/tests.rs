//! From mount to table in a made-up system.
//!
//! Invariants checked: every way a partition can be mounted leads to its entry in the table, and
//! every gap on the way is an error of its own.
//!
//! Deliberately absent: real devices (`tests/partition_devices.rs`).

use std::ffi::OsStr;

use super::super::fake::{Fake, spelled};
use super::*;
use crate::partition::{PartitionId, TableError, TableKind};

/// An MBR with three partitions, at the sectors 8, 40 and 80.
fn image() -> Vec<u8> {
    let mut disk = vec![0; 200 * 512];
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    disk[0x1B8..0x1BC].copy_from_slice(&0xCAFE_F00D_u32.to_le_bytes());
    for (slot, start) in [8_u8, 40, 80].into_iter().enumerate() {
        let entry = 0x1BE + slot * 16;
        disk[entry + 4] = 7;
        disk[entry + 8] = start;
        disk[entry + 12] = 20;
        disk[usize::from(start) * 512] = start;
    }
    disk
}

/// A disk with two of its three partitions known to the system.
fn disk() -> (Fake, PathBuf) {
    let fake = Fake::new();
    let node = fake.disk("sda", "8:0", &image());
    fake.partition("sda", 1, "8:1", 8);
    fake.partition("sda", 2, "8:2", 40);
    (fake, node)
}

fn origin_of(fake: &Fake, mine: &str) -> Result<Origin, OriginError> {
    fake.mounts(&["1 254:0 / / /dev/vda", mine]);
    let at = mine.split(' ').nth(3).unwrap();
    fake.places().origin(&spelled(at, 9))
}

#[test]
fn a_partition_of_a_disk() {
    let (fake, node) = disk();
    let origin = origin_of(&fake, "9 8:2 / /mnt/a\\040b /dev/sda2").unwrap_err();
    let blank = PathBuf::from("/mnt/a\\040b");
    assert!(matches!(origin, OriginError::NotAMount { path } if path == blank));
    let origin = fake.places().origin(&spelled("/mnt/a b", 9)).unwrap();
    assert_eq!(origin.disk, node);
    assert_eq!(origin.device, node.with_file_name("sda2"));
    let signature = 0xCAFE_F00D;
    assert_eq!(origin.table.kind, TableKind::Mbr { signature });
    assert_eq!(origin.partition.number, 2);
    assert_eq!(origin.partition.offset, 40 * 512);
    assert_eq!(origin.partition.id, PartitionId::Mbr { type_byte: 7 });
}

#[test]
fn the_partitions_beside_it() {
    let (fake, node) = disk();
    let mine = "9 8:2 / /mnt /dev/sda2";
    let origin = origin_of(&fake, mine).unwrap();
    let seen = |fake: &Fake| -> Vec<_> {
        let siblings = fake.places().siblings(&origin).unwrap();
        let text = |path: Option<PathBuf>| path.map(|path| path.display().to_string());
        siblings
            .into_iter()
            .map(|s| (s.partition.number, text(s.device), text(s.mounted_at)))
            .collect()
    };
    let first = Some(node.with_file_name("sda1").display().to_string());
    let expected = [(1, first.clone(), None), (3, None, None)];
    assert_eq!(seen(&fake), expected);
    let bound = "10 8:1 /sub /mnt/sub /dev/sda1";
    fake.mounts(&[mine, bound]);
    assert_eq!(seen(&fake), expected, "a part of it is mounted");
    fake.mounts(&[mine, bound, "11 8:1 / /mnt/s /dev/sda1"]);
    assert_eq!(seen(&fake)[0], (1, first, Some("/mnt/s".into())));
}

#[test]
fn an_image_by_its_offset() {
    let fake = Fake::new();
    let file = fake.file("image", &image());
    fake.looped("loop0", "7:0", &file, 40 * 512);
    let origin = origin_of(&fake, "9 7:0 / /mnt /dev/loop0").unwrap();
    assert_eq!(
        (origin.disk.clone(), origin.partition.number),
        (file.clone(), 2)
    );
    fake.looped("loop1", "7:1", &file, 8 * 512);
    fake.looped("loop2", "7:2", &file, 8 * 512);
    fake.mounts(&["10 7:2 / /mnt/s /dev/loop2"]);
    let siblings = fake.places().siblings(&origin).unwrap();
    assert_eq!(siblings[0].mounted_at, Some("/mnt/s".into()));
    let device = siblings[0].device.as_deref().unwrap();
    assert_eq!(device.file_name(), Some(OsStr::new("loop2")));
    assert_eq!(siblings[1].device, None);

    let other = fake.places();
    fake.mounts(&["9 7:1 / /mnt /dev/loop1"]);
    let first = other.origin(&spelled("/mnt", 9)).unwrap();
    assert!(first.same_disk(&origin));
    // The same image as a whole, with partitions made by the system.
    fake.looped("loop3", "7:3", &file, 0);
    fake.partition("loop3", 1, "259:1", 8);
    let whole = origin_of(&fake, "9 259:1 / /mnt /dev/loop31").unwrap();
    assert_eq!(whole.device.file_name(), Some(OsStr::new("loop31")));
    assert!(whole.same_disk(&origin));
    let copy = fake.file("copy", &image());
    fake.looped("loop4", "7:4", &copy, 8 * 512);
    let copied = origin_of(&fake, "9 7:4 / /mnt /dev/loop4").unwrap();
    assert_eq!(copied.table, origin.table);
    assert!(!copied.same_disk(&origin));
}

#[test]
fn an_image_that_has_another_file_s_name() {
    let fake = Fake::new();
    let file = fake.file("image", &image());
    fake.looped("loop0", "7:0", &file, 8 * 512);
    let mut other = image();
    other[8 * 512 + 100] = 1;
    fake.file("image", &other);
    let error = origin_of(&fake, "9 7:0 / /mnt /dev/loop0").unwrap_err();
    assert!(
        matches!(error, OriginError::Contradiction { .. }),
        "{error}"
    );
    std::fs::remove_file(&file).unwrap();
    let error = origin_of(&fake, "9 7:0 / /mnt /dev/loop0").unwrap_err();
    assert!(matches!(error, OriginError::Unseen { what, .. } if what == file));
}

#[test]
fn an_image_served_by_a_program() {
    let fake = Fake::new();
    let whole = fake.file("image", &image());
    let part = fake.file("part", &image()[8 * 512..28 * 512]);
    let mine = |path: &Path| format!("9 0:50 / /mnt {}", path.display());
    let error = origin_of(&fake, &mine(&part)).unwrap_err();
    let none = |source: &TableError| matches!(source, TableError::NoTable { .. });
    assert!(matches!(error, OriginError::Table { disk, source } if disk == part && none(&source)));
    let error = origin_of(&fake, &mine(&whole)).unwrap_err();
    assert!(matches!(error, OriginError::NoPartition { offset: 0, .. }));
}

#[test]
fn every_gap_is_said() {
    let (fake, node) = disk();
    let error = |mine: &str| origin_of(&fake, mine).unwrap_err();
    let bound = error("9 8:2 /sub /mnt /dev/sda2");
    assert!(matches!(bound, OriginError::NotAMount { .. }));
    fake.mounts(&["9 8:2 / /mnt /dev/sda2"]);
    let folder = fake.places().origin(&spelled("/mnt/folder", 9));
    assert!(matches!(folder, Err(OriginError::NotAMount { .. })));
    for source in ["tmpfs", "/dev/fuse", "server:/share", "/"] {
        let found = error(&format!("9 0:50 / /mnt {source}"));
        assert!(matches!(found, OriginError::NoDevice { named } if named == source));
    }
    let absent = error("9 0:50 / /mnt /no/such/image");
    assert!(matches!(absent, OriginError::Unseen { .. }));
    let unknown = error("9 8:77 / /mnt /dev/sdz");
    assert!(matches!(unknown, OriginError::Unseen { .. }));
    fake.mapped("dm-0", "253:0");
    let mapped = error("9 253:0 / /mnt /dev/mapper/x");
    assert!(matches!(mapped, OriginError::Mapped { .. }));
    let whole = error("9 8:0 / /mnt /dev/sda");
    assert!(matches!(whole, OriginError::NoPartition { offset: 0, .. }));
    fake.partition("sda", 4, "8:4", 99);
    let stale = error("9 8:4 / /mnt /dev/sda4");
    assert!(matches!(stale, OriginError::NoPartition { offset, .. } if offset == 99 * 512));
    fake.partition("sda", 5, "8:5", 80);
    let renumbered = error("9 8:5 / /mnt /dev/sda5");
    assert!(matches!(renumbered, OriginError::Contradiction { .. }));
    std::fs::remove_file(node).unwrap();
    let gone = error("9 8:2 / /mnt /dev/sda2");
    assert!(matches!(gone, OriginError::Unseen { .. }));
}

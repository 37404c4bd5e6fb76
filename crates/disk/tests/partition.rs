//! Partition tables: what sound ones say, what is odd, and what is refused.
//!
//! Invariants checked: the tables of `testkit`, which has code of its own for them, come back as
//! they were put in; hostile ones end in an error or a remark, never in a panic or a long run.
//!
//! Deliberately absent: real disks (`partition_devices`).
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{self, Read, Seek, SeekFrom};

use disk::partition::{
    GptFault, MOST_LOGICAL, PartitionId, Remark, Table, TableError, TableKind, Window,
};
use proptest::prelude::*;
use testkit::disk_image::{
    GptPartition, MBR_ENTRIES, MbrPartition, empty, put_chain, put_gpt, put_mbr, reseal,
};

const ESP: [u8; 16] = *b"\x28\x73\x2A\xC1\x1F\xF8\xD2\x11\xBA\x4B\x00\xA0\xC9\x3E\xC9\x3B";
const RESERVED: [u8; 16] = *b"\x16\xE3\xC9\xE3\x5C\x0B\xB8\x4D\x81\x7D\xF9\x2D\xF0\x02\x15\xAE";
const DISK: [u8; 16] = [7; 16];

fn read(disk: &[u8], sector: Option<u32>) -> Result<Table, TableError> {
    Table::read(disk.len() as u64, sector, |offset, buffer| {
        let start = usize::try_from(offset).unwrap();
        let bytes = disk.get(start..start + buffer.len());
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    })
}

fn part(type_byte: u8, start: u32, sectors: u32) -> MbrPartition {
    MbrPartition {
        type_byte,
        active: false,
        start,
        sectors,
    }
}

fn mbr() -> Vec<u8> {
    let mut disk = empty(512, 400);
    let active = MbrPartition {
        active: true,
        ..part(7, 8, 20)
    };
    let slots = [Some(active), None, Some(part(7, 30, 60))];
    put_mbr(&mut disk, 0xCAFE_F00D, &slots);
    disk
}

fn gpt(sector: usize) -> Vec<u8> {
    let mut disk = empty(sector, 200);
    let one = |type_guid, id, first, last| GptPartition {
        type_guid,
        guid: [id; 16],
        first,
        last,
    };
    let parts = [
        one(ESP, 1, 40, 59),
        one(RESERVED, 2, 60, 60),
        one([0; 16], 9, 1, 2),
        one([5; 16], 3, 61, 99),
    ];
    put_gpt(&mut disk, sector, DISK, &parts);
    disk
}

/// Number, offset, size and activity of each partition.
fn places(table: &Table) -> Vec<(u32, u64, u64, bool)> {
    let parts = table.partitions.iter();
    parts
        .map(|p| (p.number, p.offset, p.size, p.active))
        .collect()
}

fn logical(disk: &mut [u8], records: &[(u32, MbrPartition)]) {
    let slots = [Some(part(7, 8, 20)), Some(part(0x0F, 100, 200))];
    put_mbr(disk, 1, &slots);
    put_chain(disk, 512, 100, records);
}

#[test]
fn an_mbr() {
    let table = read(&mbr(), Some(512)).unwrap();
    let signature = 0xCAFE_F00D;
    assert_eq!(table.kind, TableKind::Mbr { signature });
    assert_eq!(
        places(&table),
        [(1, 4096, 10_240, true), (3, 15_360, 30_720, false)]
    );
    assert_eq!(table.partitions[0].id, PartitionId::Mbr { type_byte: 7 });
    assert_eq!(table.at(15_360).unwrap().number, 3);
    assert_eq!(table.at(15_361), None);
    assert!(table.remarks.is_empty());
    // An image does not tell the size of its sectors, a disk of large ones does.
    assert_eq!(read(&mbr(), None).unwrap(), table);
    let large = read(&mbr(), Some(4096)).unwrap();
    assert_eq!(large.partitions[0].offset, 8 * 4096);
    assert_eq!(large.sector, 4096);
    assert!(matches!(
        read(&mbr(), Some(1024)),
        Err(TableError::Sector { bytes: 1024 })
    ));
}

#[test]
fn logical_partitions() {
    let mut disk = mbr();
    let records = [
        (0, part(7, 2, 10)),
        (50, part(0x0B, 2, 10)),
        (20, part(0x27, 2, 10)),
    ];
    logical(&mut disk, &records);
    let table = read(&disk, Some(512)).unwrap();
    let expected = [
        (1, 8 * 512, 10_240, false),
        (5, 102 * 512, 5120, false),
        (6, 152 * 512, 5120, false),
        (7, 122 * 512, 5120, false),
    ];
    assert_eq!(places(&table)[..1], expected[..1]);
    assert_eq!(
        places(&table)[2..],
        expected[1..],
        "beside the third primary"
    );
    assert!(table.partitions.last().unwrap().is_recovery());
    assert!(table.remarks.is_empty());
}

#[test]
fn a_chain_that_does_not_end_is_cut() {
    let records = [(0, part(7, 2, 1)), (5, part(7, 2, 1)), (0, part(7, 2, 1))];
    let mut disk = empty(512, 400);
    logical(&mut disk, &records);
    // The last one in the list was written over the first: 0 links to 5 and 5 back to 0.
    put_chain(&mut disk, 512, 100, &records[..2]);
    put_chain(
        &mut disk,
        512,
        105,
        &[(0, records[1].1), (0, part(7, 2, 1))],
    );
    let table = read(&disk, Some(512)).unwrap();
    assert!(table.partitions.len() <= 3);
    assert_eq!(table.remarks, [Remark::ChainCut { offset: 100 * 512 }]);

    let mut disk = empty(512, 1000);
    let many: Vec<_> = (0..200).map(|i| (i * 2, part(7, 1, 1))).collect();
    logical(&mut disk, &many);
    let table = read(&disk, Some(512)).unwrap();
    assert_eq!(table.partitions.len(), 1 + MOST_LOGICAL);
    let offset = (100 + 2 * MOST_LOGICAL as u64) * 512;
    assert_eq!(table.remarks, [Remark::ChainCut { offset }]);

    let mut disk = empty(512, 400);
    logical(&mut disk, &[(0, part(7, 2, 1)), (4_000_000, part(7, 2, 1))]);
    let table = read(&disk, Some(512)).unwrap();
    let offset = 4_000_100 * 512;
    assert_eq!(table.remarks, [Remark::ChainCut { offset }]);
}

#[test]
fn a_gpt_with_small_and_with_large_sectors() {
    for sector in [512, 4096] {
        let disk = gpt(sector);
        let table = read(&disk, Some(sector as u32)).unwrap();
        assert_eq!(table.kind, TableKind::Gpt { disk: DISK });
        let unit = sector as u64;
        let expected = [
            (1, 40 * unit, 20 * unit, false),
            (2, 60 * unit, unit, false),
            (4, 61 * unit, 39 * unit, false),
        ];
        assert_eq!(places(&table), expected);
        let esp = &table.partitions[0];
        let id = PartitionId::Gpt {
            guid: [1; 16],
            type_guid: ESP,
        };
        assert_eq!(esp.id, id);
        assert!(esp.is_esp() && !esp.is_microsoft_reserved());
        assert!(table.partitions[1].is_microsoft_reserved());
        assert!(table.remarks.is_empty());
        assert_eq!(read(&disk, None).unwrap(), table, "found by itself");
    }
    assert!(matches!(
        read(&gpt(4096), Some(512)),
        Err(TableError::Gpt { .. })
    ));
}

#[test]
fn the_backup_is_read_when_the_first_copy_is_bad() {
    let sound = gpt(512);
    let expected = read(&sound, Some(512)).unwrap();
    for (at, is_header) in [(512 + 60, true), (1024 + 40, false)] {
        for sector in [Some(512), None] {
            let mut disk = sound.clone();
            disk[at] ^= 1;
            let table = read(&disk, sector).unwrap();
            assert_eq!(table.partitions, expected.partitions);
            let [Remark::FromBackup { primary }] = table.remarks[..] else {
                panic!("{:?}", table.remarks)
            };
            let of_header = matches!(primary, GptFault::HeaderChecksum { .. });
            let of_entries = matches!(primary, GptFault::EntriesChecksum { .. });
            assert_eq!((of_header, of_entries), (is_header, !is_header));
        }
    }
    let mut disk = sound;
    disk[512] = 0;
    let end = disk.len() - 512;
    disk[end + 70] ^= 1;
    let error = read(&disk, Some(512)).unwrap_err();
    let TableError::Gpt { primary, backup } = error else {
        panic!("{error}")
    };
    assert_eq!(primary, GptFault::NoHeader);
    assert!(matches!(backup, GptFault::HeaderChecksum { .. }));
}

/// The first copy's fault after a 32-bit field of its header was changed and sealed again.
fn fault(field: usize, value: u32) -> Option<GptFault> {
    let mut disk = gpt(512);
    disk[512 + field..512 + field + 4].copy_from_slice(&value.to_le_bytes());
    reseal(&mut disk, 512, 1);
    let table = read(&disk, Some(512)).unwrap();
    table.remarks.first().map(|remark| match remark {
        Remark::FromBackup { primary } => *primary,
        other => panic!("{other}"),
    })
}

#[test]
fn a_header_whose_checksums_fit_must_still_be_possible() {
    let field = |field, found| Some(GptFault::Field { field, found });
    assert_eq!(fault(8, 0x0001_0000), None);
    assert_eq!(fault(8, 0x0002_0000), field("revision", 0x0002_0000));
    assert_eq!(fault(12, 91), field("size of the header", 91));
    assert_eq!(fault(12, 513), field("size of the header", 513));
    assert_eq!(
        fault(12, u32::MAX),
        field("size of the header", 0xFFFF_FFFF)
    );
    assert_eq!(fault(24, 2), field("own sector", 2));
    for size in [0, 64, 127, 129, 384] {
        assert_eq!(fault(84, size), field("size of an entry", size.into()));
    }
    for count in [8193, u32::MAX] {
        assert_eq!(fault(80, count), field("number of entries", count.into()));
    }
    assert_eq!(fault(72, 199), Some(GptFault::Unreadable));
    assert_eq!(fault(76, u32::MAX), Some(GptFault::Unreadable));
    assert_eq!(fault(80, 3), None, "fewer entries than usual");
}

#[test]
fn entries_that_cannot_be_are_left_out_and_said() {
    let mut disk = empty(512, 200);
    let one = |first, last| GptPartition {
        type_guid: [5; 16],
        guid: [6; 16],
        first,
        last,
    };
    let parts = [
        one(50, 49),
        one(0, u64::MAX),
        one(u64::MAX, u64::MAX),
        one(u64::MAX / 512, u64::MAX / 512),
        one(100, 300),
    ];
    put_gpt(&mut disk, 512, DISK, &parts);
    let table = read(&disk, None).unwrap();
    assert_eq!(places(&table), [(5, 51_200, 201 * 512, false)]);
    let mut expected: Vec<_> = (1..5)
        .map(|number| Remark::Implausible { number })
        .collect();
    expected.push(Remark::OverTheEnd { number: 5 });
    assert_eq!(table.remarks, expected);
}

#[test]
fn a_hybrid_disk_is_a_gpt_with_a_remark() {
    let mut disk = gpt(512);
    let slots = [None, Some(part(7, 61, 39))];
    put_mbr(&mut disk, 0x1234, &slots);
    let table = read(&disk, Some(512)).unwrap();
    assert_eq!(table.kind, TableKind::Gpt { disk: DISK });
    let signature = 0x1234;
    assert_eq!(table.remarks, [Remark::Hybrid { signature }]);
}

#[test]
fn what_is_no_table_is_refused() {
    let none = |disk: &[u8]| matches!(read(disk, None), Err(TableError::NoTable { .. }));
    assert!(none(&[]));
    assert!(none(&[0; 511]));
    assert!(none(&[0; 4096]));
    let mut disk = mbr();
    disk[MBR_ENTRIES + 16] = b'B';
    assert!(none(&disk), "the text of a boot sector");
    let mut disk = empty(512, 8);
    put_mbr(&mut disk, 0, &[]);
    assert!(!none(&disk), "a table without partitions");
    for (at, text) in [(3, &b"NTFS    "[..]), (54, b"FAT16   "), (82, b"FAT32   ")] {
        let mut disk = disk.clone();
        disk[at..at + 8].copy_from_slice(text);
        assert!(none(&disk), "{text:?}");
    }
    let error = Table::read(4096, None, |_, _| Err(io::ErrorKind::TimedOut.into()));
    assert!(matches!(error, Err(TableError::Read { offset: 0, .. })));
}

#[test]
fn a_window_shows_its_part_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let bytes: Vec<u8> = (0..=255).collect();
    std::fs::write(&path, &bytes).unwrap();
    let mut window = Window::open(&path, 100, 50).unwrap();
    let mut all = Vec::new();
    window.read_to_end(&mut all).unwrap();
    assert_eq!(all, bytes[100..150]);
    assert_eq!(window.seek(SeekFrom::End(-3)).unwrap(), 47);
    let mut buffer = [0; 9];
    assert_eq!(window.read(&mut buffer).unwrap(), 3);
    assert_eq!(buffer[..4], [147, 148, 149, 0]);
    assert_eq!(window.seek(SeekFrom::Start(u64::MAX)).unwrap(), u64::MAX);
    assert_eq!(window.read(&mut buffer).unwrap(), 0);
    assert!(window.seek(SeekFrom::Current(1)).is_err());
    window.seek(SeekFrom::Start(0)).unwrap();
    assert!(window.seek(SeekFrom::Current(-1)).is_err());
    assert_eq!(window.stream_position().unwrap(), 0);
    assert_eq!(window.size(), 50);
    let mut behind = Window::open(&path, 250, 100).unwrap();
    assert_eq!(behind.read_to_end(&mut all).unwrap(), 6);
    assert!(Window::open(&path, u64::MAX, 1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Bytes anywhere in a sound disk are changed; a GPT's checksums may be made right again.
    #[test]
    fn damage_ends_in_an_answer(
        kind in 0..3,
        changes in prop::collection::vec((0_usize..3000, any::<u8>()), 1..12),
        sealed in any::<bool>(),
        sector in prop::sample::select(vec![None, Some(512), Some(4096)]),
    ) {
        let mut disk = match kind {
            0 => {
                let mut disk = mbr();
                logical(&mut disk, &[(0, part(7, 2, 10)), (50, part(7, 2, 10))]);
                // What the damage hits lies within its reach.
                disk.copy_within(100 * 512..101 * 512, 1024);
                disk[MBR_ENTRIES + 24] = 2;
                disk
            }
            1 => gpt(512),
            _ => gpt(4096),
        };
        for (at, byte) in changes {
            disk[at] = byte;
        }
        if sealed {
            reseal(&mut disk, 512, 1);
        }
        let (mut reads, mut bytes) = (0, 0);
        let table = Table::read(disk.len() as u64, sector, |offset, buffer| {
            (reads, bytes) = (reads + 1, bytes + buffer.len());
            let start = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&disk[start..start + buffer.len()]);
            Ok(())
        });
        prop_assert!(reads <= 1 + 4 * MOST_LOGICAL && bytes <= 5 << 20);
        if let Ok(table) = table {
            for partition in &table.partitions {
                prop_assert!(partition.offset.checked_add(partition.size).is_some());
            }
        }
    }
}

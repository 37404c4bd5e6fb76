//! Device elements: real ones and made ones come out as they went in, hostile ones do no harm.
//!
//! Invariants: the bytes of known devices are spelled here, not made by the crate. Absent on
//! purpose: the text of devices, which `device_text.rs` tests.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use std::collections::BTreeMap;
use std::path::Path;

use bcd::device::{
    Descriptor, DeviceError, FilePath, Kind, Locate, MAX_DEPTH, Partition, PartitionId, Ramdisk,
    Search,
};
use bcd::{Device, Guid};
use proptest::prelude::*;

/// Every device element of every store beside the checkout, with the name of a store that has it.
fn real_devices() -> BTreeMap<Vec<u8>, String> {
    let mut found = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bcd");
    for entry in std::fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(hive) = hive::Hive::open(std::fs::read(&path).unwrap()) else {
            assert!(name.ends_with(".LOG") || name.ends_with(".tsv"), "{name}");
            continue;
        };
        for object in hive.key("Objects").unwrap().unwrap().subkeys().unwrap() {
            let elements = object
                .subkey("Elements")
                .unwrap()
                .map(|key| key.subkeys().unwrap());
            for element in elements.into_iter().flatten() {
                if element.name().to_string().as_bytes()[1] == b'1' {
                    let value = element.value("Element").unwrap().unwrap();
                    found.insert(value.data().unwrap().into_owned(), name.clone());
                }
            }
        }
    }
    if found.is_empty() {
        println!("skipped: no ../shared/bcd");
    }
    found
}

fn guid(number: u128) -> Guid {
    Guid::from_u128(number)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn zeros(count: usize) -> String {
    "00".repeat(count)
}

#[test]
fn real_devices_come_out_as_they_went_in() {
    for (bytes, store) in real_devices() {
        let device = Device::parse(&bytes).unwrap();
        assert_eq!(device.to_bytes(), bytes, "{store}: {device}");
        let mut next = Some(&device.descriptor);
        while let Some(descriptor) = next {
            assert!(
                !matches!(descriptor.kind, Kind::Opaque { .. }),
                "{store}: {device}"
            );
            next = descriptor.parent();
        }
        let text = device.to_string();
        assert_eq!(text.parse::<Device>().unwrap(), device, "{store}: {text}");
    }
}

#[test]
fn real_partitions_are_found_in_files_too() {
    let devices = real_devices();
    if devices.is_empty() {
        return;
    }
    let mbr = PartitionId::Mbr {
        signature: 0x3623_4da4,
        offset: 0x10_0000,
    };
    let having = |id: PartitionId| {
        let has = |bytes: &&Vec<u8>| Device::parse(bytes).unwrap().partitions().contains(&id);
        devices.keys().filter(has).count()
    };
    // One as it is, and two RAM disks whose files lie on it.
    assert_eq!(having(mbr), 3);
    assert_eq!(
        having(PartitionId::Mbr {
            signature: 0x3623_4da4,
            offset: 0
        }),
        0
    );
}

#[test]
fn constructors_give_the_bytes_windows_writes() {
    let boot = format!(
        "{} 05000000 00000000 48000000 00000000 {}",
        zeros(16),
        zeros(56)
    );
    assert_eq!(Device::boot().to_bytes(), hex(&boot));
    let mbr = format!(
        "{} 06000000 00000000 48000000 00000000 0000501f00000000 {} 00000000 01000000 \
         78563412 {} {}",
        zeros(16),
        zeros(8),
        zeros(12),
        zeros(16)
    );
    assert_eq!(
        Device::partition_mbr(0x1234_5678, 0x1f50_0000).to_bytes(),
        hex(&mbr)
    );
    let gpt = format!(
        "{} 06000000 00000000 48000000 00000000 8f7df23fd5bf784f802925e764cf8291 00000000 \
         00000000 383ec29d40afa54da6e99b28a4a07bd1 {}",
        zeros(16),
        zeros(16)
    );
    let disk = guid(0x9dc23e38_af40_4da5_a6e9_9b28a4a07bd1);
    let partition = guid(0x3ff27d8f_bfd5_4f78_8029_25e764cf8291);
    assert_eq!(Device::partition_gpt(disk, partition).to_bytes(), hex(&gpt));
    let locate = format!(
        "{} 08000000 00000000 1e000000 00000000 00000000 02000022",
        zeros(16)
    );
    assert_eq!(
        Device::locate(0x2200_0002).to_bytes(),
        hex(&(locate + &zeros(6)))
    );
}

fn file(parent: Kind, path: &str) -> FilePath {
    FilePath {
        parent: Box::new(parent.into()),
        path: path.to_owned(),
    }
}

/// `vhd=[gpt]\path` as bcdedit writes it: found wherever the virtual disk's partition has the path.
fn virtual_disk(path: &str, id: PartitionId) -> Kind {
    let disk = Kind::from(PartitionId::Gpt {
        disk: guid(1),
        partition: guid(2),
    });
    let holder = Some(Box::new(Kind::File(file(disk, path)).into()));
    Kind::Partition(Partition {
        id,
        virtual_disk: holder,
    })
}

#[test]
fn partitions_in_virtual_disks_keep_their_file() {
    let inner = PartitionId::Mbr {
        signature: 7,
        offset: 0x10_0000,
    };
    let device = Device::from(virtual_disk("\\disks\\os.vhd", inner));
    let bytes = device.to_bytes();
    assert_eq!(bytes.len(), 204);
    assert_eq!(bytes[0x18..0x1c], 188_u32.to_le_bytes());
    assert_eq!(bytes[0x30..0x3c], hex("06000000 01000000 07000000"));
    assert_eq!(
        bytes[0x48..0x58],
        hex("00000000 00000000 84000000 00000000")
    );
    assert_eq!(
        bytes[0x58..0x68],
        hex("05000000 01000000 70000000 05000000")
    );
    assert_eq!(bytes[0x68..0x6c], hex("06000000"));
    assert_eq!(bytes[0xb0..0xb4], hex("5c006400"));
    assert_eq!(Device::parse(&bytes).unwrap(), device);
    // The partition inside is not one of this machine's disks.
    assert_eq!(
        device.partitions(),
        [PartitionId::Gpt {
            disk: guid(1),
            partition: guid(2)
        }]
    );
}

#[test]
fn a_search_may_be_in_a_virtual_disk() {
    let none = PartitionId::Gpt {
        disk: Guid::NIL,
        partition: Guid::NIL,
    };
    let parent = Some(Box::new(virtual_disk("\\x.vhd", none).into()));
    let (search, element, path) = (Search::ELEMENT, 0x2200_0002, String::new());
    let device = Device::from(Kind::Locate(Locate {
        search,
        element,
        path,
        parent,
    }));
    let bytes = device.to_bytes();
    assert_eq!(bytes[0x28..0x2e], hex("1e000000 0000"));
    assert_eq!(bytes[0x2e..0x32], hex("06000000"));
    assert_eq!(Device::parse(&bytes).unwrap(), device);
}

#[test]
fn a_partition_is_replaced_wherever_it_is_named() {
    let ids = |partition| PartitionId::Gpt {
        disk: guid(1),
        partition: guid(partition),
    };
    let inside = virtual_disk("\\x.vhd", ids(2));
    let ramdisk = Ramdisk {
        base: 0,
        size: 0,
        offset: 0,
        file: file(inside, "\\y.wim"),
    };
    let mut device = Device::from(Kind::Ramdisk(ramdisk));
    assert_eq!(device.replace_partition(ids(3), ids(4)), 0);
    assert_eq!(device.partitions(), [ids(2)]);
    // The same ids stand inside of the virtual disk, and stay.
    assert_eq!(device.replace_partition(ids(2), ids(5)), 1);
    assert_eq!(device.partitions(), [ids(5)]);
    assert!(
        device
            .to_string()
            .ends_with(&format!(",{}]\\y.wim", ids(2))),
        "{device}"
    );
}

#[test]
fn what_is_not_understood_stays_as_it_is() {
    let header = |kind: u32, reserved: u32, body: &[u8]| {
        let mut bytes = vec![0; 16];
        for number in [kind, 0, 16 + body.len() as u32, reserved] {
            bytes.extend(number.to_le_bytes());
        }
        [&bytes, body].concat()
    };
    let mut dirty = Device::boot().to_bytes();
    dirty[60] = 1;
    let mut scheme = Device::partition_mbr(1, 2).to_bytes();
    scheme[0x34] = 3;
    let mut raw = Device::partition(PartitionId::Raw { disk: 1 }).to_bytes();
    raw[0x20] = 1;
    let mut tail = Device::locate(1).to_bytes();
    tail.extend([1, 2]);
    tail[0x18] += 2;
    let pxe = header(4, 0, &[0; 56]);
    let reserved = header(5, 9, &[0; 56]);
    let empty = header(6, 0, &[]);
    for bytes in [dirty, scheme, raw, tail, pxe, reserved, empty] {
        let device = Device::parse(&bytes).unwrap();
        assert!(
            matches!(device.descriptor.kind, Kind::Opaque { .. }),
            "{device}"
        );
        assert_eq!(device.to_bytes(), bytes);
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let bytes = Device::boot().to_bytes();
    assert_eq!(
        Device::parse(&bytes[..31]),
        Err(DeviceError::Short { found: 31 })
    );
    assert_eq!(Device::parse(&[]), Err(DeviceError::Short { found: 0 }));
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        Device::parse(&longer),
        Err(DeviceError::Size {
            claimed: 72,
            found: 73
        })
    );
    assert_eq!(
        Device::parse(&bytes[..87]),
        Err(DeviceError::Size {
            claimed: 72,
            found: 71
        })
    );
}

#[test]
fn another_writer_gives_the_same_bytes() {
    use testkit::bcd::{self, Place};
    let (disk, partition) = ("{00000001-0002-0003-0405-060708090a0b}", bcd::LOADER);
    let gpt = Place::Gpt { disk, partition };
    let mbr = Place::Mbr {
        signature: 7,
        offset: 1 << 40,
    };
    let ids = |place| match place {
        Place::Gpt { disk, partition } => {
            let guid = |text: &str| text.parse().unwrap();
            PartitionId::Gpt {
                disk: guid(disk),
                partition: guid(partition),
            }
        }
        Place::Mbr { signature, offset } => PartitionId::Mbr { signature, offset },
    };
    for place in [gpt, mbr] {
        let parent = || Kind::from(ids(place));
        assert_eq!(
            bcd::partition(place),
            Device::partition(ids(place)).to_bytes()
        );
        let in_file = Kind::File(file(parent(), "\\a\u{e9}"));
        assert_eq!(
            bcd::file(place, "\\a\u{e9}"),
            Device::from(in_file.clone()).to_bytes()
        );
        let inside = Partition {
            id: ids(mbr),
            virtual_disk: Some(Box::new(in_file.into())),
        };
        let inside = Device::from(Kind::Partition(inside)).to_bytes();
        assert_eq!(bcd::virtual_disk(place, "\\a\u{e9}", mbr), inside);
        let text = format!(
            "ramdisk=[{}]\\w.wim,{}",
            Device::partition(ids(place)),
            disk
        );
        let ramdisk = text.parse::<Device>().unwrap().to_bytes();
        assert_eq!(bcd::ramdisk(Some(place), "\\w.wim", disk), ramdisk);
    }
    assert_eq!(bcd::boot(), Device::boot().to_bytes());
    assert_eq!(bcd::locate(9), Device::locate(9).to_bytes());
}

fn depth(device: &Device) -> usize {
    std::iter::successors(Some(&device.descriptor), |descriptor| descriptor.parent()).count()
}

#[test]
fn nesting_is_read_to_its_limit() {
    let mut kind = Kind::Boot;
    for deep in 1..=40 {
        let device = Device::from(kind.clone());
        let read = Device::parse(&device.to_bytes()).unwrap();
        assert_eq!(depth(&device), deep);
        assert_eq!(read.to_bytes(), device.to_bytes());
        assert_eq!(read == device, deep <= MAX_DEPTH);
        assert!(depth(&read) <= MAX_DEPTH);
        kind = Kind::File(file(kind, "\\a"));
    }
}

#[test]
fn long_and_odd_texts_are_kept() {
    let long = "\\x".repeat(400_000);
    let device = Device::from(Kind::File(file(Kind::Boot, &long)));
    assert_eq!(Device::parse(&device.to_bytes()).unwrap(), device);
    let made = Device::from(Kind::File(file(Kind::Boot, "\\abcd"))).to_bytes();
    let at = made.len() - 12;
    // Half a surrogate pair, a terminator too early, none at all.
    for unit in [[0x00, 0xd8], [0, 0]] {
        let mut bytes = made.clone();
        bytes[at + 4..at + 6].copy_from_slice(&unit);
        let device = Device::parse(&bytes).unwrap();
        assert!(
            matches!(device.descriptor.kind, Kind::Opaque { .. }),
            "{device}"
        );
        assert_eq!(device.to_bytes(), bytes);
    }
    let mut bytes = made;
    let end = bytes.len() - 2;
    bytes[end] = b'!';
    assert_eq!(Device::parse(&bytes).unwrap().to_bytes(), bytes);
}

/// A device of each shape, as raw material for damage.
fn shapes() -> Vec<Vec<u8>> {
    let inner = PartitionId::Mbr {
        signature: 7,
        offset: 9,
    };
    let ramdisk = Ramdisk {
        base: 1,
        size: 2,
        offset: 3,
        file: file(Kind::Boot, "\\r.wim"),
    };
    let locate = Locate {
        search: Search::PATH,
        element: 0,
        path: "\\Windows".to_owned(),
        parent: Some(Box::new(virtual_disk("\\v.vhd", inner).into())),
    };
    let kinds = [
        Kind::Ramdisk(ramdisk),
        Kind::Locate(locate),
        Kind::Optical(1),
    ];
    kinds.map(|kind| Device::from(kind).to_bytes()).to_vec()
}

#[test]
fn sizes_that_lie_do_no_harm() {
    for bytes in shapes() {
        for at in 0..=bytes.len() - 4 {
            for lie in [
                0,
                1,
                15,
                16,
                17,
                31,
                32,
                71,
                73,
                0x7fff_ffff,
                0xffff_fff0,
                u32::MAX,
            ] {
                let mut bytes = bytes.clone();
                bytes[at..at + 4].copy_from_slice(&lie.to_le_bytes());
                if let Ok(device) = Device::parse(&bytes) {
                    assert_eq!(device.to_bytes(), bytes);
                    assert!(device.to_string().len() < 8 * bytes.len());
                }
            }
        }
    }
}

fn ids() -> impl Strategy<Value = PartitionId> {
    prop_oneof![
        any::<[u128; 2]>().prop_map(|[disk, partition]| PartitionId::Gpt {
            disk: guid(disk),
            partition: guid(partition)
        }),
        any::<(u32, u64)>().prop_map(|(signature, offset)| PartitionId::Mbr { signature, offset }),
        any::<u32>().prop_map(|disk| PartitionId::Raw { disk }),
    ]
}

fn descriptors() -> impl Strategy<Value = Descriptor> {
    let opaque = (
        9..12_u32,
        any::<u32>(),
        proptest::collection::vec(any::<u8>(), 0..80),
    )
        .prop_map(|(device_type, reserved, body)| Kind::Opaque {
            device_type,
            reserved,
            body,
        });
    let leaf = prop_oneof![
        Just(Kind::Boot),
        ids().prop_map(Kind::from),
        any::<u32>().prop_map(Kind::Floppy),
        any::<u32>().prop_map(Kind::Optical),
        opaque,
    ];
    let leaf = (any::<u32>(), leaf).prop_map(|(flags, kind)| Descriptor { flags, kind });
    leaf.prop_recursive(MAX_DEPTH as u32 - 1, 16, 1, |inner| {
        let parent = inner.prop_map(Box::new).boxed();
        let file = (parent.clone(), "[^\\x00]{0,20}")
            .prop_map(|(parent, path)| FilePath { parent, path })
            .boxed();
        let ramdisk =
            (any::<(u64, u64, u32)>(), file.clone()).prop_map(|((base, size, offset), file)| {
                Kind::Ramdisk(Ramdisk {
                    base,
                    size,
                    offset,
                    file,
                })
            });
        let found = proptest::option::of(parent.clone());
        let locate = (any::<[u32; 2]>(), "[^\\x00]{0,20}", found).prop_map(
            |([search, element], path, parent)| {
                Kind::Locate(Locate {
                    search: Search(search),
                    element,
                    path,
                    parent,
                })
            },
        );
        let partition = (ids(), parent).prop_map(|(id, parent)| {
            Kind::Partition(Partition {
                id,
                virtual_disk: Some(parent),
            })
        });
        let kind = prop_oneof![file.prop_map(Kind::File), ramdisk, locate, partition];
        (any::<u32>(), kind).prop_map(|(flags, kind)| Descriptor { flags, kind })
    })
}

fn devices() -> impl Strategy<Value = Device> {
    (any::<u128>(), descriptors()).prop_map(|(options, descriptor)| Device {
        options: guid(options),
        descriptor,
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..Default::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_device_is_read_back(device in devices()) {
        prop_assert_eq!(Device::parse(&device.to_bytes()).unwrap(), device);
    }

    #[test]
    fn what_is_read_is_written_again(
        device in devices(),
        damage in proptest::collection::vec(any::<(u16, u8)>(), 1..6),
        cut in 0..3_usize,
    ) {
        let mut bytes = device.to_bytes();
        for (at, byte) in damage {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut);
        let size = bytes.len() as u32 - 16;
        bytes[0x18..0x1c].copy_from_slice(&size.to_le_bytes());
        prop_assert_eq!(Device::parse(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn replacing_is_undone_by_its_reverse(device in devices(), to in ids()) {
        let before = device.partitions();
        prop_assume!(!before.contains(&to));
        for from in &before {
            let mut changed = device.clone();
            let count = changed.replace_partition(*from, to);
            prop_assert_eq!(count, before.iter().filter(|id| *id == from).count());
            prop_assert!(!changed.partitions().contains(from));
            prop_assert_eq!(changed.to_bytes().len(), device.to_bytes().len());
            prop_assert_eq!(changed.replace_partition(to, *from), count);
            prop_assert_eq!(&changed, &device);
        }
    }

    #[test]
    fn any_body_is_read_without_harm(
        device_type in 0..10_u32,
        body in proptest::collection::vec(prop_oneof![Just(0), 0..9_u8, any::<u8>()], 0..300),
    ) {
        let mut bytes = vec![0; 16];
        for number in [device_type, 0, 16 + body.len() as u32, 0] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(&body);
        let device = Device::parse(&bytes).unwrap();
        prop_assert_eq!(device.to_bytes(), bytes);
        if let Ok(device) = Device::parse(&body) {
            prop_assert_eq!(device.to_bytes(), body);
        }
    }
}

//! The text of devices: what is printed, what is taken, and how the rest is refused.
//!
//! Invariants: each form has its words here. Absent on purpose: bytes, which `device.rs` tests.

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

use bcd::device::{FilePath, Kind, Locate, Partition, PartitionId, Ramdisk, Search, TextError};
use bcd::{Device, Guid};
use proptest::prelude::*;

const DISK: &str = "{9dc23e38-af40-4da5-a6e9-9b28a4a07bd1}";
const PART: &str = "{3ff27d8f-bfd5-4f78-8029-25e764cf8291}";
const OPTIONS: &str = "{ae5534e0-a924-466c-b836-758539a3ee3a}";

fn read(text: &str) -> Device {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> TextError {
    text.parse::<Device>().unwrap_err()
}

fn gpt() -> PartitionId {
    PartitionId::Gpt {
        disk: DISK.parse().unwrap(),
        partition: PART.parse().unwrap(),
    }
}

fn mbr() -> PartitionId {
    PartitionId::Mbr {
        signature: 0x1234_abcd,
        offset: 0x10_0000,
    }
}

fn file(parent: Kind, path: &str) -> FilePath {
    FilePath {
        parent: Box::new(parent.into()),
        path: path.to_owned(),
    }
}

#[test]
fn forms_that_are_printed_and_taken() {
    let wim = file(mbr().into(), "\\Recovery\\Winre.wim");
    let mut ramdisk = Device::from(Kind::Ramdisk(Ramdisk {
        base: 0,
        size: 0,
        offset: 0,
        file: wim,
    }));
    ramdisk.options = OPTIONS.parse().unwrap();
    ramdisk.descriptor.flags = 1;
    let nested = file(Kind::File(file(gpt().into(), "\\a,b [1]\\c")), "\\d");
    let mbr_text = "mbr_partition=signature 0x1234abcd offset 0x100000";
    for (device, text) in [
        (Device::boot(), "boot".to_owned()),
        (
            Device::partition(gpt()),
            format!("gpt_partition={DISK};{PART}"),
        ),
        (Device::partition(mbr()), mbr_text.to_owned()),
        (
            Device::locate(0x1200_0002),
            "locate=custom:12000002".to_owned(),
        ),
        (
            ramdisk,
            format!("ramdisk=[{mbr_text}]\\Recovery\\Winre.wim,{OPTIONS}"),
        ),
        (
            Device::from(Kind::File(nested)),
            format!("file=[file=[gpt_partition={DISK};{PART}]\\a,b [1]\\c]\\d"),
        ),
    ] {
        assert_eq!(device.to_string(), text);
        assert_eq!(read(&text), device);
        assert_eq!(Device::parse(&read(&text).to_bytes()).unwrap(), device);
    }
}

#[test]
fn forms_that_are_only_printed() {
    let none = PartitionId::Gpt {
        disk: Guid::NIL,
        partition: Guid::NIL,
    };
    let vhd = |id, holder: Kind| {
        Kind::Partition(Partition {
            id,
            virtual_disk: Some(Box::new(holder.into())),
        })
    };
    let in_file = || Kind::File(file(Kind::Boot, "\\x.vhd"));
    let locate = |search, path: &str, parent: Option<Kind>| {
        let parent = parent.map(|kind| Box::new(kind.into()));
        let (search, path) = (Search(search), path.to_owned());
        Kind::Locate(Locate {
            search,
            element: 0x2200_0002,
            path,
            parent,
        })
    };
    let opaque = |device_type, len| {
        let body = vec![0; len];
        Kind::Opaque {
            device_type,
            reserved: 0,
            body,
        }
    };
    for (kind, text) in [
        (vhd(none, in_file()), "vhd=[boot]\\x.vhd"),
        (
            vhd(mbr(), in_file()),
            "vhd=[boot]\\x.vhd,mbr_partition=signature 0x1234abcd offset 0x100000",
        ),
        (vhd(none, Kind::Optical(1)), "vhd=[cdrom=1]"),
        (
            locate(0, "", Some(vhd(none, in_file()))),
            "vhd=[boot]\\x.vhd,locate=custom:22000002",
        ),
        (locate(1, "\\ntldr", None), "locate=\\ntldr"),
        (locate(7, "", None), "locate=search 7"),
        (Kind::Floppy(0), "floppy=0"),
        (PartitionId::Raw { disk: 3 }.into(), "raw_disk=3"),
        (opaque(4, 56), "unknown type 4 (72 bytes)"),
        (
            Kind::File(file(opaque(10, 0), "\\a")),
            "file=[unknown type 10 (16 bytes)]\\a",
        ),
    ] {
        assert_eq!(Device::from(kind).to_string(), text);
        assert!(text.parse::<Device>().is_err(), "{text}");
    }
    let mut boot = Device::boot();
    boot.options = OPTIONS.parse().unwrap();
    assert_eq!(boot.to_string(), format!("boot,{OPTIONS}"));
}

#[test]
fn other_spellings_are_taken() {
    let (disk, part) = (DISK.trim_matches(['{', '}']).to_uppercase(), PART);
    assert_eq!(
        read(&format!(" GPT_Partition={disk}; {part} ")),
        Device::partition(gpt())
    );
    assert_eq!(
        read("mbr_partition=0x1234ABCD;0x100000"),
        Device::partition(mbr())
    );
    assert_eq!(
        read("mbr_partition=305441741;1048576"),
        Device::partition(mbr())
    );
    assert_eq!(read("Locate=Custom:2200000A"), Device::locate(0x2200_000a));
    assert_eq!(read("BOOT"), Device::boot());
}

#[test]
fn plain_locate_depends_on_the_element() {
    assert_eq!(read("locate"), Device::locate(0x1200_0002));
    let osdevice = Device::parse_text("locate", 0x2100_0001).unwrap();
    assert_eq!(osdevice, Device::locate(0x2200_0002));
    let file = Device::parse_text("file=[locate]\\a", 0x2100_0001).unwrap();
    assert_eq!(file.to_string(), "file=[locate=custom:22000002]\\a");
}

#[test]
fn what_means_nothing_offline_is_refused_with_its_reason() {
    for text in [
        "partition=C:",
        "hd_partition=d:",
        "PARTITION=\\Device\\HarddiskVolume2",
    ] {
        assert_eq!(refused(text), TextError::DriveLetter(text.to_owned()));
    }
    assert_eq!(
        refused("file=[partition=C:]\\a"),
        TextError::DriveLetter("partition=C:".into())
    );
    let message = refused("partition=C:").to_string();
    assert!(message.contains("a drive letter means nothing offline; use gpt_partition="));
    for text in ["vhd=[boot]\\a.vhd", "vmbus={x}", "composite=0", "cimfs=x"] {
        assert_eq!(refused(text), TextError::NotOffline(text.to_owned()));
    }
}

#[test]
fn what_is_no_device_is_refused() {
    for text in [
        "",
        "C:",
        "boot=1",
        "gpt_partition",
        "ramdisk",
        "unknown",
        "[boot]\\a",
        "b oot",
    ] {
        assert_eq!(refused(text), TextError::Unknown(text.to_owned()), "{text}");
    }
    for text in ["gpt_partition=", "gpt_partition=x"] {
        assert_eq!(refused(text), TextError::Gpt(text.to_owned()));
    }
    assert!(matches!(
        refused(&format!("gpt_partition={DISK};C:")),
        TextError::Guid(_)
    ));
    assert!(matches!(
        refused("ramdisk=[boot]\\a,{ramdiskoptions}"),
        TextError::Guid(_)
    ));
    for ids in [
        "",
        "1",
        "x;1",
        "+1;2",
        "0x;1",
        "0x100000000;1",
        "1;-1",
        "signature 1 offset",
    ] {
        let text = format!("mbr_partition={ids}");
        assert_eq!(refused(&text), TextError::Mbr(text.clone()));
    }
    for what in [
        "",
        "custom:",
        "custom:1200000",
        "custom:+1234567",
        "12000002",
        "unknown",
    ] {
        let text = format!("locate={what}");
        assert_eq!(refused(&text), TextError::Locate(text.clone()));
    }
    let text = "ramdisk=[boot]\\a.wim";
    assert_eq!(refused(text), TextError::NoOptions(text.to_owned()));
}

#[test]
fn files_have_a_device_and_a_path() {
    for place in ["", "\\a", "boot\\a", "[boot\\a", "[[boot]\\a"] {
        assert_eq!(
            refused(&format!("file={place}")),
            TextError::Parent(place.to_owned())
        );
    }
    for path in ["", "a", "/a", "\\a\0b", "\\a\nb", &"\\a".repeat(20_000)] {
        let text = format!("file=[boot]{path}\u{20}")
            .trim_end_matches(' ')
            .to_owned();
        assert_eq!(refused(&text), TextError::Path(path.to_owned()));
    }
}

#[test]
fn nesting_ends_where_it_is_no_longer_read() {
    let nested = |depth: usize| {
        format!(
            "{}boot{}",
            "file=[".repeat(depth - 1),
            "]\\a".repeat(depth - 1)
        )
    };
    let device = read(&nested(8));
    assert_eq!(Device::parse(&device.to_bytes()).unwrap(), device);
    assert_eq!(refused(&nested(9)), TextError::TooDeep("boot".to_owned()));
    assert!(matches!(refused(&nested(100_000)), TextError::TooDeep(_)));
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..Default::default()
    }
}

/// Text made of the pieces devices are written with.
const PIECES: &str = "(file=\\[|ramdisk=\\[|boot|\\]|,\\{|\\}|\\PC){0,24}";
const PATHS: &str = "(\\\\[a-z ,.\\{]{1,9}){1,4}";

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_read_without_harm(text in PIECES) {
        if let Ok(device) = text.parse::<Device>() {
            prop_assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
        }
    }

    #[test]
    fn partitions_are_printed_as_they_are_read(
        signature: u32,
        offset: u64,
        disk: u128,
        partition: u128,
        path in PATHS,
    ) {
        let gpt = (Guid::from_u128(disk), Guid::from_u128(partition));
        let file = Kind::File(file(PartitionId::Mbr { signature, offset }.into(), &path));
        for device in [
            Device::partition_mbr(signature, offset),
            Device::partition_gpt(gpt.0, gpt.1),
            file.into(),
        ] {
            let text = device.to_string();
            prop_assume!(text.trim() == text);
            prop_assert_eq!(text.parse::<Device>().unwrap(), device);
        }
    }
}

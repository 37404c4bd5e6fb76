//! Every real store, read whole.
//!
//! Invariants: what is asserted of one store is asserted of all; what the stores have beyond what
//! Windows would write today is counted, kind by kind. Absent on purpose: devices (`device.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use bcd::{ElementType, Guid, ObjectType, Store, StoreError, Value};
use hive::{Hive, RegData, RegType};
use std::collections::BTreeMap;
use std::path::Path;
use support::stores;

/// Elements without a place in the table that are known to occur.
const UNKNOWN: [u32; 3] = [0x2100_0026, 0x4700_0005, 0x1234_5678];

/// Elements of the table that never had a name.
fn nameless(element: ElementType) -> bool {
    [
        0x4200_0002,
        0x4200_0003,
        0x4500_0001,
        0x4600_0004,
        0x4600_0010,
    ]
    .contains(&element.0)
}

/// The kinds of data that are read and would be written differently.
fn oddity(data: &RegData) -> &'static str {
    let pairs: Vec<&[u8]> = data.bytes.chunks(2).collect();
    let nul = pairs.iter().position(|pair| *pair == [0, 0]);
    match (data.kind, data.bytes.len()) {
        (RegType::BINARY, 1) => "integer of 1 byte",
        (RegType::BINARY, 3) => "integer of 3 bytes",
        (RegType::SZ, _) if nul.is_none() => "string without NUL",
        (RegType::SZ, _) if nul != Some(pairs.len() - 1) => "string with more behind its NUL",
        _ => "something new",
    }
}

#[test]
fn every_element_is_known_and_read() {
    let mut odd: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut total, mut found) = (0, 0);
    for real in stores() {
        found += 1;
        let store = Store::open(&real.hive).unwrap();
        assert!(store.strays().is_empty(), "{}", real.name);
        for object in store.objects() {
            let object_type = object.object_type();
            assert!(object_type.kind().is_some(), "{} {object:?}", real.name);
            assert!(!object_type.title(object.id()).starts_with("Unknown"));
            for element in object.elements() {
                let (kind, value) = (element.element_type(), element.value());
                let what = format!("{} {} {kind} {value:?}", real.name, object.id());
                let known = kind.name_in(object_type).is_some() || nameless(kind);
                assert!(known || UNKNOWN.contains(&kind.0), "{what}");
                assert_eq!(value.fits(kind), Ok(()), "{what}");
                if value.encode() != *element.data() {
                    *odd.entry(oddity(element.data())).or_default() += 1;
                }
                total += 1;
            }
        }
    }
    if found == 11 {
        let kinds: Vec<_> = odd.into_iter().collect();
        let wanted = [
            ("integer of 1 byte", 29),
            ("integer of 3 bytes", 3),
            ("string with more behind its NUL", 27),
        ];
        assert_eq!((kinds.as_slice(), total), (wanted.as_slice(), 619));
    }
}

#[test]
fn what_is_printed_is_read_back() {
    for real in stores() {
        let store = Store::open(&real.hive).unwrap();
        for object in store.objects() {
            for element in object.elements() {
                let (kind, object) = (element.element_type(), object.object_type());
                let value = element.value();
                let lines = value.lines(kind, object, |id| store.name_of(id));
                if let Value::Device(device) = &value
                    && device.to_string().parse().as_ref() != Ok(device)
                {
                    println!("{}: not written back: {device}", real.name);
                    continue;
                }
                let read = Value::parse(&lines.join(" "), kind, object, |word| store.resolve(word));
                assert_eq!(read, Ok(value), "{} {kind}", real.name);
            }
        }
    }
}

#[test]
fn oddities_are_listed() {
    for real in stores() {
        let store = Store::open(&real.hive).unwrap();
        let odd: Vec<_> = store
            .oddities()
            .iter()
            .map(|odd| (odd.path.as_str(), odd.why))
            .collect();
        if real.name == "bcd-template-win11" {
            let upper = "the name is in upper case";
            let hypervisor = "Objects\\{7ff607e0-4395-11db-b0de-0800200c9a66}\\Elements\\250000F3";
            assert_eq!((odd[0], odd.len()), ((hypervisor, upper), 4));
        } else {
            assert_eq!(odd, [], "{}", real.name);
        }
    }
}

#[test]
fn what_an_entry_amounts_to() {
    for real in stores() {
        let store = Store::open(&real.hive).unwrap();
        let loader = |place: usize| store.loaders().nth(place).map(bcd::Object::id);
        let bootmgr = |element| store.effective(Guid::BOOTMGR, element);
        match real.name.as_str() {
            "bcd-uefi-win10-regipy" => {
                let id: Guid = "733b62e5-f608-11eb-825c-c112f60133ab".parse().unwrap();
                assert_eq!((loader(0), loader(1)), (Some(id), None));
                assert_eq!(store.resolve("Default"), Ok(id));
                assert_eq!(store.name_of(id), "{default}");
                let ems = Some((Guid::EMS_SETTINGS, Value::Boolean(false)));
                assert_eq!(bootmgr(ElementType::BOOT_EMS), ems);
                assert_eq!(store.effective(id, ElementType::BOOT_EMS), ems);
                assert_eq!(bootmgr(ElementType::EMS_PORT), None);
                assert!(store.description().treat_as_system);
            }
            "pybcd-BCDvm.BCD" => {
                // The default is a Windows PE: not an installed Windows, and it inherits nothing.
                let id = store.default_object().unwrap();
                assert_eq!(id.to_string(), "{572bcd55-ffa7-11d9-aae0-0007e994107d}");
                assert_ne!(loader(0), Some(id));
                assert_eq!((store.loaders().count(), loader(1)), (1, None));
                assert_eq!(store.effective(id, ElementType::BOOT_EMS), None);
                let ems = Some((Guid::EMS_SETTINGS, Value::Boolean(true)));
                assert_eq!(bootmgr(ElementType::BOOT_EMS), ems);
            }
            "bcd-windeploy-uefi-minimal" => {
                assert!(store.emssettings().is_none());
                assert_eq!(store.loaders().count(), 1);
            }
            "bcd-recovery-bluepill" => assert_eq!(store.loaders().count(), 0),
            _ => {}
        }
        let managers = store
            .objects()
            .filter(|o| o.object_type() == ObjectType::BOOT_MANAGER);
        assert_eq!(managers.count(), 1, "{}", real.name);
    }
}

#[test]
fn another_hive_says_what_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/hives");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return;
    };
    let mut systems = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let Ok(hive) = Hive::open(std::fs::read(&path).unwrap()) else {
            continue;
        };
        let error = Store::open(&hive).unwrap_err();
        let text = error.to_string();
        if let StoreError::NotAStore { what, .. } = error {
            assert!(text.starts_with("not a boot configuration store"), "{text}");
            systems += usize::from(what == ": a SYSTEM hive");
        }
        println!("{}: {text}", path.display());
    }
    assert!(systems > 0);
}

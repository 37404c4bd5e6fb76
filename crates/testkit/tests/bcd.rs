//! Boot stores are read back by foreign readers, and are like the stores bcdboot made.
//!
//! Invariants: real stores are read with nt-hive, the builder's too. Absent: what the bcd crate
//! makes of them.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use testkit::Key;
use testkit::bcd::{self, Data, Firmware, Machine, Place, Store};

type Node<'h> = nt_hive::KeyNode<'h, &'h [u8]>;
/// Type and data of each value, by path and name.
type Values = BTreeMap<String, (u32, Vec<u8>)>;

fn values(bytes: &[u8]) -> Values {
    fn walk(key: &Node<'_>, path: &str, found: &mut Values) {
        for value in key.values().into_iter().flat_map(Result::unwrap) {
            let value = value.unwrap();
            let data = value.data().unwrap().into_vec().unwrap();
            let name = format!("{path}{}", value.name().unwrap());
            found.insert(name, (value.data_type().unwrap() as u32, data));
        }
        for subkey in key.subkeys().into_iter().flat_map(Result::unwrap) {
            let subkey = subkey.unwrap();
            walk(
                &subkey,
                &format!("{path}{}\\", subkey.name().unwrap()),
                found,
            );
        }
    }
    let mut found = Values::new();
    let hive = nt_hive::Hive::new(bytes).unwrap();
    walk(&hive.root_key_node().unwrap(), "", &mut found);
    found
}

fn model(key: &Key, path: &str, found: &mut Values) {
    let text = |units: &[u16]| String::from_utf16(units).unwrap();
    for value in &key.values {
        let name = format!("{path}{}", text(&value.name));
        found.insert(name, (value.kind, value.data.clone()));
    }
    for subkey in &key.subkeys {
        model(subkey, &format!("{path}{}\\", text(&subkey.name)), found);
    }
}

fn real(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/bcd")
        .join(name);
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        println!("skipped: no ../shared/bcd/{name}");
    }
    bytes
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn cell(bytes: &[u8], at: u32) -> &[u8] {
    let at = 4096 + at as usize;
    let size = number(bytes, at).wrapping_neg() as usize;
    &bytes[at + 4..at + size]
}

/// The descriptor of the key at a cell.
fn descriptor(bytes: &[u8], key: u32) -> &[u8] {
    let sk = cell(bytes, number(cell(bytes, key), 44));
    &sk[20..20 + number(sk, 16) as usize]
}

/// The subkeys of the key at a cell, and the signature of their list.
fn subkeys(bytes: &[u8], key: u32) -> ([u8; 2], Vec<u32>) {
    let list = cell(bytes, number(cell(bytes, key), 28));
    let count = usize::from(list[2]) + usize::from(list[3]) * 256;
    let cells = (0..count)
        .map(|index| number(list, 4 + index * 8))
        .collect();
    ([list[0], list[1]], cells)
}

fn all_stores() -> Vec<Store> {
    let mut small = Store::bios_windows();
    small.without_emssettings().foreign_entry(Firmware::Bios);
    let mut large = Store::uefi_windows();
    large
        .foreign_entry(Firmware::Uefi)
        .recovery_entry(Firmware::Uefi, Machine::uefi().windows)
        .element("{Default}", 0x2600_0010, &Data::Raw(3, &[1, 0, 0, 0]));
    vec![
        Store::new(),
        Store::bios_windows(),
        Store::uefi_windows(),
        small,
        large,
    ]
}

#[test]
fn foreign_readers_see_what_was_built() {
    for store in all_stores() {
        let bytes = store.build();
        assert_eq!(bytes, store.clone().build());
        let mut expected = Values::new();
        model(&store.hive.root, "", &mut expected);
        assert_eq!(values(&bytes), expected);
        let reader = regf::RegistryHive::from_bytes(bytes.clone()).unwrap();
        let root = reader.root_key().unwrap();
        assert_eq!(root.name(), "NewStoreRoot");
        assert_eq!(root.subkeys().unwrap().len(), 2);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let file = file.path().to_str().unwrap();
        for command in [
            vec!["hivexml", file],
            vec!["hivexregedit", "--export", file, "\\"],
        ] {
            let tool = command[0];
            let Ok(output) = Command::new(tool).args(&command[1..]).output() else {
                println!("skipped: {tool} is not installed");
                continue;
            };
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let objects = store.hive.root.get("Objects").unwrap().subkeys.len();
            let seen = text.matches("Elements\"").count() + text.matches("Elements]").count();
            assert_eq!(seen, objects, "{tool}");
        }
    }
}

#[test]
fn the_container_is_that_of_real_stores() {
    for store in all_stores() {
        let bytes = store.build();
        assert_eq!([number(&bytes, 0x14), number(&bytes, 0x18)], [1, 3]);
        assert_eq!(number(&bytes, 4), number(&bytes, 8));
        let root = number(&bytes, 0x24);
        let (signature, below) = subkeys(&bytes, root);
        assert_eq!((&signature, below.len()), (b"lf", 2));
        assert_eq!(descriptor(&bytes, root), descriptor(&bytes, below[0]));
        assert_ne!(descriptor(&bytes, root), descriptor(&bytes, below[1]));
        let rings = number(cell(&bytes, number(cell(&bytes, root), 44)), 4);
        assert_eq!(rings, number(cell(&bytes, below[1]), 44), "two descriptors");
    }
    let Some(real) = real("bcd-bios-win10-bcdboot") else {
        return;
    };
    let made = Store::bios_windows().build();
    let (real_root, made_root) = (number(&real, 0x24), number(&made, 0x24));
    assert_eq!(descriptor(&made, made_root), descriptor(&real, real_root));
    let inner = |bytes: &[u8], root| subkeys(bytes, root).1[1];
    assert_eq!(
        descriptor(&made, inner(&made, made_root)),
        descriptor(&real, inner(&real, real_root))
    );
}

/// Settings objects of a store, and its well-known applications by type and element only.
fn shape(values: &Values) -> BTreeSet<String> {
    let settings = ["0ce4", "1afa", "4636", "5189", "6efb", "7ea2", "7ff6"];
    let lines = values.iter().filter_map(|(path, (kind, data))| {
        let object = path.strip_prefix("Objects\\{")?;
        match (
            settings.iter().any(|start| object.starts_with(start)),
            &object[..4],
        ) {
            (true, _) => Some(format!("{path}={kind}:{data:?}")),
            (false, "9dea" | "b272") => Some(format!("{path}={kind}")),
            _ => None,
        }
    });
    lines.collect()
}

#[test]
fn objects_and_elements_are_those_of_bcdboot() {
    if let Some(bytes) = real("bcd-bios-win10-bcdboot") {
        assert_eq!(
            shape(&values(&Store::bios_windows().build())),
            shape(&values(&bytes))
        );
    }
    if let Some(bytes) = real("bcd-uefi-win10-regipy") {
        let mut real = shape(&values(&bytes));
        real.retain(|line| !line.contains("FirmwareVariable"));
        assert_eq!(shape(&values(&Store::uefi_windows().build())), real);
    }
    let store = Store::bios_windows();
    let loader = format!("Objects\\{}\\Elements", bcd::LOADER);
    let mut elements = store.hive.root.get(&loader).unwrap().clone();
    elements
        .subkeys
        .sort_by(|left, right| left.name.cmp(&right.name));
    let names: Vec<String> = elements
        .subkeys
        .iter()
        .map(|key| String::from_utf16(&key.name).unwrap())
        .collect();
    assert_eq!(
        names.join(" "),
        "11000001 12000002 12000004 12000005 14000006 17000077 21000001 22000002 23000003 \
         25000020 250000c2"
    );
}

#[test]
fn data_is_stored_by_format() {
    let mut store = Store::new();
    let guid = bcd::BOOTMGR;
    store.object(guid, 0x1010_0002);
    let get = |store: &mut Store, data: &Data<'_>| {
        store.element(guid, 0x2500_0004, data);
        let (kind, bytes) = store.get(guid, 0x2500_0004).unwrap();
        (kind, bytes.len(), bytes.to_vec())
    };
    assert_eq!(
        get(&mut store, &Data::Integer(5)),
        (3, 8, vec![5, 0, 0, 0, 0, 0, 0, 0])
    );
    assert_eq!(get(&mut store, &Data::Boolean(true)), (3, 1, vec![1]));
    assert_eq!(get(&mut store, &Data::Integers(&[1, 2])).1, 16);
    assert_eq!(get(&mut store, &Data::Text("ab")).2, b"a\0b\0\0\0");
    assert_eq!(get(&mut store, &Data::Object(guid)).1, 78);
    assert_eq!(get(&mut store, &Data::Objects(&[])), (7, 2, vec![0, 0]));
    assert_eq!(get(&mut store, &Data::Objects(&[guid, guid])).1, 158);
    assert_eq!(get(&mut store, &Data::Raw(4, &[9])), (4, 1, vec![9]));
    assert_eq!(get(&mut store, &Data::Device(bcd::boot())).1, 88);
    store.remove_element(guid, 0x2500_0004);
    assert_eq!(store.get(guid, 0x2500_0004), None);
    store.remove_object(guid);
    assert!(store.hive.root.get("Objects").unwrap().subkeys.is_empty());
}

#[test]
fn lists_grow_and_shrink() {
    let mut store = Store::bios_windows();
    store.foreign_entry(Firmware::Bios);
    let order = format!("{}\0{}\0\0", bcd::LOADER, bcd::FOREIGN);
    let bytes: Vec<u8> = order.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        store.get(bcd::BOOTMGR, 0x2400_0001),
        Some((7, bytes.as_slice()))
    );
    store.without_emssettings();
    assert!(
        store
            .hive
            .root
            .get(&format!("Objects\\{}", bcd::EMSSETTINGS))
            .is_none()
    );
    assert_eq!(
        store.get(bcd::GLOBALSETTINGS, 0x1400_0006).unwrap().1.len(),
        158
    );
    store.unlink(bcd::BOOTMGR, 0x2400_0001, bcd::LOADER);
    store.unlink(bcd::BOOTMGR, 0x2400_0001, bcd::FOREIGN);
    assert_eq!(store.get(bcd::BOOTMGR, 0x2400_0001).unwrap().1, [0, 0]);
}

#[test]
fn devices_are_those_of_real_stores() {
    let on_disk = Place::Mbr {
        signature: 0x3623_4da4,
        offset: 0x0010_0000,
    };
    let options = "{ae5534e0-a924-466c-b836-758539a3ee3a}";
    let wim = bcd::ramdisk(Some(on_disk), "\\boot\\boot.wim", options);
    let media = "{7619dcc8-fafe-11d9-b411-000476eba25f}";
    let gpt = Place::Gpt {
        disk: "{9dc23e38-af40-4da5-a6e9-9b28a4a07bd1}",
        partition: "{3ff27d8f-bfd5-4f78-8029-25e764cf8291}",
    };
    for (name, devices) in [
        (
            "pybcd-BCDvm.BCD",
            vec![bcd::boot(), bcd::partition(on_disk), wim],
        ),
        (
            "area44-usbboot-bios.BCD",
            vec![
                bcd::boot(),
                bcd::ramdisk(None, "\\sources\\boot.wim", media),
            ],
        ),
        ("pybcd-BCDrecovery.BCD", vec![bcd::partition(gpt)]),
        (
            "bcd-windeploy-uefi-minimal",
            vec![bcd::locate(0x1200_0002), bcd::locate(0x2200_0002)],
        ),
    ] {
        let Some(bytes) = real(name) else { continue };
        let values = values(&bytes);
        for device in devices {
            assert!(
                values.values().any(|(_, data)| *data == device),
                "{name}: {device:x?}"
            );
        }
    }
    assert_eq!(
        bcd::virtual_disk(gpt, "\\disks\\os.vhd", on_disk).len(),
        204
    );
    assert_eq!(bcd::file(gpt, "\\a").len(), 16 + 16 + 4 + 12 + 72 + 6);
}

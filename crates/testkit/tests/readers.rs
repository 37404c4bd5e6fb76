//! What the builder writes is read back by two foreign readers as the same tree.
//!
//! Invariants: names, order, types, data and classes are compared for every key. Absent: rules
//! no reader looks at, which `rules.rs` tests.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use std::process::Command;

use nt_hive::NtHiveError;
use testkit::{HiveBuilder, Key};

/// One line per key and value, in order: path, class, and name, type and data of each value.
fn flatten(key: &Key, path: &str, lines: &mut Vec<String>) {
    let text = |units: &[u16]| String::from_utf16_lossy(units);
    let class: Vec<u16> = key
        .class
        .chunks_exact(2)
        .map(|c| u16::from_le_bytes([c[0], c[1]]))
        .collect();
    let path = format!("{path}\\{}", text(&key.name));
    lines.push(format!("{path} [{}]", text(&class)));
    for value in &key.values {
        lines.push(format!(
            "{path} {}={}:{:?}",
            text(&value.name),
            value.kind,
            value.data
        ));
    }
    let mut subkeys: Vec<&Key> = key.subkeys.iter().collect();
    subkeys.sort_by(|a, b| testkit::upcase::compare(&a.name, &b.name));
    subkeys
        .into_iter()
        .for_each(|key| flatten(key, &path, lines));
}

type Node<'h> = nt_hive::KeyNode<'h, &'h [u8]>;

fn flatten_nt_hive(key: &Node<'_>, path: &str, lines: &mut Vec<String>) {
    let path = format!("{path}\\{}", key.name().unwrap().to_string_lossy());
    let class = key
        .class_name()
        .map(|name| name.unwrap().to_string_lossy())
        .unwrap_or_default();
    lines.push(format!("{path} [{class}]"));
    if let Some(values) = key.values() {
        for value in values.unwrap() {
            let value = value.unwrap();
            let kind = match value.data_type() {
                Ok(kind) => kind as u32,
                Err(NtHiveError::UnsupportedKeyValueDataType { actual, .. }) => actual,
                Err(error) => panic!("{path}: {error}"),
            };
            let data = value.data().unwrap().into_vec().unwrap();
            let name = value.name().unwrap().to_string_lossy();
            lines.push(format!("{path} {name}={kind}:{data:?}"));
        }
    }
    if let Some(subkeys) = key.subkeys() {
        for subkey in subkeys.unwrap() {
            flatten_nt_hive(&subkey.unwrap(), &path, lines);
        }
    }
}

fn flatten_regf(key: &regf::hive::RegistryKey<'_>, path: &str, lines: &mut Vec<String>) {
    let path = format!("{path}\\{}", key.name());
    lines.push(format!(
        "{path} [{}]",
        key.class_name().unwrap().unwrap_or_default()
    ));
    for value in key.values().unwrap() {
        let data = value.raw_data().unwrap();
        lines.push(format!(
            "{path} {}={}:{data:?}",
            value.name(),
            value.raw_data_type()
        ));
    }
    for subkey in key.subkeys().unwrap() {
        flatten_regf(&subkey, &path, lines);
    }
}

fn same(what: &str, expected: &[String], found: &[String]) {
    for (expected, found) in expected.iter().zip(found) {
        let cut = |line: &String| line.chars().take(160).collect::<String>();
        assert!(
            expected == found,
            "{what}: {} is read as {}",
            cut(expected),
            cut(found)
        );
    }
    assert_eq!(expected.len(), found.len(), "{what}");
}

/// Which readers can be asked about a hive.
#[derive(PartialEq)]
enum Readers {
    All,
    /// regf folds sharp s to two letters, the kernel does not.
    NotRegf,
    /// nt-hive looks for big data in version 1.3 too.
    NotNtHive,
}

/// Reads a hive with all readers that can.
fn read_back(hive: &HiveBuilder, readers: &Readers) {
    let bytes = hive.build();
    assert_eq!(bytes, hive.build(), "the same tree gives the same bytes");
    let mut expected = Vec::new();
    flatten(&hive.root, "", &mut expected);
    if *readers != Readers::NotNtHive {
        let mut found = Vec::new();
        let reader = nt_hive::Hive::new(bytes.as_slice()).unwrap();
        flatten_nt_hive(&reader.root_key_node().unwrap(), "", &mut found);
        same("nt-hive", &expected, &found);
    }
    if *readers != Readers::NotRegf {
        let mut found = Vec::new();
        let reader = regf::RegistryHive::from_bytes(bytes.clone()).unwrap();
        flatten_regf(&reader.root_key().unwrap(), "", &mut found);
        same("regf", &expected, &found);
    }
    hivex_accepts(&bytes);
}

/// hivexregedit, where it is installed, exports the whole hive without an error.
fn hivex_accepts(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    match Command::new("hivexregedit")
        .arg("--export")
        .arg(file.path())
        .arg("\\")
        .output()
    {
        Err(_) => println!("skipped: hivexregedit is not installed"),
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
            assert!(output.stdout.len() > 40, "{errors}");
        }
    }
}

fn small(minor: u32) -> HiveBuilder {
    let mut hive = HiveBuilder::with_minor(minor);
    hive.key("Select").dword("Current", 1).dword("Default", 1);
    hive.key("ControlSet001\\Control\\Lsa\\JD")
        .class("deadbeef");
    hive.key("ControlSet001\\Control\\Lsa")
        .value("", 1, b"\0\0")
        .multi_sz("Security Packages", &["\"\""])
        .value("odd", 0x0012_3456, b"12345")
        .value("none", 0, &[])
        .binary("three", b"abc")
        .qword("eight", u64::MAX);
    hive.key("ControlSet001\\Control\\\u{e9}\u{ff}")
        .sz("caf\u{e9}", "na\u{ef}ve");
    hive.key("ControlSet001\\Control\\\u{416}\u{6f22}\u{5b57}")
        .expand_sz("\u{3a9}", "%X%");
    hive.key("ControlSet001\\Control\\_x");
    hive.key("ControlSet001\\Control\\Zx");
    hive
}

#[test]
fn small_trees_of_all_versions() {
    for minor in 3..=6 {
        let mut hive = small(minor);
        read_back(&hive, &Readers::All);
        for seed in [1, 7, 0x1234_5678_9ABC] {
            hive.holes = Some(seed);
            read_back(&hive, &Readers::All);
        }
        hive.least_size = 256 * 1024;
        hive.trailing = 8192;
        assert!(hive.build().len() >= 4096 + 256 * 1024 + 8192);
        read_back(&hive, &Readers::All);
    }
}

#[test]
fn letters_that_do_not_fold() {
    let mut hive = HiveBuilder::with_minor(5);
    for name in [
        "Stra\u{df}e",
        "STRASSE",
        "Stra\u{b5}e",
        "\u{131}",
        "\u{17f}",
        "S",
        "\u{3c2}",
    ] {
        hive.key(name).sz(name, name);
    }
    read_back(&hive, &Readers::NotRegf);
}

#[test]
fn many_subkeys() {
    for (minor, count) in [
        (3, 511),
        (3, 512),
        (3, 1013),
        (5, 600),
        (5, 1012),
        (5, 1013),
        (5, 1500),
    ] {
        let mut hive = HiveBuilder::with_minor(minor);
        let key = hive.key("Many");
        for number in (0..count).rev() {
            key.child(&format!("k{number:04}")).dword("N", number);
        }
        read_back(&hive, &Readers::All);
    }
    let mut hive = small(5);
    hive.leaf_limit = 1;
    read_back(&hive, &Readers::All);
}

#[test]
fn the_kind_of_list_follows_version_and_count() {
    let list = |minor, count: usize| {
        let mut hive = HiveBuilder::with_minor(minor);
        (0..count).for_each(|number| {
            hive.key(&format!("k{number:04}"));
        });
        let bytes = hive.build();
        let cell = u32::from_le_bytes(bytes[4096 + 32 + 4 + 28..][..4].try_into().unwrap());
        bytes[4096 + cell as usize + 4..][..2].to_vec()
    };
    assert_eq!(list(3, 511), b"lf");
    assert_eq!(list(3, 512), b"li");
    assert_eq!(list(3, 1013), b"ri");
    assert_eq!(list(5, 1012), b"lh");
    assert_eq!(list(5, 1013), b"ri");
}

#[test]
fn data_of_every_storage_class() {
    let bytes = |len: usize| {
        (0..len)
            .map(|n| (n * 7 + n / 251) as u8)
            .collect::<Vec<_>>()
    };
    let mut hive = HiveBuilder::with_minor(5);
    for len in [
        0, 1, 4, 5, 8, 4000, 4060, 4061, 16_344, 16_345, 32_688, 32_689, 100_000,
    ] {
        hive.key("Data").binary(&format!("of {len}"), &bytes(len));
    }
    read_back(&hive, &Readers::All);
    hive.minor = 6;
    read_back(&hive, &Readers::All);
    hive.minor = 3;
    read_back(&hive, &Readers::NotNtHive);
    let mut hive = HiveBuilder::with_minor(3);
    hive.key("Data").binary("", &bytes(16_344));
    read_back(&hive, &Readers::All);
    hive.key("Data").binary("", &bytes(20_000));
    read_back(&hive, &Readers::NotNtHive);
}

#[test]
fn keys_are_found_by_name() {
    let mut hive = small(5);
    (0..1500).for_each(|number| {
        hive.key(&format!("ControlSet001\\Services\\s{number}_\u{e4}"));
    });
    let bytes = hive.build();
    let reader = nt_hive::Hive::new(bytes.as_slice()).unwrap();
    let root = reader.root_key_node().unwrap();
    for number in 0..1500 {
        let path = format!("controlset001\\SERVICES\\S{number}_\u{c4}");
        assert!(root.subpath(&path).is_some_and(|key| key.is_ok()), "{path}");
    }
    assert!(
        root.subpath("ControlSet001\\Services\\s1500_\u{e4}")
            .is_none()
    );
}

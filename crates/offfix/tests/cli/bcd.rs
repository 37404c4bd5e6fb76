//! `bcd`: one store, looked at and changed.

use crate::scratch::{Scratch, same_bytes, tree};
use crate::shows;
use testkit::bcd::Store;
use testkit::windows::healthy;

fn of(store: &Store) -> Scratch {
    let scratch = Scratch::with(&healthy());
    std::fs::write(scratch.path().join("BCD"), store.build()).unwrap();
    scratch
}

#[test]
fn listed_as_bcdedit_does() {
    let scratch = of(&Store::uefi_windows());
    shows(&scratch, "bcd-enum", &["bcd", "enum", "--store", "BCD"]);
    shows(
        &scratch,
        "bcd-enum-verbose",
        &["bcd", "enum", "default", "-v", "--store", "BCD"],
    );
    shows(
        &scratch,
        "bcd-enum-all",
        &["bcd", "enum", "all", "--store", "BCD"],
    );
    let json = [
        "bcd",
        "enum",
        "emssettings",
        "--format",
        "json",
        "--store",
        "BCD",
    ];
    shows(&scratch, "bcd-enum-json", &json);
    shows(
        &scratch,
        "bcd-enum-drive",
        &["bcd", "enum", "bootmgr", "--drive", "disk"],
    );
}

#[test]
fn what_does_not_belong_is_listed() {
    let mut store = Store::bios_windows();
    let objects = store.hive.key("Objects");
    let element = objects.key("{Default}\\Elements\\250000C2");
    element.binary("Element", &[1, 0, 0, 0]);
    shows(
        &of(&store),
        "bcd-odd",
        &["bcd", "enum", "all", "--store", "BCD"],
    );
}

#[test]
fn every_change_is_shown_and_undone() {
    let mut store = Store::bios_windows();
    store.without_emssettings();
    let scratch = of(&store);
    let before = std::fs::read(scratch.path().join("BCD")).unwrap();
    for (name, words) in [
        ("bcd-ems", &["ems", "{default}", "on"][..]),
        ("bcd-ems-again", &["ems", "default", "on"]),
        ("bcd-bootems", &["bootems", "{bootmgr}", "on"]),
        (
            "bcd-emssettings",
            &["emssettings", "--port", "2", "--baud", "57600"],
        ),
        ("bcd-timeout", &["timeout", "5"]),
        ("bcd-default", &["default", "{memdiag}"]),
        (
            "bcd-set",
            &["set", "bootmgr", "description", "The", "boot manager"],
        ),
        (
            "bcd-set-list",
            &[
                "set",
                "bootmgr",
                "bootsequence",
                "{memdiag}",
                "{resumeloadersettings}",
            ],
        ),
        (
            "bcd-set-custom",
            &["set", "bootmgr", "custom:16000010", "no"],
        ),
        ("bcd-delete", &["delete", "bootmgr", "toolsdisplayorder"]),
        (
            "bcd-json",
            &["bootems", "bootmgr", "off", "--format", "json"],
        ),
    ] {
        shows(
            &scratch,
            name,
            &[&["bcd"], words, &["--store", "BCD"]].concat(),
        );
    }
    shows(
        &scratch,
        "bcd-export",
        &["bcd", "export", "copy", "--store", "BCD"],
    );
    let (copy, now) = (scratch.path().join("copy"), scratch.path().join("BCD"));
    assert!(std::fs::read(copy).unwrap() == std::fs::read(&now).unwrap());
    for run in (2..=10).rev() {
        scratch
            .run(&["undo", &format!("20260915-0912-{run}"), "--yes"])
            .gives(0);
    }
    shows(&scratch, "bcd-undo", &["undo", "20260915-0912", "--yes"]);
    assert!(std::fs::read(now).unwrap() == before);
}

#[test]
fn the_store_of_a_disk() {
    let scratch = Scratch::with(&healthy());
    let before = tree(&scratch.disk());
    shows(
        &scratch,
        "bcd-drive-timeout",
        &["bcd", "timeout", "5", "--drive", "disk"],
    );
    shows(&scratch, "bcd-drive-log", &["log", "disk"]);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo restores everything");
}

#[test]
fn wrong_words() {
    let scratch = of(&Store::bios_windows());
    let before = std::fs::read(scratch.path().join("BCD")).unwrap();
    for (name, words) in [
        ("bcd-wrong-value", &["set", "bootmgr", "timeout", "yes"][..]),
        ("bcd-wrong-boolean", &["set", "default", "ems", "maybe"]),
        ("bcd-wrong-element", &["set", "bootmgr", "timeuot", "3"]),
        ("bcd-wrong-object", &["set", "{nobody}", "timeout", "3"]),
        ("bcd-wrong-current", &["ems", "{current}", "on"]),
        ("bcd-wrong-entry", &["ems", "{bootmgr}", "on"]),
        ("bcd-wrong-default", &["default", "{globalsettings}"]),
        (
            "bcd-wrong-missing",
            &["enum", "{00000000-0000-0000-0000-000000000001}"],
        ),
        ("bcd-wrong-port", &["emssettings", "--port", "5"]),
        (
            "bcd-wrong-baud",
            &["emssettings", "--port", "1", "--baud", "12345"],
        ),
        (
            "bcd-wrong-device",
            &["set", "default", "device", "partition=C:"],
        ),
        ("bcd-wrong-words", &["timeout"]),
    ] {
        shows(
            &scratch,
            name,
            &[&["bcd"], words, &["--store", "BCD"]].concat(),
        );
    }
    shows(
        &scratch,
        "bcd-wrong-hive",
        &[
            "bcd",
            "enum",
            "--store",
            "disk/Windows/System32/config/SYSTEM",
        ],
    );
    shows(&scratch, "bcd-wrong-nothing", &["bcd", "enum"]);
    std::fs::remove_file(scratch.disk().join("Boot/BCD")).unwrap();
    shows(
        &scratch,
        "bcd-wrong-drive",
        &["bcd", "enum", "--drive", "disk"],
    );
    assert!(std::fs::read(scratch.path().join("BCD")).unwrap() == before);
}

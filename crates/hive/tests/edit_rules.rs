//! Single rules of the editor: sizes, lists, limits, time stamps, least change.
//!
//! Invariants: expectations are numbers from the format. Absent on purpose: random edits.

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use hive::check::check;
use hive::format::{KeySecurity, NIL};
use hive::list::{List, ListKind};
use hive::value::Storage;
use hive::{CellOffset, EditError, Editor, Hive, RegData, RegType};
use support::{Dice, NOW, allocated, rows, rows_of_nt_hive, same_rows, with_checksum};
use testkit::HiveBuilder;
use testkit::build::KEY_TIME;
use zerocopy::FromBytes;

fn open(builder: &HiveBuilder) -> Editor {
    Editor::new(Hive::open(builder.build()).unwrap(), NOW).unwrap()
}

fn binary(len: usize) -> RegData {
    RegData {
        kind: RegType::BINARY,
        bytes: (0..len).map(|at| (at % 251) as u8).collect(),
    }
}

/// Kind and number of entries of the top list of a key, and of its leaves.
fn lists(hive: &Hive, path: &str) -> Vec<(ListKind, usize)> {
    let shape = |list: List<'_>| (list.kind, list.cells().count());
    let top = hive.key(path).unwrap().unwrap().node().subkey_list.get();
    if top == NIL {
        return Vec::new();
    }
    let top = List::at(hive, CellOffset(top)).unwrap();
    let mut all = vec![shape(top)];
    if top.kind == ListKind::Ri {
        all.extend(top.cells().map(|leaf| shape(List::at(hive, leaf).unwrap())));
    }
    all
}

/// The number of cells and bytes the data of a value takes.
fn cells_of_data(hive: &Hive, path: &str, name: &str) -> (Storage, usize) {
    let key = hive.key(path).unwrap().unwrap();
    let value = key.value(name).unwrap().unwrap();
    let total: usize = allocated(hive.bins())
        .values()
        .map(|cell| cell.len() + 4)
        .sum();
    (value.storage(), total)
}

#[test]
fn data_of_every_size_class_takes_the_cells_of_its_class() {
    for (minor, len, expected) in [
        (5, 0, 0),
        (5, 4, 0),
        (5, 5, 16),
        (5, 16_344, 16_352),
        (5, 16_345, 16_352 + 8 + 16 + 16),
        (5, 32_688, 2 * 16_352 + 16 + 16),
        (5, 32_689, 2 * 16_352 + 8 + 16 + 16),
        (5, 100_000, 6 * 16_352 + 1944 + 32 + 16),
        (4, 16_345, 16_352 + 8 + 16 + 16),
        (3, 16_344, 16_352),
        (3, 16_380, 16_384),
        (3, 16_381, 32_768),
        (3, 20_000, 32_768),
        (3, (1 << 20) - 4, 1 << 20),
    ] {
        let mut hive = HiveBuilder::with_minor(minor);
        hive.key("K").binary("V", b"");
        let mut editor = open(&hive);
        let (_, before) = cells_of_data(editor.hive(), "K", "V");
        editor.set_value("K", "V", &binary(len)).unwrap();
        let (storage, after) = cells_of_data(editor.hive(), "K", "V");
        assert_eq!(after - before, expected, "{len} bytes in 1.{minor}");
        let right = match storage {
            Storage::Resident => len <= 4,
            Storage::Cell(_) => len > 4 && (minor < 4 || len <= 16_344),
            Storage::Big(_) => minor >= 4 && len > 16_344,
            Storage::Nothing => false,
        };
        assert!(right, "{storage:?} for {len} bytes in 1.{minor}");
        // And every byte of it is given back.
        editor.set_value("K", "V", &binary(0)).unwrap();
        assert_eq!(
            cells_of_data(editor.hive(), "K", "V").1,
            before,
            "{len} bytes in 1.{minor}"
        );
        assert!(check(&editor.finish().unwrap()).is_clean());
    }
}

#[test]
fn every_size_follows_every_other() {
    let sizes = [
        0, 3, 4, 5, 12, 13, 900, 16_343, 16_344, 16_345, 32_688, 32_689, 50_000,
    ];
    for minor in [3, 5] {
        let mut hive = HiveBuilder::with_minor(minor);
        hive.key("K")
            .sz("First", "x")
            .binary("V", b"")
            .sz("Last", "y");
        let mut editor = open(&hive);
        for from in sizes {
            for to in sizes {
                editor.set_value("K", "V", &binary(from)).unwrap();
                editor.set_value("k", "v", &binary(to)).unwrap();
                let found = editor
                    .hive()
                    .key("K")
                    .unwrap()
                    .unwrap()
                    .value("V")
                    .unwrap()
                    .unwrap();
                assert!(
                    found.read().unwrap() == binary(to),
                    "{from} to {to} in 1.{minor}"
                );
                if let Storage::Cell(at) = found.storage() {
                    let room = editor.hive().cell(at).unwrap().len() + 4;
                    let exact = (to + 4).next_multiple_of(8);
                    let power = exact.next_power_of_two();
                    let wanted = if exact > 16_384 { power } else { exact };
                    assert_eq!(room, wanted, "{from} to {to} in 1.{minor}");
                }
                let report = check(editor.hive());
                // The editor leaves the checksum to the commit, so only cells are judged.
                assert_eq!((report.orphans, report.blocking), (0, 0), "{from} to {to}");
            }
        }
    }
}

#[test]
fn too_much_data_is_refused_and_leaves_no_trace() {
    // With its size field the largest cell of a 1.3 hive has 1 MiB.
    let most = (1 << 20) - 4;
    let mut editor = open(&HiveBuilder::with_minor(3));
    let before = editor.hive().bytes().to_vec();
    for len in [most + 1, 1 << 20, (1 << 20) + 1] {
        match editor.set_value("New", "V", &binary(len)).unwrap_err() {
            EditError::TooLong { limit, .. } => assert_eq!(limit, most),
            other => panic!("{other}"),
        }
    }
    assert!(editor.hive().bytes() == before);
    editor.set_value("New", "V", &binary(0)).unwrap();
    let empty = cells_of_data(editor.hive(), "New", "V").1;
    assert!(editor.set_value("New", "V", &binary(most + 1)).is_err());
    editor.set_value("New", "V", &binary(most)).unwrap();
    let full = cells_of_data(editor.hive(), "New", "V").1;
    assert_eq!(full - empty, 1 << 20);
    editor.finish().unwrap();
}

#[test]
fn lists_grow_as_the_kernel_grows_them() {
    for (minor, start, leaf) in [
        (3, 0, ListKind::Lf),
        (5, 0, ListKind::Lh),
        (5, 900, ListKind::Lh),
    ] {
        let mut hive = HiveBuilder::with_minor(minor);
        hive.key("W");
        for number in 0..start {
            hive.key("W").child(&format!("k{:05}", number * 11));
        }
        let mut editor = open(&hive);
        let mut model = hive.root.clone();
        let mut dice = Dice(42);
        let mut count = start;
        while count < 2300 {
            let name = format!("W\\K{:05}", dice.below(60_000));
            if editor.create_key(&name).unwrap() == 0 {
                continue;
            }
            count += 1;
            model.key(&name);
            let shape = lists(editor.hive(), "W");
            let (top, entries) = shape[0];
            let leaves = &shape[1..];
            if top == ListKind::Ri {
                assert!(count > 1012, "split at {count}");
                assert_eq!(leaves.iter().map(|leaf| leaf.1).sum::<usize>(), count);
                assert!(leaves.iter().all(|leaf| (1..=1012).contains(&leaf.1)));
                let kind = if leaf == ListKind::Lf {
                    ListKind::Li
                } else {
                    leaf
                };
                assert!(leaves.iter().all(|leaf| leaf.0 == kind));
            } else {
                let kind = if leaf == ListKind::Lf && count > 507 {
                    ListKind::Li
                } else {
                    leaf
                };
                assert_eq!((top, entries), (kind, count));
                assert!(count <= 1012);
            }
        }
        let hive = editor.finish().unwrap();
        assert!(check(&hive).is_clean());
        same_rows("wide", &support::rows_of_model(&model), &rows(&hive));
        same_rows(
            "wide, nt-hive",
            &support::rows_of_model(&model),
            &rows_of_nt_hive(&with_checksum(&hive)),
        );
    }
}

#[test]
fn keys_in_order_and_in_reverse_split_right() {
    for reverse in [false, true] {
        for minor in [3, 5] {
            let mut editor = open(&HiveBuilder::with_minor(minor));
            for number in 0..1600 {
                let number = if reverse { 1600 - number } else { number };
                editor.create_key(&format!("{number:05}")).unwrap();
            }
            let hive = editor.finish().unwrap();
            assert!(check(&hive).is_clean());
            assert_eq!(lists(&hive, "")[0].0, ListKind::Ri);
            assert_eq!(hive.root().unwrap().subkeys().unwrap().len(), 1600);
        }
    }
}

#[test]
fn names_at_their_limits() {
    let mut editor = open(&HiveBuilder::new());
    for letter in ["x", "\u{416}"] {
        assert_eq!(editor.create_key(&letter.repeat(255)).unwrap(), 1);
        assert!(matches!(
            editor.create_key(&letter.repeat(256)),
            Err(EditError::Name { .. })
        ));
        let one = RegData::dword(1);
        assert!(
            editor
                .set_value("K", &letter.repeat(16_383), &one)
                .unwrap()
                .changed
        );
        let refused = editor.set_value("K", &letter.repeat(16_384), &one);
        assert!(matches!(refused, Err(EditError::Name { .. })));
    }
    // A character outside the basic plane counts as two.
    assert!(editor.create_key(&"\u{1F600}".repeat(128)).is_err());
    assert_eq!(
        editor
            .create_key(&format!("{}x", "\u{1F600}".repeat(127)))
            .unwrap(),
        1
    );
    // A backslash belongs to a value's name.
    editor.set_value("K", "a\\b", &RegData::dword(2)).unwrap();
    assert!(check(&editor.finish().unwrap()).is_clean());
}

#[test]
fn depth_is_limited_as_the_check_limits_it() {
    let path = |depth: usize| vec!["d"; depth].join("\\");
    let mut editor = open(&HiveBuilder::new());
    let before = editor.hive().bytes().to_vec();
    for depth in [512, 513, 700] {
        assert!(matches!(
            editor.create_key(&path(depth)),
            Err(EditError::Depth { .. })
        ));
        let refused = editor.set_value(&path(depth), "", &RegData::dword(1));
        assert!(matches!(refused, Err(EditError::Depth { .. })));
        assert!(editor.hive().bytes() == before);
    }
    // The root is the first of 512.
    assert_eq!(editor.create_key(&path(511)).unwrap(), 511);
    editor.finish().unwrap();
}

#[test]
fn a_few_small_values_cost_one_bin_at_most() {
    let mut hive = HiveBuilder::new();
    for number in 0..200 {
        hive.key(&format!("K{number}")).dword("A", 1);
    }
    let original = hive.build();
    let mut editor = open(&hive);
    for number in 0..12 {
        editor
            .set_value(&format!("K{number}\\New"), "Start", &RegData::dword(2))
            .unwrap();
        editor
            .set_value(&format!("K{number}"), "A", &RegData::dword(2))
            .unwrap();
    }
    let edited = editor.finish().unwrap();
    assert!(edited.bytes().len() <= original.len() + 4096);
}

#[test]
fn time_stamps_and_maxima_follow_the_edit_and_nothing_else_does() {
    let mut hive = HiveBuilder::new();
    hive.key("A\\B").dword("Value", 1).sz("Text", "abc");
    hive.key("A\\C").dword("Value", 1);
    let mut editor = open(&hive);
    editor
        .set_value("A\\B", "Value", &RegData::dword(1))
        .unwrap();
    assert!(!editor.delete_value("A\\B", "None").unwrap());
    assert_eq!(editor.create_key("A\\B").unwrap(), 0);
    assert!(
        editor.hive().bytes() == hive.build(),
        "nothing was to be done"
    );
    editor.set_value("A\\B", "VALUE", &binary(700)).unwrap();
    editor.create_key("A\\C\\Longer name").unwrap();
    let edited = editor.finish().unwrap();
    let node = |path: &str| *edited.key(path).unwrap().unwrap().node();
    for (path, time) in [
        ("", KEY_TIME),
        ("A", KEY_TIME),
        ("A\\B", NOW),
        ("A\\C", NOW),
        ("A\\C\\Longer name", NOW),
    ] {
        assert_eq!(node(path).last_written.get(), time, "{path}");
    }
    assert_eq!(node("A\\B").max_value_data_len.get(), 700);
    assert_eq!(node("A\\B").max_value_name_len.get(), 10);
    assert_eq!(node("A\\C").max_name_len.get(), 22);
    let names: Vec<String> = edited
        .key("A\\B")
        .unwrap()
        .unwrap()
        .values()
        .unwrap()
        .iter()
        .map(|value| value.name().to_string())
        .collect();
    assert_eq!(names, ["Value", "Text"], "order and case stay");
    let fresh = node("A\\C\\Longer name");
    assert_eq!(
        (fresh.flags.get(), fresh.class.get(), fresh.work_var.get()),
        (0x20, NIL, 0)
    );
    assert_eq!(
        (fresh.volatile_subkey_list.get(), fresh.access_bits),
        (NIL, 0)
    );
}

#[test]
fn the_last_value_takes_its_list_and_maxima_with_it() {
    let mut hive = HiveBuilder::new();
    hive.key("K").dword("A", 1).binary("B", &[1; 50]);
    let bare = {
        let mut hive = HiveBuilder::new();
        hive.key("K");
        allocated(Hive::open(hive.build()).unwrap().bins()).len()
    };
    let mut editor = open(&hive);
    assert!(editor.delete_value("k", "b").unwrap());
    assert!(editor.delete_value("k", "a").unwrap());
    let edited = editor.finish().unwrap();
    let node = *edited.key("K").unwrap().unwrap().node();
    assert_eq!((node.value_count.get(), node.value_list.get()), (0, NIL));
    assert_eq!(
        (node.max_value_name_len.get(), node.max_value_data_len.get()),
        (0, 0)
    );
    assert_eq!(allocated(edited.bins()).len(), bare);
}

#[test]
fn value_lists_grow_beyond_a_hundred_and_shrink_again() {
    let mut editor = open(&HiveBuilder::new());
    for number in 0..350_u32 {
        editor
            .set_value("K", &format!("V{number}"), &RegData::dword(number))
            .unwrap();
    }
    for number in (0..350).filter(|number| number % 3 != 0) {
        assert!(editor.delete_value("K", &format!("v{number}")).unwrap());
    }
    let edited = editor.finish().unwrap();
    assert!(check(&edited).is_clean());
    let values = edited.key("K").unwrap().unwrap().values().unwrap();
    let wanted: Vec<String> = (0..350)
        .filter(|number| number % 3 == 0)
        .map(|number| format!("V{number}"))
        .collect();
    let names: Vec<String> = values
        .iter()
        .map(|value| value.name().to_string())
        .collect();
    assert_eq!(names, wanted);
}

#[test]
fn a_new_key_shares_its_parents_descriptor_and_virtual_flags() {
    let mut hive = HiveBuilder::new();
    let lone = hive.descriptor(testkit::build::security::descriptor(
        &testkit::build::security::users(),
        &testkit::build::security::users(),
        &[],
    ));
    hive.key("P").security = lone;
    hive.key("P").user_flags = 0xA1;
    hive.key("Q").user_flags = 0x21;
    let mut editor = open(&hive);
    editor.create_key("P\\x\\y").unwrap();
    editor.create_key("Q\\x").unwrap();
    let edited = editor.finish().unwrap();
    let node = |path: &str| *edited.key(path).unwrap().unwrap().node();
    assert_eq!(node("P\\x\\y").security, node("P").security);
    let cell = edited.cell(CellOffset(node("P").security.get())).unwrap();
    let (security, _) = KeySecurity::read_from_prefix(cell).unwrap();
    assert_eq!(security.reference_count.get(), 3);
    assert_eq!(
        (node("P\\x").user_flags, node("P\\x\\y").user_flags),
        (0xA0, 0xA0)
    );
    assert_eq!(node("Q\\x").user_flags, 0);
}

#[test]
fn a_full_reference_count_is_refused_without_a_trace() {
    let mut file = HiveBuilder::new().build();
    let hive = Hive::open(file.clone()).unwrap();
    let at = 4096 + 4 + hive.root().unwrap().node().security.get() as usize + 12;
    file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut editor = Editor::new(Hive::open(file.clone()).unwrap(), NOW).unwrap();
    assert!(matches!(
        editor.create_key("a\\b"),
        Err(EditError::Crowded { .. })
    ));
    assert!(editor.hive().bytes() == file);
}

#[test]
fn slack_behind_the_bins_is_used_before_the_file_grows() {
    let mut hive = HiveBuilder::new();
    hive.trailing = 3 * 4096 + 100;
    let mut file = hive.build();
    let len = file.len();
    file[len - hive.trailing..].fill(0xEE);
    let mut editor = Editor::new(Hive::open(file.clone()).unwrap(), NOW).unwrap();
    editor.set_value("", "V", &binary(9000)).unwrap();
    assert_eq!(editor.hive().bytes().len(), len);
    let before = editor.hive().bytes().to_vec();
    editor.create_key(&"x".repeat(256)).unwrap_err();
    assert!(editor.hive().bytes() == before);
    editor.set_value("", "W", &binary(9000)).unwrap();
    assert!(editor.hive().bytes().len() > len);
}

//! What other registry writers get wrong, one test each; the names say what is right.
//!
//! Invariants: each test stands alone; expectations are numbers and trees of the format. Absent
//! on purpose: the depth of the same questions (see the tests of editor, recovery and commit).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use hive::check::check;
use hive::commit::{self, CommitError, Files, Method};
use hive::list::{List, ListKind};
use hive::value::Storage;
use hive::{CellOffset, Editor, Hive, RegData, RegType};
use support::commits::{self, Case, SEQUENCE};
use support::logs::{old, renumber, through};
use support::{
    Dice, NOW, allocated, descriptor, may_change, rows, rows_of_nt_hive, rows_of_regf, same_rows,
    security_counts, untouched, with_checksum,
};
use testkit::HiveBuilder;

fn open(builder: &HiveBuilder) -> Editor {
    Editor::new(Hive::open(builder.build()).unwrap(), NOW).unwrap()
}

fn binary(len: usize) -> RegData {
    RegData {
        kind: RegType::BINARY,
        bytes: (0..len).map(|at| (at % 251) as u8).collect(),
    }
}

/// Two states of a hive, and the first one dirty.
fn two_states() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let first = commits::builder().build();
    let mut editor = Editor::new(Hive::open(first.clone()).unwrap(), NOW - 1).unwrap();
    editor
        .set_value("Set\\Key3\\Pending", "", &binary(700))
        .unwrap();
    let second = with_checksum(&editor.finish().unwrap());
    let mut dirty = first.clone();
    renumber(&mut dirty, SEQUENCE + 1, SEQUENCE);
    (first, second, dirty)
}

#[test]
fn item_1_logs_are_replayed_before_an_edit_and_refused_when_they_do_not_fit() {
    let (first, second, dirty) = two_states();
    for fits in [true, false] {
        let number = if fits { SEQUENCE } else { SEQUENCE - 1 };
        let mut files = Files {
            primary: dirty.clone(),
            log1: Some(through(&[first.clone(), second.clone()], number)),
            log2: Some(Vec::new()),
            log: None,
        };
        if !fits {
            let edited = Hive::open(second.clone()).unwrap();
            let refused = commit::commit(&files, &edited, Method::NewLog);
            assert!(matches!(refused, Err(CommitError::Recover(_))));
            continue;
        }
        let loaded = hive::recover(&files).unwrap().hive;
        let mut editor = Editor::new(loaded, NOW).unwrap();
        editor
            .set_value("Set\\Key9", "A", &RegData::dword(5))
            .unwrap();
        let edited = editor.finish().unwrap();
        let actions = commit::commit(&files, &edited, Method::NewLog).unwrap();
        commit::perform(&mut files, &actions);
        let done = Hive::open(files.primary).unwrap();
        let pending = done.key("Set\\Key3\\Pending").unwrap().unwrap();
        assert_eq!(
            pending.value("").unwrap().unwrap().read().unwrap(),
            binary(700)
        );
        let new = done.key("Set\\Key9").unwrap().unwrap();
        let value = new.value("A").unwrap().unwrap().read().unwrap();
        assert_eq!(value, RegData::dword(5));
    }
}

#[test]
fn item_2_an_edit_of_one_value_leaves_every_other_cell_alone() {
    let mut hive = HiveBuilder::new();
    hive.holes = Some(8);
    hive.key("K")
        .binary("Big", &[1; 16_345])
        .binary("Bigger", &[2; 81_725])
        .sz("Text", "text")
        .dword("Number", 1);
    hive.key("K\\Below").dword("Number", 1);
    let before = Hive::open(hive.build()).unwrap();
    for (name, data) in [
        ("Number", RegData::dword(2)),
        ("Text", binary(900)),
        ("Bigger", binary(3)),
        ("New", binary(50_000)),
    ] {
        let mut editor = Editor::new(before.clone(), NOW).unwrap();
        editor.set_value("K", name, &data).unwrap();
        let after = editor.finish().unwrap();
        untouched(&before, &after, &may_change(&before, "K", Some(name)));
    }
}

#[test]
fn item_3_sizes_around_big_data_are_stored_as_windows_stores_them() {
    for (minor, len, segments) in [
        (5, 16_344, None),
        (5, 16_345, Some(2)),
        (5, 32_688, Some(2)),
        (5, 32_689, Some(3)),
        (3, 16_345, None),
        (3, (1 << 20) - 4, None),
    ] {
        let mut editor = open(&HiveBuilder::with_minor(minor));
        editor.set_value("", "V", &binary(len)).unwrap();
        let hive = editor.finish().unwrap();
        let root = hive.root().unwrap();
        let value = root.value("V").unwrap().unwrap();
        let found = match value.storage() {
            Storage::Big(record) => Some(hive.cell(record).unwrap()[2]),
            _ => None,
        };
        assert_eq!(found, segments, "{len} bytes in 1.{minor}");
        assert_eq!(value.read().unwrap(), binary(len));
    }
    let mut editor = open(&HiveBuilder::with_minor(3));
    assert!(editor.set_value("", "V", &binary((1 << 20) - 3)).is_err());
}

/// The kinds of a key's list and of the leaves below it.
fn kinds(hive: &Hive, path: &str) -> Vec<ListKind> {
    let node = *hive.key(path).unwrap().unwrap().node();
    let Some(top) = CellOffset::new(node.subkey_list.get()) else {
        return Vec::new();
    };
    let top = List::at(hive, top).unwrap();
    let mut kinds = vec![top.kind];
    if top.kind == ListKind::Ri {
        kinds.extend(top.cells().map(|leaf| List::at(hive, leaf).unwrap().kind));
    }
    kinds
}

/// Names whose order is not that of their characters.
fn wide_names(count: usize, dice: &mut Dice) -> Vec<String> {
    let odd = [
        "\u{FF}",
        "\u{178}",
        "\u{B5}",
        "\u{DF}",
        "_",
        "\u{416}",
        "[",
        "\u{1F600}",
    ];
    let mut names: Vec<String> = (0..count)
        .map(|turn| format!("{}{turn}", odd[turn % odd.len()]))
        .collect();
    for turn in (1..count).rev() {
        names.swap(turn, dice.below(turn + 1));
    }
    names
}

#[test]
fn item_4_lists_split_and_convert_at_their_limits_and_shrink_to_nothing() {
    for (minor, full, before, after) in [
        (
            5,
            1012,
            ListKind::Lh,
            [ListKind::Ri, ListKind::Lh, ListKind::Lh].as_slice(),
        ),
        (3, 507, ListKind::Lf, &[ListKind::Li]),
        (
            3,
            1012,
            ListKind::Li,
            &[ListKind::Ri, ListKind::Li, ListKind::Li],
        ),
    ] {
        let mut dice = Dice(full as u64);
        let mut names = wide_names(full + 1, &mut dice);
        let mut editor = open(&HiveBuilder::with_minor(minor));
        editor.create_key("Wide").unwrap();
        let bare = allocated(editor.hive().bins()).len();
        for (turn, name) in names.iter().enumerate() {
            if turn == full {
                assert_eq!(kinds(editor.hive(), "Wide"), [before]);
            }
            editor.create_key(&format!("Wide\\{name}")).unwrap();
        }
        assert_eq!(kinds(editor.hive(), "Wide"), after);
        let twin = Hive::open(with_checksum(editor.hive())).unwrap();
        same_rows("nt-hive", &rows(&twin), &rows_of_nt_hive(twin.bytes()));
        for turn in (1..names.len()).rev() {
            names.swap(turn, dice.below(turn + 1));
        }
        for (turn, name) in names.iter().enumerate() {
            assert_eq!(editor.delete_key(&format!("wide\\{name}")).unwrap(), 1);
            if turn % 97 == 0 || turn + 5 > names.len() {
                let report = check(editor.hive());
                assert!(report.is_clean() && report.orphans == 0, "{turn}");
            }
        }
        assert_eq!(kinds(editor.hive(), "Wide"), []);
        assert_eq!(allocated(editor.hive().bins()).len(), bare);
        let node = *editor.hive().key("Wide").unwrap().unwrap().node();
        assert_eq!((node.subkey_count.get(), node.max_name_len.get()), (0, 0));
    }
}

#[test]
fn item_5_odd_names_are_found_ordered_and_told_apart_as_windows_does() {
    let long = "\u{416}".repeat(255);
    let names = [
        "\u{FF}",
        "\u{178}x",
        "\u{B5}",
        "\u{39C}",
        "\u{DF}",
        "ss",
        "\u{131}",
        "\u{17F}",
        "\u{3A3}",
        "\u{3C2}",
        "\u{180}",
        "\u{1F600}",
        "a\0b",
        "_",
        "[",
        "`",
        "z",
        &long,
    ];
    for minor in [3, 5] {
        let mut editor = open(&HiveBuilder::with_minor(minor));
        editor.create_key("K").unwrap();
        for name in names {
            assert_eq!(
                editor.create_key(&format!("K\\{name}")).unwrap(),
                1,
                "{name:?}"
            );
            editor.set_value("V", name, &RegData::dword(1)).unwrap();
        }
        for twin in ["\u{178}", "\u{3BC}", "\u{3C3}", "Z", "SS", "I", "S"] {
            let new = ["I", "S"].contains(&twin);
            let path = format!("K\\{twin}");
            assert_eq!(
                editor.create_key(&path).unwrap(),
                usize::from(new),
                "{twin:?}"
            );
        }
        assert!(editor.create_key(&format!("K\\{long}x")).is_err());
        let hive = editor.finish().unwrap();
        assert!(check(&hive).is_clean());
        let key = hive.key("K").unwrap().unwrap();
        for name in names {
            assert!(key.subkey(name).unwrap().is_some(), "{name:?}");
        }
        assert_eq!(
            hive.key("V").unwrap().unwrap().values().unwrap().len(),
            names.len()
        );
        same_rows(
            "nt-hive",
            &rows(&hive),
            &rows_of_nt_hive(&with_checksum(&hive)),
        );
    }
}

#[test]
fn item_6_reference_counts_are_exact_after_create_delete_and_set_security() {
    let mut editor = open(&HiveBuilder::new());
    let mine = testkit::build::security::descriptor(
        &testkit::build::security::users(),
        &testkit::build::security::users(),
        &[],
    );
    let exact = |editor: &Editor, cells: usize| {
        let (users, said) = security_counts(editor.hive());
        assert_eq!(users, said);
        let all = allocated(editor.hive().bins());
        let found = all.values().filter(|cell| cell.starts_with(b"sk")).count();
        assert_eq!(found, cells);
        assert_eq!(check(editor.hive()).orphans, 0);
    };
    editor.create_key("A\\B\\C").unwrap();
    exact(&editor, 1);
    assert!(editor.set_security("A\\B", &mine).unwrap());
    assert!(editor.set_security("A", &mine).unwrap());
    exact(&editor, 2);
    let key = editor.hive().key("A\\B").unwrap().unwrap();
    assert!(descriptor(editor.hive(), key) == mine);
    assert!(!editor.set_security("A", &mine).unwrap());
    editor.delete_key("A\\B").unwrap();
    exact(&editor, 2);
    editor.delete_key("A").unwrap();
    exact(&editor, 1);
    assert!(editor.set_security("", &mine).unwrap());
    exact(&editor, 1);
    editor.finish().unwrap();
}

#[test]
fn item_7_a_power_cut_at_any_sector_leaves_old_or_new_in_both_formats_and_states() {
    let (first, second, dirty) = two_states();
    let empty = || Some(Vec::new());
    let files = |primary: &[u8], log1| Files {
        primary: primary.to_vec(),
        log1,
        log2: empty(),
        log: None,
    };
    let states = [first.clone(), second.clone()];
    for (what, files) in [
        ("clean", files(&first, empty())),
        (
            "dirty, new log",
            files(&dirty, Some(through(&states, SEQUENCE))),
        ),
        (
            "dirty, old log",
            files(&dirty, Some(old(&first, &second, SEQUENCE + 1))),
        ),
    ] {
        let case = Case::new(what, files, 8);
        for method in [Method::NewLog, Method::OldLog] {
            case.cut_commits(method);
            case.put_back(method);
        }
    }
}

#[test]
fn item_8_a_1_3_hive_gets_lf_and_li_and_never_lh_or_big_data() {
    let mut editor = open(&HiveBuilder::with_minor(3));
    for number in 0..1100 {
        editor.create_key(&format!("Wide\\Key{number:04}")).unwrap();
    }
    editor.set_value("Wide", "Large", &binary(100_000)).unwrap();
    editor.create_key("Few\\One").unwrap();
    let hive = editor.finish().unwrap();
    assert_eq!(kinds(&hive, "Few"), [ListKind::Lf]);
    let wide = [ListKind::Ri, ListKind::Li, ListKind::Li];
    assert_eq!(kinds(&hive, "Wide"), wide);
    let key = hive.key("Wide").unwrap().unwrap();
    let value = key.value("Large").unwrap().unwrap();
    assert!(matches!(value.storage(), Storage::Cell(_)));
    for cell in allocated(hive.bins()).values() {
        assert!(!cell.starts_with(b"lh") && !cell.starts_with(b"db"));
    }
    let file = with_checksum(&hive);
    assert_eq!(testkit::rules::check(&file), []);
    same_rows("regf", &rows(&hive), &rows_of_regf(&file));
}

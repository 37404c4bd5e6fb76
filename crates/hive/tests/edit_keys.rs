//! Single rules of deleting and renaming keys, of classes and security.
//!
//! Invariants: a refusal leaves every byte; expectations are fields of the format. Absent on
//! purpose: random edits (`edit.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use hive::check::check;
use hive::format::NIL;
use hive::{EditError, Editor, Hive, Key};
use support::{NOW, allocated, descriptor, security_counts};
use testkit::HiveBuilder;
use testkit::build::KEY_TIME;
use testkit::build::security::{self, Ace, KEY_ALL};

fn open(builder: &HiveBuilder) -> Editor {
    Editor::new(Hive::open(builder.build()).unwrap(), NOW).unwrap()
}

fn key<'e>(editor: &'e Editor, path: &str) -> Key<'e> {
    editor.hive().key(path).unwrap().unwrap()
}

/// An operation that must be refused without a trace.
fn refused(editor: &mut Editor, work: impl FnOnce(&mut Editor) -> EditError) -> EditError {
    let before = editor.hive().bytes().to_vec();
    let error = work(editor);
    assert!(editor.hive().bytes() == before, "{error}: left traces");
    error
}

fn mine(count: usize) -> Vec<u8> {
    let ace = Ace::allow(KEY_ALL, security::users());
    security::descriptor(
        &security::administrators(),
        &security::local_system(),
        &vec![ace; count],
    )
}

fn tree() -> HiveBuilder {
    let mut hive = HiveBuilder::new();
    let other = hive.descriptor(mine(9));
    hive.key("Stay").dword("N", 1);
    let gone = hive.key("Go\\Deep");
    gone.class("a class")
        .binary("Big", &[1; 40_000])
        .sz("T", "text");
    gone.security = other;
    hive.key("Go\\Deep\\Deeper").binary("One cell", &[1; 900]);
    for number in 0..1100 {
        hive.key("Go\\Wide").child(&format!("K{number}"));
    }
    hive
}

#[test]
fn a_deleted_tree_leaves_no_cell_behind() {
    let mut without = HiveBuilder::new();
    without.key("Stay").dword("N", 1);
    let wanted: usize = sizes(&Hive::open(without.build()).unwrap());
    let mut editor = open(&tree());
    assert_eq!(editor.delete_key("Go").unwrap(), 1 + 2 + 1 + 1100);
    assert_eq!(sizes(editor.hive()), wanted);
    assert_eq!(editor.delete_key("Go").unwrap(), 0);
    let root = *editor.hive().root().unwrap().node();
    assert_eq!((root.subkey_count.get(), root.last_written.get()), (1, NOW));
    assert_eq!(key(&editor, "Stay").node().last_written.get(), KEY_TIME);
    let report = check(&editor.finish().unwrap());
    assert!(report.is_clean() && report.orphans == 0);
}

/// Bytes in allocated cells.
fn sizes(hive: &Hive) -> usize {
    allocated(hive.bins()).values().map(|cell| cell.len()).sum()
}

#[test]
fn the_last_child_takes_the_list_and_its_maxima_with_it() {
    let mut hive = HiveBuilder::new();
    hive.key("P\\Only").class("a class");
    let mut editor = open(&hive);
    assert!(key(&editor, "P").node().max_class_len.get() > 0);
    // Renaming takes it out of the list for a moment.
    editor.rename_key("P\\Only", "On").unwrap();
    assert_eq!(key(&editor, "P").node().max_class_len.get(), 14);
    editor.delete_key("p\\on").unwrap();
    let node = *key(&editor, "P").node();
    assert_eq!((node.subkey_count.get(), node.subkey_list.get()), (0, NIL));
    assert_eq!((node.max_name_len.get(), node.max_class_len.get()), (0, 0));
}

#[test]
fn a_key_that_must_stay_keeps_the_whole_tree_above_it() {
    let mut hive = tree();
    hive.key("Go\\Deep\\Deeper\\Held").flags = 8;
    hive.key("Far\\Link").flags = 0x10;
    let mut editor = open(&hive);
    for path in ["", "Go", "Go\\Deep", "go\\deep\\deeper\\held", "Far"] {
        let error = refused(&mut editor, |editor| editor.delete_key(path).unwrap_err());
        assert!(
            matches!(error, EditError::Refused { .. }),
            "{path}: {error}"
        );
    }
    for path in ["Far\\Link", "Far\\Link\\Below"] {
        let error = refused(&mut editor, |editor| editor.delete_key(path).unwrap_err());
        assert!(matches!(error, EditError::Link { .. }), "{path}: {error}");
        let error = refused(&mut editor, |editor| {
            editor.rename_key(path, "New").unwrap_err()
        });
        assert!(matches!(error, EditError::Link { .. }), "{path}: {error}");
    }
}

#[test]
fn a_renamed_key_keeps_everything_but_its_name_and_place() {
    for (new, latin1) in [
        ("A", true),
        ("zz a much longer name than before", true),
        ("STAY TOO", true),
        ("\u{FF}", true),
        ("\u{416}\u{416}", false),
        ("\u{1F600}", false),
    ] {
        let mut hive = tree();
        hive.key("Go\\Deep").user_flags = 0x21;
        hive.key("Zulu");
        let mut editor = open(&hive);
        let old = *key(&editor, "Go\\Deep").node();
        assert!(editor.rename_key("go\\deep", new).unwrap());
        assert!(editor.hive().key("Go\\Deep").unwrap().is_none());
        let path = format!("Go\\{new}");
        let moved = key(&editor, &path);
        let units: Vec<u16> = moved.name().units().collect();
        assert_eq!(units, new.encode_utf16().collect::<Vec<u16>>());
        let node = moved.node();
        assert_eq!(node.flags.get() & 0x20 != 0, latin1);
        assert_eq!(node.last_written.get(), NOW);
        assert_eq!((node.class, node.value_list), (old.class, old.value_list));
        assert_eq!(
            (node.security, node.user_flags),
            (old.security, old.user_flags)
        );
        assert_eq!(node.subkey_list, old.subkey_list);
        let child = key(&editor, &format!("{path}\\Deeper"));
        assert_eq!(child.node().parent.get(), moved.offset().0);
        assert_eq!(child.node().last_written.get(), KEY_TIME);
        let parent = *key(&editor, "Go").node();
        assert!(usize::from(parent.max_name_len.get()) >= units.len() * 2);
        assert_eq!(parent.max_class_len.get(), 14);
        assert_eq!(parent.last_written.get(), NOW);
        let report = check(&editor.finish().unwrap());
        assert!(report.is_clean() && report.orphans == 0, "{new}");
    }
}

#[test]
fn a_change_of_case_is_a_rename_and_a_siblings_name_is_refused() {
    let mut editor = open(&tree());
    let before = editor.hive().bytes().to_vec();
    assert!(!editor.rename_key("STAY", "Stay").unwrap());
    assert!(editor.hive().bytes() == before);
    assert!(editor.rename_key("Stay", "sTAY").unwrap());
    assert_eq!(key(&editor, "Stay").name().to_string(), "sTAY");
    for (path, name) in [
        ("Go", "stay"),
        ("Go\\Wide\\K7", "k8"),
        ("", "x"),
        ("None", "x"),
    ] {
        let error = refused(&mut editor, |editor| {
            editor.rename_key(path, name).unwrap_err()
        });
        assert!(
            matches!(error, EditError::Refused { .. }),
            "{path}: {error}"
        );
    }
    for name in ["", "a\\b", &"x".repeat(256)] {
        let error = refused(&mut editor, |editor| {
            editor.rename_key("Go", name).unwrap_err()
        });
        assert!(matches!(error, EditError::Name { .. }), "{name}: {error}");
    }
}

#[test]
fn a_class_comes_changes_and_goes_and_the_parent_knows_its_length() {
    let mut editor = open(&tree());
    let cells = allocated(editor.hive().bins()).len();
    for (class, more) in [
        (vec![1; 6], 1),
        (vec![2; 600], 1),
        (vec![3; 3], 1),
        (Vec::new(), 0),
    ] {
        assert!(editor.set_class("Stay", &class).unwrap());
        assert!(!editor.set_class("Stay", &class).unwrap());
        assert_eq!(key(&editor, "Stay").class().unwrap(), class);
        assert_eq!(allocated(editor.hive().bins()).len(), cells + more);
    }
    let node = *key(&editor, "Stay").node();
    assert_eq!((node.class.get(), node.class_len.get()), (NIL, 0));
    assert_eq!(
        editor.hive().root().unwrap().node().max_class_len.get(),
        600
    );
    let long = vec![1; 65_536];
    for (path, class) in [("Stay", &long[..]), ("None", &long[..2])] {
        refused(&mut editor, |editor| {
            editor.set_class(path, class).unwrap_err()
        });
    }
    assert!(editor.set_class("", &long[..65_535]).unwrap());
    assert!(check(&editor.finish().unwrap()).is_clean());
}

#[test]
fn equal_descriptors_share_a_cell_and_the_last_user_frees_it() {
    let mut editor = open(&tree());
    let cells = |editor: &Editor| {
        let (users, said) = security_counts(editor.hive());
        assert_eq!(users, said);
        let all = allocated(editor.hive().bins());
        let report = check(editor.hive());
        assert!(report.is_clean() && report.orphans == 0);
        all.values().filter(|cell| cell.starts_with(b"sk")).count()
    };
    assert_eq!(cells(&editor), 2);
    let paths = ["Stay", "Go", "Go\\Deep\\Deeper", "Go\\Wide\\K1", ""];
    for (turn, path) in paths.iter().enumerate() {
        assert!(editor.set_security(path, &mine(1)).unwrap());
        assert_eq!(cells(&editor), 3, "{turn}");
        assert!(descriptor(editor.hive(), key(&editor, path)) == mine(1));
        assert_eq!(key(&editor, path).node().last_written.get(), NOW);
    }
    for (turn, path) in paths.iter().enumerate() {
        assert!(editor.set_security(path, &mine(turn + 20)).unwrap());
        let shared = usize::from(turn + 1 < paths.len());
        assert_eq!(cells(&editor), 2 + shared + turn + 1, "{turn}");
    }
    for path in paths {
        assert!(editor.set_security(path, &mine(9)).unwrap());
    }
    assert_eq!(cells(&editor), 2);
    editor.delete_key("Go").unwrap();
    assert_eq!(cells(&editor), 1);
}

#[test]
fn what_windows_would_not_accept_as_a_descriptor_is_refused() {
    let mut editor = open(&tree());
    let good = mine(2);
    let with = |at: usize, byte: u8| {
        let mut bad = good.clone();
        bad[at] = byte;
        bad
    };
    for bad in [
        Vec::new(),
        good[..19].to_vec(),
        good[..good.len() - 1].to_vec(),
        // Revision, self-relative, owner, DACL, and the size of that.
        with(0, 2),
        with(3, 0),
        with(5, 0xFF),
        with(17, 0xFF),
        with(23, 0xFF),
    ] {
        let error = refused(&mut editor, |editor| {
            editor.set_security("Stay", &bad).unwrap_err()
        });
        assert!(matches!(error, EditError::Refused { .. }), "{error}");
    }
    refused(&mut editor, |editor| {
        editor.set_security("None", &good).unwrap_err()
    });
}

//! Thousands of edits on each real hive: the tree is as it was but for them, for every reader.
//!
//! Invariants: real hives lie beside the checkout; a test says so when one is missing. Absent on
//! purpose: committing them (see the crate `volume`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use hive::check::check;
use hive::{Editor, Hive, RegData, RegType};
use std::process::Command;
use support::{Dice, Item, NOW, Row, Touched, descriptor, may_change, rows, same_rows, shared};

/// Each with the reason why an edit may meet something special in it.
const HIVES: [&str; 4] = [
    "sys-win7sp1-2controlsets",
    "sys-xpsp3-controlset-1-and-3",
    "sys-win10-16299-dirty.EXPECTED-yarp",
    "software-hkcu-partial",
];

/// A random key that edits may touch, and its place in the rows.
fn pick(hive: &Hive, rows: &[Row], dice: &mut Dice) -> usize {
    loop {
        let place = dice.below(rows.len());
        let mut key = hive.root().unwrap();
        let mut plain = true;
        for name in &rows[place].path {
            let Ok(name) = String::from_utf16(name) else {
                plain = false;
                break;
            };
            key = key.subkey(&name).unwrap().unwrap();
            plain &= !key.flags().contains(hive::format::KeyFlags::SYM_LINK);
        }
        if plain {
            return place;
        }
    }
}

fn joined(path: &[Vec<u16>]) -> String {
    let names: Vec<String> = path
        .iter()
        .map(|name| String::from_utf16(name).unwrap())
        .collect();
    names.join("\\")
}

/// One random edit of hive and model; notes what it may touch.
fn edit(
    editor: &mut Editor,
    rows: &mut Vec<Row>,
    dice: &mut Dice,
    turn: usize,
    touched: &mut Touched,
) {
    let place = pick(editor.hive(), rows, dice);
    let path = joined(&rows[place].path);
    match dice.below(10) {
        0 => delete_key(editor, rows, place, touched),
        1 => rename_key(editor, rows, place, dice, turn, touched),
        2 => {
            touched.set(editor.hive(), &path);
            let class: Vec<u8> = (0..dice.below(30)).flat_map(|_| [b'c', 0]).collect();
            let differs = rows[place].class != class;
            assert_eq!(editor.set_class(&path, &class).unwrap(), differs);
            rows[place].class = class;
        }
        3 => {
            touched.set(editor.hive(), &path);
            let other = pick(editor.hive(), rows, dice);
            let other = joined(&rows[other].path);
            let key = editor.hive().key(&other).unwrap().unwrap();
            let wanted = descriptor(editor.hive(), key).to_vec();
            editor.set_security(&path, &wanted).unwrap();
            let key = editor.hive().key(&path).unwrap().unwrap();
            assert!(descriptor(editor.hive(), key) == wanted);
        }
        4 => {
            let name = odd_name(dice, turn);
            let new = format!("{path}\\{name}");
            touched
                .changed
                .extend(may_change(editor.hive(), &new, None));
            assert_eq!(editor.create_key(&new).unwrap(), 1);
            let name: Vec<u16> = name.encode_utf16().collect();
            let at = place_of(rows, place, &name);
            let row = Row {
                path: [rows[place].path.clone(), vec![name]].concat(),
                class: Vec::new(),
                values: Vec::new(),
            };
            rows.insert(at, row);
        }
        _ => edit_value(editor, &mut rows[place], dice, turn, touched),
    }
}

fn edit_value(
    editor: &mut Editor,
    row: &mut Row,
    dice: &mut Dice,
    turn: usize,
    touched: &mut Touched,
) {
    let path = joined(&row.path);
    let size = [0, 1, 4, 5, 40, 300, 300, 300, 5000, 16_344, 16_345, 40_000][dice.below(12)];
    let data = RegData {
        kind: RegType(dice.below(13) as u32),
        bytes: vec![turn as u8; size],
    };
    let item = |name: Vec<u16>| -> Item { (name, data.kind.0, Some(data.bytes.clone())) };
    let values = &mut row.values;
    let old = (!values.is_empty()).then(|| dice.below(values.len()));
    let old = old.filter(|&old| String::from_utf16(&values[old].0).is_ok());
    let name = match old {
        Some(old) => String::from_utf16(&values[old].0).unwrap(),
        None => format!("offline test {turn}"),
    };
    let may = may_change(editor.hive(), &path, Some(&name));
    touched.changed.extend(may);
    match (dice.below(3), old) {
        (0, Some(old)) => {
            values.remove(old);
            assert!(editor.delete_value(&path, &name).unwrap());
        }
        (_, Some(old)) => {
            values[old] = item(values[old].0.clone());
            editor.set_value(&path, &name, &data).unwrap();
        }
        (_, None) => {
            values.push(item(name.encode_utf16().collect()));
            editor.set_value(&path, &name, &data).unwrap();
        }
    }
}

fn odd_name(dice: &mut Dice, turn: usize) -> String {
    let front = ["zz_\u{FF}", "_\u{E9}", "0", "[", "\u{416}"][dice.below(5)];
    format!("{front}{turn}")
}

/// The rows of a key and of everything below it.
fn subtree(rows: &[Row], place: usize) -> std::ops::Range<usize> {
    let top = &rows[place].path;
    let len = rows[place..]
        .iter()
        .take_while(|row| row.path.starts_with(top));
    place..place + len.count()
}

/// Whether a key or one below it may not be deleted.
fn held(key: hive::Key<'_>) -> bool {
    use hive::format::KeyFlags;
    key.flags()
        .intersects(KeyFlags::NO_DELETE | KeyFlags::SYM_LINK)
        || key.subkeys().unwrap().into_iter().any(held)
}

fn delete_key(editor: &mut Editor, rows: &mut Vec<Row>, place: usize, touched: &mut Touched) {
    let below = subtree(rows, place);
    // Ten thousand of these would leave nothing to edit.
    if place == 0 || below.len() > 12 {
        return;
    }
    let path = joined(&rows[place].path);
    touched.delete(editor.hive(), &path);
    if held(editor.hive().key(&path).unwrap().unwrap()) {
        assert!(editor.delete_key(&path).is_err());
        return;
    }
    assert_eq!(editor.delete_key(&path).unwrap(), below.len());
    rows.drain(below);
}

fn rename_key(
    editor: &mut Editor,
    rows: &mut Vec<Row>,
    place: usize,
    dice: &mut Dice,
    turn: usize,
    touched: &mut Touched,
) {
    use hive::format::KeyFlags;
    let path = joined(&rows[place].path);
    let key = editor.hive().key(&path).unwrap().unwrap();
    if place == 0 || key.flags().contains(KeyFlags::NO_DELETE) {
        assert!(editor.rename_key(&path, "new").is_err());
        return;
    }
    touched.rename(editor.hive(), &path);
    let name = odd_name(dice, turn);
    assert!(editor.rename_key(&path, &name).unwrap());
    let depth = rows[place].path.len();
    let name: Vec<u16> = name.encode_utf16().collect();
    let above = rows[place].path[..depth - 1].to_vec();
    let parent = rows[..place].iter().rposition(|row| row.path == above);
    let below = subtree(rows, place);
    let mut moved: Vec<Row> = rows.drain(below).collect();
    for row in &mut moved {
        row.path[depth - 1].clone_from(&name);
    }
    let at = place_of(rows, parent.unwrap(), &name);
    rows.splice(at..at, moved);
}

/// Where enumeration shows a child: behind the smaller siblings and all below them.
fn place_of(rows: &[Row], parent: usize, name: &[u16]) -> usize {
    let above = &rows[parent].path;
    let mut at = parent + 1;
    while let Some(row) = rows.get(at).filter(|row| row.path.starts_with(above)) {
        if testkit::upcase::compare(&row.path[above.len()], name).is_gt() {
            break;
        }
        at += 1;
    }
    at
}

/// Edits of each hive: all of them take a minute of an optimized build.
const EDITS: usize = if cfg!(debug_assertions) {
    1_000
} else {
    10_000
};

#[test]
fn thousands_of_edits_change_what_they_say_and_nothing_else() {
    for (turn, name) in HIVES.iter().enumerate() {
        let Some(file) = shared(name) else { continue };
        let before = Hive::open(file).unwrap();
        let own = check(&before);
        let mut model = rows(&before);
        let mut editor = Editor::new(before.clone(), NOW).unwrap();
        let mut touched = Touched::default();
        let mut dice = Dice(77 + turn as u64);
        for turn in 0..EDITS {
            edit(&mut editor, &mut model, &mut dice, turn, &mut touched);
            if turn % 100 == 99 {
                let report = check(editor.hive());
                assert!(report.is_sound(), "{name}: {:?}", report.defects);
                assert!(report.total <= own.total, "{name}: {:?}", report.defects);
                assert_eq!(report.orphans, own.orphans, "{name}");
            }
        }
        let after = editor.finish().unwrap();
        same_rows(name, &model, &rows(&after));
        let file = support::with_checksum(&after);
        same_rows(name, &model, &support::rows_of_nt_hive(&file));
        same_rows(name, &model, &support::rows_of_regf(&file));
        touched.nothing_else(&before, &after);
        hivex_reads(&file, model.len());
    }
}

/// hivexregedit, where it is installed, exports every key.
fn hivex_reads(file: &[u8], keys: usize) {
    let path = std::env::temp_dir().join(format!("hive-edit-{}-{keys}", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let export = Command::new("hivexregedit")
        .arg("--export")
        .arg(&path)
        .arg("\\")
        .output();
    std::fs::remove_file(&path).unwrap();
    match export {
        Err(_) => println!("skipped: hivexregedit is not installed"),
        Ok(output) => {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let headings = output.stdout.split(|&byte| byte == b'\n');
            let found = headings.filter(|line| line.starts_with(b"[")).count();
            assert!(found >= keys, "{found} of {keys} keys");
        }
    }
}

#[test]
fn an_edit_that_changes_nothing_changes_no_byte_of_a_real_hive() {
    for name in HIVES {
        let Some(file) = shared(name) else { continue };
        let hive = Hive::open(file.clone()).unwrap();
        let all = rows(&hive);
        let mut dice = Dice(5);
        let mut editor = Editor::new(hive.clone(), NOW).unwrap();
        for _ in 0..200 {
            let row = &all[pick(&hive, &all, &mut dice)];
            for (name, kind, data) in &row.values {
                let Ok(name) = String::from_utf16(name) else {
                    continue;
                };
                let bytes = data.clone().unwrap();
                let data = RegData {
                    kind: RegType(*kind),
                    bytes,
                };
                let done = editor.set_value(&joined(&row.path), &name, &data).unwrap();
                assert!(!done.changed);
            }
        }
        assert!(editor.finish().unwrap().bytes() == file, "{name}");
    }
}

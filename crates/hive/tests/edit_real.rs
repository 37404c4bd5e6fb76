//! Two hundred edits on each real hive: the tree is as it was but for them, for every reader.
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
use std::collections::BTreeSet;
use std::process::Command;
use support::{Dice, Item, NOW, Row, may_change, rows, same_rows, shared, untouched};

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

/// One random edit of hive and model; answers path and value, for what it may change.
fn edit(
    editor: &mut Editor,
    rows: &mut Vec<Row>,
    dice: &mut Dice,
    turn: usize,
) -> (String, Option<String>) {
    let place = pick(editor.hive(), rows, dice);
    let path = joined(&rows[place].path);
    let size = [0, 1, 4, 5, 40, 300, 5000, 16_344, 16_345, 40_000][dice.below(10)];
    let data = RegData {
        kind: RegType(dice.below(13) as u32),
        bytes: vec![turn as u8; size],
    };
    let item = |name: Vec<u16>| -> Item { (name, data.kind.0, Some(data.bytes.clone())) };
    let values = &mut rows[place].values;
    let old = (!values.is_empty()).then(|| dice.below(values.len()));
    let old = old.filter(|&old| String::from_utf16(&values[old].0).is_ok());
    match (dice.below(4), old) {
        (0, Some(old)) => {
            let name = String::from_utf16(&values.remove(old).0).unwrap();
            assert!(editor.delete_value(&path, &name).unwrap());
            (path, Some(name))
        }
        (1, Some(old)) => {
            let name = String::from_utf16(&values[old].0).unwrap();
            values[old] = item(values[old].0.clone());
            editor.set_value(&path, &name, &data).unwrap();
            (path, Some(name))
        }
        (2, _) => {
            let name = format!("offline test {turn}");
            values.push(item(name.encode_utf16().collect()));
            editor.set_value(&path, &name, &data).unwrap();
            (path, Some(name))
        }
        _ => {
            let name = ["zz_\u{FF}", "_\u{E9}", "0", "[", "\u{416}"][dice.below(5)];
            let new = format!("{path}\\{name}{turn}");
            assert_eq!(editor.create_key(&new).unwrap(), 1);
            insert(
                rows,
                place,
                format!("{name}{turn}").encode_utf16().collect(),
            );
            (new, None)
        }
    }
}

/// Puts a new key where enumeration shows it: behind the smaller siblings and all below them.
fn insert(rows: &mut Vec<Row>, parent: usize, name: Vec<u16>) {
    let above = rows[parent].path.clone();
    let depth = above.len();
    let mut at = parent + 1;
    while let Some(row) = rows.get(at).filter(|row| row.path.starts_with(&above)) {
        let sibling = &row.path[depth];
        if testkit::upcase::compare(sibling, &name).is_gt() {
            break;
        }
        at += 1;
    }
    let path = [above, vec![name]].concat();
    rows.insert(
        at,
        Row {
            path,
            class: Vec::new(),
            values: Vec::new(),
        },
    );
}

#[test]
fn two_hundred_edits_change_what_they_say_and_nothing_else() {
    for (turn, name) in HIVES.iter().enumerate() {
        let Some(file) = shared(name) else { continue };
        let before = Hive::open(file).unwrap();
        let orphans = check(&before).orphans;
        let mut model = rows(&before);
        let mut editor = Editor::new(before.clone(), NOW).unwrap();
        let mut may = BTreeSet::new();
        let mut dice = Dice(77 + turn as u64);
        for turn in 0..200 {
            let (path, value) = edit(&mut editor, &mut model, &mut dice, turn);
            may.extend(may_change(&before, &path, value.as_deref()));
        }
        let after = editor.finish().unwrap();
        assert_eq!(check(&after).orphans, orphans, "{name}");
        same_rows(name, &model, &rows(&after));
        let file = support::with_checksum(&after);
        same_rows(name, &model, &support::rows_of_nt_hive(&file));
        untouched(&before, &after, &may);
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

//! Upper-case tables of installations: read from `l_intl.nls`, and what hives are under them.
//!
//! Invariants: the file is written by testkit, from the layout alone. Absent on purpose: which
//! file of a disk is taken (see the crate `volume`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use hive::check::{Rule, check};
use hive::list::List;
use hive::upcase::UpcaseError;
use hive::{CellOffset, EditError, Editor, Hive, RegData, Upcase};
use std::collections::HashMap;
use std::path::Path;
use support::NOW;
use testkit::HiveBuilder;
use testkit::upcase::l_intl;

/// Windows had no upper case for this letter before Vista; since then it is U+0243.
const LATE: char = '\u{180}';
/// Sorts between the two.
const BETWEEN: char = '\u{200}';
/// The upper case of the late letter.
const UPPER: char = '\u{243}';

fn windows_10(unit: u16) -> u16 {
    Upcase::built_in().unit(unit)
}

/// The table of a Windows before Vista, as far as these tests go.
fn early() -> Upcase {
    let late = LATE as u16;
    let file = l_intl(|unit| if unit == late { unit } else { windows_10(unit) });
    Upcase::from_l_intl(&file).unwrap()
}

#[test]
fn the_built_in_table_comes_back() {
    let read = Upcase::from_l_intl(&l_intl(windows_10)).unwrap();
    assert_eq!(read, Upcase::built_in());
    assert!((0..=u16::MAX).all(|unit| read.unit(unit) == windows_10(unit)));
    assert_eq!(format!("{read:?}"), "Upcase { built_in: true }");
}

#[test]
fn the_measured_table_is_the_built_in_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts/upcase.tsv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let number = |hex: &str| u16::from_str_radix(hex, 16).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let rows: HashMap<u16, u16> = lines
        .map(|line| line.split_once('\t').unwrap())
        .map(|(unit, upper)| (number(unit), number(upper)))
        .collect();
    assert_eq!(rows.len(), 973);
    let file = l_intl(|unit| rows.get(&unit).copied().unwrap_or(unit));
    assert_eq!(Upcase::from_l_intl(&file), Ok(Upcase::built_in()));
}

#[test]
fn every_unit_of_another_table_is_read() {
    // A distance of its own for every unit above ASCII: nothing in the file is shared.
    let odd = |unit: u16| match unit {
        0..0x80 => windows_10(unit),
        _ => unit.wrapping_mul(7).wrapping_add(unit >> 5),
    };
    let few = |unit: u16| if unit < 0x1000 { odd(unit) } else { unit };
    let read = Upcase::from_l_intl(&l_intl(few)).unwrap();
    assert!((0..=u16::MAX).all(|unit| read.unit(unit) == few(unit)));
    assert_ne!(read, Upcase::built_in());
}

#[test]
fn what_is_no_table_is_refused() {
    let good = l_intl(windows_10);
    let end = 2 + 2 * usize::from(u16::from_le_bytes([good[2], good[3]]));
    for len in 0..end {
        let error = Upcase::from_l_intl(&good[..len]).unwrap_err();
        assert!(matches!(error, UpcaseError::Short { .. }), "{len}: {error}");
    }
    let with = |at: usize, word: u16| {
        let mut file = good.clone();
        file[at..at + 2].copy_from_slice(&word.to_le_bytes());
        Upcase::from_l_intl(&file)
    };
    for words in [0, 1, 255, 256, 700] {
        let error = with(2, words).unwrap_err();
        assert!(
            matches!(error, UpcaseError::Outside { .. }),
            "{words}: {error}"
        );
    }
    // The first level, then the second, leads away.
    let first = usize::from(u16::from_le_bytes([good[4 + 0xFE * 2], good[5 + 0xFE * 2]]));
    for at in [4 + 0xFE * 2, 4 + first * 2] {
        for place in [u16::MAX, 0x7FFF] {
            let error = with(at, place).unwrap_err();
            assert!(
                matches!(error, UpcaseError::Outside { unit: 0xFE00.., .. }),
                "{error}"
            );
        }
    }
    for (from, to) in [('a', 'B'), ('_', 'X'), ('Z', 'z'), ('\0', '\u{80}')] {
        let (from, to) = (from as u16, to as u16);
        let file = l_intl(|unit| if unit == from { to } else { windows_10(unit) });
        let error = Upcase::from_l_intl(&file).unwrap_err();
        let expected = windows_10(from);
        assert_eq!(
            error,
            UpcaseError::Ascii {
                unit: from,
                found: to,
                expected
            }
        );
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let good = l_intl(windows_10);
    let mut dice = support::Dice(11);
    for _ in 0..300 {
        let mut file = good.clone();
        for _ in 0..=dice.below(4) {
            let at = dice.below(file.len());
            file[at] = dice.roll() as u8;
        }
        file.truncate(file.len() - dice.below(3) * dice.below(2000));
        let _ = Upcase::from_l_intl(&file);
    }
}

/// The names of the root's subkeys, in list order, and the hashes beside them.
fn listed(hive: &Hive) -> Vec<(String, u32)> {
    let root = hive.root().unwrap();
    let list = List::at(hive, CellOffset(root.node().subkey_list.get())).unwrap();
    let keys = root.subkeys().unwrap().into_iter().enumerate();
    keys.map(|(place, key)| (key.name().to_string(), list.mark(place).unwrap()))
        .collect()
}

/// A hive with both letters as keys, made under the early table.
fn under_early() -> Hive {
    let empty = Hive::open(HiveBuilder::new().build()).unwrap();
    let mut editor = Editor::new(empty.with_upcase(early()), NOW).unwrap();
    for letter in [BETWEEN, LATE] {
        editor.create_key(&letter.to_string()).unwrap();
    }
    for name in [UPPER, LATE] {
        let data = RegData::sz(&name.to_string());
        editor.set_value("", &name.to_string(), &data).unwrap();
    }
    editor.finish().unwrap()
}

#[test]
fn edits_go_by_the_hives_own_table() {
    let hive = under_early();
    assert!(!format!("{:?}", hive.upcase()).contains("true"));
    let expected = [LATE, BETWEEN].map(|letter| (letter.to_string(), letter as u32));
    assert_eq!(listed(&hive), expected);
    let mut editor = Editor::new(hive, NOW).unwrap();
    // To this Windows the upper case of the late letter is another letter.
    assert_eq!(editor.create_key(&UPPER.to_string()).unwrap(), 1);
    // The first key of a list has its hash by the same table.
    assert_eq!(editor.create_key(&format!("{UPPER}\\{LATE}")).unwrap(), 1);
    let hive = editor.finish().unwrap();
    let names: Vec<String> = listed(&hive).into_iter().map(|row| row.0).collect();
    assert_eq!(names, [LATE, BETWEEN, UPPER].map(String::from));
}

#[test]
fn lookup_goes_by_the_hives_own_table() {
    let text = |hive: &Hive, name: char| {
        let value = hive.root().unwrap().value(&name.to_string()).unwrap();
        value.map(|value| value.read().unwrap().as_text().unwrap())
    };
    let hive = under_early();
    let key = |hive: &Hive, name: char| {
        let key = hive.key(&name.to_string()).unwrap();
        key.map(|key| key.name().to_string())
    };
    assert_eq!(key(&hive, LATE), Some(LATE.to_string()));
    assert_eq!(key(&hive, UPPER), None);
    assert_eq!(text(&hive, LATE), Some(LATE.to_string()));
    let file = support::with_checksum(&hive);
    let hive = Hive::open(file).unwrap();
    // The first of two values that are one to Windows 10.
    assert_eq!(text(&hive, LATE), Some(UPPER.to_string()));
    let mut builder = HiveBuilder::new();
    builder.key(&LATE.to_string());
    let hive = Hive::open(builder.build()).unwrap();
    assert_eq!(key(&hive, UPPER), Some(LATE.to_string()));
    assert_eq!(key(&hive.with_upcase(early()), UPPER), None);
}

#[test]
fn a_list_in_the_order_of_another_table_is_not_edited() {
    let file = support::with_checksum(&under_early());
    let report = check(&Hive::open(file.clone()).unwrap());
    let rules: Vec<Rule> = report.defects.iter().map(|defect| defect.rule).collect();
    for rule in [Rule::L7, Rule::L8, Rule::V9] {
        assert!(rules.contains(&rule), "{rule} is not in {rules:?}");
    }
    let refused = |hive: Hive, rule: Rule| match Editor::new(hive, NOW).unwrap_err() {
        EditError::Unsound(report) => {
            let found = report.defects.iter().find(|defect| defect.rule == rule);
            assert!(found.is_some_and(|defect| defect.blocks_edit), "{report:?}");
        }
        other => panic!("{other}"),
    };
    refused(Hive::open(file.clone()).unwrap(), Rule::L7);
    assert!(Editor::new(Hive::open(file).unwrap().with_upcase(early()), NOW).is_ok());

    let mut builder = HiveBuilder::new();
    for letter in [LATE, BETWEEN] {
        builder.key(&letter.to_string());
    }
    let hive = Hive::open(builder.build()).unwrap();
    assert!(check(&hive).is_clean());
    refused(hive.with_upcase(early()), Rule::L7);
}

#[test]
fn two_values_that_are_one_under_another_table_are_seen() {
    let (late, between) = (LATE as u16, BETWEEN as u16);
    let file = l_intl(|unit| {
        if unit == late {
            between
        } else {
            windows_10(unit)
        }
    });
    let mut builder = HiveBuilder::new();
    let root = &mut builder.root;
    root.dword(&LATE.to_string(), 1)
        .dword(&BETWEEN.to_string(), 2);
    let hive = Hive::open(builder.build()).unwrap();
    assert!(check(&hive).is_clean());
    let report = check(&hive.with_upcase(Upcase::from_l_intl(&file).unwrap()));
    let rules: Vec<Rule> = report.defects.iter().map(|defect| defect.rule).collect();
    assert_eq!(rules, [Rule::V9]);
}

#[test]
fn a_stamped_hive_keeps_its_table() {
    let hive = hive::commit::stamp(under_early(), NOW).unwrap();
    assert_eq!(hive.upcase(), &early());
    assert!(check(&hive).is_clean());
    let copy = hive.clone();
    assert_eq!((copy.upcase(), copy.bytes()), (hive.upcase(), hive.bytes()));
}

//! The editor against a model: random edits, read back by three readers.
//!
//! Invariants: the model is the builder's tree with its own upper-case rules; seeds are fixed.
//! Absent on purpose: single rules of lists and values (`edit_rules.rs`), real hives
//! (`edit_real.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use hive::check::check;
use hive::commit::{self, Files, Method};
use hive::{EditError, Editor, Hive, RegData, RegType};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};
use support::{
    Dice, NOW, Row, Touched, descriptor, may_change, rows, rows_of_model, rows_of_nt_hive,
    rows_of_regf, same_rows, security_counts, with_checksum,
};
use testkit::HiveBuilder;

/// Names whose order, case or storage is special.
const NAMES: [&str; 24] = [
    "a",
    "A_",
    "a[",
    "A`",
    "az",
    "Z",
    "\u{FF}",
    "\u{178}",
    "\u{B5}",
    "\u{39C}",
    "\u{DF}",
    "\u{131}",
    "I",
    "\u{17F}",
    "S",
    "\u{E9}t\u{E9}",
    "\u{C9}T\u{C9}",
    "\u{3C2}",
    "\u{3A3}",
    "\u{1F600}",
    "\u{416}abc",
    "with / and .",
    " ",
    "nul\0inside",
];

#[derive(Clone, Debug)]
enum Op {
    Set(String, String, u32, usize),
    Delete(String, String),
    Create(String),
    Refused(u8),
    DeleteKey(u64),
    Rename(u64, NewName),
    Class(u64, usize),
    Security(u64, usize),
}

/// What a key is renamed to.
#[derive(Clone, Debug)]
enum NewName {
    Given(String),
    Upper,
    Lower,
    Longer,
}

fn new_name() -> impl Strategy<Value = NewName> {
    prop_oneof![
        4 => name().prop_map(NewName::Given),
        1 => Just(NewName::Upper),
        1 => Just(NewName::Lower),
        1 => Just(NewName::Longer),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(NAMES.to_vec()).prop_map(str::to_owned),
        6 => (0_u32..4000).prop_map(|number| format!("Key{number:04}x")),
        1 => (0_u8..3).prop_map(|last| format!("{}{last}", "L".repeat(254))),
        1 => (0_u8..3).prop_map(|last| format!("{}{last}", "\u{416}".repeat(254))),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        5 => name().prop_map(|name| format!("Wide\\{name}")),
        3 => vec(name(), 1..4).prop_map(|names| names.join("\\")),
        2 => select(vec!["Few", "fEW\\Below", "Wide", "\\Few\\"]).prop_map(str::to_owned),
    ]
}

fn value_name() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        8 => select(NAMES.to_vec()).prop_map(str::to_owned),
        4 => (0_u32..12).prop_map(|number| format!("Value{number}")),
        1 => (0_u32..9).prop_map(|number| format!("{number}{}", "long".repeat(4000))),
    ]
}

fn op(minor: u32) -> impl Strategy<Value = Op> {
    let kind = prop_oneof![4 => 0_u32..12, 1 => select(vec![0x10003, 0xFFFF_0012, u32::MAX])];
    let large = match minor {
        3 => vec![16_344, 16_345, 20_000, 32_689, (1 << 20) - 4],
        _ => vec![16_344, 16_345, 32_688, 32_689, 100_000],
    };
    let size = prop_oneof![6 => 0_usize..6, 3 => 6_usize..700, 1 => select(large)];
    prop_oneof![
        8 => (path(), value_name(), kind, size).prop_map(|(path, name, kind, size)| Op::Set(
            path, name, kind, size
        )),
        4 => (path(), value_name()).prop_map(|(path, name)| Op::Delete(path, name)),
        4 => path().prop_map(Op::Create),
        1 => (0_u8..14).prop_map(Op::Refused),
        2 => any::<u64>().prop_map(Op::DeleteKey),
        3 => (any::<u64>(), new_name()).prop_map(|(key, name)| Op::Rename(key, name)),
        2 => (any::<u64>(), 0_usize..40).prop_map(|(key, len)| Op::Class(key, len)),
        3 => (any::<u64>(), 0..SECURITIES).prop_map(|(key, which)| Op::Security(key, which)),
    ]
}

/// Number of descriptors the tests give to keys.
const SECURITIES: usize = 4;

/// One of them. None has an entry that a subkey would inherit, so that new keys share it.
fn security(which: usize) -> Vec<u8> {
    use testkit::build::security::{Ace, KEY_ALL, descriptor, local_system, users};
    let ace = Ace {
        flags: 0,
        ..Ace::allow(KEY_ALL, local_system())
    };
    descriptor(&users(), &local_system(), &vec![ace; which])
}

/// A key of the model that operations may touch, by chance.
fn pick(model: &testkit::Key, seed: u64) -> String {
    let mut dice = Dice(seed | 1);
    let (mut key, mut path) = (model, Vec::new());
    while !key.subkeys.is_empty() {
        let next = &key.subkeys[dice.below(key.subkeys.len())];
        let name = String::from_utf16(&next.name).unwrap();
        if ["Link", "Keep", "Holder"].contains(&name.as_str()) {
            continue;
        }
        path.push(name);
        key = next;
        // Whole wide keys go now and then only.
        if dice.below(if key.subkeys.len() > 20 { 20 } else { 2 }) == 0 {
            break;
        }
    }
    path.join("\\")
}

/// A hive whose key `Wide` has `wide` subkeys.
fn builder(minor: u32, wide: usize, leaf_limit: usize, holes: Option<u64>) -> HiveBuilder {
    let mut hive = HiveBuilder::with_minor(minor);
    hive.leaf_limit = leaf_limit;
    hive.holes = holes;
    let all: Vec<usize> = (0..SECURITIES)
        .map(|which| hive.descriptor(security(which)))
        .collect();
    hive.root.security = all[0];
    hive.key("Keep\\Below").flags = 8;
    hive.key("Holder\\Link").flags = 0x10;
    hive.key("Few")
        .class("a class")
        .dword("Value1", 1)
        .sz("value2", "two")
        .binary("", &[7; 90]);
    hive.key("Few\\Below").binary("Value3", &[3; 40_000]);
    hive.key("Wide").security = all[1];
    for number in 0..wide {
        hive.key("Wide")
            .child(&format!("Key{:04}", number * 7 % 4001))
            .dword("N", number as u32);
    }
    let link: Vec<u8> = "\\Registry\\X"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    hive.key("Link").value("SymbolicLinkValue", 6, &link).flags = 0x10;
    hive
}

fn data(kind: u32, size: usize) -> RegData {
    let bytes = (0..size)
        .map(|at| (at * 31 + size + kind as usize) as u8)
        .collect();
    RegData {
        kind: RegType(kind),
        bytes,
    }
}

/// Tries what must be refused and must leave every byte as it is.
fn refuse(editor: &mut Editor, which: u8) {
    let before = editor.hive().bytes().to_vec();
    if which > 5 {
        let error = refused_key(editor, which);
        let expected = match which {
            6 => matches!(error, EditError::Link { .. }),
            7 => matches!(error, EditError::Name { .. }),
            _ => matches!(error, EditError::Refused { .. }),
        };
        assert!(expected, "{which}: {error}");
        assert!(editor.hive().bytes() == before, "{which} left traces");
        return;
    }
    let long = "x".repeat(256);
    let one = data(3, 900);
    let error = match which {
        0 => editor.create_key(&format!("new\\key\\{long}")).unwrap_err(),
        1 => editor
            .set_value(&format!("new\\{long}"), "v", &one)
            .unwrap_err(),
        2 => editor
            .set_value("new", &"v".repeat(16_384), &one)
            .unwrap_err(),
        3 => editor.set_value("Link", "v", &one).unwrap_err(),
        4 => editor.set_value("lINK\\below", "v", &one).unwrap_err(),
        _ => editor
            .delete_value("Link", "SymbolicLinkValue")
            .unwrap_err(),
    };
    match which {
        0..=2 => assert!(matches!(error, EditError::Name { .. }), "{error}"),
        _ => assert!(matches!(error, EditError::Link { .. }), "{error}"),
    }
    assert!(
        editor.hive().bytes() == before,
        "a refused operation left traces"
    );
}

/// Operations on whole keys that are refused.
fn refused_key(editor: &mut Editor, which: u8) -> EditError {
    match which {
        6 => editor.delete_key("Link").unwrap_err(),
        7 => editor.rename_key("Holder", &"x".repeat(256)).unwrap_err(),
        8 => editor.delete_key("").unwrap_err(),
        9 => editor.delete_key("Keep").unwrap_err(),
        10 => editor.delete_key("Holder").unwrap_err(),
        11 => editor.rename_key("Keep\\below", "Other").unwrap_err(),
        12 => editor.set_class("Keep", &[1; 65_536]).unwrap_err(),
        _ => editor.set_security("Keep", &security(1)[..30]).unwrap_err(),
    }
}

/// An operation on a whole key; notes which cells of `editor`'s hive it may touch.
fn apply_key(editor: &mut Editor, model: &mut testkit::Key, op: &Op, touched: &mut Touched) {
    match op {
        Op::DeleteKey(seed) => {
            let path = pick(model, *seed);
            touched.delete(editor.hive(), &path);
            if path.is_empty() {
                assert!(editor.delete_key(&path).is_err());
                return;
            }
            let gone = model.remove(&path).unwrap();
            let wanted = rows_of_model(&gone).len();
            assert_eq!(editor.delete_key(&path).unwrap(), wanted);
            assert_eq!(editor.delete_key(&path).unwrap(), 0);
        }
        Op::Rename(seed, name) => rename(editor, model, &pick(model, *seed), name, touched),
        Op::Class(seed, len) => {
            let path = pick(model, *seed);
            touched.set(editor.hive(), &path);
            let class: Vec<u8> = "c".repeat(*len).bytes().flat_map(|c| [c, 0]).collect();
            let key = model.key(&path);
            assert_eq!(editor.set_class(&path, &class).unwrap(), key.class != class);
            key.class = class;
        }
        Op::Security(seed, which) => {
            let path = pick(model, *seed);
            touched.set(editor.hive(), &path);
            let key = model.key(&path);
            // The builder's own descriptor comes first.
            let differs = key.security != which + 1;
            let done = editor.set_security(&path, &security(*which)).unwrap();
            assert_eq!(done, differs);
            key.security = which + 1;
        }
        _ => panic!("not on a whole key"),
    }
}

fn rename(
    editor: &mut Editor,
    model: &mut testkit::Key,
    path: &str,
    name: &NewName,
    touched: &mut Touched,
) {
    if path.is_empty() {
        return;
    }
    let (parent, own) = path.rsplit_once('\\').unwrap_or(("", path));
    let new = match name {
        NewName::Given(name) => name.clone(),
        NewName::Upper => own.to_ascii_uppercase(),
        NewName::Lower => own.to_ascii_lowercase(),
        NewName::Longer if own.len() < 100 => format!("{own}_longer"),
        NewName::Longer => "shorter".to_owned(),
    };
    let units = |name: &str| name.encode_utf16().collect::<Vec<u16>>();
    let alike = |name: &[u16]| testkit::upcase::compare(name, &units(&new)).is_eq();
    let siblings = &model.get(parent).unwrap().subkeys;
    let taken = siblings
        .iter()
        .any(|key| alike(&key.name) && key.name != units(own));
    touched.rename(editor.hive(), path);
    let before = editor.hive().bytes().to_vec();
    let done = editor.rename_key(path, &new);
    if taken {
        assert!(matches!(done, Err(EditError::Refused { .. })));
        assert!(editor.hive().bytes() == before);
        return;
    }
    assert_eq!(done.unwrap(), new != own);
    assert!(new != own || editor.hive().bytes() == before);
    model.key(path).name = units(&new);
}

fn apply(editor: &mut Editor, model: &mut testkit::Key, op: &Op, touched: &mut Touched) {
    match op {
        Op::Set(path, name, ..) | Op::Delete(path, name) => {
            let may = may_change(editor.hive(), path, Some(name));
            touched.changed.extend(may);
        }
        Op::Create(path) => touched
            .changed
            .extend(may_change(editor.hive(), path, None)),
        _ => {}
    }
    match op {
        Op::Set(path, name, kind, size) => {
            let data = data(*kind, *size);
            let exists = model.get(path).is_some_and(|key| {
                let found = key.find(name);
                found.is_some_and(|value| value.kind == *kind && value.data == data.bytes)
            });
            let before = exists.then(|| editor.hive().bytes().to_vec());
            let done = editor.set_value(path, name, &data).unwrap();
            assert_eq!(done.changed, !exists);
            assert!(before.is_none_or(|before| editor.hive().bytes() == before));
            model.key(path).value(name, *kind, &data.bytes);
        }
        Op::Delete(path, name) => {
            let found = model.get(path).is_some_and(|key| key.find(name).is_some());
            assert_eq!(editor.delete_value(path, name).unwrap(), found);
            if found {
                model.key(path).remove_value(name);
            }
        }
        Op::Create(path) => {
            let missing = missing(model, path);
            assert_eq!(editor.create_key(path).unwrap(), missing);
            model.key(path);
        }
        Op::Refused(which) => refuse(editor, *which),
        _ => apply_key(editor, model, op, touched),
    }
}

fn missing(model: &testkit::Key, path: &str) -> usize {
    let names: Vec<&str> = path.split('\\').filter(|name| !name.is_empty()).collect();
    let there = |len: usize| model.get(&names[..len].join("\\")).is_some();
    (1..=names.len()).filter(|&len| !there(len)).count()
}

/// Everything that must hold after a batch of edits.
fn judge(before: &Hive, after: &Hive, model: &testkit::Key, touched: &Touched) {
    let wanted = rows_of_model(model);
    same_rows("ours", &wanted, &rows(after));
    let file = with_checksum(after);
    same_rows("nt-hive", &wanted, &rows_of_nt_hive(&file));
    // That crate folds these as Unicode does, the kernel leaves them alone; NUL ends its names.
    let odd = |unit: &u16| [0, 0xB5, 0xDF, 0x131, 0x17F, 0x3C2].contains(unit);
    let names = |row: &Row| -> Vec<u16> {
        let values = row.values.iter().flat_map(|item| item.0.clone());
        row.path.iter().flatten().copied().chain(values).collect()
    };
    if !wanted.iter().flat_map(names).any(|unit| odd(&unit)) {
        same_rows("regf", &wanted, &rows_of_regf(&file));
    }
    let report = check(after);
    assert!(report.is_clean(), "{:?}", report.defects.first());
    let (users, said) = security_counts(after);
    assert_eq!(users, said);
    assert_eq!(report.orphans, check(before).orphans);
    same_security(after, after.root().unwrap(), model);
    touched.nothing_else(before, after);
}

/// Every key has the descriptor of the model.
fn same_security(hive: &Hive, key: hive::Key<'_>, model: &testkit::Key) {
    assert!(descriptor(hive, key) == security(model.security - 1));
    for child in key.subkeys().unwrap() {
        let name: Vec<u16> = child.name().units().collect();
        let below = model.subkeys.iter().find(|below| below.name == name);
        same_security(hive, child, below.unwrap());
    }
}

/// Edits in batches, each judged, the last committed.
fn run(builder: &HiveBuilder, batches: &[Vec<Op>]) {
    let original = builder.build();
    let mut model = builder.root.clone();
    let mut hive = Hive::open(original.clone()).unwrap();
    for ops in batches {
        let before = hive.clone();
        let mut editor = Editor::new(hive, NOW).unwrap();
        let mut touched = Touched::default();
        for op in ops {
            apply(&mut editor, &mut model, op, &mut touched);
        }
        hive = editor.finish().unwrap();
        judge(&before, &hive, &model, &touched);
    }
    let mut files = Files {
        primary: original,
        ..Files::default()
    };
    let actions = commit::commit(&files, &hive, Method::NoLog).unwrap();
    commit::perform(&mut files, &actions);
    let faults = testkit::rules::check(&files.primary);
    assert!(faults.is_empty(), "{faults:?}");
}

const WIDE: [usize; 11] = [0, 1, 5, 506, 507, 508, 511, 512, 1012, 1013, 2100];

fn config(cases: u32, seed: u64) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config(48, 5))]

    #[test]
    fn random_edits_of_a_1_5_hive_match_the_model(
        wide in select(WIDE.to_vec()), narrow in any::<bool>(), holes in any::<Option<u64>>(),
        batches in vec(vec(op(5), 1..40), 1..4),
    ) {
        run(&builder(5, wide, if narrow { 9 } else { usize::MAX }, holes), &batches);
    }
}

proptest! {
    #![proptest_config(config(48, 3))]

    #[test]
    fn random_edits_of_a_1_3_hive_match_the_model(
        wide in select(WIDE.to_vec()), narrow in any::<bool>(), holes in any::<Option<u64>>(),
        batches in vec(vec(op(3), 1..40), 1..4),
    ) {
        run(&builder(3, wide, if narrow { 9 } else { usize::MAX }, holes), &batches);
    }
}

proptest! {
    #![proptest_config(config(24, 4))]

    #[test]
    fn random_edits_of_1_4_and_1_6_hives_match_the_model(
        minor in select(vec![4, 6]), wide in select(vec![3, 511, 1012]),
        batches in vec(vec(op(5), 1..30), 1..3),
    ) {
        run(&builder(minor, wide, usize::MAX, None), &batches);
    }
}

//! The second reader finds every difference that nobody asked for.
//!
//! Invariants: each changed image passes our own full check, so only the proof can find it.
//! Absent on purpose: security, flags and lists, which the proof does not look at.

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use hive::check::check;
use hive::reg::Operation;
use hive::{Editor, Hive, RegData, RegType};
use support::{NOW, TLS, dword, edits, target};
use testkit::HiveBuilder;
use volume::prove::{ProofError, prove};
use volume::{Edit, HiveName, Target};

const KEY: &str = r"ControlSet001\Control\Thing";

fn builder(minor: u32) -> HiveBuilder {
    let mut hive = HiveBuilder::with_minor(minor);
    let key = hive.key(KEY);
    key.class("classy")
        .dword("Alpha", 1)
        .dword("Beta", 2)
        .sz("Gamma", "three");
    key.value("Odd", 0xFFFF_0012, &[9; 30]);
    hive.key(TLS).dword("Enabled", 0);
    hive.key(r"ControlSet001\Services\TermService")
        .sz("ObjectName", "x");
    hive
}

fn open(builder: &HiveBuilder) -> Hive {
    Hive::open(builder.build()).unwrap()
}

/// The hive with the edits made, its checksum right.
fn edited(before: &Hive, edits: &[Edit]) -> Hive {
    let mut editor = Editor::new(before.clone(), NOW).unwrap();
    for edit in edits {
        let Target { key, name, .. } = edit.target();
        match edit.after() {
            Some(data) => {
                editor.set_value(key, name, data).unwrap();
            }
            None => {
                editor.delete_value(key, name).unwrap();
            }
        }
    }
    summed(editor.finish().unwrap().into_bytes())
}

fn summed(mut file: Vec<u8>) -> Hive {
    let sum = testkit::checksum(&file);
    file[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
    Hive::open(file).unwrap()
}

fn refs(edits: &[Edit]) -> Vec<Operation> {
    edits.iter().map(Edit::operation).collect()
}

/// The file offset of the only place where `needle` stands.
fn find(file: &[u8], needle: &[u8]) -> usize {
    let mut places = file.windows(needle.len()).enumerate();
    let at = places
        .by_ref()
        .find(|(_, bytes)| *bytes == needle)
        .unwrap()
        .0;
    assert!(places.all(|(_, bytes)| bytes != needle));
    at
}

#[test]
fn the_edits_and_nothing_else_are_proved() {
    for minor in [3, 5] {
        let before = open(&builder(minor));
        let after = edited(&before, &edits());
        let proof = prove(&before, &after, &refs(&edits())).unwrap();
        let report = check(&after);
        // A value that was deleted is not on both sides.
        assert_eq!((proof.keys, proof.values), (report.keys, report.values));
        assert_eq!(
            proof.ours_only,
            usize::from(minor == 3),
            "20,000 bytes in one cell"
        );
        prove(&before, &before, &[]).unwrap();
    }
}

#[test]
fn large_data_of_1_3_is_compared_by_ours() {
    let mut hive = builder(3);
    hive.key("Big").binary("V", &[1; 20_000]);
    let before = open(&hive);
    let proof = prove(&before, &before, &[]).unwrap();
    assert_eq!(proof.ours_only, 1);
    hive.key("Big").binary("V", &{
        let mut data = vec![1; 20_000];
        data[17_000] = 2;
        data
    });
    assert!(prove(&before, &open(&hive), &[]).is_err());
    let large = |fill| RegData {
        kind: RegType::BINARY,
        bytes: vec![fill; 20_001],
    };
    let wanted = [Edit::SetValue(target("Big", "V"), large(3))];
    let wrong = [Edit::SetValue(target("Big", "V"), large(4))];
    let after = edited(&before, &wanted);
    prove(&before, &after, &refs(&wanted)).unwrap();
    assert!(prove(&before, &after, &refs(&wrong)).is_err());
}

/// A change of an image that our own check accepts.
type Mutation = fn(&mut Vec<u8>);

fn vk(file: &[u8], name: &str) -> usize {
    find(file, name.as_bytes()) - 20
}

/// Swaps the first two entries of the value list of the key with these values.
fn swap_values(file: &mut [u8]) {
    let (alpha, beta) = (vk(file, "Alpha") - 4100, vk(file, "Beta") - 4100);
    let entry = |at: usize| (at as u32).to_le_bytes();
    let at = find(file, &[entry(alpha), entry(beta)].concat());
    file[at..at + 8].copy_from_slice(&[entry(beta), entry(alpha)].concat());
}

#[test]
fn a_difference_nobody_asked_for_is_found() {
    let mutations: [(&str, Mutation); 10] = [
        ("resident data", |file| {
            let at = vk(file, "Beta");
            file[at + 8] ^= 1;
        }),
        ("data in a cell", |file| {
            let at = find(file, b"t\0h\0r\0e\0e");
            file[at + 2] ^= 1;
        }),
        ("data of an unknown type", |file| {
            let at = find(file, &[9; 30]);
            file[at + 29] ^= 1;
        }),
        ("the case of a value's name", |file| {
            let at = vk(file, "Gamma");
            file[at + 20] = b'g';
        }),
        ("a value's name", |file| {
            let at = vk(file, "Gamma");
            file[at + 20] = b'J';
        }),
        ("the order of values", |file| swap_values(file)),
        ("a type", |file| {
            let at = vk(file, "Alpha");
            file[at + 12] = 3;
        }),
        ("an unknown type", |file| {
            let at = vk(file, "Odd");
            file[at + 12] ^= 1;
        }),
        ("a byte of a class", |file| {
            let at = find(file, b"c\0l\0a\0s\0s\0y");
            file[at + 1] = 1;
        }),
        ("the case of a key's name", |file| {
            let at = find(file, b"Thing");
            file[at] = b't';
        }),
    ];
    let before = open(&builder(5));
    let after = edited(&before, &edits());
    for (what, mutate) in mutations {
        for (image, edits) in [(&before, vec![]), (&after, edits())] {
            let mut file = image.bytes().to_vec();
            mutate(&mut file);
            let changed = summed(file);
            assert!(
                check(&changed).is_sound(),
                "{what}: our check finds it already"
            );
            let refused = prove(&before, &changed, &refs(&edits));
            assert!(
                matches!(refused, Err(ProofError::Differs { .. })),
                "{what}: {refused:?}"
            );
        }
    }
}

#[test]
fn edits_not_made_or_made_otherwise_are_found() {
    let before = open(&builder(5));
    let all = edits();
    for left_out in 0..all.len() {
        let mut some = all.clone();
        some.remove(left_out);
        let after = edited(&before, &some);
        let refused = prove(&before, &after, &refs(&all));
        assert!(
            matches!(refused, Err(ProofError::Differs { .. })),
            "without {left_out}"
        );
        // And the other way round: more was done than was asked for.
        let after = edited(&before, &all);
        let refused = prove(&before, &after, &refs(&some));
        assert!(
            matches!(refused, Err(ProofError::Differs { .. })),
            "beyond {left_out}"
        );
    }
    // A key that was not made, among others.
    let fresh = dword(r"ControlSet001\Services\Fresh", "Start", 1);
    assert!(prove(&before, &before, &refs(&[fresh])).is_err());
    let after = edited(&before, &[dword(TLS, "Enabled", 8)]);
    assert!(prove(&before, &after, &refs(&[dword(TLS, "Enabled", 9)])).is_err());
    let other = Edit::SetValue(target(TLS, "Enabled"), RegData::sz("8"));
    assert!(prove(&before, &after, &refs(&[other])).is_err());
}

#[test]
fn new_keys_and_values_are_spelled_as_asked() {
    let before = open(&builder(5));
    let wanted = [dword(r"ControlSet001\New key", "New value", 1)];
    let after = edited(&before, &wanted);
    prove(&before, &after, &refs(&wanted)).unwrap();
    for name in ["New key", "New value"] {
        let mut file = after.bytes().to_vec();
        let at = find(&file, name.as_bytes());
        file[at] = b'n';
        assert!(
            prove(&before, &summed(file), &refs(&wanted)).is_err(),
            "{name}"
        );
    }
    // A key beside that nobody asked for.
    let mut editor = Editor::new(after, NOW).unwrap();
    editor.create_key(r"ControlSet001\Other").unwrap();
    let more = summed(editor.finish().unwrap().into_bytes());
    assert!(prove(&before, &more, &refs(&wanted)).is_err());
    assert!(prove(&more, &before, &[]).is_err(), "a key that is gone");
}

#[test]
fn the_case_an_edit_names_does_not_matter_for_what_exists() {
    let before = open(&builder(5));
    let shouted = [dword(&KEY.to_uppercase(), "ALPHA", 5)];
    let after = edited(&before, &shouted);
    prove(&before, &after, &refs(&shouted)).unwrap();
    assert_eq!(shouted[0].target().hive, HiveName::System);
}

#[test]
fn a_reader_that_panics_is_a_refusal() {
    // Bytes no check has seen: the proof answers, whatever the reader does.
    let before = open(&builder(5));
    let good = edited(&before, &edits()).into_bytes();
    let mut seed = 99_u64;
    let mut refused = 0;
    for _ in 0..600 {
        let mut file = good.clone();
        for _ in 0..3 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963);
            let at = 4096 + 32 + (seed >> 33) as usize % 3000;
            file[at] = (seed >> 20) as u8;
        }
        let sum = testkit::checksum(&file);
        file[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
        let Ok(changed) = Hive::open(file) else {
            continue;
        };
        refused += usize::from(prove(&before, &changed, &refs(&edits())).is_err());
    }
    assert!(refused > 50, "{refused}");
}

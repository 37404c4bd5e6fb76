//! Each fault of the catalogue breaks exactly the rule it names.
//!
//! Invariants: judged by the kit's own checker, and by foreign readers where they look. Absent:
//! what the product makes of the faults.

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

use std::collections::BTreeSet;

use testkit::checksum;
use testkit::damage::{base, catalogue};
use testkit::rules::check;

#[test]
fn the_base_is_good_and_rich() {
    assert_eq!(check(&base()), []);
    for signature in [b"lh", b"ri", b"db", b"sk", b"vk", b"nk"] {
        assert!(base().chunks(4).any(|word| word.starts_with(signature)));
    }
    assert!(base().len() < 64 * 1024);
}

#[test]
fn each_fault_breaks_its_rule_and_no_other() {
    let mut wrong = Vec::new();
    for damage in catalogue() {
        let mut file = base();
        (damage.apply)(&mut file);
        assert_ne!(file, base(), "{}: {}", damage.rule, damage.name);
        let rules: BTreeSet<&str> = check(&file).iter().map(|fault| fault.rule).collect();
        let expected = match damage.rule {
            "H5" => "H4",
            rule => rule,
        };
        let found: Vec<&str> = rules.into_iter().collect();
        if found != [expected] {
            wrong.push(format!("{} {}: {found:?}", damage.rule, damage.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_checksum_is_right_unless_it_is_the_fault() {
    for damage in catalogue() {
        let mut file = base();
        (damage.apply)(&mut file);
        let stored = u32::from_le_bytes(file[0x1FC..0x200].try_into().unwrap());
        assert_eq!(
            stored == checksum(&file),
            damage.rule != "B3",
            "{}",
            damage.name
        );
    }
}

#[test]
fn names_are_unique_and_all_rules_are_there() {
    let catalogue = catalogue();
    let names: BTreeSet<&str> = catalogue.iter().map(|damage| damage.name).collect();
    assert_eq!(names.len(), catalogue.len());
    let rules: BTreeSet<&str> = catalogue.iter().map(|damage| damage.rule).collect();
    for (letter, numbers) in [
        ('B', 1..=11),
        ('H', 1..=5),
        ('C', 1..=6),
        ('K', 1..=15),
        ('X', 1..=4),
        ('S', 1..=8),
    ]
    .into_iter()
    .chain([
        ('L', 1..=11),
        ('V', 1..=5),
        ('V', 9..=9),
        ('D', 1..=9),
        ('M', 1..=4),
    ]) {
        for number in numbers {
            let rule = format!("{letter}{number}");
            assert!(rules.contains(rule.as_str()), "{rule}");
        }
    }
}

/// Whether regf reads every key and value without an error.
fn regf_accepts(file: &[u8]) -> bool {
    fn walk(key: &regf::hive::RegistryKey<'_>, depth: usize) -> Option<()> {
        for value in key.values().ok()? {
            value.raw_data().ok()?;
        }
        key.class_name().ok()?;
        if depth < 40 {
            for subkey in key.subkeys().ok()? {
                walk(&subkey, depth + 1)?;
            }
        }
        Some(())
    }
    let Ok(hive) = regf::RegistryHive::from_bytes(file.to_vec()) else {
        return false;
    };
    hive.root_key().is_ok_and(|root| walk(&root, 0).is_some())
}

/// Faults regf reads over: it judges neither conventions nor what only Windows needs.
const UNSEEN_BY_REGF: &str = "B3 B8 B9 C4 C5 C6 K4 K8 K9 K10 K12 K13 K14 K15 X4 S5 S6 S8 \
                              L4 L9 L10 L11 V9 D2 D3 M1 M2 M3 M4";

#[test]
fn regf_sees_the_structural_faults() {
    assert!(regf_accepts(&base()));
    let unseen: BTreeSet<&str> = UNSEEN_BY_REGF.split_whitespace().collect();
    for damage in catalogue() {
        let mut file = base();
        (damage.apply)(&mut file);
        if !unseen.contains(damage.rule) {
            assert!(!regf_accepts(&file), "{}: {}", damage.rule, damage.name);
        }
    }
}

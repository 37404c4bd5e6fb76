//! Thousands of damaged hives: the check ends without a panic, and what it calls sound can be
//! read whole, by this crate and by nt-hive.
//!
//! Invariants: seeds are fixed, so every run sees the same mutants; nt-hive sees only what was
//! called sound. Absent on purpose: which rule a mutant breaks (see `check_damage.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

use hive::check::check;
use hive::{Hive, Key};
use std::panic::{AssertUnwindSafe, catch_unwind};
use testkit::HiveBuilder;

const MUTANTS: usize = 6_000;

/// A small hive without slack: nearly every byte means something.
fn base(minor: u32) -> Vec<u8> {
    let mut hive = HiveBuilder::with_minor(minor);
    hive.leaf_limit = 3;
    hive.holes = Some(7);
    let key = hive.key("Select");
    key.class("some class")
        .dword("Current", 1)
        .sz("text", "some longer text");
    key.sz("", "default").binary("bytes", &[1; 300]);
    if minor > 3 {
        key.binary("big", &[3; 17_000]);
    }
    for name in ["a", "b", "c", "d\u{3A9}", "e", "f"] {
        hive.key("Lists").child(name).child("under").dword("x", 2);
    }
    let link = hive.key("Link");
    link.flags = 0x10;
    link.value("SymbolicLinkValue", 6, b"\\\0R\0");
    hive.build()
}

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }
}

/// Places of fields that are numbers: mutating these finds more than mutating text.
fn mutate(file: &mut [u8], random: &mut Random) {
    for _ in 0..=random.next(3) {
        let at = 4096 + random.next(file.len() - 4096);
        match random.next(5) {
            0 => file[at] ^= 1 << random.next(8),
            1 => file[at] = [0, 1, 0x7F, 0x80, 0xFF][random.next(5)],
            2 => {
                // One index instead of another.
                let (from, to) = (4096 + random.next(512) * 4, 4096 + random.next(512) * 4);
                let number: [u8; 4] = file[from..from + 4].try_into().unwrap();
                file[to..to + 4].copy_from_slice(&number);
            }
            3 => {
                let number = u32::try_from(random.next(file.len() - 4096) & !7).unwrap();
                let to = 4096 + random.next(512) * 4;
                file[to..to + 4].copy_from_slice(&number.to_le_bytes());
            }
            _ => file[at] = file[at].wrapping_add(1),
        }
    }
}

/// Reads everything below a key; gives the number of keys and of values.
fn walk(key: Key<'_>) -> (usize, usize) {
    let mut seen = (1, 0);
    let _ = key.class().unwrap();
    for value in key.values().unwrap() {
        assert_eq!(value.data().unwrap().len(), value.len());
        seen.1 += 1;
    }
    for subkey in key.subkeys().unwrap() {
        let below = walk(subkey);
        seen = (seen.0 + below.0, seen.1 + below.1);
    }
    seen
}

type NtKey<'h> = nt_hive::KeyNode<'h, &'h [u8]>;

fn nt_walk(key: &NtKey<'_>) -> Result<(usize, usize), nt_hive::NtHiveError> {
    let mut seen = (1, 0);
    let _ = key.name()?;
    if let Some(class) = key.class_name() {
        let _ = class?;
    }
    if let Some(values) = key.values() {
        for value in values? {
            let value = value?;
            let _ = value.name()?;
            let _ = value.data()?.into_vec()?;
            seen.1 += 1;
        }
    }
    if let Some(subkeys) = key.subkeys() {
        for subkey in subkeys? {
            let below = nt_walk(&subkey?)?;
            seen = (seen.0 + below.0, seen.1 + below.1);
        }
    }
    Ok(seen)
}

fn nt_read(file: &[u8]) -> Result<(usize, usize), nt_hive::NtHiveError> {
    nt_walk(&nt_hive::Hive::new(file)?.root_key_node()?)
}

#[test]
fn mutants_are_reported_or_readable() {
    for minor in [3, 5] {
        let file = base(minor);
        let whole = Hive::open(file.clone()).unwrap();
        assert!(check(&whole).is_clean());
        assert_eq!(nt_read(&file).unwrap(), walk(whole.root().unwrap()));
        let mut random = Random(0x5EED_0000 + u64::from(minor));
        let (mut sound, mut unsound, mut closed) = (0, 0, 0);
        for number in 0..MUTANTS {
            let mut mutant = file.clone();
            mutate(&mut mutant, &mut random);
            let Ok(hive) = Hive::open(mutant.clone()) else {
                closed += 1;
                continue;
            };
            let report = check(&hive);
            if !report.is_sound() {
                unsound += 1;
                continue;
            }
            sound += 1;
            let seen = walk(hive.root().unwrap());
            assert_eq!(seen, (report.keys, report.values), "mutant {number}");
            let second = catch_unwind(AssertUnwindSafe(|| nt_read(&mutant)));
            let second = second.unwrap_or_else(|_| panic!("mutant {number} upsets nt-hive"));
            assert_eq!(
                second.unwrap(),
                seen,
                "mutant {number} of 1.{minor}: {report:?}"
            );
        }
        println!("1.{minor}: {sound} sound, {unsound} not, {closed} do not open");
        assert!(sound > 200 && unsound > 2_000 && closed > 20);
    }
}

#[test]
fn the_worst_bytes_end_the_check_soon() {
    // Every number of the bins area the same: shared cells, circles, huge counts.
    let file = base(5);
    for word in [
        0,
        8,
        0x20,
        0x40,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFF_FFF8,
        u32::MAX,
    ] {
        for start in [32, 36, 40, 44, 48, 60, 68, 72, 80, 108, 120, 256] {
            let mut mutant = file.clone();
            for number in mutant[4096 + start..].chunks_exact_mut(4) {
                number.copy_from_slice(&u32::to_le_bytes(word));
            }
            if let Ok(hive) = Hive::open(mutant) {
                assert!(!check(&hive).is_sound());
            }
        }
    }
}

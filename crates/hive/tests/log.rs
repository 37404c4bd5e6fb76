//! Reading and replaying new-format logs: real sets, and hostile ones.
//!
//! Invariants: what a replay gives is compared with what another program recovered, or with the
//! test kit's replay. Absent on purpose: writing logs (see `commit.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use hive::log::{self, LogFormat};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use support::{Dice, logs, shared};
use testkit::HiveBuilder;
use testkit::replay::{self, State};

/// Bins area of a primary, by its own header.
fn bins(file: &[u8]) -> &[u8] {
    let size = u32::from_le_bytes(file[0x28..0x2C].try_into().unwrap());
    &file[4096..4096 + size as usize]
}

fn number(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(file[at..at + 4].try_into().unwrap())
}

#[test]
fn real_sets_replay_to_what_was_recovered_elsewhere() {
    let Some(table) = shared("SETS.tsv") else {
        return;
    };
    let mut seen = 0;
    for line in String::from_utf8(table).unwrap().lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let file = |name: &str| (!name.is_empty()).then(|| shared(name).unwrap());
        let primary = file(columns[1]).unwrap();
        let (log1, log2) = (file(columns[3]).unwrap(), file(columns[4]).unwrap());
        for log in [&log1, &log2] {
            assert_eq!(log::format_of(log), Some(LogFormat::New), "{line}");
            let entries = log::chain(log);
            let numbers = log::sequences(log);
            assert!(
                numbers.len() > entries.len(),
                "the header's number comes first"
            );
            let listed = |entry: &log::Entry<'_>| numbers.contains(&entry.sequence);
            assert!(entries.iter().all(listed), "{line}");
        }
        if columns[5] != "replay" {
            let own = number(&primary, 4);
            let all = [log::sequences(&log1), log::sequences(&log2)].concat();
            assert!(all.iter().all(|&found| log::before(found, own)), "{line}");
            continue;
        }
        let expected = file(columns[6]).unwrap();
        let done = log::replay(&primary, &[&log1, &log2]).unwrap();
        assert!(bins(&done.image) == bins(&expected), "{line}");
        let last = columns[7]
            .rsplit('=')
            .next()
            .unwrap()
            .parse::<u32>()
            .unwrap();
        assert_eq!(done.last, last, "{line}");
        assert_eq!(
            (number(&done.image, 4), number(&done.image, 8)),
            (last + 1, last + 1)
        );
        let kit = replay::recover(&primary, Some(&log1), Some(&log2), None);
        assert!(done.image == kit.image, "{line}");
        assert_eq!(done.last, *kit.applied.last().unwrap());
        let holder = log::chain([&log1, &log2][done.log]);
        assert_eq!(
            holder.last().map(|entry| (entry.sequence, entry.end)),
            Some((last, done.end))
        );
        hive::Hive::open(done.image).unwrap();
        seen += 1;
    }
    assert_eq!(seen, 4);
}

fn primary() -> Vec<u8> {
    let mut hive = HiveBuilder::new();
    hive.sequence = 100;
    for key in 0..60 {
        hive.key(&format!("Key{key}")).dword("A", key);
    }
    hive.build()
}

/// A log with one page per entry, whose pages differ.
fn log_of(primary: &[u8], first: u32, count: u32) -> Vec<u8> {
    let mut log = logs::base(primary, 6, first);
    let size = bins(primary).len() as u32;
    for sequence in first..first + count {
        let page = vec![sequence as u8; 4096];
        let entry = logs::entry(log.len(), sequence, size, &[(4096, page)]);
        log.extend(entry);
    }
    log
}

/// Replays with both programs and compares.
fn agree(primary: &[u8], log1: &[u8], log2: &[u8]) -> Option<log::Replayed> {
    let ours = log::replay(primary, &[log1, log2]);
    let kit = replay::recover(primary, Some(log1), Some(log2), None);
    match &ours {
        Some(done) => {
            assert_eq!(kit.state, State::Recovered);
            assert_eq!(kit.applied.last(), Some(&done.last));
            assert!(kit.image == done.image);
        }
        // A hive that grows by more than the one page of each entry is not believed.
        None => {
            assert!(kit.state == State::Unrecoverable || kit.image.len() > primary.len() + 4096);
        }
    }
    ours
}

#[test]
fn both_logs_contribute_in_the_order_of_their_numbers() {
    let clean = primary();
    for (log1, log2, last, holder) in [
        ((100, 2), (102, 3), Some(104), 1),
        ((103, 2), (100, 3), Some(104), 0),
        ((100, 2), (103, 3), Some(101), 0),
        ((99, 3), (101, 1), Some(101), 1),
        ((99, 1), (98, 2), None, 0),
        ((100, 1), (100, 2), Some(100), 0),
        ((105, 2), (90, 3), Some(106), 0),
    ] {
        let mut dirty = clean.clone();
        logs::renumber(&mut dirty, 101, 100);
        let (log1, log2) = (
            log_of(&clean, log1.0, log1.1),
            log_of(&clean, log2.0, log2.1),
        );
        let done = agree(&dirty, &log1, &log2);
        assert_eq!(done.as_ref().map(|done| done.last), last);
        assert_eq!(done.map_or(0, |done| done.log), holder);
    }
}

#[test]
fn numbers_wrap_within_a_chain_and_between_logs() {
    let clean = primary();
    let mut dirty = clean.clone();
    logs::renumber(&mut dirty, 0, u32::MAX);
    let log1 = logs::log(&clean, u32::MAX, &[u32::MAX, 0, 1]);
    let log2 = logs::log(&clean, 2, &[2, 3]);
    assert_eq!(agree(&dirty, &log1, &log2).unwrap().last, 3);
    assert_eq!(agree(&dirty, &log2, &log1).unwrap().last, 3);
}

#[test]
fn remnants_are_numbered_but_not_applied() {
    let clean = primary();
    let mut dirty = clean.clone();
    logs::renumber(&mut dirty, 101, 100);
    let log = logs::log(&clean, 100, &[100, 101, 57, 102]);
    assert_eq!(log::chain(&log).len(), 2);
    assert_eq!(log::sequences(&log), [100, 100, 101, 57, 102]);
    assert_eq!(agree(&dirty, &log, &[]).unwrap().last, 101);
    // Behind what is no entry at all, numbers are still found.
    let mut holed = log.clone();
    holed[512 + 100] ^= 1;
    assert_eq!(log::chain(&holed).len(), 0);
    assert_eq!(log::sequences(&holed), [100, 101, 57, 102]);
    // A header that cannot be used has no number.
    holed[4] ^= 1;
    assert_eq!(log::sequences(&holed), [101, 57, 102]);
}

#[test]
fn an_entry_of_impossible_size_or_place_ends_the_chain() {
    let clean = primary();
    let size = bins(&clean).len() as u32;
    let page = vec![5; 4096];
    for (bins_size, offset) in [
        (0, 0),
        (size + 1, 0),
        (size, size),
        (size, 100),
        (!4095, 0),
        (size, u32::MAX),
    ] {
        let pages = if bins_size == 0 {
            vec![]
        } else {
            vec![(offset, page.clone())]
        };
        let mut log = logs::base(&clean, 6, 100);
        log.extend(logs::entry(512, 100, bins_size, &pages));
        assert_eq!(log::chain(&log).len(), 0, "{bins_size:#x} {offset:#x}");
        assert_eq!(log::sequences(&log), [100]);
    }
}

#[test]
fn only_usable_headers_have_a_format() {
    let clean = primary();
    for (kind, format) in [
        (0, None),
        (1, Some(LogFormat::Old)),
        (2, Some(LogFormat::Old)),
        (6, Some(LogFormat::New)),
    ] {
        assert_eq!(log::format_of(&logs::base(&clean, kind, 7)), format);
    }
    let mut uneven = logs::base(&clean, 6, 7);
    uneven[8] ^= 1;
    let sum = testkit::checksum(&uneven);
    uneven[0x1FC..].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(log::format_of(&uneven), None);
    assert_eq!(log::format_of(&[]), None);
    assert_eq!(log::format_of(&uneven[..511]), None);
}

proptest! {
    #![proptest_config(Config {
        cases: 400,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn hostile_logs_give_what_the_other_replay_gives(
        seed in any::<u64>(), hits in 0_usize..12, cut in any::<u16>(), rehash in any::<bool>(),
    ) {
        let clean = primary();
        let mut dirty = clean.clone();
        logs::renumber(&mut dirty, 103, 100);
        let mut files = [log_of(&clean, 100, 3), log_of(&clean, 103, 2)];
        let mut dice = Dice(seed | 1);
        for _ in 0..hits {
            let file = &mut files[dice.below(2)];
            // Headers and the first words of entries are hit most.
            let at = match dice.below(3) {
                0 => dice.below(512),
                1 => 512 + dice.below(64),
                _ => dice.below(file.len()),
            };
            file[at] = dice.roll() as u8;
        }
        if rehash {
            for file in &mut files {
                let head: Vec<u8> = file[512..544].to_vec();
                file[544..552].copy_from_slice(&replay::marvin32(&head).to_le_bytes());
                let sum = testkit::checksum(file);
                file[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
            }
        }
        if cut % 3 == 0 {
            let len = files[0].len();
            files[0].truncate(cut as usize % len);
        }
        let _ = (log::sequences(&files[0]), log::format_of(&files[1]));
        agree(&dirty, &files[0], &files[1]);
        let short = &dirty[..dirty.len().min(cut as usize)];
        let _ = log::replay(short, &[&files[0], &files[1]]);
    }
}

//! Log replay against real sets of hives and logs, and against logs made here.
//!
//! Invariants: the bins after recovery are those an independent replay gave; the real sets are
//! used when they lie beside the checkout. Absent: other readers of logs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use std::path::{Path, PathBuf};

use testkit::replay::{State, marvin32, recover};
use testkit::{HiveBuilder, checksum};

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

fn seal(bytes: &mut [u8]) {
    let sum = checksum(bytes);
    put(bytes, 0x1FC, sum);
}

fn bins(file: &[u8]) -> &[u8] {
    &file[4096..4096 + u32_at(file, 0x28) as usize]
}

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/hives");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no ../shared/hives");
    None
}

#[test]
fn real_sets() {
    let Some(folder) = folder() else { return };
    let table = std::fs::read_to_string(folder.join("SETS.tsv")).unwrap();
    let mut sets = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [set, primary, log, log1, log2, _, expected, ..] = columns[..] else {
            panic!("{line}")
        };
        let read = |name: &str| (!name.is_empty()).then(|| std::fs::read(folder.join(name)));
        let read = |name: &str| read(name).map(|file| file.unwrap());
        let (log, log1, log2) = (read(log), read(log1), read(log2));
        let primary = read(primary).unwrap();
        let found = recover(&primary, log1.as_deref(), log2.as_deref(), log.as_deref());
        sets += 1;
        let Some(expected) = read(expected) else {
            assert_eq!(found.state, State::Clean, "{set}");
            assert_eq!(found.image, primary, "{set}");
            continue;
        };
        assert_eq!(found.state, State::Recovered, "{set}");
        assert!(bins(&found.image) == bins(&expected), "{set}: other bins");
        let last = line
            .rsplit("last=")
            .next()
            .unwrap()
            .trim()
            .parse::<u32>()
            .unwrap();
        assert_eq!(found.applied.last(), Some(&last), "{set}");
        assert!(
            line.contains(&format!("applied {} ", found.applied.len())),
            "{set}"
        );
        assert_eq!(u32_at(&found.image, 4), last + 1, "{set}");
        assert_eq!(u32_at(&found.image, 8), last + 1, "{set}");
        assert_eq!(found.image[0x0C..0x14], primary[0x0C..0x14], "{set}");
        assert_eq!(u32_at(&found.image, 0x1FC), checksum(&found.image), "{set}");
        let again = recover(
            &found.image,
            log1.as_deref(),
            log2.as_deref(),
            log.as_deref(),
        );
        assert_eq!(again.state, State::Clean, "{set}");
    }
    assert!(sets >= 5, "{sets} sets");
}

/// Two states of a hive; the second has one key more and a bin more.
fn states() -> (Vec<u8>, Vec<u8>) {
    let mut hive = HiveBuilder::new();
    hive.sequence = 7;
    hive.key("A").dword("N", 1);
    let before = hive.build();
    hive.key("B").binary("big", &[7; 5000]);
    (before, hive.build())
}

/// A new-format log with one entry that turns `before` into `after`.
fn new_log(before: &[u8], after: &[u8], base: u32, sequence: u32) -> Vec<u8> {
    let mut log = before[..512].to_vec();
    put(&mut log, 4, base);
    put(&mut log, 8, base);
    put(&mut log, 0x1C, 6);
    seal(&mut log);
    log.extend(entry(bins(before), bins(after), sequence));
    log
}

fn entry(before: &[u8], after: &[u8], sequence: u32) -> Vec<u8> {
    let dirty: Vec<usize> = (0..after.len() / 4096)
        .filter(|page| {
            before.get(page * 4096..page * 4096 + 4096)
                != after.get(page * 4096..page * 4096 + 4096)
        })
        .collect();
    let mut entry = vec![0; 40];
    for page in &dirty {
        entry.extend((*page as u32 * 4096).to_le_bytes());
        entry.extend(4096u32.to_le_bytes());
    }
    for page in &dirty {
        entry.extend(&after[page * 4096..][..4096]);
    }
    entry.resize(entry.len().next_multiple_of(4096) + 4096 - 512, 0);
    let size = entry.len() as u32;
    entry[..4].copy_from_slice(b"HvLE");
    for (at, number) in [
        (4, size),
        (12, sequence),
        (16, after.len() as u32),
        (20, dirty.len() as u32),
    ] {
        put(&mut entry, at, number);
    }
    let hash = marvin32(&entry[40..]);
    entry[24..32].copy_from_slice(&hash.to_le_bytes());
    let hash = marvin32(&entry[..32]);
    entry[32..40].copy_from_slice(&hash.to_le_bytes());
    entry
}

fn dirty(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let number = u32_at(&file, 4) + 1;
    put(&mut file, 4, number);
    seal(&mut file);
    file
}

#[test]
fn one_entry_makes_the_new_state() {
    let (before, after) = states();
    let log = new_log(&before, &after, 7, 7);
    for logs in [(Some(&log[..]), None, None), (None, Some(&log[..]), None)] {
        let found = recover(&dirty(&before), logs.0, logs.1, logs.2);
        assert_eq!(found.applied, [7]);
        assert_eq!(bins(&found.image), bins(&after));
        assert_eq!((u32_at(&found.image, 4), u32_at(&found.image, 8)), (8, 8));
    }
    let single = recover(&dirty(&before), Some(&[]), Some(&[]), Some(&log));
    assert_eq!(single.applied, [7], "LOG counts when the pair is empty");
}

#[test]
fn what_does_not_fit_is_not_applied() {
    let (before, after) = states();
    let dirty = dirty(&before);
    let none = |log: &[u8]| {
        let found = recover(&dirty, Some(log), None, None);
        assert_eq!(found.state, State::Unrecoverable);
        assert_eq!(found.image, dirty);
    };
    none(&new_log(&before, &after, 6, 6));
    none(&new_log(&before, &after, 7, 8));
    none(&[]);
    let log = new_log(&before, &after, 7, 7);
    none(&log[..log.len() - 1]);
    for at in [
        4,
        0x1C,
        0x1FC,
        512,
        516,
        524,
        528,
        532,
        540,
        544,
        552,
        560,
        log.len() - 1,
    ] {
        let mut log = log.clone();
        log[at] ^= 1;
        none(&log);
    }
    let found = recover(&before, Some(&log), None, None);
    assert_eq!((found.state, found.image), (State::Clean, before));
}

#[test]
fn a_stale_tail_and_a_gap_end_the_chain() {
    let (before, after) = states();
    let mut log = new_log(&before, &after, 7, 7);
    log.extend(entry(bins(&after), bins(&before), 3));
    let other = new_log(&after, &before, 9, 9);
    let found = recover(&dirty(&before), Some(&other), Some(&log), None);
    assert_eq!(found.applied, [7], "9 does not follow 7");
    let next = new_log(&after, &after, 8, 8);
    let found = recover(&dirty(&before), Some(&next), Some(&log), None);
    assert_eq!(
        found.applied,
        [7, 8],
        "the logs are taken in the order of their numbers"
    );
    assert_eq!(bins(&found.image), bins(&after));
}

#[test]
fn a_bad_header_comes_from_the_newest_log() {
    let (before, after) = states();
    let older = new_log(&before, &before, 7, 7);
    let newer = new_log(&before, &after, 8, 8);
    let mut broken = before.clone();
    broken[0x1FC] ^= 1;
    let found = recover(&broken, Some(&newer), Some(&older), None);
    assert_eq!(found.applied, [8]);
    assert_eq!(bins(&found.image), bins(&after));
    assert_eq!(u32_at(&found.image, 0x1C), 0);
    assert_eq!(u32_at(&found.image, 0x1FC), checksum(&found.image));
}

fn old_log(before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut log = after[..512].to_vec();
    put(&mut log, 4, 8);
    put(&mut log, 8, 8);
    put(&mut log, 0x1C, 1);
    seal(&mut log);
    let (before, after) = (bins(before), bins(after));
    let page = |bytes: &[u8], page: usize| {
        bytes
            .get(page * 4096..page * 4096 + 4096)
            .map(<[u8]>::to_vec)
    };
    let pages = after.len() / 4096;
    let dirty: Vec<bool> = (0..pages)
        .map(|n| page(before, n) != page(after, n))
        .collect();
    log.extend(b"DIRT");
    log.extend(dirty.iter().map(|dirty| if *dirty { 0xFF } else { 0 }));
    log.resize(log.len().next_multiple_of(512), 0);
    for number in (0..pages).filter(|number| dirty[*number]) {
        log.extend(&page(after, number).unwrap());
    }
    log
}

#[test]
fn old_logs_fit_by_their_time() {
    let (before, after) = states();
    let log = old_log(&before, &after);
    let found = recover(&dirty(&before), Some(&log), None, None);
    assert_eq!(found.applied, [8]);
    assert_eq!(bins(&found.image), bins(&after));
    assert_eq!((u32_at(&found.image, 4), u32_at(&found.image, 8)), (8, 8));
    let mut broken = before.clone();
    broken[0x30] ^= 1;
    let found = recover(&broken, None, None, Some(&log));
    assert_eq!(
        bins(&found.image),
        bins(&after),
        "the first bin has the time too"
    );
    let mut late = log.clone();
    late[0x0C] ^= 1;
    seal(&mut late);
    assert_eq!(
        recover(&dirty(&before), Some(&late), None, None).state,
        State::Unrecoverable
    );
    let short = &log[..log.len() - 512];
    assert_eq!(
        recover(&dirty(&before), Some(short), None, None).state,
        State::Unrecoverable
    );
    let mut higher = old_log(&before, &before);
    put(&mut higher, 4, 9);
    put(&mut higher, 8, 9);
    seal(&mut higher);
    let found = recover(&dirty(&before), Some(&log), Some(&higher), None);
    assert_eq!(found.applied, [9]);
}

#[test]
fn an_old_log_of_a_large_hive_has_a_longer_bitmap() {
    let mut hive = HiveBuilder::new();
    hive.key("A").dword("N", 1);
    hive.least_size = 600 * 4096;
    let before = hive.build();
    hive.key("A").dword("N", 2);
    let after = hive.build();
    let found = recover(&dirty(&before), Some(&old_log(&before, &after)), None, None);
    assert_eq!(bins(&found.image), bins(&after));
}

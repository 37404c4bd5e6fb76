//! Commits over hives with pending log entries, cut short everywhere, and their undoing.
//!
//! Invariants: "old" is what the test kit's recovery makes of the files before, "before" the
//! files themselves, dirty header and logs included. Absent on purpose: clean hives
//! (`commit.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use hive::commit::{self, Action, CommitError, Files, Member, Method};
use hive::{Editor, Hive, RegData};
use support::commits::{Case, METHODS, SEQUENCE, builder};
use support::logs::{self, bins, changed, entry, old, renumber, through};
use support::{NOW, with_checksum};

/// Four states of one hive; it grows from the second to the third.
fn states() -> Vec<Vec<u8>> {
    let mut all = vec![builder().build()];
    for (turn, size) in [4, 9000, 40].into_iter().enumerate() {
        let mut editor = Editor::new(Hive::open(all[turn].clone()).unwrap(), NOW - 9).unwrap();
        let data = RegData {
            kind: hive::RegType::BINARY,
            bytes: vec![turn as u8 + 1; size],
        };
        let key = format!("Set\\Key{}", turn * 12 + 3);
        editor.set_value(&key, "A", &data).unwrap();
        all.push(with_checksum(&editor.finish().unwrap()));
    }
    assert!(bins(&all[2]).len() > bins(&all[1]).len());
    all
}

/// The first state, dirty, beside empty logs.
fn dirty(states: &[Vec<u8>], number: u32) -> Files {
    let mut primary = states[0].clone();
    renumber(&mut primary, number.wrapping_add(1), number);
    Files {
        primary,
        log: None,
        log1: Some(Vec::new()),
        log2: Some(Vec::new()),
    }
}

/// A new-format log from one state to another, then an entry with `number` behind it, then zeros.
fn with_remnant(states: &[Vec<u8>], gap: usize, number: u32, room: usize) -> Vec<u8> {
    let mut log = through(states, SEQUENCE);
    // Where the next entry would end, if it had `gap` pages.
    let end = (log.len() + 40 + gap * 4104).next_multiple_of(4096);
    if gap > 0 {
        log.resize(end, 0);
    }
    let size = bins(&states[0]).len() as u32;
    let remnant = entry(log.len(), number, size, &[(0, vec![7; 4096])]);
    log.extend(remnant);
    log.resize(log.len() + room, 0);
    log
}

fn new_cases() -> Vec<Case> {
    let states = states();
    let case = |what, data, change: &dyn Fn(&mut Files)| {
        let mut files = dirty(&states, SEQUENCE);
        change(&mut files);
        Case::new(what, files, data)
    };
    let log = |from: usize, to: usize| Some(through(&states[from..=to], SEQUENCE + from as u32));
    let short = &states[..=1];
    vec![
        case("entries in LOG1", 8, &|files| files.log1 = log(0, 1)),
        case("in place", 0, &|files| files.log1 = log(0, 1)),
        case("entries in LOG2, stale LOG1", 8, &|files| {
            files.log1 = Some(through(short, SEQUENCE - 3));
            files.log2 = log(0, 1);
        }),
        case("LOG2 then LOG1", 8, &|files| {
            (files.log1, files.log2) = (log(1, 3), log(0, 1));
        }),
        case("LOG1 then LOG2, both grow", 9000, &|files| {
            (files.log1, files.log2) = (log(0, 2), log(2, 3));
        }),
        case("the hive grows on replay", 8, &|files| {
            files.log1 = log(0, 2);
        }),
        case("slack behind the bins", 9000, &|files| {
            files.log1 = log(0, 3);
            files.primary.resize(65536, 0xEE);
        }),
        case("an older remnant behind", 8, &|files| {
            files.log1 = Some(with_remnant(short, 0, SEQUENCE - 2, 4096));
        }),
        case("older remnants to the end", 8, &|files| {
            files.log1 = Some(with_remnant(short, 2, SEQUENCE, 0));
        }),
        case("a log with room", 8, &|files| {
            let mut log = log(0, 1).unwrap();
            log.resize(65536, 0);
            files.log1 = Some(log);
        }),
        case("the header's checksum is broken", 8, &|files| {
            files.log1 = log(0, 2);
            files.primary[0x40] ^= 1;
        }),
        case("the header's signature is broken", 9000, &|files| {
            (files.log1, files.log2) = (log(0, 1), log(1, 3));
            files.primary[0] ^= 1;
        }),
        case("NAME.LOG alone", 8, &|files| {
            (files.log1, files.log2, files.log) = (None, None, log(0, 1));
        }),
        case("NAME.LOG, pair empty", 8, &|files| files.log = log(0, 2)),
        case("a primary far ahead", 8, &|files| {
            files.log1 = log(0, 2);
            renumber(&mut files.primary, SEQUENCE - 9, SEQUENCE);
        }),
    ]
}

/// Numbers in the logs that an entry of ours, one above the last, would reach or stay below.
fn trap_cases() -> Vec<Case> {
    let states = states();
    let short = &states[..=1];
    let case = |what, change: &dyn Fn(&mut Files)| {
        let mut files = dirty(&states, SEQUENCE);
        files.log1 = Some(through(short, SEQUENCE));
        change(&mut files);
        Case::new(what, files, 8)
    };
    let mut cases = vec![
        case("the other log goes on after a gap", &|files| {
            files.log2 = Some(through(&states[2..], SEQUENCE + 2));
        }),
        case("the other log is far ahead", &|files| {
            files.log2 = Some(through(&states[2..], SEQUENCE + 30));
        }),
    ];
    for (pages, what) in [
        (1, "the number after next, one page on"),
        (2, "the number after next, two pages on"),
        (3, "the number after next, three pages on"),
    ] {
        cases.push(case(what, &|files| {
            files.log1 = Some(with_remnant(short, pages, SEQUENCE + 2, 4096));
        }));
    }
    cases
}

fn wrap_cases() -> Vec<Case> {
    let states = states();
    [
        u32::MAX - 3,
        u32::MAX - 2,
        u32::MAX - 1,
        u32::MAX,
        (1 << 31) - 2,
    ]
    .map(|first| {
        let mut files = dirty(&states, first);
        files.log2 = Some(through(&states[..=1], first));
        files.log1 = Some(through(&states[1..], first.wrapping_add(1)));
        Case::new("numbers about to wrap", files, 8)
    })
    .into()
}

fn old_cases() -> Vec<Case> {
    let states = states();
    let case = |what, data, change: &dyn Fn(&mut Files)| {
        let mut files = dirty(&states, SEQUENCE);
        change(&mut files);
        Case::new(what, files, data)
    };
    let log = |to: usize| Some(old(&states[0], &states[to], SEQUENCE + to as u32));
    let stale = || Some(through(&states[..=1], SEQUENCE - 8));
    vec![
        case("old LOG1", 8, &|files| files.log1 = log(1)),
        case("old, in place", 0, &|files| files.log1 = log(1)),
        case("old LOG2, the hive grows", 8, &|files| files.log2 = log(3)),
        case("two old logs fit", 9000, &|files| {
            (files.log1, files.log2) = (log(1), log(2));
        }),
        case("old NAME.LOG alone", 8, &|files| {
            (files.log1, files.log2, files.log) = (None, None, log(1));
        }),
        case("old, broken checksum", 8, &|files| {
            files.log1 = log(2);
            files.primary[0x40] ^= 1;
        }),
        case("old, broken signature", 8, &|files| {
            files.log1 = log(1);
            files.primary[0] ^= 1;
        }),
        case("old LOG2 beside a stale new log", 8, &|files| {
            (files.log1, files.log2) = (stale(), log(2));
        }),
        case("old, numbers about to wrap", 8, &|files| {
            files.log1 = Some(old(&states[0], &states[1], 0));
            renumber(&mut files.primary, 0, u32::MAX);
        }),
    ]
}

fn cases() -> Vec<Case> {
    let mut all = new_cases();
    all.extend(trap_cases());
    all.extend(wrap_cases());
    all.extend(old_cases());
    all
}

#[test]
fn a_commit_over_a_dirty_hive_leaves_it_clean_with_both_edits() {
    for case in cases() {
        for method in METHODS {
            let files = case.ends_clean(method);
            let done = Hive::open(files.primary).unwrap();
            let new = done.key("Set\\Key7").unwrap().unwrap();
            let pending = done.key("Set\\Key3").unwrap().unwrap();
            let read = |key: hive::Key<'_>| key.value("A").unwrap().unwrap().read().unwrap();
            assert_eq!(read(new), RegData::dword(0xABCD), "{}", case.what);
            assert_eq!(read(pending).bytes, [1; 4], "{}", case.what);
        }
    }
}

#[test]
fn no_number_in_the_logs_is_above_the_hives_own_afterwards() {
    let mut cases = new_cases();
    cases.extend(trap_cases());
    cases.extend(wrap_cases());
    for case in cases {
        for method in [Method::NewLog, Method::NoLog] {
            case.leaves_no_trap(method);
        }
    }
}

#[test]
fn every_cut_of_a_commit_recovers_to_the_replayed_hive_or_the_new_one() {
    for case in cases() {
        for method in METHODS {
            case.cut_commits(method);
        }
    }
}

#[test]
fn every_cut_is_put_back_with_its_dirty_header_and_its_logs() {
    for case in cases() {
        for method in METHODS {
            case.put_back(method);
        }
    }
}

#[test]
fn every_cut_of_an_undo_recovers_and_is_undone_again() {
    for case in cases() {
        for method in METHODS {
            case.cut_undos(method, 7);
        }
    }
}

#[test]
fn an_undo_of_an_undo_recovers_at_every_cut() {
    for case in cases() {
        for method in METHODS {
            case.cut_undos_of_undos(method);
        }
    }
}

#[test]
fn what_the_logs_hold_stays_there_until_the_edit_stands_behind_it() {
    for case in new_cases().iter().chain(&wrap_cases()) {
        let recovery = hive::recover(&case.before).unwrap().recovery.unwrap();
        let actions = case.actions(Method::NewLog);
        let logs: Vec<(Member, u64)> = actions
            .iter()
            .filter_map(|action| match action {
                Action::Write(member, at, _) if *member != Member::Primary => Some((*member, *at)),
                _ => None,
            })
            .collect();
        assert_eq!(logs, [(recovery.log, recovery.end as u64)], "{}", case.what);
    }
}

#[test]
fn unbelievable_numbers_beside_pending_entries_are_refused() {
    let states = states();
    for (distance, refused) in [(1 << 19, false), (1 << 20, true), (1 << 30, true)] {
        let mut files = dirty(&states, SEQUENCE);
        files.log1 = Some(through(&states[..=1], SEQUENCE));
        files.log2 = Some(logs::base(&states[0], 6, SEQUENCE + 1 + distance));
        let edited = hive::recover(&files).unwrap().hive;
        let answer = commit::commit(&files, &edited, Method::NewLog);
        match answer {
            Err(CommitError::Sequence { .. }) => assert!(refused, "{distance:#x}"),
            other => assert!(!refused && other.is_ok(), "{distance:#x}"),
        }
    }
}

#[test]
fn pages_of_an_entry_reach_the_primary_only_behind_the_flush_of_its_log() {
    for case in new_cases() {
        let actions = case.actions(Method::NewLog);
        let log = actions
            .iter()
            .rposition(
                |action| matches!(action, Action::Flush(member) if *member != Member::Primary),
            )
            .unwrap();
        let page = actions
            .iter()
            .position(|action| matches!(action, Action::Write(Member::Primary, ..)));
        assert!(page.unwrap() > log, "{}", case.what);
        let pages = changed(bins(&states()[0]), case.edited(Method::NewLog).bins());
        assert!(!pages.is_empty());
    }
}

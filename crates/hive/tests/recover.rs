//! Recovery as Windows does it, against the test kit's own: real sets, made logs, mutants.
//!
//! Invariants: where both recover, the whole images are equal; a refusal has its reason; seeds
//! are fixed. Absent on purpose: what commits make of a dirty hive (`commit_dirty.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use hive::commit::{Files, Member};
use hive::log::LogFormat;
use hive::recover::RecoverError;
use hive::{Editor, Hive, OpenError, RegData, recover};
use support::logs::{bins, changed, entry, old, renumber, seal, through};
use support::{Dice, NOW, logs, shared};
use testkit::HiveBuilder;
use testkit::replay::{self, State};

/// Number of the first entry in most logs here.
const FIRST: u32 = 100;

fn kit(files: &Files) -> replay::Recovered {
    replay::recover(
        &files.primary,
        files.log1.as_deref(),
        files.log2.as_deref(),
        files.log.as_deref(),
    )
}

fn word(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(file[at..at + 4].try_into().unwrap())
}

/// Recovers with both; they agree about the whole image, or both refuse.
fn both(files: &Files, at: &str) -> Option<hive::Recovered> {
    let (ours, kit) = (recover(files), kit(files));
    match ours {
        Ok(done) => {
            assert_ne!(kit.state, State::Unrecoverable, "{at}");
            assert!(done.hive.bytes() == kit.image, "{at}: the images differ");
            let number = done.recovery.map(|recovery| recovery.last);
            assert_eq!(number, kit.applied.last().copied(), "{at}");
            Some(done)
        }
        Err(error) => {
            assert_eq!(kit.state, State::Unrecoverable, "{at}: {error}");
            None
        }
    }
}

#[test]
fn every_real_set_recovers_to_what_is_expected_and_clean_ones_are_left_alone() {
    let Some(table) = shared("SETS.tsv") else {
        return;
    };
    let (mut replayed, mut clean) = (0, 0);
    for line in String::from_utf8(table).unwrap().lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let file = |name: &str| (!name.is_empty()).then(|| shared(name).unwrap());
        let files = Files {
            primary: file(columns[1]).unwrap(),
            log: file(columns[2]),
            log1: file(columns[3]),
            log2: file(columns[4]),
        };
        let done = both(&files, line).unwrap();
        if columns[5] != "replay" {
            assert_eq!(done.recovery, None, "{line}");
            assert!(done.hive.bytes() == files.primary, "{line}");
            clean += 1;
            continue;
        }
        let expected = file(columns[6]).unwrap();
        assert!(done.hive.bins() == bins(&expected), "{line}");
        let recovery = done.recovery.unwrap();
        let said = format!("applied {} last={}", recovery.entries, recovery.last);
        assert_eq!(said, columns[7], "{line}");
        let next = recovery.last + 1;
        assert_eq!(done.hive.sequences(), (next, next), "{line}");
        assert!(hive::check::check(&done.hive).is_sound(), "{line}");
        let again = Files {
            primary: done.hive.into_bytes(),
            ..files
        };
        assert_eq!(recover(&again).unwrap().recovery, None, "{line}");
        replayed += 1;
    }
    assert_eq!((replayed, clean), (4, 1));
}

/// Four states of one hive; it grows from the second to the third.
fn states() -> Vec<Vec<u8>> {
    let mut hive = HiveBuilder::new();
    hive.sequence = FIRST;
    for key in 0..60 {
        hive.key(&format!("Key{key}")).dword("A", key);
    }
    let mut all = vec![hive.build()];
    for (turn, size) in [4, 9000, 40].into_iter().enumerate() {
        let last = Hive::open(all[turn].clone()).unwrap();
        let mut editor = Editor::new(last, NOW).unwrap();
        let data = RegData {
            kind: hive::RegType::BINARY,
            bytes: vec![turn as u8 + 1; size],
        };
        let key = format!("Key{}", turn * 25 + 3);
        editor.set_value(&key, "A", &data).unwrap();
        all.push(support::with_checksum(&editor.finish().unwrap()));
    }
    assert!(bins(&all[2]).len() > bins(&all[1]).len());
    all
}

/// The first state, dirty.
fn dirty(first: &[u8], number: u32) -> Vec<u8> {
    let mut primary = first.to_vec();
    renumber(&mut primary, number.wrapping_add(1), number);
    primary
}

/// What breaks a header: its checksum, or its signature as well.
const BREAKS: [(&str, usize); 2] = [("checksum", 0x40), ("signature", 0)];

/// A situation, and which state it must give; `None` when it must be refused.
type Row = (&'static str, [Option<Vec<u8>>; 3], Option<usize>);

fn judge(primary: &[u8], states: &[Vec<u8>], rows: Vec<Row>, number: impl Fn(usize) -> u32) {
    for (what, [log1, log2, log], wanted) in rows {
        let files = Files {
            primary: primary.to_vec(),
            log,
            log1,
            log2,
        };
        let done = both(&files, what);
        let Some(wanted) = wanted else {
            assert!(done.is_none(), "{what}: recovered");
            continue;
        };
        let done = done.unwrap_or_else(|| panic!("{what}: {:?}", recover(&files).err()));
        assert!(done.hive.bins() == bins(&states[wanted]), "{what}");
        let next = number(wanted);
        assert_eq!(done.hive.sequences(), (next, next), "{what}");
        assert_eq!(testkit::rules::check(done.hive.bytes()), [], "{what}");
    }
}

/// Logs of the new format as they may lie beside a dirty hive; `first` is its lower number.
fn new_rows(states: &[Vec<u8>], first: u32) -> Vec<Row> {
    let at = |turn: u32| first.wrapping_add(turn);
    let log = |from: usize, to: usize| Some(through(&states[from..=to], at(from as u32)));
    let stale = || Some(through(&states[..=1], first.wrapping_sub(2)));
    let behind = |number: u32| {
        let mut log = through(&states[..=1], first);
        let pages = changed(bins(&states[1]), bins(&states[2]));
        let size = bins(&states[2]).len() as u32;
        let entry = entry(log.len(), number, size, &pages);
        log.extend(entry);
        Some(log)
    };
    let torn = || {
        let mut log = through(&states[..=3], first);
        let len = log.len();
        log[len - 5000] ^= 1;
        Some(log)
    };
    let zeros = || Some(vec![0; 4096]);
    vec![
        ("LOG1 only", [log(0, 3), None, None], Some(3)),
        ("LOG2 only", [Some(Vec::new()), log(0, 3), None], Some(3)),
        ("LOG1 then LOG2", [log(0, 1), log(1, 3), None], Some(3)),
        ("LOG2 then LOG1", [log(2, 3), log(0, 2), None], Some(3)),
        (
            "a gap between the logs",
            [log(0, 1), log(2, 3), None],
            Some(1),
        ),
        ("a stale log first", [stale(), log(0, 2), None], Some(2)),
        ("only a stale log", [stale(), None, None], None),
        ("empty logs", [Some(Vec::new()), zeros(), None], None),
        ("no logs", [None, None, None], None),
        (
            "a remnant behind the chain",
            [behind(at(7)), None, None],
            Some(1),
        ),
        (
            "an older remnant behind it",
            [behind(first), None, None],
            Some(1),
        ),
        (
            "the next number behind it",
            [behind(at(1)), None, None],
            Some(2),
        ),
        ("the last entry is torn", [torn(), None, None], Some(2)),
        ("NAME.LOG alone", [None, None, log(0, 3)], Some(3)),
        (
            "NAME.LOG, pair empty",
            [zeros(), Some(vec![]), log(0, 3)],
            Some(3),
        ),
        ("NAME.LOG, pair usable", [stale(), zeros(), log(0, 3)], None),
        ("NAME.LOG goes on", [log(0, 1), zeros(), log(1, 3)], Some(1)),
    ]
}

#[test]
fn new_logs_are_replayed_alike() {
    let states = states();
    for first in [FIRST, 2, u32::MAX - 2, u32::MAX - 1, u32::MAX, 0, 1 << 31] {
        let number = |state: usize| first.wrapping_add(state as u32);
        let rows = new_rows(&states, first);
        judge(&dirty(&states[0], first), &states, rows, number);
    }
}

#[test]
fn a_primary_far_ahead_of_its_secondary_number_is_replayed_from_the_secondary() {
    let states = states();
    let mut primary = states[0].clone();
    renumber(&mut primary, 1622, FIRST);
    let number = |state: usize| FIRST + state as u32;
    judge(&primary, &states, new_rows(&states, FIRST), number);
}

#[test]
fn a_bad_header_comes_from_the_newest_new_log_alone() {
    let states = states();
    let log = |from: usize, to: usize| Some(through(&states[from..=to], FIRST + from as u32));
    let bare = |number: u32| Some(logs::base(&states[0], 6, number));
    for (what, at) in BREAKS {
        let mut primary = dirty(&states[0], FIRST);
        primary[at] ^= 0x5A;
        let rows: Vec<Row> = vec![
            (what, [log(0, 3), None, None], Some(3)),
            ("LOG2", [bare(FIRST - 9), log(0, 2), None], Some(2)),
            ("LOG1 is newer", [log(0, 1), bare(FIRST - 1), None], Some(1)),
            (
                "the newest has no entry",
                [log(0, 1), bare(FIRST + 1), None],
                None,
            ),
            ("NAME.LOG", [None, None, log(0, 3)], Some(3)),
            ("no log", [None, None, None], None),
        ];
        judge(&primary, &states, rows, |state| FIRST + state as u32);
        let files = Files {
            primary,
            log1: log(0, 1),
            log2: log(1, 3),
            ..Files::default()
        };
        let done = both(&files, what).unwrap();
        let recovery = done.recovery.unwrap();
        assert!(recovery.header_from_log);
        assert_eq!((recovery.first, recovery.last), (FIRST + 1, FIRST + 2));
        assert_eq!((recovery.log, recovery.entries), (Member::Log2, 2));
    }
}

/// Logs of the old format; the header's number after recovery is that of the log.
fn old_rows(states: &[Vec<u8>], broken: bool) -> Vec<Row> {
    let log = |to: usize| Some(old(&states[0], &states[to], FIRST + to as u32));
    let late = |to: usize| {
        let mut log = old(&states[0], &states[to], FIRST + to as u32);
        log[0x0C] ^= 1;
        seal(&mut log);
        Some(log)
    };
    let short = |to: usize| {
        let mut log = old(&states[0], &states[to], FIRST + to as u32);
        log.truncate(log.len() - 512);
        Some(log)
    };
    let empty = || Some(Vec::new());
    let same = |to: usize| {
        let mut log = old(&states[0], &states[to], FIRST + 1);
        log.extend([7; 512]);
        Some(log)
    };
    let mut rows: Vec<Row> = vec![
        ("old LOG1", [log(1), empty(), None], Some(1)),
        ("old LOG2, the hive grows", [empty(), log(2), None], Some(2)),
        ("two fit, LOG2 newer", [log(1), log(3), None], Some(3)),
        ("two fit, LOG1 newer", [log(3), log(1), None], Some(3)),
        ("two fit equally", [same(1), same(3), None], Some(1)),
        ("another time stamp", [late(1), empty(), None], None),
        (
            "the newer has another time stamp",
            [log(1), late(3), None],
            Some(1),
        ),
        ("cut short", [short(1), empty(), None], None),
        ("the newer is cut short", [log(1), short(3), None], Some(1)),
        ("old NAME.LOG", [None, None, log(3)], Some(3)),
        (
            "old NAME.LOG, pair of another state",
            [late(1), None, log(3)],
            None,
        ),
    ];
    if !broken {
        let new = |first: u32| Some(through(&states[..=1], first));
        rows.extend([
            (
                "old fits, new is stale",
                [new(FIRST - 9), log(3), None],
                Some(3),
            ),
            (
                "new fits, old is late",
                [late(3), new(FIRST), None],
                Some(1),
            ),
            ("both formats fit", [log(3), new(FIRST), None], Some(1)),
        ] as [Row; 3]);
    }
    rows
}

#[test]
fn old_logs_are_replayed_alike() {
    let states = states();
    let number = |state: usize| FIRST + state as u32;
    let primary = dirty(&states[0], FIRST);
    judge(&primary, &states, old_rows(&states, false), number);
}

#[test]
fn an_old_log_fits_a_bad_header_by_the_first_bins_time_stamp() {
    let states = states();
    for (_, at) in BREAKS {
        let mut primary = dirty(&states[0], FIRST);
        primary[at] ^= 0x5A;
        let number = |state: usize| FIRST + state as u32;
        judge(&primary, &states, old_rows(&states, true), number);
        for torn in [4096, 4096 + 20] {
            let mut primary = primary.clone();
            primary[torn] ^= 1;
            let log = Some(old(&states[0], &states[3], FIRST));
            let rows: Vec<Row> = vec![("no stamp", [log, None, None], None)];
            judge(&primary, &states, rows, number);
        }
    }
}

#[test]
fn an_old_log_of_a_hive_above_two_mebibytes_has_its_pages_further_on() {
    let mut hive = HiveBuilder::new();
    hive.least_size = 600 * 4096;
    hive.key("A").dword("N", 1);
    let first = hive.build();
    hive.key("A").dword("N", 2);
    let states = [first, hive.build()];
    let log = old(&states[0], &states[1], 9);
    let rows: Vec<Row> = vec![("a long bitmap", [Some(log), None, None], Some(1))];
    judge(&dirty(&states[0], 8), &states, rows, |_| 9);
}

#[test]
fn a_length_no_page_bears_out_is_refused_before_memory_is_taken() {
    let states = states();
    let primary = dirty(&states[0], FIRST);
    let huge = 0x7FFF_F000;
    let mut new = logs::base(&states[0], 6, FIRST);
    new.extend(entry(512, FIRST, huge, &[(0, vec![1; 4096])]));
    let mut large = states[0].clone();
    large[0x28..0x2C].copy_from_slice(&huge.to_le_bytes());
    let mut old = logs::base(&large, 1, FIRST);
    old.extend(b"DIRT\xFF");
    old.resize(512 + 4 + huge as usize / 4096, 0);
    old.resize(old.len().next_multiple_of(512) + 4096, 0);
    for log in [new, old] {
        let files = Files {
            primary: primary.clone(),
            log1: Some(log),
            ..Files::default()
        };
        let refused = recover(&files).unwrap_err();
        assert!(matches!(refused, RecoverError::NoFit { wanted: FIRST, .. }));
    }
}

/// A hive with logs for mutants: which format, and whether its header is good.
fn seed(states: &[Vec<u8>], turn: usize) -> (Files, LogFormat) {
    let mut primary = dirty(&states[0], FIRST);
    if turn % 4 == 3 {
        primary[BREAKS[turn / 4 % 2].1] ^= 0x5A;
    }
    let new = !turn.is_multiple_of(3);
    let (log1, log2) = if new {
        (
            through(&states[..=1], FIRST),
            through(&states[1..], FIRST + 1),
        )
    } else {
        (
            old(&states[0], &states[1], FIRST + 1),
            old(&states[0], &states[3], FIRST + 3),
        )
    };
    let format = if new { LogFormat::New } else { LogFormat::Old };
    let mut files = Files {
        primary,
        log1: Some(log1),
        log2: Some(log2),
        ..Files::default()
    };
    if turn % 10 == 9 {
        files.log = files.log1.take();
    }
    (files, format)
}

/// Changes some bytes, headers and entry heads most, and often makes the sums right again.
fn mutate(files: &mut Files, dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        let member = [Member::Primary, Member::Log1, Member::Log2][dice.below(3)];
        let Some(file) = files.get_mut(member) else {
            continue;
        };
        let at = match dice.below(4) {
            0 => dice.below(file.len()),
            1 => 512 + dice.below(64),
            _ => [
                4,
                8,
                0x0C,
                0x14,
                0x18,
                0x1C,
                0x20,
                0x28,
                0x90,
                dice.below(512),
            ][dice.below(10)],
        };
        file[at] = file[at].wrapping_add([1, 0xFF, dice.roll() as u8][dice.below(3)]);
        if dice.below(3) > 0 {
            seal(file);
        }
        if member != Member::Primary && dice.below(3) == 0 {
            let head: Vec<u8> = file[512..544].to_vec();
            file[544..552].copy_from_slice(&replay::marvin32(&head).to_le_bytes());
        }
        if dice.below(20) == 0 {
            let len = dice.below(file.len() - 600) + 600;
            file.truncate(len);
        }
    }
}

/// Two usable new logs with one number beside a bad header: which is the newer is not known.
fn undecided(files: &Files) -> bool {
    let number = |log: &Option<Vec<u8>>| {
        let log = log.as_deref()?;
        (hive::log::format_of(log) == Some(LogFormat::New)).then(|| word(log, 4))
    };
    let own = Hive::open(files.primary.clone());
    let good = matches!(own, Ok(_) | Err(OpenError::Pending { .. }));
    !good && number(&files.log1).is_some() && number(&files.log1) == number(&files.log2)
}

/// Why ours may refuse what the test kit recovers.
fn may_refuse(files: &Files, kit: &[u8], error: &RecoverError) -> bool {
    match error {
        // The logs ask for more room than they bring pages.
        RecoverError::NoFit { .. } => kit.len() > files.primary.len() + 4096,
        // The test kit does not look at what it recovers as something to edit.
        RecoverError::Open(OpenError::Checksum { .. } | OpenError::NotAHive { .. }) => {
            kit.len() > files.primary.len() + 4096
        }
        RecoverError::Open(error) => {
            Hive::open(kit.to_vec()).is_err() || {
                // Of a bad header only torn ones are believed to be this hive's.
                matches!(Hive::open(files.primary.clone()), Err(own) if own == *error)
            }
        }
        _ => false,
    }
}

#[test]
fn five_hundred_mutants_are_recovered_alike_or_refused_with_reason() {
    let (states, mut dice) = (states(), Dice(0x00AB_5EED));
    let (mut recovered, mut refused, mut stricter) = (0, 0, 0);
    for turn in 0..1500 {
        let (mut files, _) = seed(&states, turn);
        mutate(&mut files, &mut dice);
        let (ours, kit) = (recover(&files), kit(&files));
        match ours {
            Ok(_) if undecided(&files) => {}
            Ok(done) => {
                assert_ne!(kit.state, State::Unrecoverable, "mutant {turn}");
                assert!(done.hive.bytes() == kit.image, "mutant {turn}");
                recovered += 1;
            }
            Err(_) if kit.state == State::Unrecoverable => refused += 1,
            Err(error) => {
                assert!(
                    may_refuse(&files, &kit.image, &error),
                    "mutant {turn}: {error}"
                );
                stricter += 1;
            }
        }
    }
    println!("{recovered} recovered, {refused} refused by both, {stricter} by ours alone");
    assert!(recovered > 400 && refused > 100 && stricter > 5);
}

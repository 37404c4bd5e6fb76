//! Commits and their undoing, cut short everywhere: recovery gives the old or the new hive.
//!
//! Invariants: recovery is the test kit's, written from the format and not from this crate;
//! chance has fixed seeds. Absent on purpose: disks and journals (see the crate `volume`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "only tests are in here"
)]

mod support;

use hive::commit::{self, Action, CommitError, Files, Member, Method};
use hive::{Editor, Hive, RegData};
use support::commits::{Case, METHODS, SEQUENCE, builder, edit, recover};
use support::cuts::in_order;
use support::{NOW, logs};
use testkit::replay::State;

fn case(what: &'static str, data: usize, change: impl FnOnce(&mut Files)) -> Case {
    let mut before = Files {
        primary: builder().build(),
        ..Files::default()
    };
    before.log1 = Some(Vec::new());
    before.log2 = Some(Vec::new());
    change(&mut before);
    Case::new(what, before, data)
}

/// Every state of logs and sizes a commit may find.
fn cases() -> Vec<Case> {
    let log =
        |files: &Files, first, numbers: &[u32]| Some(logs::log(&files.primary, first, numbers));
    vec![
        case("empty logs", 8, |_| {}),
        case("one number in place", 0, |_| {}),
        case("logs full of zeros", 8, |files| {
            files.log1 = Some(vec![0; 65536]);
            files.log2 = Some(vec![0; 65536]);
        }),
        case("stale entries", 8, |files| {
            files.log1 = log(files, SEQUENCE - 4, &[SEQUENCE - 4, SEQUENCE - 3]);
            files.log2 = log(files, SEQUENCE - 2, &[SEQUENCE - 2, SEQUENCE - 1]);
        }),
        case("remnants with higher numbers", 8, |files| {
            files.log1 = log(
                files,
                SEQUENCE - 1,
                &[SEQUENCE - 1, SEQUENCE + 1, SEQUENCE + 2],
            );
            files.log2 = log(files, SEQUENCE, &[SEQUENCE, SEQUENCE + 1, SEQUENCE + 3]);
        }),
        case("a log too small", 8, |files| {
            files.log1 = Some(vec![7; 700]);
        }),
        case("a log of one byte", 8, |files| files.log1 = Some(vec![7])),
        case("a log larger than needed", 8, |files| {
            files.log1 = Some(vec![7; 100_000]);
        }),
        case("the hive grows", 9000, |_| {}),
        case("slack behind the bins", 9000, |files| {
            files.primary.resize(65536, 0xEE);
        }),
        case("a little slack behind the bins", 9000, |files| {
            let len = files.primary.len() + 4096;
            files.primary.resize(len, 0xEE);
        }),
        case("only NAME.LOG", 8, |files| {
            files.log = log(files, SEQUENCE - 1, &[SEQUENCE - 1]);
            (files.log1, files.log2) = (None, None);
        }),
        case("NAME.LOG, pair empty", 8, |files| {
            files.log = log(files, SEQUENCE - 1, &[SEQUENCE - 1]);
        }),
        case("no LOG1", 8, |files| {
            files.log = log(files, SEQUENCE - 2, &[SEQUENCE - 2]);
            files.log2 = log(files, SEQUENCE - 1, &[SEQUENCE - 1]);
            files.log1 = None;
        }),
        case("no log", 8, |files| (files.log1, files.log2) = (None, None)),
        case("numbers about to wrap", 8, |files| {
            logs::renumber(&mut files.primary, u32::MAX, u32::MAX);
            files.log1 = log(files, u32::MAX - 1, &[u32::MAX - 1, u32::MAX, 0, 1]);
        }),
    ]
}

#[test]
fn a_commit_gives_the_edited_hive_clean_and_above_every_number() {
    for case in cases() {
        for method in METHODS {
            let files = case.ends_clean(method);
            assert_eq!(files.log2, case.before.log2, "{}", case.what);
            let done = Hive::open(files.primary.clone()).unwrap();
            let slack = |file: &[u8]| file[4096 + done.bins().len()..].to_vec();
            if case.before.primary.len() == files.primary.len() {
                assert!(
                    slack(&files.primary) == slack(&case.before.primary),
                    "{}",
                    case.what
                );
            }
        }
    }
}

#[test]
fn a_commit_cut_anywhere_recovers_to_old_or_new() {
    for case in cases() {
        for method in METHODS {
            case.cut_commits(method);
        }
    }
}

#[test]
fn every_cut_of_a_commit_is_put_back_byte_for_byte() {
    for case in cases() {
        for method in METHODS {
            case.put_back(method);
        }
    }
}

#[test]
fn an_undo_cut_anywhere_recovers_to_old_or_new_and_is_repeated() {
    for case in cases() {
        for method in METHODS {
            case.cut_undos(method, 2);
        }
    }
}

#[test]
fn an_undo_of_an_undo_cut_short_recovers_at_every_cut() {
    for case in cases() {
        for method in METHODS {
            case.cut_undos_of_undos(method);
        }
    }
}

#[test]
fn a_log_is_written_only_where_recovery_looks_first() {
    for case in cases() {
        let mut files = case.before.clone();
        let actions = case.actions(Method::NewLog);
        commit::perform(&mut files, &actions);
        let written = |member| {
            actions
                .iter()
                .any(|action| matches!(action, Action::Write(to, ..) if *to == member))
        };
        let wanted = match case.what {
            "no log" | "no LOG1" => [false, false, false],
            "only NAME.LOG" | "NAME.LOG, pair empty" => [true, false, false],
            _ => [false, true, false],
        };
        assert_eq!(
            [Member::Log, Member::Log1, Member::Log2].map(written),
            wanted,
            "{}",
            case.what
        );
    }
}

#[test]
fn an_old_log_fits_at_no_cut_of_a_commit_or_undo_without_log() {
    // A log of an old Windows that holds what the hive held, with the hive's own time stamp:
    // taken for this hive's while it is half written, it would hide the damage.
    let mut case = case("old log", 8, |_| {});
    let mut log = logs::base(&case.before.primary, 1, SEQUENCE);
    let bins = &case.before.primary[4096..];
    log.extend(b"DIRT");
    log.extend(vec![0xFF; bins.len() / 4096]);
    log.resize(log.len().next_multiple_of(512), 0);
    log.extend(bins);
    case.before.log1 = Some(log);
    let actions = case.actions(Method::NoLog);
    let judge = |files: &Files, at: &str| {
        let recovered = recover(files);
        assert_ne!(
            recovered.state,
            State::Recovered,
            "{at}: the old log was applied"
        );
    };
    in_order(&case.before, &actions, |cut, files| {
        judge(files, &format!("commit, cut {cut}"));
        let undo = commit::restore(files, &case.before, Method::NoLog).unwrap();
        in_order(files, &undo, |inner, files| {
            judge(files, &format!("undo {cut}, cut {inner}"));
        });
    });
}

#[test]
fn one_number_costs_one_entry_its_pages_and_two_headers() {
    let before = Files {
        primary: builder().build(),
        log1: Some(Vec::new()),
        log2: Some(Vec::new()),
        log: None,
    };
    let mut editor = Editor::new(Hive::open(before.primary.clone()).unwrap(), NOW).unwrap();
    editor
        .set_value("Set\\Key7", "A", &RegData::dword(9))
        .unwrap();
    let edited = editor.finish().unwrap();
    let old = Hive::open(before.primary.clone()).unwrap();
    let pages: Vec<usize> = (0..edited.bins().len())
        .step_by(4096)
        .filter(|&at| edited.bins()[at..at + 4096] != old.bins()[at..at + 4096])
        .collect();
    assert!(pages.len() <= 2);
    let flush = Action::Flush;
    let actions = commit::commit(&before, &edited, Method::NewLog).unwrap();
    let shape: Vec<(Member, u64, usize)> = actions
        .iter()
        .map(|action| match action {
            Action::Write(member, at, bytes) => (*member, *at, bytes.len()),
            Action::Extend(member, size) => (*member, *size, usize::MAX),
            Action::Flush(member) => (*member, 0, 0),
            Action::Truncate(..) => panic!("a commit never cuts"),
        })
        .collect();
    let log_len = (552 + 8 + pages.len() * 4096).next_multiple_of(4096);
    let mut wanted = vec![
        (Member::Log1, log_len as u64, usize::MAX),
        (Member::Log1, 0, 0),
        (Member::Log1, 0, log_len),
        (Member::Log1, 0, 0),
        (Member::Primary, 0, 512),
        (Member::Primary, 0, 0),
    ];
    wanted.extend(
        pages
            .iter()
            .map(|&at| (Member::Primary, 4096 + at as u64, 4096)),
    );
    wanted.extend([
        (Member::Primary, 0, 0),
        (Member::Primary, 0, 512),
        (Member::Primary, 0, 0),
    ]);
    assert_eq!(shape, wanted);
    assert_eq!(actions.last(), Some(&flush(Member::Primary)));
    let without = commit::commit(&before, &edited, Method::NoLog).unwrap();
    assert!(
        without
            .iter()
            .all(|action| !matches!(action, Action::Write(Member::Log1, ..)))
    );
}

#[test]
fn unbelievable_numbers_are_refused_and_far_ones_ignored() {
    let with = |own: u32, found: u32| {
        let mut before = Files {
            primary: builder().build(),
            ..Files::default()
        };
        logs::renumber(&mut before.primary, own, own);
        before.log1 = Some(logs::log(&before.primary, found, &[found]));
        let edited = edit(&before.primary, 8);
        commit::commit(&before, &edited, Method::NewLog).map(|actions| {
            commit::perform(&mut before, &actions);
            Hive::open(before.primary).unwrap().sequences().0
        })
    };
    for own in [1, SEQUENCE, 1 << 31, u32::MAX - 5, u32::MAX] {
        let at = |distance: u32| with(own, own.wrapping_add(distance));
        assert_eq!(at(0).unwrap(), own.wrapping_add(2));
        assert_eq!(at(9).unwrap(), own.wrapping_add(11));
        assert_eq!(at((1 << 20) - 1).unwrap(), own.wrapping_add((1 << 20) + 1));
        for refused in [1 << 20, 1 << 30, (1 << 31) - 1] {
            assert!(
                matches!(at(refused), Err(CommitError::Sequence { .. })),
                "{refused}"
            );
        }
        for ignored in [1 << 31, (1 << 31) + 1, u32::MAX] {
            assert_eq!(at(ignored).unwrap(), own.wrapping_add(1), "{ignored}");
        }
    }
}

#[test]
fn a_dirty_hive_without_its_log_is_not_committed_over() {
    let mut before = Files {
        primary: builder().build(),
        ..Files::default()
    };
    let edited = edit(&before.primary, 8);
    logs::renumber(&mut before.primary, 9, 8);
    for method in METHODS {
        let refused = commit::commit(&before, &edited, method);
        assert!(matches!(
            refused,
            Err(CommitError::Recover(hive::recover::RecoverError::NoFit {
                wanted: 8,
                ..
            }))
        ));
    }
}

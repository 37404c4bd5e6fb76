//! The journal as the crates above see it, on every system.
//!
//! Invariants checked: a run is there whole or not at all, damage hides nothing else, one writer
//! at a time, private from the first byte.
//!
//! Deliberately absent: the form of the record (tested beside it).

mod scratch;

use std::fs;
use std::path::Path;

use disk::{
    FileRecord, Journal, JournalError, Lock, Record, RecordError, RootRecord, Run, Stamp, State,
    sha256,
};
use scratch::{folder, put, root};

const AT: &str = "2026-09-15T09:12:00Z";

fn record(id: &str) -> Record {
    Record {
        id: id.to_owned(),
        roots: vec![RootRecord {
            path: "F:\\".to_owned(),
            identity: "volume 1".to_owned(),
        }],
        about: b"plan".to_vec(),
        files: vec![FileRecord::of("Windows\\a", 1, 2, b"old", b"new!", false)],
        securities: vec![],
        renames: Vec::new(),
    }
}

fn begin(lock: &Lock, id: &str) -> Run {
    lock.begin(&record(id))
        .unwrap_or_else(|error| panic!("{error:?}"))
}

fn states(journal: &Journal) -> Vec<(String, State, bool)> {
    let runs = journal.runs().unwrap_or_else(|error| panic!("{error:?}"));
    runs.iter()
        .map(|run| (run.id().to_owned(), run.state(), run.record().is_ok()))
        .collect()
}

#[test]
fn a_run_lives_from_sealed_to_undone() {
    let base = folder();
    let dir = base.path().join("not/there/yet");
    let journal = Journal::at(&dir);
    assert!(journal.runs().unwrap().is_empty());
    assert!(!dir.exists(), "reading creates nothing");
    let lock = journal.lock().unwrap();
    let mut run = begin(&lock, "20260915-0912");
    assert_eq!(
        (run.state(), run.record().unwrap()),
        (State::Sealed, &record("20260915-0912"))
    );
    assert!(run.state().is_open());
    run.mark(&lock, State::Done, AT, "2 values, 1 file")
        .unwrap();
    run.store(&lock, "commands.txt", b"reg add").unwrap();
    run.store(&lock, "commands.txt", b"reg delete").unwrap();
    run.mark(&lock, State::Undoing, AT, "").unwrap();
    run.mark(&lock, State::Undone, AT, "line\nbreak").unwrap();
    drop(lock);
    let runs = journal.runs().unwrap();
    assert_eq!((runs.len(), runs[0].state()), (1, State::Undone));
    assert_eq!(runs[0].events(), run.events());
    assert_eq!(runs[0].events()[2].detail, "line\nbreak");
    assert_eq!(runs[0].record().unwrap(), &record("20260915-0912"));
    assert_eq!(
        runs[0].load("commands.txt", 99).unwrap().unwrap(),
        b"reg delete"
    );
    assert_eq!(runs[0].load("none", 99).unwrap(), None);
    assert!(runs[0].load("commands.txt", 9).is_err());
    assert_eq!(
        sha256(b"old"),
        runs[0].record().unwrap().files[0].before.sha256
    );
    assert!(Stamp::of(b"old").fits(b"old") && !Stamp::of(b"old").fits(b"olb"));
}

#[test]
fn one_program_at_a_time_changes_a_journal() {
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let lock = journal.lock().unwrap();
    assert!(matches!(journal.lock(), Err(JournalError::Busy { .. })));
    begin(&lock, "a");
    assert_eq!(
        states(&journal),
        [("a".to_owned(), State::Sealed, true)],
        "reading needs no lock"
    );
    drop(lock);
    assert!(journal.lock().is_ok());
}

#[test]
fn a_begin_cut_short_anywhere_has_not_started() {
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let lock = journal.lock().unwrap();
    begin(&lock, "whole");
    let bytes = fs::read(journal.dir().join("whole/record")).unwrap();
    // Every state that a kill between two calls of `begin` can leave behind.
    fs::create_dir(journal.dir().join("b.partial")).unwrap();
    put(journal.dir(), "c.partial/record", b"");
    put(journal.dir(), "d.partial/record", &bytes[..bytes.len() / 2]);
    put(journal.dir(), "whole2.partial/record", &bytes);
    let seen: Vec<_> = states(&journal)
        .into_iter()
        .map(|(id, state, _)| (id, state))
        .collect();
    let not_started = |id: &str| (id.to_owned(), State::NotStarted);
    let mut expected = ["b", "c", "d"].map(not_started).to_vec();
    expected.push(("whole".to_owned(), State::Sealed));
    expected.push(not_started("whole2"));
    assert_eq!(seen, expected);
    for mut run in journal.runs().unwrap() {
        if run.state() == State::NotStarted {
            let marked = run.mark(&lock, State::Done, AT, "");
            assert!(matches!(marked, Err(JournalError::NotSealed { .. })));
            assert!(run.store(&lock, "x", b"").is_err());
            let again = lock.begin(&record(run.id()));
            assert!(
                matches!(again, Err(JournalError::Exists { .. })),
                "{again:?}"
            );
            run.discard_partial(&lock).unwrap();
        } else {
            let discarded = run.discard_partial(&lock);
            assert!(matches!(discarded, Err(JournalError::Sealed { .. })));
        }
    }
    assert_eq!(
        states(&journal),
        [("whole".to_owned(), State::Sealed, true)]
    );
}

#[test]
fn a_damaged_run_is_listed_and_hides_no_other() {
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let lock = journal.lock().unwrap();
    for id in ["a", "b", "c", "d"] {
        begin(&lock, id).mark(&lock, State::Done, AT, "").unwrap();
    }
    let path = |name: &str| journal.dir().join(name);
    fs::remove_file(path("a/record")).unwrap();
    let mut bytes = fs::read(path("b/record")).unwrap();
    bytes[40] ^= 1;
    fs::write(path("b/record"), &bytes).unwrap();
    fs::copy(path("d/record"), path("c/record")).unwrap();
    fs::write(path("d/events"), b"torn").unwrap();
    put(journal.dir(), "not an id/record", b"");
    put(journal.dir(), "stray", b"");
    let expected = [
        ("a", State::Done, false),
        ("b", State::Done, false),
        ("c", State::Done, false),
        ("d", State::Sealed, true),
    ];
    assert_eq!(
        states(&journal),
        expected.map(|(id, state, ok)| (id.to_owned(), state, ok))
    );
    let runs = journal.runs().unwrap();
    assert!(matches!(runs[0].record(), Err(RecordError::Io { .. })));
    assert!(matches!(runs[1].record(), Err(RecordError::Seal)));
    assert!(matches!(runs[2].record(), Err(RecordError::Flaw { .. })));
}

#[test]
fn a_torn_event_is_ignored_and_the_next_one_counts() {
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let lock = journal.lock().unwrap();
    begin(&lock, "a")
        .mark(&lock, State::Undoing, AT, "")
        .unwrap();
    let path = journal.dir().join("a/events");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [whole.as_slice(), &whole[..30]].concat()).unwrap();
    assert_eq!(states(&journal), [("a".to_owned(), State::Undoing, true)]);
    let mut run = journal.runs().unwrap().remove(0);
    run.mark(&lock, State::Undone, AT, "").unwrap();
    assert_eq!(states(&journal), [("a".to_owned(), State::Undone, true)]);
    assert_eq!(journal.runs().unwrap()[0].events().len(), 2);
}

#[test]
fn names_cannot_leave_the_folder_of_a_run() {
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let lock = journal.lock().unwrap();
    let run = begin(&lock, "a");
    for name in [
        "", "..", "../x", "a/b", "a\\b", "record", "Events", ".x", "x.", "a..b", "a:b",
    ] {
        let stored = run.store(&lock, name, b"");
        assert!(
            matches!(stored, Err(JournalError::BadName { .. })),
            "{name}"
        );
        assert!(run.load(name, 9).is_err(), "{name}");
    }
    for id in ["", "../up", "a.partial", "lock"] {
        let begun = lock.begin(&record(id));
        assert!(
            matches!(begun, Err(JournalError::Record(RecordError::Flaw { .. }))),
            "{id}"
        );
    }
    let other = Journal::at(&base.path().join("other"));
    let other = other.lock().unwrap();
    assert!(matches!(
        run.store(&other, "x", b""),
        Err(JournalError::OtherJournal { .. })
    ));
    assert!(matches!(
        lock.begin(&record("a")),
        Err(JournalError::Exists { .. })
    ));
}

#[test]
fn a_journal_inside_the_root_is_seen() {
    let base = folder();
    let disk = base.path().join("disk");
    fs::create_dir_all(disk.join("Windows")).unwrap();
    let root = root(&disk);
    let inside = |path: &Path| Journal::at(path).inside(&root).unwrap();
    let climbing = disk.join("Windows").join("..").join("j");
    for path in [
        disk.clone(),
        disk.join("j"),
        disk.join("Windows/a/b/c"),
        climbing,
    ] {
        assert!(inside(&path), "{}", path.display());
    }
    for path in [
        base.path().to_path_buf(),
        base.path().join("j"),
        base.path().join("disk2/x"),
    ] {
        assert!(!inside(&path), "{}", path.display());
    }
    assert!(!Journal::at(&Journal::default_dir()).inside(&root).unwrap());
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path)
            .unwrap_or_else(|e| panic!("{e}"))
            .permissions()
            .mode()
            & 0o7777
    }

    #[test]
    fn everything_is_the_owners_alone() {
        let base = folder();
        let journal = Journal::at(&base.path().join("above/j"));
        let lock = journal.lock().unwrap();
        let mut run = begin(&lock, "a");
        run.mark(&lock, State::Done, AT, "").unwrap();
        run.store(&lock, "extra", b"").unwrap();
        for dir in ["..", ".", "a"] {
            assert_eq!(mode(&journal.dir().join(dir)), 0o700, "{dir}");
        }
        for file in ["lock", "a/record", "a/events", "a/extra"] {
            assert_eq!(mode(&journal.dir().join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn a_journal_that_others_can_change_is_refused() {
        let base = folder();
        let journal = Journal::at(&base.path().join("j"));
        drop(begin(&journal.lock().unwrap(), "a"));
        let open_to = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        open_to(&journal.dir().join("a"), 0o770);
        let runs = journal.runs().unwrap();
        assert!(matches!(
            runs[0].record(),
            Err(RecordError::Untrusted { .. })
        ));
        for mode in [0o777, 0o770, 0o707, 0o1777] {
            open_to(journal.dir(), mode);
            assert!(
                matches!(journal.lock(), Err(JournalError::Unsafe { .. })),
                "{mode:o}"
            );
            assert!(
                matches!(journal.runs(), Err(JournalError::Unsafe { .. })),
                "{mode:o}"
            );
        }
        open_to(journal.dir(), 0o755);
        assert!(journal.lock().is_ok() && journal.runs().is_ok());
    }

    #[test]
    fn links_in_the_journal_are_not_followed() {
        let base = folder();
        let journal = Journal::at(&base.path().join("j"));
        let lock = journal.lock().unwrap();
        begin(&lock, "a");
        let target = put(base.path(), "target", b"precious");
        symlink(&target, journal.dir().join("a/events")).unwrap();
        symlink(journal.dir().join("a"), journal.dir().join("b")).unwrap();
        assert_eq!(states(&journal), [("a".to_owned(), State::Sealed, false)]);
        let mut run = journal.runs().unwrap().remove(0);
        assert!(run.mark(&lock, State::Done, AT, "").is_err());
        drop(lock);
        fs::remove_file(journal.dir().join("lock")).unwrap();
        symlink(&target, journal.dir().join("lock")).unwrap();
        assert!(journal.lock().is_err());
        assert_eq!(fs::read(target).unwrap(), b"precious");
    }
}

#[test]
fn a_forgotten_run_is_gone_and_no_other() {
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let lock = journal.lock().unwrap();
    for id in ["a", "b", "c"] {
        begin(&lock, id).store(&lock, "kept", b"more").unwrap();
    }
    let other = Journal::at(&base.path().join("other")).lock().unwrap();
    let mut runs = journal.runs().unwrap();
    let refused = runs.remove(1).forget(&other);
    assert!(matches!(refused, Err(JournalError::OtherJournal { .. })));
    // What a cut leaves is a run that has not started.
    fs::rename(journal.dir().join("c"), journal.dir().join("c.partial")).unwrap();
    let expected = |id: &str, state| (id.to_owned(), state, true);
    let all = [
        expected("a", State::Sealed),
        expected("b", State::Sealed),
        expected("c", State::NotStarted),
    ];
    assert_eq!(states(&journal), all);
    for (run, left) in journal.runs().unwrap().into_iter().zip([2, 1, 0]) {
        let dir = run.dir().to_owned();
        run.forget(&lock).unwrap();
        assert!(!dir.exists());
        assert_eq!(states(&journal), all[all.len() - left..]);
    }
    assert_eq!(
        fs::read_dir(journal.dir()).unwrap().count(),
        1,
        "the lock alone"
    );
    begin(&lock, "a");
}

#[test]
fn the_tenth_run_of_a_minute_is_behind_the_ninth() {
    let dir = folder();
    let journal = Journal::at(&dir.path().join("journal"));
    let lock = journal.lock().unwrap();
    let made = [
        "20260915-0912-10",
        "20260915-0913",
        "20260915-0912-9",
        "20260915-0912",
    ];
    for id in made {
        begin(&lock, id);
    }
    let ids: Vec<String> = states(&journal).into_iter().map(|(id, ..)| id).collect();
    let ordered = [
        "20260915-0912",
        "20260915-0912-9",
        "20260915-0912-10",
        "20260915-0913",
    ];
    assert_eq!(ids, ordered);
}

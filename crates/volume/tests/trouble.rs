//! Volumes that are full, read-only, or fail in the middle of a commit.
//!
//! Invariants: a test that cannot mount a volume says so and passes. Absent on purpose: power
//! cuts (`undo.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use disk::State;
use hive::RegData;
use hive::commit::Method;
use std::fs::OpenOptions;
use support::mount::Mount;
use support::{CONFIG, Scratch, edits, request, target};
use testkit::windows::{Disk, Installation, Options, demo, healthy};
use volume::Edit;
use volume::commit::CommitError;
use volume::undo;

#[test]
fn a_full_volume_and_a_read_only_one_are_refused_before_the_journal_is_opened() {
    for full in [true, false] {
        let Some(mount) = Mount::new(400) else { return };
        let scratch = Scratch::of(&Disk::default());
        demo().write_to(mount.path()).unwrap();
        let volume = volume::Volume::open(mount.root()).unwrap();
        let staged = volume::stage(&volume, &edits(), &[], support::NOW).unwrap();
        if full {
            mount.fill(8192);
        } else {
            mount.read_only();
        }
        let lock = scratch.lock();
        let refused = volume::commit::commit(
            &[&mount.root()],
            &staged,
            &lock,
            &request("run"),
            &mut |_, _| (),
        );
        match refused.unwrap_err() {
            CommitError::NoSpace { .. } => assert!(full),
            CommitError::Hold(disk::HoldError::ReadOnly { .. }) => assert!(!full),
            other => panic!("{other}"),
        }
        assert!(scratch.journal().runs().unwrap().is_empty());
        let system = mount.path().join(CONFIG).join("SYSTEM");
        assert!(std::fs::read(system).unwrap() == staged.hives[0].before.to_files().primary);
    }
}

/// Puts a hole of this many bytes behind the hive: it is there, but has no room on the volume.
fn hole(mount: &Mount, bytes: u64) {
    let path = mount.path().join(CONFIG).join("SYSTEM");
    let system = OpenOptions::new().write(true).open(path).unwrap();
    let len = system.metadata().unwrap().len();
    system.set_len(len + bytes / 4096 * 4096).unwrap();
}

/// Edits whose pages lie in the hole.
fn large() -> Vec<Edit> {
    let bytes = vec![7; 200_000];
    let kind = hive::RegType::BINARY;
    let large = Edit::SetValue(target("ControlSet001", "Large"), RegData { kind, bytes });
    [edits(), vec![large]].concat()
}

#[test]
fn a_write_that_fails_half_way_is_taken_back_at_once() {
    for method in [Method::NewLog, Method::NoLog] {
        let Some(mount) = Mount::new(2000) else {
            return;
        };
        let mut windows = Installation::new(&Options::default());
        if method == Method::NoLog {
            (windows.kernel, windows.software) = (None, None);
        }
        windows.disk().write_to(mount.path()).unwrap();
        let file = |name: &str| mount.path().join(CONFIG).join(name);
        std::fs::write(file("SYSTEM.LOG1"), vec![1; 600_000]).unwrap();
        hole(&mount, 400_000);
        mount.fill(100_000);
        let volume = volume::Volume::open(mount.root()).unwrap();
        let staged = volume::stage(&volume, &large(), &[], support::NOW).unwrap();
        assert_eq!(staged.hives[0].method, method);
        let scratch = Scratch::of(&Disk::default());
        let lock = scratch.lock();
        let failed = volume::commit::commit(
            &[&mount.root()],
            &staged,
            &lock,
            &request("run"),
            &mut |_, _| (),
        );
        let failed = failed.unwrap_err();
        assert!(matches!(failed, CommitError::RolledBack(_)), "{failed:?}");
        let before = &staged.hives[0].before.to_files();
        assert!(std::fs::read(file("SYSTEM")).unwrap() == before.primary);
        assert!(std::fs::read(file("SYSTEM.LOG1")).ok() == before.log1);
        let states: Vec<State> = scratch
            .run()
            .events()
            .iter()
            .map(|event| event.state)
            .collect();
        assert_eq!(states, [State::Undoing, State::RolledBack]);
    }
}

#[test]
fn what_cannot_be_taken_back_stays_open_and_is_undone_when_there_is_room() {
    let Some(mount) = Mount::new(2000) else {
        return;
    };
    healthy().write_to(mount.path()).unwrap();
    hole(&mount, 400_000);
    let volume = volume::Volume::open(mount.root()).unwrap();
    let staged = volume::stage(&volume, &large(), &[], support::NOW).unwrap();
    let hive = &staged.hives[0];
    // Room for the log, and a little for the hole, but none for the entry that takes it back.
    let log = hive.after.log1.as_ref().unwrap().len() as u64;
    mount.fill(log + 16 * 4096);
    let scratch = Scratch::of(&Disk::default());
    let lock = scratch.lock();
    let failed = volume::commit::commit(
        &[&mount.root()],
        &staged,
        &lock,
        &request("run"),
        &mut |_, _| (),
    );
    let failed = failed.unwrap_err();
    assert!(matches!(failed, CommitError::Unfinished(_)), "{failed:?}");
    assert!(scratch.run().state().is_open());
    let refused = undo::undo(
        &[&mount.root()],
        &mut scratch.run(),
        &lock,
        "later",
        &mut |_, _| (),
    );
    assert!(matches!(refused, Err(undo::UndoError::Step(_))));
    assert!(scratch.run().state().is_open());
    std::fs::remove_file(mount.path().join("fill")).unwrap();
    undo::undo(
        &[&mount.root()],
        &mut scratch.run(),
        &lock,
        "at last",
        &mut |_, _| (),
    )
    .unwrap();
    assert_eq!(scratch.run().state(), State::Undone);
    let file = |name: &str| std::fs::read(mount.path().join(CONFIG).join(name)).unwrap();
    assert!(file("SYSTEM") == hive.before.to_files().primary);
    assert!(Some(file("SYSTEM.LOG1")) == hive.before.to_files().log1);
}

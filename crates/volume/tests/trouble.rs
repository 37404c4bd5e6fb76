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
use testkit::windows::{Disk, Installation, Options, demo};
use volume::Edit;
use volume::commit::CommitError;

#[test]
fn a_full_volume_and_a_read_only_one_are_refused_before_the_journal_is_opened() {
    for full in [true, false] {
        let Some(mount) = Mount::new(400) else { return };
        let scratch = Scratch::of(&Disk::default());
        demo().write_to(mount.path()).unwrap();
        let volume = volume::Volume::open(mount.root()).unwrap();
        let staged = volume::stage(&volume, &edits(), support::NOW).unwrap();
        if full {
            mount.fill(8192);
        } else {
            mount.read_only();
        }
        let lock = scratch.lock();
        let refused = volume::commit::commit(&mount.root(), &staged, &lock, &request("run"));
        match refused.unwrap_err() {
            CommitError::NoSpace { .. } => assert!(full),
            CommitError::Hold(disk::HoldError::ReadOnly { .. }) => assert!(!full),
            other => panic!("{other}"),
        }
        assert!(scratch.journal().runs().unwrap().is_empty());
        let system = mount.path().join(CONFIG).join("SYSTEM");
        assert!(std::fs::read(system).unwrap() == staged.hives[0].before.primary);
    }
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
        // The log has room, the end of the hive is a hole that the volume cannot fill.
        std::fs::write(file("SYSTEM.LOG1"), vec![1; 600_000]).unwrap();
        let system = OpenOptions::new().write(true).open(file("SYSTEM")).unwrap();
        let len = system.metadata().unwrap().len();
        system.set_len(len + 400_000 / 4096 * 4096).unwrap();
        drop(system);
        mount.fill(100_000);
        let large = RegData {
            kind: hive::RegType::BINARY,
            bytes: vec![7; 200_000],
        };
        let large = Edit::SetValue(target("ControlSet001", "Large"), large);
        let volume = volume::Volume::open(mount.root()).unwrap();
        let edits = [edits(), vec![large]].concat();
        let staged = volume::stage(&volume, &edits, support::NOW).unwrap();
        assert_eq!(staged.hives[0].method, method);
        let scratch = Scratch::of(&Disk::default());
        let lock = scratch.lock();
        let failed = volume::commit::commit(&mount.root(), &staged, &lock, &request("run"));
        let failed = failed.unwrap_err();
        assert!(matches!(failed, CommitError::RolledBack(_)), "{failed:?}");
        let before = &staged.hives[0].before;
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

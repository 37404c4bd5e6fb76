//! Whole rounds: open, stage, commit, read back, undo, on built and on real disks.
//!
//! Invariants: after undo every file of the disk has its old bytes. Absent on purpose:
//! interruptions (`undo.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use disk::State;
use hive::commit::Method;
use support::{CONFIG, Scratch, dword, edits, shared, software_edit};
use testkit::windows::{Disk, Installation, Options, demo, healthy, pe};
use volume::undo::{self, Standing};
use volume::{Edit, Volume};

/// Commits edits, reads them back, takes them back.
fn round(disk: &Disk, edits: &[Edit], method: Method) {
    let scratch = Scratch::of(disk);
    let before = scratch.files();
    let staged = scratch.stage(edits);
    assert_eq!(scratch.files(), before, "looking and staging write nothing");
    for hive in &staged.hives {
        assert_eq!(hive.method, method);
        assert!(hive.proof.values > 0 && hive.proof.ours_only == 0);
    }
    let lock = scratch.lock();
    let mut run = scratch.commit(&staged, &lock).unwrap();
    assert_eq!(run.state(), State::Done);
    assert_eq!(scratch.run().state(), State::Done);
    let after = Volume::open(scratch.root()).unwrap();
    for edit in edits {
        assert_eq!(after.read(edit.target()).unwrap().as_ref(), edit.after());
    }
    let standing = undo::look(&[&scratch.root()], &run).unwrap();
    assert!(
        standing
            .iter()
            .all(|outcome| outcome.standing == Standing::Ours)
    );
    drop(after);
    // The same once more offers the same bytes to change: nothing.
    let again = scratch.stage(edits);
    for hive in &again.hives {
        let bins = |file: &[u8]| hive::Hive::open(file.to_vec()).unwrap().bins().to_vec();
        assert!(bins(&hive.after.primary) == bins(&hive.before.to_files().primary));
    }
    let outcomes =
        undo::undo(&[&scratch.root()], &mut run, &lock, "later", &mut |_, _| ()).unwrap();
    assert_eq!(outcomes.len(), staged.hives.len());
    assert!(scratch.files() == before);
    assert_eq!(scratch.run().state(), State::Undone);
    // An undo that is asked for twice finds everything as it was.
    let outcomes = undo::undo(
        &[&scratch.root()],
        &mut scratch.run(),
        &lock,
        "again",
        &mut |_, _| (),
    )
    .unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.standing == Standing::Before)
    );
    assert!(scratch.files() == before);
}

#[test]
fn built_disks_are_edited_and_put_back() {
    for disk in [healthy(), demo()] {
        round(&disk, &edits(), Method::NewLog);
        round(
            &disk,
            &[edits(), vec![software_edit()]].concat(),
            Method::NewLog,
        );
        round(&disk, &[software_edit()], Method::NewLog);
    }
}

#[test]
fn built_disks_without_evidence_or_of_old_systems_are_edited_and_put_back() {
    let mut windows = Installation::new(&Options::default());
    (windows.kernel, windows.software) = (None, None);
    round(&windows.disk(), &edits(), Method::NoLog);
    let old = Options {
        version: [6, 1, 7601, 17514],
        ..Options::default()
    };
    round(&Installation::new(&old).disk(), &edits(), Method::OldLog);
}

#[test]
fn real_hives_are_edited_and_put_back() {
    let edits = [
        dword(support::TLS, "Enabled", 1),
        dword(support::TLS, "DisabledByDefault", 0),
        dword(r"ControlSet001\Services\TermService", "Start", 4),
    ];
    for (name, method) in [
        ("sys-win7sp1-2controlsets", Method::NoLog),
        ("sys-xpsp3-controlset-1-and-3", Method::NoLog),
        ("sys-win10-16299-dirty.EXPECTED-yarp", Method::NewLog),
    ] {
        let Some(hive) = shared(name) else { continue };
        let mut disk = Disk::default();
        let mut put = |path: &str, file: Vec<u8>| disk.files.insert(path.to_owned(), file);
        put(&format!("{CONFIG}/SYSTEM"), hive);
        if method == Method::NewLog {
            put(&format!("{CONFIG}/SYSTEM.LOG1"), Vec::new());
            put(&format!("{CONFIG}/SYSTEM.LOG2"), Vec::new());
            let kernel = pe::image("ntkrnlmp.exe", [10, 0, 16299, 15]);
            put("Windows/System32/ntoskrnl.exe", kernel);
        }
        round(&disk, &edits, method);
    }
}

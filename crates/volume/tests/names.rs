//! Files that get another name through commit and undo, together with a hive and permissions.
//!
//! Invariants: the disk is a folder. Absent on purpose: cuts within a renaming (see the crate
//! `disk`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use disk::{RenameRecord, State};
use std::path::PathBuf;
use support::Scratch;
use volume::commit::{CommitError, Committed, commit};
use volume::undo::{Outcome, Part, Standing, UndoError, look, undo};
use volume::{Volume, stage};

const OLD: &str = r"Windows\System32\drivers\rdpdr.sys";
const NEW: &str = "rdpdr.sys.offfix-quarantined";

struct Lab(Scratch);

impl Lab {
    fn new() -> Lab {
        Lab(Scratch::of(&testkit::windows::healthy()))
    }

    fn record(&self) -> RenameRecord {
        let content = self.0.root().stamp(OLD).unwrap().unwrap();
        RenameRecord {
            root: 0,
            path: OLD.to_owned(),
            name: NEW.to_owned(),
            content,
        }
    }

    fn commit(&self, record: RenameRecord) -> Result<Committed, CommitError> {
        let volume = Volume::open(self.0.root()).unwrap();
        let staged = stage(&volume, &support::edits(), &[], support::NOW).unwrap();
        let staged = staged.with_renames(vec![record]);
        let request = support::request("run");
        let lock = self.0.lock();
        commit(&[&self.0.root()], &staged, &lock, &request, &mut |_, _| ())
    }

    fn undo(&self) -> Result<Vec<Outcome>, UndoError> {
        let mut run = self.0.run();
        let lock = self.0.lock();
        undo(&[&self.0.root()], &mut run, &lock, "later", &mut |_, _| ())
    }

    fn file(&self, name: &str) -> PathBuf {
        let folder = self.0.config("SYSTEM");
        let folder = folder.parent().unwrap().parent().unwrap();
        folder.join("drivers").join(name)
    }

    fn system(&self) -> Vec<u8> {
        std::fs::read(self.0.config("SYSTEM")).unwrap()
    }
}

fn name_of(outcomes: &[Outcome]) -> Vec<Standing> {
    let those = outcomes.iter().filter(|one| one.part == Part::Name);
    those.map(|one| one.standing).collect()
}

#[test]
fn a_hive_and_a_name_go_there_and_back() {
    let lab = Lab::new();
    let (before, content) = (lab.system(), std::fs::read(lab.file("rdpdr.sys")).unwrap());
    let committed = lab.commit(lab.record()).unwrap();
    assert!(!lab.file("rdpdr.sys").exists());
    assert_eq!(std::fs::read(lab.file(NEW)).unwrap(), content);
    assert_ne!(lab.system(), before);
    let found = look(&[&lab.0.root()], &committed.run).unwrap();
    assert_eq!(name_of(&found), [Standing::Ours]);
    let found = lab.undo().unwrap();
    assert_eq!(name_of(&found), [Standing::Ours]);
    assert_eq!(std::fs::read(lab.file("rdpdr.sys")).unwrap(), content);
    assert!(!lab.file(NEW).exists());
    assert_eq!(lab.system(), before);
    assert_eq!(lab.0.run().state(), State::Undone);
}

#[test]
fn nothing_is_written_when_the_file_is_not_the_planned_one() {
    let lab = Lab::new();
    let (record, before) = (lab.record(), lab.system());
    std::fs::write(lab.file(NEW), b"taken").unwrap();
    let refused = lab.commit(record.clone()).unwrap_err();
    assert!(matches!(refused, CommitError::Rename(_)), "{refused:?}");
    std::fs::remove_file(lab.file(NEW)).unwrap();
    std::fs::write(lab.file("rdpdr.sys"), b"another").unwrap();
    let refused = lab.commit(record).unwrap_err();
    assert!(matches!(refused, CommitError::Rename(_)), "{refused:?}");
    assert_eq!(lab.system(), before);
    assert!(lab.0.journal().runs().unwrap().is_empty());
}

#[test]
fn a_file_that_has_come_back_is_overtaken_and_the_hive_is_not() {
    let lab = Lab::new();
    let before = lab.system();
    lab.commit(lab.record()).unwrap();
    std::fs::write(lab.file("rdpdr.sys"), b"installed anew").unwrap();
    let found = lab.undo().unwrap();
    assert_eq!(name_of(&found), [Standing::Overtaken]);
    assert_eq!(lab.system(), before);
    assert_eq!(
        std::fs::read(lab.file("rdpdr.sys")).unwrap(),
        b"installed anew"
    );
    assert!(lab.file(NEW).exists());
}

/// An entry without its half in the file: nothing takes it away, the hive goes back all the same,
/// and the run stays open until the disk was checked.
#[cfg(unix)]
#[test]
fn what_has_to_be_checked_first_keeps_the_run_open() {
    let lab = Lab::new();
    let before = lab.system();
    lab.commit(lab.record()).unwrap();
    std::fs::remove_file(lab.file(NEW)).unwrap();
    std::os::unix::fs::symlink("ntfs.sys", lab.file(NEW)).unwrap();
    assert!(matches!(lab.undo(), Err(UndoError::Rename(_))));
    assert_eq!(lab.system(), before);
    assert_eq!(lab.0.run().state(), State::Undoing);
}

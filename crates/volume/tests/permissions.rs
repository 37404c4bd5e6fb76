//! Permissions through staging, commit and undo, together with a hive.
//!
//! Invariants: the descriptors are those of the in-memory double. Absent on purpose: descriptors
//! on a file system (see the crate `disk`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use disk::{MemorySecurity, Root, SecurityBackend, State};
use std::fs::File;
use std::io;
use std::sync::Arc;
use support::Scratch;
use volume::commit::{CommitError, Committed, commit};
use volume::stage::StageError;
use volume::undo::{Outcome, Part, Standing, look, undo};
use volume::{SecurityEdit, Volume, stage};

const FOLDER: &str = r"Windows\System32";
const FILE: &str = r"Windows\System32\ntoskrnl.exe";

fn descriptor(sddl: &str) -> Vec<u8> {
    let descriptor = security::Descriptor::from_sddl(sddl).unwrap();
    descriptor.to_bytes().unwrap()
}

fn old() -> Vec<u8> {
    descriptor("O:SYG:SYD:(A;;FA;;;SY)")
}

fn new() -> Vec<u8> {
    descriptor("O:BAG:SYD:(A;;FA;;;SY)(A;;FR;;;NS)")
}

fn edit(paths: &[&str], after: Vec<u8>) -> SecurityEdit {
    SecurityEdit {
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
        before: old().into(),
        after: after.into(),
    }
}

/// A disk with permissions in memory.
struct Lab {
    scratch: Scratch,
    security: MemorySecurity,
}

impl Lab {
    fn new() -> Lab {
        Lab {
            scratch: Scratch::of(&testkit::windows::healthy()),
            security: MemorySecurity::new(&old()),
        }
    }

    fn root(&self) -> Root {
        let security = Box::new(self.security.clone());
        self.scratch.root().with_security(security)
    }

    fn commit_on(&self, root: &Root, edits: &[SecurityEdit]) -> Result<Committed, CommitError> {
        let volume = Volume::open(self.root()).unwrap();
        let staged = stage(&volume, &support::edits(), edits, support::NOW).unwrap();
        let lock = self.scratch.lock();
        let request = support::request("run");
        commit(&[root], &staged, &lock, &request, &mut |_, _| ())
    }

    fn undo(&self) -> Vec<Outcome> {
        let mut run = self.scratch.run();
        let lock = self.scratch.lock();
        undo(&[&self.root()], &mut run, &lock, "later", &mut |_, _| ()).unwrap()
    }

    fn system(&self) -> Vec<u8> {
        std::fs::read(self.scratch.config("SYSTEM")).unwrap()
    }
}

fn standings(outcomes: &[Outcome], part: Part) -> Vec<Standing> {
    let those = outcomes.iter().filter(|outcome| outcome.part == part);
    those.map(|outcome| outcome.standing).collect()
}

#[test]
fn a_hive_and_permissions_go_there_and_back() {
    let lab = Lab::new();
    let before = lab.system();
    let committed = lab.commit_on(&lab.root(), &[edit(&[FOLDER, FILE], new())]);
    let committed = committed.unwrap();
    assert!(committed.differs.is_empty());
    assert_eq!(committed.run.state(), State::Done);
    assert_eq!(lab.security.get(FILE).unwrap(), new());
    assert_ne!(lab.system(), before);
    let found = look(&[&lab.root()], &committed.run).unwrap();
    assert_eq!(standings(&found, Part::Permissions), [Standing::Ours; 2]);
    // Something else changes one of them.
    lab.security.set(FILE, &descriptor("O:SYG:SYD:"));
    let found = lab.undo();
    assert_eq!(standings(&found, Part::Hive), [Standing::Ours]);
    let wanted = [Standing::Ours, Standing::Overtaken];
    assert_eq!(standings(&found, Part::Permissions), wanted);
    assert_eq!(lab.security.get(FOLDER).unwrap(), old());
    assert_eq!(lab.security.get(FILE).unwrap(), descriptor("O:SYG:SYD:"));
    assert_eq!(lab.system(), before);
    assert_eq!(lab.scratch.run().state(), State::Undone);
}

#[test]
fn permissions_that_are_not_those_looked_at_stop_everything() {
    let lab = Lab::new();
    let before = lab.system();
    let root = lab.root();
    lab.security.set(FILE, &new());
    let error = lab.commit_on(&root, &[edit(&[FOLDER, FILE], new())]);
    let error = error.unwrap_err();
    assert!(matches!(error, CommitError::Security(_)), "{error}");
    assert_eq!(lab.system(), before);
    assert_eq!(lab.security.get(FOLDER).unwrap(), old());
    assert!(lab.scratch.journal().runs().unwrap().is_empty());
    let mut wrong = edit(&[FILE], vec![0; 20]);
    let volume = Volume::open(lab.root()).unwrap();
    let refused = |edit: &SecurityEdit| stage(&volume, &[], std::slice::from_ref(edit), 0);
    let error = refused(&wrong).unwrap_err();
    assert!(matches!(error, StageError::Security { .. }), "{error}");
    wrong.after = Arc::from(new());
    refused(&wrong).unwrap();
}

/// Refuses one path, or stores what it is given in another form.
#[derive(Debug)]
struct Stubborn {
    memory: MemorySecurity,
    refuses: Option<&'static str>,
}

impl SecurityBackend for Stubborn {
    fn read(&self, object: &File, path: &str) -> io::Result<Vec<u8>> {
        self.memory.read(object, path)
    }

    fn write(&self, object: &File, path: &str, descriptor: &[u8]) -> io::Result<()> {
        match self.refuses {
            Some(refused) if refused == path => Err(io::ErrorKind::PermissionDenied.into()),
            Some(_) => self.memory.write(object, path, descriptor),
            None => {
                let mut other = security::Descriptor::from_bytes(descriptor).unwrap();
                other.order = security::Order::OWNER_FIRST;
                self.memory.write(object, path, &other.to_bytes().unwrap())
            }
        }
    }
}

#[test]
fn a_refusal_takes_back_what_was_set_and_the_hive() {
    let lab = Lab::new();
    let before = lab.system();
    let memory = lab.security.clone();
    let refuses = Some(FILE);
    let root = lab.scratch.root();
    let root = root.with_security(Box::new(Stubborn { memory, refuses }));
    let error = lab.commit_on(&root, &[edit(&[FOLDER, FILE], new())]);
    let error = error.unwrap_err();
    assert!(matches!(error, CommitError::RolledBack(_)), "{error}");
    assert_eq!(lab.security.get(FOLDER).unwrap(), old());
    assert_eq!(lab.system(), before);
    assert_eq!(lab.scratch.run().state(), State::RolledBack);
}

#[test]
fn another_form_is_told_and_put_back() {
    let lab = Lab::new();
    let memory = lab.security.clone();
    let stubborn = || {
        let memory = memory.clone();
        let root = lab.scratch.root();
        root.with_security(Box::new(Stubborn {
            memory,
            refuses: None,
        }))
    };
    let committed = lab.commit_on(&stubborn(), &[edit(&[FILE], new())]);
    let committed = committed.unwrap();
    let [differs] = committed.differs.as_slice() else {
        panic!("{:?}", committed.differs)
    };
    assert_eq!(differs.path, FILE);
    let mut run = lab.scratch.run();
    let lock = lab.scratch.lock();
    let found = undo(&[&stubborn()], &mut run, &lock, "later", &mut |_, _| ());
    let found = found.unwrap();
    assert_eq!(standings(&found, Part::Permissions), [Standing::Differs]);
    assert!(volume::same_security(
        &lab.security.get(FILE).unwrap(),
        &old()
    ));
}

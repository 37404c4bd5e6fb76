//! A disk in a temporary folder: what the tests of this crate do to one.
//!
//! Invariants: the journal lies outside the disk; every call opens the disk anew. Absent on
//! purpose: expectations.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

use disk::{Journal, Root};
use hive::commit::Member;
use repairs::{Plan, PlanError, Selection, plan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use testkit::windows::Disk;
use volume::commit::Request;
use volume::{Edit, HiveName, Target, Volume};

/// The time stamp of every change.
pub(crate) const NOW: u64 = 0x01DD_0000_0000_0000;

pub(crate) struct Lab {
    folder: TempDir,
}

impl Lab {
    pub(crate) fn of(disk: &Disk) -> Lab {
        let lab = Lab::empty();
        disk.write_to(&lab.root()).unwrap();
        lab
    }

    pub(crate) fn empty() -> Lab {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        Lab { folder }
    }

    /// A disk with one hive of the shared collection as its SYSTEM; `None` without the collection.
    pub(crate) fn shared(name: &str) -> Option<Lab> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let hive = here.join("../../../shared/hives").join(name);
        if !hive.exists() {
            println!("skipped: no ../shared/hives/{name}");
            return None;
        }
        let lab = Lab::empty();
        lab.write(
            "Windows/System32/config/SYSTEM",
            &std::fs::read(hive).unwrap(),
        );
        Some(lab)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.root().join(path)).unwrap();
    }

    pub(crate) fn open(&self) -> Volume {
        Volume::open(Root::open(self.root().as_os_str()).unwrap()).unwrap()
    }

    pub(crate) fn plan(&self, selection: &Selection) -> Plan {
        self.try_plan(selection).unwrap()
    }

    pub(crate) fn try_plan(&self, selection: &Selection) -> Result<Plan, PlanError> {
        plan(&self.open(), selection, &[], NOW)
    }

    /// Applies a plan through journal and commit; the answer undoes it.
    pub(crate) fn apply(&self, plan: &Plan) -> disk::Run {
        let volume = self.open();
        let staged = volume::stage(&volume, &edits(plan), NOW).unwrap();
        let lock = self.journal().lock().unwrap();
        let id = format!("run-{}", self.journal().runs().unwrap().len());
        let request = Request {
            id,
            at: "now".to_owned(),
            about: Vec::new(),
        };
        volume::commit::commit(&volume.roots(), &staged, &lock, &request).unwrap()
    }

    pub(crate) fn undo(&self, run: &mut disk::Run) {
        let root = Root::open(self.root().as_os_str()).unwrap();
        let lock = self.journal().lock().unwrap();
        volume::undo::undo(&[&root], run, &lock, "later").unwrap();
    }

    /// Writes what a plan stages, without journal.
    pub(crate) fn write_plan(&self, plan: &Plan) {
        let volume = self.open();
        let staged = volume::stage(&volume, &edits(plan), NOW).unwrap();
        for hive in staged.hives {
            for member in Member::ALL {
                if let Some(bytes) = hive.after.get(member) {
                    let path = format!("{}{}", hive.path, member.suffix());
                    self.write(&path.replace('\\', "/"), bytes);
                }
            }
        }
    }

    fn journal(&self) -> Journal {
        Journal::at(&self.folder.path().join("journal"))
    }

    /// Every file of the disk, by path below its root.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.root()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    files.insert(path, bytes);
                }
            }
        }
        files
    }
}

pub(crate) fn edits(plan: &Plan) -> Vec<Edit> {
    plan.changes
        .iter()
        .map(|change| change.edit.clone())
        .collect()
}

/// `--repair ID…`.
pub(crate) fn named(ids: &[&str]) -> Selection {
    let repairs = ids.iter().map(|&id| id.to_owned()).collect();
    Selection {
        repairs,
        ..Selection::default()
    }
}

/// The changes as lines: `KEY NAME = DATA`, `KEY NAME deleted`, keys below their control set.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let line = |edit: &Edit| {
        let Target { hive, key, name } = edit.target();
        let hive = if *hive == HiveName::Software {
            r"SOFTWARE\"
        } else {
            ""
        };
        match edit.after() {
            Some(data) => format!("{hive}{key} {name} = {} {data}", data.kind),
            None => format!("{hive}{key} {name} deleted"),
        }
    };
    plan.changes
        .iter()
        .map(|change| line(&change.edit))
        .collect()
}

/// The titles of what a repair found.
pub(crate) fn titles(plan: &Plan, id: &str) -> Vec<String> {
    let found = plan.found.iter().filter(|found| found.repair == id);
    found.map(|found| found.finding.title.clone()).collect()
}

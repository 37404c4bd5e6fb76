//! A disk in a temporary folder: what the tests of this crate do to one.
//!
//! Invariants: the journal lies outside the disk; every call opens the disk anew. Absent on
//! purpose: expectations.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

use disk::partition::{Partition, PartitionId, Table, TableKind};
use disk::{Journal, MemorySecurity, Origin, RenameRecord, Root, Space};
use hive::commit::Member;
use repairs::{Plan, PlanError, Selection, plan};
use security::Descriptor;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use testkit::bcd::{Machine, Place};
use testkit::windows::{Disk, machine};
use volume::commit::Request;
use volume::{BootFiles, Edit, HiveName, Target, Volume};

/// The time stamp of every change.
pub(crate) const NOW: u64 = 0x01DD_0000_0000_0000;

pub(crate) struct Lab {
    folder: TempDir,
    behind: Behind,
    security: MemorySecurity,
    space: Space,
}

/// What files have that are given nothing else.
const PERMISSIONS: &str = "O:SYG:SYD:P(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;BA)";

/// A descriptor's bytes.
pub(crate) fn descriptor(sddl: &str) -> Vec<u8> {
    Descriptor::from_sddl(sddl).unwrap().to_bytes().unwrap()
}

/// The disk that the folders of a lab stand for.
enum Behind {
    /// That of the machine whose store `testkit` makes for this firmware.
    Machine,
    /// This one; the numbers are the partitions of the drive and of the system partition.
    Table(Table, Vec<u32>),
    /// They are folders and no more.
    Nothing,
}

/// The disk of a machine that `testkit` makes stores for, and the partition of its Windows.
fn disk_of(machine: &Machine) -> (Table, Vec<u32>) {
    match (machine.system, machine.windows) {
        (Place::Mbr { signature, offset }, Place::Mbr { offset: other, .. }) => {
            let mut offsets = vec![offset, other];
            offsets.dedup();
            let windows = offsets.len() as u32;
            (mbr(signature, &offsets), vec![windows])
        }
        (
            Place::Gpt { disk, partition },
            Place::Gpt {
                partition: other, ..
            },
        ) => {
            let partitions = [guid(partition), guid(other)];
            (gpt(guid(disk), &partitions), vec![2])
        }
        _ => panic!("one machine has one disk"),
    }
}

/// The bytes of a GUID, its first three fields little-endian.
pub(crate) fn guid(text: &str) -> [u8; 16] {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let mut bytes = u128::from_str_radix(&digits, 16).unwrap().to_be_bytes();
    for field in [0..4, 4..6, 6..8] {
        bytes[field].reverse();
    }
    bytes
}

/// A disk with a master boot record and partitions that begin there, in bytes.
pub(crate) fn mbr(signature: u32, offsets: &[u64]) -> Table {
    let id = |_| PartitionId::Mbr { type_byte: 7 };
    table(TableKind::Mbr { signature }, offsets, id)
}

/// A disk with a GUID partition table and partitions with these GUIDs.
pub(crate) fn gpt(disk: [u8; 16], guids: &[[u8; 16]]) -> Table {
    let offsets: Vec<u64> = (1..=guids.len() as u64).map(|place| place << 30).collect();
    let id = |place: usize| PartitionId::Gpt {
        guid: guids[place],
        type_guid: [0xEB; 16],
    };
    table(TableKind::Gpt { disk }, &offsets, id)
}

fn table(kind: TableKind, offsets: &[u64], id: impl Fn(usize) -> PartitionId) -> Table {
    let partition = |(place, &offset): (usize, &u64)| Partition {
        number: place as u32 + 1,
        offset,
        size: 0x0100_0000,
        id: id(place),
        active: place == 0 && matches!(kind, TableKind::Mbr { .. }),
    };
    Table {
        kind,
        sector: 512,
        partitions: offsets.iter().enumerate().map(partition).collect(),
        remarks: Vec::new(),
    }
}

impl Lab {
    pub(crate) fn of(disk: &Disk) -> Lab {
        let mut lab = Lab::empty();
        if let Some((free, total)) = disk.space {
            lab.space = Space { free, total };
        }
        disk.write_to(&lab.root()).unwrap();
        for (path, sddl) in &disk.permissions {
            lab.permit(path, sddl);
        }
        lab
    }

    /// Gives a file or folder permissions.
    pub(crate) fn permit(&self, path: &str, sddl: &str) {
        self.security.set(path, &descriptor(sddl));
    }

    /// Gives a file or folder any bytes as permissions.
    pub(crate) fn give(&self, path: &str, bytes: &[u8]) {
        self.security.set(path, bytes);
    }

    /// The permissions of a file or folder.
    pub(crate) fn permissions(&self, path: &str) -> String {
        let bytes = self.security.get(path).unwrap();
        Descriptor::from_bytes(&bytes).unwrap().to_sddl().unwrap()
    }

    pub(crate) fn empty() -> Lab {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        Lab {
            folder,
            behind: Behind::Machine,
            security: MemorySecurity::new(&descriptor(PERMISSIONS)),
            space: Space {
                free: 60 << 30,
                total: 127 << 30,
            },
        }
    }

    /// The same on a file system that shows no permissions.
    pub(crate) fn without_permissions(self) -> Lab {
        Lab {
            security: MemorySecurity::default(),
            ..self
        }
    }

    /// The same on another disk, whose partitions with these numbers are the drive and, where
    /// there is a folder for it, the system partition.
    pub(crate) fn on(self, table: Table, numbers: &[u32]) -> Lab {
        Lab {
            behind: Behind::Table(table, numbers.to_vec()),
            ..self
        }
    }

    /// The same with nothing behind the folders.
    pub(crate) fn nowhere(self) -> Lab {
        Lab {
            behind: Behind::Nothing,
            ..self
        }
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

    /// The folder of the system partition, which is part of the disk when it is there.
    pub(crate) fn system(&self) -> PathBuf {
        self.folder.path().join("system")
    }

    /// Puts a file on the system partition.
    pub(crate) fn write_to_system(&self, path: &str, bytes: &[u8]) {
        let path = self.system().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn roots(&self) -> Vec<Root> {
        let folders = [self.root(), self.system()];
        let there = folders.iter().filter(|folder| folder.exists());
        there
            .map(|folder| Root::open(folder.as_os_str()).unwrap())
            .map(|root| root.with_security(Box::new(self.security.clone())))
            .map(|root| root.with_space(self.space))
            .collect()
    }

    pub(crate) fn open(&self) -> Volume {
        let mut roots = self.roots().into_iter();
        let volume = Volume::open(roots.next().unwrap()).unwrap();
        let volume = volume.with_boot_files(BootFiles {
            root: roots.next(),
            store: None,
        });
        let (table, numbers) = match &self.behind {
            Behind::Nothing => return volume,
            Behind::Table(table, numbers) => (table.clone(), numbers.clone()),
            Behind::Machine if self.root().join("EFI").exists() => disk_of(&Machine::uefi()),
            Behind::Machine => disk_of(&machine()),
        };
        let origin = |&number: &u32| {
            let mut all = table.partitions.iter();
            let partition = all.find(|partition| partition.number == number).unwrap();
            Origin::detached(table.clone(), partition.clone())
        };
        volume.with_origins(numbers.iter().map(origin).collect())
    }

    pub(crate) fn plan(&self, selection: &Selection) -> Plan {
        self.try_plan(selection).unwrap()
    }

    pub(crate) fn try_plan(&self, selection: &Selection) -> Result<Plan, PlanError> {
        plan(&self.open(), selection, &[], NOW, &|_| ())
    }

    /// Applies a plan through journal and commit; the answer undoes it.
    pub(crate) fn apply(&self, plan: &Plan) -> disk::Run {
        let volume = self.open();
        let permissions: Vec<_> = plan.permissions.iter().map(|it| it.edit.clone()).collect();
        let staged = volume::stage(&volume, &edits(plan), &permissions, NOW).unwrap();
        let renames = plan.renames.iter().map(|one| one.edit.clone());
        let staged = staged.with_renames(renames.collect());
        let lock = self.journal().lock().unwrap();
        let id = format!("run-{}", self.journal().runs().unwrap().len());
        let request = Request {
            id,
            at: "now".to_owned(),
            about: Vec::new(),
        };
        let progress = &mut |_, _| ();
        let committed = volume::commit::commit(&volume.roots(), &staged, &lock, &request, progress);
        committed.unwrap().run
    }

    pub(crate) fn undo(&self, run: &mut disk::Run) {
        let roots = self.roots();
        let lock = self.journal().lock().unwrap();
        let roots: Vec<&Root> = roots.iter().collect();
        volume::undo::undo(&roots, run, &lock, "later", &mut |_, _| ()).unwrap();
    }

    /// Writes what a plan stages, without journal.
    pub(crate) fn write_plan(&self, plan: &Plan) {
        let volume = self.open();
        for one in &plan.permissions {
            for path in &one.edit.paths {
                self.security.set(path, &one.edit.after);
            }
        }
        for RenameRecord { path, name, .. } in plan.renames.iter().map(|one| &one.edit) {
            let path = self.root().join(path.replace('\\', "/"));
            std::fs::rename(&path, path.with_file_name(name)).unwrap();
        }
        let staged = volume::stage(&volume, &edits(plan), &[], NOW).unwrap();
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

    /// Every file of the disk with its permissions behind its content, by path.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.root(), self.system()];
        open.retain(|folder| folder.exists());
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let mut bytes = std::fs::read(&path).unwrap();
                    let name = path.strip_prefix(self.folder.path()).unwrap();
                    let below: PathBuf = name.components().skip(1).collect();
                    bytes.extend(
                        self.security
                            .get(below.to_str().unwrap())
                            .unwrap_or_default(),
                    );
                    files.insert(path, bytes);
                }
            }
        }
        files
    }
}

/// Whether a plan changes nothing.
pub(crate) fn is_empty(plan: &Plan) -> bool {
    plan.changes.is_empty() && plan.permissions.is_empty() && plan.renames.is_empty()
}

/// The repair of each change and each permission.
pub(crate) fn proposed_by(plan: &Plan) -> impl Iterator<Item = &'static str> {
    let changes = plan.changes.iter().map(|change| change.repair);
    let permissions = plan.permissions.iter().map(|one| one.repair);
    let renames = plan.renames.iter().map(|one| one.repair);
    changes.chain(permissions).chain(renames)
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

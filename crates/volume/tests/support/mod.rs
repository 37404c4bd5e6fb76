//! What the tests of this crate share: a disk in a folder, a journal beside it, edits.
//!
//! Invariants: everything lies in one temporary folder that is removed at the end. Absent on
//! purpose: assertions about one behaviour.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

pub(crate) mod mount;

use disk::{Journal, Lock, Root, Run};
use hive::RegData;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use testkit::windows::Disk;
use volume::commit::{CommitError, Request};
use volume::{Edit, HiveName, Staged, Target, Volume};

/// The time stamp edits of these tests carry.
pub(crate) const NOW: u64 = 0x01DD_4242_4242_4242;
/// Where the hives are.
pub(crate) const CONFIG: &str = "Windows/System32/config";
/// The key of the protocol all fixtures have.
pub(crate) const TLS: &str =
    r"ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server";

/// A disk and a journal.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    /// Writes the files of a disk.
    pub(crate) fn of(disk: &Disk) -> Scratch {
        let scratch = Scratch {
            folder: tempfile::tempdir().unwrap(),
        };
        disk.write_to(&scratch.root_path()).unwrap();
        scratch
    }

    /// Where the root is.
    pub(crate) fn root_path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The path of a file in the folder of the hives.
    pub(crate) fn config(&self, name: &str) -> PathBuf {
        self.root_path().join(CONFIG).join(name)
    }

    /// The root, opened.
    pub(crate) fn root(&self) -> Root {
        Root::open(self.root_path().as_os_str()).unwrap()
    }

    /// The volume, opened.
    pub(crate) fn volume(&self) -> Volume {
        Volume::open(self.root()).unwrap()
    }

    /// The journal.
    pub(crate) fn journal(&self) -> Journal {
        Journal::at(&self.folder.path().join("journal"))
    }

    /// The journal's lock.
    pub(crate) fn lock(&self) -> Lock {
        self.journal().lock().unwrap()
    }

    /// Stages edits, over a volume that stays for the rest of the test.
    pub(crate) fn stage(&self, edits: &[Edit]) -> Staged<'static> {
        volume::stage(Box::leak(Box::new(self.volume())), edits, &[], NOW).unwrap()
    }

    /// Commits what was staged.
    pub(crate) fn commit(&self, staged: &Staged<'_>, lock: &Lock) -> Result<Run, CommitError> {
        let request = request("run");
        let committed =
            volume::commit::commit(&[&self.root()], staged, lock, &request, &mut |_, _| ());
        committed.map(|committed| committed.run)
    }

    /// The only run of the journal, as it stands in the journal.
    pub(crate) fn run(&self) -> Run {
        self.journal().runs().unwrap().pop().unwrap()
    }

    /// Every file of the disk with its content.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.root_path(), &mut files);
        files
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

/// A request with this name.
pub(crate) fn request(id: &str) -> Request {
    Request {
        id: id.to_owned(),
        at: "2026-09-15T09:12:00Z".to_owned(),
        about: b"plan".to_vec(),
    }
}

/// The value of a key of SYSTEM.
pub(crate) fn target(key: &str, name: &str) -> Target {
    Target {
        hive: HiveName::System,
        key: key.to_owned(),
        name: name.to_owned(),
    }
}

/// Sets a number in SYSTEM.
pub(crate) fn dword(key: &str, name: &str, number: u32) -> Edit {
    Edit::SetValue(target(key, name), RegData::dword(number))
}

/// Edits of every kind: changed, new with keys, deleted, and data that makes the hive grow.
pub(crate) fn edits() -> Vec<Edit> {
    let large = RegData {
        kind: hive::RegType::BINARY,
        bytes: vec![0x5A; 20_000],
    };
    vec![
        dword(TLS, "Enabled", 7),
        dword(TLS, "DisabledByDefault", 0),
        dword(r"ControlSet001\Control\New\Deeper", "Start", 4),
        Edit::DeleteValue(target(r"ControlSet001\Services\TermService", "ObjectName")),
        Edit::SetValue(target(r"ControlSet001\Control\New", "Large"), large),
    ]
}

/// Sets a text in SOFTWARE.
pub(crate) fn software_edit() -> Edit {
    let key = r"Microsoft\Windows NT\CurrentVersion\Winlogon".to_owned();
    let target = Target {
        hive: HiveName::Software,
        key,
        name: "Shell".to_owned(),
    };
    Edit::SetValue(target, RegData::sz("cmd.exe"))
}

/// A header as a log of this type has it.
pub(crate) fn log_header(primary: &[u8], kind: u32) -> Vec<u8> {
    let mut header = primary[..512].to_vec();
    header[0x1C..0x20].copy_from_slice(&kind.to_le_bytes());
    let sum = testkit::checksum(&header);
    header[0x1FC..].copy_from_slice(&sum.to_le_bytes());
    header
}

/// The bytes of a hive beside the checkout; says so when it is not there.
pub(crate) fn shared(name: &str) -> Option<Vec<u8>> {
    let hives = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/hives");
    let file = std::fs::read(hives.join(name)).ok();
    if file.is_none() {
        println!("skipped: no ../shared/hives/{name}");
    }
    file
}

//! One run of the program: its time, its journal, and the disk it is about.
//!
//! Invariants: opening a session writes nothing. Absent on purpose: Windows (see
//! [`Session::volume`]).

use crate::document::Document;
use crate::drives;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::time::Moment;
use disk::{Journal, Root};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use volume::guards;
use volume::{BootFiles, Installation, Volume, VolumeError};

/// What every command needs.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) now: Moment,
    pub(crate) journal: Journal,
    pub(crate) root: Root,
    /// The drive as it was typed.
    pub(crate) drive: String,
    /// Where the boot files are, when the operator says so.
    pub(crate) boot: BootPlace,
    expect_computer: Option<String>,
}

/// Where the operator says that the boot files are.
#[derive(Clone, Debug, Default)]
pub(crate) struct BootPlace {
    pub(crate) system_partition: Option<OsString>,
    pub(crate) store: Option<PathBuf>,
    /// Whether the operator vouches for it.
    pub(crate) unverified: bool,
}

impl BootPlace {
    /// Whether the operator says nothing.
    fn is_empty(&self) -> bool {
        self.system_partition.is_none() && self.store.is_none()
    }

    /// The second root that this asks for.
    pub(crate) fn folder(&self) -> Option<OsString> {
        let of_store = || {
            let folder = self.store.as_ref()?.parent()?;
            let here = folder.as_os_str().is_empty();
            Some(if here { ".".into() } else { folder.into() })
        };
        self.system_partition.clone().or_else(of_store)
    }

    /// The system partition as it was typed.
    pub(crate) fn system_partition(&self) -> Option<String> {
        let place = self.system_partition.as_ref();
        place.map(|place| place.to_string_lossy().into_owned())
    }

    /// The store as it was typed.
    pub(crate) fn store(&self) -> Option<String> {
        self.store.as_ref().map(|store| store.display().to_string())
    }

    /// The same, or else what a plan says.
    pub(crate) fn or_of(&self, plan: &Document) -> BootPlace {
        if !self.is_empty() {
            return self.clone();
        }
        BootPlace {
            system_partition: plan.system_partition.as_ref().map(OsString::from),
            store: plan.store.as_ref().map(PathBuf::from),
            unverified: self.unverified,
        }
    }

    /// Opens it; a store on the drive itself needs no second root.
    fn open(&self, drive: &Root) -> Result<BootFiles, Failure> {
        if let Some(store) = self.store.as_ref().and_then(|store| below(drive, store)) {
            return Ok(BootFiles {
                root: None,
                store: Some(store),
            });
        }
        let root = self
            .folder()
            .map(|folder| Root::open(&folder))
            .transpose()?;
        let store = self.store.as_ref().and_then(|store| store.file_name());
        Ok(BootFiles {
            root,
            store: store.map(|name| name.to_string_lossy().into_owned()),
        })
    }
}

/// Where a file lies below a root, with backslashes, if it does.
fn below(root: &Root, file: &Path) -> Option<String> {
    let file = std::fs::canonicalize(file).ok()?;
    let path = file.strip_prefix(root.path()).ok()?;
    let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
    Some(names.join("\\"))
}

/// What is typed before any command.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) drive: Option<OsString>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) expect_computer: Option<String>,
    pub(crate) boot: BootPlace,
}

impl Common {
    /// The journal.
    pub(crate) fn journal(&self) -> Journal {
        match &self.journal {
            Some(dir) => Journal::at(dir),
            None => Journal::at(&Journal::default_dir()),
        }
    }

    /// The drive, wherever it was typed.
    pub(crate) fn drive(&self, place: Option<&OsStr>) -> Result<OsString, Failure> {
        match (&self.drive, place) {
            (Some(drive), None) => Ok(drive.clone()),
            (None, Some(place)) => Ok(place.to_owned()),
            (Some(drive), Some(place)) if drive == place => Ok(drive.clone()),
            (Some(_), Some(_)) => Err(Failure::new(
                Exit::Usage,
                "usage",
                "the drive is named twice, differently",
            )),
            (None, None) => {
                let failure = Failure::new(Exit::Usage, "usage", "no drive is named")
                    .hint("offfix plan F:  where F: is the broken VM's disk")
                    .hint("offfix disks    lists the disks of this machine");
                Err(drives::mounted_windows()
                    .into_iter()
                    .fold(failure, Failure::hint))
            }
        }
    }
}

impl Session {
    /// Opens the drive.
    pub(crate) fn open(common: &Common, drive: &OsStr) -> Result<Session, Failure> {
        let root = Root::open(drive)?;
        let journal = common.journal();
        Ok(Session {
            now: Moment::now(),
            journal,
            root,
            drive: drive.to_string_lossy().into_owned(),
            boot: common.boot.clone(),
            expect_computer: common.expect_computer.clone(),
        })
    }

    /// Refuses a journal on the disk that is to be repaired.
    pub(crate) fn journal_elsewhere(&self) -> Result<(), Failure> {
        if self.journal.inside(&self.root)? {
            let error = "the journal must not lie on the disk that is repaired";
            return Err(Failure::new(Exit::Refused, "journal-on-disk", error)
                .hint("--journal DIR names a folder of this machine"));
        }
        Ok(())
    }

    /// The root for people, without the prefix of Windows' long paths.
    pub(crate) fn disk(&self) -> String {
        output::path(self.root.path())
    }

    /// Opens Windows on the drive, and compares the computer with the expected one.
    pub(crate) fn volume(&self) -> Result<(Volume, Installation), Failure> {
        let root = Root::open(self.root.path().as_os_str())?;
        let volume = Volume::open(root).map_err(|error| match &error {
            VolumeError::NoWindows { .. } => drives::hinted(Failure::from(&error), &self.root),
            _ => Failure::from(&error),
        })?;
        if guards::is_windows_pe(&volume) {
            let error = "this is Windows PE, which starts anew from its image each time";
            return Err(Failure::new(Exit::Refused, "windows-pe", error)
                .hint("name the drive with the broken VM's own Windows"));
        }
        let mut boot = self.boot.open(&self.root)?;
        // Windows shows every partition's files, so that none has to be named.
        if cfg!(windows) && self.boot.is_empty() {
            boot.root = volume::boot::beside(volume.root());
        }
        let volume = volume.with_boot_files(boot);
        if let Some(why) = volume.stranger().filter(|_| !self.boot.unverified) {
            let error = format!("nothing shows that these boot files belong to this disk: {why}");
            return Err(
                Failure::new(Exit::Refused, "other-system-partition", error).hint(
                    "name the system partition of this disk, not of this machine; if you are sure: \
                 --system-partition-unverified",
                ),
            );
        }
        let installation = volume.installation()?;
        if let Some(expected) = &self.expect_computer {
            let found = installation
                .computer
                .as_deref()
                .unwrap_or("a computer without a name");
            if !found.eq_ignore_ascii_case(expected) {
                let error = format!("this is the disk of {found}, not of {expected}");
                return Err(Failure::new(Exit::Refused, "other-computer", error));
            }
        }
        Ok((volume, installation))
    }
}

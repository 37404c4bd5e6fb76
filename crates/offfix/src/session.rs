//! One run of the program: its time, its journal, and the disk it is about.
//!
//! Invariants: opening a session writes nothing. Absent on purpose: Windows (see
//! [`Session::volume`]).

use crate::exit::{Exit, Failure};
use crate::time::Moment;
use disk::{Journal, Root};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use volume::{Installation, Volume};

/// What every command needs.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) now: Moment,
    pub(crate) journal: Journal,
    pub(crate) root: Root,
    /// The drive as it was typed.
    pub(crate) drive: String,
    expect_computer: Option<String>,
}

/// What is typed before any command.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) drive: Option<OsString>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) expect_computer: Option<String>,
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
            (None, None) => Err(Failure::new(Exit::Usage, "usage", "no drive is named")
                .hint("offfix plan F:  where F: is the broken VM's disk")),
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
        let path = self.root.path().display().to_string();
        path.strip_prefix(r"\\?\")
            .map_or(path.clone(), str::to_owned)
    }

    /// Opens Windows on the drive, and compares the computer with the expected one.
    pub(crate) fn volume(&self) -> Result<(Volume, Installation), Failure> {
        let volume = Volume::open(Root::open(self.root.path().as_os_str())?)?;
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

//! The journal: a folder on the recovery machine with one folder per run (`PROTOCOL.md`).
//!
//! Invariants: everything in it is the administrators' alone from its first byte; a run exists
//! under its own name only when its record is whole and on the medium; only one program changes
//! the journal at a time; reading changes nothing and needs no lock.
//!
//! Deliberately absent: clocks, ids (the caller's), the disk that is repaired.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::os;
use crate::record::{Record, is_id};
use crate::record_file::{RecordError, encode};
use crate::root::Root;
use crate::run::Run;

/// The file with the record, below the folder of a run.
pub(crate) const RECORD: &str = "record";

/// What the folder of a run that is not sealed yet ends in.
const PARTIAL: &str = ".partial";

/// The file that is locked while the journal is changed.
const LOCK: &str = "lock";

/// How often, and how far apart, the sealing rename is tried when the system denies it.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(40);

/// The journal in a folder, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    dir: PathBuf,
}

/// The right to change a journal, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    dir: PathBuf,
    _file: File,
}

/// Why the journal could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another program holds the lock.
    #[error("another offfix is at work with the journal {}", path.display())]
    Busy {
        /// The folder of the journal.
        path: PathBuf,
    },
    /// Others than administrators could change the journal.
    #[error("{} can be changed by others than administrators", path.display())]
    Unsafe {
        /// The folder of the journal.
        path: PathBuf,
    },
    /// There is a run of this name, sealed or not.
    #[error("there is a run {id} already")]
    Exists {
        /// The name of the run.
        id: String,
    },
    /// The run was never sealed, or the state is one that is never recorded.
    #[error("the run {id} has not started")]
    NotSealed {
        /// The name of the run.
        id: String,
    },
    /// The run is sealed and cannot be discarded.
    #[error("the run {id} is sealed")]
    Sealed {
        /// The name of the run.
        id: String,
    },
    /// The lock is that of another journal.
    #[error("the run {id} is in another journal than the lock")]
    OtherJournal {
        /// The name of the run.
        id: String,
    },
    /// No file can be kept under this name.
    #[error("`{name}` cannot be the name of a file kept with a run")]
    BadName {
        /// The name.
        name: String,
    },
    /// The record cannot be written.
    #[error("the record cannot be written")]
    Record(#[source] RecordError),
    /// The system refused.
    #[error("the journal failed at {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Journal {
    /// Where the journal of this machine is: `%ProgramData%\offfix` or `/var/lib/offfix`.
    #[must_use]
    pub fn default_dir() -> PathBuf {
        os::default_journal_dir()
    }

    /// The journal in `dir`. Opens and creates nothing.
    #[must_use]
    pub fn at(dir: &Path) -> Journal {
        Journal {
            dir: dir.to_path_buf(),
        }
    }

    /// The folder of the journal.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the journal lies, or would lie, inside a root; it must not.
    ///
    /// # Errors
    /// [`JournalError::Io`] when that cannot be found out.
    pub fn inside(&self, root: &Root) -> Result<bool, JournalError> {
        let fail = |source| io_error(&self.dir, source);
        let target = root.dir.node().map_err(fail)?;
        let path = std::path::absolute(&self.dir).map_err(fail)?;
        let existing = path.ancestors().find(|path| path.exists()).unwrap_or(&path);
        let real = os::canonical(existing).map_err(fail)?;
        for place in real.ancestors() {
            if os::node_at(place).map_err(fail)?.is(&target) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All runs, sorted by name with numbers in it by their size, so that `x-10` is behind `x-9`;
    /// none when the folder does not exist. Writes nothing. A damaged
    /// run is listed, with an error for its record.
    ///
    /// # Errors
    /// [`JournalError::Unsafe`] and [`JournalError::Io`], about the folder as a whole.
    pub fn runs(&self) -> Result<Vec<Run>, JournalError> {
        let fail = |source| io_error(&self.dir, source);
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(fail(source)),
        };
        self.require_private()?;
        let mut runs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let (id, sealed) = match name.strip_suffix(PARTIAL) {
                Some(id) => (id, false),
                None => (name, true),
            };
            if is_id(id) && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                runs.push(Run::open(id.to_owned(), self.dir.join(name), sealed));
            }
        }
        runs.sort_by_cached_key(|run| (natural(run.id()), run.dir().to_owned()));
        Ok(runs)
    }

    /// Takes the right to change the journal; creates its folder when it does not exist.
    ///
    /// # Errors
    /// [`JournalError::Busy`] when another program has it; [`JournalError::Unsafe`] when the
    /// folder exists and others than administrators could change it.
    pub fn lock(&self) -> Result<Lock, JournalError> {
        create_private_dirs(&self.dir)?;
        self.require_private()?;
        let path = self.dir.join(LOCK);
        let mut options = os::private_file();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = file.map_err(|source| io_error(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock {
                dir: self.dir.clone(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Busy {
                path: self.dir.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(io_error(&path, source)),
        }
    }

    /// The same where there is a journal already; `None`, and nothing is made, where there is none.
    ///
    /// # Errors
    /// As [`Journal::lock`].
    pub fn lock_if_made(&self) -> Result<Option<Lock>, JournalError> {
        let is_locked_once = self.dir.join(LOCK).symlink_metadata().is_ok();
        // Something else in the place of the folder is told as it is told to who would make it.
        let is_in_the_way = self.dir.exists() && !self.dir.is_dir();
        (is_locked_once || is_in_the_way)
            .then(|| self.lock())
            .transpose()
    }

    /// Whether this process may write the journal's folder, or make it; `None` where the system
    /// does not tell without a try.
    #[must_use]
    pub fn is_writable(&self) -> Option<bool> {
        let path = std::path::absolute(&self.dir).ok()?;
        let existing = path.ancestors().find(|path| path.exists())?;
        os::may_write(existing)
    }

    fn require_private(&self) -> Result<(), JournalError> {
        match os::is_private(&self.dir) {
            Ok(true) => Ok(()),
            Ok(false) => Err(JournalError::Unsafe {
                path: self.dir.clone(),
            }),
            Err(source) => Err(io_error(&self.dir, source)),
        }
    }
}

impl Lock {
    /// Writes the record of a new run and seals it. When this returns, the record is whole and on
    /// the medium; when it fails or is cut short, no run of that name exists or only a partial
    /// one.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn begin(&self, record: &Record) -> Result<Run, JournalError> {
        let bytes = encode(record).map_err(JournalError::Record)?;
        let id = &record.id;
        let sealed = self.dir.join(id);
        let partial = self.partial(id);
        for path in [&sealed, &partial] {
            if path.symlink_metadata().is_ok() {
                return Err(JournalError::Exists { id: id.clone() });
            }
        }
        let fail = |source| io_error(&partial, source);
        os::create_private_dir(&partial).map_err(fail)?;
        let path = partial.join(RECORD);
        let file = os::private_file().write(true).create_new(true).open(path);
        let mut file = file.map_err(fail)?;
        file.write_all(&bytes)
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        drop(file);
        os::sync_dir(&partial).map_err(fail)?;
        rename_patiently(&partial, &sealed).map_err(fail)?;
        os::sync_dir(&self.dir).map_err(fail)?;
        Ok(Run::open(id.clone(), sealed, true))
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of a run that is not sealed.
    pub(crate) fn partial(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}{PARTIAL}"))
    }
}

/// A scanner that looks into the new folder can keep Windows from renaming it for a moment.
pub(crate) fn rename_patiently(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..TRIES {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => thread::sleep(PAUSE),
            result => return result,
        }
    }
    fs::rename(from, to)
}

/// Creates a folder and those above it that are missing, each private from the start.
fn create_private_dirs(dir: &Path) -> Result<(), JournalError> {
    let fail = |source| io_error(dir, source);
    let path = std::path::absolute(dir).map_err(fail)?;
    let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
    for place in missing.into_iter().rev() {
        match os::create_private_dir(place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => result.map_err(fail)?,
        }
        if let Some(parent) = place.parent() {
            os::sync_dir(parent).map_err(fail)?;
        }
    }
    Ok(())
}

pub(crate) fn io_error(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// The parts of an id, numbers as numbers.
fn natural(id: &str) -> Vec<(u128, String)> {
    let number = |part: &str| part.parse().unwrap_or(u128::MAX);
    id.split('-')
        .map(|part| (number(part), part.to_owned()))
        .collect()
}

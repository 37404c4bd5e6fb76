//! One run in the journal: its record, its state, and the files kept with it.
//!
//! Invariants: looking at a run changes nothing; what is added to it is on the medium when the
//! call returns; a run that cannot be read is still a run that can be listed.
//!
//! Deliberately absent: putting anything back. That needs the disk, and the caller's judgement.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::events::{self, Event, State};
use crate::journal::{JournalError, Lock, RECORD, io_error, rename_patiently};
use crate::os;
use crate::record::Record;
use crate::record_file::{RECORD_LIMIT, RecordError, decode};

/// The file with the events, below the folder of a run.
const EVENTS: &str = "events";

/// The largest events file that is read, in bytes.
const EVENTS_LIMIT: u64 = 16 << 20;

/// One run in the journal.
#[derive(Debug)]
pub struct Run {
    id: String,
    dir: PathBuf,
    sealed: bool,
    record: OnceLock<Result<Record, RecordError>>,
    events: Vec<Event>,
}

impl Run {
    /// Looks at the folder of a run. Never fails: what cannot be read is an error of the record.
    pub(crate) fn open(id: String, dir: PathBuf, sealed: bool) -> Run {
        let record = OnceLock::new();
        let events = match read_events(&dir) {
            Ok(bytes) => events::parse(&bytes),
            Err(error) => {
                let _ = record.set(Err(error));
                Vec::new()
            }
        };
        Run {
            id,
            dir,
            sealed,
            record,
            events,
        }
    }

    /// The name of the run.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder of the run.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the run was to do, read at the first call.
    ///
    /// # Errors
    /// [`RecordError`] when it is damaged, incomplete or not to be trusted.
    pub fn record(&self) -> Result<&Record, &RecordError> {
        self.record
            .get_or_init(|| read_record(&self.dir, &self.id))
            .as_ref()
    }

    /// What has become of the run.
    #[must_use]
    pub fn state(&self) -> State {
        match self.events.last() {
            _ if !self.sealed => State::NotStarted,
            None => State::Sealed,
            Some(event) => event.state,
        }
    }

    /// Every change of state since the record was sealed, oldest first.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Records a new state; it is on the medium when this returns.
    ///
    /// # Errors
    /// [`JournalError`]; a run that was never sealed cannot be marked, nor anything be marked
    /// [`State::NotStarted`].
    pub fn mark(
        &mut self,
        lock: &Lock,
        state: State,
        at: &str,
        detail: &str,
    ) -> Result<(), JournalError> {
        self.check(lock)?;
        let event = Event {
            state,
            at: at.to_owned(),
            detail: detail.to_owned(),
        };
        let path = self.dir.join(EVENTS);
        let fail = |source| io_error(&path, source);
        let existing = read_limited(&path, EVENTS_LIMIT)
            .map_err(fail)?
            .unwrap_or_default();
        let line = events::line(&event, &existing).ok_or_else(|| JournalError::NotSealed {
            id: self.id.clone(),
        })?;
        let mut file = os::private_file()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(fail)?;
        file.write_all(&line)
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        os::sync_dir(&self.dir).map_err(fail)?;
        self.events.push(event);
        Ok(())
    }

    /// Keeps a file with the run, or replaces it; old or new at every moment, and on the medium
    /// when this returns. A name has ASCII letters, digits, `-`, `_` and single dots inside.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn store(&self, lock: &Lock, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
        self.check(lock)?;
        check_name(name)?;
        let path = self.dir.join(name);
        let fresh = self.dir.join(format!("{name}.new~"));
        let fail = |source| io_error(&path, source);
        let mut options = os::private_file();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)
            .map_err(fail)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        drop(file);
        fs::rename(&fresh, &path).map_err(fail)?;
        os::sync_dir(&self.dir).map_err(fail)
    }

    /// A file that was kept with the run, of at most `limit` bytes; `None` when there is none.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn load(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, JournalError> {
        check_name(name)?;
        let path = self.dir.join(name);
        read_limited(&path, limit).map_err(|source| io_error(&path, source))
    }

    /// Removes what was left behind by a run that never started.
    ///
    /// # Errors
    /// [`JournalError`]; a sealed run is refused.
    pub fn discard_partial(self, lock: &Lock) -> Result<(), JournalError> {
        self.check_lock(lock)?;
        if self.sealed {
            return Err(JournalError::Sealed { id: self.id });
        }
        fs::remove_dir_all(&self.dir).map_err(|source| io_error(&self.dir, source))
    }

    /// Removes the run with everything that could put its bytes back. Its name goes first: a cut
    /// leaves the run whole, or one that has not started.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn forget(self, lock: &Lock) -> Result<(), JournalError> {
        self.check_lock(lock)?;
        let partial = lock.partial(&self.id);
        if self.sealed {
            let fail = |source| io_error(&self.dir, source);
            rename_patiently(&self.dir, &partial).map_err(fail)?;
            os::sync_dir(lock.dir()).map_err(fail)?;
        }
        fs::remove_dir_all(&partial).map_err(|source| io_error(&partial, source))
    }

    fn check(&self, lock: &Lock) -> Result<(), JournalError> {
        self.check_lock(lock)?;
        if self.sealed {
            Ok(())
        } else {
            Err(JournalError::NotSealed {
                id: self.id.clone(),
            })
        }
    }

    fn check_lock(&self, lock: &Lock) -> Result<(), JournalError> {
        if self.dir.parent() == Some(lock.dir()) {
            return Ok(());
        }
        Err(JournalError::OtherJournal {
            id: self.id.clone(),
        })
    }
}

fn check_name(name: &str) -> Result<(), JournalError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let taken = [EVENTS, RECORD]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own));
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if name.is_empty() || name.len() > 64 || taken || dots || !name.chars().all(fits) {
        return Err(JournalError::BadName {
            name: name.to_owned(),
        });
    }
    Ok(())
}

fn read_events(dir: &Path) -> Result<Vec<u8>, RecordError> {
    let path = dir.join(EVENTS);
    match read_limited(&path, EVENTS_LIMIT) {
        Ok(bytes) => Ok(bytes.unwrap_or_default()),
        Err(source) => Err(RecordError::Io { path, source }),
    }
}

fn read_record(dir: &Path, id: &str) -> Result<Record, RecordError> {
    let fail = |source| RecordError::Io {
        path: dir.join(RECORD),
        source,
    };
    if !os::is_private(dir).map_err(fail)? {
        return Err(RecordError::Untrusted {
            path: dir.to_path_buf(),
        });
    }
    let bytes = read_limited(&dir.join(RECORD), RECORD_LIMIT).map_err(fail)?;
    let record = decode(&bytes.ok_or_else(|| fail(io::ErrorKind::NotFound.into()))?)?;
    if record.id != id {
        return Err(RecordError::Flaw {
            what: "it is the record of another run",
        });
    }
    Ok(record)
}

fn read_limited(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match os::private_file().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let text = format!("the file is larger than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(Some(bytes))
}

//! The editor: changes keys and values of a sound hive in memory.
//!
//! Invariants: the hive is checked before the first edit and after the last one; each operation
//! is all or nothing; an operation touches only the cells of its own key, the list path to it
//! and free cells. Setting what is already there changes nothing, not even a time stamp.
//! Absent on purpose: sequence numbers, checksums and files (see [`crate::commit`]).

mod key;
mod lists;
mod remove;
mod rename;
mod security;
mod value;

use crate::cells::Cells;
use crate::check::{self, Report};
use crate::error::{CellOffset, ReadError};
use crate::format::KeyFlags;
use crate::hive::Hive;
use crate::key::Key;
use thiserror::Error;

/// A hive being edited.
#[derive(Debug)]
pub struct Editor {
    cells: Cells,
    now: u64,
}

/// Why a hive was not edited; it is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EditError {
    /// The check found defects an edit could make worse.
    #[error("the hive has {} defects that an edit could make worse; the first: {}",
        .0.blocking, .0.first_blocking())]
    Unsound(Box<Report>),
    /// The result did not pass the check: a bug in this crate, nothing was written.
    #[error("the edited hive does not pass the check: {}", .0.first_blocking())]
    Broken(Box<Report>),
    /// Bins or cells do not tile the area.
    #[error("bins or cells do not follow each other without gaps")]
    Damaged,
    /// Something on the way cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No room below 2 GiB.
    #[error("the hive would grow beyond 2 GiB")]
    Full,
    /// A name Windows does not accept.
    #[error("the name {name:?} is not possible: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More data than a value of this hive can have.
    #[error("{len} bytes of data; a value of a 1.{minor} hive holds at most {limit}")]
    TooLong {
        /// Bytes asked for.
        len: usize,
        /// Minor version of the hive.
        minor: u32,
        /// The limit.
        limit: usize,
    },
    /// A symbolic link key; values below it belong to its target.
    #[error("{path:?} is a symbolic link key")]
    Link {
        /// The key.
        path: String,
    },
    /// Keys nested too deep.
    #[error("{path:?} is nested deeper than 512 keys")]
    Depth {
        /// The key.
        path: String,
    },
    /// Something this key must not or cannot do.
    #[error("{path:?}: {why}")]
    Refused {
        /// The key.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// A list or counter cannot take one more.
    #[error("{what} of {path:?} is full")]
    Crowded {
        /// The key.
        path: String,
        /// What is full.
        what: &'static str,
    },
}

impl Editor {
    /// Begins to edit. `now` is the time stamp of every key that changes, as FILETIME.
    ///
    /// # Errors
    /// [`EditError::Unsound`] when the check finds defects that an edit could make worse.
    pub fn new(hive: Hive, now: u64) -> Result<Editor, EditError> {
        let report = check::check(&hive);
        if !report.is_sound() {
            return Err(EditError::Unsound(Box::new(report)));
        }
        Ok(Editor {
            cells: Cells::new(hive)?,
            now,
        })
    }

    /// The hive as edited so far.
    pub fn hive(&self) -> &Hive {
        self.cells.hive()
    }

    /// Ends editing and checks the result.
    ///
    /// # Errors
    /// [`EditError::Broken`] when the check finds a defect that was not there before.
    pub fn finish(self) -> Result<Hive, EditError> {
        let hive = self.cells.into_hive();
        let report = check::check(&hive);
        if report.is_sound() {
            Ok(hive)
        } else {
            Err(EditError::Broken(Box::new(report)))
        }
    }

    /// Runs one operation, all or nothing.
    fn operate<T>(
        &mut self,
        work: impl FnOnce(&mut Editor) -> Result<T, EditError>,
    ) -> Result<T, EditError> {
        match work(self) {
            Ok(done) => {
                self.cells.keep();
                Ok(done)
            }
            Err(error) => {
                self.cells.revert()?;
                Err(error)
            }
        }
    }

    fn key_at(&self, at: CellOffset) -> Result<Key<'_>, EditError> {
        Ok(Key::at(self.cells.hive(), at)?)
    }

    /// Refuses to touch what is below a symbolic link key.
    fn no_link(&self, at: CellOffset, path: &str) -> Result<(), EditError> {
        if self.key_at(at)?.flags().contains(KeyFlags::SYM_LINK) {
            return Err(EditError::Link {
                path: path.to_owned(),
            });
        }
        Ok(())
    }
}

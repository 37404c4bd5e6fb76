//! Held files: opened for writing, and kept from other programs until they are dropped.
//!
//! Invariants: a held file was reached by the walk; on Windows nobody else can open it at all,
//! elsewhere an exclusive lock keeps out those who ask for one.
//!
//! Deliberately absent: creating, renaming and removing. Nothing here makes or drops an entry.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::thread;
use std::time::Duration;

use crate::os;
use crate::root::Root;
use crate::walk::{Kind, Place, WalkError, io_error, read_limited};

/// How often, and how far apart, a busy file is tried: a scanner lets go, a mounted hive does not.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(60);

/// How much of a file is compared at a time, in bytes.
const PIECE: usize = 1 << 20;

/// A file that is open for writing and held until this value is dropped.
#[derive(Debug)]
pub struct HeldFile {
    file: File,
    path: String,
}

/// Why a file could not be held. Paths are below the root.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// Another program has the file open or locked.
    #[error("`{path}` is in use by another program")]
    Busy {
        /// The file.
        path: String,
    },
    /// The volume is read-only, or this process may not write the file.
    #[error("`{path}` cannot be written")]
    ReadOnly {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such file.
    #[error("`{path}` does not exist")]
    Missing {
        /// The path that was asked for.
        path: String,
    },
    /// The walk to the file failed.
    #[error(transparent)]
    Walk(WalkError),
    /// The system refused.
    #[error("cannot open `{path}` for writing")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Root {
    /// Opens a file for writing and holds it: without any sharing on Windows, with an exclusive
    /// advisory lock elsewhere. A busy file is tried again for about a quarter of a second.
    /// Nothing is changed by holding, not even a time stamp.
    ///
    /// # Errors
    /// [`HoldError`].
    pub fn hold(&self, path: &str) -> Result<HeldFile, HoldError> {
        let place = match self.walk(path) {
            Ok(Some(place)) => place,
            Ok(None) => {
                return Err(HoldError::Missing {
                    path: path.to_owned(),
                });
            }
            Err(error) => return Err(HoldError::Walk(error)),
        };
        place.expect(Kind::File).map_err(HoldError::Walk)?;
        for attempt in 1..=TRIES {
            match self.try_hold(&place) {
                Err(HoldError::Busy { .. }) if attempt < TRIES => thread::sleep(PAUSE),
                result => return result,
            }
        }
        Err(HoldError::Busy { path: place.path })
    }

    fn try_hold(&self, place: &Place) -> Result<HeldFile, HoldError> {
        let path = || place.path.clone();
        let file = match self.open_file(place, os::Dir::open_for_writing) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(HoldError::Missing { path: path() }),
            Err(WalkError::Busy { path }) => return Err(HoldError::Busy { path }),
            Err(WalkError::Io { path, source }) => return Err(refusal(path, source)),
            Err(error) => return Err(HoldError::Walk(error)),
        };
        match os::lock_exclusively(&file) {
            Ok(true) => Ok(HeldFile { file, path: path() }),
            Ok(false) => Err(HoldError::Busy { path: path() }),
            Err(source) => Err(HoldError::Io {
                path: path(),
                source,
            }),
        }
    }
}

fn refusal(path: String, source: io::Error) -> HoldError {
    match os::trouble(&source) {
        Some(os::Trouble::ReadOnly) => HoldError::ReadOnly { path, source },
        _ => HoldError::Io { path, source },
    }
}

impl HeldFile {
    /// The path below the root, as the disk spells it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The size now, in bytes.
    ///
    /// # Errors
    /// What the system says.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// The whole content, through the held handle; at most `limit` bytes.
    ///
    /// # Errors
    /// [`WalkError::TooLarge`] and [`WalkError::Io`].
    pub fn read_all(&mut self, limit: u64) -> Result<Vec<u8>, WalkError> {
        self.file
            .rewind()
            .map_err(|source| io_error(&self.path, source))?;
        read_limited(&self.file, &self.path, limit)
    }

    /// Whether the file holds exactly this content; read in pieces, through the held handle.
    ///
    /// # Errors
    /// [`WalkError::Io`].
    pub fn holds(&mut self, content: &[u8]) -> Result<bool, WalkError> {
        let failed = |path: &str, source| io_error(path, source);
        if self.size().map_err(|source| failed(&self.path, source))? != content.len() as u64 {
            return Ok(false);
        }
        for (index, piece) in content.chunks(PIECE).enumerate() {
            let found = self.read_at((index * PIECE) as u64, piece.len());
            if found.map_err(|source| failed(&self.path, source))? != piece {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The `length` bytes at `offset`, or fewer where the file ends.
    ///
    /// # Errors
    /// What the system says.
    pub fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        (&self.file).take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes)
    }

    pub(crate) fn set_size(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    pub(crate) fn flush(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

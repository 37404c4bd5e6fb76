//! Giving files another name in their folder, and the old one back.
//!
//! Invariants: a file is named anew only when it has the content that was recorded and the new name
//! is free; nothing is ever replaced. A file system that is cut between the halves of a renaming
//! leaves one file under both names: either way goes on from there, and can be repeated. Where it
//! leaves half a name, nothing is done: taking it away could take the file along.
//!
//! Deliberately absent: moving to another folder, folders, the journal (the caller seals it first).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;

use crate::digest::sha256;
use crate::name;
use crate::record::Stamp;
use crate::record_file::{RecordError, put_bytes, put_u64};
use crate::record_reader::Reader;
use crate::root::Root;
use crate::walk::{Kind, Place, WalkError, io_error, joined};

/// The largest file that is named anew, in bytes: its content is recorded as a hash.
pub const RENAME_LIMIT: u64 = 1 << 30;

/// A file and the name it gets in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameRecord {
    /// Which of the record's roots it lies below.
    pub root: u8,
    /// The path below that root, before the run.
    pub path: String,
    /// Its last component after the run.
    pub name: String,
    /// The content, which the run does not change.
    pub content: Stamp,
}

/// Why a file was not named anew. Paths are below the root.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    /// There is no such file, or no root for it.
    #[error("`{path}` does not exist")]
    Missing {
        /// The file.
        path: String,
    },
    /// The new name is taken.
    #[error("`{path}` exists already")]
    Taken {
        /// The path with the new name.
        path: String,
    },
    /// It has another content than was recorded.
    #[error("`{path}` has changed since it was looked at")]
    Changed {
        /// The file.
        path: String,
    },
    /// The folder lists the file twice and the file knows one name: a cut within the renaming.
    /// Taking a name away could take the file along; checking the file system settles it.
    #[error("`{path}` is half a second name of a file: the file system has to be checked")]
    Torn {
        /// The path with the new name.
        path: String,
    },
    /// The walk to it failed; links are refused here.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The system refused.
    #[error("cannot give `{path}` another name")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// How a file stands to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameStanding {
    /// Under the name it had.
    Before,
    /// Under the new one.
    After,
    /// One file under both names: a cut within the renaming.
    Both,
    /// Otherwise: something else has changed or removed it.
    Overtaken,
}

/// What giving the old names back came to.
#[derive(Debug, Default)]
pub struct NamedBack {
    /// Files that something else has changed; they were left alone.
    pub overtaken: Vec<String>,
    /// Files that could not be named back.
    pub failed: Vec<RenameError>,
}

impl NamedBack {
    /// Whether every file has its old name.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.overtaken.is_empty() && self.failed.is_empty()
    }
}

impl RenameRecord {
    /// The path with the new name.
    #[must_use]
    pub fn new_path(&self) -> String {
        match self.path.rsplit_once(['\\', '/']) {
            Some((folder, _)) => joined(folder, &self.name),
            None => self.name.clone(),
        }
    }
}

impl Root {
    /// The size and hash of a file of at most [`RENAME_LIMIT`] bytes; `None` when it is absent.
    ///
    /// # Errors
    /// [`WalkError`].
    pub fn stamp(&self, path: &str) -> Result<Option<Stamp>, WalkError> {
        let content = self.read(path, RENAME_LIMIT)?;
        Ok(content.map(|bytes| Stamp {
            size: bytes.len() as u64,
            sha256: sha256(&bytes),
        }))
    }
}

/// Looks whether every file is there as it was recorded, and its new name is free.
///
/// # Errors
/// [`RenameError`] about the first that is not.
pub fn check_renames(roots: &[&Root], records: &[RenameRecord]) -> Result<(), RenameError> {
    for record in records {
        match standing(root_of(roots, record)?, record)? {
            RenameStanding::Before => {}
            _ => return Err(refusal(root_of(roots, record)?, record)),
        }
    }
    Ok(())
}

/// Gives every file its new name, in order; one that has it is passed over. Everything is on the
/// medium when this returns. Nothing is rolled back.
///
/// # Errors
/// [`RenameError`] about the first file that could not be named anew; those before it are.
pub fn rename(roots: &[&Root], records: &[RenameRecord]) -> Result<(), RenameError> {
    for record in records {
        let root = root_of(roots, record)?;
        match standing(root, record)? {
            RenameStanding::After => {}
            RenameStanding::Before => give(root, &record.path, &record.name)?,
            RenameStanding::Both => drop_name(root, &record.path)?,
            RenameStanding::Overtaken => return Err(refusal(root, record)),
        }
        if standing(root, record)? != RenameStanding::After {
            return Err(refusal(root, record));
        }
    }
    flush(roots, records)
}

/// Looks how each file stands to the run.
///
/// # Errors
/// [`RenameError`] about the first that cannot be looked at.
pub fn look_at_renames(
    roots: &[&Root],
    records: &[RenameRecord],
) -> Result<Vec<RenameStanding>, RenameError> {
    let standings = records
        .iter()
        .map(|record| standing(root_of(roots, record)?, record));
    standings.collect()
}

/// Gives every file its old name back, the last first, whether the run was finished, cut short or
/// never begun. One that something else has changed is left alone; errors do not stop it.
pub fn name_back(roots: &[&Root], records: &[RenameRecord]) -> NamedBack {
    let mut result = NamedBack::default();
    for record in records.iter().rev() {
        match back(roots, record) {
            Ok(true) => {}
            Ok(false) => result.overtaken.push(record.path.clone()),
            Err(error) => result.failed.push(error),
        }
    }
    result.failed.extend(flush(roots, records).err());
    result
}

fn back(roots: &[&Root], record: &RenameRecord) -> Result<bool, RenameError> {
    let root = root_of(roots, record)?;
    match standing(root, record)? {
        RenameStanding::Before => return Ok(true),
        RenameStanding::Overtaken => return Ok(false),
        RenameStanding::After => {
            let (_, name) = record
                .path
                .rsplit_once(['\\', '/'])
                .unwrap_or(("", &record.path));
            give(root, &record.new_path(), name)?;
        }
        RenameStanding::Both => drop_name(root, &record.new_path())?,
    }
    Ok(standing(root, record)? == RenameStanding::Before)
}

fn root_of<'r>(roots: &[&'r Root], record: &RenameRecord) -> Result<&'r Root, RenameError> {
    let root = roots.get(usize::from(record.root)).copied();
    root.ok_or_else(|| RenameError::Missing {
        path: record.path.clone(),
    })
}

fn standing(root: &Root, record: &RenameRecord) -> Result<RenameStanding, RenameError> {
    let (old, new) = (root.walk(&record.path)?, root.walk(&record.new_path())?);
    let fits = |place: &Place| -> Result<bool, RenameError> {
        let same_size = place.node.kind == Kind::File && place.node.size == record.content.size;
        Ok(same_size && root.stamp(&place.path)? == Some(record.content))
    };
    Ok(match (old, new) {
        (Some(old), None) if fits(&old)? => RenameStanding::Before,
        (None, Some(new)) if fits(&new)? => RenameStanding::After,
        (Some(old), Some(new)) if old.node.is(&new.node) && fits(&new)? => {
            if new.node.links < 2 {
                return Err(RenameError::Torn { path: new.path });
            }
            RenameStanding::Both
        }
        _ => RenameStanding::Overtaken,
    })
}

/// Why a file cannot be named anew.
fn refusal(root: &Root, record: &RenameRecord) -> RenameError {
    let path = record.path.clone();
    match (root.find(&record.path), root.find(&record.new_path())) {
        (Err(error), _) | (_, Err(error)) => error.into(),
        (_, Ok(Some(taken))) => RenameError::Taken { path: taken.path },
        (Ok(None), _) => RenameError::Missing { path },
        _ => RenameError::Changed { path },
    }
}

fn place(root: &Root, path: &str) -> Result<Place, RenameError> {
    let found = root.walk(path)?;
    found.ok_or_else(|| RenameError::Missing {
        path: path.to_owned(),
    })
}

/// Gives a file a free name in its folder.
fn give(root: &Root, path: &str, name: &str) -> Result<(), RenameError> {
    let place = place(root, path)?;
    let dir = root.last(&place.trail);
    let old = place.name.as_deref().unwrap_or(OsStr::new(""));
    let renamed = dir.rename(old, OsStr::new(name));
    renamed.map_err(|source| failed(&place.path, source))
}

/// Takes one of its two names from a file.
fn drop_name(root: &Root, path: &str) -> Result<(), RenameError> {
    let place = place(root, path)?;
    let dir = root.last(&place.trail);
    let name = place.name.as_deref().unwrap_or(OsStr::new(""));
    let dropped = dir.remove_file(name);
    dropped.map_err(|source| failed(&place.path, source))
}

fn failed(path: &str, source: io::Error) -> RenameError {
    RenameError::Io {
        path: path.to_owned(),
        source,
    }
}

fn flush(roots: &[&Root], records: &[RenameRecord]) -> Result<(), RenameError> {
    if records.is_empty() {
        return Ok(());
    }
    let mut flushed = roots.iter().map(|root| root.dir.flush());
    flushed.try_for_each(|result| result.map_err(|source| io_error("", source).into()))
}

/// What is wrong with the records of a run that has this many roots.
pub(crate) fn flaw(records: &[RenameRecord], roots: usize) -> Option<&'static str> {
    let mut paths = BTreeSet::new();
    for record in records {
        let parts = name::components(&record.path);
        if !parts.is_ok_and(|parts| !parts.is_empty()) {
            return Some("a file to be renamed has a path that cannot be on a disk");
        }
        let named = name::components(&record.name);
        if !named.is_ok_and(|parts| parts.len() == 1) {
            return Some("a new name is none that a file can have");
        }
        if usize::from(record.root) >= roots {
            return Some("a file to be renamed lies below a root that is not recorded");
        }
        for path in [record.path.clone(), record.new_path()] {
            let path = name::folded(&path).replace('/', "\\");
            if !paths.insert((record.root, path)) {
                return Some("two files to be renamed have the same path");
            }
        }
    }
    None
}

/// Appends the records.
pub(crate) fn put(out: &mut Vec<u8>, records: &[RenameRecord]) {
    put_u64(out, records.len() as u64);
    for record in records {
        out.push(record.root);
        put_bytes(out, record.path.as_bytes());
        put_bytes(out, record.name.as_bytes());
        put_u64(out, record.content.size);
        out.extend(record.content.sha256);
    }
}

/// Reads what `put` wrote, and nothing else.
pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Vec<RenameRecord>, RecordError> {
    reader.each(|reader| {
        Ok(RenameRecord {
            root: reader.byte("a root")?,
            path: reader.text()?,
            name: reader.text()?,
            content: reader.stamp()?,
        })
    })
}

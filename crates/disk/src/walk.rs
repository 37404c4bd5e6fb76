//! The walk: from a root to a file or directory below it, one component at a time.
//!
//! Invariants: every component is found by listing its directory and comparing case-insensitively
//! (`name`); two entries that differ only in case are an error, never a choice; a link, junction
//! or other reparse point is an error at every position; every step stays on the root's device.
//! Directories are open handles while they are walked through, so nothing can be exchanged
//! between the check and the use.
//!
//! Deliberately absent: following anything, 8.3 names, alternate streams.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use crate::name;
use crate::os;
use crate::root::Root;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file with data.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, junction, mounted folder or other reparse point.
    Link,
    /// A device, socket, pipe, an entry on another device, or one that cannot be looked at.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::File => "a file",
            Kind::Directory => "a directory",
            Kind::Link => "a link",
            Kind::Other => "neither file nor directory",
        })
    }
}

/// What was found at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path as the disk spells it, below the root, with `\` between the components.
    pub path: String,
    /// The size in bytes; 0 for a directory.
    pub size: u64,
    /// [`Kind::File`] or [`Kind::Directory`], nothing else.
    pub kind: Kind,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as the disk spells it. One that is not Unicode has replacement characters and
    /// cannot be opened.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The size in bytes; 0 unless it is a file.
    pub size: u64,
}

/// Why a path could not be walked or its file not be read. Paths are below the root.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The path itself cannot name anything below a root.
    #[error("`{path}` is not a path on a disk: {why}")]
    BadPath {
        /// The path that was asked for.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is a link, junction or other reparse point on the way or at the end.
    #[error("`{path}` is a link or another reparse point")]
    Link {
        /// Where the link is.
        path: String,
    },
    /// Something else is mounted there.
    #[error("`{path}` is on another device than the root")]
    OtherDevice {
        /// Where the device changes.
        path: String,
    },
    /// Two entries have this name and differ only in case.
    #[error("`{path}` is ambiguous: there are `{}`", names.join("`, `"))]
    Ambiguous {
        /// The path as far as it was walked, with the name that was looked for.
        path: String,
        /// The spellings that exist, sorted.
        names: Vec<String>,
    },
    /// A directory was expected and something else found, or a file was.
    #[error("`{path}` is {found}, expected {expected}")]
    WrongKind {
        /// Where.
        path: String,
        /// What the path needs here.
        expected: Kind,
        /// What is there.
        found: Kind,
    },
    /// The file is larger than the caller's limit.
    #[error("`{path}` has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size in bytes, at least.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Another program has the file open and does not share it.
    #[error("`{path}` is in use by another program")]
    Busy {
        /// The file.
        path: String,
    },
    /// The system refused.
    #[error("cannot read `{path}`")]
    Io {
        /// Where.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Where a walk ended: the directories it came through, all still open, and the last name.
pub(crate) struct Place {
    pub(crate) trail: Vec<os::Dir>,
    pub(crate) name: Option<OsString>,
    pub(crate) path: String,
    pub(crate) node: os::Node,
}

impl Root {
    /// Looks for a file or directory, `Windows\System32\config\SYSTEM` for example; the empty
    /// path is the root itself. `None` when a component is absent.
    ///
    /// # Errors
    /// [`WalkError`]; a link is an error at every position, the last included.
    pub fn find(&self, path: &str) -> Result<Option<Found>, WalkError> {
        let place = self.walk(path)?;
        Ok(place.map(|place| {
            let size = if place.node.kind == Kind::File {
                place.node.size
            } else {
                0
            };
            Found {
                path: place.path,
                size,
                kind: place.node.kind,
            }
        }))
    }

    /// The entries of a directory, sorted by name without regard to case; `None` when a
    /// component of the path is absent. Links and other devices are listed as what they are.
    ///
    /// # Errors
    /// [`WalkError`].
    pub fn list(&self, dir: &str) -> Result<Option<Vec<Entry>>, WalkError> {
        let Some(place) = self.walk(dir)? else {
            return Ok(None);
        };
        place.expect(Kind::Directory)?;
        let opened;
        let dir = match &place.name {
            None => &self.dir,
            Some(name) => {
                opened = self.step_into(self.last(&place.trail), name, &place.path)?;
                &opened
            }
        };
        let names = dir
            .names()
            .map_err(|source| io_error(&place.path, source))?;
        let mut entries: Vec<Entry> = names
            .iter()
            .filter_map(|name| self.entry(dir, name))
            .collect();
        entries.sort_by_cached_key(|entry| (name::folded(&entry.name), entry.name.clone()));
        Ok(Some(entries))
    }

    /// The content of a file of at most `limit` bytes; `None` when it is absent. Opened for
    /// reading only, shared with everyone, without a change of its access time where the system
    /// lets us.
    ///
    /// # Errors
    /// [`WalkError`].
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, WalkError> {
        let Some(place) = self.walk(path)? else {
            return Ok(None);
        };
        place.expect(Kind::File)?;
        let Some(file) = self.open_file(&place, os::Dir::open_for_reading)? else {
            return Ok(None);
        };
        read_limited(&file, &place.path, limit).map(Some)
    }

    /// The first `length` bytes of a file, fewer when it is shorter; `None` when it is absent.
    /// Opened as by [`Root::read`]; the file may be of any size.
    ///
    /// # Errors
    /// [`WalkError`].
    pub fn read_start(&self, path: &str, length: usize) -> Result<Option<Vec<u8>>, WalkError> {
        let Some(place) = self.walk(path)? else {
            return Ok(None);
        };
        place.expect(Kind::File)?;
        let Some(file) = self.open_file(&place, os::Dir::open_for_reading)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(length as u64)
            .read_to_end(&mut bytes)
            .map_err(|source| io_error(&place.path, source))?;
        Ok(Some(bytes))
    }

    /// Walks to `path`; `None` when a component is absent.
    pub(crate) fn walk(&self, path: &str) -> Result<Option<Place>, WalkError> {
        let parts = name::components(path).map_err(|why| WalkError::BadPath {
            path: path.to_owned(),
            why,
        })?;
        let mut place = Place {
            trail: Vec::new(),
            name: None,
            path: String::new(),
            node: self.dir.node().map_err(|source| io_error("", source))?,
        };
        for part in parts {
            if let Some(name) = &place.name {
                place.expect(Kind::Directory)?;
                let next = self.step_into(self.last(&place.trail), name, &place.path)?;
                place.trail.push(next);
            }
            let dir = self.last(&place.trail);
            let Some(name) = look_up(dir, part, &place.path)? else {
                return Ok(None);
            };
            place.path = joined(&place.path, &name);
            let name = OsString::from(name);
            place.node = match dir.inspect(&name) {
                Ok(node) => node,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(source) => return Err(io_error(&place.path, source)),
            };
            self.admit(&place.node, &place.path)?;
            place.name = Some(name);
        }
        Ok(Some(place))
    }

    /// Opens the file a walk ended at, and checks the opened file again; `None` when it has gone.
    pub(crate) fn open_file(
        &self,
        place: &Place,
        open: impl Fn(&os::Dir, &OsStr) -> io::Result<File>,
    ) -> Result<Option<File>, WalkError> {
        let name = place.name.as_deref().unwrap_or(OsStr::new("."));
        let file = match open(self.last(&place.trail), name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_error(&place.path, source)),
        };
        let node = os::node_of(&file).map_err(|source| io_error(&place.path, source))?;
        self.admit(&node, &place.path)?;
        wrong_unless(Kind::File, node.kind, &place.path)?;
        Ok(Some(file))
    }

    pub(crate) fn last<'a>(&'a self, trail: &'a [os::Dir]) -> &'a os::Dir {
        trail.last().unwrap_or(&self.dir)
    }

    pub(crate) fn step_into(
        &self,
        dir: &os::Dir,
        name: &OsStr,
        path: &str,
    ) -> Result<os::Dir, WalkError> {
        let next = dir
            .open_dir(name)
            .map_err(|source| io_error(path, source))?;
        let node = next.node().map_err(|source| io_error(path, source))?;
        self.admit_folder(&node, path)?;
        Ok(next)
    }

    pub(crate) fn admit_folder(&self, node: &os::Node, path: &str) -> Result<(), WalkError> {
        self.admit(node, path)?;
        wrong_unless(Kind::Directory, node.kind, path)
    }

    pub(crate) fn admit(&self, node: &os::Node, path: &str) -> Result<(), WalkError> {
        let path = || path.to_owned();
        match node.kind {
            Kind::Link => Err(WalkError::Link { path: path() }),
            _ if node.volume != self.volume => Err(WalkError::OtherDevice { path: path() }),
            Kind::Other => wrong_unless(Kind::File, Kind::Other, &path()),
            Kind::File | Kind::Directory => Ok(()),
        }
    }

    fn entry(&self, dir: &os::Dir, name: &OsStr) -> Option<Entry> {
        let (kind, size) = match dir.inspect(name) {
            Ok(node) if node.kind == Kind::Link => (Kind::Link, 0),
            Ok(node) if node.volume != self.volume => (Kind::Other, 0),
            Ok(node) if node.kind == Kind::File => (Kind::File, node.size),
            Ok(node) => (node.kind, 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(_) => (Kind::Other, 0),
        };
        Some(Entry {
            name: name.to_string_lossy().into_owned(),
            kind,
            size,
        })
    }
}

impl Place {
    pub(crate) fn expect(&self, kind: Kind) -> Result<(), WalkError> {
        wrong_unless(kind, self.node.kind, &self.path)
    }
}

/// Reads a whole file of at most `limit` bytes from where it stands.
pub(crate) fn read_limited(mut file: &File, path: &str, limit: u64) -> Result<Vec<u8>, WalkError> {
    let fail = |source| io_error(path, source);
    let size = file.metadata().map_err(fail)?.len();
    let too_large = |size| WalkError::TooLarge {
        path: path.to_owned(),
        size,
        limit,
    };
    if size > limit {
        return Err(too_large(size));
    }
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))
        .map_err(|_| fail(io::Error::from(io::ErrorKind::OutOfMemory)))?;
    // A file that grows meanwhile ends the reading one byte above the limit.
    file.by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    let size = bytes.len() as u64;
    if size > limit {
        Err(too_large(size))
    } else {
        Ok(bytes)
    }
}

fn look_up(dir: &os::Dir, part: &str, parent: &str) -> Result<Option<String>, WalkError> {
    let names = dir.names().map_err(|source| io_error(parent, source))?;
    let mut hits: Vec<String> = names
        .iter()
        .filter_map(|name| name.to_str())
        .filter(|name| name::same(name, part))
        .map(str::to_owned)
        .collect();
    if hits.len() > 1 {
        hits.sort();
        return Err(WalkError::Ambiguous {
            path: joined(parent, part),
            names: hits,
        });
    }
    Ok(hits.pop())
}

pub(crate) fn joined(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}\\{name}")
    }
}

fn wrong_unless(expected: Kind, found: Kind, path: &str) -> Result<(), WalkError> {
    if expected == found {
        return Ok(());
    }
    Err(WalkError::WrongKind {
        path: path.to_owned(),
        expected,
        found,
    })
}

pub(crate) fn io_error(path: &str, source: io::Error) -> WalkError {
    let path = path.to_owned();
    match os::trouble(&source) {
        Some(os::Trouble::Link) => WalkError::Link { path },
        Some(os::Trouble::Busy) => WalkError::Busy { path },
        _ => WalkError::Io { path, source },
    }
}

//! Opening many objects by their paths: the folders on the way are kept open and listed once as
//! long as the next path lies below them.
//!
//! Invariants: the rules of the walk hold (case-insensitive, unambiguous, link-free, on one
//! device); paths in the order of a walk cost time in proportion to their number, however many
//! lie in one folder.
//!
//! Deliberately absent: noticing names that appear in a folder after it was listed.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;

use super::held::HeldObject;
use super::{MOST_LEVELS, SecurityError};
use crate::name;
use crate::os;
use crate::root::Root;
use crate::walk::{WalkError, io_error, joined};

/// The folders from the root to where the last object was opened.
pub(super) struct Trail<'r> {
    root: &'r Root,
    folders: Vec<Folder>,
}

/// An open folder and its names, by their folded form.
struct Folder {
    /// `None` for the root, which is open anyway.
    dir: Option<os::Dir>,
    /// The folded name, by which the next path is compared.
    key: String,
    path: String,
    names: HashMap<String, Vec<String>>,
}

impl Folder {
    fn dir<'a>(&'a self, root: &'a Root) -> &'a os::Dir {
        self.dir.as_ref().unwrap_or(&root.dir)
    }

    /// The spelling of a name in the folder.
    fn look_up(&self, part: &str, key: &str) -> Result<Option<&str>, WalkError> {
        match self.names.get(key).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([name]) => Ok(Some(name)),
            Some(names) => Err(ambiguous(&self.path, part, names)),
        }
    }
}

/// The error for a name that several entries have.
pub(super) fn ambiguous(folder: &str, part: &str, names: &[String]) -> WalkError {
    let mut names = names.to_vec();
    names.sort();
    WalkError::Ambiguous {
        path: joined(folder, part),
        names,
    }
}

impl<'r> Trail<'r> {
    pub(super) fn new(root: &'r Root) -> Trail<'r> {
        os::ask_for_privileges();
        Trail {
            root,
            folders: Vec::new(),
        }
    }

    /// Opens a file or folder; `None` when a component of its path is absent.
    pub(super) fn open(
        &mut self,
        path: &str,
        writing: bool,
    ) -> Result<Option<HeldObject<'r>>, SecurityError> {
        let parts = name::components(path).map_err(|why| WalkError::BadPath {
            path: path.to_owned(),
            why,
        })?;
        if parts.len() > MOST_LEVELS {
            let path = path.to_owned();
            return Err(SecurityError::TooDeep { path });
        }
        let root = self.root;
        let Some((last, folders)) = parts.split_last() else {
            let node = root.dir.node().map_err(|source| io_error("", source))?;
            return HeldObject::open(root, &root.dir, None, &node, "", writing).map(Some);
        };
        if !self.go(folders)? {
            return Ok(None);
        }
        let Some(folder) = self.folders.last() else {
            return Ok(None);
        };
        let Some(name) = folder.look_up(last, &name::folded(last))? else {
            return Ok(None);
        };
        let path = joined(&folder.path, name);
        let (dir, name) = (folder.dir(root), OsStr::new(name));
        let Some(node) = inspect(dir, name, &path)? else {
            return Ok(None);
        };
        match HeldObject::open(root, dir, Some(name), &node, &path, writing) {
            Err(SecurityError::Missing { .. }) => Ok(None),
            result => result.map(Some),
        }
    }

    /// Goes to a folder from where the trail ends now; `false` when it is absent.
    fn go(&mut self, folders: &[&str]) -> Result<bool, SecurityError> {
        if self.folders.is_empty() {
            self.push(None, String::new(), String::new())?;
        }
        let keys: Vec<String> = folders.iter().map(|part| name::folded(part)).collect();
        let inside = self.folders.iter().skip(1).zip(&keys);
        let kept = inside.take_while(|(folder, key)| folder.key == **key);
        let kept = kept.count();
        self.folders.truncate(kept + 1);
        for (part, key) in folders.iter().zip(keys).skip(kept) {
            let Some(parent) = self.folders.last() else {
                return Ok(false);
            };
            let Some(name) = parent.look_up(part, &key)? else {
                return Ok(false);
            };
            let path = joined(&parent.path, name);
            let (dir, name) = (parent.dir(self.root), OsStr::new(name));
            let Some(node) = inspect(dir, name, &path)? else {
                return Ok(false);
            };
            self.root.admit_folder(&node, &path)?;
            let next = self.root.step_into(dir, name, &path)?;
            self.push(Some(next), key, path)?;
        }
        Ok(true)
    }

    fn push(&mut self, dir: Option<os::Dir>, key: String, path: String) -> Result<(), WalkError> {
        let names = dir.as_ref().unwrap_or(&self.root.dir).names();
        let mut by_key: HashMap<String, Vec<String>> = HashMap::new();
        for name in names.map_err(|source| io_error(&path, source))? {
            if let Ok(name) = name.into_string() {
                by_key.entry(name::folded(&name)).or_default().push(name);
            }
        }
        self.folders.push(Folder {
            dir,
            key,
            path,
            names: by_key,
        });
        Ok(())
    }
}

/// What an entry is; `None` when it has gone.
pub(super) fn inspect(
    dir: &os::Dir,
    name: &OsStr,
    path: &str,
) -> Result<Option<os::Node>, WalkError> {
    match dir.inspect(name) {
        Ok(node) => Ok(Some(node)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io_error(path, source)),
    }
}

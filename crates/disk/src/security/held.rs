//! A file or folder that is open for its permissions, and nothing else.
//!
//! Invariants: it was reached by the walk and is no link; opening it changes nothing; everything
//! asked of it goes through its handle, whatever becomes of its name.
//!
//! Deliberately absent: content, names.

use std::ffi::OsStr;
use std::fs::File;
use std::io;

use super::{SecurityError, refusal, unopened};
use crate::os;
use crate::root::Root;
use crate::walk::Kind;

/// An opened file or folder.
#[derive(Debug)]
pub struct HeldObject<'r> {
    root: &'r Root,
    file: File,
    node: os::Node,
    path: String,
}

/// The times of a file or folder, in 100 ns since 1601.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it came into being.
    pub created: u64,
    /// When its content was last written.
    pub written: u64,
    /// When it was last read.
    pub accessed: u64,
    /// When anything about it was last changed, its permissions among that.
    pub changed: u64,
}

impl<'r> HeldObject<'r> {
    /// Opens an entry of a folder, or the folder of the root itself without a name. `seen` is what
    /// the entry was when it was looked at, and must still be.
    pub(super) fn open(
        root: &'r Root,
        dir: &os::Dir,
        name: Option<&OsStr>,
        seen: &os::Node,
        path: &str,
        writing: bool,
    ) -> Result<HeldObject<'r>, SecurityError> {
        root.admit(seen, path)?;
        let file = match dir.open_object(name, seen.kind, writing) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                let path = path.to_owned();
                return Err(SecurityError::Missing { path });
            }
            Err(source) => return Err(unopened(path, source)),
        };
        let node = os::node_of(&file).map_err(|source| unopened(path, source))?;
        root.admit(&node, path)?;
        if !node.is(seen) || node.kind != seen.kind {
            let path = path.to_owned();
            return Err(SecurityError::Changed { path });
        }
        Ok(HeldObject {
            root,
            file,
            node,
            path: path.to_owned(),
        })
    }

    /// The path below the root, as the disk spells it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// [`Kind::File`] or [`Kind::Directory`].
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.node.kind
    }

    /// Its number on the volume; all names of one file have the same.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.node.id
    }

    /// Its descriptor now.
    ///
    /// # Errors
    /// [`SecurityError`].
    pub fn security(&self) -> Result<Vec<u8>, SecurityError> {
        let read = self.root.security.read(&self.file, &self.path);
        read.map_err(|source| refusal(&self.path, source))
    }

    pub(super) fn set_security(&mut self, descriptor: &[u8]) -> Result<(), SecurityError> {
        let written = self.root.security.write(&self.file, &self.path, descriptor);
        written.map_err(|source| refusal(&self.path, source))
    }

    /// The attributes of NTFS, `FILE_ATTRIBUTE_HIDDEN` for example.
    ///
    /// # Errors
    /// [`SecurityError::NotSeen`] where the file system has none.
    pub fn attributes(&self) -> Result<u32, SecurityError> {
        os::attributes(&self.file).map_err(|source| refusal(&self.path, source))
    }

    /// The times of NTFS.
    ///
    /// # Errors
    /// [`SecurityError::NotSeen`] where the file system has none.
    pub fn times(&self) -> Result<Times, SecurityError> {
        let times = os::times(&self.file).map_err(|source| refusal(&self.path, source))?;
        let [created, written, accessed, changed] = times;
        Ok(Times {
            created,
            written,
            accessed,
            changed,
        })
    }
}

//! The permissions of files and folders, as self-relative security descriptors: bytes that are
//! read, written and put back, and never looked into.
//!
//! Invariants: an object is reached without following a link and used through the handle that was
//! checked; a file system without NTFS permissions is an error of its own, never an empty
//! answer; what is not asked for (content, attributes, names) is not touched.
//!
//! Deliberately absent: what a descriptor means, which one is right, and when two of them with
//! other bytes say the same.

mod change;
mod held;
mod memory;
mod objects;
mod record;
mod trail;

use std::fmt::Debug;
use std::fs::File;
use std::io;

pub use change::{
    PutBack, ReadBackDiffers, SecurityStanding, check_securities, look_at_securities,
    put_back_securities, set_securities,
};
pub use held::{HeldObject, Times};
pub use memory::MemorySecurity;
pub use objects::Object;
pub use record::{DESCRIPTOR_LIMIT, SecurityRecord};
pub(crate) use record::{flaw, put, take};

use crate::os;
use crate::root::Root;
use crate::walk::{WalkError, io_error};
use trail::Trail;

/// The most folders below one another that are entered.
const MOST_LEVELS: usize = 512;

/// What reads and writes descriptors: the system, or the memory of a test.
pub trait SecurityBackend: Debug + Send + Sync {
    /// The self-relative descriptor of an opened file or folder: owner, group, the discretionary
    /// list, and the system list where the system gives it.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] where the file system has no descriptors;
    /// [`io::ErrorKind::PermissionDenied`] where they are denied; others as the system says.
    fn read(&self, object: &File, path: &str) -> io::Result<Vec<u8>>;

    /// Gives an opened file or folder a descriptor, which has an owner and a group.
    ///
    /// # Errors
    /// As for `read`.
    fn write(&self, object: &File, path: &str, descriptor: &[u8]) -> io::Result<()>;
}

/// The descriptors that the file system has.
#[derive(Debug)]
pub(crate) struct SystemSecurity;

impl SecurityBackend for SystemSecurity {
    fn read(&self, object: &File, _path: &str) -> io::Result<Vec<u8>> {
        os::descriptor(object)
    }

    fn write(&self, object: &File, _path: &str, descriptor: &[u8]) -> io::Result<()> {
        os::set_descriptor(object, descriptor)
    }
}

/// Why permissions could not be read or written. Paths are below the root.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// The file system has no NTFS permissions, or does not show them.
    #[error("the permissions of `{path}` cannot be seen here")]
    NotSeen {
        /// The file or folder.
        path: String,
    },
    /// This process may not read or write them.
    #[error("the permissions of `{path}` are denied to this process")]
    Denied {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing of this name, or no root for it.
    #[error("`{path}` does not exist")]
    Missing {
        /// The path that was asked for.
        path: String,
    },
    /// It is another object, or has other permissions, than was expected.
    #[error("`{path}` has changed since it was looked at")]
    Changed {
        /// The file or folder.
        path: String,
    },
    /// It lies below more folders than are entered.
    #[error("`{path}` lies below more than {MOST_LEVELS} folders")]
    TooDeep {
        /// The folder that is not entered.
        path: String,
    },
    /// The walk to it failed; links are refused here.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The system refused.
    #[error("cannot read or write the permissions of `{path}`")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Root {
    /// The same root, with the descriptors of `backend` in the place of the file system's.
    #[must_use]
    pub fn with_security(mut self, backend: Box<dyn SecurityBackend>) -> Root {
        self.security = backend;
        self
    }

    /// The descriptor of a file or folder; `None` when there is nothing of this name. The empty
    /// path is the root itself.
    ///
    /// # Errors
    /// [`SecurityError`].
    pub fn security(&self, path: &str) -> Result<Option<Vec<u8>>, SecurityError> {
        let object = self.object(path)?;
        object.map(|object| object.security()).transpose()
    }

    /// A file or folder, opened for what is known about it; `None` when there is nothing of this
    /// name.
    ///
    /// # Errors
    /// [`SecurityError`].
    pub fn object(&self, path: &str) -> Result<Option<HeldObject<'_>>, SecurityError> {
        Trail::new(self).open(path, false)
    }
}

/// Sorts what the system said about permissions.
fn refusal(path: &str, source: io::Error) -> SecurityError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::Unsupported => SecurityError::NotSeen { path },
        io::ErrorKind::PermissionDenied => SecurityError::Denied { path, source },
        _ => SecurityError::Io { path, source },
    }
}

/// Sorts what the system said when an object was opened.
fn unopened(path: &str, source: io::Error) -> SecurityError {
    if source.kind() == io::ErrorKind::PermissionDenied {
        return refusal(path, source);
    }
    SecurityError::Walk(io_error(path, source))
}

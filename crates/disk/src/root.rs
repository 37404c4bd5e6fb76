//! The root of an offline volume: opened once, guarded, and never spelled again.
//!
//! Invariants: a `Root` is never the running system's own volume, not even for reading; what
//! is done below it starts at its open handle and not at a path.
//!
//! Deliberately absent: finding out what is installed on the volume.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::origin::OriginError;
use crate::os;
use crate::partition::Window;
use crate::security::{SecurityBackend, SystemSecurity};
use crate::walk::Kind;

/// An opened directory that is the root of an offline volume.
#[derive(Debug)]
pub struct Root {
    pub(crate) dir: os::Dir,
    pub(crate) volume: u64,
    pub(crate) security: Box<dyn SecurityBackend>,
    space: Option<Space>,
    path: PathBuf,
}

/// Room on a volume, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What an ordinary process may still use.
    pub free: u64,
    /// The size of the volume.
    pub total: u64,
}

/// Why a directory was not opened as a root.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing has this name.
    #[error("{} does not exist", path.display())]
    NotFound {
        /// The path as it was tried.
        path: PathBuf,
    },
    /// Something has this name, but it is not a directory.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The path as it was tried.
        path: PathBuf,
    },
    /// It is the volume, or the Windows, that this program runs on.
    #[error("{} is the system that is running now", path.display())]
    RunningSystem {
        /// The path as it was tried.
        path: PathBuf,
    },
    /// The system refused to open it.
    #[error("cannot open {}", path.display())]
    Io {
        /// The path as it was tried.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Root {
    /// Opens a directory as the root of an offline volume.
    ///
    /// On Windows a drive may be spelled `F:`, `f:\`, `F:/` or `\\?\F:\`, and `F:"` is understood
    /// too (what a shell leaves of a quoted `F:\`). The spelling is the operator's, so links in it
    /// are followed; links below it never are.
    ///
    /// # Errors
    /// [`OpenError`]; among them the running system, which is refused for reading too.
    pub fn open(spelling: &OsStr) -> Result<Root, OpenError> {
        os::ask_for_privileges();
        let spelled = os::root_path(spelling);
        let failed = |source: io::Error| open_error(&spelled, source);
        let path = os::canonical(&spelled).map_err(failed)?;
        let dir = os::Dir::open_root(&path).map_err(failed)?;
        let node = dir.node().map_err(failed)?;
        if node.kind != Kind::Directory {
            return Err(OpenError::NotADirectory { path });
        }
        if os::is_running_system(&dir).map_err(failed)? {
            return Err(OpenError::RunningSystem { path });
        }
        Ok(Root {
            dir,
            volume: node.volume,
            security: Box::new(SystemSecurity),
            space: None,
            path,
        })
    }

    /// The canonical path of the root, for messages only.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells this root from others: the volume's number, the root's file number and, where
    /// the system tells it, the root's time of birth. Best effort; it stays the same while the
    /// volume is attached and on most file systems longer. Not a proof of identity.
    #[must_use]
    pub fn identity(&self) -> String {
        self.dir.identity()
    }

    /// The room on the volume, in bytes.
    ///
    /// # Errors
    /// What the system says.
    pub fn space(&self) -> io::Result<Space> {
        if let Some(space) = self.space {
            return Ok(space);
        }
        let (free, total) = self.dir.space()?;
        Ok(Space { free, total })
    }

    /// The same root with this room in the place of the volume's: for a folder that stands for a
    /// volume.
    #[must_use]
    pub fn with_space(mut self, space: Space) -> Root {
        self.space = Some(space);
        self
    }

    /// Whether the volume is served by a FUSE program (`false` where there is no such thing).
    #[must_use]
    pub fn is_fuse(&self) -> bool {
        self.dir.is_fuse()
    }

    /// Whether the volume is a share of another machine, as far as the system says.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        #[cfg(target_os = "linux")]
        return os::is_remote(&self.dir);
        // Windows spells every share so, those with a letter too.
        #[cfg(not(target_os = "linux"))]
        self.path.to_string_lossy().starts_with(r"\\?\UNC\")
    }

    /// Opens the block device or image whose file system this root is the top of, for reading. It
    /// takes the right to read the disk, so root's in general.
    ///
    /// # Errors
    /// [`OriginError`]; for a plain folder [`OriginError::NotAMount`].
    pub fn device(&self) -> Result<Window, OriginError> {
        let what = os::device_of(&self.dir)?;
        let window = Window::open(&what, 0, u64::MAX);
        window.map_err(|source| OriginError::Unseen { what, source })
    }

    /// Whether the volume is a shadow copy of another, as far as the system says. What would be
    /// written there is not on the disk.
    #[must_use]
    pub fn is_shadow_copy(&self) -> bool {
        self.dir.is_shadow_copy()
    }

    /// Whether the volume is attached read-only as far as the system says.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.dir.is_read_only()
    }
}

fn open_error(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_path_buf();
    match source.kind() {
        io::ErrorKind::NotFound => OpenError::NotFound { path },
        io::ErrorKind::NotADirectory => OpenError::NotADirectory { path },
        _ => OpenError::Io { path, source },
    }
}

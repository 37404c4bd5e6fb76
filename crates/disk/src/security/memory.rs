//! Descriptors in memory, so that a plain folder has permissions in a test.
//!
//! Invariants: descriptors go by path, without regard to case; clones share them; nothing reaches
//! the file system.
//!
//! Deliberately absent: checking what a descriptor says; hard links, which the paths hide.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::SecurityBackend;
use crate::name;

/// Descriptors by path, for [`Root::with_security`](crate::Root::with_security).
#[derive(Clone, Debug, Default)]
pub struct MemorySecurity {
    common: Option<Vec<u8>>,
    own: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl MemorySecurity {
    /// Every object has the descriptor `common` until it is given one of its own.
    #[must_use]
    pub fn new(common: &[u8]) -> MemorySecurity {
        MemorySecurity {
            common: Some(common.to_vec()),
            own: Arc::default(),
        }
    }

    /// The descriptor of a path; `None` when it has none and there is no common one.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        let own = self.own().get(&key(path)).cloned();
        own.or_else(|| self.common.clone())
    }

    /// Gives a path a descriptor.
    pub fn set(&self, path: &str, descriptor: &[u8]) {
        self.own().insert(key(path), descriptor.to_vec());
    }

    fn own(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecurityBackend for MemorySecurity {
    /// An object without a descriptor is as one on a file system that has none.
    fn read(&self, _object: &File, path: &str) -> io::Result<Vec<u8>> {
        let unseen = || io::Error::from(io::ErrorKind::Unsupported);
        self.get(path).ok_or_else(unseen)
    }

    fn write(&self, _object: &File, path: &str, descriptor: &[u8]) -> io::Result<()> {
        self.set(path, descriptor);
        Ok(())
    }
}

fn key(path: &str) -> String {
    name::folded(path).replace('/', "\\")
}

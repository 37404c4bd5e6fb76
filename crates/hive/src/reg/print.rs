//! A key and everything below it as the text of a version 5 `.reg` file.
//!
//! Invariants: keys come depth first in list order, values in the order of their list; no key
//! cell is written twice, so that hostile lists end; the text goes out in pieces of whole lines.
//! Absent on purpose: encoding and sorting.

use super::HEADER;
use super::text::{self, Obstacle};
use crate::error::{CellOffset, ReadError};
use crate::format::MAX_DEPTH;
use crate::key::Key;
use crate::value::Value;
use std::collections::HashSet;
use std::fmt;
use thiserror::Error;

/// The longest text an export writes, in bytes of UTF-8: far above what a sound hive gives.
/// Hostile hives name the same data many times.
pub const MAX_TEXT: u64 = 4 << 30;

/// Text is handed on when this much has gathered, in bytes.
const PIECE: usize = 1 << 16;

/// A key or value that a `.reg` file cannot carry. The export has it as a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrepresentable {
    /// Path of the key, root name included, with stand-ins such as `<U+0000>`.
    pub key: String,
    /// The value's name as it stands in the comment; `None` when it is the key itself, with
    /// everything below it.
    pub name: Option<String>,
    /// The first reason.
    pub why: Obstacle,
}

impl fmt::Display for Unrepresentable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} value {name}: {}", self.key, self.why),
            None => write!(f, "{}: {}", self.key, self.why),
        }
    }
}

/// Why an export ended early. What was written until then is not a whole file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportError {
    /// The root name could not be read back.
    #[error("{name:?} cannot be the root name of an export")]
    RootName {
        /// The name given.
        name: String,
    },
    /// The hive cannot be read there.
    #[error("{key}: cannot be exported")]
    Read {
        /// Path of the key.
        key: String,
        /// What is wrong.
        #[source]
        source: ReadError,
    },
    /// Two subkey lists, or one twice, lead to the same key.
    #[error("{key}: cell {at} is a key that is reached a second time")]
    Shared {
        /// Path of the key, the second time.
        key: String,
        /// Its cell.
        at: CellOffset,
    },
    /// The hive gives more text than any sound one.
    #[error("{key}: the text is longer than {limit} bytes")]
    TooLong {
        /// Path of the key at which it became too long.
        key: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The receiver of the text failed.
    #[error("the text cannot be written")]
    Write(#[source] fmt::Error),
}

/// Writes `key` and everything below it to `out`, as `[ROOT_NAME]`, `[ROOT_NAME\Sub]` and so on.
/// The text begins with [`HEADER`] and has CRLF line ends. Gives what `.reg` cannot carry.
///
/// # Errors
/// When the hive cannot be read, is longer than [`MAX_TEXT`] as text, or `out` fails.
pub fn export(
    root_name: &str,
    key: Key<'_>,
    out: &mut impl fmt::Write,
) -> Result<Vec<Unrepresentable>, ExportError> {
    Export::new(root_name, out, MAX_TEXT)?.run(key)
}

/// A key whose subkeys are being written.
struct Level<'h> {
    below: std::vec::IntoIter<Key<'h>>,
    /// Length of its path.
    path_len: usize,
    /// Whether it could be written as a key, not as a comment.
    carried: bool,
}

struct Export<'o, W> {
    out: &'o mut W,
    piece: String,
    /// Bytes that may still go out.
    left: u64,
    limit: u64,
    path: String,
    seen: HashSet<CellOffset>,
    not_carried: Vec<Unrepresentable>,
}

impl<'o, W: fmt::Write> Export<'o, W> {
    fn new(root: &str, out: &'o mut W, limit: u64) -> Result<Export<'o, W>, ExportError> {
        let plain = !root.contains(|unit: char| unit < ' ');
        if !plain || root.is_empty() || root.starts_with('-') || root.ends_with('\\') {
            let name = root.to_owned();
            return Err(ExportError::RootName { name });
        }
        Ok(Export {
            out,
            piece: String::with_capacity(2 * PIECE),
            left: limit,
            limit,
            path: root.to_owned(),
            seen: HashSet::new(),
            not_carried: Vec::new(),
        })
    }

    fn run(mut self, top: Key<'_>) -> Result<Vec<Unrepresentable>, ExportError> {
        self.piece.push_str(HEADER);
        self.piece.push_str("\r\n\r\n");
        let mut levels = vec![self.section(top, true)?];
        while let Some(level) = levels.last_mut() {
            let Some(key) = level.below.next() else {
                levels.pop();
                continue;
            };
            let above = level.carried;
            self.path.truncate(level.path_len);
            self.path.push('\\');
            let obstacle = text::push_key_name(&mut self.path, key.name());
            if levels.len() > MAX_DEPTH {
                let (at, limit) = (key.offset(), MAX_DEPTH);
                return Err(self.unreadable(ReadError::Depth { at, limit }));
            }
            if let (true, Some(why)) = (above, obstacle) {
                let key = self.path.clone();
                let name = None;
                self.not_carried.push(Unrepresentable { key, name, why });
            }
            levels.push(self.section(key, above && obstacle.is_none())?);
        }
        self.hand_on()?;
        Ok(self.not_carried)
    }

    /// Writes one key, whose path is the current one, with its values.
    fn section<'h>(&mut self, key: Key<'h>, carried: bool) -> Result<Level<'h>, ExportError> {
        if !self.seen.insert(key.offset()) {
            let at = key.offset();
            let key = self.path.clone();
            return Err(ExportError::Shared { key, at });
        }
        self.piece.push_str(if carried { "[" } else { "; [" });
        self.piece.push_str(&self.path);
        self.piece.push_str("]\r\n");
        for value in key.values().map_err(|source| self.unreadable(source))? {
            self.value(value, carried)?;
        }
        self.piece.push_str("\r\n");
        self.hand_on_if_long()?;
        let below = key.subkeys().map_err(|source| self.unreadable(source))?;
        Ok(Level {
            below: below.into_iter(),
            path_len: self.path.len(),
            carried,
        })
    }

    fn value(&mut self, value: Value<'_>, in_key: bool) -> Result<(), ExportError> {
        let data = value.data().map_err(|source| self.unreadable(source))?;
        let start = self.piece.len();
        let obstacle = text::push_value_name(&mut self.piece, value.name());
        let carried = in_key && obstacle.is_none();
        let name = self.piece.get(start..).unwrap_or("");
        let column = carried.then(|| name.chars().count() + 1);
        if let (true, Some(why)) = (in_key, obstacle) {
            let (key, name) = (self.path.clone(), Some(name.to_owned()));
            self.not_carried.push(Unrepresentable { key, name, why });
        }
        if !carried {
            self.piece.insert_str(start, "; ");
        }
        self.piece.push('=');
        text::push_data(&mut self.piece, value.kind(), &data, column);
        self.piece.push_str("\r\n");
        self.hand_on_if_long()
    }

    fn hand_on_if_long(&mut self) -> Result<(), ExportError> {
        if self.piece.len() < PIECE {
            return Ok(());
        }
        self.hand_on()
    }

    fn hand_on(&mut self) -> Result<(), ExportError> {
        let len = u64::try_from(self.piece.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(len).ok_or(ExportError::TooLong {
            key: self.path.clone(),
            limit: self.limit,
        })?;
        self.out
            .write_str(&self.piece)
            .map_err(ExportError::Write)?;
        self.piece.clear();
        Ok(())
    }

    fn unreadable(&self, source: ReadError) -> ExportError {
        let key = self.path.clone();
        ExportError::Read { key, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hive;
    use testkit::HiveBuilder;

    #[test]
    fn the_text_has_a_limit_and_comes_in_pieces() {
        struct Pieces(Vec<usize>);
        impl fmt::Write for Pieces {
            fn write_str(&mut self, piece: &str) -> fmt::Result {
                assert!(piece.ends_with("\r\n"));
                self.0.push(piece.len());
                Ok(())
            }
        }
        let mut builder = HiveBuilder::new();
        for name in ["a", "b", "c"] {
            builder.key(name).binary("data", &[1; 50_000]);
        }
        let hive = Hive::open(builder.build()).unwrap();
        let run = |limit| {
            let mut out = Pieces(Vec::new());
            let export = Export::new("R", &mut out, limit).unwrap();
            (export.run(hive.root().unwrap()).map(|_| ()), out.0)
        };
        let (result, pieces) = run(MAX_TEXT);
        assert_eq!((result, pieces.len()), (Ok(()), 4));
        let whole = u64::try_from(pieces.iter().sum::<usize>()).unwrap();
        assert_eq!(run(whole), (Ok(()), pieces.clone()));
        assert!(matches!(run(whole - 1).0, Err(ExportError::TooLong { .. })));
        let (key, limit) = ("R\\a".to_owned(), 100);
        assert_eq!(run(100), (Err(ExportError::TooLong { key, limit }), vec![]));
    }
}

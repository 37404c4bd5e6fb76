//! Registry text files (`.reg`, version 5): a tree of keys as text, and text as operations.
//!
//! Invariants: what [`export`] writes, [`parse`] gives back exactly (names, types, data, order)
//! as long as the file is not longer than [`MAX_BYTES`]; what a `.reg` file cannot carry stands
//! in it as a comment and in the list of [`Unrepresentable`]. Time and memory are bounded.
//! Absent on purpose: files, the mapping of root names to hives, and what the format has no
//! place for: classes, security, time stamps, flags.

mod encode;
mod mistake;
mod parse;
mod print;
mod scan;
mod text;

pub use encode::{encode_utf16le_bom, push_utf16le};
pub use mistake::{MAX_BYTES, MAX_LINES, MAX_OPERATIONS, Mistake, ParseError};
pub use parse::parse;
pub use print::{ExportError, MAX_TEXT, Unrepresentable, export};
pub use text::Obstacle;

use crate::data::RegData;
use crate::name;
use std::cmp::Ordering;
use std::sync::Arc;

/// The first line of a version 5 file.
pub const HEADER: &str = "Windows Registry Editor Version 5.00";

/// One thing a `.reg` file asks for, in the order of the file. Paths are as written, root name
/// included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `[PATH]`: the key is to exist.
    CreateKey(Arc<str>),
    /// `[-PATH]`: the key and everything below it is to go.
    DeleteKey(Arc<str>),
    /// `"NAME"=...`
    SetValue {
        /// Path of the key.
        key: Arc<str>,
        /// The value's name; empty for the default value.
        name: String,
        /// Type and bytes.
        data: RegData,
    },
    /// `"NAME"=-`
    DeleteValue {
        /// Path of the key.
        key: Arc<str>,
        /// The value's name; empty for the default value.
        name: String,
    },
}

impl Operation {
    /// Path of the key it is about, as written.
    pub fn key(&self) -> &str {
        match self {
            Operation::CreateKey(key) | Operation::DeleteKey(key) => key,
            Operation::SetValue { key, .. } | Operation::DeleteValue { key, .. } => key,
        }
    }
}

/// What of `path` lies below `prefix`: whole names, compared as the registry compares them;
/// backslashes at the ends do not count. `None` when `path` lies elsewhere; empty when it is
/// `prefix` itself.
pub fn strip_root<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let mut rest = path.trim_matches('\\');
    for wanted in prefix.split('\\').filter(|name| !name.is_empty()) {
        let (first, below) = rest.split_once('\\').unwrap_or((rest, ""));
        if name::compare(first.encode_utf16(), wanted.encode_utf16()) != Ordering::Equal {
            return None;
        }
        rest = below.trim_start_matches('\\');
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_whole_names() {
        let root = "HKEY_LOCAL_MACHINE\\SYSTEM";
        let strip = |path| strip_root(path, root);
        assert_eq!(strip("hkey_local_machine\\System\\A\\b"), Some("A\\b"));
        assert_eq!(strip("HKEY_LOCAL_MACHINE\\SYSTEM"), Some(""));
        assert_eq!(strip("HKEY_LOCAL_MACHINE\\SYSTEM\\"), Some(""));
        assert_eq!(strip("HKEY_LOCAL_MACHINE\\SYSTEM2\\A"), None);
        assert_eq!(strip("HKEY_LOCAL_MACHINE"), None);
        assert_eq!(strip_root("A\\B", ""), Some("A\\B"));
        assert_eq!(strip_root("\u{E9}\\B", "\u{C9}"), Some("B"));
    }
}

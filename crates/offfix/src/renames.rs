//! Files that get another name: in documents, and as lines for people.
//!
//! Invariants: the content is bound by size and SHA-256, so a plan is about one file and not about
//! a name. Absent on purpose: which files are put aside.

use crate::document::{hex, unhex};
use disk::{RenameRecord, RenameStanding, Stamp, look_at_renames};
use repairs::PlannedRename;
use serde::{Deserialize, Serialize};
use volume::Volume;

/// A file and its new name in the same folder.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameDocument {
    pub(crate) repair: String,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl RenameDocument {
    /// The same as a document.
    pub(crate) fn of(planned: &PlannedRename) -> RenameDocument {
        let kind = crate::document::kind(planned.kind);
        RenameDocument::new(planned.repair, kind, &planned.edit)
    }

    /// An edit, and why it is made.
    pub(crate) fn new(repair: &str, kind: &str, edit: &RenameRecord) -> RenameDocument {
        RenameDocument {
            repair: repair.to_owned(),
            kind: kind.to_owned(),
            path: edit.path.clone(),
            name: edit.name.clone(),
            size: edit.content.size,
            sha256: hex(&edit.content.sha256),
        }
    }

    /// The edit again; `None` when the hash is none.
    pub(crate) fn edit(&self) -> Option<RenameRecord> {
        Some(RenameRecord {
            root: 0,
            path: self.path.clone(),
            name: self.name.clone(),
            content: Stamp {
                size: self.size,
                sha256: unhex(&self.sha256)?.try_into().ok()?,
            },
        })
    }
}

/// How many files, in words.
pub(crate) fn files_in_words(number: usize) -> String {
    match number {
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    }
}

/// The way back, when the file still has the name a run gave it and the old name is free;
/// `Ok(None)` when it has the old name already.
///
/// # Errors
/// What stands in the way, in a line.
pub(crate) fn way_back(
    volume: &Volume,
    run: &str,
    done: &RenameRecord,
) -> Result<Option<RenameRecord>, String> {
    let since = || format!("{}: changed, or gone, since run {run}", done.new_path());
    match look_at_renames(&volume.roots(), std::slice::from_ref(done)) {
        Err(error) => Err(format!("{}: {error}", done.path)),
        Ok(standings) => match standings.first() {
            Some(RenameStanding::Before) => Ok(None),
            Some(RenameStanding::After) => Ok(Some(RenameRecord {
                root: done.root,
                path: done.new_path(),
                name: done.path.rsplit('\\').next().unwrap_or_default().to_owned(),
                content: done.content,
            })),
            _ => Err(since()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_gives_its_edit_again() {
        let edit = RenameRecord {
            root: 0,
            path: r"Windows\a.sys".to_owned(),
            name: "a.sys.offfix-quarantined".to_owned(),
            content: Stamp::of(b"x"),
        };
        let mut document = RenameDocument::new("quarantine-file", "fix", &edit);
        assert_eq!(document.edit(), Some(edit));
        document.sha256.pop();
        assert_eq!(document.edit(), None);
    }
}

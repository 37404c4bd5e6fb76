//! Journal and commit of one hive, for the commands that edit a single file.
//!
//! Invariants: the answer that is given stands in the journal first. Absent on purpose: staging,
//! and words for people.

use super::apply::{free_name, locked};
use crate::document::Document;
use crate::exit::Failure;
use crate::guards;
use crate::interrupt;
use crate::operator;
use crate::output;
use crate::session::Common;
use crate::time::Moment;
use disk::{Root, Run};
use volume::commit::{Request, commit};
use volume::{Staged, StagedHive};

/// Commits a staged hive; the answer with the run's name and time, and the run.
pub(crate) fn commit_one(
    common: &Common,
    roots: &[&Root],
    staged: StagedHive<'_>,
    document: Document,
    json: bool,
) -> Result<(Document, Run), Failure> {
    for root in roots {
        guards::refuse(root)?;
    }
    let now = Moment::now();
    let journal = common.journal();
    guards::require_rights(&journal)?;
    let staged = Staged {
        hives: vec![staged],
        ..Staged::default()
    };
    let lock = locked(&journal, journal.lock_if_made()?, roots, &staged)?;
    let id = free_name(&journal, now)?;
    let document = Document {
        run: Some(id.clone()),
        made: now.text(),
        ..document
    };
    // Who made it is for the journal alone.
    let record = Document {
        by: Some(operator::by(None)),
        ..document.clone()
    };
    let request = Request {
        id,
        at: now.text(),
        about: output::to_json(&record).into_bytes(),
    };
    let committed = commit(roots, &staged, &lock, &request, &mut |_, _| {
        interrupt::finish_first(json);
    })?;
    Ok((document, committed.run))
}

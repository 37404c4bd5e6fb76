//! Journal and commit of one hive, for the commands that edit a single file.
//!
//! Invariants: the answer that is given stands in the journal first. Absent on purpose: staging,
//! and words for people.

use super::apply::free_name;
use crate::document::Document;
use crate::exit::Failure;
use crate::guards;
use crate::interrupt;
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
    let lock = journal.lock()?;
    let id = free_name(&journal, now)?;
    let document = Document {
        run: Some(id.clone()),
        made: now.text(),
        ..document
    };
    let request = Request {
        id,
        at: now.text(),
        about: output::to_json(&document).into_bytes(),
    };
    let staged = Staged {
        hives: vec![staged],
        ..Staged::default()
    };
    let committed = commit(roots, &staged, &lock, &request, &mut |_, _| {
        interrupt::finish_first(json);
    })?;
    Ok((document, committed.run))
}

//! `plan --undo`: a plan that puts back, value by value, what still is as a run left it.
//!
//! Invariants: a value that something else has changed since is never touched, and named.
//! Absent on purpose: bytes (`undo` puts those back, before the VM has run).

use crate::commands::make::present;
use crate::document::{ChangeDocument, DataDocument, Document};
use crate::exit::{Exit, Failure};
use crate::journal::plan_of;
use disk::{Run, State};
use volume::{Edit, Volume};

/// The word that means everything open runs weakened.
const WEAKENING: &str = "weakening";

/// Fills a plan that takes back a run, or what all open runs weakened; answers its edits.
pub(crate) fn fill(
    document: &mut Document,
    volume: &Volume,
    what: &str,
    runs: &[Run],
) -> Result<Vec<Edit>, Failure> {
    let chosen: Vec<&Run> = runs
        .iter()
        .filter(|run| run.state() == State::Done)
        .filter(|run| run.id() == what || (what == WEAKENING && run.record().is_ok()))
        .collect();
    if chosen.is_empty() && what != WEAKENING {
        let error = format!("there is no open run {what:?} of this disk");
        return Err(
            Failure::new(Exit::Usage, "no-run", error).hint("offfix log lists the runs of a disk")
        );
    }
    let mut edits: Vec<Edit> = Vec::new();
    // The newest run first: what it found there an older one may have set.
    for run in chosen.into_iter().rev() {
        let plan = plan_of(run).ok_or_else(|| {
            let error = format!("the plan of run {} cannot be read", run.id());
            Failure::new(Exit::Unreadable, "journal-damaged", error)
        })?;
        for change in plan.changes {
            if what != WEAKENING || change.kind == "weakening" {
                take_back(document, volume, &mut edits, run.id(), &change)?;
            }
        }
    }
    Ok(edits)
}

fn take_back(
    document: &mut Document,
    volume: &Volume,
    edits: &mut Vec<Edit>,
    run: &str,
    change: &ChangeDocument,
) -> Result<(), Failure> {
    let data = |data: &Option<DataDocument>| data.as_ref().map(DataDocument::data);
    let (before, after) = (data(&change.before), data(&change.after));
    let (Some(target), false) = (change.target(), before == Some(None) || after == Some(None))
    else {
        let error = format!("the plan of run {run} holds a change that cannot be read");
        return Err(Failure::new(Exit::Unreadable, "journal-damaged", error));
    };
    let (before, after) = (before.flatten(), after.flatten());
    let planned = edits.iter_mut().find(|edit| edit.target().same(&target));
    let now = match &planned {
        Some(edit) => edit.after().cloned(),
        None => present(volume, &target)?,
    };
    if now == before {
        return Ok(());
    }
    if now != after {
        let now = now.map_or("missing".to_owned(), |now| now.to_string());
        document
            .left_alone
            .push(format!("{target}: is {now}, changed since run {run}"));
        return Ok(());
    }
    let edit = match before {
        Some(before) => Edit::SetValue(target.clone(), before),
        None => Edit::DeleteValue(target.clone()),
    };
    let current = present(volume, &target)?;
    match planned {
        Some(known) => *known = edit.clone(),
        None => edits.push(edit.clone()),
    }
    document
        .changes
        .retain(|known| known.target().is_none_or(|known| !known.same(&target)));
    document.changes.push(ChangeDocument::of(
        &change.repair,
        if change.kind == "weakening" {
            "fix"
        } else {
            "undo"
        },
        &edit,
        current.as_ref(),
    ));
    Ok(())
}

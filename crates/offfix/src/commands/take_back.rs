//! `plan --undo`: a plan that puts back, value by value and file by file, what still is as a run
//! left it.
//!
//! Invariants: what something else has changed since is never touched, and named.
//! Absent on purpose: bytes (`undo` puts those back, before the VM has run).

use crate::commands::make::present;
use crate::document::{ChangeDocument, DataDocument, Document};
use crate::exit::{Exit, Failure};
use crate::journal::plan_of;
use crate::permissions::{PermissionsDocument, paths_in_words};
use crate::renames::{RenameDocument, way_back};
use disk::{RenameRecord, Run, State};
use repairs::context::chain;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use volume::{Edit, SecurityEdit, Volume, same_security};

/// The word that means everything open runs weakened.
const WEAKENING: &str = "weakening";

/// Edits of values, of permissions, and of names.
type Edits = (Vec<Edit>, Vec<SecurityEdit>, Vec<RenameRecord>);

/// Fills a plan that takes back a run, or what all open runs weakened; answers its edits.
pub(crate) fn fill(
    document: &mut Document,
    volume: &Volume,
    what: &str,
    runs: &[Run],
) -> Result<Edits, Failure> {
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
    let mut permissions = Permissions::default();
    let mut renames = Vec::new();
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
        for change in plan.permissions {
            if what != WEAKENING || change.kind == "weakening" {
                permissions.take_back(document, volume, run.id(), &change)?;
            }
        }
        for change in plan.renames {
            if what != WEAKENING || change.kind == "weakening" {
                renames.extend(name_back(document, volume, run.id(), &change)?);
            }
        }
    }
    Ok((edits, permissions.finish(document), renames))
}

/// The old name of a file, when it still has the one a run gave it.
fn name_back(
    document: &mut Document,
    volume: &Volume,
    run: &str,
    change: &RenameDocument,
) -> Result<Option<RenameRecord>, Failure> {
    let Some(done) = change.edit() else {
        let error = format!("the plan of run {run} holds a name that cannot be read");
        return Err(Failure::new(Exit::Unreadable, "journal-damaged", error));
    };
    match way_back(volume, run, &done) {
        Ok(Some(back)) => {
            let of = RenameDocument::new(&change.repair, "undo", &back);
            document.renames.push(of);
            Ok(Some(back))
        }
        Ok(None) => Ok(None),
        Err(line) => {
            document.left_alone.push(line);
            Ok(None)
        }
    }
}

/// Whether permissions are still as a run has set them; what cannot be seen counts as set.
pub(crate) fn still_set(volume: &Volume, permissions: &PermissionsDocument) -> bool {
    let (Some(edit), Some(root)) = (permissions.edit(), volume.roots().first().copied()) else {
        return true;
    };
    let mut paths = edit.paths.iter().map(|path| root.security(path));
    paths.any(|found| match found {
        Ok(found) => found.is_some_and(|found| same_security(&found, &edit.after)),
        Err(_) => true,
    })
}

/// The permissions of one file or folder on the way back.
struct Back {
    path: String,
    now: Arc<[u8]>,
    wanted: Arc<[u8]>,
    repair: String,
    kind: &'static str,
}

/// The permissions that are taken back, by path.
#[derive(Default)]
struct Permissions {
    places: HashMap<String, usize>,
    back: Vec<Back>,
}

impl Permissions {
    fn take_back(
        &mut self,
        document: &mut Document,
        volume: &Volume,
        run: &str,
        change: &PermissionsDocument,
    ) -> Result<(), Failure> {
        let unreadable = |error: String| Failure::new(Exit::Unreadable, "unreadable", error);
        let (Some(edit), Some(root)) = (change.edit(), volume.roots().first().copied()) else {
            let error = format!("the plan of run {run} holds permissions that cannot be read");
            return Err(Failure::new(Exit::Unreadable, "journal-damaged", error));
        };
        let mut others = Vec::new();
        for path in &edit.paths {
            let known = self.places.get(path).and_then(|&at| self.back.get_mut(at));
            if let Some(known) = known {
                // A newer run found there what this one had set.
                if same_security(&known.wanted, &edit.after) {
                    known.wanted = Arc::clone(&edit.before);
                }
                continue;
            }
            let found = root.security(path);
            let found = found.map_err(|error| unreadable(chain(&error)))?;
            match found {
                Some(found) if same_security(&found, &edit.before) => {}
                Some(found) if same_security(&found, &edit.after) => {
                    self.places.insert(path.clone(), self.back.len());
                    self.back.push(Back {
                        path: path.clone(),
                        now: found.into(),
                        wanted: Arc::clone(&edit.before),
                        repair: change.repair.clone(),
                        kind: if change.kind == "weakening" {
                            "fix"
                        } else {
                            "undo"
                        },
                    });
                }
                _ => others.push(path.clone()),
            }
        }
        if !others.is_empty() {
            let paths = paths_in_words(&others);
            let line = format!("permissions of {paths}: changed, or gone, since run {run}");
            document.left_alone.push(line);
        }
        Ok(())
    }

    /// The edits, which the document gets too.
    fn finish(self, document: &mut Document) -> Vec<SecurityEdit> {
        let mut by_reason: BTreeMap<(String, &str), Vec<_>> = BTreeMap::new();
        for back in self.back.into_iter().filter(|back| back.now != back.wanted) {
            let reason = (back.repair, back.kind);
            let change = (back.path, back.now, back.wanted);
            by_reason.entry(reason).or_default().push(change);
        }
        let mut edits = Vec::new();
        for ((repair, kind), changes) in by_reason {
            for edit in SecurityEdit::group(changes) {
                let document_of = PermissionsDocument::new(&repair, kind, &edit);
                document.permissions.push(document_of);
                edits.push(edit);
            }
        }
        edits
    }
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

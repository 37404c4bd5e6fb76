//! The runs of a disk: which belong to it, which are open, and what they set on purpose.
//!
//! Invariants: a run belongs to a disk by the identity or the path of its root; a run whose
//! record is damaged is told, never hidden. Absent on purpose: putting bytes back (see the crate
//! `volume`).

use crate::document::{self, ChangeDocument, Document};
use crate::exit::{Exit, Failure};
use crate::numbers::{count, files_and_folders};
use crate::output;
use crate::permissions::{PermissionsDocument, objects, paths_in_words};
use crate::renames::files_in_words;
use crate::session::Session;
use disk::{Record, Root, RootRecord, Run, State};
use repairs::planner::OnPurpose;
use std::ffi::OsStr;
use volume::undo::{Standing, look};

/// What undo would find in a run as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// Finished, nothing to settle.
    Settled,
    /// Stopped before it wrote anything; only its folder is left.
    NotStarted,
    /// Interrupted; undo puts the old bytes back.
    Interrupted,
    /// Interrupted, and something else has written every file since.
    Overtaken,
    /// Its record cannot be read: what it did, and to which disk, is not known.
    Damaged,
}

/// Whether a run belongs to the disk at this root, or may.
pub(crate) fn belongs(run: &Run, root: &Root) -> bool {
    let of_this_disk = |record: &Record| record.roots.first().is_some_and(|known| known.is(root));
    run.state() == State::NotStarted || run.record().map_or(true, of_this_disk)
}

/// The roots that a run wrote below, opened.
pub(crate) struct Roots<'s> {
    drive: &'s Root,
    others: Vec<Root>,
}

impl<'s> Roots<'s> {
    /// Opens them. A second one is where it was, and must then be the same; or where the operator
    /// says, and what lies there decides.
    pub(crate) fn of(session: &'s Session, run: &Run) -> Result<Roots<'s>, Failure> {
        let recorded = run.record().map_or(&[][..], |record| &record.roots);
        let others = recorded.iter().skip(1);
        Ok(Roots {
            drive: &session.root,
            others: others
                .map(|known| second_root(session, run, known))
                .collect::<Result<_, _>>()?,
        })
    }

    /// All of them, in the order of the record.
    pub(crate) fn all(&self) -> Vec<&Root> {
        std::iter::once(self.drive).chain(&self.others).collect()
    }
}

fn second_root(session: &Session, run: &Run, known: &RootRecord) -> Result<Root, Failure> {
    if let Some(named) = session.boot.folder() {
        return Ok(Root::open(&named)?);
    }
    match Root::open(OsStr::new(&known.path)) {
        Ok(root) if root.identity() == known.identity => Ok(root),
        _ => {
            let error = format!(
                "run {} also wrote boot files below {}, which is not attached there now",
                run.id(),
                known.path
            );
            Err(Failure::new(Exit::Refused, "other-system-partition", error)
                .hint("--system-partition S: says where it is attached"))
        }
    }
}

/// The runs of the disk at this root, oldest first.
pub(crate) fn runs_of(session: &Session) -> Result<Vec<Run>, Failure> {
    let mut runs = session.journal.runs()?;
    runs.retain(|run| belongs(run, &session.root));
    Ok(runs)
}

/// What the disk says about a run.
pub(crate) fn situation(run: &Run, session: &Session) -> Result<Situation, Failure> {
    match run.state() {
        State::NotStarted => Ok(Situation::NotStarted),
        _ if run.record().is_err() => Ok(Situation::Damaged),
        State::Sealed | State::Undoing => {
            let Ok(roots) = Roots::of(session, run) else {
                return Ok(Situation::Interrupted);
            };
            let outcomes = look(&roots.all(), run)?;
            let overtaken = outcomes
                .iter()
                .all(|file| file.standing == Standing::Overtaken);
            Ok(if overtaken {
                Situation::Overtaken
            } else {
                Situation::Interrupted
            })
        }
        _ => Ok(Situation::Settled),
    }
}

/// A line for each run that a plan should tell of, oldest first.
///
/// # Errors
/// An interrupted run that is not overtaken: it has to be settled first.
pub(crate) fn tell(runs: &[Run], session: &Session) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for run in runs {
        let id = run.id();
        match situation(run, session)? {
            Situation::Interrupted => return Err(interrupted(run, &session.root)),
            Situation::Damaged => lines.push(format!(
                "{id} has a damaged record: it may have changed this disk, and cannot be undone"
            )),
            Situation::NotStarted => {
                lines.push(format!("{id} stopped before it wrote anything"));
            }
            Situation::Overtaken => lines.push(format!(
                "{id} was interrupted, and its files have been overtaken by another writer since"
            )),
            Situation::Settled if run.state() == State::Done => {
                lines.push(format!("{id} is open ({})", summary(run)));
            }
            Situation::Settled => {}
        }
    }
    Ok(lines)
}

/// The failure that an unsettled run is.
fn interrupted(run: &Run, root: &Root) -> Failure {
    let what = if run.state() == State::Undoing {
        "undo of run"
    } else {
        "run"
    };
    let error = format!(
        "the {what} {} was interrupted and has to be settled first",
        run.id()
    );
    let root = output::path(root.path());
    let hint = format!("offfix undo {root} {} puts the old bytes back", run.id());
    Failure::new(Exit::Unfinished, "unfinished-run", error).hint(hint)
}

/// The plan a run was made from.
pub(crate) fn plan_of(run: &Run) -> Option<Document> {
    let about = &run.record().ok()?.about;
    document::parse(std::str::from_utf8(about).ok()?).ok()
}

/// How many values a run changed, and how many permissions, in words.
fn summary(run: &Run) -> String {
    match plan_of(run) {
        Some(plan) => changes_in_words(&plan, "value"),
        None => "its plan cannot be read".to_owned(),
    }
}

/// `2 values`, `names of 1 file`, `permissions of 3 files and folders`, or more of them; values
/// are counted as `one`.
pub(crate) fn changes_in_words(plan: &Document, one: &str) -> String {
    let mut words = Vec::new();
    if !plan.changes.is_empty() {
        words.push(count(plan.changes.len(), one));
    }
    if !plan.renames.is_empty() {
        words.push(format!("names of {}", files_in_words(plan.renames.len())));
    }
    if let number @ 1.. = objects(&plan.permissions) {
        words.push(format!("permissions of {}", files_and_folders(number)));
    }
    if words.is_empty() {
        words.push(count(0, one));
    }
    words.join(", ")
}

/// What the open runs of a disk set, newest first.
pub(crate) fn on_purpose(runs: &[Run]) -> Vec<OnPurpose> {
    let open = runs.iter().rev().filter(|run| run.state() == State::Done);
    open.flat_map(|run| {
        let changes = plan_of(run).map(|plan| plan.changes).unwrap_or_default();
        let run = run.id().to_owned();
        changes.into_iter().filter_map(move |change| {
            let data = change.after.as_ref().and_then(document::DataDocument::data);
            Some(OnPurpose {
                target: change.target()?,
                data,
                run: run.clone(),
            })
        })
    })
    .collect()
}

/// What the open runs weakened and is still so, a line each.
pub(crate) fn left_open(
    runs: &[Run],
    stands: impl Fn(&ChangeDocument) -> bool,
    keeps: impl Fn(&PermissionsDocument) -> bool,
) -> Vec<String> {
    let open = runs.iter().filter(|run| run.state() == State::Done);
    open.flat_map(|run| {
        let mut plan = plan_of(run).unwrap_or_default();
        plan.changes.retain(&stands);
        plan.permissions.retain(&keeps);
        weakened(&plan)
            .into_iter()
            .map(|line| format!("{line} (run {})", run.id()))
    })
    .collect()
}

/// A run's plan without what later runs of the same disk have set to something else since.
pub(crate) fn still_open(run: &Run, plan: &Document, later: &[Run]) -> Document {
    let mut left = plan.clone();
    let done = later.iter().filter(|other| other.state() == State::Done);
    for other in done.filter(|other| same_disk(run, other)) {
        let since = plan_of(other).unwrap_or_default();
        left.changes.retain(|change| {
            let same = |new: &&ChangeDocument| match (new.target(), change.target()) {
                (Some(new), Some(old)) => new.same(&old),
                _ => false,
            };
            let new = since.changes.iter().find(same);
            new.is_none_or(|new| new.after == change.after)
        });
        for old in &mut left.permissions {
            let after = |path: &String| {
                let mut new = since.permissions.iter();
                new.find(|new| new.paths.contains(path))
                    .map(|new| &new.after)
            };
            let kept = old.after.clone();
            old.paths
                .retain(|path| after(path).is_none_or(|new| *new == kept));
        }
        left.permissions.retain(|old| !old.paths.is_empty());
    }
    left
}

/// Whether two runs wrote below the same root.
fn same_disk(run: &Run, other: &Run) -> bool {
    let root = |run: &Run| run.record().ok()?.roots.first().cloned();
    match (root(run), root(other)) {
        (Some(run), Some(other)) => run.identity == other.identity || run.path == other.path,
        _ => false,
    }
}

/// What a change leaves weakened.
fn weakening(change: &ChangeDocument) -> String {
    if let Some(element) = &change.element {
        let after = element.after.as_deref().unwrap_or("deleted");
        return format!("{} {} = {after}", element.object, element.name);
    }
    let key = change.key.rsplit('\\').take(2).collect::<Vec<_>>();
    let key = key.into_iter().rev().collect::<Vec<_>>().join("\\");
    let after = change.after.as_ref();
    let after = after.map_or("deleted", |after| after.text.as_str());
    format!(r"{key} {} = {after}", change.name)
}

/// What a plan weakens, a line each.
pub(crate) fn weakened(plan: &Document) -> Vec<String> {
    let is_weakening = |kind: &str| kind == "weakening";
    let mut lines: Vec<String> = Vec::new();
    for change in plan
        .changes
        .iter()
        .filter(|change| is_weakening(&change.kind))
    {
        let line = weakening(change);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let permissions = plan
        .permissions
        .iter()
        .filter(|one| is_weakening(&one.kind));
    lines.extend(permissions.map(|one| format!("permissions of {}", paths_in_words(&one.paths))));
    lines
}

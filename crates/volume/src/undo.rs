//! Undo: puts the recorded bytes of a run back.
//!
//! Invariants: a hive is put back only from a state the run itself can have left: its files as
//! they were before or after, or, while the run is unfinished, anything that the recorded ranges
//! laid over it turn into the recorded hash; permissions only from those before or after.
//! Otherwise something else has written it: it is overtaken, and not touched. Permissions go back
//! first, then each hive as a commit of its own, then names.
//! Absent on purpose: redo; values (a plan does that after the VM has run).

use crate::commit::{FILE_LIMIT, HeldHive, meaning_of};
use crate::permissions::same_security;
use disk::{
    FileRecord, HoldError, JournalError, Lock, Record, RecordError, RenameError, RenameStanding,
    Root, Run, SecurityError, SecurityStanding, State, Step, StepError, WalkError, look_at_renames,
    look_at_securities, name_back, put_back_securities,
};
use hive::Hive;
use hive::commit::{self, Files, Member, Method};
use hive::format::HEADER_LEN;
use std::collections::{BTreeMap, HashSet};
use thiserror::Error;

/// What undo finds in one hive, or in the permissions of one file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Byte for byte as before the run.
    Before,
    /// As the run left it, finished or not: it can be put back.
    Ours,
    /// Something else has written it.
    Overtaken,
    /// It was put back, and reads back in another form than it had.
    Differs,
}

/// What a run has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A hive and its logs.
    Hive,
    /// The name of a file.
    Name,
    /// The permissions of a file or folder.
    Permissions,
}

/// One hive of a run, or the permissions of one file or folder.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which of the two.
    pub part: Part,
    /// The path of the primary file, or of the file or folder.
    pub path: String,
    /// What undo found.
    pub standing: Standing,
}

/// Why undo did not get through; it can be repeated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UndoError {
    /// The journal's record is damaged.
    #[error("the journal of this run cannot be read")]
    Record(String),
    /// A root that the run wrote below is not at hand.
    #[error("{path} was written below {root}, which is not at hand")]
    NoRoot {
        /// The file.
        path: String,
        /// Where the root was.
        root: String,
    },
    /// A file cannot be held.
    #[error("cannot write to this disk")]
    Hold(#[from] HoldError),
    /// A file cannot be read.
    #[error("cannot look at the disk")]
    Walk(#[from] WalkError),
    /// The journal cannot be written.
    #[error("the journal could not be written")]
    Journal(#[from] JournalError),
    /// Everything is back, and the journal could not be closed.
    #[error("the disk is as it was before, but the journal could not be closed")]
    Unclosed(#[source] JournalError),
    /// No way back could be computed.
    #[error("{path} cannot be put back")]
    Commit {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: commit::CommitError,
    },
    /// A write failed.
    #[error("writing failed")]
    Step(#[from] StepError),
    /// A file could not get its old name back.
    #[error("not all files have their old names")]
    Rename(#[from] RenameError),
    /// Permissions could not be put back.
    #[error("not all permissions could be put back")]
    Security(#[from] SecurityError),
    /// The disk does not hold what was written.
    #[error("{path} does not read back as it was written")]
    ReadBack {
        /// The file.
        path: String,
    },
}

impl From<&RecordError> for UndoError {
    fn from(error: &RecordError) -> UndoError {
        UndoError::Record(error.to_string())
    }
}

/// The files of one hive in a record.
type Group<'r> = Vec<(Member, Method, &'r FileRecord)>;

fn groups(record: &Record) -> Result<Vec<Group<'_>>, UndoError> {
    let mut groups: BTreeMap<u32, Group<'_>> = BTreeMap::new();
    for file in &record.files {
        let (member, method) = meaning_of(file.role)
            .ok_or_else(|| UndoError::Record(format!("{}: unknown role", file.path)))?;
        groups
            .entry(file.group)
            .or_default()
            .push((member, method, file));
    }
    Ok(groups.into_values().collect())
}

/// The root a hive lies below.
fn root_of<'r>(
    roots: &[&'r Root],
    record: &Record,
    group: &Group<'_>,
) -> Result<&'r Root, UndoError> {
    let place = group
        .first()
        .map_or(0, |(_, _, file)| usize::from(file.root));
    roots.get(place).copied().ok_or_else(|| UndoError::NoRoot {
        path: primary_of(group),
        root: record
            .roots
            .get(place)
            .map_or(String::new(), |root| root.path.clone()),
    })
}

/// What undo would find in everything a run has changed, without writing. The roots stand in the
/// order of the record.
///
/// # Errors
/// When the record or a file cannot be read.
pub fn look(roots: &[&Root], run: &Run) -> Result<Vec<Outcome>, UndoError> {
    let record = run.record()?;
    let mut outcomes = Vec::new();
    for group in groups(record)? {
        let root = root_of(roots, record, &group)?;
        let mut files = Files::default();
        let mut missing = false;
        for (member, _, file) in &group {
            match root.read(&file.path, FILE_LIMIT)? {
                Some(content) => put(&mut files, *member, content),
                None => missing = true,
            }
        }
        let standing = if missing {
            Standing::Overtaken
        } else {
            standing(&group, &files, run.state()).0
        };
        outcomes.push(hive(primary_of(&group), standing));
    }
    outcomes.extend(names(roots, record)?);
    outcomes.extend(permissions(roots, record)?);
    Ok(outcomes)
}

/// How the files that a run has renamed stand.
fn names(roots: &[&Root], record: &Record) -> Result<Vec<Outcome>, RenameError> {
    let standings = look_at_renames(roots, &record.renames)?;
    let outcomes = record.renames.iter().zip(standings);
    let outcomes = outcomes.map(|(known, standing)| Outcome {
        part: Part::Name,
        path: known.path.clone(),
        standing: match standing {
            RenameStanding::Before => Standing::Before,
            RenameStanding::After | RenameStanding::Both => Standing::Ours,
            RenameStanding::Overtaken => Standing::Overtaken,
        },
    });
    Ok(outcomes.collect())
}

fn hive(path: String, standing: Standing) -> Outcome {
    let part = Part::Hive;
    Outcome {
        part,
        path,
        standing,
    }
}

/// How the permissions that a run has changed stand.
fn permissions(roots: &[&Root], record: &Record) -> Result<Vec<Outcome>, SecurityError> {
    let standings = look_at_securities(roots, &record.securities, &same_security)?;
    let outcomes = record.securities.iter().zip(standings);
    let outcomes = outcomes.map(|(known, standing)| Outcome {
        part: Part::Permissions,
        path: known.path.clone(),
        standing: match standing {
            SecurityStanding::Before => Standing::Before,
            SecurityStanding::After => Standing::Ours,
            SecurityStanding::Overtaken => Standing::Overtaken,
        },
    });
    Ok(outcomes.collect())
}

/// Puts everything of a run back that nothing else has changed, and closes the run. `progress` is
/// told how many of how many permissions are done, and first that none is: then everything is held
/// and looked at.
///
/// # Errors
/// [`UndoError`]; the run then stays open, and undo can be repeated.
pub fn undo(
    roots: &[&Root],
    run: &mut Run,
    lock: &Lock,
    at: &str,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Outcome>, UndoError> {
    let state = run.state();
    let record = run.record()?.clone();
    let (work, mut outcomes) = held_hives(roots, &record, state)?;
    let mut permissions = permissions(roots, &record)?;
    // A name that cannot be looked at is no reason to leave the hives: it is told at the end.
    let names = names(roots, &record);
    let ours = |outcome: &Outcome| outcome.standing == Standing::Ours;
    let named = names.as_ref().map_or(true, |names| names.iter().any(ours));
    progress(0, record.securities.len());
    if !work.is_empty() || named || permissions.iter().any(ours) {
        run.mark(lock, State::Undoing, at, "")?;
    }
    put_back_permissions(roots, &record, &mut permissions, progress)?;
    outcomes.extend(permissions);
    // The last hive of a run goes back first.
    for (path, mut held, before, method) in work.into_iter().rev() {
        put_back(&mut held, &before, method).map_err(|error| error.at(&path))?;
    }
    if let Some(error) = name_back(roots, &record.renames).failed.into_iter().next() {
        return Err(error.into());
    }
    outcomes.extend(names?);
    let overtaken: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.standing == Standing::Overtaken)
        .map(|outcome| outcome.path.as_str())
        .collect();
    let all = overtaken.len() == outcomes.len();
    let state = if all { State::Overtaken } else { State::Undone };
    run.mark(lock, state, at, &told(&overtaken))
        .map_err(UndoError::Unclosed)?;
    Ok(outcomes)
}

/// A hive that goes back: its path, its held files, what they held before, and how it is written.
type Work = (String, HeldHive, Files, Method);

/// Holds every hive of a run, and says how each stands.
fn held_hives(
    roots: &[&Root],
    record: &Record,
    state: State,
) -> Result<(Vec<Work>, Vec<Outcome>), UndoError> {
    let mut work = Vec::new();
    let mut outcomes = Vec::new();
    for group in groups(record)? {
        let path = primary_of(&group);
        let paths = group
            .iter()
            .map(|(member, _, file)| (*member, file.path.clone()));
        let root = root_of(roots, record, &group)?;
        let mut held = match HeldHive::hold(root, paths) {
            Ok(held) => held,
            Err(HoldError::Missing { .. }) => {
                outcomes.push(hive(path, Standing::Overtaken));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let now = read(&mut held, &group, state)?;
        let (standing, before) = standing(&group, &now, state);
        if let (Standing::Ours, Some(before)) = (standing, before) {
            let method = group
                .first()
                .map_or(Method::NoLog, |(_, method, _)| *method);
            work.push((path.clone(), held, before, method));
        }
        outcomes.push(hive(path, standing));
    }
    Ok((work, outcomes))
}

/// What the files of a hive hold. ntfs-3g makes a file longer in several writes: killed between
/// them, it leaves one that cannot be read behind its old end, which the run did not need yet. That
/// part is cut off then.
fn read(held: &mut HeldHive, group: &Group<'_>, state: State) -> Result<Files, UndoError> {
    let error = match held.read() {
        Ok(files) => return Ok(files),
        Err(error) => error,
    };
    let mut cut = Vec::new();
    for ((place, file), (_, _, known)) in held.files.iter().enumerate().zip(group) {
        let grown = known.before.size + 1..=known.after.size;
        if file.size().is_ok_and(|size| grown.contains(&size)) {
            let size = known.before.size;
            cut.extend([
                Step::SetSize { file: place, size },
                Step::Flush { file: place },
            ]);
        }
    }
    if cut.is_empty() || !matches!(state, State::Sealed | State::Undoing) {
        return Err(error.into());
    }
    disk::execute(&mut held.files, &cut)?;
    Ok(held.read()?)
}

/// Paths for an event of the journal: the first of them, when there are many.
fn told(paths: &[&str]) -> String {
    const MOST: usize = 10;
    let first: Vec<&str> = paths.iter().take(MOST).copied().collect();
    match paths.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Puts permissions back, and notes what came out otherwise than it was found to stand.
fn put_back_permissions(
    roots: &[&Root],
    record: &Record,
    outcomes: &mut [Outcome],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), SecurityError> {
    let back = put_back_securities(roots, &record.securities, &same_security, progress);
    let differs: HashSet<&str> = back.differs.iter().map(|one| one.path.as_str()).collect();
    let overtaken: HashSet<&str> = back.overtaken.iter().map(String::as_str).collect();
    for outcome in outcomes {
        if differs.contains(outcome.path.as_str()) {
            outcome.standing = Standing::Differs;
        } else if overtaken.contains(outcome.path.as_str()) {
            outcome.standing = Standing::Overtaken;
        }
    }
    back.failed.into_iter().next().map_or(Ok(()), Err)
}

/// Why one hive was not put back.
pub(crate) enum PutBackError {
    Walk(WalkError),
    Commit(commit::CommitError),
    Step(StepError),
    ReadBack,
}

impl PutBackError {
    fn at(self, path: &str) -> UndoError {
        let path = path.to_owned();
        match self {
            PutBackError::Walk(error) => error.into(),
            PutBackError::Commit(source) => UndoError::Commit { path, source },
            PutBackError::Step(error) => error.into(),
            PutBackError::ReadBack => UndoError::ReadBack { path },
        }
    }
}

/// Brings held files back to `before`, and reads them back.
pub(crate) fn put_back(
    held: &mut HeldHive,
    before: &Files,
    method: Method,
) -> Result<(), PutBackError> {
    let now = held.read().map_err(PutBackError::Walk)?;
    let actions = commit::restore(&now, before, method).map_err(PutBackError::Commit)?;
    held.execute(&actions).map_err(PutBackError::Step)?;
    let reached = held.read().map_err(PutBackError::Walk)?;
    if reached == *before {
        Ok(())
    } else {
        Err(PutBackError::ReadBack)
    }
}

/// What stands there now, and the files as they were when they can be put back.
fn standing(group: &Group<'_>, now: &Files, state: State) -> (Standing, Option<Files>) {
    let fits = |stamp: fn(&FileRecord) -> disk::Stamp| {
        group.iter().all(|(member, _, file)| {
            now.get(*member)
                .is_some_and(|content| stamp(file).fits(content))
        })
    };
    if fits(|file| file.before) {
        return (Standing::Before, None);
    }
    // A finished run's hive may have been booted since: its bytes must be exactly the run's.
    if !matches!(state, State::Sealed | State::Undoing) && !fits(|file| file.after) {
        return (Standing::Overtaken, None);
    }
    let mut before = Files::default();
    for (member, _, file) in group {
        match now
            .get(*member)
            .and_then(|content| file.before_image(content))
        {
            Some(image) => put(&mut before, *member, image),
            None => return (Standing::Overtaken, None),
        }
    }
    if is_ours(group, now, &before, state) {
        (Standing::Ours, Some(before))
    } else {
        (Standing::Overtaken, None)
    }
}

/// Whether a cut in the run, or in taking it back, can have left this; the recorded ranges alone
/// would hide what another program has written into them.
fn is_ours(group: &Group<'_>, now: &Files, before: &Files, state: State) -> bool {
    let Some((_, method, primary)) = group
        .iter()
        .find(|(member, _, _)| *member == Member::Primary)
    else {
        return true;
    };
    if now.primary.len() as u64 > primary.before.size.max(primary.after.size) {
        return false;
    }
    // Taking back passes through the recovered hive, and so does a commit without a new-format
    // log over pending entries: sectors that are neither before nor after.
    let passes_through = *method != Method::NewLog && Hive::open(before.primary.clone()).is_err();
    state != State::Sealed
        || (logs_are_ours(group, now, before)
            && (passes_through || primary.may_be_ours(&now.primary, HEADER_LEN as u64)))
}

/// While a run is unfinished, its header is written only after its log is durable: with another
/// header than before, every log must be the run's own.
fn logs_are_ours(group: &Group<'_>, now: &Files, before: &Files) -> bool {
    let header = |files: &Files| files.primary.get(..HEADER_LEN).map(<[u8]>::to_vec);
    header(now) == header(before)
        || group
            .iter()
            .filter(|(member, _, _)| *member != Member::Primary)
            .all(|(member, _, file)| {
                now.get(*member)
                    .is_some_and(|content| file.after.fits(content))
            })
}

fn put(files: &mut Files, member: Member, content: Vec<u8>) {
    match member {
        Member::Primary => files.primary = content,
        Member::Log => files.log = Some(content),
        Member::Log1 => files.log1 = Some(content),
        Member::Log2 => files.log2 = Some(content),
    }
}

fn primary_of(group: &Group<'_>) -> String {
    let primary = group
        .iter()
        .find(|(member, _, _)| *member == Member::Primary);
    primary
        .or(group.first())
        .map(|(_, _, file)| file.path.clone())
        .unwrap_or_default()
}

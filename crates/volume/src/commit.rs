//! Bringing what is staged to the disk: hold, compare, journal, write, read back.
//!
//! Invariants: before the first write every hive is held, everything is still what was staged
//! from, and the journal is sealed; hives come first, then names, then permissions; a failure is
//! taken back at once where the disk still answers; nothing is called done that was not read back.
//! Absent on purpose: the clock, words for people.

use crate::permissions::same_security;
use crate::stage::{Staged, StagedHive};
use crate::undo;
use disk::{
    FileRecord, HeldFile, HoldError, JournalError, Lock, ReadBackDiffers, Record, RenameError,
    Root, RootRecord, Run, SecurityError, State, Step, StepError, WalkError, check_renames,
    check_securities, name_back, put_back_securities, rename, set_securities,
};
use hive::commit::{Action, Files, Member, Method};
use thiserror::Error;

/// The bits of a file's role that say how its hive is committed.
const METHODS: [(u8, Method); 3] = [
    (0x00, Method::NoLog),
    (0x10, Method::NewLog),
    (0x20, Method::OldLog),
];
/// The bits of a file's role that say which file of its hive it is.
const MEMBER: u8 = 0x0F;
/// No held file is read beyond this.
pub(crate) const FILE_LIMIT: u64 = 3 << 30;

/// What the caller says about a run.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its name in the journal.
    pub id: String,
    /// When, for the journal's events.
    pub at: String,
    /// The plan, as the caller writes plans.
    pub about: Vec<u8>,
}

/// A run that is through.
#[derive(Debug)]
pub struct Committed {
    /// The run.
    pub run: Run,
    /// Permissions that the file system gives back in another form, or did not take.
    pub differs: Vec<ReadBackDiffers>,
}

/// Why a write failed.
#[derive(Debug, Error)]
pub enum WriteError {
    /// That of a hive.
    #[error(transparent)]
    Step(#[from] StepError),
    /// That of a file's name.
    #[error(transparent)]
    Rename(#[from] RenameError),
    /// That of permissions.
    #[error(transparent)]
    Security(#[from] SecurityError),
}

/// Why a run did not get through.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommitError {
    /// A file cannot be held; nothing was written.
    #[error("cannot write to this disk")]
    Hold(#[from] HoldError),
    /// A held file cannot be read; nothing was written.
    #[error("cannot read back what is held")]
    Walk(#[from] WalkError),
    /// A file is not what was staged from; nothing was written.
    #[error("{path} has changed since it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// Permissions cannot be looked at, or are not what was staged from; nothing was written.
    #[error("the permissions cannot be changed")]
    Security(#[source] SecurityError),
    /// A file cannot get its new name, or is not what was planned for; nothing was written.
    #[error("a file cannot get another name")]
    Rename(#[source] RenameError),
    /// Not enough room; nothing was written.
    #[error("the disk has {free} bytes free, {needed} are needed")]
    NoSpace {
        /// Free bytes.
        free: u64,
        /// Bytes by which files grow.
        needed: u64,
    },
    /// The journal could not be written; nothing was written to the disk.
    #[error("the journal could not be written")]
    Journal(#[from] JournalError),
    /// A write failed and everything is as it was.
    #[error("writing failed, the disk is as it was before")]
    RolledBack(#[source] WriteError),
    /// A write failed, and taking it back failed too.
    #[error("writing failed and could not be taken back")]
    Unfinished(#[source] WriteError),
    /// The disk does not hold what was written.
    #[error("{path} does not read back as it was written")]
    ReadBack {
        /// The file.
        path: String,
    },
    /// Everything was written and read back, but the journal could not take that in.
    #[error("everything was written, but the journal could not be closed")]
    Unclosed(#[source] JournalError),
}

/// The path of one file of a hive.
fn path_of(hive: &StagedHive<'_>, member: Member) -> String {
    format!("{}{}", hive.path, member.suffix())
}

/// A file's role in the journal.
pub(crate) fn role_of(member: Member, method: Method) -> u8 {
    let place = Member::ALL
        .iter()
        .position(|&known| known == member)
        .unwrap_or(0);
    let how = METHODS
        .iter()
        .find(|(_, known)| *known == method)
        .map_or(0, |(bits, _)| *bits);
    u8::try_from(place).unwrap_or(0) | how
}

/// The meaning of a role; `None` for one this version does not know.
pub(crate) fn meaning_of(role: u8) -> Option<(Member, Method)> {
    let method = METHODS.iter().find(|(bits, _)| *bits == role & !MEMBER)?.1;
    Member::ALL
        .get(usize::from(role & MEMBER))
        .map(|&member| (member, method))
}

/// The held files of one hive.
pub(crate) struct HeldHive {
    pub(crate) members: Vec<Member>,
    pub(crate) files: Vec<HeldFile>,
}

impl HeldHive {
    /// Holds the members of a hive.
    pub(crate) fn hold(
        root: &Root,
        paths: impl Iterator<Item = (Member, String)>,
    ) -> Result<HeldHive, HoldError> {
        let mut held = HeldHive {
            members: Vec::new(),
            files: Vec::new(),
        };
        for (member, path) in paths {
            held.files.push(root.hold(&path)?);
            held.members.push(member);
        }
        Ok(held)
    }

    /// What the files hold now.
    pub(crate) fn read(&mut self) -> Result<Files, WalkError> {
        let mut files = Files::default();
        for (member, file) in self.members.iter().zip(&mut self.files) {
            let content = file.read_all(FILE_LIMIT)?;
            match member {
                Member::Primary => files.primary = content,
                Member::Log => files.log = Some(content),
                Member::Log1 => files.log1 = Some(content),
                Member::Log2 => files.log2 = Some(content),
            }
        }
        Ok(files)
    }

    /// The first file that does not hold this content, read in pieces.
    pub(crate) fn differing<'c>(
        &mut self,
        content: impl Fn(Member) -> Option<&'c [u8]>,
    ) -> Result<Option<Member>, WalkError> {
        for (&member, file) in self.members.iter().zip(&mut self.files) {
            let same = match content(member) {
                Some(content) => file.holds(content)?,
                None => false,
            };
            if !same {
                return Ok(Some(member));
            }
        }
        Ok(None)
    }

    /// Carries actions out.
    pub(crate) fn execute(&mut self, actions: &[Action]) -> Result<(), StepError> {
        let place = |member: &Member| {
            // An index no file has is an error of `execute`, never a write.
            self.members
                .iter()
                .position(|known| known == member)
                .unwrap_or(usize::MAX)
        };
        let steps: Vec<Step> = actions
            .iter()
            .map(|action| match action {
                Action::Extend(member, size) => Step::Extend {
                    file: place(member),
                    size: *size,
                },
                Action::Write(member, offset, bytes) => Step::Write {
                    file: place(member),
                    offset: *offset,
                    bytes: bytes.clone(),
                },
                Action::Truncate(member, size) => Step::SetSize {
                    file: place(member),
                    size: *size,
                },
                Action::Flush(member) => Step::Flush {
                    file: place(member),
                },
            })
            .collect();
        disk::execute(&mut self.files, &steps)
    }
}

/// Brings what is staged to the disk; the run is then marked done. `progress` is told how many of
/// how many permissions are set, and first that none is: then everything is held and looked at, and
/// nothing is written yet, not even to the journal.
///
/// # Errors
/// [`CommitError`]; only [`CommitError::Unfinished`], [`CommitError::ReadBack`] and
/// [`CommitError::Unclosed`] leave the disk changed, and the run open for undo.
pub fn commit(
    roots: &[&Root],
    staged: &Staged<'_>,
    lock: &Lock,
    request: &Request,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Committed, CommitError> {
    let mut held = hold_all(roots, staged)?;
    let record = Record {
        id: request.id.clone(),
        roots: roots.iter().map(|root| RootRecord::of(root)).collect(),
        about: request.about.clone(),
        files: staged
            .hives
            .iter()
            .zip(0..)
            .flat_map(|(hive, group)| records(hive, group))
            .collect(),
        securities: staged.securities.clone(),
        renames: staged.renames.clone(),
    };
    progress(0, record.securities.len());
    let mut run = lock.begin(&record)?;
    let differs = match write(&mut held, roots, staged, progress) {
        Ok(differs) => differs,
        Err(error) => {
            let set = (roots, staged);
            return Err(take_back(held, set, &mut run, lock, &request.at, error));
        }
    };
    for (hive, files) in &mut held {
        let after = |member| hive.after.get(member).map(Vec::as_slice);
        if !matches!(files.differing(after), Ok(None)) {
            return Err(CommitError::ReadBack {
                path: hive.path.clone(),
            });
        }
    }
    run.mark(lock, State::Done, &request.at, "")
        .map_err(CommitError::Unclosed)?;
    Ok(Committed { run, differs })
}

/// Whether a commit would begin now: every file can be held and is what it was, there is room, and
/// permissions are what they were. Makes nothing, the journal included, and lets go of the files.
///
/// # Errors
/// As [`commit`], before it opens the journal.
pub fn check(roots: &[&Root], staged: &Staged<'_>) -> Result<(), CommitError> {
    hold_all(roots, staged).map(drop)
}

/// Holds the files of every hive, and compares what is there with what was staged from.
fn hold_all<'s, 'v>(
    roots: &[&Root],
    staged: &'s Staged<'v>,
) -> Result<Vec<(&'s StagedHive<'v>, HeldHive)>, CommitError> {
    let mut held = Vec::new();
    for hive in &staged.hives {
        let root = roots.get(hive.root).ok_or_else(|| HoldError::Missing {
            path: hive.path.clone(),
        })?;
        held.push((hive, hold_unchanged(root, hive)?));
    }
    for (place, root) in roots.iter().enumerate() {
        check_space(root, staged.hives.iter().filter(|hive| hive.root == place))?;
    }
    check_securities(roots, &staged.securities, &mut |_, _| ()).map_err(CommitError::Security)?;
    check_renames(roots, &staged.renames).map_err(CommitError::Rename)?;
    Ok(held)
}

/// Writes hives, then names, then permissions.
fn write(
    held: &mut [(&StagedHive<'_>, HeldHive)],
    roots: &[&Root],
    staged: &Staged<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<ReadBackDiffers>, WriteError> {
    for (hive, files) in held {
        files.execute(&hive.actions)?;
    }
    rename(roots, &staged.renames)?;
    Ok(set_securities(roots, &staged.securities, progress)?)
}

fn hold_unchanged(root: &Root, hive: &StagedHive<'_>) -> Result<HeldHive, CommitError> {
    let members = Member::ALL
        .into_iter()
        .filter(|&member| hive.before.get(member).is_some());
    let paths = members.map(|member| (member, path_of(hive, member)));
    let mut held = HeldHive::hold(root, paths)?;
    match held.differing(|member| hive.before.get(member))? {
        None => Ok(held),
        Some(member) => Err(CommitError::Changed {
            path: path_of(hive, member),
        }),
    }
}

/// Looks at the room before the journal is opened; the extending writes find out for sure.
fn check_space<'s>(
    root: &Root,
    hives: impl Iterator<Item = &'s StagedHive<'s>>,
) -> Result<(), CommitError> {
    let growth = |hive: &StagedHive<'_>| -> usize {
        let growth = |member| {
            let before = hive.before.get(member).map_or(0, <[u8]>::len);
            let after = hive.after.get(member).map_or(0, Vec::len);
            after.saturating_sub(before)
        };
        Member::ALL.into_iter().map(growth).sum()
    };
    let needed = hives.map(growth).sum::<usize>() as u64;
    match root.space() {
        // Some file systems in user space do not tell their size: then neither their room.
        Ok(space) if space.total > 0 && space.free < needed => Err(CommitError::NoSpace {
            free: space.free,
            needed,
        }),
        _ => Ok(()),
    }
}

/// The journal's record of a hive's files. Logs are recorded whole: undo writes them too.
fn records(hive: &StagedHive<'_>, group: u32) -> Vec<FileRecord> {
    Member::ALL
        .into_iter()
        .filter_map(|member| {
            let (before, after) = (hive.before.get(member)?, hive.after.get(member)?);
            let (path, role) = (path_of(hive, member), role_of(member, hive.method));
            let whole = member != Member::Primary;
            Some(FileRecord {
                root: u8::try_from(hive.root).ok()?,
                ..FileRecord::of(&path, group, role, before, after, whole)
            })
        })
        .collect()
}

/// Takes everything back after a failed write, the last first, from where the writing came to.
fn take_back(
    held: Vec<(&StagedHive<'_>, HeldHive)>,
    (roots, staged): (&[&Root], &Staged<'_>),
    run: &mut Run,
    lock: &Lock,
    at: &str,
    error: WriteError,
) -> CommitError {
    // Cut short from here on, the run is an undo that is not through: that is what has to be
    // known of it. A journal that cannot be written is no reason to leave the disk half written.
    let _ = run.mark(lock, State::Undoing, at, &error.to_string());
    let mut whole = true;
    if matches!(error, WriteError::Security(_)) {
        let securities = &staged.securities;
        let back = put_back_securities(roots, securities, &same_security, &mut |_, _| ());
        whole = back.is_whole();
    }
    if !matches!(error, WriteError::Step(_)) {
        whole &= name_back(roots, &staged.renames).is_whole();
    }
    for (hive, mut files) in held.into_iter().rev() {
        whole &= undo::put_back(&mut files, &hive.before.to_files(), hive.method).is_ok();
    }
    if whole
        && run
            .mark(lock, State::RolledBack, at, &error.to_string())
            .is_ok()
    {
        CommitError::RolledBack(error)
    } else {
        CommitError::Unfinished(error)
    }
}

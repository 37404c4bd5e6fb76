//! The writes and flushes that bring a changed hive to disk, and those that take it back.
//!
//! Invariants: a commit is data, an ordered list of [`Action`]s; between two flushes the order
//! does not matter; at every cut, Windows' own recovery (or, without a log, our journal) gives
//! exactly the old or the new hive. Nothing is created. Absent on purpose: files.
//! `FORMAT.md`, "Logs and commit", tells the order and why.

mod plan;

use crate::bytes;
use crate::error::OpenError;
use crate::format::{BASE_BLOCK_LEN, BaseBlock, HEADER_LEN, HiveBin};
use crate::hive::Hive;
use crate::log;
use crate::recover::{LoadedHive, RecoverError, Recovered, recover};
use plan::{Image, Plan};
use thiserror::Error;

/// A new sequence number further than this above the hive's own is not believed.
const MAX_JUMP: u32 = 1 << 20;

/// The files a hive consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// The hive itself.
    Primary,
    /// `NAME.LOG`.
    Log,
    /// `NAME.LOG1`.
    Log1,
    /// `NAME.LOG2`.
    Log2,
}

impl Member {
    /// All of them, the primary first.
    pub const ALL: [Member; 4] = [Member::Primary, Member::Log, Member::Log1, Member::Log2];

    /// What is appended to the hive's name.
    pub fn suffix(self) -> &'static str {
        match self {
            Member::Primary => "",
            Member::Log => ".LOG",
            Member::Log1 => ".LOG1",
            Member::Log2 => ".LOG2",
        }
    }
}

/// The contents of a hive's files; a log that does not exist is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The hive itself.
    pub primary: Vec<u8>,
    /// `NAME.LOG`.
    pub log: Option<Vec<u8>>,
    /// `NAME.LOG1`.
    pub log1: Option<Vec<u8>>,
    /// `NAME.LOG2`.
    pub log2: Option<Vec<u8>>,
}

impl Files {
    /// The content of one file, if it exists.
    pub fn get(&self, member: Member) -> Option<&Vec<u8>> {
        match member {
            Member::Primary => Some(&self.primary),
            Member::Log => self.log.as_ref(),
            Member::Log1 => self.log1.as_ref(),
            Member::Log2 => self.log2.as_ref(),
        }
    }

    /// The logs alone.
    pub fn without_primary(&self) -> Files {
        Files {
            primary: Vec::new(),
            log: self.log.clone(),
            log1: self.log1.clone(),
            log2: self.log2.clone(),
        }
    }

    /// The content of one file, to change it.
    pub fn get_mut(&mut self, member: Member) -> Option<&mut Vec<u8>> {
        match member {
            Member::Primary => Some(&mut self.primary),
            Member::Log => self.log.as_mut(),
            Member::Log1 => self.log1.as_mut(),
            Member::Log2 => self.log2.as_mut(),
        }
    }

    /// The logs that exist.
    pub(crate) fn logs(&self) -> Vec<(Member, &[u8])> {
        [Member::Log1, Member::Log2, Member::Log]
            .into_iter()
            .filter_map(|member| Some((member, self.get(member)?.as_slice())))
            .collect()
    }

    /// The log a commit writes: the first of the pair, or `NAME.LOG` where there is no pair or
    /// the pair is empty and that one is in use, as it is for a BCD store; recovery looks at it
    /// only when the pair gives nothing.
    pub fn log_to_write(&self) -> Option<Member> {
        let empty = |log: &Option<Vec<u8>>| log.as_ref().is_none_or(Vec::is_empty);
        let single = self
            .log
            .as_ref()
            .is_some_and(|log| log::format_of(log).is_some());
        match (&self.log1, &self.log2, &self.log) {
            (one, two, Some(_)) if single && empty(one) && empty(two) => Some(Member::Log),
            (Some(_), _, _) => Some(Member::Log1),
            (None, None, Some(_)) => Some(Member::Log),
            _ => None,
        }
    }
}

/// How a hive is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Through a new-format log: what Windows 8.1 and later would recover by itself.
    NewLog,
    /// Through an old-format log: what Windows up to 8.0 would recover by itself.
    OldLog,
    /// Without a log, with a new time stamp: until it is through, only the journal heals it.
    NoLog,
}

/// One thing to do to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make the file longer; the new bytes are zero and on the disk for real.
    Extend(Member, u64),
    /// Write bytes at an offset.
    Write(Member, u64, Vec<u8>),
    /// Cut the file to a length.
    Truncate(Member, u64),
    /// Wait until everything written to the file is durable.
    Flush(Member),
}

/// Why no commit could be computed; nothing was written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The files are not what they should be.
    #[error("the hive to commit over cannot be opened")]
    Open(#[from] OpenError),
    /// The hive to commit over cannot be loaded.
    #[error("the hive to commit over cannot be loaded")]
    Recover(#[from] RecoverError),
    /// A number in a log is too far ahead to be one of this hive's.
    #[error("a log entry carries number {found}, the hive is at {primary}: not believable")]
    Sequence {
        /// The hive's own number.
        primary: u32,
        /// The number in the log.
        found: u32,
    },
    /// A length that does not fit its field.
    #[error("the hive is too large to commit")]
    TooLarge,
}

/// Carries actions out in memory: what the files hold afterwards.
pub fn perform(files: &mut Files, actions: &[Action]) {
    for action in actions {
        match action {
            Action::Extend(member, size) | Action::Truncate(member, size) => {
                if let (Some(file), Ok(size)) = (files.get_mut(*member), usize::try_from(*size)) {
                    file.resize(size, 0);
                }
            }
            Action::Write(member, offset, new) => {
                if let (Some(file), Ok(at)) = (files.get_mut(*member), usize::try_from(*offset)) {
                    let end = at + new.len();
                    if file.len() < end {
                        file.resize(end, 0);
                    }
                    // Just made long enough.
                    let _ = bytes::put(file, at, new);
                }
            }
            Action::Flush(_) => {}
        }
    }
}

/// Gives a hive without a log the time stamp that keeps old logs from being taken for its own:
/// in the base block and in the first bin.
pub fn stamp(edited: Hive, now: u64) -> Result<Hive, OpenError> {
    let upcase = edited.upcase().clone();
    let mut file = edited.into_bytes();
    log::set_header(&mut file, |base| base.last_written.set(now));
    if let Some(bin) = bytes::view_mut::<HiveBin>(&mut file, BASE_BLOCK_LEN) {
        bin.last_written.set(now);
    }
    Ok(Hive::open_any(file)?.with_upcase(upcase))
}

/// The actions that turn the hive in `files`, as [`recover`] loads it, into `edited`.
///
/// With no log file at all the hive is committed without a log, whatever the method. A dirty hive
/// gets its pending entries with the same commit: they stay in the log as they are until the
/// edit stands behind them.
///
/// # Errors
/// When the hive in `files` cannot be recovered, or a log carries an unbelievable number.
pub fn commit(files: &Files, edited: &Hive, method: Method) -> Result<Vec<Action>, CommitError> {
    let old = recover(files)?;
    commit_over(files, old.loaded(), edited, method)
}

/// As [`commit`], over a hive that is loaded already; `primary` of the files is not looked at when
/// the hive was clean.
///
/// # Errors
/// When a log carries an unbelievable number.
pub fn commit_over(
    files: &Files,
    old: LoadedHive<'_>,
    edited: &Hive,
    method: Method,
) -> Result<Vec<Action>, CommitError> {
    let mut plan = Plan::default();
    plan.reach(files, old, &Image::of(edited), method)?;
    Ok(plan.actions)
}

/// The actions that bring the files of a hive, in whatever state a commit left them, back to what
/// they were: first the content as a commit of its own, then logs, header and lengths.
///
/// # Errors
/// When a log in `current` carries an unbelievable number.
pub fn restore(
    current: &Files,
    target: &Files,
    method: Method,
) -> Result<Vec<Action>, CommitError> {
    let mut plan = Plan::default();
    // A hive whose pending entries no log holds has no content to go back to: only bytes.
    if let Ok(before) = recover(target) {
        take_back(&mut plan, current, target, &before, method)?;
    }
    for member in [Member::Log1, Member::Log2, Member::Log] {
        if let (Some(old), Some(new)) = (reached(current, &plan, member), target.get(member)) {
            plan.replace(member, &old, new)?;
        }
    }
    let reached = reached(current, &plan, Member::Primary).unwrap_or_default();
    plan.replace(Member::Primary, &reached, &target.primary)?;
    Ok(plan.actions)
}

/// The content alone, as a commit of its own, unless it stands there already.
fn take_back(
    plan: &mut Plan,
    current: &Files,
    target: &Files,
    before: &Recovered,
    method: Method,
) -> Result<(), CommitError> {
    let mut header = bytes::slice(before.hive.bytes(), 0, HEADER_LEN)
        .unwrap_or(&[])
        .to_vec();
    if let Some(base) = bytes::view::<BaseBlock>(&current.primary, 0)
        && method == Method::NoLog
    {
        // With the old time stamp a log of an old Windows would fit the half-written hive.
        let stamp = base.last_written;
        log::set_header(&mut header, |base| base.last_written = stamp);
    }
    let image = Image::of(&before.hive).behind(&header);
    match recover(current) {
        Ok(now) if stands(&now, before, current, target) => {}
        Ok(now) => plan.reach(current, now.loaded(), &image, method)?,
        // A commit without a log, cut off: no log holds its content, the journal does.
        Err(_) => plan.overwrite(current, &image)?,
    }
    Ok(())
}

/// Whether the content is already the one before, and stays so while the logs go back.
fn stands(now: &Recovered, before: &Recovered, current: &Files, target: &Files) -> bool {
    match (&now.recovery, &before.recovery) {
        (None, _) => now.hive.bins() == before.hive.bins(),
        (Some(now), Some(before)) => current.primary == target.primary && now.last == before.last,
        (Some(_), None) => false,
    }
}

/// What a file will hold after the actions so far.
fn reached(current: &Files, plan: &Plan, member: Member) -> Option<Vec<u8>> {
    let mut files = current.clone();
    perform(&mut files, &plan.actions);
    files.get(member).cloned()
}

/// The number of a new log entry: above the hive's own and above every number in its logs.
pub(crate) fn next_sequence(files: &Files, own: u32) -> Result<u32, CommitError> {
    let mut next = own;
    for (_, log) in files.logs() {
        for found in log::sequences(log) {
            if !log::before(found, next) {
                next = found.wrapping_add(1);
            }
            if next.wrapping_sub(own) > MAX_JUMP {
                return Err(CommitError::Sequence {
                    primary: own,
                    found,
                });
            }
        }
    }
    Ok(next)
}

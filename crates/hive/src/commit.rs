//! The writes and flushes that bring a changed hive to disk, and those that take it back.
//!
//! Invariants: a commit is data, an ordered list of [`Action`]s; between two flushes the order
//! does not matter; at every cut, Windows' own recovery (or, without a log, our journal) gives
//! exactly the old or the new hive. Nothing is created. Absent on purpose: files.
//! `FORMAT.md`, "Logs and commit", tells the order and why.

use crate::bytes;
use crate::error::OpenError;
use crate::format::{BASE_BLOCK_LEN, BaseFlags, HEADER_LEN, HiveBin, PAGE_LEN};
use crate::hive::Hive;
use crate::log;
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
    fn logs(&self) -> Vec<(Member, &[u8])> {
        [Member::Log1, Member::Log2, Member::Log]
            .into_iter()
            .filter_map(|member| Some((member, self.get(member)?.as_slice())))
            .collect()
    }

    /// The log a commit writes: the first of the pair, or `NAME.LOG` where there is no pair;
    /// recovery looks at that one only when the pair gives nothing.
    pub fn log_to_write(&self) -> Option<Member> {
        match (&self.log1, &self.log2, &self.log) {
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
    let mut file = edited.into_bytes();
    log::set_header(&mut file, |base| base.last_written.set(now));
    if let Some(bin) = bytes::view_mut::<HiveBin>(&mut file, BASE_BLOCK_LEN) {
        bin.last_written.set(now);
    }
    Hive::open_any(file)
}

/// The actions that turn the clean hive in `files` into `edited`.
///
/// # Errors
/// When the hive in `files` is not clean and sound, or a log carries an unbelievable number.
/// With [`Method::NewLog`] and no log file at all, the hive is committed without a log.
pub fn commit(files: &Files, edited: &Hive, method: Method) -> Result<Vec<Action>, CommitError> {
    let old = Hive::open(files.primary.clone())?;
    let target = Image::of(edited);
    let sequence = next_sequence(files, old.sequences().0)?;
    let mut plan = Plan::default();
    match files.log_to_write().filter(|_| method == Method::NewLog) {
        Some(log) => plan.through_log(files, &old, &target, log, sequence)?,
        None => plan.without_log(&old, &target, sequence)?,
    }
    Ok(plan.actions)
}

/// The actions that bring the files of a hive, in whatever state a commit left them, back to what
/// they were: first the hive as a commit of its own, then logs, header and lengths.
///
/// # Errors
/// When the header of the hive in `current` is not sound.
pub fn restore(
    current: &Files,
    target: &Files,
    method: Method,
) -> Result<Vec<Action>, CommitError> {
    let now = Hive::open_any(current.primary.clone())?;
    let before = Hive::open_any(target.primary.clone())?;
    let image = Image::of(&before);
    let mut plan = Plan::default();
    let (first, second) = now.sequences();
    if first != second || now.bins() != before.bins() {
        plan.take_back(current, &now, &image, method)?;
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

/// What a file will hold after the actions so far.
fn reached(current: &Files, plan: &Plan, member: Member) -> Option<Vec<u8>> {
    let mut files = current.clone();
    perform(&mut files, &plan.actions);
    files.get(member).cloned()
}

/// The number of a new log entry: above the hive's own and above every number in its logs.
fn next_sequence(files: &Files, own: u32) -> Result<u32, CommitError> {
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

/// The hive a commit ends with: header bytes and bins.
struct Image<'h> {
    header: &'h [u8],
    bins: &'h [u8],
    pending_transactions: bool,
}

impl<'h> Image<'h> {
    fn of(hive: &'h Hive) -> Image<'h> {
        Image {
            header: bytes::slice(hive.bytes(), 0, HEADER_LEN).unwrap_or(&[]),
            bins: hive.bins(),
            pending_transactions: hive.base().flags.get() & BaseFlags::PENDING_TRANSACTIONS.bits()
                != 0,
        }
    }

    /// The header with these sequence numbers.
    fn header(&self, primary: u32, secondary: u32) -> Result<Vec<u8>, CommitError> {
        let mut header = self.header.to_vec();
        log::set_header(&mut header, |base| {
            base.primary_sequence.set(primary);
            base.secondary_sequence.set(secondary);
        })
        .ok_or(CommitError::TooLarge)?;
        Ok(header)
    }

    /// Offsets of the pages that differ from those of `old`, and of all pages behind its end.
    fn changed_pages(&self, old: &[u8]) -> Vec<usize> {
        (0..self.bins.len())
            .step_by(PAGE_LEN)
            .filter(|&at| bytes::slice(self.bins, at, PAGE_LEN) != bytes::slice(old, at, PAGE_LEN))
            .collect()
    }
}

#[derive(Default)]
struct Plan {
    actions: Vec<Action>,
}

impl Plan {
    /// Clean hive, new-format log (C7): log, header dirty, pages, header clean.
    fn through_log(
        &mut self,
        files: &Files,
        old: &Hive,
        target: &Image<'_>,
        log: Member,
        sequence: u32,
    ) -> Result<(), CommitError> {
        let too_large = CommitError::TooLarge;
        let size = u32::try_from(target.bins.len()).map_err(|_| CommitError::TooLarge)?;
        let mut content =
            log::encode_base(target.header, sequence, size).ok_or(CommitError::TooLarge)?;
        let pages = target.changed_pages(old.bins());
        let pending = target.pending_transactions;
        let entry = log::encode_entry(HEADER_LEN, sequence, target.bins, &pages, pending);
        content.extend(entry.ok_or(too_large)?);
        let log_len = files.get(log).map_or(0, Vec::len);
        self.grow(log, log_len, content.len())?;
        self.grow(
            Member::Primary,
            old.bytes().len(),
            BASE_BLOCK_LEN + target.bins.len(),
        )?;
        self.write(log, 0, content)?;
        self.actions.push(Action::Flush(log));
        self.in_place(target, &pages, sequence.wrapping_add(1), sequence)
    }

    /// Clean hive, no log: header dirty, pages, header clean.
    fn without_log(
        &mut self,
        old: &Hive,
        target: &Image<'_>,
        sequence: u32,
    ) -> Result<(), CommitError> {
        self.grow(
            Member::Primary,
            old.bytes().len(),
            BASE_BLOCK_LEN + target.bins.len(),
        )?;
        let pages = target.changed_pages(old.bins());
        self.in_place(target, &pages, sequence.wrapping_add(1), sequence)
    }

    /// Header dirty, pages, header clean, a flush behind each.
    fn in_place(
        &mut self,
        target: &Image<'_>,
        pages: &[usize],
        next: u32,
        clean: u32,
    ) -> Result<(), CommitError> {
        self.write(Member::Primary, 0, target.header(next, clean)?)?;
        self.actions.push(Action::Flush(Member::Primary));
        self.pages(target, pages)?;
        self.write(Member::Primary, 0, target.header(next, next)?)?;
        self.actions.push(Action::Flush(Member::Primary));
        Ok(())
    }

    fn pages(&mut self, target: &Image<'_>, pages: &[usize]) -> Result<(), CommitError> {
        for &at in pages {
            let page = bytes::slice(target.bins, at, PAGE_LEN).ok_or(CommitError::TooLarge)?;
            self.write(Member::Primary, BASE_BLOCK_LEN + at, page.to_vec())?;
        }
        self.actions.push(Action::Flush(Member::Primary));
        Ok(())
    }

    /// Brings the hive alone from any state of a commit to `target`, as a commit of its own.
    fn take_back(
        &mut self,
        current: &Files,
        now: &Hive,
        target: &Image<'_>,
        method: Method,
    ) -> Result<(), CommitError> {
        let (first, second) = now.sequences();
        if method == Method::NewLog && first != second {
            let logs = current.logs();
            let contents: Vec<&[u8]> = logs.iter().map(|(_, content)| *content).collect();
            if let Some(done) = log::replay(now.bytes(), &contents)
                && let Some(&(log, content)) = logs.get(done.log)
            {
                return self.append(now, target, (log, content), &done);
            }
        }
        let sequence = next_sequence(current, first)?;
        match current
            .log_to_write()
            .filter(|_| method == Method::NewLog && first == second)
        {
            Some(log) => self.through_log(current, now, target, log, sequence),
            None => {
                // With the old time stamp a log of an old Windows would fit the half-written hive.
                let header = now.base().last_written;
                let mut stamped = target.header.to_vec();
                log::set_header(&mut stamped, |base| base.last_written = header)
                    .ok_or(CommitError::TooLarge)?;
                let target = Image {
                    header: &stamped,
                    ..*target
                };
                self.without_log(now, &target, sequence)
            }
        }
    }

    /// Dirty hive with a fitting log (C7): one entry behind the last, pages, header clean.
    fn append(
        &mut self,
        now: &Hive,
        target: &Image<'_>,
        log: (Member, &[u8]),
        done: &log::Replayed,
    ) -> Result<(), CommitError> {
        let recovered = Hive::open_any(done.image.clone())?;
        let differing = target.changed_pages(recovered.bins());
        let mut sequence = done.last;
        // An undo that was cut short has its entry already.
        if !differing.is_empty() || recovered.bins().len() != target.bins.len() {
            sequence = sequence.wrapping_add(1);
            let pending = target.pending_transactions;
            let entry = log::encode_entry(done.end, sequence, target.bins, &differing, pending)
                .ok_or(CommitError::TooLarge)?;
            self.grow(log.0, log.1.len(), done.end + entry.len())?;
            self.write(log.0, done.end, entry)?;
            self.actions.push(Action::Flush(log.0));
        }
        self.pages(target, &target.changed_pages(now.bins()))?;
        let next = sequence.wrapping_add(1);
        self.write(Member::Primary, 0, target.header(next, next)?)?;
        self.actions.push(Action::Flush(Member::Primary));
        Ok(())
    }

    /// Makes a file byte for byte what it should be: pages that differ, the first page last
    /// because it holds the header, then the length.
    fn replace(&mut self, member: Member, old: &[u8], new: &[u8]) -> Result<(), CommitError> {
        if old == new {
            return Ok(());
        }
        self.grow(member, old.len(), new.len())?;
        let differing = |at: &usize| {
            let new = page_at(new, *at);
            bytes::slice(old, *at, new.len()) != Some(new)
        };
        let mut pages: Vec<usize> = (0..new.len()).step_by(PAGE_LEN).filter(differing).collect();
        pages.reverse();
        for at in pages {
            self.write(member, at, page_at(new, at).to_vec())?;
        }
        self.actions.push(Action::Flush(member));
        if old.len() > new.len() {
            self.actions
                .push(Action::Truncate(member, length(new.len())?));
            self.actions.push(Action::Flush(member));
        }
        Ok(())
    }

    /// Extends and flushes a file before anything else happens to it.
    fn grow(&mut self, member: Member, old: usize, new: usize) -> Result<(), CommitError> {
        if new > old {
            self.actions.push(Action::Extend(member, length(new)?));
            self.actions.push(Action::Flush(member));
        }
        Ok(())
    }

    fn write(&mut self, member: Member, at: usize, new: Vec<u8>) -> Result<(), CommitError> {
        self.actions.push(Action::Write(member, length(at)?, new));
        Ok(())
    }
}

fn page_at(file: &[u8], at: usize) -> &[u8] {
    bytes::slice(file, at, PAGE_LEN)
        .or_else(|| bytes::tail(file, at))
        .unwrap_or(&[])
}

fn length(number: usize) -> Result<u64, CommitError> {
    u64::try_from(number).map_err(|_| CommitError::TooLarge)
}

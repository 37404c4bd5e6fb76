//! The actions of a commit, case by case: clean or dirty, with a log of either format or none.
//!
//! Invariants: what grows is extended and flushed first; the log is durable before the header
//! says so; the header is clean only when every page is durable.

use super::{Action, CommitError, Files, Member, Method, next_sequence};
use crate::bytes;
use crate::format::{BASE_BLOCK_LEN, BaseBlock, BaseFlags, HEADER_LEN, PAGE_LEN};
use crate::hive::Hive;
use crate::log::{self, LogFormat};
use crate::recover::{LoadedHive, Recovery};

/// The hive a commit ends with: header bytes and bins.
pub(super) struct Image<'h> {
    header: &'h [u8],
    bins: &'h [u8],
    pending_transactions: bool,
}

impl<'h> Image<'h> {
    pub(super) fn of(hive: &'h Hive) -> Image<'h> {
        Image {
            header: bytes::slice(hive.bytes(), 0, HEADER_LEN).unwrap_or(&[]),
            bins: hive.bins(),
            pending_transactions: hive.base().flags.get() & BaseFlags::PENDING_TRANSACTIONS.bits()
                != 0,
        }
    }

    /// The same content behind another header.
    pub(super) fn behind(self, header: &'h [u8]) -> Image<'h> {
        Image { header, ..self }
    }

    /// The sequence number it has itself.
    fn sequence(&self) -> u32 {
        bytes::view::<BaseBlock>(self.header, 0).map_or(0, |base| base.primary_sequence.get())
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

    /// The content of a log that holds these pages, header included.
    fn log(&self, method: Method, sequence: u32, pages: &[usize]) -> Result<Vec<u8>, CommitError> {
        let too_large = || CommitError::TooLarge;
        if method == Method::OldLog {
            let next = sequence.wrapping_add(1);
            return log::encode_old(self.header, next, self.bins, pages).ok_or_else(too_large);
        }
        let size = u32::try_from(self.bins.len()).map_err(|_| CommitError::TooLarge)?;
        let mut content = log::encode_base(self.header, sequence, size).ok_or_else(too_large)?;
        let pending = self.pending_transactions;
        let entry = log::encode_entry(HEADER_LEN, sequence, self.bins, pages, pending);
        content.extend(entry.ok_or_else(too_large)?);
        Ok(content)
    }

    /// Offsets of the pages that differ from those of `old`, and of all pages behind its end.
    fn changed_pages(&self, old: &[u8]) -> Vec<usize> {
        (0..self.bins.len())
            .step_by(PAGE_LEN)
            .filter(|&at| bytes::slice(self.bins, at, PAGE_LEN) != bytes::slice(old, at, PAGE_LEN))
            .collect()
    }
}

/// The actions of a commit, as they come.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) actions: Vec<Action>,
}

impl Plan {
    /// From a hive as it was recovered to `target`, in the way of its case.
    pub(super) fn reach(
        &mut self,
        files: &Files,
        old: LoadedHive<'_>,
        target: &Image<'_>,
        method: Method,
    ) -> Result<(), CommitError> {
        let after = old.hive.sequences().0;
        match old.recovery {
            Some(recovery)
                if method == Method::NewLog
                    && recovery.format == LogFormat::New
                    // An entry with a higher number would follow ours and be taken for its own.
                    && next_sequence(files, after)? == after =>
            {
                return self.append(files, old, target, recovery);
            }
            Some(_) => self.finish_replay(files, old)?,
            None => {}
        }
        if old.recovery.is_some() && target.bins == old.hive.bins() {
            // The pending entries were all there was to write.
            return Ok(());
        }
        let sequence = next_sequence(files, after)?;
        let length = files.primary.len().max(old.hive.bytes().len());
        self.grow(Member::Primary, length, BASE_BLOCK_LEN + target.bins.len())?;
        let pages = target.changed_pages(old.hive.bins());
        if let Some(log) = files.log_to_write().filter(|_| method != Method::NoLog) {
            let content = target.log(method, sequence, &pages)?;
            self.grow(log, files.get(log).map_or(0, Vec::len), content.len())?;
            self.write(log, 0, content)?;
            self.actions.push(Action::Flush(log));
        }
        self.in_place(target, &pages, sequence)
    }

    /// Writes over whatever stands in the primary; only the journal heals a cut here.
    pub(super) fn overwrite(
        &mut self,
        current: &Files,
        target: &Image<'_>,
    ) -> Result<(), CommitError> {
        // A header that cannot be read has no number to go on from.
        let own = Hive::open_any(current.primary.clone())
            .map_or(target.sequence(), |hive| hive.sequences().0);
        let sequence = next_sequence(current, own)?;
        self.grow(
            Member::Primary,
            current.primary.len(),
            BASE_BLOCK_LEN + target.bins.len(),
        )?;
        self.in_place(
            target,
            &target.changed_pages(bins_of(&current.primary)),
            sequence,
        )
    }

    /// Header dirty, pages, header clean, a flush behind each.
    fn in_place(
        &mut self,
        target: &Image<'_>,
        pages: &[usize],
        sequence: u32,
    ) -> Result<(), CommitError> {
        let next = sequence.wrapping_add(1);
        self.write(Member::Primary, 0, target.header(next, sequence)?)?;
        self.actions.push(Action::Flush(Member::Primary));
        self.pages(target, pages)?;
        self.header(target, next)
    }

    /// Clean header, durable.
    fn header(&mut self, target: &Image<'_>, sequence: u32) -> Result<(), CommitError> {
        self.write(Member::Primary, 0, target.header(sequence, sequence)?)?;
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

    /// Dirty hive with a fitting new-format log: one entry behind the last, pages, header clean.
    fn append(
        &mut self,
        files: &Files,
        old: LoadedHive<'_>,
        target: &Image<'_>,
        recovery: Recovery,
    ) -> Result<(), CommitError> {
        self.grow(
            Member::Primary,
            files.primary.len(),
            BASE_BLOCK_LEN + target.bins.len(),
        )?;
        let differing = target.changed_pages(old.hive.bins());
        let mut sequence = recovery.last;
        // An undo that was cut short has its entry already.
        if !differing.is_empty() || old.hive.bins().len() != target.bins.len() {
            sequence = sequence.wrapping_add(1);
            let pending = target.pending_transactions;
            let entry = log::encode_entry(recovery.end, sequence, target.bins, &differing, pending)
                .ok_or(CommitError::TooLarge)?;
            let log_len = files.get(recovery.log).map_or(0, Vec::len);
            self.grow(recovery.log, log_len, recovery.end + entry.len())?;
            self.write(recovery.log, recovery.end, entry)?;
            self.actions.push(Action::Flush(recovery.log));
        }
        self.pages(target, &target.changed_pages(bins_of(&files.primary)))?;
        self.header(target, sequence.wrapping_add(1))
    }

    /// Brings what the logs hold into the primary: the logs fit until the header is clean.
    fn finish_replay(&mut self, files: &Files, old: LoadedHive<'_>) -> Result<(), CommitError> {
        let whole = Image::of(old.hive);
        self.grow(
            Member::Primary,
            files.primary.len(),
            BASE_BLOCK_LEN + whole.bins.len(),
        )?;
        self.pages(&whole, &whole.changed_pages(bins_of(&files.primary)))?;
        self.header(&whole, old.hive.sequences().0)
    }

    /// Makes a file byte for byte what it should be: the first page, which holds a primary's
    /// header, then the others that differ, then the length. A hive that was dirty is dirty again
    /// before its pages are old again.
    pub(super) fn replace(
        &mut self,
        member: Member,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), CommitError> {
        if old == new {
            return Ok(());
        }
        self.grow(member, old.len(), new.len())?;
        let mut flushed = true;
        for at in (0..new.len()).step_by(PAGE_LEN) {
            let page = page_at(new, at);
            if bytes::slice(old, at, page.len()) == Some(page) {
                continue;
            }
            self.write(member, at, page.to_vec())?;
            flushed = at == 0;
            if flushed {
                self.actions.push(Action::Flush(member));
            }
        }
        if !flushed {
            self.actions.push(Action::Flush(member));
        }
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

/// The bins of a primary whose header may be torn.
fn bins_of(primary: &[u8]) -> &[u8] {
    bytes::tail(primary, BASE_BLOCK_LEN).unwrap_or(&[])
}

fn page_at(file: &[u8], at: usize) -> &[u8] {
    bytes::slice(file, at, PAGE_LEN)
        .or_else(|| bytes::tail(file, at))
        .unwrap_or(&[])
}

fn length(number: usize) -> Result<u64, CommitError> {
    u64::try_from(number).map_err(|_| CommitError::TooLarge)
}

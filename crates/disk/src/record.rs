//! The record of a run: what every file was before, enough of it to put it back.
//!
//! Invariants: a before-image is handed out only when its size and SHA-256 are the recorded ones,
//! so a range can be wrong or stale but never do harm.
//!
//! Deliberately absent: bytes on a medium (`record_file`), what the files are.

use std::collections::BTreeSet;

use crate::digest::sha256;
use crate::name;
use crate::rename::{self, RenameRecord};
use crate::root::Root;
use crate::security::{self, SecurityRecord};

/// A disk writes this much at once or not at all, in bytes.
const SECTOR: usize = 512;

/// How much of a sector's hash is kept, in bytes.
const MARK: usize = 16;

/// The unit in which files are compared, in bytes.
const PAGE: usize = 4096;

/// The longest id of a run, in characters.
const LONGEST_ID: usize = 64;

/// The size of a file and the SHA-256 of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// In bytes.
    pub size: u64,
    /// Of the whole content.
    pub sha256: [u8; 32],
}

/// A piece of a before-image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// What stood there.
    pub bytes: Vec<u8>,
}

/// One file of a run, as it was and as it was to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Which of the record's roots it lies below.
    pub root: u8,
    /// The path below the root.
    pub path: String,
    /// Files of one group stand and fall together.
    pub group: u32,
    /// The caller's meaning; nothing here looks at it.
    pub role: u8,
    /// Before the run.
    pub before: Stamp,
    /// After the run.
    pub after: Stamp,
    /// What the run overwrites or cuts off, in order, without overlaps.
    pub ranges: Vec<Range>,
    /// For each 512 bytes of the ranges, in order, the first 16 bytes of the SHA-256 of what the
    /// run writes there; empty for a file that is recorded whole.
    pub marks: Vec<u8>,
}

/// A root that a run writes below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootRecord {
    /// Its path at that time, for messages.
    pub path: String,
    /// Its identity at that time.
    pub identity: String,
}

impl RootRecord {
    /// What is recorded of a root.
    #[must_use]
    pub fn of(root: &Root) -> RootRecord {
        RootRecord {
            path: root.path().display().to_string(),
            identity: root.identity(),
        }
    }

    /// Whether this is the root, as far as can be told.
    #[must_use]
    pub fn is(&self, root: &Root) -> bool {
        self.identity == root.identity() || self.path == root.path().display().to_string()
    }
}

/// Everything that is known before the first byte of a run is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name of the run: up to 64 ASCII letters, digits, `-` and `_`.
    pub id: String,
    /// The roots that files lie below, at least one; the first is the disk's own.
    pub roots: Vec<RootRecord>,
    /// The caller's own data; nothing here looks at it.
    pub about: Vec<u8>,
    /// The files that are written.
    pub files: Vec<FileRecord>,
    /// The permissions that are changed, in the order of a walk.
    pub securities: Vec<SecurityRecord>,
    /// The files that get another name.
    pub renames: Vec<RenameRecord>,
}

impl Stamp {
    /// The stamp of a content.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Stamp {
        Stamp {
            size: bytes.len() as u64,
            sha256: sha256(bytes),
        }
    }

    /// Whether a content has this stamp.
    #[must_use]
    pub fn fits(&self, bytes: &[u8]) -> bool {
        self.size == bytes.len() as u64 && self.sha256 == sha256(bytes)
    }
}

impl FileRecord {
    /// The record of a file below the first root that goes from `before` to `after`: the pages of
    /// 4 KiB that differ or are cut off, or all of it when `whole` is set.
    #[must_use]
    pub fn of(
        path: &str,
        group: u32,
        role: u8,
        before: &[u8],
        after: &[u8],
        whole: bool,
    ) -> FileRecord {
        let mut ranges: Vec<Range> = Vec::new();
        for (index, page) in before.chunks(PAGE).enumerate() {
            let start = index * PAGE;
            if !whole && after.get(start..start + page.len()) == Some(page) {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.end() == Some(start as u64) => last.bytes.extend(page),
                _ => ranges.push(Range {
                    offset: start as u64,
                    bytes: page.to_vec(),
                }),
            }
        }
        let marks = if whole {
            Vec::new()
        } else {
            marks_of(&ranges, after)
        };
        let (before, after) = (Stamp::of(before), Stamp::of(after));
        FileRecord {
            root: 0,
            path: path.to_owned(),
            group,
            role,
            before,
            after,
            ranges,
            marks,
        }
    }

    /// Whether a file can be what a cut in the run left: not longer than the run makes it, and
    /// each 512 bytes of the ranges either as before or as the run writes them. The first
    /// `header` bytes are the caller's to judge. Always true of a file recorded whole.
    #[must_use]
    pub fn may_be_ours(&self, current: &[u8], header: u64) -> bool {
        if self.marks.is_empty() {
            return true;
        }
        let longest = self.before.size.max(self.after.size);
        let mut marks = self.marks.chunks(MARK);
        (current.len() as u64) <= longest
            && self.sectors().all(|(offset, old)| {
                let mark = marks.next().unwrap_or_default();
                let now = slice_from(current, offset, SECTOR);
                offset < header || now.get(..old.len()) == Some(old) || mark_of(now) == mark
            })
    }

    /// Every 512 bytes of the ranges, or what is left of one at its end, with its offset.
    fn sectors(&self) -> impl Iterator<Item = (u64, &[u8])> {
        sectors_of(&self.ranges)
    }

    /// The content before the run, made from the content now: the recorded ranges and the
    /// recorded size laid over it. It does not matter whether the run was finished, cut short or
    /// never begun. `None` when the result is not the recorded one: something else has written
    /// the file.
    #[must_use]
    pub fn before_image(&self, current: &[u8]) -> Option<Vec<u8>> {
        let size = usize::try_from(self.before.size).ok()?;
        // A size that neither the file nor the ranges account for is never allocated.
        if size > self.covered_from(current.len())? {
            return None;
        }
        let kept = current.get(..size.min(current.len()))?;
        let mut image = Vec::with_capacity(size);
        image.extend_from_slice(kept);
        image.resize(size, 0);
        for range in &self.ranges {
            let start = usize::try_from(range.offset).ok()?;
            let end = start.checked_add(range.bytes.len())?;
            image.get_mut(start..end)?.copy_from_slice(&range.bytes);
        }
        self.before.fits(&image).then_some(image)
    }

    /// How far the bytes of a file of `length` bytes and of the ranges reach without a gap.
    fn covered_from(&self, length: usize) -> Option<usize> {
        let mut covered = length;
        for range in &self.ranges {
            let start = usize::try_from(range.offset).ok()?;
            if start <= covered {
                covered = covered.max(start.checked_add(range.bytes.len())?);
            }
        }
        Some(covered)
    }

    fn flaw(&self) -> Option<&'static str> {
        match name::components(&self.path) {
            Ok(parts) if !parts.is_empty() => {}
            _ => return Some("a file has a path that cannot be on a disk"),
        }
        let mut free = 0;
        for range in &self.ranges {
            let Some(end) = range.end() else {
                return Some("a range ends beyond all numbers");
            };
            if range.bytes.is_empty() || range.offset < free {
                return Some("the ranges of a file are empty, out of order or overlap");
            }
            if end > self.before.size {
                return Some("a range ends behind the end of the file it was taken from");
            }
            free = end;
        }
        if !self.marks.is_empty() && self.marks.len() != self.sectors().count() * MARK {
            return Some("the marks of a file do not go with its ranges");
        }
        None
    }
}

fn sectors_of(ranges: &[Range]) -> impl Iterator<Item = (u64, &[u8])> {
    ranges.iter().flat_map(|range| {
        let offsets = (range.offset..).step_by(SECTOR);
        offsets.zip(range.bytes.chunks(SECTOR))
    })
}

fn marks_of(ranges: &[Range], after: &[u8]) -> Vec<u8> {
    sectors_of(ranges)
        .flat_map(|(offset, _)| mark_of(slice_from(after, offset, SECTOR)))
        .collect()
}

fn mark_of(sector: &[u8]) -> [u8; MARK] {
    let mut mark = [0; MARK];
    mark.copy_from_slice(&sha256(sector)[..MARK]);
    mark
}

/// Up to `len` bytes at an offset; fewer, or none, at the end.
fn slice_from(bytes: &[u8], offset: u64, len: usize) -> &[u8] {
    let start = usize::try_from(offset)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    &bytes[start..start.saturating_add(len).min(bytes.len())]
}

impl Range {
    /// The offset behind the last byte; `None` beyond 2^64.
    pub(crate) fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.bytes.len() as u64)
    }
}

impl Record {
    /// What is wrong with the record, if anything is; nothing that has a flaw is written or
    /// accepted.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        if !is_id(&self.id) {
            return Some("the id has a character that it may not have, or is too long");
        }
        if self.roots.is_empty() {
            return Some("it has no root");
        }
        let mut paths = BTreeSet::new();
        for file in &self.files {
            if let Some(flaw) = file.flaw() {
                return Some(flaw);
            }
            if usize::from(file.root) >= self.roots.len() {
                return Some("a file lies below a root that is not recorded");
            }
            let path = name::folded(&file.path).replace('/', "\\");
            if !paths.insert((file.root, path)) {
                return Some("two files have the same path");
            }
        }
        let roots = self.roots.len();
        security::flaw(&self.securities, roots).or_else(|| rename::flaw(&self.renames, roots))
    }
}

/// Whether `text` can be the id of a run, which is also the name of its folder.
pub(crate) fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= LONGEST_ID && text.chars().all(fits) && text != "lock"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize, seed: usize) -> Vec<u8> {
        (0..length)
            .map(|i| ((i * 31 + i / 4096 * 7 + seed) % 251) as u8)
            .collect()
    }

    #[test]
    fn records_only_the_pages_that_differ() {
        let before = bytes(5 * PAGE + 100, 0);
        let mut after = before.clone();
        after[PAGE] ^= 1;
        after[2 * PAGE + 5] ^= 1;
        after[5 * PAGE + 99] ^= 1;
        let record = FileRecord::of("a", 0, 0, &before, &after, false);
        let ranges: Vec<(u64, usize)> = record
            .ranges
            .iter()
            .map(|range| (range.offset, range.bytes.len()))
            .collect();
        assert_eq!(ranges, [(4096, 8192), (20480, 100)]);
        let whole = FileRecord::of("a", 0, 0, &before, &before, true);
        assert_eq!(
            whole.ranges,
            [Range {
                offset: 0,
                bytes: before
            }]
        );
    }

    #[test]
    fn makes_the_before_image_from_every_mixture() {
        let sizes = [0, 1, 100, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 3 * PAGE + 17];
        for (old, new) in sizes
            .iter()
            .flat_map(|old| sizes.iter().map(move |new| (*old, *new)))
        {
            let before = bytes(old, 0);
            let mut after = bytes(new, 0);
            if let Some(byte) = after.get_mut(PAGE) {
                *byte ^= 0x55;
            }
            let record = FileRecord::of("a", 0, 0, &before, &after, false);
            assert_eq!(
                record.before_image(&after).as_ref(),
                Some(&before),
                "{old} {new}"
            );
            assert_eq!(
                record.before_image(&before).as_ref(),
                Some(&before),
                "{old} {new}"
            );
            for cut in (0..=new.max(old)).step_by(511) {
                // Half written: new up to the cut, old behind it.
                let mut mixed = before.clone();
                mixed.resize(old.max(new), 0);
                let cut = cut.min(new);
                mixed[..cut].copy_from_slice(&after[..cut]);
                assert_eq!(
                    record.before_image(&mixed).as_ref(),
                    Some(&before),
                    "{old} {new}"
                );
            }
        }
    }

    #[test]
    fn refuses_what_something_else_has_written() {
        let before = bytes(4 * PAGE, 0);
        let mut after = before.clone();
        after[0] ^= 1;
        let record = FileRecord::of("a", 0, 0, &before, &after, false);
        let mut other = after.clone();
        other[2 * PAGE] ^= 1;
        assert_eq!(record.before_image(&other), None);
        assert_eq!(record.before_image(&after[..3 * PAGE]), None);
        assert_eq!(record.before_image(&[]), None);
    }

    #[test]
    fn allocates_nothing_that_a_hostile_record_only_claims() {
        let mut record = FileRecord::of("a", 0, 0, b"old", b"new", true);
        record.before.size = u64::MAX;
        assert_eq!(record.before_image(b"new"), None);
        record.before.size = 1 << 40;
        assert_eq!(record.before_image(b"new"), None);
        record.ranges[0].offset = u64::MAX - 1;
        assert_eq!(record.before_image(b"new"), None);
        record.before.size = 1 << 46;
        record.ranges[0].offset = (1 << 46) - 3;
        assert_eq!(record.before_image(b"new"), None, "a gap");
        record.before.size = 2;
        record.ranges[0].offset = 0;
        assert_eq!(record.before_image(b"new"), None, "a range behind the end");
    }

    #[test]
    fn knows_the_ids_that_can_be_folders() {
        for good in ["20260915-0912", "a", "A_b-9"] {
            assert!(is_id(good), "{good}");
        }
        let long = "x".repeat(65);
        for bad in [
            "",
            ".",
            "..",
            "a.partial",
            "a/b",
            "a\\b",
            "lock",
            "é",
            "a b",
            &long,
        ] {
            assert!(!is_id(bad), "{bad}");
        }
    }

    #[test]
    fn sectors_of_another_writer_are_seen() {
        let before: Vec<u8> = (0..3 * PAGE).map(|at| (at / 512) as u8).collect();
        let mut after = before.clone();
        after[PAGE..PAGE + 600].fill(0xAA);
        after.extend([7; PAGE]);
        let record = FileRecord::of("f", 0, 0, &before, &after, false);
        let ours = |current: &[u8]| record.may_be_ours(current, 0);
        assert!(ours(&before) && ours(&after) && ours(&[before.clone(), vec![0; 90]].concat()));
        let mut mixed = before.clone();
        mixed[PAGE..PAGE + 512].fill(0xAA);
        assert!(ours(&mixed));
        mixed[PAGE + 3] = 1;
        assert!(!ours(&mixed));
        assert!(
            record.may_be_ours(&mixed, PAGE as u64 + 512),
            "the caller's own sector"
        );
        assert!(
            !ours(&[after.clone(), vec![0]].concat()),
            "longer than the run makes it"
        );
        assert!(FileRecord::of("f", 0, 0, &before, &after, true).may_be_ours(&mixed, 0));
    }
}

//! What each fuzz target does with its bytes, callable without a fuzzer too.
//!
//! Invariants: a broken promise of the crate is a panic; the same bytes do the same. Absent on
//! purpose: the fuzzer itself, and seeds beyond what the test kit builds.

mod edits;
pub mod seeds;

pub use edits::edit;

use hive::commit::Files;
use hive::{Hive, Key, recover};
use testkit::replay::State;

/// Larger inputs only cost time.
const LARGEST: usize = 1 << 20;

/// Target `read`: one flag byte (bit 0: make the checksum right), then a hive.
pub fn read(data: &[u8]) {
    let Some((flags, file)) = data.split_first() else {
        return;
    };
    let mut file = file.to_vec();
    if flags & 1 != 0 {
        seal(&mut file);
    }
    if file.len() > LARGEST {
        return;
    }
    let Ok(hive) = Hive::open(file) else { return };
    let report = hive::check::check(&hive);
    if report.is_clean() {
        walk(&hive);
        return;
    }
    // Whatever else it is: reading ends, with an answer or an error.
    let Ok(root) = hive.root() else { return };
    for key in root.subkeys().unwrap_or_default() {
        let _ = (key.class(), key.values().map(|values| values.len()));
        let _ = key.subkey("A");
    }
    let _ = hive.key("A\\B\\C");
}

/// Reads every key and value of a clean hive, and finds each by its name.
fn walk(hive: &Hive) {
    let mut stack: Vec<Key<'_>> = vec![hive.root().expect("a clean hive has a root")];
    while let Some(key) = stack.pop() {
        key.class().expect("a class of a clean hive");
        for value in key.values().expect("values of a clean hive") {
            value.data().expect("data of a clean hive");
        }
        for child in key.subkeys().expect("subkeys of a clean hive") {
            let units: Vec<u16> = child.name().units().collect();
            if let Ok(name) = String::from_utf16(&units) {
                let found = key.subkey(&name).expect("a list of a clean hive");
                assert!(found.is_some(), "{name:?} is listed but not found");
            }
            stack.push(child);
        }
    }
}

/// Target `replay`: flags, lengths of the primary and of LOG1 in sectors (two bytes each), the
/// primary, LOG1, and LOG2. Flags: bits 0 to 2 make the checksum of each right, bits 3 and 4 the
/// hashes of all entries of the logs.
pub fn replay(data: &[u8]) {
    let Some((files, flags)) = logs_of(data) else {
        return;
    };
    let ours = recover(&files);
    let kit = testkit::replay::recover(
        &files.primary,
        files.log1.as_deref(),
        files.log2.as_deref(),
        None,
    );
    let Ok(done) = ours else { return };
    let total = data.len() + 2 * 4096;
    assert!(done.hive.bytes().len() <= total, "more than was given");
    if undecided(&files) {
        return;
    }
    assert_ne!(kit.state, State::Unrecoverable, "flags {flags:#x}");
    assert!(done.hive.bytes() == kit.image, "the images differ");
}

/// Whether the files of target `replay` are recovered at all: what its seeds are for.
pub fn recovers(data: &[u8]) -> bool {
    logs_of(data)
        .is_some_and(|(files, _)| recover(&files).is_ok_and(|done| done.recovery.is_some()))
}

fn logs_of(data: &[u8]) -> Option<(Files, u8)> {
    let (head, rest) = data.split_at_checked(5)?;
    let len = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]])) * 512;
    let (primary, rest) = rest.split_at_checked(len(1))?;
    let (log1, log2) = rest.split_at_checked(len(3))?;
    if data.len() > LARGEST || log2.len() > LARGEST {
        return None;
    }
    let mut files = [primary.to_vec(), log1.to_vec(), log2.to_vec()];
    for (turn, file) in files.iter_mut().enumerate() {
        if head[0] & 1 << turn != 0 {
            seal(file);
        }
        if turn > 0 && head[0] & 4 << turn != 0 {
            rehash(file);
        }
    }
    let [primary, log1, log2] = files;
    let files = Files {
        primary,
        log: None,
        log1: Some(log1),
        log2: Some(log2),
    };
    Some((files, head[0]))
}

/// Two new-format logs with one number beside a bad header: which is the newer is not known.
fn undecided(files: &Files) -> bool {
    let number = |log: &Option<Vec<u8>>| {
        let log = log.as_deref()?;
        let new = hive::log::format_of(log) == Some(hive::log::LogFormat::New);
        new.then(|| log[4..8].to_vec())
    };
    let own = Hive::open(files.primary.clone());
    let good = matches!(own, Ok(_) | Err(hive::OpenError::Pending { .. }));
    !good && number(&files.log1).is_some() && number(&files.log1) == number(&files.log2)
}

/// Makes the checksum of a base block right.
fn seal(file: &mut [u8]) {
    if file.len() >= 512 {
        let sum = testkit::checksum(file);
        file[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Makes the hashes of all entries that follow each other right.
fn rehash(log: &mut [u8]) {
    let mut at = 512;
    while let Some(head) = log.get(at..at + 40) {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let end = at.saturating_add(size);
        if !head.starts_with(b"HvLE") || size < 512 || !size.is_multiple_of(4) || end > log.len() {
            return;
        }
        let body = testkit::replay::marvin32(&log[at + 40..end]);
        log[at + 24..at + 32].copy_from_slice(&body.to_le_bytes());
        let head = testkit::replay::marvin32(&log[at..at + 32]);
        log[at + 32..at + 40].copy_from_slice(&head.to_le_bytes());
        at = end;
    }
}

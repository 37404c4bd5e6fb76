//! What Windows would make of a hive and its logs at the next start.
//!
//! Invariants: a clean hive is taken as it is, whatever its logs hold; a dirty one is replayed from
//! the logs that fit, or refused: nothing is ever edited over a state that is not whole.
//! Absent on purpose: healing without a log, which loses data.

use crate::bytes;
use crate::commit::{CommitError, Files, Member, next_sequence};
use crate::error::OpenError;
use crate::format::BaseBlock;
use crate::hive::Hive;
use crate::log::{self, LogFormat};
use thiserror::Error;

/// What was replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The logs' format.
    pub format: LogFormat,
    /// Sequence number of the first entry applied.
    pub first: u32,
    /// Sequence number of the last entry applied.
    pub last: u32,
    /// Number of entries applied; 1 for an old-format log.
    pub entries: usize,
    /// The log that holds the last entry.
    pub log: Member,
    /// Where that entry ends in its log.
    pub end: usize,
    /// Whether the primary's header was bad and came from the log.
    pub header_from_log: bool,
}

/// A hive as Windows would load it.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The hive, clean.
    pub hive: Hive,
    /// What was replayed; `None` when the hive was clean on disk.
    pub recovery: Option<Recovery>,
}

impl Recovered {
    /// The same, borrowed.
    pub fn loaded(&self) -> LoadedHive<'_> {
        LoadedHive {
            hive: &self.hive,
            recovery: self.recovery,
        }
    }
}

/// A hive as Windows would load it, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct LoadedHive<'h> {
    /// The hive, clean.
    pub hive: &'h Hive,
    /// What was replayed; `None` when the hive was clean on disk.
    pub recovery: Option<Recovery>,
}

/// Why a hive cannot be loaded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoverError {
    /// The primary, or the hive after replay, is not one this program works with.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Log entries are pending, and no log holds them.
    #[error("log entries pending, but no log holds them: needed is entry {wanted}; {found}")]
    NoFit {
        /// The first entry that is needed.
        wanted: u32,
        /// What the logs hold instead.
        found: String,
    },
}

/// Loads a hive as Windows would: clean as it is, dirty with its logs replayed in memory.
///
/// # Errors
/// When the hive is damaged, or dirty without a fitting log.
pub fn recover(files: &Files) -> Result<Recovered, RecoverError> {
    load(files.clone()).map(|(recovered, _)| recovered)
}

/// As [`recover`], without a copy of a clean hive: its bytes move into it, and `primary` of the
/// files that come back is empty then.
///
/// # Errors
/// As [`recover`].
pub fn load(mut files: Files) -> Result<(Recovered, Files), RecoverError> {
    let recovered = match Hive::inspect(&files.primary) {
        Ok(()) => {
            let hive = Hive::open(std::mem::take(&mut files.primary))?;
            Recovered {
                hive,
                recovery: None,
            }
        }
        Err(OpenError::Pending { secondary, .. }) => {
            replayed(&files, true)?.ok_or_else(|| RecoverError::NoFit {
                wanted: secondary,
                found: holdings(&files),
            })?
        }
        // A torn header is what an interrupted write leaves; a fitting log has a good one.
        Err(error @ (OpenError::Checksum { .. } | OpenError::NotAHive { .. })) => {
            replayed(&files, false)?.ok_or(RecoverError::Open(error))?
        }
        Err(error) => return Err(error.into()),
    };
    Ok((recovered, files))
}

/// A dirty hive as it stands in the primary, clean, without the entries no log holds. What they
/// changed is lost, and what was half written stays so: check the result.
///
/// # Errors
/// When the header is not sound.
pub fn discard_logs(files: &Files) -> Result<Hive, CommitError> {
    let hive = Hive::open_any(files.primary.clone())?;
    let (primary, secondary) = hive.sequences();
    let own = if log::before(primary, secondary) {
        secondary
    } else {
        primary
    };
    let next = next_sequence(files, own)?.wrapping_add(1);
    let mut file = hive.into_bytes();
    log::set_header(&mut file, |base| {
        base.primary_sequence.set(next);
        base.secondary_sequence.set(next);
    });
    Ok(Hive::open(file)?)
}

fn replayed(files: &Files, header: bool) -> Result<Option<Recovered>, RecoverError> {
    let logs = candidates(files);
    let contents: Vec<&[u8]> = logs.iter().map(|(_, content)| *content).collect();
    let new = if header {
        log::replay(&files.primary, &contents)
    } else {
        log::replay_without_header(&files.primary, &contents)
    };
    let header_from_log = !header;
    if let Some(done) = new
        && let Some(&(log, _)) = logs.get(done.log)
    {
        let (first, last, entries, end) = (done.first, done.last, done.entries, done.end);
        let format = LogFormat::New;
        let recovery = Recovery {
            format,
            first,
            last,
            entries,
            log,
            end,
            header_from_log,
        };
        let hive = Hive::open(done.image)?;
        return Ok(Some(Recovered {
            hive,
            recovery: Some(recovery),
        }));
    }
    let Some((log, content)) = old_log(&files.primary, header, logs) else {
        return Ok(None);
    };
    let Some(image) = log::replay_old(&files.primary, content) else {
        return Ok(None);
    };
    let hive = Hive::open(image)?;
    let number = hive.sequences().0;
    let recovery = Recovery {
        format: LogFormat::Old,
        first: number,
        last: number,
        entries: 1,
        log,
        end: content.len(),
        header_from_log,
    };
    Ok(Some(Recovered {
        hive,
        recovery: Some(recovery),
    }))
}

/// The logs recovery looks at: the usable ones of the pair, `NAME.LOG` only where there are none.
fn candidates(files: &Files) -> Vec<(Member, &[u8])> {
    let usable = |(_, log): &(Member, &[u8])| log::format_of(log).is_some();
    let (single, pair): (Vec<_>, Vec<_>) = files
        .logs()
        .into_iter()
        .filter(usable)
        .partition(|(member, _)| *member == Member::Log);
    if pair.is_empty() { single } else { pair }
}

/// The old-format log that fits: the one with the higher number, LOG1 when both are equal.
fn old_log<'l>(
    primary: &[u8],
    header: bool,
    logs: Vec<(Member, &'l [u8])>,
) -> Option<(Member, &'l [u8])> {
    let fitting = logs.into_iter().filter(|(_, log)| {
        log::fits_old(primary, header, log) && log::replay_old(primary, log).is_some()
    });
    fitting.reduce(|best, next| {
        let number = |log: &[u8]| {
            bytes::view::<BaseBlock>(log, 0).map_or(0, |base| base.primary_sequence.get())
        };
        if log::before(number(best.1), number(next.1)) {
            next
        } else {
            best
        }
    })
}

/// What each log holds, in words.
fn holdings(files: &Files) -> String {
    let logs = files.logs();
    if logs.is_empty() {
        return "there is no log file".to_owned();
    }
    let one = |(member, log): &(Member, &[u8])| {
        let name = member.suffix().trim_start_matches('.');
        let chain = log::chain(log);
        match (chain.first(), chain.last(), log::format_of(log)) {
            _ if log.is_empty() => format!("{name} is empty"),
            (Some(first), Some(last), _) => {
                format!("{name} holds {} to {}", first.sequence, last.sequence)
            }
            (_, _, Some(LogFormat::Old)) => format!("{name} belongs to another state"),
            _ => format!("{name} holds no entry"),
        }
    };
    logs.iter().map(one).collect::<Vec<_>>().join(", ")
}

//! The commit: an ordered list of writes, size changes and flushes, executed to the letter.
//!
//! Invariants: steps run in order, one at a time, and nothing runs after a failed one; room for
//! growth is taken with real zeros, so a full disk shows at the step that extends and not later.
//!
//! Deliberately absent: computing steps, undoing them, knowing what the bytes mean.

use std::io;

use crate::hold::HeldFile;

/// How much is written at once when a file is extended.
const CHUNK: usize = 64 * 1024;

/// One step of a commit. `file` is the index into the held files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Grow the file to `size` bytes with written zeros; refused when it is larger already.
    Extend {
        /// Which file.
        file: usize,
        /// The size afterwards, in bytes.
        size: u64,
    },
    /// Write `bytes` at `offset`; refused when that would leave a gap behind the end.
    Write {
        /// Which file.
        file: usize,
        /// Where, in bytes from the start.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// Set the size, mostly to shorten.
    SetSize {
        /// Which file.
        file: usize,
        /// The size afterwards, in bytes.
        size: u64,
    },
    /// Wait until everything written to the file so far is on the medium.
    Flush {
        /// Which file.
        file: usize,
    },
}

/// A step that failed; the steps before it were done, those after it were not.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}` (step {step})")]
pub struct StepError {
    /// The index of the step, from 0.
    pub step: usize,
    /// The file's path below the root; empty when the step names no held file.
    pub path: String,
    /// What was tried: `extend`, `write`, `resize` or `flush`.
    pub action: &'static str,
    /// What the system said.
    pub source: io::Error,
}

impl Step {
    /// The index of the file the step is about.
    #[must_use]
    pub fn file(&self) -> usize {
        match self {
            Step::Extend { file, .. }
            | Step::Write { file, .. }
            | Step::SetSize { file, .. }
            | Step::Flush { file } => *file,
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Step::Extend { .. } => "extend",
            Step::Write { .. } => "write",
            Step::SetSize { .. } => "resize",
            Step::Flush { .. } => "flush",
        }
    }
}

/// Executes the steps in order and stops at the first that fails. Nothing is rolled back.
///
/// # Errors
/// [`StepError`] with the index of the step.
pub fn execute(files: &mut [HeldFile], steps: &[Step]) -> Result<(), StepError> {
    for (index, step) in steps.iter().enumerate() {
        let error = |path: &str, source| StepError {
            step: index,
            path: path.to_owned(),
            action: step.action(),
            source,
        };
        let Some(file) = files.get_mut(step.file()) else {
            return Err(error("", refused("the step names a file that is not held")));
        };
        if let Err(source) = execute_one(file, step) {
            return Err(error(file.path(), source));
        }
    }
    Ok(())
}

/// What `execute` would leave behind, worked out in memory: `files` are the contents before and,
/// afterwards, the contents then. Flushes do nothing.
///
/// # Errors
/// The index of the first step that `execute` would refuse.
pub fn rehearse(files: &mut [Vec<u8>], steps: &[Step]) -> Result<(), usize> {
    for (index, step) in steps.iter().enumerate() {
        let file = files.get_mut(step.file()).ok_or(index)?;
        rehearse_one(file, step).ok_or(index)?;
    }
    Ok(())
}

fn rehearse_one(file: &mut Vec<u8>, step: &Step) -> Option<()> {
    match step {
        Step::Extend { size, .. } => {
            let size = usize::try_from(*size)
                .ok()
                .filter(|size| *size >= file.len())?;
            file.resize(size, 0);
        }
        Step::Write { offset, bytes, .. } => {
            let start = usize::try_from(*offset)
                .ok()
                .filter(|start| *start <= file.len())?;
            let end = start.checked_add(bytes.len())?;
            file.resize(end.max(file.len()), 0);
            file.get_mut(start..end)?.copy_from_slice(bytes);
        }
        Step::SetSize { size, .. } => file.resize(usize::try_from(*size).ok()?, 0),
        Step::Flush { .. } => {}
    }
    Some(())
}

fn execute_one(file: &mut HeldFile, step: &Step) -> io::Result<()> {
    match step {
        Step::Extend { size, .. } => extend(file, *size),
        Step::Write { offset, bytes, .. } => {
            if *offset > file.size()? {
                return Err(refused(
                    "the write would leave a gap behind the end of the file",
                ));
            }
            file.write_at(*offset, bytes)
        }
        Step::SetSize { size, .. } => file.set_size(*size),
        Step::Flush { .. } => file.flush(),
    }
}

fn extend(file: &mut HeldFile, size: u64) -> io::Result<()> {
    let mut at = file.size()?;
    if at > size {
        return Err(refused(
            "the file is larger than the size it is to be extended to",
        ));
    }
    let zeros = vec![0; CHUNK];
    while at < size {
        let length = usize::try_from(size - at).map_or(CHUNK, |left| left.min(CHUNK));
        file.write_at(at, zeros.get(..length).unwrap_or(&zeros))?;
        at += length as u64;
    }
    Ok(())
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

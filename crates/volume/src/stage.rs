//! Staging: from edits to proved file contents and the actions that bring them to disk, all in
//! memory.
//!
//! Invariants: nothing is staged that the full check or the second reader does not accept.
//! Absent on purpose: opening files.

use crate::edit::{Edit, HiveName};
use crate::loaded::Loaded;
use crate::permissions::{DescriptorError, SecurityEdit};
use crate::prove::{self, Proof, ProofError};
use crate::volume::{Volume, VolumeError};
use disk::{RenameRecord, Root, SecurityRecord};
use hive::commit::{self, Action, CommitError, Files, Member, Method};
use hive::format::HEADER_LEN;
use hive::log::LogFormat;
use hive::recover::LoadedHive;
use hive::reg::Operation;
use hive::{EditError, Editor, Hive};
use thiserror::Error;

/// A hive's files as they were read; borrowed, because one hive can have hundreds of megabytes.
#[derive(Debug)]
pub enum Before<'v> {
    /// Those of a loaded hive.
    Loaded(&'v Loaded),
    /// Those of a hive that could not be loaded as it is.
    Files(Files),
}

impl Before<'_> {
    /// The content of one file, if it exists.
    pub fn get(&self, member: Member) -> Option<&[u8]> {
        match self {
            Before::Loaded(loaded) => loaded.file(member),
            Before::Files(files) => files.get(member).map(Vec::as_slice),
        }
    }

    /// All of them, copied.
    pub fn to_files(&self) -> Files {
        match self {
            Before::Loaded(loaded) => loaded.files(),
            Before::Files(files) => files.clone(),
        }
    }
}

/// One hive, edited and ready to commit.
#[derive(Debug)]
pub struct StagedHive<'v> {
    /// Its name.
    pub name: String,
    /// Which of the volume's roots it lies below.
    pub root: usize,
    /// The primary file's path below the root.
    pub path: String,
    /// Its files as they were read.
    pub before: Before<'v>,
    /// Its files as they will be.
    pub after: Files,
    /// What to do to them, in order.
    pub actions: Vec<Action>,
    /// How it is committed.
    pub method: Method,
    /// Whether anything would change on the disk.
    pub changed: bool,
    /// Pending log entries that come with the commit.
    pub replayed: usize,
    /// What the second reader has compared.
    pub proof: Proof,
}

/// Everything a plan changes on a disk, in the order of the commits.
#[derive(Debug, Default)]
pub struct Staged<'v> {
    /// The hives.
    pub hives: Vec<StagedHive<'v>>,
    /// The files that get another name.
    pub renames: Vec<RenameRecord>,
    /// The permissions of files and folders.
    pub securities: Vec<SecurityRecord>,
}

/// What is said of a hive once it is written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// Pending log entries that came with the commit.
    pub replayed: usize,
    /// What the second reader has compared.
    pub proof: Proof,
}

impl Staged<'_> {
    /// The same with files that get another name, which needs no staging.
    #[must_use]
    pub fn with_renames(self, renames: Vec<RenameRecord>) -> Self {
        Staged { renames, ..self }
    }

    /// What is said of the hives once they are written.
    pub fn written(&self) -> Vec<Written> {
        let written = |hive: &StagedHive<'_>| Written {
            name: hive.name.clone(),
            replayed: hive.replayed,
            proof: hive.proof,
        };
        self.hives.iter().map(written).collect()
    }
}

/// Why edits were not staged; nothing was written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StageError {
    /// A hive the edits are for cannot be looked at.
    #[error("{hive} cannot be edited")]
    Hive {
        /// The hive.
        hive: String,
        /// Why, as the volume says.
        reason: String,
    },
    /// The editor refused.
    #[error("{hive} was not edited")]
    Edit {
        /// The hive.
        hive: String,
        /// Why.
        #[source]
        source: EditError,
    },
    /// No commit could be computed.
    #[error("{hive} cannot be committed")]
    Commit {
        /// The hive.
        hive: String,
        /// Why.
        #[source]
        source: CommitError,
    },
    /// The second reader did not agree.
    #[error("the second reader does not agree with the edit of {hive}")]
    Proof {
        /// The hive.
        hive: String,
        /// Where.
        #[source]
        source: ProofError,
    },
    /// A file or folder cannot have the wanted permissions.
    #[error("the new permissions of {path} are none that a file can have")]
    Security {
        /// The first file or folder that was to get them.
        path: String,
        /// Why.
        #[source]
        source: DescriptorError,
    },
}

/// How a hive of this disk is committed, and why, for people.
pub fn method(volume: &Volume, loaded: &Loaded) -> (Method, String) {
    let mut evidence = volume.log_evidence();
    if loaded.path != volume.system().path {
        evidence.extend(loaded.log_evidence());
    }
    method_by(&evidence, loaded)
}

/// How a hive is committed when these witnesses tell the format of its logs.
pub fn method_by(evidence: &[(String, LogFormat)], loaded: &Loaded) -> (Method, String) {
    let said: Vec<&str> = evidence
        .iter()
        .map(|(witness, _)| witness.as_str())
        .collect();
    let said = said.join(", ");
    let all = |format| evidence.iter().all(|(_, found)| *found == format);
    let has_log = loaded.logs.log_to_write().is_some();
    let without = |why: String| {
        (
            Method::NoLog,
            format!("without its log ({why}); the journal is the safety"),
        )
    };
    if evidence.is_empty() {
        without("nothing on this disk tells the format of its logs".to_owned())
    } else if all(LogFormat::New) && has_log {
        (Method::NewLog, format!("through its own log ({said})"))
    } else if all(LogFormat::Old) && has_log {
        (
            Method::OldLog,
            format!("through its own log, in the old format ({said})"),
        )
    } else if all(LogFormat::New) || all(LogFormat::Old) {
        without("there is no log file".to_owned())
    } else {
        without(format!("its format is unclear: {said}"))
    }
}

/// Stages edits. `now` becomes the time stamp of every key that changes, as FILETIME.
///
/// # Errors
/// When a hive cannot be edited, committed or proved, or permissions make no sense.
pub fn stage<'v>(
    volume: &'v Volume,
    edits: &[Edit],
    permissions: &[SecurityEdit],
    now: u64,
) -> Result<Staged<'v>, StageError> {
    let mut hives = Vec::new();
    for name in HiveName::ALL {
        let edits = edits.iter().filter(|edit| edit.target().hive == name);
        let operations: Vec<Operation> = edits.map(Edit::operation).collect();
        if operations.is_empty() {
            continue;
        }
        let loaded = volume
            .hive(name)
            .map_err(|error: &VolumeError| StageError::Hive {
                hive: name.to_string(),
                reason: error.to_string(),
            })?;
        let (method, _) = method(volume, loaded);
        hives.push(stage_hive(loaded, &operations, method, now)?);
    }
    for edit in permissions {
        edit.check().map_err(|source| StageError::Security {
            path: edit.paths.first().cloned().unwrap_or_default(),
            source,
        })?;
    }
    let securities = permissions.iter().flat_map(SecurityEdit::records);
    Ok(Staged {
        hives,
        renames: Vec::new(),
        securities: securities.collect(),
    })
}

/// Stages operations on one hive.
///
/// # Errors
/// When it cannot be edited, committed or proved.
pub fn stage_hive<'v>(
    loaded: &'v Loaded,
    operations: &[Operation],
    method: Method,
    now: u64,
) -> Result<StagedHive<'v>, StageError> {
    let hive = || loaded.name.clone();
    let edited = edit(&loaded.hive, operations, now).map_err(|source| StageError::Edit {
        hive: hive(),
        source,
    })?;
    let commit_failed = |source| StageError::Commit {
        hive: hive(),
        source,
    };
    let changed = loaded.recovery.is_some() || edited.bins() != loaded.hive.bins();
    let edited = match method {
        Method::NewLog => edited,
        // Nothing to mark with a new time when only pending entries are applied.
        _ if operations.is_empty() => edited,
        Method::OldLog | Method::NoLog => {
            commit::stamp(edited, now).map_err(|source| commit_failed(source.into()))?
        }
    };
    let old = LoadedHive {
        hive: &loaded.hive,
        recovery: loaded.recovery,
    };
    let actions = commit::commit_over(&loaded.logs, old, &edited, method).map_err(commit_failed)?;
    // The pages are the edited ones already; the actions add the header and the logs.
    let mut after = Files {
        primary: edited.into_bytes(),
        ..loaded.logs.without_primary()
    };
    commit::perform(&mut after, &actions);
    let committed = Hive::open(std::mem::take(&mut after.primary))
        .map_err(|source| commit_failed(CommitError::Open(source)))?
        .with_upcase(loaded.hive.upcase().clone());
    let proof =
        prove::prove(&loaded.hive, &committed, operations).map_err(|source| StageError::Proof {
            hive: hive(),
            source,
        })?;
    after.primary = committed.into_bytes();
    Ok(StagedHive {
        name: hive(),
        root: loaded.root,
        path: loaded.path.clone(),
        before: Before::Loaded(loaded),
        after,
        actions,
        method,
        changed,
        replayed: loaded.recovery.map_or(0, |recovery| recovery.entries),
        proof,
    })
}

fn edit(hive: &Hive, operations: &[Operation], now: u64) -> Result<Hive, EditError> {
    let mut editor = Editor::new(hive.clone(), now)?;
    for operation in operations {
        match operation {
            Operation::CreateKey(key) => {
                editor.create_key(key)?;
            }
            Operation::DeleteKey(key) => {
                editor.delete_key(key)?;
            }
            Operation::SetValue { key, name, data } => {
                editor.set_value(key, name, data)?;
            }
            Operation::DeleteValue { key, name } => {
                editor.delete_value(key, name)?;
            }
        }
    }
    editor.finish()
}

/// Stages a dirty hive without the entries that no log holds: what they changed is lost.
///
/// # Errors
/// When the hive cannot be read, or is not sound without them.
pub fn stage_discard(root: &Root, path: &str) -> Result<StagedHive<'static>, StageError> {
    let hive = || path.to_owned();
    let failed = |error: VolumeError| StageError::Hive {
        hive: hive(),
        reason: error.to_string(),
    };
    let before = Loaded::files_of(root, path).map_err(failed)?;
    let kept = hive::recover::discard_logs(&before).map_err(|source| StageError::Commit {
        hive: hive(),
        source,
    })?;
    let report = hive::check::check(&kept);
    if !report.is_sound() {
        let source = EditError::Unsound(Box::new(report));
        return Err(StageError::Edit {
            hive: hive(),
            source,
        });
    }
    let header = kept.bytes().get(..HEADER_LEN).unwrap_or_default().to_vec();
    let primary = Member::Primary;
    let actions = vec![Action::Write(primary, 0, header), Action::Flush(primary)];
    let mut after = before.clone();
    commit::perform(&mut after, &actions);
    Ok(StagedHive {
        name: hive(),
        root: 0,
        path: hive(),
        before: Before::Files(before),
        after,
        actions,
        method: Method::NoLog,
        changed: true,
        replayed: 0,
        proof: Proof::default(),
    })
}

//! Exit codes and failures.
//!
//! Invariants: the numbers are a contract (`docs/cli.md`); each failure carries a code that stays
//! the same when its words change. Absent on purpose: printing.

use crate::drives;
use crate::guards;
use hive::OpenError;
use hive::recover::RecoverError;
use repairs::PlanError;
use repairs::context::chain;
use std::error::Error;
use std::process::ExitCode;
use volume::VolumeError;
use volume::commit::CommitError;
use volume::stage::StageError;
use volume::undo::UndoError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Looked, done and verified, or nothing to do.
    Done = 0,
    /// With `--detailed-exitcode`: a cure is offered.
    Offered = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Refused, nothing was written.
    Refused = 3,
    /// Applied, but verification still finds a problem.
    NotVerified = 4,
    /// Failed, and the disk is as it was.
    RolledBack = 5,
    /// A run is unfinished: `undo` first.
    Unfinished = 6,
    /// Could not look.
    Unreadable = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// The verdict of a failure with this code.
    pub(crate) fn verdict(self) -> &'static str {
        match self {
            Exit::Unreadable => "unreadable",
            Exit::Usage | Exit::Refused => "refused",
            _ => "failed",
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// What happened, for programs.
    pub(crate) code: &'static str,
    /// What happened, for people.
    pub(crate) error: String,
    /// The causes, the nearest first.
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// A failure without causes.
    pub(crate) fn new(exit: Exit, code: &'static str, error: impl Into<String>) -> Failure {
        Failure {
            exit,
            code,
            error: error.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// A failure from an error and its chain of causes.
    pub(crate) fn of(exit: Exit, code: &'static str, error: &dyn Error) -> Failure {
        let mut failure = Failure::new(exit, code, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            failure.causes.push(error.to_string());
            cause = error.source();
        }
        failure
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }
}

impl From<disk::OpenError> for Failure {
    fn from(error: disk::OpenError) -> Failure {
        match &error {
            disk::OpenError::RunningSystem { .. } => {
                Failure::of(Exit::Refused, "running-system", &error).hint(
                    "attach the broken VM's disk (better: a copy of it) to this machine and \
                     name that",
                )
            }
            disk::OpenError::Io { source, .. } if drives::is_locked(source) => {
                drives::encrypted(&error.to_string())
            }
            disk::OpenError::NotADirectory { path } => match drives::not_a_folder(path) {
                Some(failure) => failure,
                None => no_drive(&error),
            },
            _ => no_drive(&error),
        }
    }
}

fn no_drive(error: &disk::OpenError) -> Failure {
    let failure = Failure::of(Exit::Unreadable, "no-drive", error);
    let is_denied = matches!(error, disk::OpenError::Io { source, .. }
        if source.kind() == std::io::ErrorKind::PermissionDenied);
    match is_denied && disk::is_administrator() == Some(false) {
        true => failure.hint("look as administrator: an elevated console, or sudo"),
        false => failure.hint("name the drive letter or the folder the disk is attached at"),
    }
}

impl From<VolumeError> for Failure {
    fn from(error: VolumeError) -> Failure {
        Failure::from(&error)
    }
}

impl From<&VolumeError> for Failure {
    fn from(error: &VolumeError) -> Failure {
        // Which file and what is wrong with it is one line.
        let failed = |exit, code| Failure::new(exit, code, chain(error));
        match error {
            VolumeError::NoWindows { .. } => failed(Exit::Unreadable, "no-windows").hint(
                "is it the right partition? System Reserved and EFI partitions hold no Windows",
            ),
            VolumeError::Missing { .. } => failed(Exit::Unreadable, "hive-missing"),
            VolumeError::Hive { source, .. } => hive_failure(error, source),
            VolumeError::Damaged { .. } => failed(Exit::Unreadable, "hive-damaged")
                .hint("nothing was changed; restore the hive from a backup of this disk"),
            VolumeError::Walk(disk::WalkError::Busy { .. }) => failed(Exit::Refused, "busy")
                .hint("close what has the hive open, or unload it (reg unload)"),
            VolumeError::NoStore { .. } => failed(Exit::Refused, "no-boot-files"),
            VolumeError::NotAStore { .. } => failed(Exit::Unreadable, "not-a-store")
                .hint("--store FILE names a boot configuration store, a file called BCD"),
            _ => failed(Exit::Unreadable, "unreadable"),
        }
    }
}

fn hive_failure(error: &VolumeError, source: &RecoverError) -> Failure {
    let failed = |exit, code| Failure::new(exit, code, chain(error));
    match source {
        RecoverError::NoFit { .. } => failed(Exit::Refused, "log-entries-pending").hint(
            "log entries pending is normal after an unclean stop, but the files that hold them \
             must lie beside the hive; nothing was changed",
        ),
        RecoverError::Open(OpenError::Differencing) => failed(Exit::Refused, "differencing-hive"),
        RecoverError::Open(OpenError::Empty) => failed(Exit::Unreadable, "hive-empty")
            .hint("restore the hive from a backup of this disk"),
        _ => failed(Exit::Unreadable, "hive-damaged")
            .hint("nothing was changed; restore the hive from a backup of this disk"),
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Failure {
        Failure::from(&error)
    }
}

impl From<&PlanError> for Failure {
    fn from(error: &PlanError) -> Failure {
        let failed = |exit, code| Failure::of(exit, code, error);
        match error {
            PlanError::NoRepair(_) => {
                failed(Exit::Usage, "unknown-repair").hint("offfix repairs lists them")
            }
            PlanError::NoSymptom(_) => {
                failed(Exit::Usage, "unknown-symptom").hint("offfix symptoms lists them")
            }
            PlanError::Parameter { id, .. } => failed(Exit::Usage, "unknown-parameter")
                .hint(format!("offfix repairs {id} shows its parameters")),
            PlanError::Needed { id, .. } => failed(Exit::Usage, "parameter-needed")
                .hint(format!("offfix repairs {id} says what it does with it")),
            PlanError::NoArticle | PlanError::Contradiction { .. } => {
                failed(Exit::Usage, "selection")
            }
            PlanError::NoControlSet(..) => failed(Exit::Usage, "no-control-set"),
            PlanError::CouldNotLook {
                source: repairs::Error::NoBoot { .. },
                ..
            } => failed(Exit::Refused, "no-boot-files"),
            PlanError::CouldNotLook { .. } => failed(Exit::Refused, "could-not-look"),
            PlanError::Refused { id, .. } => failed(Exit::Refused, "refused-request")
                .hint(format!("offfix repairs {id} says what it does and why")),
            _ => failed(Exit::Unreadable, "unreadable"),
        }
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Failure {
        Failure::of(Exit::Refused, "not-staged", &error).hint("nothing was written")
    }
}

/// What settles half a name.
const CHECK_DISK: &str = "let Windows check the disk first: chkdsk F: /f";

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Failure {
        let failed = |exit, code| Failure::of(exit, code, &error);
        let nothing = "nothing was written";
        match &error {
            CommitError::Hold(disk::HoldError::Busy { .. }) => failed(Exit::Refused, "busy")
                .hint("close what has the hive open, or unload it (reg unload)"),
            CommitError::Hold(disk::HoldError::ReadOnly { .. })
                if disk::is_administrator() == Some(false) =>
            {
                guards::not_elevated(&chain(&error))
            }
            CommitError::Hold(disk::HoldError::ReadOnly { .. }) => {
                failed(Exit::Refused, "read-only")
                    .hint("attach the disk writable, and run as administrator")
                    .hint(
                        "ntfs-3g mounts a hibernated or unclean NTFS read-only: \
                         ntfs-3g.probe --readwrite DEVICE says why",
                    )
            }
            CommitError::Changed { .. } => failed(Exit::Refused, "changed").hint("make a new plan"),
            CommitError::Security(disk::SecurityError::Changed { .. }) => {
                failed(Exit::Refused, "changed").hint("make a new plan")
            }
            CommitError::Rename(disk::RenameError::Torn { .. }) => {
                failed(Exit::Refused, "name").hint(CHECK_DISK).hint(nothing)
            }
            CommitError::Rename(_) => failed(Exit::Refused, "name")
                .hint("make a new plan")
                .hint(nothing),
            CommitError::Security(_) => failed(Exit::Refused, "permissions").hint(nothing),
            CommitError::NoSpace { .. } => {
                failed(Exit::Refused, "disk-full").hint("make room on the disk")
            }
            CommitError::Journal(disk::JournalError::Busy { .. }) => {
                failed(Exit::Refused, "locked").hint("another offfix is at work with this journal")
            }
            CommitError::Journal(_) => {
                failed(Exit::Refused, "journal").hint("--journal DIR puts it elsewhere")
            }
            CommitError::RolledBack(_) => failed(Exit::RolledBack, "rolled-back"),
            CommitError::Unfinished(_)
            | CommitError::ReadBack { .. }
            | CommitError::Unclosed(_) => {
                failed(Exit::Unfinished, "unfinished").hint("offfix undo puts the old bytes back")
            }
            _ => failed(Exit::Refused, "refused").hint(nothing),
        }
    }
}

impl From<UndoError> for Failure {
    fn from(error: UndoError) -> Failure {
        let failed = |exit, code| Failure::of(exit, code, &error);
        match &error {
            UndoError::Record(_) => failed(Exit::Unreadable, "journal-damaged"),
            UndoError::Hold(disk::HoldError::Busy { .. }) => failed(Exit::Refused, "busy")
                .hint("close what has the hive open, or unload it (reg unload)"),
            UndoError::Hold(_) => failed(Exit::Refused, "read-only"),
            UndoError::Journal(_) => failed(Exit::Refused, "journal"),
            UndoError::Walk(_) => failed(Exit::Unfinished, "unfinished").hint(
                "run undo again; when a file cannot be read, let Windows check the disk first: \
                 chkdsk F: /f",
            ),
            UndoError::Rename(_) => failed(Exit::Unfinished, "unfinished")
                .hint(CHECK_DISK)
                .hint("then run undo again"),
            _ => failed(Exit::Unfinished, "unfinished").hint("run undo again"),
        }
    }
}

impl From<disk::JournalError> for Failure {
    fn from(error: disk::JournalError) -> Failure {
        match &error {
            disk::JournalError::Busy { .. } => Failure::of(Exit::Refused, "locked", &error)
                .hint("another offfix is at work with this journal"),
            _ => Failure::new(Exit::Refused, "journal", chain(&error))
                .hint("--journal DIR puts the journal elsewhere"),
        }
    }
}

//! What a repair found and what it would do: data only.
//!
//! Invariants: a finding names the place and what was seen there; an empty cure means report
//! only. Absent on purpose: whether the cure is proposed (the planner decides).

use disk::RenameRecord;
use volume::{Edit, SecurityEdit};

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It cannot work like this.
    Certain,
    /// It very probably is the cause.
    Likely,
    /// It can be meant this way.
    Possible,
}

/// Why a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It cures a fault.
    Fix,
    /// It helps to look: a dump, a console.
    Aid,
    /// It lowers a guard on purpose.
    Weakening,
}

/// When the cure of a finding is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offer {
    /// Whenever it is found.
    Recommended,
    /// When the repair or a symptom it belongs to was named.
    WhenAsked,
    /// When the repair itself was named.
    WhenNamed,
    /// Never: it is only told.
    Report,
}

/// One change and why it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Why.
    pub kind: Kind,
    /// What.
    pub edit: Edit,
}

/// New permissions and why they are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Why.
    pub kind: Kind,
    /// What.
    pub edit: SecurityEdit,
}

/// Another name for a file and why it gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Why.
    pub kind: Kind,
    /// Which file, and its new name; the path is spelled as on the disk.
    pub edit: RenameRecord,
}

/// What cannot be done to files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command for the recovery machine.
    OnRecoveryMachine(String),
    /// A command for the VM after its boot.
    AfterBoot(String),
    /// Something only a person can do.
    Manual(String),
}

impl Step {
    /// Where a command for the recovery machine is done: nothing of ours can take it back.
    pub const RECOVERY_MACHINE: &'static str = "on the recovery machine, not undoable";

    /// Where it is done, in words.
    pub fn place(&self) -> &'static str {
        match self {
            Step::OnRecoveryMachine(_) => Step::RECOVERY_MACHINE,
            Step::AfterBoot(_) => "in the VM after its boot",
            Step::Manual(_) => "by hand",
        }
    }

    /// What is done.
    pub fn text(&self) -> &str {
        match self {
            Step::OnRecoveryMachine(text) | Step::AfterBoot(text) | Step::Manual(text) => text,
        }
    }
}

/// One thing a repair saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// When its cure is proposed.
    pub offer: Offer,
    /// How sure it is.
    pub certainty: Certainty,
    /// The fault in one line, without a period.
    pub title: String,
    /// Where it was seen: a key, or a path below the drive.
    pub place: String,
    /// When that was last written, as FILETIME.
    pub written: Option<u64>,
    /// What was seen and why it is a fault, a line each.
    pub evidence: Vec<String>,
    /// The changes of values that cure it.
    pub cure: Vec<Change>,
    /// The permissions that cure it.
    pub permissions: Vec<Permissions>,
    /// The files that get another name.
    pub renames: Vec<Rename>,
    /// What else has to be done.
    pub steps: Vec<Step>,
}

impl Finding {
    /// A finding that only tells something, so far.
    pub fn new(
        offer: Offer,
        certainty: Certainty,
        title: impl Into<String>,
        place: impl Into<String>,
    ) -> Finding {
        Finding {
            offer,
            certainty,
            title: title.into(),
            place: place.into(),
            written: None,
            evidence: Vec::new(),
            cure: Vec::new(),
            permissions: Vec::new(),
            renames: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Whether it has a cure.
    pub fn has_cure(&self) -> bool {
        !self.cure.is_empty() || self.changes_files()
    }

    /// Whether its cure is more than values.
    pub fn changes_files(&self) -> bool {
        !(self.permissions.is_empty() && self.renames.is_empty())
    }

    /// Whether all it offers are steps elsewhere.
    pub fn is_steps_alone(&self) -> bool {
        !self.has_cure() && !self.steps.is_empty()
    }
}

/// What a repair has to say about a disk.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What it saw.
    pub found: Vec<Finding>,
    /// What it saw and leaves alone, a line each.
    pub notes: Vec<String>,
}

impl Findings {
    /// Adds a finding.
    pub fn add(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// Adds a line about something left alone.
    pub fn note(&mut self, line: impl Into<String>) {
        let line = line.into();
        if !self.notes.contains(&line) {
            self.notes.push(line);
        }
    }
}

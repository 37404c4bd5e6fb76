//! What a check found: the broken rules, with place and effect, and counts of everything seen.
//!
//! Invariants: every defect is counted, whether kept or not; at most [`KEPT`] defects that stop
//! an edit and [`KEPT`] that do not are kept, so neither kind can hide the other.
//! Absent on purpose: advice, and any text for a certain command line.

use super::rule::{Effect, Rule};
use std::fmt;

/// How many defects of each kind, stopping an edit or not, are kept with their details.
pub const KEPT: usize = 1_000;

/// Where in a hive something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes from the start of the file.
    pub offset: usize,
    /// Path of the key below the root, its front left out when it is very long; empty for the
    /// root; `None` when it is in no key.
    pub key: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {:#x}", self.offset)?;
        match self.key.as_deref() {
            None => Ok(()),
            Some("") => f.write_str(", the root key"),
            Some(path) => write!(f, ", key {path}"),
        }
    }
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Which.
    pub rule: Rule,
    /// What Windows does with it here.
    pub effect: Effect,
    /// Whether a hive with it is not edited.
    pub blocks_edit: bool,
    /// Where.
    pub at: Place,
    /// What stands there, and what should.
    pub detail: String,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Defect {
            rule,
            at,
            detail,
            effect,
            ..
        } = self;
        write!(f, "{rule} at {at}: {detail} ({effect})")
    }
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The defects that were kept, in the order in which they were found.
    pub defects: Vec<Defect>,
    /// Number of all defects.
    pub total: usize,
    /// Number of all defects that stop an edit.
    pub blocking: usize,
    /// Number of hive bins that were found.
    pub bins: usize,
    /// Number of allocated cells.
    pub cells: usize,
    /// Bytes in free cells.
    pub free_bytes: usize,
    /// Number of keys that can be reached, the root included.
    pub keys: usize,
    /// Number of values that can be reached.
    pub values: usize,
    /// Number of security cells in the ring.
    pub security_cells: usize,
    /// Number of allocated cells that nothing refers to.
    pub orphans: usize,
    /// Bytes in those cells.
    pub orphan_bytes: usize,
    notes: usize,
}

impl Report {
    /// Whether the hive may be edited: nothing is broken that Windows would reject, drop or
    /// correct, nor anything that an edit could make worse (column "stops an edit" of
    /// `FORMAT.md`).
    pub fn is_sound(&self) -> bool {
        self.blocking == 0
    }

    /// Whether no rule below the base block is broken at all, conventions included. Rules B12 to
    /// B16 do not count: they tell where a file comes from, not that it is wrong.
    pub fn is_clean(&self) -> bool {
        self.total == self.notes
    }

    /// The first defect that stops an edit, for messages.
    pub fn first_blocking(&self) -> String {
        let first = self.defects.iter().find(|defect| defect.blocks_edit);
        first.map_or_else(|| "none".to_owned(), ToString::to_string)
    }

    /// Counts a defect and keeps it when there is room; only then its text is made.
    pub(super) fn add(
        &mut self,
        (rule, effect, blocks_edit): (Rule, Effect, bool),
        text: impl FnOnce() -> (Place, String),
    ) {
        self.total += 1;
        self.blocking += usize::from(blocks_edit);
        self.notes += usize::from((Rule::B12..=Rule::B16).contains(&rule));
        let of_its_kind = if blocks_edit {
            self.blocking
        } else {
            self.total - self.blocking
        };
        if of_its_kind <= KEPT {
            let (at, detail) = text();
            self.defects.push(Defect {
                rule,
                effect,
                blocks_edit,
                at,
                detail,
            });
        }
    }
}

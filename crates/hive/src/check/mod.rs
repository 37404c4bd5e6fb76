//! The full check of a hive: every rule of `FORMAT.md` that can be seen in one file, as data.
//!
//! Invariants: linear time in the size of the hive, no recursion, no panic; memory is a small
//! multiple of the hive, because every cell is entered once and a second way to it is a defect.
//! Absent on purpose: repairing what is broken, and what stands in the logs.

mod bins;
mod data;
mod descriptor;
mod header;
mod key;
mod list;
mod map;
mod report;
mod rule;
mod security;
mod tree;
mod value;

pub use report::{Defect, KEPT, Place, Report};
pub use rule::{Effect, RULES, Rule, RuleInfo, rule_of};

use crate::bytes;
use crate::error::CellOffset;
use crate::format::BASE_BLOCK_LEN;
use crate::hive::Hive;
use crate::key::Key;
use crate::name::Name;
use map::CellMap;
use security::Ring;

/// Longest path text of a defect, in bytes; longer ones lose their front.
const PATH_TEXT: usize = 400;
/// Longest text of one name, in UTF-16 units; longer ones lose their end.
const NAME_TEXT: usize = 80;

/// Checks every rule on a hive.
pub fn check(hive: &Hive) -> Report {
    let mut walk = Walk {
        hive,
        map: CellMap::new(hive.bins().len()),
        ring: Ring::default(),
        trail: Vec::new(),
        subject: None,
        names: Vec::new(),
        report: Report::default(),
    };
    header::check(&mut walk);
    bins::check(&mut walk);
    security::follow_ring(&mut walk);
    tree::check(&mut walk);
    security::check_counts(&mut walk);
    bins::check_orphans(&mut walk);
    walk.report
}

/// The state of one check.
struct Walk<'h> {
    hive: &'h Hive,
    map: CellMap,
    ring: Ring,
    /// The keys from the root to the one being looked at.
    trail: Vec<Key<'h>>,
    /// The name of a subkey of the last of them, while that is being looked at.
    subject: Option<Name<'h>>,
    /// Hash and place of the value names of one key; kept to save allocations.
    names: Vec<(u32, CellOffset)>,
    report: Report,
}

impl<'h> Walk<'h> {
    /// Reports a broken rule with the effect of the table. `at` is an offset in the bins area.
    fn broken(&mut self, rule: Rule, at: u32, detail: impl FnOnce() -> String) {
        let info = rule.info();
        self.broken_as((rule, info.effect, info.blocks_edit), at, detail);
    }

    /// Reports a broken rule whose effect differs from the table's.
    fn broken_as(&mut self, what: (Rule, Effect, bool), at: u32, detail: impl FnOnce() -> String) {
        let Walk {
            trail,
            subject,
            report,
            ..
        } = self;
        report.add(what, || {
            let offset = BASE_BLOCK_LEN.saturating_add(bytes::index(at));
            let key = (!trail.is_empty() || subject.is_some()).then(|| path(trail, *subject));
            (Place { offset, key }, detail())
        });
    }

    /// Takes a cell for the structure that refers to it: `rule` when there is no such cell, C5
    /// when another structure has it already. `by` is the cell that refers to it.
    fn take(&mut self, index: u32, rule: Rule, by: u32) -> Option<&'h [u8]> {
        let payload = self.peek(index, rule, by)?;
        self.own(index, by).then_some(payload)
    }

    /// As [`Walk::take`], but leaves the cell to others.
    fn peek(&mut self, index: u32, rule: Rule, by: u32) -> Option<&'h [u8]> {
        match self.map.find(index) {
            // The map knows only cells that are sound, so that this cannot be an error.
            Ok(()) => self.hive.cell(CellOffset(index)).ok(),
            Err(why) => {
                self.broken(rule, by, || why.to_string());
                None
            }
        }
    }

    fn own(&mut self, index: u32, by: u32) -> bool {
        let free = self.map.own(index);
        if !free {
            self.broken(Rule::C5, by, || {
                format!("cell {index:#x} has another owner")
            });
        }
        free
    }
}

/// The path text of a key, without the root's own name.
fn path(trail: &[Key<'_>], subject: Option<Name<'_>>) -> String {
    let names: Vec<Name<'_>> = trail
        .iter()
        .skip(1)
        .map(|key| key.name())
        .chain(subject)
        .collect();
    let mut parts: Vec<String> = Vec::new();
    let mut len = 0;
    for &name in names.iter().rev() {
        let part = text(name);
        len += part.len() + 1;
        if len > PATH_TEXT && !parts.is_empty() {
            parts.push("...".to_owned());
            break;
        }
        parts.push(part);
    }
    parts.reverse();
    parts.join("\\")
}

/// A name from a hostile file, fit to be shown: control characters escaped, the end left out
/// when it is very long.
fn text(name: Name<'_>) -> String {
    let mut text = String::new();
    for unit in char::decode_utf16(name.units().take(NAME_TEXT)) {
        match unit.unwrap_or(char::REPLACEMENT_CHARACTER) {
            control if control.is_control() => text.extend(control.escape_default()),
            shown => text.push(shown),
        }
    }
    if name.len() > NAME_TEXT {
        text.push_str("...");
    }
    text
}

/// Whether a self-relative security descriptor is one Windows accepts.
///
/// # Errors
/// What is wrong with it.
pub fn descriptor(bytes: &[u8]) -> Result<(), &'static str> {
    descriptor::validate(bytes)
}

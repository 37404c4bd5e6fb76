//! The rules a hive keeps: one table of what each says, what Windows does when it is broken, and
//! whether it stops an edit.
//!
//! Invariants: [`RULES`] is the only source of these facts; the table in `FORMAT.md` repeats it
//! and a test compares the two. Effects are the kernel's at load time; where the effect is not
//! known, rejection is assumed. Every rule says why it stops an edit or does not.
//! Absent on purpose: looking for broken rules, which the neighbouring files do.

use crate::error::{OpenError, ReadError};
use crate::format::KeyNode;
use std::fmt;

/// What Windows does with a broken rule when it loads the hive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// It does not load the hive, or is not known to.
    Rejected,
    /// It loads the hive and drops something: a bin, a subtree, a value, a descriptor.
    DataLoss,
    /// It corrects the structure; nothing is lost.
    Healed,
    /// It does not look at load time.
    Ignored,
}

impl Effect {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Rejected => "rejected",
            Effect::DataLoss => "data loss",
            Effect::Healed => "healed",
            Effect::Ignored => "ignored",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One row of [`RULES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// The rule.
    pub rule: Rule,
    /// Its number in `FORMAT.md`.
    pub id: &'static str,
    /// What Windows does when it is broken; a single defect may be milder.
    pub effect: Effect,
    /// Whether a hive that breaks it is not edited; a single defect may be milder.
    pub blocks_edit: bool,
    /// What has to hold.
    pub says: &'static str,
    /// Why it stops an edit, or why it does not.
    pub because: &'static str,
}

macro_rules! rules {
    ($($id:ident $effect:ident $blocks:ident, $says:literal, $because:literal;)*) => {
        /// The name of a rule, as in `FORMAT.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $says] $id,)*
        }

        /// All rules, in the order of `FORMAT.md`.
        pub const RULES: &[RuleInfo] = &[$(Rule::$id.info(),)*];

        impl Rule {
            /// What is known about the rule.
            pub const fn info(self) -> RuleInfo {
                match self {
                    $(Rule::$id => RuleInfo {
                        rule: Rule::$id,
                        id: stringify!($id),
                        effect: Effect::$effect,
                        blocks_edit: blocking!($blocks),
                        says: $says,
                        because: $because,
                    },)*
                }
            }
        }
    };
}

macro_rules! blocking {
    (stops) => {
        true
    };
    (passes) => {
        false
    };
}

rules! {
    B1 Rejected stops, "the file has at least 8192 bytes", "not opened";
    B2 Rejected stops, "the file begins with `regf`", "not opened";
    B3 DataLoss stops, "the base block's checksum is right", "not opened: no field is certain";
    B4 Rejected stops, "the major version is 1", "not opened";
    B5 Rejected stops, "the minor version is 3 to 6", "not opened";
    B6 Rejected stops, "the file type is 0", "not opened: a log, not a hive";
    B7 Rejected stops, "the file format is 1", "not opened";
    B8 Rejected stops, "the clustering factor is 1", "not opened";
    B9 Healed stops, "both sequence numbers are equal", "not opened: recover the log entries first";
    B10 Rejected stops, "the bins size is a multiple of 4096, above 0, below 2 GiB", "not opened";
    B11 Rejected stops, "the file holds the base block and all bins", "not opened: truncated";
    B12 Ignored passes, "the bytes behind the last bin are zero", "no loader reads them";
    B13 Ignored passes, "the file name field is terminated", "a debugging aid";
    B14 Ignored passes, "the resource manager's mark is `rmtm` or zero",
        "old boot stores carry text there; the field is copied through";
    B15 Ignored passes, "known base block flags only, and no transaction pending",
        "only the files beside the hive can tell whether a transaction is open";
    B16 Ignored passes, "not saved by the offline registry library", "says where the file is from";
    H1 DataLoss stops, "a bin begins with `hbin`", "what lay in the bin is gone at the next load";
    H2 DataLoss stops, "a bin names its own offset",
        "what lay in the bin is gone at the next load";
    H3 DataLoss stops, "a bin's size is a multiple of 4096 above 0", "cells cannot be found";
    H4 DataLoss stops, "no bin goes beyond the bins area", "cells cannot be found";
    H5 DataLoss stops, "the last bin ends where the bins area ends", "a new bin would be lost";
    C1 DataLoss stops, "no cell has size 0", "the rest of the bin is lost";
    C2 DataLoss stops, "a cell's size is a multiple of 8", "the rest of the bin is lost";
    C3 DataLoss stops, "a cell ends inside its bin", "the rest of the bin is lost";
    C4 Ignored passes, "no two free cells are neighbours", "each can be used as it is";
    C5 Rejected stops, "a cell has one owner, security cells excepted",
        "changing or freeing it would change the other owner";
    C6 Ignored passes, "every allocated cell has an owner",
        "Windows leaves such cells behind itself; nothing reaches them";
    K1 DataLoss stops, "a listed key is an allocated cell of this file", "the subtree is lost";
    K2 DataLoss stops, "a key's cell holds a key node", "the subtree is lost";
    K3 DataLoss stops, "a key node begins with `nk`", "the subtree may be lost";
    K4 DataLoss stops, "a key's cell holds at most 1116 bytes", "the subtree is lost";
    K5 DataLoss stops, "a key has a name", "the subtree is lost";
    K6 DataLoss stops, "a key's name lies inside its cell", "the subtree is lost";
    K7 Rejected stops, "a UTF-16 key name has an even length", "not known to load";
    K8 Ignored passes, "a key's name has at most 256 characters", "unreachable, but whole";
    K9 Ignored passes, "a key's name has no backslash", "unreachable by path, but whole";
    K10 Ignored passes, "a Latin-1 key name is stored one byte a character", "both forms load";
    K11 Healed stops, "a key names its parent", "may hide a moved or doubled subtree";
    K12 Ignored passes, "the root, and only it, is marked as the root of a hive",
        "the offline registry library does not mark it; Windows sets it at load";
    K13 Rejected stops, "no key is marked volatile or as a mount point", "not known to load";
    K14 Ignored stops, "no key is marked as a predefined handle",
        "depending on the release its value count is a handle";
    K15 Rejected stops, "keys are nested at most 512 deep", "not loaded";
    K16 DataLoss stops, "a link key has one value at most, SymbolicLinkValue", "the value is lost";
    X1 Healed stops, "a class with a length has a cell", "an edit of the key would keep the lie";
    X2 DataLoss stops, "the class cell is allocated", "the class is lost";
    X3 DataLoss stops, "the class lies inside its cell", "the class is lost";
    X4 Ignored stops, "no class cell without a length", "readers differ about the class";
    S1 DataLoss stops, "a key has a security cell", "the key's descriptor is lost";
    S2 DataLoss stops, "a security cell begins with `sk`", "descriptors are lost";
    S3 DataLoss stops, "a descriptor lies inside its cell", "descriptors are lost";
    S4 DataLoss stops, "security cells form one closed ring", "a new cell could not be linked";
    S5 DataLoss stops, "a security descriptor is valid and self-relative", "descriptors are lost";
    S6 DataLoss stops, "a key's security cell is in the ring", "the key's descriptor is lost";
    S7 Healed stops, "a reference count is the number of keys that use the cell",
        "too low, the cell is freed under its users; too high is tolerated and does not stop";
    S8 Ignored passes, "no descriptor is stored twice", "each has its own users";
    L1 DataLoss stops, "a key with subkeys has a list", "all its subkeys are lost";
    L2 DataLoss stops, "a list is `li`, `lf`, `lh` or `ri`", "all subkeys are lost";
    L3 DataLoss stops, "a list's entries lie inside its cell", "all subkeys are lost";
    L4 Rejected stops, "no list is empty", "look-ups read before its first entry";
    L5 Healed stops, "a key's subkey count is that of its list", "may hide a lost leaf";
    L6 DataLoss stops, "no index root below an index root", "all subkeys are lost";
    L7 DataLoss stops, "subkeys are in strictly ascending order",
        "an insertion would go astray, and the table of another release may explain it";
    L8 Ignored stops, "an `lh` hash is that of the name",
        "Windows cannot open the key, so an edit below it would have no effect";
    L9 Ignored stops, "an `lf` hint is that of the name",
        "Windows cannot open the key, so an edit below it would have no effect";
    L10 Ignored stops, "the kind of list fits the version of the hive",
        "mixing kinds misleads the kernel's own edits";
    L11 Ignored stops, "a leaf has at most 511 (`lf`) or 1012 entries",
        "no Windows writes one; inserting would enlarge it";
    V1 DataLoss stops, "a key has a value list exactly when it has values", "its values are lost";
    V2 DataLoss stops, "a value list lies inside its cell", "its values are lost";
    V3 DataLoss stops, "a listed value is an allocated cell of this file", "the value is lost";
    V4 DataLoss stops, "a value and its name lie inside its cell", "the value is lost";
    V5 DataLoss stops, "a value begins with `vk`", "the value is lost";
    V6 Rejected stops, "a UTF-16 value name has an even length", "not known to load";
    V7 Rejected stops, "a value's name has at most 16,383 characters", "not known to load";
    V8 Ignored passes, "known value flags only", "carried through";
    V9 Ignored stops, "no two values of a key have one name",
        "deleting or changing the first would leave the second";
    D1 Rejected stops, "resident data has at most 4 bytes", "not known to load";
    D2 DataLoss stops, "a value without data has no data cell", "the value is lost";
    D3 Ignored passes, "data of up to 4 bytes is resident", "Windows reads both forms";
    D4 DataLoss stops, "the data cell is allocated", "the value is lost";
    D5 DataLoss stops, "the data lies inside its cell", "the value is lost";
    D6 DataLoss stops, "from 1.4 on, data above 16,344 bytes is a `db` record", "the value is lost";
    D7 DataLoss stops, "a `db` record has as many segments as its length asks for",
        "the value is lost";
    D8 DataLoss stops, "the list of segments is allocated and long enough", "the value is lost";
    D9 DataLoss stops, "every segment is allocated and long enough", "the value is lost";
    M1 Ignored passes, "the longest subkey name is not understated", "set right by an edit there";
    M2 Ignored passes, "the longest subkey class is not understated", "set right by an edit there";
    M3 Ignored passes, "the longest value name is not understated", "set right by an edit there";
    M4 Ignored passes, "the longest value data is not understated", "set right by an edit there";
}

impl Rule {
    /// Its number in `FORMAT.md`, such as `K3`.
    pub fn as_str(self) -> &'static str {
        self.info().id
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The rule behind a hive's refusal to open.
pub fn rule_of(error: &OpenError) -> Rule {
    match error {
        OpenError::Empty | OpenError::TooSmall { .. } => Rule::B1,
        OpenError::NotAHive { .. } => Rule::B2,
        OpenError::Checksum { .. } => Rule::B3,
        OpenError::Field { offset, .. } => match offset {
            0x14 => Rule::B4,
            0x18 => Rule::B5,
            0x1C => Rule::B6,
            0x20 => Rule::B7,
            _ => Rule::B8,
        },
        OpenError::Pending { .. } => Rule::B9,
        OpenError::BinsSize { .. } => Rule::B10,
        OpenError::Truncated { .. } => Rule::B11,
        OpenError::Differencing => Rule::B15,
        OpenError::Root(cause) => match cause {
            ReadError::Signature { .. } => Rule::K3,
            ReadError::Short { needed, .. } if *needed > size_of::<KeyNode>() => Rule::K6,
            ReadError::Short { .. } => Rule::K2,
            _ => Rule::K1,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_describes_its_own_rule() {
        for (place, row) in RULES.iter().enumerate() {
            assert_eq!(row.rule as usize, place, "{}", row.id);
            assert_eq!(row.rule.to_string(), row.id);
            assert!(
                !row.says.is_empty() && !row.because.is_empty(),
                "{}",
                row.id
            );
        }
    }

    #[test]
    fn what_windows_drops_or_rejects_stops_an_edit() {
        for row in RULES {
            assert!(
                row.blocks_edit || row.effect == Effect::Ignored,
                "{} is {} but passes",
                row.id,
                row.effect
            );
        }
    }
}

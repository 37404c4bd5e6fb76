//! What can be changed on a disk, as data.
//!
//! Invariants: the vocabulary is closed; an edit names its target completely and can be compared.
//! Absent on purpose: why an edit is made, and how.

use hive::RegData;
use hive::reg::Operation;
use std::fmt;

/// The hives this program edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HiveName {
    /// `HKLM\SYSTEM`.
    System,
    /// `HKLM\SOFTWARE`.
    Software,
}

impl HiveName {
    /// All of them, in the order in which they are committed.
    pub const ALL: [HiveName; 2] = [HiveName::System, HiveName::Software];

    /// The file's name, as Windows spells it.
    pub fn file_name(self) -> &'static str {
        match self {
            HiveName::System => "SYSTEM",
            HiveName::Software => "SOFTWARE",
        }
    }

    /// The hive of that file name, case-insensitively.
    pub fn of(name: &str) -> Option<HiveName> {
        HiveName::ALL
            .into_iter()
            .find(|hive| hive.file_name().eq_ignore_ascii_case(name))
    }

    /// Where the file lies on the disk.
    pub fn path(self) -> String {
        format!(r"Windows\System32\config\{}", self.file_name())
    }
}

impl fmt::Display for HiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.file_name())
    }
}

/// A value of a key of a hive.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The hive.
    pub hive: HiveName,
    /// The key's path below the root of the hive.
    pub key: String,
    /// The value's name; empty for the default value.
    pub name: String,
}

impl Target {
    /// Whether Windows would take both for the same value.
    pub fn same(&self, other: &Target) -> bool {
        self.hive == other.hive
            && same_name(&self.key, &other.key)
            && same_name(&self.name, &other.name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() {
            "(default)"
        } else {
            &self.name
        };
        write!(f, r"HKLM\{}\{} {name}", self.hive, self.key)
    }
}

/// Whether the registry takes both names (or paths) for the same.
pub fn same_name(left: &str, right: &str) -> bool {
    hive::name::compare(left.encode_utf16(), right.encode_utf16()).is_eq()
}

/// One change of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Gives a value type and data; the value and its key are created when they are missing.
    SetValue(Target, RegData),
    /// Deletes a value.
    DeleteValue(Target),
}

impl Edit {
    /// The value it is about.
    pub fn target(&self) -> &Target {
        match self {
            Edit::SetValue(target, _) | Edit::DeleteValue(target) => target,
        }
    }

    /// The same as an operation on its hive.
    pub fn operation(&self) -> Operation {
        let Target { key, name, .. } = self.target().clone();
        let key = key.into();
        match self {
            Edit::SetValue(_, data) => Operation::SetValue {
                key,
                name,
                data: data.clone(),
            },
            Edit::DeleteValue(_) => Operation::DeleteValue { key, name },
        }
    }

    /// Type and data it leaves behind; `None` when it leaves no value.
    pub fn after(&self) -> Option<&RegData> {
        match self {
            Edit::SetValue(_, data) => Some(data),
            Edit::DeleteValue(_) => None,
        }
    }
}

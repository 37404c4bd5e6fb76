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
    /// The boot configuration store that the firmware uses.
    Bcd,
}

impl HiveName {
    /// All of them, in the order in which they are committed.
    pub const ALL: [HiveName; 3] = [HiveName::System, HiveName::Software, HiveName::Bcd];

    /// The file's name, as Windows spells it.
    pub fn file_name(self) -> &'static str {
        match self {
            HiveName::System => "SYSTEM",
            HiveName::Software => "SOFTWARE",
            HiveName::Bcd => "BCD",
        }
    }

    /// The hive of that file name, case-insensitively.
    pub fn of(name: &str) -> Option<HiveName> {
        HiveName::ALL
            .into_iter()
            .find(|hive| hive.file_name().eq_ignore_ascii_case(name))
    }

    /// Its root key as people write it.
    pub fn root_key(self) -> &'static str {
        match self {
            HiveName::System => r"HKLM\SYSTEM",
            HiveName::Software => r"HKLM\SOFTWARE",
            HiveName::Bcd => "BCD",
        }
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

impl Target {
    /// The key that is there for this value alone, and goes with it: an element or object of a
    /// boot configuration store, a certificate in a store of the machine.
    fn own_key(&self) -> Option<&str> {
        match self.hive {
            HiveName::Bcd => bcd::key_of_value(&self.key, &self.name),
            HiveName::Software => self.is_certificate().then_some(self.key.as_str()),
            HiveName::System => None,
        }
    }

    fn is_certificate(&self) -> bool {
        let parts: Vec<&str> = self.key.split('\\').collect();
        let [microsoft, stores, _, certificates, thumbprint] = parts.as_slice() else {
            return false;
        };
        same_name(microsoft, "Microsoft")
            && same_name(stores, "SystemCertificates")
            && same_name(certificates, "Certificates")
            && thumbprint.len() == 40
            && thumbprint.bytes().all(|digit| digit.is_ascii_hexdigit())
            && same_name(&self.name, "Blob")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() {
            "(default)"
        } else {
            &self.name
        };
        write!(f, r"{}\{} {name}", self.hive.root_key(), self.key)
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
    /// An operation on the boot configuration store. Keys that have no value of their own come
    /// with the values below them.
    pub fn of_store(operation: &Operation) -> Option<Edit> {
        let target = |name: &str| Target {
            hive: HiveName::Bcd,
            key: operation.key().to_owned(),
            name: name.to_owned(),
        };
        match operation {
            Operation::SetValue { name, data, .. } => {
                Some(Edit::SetValue(target(name), data.clone()))
            }
            Operation::DeleteValue { name, .. } => Some(Edit::DeleteValue(target(name))),
            Operation::DeleteKey(_) => Some(Edit::DeleteValue(target(bcd::path::ELEMENT))),
            Operation::CreateKey(_) => None,
        }
    }

    /// The value it is about.
    pub fn target(&self) -> &Target {
        match self {
            Edit::SetValue(target, _) | Edit::DeleteValue(target) => target,
        }
    }

    /// The same as an operation on its hive. An element of a boot configuration store is a key
    /// with one value, an object one with a type, a certificate one with its properties: without
    /// it the key goes too.
    pub fn operation(&self) -> Operation {
        let Target { key, name, .. } = self.target().clone();
        let key = key.into();
        match self {
            Edit::SetValue(_, data) => Operation::SetValue {
                key,
                name,
                data: data.clone(),
            },
            Edit::DeleteValue(target) => match target.own_key() {
                Some(key) => Operation::DeleteKey(key.into()),
                None => Operation::DeleteValue { key, name },
            },
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

#[cfg(test)]
mod tests {
    use super::*;

    const THUMBPRINT: &str = "0123456789ABCDEF0123456789abcdef01234567";

    fn deletes(hive: HiveName, key: &str, name: &str) -> Operation {
        let (key, name) = (key.to_owned(), name.to_owned());
        Edit::DeleteValue(Target { hive, key, name }).operation()
    }

    #[test]
    fn a_certificate_goes_with_its_only_value() {
        let key = format!(r"microsoft\SystemCertificates\Remote Desktop\Certificates\{THUMBPRINT}");
        let gone = deletes(HiveName::Software, &key, "blob");
        assert_eq!(gone, Operation::DeleteKey(key.as_str().into()));
        for (hive, key, name) in [
            (HiveName::System, key.clone(), "Blob"),
            (HiveName::Software, key.clone(), "Other"),
            (HiveName::Software, format!(r"{key}\Below"), "Blob"),
            (
                HiveName::Software,
                key.replace("Remote Desktop", "A\\B"),
                "Blob",
            ),
            (HiveName::Software, key.replace("0123", "123"), "Blob"),
            (HiveName::Software, key.replace("0123", "G123"), "Blob"),
            (
                HiveName::Software,
                key.replace("Certificates\\0", "CRLs\\0"),
                "Blob",
            ),
        ] {
            let stays = matches!(deletes(hive, &key, name), Operation::DeleteValue { .. });
            assert!(stays, "{key} {name}");
        }
    }
}

//! Control sets: which exist, which one the next boot uses, and which are in scope.
//!
//! Invariants: a control set is never created; numbers are three decimal digits; a `Select` value
//! that points at a missing set is kept as it is and never followed.
//! Absent on purpose: what stands inside a control set.

use hive::{Hive, ReadError};
use std::fmt;
use std::str::FromStr;

/// The four numbers of `SYSTEM\Select`; `None` where a value is missing or no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Select {
    /// The set of the last boot.
    pub current: Option<u32>,
    /// The set of the next boot.
    pub default: Option<u32>,
    /// The set that failed, 0 for none.
    pub failed: Option<u32>,
    /// The set of the last boot that reached a logon.
    pub last_known_good: Option<u32>,
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |number: Option<u32>| number.map_or("missing".to_owned(), |n| n.to_string());
        write!(
            f,
            "Current {}, Default {}, Failed {}, LastKnownGood {}",
            show(self.current),
            show(self.default),
            show(self.failed),
            show(self.last_known_good)
        )
    }
}

/// The control sets of a SYSTEM hive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSets {
    /// What `Select` says.
    pub select: Select,
    /// The numbers that exist, ascending.
    pub existing: Vec<u32>,
}

/// Which control sets a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every one that exists.
    #[default]
    All,
    /// The one that boots next.
    Boot,
    /// The one with this number.
    Number(u32),
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Scope, String> {
        match text {
            "all" => Ok(Scope::All),
            "boot" => Ok(Scope::Boot),
            digits => match digits.parse() {
                Ok(number @ 1..=999) => Ok(Scope::Number(number)),
                _ => Err(format!(
                    "{digits:?} is not `all`, `boot` or a number from 1 to 999"
                )),
            },
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::All => f.write_str("all"),
            Scope::Boot => f.write_str("boot"),
            Scope::Number(number) => write!(f, "{number}"),
        }
    }
}

impl ControlSets {
    /// Reads them from a SYSTEM hive.
    ///
    /// # Errors
    /// When the root or `Select` cannot be read.
    pub fn of(system: &Hive) -> Result<ControlSets, ReadError> {
        let mut select = Select::default();
        if let Some(key) = system.key("Select")? {
            let number = |name| match key.value(name)? {
                Some(value) => Ok(value.read()?.as_dword()),
                None => Ok(None),
            };
            select = Select {
                current: number("Current")?,
                default: number("Default")?,
                failed: number("Failed")?,
                last_known_good: number("LastKnownGood")?,
            };
        }
        let names = system.root()?.subkeys()?;
        let mut existing: Vec<u32> = names
            .iter()
            .filter_map(|key| number_of(&key.name().to_string()))
            .collect();
        existing.sort_unstable();
        Ok(ControlSets { select, existing })
    }

    /// The set the next boot uses: `Default`, else `Current`, if it exists.
    pub fn boot(&self) -> Option<u32> {
        let wanted = self.select.default.or(self.select.current)?;
        self.existing.contains(&wanted).then_some(wanted)
    }

    /// The numbers of those that exist, for people: `001, 003`, or `none`.
    pub fn listed(&self) -> String {
        let numbers: Vec<String> = self.existing.iter().map(|n| format!("{n:03}")).collect();
        match numbers.as_slice() {
            [] => "none".to_owned(),
            numbers => numbers.join(", "),
        }
    }

    /// The sets in a scope; empty when the scope names one that does not exist.
    pub fn in_scope(&self, scope: Scope) -> Vec<u32> {
        match scope {
            Scope::All => self.existing.clone(),
            Scope::Boot => self.boot().into_iter().collect(),
            Scope::Number(number) => self
                .existing
                .iter()
                .copied()
                .filter(|&set| set == number)
                .collect(),
        }
    }
}

/// The key of a control set, `ControlSet001` for 1.
pub fn key_of(number: u32) -> String {
    format!("ControlSet{number:03}")
}

fn number_of(name: &str) -> Option<u32> {
    let digits = name.get(10..).filter(|digits| digits.len() == 3)?;
    let is_set = name.get(..10)?.eq_ignore_ascii_case("ControlSet");
    if is_set && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.parse().ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_digits_make_a_set() {
        assert_eq!(number_of("ControlSet001"), Some(1));
        assert_eq!(number_of("CONTROLSET010"), Some(10));
        for name in [
            "ControlSet1",
            "ControlSet0001",
            "ControlSet00x",
            "Control",
            "ControlSet+01",
        ] {
            assert_eq!(number_of(name), None, "{name}");
        }
        assert_eq!(key_of(10), "ControlSet010");
    }

    #[test]
    fn a_select_that_points_nowhere_boots_nothing() {
        let select = Select {
            default: Some(2),
            current: Some(1),
            ..Select::default()
        };
        let sets = ControlSets {
            select,
            existing: vec![1, 3],
        };
        assert_eq!(sets.boot(), None);
        assert_eq!(sets.in_scope(Scope::All), [1, 3]);
        assert_eq!(sets.in_scope(Scope::Number(2)), []);
        assert_eq!(sets.in_scope(Scope::Boot), []);
        assert_eq!(sets.listed(), "001, 003");
        let nothing = ControlSets {
            existing: Vec::new(),
            ..sets
        };
        assert_eq!(nothing.listed(), "none");
    }

    #[test]
    fn scopes_are_spelled_as_the_command_line_spells_them() {
        for text in ["all", "boot", "3"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        assert!("0".parse::<Scope>().is_err());
        assert!("second".parse::<Scope>().is_err());
    }
}

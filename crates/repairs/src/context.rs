//! What a repair sees: keys of the offline volume, how it was asked for, and its parameters.
//!
//! Invariants: read-only; a value that cannot be read is an error, never "missing".
//! Absent on purpose: other repairs.

use crate::finding::{Certainty, Change, Finding, Kind, Offer};
use std::collections::BTreeMap;
use std::fmt;
use thiserror::Error;
use volume::control_set::key_of;
use volume::{Edit, HiveName, Target, Volume};

use hive::{Key, ReadError, RegData};

/// A repair could not look.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A key cannot be read.
    #[error(r"cannot read {}\{key}", hive.root_key())]
    Read {
        /// The hive.
        hive: HiveName,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// A hive the repair needs is there and cannot be looked at.
    #[error("{hive} cannot be looked at: {reason}")]
    Hive {
        /// The hive.
        hive: HiveName,
        /// Why, as the volume says.
        reason: String,
    },
    /// There is no boot configuration store, or none that the firmware surely uses.
    #[error("no boot configuration to look at: {reason}")]
    NoBoot {
        /// Why.
        reason: String,
    },
    /// The disk cannot be looked at.
    #[error("cannot look at the disk: {0}")]
    Disk(String),
    /// What was asked for is not done, for a reason.
    #[error("{0}")]
    Refused(String),
    /// What the disk has is not shown where it is attached.
    #[error("{0}")]
    NotSeen(String),
}

impl Error {
    /// Whether it says nothing about the rest of a recipe: boot files that are elsewhere or odd,
    /// permissions that are not shown here.
    pub fn spares_the_rest(&self) -> bool {
        match self {
            Error::NoBoot { .. } | Error::NotSeen(_) => true,
            Error::Read { hive, .. } | Error::Hive { hive, .. } => *hive == HiveName::Bcd,
            Error::Disk(_) | Error::Refused(_) => false,
        }
    }
}

/// How a repair is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// With everything else: only what is a fault by itself is cured.
    Look,
    /// Under a symptom it belongs to.
    Symptom,
    /// By its name: an on-request repair adds its changes.
    Named,
    /// As the source article does it.
    Article,
}

impl Ask {
    /// Whether the operator wants the repair itself, evidence or not.
    pub fn wants_it(self) -> bool {
        self >= Ask::Named
    }
}

/// Who is told how many files and folders a long walk has seen.
#[derive(Clone, Copy)]
pub struct Walked<'v>(pub &'v dyn Fn(usize));

impl fmt::Debug for Walked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Walked")
    }
}

/// Everything a repair may look at.
#[derive(Debug)]
pub struct Context<'v> {
    /// The volume.
    pub volume: &'v Volume,
    /// The control sets in scope.
    pub sets: Vec<u32>,
    /// The time of the run, as FILETIME.
    pub now: u64,
    /// Who is told how far a long walk is.
    pub walked: Walked<'v>,
    /// How the repair is asked for.
    pub ask: Ask,
    /// This repair's parameters as the operator set them.
    pub parameters: BTreeMap<String, String>,
}

impl<'v> Context<'v> {
    /// The root keys of the control sets in scope.
    pub fn control_sets(&self) -> Vec<Place<'v>> {
        self.sets
            .iter()
            .map(|&number| self.system(&key_of(number)))
            .collect()
    }

    /// A key of SYSTEM.
    pub fn system(&self, key: &str) -> Place<'v> {
        Place {
            volume: self.volume,
            hive: HiveName::System,
            key: key.to_owned(),
        }
    }

    /// A key of SOFTWARE; `None` when the disk has no SOFTWARE hive.
    ///
    /// # Errors
    /// When the hive is there and cannot be looked at.
    pub fn software(&self, key: &str) -> Result<Option<Place<'v>>, Error> {
        let hive = HiveName::Software;
        match self.volume.software() {
            Ok(_) => Ok(Some(Place {
                volume: self.volume,
                hive,
                key: key.to_owned(),
            })),
            Err(volume::VolumeError::Missing { .. }) => Ok(None),
            Err(error) => Err(Error::Hive {
                hive,
                reason: chain(error),
            }),
        }
    }

    /// Major and minor version of this Windows, from the kernel file, else from the build number
    /// in SOFTWARE; `None` when neither is there.
    ///
    /// # Errors
    /// When a key on the way cannot be read.
    pub fn windows_version(&self) -> Result<Option<(u16, u16)>, Error> {
        let facts = self.installation()?;
        if let Some(kernel) = facts.kernel {
            return Ok(Some((kernel.major, kernel.minor)));
        }
        let build = facts.build.as_deref().and_then(|build| {
            let number = build.split('.').next()?;
            number.trim().parse().ok()
        });
        Ok(build.map(version_of_build))
    }

    /// Whose disk this is.
    ///
    /// # Errors
    /// When a key on the way cannot be read.
    pub fn installation(&self) -> Result<volume::Installation, Error> {
        let facts = self.volume.installation();
        facts.map_err(|error| Error::Disk(chain(&error)))
    }

    /// A parameter as the operator set it.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// The version a build number belongs to.
fn version_of_build(build: u32) -> (u16, u16) {
    match build {
        10240.. => (10, 0),
        9600.. => (6, 3),
        9200.. => (6, 2),
        7600.. => (6, 1),
        6000.. => (6, 0),
        3790.. => (5, 2),
        2600.. => (5, 1),
        _ => (5, 0),
    }
}

/// An error with its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What a value that should be a number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// There is no such value.
    Missing,
    /// A `REG_DWORD`.
    Is(u32),
    /// Something else.
    Other(RegData),
}

impl Number {
    /// Whether it is this number.
    pub fn is(&self, number: u32) -> bool {
        *self == Number::Is(number)
    }

    /// Whether there is such a value.
    pub fn exists(&self) -> bool {
        *self != Number::Missing
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Missing => f.write_str("missing"),
            Number::Is(number) => write!(f, "0x{number:x}"),
            Number::Other(data) => write!(f, "{} {data}", data.kind),
        }
    }
}

/// A key, whether it exists or not.
#[derive(Clone, Debug)]
pub struct Place<'v> {
    volume: &'v Volume,
    /// The hive.
    pub hive: HiveName,
    /// The key's path below the root of the hive.
    pub key: String,
}

impl<'v> Place<'v> {
    /// A key below this one.
    pub fn below(&self, path: &str) -> Place<'v> {
        Place {
            volume: self.volume,
            hive: self.hive,
            key: format!(r"{}\{path}", self.key),
        }
    }

    /// Whether the key exists.
    ///
    /// # Errors
    /// When the way to it cannot be read.
    pub fn exists(&self) -> Result<bool, Error> {
        Ok(self.open()?.is_some())
    }

    /// When the key was last written, as FILETIME.
    ///
    /// # Errors
    /// When the way to it cannot be read.
    pub fn written(&self) -> Result<Option<u64>, Error> {
        Ok(self
            .open()?
            .map(Key::last_written)
            .filter(|&time| time != 0))
    }

    /// A value.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<RegData>, Error> {
        self.volume
            .read(&self.target(name))
            .map_err(|source| self.failed(source))
    }

    /// A value that should be a `REG_DWORD`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn number(&self, name: &str) -> Result<Number, Error> {
        Ok(match self.read(name)? {
            None => Number::Missing,
            Some(data) => data.as_dword().map_or(Number::Other(data), Number::Is),
        })
    }

    /// A value that should be a text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.read(name)?.and_then(|data| data.as_text()))
    }

    /// The names of all values, in order of creation.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn value_names(&self) -> Result<Vec<String>, Error> {
        let Some(key) = self.open()? else {
            return Ok(Vec::new());
        };
        let values = key.values().map_err(|source| self.failed(source))?;
        Ok(values
            .into_iter()
            .map(|value| value.name().to_string())
            .collect())
    }

    /// Names and data of all values, in order of creation.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn values(&self) -> Result<Vec<(String, RegData)>, Error> {
        let Some(key) = self.open()? else {
            return Ok(Vec::new());
        };
        let values = key.values().map_err(|source| self.failed(source))?;
        let read = values.into_iter().map(|value| {
            let data = value.read().map_err(|source| self.failed(source))?;
            Ok((value.name().to_string(), data))
        });
        read.collect()
    }

    /// The names of all subkeys.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn subkey_names(&self) -> Result<Vec<String>, Error> {
        let Some(key) = self.open()? else {
            return Ok(Vec::new());
        };
        let keys = key.subkeys().map_err(|source| self.failed(source))?;
        Ok(keys.into_iter().map(|key| key.name().to_string()).collect())
    }

    /// The change that gives a value this data.
    pub fn set(&self, kind: Kind, name: &str, data: RegData) -> Change {
        Change {
            kind,
            edit: Edit::SetValue(self.target(name), data),
        }
    }

    /// The change that deletes a value.
    pub fn delete(&self, kind: Kind, name: &str) -> Change {
        Change {
            kind,
            edit: Edit::DeleteValue(self.target(name)),
        }
    }

    /// A finding about this key, without cure yet.
    ///
    /// # Errors
    /// When the key's time stamp cannot be read.
    pub fn finding(
        &self,
        offer: Offer,
        certainty: Certainty,
        title: impl Into<String>,
    ) -> Result<Finding, Error> {
        let place = format!(r"{}\{}", self.hive.root_key(), self.key);
        Ok(Finding {
            written: self.written()?,
            ..Finding::new(offer, certainty, title, place)
        })
    }

    fn target(&self, name: &str) -> Target {
        Target {
            hive: self.hive,
            key: self.key.clone(),
            name: name.to_owned(),
        }
    }

    /// The key itself, for walks that go deeper than a name or a value; `None` where there is none.
    pub(crate) fn open(&self) -> Result<Option<Key<'v>>, Error> {
        match self.volume.hive(self.hive) {
            Ok(loaded) => loaded
                .hive
                .key(&self.key)
                .map_err(|source| self.failed(source)),
            Err(error) => Err(Error::Hive {
                hive: self.hive,
                reason: chain(error),
            }),
        }
    }

    /// What could not be read at this key.
    pub(crate) fn failed(&self, source: ReadError) -> Error {
        Error::Read {
            hive: self.hive,
            key: self.key.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_numbers_belong_to_versions() {
        let table = [
            (2195, (5, 0)),
            (2600, (5, 1)),
            (3790, (5, 2)),
            (6002, (6, 0)),
            (7601, (6, 1)),
            (9200, (6, 2)),
            (9600, (6, 3)),
            (10240, (10, 0)),
            (26100, (10, 0)),
        ];
        for (build, version) in table {
            assert_eq!(version_of_build(build), version, "{build}");
        }
    }
}

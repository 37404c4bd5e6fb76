//! One hive with its logs, as Windows would load it.
//!
//! Invariants: pending log entries are applied in memory; the hash of the primary file is known;
//! the full check has been run. Absent on purpose: which hives a Windows has.

use crate::volume::VolumeError;
use disk::Root;
use hive::check::Report;
use hive::commit::{Files, Member};
use hive::log::{self, LogFormat};
use hive::recover::{Recovered, Recovery};
use hive::upcase::Upcase;
use hive::{Hive, ReadError, RegData};

/// No hive or log is larger: 2 GiB of bins, their header, and room behind.
const HIVE_LIMIT: u64 = (2 << 30) + (1 << 20);

/// A hive as Windows would load it, and its files as they lie on the disk.
#[derive(Debug)]
pub struct Loaded {
    /// Its name.
    pub name: String,
    /// Which of the volume's roots it lies below; 0 is the drive.
    pub root: usize,
    /// The primary file's path below the root.
    pub path: String,
    /// The hive, with its pending log entries applied in memory.
    pub hive: Hive,
    /// What was pending; `None` for a hive that is clean on the disk.
    pub recovery: Option<Recovery>,
    /// The logs. `primary` is empty when the hive itself holds its bytes.
    pub logs: Files,
    /// Size and SHA-256 of the primary file.
    pub stamp: disk::Stamp,
    /// What the check found.
    pub report: Report,
}

impl Loaded {
    /// Reads a hive and its logs, and checks it under the built-in upper-case table.
    ///
    /// # Errors
    /// When it is not there, or not one this program works with; a hive with defects is returned
    /// with its report.
    pub fn read(root: &Root, path: &str, name: &str) -> Result<Loaded, VolumeError> {
        Loaded::read_under(&Upcase::built_in(), root, path, name)
    }

    /// As [`Loaded::read`], under the upper-case table of the installation the hive belongs to.
    pub(crate) fn read_under(
        upcase: &Upcase,
        root: &Root,
        path: &str,
        name: &str,
    ) -> Result<Loaded, VolumeError> {
        let files = Loaded::files_of(root, path)?;
        let stamp = disk::Stamp::of(&files.primary);
        let (Recovered { hive, recovery }, logs) =
            hive::recover::load(files).map_err(|source| VolumeError::Hive {
                hive: path.to_owned(),
                source: Box::new(source),
            })?;
        let hive = hive.with_upcase(upcase.clone());
        let report = hive::check::check(&hive);
        let (name, path) = (name.to_owned(), path.to_owned());
        Ok(Loaded {
            name,
            root: 0,
            path,
            hive,
            recovery,
            logs,
            stamp,
            report,
        })
    }

    /// Reads the files of a hive.
    ///
    /// # Errors
    /// When the primary is not there, or a file cannot be read.
    pub fn files_of(root: &Root, path: &str) -> Result<Files, VolumeError> {
        let missing = || VolumeError::Missing {
            hive: path.to_owned(),
        };
        let log = |member: Member| root.read(&format!("{path}{}", member.suffix()), HIVE_LIMIT);
        Ok(Files {
            primary: root.read(path, HIVE_LIMIT)?.ok_or_else(missing)?,
            log: log(Member::Log)?,
            log1: log(Member::Log1)?,
            log2: log(Member::Log2)?,
        })
    }

    /// What the logs themselves say about their format, each with its answer.
    pub fn log_evidence(&self) -> Vec<(String, LogFormat)> {
        [Member::Log1, Member::Log2, Member::Log]
            .into_iter()
            .filter_map(|member| {
                let format = log::format_of(self.logs.get(member)?)?;
                Some((format!("{}{}", self.name, member.suffix()), format))
            })
            .collect()
    }

    /// The same, unless the check found defects that an edit could make worse.
    ///
    /// # Errors
    /// [`VolumeError::Damaged`].
    pub fn sound(self) -> Result<Loaded, VolumeError> {
        if self.report.is_sound() {
            Ok(self)
        } else {
            Err(VolumeError::Damaged {
                hive: self.path,
                report: Box::new(self.report),
            })
        }
    }

    /// What a value holds; `None` when it or its key is not there.
    ///
    /// # Errors
    /// When something on the way cannot be read.
    pub fn read_value(&self, key: &str, name: &str) -> Result<Option<RegData>, ReadError> {
        let Some(key) = self.hive.key(key)? else {
            return Ok(None);
        };
        key.value(name)?.map(hive::Value::read).transpose()
    }

    /// One of the files as it lies on the disk, if it exists.
    pub fn file(&self, member: Member) -> Option<&[u8]> {
        match (member, &self.recovery) {
            (Member::Primary, None) => Some(self.hive.bytes()),
            _ => self.logs.get(member).map(Vec::as_slice),
        }
    }

    /// The files as they lie on the disk, copied.
    pub fn files(&self) -> Files {
        match self.recovery {
            Some(_) => self.logs.clone(),
            None => Files {
                primary: self.hive.bytes().to_vec(),
                ..self.logs.without_primary()
            },
        }
    }
}

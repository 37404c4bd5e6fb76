//! An offline Windows installation, opened for reading.
//!
//! Invariants: SYSTEM has passed the full check, with pending log entries applied in memory; the
//! hash of every file a plan depends on is known. SOFTWARE is read at the first question.
//! Absent on purpose: writing (see [`crate::commit`]) and judging (see the crate `repairs`).

use crate::control_set::ControlSets;
use crate::edit::{HiveName, Target};
use crate::installation::Installation;
use crate::kernel::Version;
use disk::{Root, WalkError};
use hive::check::Report;
use hive::commit::{Files, Member};
use hive::log::{self, LogFormat};
use hive::recover::{RecoverError, Recovered, Recovery};
use hive::{Hive, ReadError, RegData};
use std::sync::OnceLock;
use thiserror::Error;

/// No hive or log is larger: 2 GiB of bins, their header, and room behind.
const HIVE_LIMIT: u64 = (2 << 30) + (1 << 20);
/// No kernel is larger.
const KERNEL_LIMIT: u64 = 64 << 20;

/// Why a drive could not be looked at.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// There is no `Windows\System32\config`.
    #[error("there is no Windows in {root}: no folder {missing}")]
    NoWindows {
        /// The root.
        root: String,
        /// The folder that is not there.
        missing: &'static str,
    },
    /// A hive is not there.
    #[error("{hive} is missing")]
    Missing {
        /// The hive.
        hive: String,
    },
    /// A path cannot be walked or read.
    #[error("cannot look at the disk")]
    Walk(#[from] WalkError),
    /// A file is not a hive this program works with.
    #[error("{hive}")]
    Hive {
        /// The hive.
        hive: String,
        /// Why.
        #[source]
        source: Box<RecoverError>,
    },
    /// The check found defects.
    #[error(
        "{} is damaged: {} defects, the first: {}",
        hive, report.blocking, report.first_blocking()
    )]
    Damaged {
        /// The hive.
        hive: String,
        /// The defects.
        report: Box<Report>,
    },
    /// Something inside a hive cannot be read.
    #[error("{hive}")]
    Read {
        /// The hive.
        hive: String,
        /// Why.
        #[source]
        source: ReadError,
    },
}

/// A hive as Windows would load it, and its files as they lie on the disk.
#[derive(Debug)]
pub struct Loaded {
    /// Its name.
    pub name: String,
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
    /// Reads a hive and its logs, and checks it.
    ///
    /// # Errors
    /// When it is not there, or not one this program works with; a hive with defects is returned
    /// with its report.
    pub fn read(root: &Root, path: &str, name: &str) -> Result<Loaded, VolumeError> {
        let files = Loaded::files_of(root, path)?;
        let stamp = disk::Stamp::of(&files.primary);
        let (Recovered { hive, recovery }, logs) =
            hive::recover::load(files).map_err(|source| VolumeError::Hive {
                hive: path.to_owned(),
                source: Box::new(source),
            })?;
        let report = hive::check::check(&hive);
        let (name, path) = (name.to_owned(), path.to_owned());
        Ok(Loaded {
            name,
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

    /// The files as they lie on the disk.
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

/// An offline Windows installation.
#[derive(Debug)]
pub struct Volume {
    root: Root,
    system: Loaded,
    software: OnceLock<Result<Loaded, VolumeError>>,
    sets: ControlSets,
    kernel: Option<Version>,
}

impl Volume {
    /// Finds Windows below a root and reads its SYSTEM hive.
    ///
    /// # Errors
    /// When there is no Windows, or SYSTEM is missing, damaged or has log entries pending.
    pub fn open(root: Root) -> Result<Volume, VolumeError> {
        for folder in ["Windows", r"Windows\System32", r"Windows\System32\config"] {
            if root.find(folder)?.is_none() {
                let root = root.path().display().to_string();
                return Err(VolumeError::NoWindows {
                    root,
                    missing: folder,
                });
            }
        }
        let system = read(&root, HiveName::System)?;
        let sets = ControlSets::of(&system.hive).map_err(|source| VolumeError::Read {
            hive: HiveName::System.path(),
            source,
        })?;
        // A compressed kernel is a reparse point: its version is then not known.
        let kernel = root
            .read(r"Windows\System32\ntoskrnl.exe", KERNEL_LIMIT)
            .ok()
            .flatten()
            .and_then(|file| Version::of_file(&file));
        Ok(Volume {
            root,
            system,
            software: OnceLock::new(),
            sets,
            kernel,
        })
    }

    /// The root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// SYSTEM.
    pub fn system(&self) -> &Loaded {
        &self.system
    }

    /// SOFTWARE, read at the first call.
    ///
    /// # Errors
    /// Why it cannot be looked at; [`VolumeError::Missing`] when there is none.
    pub fn software(&self) -> Result<&Loaded, &VolumeError> {
        self.software
            .get_or_init(|| read(&self.root, HiveName::Software))
            .as_ref()
    }

    /// A hive by name.
    ///
    /// # Errors
    /// As [`Volume::software`].
    pub fn hive(&self, name: HiveName) -> Result<&Loaded, &VolumeError> {
        match name {
            HiveName::System => Ok(&self.system),
            HiveName::Software => self.software(),
        }
    }

    /// The control sets.
    pub fn control_sets(&self) -> &ControlSets {
        &self.sets
    }

    /// Whose disk this is.
    ///
    /// # Errors
    /// When a key on the way cannot be read.
    pub fn installation(&self) -> Result<Installation, VolumeError> {
        let software = self.software().ok().map(|loaded| &loaded.hive);
        Installation::of(&self.system.hive, software, self.kernel, &self.sets).map_err(|source| {
            VolumeError::Read {
                hive: HiveName::System.path(),
                source,
            }
        })
    }

    /// What a value holds now; nothing when its hive is not there or cannot be looked at, which
    /// [`Volume::hive`] tells apart.
    ///
    /// # Errors
    /// When something on the way cannot be read.
    pub fn read(&self, target: &Target) -> Result<Option<RegData>, ReadError> {
        let Ok(loaded) = self.hive(target.hive) else {
            return Ok(None);
        };
        let Some(key) = loaded.hive.key(&target.key)? else {
            return Ok(None);
        };
        key.value(&target.name)?.map(hive::Value::read).transpose()
    }

    /// What the disk says about the format of its Windows' transaction logs: each witness with
    /// its answer. Empty when nothing is known.
    pub fn log_evidence(&self) -> Vec<(String, LogFormat)> {
        let mut evidence = Vec::new();
        let format = |new| if new { LogFormat::New } else { LogFormat::Old };
        if let Some(kernel) = self.kernel {
            evidence.push((format!("kernel {kernel}"), format(kernel.has_new_logs())));
        }
        evidence.extend(self.system.log_evidence());
        let build = self
            .software()
            .ok()
            .and_then(|software| build_of(&software.hive));
        if let Some(build) = build {
            // 9600 is Windows 8.1.
            evidence.push((format!("CurrentBuild {build}"), format(build >= 9600)));
        }
        evidence
    }
}

fn build_of(software: &Hive) -> Option<u32> {
    let key = software
        .key(r"Microsoft\Windows NT\CurrentVersion")
        .ok()??;
    let text = key.value("CurrentBuild").ok()??.read().ok()?.as_text()?;
    text.parse().ok()
}

/// Reads one of the hives of an installation.
fn read(root: &Root, name: HiveName) -> Result<Loaded, VolumeError> {
    let loaded = Loaded::read(root, &name.path(), name.file_name())?;
    if loaded.report.is_sound() {
        Ok(loaded)
    } else {
        Err(VolumeError::Damaged {
            hive: name.path(),
            report: Box::new(loaded.report),
        })
    }
}

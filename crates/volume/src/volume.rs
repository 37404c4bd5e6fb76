//! An offline Windows installation, opened for reading.
//!
//! Invariants: SYSTEM has passed the full check, with pending log entries applied in memory; the
//! hash of every file a plan depends on is known. SOFTWARE is read at the first question.
//! Absent on purpose: writing (see [`crate::commit`]) and judging (see the crate `repairs`).

use crate::boot::{self, Stores};
use crate::control_set::ControlSets;
use crate::edit::{HiveName, Target};
use crate::installation::Installation;
use crate::kernel::Version;
use crate::loaded::Loaded;
use disk::partition::Table;
use disk::{Origin, OriginError, Root, WalkError};
use hive::check::Report;
use hive::log::LogFormat;
use hive::recover::RecoverError;
use hive::upcase::Upcase;
use hive::{Hive, ReadError, RegData};
use std::sync::OnceLock;
use thiserror::Error;

/// No upper-case table is larger.
const TABLE_LIMIT: u64 = 1 << 20;
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
    /// No boot configuration store was found, or none that the firmware surely uses.
    #[error("no boot configuration: {reason}")]
    NoStore {
        /// Why.
        reason: String,
    },
    /// The named file is a hive, but no boot configuration store.
    #[error("{path}")]
    NotAStore {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: bcd::StoreError,
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

/// The folder of the hives of a Windows.
const CONFIG: &str = r"Windows\System32\config";

/// Where to look for boot files, besides the drive.
#[derive(Debug, Default)]
pub struct BootFiles {
    /// The system partition, or the folder of a store that the operator named.
    pub root: Option<Root>,
    /// The store the operator named, below that root.
    pub store: Option<String>,
}

/// An offline Windows installation.
#[derive(Debug)]
pub struct Volume {
    root: Root,
    boot_files: BootFiles,
    upcase: Upcase,
    system: Loaded,
    software: OnceLock<Result<Loaded, VolumeError>>,
    origins: OnceLock<Vec<Result<Origin, OriginError>>>,
    stores: OnceLock<Result<Stores, VolumeError>>,
    store: OnceLock<Result<Loaded, VolumeError>>,
    sets: ControlSets,
    kernel: Option<Version>,
}

impl Volume {
    /// Finds Windows below a root and reads its SYSTEM hive.
    ///
    /// # Errors
    /// When there is no Windows, or SYSTEM is missing, damaged or has log entries pending.
    pub fn open(root: Root) -> Result<Volume, VolumeError> {
        for folder in ["Windows", r"Windows\System32", CONFIG] {
            if root.find(folder)?.is_none() {
                let root = root.path().display().to_string();
                return Err(VolumeError::NoWindows {
                    root,
                    missing: folder,
                });
            }
        }
        // A file read only for facts: what cannot be read or believed is not known.
        let table = root.read(r"Windows\System32\l_intl.nls", TABLE_LIMIT);
        let upcase = table
            .ok()
            .flatten()
            .and_then(|file| Upcase::from_l_intl(&file).ok())
            .unwrap_or_default();
        let system = read(&upcase, &root, HiveName::System)?;
        let sets = ControlSets::of(&system.hive).map_err(|source| VolumeError::Read {
            hive: system.path.clone(),
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
            boot_files: BootFiles::default(),
            upcase,
            system,
            software: OnceLock::new(),
            origins: OnceLock::new(),
            stores: OnceLock::new(),
            store: OnceLock::new(),
            sets,
            kernel,
        })
    }

    /// The same, with boot files elsewhere than on the drive.
    #[must_use]
    pub fn with_boot_files(self, boot_files: BootFiles) -> Volume {
        Volume { boot_files, ..self }
    }

    /// The root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Every root that files of this volume lie below, the drive first.
    pub fn roots(&self) -> Vec<&Root> {
        std::iter::once(&self.root)
            .chain(&self.boot_files.root)
            .collect()
    }

    /// The same, on a disk that is known already: for images that no device stands for.
    #[must_use]
    pub fn with_origins(self, origins: Vec<Origin>) -> Volume {
        let origins = OnceLock::from(origins.into_iter().map(Ok).collect::<Vec<_>>());
        Volume { origins, ..self }
    }

    /// The disk and the partition that each root lies in, in the order of [`Volume::roots`]; read
    /// at the first call.
    pub fn origins(&self) -> &[Result<Origin, OriginError>] {
        let of_all = || self.roots().iter().map(|root| root.origin()).collect();
        self.origins.get_or_init(of_all)
    }

    /// Why it is not known that the boot files elsewhere are those of this disk; `None` when they
    /// lie on the same disk, a loader names a partition of it, or there is no second root.
    pub fn stranger(&self) -> Option<String> {
        self.boot_files.root.as_ref()?;
        let [Ok(drive), second, ..] = self.origins() else {
            let why = self.origins().first()?.as_ref().err()?.to_string();
            return Some(format!("the drive: {why}"));
        };
        let why = match second {
            Ok(second) if second.same_disk(drive) => return None,
            Ok(_) => "it lies on another disk".to_owned(),
            Err(error) => error.to_string(),
        };
        let store = self.store().ok()?;
        let store = bcd::Store::open(&store.hive).ok()?;
        let named = store
            .loaders()
            .any(|loader| names_partition_of(loader, &drive.table));
        (!named)
            .then(|| format!("{why}, and no loader in its store names a partition of the drive's"))
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
            .get_or_init(|| read(&self.upcase, &self.root, HiveName::Software))
            .as_ref()
    }

    /// The boot configuration stores of the disk, looked for at the first call.
    ///
    /// # Errors
    /// When a folder on the way cannot be read.
    pub fn stores(&self) -> Result<&Stores, &VolumeError> {
        let find = || {
            let roots = self.roots();
            match &self.boot_files.store {
                Some(path) => Ok(Stores::named(roots.len() - 1, path)),
                None => Stores::find(&roots).map_err(VolumeError::from),
            }
        };
        self.stores.get_or_init(find).as_ref()
    }

    /// The boot configuration store that the firmware uses, read at the first call.
    ///
    /// # Errors
    /// Why it cannot be looked at; [`VolumeError::NoStore`] when there is none.
    pub fn store(&self) -> Result<&Loaded, &VolumeError> {
        self.stores()?;
        self.store.get_or_init(|| self.read_store()).as_ref()
    }

    fn read_store(&self) -> Result<Loaded, VolumeError> {
        let nowhere = Stores::default();
        let stores = self.stores().unwrap_or(&nowhere);
        let (roots, site) = (self.roots(), stores.chosen());
        let place = site.and_then(|site| Some((site, *roots.get(site.root)?)));
        let Some((site, root)) = place else {
            return Err(VolumeError::NoStore {
                reason: stores.reason.clone(),
            });
        };
        let loaded = Loaded::read(root, &site.path, HiveName::Bcd.file_name())?;
        let loaded = Loaded {
            root: site.root,
            ..loaded.sound()?
        };
        if let Err(source) = bcd::Store::open(&loaded.hive) {
            return Err(VolumeError::NotAStore {
                path: site.path.clone(),
                source,
            });
        }
        Ok(loaded)
    }

    /// A hive by name.
    ///
    /// # Errors
    /// As [`Volume::software`] and [`Volume::store`].
    pub fn hive(&self, name: HiveName) -> Result<&Loaded, &VolumeError> {
        match name {
            HiveName::System => Ok(&self.system),
            HiveName::Software => self.software(),
            HiveName::Bcd => self.store(),
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
                hive: self.system.path.clone(),
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
        loaded.read_value(&target.key, &target.name)
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

/// Whether a device of an object lies on the disk with this table.
fn names_partition_of(object: &bcd::Object, table: &Table) -> bool {
    let devices = object
        .elements()
        .filter_map(|element| match element.value() {
            bcd::Value::Device(device) => Some(device),
            _ => None,
        });
    let mut ids = devices.flat_map(|device| device.partitions());
    ids.any(|id| boot::partition_of(&id, table).is_some())
}

fn build_of(software: &Hive) -> Option<u32> {
    let key = software
        .key(r"Microsoft\Windows NT\CurrentVersion")
        .ok()??;
    let text = key.value("CurrentBuild").ok()??.read().ok()?.as_text()?;
    text.parse().ok()
}

/// Reads one of the hives of an installation.
fn read(upcase: &Upcase, root: &Root, name: HiveName) -> Result<Loaded, VolumeError> {
    let path = format!(r"{CONFIG}\{}", name.file_name());
    Loaded::read_under(upcase, root, &path, name.file_name())?.sound()
}

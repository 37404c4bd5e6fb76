//! The disks that are broken: a real hive or store each, and the healthy disk of testkit, with
//! what their hives hold.
//!
//! Invariants: a subject is never changed; trials write it out anew. Absent on purpose: faults.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use testkit::windows::{self, Disk, Options};

use super::faults::Hive;
use super::real::{CONFIG, REAL, Real, furnish};
use super::registry::Listing;
use super::store::{self, Store};

/// One disk.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Its name in reports.
    pub(super) name: String,
    /// Its column in the table of results.
    pub(super) column: &'static str,
    pub(super) version: (u16, u16),
    pub(super) server: bool,
    pub(super) disk: Disk,
    /// The same, written out and left alone.
    pub(super) clean: PathBuf,
    pub(super) system: Listing,
    pub(super) software: Listing,
    pub(super) store: Option<Store>,
    /// The root keys of its control sets; the first boots.
    pub(super) sets: Vec<String>,
}

/// The column of boot configuration stores.
pub(super) const STORES: &str = "stores";
/// The columns of a table, in order.
pub(super) const COLUMNS: [&str; 5] = ["win7", "win10", "xp", "golden", STORES];

impl Subject {
    /// Where a hive lies on the disk.
    pub(super) fn file(&self, hive: Hive) -> Option<String> {
        match hive {
            Hive::System => Some(format!("{CONFIG}/SYSTEM")),
            Hive::Software => Some(format!("{CONFIG}/SOFTWARE")),
            Hive::Bcd => self.store.as_ref().map(|store| store.file.clone()),
            Hive::Disk => None,
        }
    }

    /// What a hive holds.
    pub(super) fn listing(&self, hive: Hive) -> Option<&Listing> {
        match hive {
            Hive::System => Some(&self.system),
            Hive::Software => Some(&self.software),
            Hive::Bcd => self.store.as_ref().map(|store| &store.listing),
            Hive::Disk => None,
        }
    }

    /// Whether all of these hold: `6.1`, `6.1+`, `client`, `bios`, `installed` and so on.
    pub(super) fn is(&self, conditions: &[String]) -> bool {
        conditions.iter().all(|condition| {
            let store = |is: fn(&Store) -> bool| self.store.as_ref().is_some_and(is);
            match condition.as_str() {
                "*" => true,
                "client" => !self.server,
                "server" => self.server,
                "bios" => store(|store| !store.uefi),
                "uefi" => store(|store| store.uefi),
                "installed" => store(|store| store.installed),
                "alone" => store(|store| store.installed && store.loaders == 1),
                number => match number.strip_suffix('+') {
                    Some(number) => version(number).is_some_and(|it| self.version >= it),
                    None => version(number) == Some(self.version),
                },
            }
        })
    }

    fn new(name: &str, column: &'static str, disk: Disk, scratch: &Path) -> Result<Subject> {
        let clean = scratch.join("clean").join(name);
        disk.write_to(&clean)?;
        let listing = |file: String| Listing::of(&clean.join(file), "");
        let system = listing(format!("{CONFIG}/SYSTEM"))?;
        let software = listing(format!("{CONFIG}/SOFTWARE"))?;
        let sets = control_sets(&system);
        let first = sets.first().context("no control set")?;
        let product = format!(r"{first}\Control\ProductOptions");
        let product = system.value(&product, "ProductType");
        let mut subject = Subject {
            name: name.to_owned(),
            column,
            version: (10, 0),
            server: product.is_some_and(|data| data.text() != "WinNT"),
            disk,
            system,
            software,
            store: None,
            sets,
            clean,
        };
        subject.store = store::find(&subject.clean)?;
        Ok(subject)
    }

    /// The healthy disk that testkit makes, with the files that its services name.
    pub(super) fn golden(scratch: &Path) -> Result<Subject> {
        let mut disk = windows::healthy();
        let bare = scratch.join("bare").join("golden");
        disk.write_to(&bare)?;
        let system = Listing::of(&bare.join(CONFIG).join("SYSTEM"), "")?;
        furnish(&mut disk, &system, Options::default().version);
        Subject::new("golden", "golden", disk, scratch)
    }

    /// Every real SYSTEM hive of the collection as a disk.
    pub(super) fn real(shared: &Path, scratch: &Path) -> Result<Vec<Subject>> {
        let subject = |real: &Real| {
            let bare = scratch.join("bare").join(real.name);
            real.bare(shared)?.write_to(&bare)?;
            let system = Listing::of(&bare.join(CONFIG).join("SYSTEM"), "")?;
            let disk = real.installed(shared, &system)?;
            let [major, minor, ..] = real.version;
            Ok(Subject {
                version: (major, minor),
                ..Subject::new(real.name, real.name, disk, scratch)?
            })
        };
        REAL.iter().map(subject).collect()
    }

    /// Every real boot configuration store of a folder, on the healthy disk.
    pub(super) fn stores(shared: &Path, scratch: &Path) -> Result<Vec<Subject>> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(shared.join("bcd"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let is_store = !name.ends_with(".tsv") && !name.ends_with(".LOG");
            names.extend(is_store.then_some(name));
        }
        let mut subjects = Vec::new();
        for name in names {
            let file = shared.join("bcd").join(&name);
            let mut disk = windows::healthy();
            store::replace(&mut disk, &file, scratch)?;
            subjects.push(Subject::new(&name, STORES, disk, scratch)?);
        }
        Ok(subjects)
    }
}

/// `6.1` as numbers.
fn version(text: &str) -> Option<(u16, u16)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The root keys of the control sets, the one of `Select` first.
fn control_sets(system: &Listing) -> Vec<String> {
    let current = system.value("Select", "Default").map(ToString::to_string);
    let is_set = |number: &u32| system.key(&format!("ControlSet{number:03}")).is_some();
    let mut sets: Vec<u32> = (1..1000).filter(is_set).collect();
    sets.sort_by_key(|number| current != Some(format!("{number:#x}")));
    let name = |number| format!("ControlSet{number:03}");
    sets.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version("6.1"), Some((6, 1)));
        assert_eq!(version("client"), None);
        assert!(version("10.0") > version("6.3"));
    }
}

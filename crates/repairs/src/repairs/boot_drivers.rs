//! `boot-drivers`: a driver that Windows needs to reach its disk does not start, or is not there.
//!
//! Owns `Start` and `StartOverride` of the drivers of its table, and the keys of those no Windows
//! is without. Absent on purpose: `Group`, `ErrorControl` and `ImagePath` of a key that exists,
//! drivers of other makers (told when their file is missing), and Windows before Vista.

mod files;
mod table;

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Number, Place};
use crate::devices::devices;
use crate::driver_files::DriverFiles;
use crate::finding::{Certainty, Change, Finding, Findings, Kind, Offer};
use hive::RegData;
use std::collections::HashMap;
use table::{DRIVERS, Driver, Machine, Need};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "boot-drivers",
    title: "start the drivers that Windows needs to reach its disk",
    class: Class::Recommended,
    risk: "a driver that is broken or was replaced on purpose is loaded again",
    parameters: &[],
    about: include_str!("boot-drivers.md"),
    diagnose,
};

/// The filters of volumes.
const VOLUME: &str = r"Control\Class\{71a27cdd-812a-11d0-bec7-08002be2092f}";
/// Of the drivers no Windows is without, so many have to have a key before one is missed.
const ENOUGH: usize = 5;

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let version = context.windows_version()?;
    let files = DriverFiles::of(context);
    for place in context.control_sets() {
        let modern = match version {
            Some(version) => version >= (6, 0),
            None => place.below(r"Services\volmgr").exists()?,
        };
        if !modern {
            if context.ask >= Ask::Symptom {
                let key = &place.key;
                findings.note(format!(
                    "{key}: the drivers of a Windows before Vista are not judged"
                ));
            }
            continue;
        }
        let set = Set::read(context, place)?;
        for driver in &DRIVERS {
            if let Some(finding) = set.start(driver)? {
                findings.add(finding);
            }
        }
        // The drivers of Windows 7 have other groups.
        let known = version.is_some_and(|version| version >= (6, 2));
        set.missing_keys(findings, known)?;
        files::look(findings, &set, &files)?;
    }
    Ok(())
}

/// A control set and what it says about the machine.
struct Set<'v> {
    place: Place<'v>,
    ask: Ask,
    machine: Machine,
    /// A device of each driver in lower case, of those that were not taken away.
    used: HashMap<String, String>,
    /// The filters of volumes, in lower case.
    filters: Vec<String>,
}

/// A driver's start as it counts on the machine.
struct Start {
    /// `Start`.
    number: Number,
    /// The values of `StartOverride` that keep it from starting at boot, of every machine.
    overrides: Vec<(String, u32)>,
    /// The one that counts on the last machine.
    overridden: Option<u32>,
}

impl<'v> Set<'v> {
    fn read(context: &Context<'v>, place: Place<'v>) -> Result<Set<'v>, Error> {
        let mut used = HashMap::new();
        for device in devices(&place)? {
            if !device.gone && !device.service.is_empty() {
                used.entry(device.service).or_insert(device.key.key);
            }
        }
        let mut filters = Vec::new();
        for name in ["UpperFilters", "LowerFilters"] {
            let list = place.below(VOLUME).read(name)?;
            let list = list.and_then(|list| list.as_texts()).unwrap_or_default();
            filters.extend(list.iter().map(|filter| filter.to_lowercase()));
        }
        Ok(Set {
            machine: Machine::last(context, &place)?,
            ask: context.ask,
            place,
            used,
            filters,
        })
    }

    fn service(&self, name: &str) -> Place<'v> {
        self.place.below(&format!(r"Services\{name}"))
    }

    /// `Start` and `StartOverride`; `None` when there is no such driver, or only a part of its key.
    fn start_of(&self, name: &str) -> Result<Option<Start>, Error> {
        let service = self.service(name);
        if service.read("Type")?.is_none() {
            return Ok(None);
        }
        let place = service.below("StartOverride");
        let mut overrides = Vec::new();
        for machine in place.value_names()? {
            match place.number(&machine)? {
                Number::Is(number) if number != 0 => overrides.push((machine, number)),
                _ => {}
            }
        }
        let counts = |name: &str| self.machine.id.is_none_or(|id| name == id.to_string());
        let mut counting = overrides.iter().filter(|(name, _)| counts(name));
        Ok(Some(Start {
            number: service.number("Start")?,
            overridden: counting.next().map(|&(_, number)| number),
            overrides,
        }))
    }

    /// Judges how a driver starts.
    fn start(&self, driver: &Driver) -> Result<Option<Finding>, Error> {
        let Some(mut now) = self.start_of(driver.name)? else {
            return Ok(None);
        };
        now.overrides
            .retain(|&(_, number)| !driver.starts_with(number));
        let started = matches!(now.number, Number::Is(number) if driver.starts_with(number));
        let held = now
            .overridden
            .is_some_and(|number| !driver.starts_with(number));
        let must = if started && !held {
            None
        } else {
            self.must_start(driver, started)
        };
        let (offer, certainty, why) = match must {
            Some((certainty, why)) => (Offer::Recommended, certainty, why),
            None => match self.may_be_needed(driver, &now, started) {
                Some(why) => (Offer::WhenAsked, Certainty::Possible, why.to_owned()),
                None => return Ok(None),
            },
        };
        let service = self.service(driver.name);
        let title = format!("the driver {} {}: {why}", driver.name, state(&now));
        let mut finding = service.finding(offer, certainty, title)?;
        if !started {
            finding.evidence.push(format!(
                "Start is {} (0 at boot, 3 on demand, 4 disabled), Windows has 0x{:x}",
                now.number, driver.start
            ));
            finding.cure.push(fix(&service, "Start", driver.start));
        }
        let place = service.below("StartOverride");
        for (machine, number) in &now.overrides {
            finding.evidence.push(format!(
                "StartOverride {machine} is 0x{number:x}: on the machine with that number it \
                 counts instead of Start"
            ));
            finding.cure.push(fix(&place, machine, 0));
        }
        if !self.machine.name.is_empty() {
            let machine = &self.machine.name;
            let line = format!("the disk has last started on: {machine}");
            finding.evidence.push(line);
        }
        Ok(Some(finding))
    }

    /// Why a driver surely has to start on this disk, and how sure; `None` when nothing says so.
    fn must_start(&self, driver: &Driver, started: bool) -> Option<(Certainty, String)> {
        let name = driver.name.to_lowercase();
        let (certainty, why) = match driver.need {
            Need::Always => (Certainty::Certain, "no Windows reaches its disk without it"),
            Need::Mostly => (Certainty::Likely, "Windows needs it for its volumes"),
            Need::Filter if self.filters.contains(&name) => {
                (Certainty::Likely, "every volume waits for it as a filter")
            }
            Need::HyperV if self.machine.is_hyper_v => (
                Certainty::Likely,
                "the disk has last run on Hyper-V or Azure",
            ),
            Need::Filter => return None,
            // What Windows holds back on a machine can have a device from an earlier one.
            Need::HyperV | Need::Controller if started => return None,
            Need::HyperV | Need::Controller => {
                let device = self.used.get(&name)?;
                return Some((Certainty::Likely, format!("it is the driver of {device}")));
            }
        };
        Some((certainty, why.to_owned()))
    }

    /// Why a driver can be needed on the next machine; `None` when nobody has asked.
    fn may_be_needed(&self, driver: &Driver, now: &Start, started: bool) -> Option<&'static str> {
        let held_back = !started || !now.overrides.is_empty();
        match driver.need {
            _ if self.ask < Ask::Symptom => None,
            Need::HyperV if held_back => {
                Some("a VM of Hyper-V or Azure needs it, and this disk has had no use for it")
            }
            Need::HyperV | Need::Controller if now.number.is(4) => {
                Some("a machine with that controller needs it")
            }
            _ => None,
        }
    }

    /// Drivers no Windows is without, that have no key.
    fn missing_keys(&self, findings: &mut Findings, known: bool) -> Result<(), Error> {
        let mut missing = Vec::new();
        let needed = DRIVERS.iter().filter(|it| it.need == Need::Always);
        let mut all = 0;
        for driver in needed {
            all += 1;
            if !self.service(driver.name).exists()? {
                missing.push(driver);
            }
        }
        if all - missing.len() < ENOUGH {
            return Ok(());
        }
        for driver in missing {
            let service = self.service(driver.name);
            let title = format!("there is no driver {}: its key is missing", driver.name);
            let mut finding = service.finding(Offer::WhenNamed, Certainty::Certain, title)?;
            finding.evidence.push(
                "no Windows since Vista reaches its disk without it, and its neighbours are there"
                    .to_owned(),
            );
            if known {
                finding.cure = anew(&service, driver);
            } else {
                let why = "the key is made anew for Windows 8 and later only, and this is older or \
                           not known";
                finding.evidence.push(why.to_owned());
            }
            findings.add(finding);
        }
        Ok(())
    }
}

/// What keeps a driver from starting, in words.
fn state(now: &Start) -> &'static str {
    if now.number.is(4) {
        "is disabled"
    } else {
        "does not start with Windows"
    }
}

fn fix(place: &Place<'_>, name: &str, number: u32) -> Change {
    place.set(Kind::Fix, name, RegData::dword(number))
}

/// The values of a driver's key.
fn anew(service: &Place<'_>, driver: &Driver) -> Vec<Change> {
    let mut changes = vec![
        fix(service, "Type", driver.kind),
        fix(service, "Start", driver.start),
        fix(service, "ErrorControl", driver.error_control),
    ];
    let image = RegData::expand_sz(&driver.image());
    changes.push(service.set(Kind::Fix, "ImagePath", image));
    if !driver.group.is_empty() {
        changes.push(service.set(Kind::Fix, "Group", RegData::sz(driver.group)));
    }
    changes
}

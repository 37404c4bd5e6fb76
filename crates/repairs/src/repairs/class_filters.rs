//! `class-filters`: a filter driver that devices wait for is not there.
//!
//! Owns `UpperFilters` and `LowerFilters` below `Control\Class` and of the devices below `Enum`.
//! Absent on purpose: filters of other makers that are there, the order of filters, and the service
//! keys (see `boot-drivers`).

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Place};
use crate::devices::{Device, devices};
use crate::driver_files::{DriverFiles, Seen};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer, Step};
use hive::RegData;
use std::collections::HashMap;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "class-filters",
    title: "take filter drivers that are not there off the devices that wait for them",
    class: Class::Recommended,
    risk: "what the filter was for (backup, replication, encryption) has to be installed again",
    parameters: &[],
    about: include_str!("class-filters.md"),
    diagnose,
};

const CLASSES: &str = r"Control\Class";
const DISKS: &str = "{4d36e967-e325-11ce-bfc1-08002be10318}";
const LISTS: [&str; 2] = ["UpperFilters", "LowerFilters"];

const WHY: &str = "Windows does not start a device when one of its filters cannot be loaded";

/// Filters whose place is never given up: without them there are no partitions, no volumes, no
/// keyboard, or an encrypted volume stays locked.
const KEPT: [&str; 5] = ["partmgr", "volsnap", "fvevol", "kbdclass", "mouclass"];
/// Filters of Windows itself, besides.
const OWN: [&str; 21] = [
    "bridge",
    "bttflt",
    "ehstorclass",
    "iorate",
    "irenum",
    "ksthunk",
    "mslldp",
    "ndiscap",
    "ndisimplatformmpfilter",
    "psched",
    "rdyboost",
    "scfilter",
    "spatialgraphfilter",
    "spldr",
    "storflt",
    "storqosflt",
    "vms3cap",
    "vmsproxyhnicfilter",
    "volmgrx",
    "wcifs",
    "wpdupfltr",
];
/// Classes that a machine cannot start, be reached or be used without.
const VITAL: [(&str, &str); 9] = [
    (DISKS, "disks"),
    ("{71a27cdd-812a-11d0-bec7-08002be2092f}", "volumes"),
    ("{4d36e96a-e325-11ce-bfc1-08002be10318}", "disk controllers"),
    ("{4d36e97b-e325-11ce-bfc1-08002be10318}", "disk controllers"),
    ("{4d36e97d-e325-11ce-bfc1-08002be10318}", "system devices"),
    ("{4d36e972-e325-11ce-bfc1-08002be10318}", "network adapters"),
    ("{4d36e96b-e325-11ce-bfc1-08002be10318}", "keyboards"),
    ("{4d36e96f-e325-11ce-bfc1-08002be10318}", "mice"),
    ("{36fc9e60-c465-11cf-8056-444553540000}", "USB controllers"),
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let files = DriverFiles::of(context);
    for set in context.control_sets() {
        let mut filters = Filters {
            services: set.below("Services"),
            files: &files,
            ask: context.ask,
            known: HashMap::new(),
        };
        // A control set that is no whole one says nothing about filters.
        if !filters.services.below("disk").exists()? {
            continue;
        }
        let classes = set.below(CLASSES);
        for class in classes.subkey_names()? {
            let place = classes.below(&class);
            for name in LISTS {
                let list = List::of_class(&place, &class, name);
                filters.judge(findings, &list)?;
            }
        }
        for device in devices(&set)?.iter().filter(|device| !device.gone) {
            for name in LISTS {
                filters.judge(findings, &List::of_device(device, name))?;
            }
        }
    }
    Ok(())
}

/// What a class of devices without which nothing goes is called.
fn vital(class: &str) -> Option<&'static str> {
    let mut all = VITAL.iter();
    let found = all.find(|(known, _)| known.eq_ignore_ascii_case(class));
    found.map(|&(_, name)| name)
}

fn is_one_of(names: &[&str], filter: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(filter))
}

/// A list of filters, and what it means when one is not there.
struct List<'p, 'v> {
    place: &'p Place<'v>,
    name: &'static str,
    /// Who has the filters.
    whose: &'static str,
    certainty: Certainty,
    offer: Offer,
    is_class: bool,
    /// Whether `partmgr` has to be in it.
    wants_partmgr: bool,
}

impl<'p, 'v> List<'p, 'v> {
    fn of_class(place: &'p Place<'v>, class: &str, name: &'static str) -> List<'p, 'v> {
        let vital = vital(class);
        let wants_partmgr = name == "UpperFilters" && class.eq_ignore_ascii_case(DISKS);
        List {
            place,
            name,
            whose: vital.unwrap_or("the devices of a class"),
            certainty: vital.map_or(Certainty::Likely, |_| Certainty::Certain),
            offer: Offer::Recommended,
            is_class: true,
            wants_partmgr,
        }
    }

    fn of_device(device: &'p Device<'v>, name: &'static str) -> List<'p, 'v> {
        let is_vital = vital(&device.class).is_some();
        let (certainty, offer) = if is_vital {
            (Certainty::Likely, Offer::Recommended)
        } else {
            (Certainty::Possible, Offer::WhenAsked)
        };
        List {
            place: &device.key,
            name,
            whose: "a device",
            certainty,
            offer,
            is_class: false,
            wants_partmgr: false,
        }
    }
}

/// What is known of a filter.
#[derive(Clone, Debug)]
enum State {
    Ready,
    /// It cannot be loaded, and why.
    Gone(String),
    /// Its service is disabled.
    Disabled,
}

/// The filters of a control set.
struct Filters<'a, 'v> {
    services: Place<'v>,
    files: &'a DriverFiles<'v>,
    ask: Ask,
    known: HashMap<String, State>,
}

impl Filters<'_, '_> {
    fn state(&mut self, filter: &str) -> Result<State, Error> {
        let lower = filter.to_lowercase();
        if let Some(state) = self.known.get(&lower) {
            return Ok(state.clone());
        }
        let service = self.services.below(filter);
        let image = service.text("ImagePath")?;
        let state = if !service.exists()? {
            State::Gone("there is no such service".to_owned())
        } else {
            match self.files.look(filter, image.as_deref()) {
                (path, Seen::Missing) => State::Gone(format!("{path} is not on the disk")),
                (path, Seen::Empty) => State::Gone(format!("{path} has no byte")),
                _ if service.number("Start")?.is(4) => State::Disabled,
                _ => State::Ready,
            }
        };
        self.known.insert(lower, state.clone());
        Ok(state)
    }

    fn judge(&mut self, findings: &mut Findings, list: &List<'_, '_>) -> Result<(), Error> {
        let key = &list.place.key;
        let data = list.place.read(list.name)?;
        let Some(texts) = data.as_ref().map_or(Some(Vec::new()), RegData::as_texts) else {
            findings.note(format!(
                r"{key}: {} is no list of texts, left alone",
                list.name
            ));
            return Ok(());
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut verdict = Verdict::default();
        for filter in texts.into_iter().filter(|text| !text.is_empty()) {
            let kept = is_one_of(&KEPT, filter);
            match self.state(filter)? {
                State::Gone(why) if kept => findings.add(needed(list, filter, &why)?),
                State::Gone(why) => {
                    verdict.gone.push((filter, why));
                    continue;
                }
                State::Disabled if !kept => verdict.disabled.push(filter),
                State::Ready if !kept && list.is_class && !is_one_of(&OWN, filter) => {
                    verdict.foreign.push(filter);
                }
                State::Ready | State::Disabled => {}
            }
            verdict.kept.push(filter);
        }
        let partmgr = list.wants_partmgr && !is_one_of(&verdict.kept, "partmgr");
        verdict.partmgr = partmgr && matches!(self.state("partmgr")?, State::Ready);
        if self.ask >= Ask::Symptom && !verdict.foreign.is_empty() {
            let names = verdict.foreign.join(", ");
            let (name, whose) = (list.name, list.whose);
            findings.note(format!(
                "{name} of {whose}: {names} is of another maker and there, left alone ({key})"
            ));
        }
        if let Some(finding) = verdict.finding(list, self.ask)? {
            findings.add(finding);
        }
        Ok(())
    }
}

/// What is wrong with a list.
#[derive(Default)]
struct Verdict<'t> {
    /// Those that stay, in their order.
    kept: Vec<&'t str>,
    gone: Vec<(&'t str, String)>,
    disabled: Vec<&'t str>,
    /// Those of other makers that are there.
    foreign: Vec<&'t str>,
    /// Whether `partmgr` is missing in the list and there otherwise.
    partmgr: bool,
}

impl Verdict<'_> {
    fn finding(mut self, list: &List<'_, '_>, ask: Ask) -> Result<Option<Finding>, Error> {
        let broken = self.partmgr || !self.gone.is_empty();
        let whose = list.whose;
        let (offer, certainty, title) = if let Some((filter, _)) = self.gone.first() {
            let title = format!("the filter {filter} of {whose} cannot be loaded");
            (list.offer, list.certainty, title)
        } else if self.partmgr {
            let title = "partmgr is not among the filters of disks: no disk has partitions";
            (list.offer, Certainty::Certain, title.to_owned())
        } else if let Some(filter) = self.disabled.first() {
            let title = format!("the filter {filter} of {whose} is disabled");
            (Offer::WhenAsked, Certainty::Likely, title)
        } else {
            return Ok(None);
        };
        let mut finding = list.place.finding(offer, certainty, title)?;
        for (filter, why) in &self.gone {
            finding
                .evidence
                .push(format!("{} has {filter}, and {why}", list.name));
        }
        for filter in &self.disabled {
            finding.evidence.push(format!(
                "{} has {filter}, and its service is disabled (Start 4)",
                list.name
            ));
        }
        finding.evidence.push(WHY.to_owned());
        // A disabled filter can be meant to come back: it goes when somebody looks for the fault.
        if !broken || ask >= Ask::Symptom {
            self.kept.retain(|filter| !self.disabled.contains(filter));
        }
        if self.partmgr {
            self.kept.insert(0, "partmgr");
        }
        finding.cure.push(if self.kept.is_empty() {
            list.place.delete(Kind::Fix, list.name)
        } else {
            let data = RegData::multi_sz(&self.kept);
            list.place.set(Kind::Fix, list.name, data)
        });
        Ok(Some(finding))
    }
}

/// A filter that must not go, and cannot be loaded.
fn needed(list: &List<'_, '_>, filter: &str, why: &str) -> Result<Finding, Error> {
    let title = format!(
        "the filter {filter} of {} cannot be loaded, and it is needed",
        list.whose
    );
    let mut finding = list.place.finding(Offer::Report, list.certainty, title)?;
    finding
        .evidence
        .push(format!("{} has {filter}, and {why}", list.name));
    let line = "it stays in the list: without it the devices are of no use";
    finding.evidence.push(line.to_owned());
    let sfc = r"sfc /scannow /offbootdir=F:\ /offwindir=F:\Windows";
    finding.steps.push(Step::OnRecoveryMachine(sfc.to_owned()));
    Ok(finding)
}

//! `firewall-service`: the services of Windows Firewall are disabled, or one dies at each start.
//!
//! Owns `Start` of `mpssvc`, `BFE` and `mpsdrv`, and `DebugedLoopbackApps`. Absent on purpose:
//! every start type but "disabled", and switching the firewall off (`firewall-off`).

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::{RegData, RegType};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "firewall-service",
    title: "let the services of Windows Firewall start",
    class: Class::Recommended,
    risk: "a firewall somebody wanted off is on again, with the rules it has; loopback exemptions \
           of apps are lost where they were stored wrongly",
    parameters: &[],
    about: include_str!("firewall-service.md"),
    diagnose,
};

/// A service, what Windows ships, and what follows when it is disabled.
struct Service {
    name: &'static str,
    default: u32,
    offer: Offer,
    certainty: Certainty,
    why: &'static str,
}

const SERVICES: [Service; 3] = [
    Service {
        name: "BFE",
        default: 2,
        offer: Offer::Recommended,
        certainty: Certainty::Likely,
        why: "the filters of the boot stay in force and keep connections out",
    },
    Service {
        name: "mpsdrv",
        default: 3,
        offer: Offer::WhenAsked,
        certainty: Certainty::Possible,
        why: "mpssvc depends on it and cannot start",
    },
    Service {
        name: "mpssvc",
        default: 2,
        offer: Offer::WhenAsked,
        certainty: Certainty::Possible,
        why: "the machine is not open for it: no rule that lets in is in force either",
    },
];

const APPS: &str = r"Services\mpssvc\Parameters\AppCs";
const EXEMPT: &str = "DebugedLoopbackApps";
/// More exempt apps than this come near the number at which the service fails.
const MANY: usize = 600;

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        for service in &SERVICES {
            start(findings, &set, service)?;
        }
        exempt(findings, &set.below(APPS))?;
    }
    Ok(())
}

fn start(findings: &mut Findings, set: &Place<'_>, service: &Service) -> Result<(), Error> {
    let (name, default) = (service.name, service.default);
    let place = set.below(&format!(r"Services\{name}"));
    let now = place.number("Start")?;
    if !now.is(4) {
        return Ok(());
    }
    let title = format!("the service {name} is disabled: {}", service.why);
    let mut finding = place.finding(service.offer, service.certainty, title)?;
    finding.evidence.push(format!(
        "Start is {now} (4 disabled), Windows ships 0x{default:x}"
    ));
    let change = place.set(Kind::Fix, "Start", RegData::dword(default));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

/// The apps that may talk to the machine itself: a text, which the service reads as one.
fn exempt(findings: &mut Findings, apps: &Place<'_>) -> Result<(), Error> {
    let Some(data) = apps.read(EXEMPT)? else {
        return Ok(());
    };
    let text = match data.as_texts() {
        Some(texts) => texts.join("\n"),
        None => data.as_text().unwrap_or_default(),
    };
    let count = text.match_indices("S-1-").count();
    if data.kind == RegType::MULTI_SZ {
        let title = "mpssvc ends at each start: its list of exempt apps has the wrong type";
        let mut finding = apps.finding(Offer::Recommended, Certainty::Likely, title)?;
        finding.evidence.push(format!(
            "{EXEMPT} is {}, Windows has {}; it becomes empty, and {count} exempt apps in it are \
             dropped",
            data.kind,
            RegType::SZ
        ));
        let change = apps.set(Kind::Fix, EXEMPT, RegData::sz(""));
        finding.cure.push(change);
        findings.add(finding);
    } else if data.kind != RegType::SZ {
        let title = format!("{EXEMPT} is no text: mpssvc may not start");
        let mut finding = apps.finding(Offer::Report, Certainty::Possible, title)?;
        finding.evidence.push(format!("{EXEMPT} is {}", data.kind));
        findings.add(finding);
    } else if count > MANY {
        let title = "very many apps are exempt: mpssvc fails at about 680";
        let mut finding = apps.finding(Offer::Report, Certainty::Possible, title)?;
        finding.evidence.push(format!(
            "{EXEMPT} has {count} entries; up to {MANY} are safe"
        ));
        findings.add(finding);
    }
    Ok(())
}

//! `error-control-loop`: a service whose failure makes Windows restart, again and again.
//!
//! Owns `ErrorControl` of services that are programs. Absent on purpose: drivers, whose failure
//! may stop the boot, and disabled services, which cannot fail.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "error-control-loop",
    title: "let Windows start though a service fails",
    class: Class::Recommended,
    risk: "a service that is meant to stop Windows when it fails no longer does",
    parameters: &[],
    about: include_str!("error-control-loop.md"),
    diagnose,
};

/// Type: a program of its own, or one that shares a process.
const PROGRAM: u32 = 0x30;
/// Start: only when something asks for it, and never.
const MANUAL: u32 = 3;
const DISABLED: u32 = 4;
/// ErrorControl: the failure is written down, and Windows goes on.
const NORMAL: u32 = 1;
/// Services that are known to have been installed like this.
const KNOWN: [&str; 4] = [
    "AzureWLBackupCoordinatorSvc",
    "AzureWLBackupInquirySvc",
    "AzureWLBackupPluginSvc",
    "RdAgent",
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        let services = set.below("Services");
        for name in services.subkey_names()? {
            service(findings, &services.below(&name), &name)?;
        }
    }
    Ok(())
}

fn service(findings: &mut Findings, service: &Place<'_>, name: &str) -> Result<(), Error> {
    let Number::Is(control @ 2..=3) = service.number("ErrorControl")? else {
        return Ok(());
    };
    let is_program = matches!(service.number("Type")?, Number::Is(kind) if kind & PROGRAM != 0);
    let start = service.number("Start")?;
    if !is_program || start.is(DISABLED) {
        return Ok(());
    }
    let (offer, certainty) = if KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        (Offer::Recommended, Certainty::Likely)
    } else if start.is(MANUAL) {
        (Offer::WhenAsked, Certainty::Possible)
    } else {
        (Offer::WhenAsked, Certainty::Likely)
    };
    let title = format!("Windows restarts when the service {name:?} does not start");
    let mut finding = service.finding(offer, certainty, title)?;
    let then = match control {
        2 => "2 restarts with the last known good control set, then goes on",
        _ => "3 restarts with the last known good control set, then stops",
    };
    finding.evidence.push(format!(
        "ErrorControl is {control} ({then}), Start is {start}; Windows ships 0 or 1 with every \
         service that is a program"
    ));
    let change = service.set(Kind::Fix, "ErrorControl", RegData::dword(NORMAL));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

//! `disable-driver`: a driver of the operator's choice is not loaded any more.
//!
//! Owns nothing: it sets `Start` of the driver it is told and takes it out of the filter lists that
//! name it, because a device whose filter does not load does not start either. Absent on purpose:
//! drivers Windows needs, services (`disable-service`), and deleting the driver.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Change, Findings, Kind, Offer};
use crate::repairs::disable_service::{chosen, evidence, needed_by, set_of};
use crate::services::{self, Filter, Nature};
use hive::RegData;
use volume::same_name;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "disable-driver",
    title: "keep a driver from loading, its filters taken out first",
    class: Class::OnRequest,
    risk: "a device, a disk or a protection that needs the driver does not work without it",
    parameters: &[Parameter {
        name: "name",
        about: "which driver, by the name of its key",
        default: None,
        values: "a name as below Services, such as contosoflt",
        accepts: services::is_name,
    }],
    about: include_str!("disable-driver.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let name = context.parameter("name").unwrap_or_default();
    for driver in chosen(context, name, Nature::Driver)? {
        let title = format!("{name} is not loaded, by request");
        let mut finding = driver
            .place
            .finding(Offer::WhenNamed, Certainty::Possible, title)?;
        finding.evidence = evidence(&driver)?;
        if let Some(set) = set_of(context, &driver) {
            finding.evidence.extend(needed_by(&set, name)?);
            for filter in services::filters(&set, name)? {
                let list = filter.names.join(", ");
                finding.evidence.push(format!(
                    "{} of {} is {list}: without the entry taken out, the devices would not start",
                    filter.value, filter.place.key
                ));
                finding.cure.push(without(&filter, name));
            }
        }
        let off = driver
            .place
            .set(Kind::Weakening, "Start", RegData::dword(4));
        finding.cure.push(off);
        findings.add(finding);
    }
    Ok(())
}

/// The list without the driver; no list when nothing is left.
fn without(filter: &Filter<'_>, name: &str) -> Change {
    let left = filter.names.iter().filter(|known| !same_name(known, name));
    let left: Vec<&str> = left.map(String::as_str).collect();
    if left.is_empty() {
        filter.place.delete(Kind::Weakening, filter.value)
    } else {
        let list = RegData::multi_sz(&left);
        filter.place.set(Kind::Weakening, filter.value, list)
    }
}

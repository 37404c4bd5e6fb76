//! `disable-service`: a service of the operator's choice does not start any more.
//!
//! Owns nothing: it sets `Start` of the service it is told, whoever else looks at that. Absent on
//! purpose: drivers (`disable-driver`), services Windows needs, and deleting anything.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer};
use crate::services::{self, Nature, Service};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "disable-service",
    title: "keep a service from starting",
    class: Class::OnRequest,
    risk: "what the service does is not done: protection, backup, or something others need",
    parameters: &[Parameter {
        name: "name",
        about: "which service, by the name of its key",
        default: None,
        values: "a name as below Services, such as ContosoAgent",
        accepts: services::is_name,
    }],
    about: include_str!("disable-service.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let name = context.parameter("name").unwrap_or_default();
    for service in chosen(context, name, Nature::Program)? {
        let title = format!("{name} is disabled, by request");
        let mut finding = service
            .place
            .finding(Offer::WhenNamed, Certainty::Possible, title)?;
        finding.evidence = evidence(&service)?;
        if let Some(set) = set_of(context, &service) {
            finding.evidence.extend(needed_by(&set, name)?);
        }
        let off = service
            .place
            .set(Kind::Weakening, "Start", RegData::dword(4));
        finding.cure.push(off);
        findings.add(finding);
    }
    Ok(())
}

/// The service of this name in every control set that has it.
///
/// # Errors
/// When no set has it, it is of another nature, or Windows needs it.
pub(crate) fn chosen<'v>(
    context: &Context<'v>,
    name: &str,
    nature: Nature,
) -> Result<Vec<Service<'v>>, Error> {
    if services::is_needed(name) {
        return Err(Error::Refused(format!(
            "Windows does not start without {name}"
        )));
    }
    let mut found = Vec::new();
    for set in context.control_sets() {
        found.extend(services::service(&set, name)?);
    }
    if found.is_empty() {
        let why = format!("there is no service or driver named {name} on this disk");
        return Err(Error::Refused(why));
    }
    match found.iter().find(|service| service.nature != nature) {
        None => Ok(found),
        Some(other) => Err(Error::Refused(match other.nature {
            Nature::Driver => format!("{name} is a driver: that is disable-driver"),
            Nature::Program => format!("{name} is a service: that is disable-service"),
            Nature::Unknown => format!(
                "{name} has Type {}, which is neither a service nor a driver",
                other.place.number("Type")?
            ),
        })),
    }
}

/// What a service is, as it stands.
pub(crate) fn evidence(service: &Service<'_>) -> Result<Vec<String>, Error> {
    let text = |name: &str| Ok::<_, Error>(service.place.text(name)?.unwrap_or("missing".into()));
    Ok(vec![
        format!(
            "Start is {} (0 boot, 1 system, 2 automatic, 3 manual, 4 disabled), ErrorControl is {}",
            service.start,
            service.place.number("ErrorControl")?
        ),
        format!("ImagePath is {}", text("ImagePath")?),
    ])
}

/// Who depends on it, in a line.
pub(crate) fn needed_by(
    set: &crate::context::Place<'_>,
    name: &str,
) -> Result<Option<String>, Error> {
    let others = services::dependents(set, name)?;
    let line = || {
        format!(
            "these depend on it and will not start: {}",
            others.join(", ")
        )
    };
    Ok((!others.is_empty()).then(line))
}

/// The control set a service stands in.
pub(crate) fn set_of<'v>(
    context: &Context<'v>,
    service: &Service<'v>,
) -> Option<crate::context::Place<'v>> {
    let sets = context.control_sets().into_iter();
    let mut sets = sets.filter(|set| service.place.key.starts_with(&format!(r"{}\", set.key)));
    sets.next()
}

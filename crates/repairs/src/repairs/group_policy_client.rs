//! `group-policy-client`: the service that applies policies was switched off and left so.
//!
//! Owns `Start` of `gpsvc`. Absent on purpose: creating a service, and any start type but
//! "disabled": automatic is the default, manual can be meant.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

/// The service's key, below a control set.
pub(crate) const SERVICE: &str = r"Services\gpsvc";

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "group-policy-client",
    title: "start the group policy client again",
    class: Class::Recommended,
    risk: "policies apply again at the next boot, also one that caused the fault",
    parameters: &[],
    about: include_str!("group-policy-client.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        let service = set.below(SERVICE);
        let start = service.number("Start")?;
        // By name it also keeps what is right, so that `group-policy-off` cannot slip in.
        let kept = context.ask.wants_it() && start.is(2);
        if !(start.is(4) || kept) {
            continue;
        }
        let title = "the group policy client is disabled: no policy applies, logons can hang";
        let mut finding = service.finding(Offer::Recommended, Certainty::Certain, title)?;
        finding.evidence.push(format!(
            "Start is {start} (2 automatic, 4 disabled); a repair article sets 4 and asks for 2 \
             afterwards"
        ));
        finding
            .cure
            .push(service.set(Kind::Fix, "Start", RegData::dword(2)));
        findings.add(finding);
    }
    Ok(())
}

//! `group-policy-off`: no group policy while a repair is tried.
//!
//! Contradicts `group-policy-client` about `Start` of `gpsvc` on purpose; the planner refuses
//! both in one plan. Absent on purpose: creating the service where it does not exist.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use crate::repairs::group_policy_client::SERVICE;
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "group-policy-off",
    title: "keep the group policy client from starting while the repair is tried",
    class: Class::OnRequest,
    risk: "no policy of the domain applies, not even the protecting ones, until it is undone",
    parameters: &[],
    about: include_str!("group-policy-off.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    for set in context.control_sets() {
        let service = set.below(SERVICE);
        if !service.exists()? {
            findings.note(format!("{}: no such service, not created", service.key));
            continue;
        }
        let title = "the group policy client is disabled by request";
        let mut finding = service.finding(Offer::WhenNamed, Certainty::Possible, title)?;
        let start = service.number("Start")?;
        finding
            .evidence
            .push(format!("Start is {start} (2 automatic, 4 disabled)"));
        finding
            .cure
            .push(service.set(Kind::Weakening, "Start", RegData::dword(4)));
        for command in [
            "sc config gpsvc start= auto",
            "sc start gpsvc",
            "gpupdate /force",
        ] {
            finding.steps.push(Step::AfterBoot(command.to_owned()));
        }
        finding.steps.push(Step::Manual(
            "if the fault is back after gpupdate, a policy causes it: change it in the domain"
                .to_owned(),
        ));
        findings.add(finding);
    }
    Ok(())
}

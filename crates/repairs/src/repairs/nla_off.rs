//! `nla-off`: Network Level Authentication not required, until somebody can log on again.
//!
//! Contradicts `nla` about `UserAuthentication` on purpose; the planner refuses both in one plan.
//! Absent on purpose: `SecurityLayer` and encryption, which have nothing to do with it, and a
//! policy that is not on the disk yet.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer, Step};
use crate::repairs::nla::LISTENER;
use crate::repairs::rdp_enabled::policy;
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "nla-off",
    title: "do not require Network Level Authentication for a while",
    class: Class::OnRequest,
    risk: "anyone who reaches the RDP port sees the logon screen before they prove who they are",
    parameters: &[],
    about: include_str!("nla-off.md"),
    diagnose,
};

const NAME: &str = "UserAuthentication";

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let membership = match context.installation()?.domain {
        Some(domain) => format!(
            "the disk belongs to a member of {domain}: NLA needs a domain controller that answers, \
             or a logon that is cached"
        ),
        None => "the disk belongs to no domain: NLA checks local accounts only".to_owned(),
    };
    for set in context.control_sets() {
        let listener = set.below(LISTENER);
        if listener.exists()? {
            findings.add(lowered(&listener, &membership)?);
        }
    }
    if let Some(policy) = policy(findings, context)
        && policy.number(NAME)?.is(1)
    {
        findings.add(lowered(
            &policy,
            "a policy overrules the listener's own value",
        )?);
    }
    Ok(())
}

fn lowered(place: &Place<'_>, why: &str) -> Result<Finding, Error> {
    let title = "NLA is not required, by request";
    let mut finding = place.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    let now = place.number(NAME)?;
    finding
        .evidence
        .push(format!("{NAME} is {now} (1 requires NLA)"));
    finding.evidence.push(why.to_owned());
    let change = place.set(Kind::Weakening, NAME, RegData::dword(0));
    finding.cure.push(change);
    finding.steps.push(Step::Manual(
        "require NLA again as soon as the logon works".to_owned(),
    ));
    finding.steps.push(Step::AfterBoot(format!(
        r#"reg add "HKLM\SYSTEM\CurrentControlSet\{LISTENER}" /v {NAME} /t REG_DWORD /d 1 /f"#
    )));
    Ok(finding)
}

//! `single-session`: whether one user has one session or as many as wanted.
//!
//! Owns `fSingleSessionPerUser` of `Terminal Server`. Absent on purpose: the policy of the same
//! name, which wins and is refused, and how many users may be logged on at once.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer};
use crate::repairs::rdp_enabled;
use hive::RegData;

const NAME: &str = "fSingleSessionPerUser";

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "single-session",
    title: "let one user have several sessions, or one again",
    class: Class::OnRequest,
    risk: "with many sessions, one account can use up both administrative sessions",
    parameters: &[Parameter {
        name: "sessions",
        about: "how many sessions one user has",
        default: Some("many"),
        values: "single or many",
        accepts: |value| number_of(value).is_some(),
    }],
    about: include_str!("single-session.md"),
    diagnose,
};

fn number_of(sessions: &str) -> Option<u32> {
    match sessions {
        "many" => Some(0),
        "single" => Some(1),
        _ => None,
    }
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let sessions = context.parameter("sessions").unwrap_or("many");
    let wanted = number_of(sessions).unwrap_or(0);
    if let Some(policy) = rdp_enabled::policy(findings, context) {
        let now = policy.number(NAME)?;
        if now.exists() && !now.is(wanted) {
            return Err(Error::Refused(format!(
                r"would have no effect: a policy sets {NAME} to {now}, in HKLM\SOFTWARE\{}",
                rdp_enabled::POLICY
            )));
        }
    }
    for set in context.control_sets() {
        let place = set.below(r"Control\Terminal Server");
        if !place.exists()? {
            continue;
        }
        let title = match wanted {
            0 => "a user may have several sessions, by request",
            _ => "a user has one session, by request",
        };
        let now = place.number(NAME)?;
        let mut finding = place.finding(Offer::WhenNamed, Certainty::Possible, title)?;
        finding.evidence.push(format!(
            "{NAME} is {now} (1 a second logon takes over the first, 0 it gets a session of its \
             own)"
        ));
        let change = place.set(Kind::Fix, NAME, RegData::dword(wanted));
        finding.cure.push(change);
        findings.add(finding);
    }
    Ok(())
}

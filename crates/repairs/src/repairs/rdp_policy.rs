//! `rdp-policy`: policies of Remote Desktop that overrule the listener to nobody's use.
//!
//! Owns the values of its table below `Terminal Services`. The policy's `fDenyTSConnections`
//! belongs to `rdp-enabled` and its `UserAuthentication` to `nla-off`; the second is told here.
//! Absent on purpose: writing a policy; a policy value that is in the way is deleted, and the
//! listener's own counts again.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use crate::repairs::nla::LISTENER;
use crate::repairs::rdp_enabled::POLICY;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rdp-policy",
    title: "delete policies that keep Remote Desktop from working",
    class: Class::Recommended,
    risk: "a policy that was meant is gone until the domain sets it again",
    parameters: &[],
    about: include_str!("rdp-policy.md"),
    diagnose,
};

const MINUTE: u32 = 60_000;

/// When a policy value is in the way.
struct Rule {
    name: &'static str,
    is_bad: fn(u32) -> bool,
    offer: Offer,
    certainty: Certainty,
    kind: Kind,
    title: &'static str,
}

/// A rule for numbers with which no session can work.
const fn fault(name: &'static str, is_bad: fn(u32) -> bool, title: &'static str) -> Rule {
    Rule {
        name,
        is_bad,
        offer: Offer::Recommended,
        certainty: Certainty::Likely,
        kind: Kind::Fix,
        title,
    }
}

/// A rule for numbers somebody can have chosen.
const fn choice(name: &'static str, is_bad: fn(u32) -> bool, title: &'static str) -> Rule {
    Rule {
        offer: Offer::WhenNamed,
        certainty: Certainty::Possible,
        ..fault(name, is_bad, title)
    }
}

/// The same, where deleting the value lowers a guard.
const fn guard(name: &'static str, is_bad: fn(u32) -> bool, title: &'static str) -> Rule {
    Rule {
        kind: Kind::Weakening,
        ..choice(name, is_bad, title)
    }
}

const RULES: [Rule; 11] = [
    fault(
        "MaxInstanceCount",
        |number| number == 0,
        "a policy allows no connection at all",
    ),
    fault(
        "SecurityLayer",
        |number| number > 2,
        "a policy sets a security layer Windows does not know",
    ),
    fault(
        "MinEncryptionLevel",
        |number| !matches!(number, 1..=4),
        "a policy sets an encryption level Windows does not know",
    ),
    fault(
        "MaxConnectionTime",
        is_no_time,
        "a policy ends every session at once",
    ),
    fault(
        "MaxIdleTime",
        is_no_time,
        "a policy ends every session at the first pause",
    ),
    choice(
        "MaxConnectionTime",
        is_short,
        "a policy ends every session after minutes",
    ),
    choice(
        "MaxIdleTime",
        is_short,
        "a policy ends a session after minutes without input",
    ),
    choice(
        "MaxDisconnectionTime",
        is_no_time,
        "a policy ends a session as soon as its connection is lost",
    ),
    choice(
        "fDisableAutoReconnect",
        |number| number == 1,
        "a policy keeps clients from connecting again by themselves",
    ),
    guard(
        "MinEncryptionLevel",
        |number| number == 4,
        "a policy accepts FIPS encryption only",
    ),
    guard(
        "fEncryptRPCTraffic",
        |number| number == 1,
        "a policy accepts management calls only when they are encrypted",
    ),
];

/// Shorter than the shortest limit the policy editor offers.
fn is_no_time(milliseconds: u32) -> bool {
    (1..MINUTE).contains(&milliseconds)
}

fn is_short(milliseconds: u32) -> bool {
    (MINUTE..5 * MINUTE).contains(&milliseconds)
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let Some(policy) = context.software(POLICY)? else {
        return Ok(());
    };
    let domain = context.installation()?.domain;
    for rule in &RULES {
        look(findings, &policy, rule, domain.as_deref())?;
    }
    odd(findings, &policy)?;
    overruled(findings, context, &policy)
}

fn look(
    findings: &mut Findings,
    policy: &Place<'_>,
    rule: &Rule,
    domain: Option<&str>,
) -> Result<(), Error> {
    let name = rule.name;
    let Number::Is(number) = policy.number(name)? else {
        return Ok(());
    };
    if !(rule.is_bad)(number) {
        return Ok(());
    }
    let mut finding = policy.finding(rule.offer, rule.certainty, rule.title)?;
    finding.evidence.push(format!(
        "{name} is 0x{number:x}; without it the listener's own value counts"
    ));
    if let Some(domain) = domain {
        finding.evidence.push(format!(
            "the policy of {domain} can set it again after boot: change it there"
        ));
        let step = "gpresult /r /scope computer".to_owned();
        finding.steps.push(Step::AfterBoot(step));
    }
    finding.cure.push(policy.delete(rule.kind, name));
    findings.add(finding);
    Ok(())
}

/// Tells of values that are no number.
fn odd(findings: &mut Findings, policy: &Place<'_>) -> Result<(), Error> {
    let mut told: Vec<&str> = Vec::new();
    for rule in &RULES {
        let now = policy.number(rule.name)?;
        if let (Number::Other(_), false) = (&now, told.contains(&rule.name)) {
            told.push(rule.name);
            let title = format!("{} is no number: Windows may not read it", rule.name);
            let mut finding = policy.finding(Offer::Report, Certainty::Possible, title)?;
            finding.evidence.push(format!("{} is {now}", rule.name));
            findings.add(finding);
        }
    }
    Ok(())
}

/// Tells where a policy and the listener differ about values that are good by themselves.
fn overruled(
    findings: &mut Findings,
    context: &Context<'_>,
    policy: &Place<'_>,
) -> Result<(), Error> {
    for name in ["UserAuthentication", "SecurityLayer", "MinEncryptionLevel"] {
        let set = policy.number(name)?;
        for place in context.control_sets() {
            let listener = place.below(LISTENER).number(name)?;
            if matches!(set, Number::Is(_)) && listener.exists() && listener != set {
                findings.note(format!(
                    "a policy sets {name} to {set}; the listener's {listener} does not count"
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_breaks_two_rules() {
        for number in [0, 1, 2, 3, 4, 5, MINUTE - 1, MINUTE, 5 * MINUTE, u32::MAX] {
            for rule in RULES.iter().filter(|rule| (rule.is_bad)(number)) {
                let same = RULES.iter().filter(|other| other.name == rule.name);
                let bad = same.filter(|other| (other.is_bad)(number)).count();
                assert_eq!(bad, 1, "{} {number}", rule.name);
            }
        }
    }

    #[test]
    fn a_limit_of_0_is_none_and_one_of_minutes_is_short() {
        assert!(!is_no_time(0) && !is_short(0));
        assert!(is_no_time(1) && is_no_time(MINUTE - 1) && !is_no_time(MINUTE));
        assert!(is_short(MINUTE) && !is_short(5 * MINUTE));
    }
}

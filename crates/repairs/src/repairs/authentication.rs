//! `authentication`: settings of the local security authority that keep people out.
//!
//! Owns the values of its table below `Control\Lsa`. What guards a machine on purpose is lowered
//! only when it is named, and counts as a weakening. Absent on purpose: packages and providers,
//! Network Level Authentication (`nla`), and the rights of users.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "authentication",
    title: "accept the logons that Windows accepts as it is shipped",
    class: Class::Recommended,
    risk: "what keeps people out can be a guard somebody has put there",
    parameters: &[Parameter {
        name: "lower",
        about: "which guards are lowered as well",
        default: Some(NOTHING),
        values: "nothing, fips, ntlm, or fips,ntlm",
        accepts: |value| value == NOTHING || value.split(',').all(|it| GUARDS.contains(&it)),
    }],
    about: include_str!("authentication.md"),
    diagnose,
};

const NOTHING: &str = "nothing";
const GUARDS: [&str; 2] = ["fips", "ntlm"];

const LSA: &str = r"Control\Lsa";
const FIPS: &str = r"Control\Lsa\FipsAlgorithmPolicy";
const MSV: &str = r"Control\Lsa\MSV1_0";

/// A value that keeps people out.
struct Rule {
    key: &'static str,
    name: &'static str,
    is_bad: fn(u32) -> bool,
    /// What it is set to.
    to: u32,
    kind: Kind,
    when: When,
    title: &'static str,
    why: &'static str,
}

/// When a rule's cure is offered.
#[derive(Clone, Copy)]
enum When {
    /// So, and how sure it is.
    Offered(Offer, Certainty),
    /// As the first, on Windows Vista and later; XP is shipped like this.
    SinceVista(Offer, Certainty),
    /// When the operator names this guard.
    Lowered(&'static str),
    /// The same, and also when asked on a machine without a domain, where nobody gets in.
    LoweredOrAlone(&'static str),
}

const RULES: [Rule; 7] = [
    Rule {
        key: LSA,
        name: "forceguest",
        is_bad: |number| number == 1,
        to: 0,
        kind: Kind::Fix,
        when: When::SinceVista(Offer::Recommended, Certainty::Likely),
        title: "every logon over the network counts as Guest",
        why: "Windows has 0: people log on as themselves",
    },
    Rule {
        key: LSA,
        name: "crashonauditfail",
        is_bad: |number| number == 2,
        to: 0,
        kind: Kind::Weakening,
        when: When::Offered(Offer::WhenAsked, Certainty::Certain),
        title: "only administrators may log on: the security log was full",
        why: "it was 1 (stop when the security log is full), Windows stopped and made it 2; with 1 \
              it stops again as long as the log is full",
    },
    Rule {
        key: LSA,
        name: "disabledomaincreds",
        is_bad: |number| number == 1,
        to: 0,
        kind: Kind::Weakening,
        when: When::Offered(Offer::WhenAsked, Certainty::Possible),
        title: "passwords for other machines are not kept",
        why: "Windows has 0; some security guides ask for 1",
    },
    Rule {
        key: LSA,
        name: "LmCompatibilityLevel",
        is_bad: |number| number > 5,
        to: 5,
        kind: Kind::Fix,
        when: When::Offered(Offer::WhenAsked, Certainty::Possible),
        title: "the level of LAN Manager authentication is a number Windows does not know",
        why: "0 to 5 are known; 5, the strictest, is the nearest",
    },
    Rule {
        key: FIPS,
        name: "Enabled",
        is_bad: |number| number == 1,
        to: 0,
        kind: Kind::Weakening,
        when: When::Lowered("fips"),
        title: "only FIPS algorithms: clients without them cannot connect",
        why: "Windows has 0; a rule of the organisation can ask for 1",
    },
    Rule {
        key: MSV,
        name: "RestrictReceivingNTLMTraffic",
        is_bad: |number| number == 2,
        to: 0,
        kind: Kind::Weakening,
        when: When::LoweredOrAlone("ntlm"),
        title: "NTLM is refused for every account: who has no Kerberos ticket stays outside",
        why: "Windows does not have the value; local accounts have nothing but NTLM",
    },
    Rule {
        key: MSV,
        name: "RestrictSendingNTLMTraffic",
        is_bad: |number| number == 2,
        to: 0,
        kind: Kind::Weakening,
        when: When::Lowered("ntlm"),
        title: "NTLM to every other machine is refused",
        why: "Windows does not have the value; it concerns connections from this machine",
    },
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        for rule in &RULES {
            let place = set.below(rule.key);
            match place.number(rule.name)? {
                Number::Is(now) if (rule.is_bad)(now) => {
                    bad(findings, context, &set, rule, now)?;
                }
                Number::Other(data) => findings.note(format!(
                    "{} is {} {data}, no number: left alone",
                    rule.name, data.kind
                )),
                _ => {}
            }
        }
    }
    Ok(())
}

fn bad(
    findings: &mut Findings,
    context: &Context<'_>,
    set: &Place<'_>,
    rule: &Rule,
    now: u32,
) -> Result<(), Error> {
    let lowered = |guard: &str| {
        let named = context.parameter("lower").unwrap_or_default();
        named.split(',').any(|known| known == guard)
    };
    let alone = || context.installation().map(|it| it.domain.is_none());
    let (offer, certainty) = match rule.when {
        When::Offered(offer, certainty) => (offer, certainty),
        When::SinceVista(offer, certainty) if !is_older(context, set)? => (offer, certainty),
        When::SinceVista(..) => return Ok(()),
        When::LoweredOrAlone(_) if alone()? => (Offer::WhenAsked, Certainty::Certain),
        When::Lowered(guard) | When::LoweredOrAlone(guard) if lowered(guard) => {
            (Offer::WhenAsked, Certainty::Possible)
        }
        When::Lowered(guard) | When::LoweredOrAlone(guard) => {
            let id = REPAIR.id;
            findings.note(format!(
                "{} is {now}: {} (to lower it: --repair {id} --set {id}.lower={guard})",
                rule.name, rule.title
            ));
            return Ok(());
        }
    };
    let place = set.below(rule.key);
    let mut finding = place.finding(offer, certainty, rule.title)?;
    finding
        .evidence
        .push(format!("{} is 0x{now:x}; {}", rule.name, rule.why));
    let change = place.set(rule.kind, rule.name, RegData::dword(rule.to));
    finding.cure.push(change);
    if rule.kind == Kind::Weakening {
        finding.steps.push(Step::Manual(again(rule)));
    }
    findings.add(finding);
    Ok(())
}

/// What has to be done when the logon works again.
fn again(rule: &Rule) -> String {
    match rule.name {
        "crashonauditfail" => {
            "save and clear the security log, then set crashonauditfail to 1 again".to_owned()
        }
        name => format!("raise {name} again if a rule of the organisation asks for it"),
    }
}

/// Whether this Windows is older than Vista; without a version, by a service that came with it.
fn is_older(context: &Context<'_>, set: &Place<'_>) -> Result<bool, Error> {
    match context.windows_version()? {
        Some(version) => Ok(version < (6, 0)),
        None => Ok(!set.below(r"Services\SessionEnv").exists()?),
    }
}

//! `firewall-off`: Windows Firewall is off in all profiles until somebody can log on again.
//!
//! Owns `EnableFirewall` of the profiles and of their policies. Absent on purpose: the service,
//! which keeps connections out when it does not run, and profiles that have no key.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer, Step};
use crate::firewall::{self, LOCAL, Profile};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "firewall-off",
    title: "switch Windows Firewall off for a while",
    class: Class::OnRequest,
    risk: "every program that listens can be reached from wherever the network lets in",
    parameters: &[],
    about: include_str!("firewall-off.md"),
    diagnose,
};

const NAME: &str = "EnableFirewall";
/// The keys of policies, of which the last is that of Windows XP.
const POLICIES: [&str; 4] = [
    "DomainProfile",
    "PrivateProfile",
    "PublicProfile",
    "StandardProfile",
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    for set in context.control_sets() {
        let firewall = set.below(LOCAL);
        for profile in Profile::ALL {
            let key = firewall.below(profile.local_key());
            if key.exists()? {
                let name = profile.name();
                let title = format!("the firewall is off in {name} networks, by request");
                findings.add(off(&key, title)?);
            } else {
                findings.note(format!("{}: no such profile, not created", key.key));
            }
        }
    }
    let Some(policy) = firewall::group_policy(findings, context) else {
        return Ok(());
    };
    for name in POLICIES {
        let key = policy.below(name);
        if key.number(NAME)?.exists() {
            let title = "a policy that keeps the firewall on is off, by request";
            let mut finding = off(&key, title.to_owned())?;
            finding.steps.push(Step::Manual(
                "the domain can switch the firewall on again after boot".to_owned(),
            ));
            findings.add(finding);
        }
    }
    Ok(())
}

fn off(key: &Place<'_>, title: String) -> Result<Finding, Error> {
    let mut finding = key.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    let now = key.number(NAME)?;
    let on = match now {
        Number::Missing => "; without it the firewall is on",
        _ => "",
    };
    finding
        .evidence
        .push(format!("{NAME} is {now} (1 on, 0 off){on}"));
    let change = key.set(Kind::Weakening, NAME, RegData::dword(0));
    finding.cure.push(change);
    finding.steps.push(Step::Manual(
        "switch it on again as soon as the logon works, by undoing this run or in the VM"
            .to_owned(),
    ));
    finding.steps.push(Step::AfterBoot(
        "netsh advfirewall set allprofiles state on".to_owned(),
    ));
    Ok(finding)
}

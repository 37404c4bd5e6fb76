//! `ipsec-rules`: a connection security rule refuses Remote Desktop without IPsec.
//!
//! Owns `Active` of such rules, the machine's own and those of policy. Absent on purpose: rules
//! that only ask for IPsec, and rules with conditions a disk does not show.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use crate::firewall::consec::refuses;
use crate::firewall::rule::Rule;
use crate::firewall::{self, CONNECTION_RULES, LOCAL, Profile, Reach, Rules};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "ipsec-rules",
    title: "stop demanding IPsec of connections to Remote Desktop",
    class: Class::Recommended,
    risk: "what the rule protects besides Remote Desktop is reached without IPsec too",
    parameters: &[],
    about: include_str!("ipsec-rules.md"),
    diagnose,
};

const MERGE: &str = "AllowLocalIPsecPolicyMerge";

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let policy = firewall::group_policy(findings, context);
    let mut own = Vec::new();
    for profile in Profile::ALL {
        let ignored = match &policy {
            Some(policy) => policy.below(profile.policy_key()).number(MERGE)?.is(0),
            None => false,
        };
        if !ignored {
            own.push(profile);
        }
    }
    let mut ports = Vec::new();
    for set in context.control_sets() {
        let port = firewall::port(&set)?;
        if !ports.contains(&port) {
            ports.push(port);
        }
        let place = set.below(LOCAL).below(CONNECTION_RULES);
        look(findings, place, &[port], &own, None)?;
    }
    if let Some(policy) = policy {
        let domain = context.installation()?.domain.unwrap_or_default();
        let place = policy.below(CONNECTION_RULES);
        look(findings, place, &ports, &Profile::ALL, Some(&domain))?;
    }
    Ok(())
}

/// Looks at the rules of one key; `domain` for those of policy, empty in a workgroup.
fn look(
    findings: &mut Findings,
    place: Place<'_>,
    ports: &[u16],
    profiles: &[Profile],
    domain: Option<&str>,
) -> Result<(), Error> {
    let Some(rules) = Rules::read(place)? else {
        return Ok(());
    };
    let reach = |rule: &Rule| {
        let places = ports
            .iter()
            .flat_map(|port| profiles.iter().map(move |profile| (*port, *profile)));
        let reaches = places.map(|(port, profile)| refuses(rule, port, profile));
        reaches.min().unwrap_or(Reach::None)
    };
    for entry in &rules.entries {
        let (name, title) = (&entry.name, entry.rule.title());
        let (offer, certainty, about) = match (reach(&entry.rule), domain) {
            (Reach::All, None) => (Offer::Recommended, Certainty::Likely, "everybody"),
            (Reach::All, Some(_)) => (Offer::WhenNamed, Certainty::Likely, "everybody"),
            (Reach::Part, None) => (Offer::WhenAsked, Certainty::Possible, "some addresses"),
            (Reach::Part, Some(_)) => (Offer::WhenNamed, Certainty::Possible, "some addresses"),
            (Reach::Unknown, _) => {
                findings.note(format!(
                    "{}: rule {name} can demand IPsec of Remote Desktop; its conditions do not \
                     show on a disk",
                    rules.place.key
                ));
                continue;
            }
            (Reach::None, _) => continue,
        };
        let title = format!("rule {name} ({title}) refuses Remote Desktop without IPsec");
        let mut finding = rules.place.finding(offer, certainty, title)?;
        let action = entry.rule.values("Action").next().unwrap_or_default();
        finding.evidence.push(format!(
            "Action={action} and Active=TRUE: it demands IPsec of {about} over TCP, on the port of \
             Remote Desktop too"
        ));
        if let Some(domain) = domain.filter(|domain| !domain.is_empty()) {
            finding.evidence.push(format!(
                "the policy of {domain} can set it again after boot: change it there"
            ));
            let step = "gpresult /r /scope computer".to_owned();
            finding.steps.push(Step::AfterBoot(step));
        }
        let off = RegData::sz(&entry.rule.with("Active", "FALSE").to_string());
        let change = rules.place.set(Kind::Weakening, name, off);
        finding.cure.push(change);
        findings.add(finding);
    }
    Ok(())
}

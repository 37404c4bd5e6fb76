//! `tls-policy`: settings that leave TLS nothing to agree on.
//!
//! Owns the policy `Functions` of `SSL\00010002`. What is switched off below `SCHANNEL` is only
//! told. Absent on purpose: protocols (see `tls-protocols` and `tls-legacy`), and any list that
//! names a suite.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use hive::{RegData, RegType};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "tls-policy",
    title: "delete an empty list of cipher suites",
    class: Class::Recommended,
    risk: "none: without the list Windows uses its own",
    parameters: &[],
    about: include_str!("tls-policy.md"),
    diagnose,
};

/// The policy on cipher suites, in SOFTWARE.
const POLICY: &str = r"Policies\Microsoft\Cryptography\Configuration\SSL\00010002";
const SUITES: &str = "Functions";
const SCHANNEL: &str = r"Control\SecurityProviders\SCHANNEL";

/// What TLS needs at least one of.
struct Group {
    key: &'static str,
    what: &'static str,
    /// The names of those a current client takes.
    current: &'static [&'static str],
}

const GROUPS: [Group; 3] = [
    Group {
        key: "Ciphers",
        what: "cipher",
        current: &["AES 128/128", "AES 256/256"],
    },
    Group {
        key: "KeyExchangeAlgorithms",
        what: "key exchange",
        current: &["Diffie-Hellman", "ECDH", "PKCS"],
    },
    Group {
        key: "Hashes",
        what: "hash",
        current: &["SHA", "SHA256", "SHA384", "SHA512"],
    },
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if let Some(policy) = context.software(POLICY)? {
        suites(findings, context, &policy)?;
    }
    for set in context.control_sets() {
        for group in &GROUPS {
            switched_off(
                findings,
                &set.below(&format!(r"{SCHANNEL}\{}", group.key)),
                group,
            )?;
        }
    }
    Ok(())
}

fn suites(findings: &mut Findings, context: &Context<'_>, policy: &Place<'_>) -> Result<(), Error> {
    let Some(data) = policy.read(SUITES)? else {
        return Ok(());
    };
    let Some(names) = suite_names(&data) else {
        let title = "the policy on cipher suites is no list: Windows may not read it";
        let mut finding = policy.finding(Offer::Report, Certainty::Possible, title)?;
        finding.evidence.push(format!("{SUITES} is {}", data.kind));
        findings.add(finding);
        return Ok(());
    };
    if !names.is_empty() {
        return Ok(());
    }
    let title = "a policy allows no cipher suite at all: TLS cannot begin";
    let mut finding = policy.finding(Offer::Recommended, Certainty::Certain, title)?;
    finding
        .evidence
        .push(format!("{SUITES} is there and names nothing"));
    finding.cure.push(policy.delete(Kind::Fix, SUITES));
    if let Some(domain) = context.installation()?.domain {
        let why = format!("the policy of {domain} can set it again after boot: change it there");
        finding.evidence.push(why);
        let step = "gpresult /r /scope computer".to_owned();
        finding.steps.push(Step::AfterBoot(step));
    }
    findings.add(finding);
    Ok(())
}

/// The suites a list names; `None` when it is no list.
fn suite_names(data: &RegData) -> Option<Vec<String>> {
    let lines = match data.kind {
        RegType::MULTI_SZ => data.as_texts()?,
        RegType::SZ | RegType::EXPAND_SZ => vec![data.as_text()?],
        _ => return None,
    };
    let names = lines.iter().flat_map(|line| line.split(',')).map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    Some(names.map(str::to_owned).collect())
}

fn switched_off(findings: &mut Findings, place: &Place<'_>, group: &Group) -> Result<(), Error> {
    let mut off = Vec::new();
    for &name in group.current {
        if place.below(name).number("Enabled")?.is(0) {
            off.push(name);
        }
    }
    let (what, names) = (group.what, off.join(", "));
    if off.len() == group.current.len() {
        let title = format!("SCHANNEL has no {what} left that current clients take");
        let mut finding = place.finding(Offer::Report, Certainty::Likely, title)?;
        finding.evidence.push(format!("Enabled is 0x0 for {names}"));
        finding.steps.push(Step::Manual(format!(
            "switch one of them on again: delete its value Enabled below {}",
            place.key
        )));
        findings.add(finding);
    } else if !off.is_empty() {
        findings.note(format!("SCHANNEL {what} off: {names}: kept off"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_empty_when_it_names_nothing() {
        for (data, wanted) in [
            (RegData::sz(""), Some(0)),
            (RegData::sz(" , ,"), Some(0)),
            (RegData::sz("TLS_A,TLS_B"), Some(2)),
            (RegData::multi_sz(&[]), Some(0)),
            (RegData::multi_sz(&["TLS_A", "TLS_B,TLS_C"]), Some(3)),
            (RegData::dword(0), None),
        ] {
            assert_eq!(
                suite_names(&data).map(|names| names.len()),
                wanted,
                "{data}"
            );
        }
    }
}

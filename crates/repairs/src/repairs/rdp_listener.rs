//! `rdp-listener`: values with which the RDP listener cannot work.
//!
//! Owns `MaxInstanceCount`, `LanAdapter`, `PortNumber`, `MinEncryptionLevel`,
//! `LoadableProtocol_Object` and values with misspelt names, of `RDP-Tcp`. The values of `nla`
//! are only told. Absent on purpose: building a listener that is not there, and any value an
//! administrator can have chosen.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Number, Place};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer, Step};
use crate::repairs::nla::{self, LISTENER};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rdp-listener",
    title: "give the RDP listener values it can work with",
    class: Class::Recommended,
    risk: "none for values that cannot work; misspelt names are deleted only when it is named",
    parameters: &[],
    about: include_str!("rdp-listener.md"),
    diagnose,
};

/// The object that makes an RDP listener from Windows 8.1 on.
const PROTOCOL: &str = "{5828227c-20cf-4408-b73f-73ab70b8849f}";
/// The same in Windows 7.
const PROTOCOL_OF_7: &str = "{18b726bb-6fe6-4fb9-9276-ed57ce7c7cb2}";
const PROTOCOL_NAME: &str = "LoadableProtocol_Object";

/// One number of the listener.
struct Rule {
    name: &'static str,
    /// What cannot work.
    is_bad: fn(u32) -> bool,
    good: u32,
    certainty: Certainty,
    title: &'static str,
}

const RULES: [Rule; 4] = [
    Rule {
        name: "MaxInstanceCount",
        is_bad: |number| number == 0,
        good: u32::MAX,
        certainty: Certainty::Certain,
        title: "the listener allows no connection at all",
    },
    Rule {
        name: "LanAdapter",
        is_bad: |number| number != 0,
        good: 0,
        certainty: Certainty::Likely,
        title: "the listener is bound to one network adapter, which may no longer exist",
    },
    Rule {
        name: "PortNumber",
        is_bad: |number| !matches!(number, 1..=65535),
        good: 3389,
        certainty: Certainty::Certain,
        title: "the listener has a port number that does not exist",
    },
    Rule {
        name: "MinEncryptionLevel",
        is_bad: |number| !matches!(number, 1..=4),
        good: 2,
        certainty: Certainty::Certain,
        title: "the listener has an encryption level Windows does not know",
    },
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let version = context.windows_version()?;
    for set in context.control_sets() {
        let listener = set.below(LISTENER);
        // A control set without the service is no whole one; `stray-hive` tells of it.
        let whole = set.below(r"Services\TermService").exists()?;
        if !listener.exists()? {
            if whole {
                findings.add(missing(&listener)?);
            }
            continue;
        }
        for rule in &RULES {
            apply(findings, &listener, rule)?;
        }
        told(findings, context.ask, &listener)?;
        protocol(findings, version, &listener, whole)?;
        misspelt(findings, &listener)?;
    }
    Ok(())
}

fn missing(listener: &Place<'_>) -> Result<Finding, Error> {
    let title = "the RDP listener's key is missing: there is nothing to connect to";
    let mut finding = listener.finding(Offer::Report, Certainty::Certain, title)?;
    finding.steps.push(Step::Manual(
        "import the key RDP-Tcp from a machine with the same version of Windows".to_owned(),
    ));
    Ok(finding)
}

fn apply(findings: &mut Findings, listener: &Place<'_>, rule: &Rule) -> Result<(), Error> {
    let (name, good) = (rule.name, rule.good);
    let now = listener.number(name)?;
    match &now {
        Number::Is(number) if (rule.is_bad)(*number) => {
            let mut finding = listener.finding(Offer::Recommended, rule.certainty, rule.title)?;
            finding
                .evidence
                .push(format!("{name} is {now}, Windows ships 0x{good:x}"));
            finding
                .cure
                .push(listener.set(Kind::Fix, name, RegData::dword(good)));
            findings.add(finding);
        }
        Number::Other(_) => {
            let title = format!("{name} is no number: Windows may not read it");
            report(findings, listener, title, format!("{name} is {now}"))?;
        }
        Number::Is(_) | Number::Missing => {}
    }
    Ok(())
}

fn report(
    findings: &mut Findings,
    listener: &Place<'_>,
    title: impl Into<String>,
    evidence: String,
) -> Result<(), Error> {
    let mut finding = listener.finding(Offer::Report, Certainty::Possible, title)?;
    finding.evidence.push(evidence);
    findings.add(finding);
    Ok(())
}

/// What can be meant as it is, and what belongs to another repair.
fn told(findings: &mut Findings, ask: Ask, listener: &Place<'_>) -> Result<(), Error> {
    // A symptom looks at `rdp-port` as well, which tells of it itself.
    if matches!(ask, Ask::Look | Ask::Named)
        && let Number::Is(port @ 1..=65535) = listener.number("PortNumber")?
        && port != 3389
    {
        let title = format!("the listener is on port {port}, not 3389");
        let why = "firewall rule, network security group and client have to use this port too";
        report(findings, listener, title, why.to_owned())?;
    }
    if listener.number("MinEncryptionLevel")?.is(4) {
        let title = "the listener accepts FIPS encryption only";
        let why = "MinEncryptionLevel is 0x4; a client without FIPS algorithms is refused";
        report(findings, listener, title, why.to_owned())?;
    }
    // A symptom looks at `nla` as well, which tells of these itself.
    if matches!(ask, Ask::Look | Ask::Named)
        && let Some(problem) = nla::Values::of(listener)?.problem()
    {
        let values = nla::Values::of(listener)?.to_string();
        report(findings, listener, problem, values)?;
    }
    Ok(())
}

fn protocol(
    findings: &mut Findings,
    version: Option<(u16, u16)>,
    listener: &Place<'_>,
    whole: bool,
) -> Result<(), Error> {
    match listener.read(PROTOCOL_NAME)? {
        Some(data) => {
            let text = data.as_text().unwrap_or_default();
            let known = [PROTOCOL, PROTOCOL_OF_7];
            if !known.iter().any(|known| known.eq_ignore_ascii_case(&text)) {
                let title = "the listener is made by an object that is not Windows' own";
                let evidence = format!("{PROTOCOL_NAME} is {data}, Windows has {PROTOCOL}");
                report(findings, listener, title, evidence)?;
            }
        }
        None if whole && version >= Some((6, 3)) => {
            let title = "nothing makes a listener: its object is not named";
            let (offer, certainty) = (Offer::Recommended, Certainty::Certain);
            let mut finding = listener.finding(offer, certainty, title)?;
            finding.evidence.push(format!(
                "{PROTOCOL_NAME} is missing; every Windows from 8.1 on has {PROTOCOL}"
            ));
            let change = listener.set(Kind::Fix, PROTOCOL_NAME, RegData::sz(PROTOCOL));
            finding.cure.push(change);
            findings.add(finding);
        }
        None if whole && version.is_none() && !nla::is_older(listener)? => {
            let title = "the listener's object is not named";
            let evidence = format!(
                "{PROTOCOL_NAME} is missing; which one belongs there depends on the version of \
                 Windows, which is not known"
            );
            report(findings, listener, title, evidence)?;
        }
        None => {}
    }
    Ok(())
}

/// Values an article's command has created beside the right ones.
fn misspelt(findings: &mut Findings, listener: &Place<'_>) -> Result<(), Error> {
    let mut names = listener.value_names()?;
    names.retain(|name| name.chars().next().is_some_and(is_no_start));
    if names.is_empty() {
        return Ok(());
    }
    let title = "values with a quote or blank before their name: Windows never reads them";
    let mut finding = listener.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    for name in &names {
        finding.evidence.push(format!("value {name:?}"));
        finding.cure.push(listener.delete(Kind::Fix, name));
    }
    finding.evidence.push(
        "a command with quotes of the wrong kind made them, and did not change what it meant to"
            .to_owned(),
    );
    findings.add(finding);
    Ok(())
}

/// Whether no name of Windows begins like this.
fn is_no_start(first: char) -> bool {
    let quotes = "'\"`\u{AB}\u{BB}\u{B4}\u{2039}\u{203A}";
    first.is_whitespace() || quotes.contains(first) || ('\u{2018}'..='\u{201F}').contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_bad_and_good_ones() {
        let bad = |name: &str, number| {
            let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
            assert!(!(rule.is_bad)(rule.good), "{name} is cured into a fault");
            (rule.is_bad)(number)
        };
        assert!(bad("MaxInstanceCount", 0));
        assert!(!bad("MaxInstanceCount", 1));
        assert!(bad("LanAdapter", 1));
        assert!(!bad("LanAdapter", 0));
        for (port, is_bad) in [
            (0, true),
            (1, false),
            (3389, false),
            (65535, false),
            (65536, true),
        ] {
            assert_eq!(bad("PortNumber", port), is_bad, "{port}");
        }
        for (level, is_bad) in [(0, true), (1, false), (2, false), (4, false), (5, true)] {
            assert_eq!(bad("MinEncryptionLevel", level), is_bad, "{level}");
        }
    }

    #[test]
    fn quotes_and_blanks_are_no_start() {
        for first in [
            '\'', '"', ' ', '\t', '\u{A0}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}',
        ] {
            assert!(is_no_start(first), "{first:?}");
        }
        for first in ['f', 'M', '_', '(', '\u{E9}'] {
            assert!(!is_no_start(first), "{first:?}");
        }
    }
}

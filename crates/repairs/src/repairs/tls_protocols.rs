//! `tls-protocols`: the server side of TLS 1.2 is switched off.
//!
//! Owns `Enabled` and `DisabledByDefault` of `TLS 1.2\Server`; TLS 1.0 and 1.1 belong to
//! `tls-legacy`, and are only told here.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

/// Where the protocols are, below a control set.
pub(crate) const PROTOCOLS: &str = r"Control\SecurityProviders\SCHANNEL\Protocols";

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "tls-protocols",
    title: "switch the server side of TLS 1.2 on again",
    class: Class::Recommended,
    risk: "none: TLS 1.2 on is what every supported Windows ships",
    parameters: &[],
    about: include_str!("tls-protocols.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let mut off = false;
    for set in context.control_sets() {
        off |= look(findings, context, &set)?;
    }
    if off && context.installation()?.domain.is_some() {
        findings.note("domain member: a policy may switch TLS 1.2 off again after boot");
    }
    Ok(())
}

/// Looks at one control set; whether TLS 1.2 is off there.
fn look(findings: &mut Findings, context: &Context<'_>, set: &Place<'_>) -> Result<bool, Error> {
    let server = set.below(&format!(r"{PROTOCOLS}\TLS 1.2\Server"));
    let enabled = server.number("Enabled")?;
    let by_default = server.number("DisabledByDefault")?;
    let older_off = [is_off(set, "TLS 1.0")?, is_off(set, "TLS 1.1")?];
    let off = enabled.is(0) || matches!(by_default, Number::Is(number) if number != 0);
    if !off && context.ask != Ask::Article {
        odd(
            findings,
            &server,
            &[("Enabled", enabled), ("DisabledByDefault", by_default)],
        )?;
        note_older(findings, older_off);
        return Ok(false);
    }
    let title = match (off, older_off) {
        (true, [true, true]) => "TLS 1.2 is off, and 1.0 and 1.1 too: RDP has no protocol left",
        (true, _) => "TLS 1.2 is off: current RDP clients ask for it",
        (false, _) => "the article sets TLS 1.2 explicitly",
    };
    let (offer, certainty) = if off {
        (Offer::Recommended, Certainty::Certain)
    } else {
        (Offer::WhenNamed, Certainty::Possible)
    };
    let mut finding = server.finding(offer, certainty, title)?;
    finding.evidence.push(format!(
        "Enabled is {enabled}, DisabledByDefault is {by_default}; when both are missing, Windows \
         has TLS 1.2 on"
    ));
    finding
        .cure
        .push(server.set(Kind::Fix, "Enabled", RegData::dword(1)));
    if by_default.exists() {
        finding
            .cure
            .push(server.set(Kind::Fix, "DisabledByDefault", RegData::dword(0)));
    }
    findings.add(finding);
    note_older(findings, older_off);
    Ok(off)
}

/// Tells of values that are no number.
fn odd(
    findings: &mut Findings,
    server: &Place<'_>,
    values: &[(&str, Number)],
) -> Result<(), Error> {
    for (name, value) in values {
        if let Number::Other(_) = value {
            let title = format!("{name} is no number: Windows may not read it");
            let mut finding = server.finding(Offer::Report, Certainty::Possible, title)?;
            finding.evidence.push(format!("{name} is {value}"));
            findings.add(finding);
        }
    }
    Ok(())
}

fn note_older(findings: &mut Findings, off: [bool; 2]) {
    let names: Vec<&str> = ["1.0", "1.1"]
        .into_iter()
        .zip(off)
        .filter(|(_, off)| *off)
        .map(|(name, _)| name)
        .collect();
    if !names.is_empty() {
        findings.note(format!(
            "TLS {} server off: kept off (--with tls-legacy)",
            names.join(", ")
        ));
    }
}

/// Whether a protocol's server side is switched off in this control set.
pub(crate) fn is_off(set: &Place<'_>, protocol: &str) -> Result<bool, Error> {
    let server = set.below(&format!(r"{PROTOCOLS}\{protocol}\Server"));
    let by_default = server.number("DisabledByDefault")?;
    Ok(server.number("Enabled")?.is(0) || matches!(by_default, Number::Is(number) if number != 0))
}

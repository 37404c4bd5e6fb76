//! `tls-legacy`: the server sides of TLS 1.0 and 1.1 on, for clients that know nothing newer.
//!
//! Owns `Enabled` and `DisabledByDefault` of `TLS 1.0\Server` and `TLS 1.1\Server`. Absent on
//! purpose: TLS 1.2 (see `tls-protocols`), client sides, SSL.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use crate::repairs::tls_protocols::PROTOCOLS;
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "tls-legacy",
    title: "switch the server sides of TLS 1.0 and 1.1 on",
    class: Class::OnRequest,
    risk: "both protocols are outdated; switch them off again when the old client is gone",
    parameters: &[],
    about: include_str!("tls-legacy.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    for set in context.control_sets() {
        for protocol in ["TLS 1.0", "TLS 1.1"] {
            let server = set.below(&format!(r"{PROTOCOLS}\{protocol}\Server"));
            allow(findings, context.ask, &server, protocol)?;
        }
    }
    Ok(())
}

fn allow(
    findings: &mut Findings,
    ask: Ask,
    server: &Place<'_>,
    protocol: &str,
) -> Result<(), Error> {
    let enabled = server.number("Enabled")?;
    let by_default = server.number("DisabledByDefault")?;
    let title = if ask == Ask::Article {
        format!("the article switches {protocol} on")
    } else {
        format!("{protocol} is switched on by request")
    };
    let mut finding = server.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    finding.evidence.push(format!(
        "Enabled is {enabled}, DisabledByDefault is {by_default}; when both are missing, the \
         version of Windows decides"
    ));
    // Every number but 0 means on; only the article insists on 1.
    let on = matches!(enabled, Number::Is(number) if number != 0);
    if !on || ask == Ask::Article {
        let change = server.set(Kind::Weakening, "Enabled", RegData::dword(1));
        finding.cure.push(change);
    }
    if by_default.exists() {
        let change = server.set(Kind::Weakening, "DisabledByDefault", RegData::dword(0));
        finding.cure.push(change);
    }
    if finding.cure.is_empty() {
        return Ok(());
    }
    finding.steps.push(Step::Manual(
        "switch TLS 1.0 and 1.1 off again when no client needs them any more".to_owned(),
    ));
    findings.add(finding);
    Ok(())
}

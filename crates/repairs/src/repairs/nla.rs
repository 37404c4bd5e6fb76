//! `nla`: Network Level Authentication on, with values that fit together.
//!
//! Owns `UserAuthentication`, `fAllowSecProtocolNegotiation` and `SecurityLayer` of the RDP-Tcp
//! listener; `rdp-listener` only tells of them.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Number, Place};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer};
use hive::RegData;

/// The listener's key, below a control set.
pub(crate) const LISTENER: &str = r"Control\Terminal Server\WinStations\RDP-Tcp";

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "nla",
    title: "require Network Level Authentication again",
    class: Class::OnRequest,
    risk: "users whose accounts cannot be checked before the session (expired passwords, no \
           domain controller) stay out",
    parameters: &[],
    about: include_str!("nla.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        let listener = set.below(LISTENER);
        if listener.exists()? {
            look(findings, context, &listener)?;
        }
    }
    Ok(())
}

fn look(findings: &mut Findings, context: &Context<'_>, listener: &Place<'_>) -> Result<(), Error> {
    let layer = listener.number("SecurityLayer")?;
    let required = listener.number("UserAuthentication")?;
    let negotiated = listener.number("fAllowSecProtocolNegotiation")?;
    let invalid = !matches!(layer, Number::Is(0..=2));
    if !context.ask.wants_it() {
        if let Some(mut finding) = report(listener, &layer, &required, &negotiated, invalid)? {
            finding
                .evidence
                .push(values(&layer, &required, &negotiated));
            findings.add(finding);
        }
        return Ok(());
    }
    let title = if context.ask == Ask::Article {
        "the article requires NLA"
    } else {
        "NLA is required on request"
    };
    let mut finding = listener.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    finding
        .evidence
        .push(values(&layer, &required, &negotiated));
    let wanted = match (context.ask, &layer) {
        (_, Number::Is(2)) => None,
        (Ask::Article, _) => Some(1),
        _ if invalid => Some(2),
        _ => None,
    };
    if let Some(wanted) = wanted {
        finding
            .cure
            .push(listener.set(Kind::Fix, "SecurityLayer", RegData::dword(wanted)));
    }
    for name in ["UserAuthentication", "fAllowSecProtocolNegotiation"] {
        finding
            .cure
            .push(listener.set(Kind::Fix, name, RegData::dword(1)));
    }
    findings.add(finding);
    Ok(())
}

/// What is worth telling when nobody asked for NLA.
fn report(
    listener: &Place<'_>,
    layer: &Number,
    required: &Number,
    negotiated: &Number,
    invalid: bool,
) -> Result<Option<Finding>, Error> {
    let title = if invalid {
        "SecurityLayer is not a value Windows knows: --with nla sets it"
    } else if negotiated.is(0) && layer.is(2) {
        "TLS is demanded but may not be negotiated: --with nla allows it"
    } else if !matches!(required, Number::Is(0 | 1)) {
        "UserAuthentication is not a value Windows knows: --with nla sets it"
    } else {
        return Ok(None);
    };
    listener
        .finding(Offer::Report, Certainty::Likely, title)
        .map(Some)
}

fn values(layer: &Number, required: &Number, negotiated: &Number) -> String {
    format!(
        "SecurityLayer is {layer} (0 RDP, 1 negotiate, 2 TLS), UserAuthentication is {required} \
         (1 requires NLA), fAllowSecProtocolNegotiation is {negotiated}"
    )
}

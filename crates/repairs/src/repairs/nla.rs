//! `nla`: Network Level Authentication on, with values that fit together.
//!
//! Owns `UserAuthentication`, `fAllowSecProtocolNegotiation` and `SecurityLayer` of the RDP-Tcp
//! listener; `rdp-listener` only tells of them. Absent on purpose: policies, and NLA on a Windows
//! older than Vista, which has none.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;
use std::fmt;

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

/// The three values as they are.
pub(crate) struct Values {
    layer: Number,
    required: Number,
    negotiated: Number,
    /// Whether this Windows has no NLA.
    older: bool,
}

impl Values {
    /// Reads them.
    pub(crate) fn of(listener: &Place<'_>) -> Result<Values, Error> {
        Ok(Values {
            layer: listener.number("SecurityLayer")?,
            required: listener.number("UserAuthentication")?,
            negotiated: listener.number("fAllowSecProtocolNegotiation")?,
            older: is_older(listener)?,
        })
    }

    fn is_invalid(&self) -> bool {
        !matches!(self.layer, Number::Is(0..=2))
    }

    /// What is worth telling when nobody asked for NLA.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.older {
            None
        } else if self.is_invalid() {
            Some("SecurityLayer is not a value Windows knows: --with nla sets it")
        } else if self.negotiated.is(0) && self.layer.is(2) {
            Some("TLS is demanded but may not be negotiated: --with nla allows it")
        } else if !matches!(self.required, Number::Is(0 | 1)) {
            Some("UserAuthentication is not a value Windows knows: --with nla sets it")
        } else {
            None
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SecurityLayer is {} (0 RDP, 1 negotiate, 2 TLS), UserAuthentication is {} (1 \
             requires NLA), fAllowSecProtocolNegotiation is {}",
            self.layer, self.required, self.negotiated
        )
    }
}

/// Whether the listener is that of Windows 2000, XP or Server 2003.
pub(crate) fn is_older(listener: &Place<'_>) -> Result<bool, Error> {
    let name = listener.text("WdName")?.unwrap_or_default();
    Ok(name.starts_with("Microsoft RDP 5."))
}

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
    let values = Values::of(listener)?;
    if !context.ask.wants_it() {
        if let Some(problem) = values.problem() {
            let mut finding = listener.finding(Offer::Report, Certainty::Likely, problem)?;
            finding.evidence.push(values.to_string());
            findings.add(finding);
        }
        return Ok(());
    }
    if values.older {
        findings.note(format!("{}: this Windows has no NLA", listener.key));
        return Ok(());
    }
    let title = if context.ask == Ask::Article {
        "the article requires NLA"
    } else {
        "NLA is required by request"
    };
    let mut finding = listener.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    finding.evidence.push(values.to_string());
    let wanted = match (context.ask, &values.layer) {
        (_, Number::Is(2)) => None,
        (Ask::Article, _) => Some(1),
        _ if values.is_invalid() => Some(2),
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

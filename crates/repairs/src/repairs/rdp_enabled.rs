//! `rdp-enabled`: Remote Desktop is switched off, or takes no new logons.
//!
//! Owns `fDenyTSConnections`, `fEnableWinStation`, `fLogonDisabled`, `TSServerDrainMode` and the
//! policy's `fDenyTSConnections`. Absent on purpose: `TSUserEnabled`, which is 0 on machines that
//! work, and creating a value or policy that is not there.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use crate::repairs::nla::LISTENER;
use hive::RegData;

/// The key of the Remote Desktop policies, in SOFTWARE.
pub(crate) const POLICY: &str = r"Policies\Microsoft\Windows NT\Terminal Services";

/// The key of Remote Desktop, below a control set.
pub(crate) const SERVER: &str = r"Control\Terminal Server";

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rdp-enabled",
    title: "allow Remote Desktop connections and logons",
    class: Class::Recommended,
    risk: "opens Remote Desktop on a machine where it can be off on purpose",
    parameters: &[],
    about: include_str!("rdp-enabled.md"),
    diagnose,
};

/// One switch: where it is off, and what turns it on.
struct Switch {
    key: &'static str,
    name: &'static str,
    is_off: fn(u32) -> bool,
    on: u32,
    title: &'static str,
}

const SWITCHES: [Switch; 4] = [
    Switch {
        key: SERVER,
        name: "fDenyTSConnections",
        is_off: |number| number != 0,
        on: 0,
        title: "Remote Desktop is switched off",
    },
    Switch {
        key: SERVER,
        name: "TSServerDrainMode",
        is_off: |number| number != 0,
        on: 0,
        title: "the server is drained: it takes no new sessions",
    },
    Switch {
        key: LISTENER,
        name: "fEnableWinStation",
        is_off: |number| number == 0,
        on: 1,
        title: "the RDP listener is switched off",
    },
    Switch {
        key: LISTENER,
        name: "fLogonDisabled",
        is_off: |number| number != 0,
        on: 0,
        title: "the RDP listener refuses logons",
    },
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        for switch in &SWITCHES {
            look(findings, &set.below(switch.key), switch, None)?;
        }
    }
    if let Some(policy) = policy(findings, context) {
        let denied = Switch {
            key: POLICY,
            title: "a policy switches Remote Desktop off",
            ..SWITCHES[0]
        };
        let why = "a policy overrules the setting, and the domain can set it again after boot";
        look(findings, &policy, &denied, Some(why))?;
    }
    Ok(())
}

fn look(
    findings: &mut Findings,
    place: &Place<'_>,
    switch: &Switch,
    why: Option<&str>,
) -> Result<(), Error> {
    let name = switch.name;
    let now = place.number(name)?;
    match &now {
        Number::Missing => Ok(()),
        Number::Is(number) if !(switch.is_off)(*number) => Ok(()),
        Number::Is(_) => {
            let certainty = Certainty::Possible;
            let mut finding = place.finding(Offer::WhenAsked, certainty, switch.title)?;
            let on = switch.on;
            finding
                .evidence
                .push(format!("{name} is {now}; connections need {on}"));
            finding.evidence.extend(why.map(str::to_owned));
            let change = place.set(Kind::Fix, name, RegData::dword(on));
            finding.cure.push(change);
            findings.add(finding);
            Ok(())
        }
        Number::Other(_) => {
            let title = format!("{name} is no number: Windows may not read it");
            let mut finding = place.finding(Offer::Report, Certainty::Possible, title)?;
            finding.evidence.push(format!("{name} is {now}"));
            findings.add(finding);
            Ok(())
        }
    }
}

/// The Remote Desktop policies; `None` without SOFTWARE, and when it cannot be looked at, which
/// is noted: the rest of a diagnosis does not depend on it.
pub(crate) fn policy<'v>(findings: &mut Findings, context: &Context<'v>) -> Option<Place<'v>> {
    match context.software(POLICY) {
        Ok(place) => place,
        Err(error) => {
            findings.note(format!("policy not checked: {error}"));
            None
        }
    }
}

//! `critical-ifeo`: something else starts in place of a program Windows cannot be without.
//!
//! Owns `Debugger` and `GlobalFlag` of the programs in its table, below `Image File Execution
//! Options`. Everybody else's are told. Absent on purpose: the other values there
//! (`MitigationOptions` and the like), which Windows ships itself, and filters by path.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "critical-ifeo",
    title: "start the programs of Windows themselves, without a debugger",
    class: Class::Recommended,
    risk: "a debugger that was put before such a program on purpose is out of use",
    parameters: &[],
    about: include_str!("critical-ifeo.md"),
    diagnose,
};

const KEY: &str = r"Microsoft\Windows NT\CurrentVersion\Image File Execution Options";
/// A program and what is missing when it does not start.
const CRITICAL: [(&str, &str); 10] = [
    ("csrss.exe", "the Windows subsystem"),
    ("explorer.exe", "the desktop"),
    ("logonui.exe", "the logon screen"),
    ("lsass.exe", "every logon"),
    ("services.exe", "every service"),
    ("smss.exe", "everything after the kernel"),
    ("svchost.exe", "nearly every service"),
    ("userinit.exe", "the session of a user"),
    ("wininit.exe", "everything after the kernel"),
    ("winlogon.exe", "every logon"),
];
/// What anybody at the logon screen can start.
const DOORS: [&str; 7] = [
    "atbroker.exe",
    "displayswitch.exe",
    "magnify.exe",
    "narrator.exe",
    "osk.exe",
    "sethc.exe",
    "utilman.exe",
];
/// `GlobalFlag`: somebody is told when the program ends; nothing runs differently.
const MONITOR_EXIT: u32 = 0x200;
/// No more programs are told.
const TOLD: usize = 12;

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let Some(options) = context.software(KEY)? else {
        return Ok(());
    };
    let mut others = Vec::new();
    for name in options.subkey_names()? {
        let place = options.below(&name);
        let debugger = place.text("Debugger")?.unwrap_or_default();
        let debugger = debugger.trim();
        let named = |known: &str| known.eq_ignore_ascii_case(&name);
        if let Some((program, lost)) = CRITICAL.iter().find(|(known, _)| named(known)) {
            critical(findings, &place, program, lost, debugger)?;
        } else if debugger.is_empty() {
            continue;
        } else if DOORS.iter().any(|known| named(known)) {
            door(findings, &place, &name, debugger)?;
        } else {
            others.push(format!("{name:?} starts {debugger:?}"));
        }
    }
    if !others.is_empty() {
        let more = others.len().saturating_sub(TOLD);
        others.truncate(TOLD);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let list = others.join(", ");
        findings.note(format!(
            "programs with a debugger, left alone: {list}{more}"
        ));
    }
    Ok(())
}

fn critical(
    findings: &mut Findings,
    place: &Place<'_>,
    program: &str,
    lost: &str,
    debugger: &str,
) -> Result<(), Error> {
    let flags = place.read("GlobalFlag")?;
    let number = flags.as_ref().map(flag_number);
    let (offer, certainty, title) = if !debugger.is_empty() {
        let title = format!("{program} does not start, its debugger does: {lost} may be missing");
        (Offer::Recommended, Certainty::Likely, title)
    } else {
        let title = format!("{program} runs under flags for finding faults");
        match number {
            None | Some(Some(0)) => return Ok(()),
            Some(Some(MONITOR_EXIT)) => (Offer::WhenAsked, Certainty::Possible, title),
            Some(_) => (Offer::Recommended, Certainty::Likely, title),
        }
    };
    let mut finding = place.finding(offer, certainty, title)?;
    if !debugger.is_empty() {
        finding.evidence.push(format!(
            "Debugger is {debugger:?}: Windows starts that and hands it the name of {program}"
        ));
        finding.cure.push(place.delete(Kind::Fix, "Debugger"));
    }
    if let Some(flags) = flags.filter(|_| number != Some(Some(0))) {
        finding.evidence.push(format!(
            "GlobalFlag is {flags}: it slows the program down or stops it at the first fault"
        ));
        finding.cure.push(place.delete(Kind::Fix, "GlobalFlag"));
    }
    findings.add(finding);
    Ok(())
}

/// The flags as Windows reads them: a number, or a text of hexadecimal digits; `None` for neither.
fn flag_number(data: &RegData) -> Option<u32> {
    data.as_dword().or_else(|| {
        let text = data.as_text()?;
        let text = text.trim();
        let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
        u32::from_str_radix(digits.unwrap_or(text), 16).ok()
    })
}

fn door(
    findings: &mut Findings,
    place: &Place<'_>,
    name: &str,
    debugger: &str,
) -> Result<(), Error> {
    let title = format!("a back door at the logon screen: {name} starts another program");
    let mut finding = place.finding(Offer::Report, Certainty::Likely, title)?;
    finding.evidence.push(format!(
        "Debugger is {debugger:?}; whoever reaches the logon screen starts it as LocalSystem, \
         without a password"
    ));
    finding.evidence.push(
        "it is not removed here: it is a trace of who was on this machine; to remove it, delete \
         the value Debugger"
            .to_owned(),
    );
    findings.add(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_numbers_or_digits() {
        for (data, wanted) in [
            (RegData::dword(0x200), Some(0x200)),
            (RegData::sz("0x02000000"), Some(0x0200_0000)),
            (RegData::sz("100"), Some(0x100)),
            (RegData::sz("x"), None),
            (RegData::multi_sz(&["1"]), None),
        ] {
            assert_eq!(flag_number(&data), wanted, "{data}");
        }
    }
}

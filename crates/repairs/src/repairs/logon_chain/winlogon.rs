//! What winlogon starts for a user: `Userinit` and `Shell`.
//!
//! Invariants: a further program beside Windows' own stays and is told. Absent on purpose: shells
//! of single users, and policies.

use super::programs::{Programs, Seen, is_drive, is_in_system32, program};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer};
use hive::RegData;

const KEY: &str = r"Microsoft\Windows NT\CurrentVersion\Winlogon";
const CURRENT_VERSION: &str = r"Microsoft\Windows NT\CurrentVersion";
const SHELL: &str = "explorer.exe";

/// Looks at both; a SOFTWARE hive that cannot be read is told.
pub(super) fn look(
    findings: &mut Findings,
    context: &Context<'_>,
    programs: &Programs<'_>,
) -> Result<(), Error> {
    let place = match context.software(KEY) {
        Ok(Some(place)) => place,
        Ok(None) => return Ok(()),
        Err(error) => {
            findings.note(format!("Userinit and Shell not checked: {error}"));
            return Ok(());
        }
    };
    if place.exists()? {
        userinit(findings, &place, programs)?;
        if !is_core(context)? {
            shell(findings, &place, programs)?;
        }
    }
    Ok(())
}

/// Whether this is a server without desktop, whose shell is a command prompt.
fn is_core(context: &Context<'_>) -> Result<bool, Error> {
    let Some(version) = context.software(CURRENT_VERSION)? else {
        return Ok(false);
    };
    let kind = version.text("InstallationType")?;
    Ok(kind.is_some_and(|kind| kind.eq_ignore_ascii_case("Server Core")))
}

fn userinit(
    findings: &mut Findings,
    place: &Place<'_>,
    programs: &Programs<'_>,
) -> Result<(), Error> {
    let data = place.read("Userinit")?;
    let text = data.as_ref().and_then(RegData::as_text).unwrap_or_default();
    let own = |entry: &&str| {
        let path = program(entry);
        let here = !is_drive(path) || programs.is_own_drive(path);
        here && is_in_system32(path, "userinit.exe")
    };
    let (mine, others): (Vec<&str>, Vec<&str>) = entries(&text).into_iter().partition(own);
    if !mine.is_empty() {
        if !others.is_empty() {
            findings.note(format!("Userinit also starts {others:?} at every logon"));
        }
        return Ok(());
    }
    let title = "Userinit does not start userinit.exe: a logon ends at once, or in nothing";
    let mut finding = place.finding(Offer::Recommended, Certainty::Likely, title)?;
    let windows = programs.windows();
    let wanted = format!(r"{windows}\system32\userinit.exe,");
    finding
        .evidence
        .push(said("Userinit", data.as_ref(), &wanted));
    cure(&mut finding, place, "Userinit", &wanted);
    findings.add(finding);
    Ok(())
}

fn shell(findings: &mut Findings, place: &Place<'_>, programs: &Programs<'_>) -> Result<(), Error> {
    let Some(data) = place.read("Shell")? else {
        return Ok(());
    };
    let text = data.as_text().unwrap_or_default();
    let all = entries(&text);
    let (mine, others): (Vec<&str>, Vec<&str>) = all.into_iter().partition(|it| is_explorer(it));
    if !mine.is_empty() {
        if !others.is_empty() {
            findings.note(format!("Shell also starts {others:?} at every logon"));
        }
        return Ok(());
    }
    let gone = |entry: &&str| programs.see(program(entry)) == Seen::Gone;
    let (offer, certainty, title) = match others.as_slice() {
        [] => {
            let title = "no shell is named: a logon ends in an empty screen";
            (Offer::Recommended, Certainty::Likely, title)
        }
        others if others.iter().all(gone) => {
            let title = "the shell is not on the disk: a logon ends in an empty screen";
            (Offer::Recommended, Certainty::Likely, title)
        }
        _ => {
            let title = "another shell than Windows' own starts at a logon";
            (Offer::WhenAsked, Certainty::Possible, title)
        }
    };
    let mut finding = place.finding(offer, certainty, title)?;
    finding.evidence.push(said("Shell", Some(&data), SHELL));
    cure(&mut finding, place, "Shell", SHELL);
    findings.add(finding);
    Ok(())
}

fn said(name: &str, data: Option<&RegData>, wanted: &str) -> String {
    let now = data.map_or("missing".to_owned(), ToString::to_string);
    format!("{name} is {now}, Windows has {wanted:?}")
}

fn cure(finding: &mut Finding, place: &Place<'_>, name: &str, wanted: &str) {
    let change = place.set(Kind::Fix, name, RegData::sz(wanted));
    finding.cure.push(change);
}

fn entries(text: &str) -> Vec<&str> {
    let entries = text.split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty()).collect()
}

/// Whether an entry starts Windows' own shell, with its folder or without.
fn is_explorer(entry: &str) -> bool {
    let path = program(entry).to_ascii_lowercase();
    let folder = path
        .strip_suffix("explorer.exe")
        .or_else(|| path.strip_suffix("explorer"));
    folder.is_some_and(|folder| {
        let below_drive = folder.get(1..) == Some(r":\windows\");
        folder.is_empty() || [r"%systemroot%\", r"%windir%\"].contains(&folder) || below_drive
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explorer_has_several_spellings() {
        for good in [
            SHELL,
            "Explorer.EXE",
            "explorer",
            r"C:\Windows\explorer.exe",
            r"%SystemRoot%\explorer.exe /x",
        ] {
            assert!(is_explorer(good), "{good}");
        }
        for bad in [
            "",
            "cmd.exe",
            r"C:\explorer.exe",
            "iexplorer.exe",
            r"C:\Temp\Explorer.exe",
        ] {
            assert!(!is_explorer(bad), "{bad}");
        }
    }
}

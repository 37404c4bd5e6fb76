//! What the session manager runs before any service: `BootExecute` and `SetupExecute`.
//!
//! Invariants: a disk check in any form stays; a pending update that can run stays.
//! Absent on purpose: judging what is absent (without `BootExecute` no disk is checked, which is
//! no fault of the boot).

use super::programs::{Programs, Seen, program};
use crate::context::{Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

const CHECK: &str = "autocheck autochk *";
const SIDE_BY_SIDE: &str = r"Windows\WinSxS";
const PENDING: &str = "pending.xml";

/// What becomes of an entry.
enum Entry {
    /// It stays.
    Kept,
    /// It stays, and this is told.
    Told(String),
    /// Another program that can be meant.
    Other,
    /// It cannot run, and why.
    Dangling(String),
}

/// Looks at `BootExecute`.
pub(super) fn at_boot(
    findings: &mut Findings,
    manager: &Place<'_>,
    programs: &Programs<'_>,
) -> Result<(), Error> {
    let judge = |entry: &str| {
        if entry == CHECK {
            return Entry::Kept;
        }
        let program = native_program(entry);
        if program.eq_ignore_ascii_case("autochk") || program.eq_ignore_ascii_case("autochk.exe") {
            return Entry::Told(format!(
                "BootExecute asks for a disk check of its own at the next boot ({entry:?}); it \
                 can take hours"
            ));
        }
        other(program, programs)
    };
    list(findings, manager, "BootExecute", &[CHECK], judge)
}

/// Looks at `SetupExecute`.
pub(super) fn of_setup(
    findings: &mut Findings,
    manager: &Place<'_>,
    programs: &Programs<'_>,
) -> Result<(), Error> {
    let judge = |entry: &str| {
        let program = native_program(entry);
        let file = program.rsplit('\\').next().unwrap_or(program);
        let is = |name: &str| {
            let end = file.get(name.len()..).unwrap_or("?");
            let start = file.get(..name.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(name) && (end.is_empty() || end.eq_ignore_ascii_case(".exe"))
        };
        let found = other(program, programs);
        if matches!(found, Entry::Dangling(_)) {
            return found;
        }
        if is("poqexec") {
            let needs = entry.to_ascii_lowercase().contains(PENDING);
            if needs && programs.lacks(SIDE_BY_SIDE, PENDING) {
                return Entry::Dangling(format!(
                    r"{SIDE_BY_SIDE}\{PENDING}, which it is to work off, is not on the disk"
                ));
            }
            return Entry::Told("SetupExecute works off an update at the next boot".to_owned());
        }
        if is("setupcl") {
            return Entry::Told("SetupExecute gives a copied disk new identifiers".to_owned());
        }
        found
    };
    list(findings, manager, "SetupExecute", &[], judge)
}

fn other(program: &str, programs: &Programs<'_>) -> Entry {
    match programs.see(program) {
        Seen::Gone => Entry::Dangling(format!("{program:?} is not on the disk")),
        Seen::There | Seen::Unknown => Entry::Other,
    }
}

/// The program of an entry, behind the words that say how it is run.
fn native_program(entry: &str) -> &str {
    let mut rest = entry.trim();
    for word in ["autocheck", "async", "debug"] {
        let start = rest.get(..word.len()).unwrap_or_default();
        let end = rest.get(word.len()..).unwrap_or_default();
        if start.eq_ignore_ascii_case(word) && end.starts_with(' ') {
            rest = end.trim_start();
        }
    }
    program(rest)
}

/// Judges the entries of a list, and cures it; `default` is what an emptied list holds.
fn list(
    findings: &mut Findings,
    manager: &Place<'_>,
    name: &str,
    default: &[&str],
    judge: impl Fn(&str) -> Entry,
) -> Result<(), Error> {
    let Some(data) = manager.read(name)? else {
        return Ok(());
    };
    let Some(entries) = data.as_texts() else {
        return no_list(findings, manager, name, default, &data);
    };
    let judged: Vec<(&str, Entry)> = entries
        .iter()
        .filter(|entry| !entry.trim().is_empty())
        .map(|entry| (entry.as_str(), judge(entry)))
        .collect();
    let is_dangling = judged
        .iter()
        .any(|(_, it)| matches!(it, Entry::Dangling(_)));
    let (offer, certainty, title) = if is_dangling {
        let title = format!("{name} runs a program that cannot start");
        (Offer::Recommended, Certainty::Likely, title)
    } else {
        let title = format!("{name} runs another program before Windows starts");
        (Offer::WhenAsked, Certainty::Possible, title)
    };
    let mut finding = manager.finding(offer, certainty, title)?;
    let mut kept = Vec::new();
    for (entry, found) in judged {
        match found {
            Entry::Kept => kept.push(entry),
            Entry::Told(line) => {
                kept.push(entry);
                findings.note(line);
            }
            Entry::Dangling(why) => finding.evidence.push(format!("{entry:?}: {why}")),
            Entry::Other if is_dangling => kept.push(entry),
            Entry::Other => {
                let line = format!("{entry:?}: Windows ships no such entry");
                finding.evidence.push(line);
            }
        }
    }
    if finding.evidence.is_empty() {
        return Ok(());
    }
    let wanted = if kept.is_empty() { default } else { &kept };
    let change = manager.set(Kind::Fix, name, RegData::multi_sz(wanted));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

/// Tells of a value that should be a list.
fn no_list(
    findings: &mut Findings,
    manager: &Place<'_>,
    name: &str,
    default: &[&str],
    data: &RegData,
) -> Result<(), Error> {
    let title = format!("{name} is no list: Windows may not read it");
    let mut finding = manager.finding(Offer::WhenAsked, Certainty::Possible, title)?;
    finding
        .evidence
        .push(format!("{name} is {} {data}", data.kind));
    let change = manager.set(Kind::Fix, name, RegData::multi_sz(default));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_stands_behind_the_words_that_say_how() {
        for (entry, wanted) in [
            (CHECK, "autochk"),
            (r"autocheck autochk /r \??\C:", "autochk"),
            ("autocheck async lsdelete", "lsdelete"),
            ("AUTOCHECK x", "x"),
            ("autocheckx y", "autocheckx"),
            ("sdnclean64.exe", "sdnclean64.exe"),
        ] {
            assert_eq!(native_program(entry), wanted, "{entry}");
        }
    }
}

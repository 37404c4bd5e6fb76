//! `crash-dump`: a memory dump at the next crash, or on demand through an NMI.
//!
//! Owns `CrashDumpEnabled`, `DumpFile` and `NMICrashDump` of `CrashControl`. Absent on purpose:
//! page file sizes, `DedicatedDumpFile` and `AutoReboot`, which are shown at most.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Ask, Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

const KEY: &str = r"Control\CrashControl";
const MEMORY: &str = r"Control\Session Manager\Memory Management";
const FILE: &str = r"%SystemRoot%\MEMORY.DMP";

/// The kinds of dump, as parameter and as `CrashDumpEnabled`.
const KINDS: [(&str, u32); 4] = [
    ("kernel", 2),
    ("complete", 1),
    ("automatic", 7),
    ("small", 3),
];

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "crash-dump",
    title: "write a memory dump at the next crash or NMI",
    class: Class::OnRequest,
    risk: "a dump needs room on the disk and holds what was in memory, secrets included",
    parameters: &[
        Parameter {
            name: "kind",
            about: "which dump; the article takes complete",
            default: Some("kernel"),
            values: "kernel, complete, automatic or small",
            accepts: |value| kind_of(value).is_some(),
        },
        Parameter {
            name: "file",
            about: "where the dump goes, as the VM names it",
            default: Some(FILE),
            values: r"a path like %SystemRoot%\MEMORY.DMP or D:\MEMORY.DMP",
            accepts: is_path,
        },
    ],
    about: include_str!("crash-dump.md"),
    diagnose,
};

fn kind_of(name: &str) -> Option<u32> {
    let found = KINDS.iter().find(|(known, _)| *known == name);
    found.map(|&(_, number)| number)
}

/// Whether a text can be a full path on the VM: a drive or a reference, then plain names.
fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let on_drive =
        bytes.first().is_some_and(u8::is_ascii_alphabetic) && text.get(1..3) == Some(r":\");
    let below = if on_drive {
        text.get(3..)
    } else {
        let named = text
            .strip_prefix('%')
            .and_then(|rest| rest.split_once(r"%\"));
        named
            .filter(|(name, _)| !name.is_empty())
            .map(|(_, below)| below)
    };
    let plain = |name: &str| {
        !name.is_empty() && !name.contains(|c: char| c.is_control() || r#"<>:"/|?*%"#.contains(c))
    };
    text.len() < 256 && below.is_some_and(|below| below.split('\\').all(plain))
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let default = if context.ask == Ask::Article {
        "complete"
    } else {
        "kernel"
    };
    let kind = context.parameter("kind").unwrap_or(default);
    let file = context.parameter("file").unwrap_or(FILE);
    let number = kind_of(kind).unwrap_or(2);
    for set in context.control_sets() {
        let place = set.below(KEY);
        let title = format!("a {kind} dump is written to {file}, by request");
        let mut finding = place.finding(Offer::WhenNamed, Certainty::Possible, title)?;
        finding.evidence = evidence(context, &set)?;
        for (name, data) in [
            ("CrashDumpEnabled", RegData::dword(number)),
            ("DumpFile", RegData::expand_sz(file)),
            ("NMICrashDump", RegData::dword(1)),
        ] {
            finding.cure.push(place.set(Kind::Aid, name, data));
        }
        findings.add(finding);
    }
    if kind == "complete" {
        findings.note(format!(
            "a complete dump needs more room than the VM has memory, which no disk tells: {}",
            room(context)
        ));
    }
    Ok(())
}

/// What decides whether a dump can be written, as it is now.
fn evidence(context: &Context<'_>, set: &Place<'_>) -> Result<Vec<String>, Error> {
    let place = set.below(KEY);
    let show = |place: &Place<'_>, name: &str| {
        let data = place.read(name)?;
        Ok::<_, Error>(data.map_or("missing".to_owned(), |data| data.to_string()))
    };
    let mut lines = vec![format!(
        "CrashDumpEnabled is {} (0 none, 1 complete, 2 kernel, 3 small, 7 automatic), DumpFile \
         is {}, NMICrashDump is {}",
        place.number("CrashDumpEnabled")?,
        show(&place, "DumpFile")?,
        place.number("NMICrashDump")?
    )];
    if let Some(file) = place.read("DedicatedDumpFile")? {
        lines.push(format!(
            "DedicatedDumpFile is {file}: the dump goes through it"
        ));
    }
    let pages = show(&set.below(MEMORY), "PagingFiles")?;
    lines.push(format!(
        "PagingFiles is {pages}: without a page file there is no dump"
    ));
    lines.push(room(context));
    Ok(lines)
}

fn room(context: &Context<'_>) -> String {
    match context.volume.root().space() {
        Ok(space) => format!("{} MiB are free on this disk", space.free >> 20),
        Err(error) => format!("the free space of this disk is not known ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_full_and_plain() {
        for good in [
            FILE,
            r"D:\MEMORY.DMP",
            r"c:\dumps\one two.dmp",
            r"%windir%\a",
        ] {
            assert!(is_path(good), "{good}");
        }
        for bad in [
            "",
            "MEMORY.DMP",
            r"D:",
            r"D:\",
            r"\\server\share\x",
            r"%\x",
            r"%SystemRoot%",
            r"D:\a\\b",
            "D:\\a\nb",
            "D:/a",
            r#"D:\"a""#,
            r"D:\%a%\b",
        ] {
            assert!(!is_path(bad), "{bad}");
        }
        assert!(!is_path(&format!(r"D:\{}", "a".repeat(300))));
    }

    #[test]
    fn only_the_four_kinds_are_known() {
        let numbers = ["complete", "kernel", "small", "automatic"].map(kind_of);
        assert_eq!(numbers, [Some(1), Some(2), Some(3), Some(7)]);
        assert_eq!(kind_of("none"), None);
        assert_eq!(kind_of("Kernel"), None);
    }
}

//! The command line as it is seen: standard output, standard error and exit code of every command.
//!
//! Invariants checked for every answer: success is silent on standard error; a failure is exactly
//! one `error:` line; a snapshot belongs to a test and a test file to this program.
//! Where Windows says something of its own, the snapshot's name ends in `@windows`; paths are shown
//! as on Linux. Absent on purpose: release builds, whose clock runs.
#![cfg(all(any(target_os = "linux", windows), debug_assertions))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail where they stand"
)]

mod apply;
mod bad_disks;
mod bad_words;
mod bcd;
mod command_lines;
mod doctor;
mod forget;
mod guards;
mod hive;
mod json;
mod licensing;
mod page;
mod plan;
mod plans;
mod purpose;
mod quarantine;
mod runs;
mod symptoms;
mod topics;
mod undo;

#[path = "../scratch/mod.rs"]
mod scratch;

use scratch::{Answer, Scratch};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Compares what a command answers with the snapshot of this name, and gives the answer.
#[track_caller]
fn shows(scratch: &Scratch, name: &str, arguments: &[&str]) -> Answer {
    let answer = scratch.run(arguments);
    let clean = |text: &str| {
        let version = concat!("offfix ", env!("CARGO_PKG_VERSION"));
        let text = placeless(scratch, text);
        hashless(&roomless(&text.replace(version, "offfix [VERSION]")))
    };
    let shown = format!(
        "$ offfix {}\n{}[exit {}]\n{}",
        arguments.join(" "),
        clean(&answer.out),
        answer.code,
        clean(&answer.err)
    );
    polite(&answer);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let own = format!("{name}{OF_WINDOWS}");
    let own = here()
        .join("snapshots")
        .join(format!("{own}.snap"))
        .exists()
        .then_some(own);
    let name = own
        .filter(|_| cfg!(windows))
        .unwrap_or_else(|| name.to_owned());
    settings.bind(|| insta::assert_snapshot!(name, shown));
    answer
}

/// The end of a snapshot's name that only Windows sees.
const OF_WINDOWS: &str = "@windows";

/// What Windows says otherwise of the same thing, and what is shown for it.
const SAID: [(&str, &str); 5] = [
    (r"\\?\[TEMP]", "[TEMP]"),
    (r"\\\\?\\[TEMP]", "[TEMP]"),
    (r"error: \\?\", "error: "),
    (
        "the partition behind a folder can be seen on Linux only",
        "the folder is not where a whole file system is mounted",
    ),
    (
        "the partition behind a folder can be seen\n                on Linux only",
        "the folder is not where a whole file\n                system is mounted",
    ),
];

/// What the system says of an error, by its number on Windows.
const ERRORS: [(&str, &str); 3] = [
    ("(os error 2)", "No such file or directory (os error 2)"),
    ("(os error 3)", "No such file or directory (os error 2)"),
    ("(os error 80)", "File exists (os error 17)"),
];

/// Without the folder's name, and on Windows as Linux would say it.
fn placeless(scratch: &Scratch, text: &str) -> String {
    let place = scratch.path().display().to_string();
    if cfg!(unix) {
        return text.replace(&place, "[TEMP]");
    }
    let escaped = place.replace('\\', r"\\");
    let mut text = text.replace(&escaped, "[TEMP]").replace(&place, "[TEMP]");
    for (here, there) in SAID {
        text = text.replace(here, there);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let said = ERRORS.iter().find_map(|(number, there)| {
            let (before, rest) = line.split_once(number)?;
            let (before, _) = before.rsplit_once(": ")?;
            Some(format!("{before}: {there}{rest}"))
        });
        slashed(&said.unwrap_or_else(|| line.to_owned()))
    });
    lines.collect()
}

/// Paths below the folder, and those of the journal in it, with slashes.
fn slashed(line: &str) -> String {
    let line = line.replace(r" J\", " J/");
    let mut parts = line.split("[TEMP]");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|end: char| " \n\"':,;)".contains(end));
        let (path, rest) = part.split_at(end.unwrap_or(part.len()));
        let path = path.replace(r"\\", "/").replace('\\', "/");
        clean.extend(["[TEMP]", path.as_str(), rest]);
    }
    clean
}

/// Without the room on this machine's disk, which also moves the ends of lines.
fn roomless(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("MiB") {
        let number = before.trim_end();
        let words = number.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let end = ["are", "free", "on", "this", "disk"]
            .iter()
            .try_fold(after, |rest, word| rest.trim_start().strip_prefix(word));
        match end {
            Some(end) if words.len() < number.len() => {
                clean.push_str(words.trim_end());
                clean.push_str(" [ROOM]");
                rest = end;
            }
            _ => {
                clean.push_str(before);
                clean.push_str("MiB");
                rest = after;
            }
        }
    }
    clean + rest
}

/// What holds for every answer.
#[track_caller]
fn polite(answer: &Answer) {
    let errors = answer
        .err
        .lines()
        .filter(|line| line.starts_with("error:"))
        .count();
    match answer.code {
        0 | 1 | 4 => assert_eq!(answer.err, "", "success is silent"),
        3 if answer.out.contains("overtaken") => assert_eq!(answer.err, "", "told as a result"),
        _ => assert_eq!(errors, 1, "one error line:\n{}", answer.err),
    }
    let all = format!("{}{}", answer.out, answer.err);
    assert!(!all.contains("panicked"), "{all}");
    assert!(
        !all.contains('\u{1b}'),
        "no colours without a terminal: {all}"
    );
    // Help is written by clap, which leaves blanks.
    let blank = all.lines().any(|line| line.ends_with(' '));
    assert!(
        !blank || all.contains("\nUsage: "),
        "a line ends in a blank:\n{all}"
    );
}

/// Without the hashes of plan files, which hold the name of the temporary folder.
fn hashless(text: &str) -> String {
    let mut text = text.to_owned();
    for before in [".json, sha256 ", "\"plan_sha256\": \""] {
        let parts = text.split(before).map(|part| {
            let is_hash = part.len() >= 64 && part[..64].bytes().all(|b| b.is_ascii_hexdigit());
            if is_hash {
                format!("[HASH]{}", &part[64..])
            } else {
                part.to_owned()
            }
        });
        text = parts.collect::<Vec<_>>().join(before);
    }
    text
}

/// The folder of this file.
fn here() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli"))
}

fn names(folder: &Path, end: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| name.into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(end).map(str::to_owned))
        .collect()
}

#[test]
fn every_file_is_part_of_this_program_and_every_snapshot_of_a_test() {
    let mut sources = String::new();
    for name in names(here(), ".rs") {
        let source = fs::read_to_string(here().join(format!("{name}.rs"))).unwrap();
        sources.push_str(&source);
    }
    for name in names(here(), ".rs") {
        let declared = sources.contains(&format!("mod {name};"));
        assert!(declared || name == "main", "{name}.rs is not declared");
    }
    let mut known: BTreeSet<String> = BTreeSet::new();
    for &repair in testkit::windows::REPAIRS {
        known.insert(plan::snapshot_of(repair));
        known.insert(topics::snapshot_of(repair));
    }
    for name in names(&here().join("snapshots"), ".snap") {
        let name = name.strip_suffix(OF_WINDOWS).unwrap_or(&name).to_owned();
        let used = known.contains(&name) || sources.contains(&format!("\"{name}\""));
        assert!(used, "no test uses the snapshot {name}");
    }
}

//! What only the Windows program meets: drive letters in every spelling, files that other programs
//! hold, long paths, the folder of the journal, and a run that is ended from outside.
//!
//! Invariants: a refusal changes no byte; an interrupted run is undone byte for byte. The drive
//! letter is that of `OFFFIX_TEST_DRIVE`, whose contents are removed when it has the file that
//! allows it; without the variable such tests step aside and say so. Absent on
//! purpose: what Wine cannot show, such as access lists that persist.
#![cfg(all(windows, debug_assertions))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail and speak where they stand"
)]

mod held;
mod killed;

#[path = "../scratch/mod.rs"]
mod scratch;

use scratch::{Scratch, same_bytes, tree};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use testkit::windows::{Installation, Options, demo};

/// The file that says of a drive that its contents may go.
const ALLOWED: &str = "offfix-test-drive";

/// A drive that one test at a time has for itself, with the demonstration on it.
struct Drive {
    /// Like `F:`.
    letter: String,
    _alone: MutexGuard<'static, ()>,
}

impl Drive {
    fn demonstration() -> Option<Drive> {
        static ALONE: Mutex<()> = Mutex::new(());
        let Ok(letter) = std::env::var("OFFFIX_TEST_DRIVE") else {
            println!("skipped: no OFFFIX_TEST_DRIVE");
            return None;
        };
        // A test that failed must not make the others fail.
        let alone = ALONE
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let drive = Drive {
            letter,
            _alone: alone,
        };
        let allowed = drive.root().join(ALLOWED);
        assert!(allowed.is_file(), "{} is missing", allowed.display());
        for entry in fs::read_dir(drive.root()).expect("the drive") {
            let path = entry.expect("an entry").path();
            if path == allowed {
                continue;
            }
            if path.is_dir() {
                fs::remove_dir_all(path).expect("a folder goes");
            } else {
                fs::remove_file(path).expect("a file goes");
            }
        }
        demo().write_to(&drive.root()).expect("a disk");
        Some(drive)
    }

    fn root(&self) -> PathBuf {
        PathBuf::from(format!("{}\\", self.letter))
    }
}

#[test]
fn every_spelling_is_the_drive() {
    let Some(drive) = Drive::demonstration() else {
        return;
    };
    let scratch = Scratch::empty();
    let letter = drive.letter.as_str();
    let before = tree(&drive.root());
    let plan = scratch.run(&["plan", letter]).gives(0);
    assert!(plan.out.contains(&format!("{letter}\\")), "{}", plan.out);
    for spelling in spellings(letter) {
        let other = scratch.run(&["plan", &spelling]).gives(0);
        assert_eq!(
            words(&other.out, &spelling),
            words(&plan.out, letter),
            "{spelling}"
        );
        scratch
            .run(&["--drive", &spelling, "plan", "--format", "json"])
            .gives(0);
    }
    scratch::same(&before, &tree(&drive.root()), "looking writes nothing");
}

/// What is said, without the spelling in the command that is offered, and without line ends.
fn words(text: &str, spelling: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .replace(&format!("apply {spelling} "), "apply ")
}

/// What people and scripts write for a drive.
fn spellings(letter: &str) -> [String; 6] {
    [
        letter.to_ascii_lowercase(),
        format!("{letter}\\"),
        format!("{letter}/"),
        format!("{}\\", letter.to_ascii_lowercase()),
        format!(r"\\?\{letter}\"),
        // What becomes of "F:\" between quotes.
        format!("{letter}\""),
    ]
}

#[test]
fn a_drive_is_repaired_and_put_back() {
    let Some(drive) = Drive::demonstration() else {
        return;
    };
    let scratch = Scratch::empty();
    let before = tree(&drive.root());
    let plan = ["--drive", &drive.letter, "plan", "--out", "p.json"];
    scratch.run(&plan).gives(0);
    scratch.run(&["apply", "p.json", "--yes"]).gives(0);
    let again = ["--drive", &drive.letter, "plan", "--detailed-exitcode"];
    scratch.run(&again).gives(0);
    assert!(tree(&drive.root()) != before);
    // Another spelling finds the same runs.
    let log = ["--drive", &drive.letter.to_ascii_lowercase(), "log"];
    let log = scratch.run(&log).gives(0).out;
    assert!(log.contains("20260915-0912"), "{log}");
    let spelling = format!("{}/", drive.letter);
    scratch
        .run(&["--drive", &spelling, "undo", "--yes"])
        .gives(0);
    same_bytes(&before, &tree(&drive.root()), "undo restores everything");
}

#[test]
fn the_running_system_is_refused_in_every_spelling() {
    let system = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".to_owned());
    let scratch = Scratch::empty();
    let windows = std::env::var("SystemRoot").unwrap_or_else(|_| format!("{system}\\Windows"));
    let below = format!("{windows}\\..");
    let mut all = spellings(&system).to_vec();
    all.extend([system, below]);
    for spelling in all {
        let plan = ["plan", &spelling, "--format", "json"];
        let plan = scratch.run(&plan).gives(3);
        assert!(plan.out.contains("\"running-system\""), "{}", plan.out);
        let apply = ["apply", &spelling, "--recommended", "--yes"];
        scratch.run(&apply).gives(3);
    }
    assert!(!scratch.path().join("J").exists(), "no journal is made");
}

#[test]
fn long_paths_and_letters_of_everywhere() {
    let scratch = Scratch::empty();
    let mut folder = scratch.path().to_path_buf();
    while folder.as_os_str().len() < 300 {
        folder.push("Ordner mit Müll, диск 磁盘");
    }
    demo().write_to(&folder).unwrap();
    let before = tree(&folder);
    let drive = folder.to_str().unwrap();
    let plan = ["plan", drive, "--out", "Plan für диск.json"];
    scratch.run(&plan).gives(0);
    let apply = ["apply", "Plan für диск.json", "--yes"];
    let applied = scratch.run(&apply).gives(0).out;
    assert!(applied.contains("磁盘"), "UTF-8 in a pipe: {applied}");
    scratch
        .run(&["plan", drive, "--detailed-exitcode"])
        .gives(0);
    scratch.run(&["undo", drive, "--yes"]).gives(0);
    same_bytes(&before, &tree(&folder), "undo restores everything");
}

#[test]
fn a_computer_with_letters_outside_ascii() {
    let options = Options {
        computer: "BÜRO-ЖУК".to_owned(),
        ..Options::default()
    };
    let scratch = Scratch::with(&Installation::new(&options).disk());
    let plan = scratch.run(&["plan", "disk"]).gives(0).out;
    assert!(plan.contains("BÜRO-ЖУК"), "{plan}");
}

#[test]
fn the_journal_has_its_place() {
    let scratch = Scratch::with(&demo());
    let before = tree(&scratch.disk());
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_offfix"));
        scratch.place(command.args(words));
        command.env("ProgramData", scratch.path());
        scratch::Answer::of(&command.output().unwrap())
    };
    run(&["apply", "disk", "--recommended", "--yes"]).gives(0);
    let journal: &Path = &scratch.path().join("offfix");
    assert!(journal.is_dir(), "the journal lies in ProgramData");
    let log = run(&["log"]).gives(0).out;
    assert!(log.contains("20260915-0912"), "{log}");
    run(&["undo", "disk", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo restores everything");
}

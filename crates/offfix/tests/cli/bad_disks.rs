//! Disks that cannot be looked at or must not be written: one clear line, no byte or time changed.

use crate::plan::demonstration;
use crate::scratch::{Scratch, same, tree};
use crate::shows;
use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use testkit::windows::demo;

/// Spoils a demonstration and sees `plan` fail and `apply` fail alike, with nothing changed.
#[track_caller]
fn bad(name: &str, code: i32, spoil: impl FnOnce(&Scratch)) {
    let scratch = demonstration();
    spoil(&scratch);
    refused(&scratch, name, code, "disk");
}

#[track_caller]
fn refused(scratch: &Scratch, name: &str, code: i32, drive: &str) {
    let before = tree(&scratch.disk());
    shows(scratch, name, &["plan", drive]).gives(code);
    assert!(
        !scratch.path().join("J").exists(),
        "looking makes no journal"
    );
    let apply = scratch.run(&["apply", drive, "--recommended", "--yes"]);
    assert_eq!(apply.code, code, "{}", apply.err);
    same(&before, &tree(&scratch.disk()), "nothing is written");
    let runs = scratch.run(&["log"]).gives(0).out;
    assert!(runs.starts_with("no runs"), "{runs}");
}

fn system(scratch: &Scratch, edit: impl FnOnce(&mut Vec<u8>)) {
    let path = scratch.config("SYSTEM");
    let mut bytes = fs::read(&path).unwrap();
    edit(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// The root of the system that runs this test.
pub(crate) const RUNNING: &str = if cfg!(windows) { "C:" } else { "/" };

#[test]
fn no_such_drive() {
    let scratch = demonstration();
    refused(&scratch, "bad-no-such-drive", 7, "nowhere");
    let file = "disk/Windows/System32/config/SYSTEM";
    shows(&scratch, "bad-file-as-drive", &["plan", file]).gives(7);
    refused(&scratch, "bad-drive-letter", 7, "Q:");
    refused(&scratch, "bad-empty-word", 7, "");
    refused(&scratch, "bad-running-system", 3, RUNNING);
    refused(&scratch, "bad-windows-itself", 7, "disk/Windows");
}

#[cfg(unix)]
#[test]
fn a_link_to_the_running_system() {
    let scratch = demonstration();
    symlink("/", scratch.path().join("link")).unwrap();
    refused(&scratch, "bad-link-to-running-system", 3, "link");
}

#[test]
fn no_windows() {
    bad("bad-empty-disk", 7, |scratch| {
        fs::remove_dir_all(scratch.disk()).unwrap();
        fs::create_dir(scratch.disk()).unwrap();
    });
    bad("bad-windows-is-a-file", 7, |scratch| {
        fs::remove_dir_all(scratch.disk().join("Windows")).unwrap();
        fs::write(scratch.disk().join("Windows"), "").unwrap();
    });
}

/// Where names differ by case.
#[cfg(unix)]
#[test]
fn two_windows() {
    bad("bad-two-windows", 7, |scratch| {
        fs::create_dir(scratch.disk().join("WINDOWS")).unwrap();
    });
}

#[test]
fn no_hive() {
    bad("bad-system-missing", 7, |scratch| {
        fs::remove_file(scratch.config("SYSTEM")).unwrap();
    });
    bad("bad-system-folder", 7, |scratch| {
        fs::remove_file(scratch.config("SYSTEM")).unwrap();
        fs::create_dir(scratch.config("SYSTEM")).unwrap();
    });
    bad("bad-system-empty", 7, |scratch| system(scratch, Vec::clear));
    bad("bad-system-truncated", 7, |scratch| {
        system(scratch, |bytes| bytes.truncate(bytes.len() - 4096));
    });
    bad("bad-system-cut-in-header", 7, |scratch| {
        system(scratch, |bytes| bytes.truncate(100));
    });
    bad("bad-system-not-regf", 7, |scratch| {
        system(scratch, |bytes| bytes[..4].fill(b'x'));
    });
    bad("bad-system-zeros", 7, |scratch| {
        system(scratch, |bytes| bytes.fill(0));
    });
}

#[test]
fn damage() {
    bad("bad-system-header-sum", 7, |scratch| {
        system(scratch, |bytes| bytes[508] ^= 1);
    });
    bad("bad-system-bin", 7, |scratch| {
        system(scratch, |bytes| bytes[4096..4100].fill(0));
    });
    bad("bad-system-pending", 3, |scratch| {
        system(scratch, |bytes| {
            bytes[4] = bytes[4].wrapping_add(1);
            let sum = testkit::checksum(bytes);
            bytes[508..512].copy_from_slice(&sum.to_le_bytes());
        });
    });
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    bad("bad-system-link", 7, |scratch| {
        let here = scratch.config("SYSTEM");
        let aside = scratch.config("SYSTEM.real");
        fs::rename(&here, &aside).unwrap();
        symlink("SYSTEM.real", here).unwrap();
    });
    bad("bad-windows-link", 7, |scratch| {
        let windows = scratch.disk().join("Windows");
        fs::rename(&windows, scratch.disk().join("Winnt")).unwrap();
        symlink("Winnt", windows).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn a_log_that_is_a_link_is_not_written() {
    let scratch = demonstration();
    let outside = scratch.path().join("outside");
    fs::write(&outside, "").unwrap();
    fs::remove_file(scratch.config("SYSTEM.LOG1")).unwrap();
    symlink(&outside, scratch.config("SYSTEM.LOG1")).unwrap();
    let before = tree(&scratch.disk());
    let apply = ["apply", "disk", "--recommended", "--yes"];
    let code = shows(&scratch, "bad-log-link", &apply).code;
    assert!([3, 7].contains(&code), "{code}");
    same(&before, &tree(&scratch.disk()), "nothing is written");
    assert!(fs::read(outside).unwrap().is_empty());
}

#[test]
fn a_journal_on_the_disk() {
    let scratch = demonstration();
    fs::create_dir(scratch.disk().join("runs")).unwrap();
    let before = tree(&scratch.disk());
    let mut words = vec!["plan", "disk", "--journal", "disk/runs"];
    for command in [["plan"], ["apply"], ["undo"]] {
        words[0] = command[0];
        let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_offfix"));
        run.args(&words);
        if command[0] != "plan" {
            run.args(["--yes"]);
        }
        if command[0] == "apply" {
            run.args(["--recommended"]);
        }
        scratch.place(&mut run);
        let answer = crate::scratch::Answer::of(&run.output().unwrap()).gives(3);
        assert!(
            answer.err.contains("must not lie on the disk"),
            "{}",
            answer.err
        );
    }
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn a_journal_that_cannot_be() {
    let scratch = demonstration();
    fs::write(scratch.path().join("J"), "").unwrap();
    let before = tree(&scratch.disk());
    let apply = ["apply", "disk", "--recommended", "--yes"];
    shows(&scratch, "bad-journal", &apply).gives(3);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

/// Real hives beside the checkout, where they are.
fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/hives");
    shared.is_dir().then_some(shared)
}

#[test]
#[allow(clippy::print_stdout, reason = "a test that is not made says so")]
fn real_hives() {
    let Some(shared) = shared() else {
        return println!("skipped: no real hives");
    };
    let hives = [
        ("sys-xp-corrupted-zero-bins", "bad-xp-corrupted", 7),
        ("sys-win10-16299-dirty", "bad-win10-pending", 3),
    ];
    for (hive, name, code) in hives {
        let scratch = Scratch::empty();
        demo().write_to(&scratch.disk()).unwrap();
        // Alone: what its logs hold is missing.
        fs::copy(shared.join(hive), scratch.config("SYSTEM")).unwrap();
        refused(&scratch, name, code, "disk");
    }
}

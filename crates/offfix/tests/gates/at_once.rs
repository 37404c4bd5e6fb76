//! Two writers at once: one of them is refused, and nothing is lost.

use crate::real::Which;
use crate::scratch::{Scratch, same, tree};
use crate::{has, strace};
use serde_json::Value;
use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, Instant};

fn refused(scratch: &Scratch, words: &[&str], code: &str) {
    let before = tree(&scratch.disk());
    let answer = scratch
        .run(&[words, &["--format", "json"]].concat())
        .gives(3);
    let document: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(document["code"], code);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn a_hive_that_another_program_holds() {
    let scratch = Which::Demo.scratch().unwrap();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    for name in ["SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"] {
        let held = File::open(scratch.config(name)).unwrap();
        held.lock().unwrap();
        refused(&scratch, &["apply", "p.json", "--yes"], "busy");
        scratch.run(&["plan", "disk"]).gives(0);
    }
    scratch.run(&["apply", "p.json", "--yes"]).gives(0);
    let held = File::open(scratch.config("SYSTEM")).unwrap();
    held.lock().unwrap();
    refused(&scratch, &["undo", "disk", "--yes"], "busy");
    drop(held);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
}

#[test]
fn two_of_us() {
    if !has(&["strace"]) {
        return;
    }
    let scratch = Which::Demo.scratch().unwrap();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let mut slow = Command::new("strace");
            let delay = "inject=fsync:delay_enter=3000000:when=2";
            slow.args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=fsync",
                "-e",
                delay,
            ]);
            strace::under(&scratch, slow, &["apply", "p.json", "--yes"])
        });
        // The journal's first folder comes before its first flush.
        let begun = || {
            let entries = fs::read_dir(scratch.path().join("J")).into_iter().flatten();
            entries
                .flatten()
                .any(|entry| entry.path().extension().is_some())
        };
        let start = Instant::now();
        while !begun() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the first one never begins"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let second = scratch
            .run(&["apply", "p.json", "--yes", "--format", "json"])
            .gives(3);
        let document: Value = serde_json::from_str(&second.out).unwrap();
        assert_eq!(document["code"], "locked");
        assert_eq!(first.join().unwrap().code, 0);
    });
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
}

#[test]
fn a_hive_that_changes_between_the_look_and_the_hold() {
    if !has(&["strace"]) {
        return;
    }
    let scratch = Which::Demo.scratch().unwrap();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    let log = scratch.path().join("strace.log");
    let system = scratch.config("SYSTEM");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let mut slow = Command::new("strace");
            let delay = "inject=flock:delay_enter=3000000:when=2";
            slow.args(["-f", "-qq", "-e", "trace=openat,flock", "-e", delay, "-o"]);
            slow.arg(&log);
            strace::under(&scratch, slow, &["apply", "p.json", "--yes"])
        });
        let start = Instant::now();
        while !fs::read_to_string(&log).is_ok_and(|log| log.contains("\"SYSTEM\", O_RDWR")) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "SYSTEM is never opened"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut bytes = fs::read(&system).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&system, &bytes).unwrap();
        let before = tree(&scratch.disk());
        let answer = first.join().unwrap().gives(3);
        assert!(
            answer.err.contains("has changed since it was read"),
            "{}",
            answer.err
        );
        same(&before, &tree(&scratch.disk()), "nothing is written");
    });
    let runs = scratch.run(&["log"]).gives(0).out;
    assert!(runs.starts_with("no runs"), "{runs}");
}

//! What only a Linux machine with tools can show: kills at every call, other readers of what was
//! written, and disks of odd kinds.
//!
//! Invariants: where a tool is missing a test says `skipped`, and fails when OFFFIX_CI is set; what
//! is mounted is unmounted. Absent on purpose: power cuts (the hive's own tests cut between
//! writes), Windows.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail and speak where they stand"
)]

mod at_once;
mod bench;
mod boot;
mod dirty;
mod guards;
mod interrupt;
mod kills;
mod listing;
mod mounts;
mod order;
mod overtaken;
mod page;
mod real;
mod real_disk;
mod second;
mod strace;
mod weakening;

#[path = "../scratch/mod.rs"]
mod scratch;

use scratch::Scratch;
use std::process::{Command, Stdio};

/// The recipe of the issue.
const ARTICLE: [&str; 3] = ["--for", "rdp-internal-error", "--as-article"];

/// Whether these tools are here; when not, the test is over, and failed where all must be here.
fn has(tools: &[&str]) -> bool {
    for tool in tools {
        let found = Command::new("sh")
            .args(["-c", "command -v \"$1\"", "sh", tool])
            .stdout(Stdio::null())
            .status();
        if !found.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("OFFFIX_CI").is_none(), "no {tool}");
            println!("skipped: no {tool}");
            return false;
        }
    }
    true
}

/// Makes the article's plan into `p.json`.
#[track_caller]
fn plan_article(scratch: &Scratch) {
    let words = [&["plan", "disk", "--out", "p.json"][..], &ARTICLE].concat();
    scratch.run(&words).gives(0);
}

/// Runs a tool that must succeed, and gives its output.
#[track_caller]
fn tool(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the tool starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

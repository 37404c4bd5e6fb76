//! `undo`: byte for byte, from the newest run, and never what something else has written.

use crate::plan::demonstration;
use crate::scratch::{same, same_bytes, tree};
use crate::shows;
use std::fs;

#[test]
fn runs_go_back_from_the_newest() {
    let scratch = demonstration();
    let first = tree(&scratch.disk());
    scratch.applied(&["--repair", "tls-protocols"]);
    let second = tree(&scratch.disk());
    scratch.applied(&["--with", "nla-off"]);
    let old = ["undo", "disk", "20260915-0912", "--yes"];
    shows(&scratch, "undo-older-first", &old).gives(3);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    same_bytes(
        &second,
        &tree(&scratch.disk()),
        "the newer run is taken back",
    );
    scratch.run(&old).gives(0);
    same_bytes(&first, &tree(&scratch.disk()), "both runs are taken back");
    shows(&scratch, "undo-named-again", &old).gives(0);
    shows(&scratch, "log-two-runs", &["log"]).gives(0);
}

#[test]
fn nobody_to_ask() {
    let scratch = demonstration();
    shows(&scratch, "undo-nothing", &["undo", "disk", "--yes"]).gives(0);
    scratch.applied(&[]);
    let before = tree(&scratch.disk());
    shows(&scratch, "undo-nobody-to-ask", &["undo", "disk"]).gives(2);
    shows(&scratch, "undo-no-drive", &["undo"]).gives(2);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn what_something_else_wrote_stays() {
    let scratch = demonstration();
    scratch.applied(&[]);
    // As a booted Windows would: one byte more in the log, one other in the hive's last bin.
    let system = scratch.config("SYSTEM");
    let mut bytes = fs::read(&system).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&system, &bytes).unwrap();
    let before = tree(&scratch.disk());
    shows(&scratch, "undo-overtaken", &["undo", "disk", "--yes"]).gives(3);
    same(&before, &tree(&scratch.disk()), "nothing is written");
    shows(&scratch, "log-overtaken", &["log", "disk"]).gives(0);
}

#[test]
fn a_record_that_is_damaged_is_told() {
    let scratch = demonstration();
    scratch.applied(&[]);
    let record = scratch.path().join("J/20260915-0912/record");
    let mut bytes = fs::read(&record).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&record, bytes).unwrap();
    let before = tree(&scratch.disk());
    shows(&scratch, "log-damaged", &["log"]).gives(0);
    let named = ["undo", "disk", "20260915-0912", "--yes"];
    shows(&scratch, "undo-damaged", &named).gives(7);
    shows(&scratch, "undo-damaged-unnamed", &["undo", "disk", "--yes"]).gives(7);
    shows(&scratch, "plan-run-damaged", &["plan", "disk"]).gives(0);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

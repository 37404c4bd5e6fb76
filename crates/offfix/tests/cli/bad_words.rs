//! Words that make no sense: each one clear line, exit code 2, nothing written.

use crate::plan::demonstration;
use crate::scratch::{same, tree};
use crate::shows;
use std::fs;

/// The snapshot's name, and the words.
const WRONG: [(&str, &[&str]); 21] = [
    ("wrong-no-arguments", &[]),
    ("wrong-no-command", &["disk"]),
    ("wrong-no-option", &["plan", "disk", "--everything"]),
    ("wrong-unknown-repair", &["plan", "disk", "--repair", "tls"]),
    (
        "wrong-unknown-repair-with",
        &["plan", "disk", "--with", "tls"],
    ),
    (
        "wrong-unknown-repair-except",
        &["plan", "disk", "--except", "tls"],
    ),
    ("wrong-unknown-repair-page", &["repairs", "tls"]),
    (
        "wrong-unknown-symptom",
        &["plan", "disk", "--for", "blue-screen"],
    ),
    ("wrong-unknown-symptom-page", &["symptoms", "blue-screen"]),
    (
        "wrong-set-without-value",
        &["plan", "disk", "--set", "crash-dump.kind"],
    ),
    (
        "wrong-set-without-repair",
        &["plan", "disk", "--set", "kind=full"],
    ),
    (
        "wrong-set-unknown-repair",
        &["plan", "disk", "--set", "tls.kind=full"],
    ),
    (
        "wrong-set-unknown-parameter",
        &["plan", "disk", "--set", "crash-dump.colour=red"],
    ),
    (
        "wrong-set-unknown-value",
        &["plan", "disk", "--set", "crash-dump.kind=purple"],
    ),
    (
        "wrong-control-set-word",
        &["plan", "disk", "--control-set", "current"],
    ),
    ("wrong-article-alone", &["plan", "disk", "--as-article"]),
    (
        "wrong-undo-with-selection",
        &["plan", "disk", "--undo", "1", "--with", "nla"],
    ),
    (
        "wrong-undo-unknown-run",
        &["undo", "disk", "20200101-0000", "--yes"],
    ),
    (
        "wrong-plan-undo-unknown-run",
        &["plan", "disk", "--undo", "20200101-0000"],
    ),
    ("wrong-show-nothing", &["show", "nowhere.json"]),
    ("wrong-format-unknown", &["plan", "disk", "--format", "xml"]),
];

#[test]
fn every_wrong_word() {
    let scratch = demonstration();
    let before = tree(scratch.path());
    for (name, words) in WRONG {
        shows(&scratch, name, words).gives(2);
    }
    same(&before, &tree(scratch.path()), "nothing is written");
}

#[test]
fn what_is_neither_a_drive_nor_a_plan() {
    let scratch = demonstration();
    fs::write(scratch.path().join("notes.txt"), "yesterday").unwrap();
    let before = tree(scratch.path());
    shows(&scratch, "wrong-neither", &["apply", "notes.txt", "--yes"]).gives(2);
    same(&before, &tree(scratch.path()), "nothing is written");
}

#[test]
fn out_goes_where_it_can() {
    let scratch = demonstration();
    let words = ["plan", "disk", "--out", "nowhere/p.json"];
    shows(&scratch, "wrong-out", &words).gives(2);
}

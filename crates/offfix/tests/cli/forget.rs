//! `forget`: a closed run goes, an open one only when that is asked for; no disk is touched.

use crate::plan::demonstration;
use crate::scratch::{same, tree};
use crate::shows;

const RUN: &str = "20260915-0912";

#[test]
fn an_open_run() {
    let scratch = demonstration();
    scratch.applied(&[]);
    let before = tree(scratch.path());
    shows(&scratch, "forget-open", &["forget", RUN, "--yes"]).gives(3);
    let asked = ["forget", RUN, "--even-open"];
    shows(&scratch, "forget-nobody-to-ask", &asked).gives(2);
    same(&before, &tree(scratch.path()), "nothing is removed");
    let disk = tree(&scratch.disk());
    let sure = ["forget", RUN, "--even-open", "--yes"];
    shows(&scratch, "forget-even-open", &sure).gives(0);
    same(&disk, &tree(&scratch.disk()), "the disk is not touched");
    assert!(!scratch.path().join("J").join(RUN).exists());
    shows(&scratch, "forget-again", &sure).gives(2);
    let log = scratch.run(&["log"]).gives(0).out;
    assert!(log.starts_with("no runs"), "{log}");
}

#[test]
fn a_closed_run() {
    let scratch = demonstration();
    scratch.applied(&["--repair", "tls-protocols"]);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    scratch.applied(&[]);
    let disk = tree(&scratch.disk());
    let words = ["forget", RUN, "--yes", "--format", "json"];
    let answer = shows(&scratch, "forget-json", &words).gives(0).out;
    assert!(answer.contains("\"state\": \"undone\""), "{answer}");
    same(&disk, &tree(&scratch.disk()), "the disk is not touched");
    // The other run is as it was.
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
}

#[test]
fn no_journal() {
    let scratch = demonstration();
    let before = tree(scratch.path());
    scratch.run(&["forget", RUN, "--yes"]).gives(2);
    scratch.run(&["forget", "../disk", "--yes"]).gives(2);
    same(&before, &tree(scratch.path()), "no journal is made");
}

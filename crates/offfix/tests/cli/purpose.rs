//! What runs left on purpose, and `plan --undo`: taking single values back.

use crate::plan::demonstration;
use crate::scratch::{Scratch, same, tree};
use crate::shows;
use hive::{Editor, Hive, RegData};
use testkit::windows::healthy;

const RUN: &str = "20260915-0912";

#[test]
fn a_choice_is_no_fault() {
    let scratch = Scratch::with(&healthy());
    scratch.applied(&["--with", "nla-off,group-policy-off"]);
    let plan = ["plan", "disk", "--detailed-exitcode"];
    let plan = shows(&scratch, "purpose-plan", &plan).gives(0);
    assert!(
        plan.out.contains(&format!("set by run {RUN}, on purpose")),
        "{}",
        plan.out
    );
    let symptom = ["plan", "disk", "--for", "rdp-internal-error"];
    shows(&scratch, "purpose-plan-for-rdp", &symptom).gives(0);
    shows(&scratch, "purpose-log", &["log", "disk"]).gives(0);
}

#[test]
fn weakening_is_taken_back() {
    let scratch = Scratch::with(&healthy());
    scratch.applied(&["--with", "nla-off,group-policy-off,crash-dump"]);
    let before = tree(&scratch.disk());
    let words = ["plan", "disk", "--undo", "weakening", "--out", "u.json"];
    shows(&scratch, "purpose-undo-weakening", &words).gives(0);
    same(&before, &tree(&scratch.disk()), "a plan writes nothing");
    shows(
        &scratch,
        "purpose-apply-weakening",
        &["apply", "u.json", "--yes"],
    )
    .gives(0);
    let again = ["plan", "disk", "--undo", "weakening", "--detailed-exitcode"];
    shows(&scratch, "purpose-undo-again", &again).gives(0);
    shows(
        &scratch,
        "purpose-after",
        &["plan", "disk", "--detailed-exitcode"],
    )
    .gives(0);
}

#[test]
fn a_run_is_taken_back_value_by_value() {
    let scratch = demonstration();
    scratch.applied(&[]);
    let words = ["plan", "disk", "--undo", RUN, "--out", "u.json"];
    shows(&scratch, "purpose-undo-run", &words).gives(0);
    scratch.run(&["apply", "u.json", "--yes"]).gives(0);
    let plan = scratch.run(&["plan", "disk", "--undo", RUN, "--detailed-exitcode"]);
    plan.gives(0);
}

#[test]
fn a_value_changed_since_is_left() {
    let scratch = Scratch::with(&healthy());
    scratch.applied(&["--with", "nla-off,group-policy-off"]);
    by_hand(&scratch);
    let words = ["plan", "disk", "--undo", "weakening"];
    let plan = shows(&scratch, "purpose-changed-by-hand", &words).gives(0);
    let left = plan
        .out
        .find("changed since run")
        .expect("the value is named");
    assert!(plan.out[..left].contains("LEFT ALONE"), "{}", plan.out);
}

/// Sets gpsvc's Start to 3, as an administrator would in the running VM.
fn by_hand(scratch: &Scratch) {
    let path = scratch.config("SYSTEM");
    let hive = Hive::open(std::fs::read(&path).unwrap()).unwrap();
    let mut editor = Editor::new(hive, 1).unwrap();
    let key = r"ControlSet001\Services\gpsvc";
    editor.set_value(key, "Start", &RegData::dword(3)).unwrap();
    std::fs::write(&path, editor.finish().unwrap().into_bytes()).unwrap();
}

#[test]
fn a_hive_that_cannot_be_looked_at_is_not_one_without_values() {
    let disk = testkit::windows::broken("rdp-enabled").unwrap();
    let scratch = Scratch::with(&disk);
    scratch.applied(&["--repair", "rdp-enabled"]);
    let software = scratch.disk().join("Windows/System32/config/SOFTWARE");
    std::fs::write(software, "xx").unwrap();
    let before = tree(&scratch.disk());
    let answer = scratch.run(&["plan", "disk", "--undo", RUN]).gives(7);
    assert!(answer.err.contains("SOFTWARE"), "{}", answer.err);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

//! Files under another name: plan, plan file, `apply`, `log`, both ways back, and what was in the
//! way.

use crate::scratch::{Scratch, same, same_bytes, tree};
use crate::shows;
use std::fs;
use testkit::windows::broken;

const RUN: &str = "20260915-0912";
const BAD: &str = "Windows/System32/drivers/Contoso/C-00000291-00000000-00000032.sys";
const PATH: &str = r"quarantine-file.path=C:\Windows\System32\drivers\Contoso\C-00000291*.sys";
const ASKED: [&str; 4] = ["--repair", "quarantine-file", "--set", PATH];

fn scratch() -> Scratch {
    Scratch::with(&broken("quarantine-file").unwrap())
}

fn with<'w>(first: &[&'w str], more: &[&'w str]) -> Vec<&'w str> {
    [first, &ASKED, more].concat()
}

#[test]
fn a_file_is_put_aside_and_comes_back() {
    let scratch = scratch();
    let before = tree(&scratch.disk());
    let out = ["--out", "plan.json"];
    shows(&scratch, "quarantine-plan", &with(&["plan", "disk"], &out)).gives(0);
    same(&before, &tree(&scratch.disk()), "plan writes nothing");
    shows(
        &scratch,
        "quarantine-apply",
        &["apply", "disk", "plan.json", "--yes"],
    )
    .gives(0);
    assert!(!scratch.disk().join(BAD).exists());
    let aside = scratch.disk().join(format!("{BAD}.offfix-quarantined"));
    assert_eq!(fs::read(&aside).unwrap(), [0; 512]);
    let log = scratch.run(&["log", "disk"]).gives(0).out;
    assert!(log.contains("SRV-FIN-02  names of 1 file  "), "{log}");
    shows(&scratch, "quarantine-undo", &["undo", "disk", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo");
}

#[test]
fn after_the_vm_has_run_a_plan_gives_the_name_back() {
    let scratch = scratch();
    let before = tree(&scratch.disk());
    scratch.run(&with(&["apply", "disk"], &["--yes"])).gives(0);
    // What the VM writes meanwhile has nothing to do with it.
    let weakening = scratch
        .run(&["plan", "disk", "--undo", "weakening"])
        .gives(0);
    assert!(weakening.out.contains("nothing to repair"), "{weakening:?}");
    let words = ["plan", "disk", "--undo", RUN, "--out", "back.json"];
    let plan = scratch.run(&words).gives(0);
    assert!(plan.out.contains("1 file to rename"), "{plan:?}");
    scratch
        .run(&["apply", "disk", "back.json", "--yes"])
        .gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "the name is back");
}

#[test]
fn a_product_that_fetched_the_file_anew_is_left_alone() {
    let scratch = scratch();
    scratch.run(&with(&["apply", "disk"], &["--yes"])).gives(0);
    fs::write(scratch.disk().join(BAD), b"fetched anew").unwrap();
    let disk = tree(&scratch.disk());
    let plan = scratch.run(&["plan", "disk", "--undo", RUN]).gives(0);
    assert!(plan.out.contains("changed, or gone, since run"), "{plan:?}");
    let undo = shows(&scratch, "quarantine-overtaken", &["undo", "disk", "--yes"]);
    assert_eq!(undo.code, 3);
    same(&disk, &tree(&scratch.disk()), "what stands there is left");
}

#[test]
fn a_plan_is_about_one_content() {
    let scratch = scratch();
    scratch
        .run(&with(&["plan", "disk"], &["--out", "plan.json"]))
        .gives(0);
    fs::write(scratch.disk().join(BAD), b"another file").unwrap();
    let disk = tree(&scratch.disk());
    let refused = scratch
        .run(&["apply", "disk", "plan.json", "--yes"])
        .gives(3);
    assert!(
        refused.err.contains("not the ones its selection gives"),
        "{refused:?}"
    );
    same(&disk, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn no_such_file_is_no_error() {
    let scratch = Scratch::with(&testkit::windows::healthy());
    let plan = scratch
        .run(&with(&["plan", "disk"], &["--format", "json"]))
        .gives(0);
    assert!(plan.out.contains("no such file on this disk"), "{plan:?}");
    scratch.run(&with(&["apply", "disk"], &["--yes"])).gives(0);
    let without = ["plan", "disk", "--repair", "quarantine-file"];
    let refused = shows(&scratch, "quarantine-needs-a-path", &without);
    assert_eq!(refused.code, 2);
}

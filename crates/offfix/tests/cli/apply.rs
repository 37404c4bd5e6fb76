//! `apply`, `log` and `show`: from a selection and from a plan file.

use crate::plan::demonstration;
use crate::scratch::{Scratch, same, tree};
use crate::shows;
use testkit::windows::healthy;

#[test]
fn a_plan_file_and_what_is_told_of_it() {
    let scratch = demonstration();
    let plan = ["plan", "disk", "--out", "p.json"];
    shows(&scratch, "plan-out", &plan).gives(0);
    shows(&scratch, "show", &["show", "p.json"]).gives(0);
    // The drive is the plan's.
    let note = ["apply", "p.json", "--yes", "--note", "SR 25, Jürgen"];
    shows(&scratch, "apply-plan", &note).gives(0);
    shows(
        &scratch,
        "plan-after-apply",
        &["plan", "disk", "--detailed-exitcode"],
    )
    .gives(0);
    shows(&scratch, "log", &["log"]).gives(0);
    shows(&scratch, "log-disk", &["log", "disk"]).gives(0);
    shows(&scratch, "undo", &["undo", "disk", "--yes"]).gives(0);
    shows(&scratch, "log-undone", &["log", "disk"]).gives(0);
    shows(&scratch, "undo-again", &["undo", "disk", "--yes"]).gives(0);
    // The plan still fits the disk: the bytes are the same again.
    scratch.run(&["apply", "disk", "p.json", "--yes"]).gives(0);
    let runs = scratch.run(&["log", "disk"]).gives(0).out;
    assert!(runs.contains("20260915-0912-2  done"), "{runs}");
}

#[test]
fn a_plan_applied_twice_is_refused() {
    let scratch = demonstration();
    scratch.applied(&[]);
    let before = tree(&scratch.disk());
    shows(&scratch, "apply-plan-twice", &["apply", "p.json", "--yes"]).gives(3);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn the_article() {
    let scratch = demonstration();
    let words = [
        "apply",
        "disk",
        "--for",
        "rdp-internal-error",
        "--as-article",
        "--yes",
    ];
    shows(&scratch, "apply-as-article", &words).gives(0);
    let plan = [
        "plan",
        "disk",
        "--for",
        "rdp-internal-error",
        "--as-article",
    ];
    let again = scratch.run(&[&plan[..], &["--detailed-exitcode"]].concat());
    again.gives(0);
}

#[test]
fn without_a_selection_nothing_is_meant() {
    let scratch = demonstration();
    let before = tree(scratch.path());
    shows(&scratch, "apply-nobody-to-ask", &["apply", "disk"]).gives(2);
    shows(&scratch, "apply-yes-alone", &["apply", "disk", "--yes"]).gives(2);
    let plan = ["plan", "disk", "--out", "p.json"];
    scratch.run(&plan).gives(0);
    let both = ["apply", "p.json", "--with", "nla", "--yes"];
    shows(&scratch, "apply-plan-and-selection", &both).gives(2);
    let both = ["apply", "p.json", "--recommended", "--yes"];
    scratch.run(&both).gives(2);
    shows(
        &scratch,
        "apply-no-plan-file",
        &["apply", "q.json", "--yes"],
    )
    .gives(2);
    let three = ["apply", "disk", "p.json", "more", "--yes"];
    scratch.run(&three).gives(2);
    let mut after = tree(scratch.path());
    // The journal's lock may be there: applying takes it before it looks.
    after.retain(|name, _| before.contains_key(name) && name.starts_with("disk"));
    let mut before = before;
    before.retain(|name, _| name.starts_with("disk"));
    same(&before, &after, "nothing is written");
}

#[test]
fn what_is_recommended() {
    let scratch = demonstration();
    let words = ["apply", "disk", "--recommended", "--yes"];
    shows(&scratch, "apply-recommended", &words).gives(0);
    let healthy = Scratch::with(&healthy());
    let before = tree(&healthy.disk());
    shows(&healthy, "apply-nothing", &words).gives(0);
    same(&before, &tree(&healthy.disk()), "nothing is written");
    let none = ["apply", "disk", "--yes", "--repair", "tls-protocols"];
    healthy.run(&none).gives(0);
    let runs = healthy.run(&["log"]).gives(0).out;
    assert!(runs.starts_with("no runs"), "{runs}");
}

#[test]
fn another_computer_is_refused() {
    let scratch = demonstration();
    let before = tree(&scratch.disk());
    let words = [
        "apply",
        "disk",
        "--recommended",
        "--yes",
        "--expect-computer",
        "SRV-WEB-01",
    ];
    shows(&scratch, "apply-other-computer", &words).gives(3);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

#[test]
fn only_what_is_planned_changes() {
    let scratch = demonstration();
    let before = tree(&scratch.disk());
    scratch.applied(&[]);
    let after = tree(&scratch.disk());
    let differ: Vec<_> = after
        .iter()
        .filter(|(name, entry)| before.get(*name) != Some(*entry))
        .filter_map(|(name, _)| name.file_name()?.to_str())
        .collect();
    assert_eq!(differ, ["SYSTEM", "SYSTEM.LOG1"]);
    assert_eq!(before.len(), after.len());
}

#[cfg(unix)]
#[test]
fn the_journal_is_private() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    let scratch = demonstration();
    scratch.applied(&[]);
    for (name, entry) in tree(&scratch.path().join("J")) {
        assert_eq!(entry.mode & 0o077, 0, "{}", name.display());
    }
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(scratch.path().join("J"), open).unwrap();
    shows(&scratch, "journal-open-to-all", &["plan", "disk"]).gives(3);
}

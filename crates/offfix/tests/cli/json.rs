//! JSON: the head, the letters, failures, and that every answer is one document.

use crate::plan::demonstration;
use crate::scratch::Scratch;
use crate::{polite, shows};
use serde_json::Value;
use testkit::windows::{Installation, Options};

const HEAD: [&str; 7] = [
    "version",
    "verdict",
    "code",
    "computer",
    "disk",
    "run",
    "left_open",
];

/// Checks a document's letters and the place of its first keys, and gives it.
#[track_caller]
fn document(text: &str) -> Value {
    assert!(text.is_ascii() && text.ends_with("}\n"), "{text}");
    let mut at = 0;
    for key in HEAD {
        let next = text.find(&format!("\n  \"{key}\":")).unwrap_or(usize::MAX);
        assert!(next >= at && next < 1024, "{key} is at {next}, behind {at}");
        at = next;
    }
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_plan() {
    let scratch = demonstration();
    let words = ["plan", "disk", "--format", "json", "--out", "p.json"];
    let plan = shows(&scratch, "plan-demo-json", &words).gives(0);
    assert_eq!(document(&plan.out)["verdict"], "would-fix");
    let file = std::fs::read_to_string(scratch.path().join("p.json")).unwrap();
    assert_eq!(file, plan.out, "the file is the answer");
    let shown = scratch
        .run(&["show", "p.json", "--format", "json"])
        .gives(0);
    assert_eq!(shown.out, plan.out);
}

#[test]
fn letters_outside_ascii_are_escaped() {
    let options = Options {
        computer: "BÜRO-\u{1f600}".to_owned(),
        ..Options::default()
    };
    let scratch = Scratch::with(&Installation::new(&options).disk());
    let plan = scratch.run(&["plan", "disk", "--format", "json"]).gives(0);
    let plan = document(&plan.out);
    assert_eq!(
        (&plan["computer"], &plan["verdict"]),
        (&"BÜRO-\u{1f600}".into(), &"clean".into())
    );
}

#[test]
fn a_whole_life() {
    let scratch = demonstration();
    let json = |words: &[&str]| {
        let answer = scratch
            .run(&[words, &["--format", "json"]].concat())
            .gives(0);
        polite(&answer);
        answer.out
    };
    let fixed = document(&json(&[
        "apply",
        "disk",
        "--recommended",
        "--yes",
        "--note",
        "SR 25",
    ]));
    assert_eq!(
        (&fixed["verdict"], &fixed["run"]),
        (&"fixed".into(), &"20260915-0912".into())
    );
    let clean = document(&json(&["plan", "disk"]));
    assert_eq!(clean["verdict"], "clean");
    let log: Value = serde_json::from_str(&json(&["log", "disk"])).unwrap();
    let run = &log["runs"][0];
    assert_eq!(
        (&run["state"], &run["note"]),
        (&"done".into(), &"SR 25".into())
    );
    let undone = document(&json(&["undo", "disk", "--yes"]));
    assert_eq!(
        (&undone["verdict"], &undone["run"]),
        (&"clean".into(), &"20260915-0912".into())
    );
    let log: Value = serde_json::from_str(&json(&["log"])).unwrap();
    assert_eq!(log["runs"][0]["state"], "undone");
}

#[test]
fn failures() {
    let scratch = demonstration();
    let failure = |code: i32, words: &[&str]| {
        let answer = scratch
            .run(&[words, &["--format", "json"]].concat())
            .gives(code);
        polite(&answer);
        assert!(answer.out.is_ascii());
        let document: Value = serde_json::from_str(&answer.out).unwrap();
        assert_eq!(document["version"], 1);
        assert_eq!(document["exit"], code);
        assert!(answer.err.contains(document["error"].as_str().unwrap()));
        (
            document["verdict"].as_str().unwrap().to_owned(),
            document["code"].clone(),
        )
    };
    assert_eq!(
        failure(7, &["plan", "nowhere"]),
        ("unreadable".to_owned(), "no-drive".into())
    );
    assert_eq!(
        failure(3, &["plan", crate::bad_disks::RUNNING]),
        ("refused".to_owned(), "running-system".into())
    );
    let unknown = failure(2, &["plan", "disk", "--repair", "magic"]);
    assert_eq!(unknown, ("refused".to_owned(), "unknown-repair".into()));
    let unasked = failure(2, &["apply", "disk", "--recommended"]);
    assert_eq!(unasked, ("refused".to_owned(), "not-confirmed".into()));
    shows(
        &scratch,
        "failure-json",
        &["plan", "nowhere", "--format", "json"],
    )
    .gives(7);
}

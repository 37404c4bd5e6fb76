//! What a run records of its making, and what `log` calls left open.

use crate::plan::demonstration;
use crate::scratch::Scratch;
use serde_json::Value;
use testkit::windows::healthy;

const RUN: &str = "20260915-0912";

#[track_caller]
fn log(scratch: &Scratch) -> (String, Value) {
    let text = scratch.run(&["log", "disk"]).gives(0).out;
    let json = scratch
        .run(&["log", "disk", "--format", "json"])
        .gives(0)
        .out;
    (text, serde_json::from_str(&json).unwrap())
}

/// The hash of a file, from the program itself: a hash is not this crate's to know.
fn sha256(bytes: &[u8]) -> String {
    let hash = disk::Stamp::of(bytes).sha256;
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_run_says_who_made_it_and_from_what() {
    let scratch = demonstration();
    scratch.applied(&[]);
    let (text, json) = log(&scratch);
    let plan = std::fs::read(scratch.path().join("p.json")).unwrap();
    let by = &json["runs"][0]["by"];
    assert_eq!(by["user"], "admin");
    assert_eq!(by["machine"], "recovery-01");
    assert_eq!(by["plan_file"], "p.json");
    assert_eq!(by["plan_sha256"], sha256(&plan).as_str());
    assert!(text.contains("    by admin on recovery-01\n"), "{text}");
    assert!(
        text.contains(&format!("    from p.json, sha256 {}\n", sha256(&plan))),
        "{text}"
    );
    assert_eq!(json["runs"][0]["made"], "2026-09-15 09:12 UTC");
}

#[test]
fn a_typed_selection_has_a_hash_of_its_own() {
    let hash_of = |selection: &[&str]| {
        let scratch = Scratch::with(&healthy());
        let words = [&["apply", "disk", "--yes"], selection].concat();
        let answer = scratch.run(&words).gives(0);
        assert!(
            !answer.out.contains("recovery-01"),
            "for the journal alone: {}",
            answer.out
        );
        let by = log(&scratch).1["runs"][0]["by"].clone();
        assert_eq!(by["plan_file"], Value::Null);
        by["plan_sha256"].as_str().unwrap().to_owned()
    };
    let nla = hash_of(&["--with", "nla-off"]);
    assert_eq!(nla.len(), 64);
    assert_eq!(nla, hash_of(&["--with", "nla-off"]));
    assert_ne!(nla, hash_of(&["--with", "nla-off,crash-dump"]));
}

#[test]
fn a_single_command_says_who_too() {
    let scratch = demonstration();
    let file = "disk/Windows/System32/config/SYSTEM";
    let set = ["hive", "set", file, r"Select", "Failed", "dword", "1"];
    let answer = scratch.run(&set);
    assert_eq!(answer.code, 0, "{answer:?}");
    let json = scratch.run(&["log", "--format", "json"]).gives(0).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["runs"][0]["by"]["user"], "admin");
    assert_eq!(json["runs"][0]["by"]["plan_sha256"], Value::Null);
}

#[test]
fn what_was_taken_back_is_no_longer_open() {
    let scratch = Scratch::with(&healthy());
    scratch.applied(&["--with", "nla-off,group-policy-off"]);
    let open = |run: usize| -> Vec<String> {
        let open = log(&scratch).1["runs"][run]["left_open"].clone();
        serde_json::from_value(open).unwrap()
    };
    assert_eq!(open(0).len(), 2, "{:?}", open(0));
    assert!(
        open(0)
            .iter()
            .any(|line| line.contains("gpsvc Start = 0x4")),
        "{:?}",
        open(0)
    );
    scratch
        .run(&["plan", "disk", "--undo", "weakening", "--out", "u.json"])
        .gives(0);
    scratch.run(&["apply", "u.json", "--yes"]).gives(0);
    assert!(open(0).is_empty() && open(1).is_empty(), "{:?}", open(0));
    assert_eq!(log(&scratch).1["runs"][0]["run"], RUN);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    assert_eq!(open(0).len(), 2, "open again once that is undone");
}

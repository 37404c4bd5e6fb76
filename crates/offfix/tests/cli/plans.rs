//! Plan files that must not be carried out: each refused with one line, nothing written.

use crate::plan::demonstration;
use crate::scratch::{Scratch, same, tree};
use crate::shows;
use serde_json::{Value, json};
use std::fs;
use testkit::windows::{Installation, Options, demo};

/// Makes a plan, lets `edit` spoil it, and sees it refused.
#[track_caller]
fn spoilt(name: &str, edit: impl FnOnce(&mut Value)) {
    let scratch = demonstration();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    let path = scratch.path().join("p.json");
    let mut plan: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut plan);
    fs::write(&path, serde_json::to_vec(&plan).unwrap()).unwrap();
    refused(&scratch, name);
}

/// Sees `p.json` refused, and a plan that is good applied afterwards.
#[track_caller]
fn refused(scratch: &Scratch, name: &str) {
    let before = tree(&scratch.disk());
    shows(scratch, name, &["apply", "p.json", "--yes"]).gives(3);
    same(&before, &tree(&scratch.disk()), "nothing is written");
    let runs = scratch.run(&["log"]).gives(0).out;
    assert!(runs.starts_with("no runs"), "{runs}");
}

#[test]
fn an_edited_value() {
    spoilt("plan-edited-value", |plan| {
        plan["changes"][0]["after"]["hex"] = json!("03000000");
    });
    spoilt("plan-edited-before", |plan| {
        plan["changes"][0]["before"]["hex"] = json!("03000000");
    });
    spoilt("plan-edited-name", |plan| {
        plan["changes"][0]["name"] = json!("ImagePath");
    });
    spoilt("plan-edited-key", |plan| {
        plan["changes"][0]["key"] = json!(r"ControlSet001\Services\Tcpip");
    });
    spoilt("plan-edited-kind", |plan| {
        plan["changes"][0]["kind"] = json!("aid");
    });
}

#[test]
fn an_edit_more_or_less() {
    spoilt("plan-added-edit", |plan| {
        let mut more = plan["changes"][0].clone();
        more["name"] = json!("ImagePath");
        plan["changes"].as_array_mut().unwrap().push(more);
    });
    spoilt("plan-missing-edit", |plan| {
        plan["changes"].as_array_mut().unwrap().pop();
    });
    spoilt("plan-edited-selection", |plan| {
        plan["selection"]["with"] = json!(["nla-off"]);
    });
}

#[test]
fn another_version_or_shape() {
    spoilt("plan-version", |plan| plan["version"] = json!(2));
    spoilt("plan-version-text", |plan| plan["version"] = json!("1"));
    spoilt("plan-unknown-field", |plan| {
        plan["changes"][0]["force"] = json!(true);
    });
    spoilt("plan-missing-field", |plan| {
        plan.as_object_mut().unwrap().remove("files");
    });
    spoilt("plan-unknown-type", |plan| {
        plan["changes"][0]["hive"] = json!(7);
    });
}

#[test]
fn another_hash() {
    spoilt("plan-edited-hash", |plan| {
        plan["files"][0]["sha256"] = json!("00");
    });
    spoilt("plan-missing-file", |plan| {
        plan["files"].as_array_mut().unwrap().pop();
    });
}

#[test]
fn no_plan_at_all() {
    let texts: [(&str, &[u8]); 5] = [
        ("plan-empty", b""),
        ("plan-not-json", b"apply everything"),
        ("plan-not-text", b"\xff\xfe{\0}\0"),
        ("plan-list", b"[1]"),
        ("plan-deep", &[b'['; 100_000]),
    ];
    for (name, text) in texts {
        let scratch = demonstration();
        fs::write(scratch.path().join("p.json"), text).unwrap();
        refused(&scratch, name);
    }
}

#[test]
fn another_disk() {
    let scratch = demonstration();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    fs::remove_dir_all(scratch.disk()).unwrap();
    let options = Options {
        computer: "SRV-WEB-01".to_owned(),
        ..Options::default()
    };
    Installation::new(&options)
        .disk()
        .write_to(&scratch.disk())
        .unwrap();
    refused(&scratch, "plan-of-another-disk");
}

#[test]
fn a_hive_that_changed_since() {
    let scratch = demonstration();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    let mut other = demo()
        .file("Windows/System32/config/SYSTEM")
        .unwrap()
        .to_vec();
    // The time of the base block's last write, and its checksum.
    other[12] ^= 1;
    let sum = testkit::checksum(&other);
    other[508..512].copy_from_slice(&sum.to_le_bytes());
    fs::write(scratch.config("SYSTEM"), other).unwrap();
    refused(&scratch, "plan-changed-since");
}

#[test]
fn a_log_that_appeared_since() {
    let scratch = demonstration();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    fs::remove_file(scratch.config("SYSTEM.LOG2")).unwrap();
    refused(&scratch, "plan-log-vanished");
}

//! What a run weakened, taken back after somebody else has written the same hive.
//!
//! Invariants checked, with a reader that is not ours: what the run set is as it was before, and
//! nothing but the other writer's edit differs. Absent on purpose: permissions (see `real_disk`).

use crate::has;
use crate::listing::{differences, listing, number};
use crate::overtaken::{FAR, merge};
use crate::scratch::Scratch;
use serde_json::Value;
use testkit::windows::healthy;

const LISTENER: &str = r"ControlSet001\Control\Terminal Server\WinStations\RDP-Tcp";
/// A key beside the one that is weakened.
const NEAR: &str = r"ControlSet001\Control\Terminal Server";

fn nla(scratch: &Scratch) -> Option<u32> {
    number(&scratch.config("SYSTEM"), LISTENER, "UserAuthentication")
}

/// The name of the only run.
fn run(scratch: &Scratch) -> String {
    let log = scratch.run(&["log", "--format", "json"]).gives(0).out;
    let log: Value = serde_json::from_str(&log).unwrap();
    log["runs"][0]["run"].as_str().unwrap().to_owned()
}

#[test]
fn is_taken_back_and_the_other_edit_stays() {
    if !has(&["hivexget", "hivexregedit"]) {
        return;
    }
    for key in [FAR, NEAR, LISTENER] {
        for by_name in [false, true] {
            let scratch = Scratch::with(&healthy());
            let before = listing(&scratch.config("SYSTEM"));
            assert_eq!(nla(&scratch), Some(1));
            let weaken = ["apply", "disk", "--repair", "nla-off", "--yes"];
            scratch.run(&weaken).gives(0);
            assert_eq!(nla(&scratch), Some(0));
            merge(&scratch, key);
            // Byte for byte nothing can go back now.
            let log = scratch.run(&["log", "disk"]).gives(0).out;
            assert!(log.contains("left open: "), "{log}");
            let run = run(&scratch);
            let what = if by_name { run.as_str() } else { "weakening" };
            let plan = ["plan", "disk", "--undo", what, "--out", "u.json"];
            scratch.run(&plan).gives(0);
            scratch.run(&["apply", "u.json", "--yes"]).gives(0);
            assert_eq!(nla(&scratch), Some(1), "{key}");
            let after = listing(&scratch.config("SYSTEM"));
            let differ = differences(&before, &after);
            assert_eq!(differ.len(), 1, "{key}: {differ:?}");
            assert_eq!(differ[0].0, key);
            assert_eq!(differ[0].1.as_deref(), Some("Another"));
            assert_eq!(number(&scratch.config("SYSTEM"), key, "Another"), Some(7));
            let again = ["plan", "disk", "--undo", what, "--detailed-exitcode"];
            scratch.run(&again).gives(0);
            let log = scratch.run(&["log", "disk"]).gives(0).out;
            assert!(!log.contains("left open: "), "{log}");
        }
    }
}

#[test]
fn what_the_other_has_set_is_named_and_left() {
    if !has(&["hivexget", "hivexregedit"]) {
        return;
    }
    let scratch = Scratch::with(&healthy());
    let weaken = [
        "apply",
        "disk",
        "--repair",
        "nla-off,group-policy-off",
        "--yes",
    ];
    scratch.run(&weaken).gives(0);
    let text = format!("[\\{LISTENER}]\n\"UserAuthentication\"=dword:00000002\n");
    crate::overtaken::merge_text(&scratch, &text);
    let plan = ["plan", "disk", "--undo", "weakening", "--out", "u.json"];
    let told = scratch.run(&plan).gives(0).out;
    assert!(told.contains("is 0x2, changed since run"), "{told}");
    scratch.run(&["apply", "u.json", "--yes"]).gives(0);
    assert_eq!(nla(&scratch), Some(2));
    let start = number(
        &scratch.config("SYSTEM"),
        r"ControlSet001\Services\gpsvc",
        "Start",
    );
    assert_eq!(start, Some(2));
}

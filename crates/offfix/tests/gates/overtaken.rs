//! A run that is killed, and whose hive another tool then writes.

use crate::listing::number;
use crate::real::Which;
use crate::scratch::{Scratch, same, tree};
use crate::strace::{CALLS, calls, fated};
use crate::{has, tool};
use std::fs;
use std::process::Command;

/// A key on no page that the runs of this test write.
pub(crate) const FAR: &str = "Setup";
/// A key on a page that they do write.
const NEAR: &str = r"ControlSet001\Services\gpsvc";

/// Sets one value that no repair looks at, with another tool.
pub(crate) fn merge(scratch: &Scratch, key: &str) {
    merge_text(scratch, &format!("[\\{key}]\n\"Another\"=dword:00000007\n"));
}

/// Merges keys and values, as a .reg file has them behind its first line, with another tool.
pub(crate) fn merge_text(scratch: &Scratch, text: &str) {
    let head = "Windows Registry Editor Version 5.00";
    let text = format!("{head}\n\n{text}");
    let file = scratch.path().join("another.reg");
    fs::write(&file, text).unwrap();
    let system = scratch.config("SYSTEM");
    tool(
        Command::new("hivexregedit")
            .args(["--merge", "--prefix", ""])
            .arg(system)
            .arg(file),
    );
}

#[test]
fn between_a_kill_and_undo() {
    if !has(&["strace", "hivexregedit"]) {
        return;
    }
    let fresh = || {
        // Only numbers change here, so that the hive is sound at every cut.
        let scratch = Which::Demo.scratch().unwrap();
        scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
        scratch
    };
    let words = ["apply", "p.json", "--yes"];
    let scratch = fresh();
    let (_, points) = calls(&scratch, &words, CALLS);
    let system = format!("<{}>", scratch.config("SYSTEM").display());
    let on_hive: Vec<_> = points
        .iter()
        .filter(|point| point.line.contains(&system))
        .collect();
    assert!(on_hive.len() >= 6, "{on_hive:?}");
    for point in on_hive {
        for (undo_first, key) in [(false, FAR), (true, FAR), (false, NEAR), (true, NEAR)] {
            let scratch = fresh();
            assert_eq!(fated(&scratch, &words, point, "signal=KILL").code, -1);
            scratch.run(&["plan", "disk"]).gives(6);
            merge(&scratch, key);
            told(&scratch, undo_first, key, &format!("{key} {point:?}"));
        }
    }
}

/// Both looks tell of it, nothing of the other writer's is lost, and offfix works again.
fn told(scratch: &Scratch, undo_first: bool, key: &str, place: &str) {
    let before = tree(&scratch.disk());
    let plan = scratch.run(&["plan", "disk"]);
    assert_eq!(plan.code, 0, "{place}: {plan:?}");
    assert!(plan.out.contains("overtaken"), "{place}: {}", plan.out);
    if undo_first {
        let undo = scratch.run(&["undo", "disk", "--yes"]);
        assert!(undo.out.contains("overtaken"), "{place}: {undo:?}");
        same(&before, &tree(&scratch.disk()), place);
        let again = scratch.run(&["undo", "disk", "--yes"]);
        assert_eq!(again.code, 0, "{place}: {again:?}");
    }
    let apply = scratch.run(&["apply", "disk", "--recommended", "--yes"]);
    assert_eq!(apply.code, 0, "{place}: {apply:?}");
    let log = scratch.run(&["log", "disk"]).gives(0).out;
    assert!(log.contains("overtaken"), "{place}: {log}");
    let found = number(&scratch.config("SYSTEM"), key, "Another");
    assert_eq!(found, Some(7), "{place}");
    let clean = scratch.run(&["plan", "disk", "--detailed-exitcode"]);
    assert_eq!(clean.code, 0, "{place}: {clean:?}");
}

#[test]
fn after_a_finished_run() {
    if !has(&["hivexregedit"]) {
        return;
    }
    let scratch = Which::Demo.scratch().unwrap();
    scratch.applied(&[]);
    merge(&scratch, NEAR);
    let before = tree(&scratch.disk());
    let undo = scratch.run(&["undo", "disk", "--yes"]).gives(3);
    assert!(undo.out.contains("overtaken"), "{undo:?}");
    same(
        &before,
        &tree(&scratch.disk()),
        "what another tool wrote stays",
    );
}

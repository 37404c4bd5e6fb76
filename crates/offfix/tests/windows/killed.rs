//! A run that is ended from outside, as the task manager does: `undo` makes the disk whole.

use crate::scratch::{Scratch, same_bytes, tree};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;
use testkit::windows::demo;

/// How many runs are ended, spread over the time that one takes.
const KILLS: u32 = 12;

#[test]
fn an_apply_that_is_killed_is_undone() {
    let apply = ["apply", "disk", "--recommended", "--yes"];
    let whole = {
        let scratch = Scratch::with(&demo());
        let begin = Instant::now();
        scratch.run(&apply).gives(0);
        begin.elapsed()
    };
    let (mut unfinished, mut finished) = (0, 0);
    for number in 0..KILLS {
        let scratch = Scratch::with(&demo());
        let before = tree(&scratch.disk());
        let mut command = scratch.command(&apply);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        sleep(whole * number / KILLS);
        child.kill().unwrap();
        child.wait().unwrap();
        let log = scratch.run(&["log", "disk"]).gives(0).out;
        if log.contains("done") {
            finished += 1;
        } else if !log.starts_with("no runs") {
            unfinished += 1;
        }
        let undo = scratch.run(&["undo", "disk", "--yes"]);
        assert_eq!(undo.code, 0, "killed at {number}/{KILLS}: {undo:?}\n{log}");
        let after = tree(&scratch.disk());
        same_bytes(&before, &after, "undo gives the bytes back");
        // The disk is as good as before: a new run goes through.
        scratch.run(&apply).gives(0);
        let plan = ["plan", "disk", "--detailed-exitcode"];
        scratch.run(&plan).gives(0);
    }
    println!("{KILLS} kills: {unfinished} runs were unfinished, {finished} done");
}

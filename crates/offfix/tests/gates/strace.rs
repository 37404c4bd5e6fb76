//! offfix under strace: what it calls, and what happens when a call ends in death or an error.
//!
//! Invariants: a point is one call of one system call, counted from 1. Absent on purpose: opinions.

use crate::scratch::{Answer, Scratch};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// Every call that changes something on a disk or in a journal.
pub(crate) const CALLS: &str =
    "?mkdir,mkdirat,write,pwrite64,ftruncate,fsync,fdatasync,?rename,?renameat,renameat2";

/// One call of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// The system call.
    pub(crate) call: String,
    /// Which of its calls, from 1.
    pub(crate) number: usize,
    /// The call as strace writes it, with paths behind descriptors.
    pub(crate) line: String,
}

/// Runs offfix and lists its calls in order.
pub(crate) fn calls(scratch: &Scratch, words: &[&str], trace: &str) -> (Answer, Vec<Point>) {
    let log = scratch.path().join("strace.log");
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-qq",
        "-y",
        "-s",
        "0",
        "-e",
        &format!("trace={trace}"),
        "-o",
    ]);
    strace.arg(&log);
    let answer = under(scratch, strace, words);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let text = fs::read_to_string(&log).unwrap();
    fs::remove_file(log).unwrap();
    let points = text.lines().filter_map(|line| {
        let line = line.split_once(' ')?.1.trim_start();
        let call = line.split_once('(')?.0.to_owned();
        let number = counts.entry(call.clone()).or_default();
        *number += 1;
        Some(Point {
            number: *number,
            line: line.to_owned(),
            call,
        })
    });
    (answer, points.collect())
}

/// Runs offfix and lets a call end in `fate`: `signal=KILL`, `error=EIO`.
pub(crate) fn fated(scratch: &Scratch, words: &[&str], point: &Point, fate: &str) -> Answer {
    let Point { call, number, .. } = point;
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={call}"),
        "-e",
    ]);
    strace.arg(format!("inject={call}:{fate}:when={number}"));
    under(scratch, strace, words)
}

/// Runs offfix under a prepared strace.
pub(crate) fn under(scratch: &Scratch, mut strace: Command, words: &[&str]) -> Answer {
    strace
        .arg(env!("CARGO_BIN_EXE_offfix"))
        .args(words)
        .args(["--journal", "J"]);
    let path = std::env::var_os("PATH");
    scratch.place(&mut strace);
    if let Some(path) = path {
        strace.env("PATH", path);
    }
    Answer::of(&strace.output().expect("strace starts"))
}

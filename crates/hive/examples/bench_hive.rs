//! What `cargo xtask bench` measures of this crate, in one process with its peer.
//!
//! Invariants: the peer is nt-hive; runs alternate, so that a busy machine slows all; both read
//! every name and every byte of data, and have to find the same. Numbers are printed one a line.
//! Absent on purpose: bounds; the task has those.

#![allow(clippy::print_stdout, reason = "its output is what was measured")]

use hive::commit::{Action, Files, Member, Method, commit_over};
use hive::recover::LoadedHive;
use hive::{Editor, Hive, Key, RegData};
use nt_hive::{KeyNode, KeyValueData};
use std::error::Error;
use std::time::{Duration, Instant};

/// Measured runs of each; one more before them warms the caches.
const RUNS: usize = 9;

/// What a walk has read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    keys: usize,
    values: usize,
    bytes: usize,
    sum: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["walk", file] => walks(std::fs::read(file)?),
        ["commit", file] => commit(std::fs::read(file)?),
        _ => Err("expected walk FILE or commit FILE".into()),
    }
}

/// Prints the medians of a walk of ours, one of nt-hive and a full check, in microseconds.
fn walks(file: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let copy = file.clone();
    let (ours, theirs) = (Hive::open(file)?, nt_hive::Hive::new(copy.as_slice())?);
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..=RUNS {
        let start = Instant::now();
        let mut tally = Tally::default();
        walk(ours.root()?, &mut tally)?;
        times[0].push(start.elapsed());
        let start = Instant::now();
        let mut peer = Tally::default();
        walk_nt(&theirs.root_key_node()?, &mut peer)?;
        times[1].push(start.elapsed());
        let start = Instant::now();
        let report = hive::check::check(&ours);
        times[2].push(start.elapsed());
        if tally != peer || (report.keys, report.values) != (tally.keys, tally.values) {
            return Err(format!("they differ: {tally:?}, {peer:?}, {}", report.keys).into());
        }
    }
    for (name, times) in ["walk", "nt-hive", "check"].into_iter().zip(&mut times) {
        times.remove(0);
        times.sort();
        println!("{name} {}", times[RUNS / 2].as_micros());
    }
    Ok(())
}

fn walk(key: Key<'_>, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    tally.keys += 1;
    tally.bytes += key.name().len();
    for value in key.values()? {
        tally.values += 1;
        tally.bytes += value.name().len();
        tally.read(&value.data()?);
    }
    for below in key.subkeys()? {
        walk(below, tally)?;
    }
    Ok(())
}

fn walk_nt(key: &KeyNode<'_, &[u8]>, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    tally.keys += 1;
    tally.bytes += characters(&key.name()?);
    for value in key.values().transpose()?.into_iter().flatten() {
        let value = value?;
        tally.values += 1;
        tally.bytes += characters(&value.name()?);
        match value.data()? {
            KeyValueData::Small(data) => tally.read(data),
            KeyValueData::Big(parts) => {
                for part in parts {
                    tally.read(part?);
                }
            }
        }
    }
    for below in key.subkeys().transpose()?.into_iter().flatten() {
        walk_nt(&below?, tally)?;
    }
    Ok(())
}

/// Length of a name in UTF-16 units.
fn characters(name: &nt_hive::NtHiveNameString<'_>) -> usize {
    match name {
        nt_hive::NtHiveNameString::Latin1(bytes) => bytes.len(),
        nt_hive::NtHiveNameString::Utf16LE(bytes) => bytes.len() / 2,
    }
}

impl Tally {
    /// Touches every byte, as a comparison would.
    fn read(&mut self, data: &[u8]) {
        self.bytes += data.len();
        self.sum += data.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    }
}

/// Sets one value that is there and counts what its commit writes: bytes of pages that differ,
/// then bytes written as pages, as log and as headers, and the number of log writes.
fn commit(file: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let before = Hive::open(file)?;
    let mut editor = Editor::new(before.clone(), 0x01DD_4242_4242_4242)?;
    if !editor
        .set_value("Select", "Failed", &RegData::dword(7))?
        .changed
    {
        return Err("nothing has changed".into());
    }
    let after = editor.finish()?;
    let pages = before.bins().chunks(4096).zip(after.bins().chunks(4096));
    let differing = pages.filter(|(old, new)| old != new).count() * 4096;
    let files = Files {
        log1: Some(Vec::new()),
        log2: Some(Vec::new()),
        ..Files::default()
    };
    let old = LoadedHive {
        hive: &before,
        recovery: None,
    };
    let (mut pages, mut log, mut headers, mut entries) = (0, 0, 0, 0);
    for action in commit_over(&files, old, &after, Method::NewLog)? {
        match action {
            Action::Write(Member::Primary, 0, new) => headers += new.len(),
            Action::Write(Member::Primary, _, new) => pages += new.len(),
            Action::Write(_, _, new) => {
                log += new.len();
                entries += 1;
            }
            Action::Extend(..) | Action::Truncate(..) | Action::Flush(_) => {}
        }
    }
    for (name, number) in [
        ("differing", differing),
        ("pages", pages),
        ("log", log),
        ("headers", headers),
        ("entries", entries),
    ] {
        println!("{name} {number}");
    }
    Ok(())
}

//! The calls of an undisturbed run, in order: journal first, nothing created, everything flushed.

use crate::bench::Bench;
use crate::has;
use crate::real::Which;
use crate::strace::{CALLS, Point, calls};

/// Whether a call is about something below this folder.
fn about(point: &Point, folder: &str) -> bool {
    point.line.contains(&format!("<{folder}")) || point.line.contains(&format!("\"{folder}"))
}

#[test]
fn the_journal_is_sealed_before_the_disk_is_written() {
    if !has(&["strace"]) {
        return;
    }
    for which in [Which::Demo, Which::NoLogs] {
        let bench = Bench::new(which).unwrap();
        let (answer, points) = calls(&bench.scratch, &["apply", "p.json", "--yes"], CALLS);
        answer.gives(0);
        let disk = format!("{}/", bench.scratch.disk().display());
        let journal = format!("{}", bench.scratch.path().join("J").display());
        let is = |call: &str, start: usize, part: &str| {
            let mut rest = points.iter().enumerate().skip(start);
            rest.find(|(_, point)| point.call.starts_with(call) && point.line.contains(part))
                .map(|(place, _)| place)
                .unwrap_or_else(|| panic!("no {call} of {part}: {points:#?}"))
        };
        let record = is("fsync", 0, ".partial/record>");
        let seal = is("rename", record, "");
        let sealed = is("fsync", seal, &format!("<{journal}>"));
        let first = is("write", 0, &format!("<{disk}"));
        assert!(
            record < seal && seal < sealed && sealed < first,
            "{which:?}: {points:#?}"
        );
        let done = is("write", first, "/events>");
        let disk_calls = || {
            points
                .iter()
                .enumerate()
                .filter(|(_, point)| about(point, &disk))
        };
        let last = disk_calls().map(|(place, _)| place).max().unwrap();
        assert!(
            last < done,
            "{which:?}: the disk is written after the run is done"
        );
        for (place, point) in disk_calls() {
            let known = ["write", "pwrite64", "ftruncate", "fsync", "fdatasync"];
            assert!(known.contains(&point.call.as_str()), "{point:?}");
            let file = point.line.split(['<', '>']).nth(1).unwrap();
            let flushed = disk_calls().any(|(other, flush)| {
                other >= place
                    && flush.call.contains("sync")
                    && flush.line.contains(&format!("<{file}>"))
            });
            assert!(flushed, "{which:?}: {point:?} is not flushed");
        }
    }
}

#[test]
fn looking_opens_nothing_for_writing() {
    if !has(&["strace"]) {
        return;
    }
    let bench = Bench::new(Which::Demo).unwrap();
    let trace = "?open,openat,?creat,?unlink,unlinkat,utimensat,?chmod,fchmod,fchmodat,flock";
    let trace = format!("{trace},{CALLS}");
    for words in [
        &["plan", "disk"][..],
        &["show", "p.json"],
        &["log", "disk"],
        &["repairs"],
    ] {
        let (answer, points) = calls(&bench.scratch, words, &trace);
        answer.gives(0);
        let here = bench.scratch.path().display().to_string();
        assert!(words[0] != "plan" || points.iter().any(|point| about(point, &here)));
        for point in points.iter().filter(|point| about(point, &here)) {
            let reads = ["open", "openat"].contains(&point.call.as_str())
                && !point.line.contains("O_RDWR")
                && !point.line.contains("O_WRONLY")
                && !point.line.contains("O_CREAT");
            assert!(reads, "{words:?}: {point:?}");
        }
    }
}

#[test]
fn nothing_is_created_on_the_disk() {
    if !has(&["strace"]) {
        return;
    }
    let bench = Bench::new(Which::Demo).unwrap();
    let disk = bench.scratch.disk().display().to_string();
    for words in [["apply", "p.json", "--yes"], ["undo", "disk", "--yes"]] {
        let (answer, points) = calls(&bench.scratch, &words, "openat,unlinkat,mkdirat");
        answer.gives(0);
        let here: Vec<&Point> = points.iter().filter(|point| about(point, &disk)).collect();
        assert!(
            here.iter().any(|point| point.line.contains("O_RDWR")),
            "{here:#?}"
        );
        for point in here {
            let creates = point.call != "openat" || point.line.contains("O_CREAT");
            assert!(!creates, "{words:?}: {point:?}");
        }
    }
}

//! Ctrl-C at every call of `apply` and of `undo`: before the first write to the disk it ends the
//! program and leaves nothing behind; from then on the run goes through, and says so once.
//!
//! Invariants checked at every point: the disk is old and no run is open, or the run is done and
//! the exit code is the ordinary one. Absent on purpose: kills (see `kills`).

use crate::bench::Bench;
use crate::has;
use crate::real::Which;
use crate::scratch::{Answer, same, same_bytes, tree};
use crate::strace::{CALLS, calls, fated};

const SAYS: &str = "what has begun is finished first";

#[test]
fn ctrl_c_stops_before_the_first_write_or_not_at_all() {
    if !has(&["strace"]) {
        return;
    }
    for which in [Which::Demo, Which::TwoHives] {
        let bench = Bench::new(which).unwrap();
        for words in [["apply", "p.json", "--yes"], ["undo", "disk", "--yes"]] {
            let (start, end) = match words[0] {
                "apply" => (&bench.before, &bench.after),
                _ => (&bench.after, &bench.before),
            };
            bench.set(start);
            let (answer, points) = calls(&bench.scratch, &words, CALLS);
            answer.gives(0);
            let disk = format!("<{}/", bench.scratch.disk().display());
            let first = points.iter().position(|point| point.line.contains(&disk));
            let first = first.unwrap();
            let (mut stopped, mut finished, mut told) = (0, 0, 0);
            for (place, point) in points.iter().enumerate() {
                bench.set(start);
                let old = tree(bench.scratch.path());
                let answer = fated(&bench.scratch, &words, point, "signal=INT");
                let shown = format!("{which:?} {words:?} at {}", point.line);
                let now = tree(bench.scratch.path());
                match answer.code {
                    0 => {
                        told += went_through(&answer, &shown);
                        // A release build's clock runs, and its time stands in what it wrote.
                        if cfg!(debug_assertions) || words[0] == "undo" {
                            same_bytes(&Bench::disk(end), &Bench::disk(&now), &shown);
                        } else {
                            let log = bench.scratch.run(&["log"]).gives(0).out;
                            assert!(log.contains("  done  "), "{shown}: {log}");
                            assert!(Bench::disk(&old) != Bench::disk(&now), "{shown}");
                        }
                        finished += 1;
                    }
                    -1 => {
                        assert!(place < first, "{shown}: the run was cut short");
                        same(&Bench::disk(&old), &Bench::disk(&now), &shown);
                        nothing_is_open(&bench, words[0], &shown);
                        stopped += 1;
                    }
                    code => panic!("{shown}: {code} {}", answer.err),
                }
            }
            println!(
                "{which:?} {}: {stopped} stopped, {finished} finished, {told} of them told",
                words[0]
            );
            assert!(finished >= points.len() - first, "{which:?} {words:?}");
            // Whether it is still said is a race with the end of the program.
            assert!(told * 2 > finished, "{which:?} {words:?}");
        }
    }
}

/// The answer of a run that was finished; how often it says that it goes on.
#[track_caller]
fn went_through(answer: &Answer, shown: &str) -> usize {
    let said = answer.err.matches(SAYS).count();
    let lines = answer.err.lines().count();
    // The program can end while it is said.
    let is_cut = format!("warning: {SAYS}").starts_with(answer.err.trim_end());
    assert!(
        is_cut || (said == lines && said <= 1),
        "{shown}: {}",
        answer.err
    );
    said
}

/// The next look finds no run that is not finished, and the command goes through.
#[track_caller]
fn nothing_is_open(bench: &Bench, command: &str, shown: &str) {
    let plan = bench.scratch.run(&["plan", "disk"]);
    assert_eq!(plan.code, 0, "{shown}: {}", plan.err);
    let words: &[&str] = match command {
        "apply" => &["apply", "p.json", "--yes"],
        _ => &["undo", "disk", "--yes"],
    };
    let again = bench.scratch.run(words);
    assert_eq!(again.code, 0, "{shown}: {}", again.err);
}

//! offfix killed, and its calls made to fail, at every call of `apply` and of `undo`.
//!
//! Invariants checked at every point: what Windows would recover is exactly the old or the new
//! hive, where there are logs; the next look reports a run that is not finished; `undo` settles it,
//! twice if asked, and every byte is old; `apply` then works again.
//! Absent on purpose: real hives in debug builds, which are too slow for them.

use crate::bench::{Bench, bins, same_bins};
use crate::has;
use crate::real::Which;
use crate::scratch::{Answer, Tree, same, same_bytes, tree};
use crate::strace::{CALLS, Point, calls, fated};
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::replay::{State, recover};

const APPLY: [&str; 3] = ["apply", "p.json", "--yes"];
const UNDO: [&str; 3] = ["undo", "disk", "--yes"];

#[test]
fn killed_on_the_demonstration() {
    every_point(Which::Demo, "signal=KILL");
}

#[test]
fn killed_on_a_disk_without_logs() {
    every_point(Which::NoLogs, "signal=KILL");
}

#[test]
fn calls_that_fail() {
    every_point(Which::Demo, "error=EIO");
    every_point(Which::NoLogs, "error=ENOSPC");
}

#[test]
fn killed_between_two_hives() {
    every_point(Which::TwoHives, "signal=KILL");
}

#[test]
fn killed_on_windows_7() {
    on_real_hives(Which::D7);
}

#[test]
fn killed_on_windows_10() {
    on_real_hives(Which::D10);
}

#[test]
fn killed_on_windows_10_with_pending_entries() {
    on_real_hives(Which::Dirty10);
}

fn on_real_hives(which: Which) {
    if cfg!(debug_assertions) {
        return println!("skipped: real hives are killed in release builds");
    }
    every_point(which, "signal=KILL");
}

/// `apply` and `undo`, each at every call, by two threads with a disk each.
fn every_point(which: Which, fate: &str) {
    if !has(&["strace"]) {
        return;
    }
    for words in [APPLY, UNDO] {
        let next = AtomicUsize::new(0);
        let counts: Vec<Option<Seen>> = std::thread::scope(|scope| {
            let work = || worker(which, words, fate, &next);
            let threads = [scope.spawn(work), scope.spawn(work)];
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let Some(seen) = counts.into_iter().try_fold(Seen::default(), |all, one| {
            let one = one?;
            Some(Seen {
                points: one.points,
                ..all.and(&one)
            })
        }) else {
            return;
        };
        println!("{which:?} {} {fate}: {seen:?}", words[0]);
        assert!(seen.old > 0 && seen.unfinished > 0, "{seen:?}");
        if fate == "signal=KILL" {
            assert!(seen.new > 0, "{seen:?}");
        } else if words == APPLY {
            assert!(seen.rolled_back > 0, "{seen:?}");
        }
    }
}

/// What was found at the points.
#[derive(Debug, Default)]
struct Seen {
    points: usize,
    old: usize,
    new: usize,
    between: usize,
    unfinished: usize,
    rolled_back: usize,
}

impl Seen {
    fn and(&self, other: &Seen) -> Seen {
        Seen {
            points: self.points,
            old: self.old + other.old,
            new: self.new + other.new,
            between: self.between + other.between,
            unfinished: self.unfinished + other.unfinished,
            rolled_back: self.rolled_back + other.rolled_back,
        }
    }
}

/// Every point of a short run. A run that replays pending entries writes hundreds of pages one
/// after the other: of those, every so many, and all at the beginning and the end.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    const ENDS: usize = 20;
    const MIDDLE: usize = 40;
    let len = points.len();
    if len <= 2 * ENDS + 2 * MIDDLE {
        return points;
    }
    let step = (len - 2 * ENDS) / MIDDLE;
    let kept = |&(at, _): &(usize, Point)| at < ENDS || at + ENDS >= len || at % step == 0;
    points
        .into_iter()
        .enumerate()
        .filter(kept)
        .map(|(_, point)| point)
        .collect()
}

fn worker(which: Which, words: [&str; 3], fate: &str, next: &AtomicUsize) -> Option<Seen> {
    let bench = Bench::new(which)?;
    let start = if words == APPLY {
        &bench.before
    } else {
        &bench.after
    };
    bench.set(start);
    let (answer, points) = calls(&bench.scratch, &words, CALLS);
    answer.gives(0);
    let points = thinned(points);
    let mut seen = Seen {
        points: points.len(),
        ..Seen::default()
    };
    while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
        bench.set(start);
        let place = format!(
            "{which:?} {words:?} {fate} at {} {}",
            point.number, point.line
        );
        let answer = fated(&bench.scratch, &words, point, fate);
        if fate == "signal=KILL" {
            assert_eq!(answer.code, -1, "{place}: it lived: {answer:?}");
        } else {
            failed(&bench, start, point, &answer, &place);
            seen.rolled_back += usize::from(answer.code == 5);
        }
        image(&bench, &mut seen, &place);
        settle(&bench, &mut seen, &place);
    }
    Some(seen)
}

/// What a call that failed may lead to.
fn failed(bench: &Bench, start: &Tree, point: &Point, answer: &Answer, place: &str) {
    let code = answer.code;
    // What is printed, and what is only kept with a run that is done.
    let told = ["write(1<", "write(2<"].iter();
    let mut told = told.map(|call| point.line.starts_with(call));
    let aside = told.any(|is| is) || answer.err.contains("could not be kept with the run");
    let known = [3, 5, 6].contains(&code) || (code == 0 && aside);
    assert!(known, "{place}: exit code {code}");
    let promised = match code {
        3 => start,
        5 => &bench.before,
        _ => return,
    };
    let now = Bench::disk(&tree(bench.scratch.path()));
    same_bytes(&Bench::disk(promised), &now, place);
}

/// What stands on the disk, as Windows would take it; counted for SYSTEM.
fn image(bench: &Bench, seen: &mut Seen, place: &str) {
    let now = tree(bench.scratch.path());
    for hive in ["SYSTEM", "SOFTWARE"] {
        let Some(old) = bench.file(&bench.before, hive) else {
            continue;
        };
        let new = bench.file(&bench.after, hive).unwrap();
        let file = |end: &str| bench.file(&now, &format!("{hive}{end}"));
        let recovered = recover(
            file("").unwrap(),
            file(".LOG1"),
            file(".LOG2"),
            file(".LOG"),
        );
        // An old hive with pending entries is what Windows makes of it.
        let logs = |end: &str| bench.file(&bench.before, &format!("{hive}{end}"));
        let old = recover(old, logs(".LOG1"), logs(".LOG2"), logs(".LOG"));
        let is_old = bins(&recovered.image) == bins(&old.image);
        let is_new = same_bins(new, &recovered.image);
        if file(".LOG1").is_some() {
            assert_ne!(recovered.state, State::Unrecoverable, "{place}: {hive}");
            assert!(is_old || is_new, "{place}: {hive} is neither old nor new");
        }
        if hive == "SYSTEM" {
            seen.old += usize::from(is_old);
            seen.new += usize::from(is_new);
            seen.between += usize::from(!is_old && !is_new);
        }
    }
}

/// Looks, takes back twice, and applies again.
fn settle(bench: &Bench, seen: &mut Seen, place: &str) {
    let scratch = &bench.scratch;
    let disk = Bench::disk(&tree(scratch.path()));
    let plan = scratch.run(&["plan", "disk"]);
    same(&disk, &Bench::disk(&tree(scratch.path())), place);
    let untouched = Bench::disk(&bench.before)
        .iter()
        .all(|(name, entry)| disk.get(name).is_some_and(|now| now.bytes == entry.bytes));
    match plan.code {
        6 => seen.unfinished += 1,
        0 => assert!(
            untouched || plan.out.contains(" is open ("),
            "{place}: {}",
            plan.out
        ),
        code => panic!("{place}: {code} {}", plan.err),
    }
    for _ in 0..2 {
        let undo = scratch.run(&UNDO);
        assert_eq!(undo.code, 0, "{place}: {undo:?}");
        let now = Bench::disk(&tree(scratch.path()));
        same_bytes(&Bench::disk(&bench.before), &now, place);
    }
    let apply = scratch.run(&APPLY);
    assert_eq!(apply.code, 0, "{place}: {apply:?}");
    let now = tree(scratch.path());
    for hive in ["SYSTEM", "SOFTWARE"] {
        if let Some(new) = bench.file(&bench.after, hive) {
            let again = same_bins(new, bench.file(&now, hive).unwrap());
            assert!(again, "{place}: {hive} is not the same again");
        }
    }
}

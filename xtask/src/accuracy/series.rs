//! The trials of a run: every fault alone on every disk that has a place for it, then pairs.
//!
//! Invariants: the same seed draws the same pairs; results keep the order of the trials, however
//! many run at once. Absent on purpose: what one trial does.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};

use super::faults::{Ask, Fault};
use super::judge::Outcome;
use super::place::{Mark, Placed, place};
use super::program::{Listed, Program};
use super::score::Score;
use super::subject::Subject;
use super::trial;

/// How many pairs of faults are tried together.
const PAIRS: usize = 60;
/// The first state of the generator that draws them.
const SEED: u64 = 0x0FF_F1C5;

/// One trial: a disk and its faults.
type Trial<'t> = (&'t Subject, Vec<Placed<'t>>);

/// Tries every fault alone, then pairs of them.
pub(super) fn score(
    program: &Program,
    subjects: &[Subject],
    faults: &[&Fault],
    catalogue: &[Listed],
    scratch: &Path,
) -> Result<Score> {
    let on_request = catalogue
        .iter()
        .filter(|listed| listed.class == "on request");
    let on_request: Vec<String> = on_request.map(|listed| listed.id.clone()).collect();
    let mut trials = Vec::new();
    for subject in subjects {
        for fault in faults {
            let set = subject.sets.first().map_or("", String::as_str);
            trials.extend(place(fault, subject, set)?.map(|placed| (subject, vec![placed])));
        }
    }
    let alone = trials.len();
    trials.extend(pairs(subjects, faults, &on_request)?);
    println!("{alone} faults alone, {} pairs", trials.len() - alone);
    let outcomes = try_all(&trials, |number, (subject, placed)| {
        let folder = scratch.join(number.to_string());
        let tried = trial::run(program, subject, placed, &on_request, &folder);
        Ok(tried.unwrap_or_else(|error| {
            let mut outcome = Outcome::default();
            outcome.fail(placed.len(), &format!("{error:#}"));
            outcome
        }))
    })?;
    let mut score = Score::default();
    for ((subject, placed), outcome) in trials.iter().zip(&outcomes) {
        count(&mut score, subject, placed, outcome);
    }
    Ok(score)
}

/// Draws pairs that fit together: other repairs, other values, and none that is only a choice.
fn pairs<'t>(
    subjects: &'t [Subject],
    faults: &[&'t Fault],
    on_request: &[String],
) -> Result<Vec<Trial<'t>>> {
    let suits = |fault: &&&Fault| {
        let alone = fault.is_harmless() || fault.is_of_keys() || on_request.contains(&fault.repair);
        !alone && !matches!(fault.ask, Ask::For(_))
    };
    let faults: Vec<&Fault> = faults.iter().filter(suits).copied().collect();
    let mut state = SEED;
    let mut draw = |below: usize| {
        // The multiplier and increment of Knuth's MMIX.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let mut pairs = Vec::new();
    // Most draws do not fit; this many are enough.
    for _ in 0..PAIRS * 50 {
        let Some(subject) = subjects.get(draw(subjects.len())) else {
            break;
        };
        let Some(set) = subject.sets.get(draw(subject.sets.len())) else {
            break;
        };
        let mut placed = Vec::new();
        for _ in 0..2 {
            if let Some(fault) = faults.get(draw(faults.len())) {
                placed.extend(place(fault, subject, set)?);
            }
        }
        if let [first, second] = placed.as_slice()
            && fit(first, second)
        {
            pairs.push((subject, placed));
        }
        if pairs.len() == PAIRS {
            break;
        }
    }
    Ok(pairs)
}

fn fit(first: &Placed<'_>, second: &Placed<'_>) -> bool {
    let same = |mark: &Mark| second.marks.iter().any(|other| mark.same_place(other));
    // By name, what is only told would be changed.
    let told = [first, second].iter().any(|it| it.fault.is_told());
    let unasked = [first, second].iter().all(|it| it.fault.ask == Ask::Look);
    let other = first.fault.repair != second.fault.repair;
    other && (unasked || !told) && !first.marks.iter().any(same)
}

/// Runs trials on as many threads as there are processors, and keeps their order.
fn try_all<T: Sync, R: Send>(
    trials: &[T],
    run: impl Fn(usize, &T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(trial) = trials.get(number) else {
                break;
            };
            let result = run(number, trial);
            if let Ok(mut results) = results.lock() {
                results.push((number, result));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(number, _)| *number);
    ensure!(results.len() == trials.len(), "a trial has no result");
    results.into_iter().map(|(_, result)| result).collect()
}

fn count(score: &mut Score, subject: &Subject, placed: &[Placed<'_>], outcome: &Outcome) {
    for (index, it) in placed.iter().enumerate() {
        let mut missed = outcome.missed.iter().filter(|(of, _)| *of == index);
        let first = missed.next();
        score.fault(&it.fault.repair, subject.column, first.is_some());
        if let Some((_, why)) = first {
            let others = placed
                .iter()
                .filter(|other| other.fault.title() != it.fault.title());
            let others: String = others
                .map(|it| format!(" + {}", it.fault.title()))
                .collect();
            let line = format!(
                "missed: {}, {}{others}: {why}",
                subject.name,
                it.fault.title()
            );
            score.lines.push(line);
        }
    }
    for alarm in &outcome.alarms {
        score.alarm(alarm.split(' ').next().unwrap_or_default());
        let faults: Vec<String> = placed.iter().map(|it| it.fault.title()).collect();
        let line = format!(
            "false alarm: {}, {}: {alarm}",
            subject.name,
            faults.join(" + ")
        );
        score.lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn results_keep_the_order_of_trials() {
        let trials: Vec<usize> = (0..100).collect();
        let doubled = try_all(&trials, |number, trial| Ok(number + trial)).unwrap();
        assert!(doubled.iter().enumerate().all(|(at, it)| *it == 2 * at));
        let odd = |_, trial: &usize| (*trial < 50).then_some(()).context("too many");
        assert!(try_all(&trials, odd).is_err());
    }
}

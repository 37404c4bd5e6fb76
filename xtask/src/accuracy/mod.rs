//! Task `accuracy`: what `offfix` finds on real hives and stores, healthy and broken.
//!
//! Invariants: faults come from a table that is written from the facts, are made with
//! hivexregedit, and are judged by it; the program is the built one, whole processes; the same
//! seed gives the same pairs. Absent on purpose: faults that a folder cannot show; they are named.

mod data;
mod faults;
mod healthy;
mod place;
mod program;
mod real;
mod registry;
mod score;
mod store;
mod subject;
mod trial;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use xshell::cmd;

use faults::{Ask, Fault};
use healthy::Healthy;
use place::{Placed, place};
use program::{Listed, Program};
use score::Score;
use subject::Subject;
use trial::Outcome;

/// How many pairs of faults are tried together.
const PAIRS: usize = 60;
/// The first state of the generator that draws them.
const SEED: u64 = 0x0FF_F1C5;

/// One trial: a disk and its faults.
type Trial<'t> = (&'t Subject, Vec<Placed<'t>>);

/// Diagnoses every disk, breaks it in every way of the table, and prints what was found.
///
/// # Errors
/// When a fault is not found, named, repaired or undone rightly, when anything else is proposed,
/// or when the program cannot be built.
pub fn run(args: &[String]) -> Result<()> {
    let only = match args {
        [] => None,
        [only] => Some(only.as_str()),
        _ => bail!("one repair at most"),
    };
    if !has_tool() {
        println!("accuracy: skipped, no {}", registry::TOOL);
        return Ok(());
    }
    let begin = Instant::now();
    let shell = crate::shell()?;
    cmd!(shell, "cargo build --quiet --package offfix").run()?;
    let scratch = shell.create_temp_dir()?;
    let program = Program {
        path: crate::bench::target()?
            .join("debug")
            .join(crate::bench::name("offfix")),
    };
    let shared = shared()?;
    let subjects = subjects(shared.as_deref(), scratch.path())?;
    let (catalogue, symptoms) = program.catalogue()?;
    let mut wrong = match only {
        None => healthy(
            &program,
            &subjects,
            shared.as_deref(),
            scratch.path(),
            &catalogue,
        )?,
        Some(_) => Vec::new(),
    };
    let table = faults::table()?;
    wrong.extend(uncovered(&table, &catalogue));
    let known = known(&table, &catalogue, &symptoms, only);
    let score = score(&program, &subjects, &known, &catalogue, scratch.path())?;
    for line in score.table().iter().chain(&score.lines) {
        println!("{line}");
    }
    println!(
        "{} faults in {} s",
        score.tried(),
        begin.elapsed().as_secs()
    );
    wrong.iter().for_each(|line| println!("wrong: {line}"));
    ensure!(
        score.is_perfect() && wrong.is_empty(),
        "not everything is as the facts say"
    );
    Ok(())
}

/// Whether hives can be broken here.
pub(crate) fn has_tool() -> bool {
    // Its exit code is that of a usage error, whatever it is asked.
    Command::new(registry::TOOL).arg("--help").output().is_ok()
}

/// The collection of real hives and stores, which lies beside the checkout.
fn shared() -> Result<Option<PathBuf>> {
    let root = crate::root()?;
    let shared = root.parent().unwrap_or(&root).join("shared");
    if shared.join("hives").is_dir() && shared.join("bcd").is_dir() {
        return Ok(Some(shared));
    }
    println!("accuracy: skipped real hives and stores, shared is not beside the checkout");
    Ok(None)
}

fn subjects(shared: Option<&Path>, scratch: &Path) -> Result<Vec<Subject>> {
    let mut subjects = vec![Subject::golden(scratch)?];
    if let Some(shared) = shared {
        subjects.extend(Subject::real(shared, scratch)?);
        subjects.extend(Subject::stores(shared, scratch)?);
    }
    Ok(subjects)
}

/// Looks at every disk without a fault of ours, and answers with what is wrong.
fn healthy(
    program: &Program,
    subjects: &[Subject],
    shared: Option<&Path>,
    scratch: &Path,
    catalogue: &[Listed],
) -> Result<Vec<String>> {
    let mut healthy = Healthy::new(program, scratch)?;
    healthy.subjects(subjects, shared)?;
    healthy.fixtures(&crate::root()?.join("fixtures"), catalogue)?;
    if shared.is_some() {
        healthy.finish();
    }
    healthy
        .told
        .iter()
        .for_each(|line| println!("told: {line}"));
    println!("{} disks without an injected fault", healthy.disks);
    Ok(healthy.wrong)
}

/// Repairs of the catalogue that the table has no line for.
fn uncovered(table: &[Fault], catalogue: &[Listed]) -> Vec<String> {
    let has_line = |listed: &&Listed| !table.iter().any(|fault| fault.repair == listed.id);
    let line = |listed: &Listed| format!("no line of faults.tsv is about {}", listed.id);
    catalogue.iter().filter(has_line).map(line).collect()
}

/// The faults that can be tried; prints the others.
fn known<'f>(
    table: &'f [Fault],
    catalogue: &[Listed],
    symptoms: &[String],
    only: Option<&str>,
) -> Vec<&'f Fault> {
    let mut missing = BTreeSet::new();
    let mut known = Vec::new();
    for fault in table
        .iter()
        .filter(|fault| only.is_none_or(|only| fault.repair == only))
    {
        let listed = catalogue.iter().any(|listed| listed.id == fault.repair);
        let symptom = match &fault.ask {
            Ask::For(symptom) => symptoms.contains(symptom),
            _ => true,
        };
        match (listed, symptom) {
            (false, _) => drop(missing.insert(fault.repair.as_str())),
            (_, false) => println!("{}: there is no such symptom", fault.title()),
            _ if fault.spots.is_empty() => {
                println!("{}: not made here: {}", fault.title(), fault.source);
            }
            _ => known.push(fault),
        }
    }
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().collect();
        println!("not in the catalogue: {}", missing.join(", "));
    }
    known
}

/// Tries every fault alone, then pairs of them.
fn score(
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
        trial::run(program, subject, placed, &on_request, &folder)
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
    let same = |mark: &place::Mark| second.marks.iter().any(|other| mark.same_place(other));
    first.fault.repair != second.fault.repair && !first.marks.iter().any(same)
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
        let pair = if placed.len() > 1 { " (in a pair)" } else { "" };
        if let Some((_, why)) = first {
            let line = format!(
                "missed: {}, {}{pair}: {why}",
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

    #[test]
    fn results_keep_the_order_of_trials() {
        let trials: Vec<usize> = (0..100).collect();
        let doubled = try_all(&trials, |number, trial| Ok(number + trial)).unwrap();
        assert!(doubled.iter().enumerate().all(|(at, it)| *it == 2 * at));
        assert!(try_all(&trials, |_, trial| anyhow::Ok(ensure!(*trial < 50))).is_err());
    }

    #[test]
    fn a_repair_without_a_line_is_named() {
        let listed = Listed {
            id: "new-repair".to_owned(),
            class: "recommended".to_owned(),
        };
        let wrong = uncovered(&faults::table().unwrap(), &[listed]);
        assert_eq!(wrong, ["no line of faults.tsv is about new-repair"]);
    }
}

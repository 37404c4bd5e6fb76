//! Task `accuracy`: what `offfix` finds on real hives and stores, healthy and broken.
//!
//! Invariants: faults come from a table that is written from the facts, are made with
//! hivexregedit, and are judged by it; the program is the built one, whole processes; the same
//! seed gives the same pairs. Absent on purpose: faults that a folder cannot show; they are named.

mod data;
mod faults;
mod healthy;
mod judge;
mod place;
mod program;
mod real;
mod registry;
mod score;
mod series;
mod store;
mod subject;
mod trial;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

use faults::{Ask, Fault};
use healthy::Healthy;
use program::{Listed, Program};
use subject::Subject;

/// Diagnoses every disk, breaks it in every way of the table, and prints what was found.
///
/// # Errors
/// When a fault is not found, named, repaired or undone rightly, when anything else is proposed,
/// or when the program cannot be built.
pub fn run(args: &[String]) -> Result<()> {
    let (program, only) = match args {
        [option, program, only @ ..] if option == "--program" => (Some(program), only),
        only => (None, only),
    };
    if !has_tool() {
        let no_tool = format!("no {}", registry::TOOL);
        ensure!(std::env::var_os("OFFFIX_CI").is_none(), no_tool);
        println!("accuracy: skipped, {no_tool}");
        return Ok(());
    }
    let begin = Instant::now();
    let shell = crate::shell()?;
    let program = Program {
        path: match program {
            Some(program) => std::path::absolute(program)?,
            None => built(&shell)?,
        },
    };
    let scratch = shell.create_temp_dir()?;
    let shared = shared()?;
    let subjects = subjects(shared.as_deref(), scratch.path())?;
    let (catalogue, symptoms) = program.catalogue()?;
    let mut wrong = Vec::new();
    if only.is_empty() {
        let shared = shared.as_deref();
        wrong = healthy(&program, &subjects, shared, scratch.path(), &catalogue)?;
    }
    let table = faults::table()?;
    wrong.extend(uncovered(&table, &catalogue));
    let known = known(&table, &catalogue, &symptoms, only);
    let score = series::score(&program, &subjects, &known, &catalogue, scratch.path())?;
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

/// The program of this checkout.
fn built(shell: &Shell) -> Result<PathBuf> {
    cmd!(shell, "cargo build --quiet --package offfix").run()?;
    let debug = crate::bench::target()?.join("debug");
    Ok(debug.join(crate::bench::name("offfix")))
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
    only: &[String],
) -> Vec<&'f Fault> {
    let mut missing = BTreeSet::new();
    let mut known = Vec::new();
    let chosen = |fault: &&Fault| only.is_empty() || only.contains(&fault.repair);
    for fault in table.iter().filter(chosen) {
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

#[cfg(test)]
mod tests {
    use super::*;

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

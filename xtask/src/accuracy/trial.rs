//! One trial: a disk is broken, planned, repaired, looked at again and put back.
//!
//! Invariants: what the program says is compared with what another tool reads from the disk;
//! after `undo` every file has the bytes it had. Absent on purpose: choosing what to try.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::faults::{Ask, Hive};
use super::judge::Outcome;
use super::place::{Mark, Placed, Wanted, inject};
use super::program::{Answer, Program, named, words};
use super::registry::Listing;
use super::subject::Subject;

/// A disk in a folder of its own.
struct Bench<'t> {
    program: &'t Program,
    placed: &'t [Placed<'t>],
    words: Vec<String>,
    folder: PathBuf,
}

/// Every file of a disk.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Tries faults together; `on_request` says which repairs must not speak without being asked.
pub(super) fn run(
    program: &Program,
    subject: &Subject,
    placed: &[Placed<'_>],
    on_request: &[String],
    folder: &Path,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let bench = Bench {
        program,

        placed,
        words: selection(placed),
        folder: folder.to_path_buf(),
    };
    subject.disk.write_to(&bench.disk())?;
    inject(placed, &bench.disk(), folder)?;
    bench.silent_unasked(on_request, &mut outcome)?;
    let plan = bench.plan(&bench.disk())?;
    let clean = bench.plan(&subject.clean)?;
    outcome.judge(placed, &plan, &clean);
    if plan.proposing().next().is_some() && outcome.missed.is_empty() {
        bench.repair(&mut outcome)?;
    }
    fs::remove_dir_all(folder)?;
    Ok(outcome)
}

/// The words that ask for the cure of one fault, or of several by their names.
fn selection(placed: &[Placed<'_>]) -> Vec<String> {
    match placed {
        [one] => words(one.fault),
        several if several.iter().all(|it| it.fault.ask == Ask::Look) => Vec::new(),
        several => several.iter().flat_map(|it| named(it.fault)).collect(),
    }
}

impl Bench<'_> {
    fn disk(&self) -> PathBuf {
        self.folder.join("disk")
    }

    fn run(&self, words: &[&str], disk: &Path) -> Result<Answer> {
        self.program.run(words, disk, &self.folder.join("journal"))
    }

    fn plan(&self, disk: &Path) -> Result<Answer> {
        let words = self.words.iter().map(String::as_str);
        self.run(&["plan"].into_iter().chain(words).collect::<Vec<_>>(), disk)
    }

    /// A repair that waits to be asked neither proposes nor finds anything before.
    fn silent_unasked(&self, on_request: &[String], outcome: &mut Outcome) -> Result<()> {
        let waits = |it: &Placed<'_>| on_request.contains(&it.fault.repair);
        if !self.placed.iter().any(waits) {
            return Ok(());
        }
        let answer = self.run(&["plan"], &self.disk())?;
        for (index, it) in self.placed.iter().enumerate().filter(|(_, it)| waits(it)) {
            let mut found = answer.findings.iter().map(|found| found.repair.as_str());
            let id = it.fault.repair.as_str();
            if found.any(|found| found == id) || answer.proposing().any(|found| found == id) {
                outcome
                    .missed
                    .push((index, "speaks without being asked".to_owned()));
            }
        }
        Ok(())
    }

    /// Applies the plan, compares the disk with the table, looks again, and undoes it.
    fn repair(&self, outcome: &mut Outcome) -> Result<()> {
        let before = files(&self.disk())?;
        let mut words = vec!["apply", "--yes"];
        match self.words.as_slice() {
            [] => words.push("--recommended"),
            asked => words.extend(asked.iter().map(String::as_str)),
        }
        let applied = self.run(&words, &self.disk())?;
        if applied.code != 0 || applied.verdict != "fixed" {
            let Answer {
                code,
                verdict,
                said,
                ..
            } = &applied;
            outcome.fail(
                self.placed.len(),
                &format!("apply ends with {code}: {verdict} {said}"),
            );
            return Ok(());
        }
        let again = self.plan(&self.disk())?;
        if let Some(repair) = again.proposing().next() {
            outcome.fail(
                self.placed.len(),
                &format!("{repair} is not silent after the repair"),
            );
        }
        for (index, it) in self.placed.iter().enumerate() {
            for mark in &it.marks {
                if let Err(why) = self.on_disk(mark)? {
                    outcome.missed.push((index, why));
                }
            }
        }
        self.undo(&before, outcome)
    }

    /// Whether the disk has what is wanted, as another tool reads it.
    fn on_disk(&self, mark: &Mark) -> Result<Result<(), String>> {
        if let Wanted::File(wanted) = &mark.good {
            let there = self.disk().join(&mark.file).exists();
            let why = format!("{} is {}there", mark.file, if there { "" } else { "not " });
            return Ok(if there == *wanted { Ok(()) } else { Err(why) });
        }
        if mark.hive == Hive::Disk || mark.good == Wanted::Anything {
            return Ok(Ok(()));
        }
        let file = self.disk().join(&mark.file);
        let listing = Listing::of(&file, &mark.key)?;
        let found = listing.value(&mark.key, &mark.name);
        let right = match &mark.good {
            Wanted::Unchanged => found == mark.now.as_ref(),
            wanted => wanted.fits(found),
        };
        Ok(if right {
            Ok(())
        } else {
            let found = found.map_or("nothing".to_owned(), ToString::to_string);
            Err(format!("{} is {found} on the disk", mark.place()))
        })
    }

    /// Takes the run back; every file has to be as it was.
    fn undo(&self, before: &Files, outcome: &mut Outcome) -> Result<()> {
        let undone = self.run(&["undo", "--yes"], &self.disk())?;
        let after = files(&self.disk())?;
        let differs = before
            .keys()
            .chain(after.keys())
            .find(|path| before.get(*path) != after.get(*path));
        let why = match differs {
            _ if undone.code != 0 => format!("undo ends with {}: {}", undone.code, undone.said),
            Some(path) => format!("after undo {} differs", path.display()),
            None => return Ok(()),
        };
        outcome.fail(self.placed.len(), &why);
        Ok(())
    }
}

fn files(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(path.clone(), fs::read(path)?);
            }
        }
    }
    Ok(files)
}

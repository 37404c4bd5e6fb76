//! Disks without an injected fault: what `plan` proposes there, and what it only tells.
//!
//! Invariants: on a healthy disk nothing is proposed, unless the table of exceptions says why it
//! is a real fault; a disk of `fixtures/broken` shows its own repair and no other. Absent on
//! purpose: repairing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::program::{Answer, Listed, Program};
use super::real::{self, REAL};
use super::subject::Subject;

/// disk, repair, `proposed` or `silent`, proof.
const EXCEPTIONS: &str = include_str!("exceptions.tsv");

/// One line of the table of exceptions.
struct Exception {
    disk: &'static str,
    repair: &'static str,
    what: &'static str,
}

/// Looks at disks, and collects what must not be.
pub(super) struct Healthy<'h> {
    program: &'h Program,
    scratch: PathBuf,
    exceptions: Vec<Exception>,
    used: BTreeSet<usize>,
    /// What is wrong, a line each.
    pub(super) wrong: Vec<String>,
    /// What is told without being proposed, a line each.
    pub(super) told: Vec<String>,
    /// How many disks were looked at.
    pub(super) disks: usize,
}

impl Healthy<'_> {
    /// Begins with the table of exceptions.
    pub(super) fn new<'h>(program: &'h Program, scratch: &Path) -> Result<Healthy<'h>> {
        let lines = EXCEPTIONS.lines().filter(|line| !line.starts_with('#'));
        let exceptions = lines.map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [disk, repair, what, proof] = columns.as_slice() else {
                anyhow::bail!("exceptions.tsv: {line}");
            };
            let known = matches!(*what, "proposed" | "silent") && !proof.is_empty();
            ensure!(known, "exceptions.tsv: {line}");
            Ok(Exception { disk, repair, what })
        });
        Ok(Healthy {
            program,
            scratch: scratch.to_path_buf(),
            exceptions: exceptions.collect::<Result<_>>()?,
            used: BTreeSet::new(),
            wrong: Vec::new(),
            told: Vec::new(),
            disks: 0,
        })
    }

    /// Every subject as it is, and each real hive without any file around it.
    pub(super) fn subjects(&mut self, subjects: &[Subject], shared: Option<&Path>) -> Result<()> {
        for subject in subjects {
            self.look(&subject.name, &subject.clean, &[])?;
        }
        let Some(shared) = shared else {
            return Ok(());
        };
        for real in REAL {
            let disk = self.scratch.join("bare").join(real.name);
            real.bare(shared)?.write_to(&disk)?;
            self.look(&format!("{}-bare", real.name), &disk, &[])?;
        }
        self.dirty(shared)?;
        self.damaged(shared)
    }

    /// A hive with pending log entries shows what the replayed hive shows.
    fn dirty(&mut self, shared: &Path) -> Result<()> {
        let name = "sys-win10-16299-dirty";
        let disk = |folder: &str, files: &[(&str, &str)]| -> Result<PathBuf> {
            let path = self.scratch.join(folder);
            real::bare(shared, files)?.write_to(&path)?;
            Ok(path)
        };
        let logs = [format!("{name}.LOG1"), format!("{name}.LOG2")];
        let [first, second] = &logs;
        let hive = [
            ("SYSTEM", name),
            ("SYSTEM.LOG1", first),
            ("SYSTEM.LOG2", second),
        ];
        let dirty = disk("dirty", &hive)?;
        let replayed = format!("{name}.EXPECTED-yarp");
        let replayed = disk("replayed", &[("SYSTEM", &replayed)])?;
        let found = self.look("win10-dirty", &dirty, &[])?.findings;
        if found != self.look("win10-replayed", &replayed, &[])?.findings {
            self.wrong
                .push("win10-dirty: shows something else than replayed".to_owned());
        }
        Ok(())
    }

    /// A hive that cannot be read is never called healthy.
    fn damaged(&mut self, shared: &Path) -> Result<()> {
        let disk = self.scratch.join("damaged");
        real::bare(shared, &[("SYSTEM", "sys-xp-corrupted-zero-bins")])?.write_to(&disk)?;
        let answer = self
            .program
            .run(&["plan"], &disk, &self.scratch.join("journal"))?;
        self.disks += 1;
        if answer.code == 0 || answer.verdict == "clean" {
            self.wrong.push(format!(
                "a damaged hive: {} {}",
                answer.code, answer.verdict
            ));
        }
        Ok(())
    }

    /// The disks of `fixtures/`.
    pub(super) fn fixtures(&mut self, fixtures: &Path, catalogue: &[Listed]) -> Result<()> {
        for folder in ["golden", "broken"] {
            let folder = fixtures.join(folder);
            let mut disks: Vec<PathBuf> = fs::read_dir(&folder)
                .with_context(|| folder.display().to_string())?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<_, _>>()?;
            disks.sort();
            for disk in disks {
                let name = disk
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let listed = catalogue.iter().find(|listed| listed.id == name);
                self.fixture(&name, &disk, listed)?;
            }
        }
        let demo = ["tls-protocols", "rdp-services", "group-policy-client"];
        self.look("demo", &fixtures.join("demo"), &demo).map(|_| ())
    }

    fn fixture(&mut self, name: &str, disk: &Path, listed: Option<&Listed>) -> Result<()> {
        let answer = self.look(name, disk, &[name])?;
        let asked = listed.is_some_and(|listed| listed.class == "on request");
        let speaks = answer.findings.iter().any(|found| found.repair == name);
        let silent = listed.is_some() && !asked && !speaks;
        if silent && !self.is_excepted(name, name, "silent") {
            self.wrong
                .push(format!("{name}: its own repair finds nothing"));
        }
        if asked && answer.proposing().next().is_some() {
            self.wrong
                .push(format!("{name}: is proposed without being asked"));
        }
        Ok(())
    }

    /// A plain look, in which only these repairs may propose anything.
    fn look(&mut self, name: &str, disk: &Path, allowed: &[&str]) -> Result<Answer> {
        let answer = self
            .program
            .run(&["plan"], disk, &self.scratch.join("journal"))?;
        self.disks += 1;
        if answer.code != 0 {
            self.wrong.push(format!(
                "{name}: plan ends with {}: {}",
                answer.code, answer.said
            ));
        }
        let proposing: BTreeSet<String> = answer.proposing().map(str::to_owned).collect();
        for repair in proposing {
            let known = allowed.contains(&repair.as_str());
            if !known && !self.is_excepted(name, &repair, "proposed") {
                self.wrong
                    .push(format!("{name}: {repair} proposes something"));
            }
        }
        let others = answer.findings.iter().filter(|it| !it.proposed);
        let others = others.filter(|it| !allowed.contains(&it.repair.as_str()));
        let line = |it: &super::program::Finding| {
            format!("{name}: {} [{}] {}", it.repair, it.certainty, it.title)
        };
        self.told.extend(others.map(line));
        Ok(answer)
    }

    fn is_excepted(&mut self, disk: &str, repair: &str, what: &str) -> bool {
        let here = |it: &Exception| it.disk == disk && it.repair == repair && it.what == what;
        let found = self.exceptions.iter().position(here);
        self.used.extend(found);
        found.is_some()
    }

    /// Exceptions that nothing needed are wrong, too: their fault is gone.
    pub(super) fn finish(&mut self) {
        for (index, exception) in self.exceptions.iter().enumerate() {
            if !self.used.contains(&index) {
                let Exception { disk, repair, what } = exception;
                self.wrong
                    .push(format!("exceptions.tsv: {disk}: {repair} is not {what}"));
            }
        }
    }
}

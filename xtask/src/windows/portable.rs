//! Tests of the workspace as Windows programs.
//!
//! Invariants: what is counted is what the tests themselves print; a test that steps aside says
//! so. Absent on purpose: tests of one system, which are compiled for that system only.
#![expect(
    clippy::print_stdout,
    reason = "tasks talk to the person who called them"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::tools::Tools;
use super::wine::Drive;

/// The crates whose work depends on the system. The others never open a file, so that their tests
/// say here what they say everywhere; Windows itself runs them all.
const CRATES: [&str; 3] = ["disk", "volume", "offfix"];

/// Every cut of every run: what is written in which order is the same on every system, and under
/// Wine these take longer than all the others. Windows itself runs them too.
const SKIPPED: &str = "every_half_written";

/// Runs the tests of the crates that touch files; those of drive spellings use `F:`. One call of
/// Cargo: another selection of crates would build what they share once more.
///
/// # Errors
/// When one fails.
pub(super) fn tests(tools: &Tools, drive: &Drive) -> Result<String> {
    drive.clear()?;
    // Tests remove what is on a drive only when this is there.
    fs::write(drive.folder().join("offfix-test-drive"), "")?;
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    let words: Vec<&str> = ["test", "--no-fail-fast", "--lib", "--bins", "--tests"]
        .into_iter()
        .chain(packages)
        .chain(["--", "--skip", SKIPPED])
        .collect();
    let mut command = tools.cargo_command(&words);
    command.env("OFFFIX_TEST_DRIVE", "F:");
    counted(&mut command)
}

/// What test programs said of themselves.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    programs: usize,
    passed: usize,
    failed: usize,
}

impl Count {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; …`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        self.programs += 1;
        let mut last = 0;
        for word in result.split([' ', ';']).filter(|word| !word.is_empty()) {
            match word {
                "passed" => self.passed += last,
                "failed" => self.failed += last,
                number => last = number.parse().unwrap_or(0),
            }
        }
    }
}

/// Runs a test command, shows what it prints, and counts.
fn counted(command: &mut Command) -> Result<String> {
    command.current_dir(crate::root()?).stdout(Stdio::piped());
    let mut child = command.spawn().context("cargo")?;
    let out = child.stdout.take().context("no output")?;
    let mut count = Count::default();
    for line in BufReader::new(out).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        count.add(line);
        // A line for each of thousands of tests that pass helps nobody.
        if !(line.is_empty() || line.starts_with("test ") && line.ends_with("... ok")) {
            println!("{line}");
        }
    }
    let status = child.wait()?;
    let Count {
        programs,
        passed,
        failed,
    } = count;
    let said = format!("{passed} tests of {programs} programs passed, {failed} failed");
    ensure!(status.success() && failed == 0, "{said} ({status})");
    ensure!(passed > 0, "no test was run");
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_what_the_tests_print() {
        let mut count = Count::default();
        count.add("test result: ok. 3 passed; 0 failed; 0 ignored; finished in 2.82s");
        count.add("test passed ... ok");
        count.add("test result: FAILED. 1 passed; 2 failed; 0 ignored; finished in 0.10s");
        let expected = Count {
            programs: 2,
            passed: 4,
            failed: 2,
        };
        assert_eq!(count, expected);
    }
}

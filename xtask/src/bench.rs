//! Task `bench`: times `offfix plan` against a peer, whole processes, in one session; then hives
//! and permissions.
//!
//! Invariants: both are release builds and run alternately, so that a busy machine slows both;
//! the disk is only read. Absent on purpose: failing over a time; the numbers are for people.

mod hives;
mod permissions;
mod table;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use xshell::cmd;

/// Measured runs of each program; one more before them warms the caches.
const RUNS: usize = 7;
/// The hive of the default disk, below the folder that lies beside the checkout.
const DEFAULT_HIVE: &str = "shared/hives/sys-win7sp1-2controlsets";
/// Hives that `plan` reads.
const HIVES: &[&str] = &["SYSTEM", "SOFTWARE"];

/// Builds the programs, runs them and prints minimum, median and maximum of `plan`, and a table
/// of what is measured of hives and permissions.
///
/// # Errors
/// When a program cannot be built or fails, or the disk has no hive.
pub fn run(args: &[String]) -> Result<()> {
    let shell = crate::shell()?;
    let scratch = shell.create_temp_dir()?;
    let disk = match args {
        [] => default_disk(scratch.path())?,
        [disk] => Some(std::path::absolute(disk)?),
        _ => bail!("one disk at most"),
    };
    cmd!(shell, "cargo build --release --package offfix").run()?;
    let release = target()?.join("release");
    if let Some(disk) = disk {
        plans(&release, scratch.path(), &disk)?;
    }
    let mut rows = hives::rows(&release, scratch.path())?;
    rows.extend(permissions::rows(&release, scratch.path())?);
    rows.push(whole::row(&release, scratch.path())?);
    for line in table::lines(&rows) {
        println!("{line}");
    }
    Ok(())
}

/// `offfix plan` on a disk against the peer.
fn plans(release: &Path, scratch: &Path, disk: &Path) -> Result<()> {
    let (mut plans, mut peers) = alternate(release, scratch, disk, RUNS)?;
    for line in report(&mut plans, &mut peers) {
        println!("{line}");
    }
    Ok(())
}

/// The times of `offfix plan` on a disk and of the peer on its hives, in turn.
fn alternate(
    release: &Path,
    scratch: &Path,
    disk: &Path,
    runs: usize,
) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let hives = hives_of(disk);
    ensure!(!hives.is_empty(), "no hive in {}", disk.display());
    let shell = crate::shell()?;
    cmd!(
        shell,
        "cargo build --release --package xtask --example bench_peer"
    )
    .run()?;

    let mut plan = Command::new(release.join(name("offfix")));
    plan.arg("plan")
        .arg(disk)
        .arg("--journal")
        .arg(scratch.join("journal"));
    let mut peer = Command::new(release.join("examples").join(name("bench_peer")));
    peer.args(&hives);
    let (mut plans, mut peers) = (Vec::new(), Vec::new());
    time(&mut plan)?;
    time(&mut peer)?;
    for _ in 0..runs {
        plans.push(time(&mut plan)?);
        peers.push(time(&mut peer)?);
    }
    Ok((plans, peers))
}

/// Lays the default hive out as a disk below `scratch`; `None`, and a word why, without it.
fn default_disk(scratch: &Path) -> Result<Option<PathBuf>> {
    let root = crate::root()?;
    let hive = root.parent().unwrap_or(&root).join(DEFAULT_HIVE);
    if !hive.is_file() {
        println!("offfix plan: skipped, {DEFAULT_HIVE} is not beside the checkout");
        return Ok(None);
    }
    let disk = scratch.join("disk");
    let config = disk.join("Windows/System32/config");
    fs::create_dir_all(&config)?;
    fs::copy(&hive, config.join("SYSTEM")).with_context(|| hive.display().to_string())?;
    Ok(Some(disk))
}

/// The hives of a disk, whatever the case of their names.
fn hives_of(disk: &Path) -> Vec<PathBuf> {
    let mut folder = disk.to_path_buf();
    for part in ["Windows", "System32", "config"] {
        match child(&folder, part) {
            Some(found) => folder = found,
            None => return Vec::new(),
        }
    }
    HIVES
        .iter()
        .filter_map(|name| child(&folder, name))
        .collect()
}

fn child(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    entries
        .find(|entry| entry.file_name().eq_ignore_ascii_case(name))
        .map(|entry| entry.path())
}

/// Where Cargo builds: this program runs from the `debug` folder below it.
pub(crate) fn target() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let above = own.ancestors().nth(2).map(Path::to_path_buf);
    above.with_context(|| format!("no target folder above {}", own.display()))
}

pub(crate) fn name(program: &str) -> String {
    format!("{program}{}", std::env::consts::EXE_SUFFIX)
}

fn time(command: &mut Command) -> Result<Duration> {
    let program = PathBuf::from(command.get_program());
    command.stdin(Stdio::null());
    let start = Instant::now();
    let output = command
        .output()
        .with_context(|| program.display().to_string())?;
    let taken = start.elapsed();
    judge(&output).with_context(|| program.display().to_string())?;
    Ok(taken)
}

/// A program that failed, or that has nothing to say, did not do its work.
fn judge(output: &Output) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}\n{said}", output.status);
    ensure!(!output.stdout.is_empty(), "it printed nothing");
    Ok(())
}

/// The lines to print for two series of runs.
fn report(plans: &mut [Duration], peers: &mut [Duration]) -> Vec<String> {
    let plan = summary(plans);
    let peer = summary(peers);
    let line = |name: &str, [min, median, max]: [f64; 3]| {
        format!("{name:<12} min {min:8.2} ms   median {median:8.2} ms   max {max:8.2} ms")
    };
    let ratio = plan[1] / peer[1].max(f64::MIN_POSITIVE);
    let verdict = if ratio <= 1.0 {
        "within the peer's time"
    } else {
        "slower than the peer"
    };
    vec![
        line("offfix plan", plan),
        line("bench_peer", peer),
        format!("ratio of medians {ratio:.3}: {verdict}"),
    ]
}

/// Minimum, median and maximum in milliseconds; zeros for no run at all.
fn summary(runs: &mut [Duration]) -> [f64; 3] {
    runs.sort();
    let at = |index: usize| {
        runs.get(index)
            .map_or(0.0, |taken| taken.as_secs_f64() * 1000.0)
    };
    [at(0), at(runs.len() / 2), at(runs.len().saturating_sub(1))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(milliseconds: &[u64]) -> Vec<Duration> {
        milliseconds
            .iter()
            .map(|count| Duration::from_millis(*count))
            .collect()
    }

    #[test]
    fn reports_order_and_ratio() {
        let lines = report(&mut series(&[30, 10, 20]), &mut series(&[40, 80, 40]));
        let expected = [
            "offfix plan  min    10.00 ms   median    20.00 ms   max    30.00 ms",
            "bench_peer   min    40.00 ms   median    40.00 ms   max    80.00 ms",
            "ratio of medians 0.500: within the peer's time",
        ];
        assert_eq!(lines, expected);
        let lines = report(&mut series(&[50]), &mut series(&[40]));
        assert_eq!(lines[2], "ratio of medians 1.250: slower than the peer");
    }

    #[test]
    fn a_failing_program_is_no_measurement() {
        let own = std::env::current_exe().unwrap();
        assert!(time(Command::new(&own).arg("--list")).is_ok());
        assert!(time(Command::new(&own).arg("--no-such-option")).is_err());
        let mut output = Command::new(&own).arg("--list").output().unwrap();
        output.stdout.clear();
        assert_eq!(
            judge(&output).unwrap_err().to_string(),
            "it printed nothing"
        );
    }
}

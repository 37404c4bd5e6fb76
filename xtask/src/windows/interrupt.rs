//! Ctrl-C at any moment of `apply`: the disk is as it was, or repaired and told to be.
//!
//! Invariants: moments are spread over the time that one run takes; both programs and their
//! journal are pinned to one time, so that a repaired disk has known bytes. Absent on purpose:
//! Windows itself, where one program cannot send Ctrl-C to another without a console of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::same::{NOW, read};
use super::tools::Tools;
use super::wine::Drive;

/// How many runs are interrupted.
const RUNS: u32 = 24;
const APPLY: &[&str] = &["apply", "--recommended", "--yes"];

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Interrupts runs of `apply` one after the other.
///
/// # Errors
/// When one left the disk half written, or none was stopped, or none went on.
pub(super) fn check(tools: &Tools, drive: &Drive) -> Result<String> {
    if cfg!(windows) {
        return Ok("skipped: this system is Windows".to_owned());
    }
    let program = tools.program("debug");
    let scratch = crate::shell()?.create_temp_dir()?;
    let start = |number: u32| -> Result<(PathBuf, Files)> {
        let place = scratch.path().join(number.to_string());
        fs::create_dir(&place)?;
        drive.clear()?;
        testkit::windows::demo().write_to(drive.folder())?;
        Ok((place, files(drive)?))
    };
    let (place, before) = start(RUNS)?;
    let begin = Instant::now();
    let answer = spawn(tools, &program, &place, APPLY)?.wait_with_output()?;
    let whole = begin.elapsed();
    ensure!(answer.status.success(), "{}", said(&answer));
    let after = files(drive)?;
    ensure!(before != after, "nothing was repaired");
    let (mut stopped, mut finished) = (0, 0);
    for number in 0..RUNS {
        let (place, before) = start(number)?;
        let child = spawn(tools, &program, &place, APPLY)?;
        sleep(whole * number / RUNS);
        let answer = interrupt(child)?;
        let now = files(drive)?;
        let at = format!("at {number}/{RUNS} of {} ms", whole.as_millis());
        // Wine ends a program that does not run yet without an error code.
        if said(&answer).contains("FIXED ON DISK") {
            ensure!(answer.status.success(), "{at}: {}", said(&answer));
            ensure!(
                now == after,
                "{at}: called done, and is not: {}",
                said(&answer)
            );
            finished += u32::from(said(&answer).contains("is finished first"));
            continue;
        }
        ensure!(
            now == before,
            "{at}: stopped in the middle: {}",
            said(&answer)
        );
        let look = spawn(tools, &program, &place, &["plan"])?.wait_with_output()?;
        ensure!(
            look.status.success(),
            "{at}: a run is open: {}",
            said(&look)
        );
        stopped += 1;
    }
    ensure!(stopped > 0, "no run was stopped");
    Ok(format!(
        "{RUNS} runs: {stopped} stopped before writing, {finished} said that they go on"
    ))
}

fn spawn(tools: &Tools, program: &Path, place: &Path, words: &[&str]) -> Result<Child> {
    let mut command = tools.command(program);
    command.args(["--drive", "F:"]).args(words);
    command
        .args(["--journal", "J"])
        .env("OFFFIX_TEST_TIME", NOW);
    command.current_dir(place).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().context("wine")
}

/// Types Ctrl-C: Wine hands a program the signal as Windows would hand it the key.
fn interrupt(child: Child) -> Result<Output> {
    // Who is gone meanwhile cannot be interrupted, and is seen to be done.
    let _ = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .stderr(Stdio::null())
        .status()?;
    Ok(child.wait_with_output()?)
}

fn files(drive: &Drive) -> Result<Files> {
    let mut files = Files::new();
    read(drive.folder(), Path::new(""), &mut files)?;
    Ok(files)
}

fn said(answer: &Output) -> String {
    let out = String::from_utf8_lossy(&answer.stdout);
    let err = String::from_utf8_lossy(&answer.stderr);
    format!("{}: {out}{err}", answer.status)
}

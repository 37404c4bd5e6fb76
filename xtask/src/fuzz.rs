//! Task `fuzz`: the fuzz targets of the format crates.
//!
//! Invariants: without a nightly compiler and cargo-fuzz the targets still run on their seeds and
//! on fixed mutants of them, and the task says what it skipped.
//! Absent on purpose: long campaigns; call cargo-fuzz for those.
#![expect(
    clippy::print_stdout,
    reason = "tasks talk to the person who called them"
)]

use anyhow::Result;
use xshell::cmd;

/// The crates and their targets, as `crates/CRATE/fuzz/Cargo.toml` names them.
const TARGETS: [(&str, &[&str]); 2] = [
    ("hive", &["read", "replay", "edit"]),
    ("bcd", &["read_store"]),
];
/// How long each one runs, in seconds.
const SECONDS: &str = "15";

/// Runs every target for a short while.
///
/// # Errors
/// When there is an argument, or a target fails.
pub fn run(args: &[String]) -> Result<()> {
    crate::no_arguments(args)?;
    let shell = crate::shell()?;
    for (name, _) in TARGETS {
        let manifest = format!("crates/{name}/fuzz/Cargo.toml");
        cmd!(shell, "cargo test --quiet --manifest-path {manifest}").run()?;
    }
    let found = cmd!(shell, "cargo +nightly fuzz --version")
        .ignore_stderr()
        .quiet()
        .read();
    if found.is_err() {
        println!("skipped: no nightly cargo-fuzz (the targets ran on seeds and mutants only)");
        return Ok(());
    }
    let limit = format!("-max_total_time={SECONDS}");
    for (name, targets) in TARGETS {
        let _folder = shell.push_dir(format!("crates/{name}"));
        for target in targets {
            cmd!(shell, "cargo +nightly fuzz run {target} -- {limit}").run()?;
        }
    }
    Ok(())
}

//! Task `fmt`: rustfmt over the workspace.
//!
//! Invariants: `--check` writes nothing. Absent on purpose: settings; they stand in rustfmt.toml.

use anyhow::Result;
use xshell::cmd;

/// Formats every crate, or with `--check` fails where something is not formatted.
///
/// # Errors
/// When the arguments are unknown or rustfmt fails.
pub fn run(args: &[String]) -> Result<()> {
    let check = crate::check_flag(args)?.then_some("--check");
    let shell = crate::shell()?;
    cmd!(shell, "cargo fmt --all {check...}").run()?;
    Ok(())
}

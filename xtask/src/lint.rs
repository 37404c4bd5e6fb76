//! Task `lint`: clippy over the workspace.
//!
//! Invariants: every target is linted, tests too. Absent on purpose: lint levels; they stand in
//! the workspace's Cargo.toml.

use anyhow::Result;
use xshell::cmd;

/// Runs clippy; a warning is an error.
///
/// # Errors
/// When there is an argument, or clippy complains.
pub fn run(args: &[String]) -> Result<()> {
    crate::no_arguments(args)?;
    let shell = crate::shell()?;
    cmd!(
        shell,
        "cargo clippy --workspace --all-targets -- -D warnings"
    )
    .run()?;
    Ok(())
}

//! Task `test`: the test command of the README.
//!
//! Invariants: exactly that command. Absent on purpose: filters; call cargo for those.

use anyhow::Result;
use xshell::cmd;

/// Runs `cargo test --workspace`.
///
/// # Errors
/// When there is an argument, or a test fails.
pub fn run(args: &[String]) -> Result<()> {
    crate::no_arguments(args)?;
    let shell = crate::shell()?;
    cmd!(shell, "cargo test --workspace").run()?;
    Ok(())
}

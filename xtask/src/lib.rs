//! The project's own tasks, as a library so that tests can call the same functions.
//!
//! Invariants: one file per task; every rule of [`tidy`] is a pure function over a [`tidy::Tree`].
//! Absent on purpose: anything that is shipped, and anything that needs the network.
#![expect(
    clippy::print_stdout,
    reason = "tasks talk to the person who called them"
)]

pub mod accuracy;
pub mod bench;
pub mod ci;
pub mod dist;
pub mod docs;
pub mod fixtures;
pub mod fmt;
pub mod fuzz;
pub mod lint;
pub mod test;
pub mod tidy;
pub mod windows;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::Shell;

/// The root of the checkout: the folder above this crate.
///
/// Cargo says at run time where the crate is, so a checkout may be moved after it was built.
///
/// # Errors
/// When the crate has no folder above it.
pub fn root() -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let above = here.parent().map(Path::to_path_buf);
    above.with_context(|| format!("no folder above {}", here.display()))
}

/// Where Cargo builds.
///
/// # Errors
/// When the folder has no absolute path.
pub fn target_dir() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => Ok(root()?.join("target")),
    }
}

/// A shell that stands in the root of the checkout.
///
/// # Errors
/// When the root cannot be entered.
pub fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(root()?);
    Ok(shell)
}

/// Reads the arguments of a task that knows no option but `--check`.
///
/// # Errors
/// When there is any other argument.
pub fn check_flag(args: &[String]) -> Result<bool> {
    match args {
        [] => Ok(false),
        [only] if only == "--check" => Ok(true),
        _ => bail!(
            "unexpected arguments: {} (only --check is known)",
            args.join(" ")
        ),
    }
}

/// Refuses arguments, for a task that has none.
///
/// # Errors
/// When there is an argument.
pub fn no_arguments(args: &[String]) -> Result<()> {
    if args.is_empty() {
        return Ok(());
    }
    bail!("unexpected arguments: {}", args.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_check_is_an_option() {
        assert!(!check_flag(&[]).unwrap());
        assert!(check_flag(&["--check".to_string()]).unwrap());
        assert!(check_flag(&["--chek".to_string()]).is_err());
        assert!(no_arguments(&["x".to_string()]).is_err());
    }
}

//! `hive`: one hive file, without a Windows around it.
//!
//! Invariants: logs beside the file are replayed in memory for reading, and written only by
//! commands that write; those journal like `apply`, keyed by the file's folder.

mod changes;
mod data;
mod look;
mod write;

pub(super) use look::write_new;

use crate::arguments::{Format, HiveArguments, HiveCommand};
use crate::exit::{Exit, Failure};
use crate::session::Common;
use disk::Root;
use std::path::Path;
use volume::Loaded;

/// Carries a command out.
pub(crate) fn run(common: &Common, arguments: &HiveArguments) -> Result<Exit, Failure> {
    let json = arguments.format == Format::Json;
    match &arguments.command {
        HiveCommand::Check { file } => look::check(file, json),
        HiveCommand::Get { file, key, value } => look::get(file, key, value.as_deref(), json),
        HiveCommand::Ls { file, key } => look::ls(file, key, json),
        HiveCommand::Stat { file } => look::stat(file, json),
        HiveCommand::Export(arguments) => look::export(arguments),
        HiveCommand::Import(arguments) => write::import(common, arguments, json),
        HiveCommand::Set(arguments) => write::set(common, arguments, json),
        HiveCommand::Delete(arguments) => write::delete(common, arguments, json),
        HiveCommand::Recover(arguments) => write::recover(common, arguments, json),
    }
}

/// The folder of a hive file, and the file's name in it.
pub(super) fn place(file: &Path) -> Result<(Root, String), Failure> {
    let unusable = |why: String| {
        Failure::new(
            Exit::Unreadable,
            "no-file",
            format!("{}: {why}", file.display()),
        )
    };
    let absolute = std::path::absolute(file).map_err(|error| unusable(error.to_string()))?;
    let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(unusable("not a file".to_owned()));
    };
    let root = Root::open(folder.as_os_str()).map_err(|error| {
        let failure = Failure::from(error);
        // The hint about drives helps nobody who named a file.
        match failure.code {
            "no-drive" => unusable(failure.error),
            _ => failure,
        }
    })?;
    Ok((root, name.to_string_lossy().into_owned()))
}

/// Reads a hive file with its logs.
fn load(file: &Path) -> Result<(Root, Loaded), Failure> {
    let (root, name) = place(file)?;
    let loaded = Loaded::read(&root, &name, &name)?;
    Ok((root, loaded))
}

/// What the root of a hive is called in `.reg` files.
fn root_name(given: Option<&String>, file: &Path) -> String {
    given.cloned().unwrap_or_else(|| {
        let stem = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().to_uppercase());
        format!(r"HKEY_LOCAL_MACHINE\{}", stem.unwrap_or_default())
    })
}

/// A failure to read inside a hive.
fn unreadable(error: &dyn std::error::Error) -> Failure {
    Failure::of(Exit::Unreadable, "hive-damaged", error)
}

/// A failure because a key is not there.
fn no_key(key: &str) -> Failure {
    Failure::new(
        Exit::Unreadable,
        "no-key",
        format!("there is no key {key:?} in this hive"),
    )
}

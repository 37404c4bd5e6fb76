//! What can be typed behind `offfix hive`.
//!
//! Invariants: keys are paths below the root of the hive, without a leading backslash.

use super::Format;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct HiveArguments {
    #[command(subcommand)]
    pub(crate) command: HiveCommand,
    /// How to answer.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HiveCommand {
    /// Check every rule the kernel keeps.
    Check {
        /// The hive file; its logs are looked for beside it.
        file: PathBuf,
    },
    /// Bring pending log entries into the hive, as Windows would.
    Recover(RecoverArguments),
    /// Show a value, or all values of a key.
    Get {
        /// The hive file.
        file: PathBuf,
        /// The key.
        key: String,
        /// The value; an empty word is the default value.
        value: Option<String>,
    },
    /// List the subkeys of a key.
    Ls {
        /// The hive file.
        file: PathBuf,
        /// The key; the root when it is left out.
        #[arg(default_value = "")]
        key: String,
    },
    /// Tell what a hive file is and in which state.
    Stat {
        /// The hive file.
        file: PathBuf,
    },
    /// Write a key and everything below it as a .reg file.
    Export(ExportArguments),
    /// Do what a .reg file asks for.
    Import(ImportArguments),
    /// Set a value; missing keys are created.
    Set(SetArguments),
    /// Delete a value, or a key with everything below it.
    Delete(DeleteArguments),
}

#[derive(Args, Debug)]
pub(crate) struct RecoverArguments {
    /// The hive file.
    pub(crate) file: PathBuf,
    /// Write the recovered hive to this new file and leave the old one as it is.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
    /// Go on without entries that no log holds: what they changed is lost.
    #[arg(long)]
    pub(crate) discard_logs: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    /// The hive file.
    pub(crate) file: PathBuf,
    /// The key; the root when it is left out.
    #[arg(default_value = "")]
    pub(crate) key: String,
    /// Write to this new file instead of standard output.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
    /// UTF-8 instead of UTF-16.
    #[arg(long)]
    pub(crate) utf8: bool,
    /// What the root of the hive is called, instead of HKEY_LOCAL_MACHINE and the file's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) root: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArguments {
    /// The hive file.
    pub(crate) file: PathBuf,
    /// The .reg file.
    pub(crate) reg: PathBuf,
    /// Say what would be done and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What the .reg file calls the root of the hive, instead of HKEY_LOCAL_MACHINE and the
    /// file's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) root: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SetArguments {
    /// The hive file.
    pub(crate) file: PathBuf,
    /// The key.
    pub(crate) key: String,
    /// The value; an empty word is the default value.
    pub(crate) value: String,
    /// sz, expand_sz, multi_sz, dword, qword, binary, none, or a type's number.
    pub(crate) kind: String,
    /// The data: a text, several texts (multi_sz), a number, or hexadecimal digits. Words that
    /// begin with a hyphen stand behind `--`, after all options.
    #[arg(num_args = 0..)]
    pub(crate) data: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct DeleteArguments {
    /// The hive file.
    pub(crate) file: PathBuf,
    /// The key.
    pub(crate) key: String,
    /// The value; without it the key goes, with everything below it.
    pub(crate) value: Option<String>,
    /// Say what would go and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

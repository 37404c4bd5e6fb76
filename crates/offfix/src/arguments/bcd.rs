//! What can be typed behind `offfix bcd`.
//!
//! Invariants: objects are named as bcdedit names them, braces or not; the store is the drive's,
//! the system partition's, or the one of `--store`.

use super::Format;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct BcdArguments {
    #[command(subcommand)]
    pub(crate) command: BcdCommand,
    /// How to answer.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BcdCommand {
    /// List what the store holds: the boot manager and its entries.
    Enum {
        /// One object, or `all` of them.
        #[arg(value_name = "ID|all")]
        what: Option<String>,
        /// Name objects by their GUID only.
        #[arg(short, long)]
        verbose: bool,
    },
    /// Set an element of an object.
    Set {
        /// The object: a GUID, or a name such as `bootmgr` or `default`.
        id: String,
        /// The element: its bcdedit name, `custom:XXXXXXXX`, or 8 hexadecimal digits.
        element: String,
        /// The value, as bcdedit takes it; the words of a list one after another.
        #[arg(required = true)]
        value: Vec<String>,
    },
    /// Delete an element of an object.
    Delete {
        /// The object.
        id: String,
        /// The element.
        element: String,
    },
    /// How long the boot menu waits.
    Timeout {
        /// In seconds.
        seconds: String,
    },
    /// What the boot manager starts without a choice.
    Default {
        /// The object.
        id: String,
    },
    /// Emergency Management Services (the serial console's SAC) of an entry.
    Ems {
        /// The entry.
        id: String,
        /// On or off.
        switch: Switch,
    },
    /// Emergency Management Services of a boot application, such as the boot manager.
    Bootems {
        /// The boot application.
        id: String,
        /// On or off.
        switch: Switch,
    },
    /// The serial port of Emergency Management Services.
    Emssettings {
        /// The COM port, 1 to 4.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=4))]
        port: u64,
        /// Its speed in bit/s.
        #[arg(long, default_value = "115200", value_parser = [
            "9600", "19200", "38400", "57600", "115200",
        ])]
        baud: String,
    },
    /// Write a copy of the store, pending log entries applied, to a new file.
    Export {
        /// The new file.
        file: PathBuf,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

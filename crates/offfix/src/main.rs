//! The command line of offfix: parses, calls the library crates, and answers with text or JSON
//! and an exit code.
//!
//! Invariants: only this crate knows people, JSON, colours, exit codes and the clock; every
//! failure is one `error:` line with its causes and a hint, and one of the codes of [`exit`].
//! Absent on purpose: formats, repairs, file access beyond plan files.

mod arguments;
mod commands;
mod document;
mod drives;
mod exit;
mod guards;
mod interrupt;
mod journal;
mod numbers;
mod operator;
mod output;
mod permissions;
mod progress;
mod renames;
mod render;
mod session;
mod time;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if names_no_command(&error) => {
            let failure = first_run();
            output::failure(&failure, false);
            return failure.exit.into();
        }
        Err(error) => {
            let code = if error.use_stderr() {
                exit::Exit::Usage
            } else {
                exit::Exit::Done
            };
            // A closed terminal is no reason to fail in another way.
            let _ = error.print();
            return code.into();
        }
    };
    let json = arguments.json();
    match commands::run(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::failure(&failure, json);
            failure.exit.into()
        }
    }
}

/// Whether no command was typed at all; `offfix hive` alone is another thing.
fn names_no_command(error: &clap::Error) -> bool {
    let of = error.get(ContextKind::InvalidSubcommand);
    let of_program = matches!(of, Some(ContextValue::String(name)) if name == "offfix");
    error.kind() == ErrorKind::MissingSubcommand && of_program
}

/// What somebody needs who has typed the program's name alone.
fn first_run() -> exit::Failure {
    let what = "offfix repairs a Windows VM that lets nobody in, on its attached disk";
    exit::Failure::new(exit::Exit::Usage, "usage", "no command is given")
        .hint(format!("{what}, F: for example"))
        .hint("offfix plan F:    says what is wrong, and the exact changes; writes nothing")
        .hint("offfix apply F:   makes these changes, verified")
        .hint("offfix undo F:    puts the old bytes back")
        .hint("offfix disks lists the disks of this machine; offfix --help all commands")
}

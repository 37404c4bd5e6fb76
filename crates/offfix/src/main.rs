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
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
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

//! Asking before writing.
//!
//! Invariants: without a terminal nothing is asked and nothing is assumed.

use crate::exit::{Exit, Failure};
use crate::output;
use std::io::{BufRead, IsTerminal};

/// Asks the operator to type `word` before something is written.
///
/// # Errors
/// When there is nobody to ask, or something else is typed.
pub(crate) fn confirm(what: &str, word: &str, json: bool) -> Result<(), Failure> {
    confirm_to(what, "to write", word, json)
}

/// Asks the operator to type `word` for a purpose.
///
/// # Errors
/// When there is nobody to ask, or something else is typed.
pub(crate) fn confirm_to(what: &str, purpose: &str, word: &str, json: bool) -> Result<(), Failure> {
    if json || !std::io::stdin().is_terminal() {
        return Err(
            Failure::new(Exit::Usage, "not-confirmed", "there is nobody to ask")
                .hint("--yes goes ahead without asking"),
        );
    }
    output::text(&format!("Type {what} {purpose}: "));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() && line.trim().eq_ignore_ascii_case(word) {
        return Ok(());
    }
    let what_not = match purpose {
        "to write" => "not confirmed, nothing was written",
        _ => "not confirmed, the steps were not run",
    };
    Err(Failure::new(Exit::Refused, "not-confirmed", what_not))
}

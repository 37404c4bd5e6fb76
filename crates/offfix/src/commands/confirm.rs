//! Asking before writing.
//!
//! Invariants: without a terminal nothing is asked and nothing is assumed.

use crate::exit::{Exit, Failure};
use crate::output;
use std::io::{BufRead, IsTerminal};

/// Asks the operator to type `word`; `what` names it and says what for.
///
/// # Errors
/// When there is nobody to ask, or something else is typed.
pub(crate) fn confirm(what: &str, word: &str, json: bool) -> Result<(), Failure> {
    if json || !std::io::stdin().is_terminal() {
        return Err(
            Failure::new(Exit::Usage, "not-confirmed", "there is nobody to ask")
                .hint("--yes goes ahead without asking"),
        );
    }
    output::text(&format!("Type {what}: "));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() && line.trim().eq_ignore_ascii_case(word) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        "not-confirmed",
        "not confirmed, nothing was changed",
    ))
}

//! The way out: text with colours where a terminal is, JSON in plain ASCII, failures.
//!
//! Invariants: a reader that goes away is not an error; JSON goes to standard output even when a
//! command fails. Absent on purpose: what is said.

use crate::exit::Failure;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// For headings.
pub(crate) const HEADING: Style = Style::new().bold();
/// For what lowers a guard or goes wrong.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// For what is in order.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// For errors.
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Writes text to standard output.
pub(crate) fn text(text: &str) {
    let mut stream = anstream::stdout().lock();
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.flush();
}

/// A path for people, without the prefix of Windows' long paths.
pub(crate) fn path(path: &Path) -> String {
    let text = path.display().to_string();
    match (text.strip_prefix(r"\\?\UNC\"), text.strip_prefix(r"\\?\")) {
        (Some(share), _) => format!(r"\\{share}"),
        (None, Some(rest)) => rest.to_owned(),
        (None, None) => text,
    }
}

/// Writes a document to standard output as JSON in ASCII.
pub(crate) fn json(document: &impl Serialize) {
    text(&to_json(document));
}

/// Says something on standard error that is no failure.
pub(crate) fn warn(line: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = writeln!(stream, "{WARNING}warning:{WARNING:#} {line}");
}

/// A document as JSON in ASCII, with a line end.
pub(crate) fn to_json(document: &impl Serialize) -> String {
    let mut ascii = String::new();
    for character in serde_json::to_string_pretty(document)
        .unwrap_or_default()
        .chars()
    {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii.push('\n');
    ascii
}

/// The JSON of a failure: the first keys of every answer.
#[derive(Serialize)]
struct FailureDocument<'f> {
    version: u32,
    verdict: &'static str,
    code: &'static str,
    exit: u8,
    error: &'f str,
    caused_by: &'f [String],
    hints: &'f [String],
}

/// Tells a failure.
pub(crate) fn failure(failure: &Failure, as_json: bool) {
    if as_json {
        json(&FailureDocument {
            version: crate::document::VERSION,
            verdict: failure.exit.verdict(),
            code: failure.code,
            exit: failure.exit as u8,
            error: &failure.error,
            caused_by: &failure.causes,
            hints: &failure.hints,
        });
    }
    let mut said = format!("{ERROR}error:{ERROR:#} {}\n", failure.error);
    for cause in &failure.causes {
        said.push_str(&format!("  caused by: {cause}\n"));
    }
    for hint in &failure.hints {
        said.push_str(&format!("{GOOD}hint:{GOOD:#} {hint}\n"));
    }
    let mut stream = anstream::stderr().lock();
    let _ = stream.write_all(said.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_no_prefix() {
        for (full, shown) in [
            (r"\\?\F:\", r"F:\"),
            (r"\\?\UNC\server\share", r"\\server\share"),
            ("/mnt/f", "/mnt/f"),
            (r"F:\", r"F:\"),
        ] {
            assert_eq!(path(Path::new(full)), shown);
        }
    }
}

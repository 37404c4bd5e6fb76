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

/// The text without what could steer a terminal: names and data of a disk are printed, and somebody
/// else wrote them. Line ends and colours stay.
fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let colour = colour(rest);
        let (taken, left) = rest.split_at(colour.max(character.len_utf8()));
        let kept = colour > 0 || character == '\n' || !character.is_control();
        clean.push_str(if kept { taken } else { "\u{FFFD}" });
        rest = left;
    }
    clean
}

/// The length of the colour code that the text begins with; 0 for none.
fn colour(text: &str) -> usize {
    let Some(code) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
    let length = code.bytes().take_while(is_part).count();
    match code.as_bytes().get(length) {
        Some(b'm') => length + 3,
        _ => 0,
    }
}

/// Writes text to standard output.
pub(crate) fn text(text: &str) {
    let mut stream = anstream::stdout().lock();
    let _ = stream.write_all(harmless(text).as_bytes());
    let _ = stream.flush();
}

/// A path for people, without the prefix of Windows' long paths where it can do without.
pub(crate) fn path(path: &Path) -> String {
    let text = path.display().to_string();
    match (text.strip_prefix(r"\\?\UNC\"), text.strip_prefix(r"\\?\")) {
        (Some(share), _) => format!(r"\\{share}"),
        (None, Some(rest)) if rest.get(1..2) == Some(":") => rest.to_owned(),
        (None, _) => text,
    }
}

/// Writes a document to standard output as JSON in ASCII.
pub(crate) fn json(document: &impl Serialize) {
    text(&to_json(document));
}

/// Says something on standard error that is no failure.
pub(crate) fn warn(line: &str) {
    let mut stream = anstream::stderr().lock();
    let said = harmless(&format!("{WARNING}warning:{WARNING:#} {line}\n"));
    let _ = stream.write_all(said.as_bytes());
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
    let _ = stream.write_all(harmless(&said).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_and_line_ends_reach_a_terminal() {
        let told = format!("{GOOD}ok{GOOD:#}\n\u{e9}");
        assert_eq!(harmless(&told), told);
        for (steers, shown) in [
            ("a\u{1b}[2Jb", "a\u{FFFD}[2Jb"),
            ("a\u{1b}]0;t\u{7}", "a\u{FFFD}]0;t\u{FFFD}"),
            ("a\rb\u{8}", "a\u{FFFD}b\u{FFFD}"),
            ("\u{9b}2J", "\u{FFFD}2J"),
            ("\u{1b}", "\u{FFFD}"),
            ("\u{1b}[31", "\u{FFFD}[31"),
        ] {
            assert_eq!(harmless(steers), shown);
        }
    }

    #[test]
    fn people_see_no_prefix() {
        for (full, shown) in [
            (r"\\?\F:\", r"F:\"),
            (r"\\?\UNC\server\share", r"\\server\share"),
            (r"\\?\Volume{1}\", r"\\?\Volume{1}\"),
            (r"\\?\", r"\\?\"),
            ("/mnt/f", "/mnt/f"),
            (r"F:\", r"F:\"),
        ] {
            assert_eq!(path(Path::new(full)), shown);
        }
    }
}

//! A place in the text of a `.reg` file, and what can be read from it.
//!
//! Invariants: the place only moves forward; the line number is that of the place.
//! Absent on purpose: what statements mean (`parse.rs`).

use super::mistake::{Mistake, ParseError};

/// What is left of the text.
pub(super) struct Scanner<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Scanner<'t> {
        Scanner {
            rest: text,
            line: 1,
        }
    }

    /// The line, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn fail(&self, mistake: Mistake) -> ParseError {
        mistake.at(self.line)
    }

    /// Whether the text goes on with this ASCII character.
    pub(super) fn sees(&self, wanted: u8) -> bool {
        self.rest.as_bytes().first() == Some(&wanted)
    }

    /// Passes this ASCII text, in any case.
    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        let Some((head, tail)) = self.rest.split_at_checked(wanted.len()) else {
            return false;
        };
        let found = head.eq_ignore_ascii_case(wanted);
        if found {
            self.rest = tail;
        }
        found
    }

    /// Passes blanks and tabs.
    pub(super) fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes the rest of the line, without its end.
    pub(super) fn take_line(&mut self) -> &'t str {
        match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                self.line += 1;
                line.strip_suffix('\r').unwrap_or(line)
            }
            None => std::mem::take(&mut self.rest),
        }
    }

    /// Passes the rest of the line, in which only blanks and a comment may stand.
    pub(super) fn end_line(&mut self) -> Result<(), ParseError> {
        let line = self.line;
        let rest = self.take_line().trim_matches([' ', '\t', '\r']);
        if rest.is_empty() || rest.starts_with(';') {
            Ok(())
        } else {
            Err(Mistake::Trailing.at(line))
        }
    }

    /// Takes hexadecimal digits, of which there may be at most `most`: their number and value.
    pub(super) fn hex(&mut self, most: usize) -> Result<(usize, u32), ParseError> {
        let (mut digits, mut number) = (0, 0);
        for byte in self.rest.bytes() {
            let Some(digit) = char::from(byte).to_digit(16) else {
                break;
            };
            if digits == most {
                return Err(self.fail(Mistake::LongNumber { most }));
            }
            digits += 1;
            number = number << 4 | digit;
        }
        self.rest = self.rest.get(digits..).unwrap_or("");
        Ok((digits, number))
    }

    /// Takes a text up to its closing quotation mark; the opening one is passed already. Line
    /// ends are part of it where `lines` says so: Windows writes them as they are.
    pub(super) fn quoted(&mut self, lines: bool) -> Result<String, ParseError> {
        let start = self.line;
        let mut text = String::new();
        loop {
            let Some(stop) = self.rest.find(['"', '\\', '\n']) else {
                return Err(Mistake::OpenQuote.at(start));
            };
            let (plain, tail) = self.rest.split_at_checked(stop).unwrap_or((self.rest, ""));
            text.push_str(plain);
            self.rest = tail;
            if self.eat("\"") {
                return Ok(text);
            }
            if self.eat("\n") {
                if !lines {
                    return Err(Mistake::OpenQuote.at(start));
                }
                self.line += 1;
                text.push('\n');
            } else if self.eat("\\\\") {
                text.push('\\');
            } else if self.eat("\\\"") {
                text.push('"');
            } else {
                return Err(self.fail(Mistake::Escape));
            }
        }
    }
}

//! The text of a `.reg` file as operations.
//!
//! Invariants: nothing is skipped: a line that is no comment either becomes an operation or is
//! refused with its number; data is given as written, never repaired.
//! Absent on purpose: guesses. `REGEDIT4` files are taken in ASCII only, since their code page
//! is not known.

use super::mistake::{HEADER_4, MAX_BYTES, MAX_LINES, MAX_OPERATIONS, Mistake, ParseError};
use super::scan::Scanner;
use super::{HEADER, Operation, encode};
use crate::data::{RegData, RegType};
use std::sync::Arc;

/// The operations a file asks for, in its order. `file` is UTF-16 (little-endian, with byte
/// order mark) or UTF-8, version 5.00; or `REGEDIT4` in ASCII, whose strings in hexadecimal are
/// widened.
///
/// # Errors
/// The first line that is not understood, or a limit that is passed. Nothing is to be done then.
pub fn parse(file: &[u8]) -> Result<Vec<Operation>, ParseError> {
    if file.len() > MAX_BYTES {
        return Err(Mistake::TooLong { len: file.len() }.at(1));
    }
    let text = encode::decode(file)?;
    if text.bytes().filter(|&byte| byte == b'\n').count() >= MAX_LINES {
        return Err(Mistake::TooManyLines.at(MAX_LINES));
    }
    let mut scan = Scanner::new(&text);
    let header = scan.take_line().trim_end_matches([' ', '\t', '\r']);
    let old = header.eq_ignore_ascii_case(HEADER_4);
    if !old && !header.eq_ignore_ascii_case(HEADER) {
        return Err(Mistake::Header.at(1));
    }
    if old && encode::is_wide(file) {
        return Err(Mistake::WideVersion4.at(1));
    }
    if let Some(at) = text.bytes().position(|byte| old && !byte.is_ascii()) {
        return Err(Mistake::NotAscii.at(encode::line_at(text.as_bytes(), at)));
    }
    let mut parser = Parser {
        scan,
        old,
        section: Section::None,
        operations: Vec::new(),
    };
    while !parser.scan.at_end() {
        parser.statement()?;
    }
    Ok(parser.operations)
}

/// What the last `[...]` line said.
enum Section {
    /// There was none.
    None,
    /// `[PATH]`
    Key(Arc<str>),
    /// `[-PATH]`
    Deleted,
}

struct Parser<'t> {
    scan: Scanner<'t>,
    /// Whether the file is a `REGEDIT4` one.
    old: bool,
    section: Section,
    operations: Vec<Operation>,
}

impl Parser<'_> {
    /// Reads one statement and the end of its last line.
    fn statement(&mut self) -> Result<(), ParseError> {
        self.scan.blanks();
        if self.scan.sees(b'[') {
            self.key()
        } else if self.scan.sees(b'@') || self.scan.sees(b'"') {
            self.value()
        } else {
            self.scan.end_line().map_err(|error| ParseError {
                what: Mistake::Statement,
                ..error
            })
        }
    }

    /// `[PATH]` or `[-PATH]`. A path may contain `]`, so the last one of the line counts.
    fn key(&mut self) -> Result<(), ParseError> {
        let line = self.scan.line();
        let whole = self.scan.take_line();
        let (path, behind) = whole
            .strip_prefix('[')
            .and_then(|inside| inside.rsplit_once(']'))
            .ok_or(Mistake::OpenBracket.at(line))?;
        Scanner::new(behind)
            .end_line()
            .map_err(|error| error.what.at(line))?;
        let (path, deleted) = match path.strip_prefix('-') {
            Some(path) => (path, true),
            None => (path, false),
        };
        if path.trim_matches('\\').is_empty() {
            return Err(Mistake::NoKeyName.at(line));
        }
        let path: Arc<str> = path.into();
        if deleted {
            self.section = Section::Deleted;
            self.push(Operation::DeleteKey(path), line)
        } else {
            self.section = Section::Key(Arc::clone(&path));
            self.push(Operation::CreateKey(path), line)
        }
    }

    /// `"NAME"=DATA` or `@=DATA`.
    fn value(&mut self) -> Result<(), ParseError> {
        let line = self.scan.line();
        let key = match &self.section {
            Section::Key(key) => Arc::clone(key),
            Section::None => return Err(Mistake::NoKey.at(line)),
            Section::Deleted => return Err(Mistake::DeletedKey.at(line)),
        };
        let name = if self.scan.eat("\"") {
            self.scan.quoted(false)?
        } else {
            self.scan.eat("@");
            String::new()
        };
        self.scan.blanks();
        if !self.scan.eat("=") {
            return Err(self.scan.fail(Mistake::NoEquals));
        }
        self.scan.blanks();
        let operation = if self.scan.eat("-") {
            Operation::DeleteValue { key, name }
        } else {
            let data = self.data()?;
            Operation::SetValue { key, name, data }
        };
        self.scan.end_line()?;
        self.push(operation, line)
    }

    fn data(&mut self) -> Result<RegData, ParseError> {
        if self.scan.eat("\"") {
            return Ok(RegData::sz(&self.scan.quoted(true)?));
        }
        if self.scan.eat("dword:") {
            self.scan.blanks();
            return Ok(RegData::dword(self.number(8)?));
        }
        let kind = if self.scan.eat("hex:") {
            RegType::BINARY
        } else if self.scan.eat("hex(") {
            let kind = self.number(8)?;
            if !self.scan.eat("):") {
                return Err(self.scan.fail(Mistake::OpenType));
            }
            RegType(kind)
        } else {
            return Err(self.scan.fail(Mistake::Data));
        };
        let bytes = self.bytes(kind)?;
        Ok(RegData { kind, bytes })
    }

    fn number(&mut self, most: usize) -> Result<u32, ParseError> {
        match self.scan.hex(most)? {
            (0, _) => Err(self.scan.fail(Mistake::NoNumber)),
            (_, number) => Ok(number),
        }
    }

    /// Bytes with commas between them, over as many lines as end in a backslash.
    fn bytes(&mut self, kind: RegType) -> Result<Vec<u8>, ParseError> {
        let mut bytes = Vec::new();
        let text = matches!(kind, RegType::SZ | RegType::EXPAND_SZ | RegType::MULTI_SZ);
        let widen = self.old && text;
        let mut comma = false;
        loop {
            self.gap()?;
            match self.scan.hex(2)? {
                (0, _) if comma => return Err(self.scan.fail(Mistake::NoNumber)),
                (0, _) => return Ok(bytes),
                (_, number) => {
                    // Two digits fit one byte.
                    let byte = u8::try_from(number).unwrap_or(u8::MAX);
                    if widen && !byte.is_ascii() {
                        return Err(self.scan.fail(Mistake::NotAscii));
                    }
                    bytes.push(byte);
                    bytes.extend(widen.then_some(0));
                }
            }
            self.gap()?;
            comma = self.scan.eat(",");
            if !comma {
                return Ok(bytes);
            }
        }
    }

    /// Passes blanks, and line ends behind a backslash with the comments that follow them.
    fn gap(&mut self) -> Result<(), ParseError> {
        self.scan.blanks();
        while self.scan.eat("\\") {
            self.scan.end_line()?;
            self.scan.blanks();
            while self.scan.sees(b';') {
                self.scan.end_line()?;
                self.scan.blanks();
            }
            if self.scan.at_end() {
                return Err(self.scan.fail(Mistake::EndInData));
            }
        }
        Ok(())
    }

    fn push(&mut self, operation: Operation, line: usize) -> Result<(), ParseError> {
        if self.operations.len() == MAX_OPERATIONS {
            return Err(Mistake::TooManyOperations.at(line));
        }
        self.operations.push(operation);
        Ok(())
    }
}

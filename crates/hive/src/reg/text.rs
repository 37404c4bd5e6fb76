//! The pieces of a `.reg` line: names, strings, bytes in hexadecimal.
//!
//! Invariants: nothing here writes a line end inside a name or string, and a piece that cannot
//! be carried is told to the caller. Absent on purpose: which lines there are (`print.rs`).

use crate::bytes;
use crate::data::RegType;
use crate::name::Name;
use std::fmt;
use std::fmt::Write;

/// The column, from 0, at or behind which a line of bytes is broken.
const BREAK: usize = 77;

/// Bytes on a line that continues another: two blanks, three columns each, then the backslash.
const BYTES_A_LINE: usize = 25;

/// Why a name cannot stand in a `.reg` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A control character other than the tab; a line end would even begin a new line.
    Control(u16),
    /// Half of a surrogate pair.
    Surrogate(u16),
    /// A backslash in a key's name: in a path it separates names.
    Backslash,
    /// A key without a name.
    Empty,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Control(unit) => write!(f, "control character U+{unit:04X} in the name"),
            Obstacle::Surrogate(unit) => write!(f, "unpaired surrogate U+{unit:04X} in the name"),
            Obstacle::Backslash => f.write_str("backslash in a key's name"),
            Obstacle::Empty => f.write_str("a key without a name"),
        }
    }
}

/// Whether the character can stand between quotation marks or brackets.
fn obstacle(unit: Result<char, u16>) -> Result<char, Obstacle> {
    match unit {
        Err(half) => Err(Obstacle::Surrogate(half)),
        Ok(control @ '\0'..' ') if control != '\t' => Err(Obstacle::Control(control as u16)),
        Ok(unit) => Ok(unit),
    }
}

fn chars(units: impl Iterator<Item = u16>) -> impl Iterator<Item = Result<char, Obstacle>> {
    char::decode_utf16(units).map(|unit| obstacle(unit.map_err(|half| half.unpaired_surrogate())))
}

/// Something that cannot be carried, in a form that is plain text: `<U+0000>`.
fn stand_in(out: &mut String, obstacle: Obstacle) {
    // Writing to a string cannot fail.
    let _ = match obstacle {
        Obstacle::Control(unit) | Obstacle::Surrogate(unit) => write!(out, "<U+{unit:04X}>"),
        Obstacle::Backslash => out.write_str("<U+005C>"),
        Obstacle::Empty => out.write_str("<no name>"),
    };
}

/// Appends a key's name to a path. The first obstacle, when there is one; what cannot be carried
/// has a stand-in then.
pub(super) fn push_key_name(path: &mut String, name: Name<'_>) -> Option<Obstacle> {
    let mut first = None;
    if name.is_empty() {
        first = Some(Obstacle::Empty);
        stand_in(path, Obstacle::Empty);
    }
    for unit in chars(name.units()) {
        let obstacle = match unit {
            Ok('\\') => Obstacle::Backslash,
            Ok(unit) => {
                path.push(unit);
                continue;
            }
            Err(obstacle) => obstacle,
        };
        first = first.or(Some(obstacle));
        stand_in(path, obstacle);
    }
    first
}

/// What stands left of the `=`: `@` or the name between quotation marks.
pub(super) fn push_value_name(out: &mut String, name: Name<'_>) -> Option<Obstacle> {
    if name.is_empty() {
        out.push('@');
        return None;
    }
    let mut first = None;
    out.push('"');
    for unit in chars(name.units()) {
        match unit {
            Ok(unit) => push_escaped(out, unit),
            Err(obstacle) => {
                first = first.or(Some(obstacle));
                stand_in(out, obstacle);
            }
        }
    }
    out.push('"');
    first
}

fn push_escaped(out: &mut String, unit: char) {
    if matches!(unit, '\\' | '"') {
        out.push('\\');
    }
    out.push(unit);
}

/// What stands right of the `=`. Bytes are broken into lines when `column` is given: the
/// characters already on the line.
pub(super) fn push_data(out: &mut String, kind: RegType, data: &[u8], column: Option<usize>) {
    if kind == RegType::SZ && push_string(out, data) {
        return;
    }
    let before = out.len();
    let dword = <[u8; 4]>::try_from(data).map(u32::from_le_bytes);
    // Writing to a string cannot fail.
    let _ = match (kind, dword) {
        (RegType::DWORD, Ok(number)) => {
            let _ = write!(out, "dword:{number:08x}");
            return;
        }
        (RegType::BINARY, _) => out.write_str("hex:"),
        (RegType(number), _) => write!(out, "hex({number:x}):"),
    };
    let column = column.map(|column| column + (out.len() - before));
    push_hex(out, data, column);
}

/// Writes data that is one terminated string without control characters; otherwise writes
/// nothing.
fn push_string(out: &mut String, data: &[u8]) -> bool {
    let Some((text, b"\0\0")) = data.split_last_chunk::<2>() else {
        return false;
    };
    if !text.len().is_multiple_of(2) {
        return false;
    }
    let before = out.len();
    out.push('"');
    for unit in chars(bytes::u16s(text)) {
        let Ok(unit) = unit else {
            out.truncate(before);
            return false;
        };
        push_escaped(out, unit);
    }
    out.push('"');
    true
}

fn push_hex(out: &mut String, data: &[u8], column: Option<usize>) {
    out.reserve(data.len().saturating_mul(3));
    let first = match column {
        Some(column) => BREAK.saturating_sub(column).div_ceil(3).max(1),
        None => data.len(),
    };
    let (line, rest) = data.split_at_checked(first).unwrap_or((data, &[]));
    push_bytes(out, line);
    for line in rest.chunks(BYTES_A_LINE) {
        out.push_str("\\\r\n  ");
        push_bytes(out, line);
    }
    if !data.is_empty() {
        out.pop();
    }
}

/// Each byte and a comma.
fn push_bytes(out: &mut String, data: &[u8]) {
    for chunk in data.chunks(BYTES_A_LINE) {
        let mut digits = [[0; 3]; BYTES_A_LINE];
        for (place, &byte) in digits.iter_mut().zip(chunk) {
            *place = [digit(byte >> 4), digit(byte & 15), b','];
        }
        let ascii = bytes::slice(digits.as_flattened(), 0, chunk.len() * 3).unwrap_or(&[]);
        out.push_str(str::from_utf8(ascii).unwrap_or(""));
    }
}

fn digit(nibble: u8) -> u8 {
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(kind: u32, data: &[u8], column: Option<usize>) -> String {
        let mut out = String::new();
        push_data(&mut out, RegType(kind), data, column);
        out
    }

    #[test]
    fn a_string_is_quoted_only_when_nothing_is_lost() {
        for (bytes, text) in [
            (&b"a\0\\\0\"\0\0\0"[..], "\"a\\\\\\\"\""),
            (b"\0\0", "\"\""),
            (b"\t\0\0\0", "\"\t\""),
            (b"", "hex(1):"),
            (b"\0", "hex(1):00"),
            (b"a\0", "hex(1):61,00"),
            (b"a\0\0\0\0\0", "hex(1):61,00,00,00,00,00"),
            (b"a\0\0", "hex(1):61,00,00"),
            (b"\r\0\n\0\0\0", "hex(1):0d,00,0a,00,00,00"),
            (b"\0\xD8\0\0", "hex(1):00,d8,00,00"),
            (b"\x3D\xD8\x00\xDE\0\0", "\"\u{1F600}\""),
        ] {
            assert_eq!(data(1, bytes, Some(0)), text);
        }
    }

    #[test]
    fn types_have_their_prefix() {
        assert_eq!(data(4, &[1, 2, 3, 0xFA], None), "dword:fa030201");
        assert_eq!(data(4, &[1, 2, 3], None), "hex(4):01,02,03");
        assert_eq!(data(3, &[], None), "hex:");
        assert_eq!(data(0, &[9], None), "hex(0):09");
        assert_eq!(data(11, &[9], None), "hex(b):09");
        assert_eq!(data(0xFFFF_0012, &[9], None), "hex(ffff0012):09");
        assert_eq!(data(5, &[0; 4], None), "hex(5):00,00,00,00");
    }

    #[test]
    fn lines_break_behind_a_comma() {
        let text = data(3, &[0xAB; 60], Some(4));
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].len() + 4, 78);
        assert_eq!(lines[1].len(), 78);
        assert!(lines[1].starts_with("  ab,ab,") && lines[1].ends_with("ab,\\"));
        assert!(lines[2].ends_with("ab,ab"));
        assert_eq!(data(3, &[1, 2], Some(900)), "hex:01,\\\r\n  02");
        assert_eq!(data(3, &[7; 60], None).len(), 4 + 60 * 3 - 1);
    }
}

//! Bytes of a `.reg` file to text and back.
//!
//! Invariants: decoding never guesses: what is neither UTF-16 with a byte order mark nor UTF-8
//! is refused with the line. Absent on purpose: ANSI code pages.

use super::mistake::{HEADER_4, Mistake, ParseError};
use crate::bytes;
use std::borrow::Cow;

/// `text` as Windows writes `.reg` files: UTF-16, little-endian, after a byte order mark.
pub fn encode_utf16le_bom(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().saturating_add(1).saturating_mul(2));
    out.extend([0xFF, 0xFE]);
    push_utf16le(text, &mut out);
    out
}

/// Appends `text` to `out` as UTF-16, little-endian, without a mark: for text that comes in
/// pieces.
pub fn push_utf16le(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len().saturating_mul(2));
    for line in text.split_inclusive('\n') {
        // Nearly every line of a large file; several times as fast.
        if line.is_ascii() {
            out.extend(line.bytes().flat_map(|byte| [byte, 0]));
        } else {
            out.extend(line.encode_utf16().flat_map(u16::to_le_bytes));
        }
    }
}

/// The text of a file: UTF-16 with a mark, or UTF-8 with or without one.
pub(super) fn decode(file: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    if let Some(utf16) = file.strip_prefix(b"\xFF\xFE") {
        return decode_utf16(utf16).map(Cow::Owned);
    }
    if file.starts_with(b"\xFE\xFF") {
        return Err(Mistake::BigEndian.at(1));
    }
    let utf8 = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    // UTF-16 without a mark would otherwise be called a bad header.
    let nul = |at| Mistake::Nul.at(line_at(utf8, at));
    if let Some(at) = utf8.iter().position(|&byte| byte == 0) {
        return Err(nul(at));
    }
    match str::from_utf8(utf8) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let old = utf8.get(..HEADER_4.len()).unwrap_or(&[]);
            let old = old.eq_ignore_ascii_case(HEADER_4.as_bytes());
            let mistake = if old {
                Mistake::NotAscii
            } else {
                Mistake::Encoding
            };
            Err(mistake.at(line_at(utf8, error.valid_up_to())))
        }
    }
}

/// Whether the file is in UTF-16.
pub(super) fn is_wide(file: &[u8]) -> bool {
    file.starts_with(b"\xFF\xFE")
}

fn decode_utf16(utf16: &[u8]) -> Result<String, ParseError> {
    let mut text = String::with_capacity(utf16.len() / 2);
    let mut line = 1;
    for unit in char::decode_utf16(bytes::u16s(utf16)) {
        match unit {
            Ok('\0') => return Err(Mistake::Nul.at(line)),
            Ok(unit) => {
                line += usize::from(unit == '\n');
                text.push(unit);
            }
            Err(_) => return Err(Mistake::Encoding.at(line)),
        }
    }
    if utf16.len().is_multiple_of(2) {
        Ok(text)
    } else {
        Err(Mistake::Encoding.at(line))
    }
}

/// The line, from 1, in which the byte at `at` stands.
pub(super) fn line_at(text: &[u8], at: usize) -> usize {
    1 + text.iter().take(at).filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_give_the_text_back() {
        for text in ["plain\r\n", "\u{E9}\u{3A9}\u{1F600}\n", ""] {
            let wide = encode_utf16le_bom(text);
            assert_eq!(&wide[..2], b"\xFF\xFE");
            assert_eq!(wide.len(), 2 + 2 * text.encode_utf16().count());
            assert_eq!(decode(&wide).unwrap(), text);
            assert_eq!(decode(text.as_bytes()).unwrap(), text);
            let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
            assert_eq!(decode(&marked).unwrap(), text);
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_its_line() {
        let refused = |file: &[u8]| decode(file).unwrap_err();
        assert_eq!(refused(b"a\nb\n\xE9"), Mistake::Encoding.at(3));
        assert_eq!(refused(b"a\n\0"), Mistake::Nul.at(2));
        assert_eq!(refused(b"\xFE\xFF\0a"), Mistake::BigEndian.at(1));
        assert_eq!(refused(b"\xFF\xFEa\0\n\0b"), Mistake::Encoding.at(2));
        assert_eq!(refused(b"\xFF\xFE\n\0\0\xD8a\0"), Mistake::Encoding.at(2));
        assert_eq!(refused(b"\xFF\xFE\n\0\n\0\0\0"), Mistake::Nul.at(3));
    }
}

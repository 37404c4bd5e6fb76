//! Names of keys and values: how they are stored, compared and hinted.
//!
//! Invariants: a name is stored as Latin-1 exactly when every unit fits one byte.
//! Absent on purpose: paths (a backslash is an ordinary character to a value's name), and the
//! comparison inside a hive, which goes by the hive's own table ([`Upcase`]).

use crate::bytes;
use crate::upcase::Upcase;
use std::cmp::Ordering;
use std::fmt;

/// A name as it lies in a cell.
#[derive(Clone, Copy, Debug)]
pub enum Name<'h> {
    /// One byte a unit.
    Latin1(&'h [u8]),
    /// Two bytes a unit.
    Utf16(&'h [u8]),
}

impl<'h> Name<'h> {
    /// The name stored in `stored`, as Latin-1 when `compressed`.
    pub fn new(stored: &'h [u8], compressed: bool) -> Name<'h> {
        if compressed {
            Name::Latin1(stored)
        } else {
            Name::Utf16(stored)
        }
    }

    /// The UTF-16 units.
    pub fn units(self) -> impl Iterator<Item = u16> + 'h {
        let (narrow, wide) = match self {
            Name::Latin1(stored) => (stored, &[][..]),
            Name::Utf16(stored) => (&[][..], stored),
        };
        narrow
            .iter()
            .map(|&byte| u16::from(byte))
            .chain(bytes::u16s(wide))
    }

    /// Number of UTF-16 units.
    pub fn len(self) -> usize {
        match self {
            Name::Latin1(stored) => stored.len(),
            Name::Utf16(stored) => stored.len() / 2,
        }
    }

    /// Whether this is the name of a default value.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Name<'_> {
    /// Unpaired surrogates appear as U+FFFD.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for unit in char::decode_utf16(self.units()) {
            write!(f, "{}", unit.unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}

/// The order of names under the built-in table: for names that are in no hive.
pub fn compare(left: impl Iterator<Item = u16>, right: impl Iterator<Item = u16>) -> Ordering {
    Upcase::built_in().compare(left, right)
}

/// The UTF-16 units of `text`.
pub fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// The hint of an `lf` list: the first four characters, filled from the back and abandoned at the
/// first that does not fit one byte.
pub fn lf_hint(name: &[u16]) -> [u8; 4] {
    let mut hint = [0; 4];
    for (place, &unit) in hint.iter_mut().zip(name).rev() {
        match u8::try_from(unit) {
            Ok(byte) => *place = byte,
            Err(_) => break,
        }
    }
    hint
}

/// The bytes to store for a name, and whether they are Latin-1.
pub(crate) fn stored(name: &[u16]) -> (Vec<u8>, bool) {
    let narrow: Option<Vec<u8>> = name.iter().map(|&unit| u8::try_from(unit).ok()).collect();
    match narrow {
        Some(latin1) => (latin1, true),
        None => (
            name.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            false,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_upper_case_and_the_shorter_first() {
        let order = |left: &str, right: &str| compare(left.encode_utf16(), right.encode_utf16());
        assert_eq!(order("abc", "ABC"), Ordering::Equal);
        assert_eq!(order("ab", "ABC"), Ordering::Less);
        // Upper-case order puts '_' behind the letters; lower-case order would not.
        assert_eq!(order("a_", "ab"), Ordering::Greater);
        assert_eq!(order("stra\u{DF}e", "STRASSE"), Ordering::Greater);
        assert_eq!(order("\u{E9}clair", "\u{C9}CLAIR"), Ordering::Equal);
    }

    #[test]
    fn hash_is_over_upper_case_units() {
        let hash = |name: &str| Upcase::built_in().lh_hash(name.encode_utf16());
        assert_eq!(hash("a"), 0x41);
        assert_eq!(hash("Ab"), 0x41 * 37 + 0x42);
        assert_eq!(hash("\u{FF}"), 0x178);
    }

    #[test]
    fn hint_keeps_case_and_stops_at_wide_units() {
        assert_eq!(&lf_hint(&units("Control")), b"Cont");
        assert_eq!(&lf_hint(&units("Ab")), b"Ab\0\0");
        assert_eq!(lf_hint(&units("ab\u{3A9}d")), [0, 0, 0, b'd']);
        assert_eq!(lf_hint(&units("abc\u{3A9}")), [0; 4]);
    }

    #[test]
    fn names_are_narrow_whenever_they_can_be() {
        assert_eq!(stored(&units("\u{E9}")), (vec![0xE9], true));
        assert_eq!(stored(&units("\u{3A9}")), (vec![0xA9, 0x03], false));
    }
}

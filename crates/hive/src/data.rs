//! Value types and data as Windows programs see them.
//!
//! Invariants: any 32-bit type and any bytes survive; a reader that interprets answers `None`
//! when the bytes do not fit the type instead of guessing.
//! Absent on purpose: how data lies in cells.

use crate::bytes;
use std::fmt;

/// A value's type; every 32-bit number is legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegType(pub u32);

impl RegType {
    /// No type.
    pub const NONE: RegType = RegType(0);
    /// A string.
    pub const SZ: RegType = RegType(1);
    /// A string with `%NAME%` references.
    pub const EXPAND_SZ: RegType = RegType(2);
    /// Bytes.
    pub const BINARY: RegType = RegType(3);
    /// A little-endian 32-bit number.
    pub const DWORD: RegType = RegType(4);
    /// A big-endian 32-bit number.
    pub const DWORD_BIG_ENDIAN: RegType = RegType(5);
    /// The target of a link key.
    pub const LINK: RegType = RegType(6);
    /// Strings, each terminated, and one terminator more.
    pub const MULTI_SZ: RegType = RegType(7);
    /// A little-endian 64-bit number.
    pub const QWORD: RegType = RegType(11);
}

const NAMES: [&str; 12] = [
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTOR",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
];

impl fmt::Display for RegType {
    /// Windows' name, or the number of a type without one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(bytes::index(self.0)) {
            Some(name) => f.pad(name),
            None => f.pad(&format!("type 0x{:x}", self.0)),
        }
    }
}

/// A value's type and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegData {
    /// The type.
    pub kind: RegType,
    /// The bytes, as stored.
    pub bytes: Vec<u8>,
}

impl RegData {
    /// A `REG_DWORD`.
    pub fn dword(number: u32) -> RegData {
        RegData {
            kind: RegType::DWORD,
            bytes: number.to_le_bytes().to_vec(),
        }
    }

    /// A `REG_SZ` with its terminator.
    pub fn sz(text: &str) -> RegData {
        RegData {
            kind: RegType::SZ,
            bytes: terminated(text),
        }
    }

    /// A `REG_EXPAND_SZ` with its terminator; references stay as they are.
    pub fn expand_sz(text: &str) -> RegData {
        RegData {
            kind: RegType::EXPAND_SZ,
            bytes: terminated(text),
        }
    }

    /// A `REG_MULTI_SZ` with all terminators.
    pub fn multi_sz(texts: &[&str]) -> RegData {
        let mut bytes: Vec<u8> = texts.iter().flat_map(|text| terminated(text)).collect();
        bytes.extend([0, 0]);
        RegData {
            kind: RegType::MULTI_SZ,
            bytes,
        }
    }

    /// The number of a `REG_DWORD` of four bytes.
    pub fn as_dword(&self) -> Option<u32> {
        let four = <[u8; 4]>::try_from(self.bytes.as_slice()).ok()?;
        match self.kind {
            RegType::DWORD => Some(u32::from_le_bytes(four)),
            RegType::DWORD_BIG_ENDIAN => Some(u32::from_be_bytes(four)),
            _ => None,
        }
    }

    /// The number of a `REG_QWORD` of eight bytes.
    pub fn as_qword(&self) -> Option<u64> {
        let eight = <[u8; 8]>::try_from(self.bytes.as_slice()).ok()?;
        (self.kind == RegType::QWORD).then(|| u64::from_le_bytes(eight))
    }

    /// The text of a `REG_SZ`, `REG_EXPAND_SZ` or `REG_LINK`, up to its first terminator.
    pub fn as_text(&self) -> Option<String> {
        matches!(self.kind, RegType::SZ | RegType::EXPAND_SZ | RegType::LINK)
            .then(|| text(bytes::u16s(&self.bytes).take_while(|&unit| unit != 0)))
    }

    /// The strings of a `REG_MULTI_SZ`; empty ones in the middle are kept.
    pub fn as_texts(&self) -> Option<Vec<String>> {
        if self.kind != RegType::MULTI_SZ {
            return None;
        }
        let units: Vec<u16> = bytes::u16s(&self.bytes).collect();
        let units = units.strip_suffix(&[0]).unwrap_or(&units);
        let units = units.strip_suffix(&[0]).unwrap_or(units);
        if units.is_empty() {
            return Some(Vec::new());
        }
        Some(
            units
                .split(|&unit| unit == 0)
                .map(|part| text(part.iter().copied()))
                .collect(),
        )
    }
}

impl fmt::Display for RegData {
    /// What a person wants to read: numbers in hexadecimal, strings as they are, other bytes in
    /// hexadecimal (the first 16).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.as_dword() {
            return write!(f, "0x{number:x}");
        }
        if let Some(number) = self.as_qword() {
            return write!(f, "0x{number:x}");
        }
        if let Some(text) = self.as_text() {
            return write!(f, "{text:?}");
        }
        if let Some(texts) = self.as_texts() {
            return write!(f, "{texts:?}");
        }
        for (place, byte) in self.bytes.iter().take(16).enumerate() {
            write!(f, "{}{byte:02x}", if place == 0 { "" } else { " " })?;
        }
        match self.bytes.len() {
            0 => f.write_str("(no bytes)"),
            len if len > 16 => write!(f, " ... ({len} bytes)"),
            _ => Ok(()),
        }
    }
}

fn text(units: impl Iterator<Item = u16>) -> String {
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn terminated(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_go_both_ways() {
        assert_eq!(RegData::sz("a").bytes, [b'a', 0, 0, 0]);
        assert_eq!(
            RegData::sz("\u{1F600}").as_text().as_deref(),
            Some("\u{1F600}")
        );
        let texts = RegData::multi_sz(&["a", "", "b"]);
        assert_eq!(
            texts.as_texts(),
            Some(vec!["a".into(), String::new(), "b".into()])
        );
        assert_eq!(RegData::multi_sz(&[]).as_texts(), Some(Vec::new()));
    }

    #[test]
    fn a_string_is_not_a_number() {
        assert_eq!(RegData::sz("1").as_dword(), None);
        let short = RegData {
            kind: RegType::DWORD,
            bytes: vec![1],
        };
        assert_eq!(short.as_dword(), None);
        assert_eq!(short.to_string(), "01");
    }
}

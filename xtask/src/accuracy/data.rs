//! The data of a registry value, as the table of faults writes it and as hivexregedit does.
//!
//! Invariants: every type of the table becomes exactly the bytes that Windows stores. Absent on
//! purpose: types that no fault needs.

use std::fmt;

use anyhow::{Context, Result, bail};

const SZ: u32 = 1;
const EXPAND_SZ: u32 = 2;
const BINARY: u32 = 3;
const DWORD: u32 = 4;
const MULTI_SZ: u32 = 7;
/// Stands for a text of no characters.
const EMPTY: &str = "<empty>";

/// A type and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Data {
    pub(super) kind: u32,
    pub(super) bytes: Vec<u8>,
}

impl Data {
    /// A cell of the table. `&` stands for the text that is there, and `edit` writes `OLD>NEW`
    /// within it: `present` is what is there.
    pub(super) fn parse(kind: &str, cell: &str, present: Option<&Data>) -> Result<Data> {
        if kind == "edit" {
            return present.context("nothing to edit")?.edited(cell);
        }
        let there = || present.map(Data::text).unwrap_or_default();
        let text = match cell {
            EMPTY => String::new(),
            _ if cell.contains('&') => cell.replace('&', &there()),
            _ => cell.to_owned(),
        };
        let texts = |kind| Data {
            kind,
            bytes: utf16(&text),
        };
        Ok(match kind {
            "sz" => texts(SZ),
            "expand" => texts(EXPAND_SZ),
            "multi" => Data {
                kind: MULTI_SZ,
                bytes: multi(&text),
            },
            "dword" => Data {
                kind: DWORD,
                bytes: number(&text)?.to_le_bytes().to_vec(),
            },
            // Elements of a boot configuration store.
            "integer" => Data {
                kind: BINARY,
                bytes: u64::from(number(&text)?).to_le_bytes().to_vec(),
            },
            "boolean" => Data {
                kind: BINARY,
                bytes: vec![u8::from(text == "1")],
            },
            "binary" => Data {
                kind: BINARY,
                bytes: unhex(&text).context("odd digits")?,
            },
            _ => bail!("no type is called {kind}"),
        })
    }

    /// `OLD>NEW` within the text; a text that has NEW already stays.
    fn edited(&self, cell: &str) -> Result<Data> {
        let (old, new) = cell.split_once('>').context("an edit is OLD>NEW")?;
        let text = self.text();
        if !text.contains(old) && !text.contains(new) {
            bail!("{text} has no {old}");
        }
        let text = text.replace(old, new);
        let bytes = match self.kind {
            MULTI_SZ => multi(&text),
            _ => utf16(&text),
        };
        Ok(Data {
            kind: self.kind,
            bytes,
        })
    }

    /// What hivexregedit writes and reads behind `=`.
    pub(super) fn to_reg(&self) -> String {
        let digits: Vec<String> = self
            .bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("hex({:x}):{}", self.kind, digits.join(","))
    }

    /// The reverse, in each form that an export has.
    pub(super) fn from_reg(text: &str) -> Option<Data> {
        if let Some(digits) = text.strip_prefix("dword:") {
            let number = u32::from_str_radix(digits, 16).ok()?;
            return Some(Data {
                kind: DWORD,
                bytes: number.to_le_bytes().to_vec(),
            });
        }
        if let Some(text) = text.strip_prefix('"') {
            let text = unescaped(text.strip_suffix('"')?);
            return Some(Data {
                kind: SZ,
                bytes: utf16(&text),
            });
        }
        let (kind, digits) = match text.strip_prefix("hex:") {
            Some(digits) => (BINARY, digits),
            None => {
                let (kind, digits) = text.strip_prefix("hex(")?.split_once("):")?;
                (u32::from_str_radix(kind, 16).ok()?, digits)
            }
        };
        Some(Data {
            kind,
            bytes: unhex(&digits.replace(',', ""))?,
        })
    }

    /// The text of a string, with `|` between the strings of a list.
    pub(super) fn text(&self) -> String {
        let pairs = self.bytes.chunks_exact(2);
        let units: Vec<u16> = pairs
            .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
            .collect();
        let text = String::from_utf16_lossy(&units);
        match self.kind {
            MULTI_SZ => text.trim_end_matches('\0').replace('\0', "|"),
            _ => text.trim_end_matches('\0').to_owned(),
        }
    }

    /// Whether it says the same: strings whatever their case, elements whatever their width.
    pub(super) fn says(&self, other: &Data) -> bool {
        let is_text = matches!(self.kind, SZ | EXPAND_SZ | MULTI_SZ);
        if self.kind == other.kind && is_text {
            return self.text().eq_ignore_ascii_case(&other.text());
        }
        let trimmed = |data: &Data| -> Vec<u8> {
            let zeros = data.bytes.iter().rev().take_while(|byte| **byte == 0);
            let kept = data.bytes.len() - zeros.count();
            data.bytes.iter().take(kept).copied().collect()
        };
        self.kind == other.kind && trimmed(self) == trimmed(other)
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SZ | EXPAND_SZ | MULTI_SZ => write!(f, "{:?}", self.text()),
            DWORD => match self.bytes.as_slice().try_into() {
                Ok(bytes) => write!(f, "{:#x}", u32::from_le_bytes(bytes)),
                Err(_) => f.write_str(&self.to_reg()),
            },
            _ => f.write_str(&self.to_reg()),
        }
    }
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

/// A list of strings: each ends, and so does the list.
fn multi(text: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = text.split('|').flat_map(utf16).collect();
    bytes.extend([0, 0]);
    bytes
}

fn number(text: &str) -> Result<u32> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.with_context(|| format!("{text} is no number"))
}

/// The bytes of hexadecimal digits.
pub(super) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// A name or text of an export without its escapes.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(kind: &str, cell: &str) -> Data {
        Data::parse(kind, cell, None).unwrap()
    }

    #[test]
    fn cells_become_bytes() {
        assert_eq!(data("dword", "0x10").bytes, [16, 0, 0, 0]);
        assert_eq!(data("sz", "a").bytes, [b'a', 0, 0, 0]);
        assert_eq!(data("sz", "<empty>").bytes, [0, 0]);
        assert_eq!(data("multi", "a|b").bytes, *b"a\0\0\0b\0\0\0\0\0");
        assert_eq!(data("boolean", "1").bytes, [1]);
        assert_eq!(data("integer", "5").bytes, [5, 0, 0, 0, 0, 0, 0, 0]);
        assert!(Data::parse("dword", "x", None).is_err());
        assert!(Data::parse("word", "1", None).is_err());
    }

    #[test]
    fn what_is_there_is_added_to_and_edited() {
        let there = data("multi", "PartMgr");
        let more = Data::parse("multi", "&|ghost", Some(&there)).unwrap();
        assert_eq!(more.text(), "PartMgr|ghost");
        let there = data("sz", "v2.10|Active=TRUE|Dir=In|");
        let edited = Data::parse("edit", "Active=TRUE>Active=FALSE", Some(&there)).unwrap();
        assert_eq!(edited.text(), "v2.10|Active=FALSE|Dir=In|");
        let again = Data::parse("edit", "Active=TRUE>Active=FALSE", Some(&edited)).unwrap();
        assert_eq!(again, edited);
        assert!(Data::parse("edit", "x>y", Some(&edited)).is_err());
    }

    #[test]
    fn exports_are_read_back() {
        for (kind, cell) in [("dword", "4"), ("multi", "a|b"), ("binary", "a5a5")] {
            let data = data(kind, cell);
            assert_eq!(Data::from_reg(&data.to_reg()), Some(data));
        }
        let text = Data::from_reg(r#""C:\\x \"y\"""#).unwrap();
        assert_eq!(text.text(), r#"C:\x "y""#);
        assert_eq!(
            Data::from_reg("dword:00000010").unwrap(),
            data("dword", "16")
        );
        assert_eq!(Data::from_reg("hex:01").unwrap(), data("boolean", "1"));
    }

    #[test]
    fn case_and_width_make_no_difference() {
        assert!(data("sz", "RpcSs").says(&data("sz", "RPCSS")));
        assert!(!data("sz", "RpcSs").says(&data("expand", "RPCSS")));
        assert!(data("integer", "30").says(&data("binary", "1e")));
        assert!(!data("dword", "1").says(&data("dword", "2")));
    }
}

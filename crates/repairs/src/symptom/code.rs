//! Stop codes and status values that Windows shows, and the symptom each stands for.
//!
//! Invariants: a code is found by its number in any writing and by its name. Absent on purpose:
//! codes no repair has anything to say about.

use super::{Symptom, rows, symptom};
use std::fmt;
use std::sync::LazyLock;

/// A number on a blue or black screen.
#[derive(Clone, Copy, Debug)]
pub struct StopCode {
    /// The number.
    pub number: u32,
    /// Its name in Windows' own headers.
    pub name: &'static str,
    /// What it stands for.
    pub symptom: &'static Symptom,
}

/// Every code that is known here, by number.
pub static CODES: LazyLock<Vec<StopCode>> = LazyLock::new(|| {
    let row = |row: Vec<&'static str>| {
        let [number, name, id] = row.as_slice() else {
            return None;
        };
        Some(StopCode {
            number: u32::from_str_radix(number, 16).ok()?,
            name,
            symptom: symptom(id)?,
        })
    };
    rows(include_str!("codes.tsv")).filter_map(row).collect()
});

/// The code that is meant: a number in hexadecimal, with `0x` or as long as a status value, or a
/// name. Case does not matter.
pub fn code(word: &str) -> Option<&'static StopCode> {
    let word = word.trim();
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    let bare = Some(word).filter(|word| word.len() == 8);
    let number = digits
        .or(bare)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    CODES.iter().find(|code| {
        let short = code.name.strip_prefix("STATUS_").unwrap_or(code.name);
        Some(code.number) == number
            || code.name.eq_ignore_ascii_case(word)
            || short.eq_ignore_ascii_case(word)
    })
}

impl fmt::Display for StopCode {
    /// `0x7B INACCESSIBLE_BOOT_DEVICE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:X} {}", self.number, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        assert_eq!(CODES.len(), rows(include_str!("codes.tsv")).count());
        assert!(CODES.is_sorted_by_key(|code| code.number));
    }

    #[test]
    fn a_code_is_found_in_any_writing() {
        for word in [
            "0x7B",
            "0x0000007b",
            "0X7b",
            "0000007B",
            "inaccessible_boot_device",
            " 0x7b ",
        ] {
            let id = code(word).map(|code| code.symptom.id);
            assert_eq!(id, Some("boot-device-inaccessible"), "{word}");
        }
        for (word, id) in [
            ("0xc000021a", "black-screen"),
            ("C0000428", "signature-refused"),
            ("status_no_such_device", "boot-files-missing"),
            ("NO_SUCH_FILE", "boot-files-missing"),
        ] {
            assert_eq!(code(word).map(|code| code.symptom.id), Some(id), "{word}");
        }
        for word in [
            "",
            "7B",
            "0x",
            "0x+7B",
            "0x7C",
            "0x10000007B",
            "rdp-timeout",
        ] {
            assert!(code(word).is_none(), "{word}");
        }
    }
}

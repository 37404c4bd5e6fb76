//! A value's data as it is typed.

use crate::exit::{Exit, Failure};
use hive::{RegData, RegType};

/// The data for a type and words.
pub(super) fn parse(kind: &str, words: &[String]) -> Result<RegData, Failure> {
    let kind = kind.to_ascii_lowercase();
    let kind = kind.strip_prefix("reg_").unwrap_or(&kind);
    let one = || match words {
        [word] => Ok(word.as_str()),
        [] => Ok(""),
        _ => Err(usage(format!("{kind} takes one word of data"))),
    };
    match kind {
        "sz" => one().map(RegData::sz),
        "expand_sz" => one().map(RegData::expand_sz),
        "multi_sz" => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            Ok(RegData::multi_sz(&words))
        }
        "dword" => {
            let number = number(one()?)?;
            let number = u32::try_from(number)
                .map_err(|_| usage(format!("{number} does not fit 32 bits")))?;
            Ok(RegData::dword(number))
        }
        "qword" => {
            let bytes = number(one()?)?.to_le_bytes().to_vec();
            Ok(RegData {
                kind: RegType::QWORD,
                bytes,
            })
        }
        "binary" => Ok(RegData {
            kind: RegType::BINARY,
            bytes: bytes(words)?,
        }),
        "none" => Ok(RegData {
            kind: RegType::NONE,
            bytes: bytes(words)?,
        }),
        _ => {
            let number = number(kind)
                .ok()
                .and_then(|number| u32::try_from(number).ok());
            let kind = number.ok_or_else(|| {
                usage(format!(
                    "{kind:?} is no type: sz, expand_sz, multi_sz, dword, qword, binary, none or \
                     a number"
                ))
            })?;
            Ok(RegData {
                kind: RegType(kind),
                bytes: bytes(words)?,
            })
        }
    }
}

fn number(word: &str) -> Result<u64, Failure> {
    let parsed = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed.map_err(|_| {
        usage(format!(
            "{word:?} is not a number (decimal, or hexadecimal with 0x)"
        ))
    })
}

fn bytes(words: &[String]) -> Result<Vec<u8>, Failure> {
    let digits: String = words
        .concat()
        .chars()
        .filter(|digit| !matches!(digit, ',' | ' ' | '-'))
        .collect();
    crate::document::unhex(&digits)
        .ok_or_else(|| usage(format!("{digits:?} are not pairs of hexadecimal digits")))
}

fn usage(error: String) -> Failure {
    Failure::new(Exit::Usage, "usage", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(kind: &str, words: &[&str]) -> Option<RegData> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        parse(kind, &words).ok()
    }

    #[test]
    fn words_become_data() {
        assert_eq!(typed("REG_DWORD", &["0x10"]), Some(RegData::dword(16)));
        assert_eq!(
            typed("multi_sz", &["a", "b"]),
            Some(RegData::multi_sz(&["a", "b"]))
        );
        assert_eq!(typed("sz", &[]), Some(RegData::sz("")));
        let odd = RegData {
            kind: RegType(0xFFFF_0001),
            bytes: vec![1, 0xAB],
        };
        assert_eq!(typed("0xffff0001", &["01,ab"]), Some(odd));
        for (kind, word) in [
            ("dword", "4294967296"),
            ("dword", "x"),
            ("binary", "123"),
            ("z", "1"),
        ] {
            assert_eq!(typed(kind, &[word]), None, "{kind} {word}");
        }
    }
}

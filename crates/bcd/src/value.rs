//! The data of an element: typed, read tolerantly, written strictly.
//!
//! Invariants: whatever bytes an element has, they give a value; those its format does not explain
//! are kept in [`Value::Malformed`], with the reason. What is written is what Windows itself
//! writes. Absent on purpose: words of people ([`mod@crate::text`]).

use crate::device::{Device, DeviceError};
use crate::element::{ElementType, Format};
use crate::guid::{Guid, GuidError};
use hive::{RegData, RegType};
use thiserror::Error;

/// What an element says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Where something lies.
    Device(Device),
    /// Text without NUL.
    String(String),
    /// An object.
    Object(Guid),
    /// Objects, in order.
    Objects(Vec<Guid>),
    /// A number.
    Integer(u64),
    /// Yes or no.
    Boolean(bool),
    /// Numbers, in order; at least one.
    Integers(Vec<u64>),
    /// Data that does not fit the element's format.
    Malformed {
        /// The data as it is stored.
        data: RegData,
        /// What does not fit.
        why: Malformed,
    },
}

/// What is wrong with an element's data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A format nobody has seen.
    #[error("format {0} is unknown, expected 1 to 7")]
    Format(u32),
    /// Another registry type than the format has.
    #[error("the registry type is {found}, expected {expected}")]
    Type {
        /// The type it has.
        found: RegType,
        /// The type its format has.
        expected: RegType,
    },
    /// Another length than the format has.
    #[error("{found} bytes, expected {expected}")]
    Length {
        /// Number of bytes.
        found: usize,
        /// The numbers that fit.
        expected: &'static str,
    },
    /// Units that are no text.
    #[error("the text is not UTF-16")]
    Text,
    /// Text that is no GUID.
    #[error(transparent)]
    Guid(#[from] GuidError),
    /// A GUID as the boot manager does not know it.
    #[error("`{0}` is a GUID without braces")]
    Bare(String),
    /// Bytes that are no device.
    #[error("the device cannot be read")]
    Device(#[from] DeviceError),
}

/// Why a value cannot be an element's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unfit {
    /// The element has another format.
    #[error("element {element}: the value is of format {found}, expected {expected}")]
    Format {
        /// The element.
        element: ElementType,
        /// Its format.
        expected: Format,
        /// The format of the value.
        found: Format,
    },
    /// The element's format is unknown.
    #[error("element {element} has the unknown format {}", .element.format_number())]
    Unknown {
        /// The element.
        element: ElementType,
    },
    /// Nothing that could be written.
    #[error("element {element} cannot take {what}")]
    Content {
        /// The element.
        element: ElementType,
        /// What is wrong.
        what: &'static str,
    },
}

impl Value {
    /// Reads the data of an element. Accepted beyond what Windows writes: strings and lists
    /// without their last NUL or with anything behind it, numbers of 1 to 8 bytes, any byte but 0
    /// for yes.
    #[must_use]
    pub fn decode(element: ElementType, data: &RegData) -> Self {
        Self::read(element, data).unwrap_or_else(|why| Self::Malformed {
            data: data.clone(),
            why,
        })
    }

    fn read(element: ElementType, data: &RegData) -> Result<Self, Malformed> {
        let number = element.format_number();
        let format = element.format().ok_or(Malformed::Format(number))?;
        let expected = reg_type(format);
        if data.kind != expected {
            let found = data.kind;
            return Err(Malformed::Type { found, expected });
        }
        let bytes = data.bytes.as_slice();
        Ok(match format {
            Format::Device => Self::Device(Device::parse(bytes)?),
            Format::String => Self::String(first_string(bytes)?),
            Format::Object => Self::Object(braced(&first_string(bytes)?)?),
            Format::Objects => Self::Objects(objects(bytes)?),
            Format::Integer => Self::Integer(integer(bytes)?),
            Format::Boolean => Self::Boolean(boolean(bytes)?),
            Format::Integers => Self::Integers(integers(bytes)?),
        })
    }

    /// The data Windows writes for this value; of a malformed one, the data it was read from.
    #[must_use]
    pub fn encode(&self) -> RegData {
        let binary = |bytes| RegData {
            kind: RegType::BINARY,
            bytes,
        };
        match self {
            Self::Device(device) => binary(device.to_bytes()),
            Self::String(text) => RegData::sz(text),
            Self::Object(id) => RegData::sz(&id.to_string()),
            Self::Objects(ids) => {
                let texts: Vec<String> = ids.iter().map(Guid::to_string).collect();
                RegData::multi_sz(&texts.iter().map(String::as_str).collect::<Vec<_>>())
            }
            Self::Integer(number) => binary(number.to_le_bytes().to_vec()),
            Self::Boolean(yes) => binary(vec![u8::from(*yes)]),
            Self::Integers(numbers) => binary(
                numbers
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect(),
            ),
            Self::Malformed { data, .. } => data.clone(),
        }
    }

    /// The format of elements it can be the value of.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        match self {
            Self::Device(_) => Some(Format::Device),
            Self::String(_) => Some(Format::String),
            Self::Object(_) => Some(Format::Object),
            Self::Objects(_) => Some(Format::Objects),
            Self::Integer(_) => Some(Format::Integer),
            Self::Boolean(_) => Some(Format::Boolean),
            Self::Integers(_) => Some(Format::Integers),
            Self::Malformed { .. } => None,
        }
    }

    /// Whether it can be written as the value of `element`.
    ///
    /// # Errors
    /// When the formats differ, or what would be written could not be read back.
    pub fn fits(&self, element: ElementType) -> Result<(), Unfit> {
        let content = |what| Err(Unfit::Content { element, what });
        let Some(found) = self.format() else {
            return content("malformed data");
        };
        let expected = element.format().ok_or(Unfit::Unknown { element })?;
        if found != expected {
            return Err(Unfit::Format {
                element,
                expected,
                found,
            });
        }
        match self {
            Self::String(text) if text.contains('\0') => content("text with a NUL"),
            Self::Integers(numbers) if numbers.is_empty() => content("a list without numbers"),
            _ => Ok(()),
        }
    }
}

fn reg_type(format: Format) -> RegType {
    match format {
        Format::String | Format::Object => RegType::SZ,
        Format::Objects => RegType::MULTI_SZ,
        Format::Device | Format::Integer | Format::Boolean | Format::Integers => RegType::BINARY,
    }
}

/// The strings of UTF-16 data up to the first empty one, without their NULs.
fn strings(bytes: &[u8]) -> impl Iterator<Item = Result<String, Malformed>> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let mut units = pairs.iter().map(|&pair| u16::from_le_bytes(pair));
    std::iter::from_fn(move || {
        let string: Vec<u16> = units.by_ref().take_while(|&unit| unit != 0).collect();
        (!string.is_empty()).then(|| String::from_utf16(&string).map_err(|_| Malformed::Text))
    })
}

fn first_string(bytes: &[u8]) -> Result<String, Malformed> {
    strings(bytes).next().unwrap_or_else(|| Ok(String::new()))
}

fn braced(text: &str) -> Result<Guid, Malformed> {
    let id = text.parse()?;
    if text.starts_with('{') {
        Ok(id)
    } else {
        Err(Malformed::Bare(text.to_owned()))
    }
}

fn objects(bytes: &[u8]) -> Result<Vec<Guid>, Malformed> {
    strings(bytes).map(|text| braced(&text?)).collect()
}

fn integer(bytes: &[u8]) -> Result<u64, Malformed> {
    let found = bytes.len();
    if !(1..=8).contains(&found) {
        let expected = "1 to 8";
        return Err(Malformed::Length { found, expected });
    }
    Ok(bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

fn boolean(bytes: &[u8]) -> Result<bool, Malformed> {
    match bytes {
        &[byte] => Ok(byte != 0),
        _ => Err(Malformed::Length {
            found: bytes.len(),
            expected: "1",
        }),
    }
}

fn integers(bytes: &[u8]) -> Result<Vec<u64>, Malformed> {
    match bytes.as_chunks::<8>() {
        (numbers, []) if !numbers.is_empty() => Ok(numbers
            .iter()
            .map(|&number| u64::from_le_bytes(number))
            .collect()),
        _ => Err(Malformed::Length {
            found: bytes.len(),
            expected: "a multiple of 8, at least 8",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(bytes: &[u8]) -> RegData {
        RegData {
            kind: RegType::BINARY,
            bytes: bytes.to_vec(),
        }
    }

    fn sz(units: &[u16]) -> RegData {
        RegData {
            kind: RegType::SZ,
            bytes: units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        }
    }

    fn why(element: ElementType, data: &RegData) -> String {
        match Value::decode(element, data) {
            Value::Malformed { why, data: kept } => {
                assert_eq!(kept, *data);
                why.to_string()
            }
            value => panic!("{value:?}"),
        }
    }

    #[test]
    fn numbers_have_one_to_eight_bytes() {
        let read = |bytes: &[u8]| Value::decode(ElementType::TIMEOUT, &binary(bytes));
        assert_eq!(read(&[30]), Value::Integer(30));
        assert_eq!(read(&[0, 0xC2, 1]), Value::Integer(115_200));
        assert_eq!(read(&[0xFF; 8]), Value::Integer(u64::MAX));
        assert_eq!(
            Value::Integer(30).encode(),
            binary(&[30, 0, 0, 0, 0, 0, 0, 0])
        );
        assert_eq!(
            why(ElementType::TIMEOUT, &binary(&[])),
            "0 bytes, expected 1 to 8"
        );
        assert_eq!(
            why(ElementType::TIMEOUT, &binary(&[1; 9])),
            "9 bytes, expected 1 to 8"
        );
        assert_eq!(
            why(ElementType::TIMEOUT, &RegData::dword(30)),
            "the registry type is REG_DWORD, expected REG_BINARY"
        );
    }

    #[test]
    fn booleans_have_one_byte() {
        let read = |bytes: &[u8]| Value::decode(ElementType::EMS, &binary(bytes));
        assert_eq!(read(&[0]), Value::Boolean(false));
        assert_eq!(read(&[1]), Value::Boolean(true));
        assert_eq!(read(&[0x80]), Value::Boolean(true));
        assert_eq!(Value::Boolean(true).encode(), binary(&[1]));
        assert_eq!(
            why(ElementType::EMS, &binary(&[1, 0, 0, 0])),
            "4 bytes, expected 1"
        );
    }

    #[test]
    fn strings_end_at_their_first_nul_or_without_one() {
        let read = |units: &[u16]| Value::decode(ElementType::PATH, &sz(units));
        let text = Value::String("ab".to_owned());
        assert_eq!(read(&[97, 98]), text);
        assert_eq!(read(&[97, 98, 0]), text);
        assert_eq!(read(&[97, 98, 0, 99]), text);
        assert_eq!(read(&[0, 97]), Value::String(String::new()));
        assert_eq!(read(&[]), Value::String(String::new()));
        assert_eq!(
            why(ElementType::PATH, &sz(&[0xD800, 0])),
            "the text is not UTF-16"
        );
        let several = RegData::multi_sz(&["ab"]);
        assert!(why(ElementType::PATH, &several).starts_with("the registry type is REG_MULTI_SZ"));
    }

    #[test]
    fn objects_need_their_braces() {
        let upper = Guid::BOOTMGR.to_string().to_uppercase();
        let read = Value::decode(ElementType::DEFAULT, &RegData::sz(&upper));
        assert_eq!(read, Value::Object(Guid::BOOTMGR));
        assert_eq!(read.encode().bytes.len(), 78);
        let bare = upper.trim_matches(['{', '}']);
        assert!(why(ElementType::DEFAULT, &RegData::sz(bare)).contains("without braces"));
        assert!(why(ElementType::DEFAULT, &RegData::sz("{default}")).contains("`{default}`"));
    }

    #[test]
    fn a_list_ends_at_its_first_empty_string() {
        let list = ElementType::DISPLAY_ORDER;
        let (one, two) = (Guid::BOOTMGR.to_string(), Guid::MEMDIAG.to_string());
        let read = |texts: &[&str]| Value::decode(list, &RegData::multi_sz(texts));
        let both = Value::Objects(vec![Guid::BOOTMGR, Guid::MEMDIAG]);
        assert_eq!(read(&[&one, &two]), both);
        assert_eq!(read(&[&one, "", "x"]), Value::Objects(vec![Guid::BOOTMGR]));
        assert_eq!(both.encode().bytes.len(), 2 * 78 + 2);
        assert_eq!(
            Value::decode(list, &Value::Objects(Vec::new()).encode()),
            read(&[])
        );
        assert_eq!(read(&[]).encode().bytes, [0, 0]);
        let mut open = both.encode();
        open.bytes.truncate(2 * 78 - 2);
        assert_eq!(Value::decode(list, &open), both);
        assert!(why(list, &RegData::multi_sz(&[&one, "{x}"])).contains("`{x}`"));
    }

    #[test]
    fn lists_of_numbers_are_whole() {
        let list = ElementType(0x1700_0077);
        let numbers = Value::Integers(vec![0x1500_0075, 1]);
        assert_eq!(Value::decode(list, &numbers.encode()), numbers);
        assert_eq!(numbers.encode().bytes.len(), 16);
        for len in [0, 7, 12] {
            assert!(why(list, &binary(&vec![0; len])).contains("multiple of 8"));
        }
    }

    #[test]
    fn an_unknown_format_is_kept() {
        let data = binary(&[1, 2, 3]);
        assert_eq!(
            why(ElementType(0x2800_0001), &data),
            "format 8 is unknown, expected 1 to 7"
        );
        assert_eq!(
            Value::decode(ElementType(0x2800_0001), &data).encode(),
            data
        );
        assert!(why(ElementType::DEVICE, &data).contains("device"));
    }

    #[test]
    fn only_what_fits_is_written() {
        let yes = Value::Boolean(true);
        assert_eq!(yes.fits(ElementType::EMS), Ok(()));
        let error = yes.fits(ElementType::TIMEOUT).unwrap_err().to_string();
        assert_eq!(
            error,
            "element 25000004: the value is of format boolean, expected integer"
        );
        assert!(yes.fits(ElementType(0x2800_0001)).is_err());
        assert!(
            Value::String("a\0b".to_owned())
                .fits(ElementType::PATH)
                .is_err()
        );
        assert!(
            Value::Integers(Vec::new())
                .fits(ElementType(0x1700_0077))
                .is_err()
        );
        let odd = Value::decode(ElementType::EMS, &binary(&[]));
        assert!(odd.fits(ElementType::EMS).is_err());
    }
}

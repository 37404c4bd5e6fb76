//! Values as words: what an operator types, and the lines `bcdedit` would print.
//!
//! Invariants: [`Value::parse`] reads back what [`Value::lines`] printed, joined by blanks, except
//! of malformed values, devices that have no written form, and control characters, which are
//! printed as escapes: a store must not be able to write to a terminal. Absent on purpose: layout.

use crate::alias::NameError;
use crate::device::{Device, TextError};
use crate::element::{ElementType, Format};
use crate::guid::Guid;
use crate::object_type::ObjectType;
use crate::value::{Unfit, Value};
use thiserror::Error;

/// A word that is no value of an element.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A word of another kind.
    #[error("`{text}` is no value of {element}: expected {expected}")]
    Word {
        /// The word.
        text: String,
        /// The element's name, number and format.
        element: String,
        /// What is accepted.
        expected: String,
    },
    /// A word that names no object.
    #[error("{element} takes objects")]
    Object {
        /// The element's name, number and format.
        element: String,
        /// What is wrong with the word.
        #[source]
        source: NameError,
    },
    /// A device that cannot be written.
    #[error("{element} takes a device")]
    Device {
        /// The element's name, number and format.
        element: String,
        /// What is wrong with the words.
        #[source]
        source: TextError,
    },
    /// Well-formed, and yet nothing to write.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

impl Value {
    /// Reads what an operator typed for an element on an object of that type.
    ///
    /// Booleans: yes, no, on, off, true, false, 1, 0. Integers: decimal, hexadecimal with 0x, or
    /// one of the element's words. Objects: what `resolve` knows ([`crate::Store::resolve`]).
    /// Lists: separated by blanks or commas. Case does not matter, except in strings.
    ///
    /// # Errors
    /// When the text is no value of this element; the message says what would be.
    pub fn parse(
        text: &str,
        element: ElementType,
        object: ObjectType,
        resolve: impl Fn(&str) -> Result<Guid, NameError>,
    ) -> Result<Self, ParseError> {
        let format = element.format().ok_or(Unfit::Unknown { element })?;
        let words = || {
            let separator = |c: char| c == ',' || c.is_whitespace();
            text.split(separator).filter(|word| !word.is_empty())
        };
        let wrong = |word: &str| ParseError::Word {
            text: word.to_owned(),
            element: described(element, object),
            expected: expected(format, element, object),
        };
        let named = |word: &str| {
            resolve(word).map_err(|source| ParseError::Object {
                element: described(element, object),
                source,
            })
        };
        let value = match format {
            Format::Device => {
                Self::Device(Device::parse_text(text, element.0).map_err(|source| {
                    ParseError::Device {
                        element: described(element, object),
                        source,
                    }
                })?)
            }
            Format::String => Self::String(text.to_owned()),
            Format::Object => Self::Object(named(text.trim())?),
            Format::Objects => Self::Objects(words().map(named).collect::<Result<_, _>>()?),
            Format::Integer => {
                let found = integer(text.trim(), element, object);
                Self::Integer(found.ok_or_else(|| wrong(text))?)
            }
            Format::Boolean => Self::Boolean(boolean(text.trim()).ok_or_else(|| wrong(text))?),
            Format::Integers => {
                let numbers = words().map(|word| number(word).ok_or_else(|| wrong(word)));
                Self::Integers(numbers.collect::<Result<_, _>>()?)
            }
        };
        value.fits(element)?;
        Ok(value)
    }

    /// The lines to print for this value of an element on an object of that type: one, or one for
    /// each item of a list. `name` says how an object is called.
    #[must_use]
    pub fn lines(
        &self,
        element: ElementType,
        object: ObjectType,
        name: impl Fn(Guid) -> String,
    ) -> Vec<String> {
        match self {
            Self::Device(device) => vec![printable(&device.to_string())],
            Self::String(text) => vec![printable(text)],
            Self::Object(id) => vec![name(*id)],
            Self::Objects(ids) => ids.iter().map(|&id| name(id)).collect(),
            Self::Integer(number) => vec![integer_text(*number, element, object)],
            Self::Boolean(yes) => vec![if *yes { "Yes" } else { "No" }.to_owned()],
            Self::Integers(numbers) => numbers.iter().map(|n| format!("{n:#x}")).collect(),
            Self::Malformed { data, why } => vec![printable(&format!("malformed: {why}: {data}"))],
        }
    }
}

/// Text from a store with its control characters as escapes.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Name, number and format of an element.
fn described(element: ElementType, object: ObjectType) -> String {
    let label = element.label_in(object);
    match element.format() {
        Some(format) => format!("{label} ({element}, {format})"),
        None => format!("{label} ({element})"),
    }
}

fn expected(format: Format, element: ElementType, object: ObjectType) -> String {
    const NUMBER: &str = "a number, decimal or hexadecimal with 0x";
    let words: Vec<&str> = element
        .words(object)
        .iter()
        .map(|&(_, word)| word)
        .collect();
    match format {
        Format::Boolean => "yes or no (also on, off, true, false, 1, 0)".to_owned(),
        Format::Integers => "numbers, decimal or hexadecimal with 0x, separated by blanks".into(),
        _ if words.is_empty() => NUMBER.to_owned(),
        _ => format!("{}, or {NUMBER}", words.join(", ")),
    }
}

fn boolean(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["yes", "on", "true", "1"]) {
        Some(true)
    } else {
        is(["no", "off", "false", "0"]).then_some(false)
    }
}

fn integer(text: &str, element: ElementType, object: ObjectType) -> Option<u64> {
    let words = element.words(object);
    let word = words
        .iter()
        .find(|(_, word)| word.eq_ignore_ascii_case(text));
    word.map(|&(value, _)| value).or_else(|| number(text))
}

/// The element's word, else the number; in hexadecimal where its decimal digits are a word for
/// another number (a display rotation of 90 is the value 1).
fn integer_text(number: u64, element: ElementType, object: ObjectType) -> String {
    if let Some(word) = element.word_of(object, number) {
        return word.to_owned();
    }
    let decimal = number.to_string();
    match integer(&decimal, element, object) {
        Some(same) if same == number => decimal,
        _ => format!("{number:#x}"),
    }
}

fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.get(..2) {
        Some(prefix) if prefix.eq_ignore_ascii_case("0x") => (text.get(2..)?, 16),
        _ => (text, 10),
    };
    // The parser below also takes a sign.
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(digits, radix).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTMGR: ObjectType = ObjectType::BOOT_MANAGER;
    const LOADER: ObjectType = ObjectType::OS_LOADER;
    const NX: ElementType = ElementType(0x2500_0020);

    fn resolve(word: &str) -> Result<Guid, NameError> {
        word.parse()
            .ok()
            .or_else(|| Guid::from_alias(word))
            .ok_or(NameError::Current)
    }

    fn parse(text: &str, element: ElementType, object: ObjectType) -> Result<Value, ParseError> {
        Value::parse(text, element, object, resolve)
    }

    fn text(text: &str, element: ElementType, object: ObjectType) -> String {
        parse(text, element, object).unwrap_err().to_string()
    }

    #[test]
    fn control_characters_are_printed_as_escapes() {
        let value = Value::String("a\u{1b}[2J\r\nb\u{85}".to_owned());
        let lines = value.lines(ElementType::DESCRIPTION, LOADER, |id| id.to_string());
        assert_eq!(lines, [r"a\u{1b}[2J\r\nb\u{85}"]);
    }

    #[test]
    fn words_of_operators_are_read() {
        for (word, yes) in [("yes", true), ("ON", true), (" True ", true), ("1", true)] {
            assert_eq!(
                parse(word, ElementType::EMS, LOADER),
                Ok(Value::Boolean(yes))
            );
        }
        for word in ["no", "Off", "FALSE", "0"] {
            assert_eq!(
                parse(word, ElementType::EMS, LOADER),
                Ok(Value::Boolean(false))
            );
        }
        for word in ["30", "0x1e", "0X1E", " 30 "] {
            assert_eq!(
                parse(word, ElementType::TIMEOUT, BOOTMGR),
                Ok(Value::Integer(30))
            );
        }
        assert_eq!(parse("alwayson", NX, LOADER), Ok(Value::Integer(3)));
        assert_eq!(parse("3", NX, LOADER), Ok(Value::Integer(3)));
        assert_eq!(
            parse("memdiag", ElementType::DEFAULT, BOOTMGR),
            Ok(Value::Object(Guid::MEMDIAG))
        );
        let both = Value::Objects(vec![Guid::BOOTMGR, Guid::NTLDR]);
        let list = "{bootmgr}, {466F5A88-0af2-4f76-9038-095b170dc21c}";
        assert_eq!(parse(list, ElementType::DISPLAY_ORDER, BOOTMGR), Ok(both));
        let numbers = Ok(Value::Integers(vec![0x1500_0075, 7]));
        assert_eq!(
            parse("0x15000075 7", ElementType(0x1700_0077), LOADER),
            numbers
        );
        let boot = Ok(Value::Device(Device::boot()));
        assert_eq!(parse("boot", ElementType::DEVICE, LOADER), boot);
        let text = Ok(Value::String(" as it is ".to_owned()));
        assert_eq!(parse(" as it is ", ElementType::DESCRIPTION, LOADER), text);
    }

    #[test]
    fn a_refusal_names_the_element_its_format_and_what_is_accepted() {
        assert_eq!(
            text("yes", ElementType::TIMEOUT, BOOTMGR),
            "`yes` is no value of timeout (25000004, integer): expected a number, decimal or \
             hexadecimal with 0x"
        );
        assert_eq!(
            text("5", ElementType::EMS, LOADER),
            "`5` is no value of ems (260000b0, boolean): expected yes or no (also on, off, true, \
             false, 1, 0)"
        );
        assert!(
            text("maybe", NX, LOADER).contains("expected OptIn, OptOut, AlwaysOff, AlwaysOn, or")
        );
        let error = parse("x", ElementType::DEFAULT, BOOTMGR).unwrap_err();
        assert_eq!(
            error.to_string(),
            "default (23000003, object) takes objects"
        );
        assert!(
            std::error::Error::source(&error)
                .unwrap()
                .to_string()
                .contains("{current}")
        );
        let error = parse("partition=C:", ElementType::DEVICE, LOADER).unwrap_err();
        assert_eq!(
            error.to_string(),
            "device (11000001, device) takes a device"
        );
        assert!(text("", ElementType(0x1700_0077), LOADER).contains("without numbers"));
        assert!(text("a\0", ElementType::PATH, LOADER).contains("NUL"));
        for odd in [
            "",
            "-1",
            "+1",
            "0x",
            "0x+1",
            "1 2",
            "1_0",
            "18446744073709551616",
            "ä",
        ] {
            assert!(parse(odd, ElementType::TIMEOUT, BOOTMGR).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_number_that_looks_like_a_word_is_printed_in_hexadecimal() {
        let rotation = ElementType(0x1500_0080);
        let line = |number| Value::Integer(number).lines(rotation, LOADER, |id| id.to_string());
        assert_eq!(
            (line(1), line(90), line(4)),
            (vec!["90".into()], vec!["0x5a".into()], vec!["4".into()])
        );
        assert_eq!(parse("0x5a", rotation, LOADER), Ok(Value::Integer(90)));
        assert_eq!(parse("90", rotation, LOADER), Ok(Value::Integer(1)));
    }

    #[test]
    fn lists_take_a_line_for_each_item() {
        let ids = Value::Objects(vec![Guid::BOOTMGR, Guid::SETUP]);
        let name = |id: Guid| {
            id.alias()
                .map_or(id.to_string(), |name| format!("{{{name}}}"))
        };
        let lines = ids.lines(ElementType::DISPLAY_ORDER, BOOTMGR, name);
        assert_eq!(
            lines,
            ["{bootmgr}", "{7619dcc9-fafe-11d9-b411-000476eba25f}"]
        );
        let numbers = Value::Integers(vec![0x1500_0075]);
        assert_eq!(
            numbers.lines(ElementType(0x1700_0077), LOADER, name),
            ["0x15000075"]
        );
        assert_eq!(
            Value::Boolean(true).lines(ElementType::EMS, LOADER, name),
            ["Yes"]
        );
    }
}

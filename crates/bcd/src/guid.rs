//! GUIDs as BCD stores write them: lower-case text in braces for keys and strings, sixteen bytes
//! with the first three fields little-endian inside device elements.
//!
//! Deliberately absent: making new ones. Whoever creates an object passes its GUID in, so that
//! this crate stays without clock and chance.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

/// A GUID. It prints as lower-case text in braces; the order is that of the text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(Uuid);

/// Text that is not a GUID.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a GUID: expected 8-4-4-4-12 hexadecimal digits, with or without braces")]
pub struct GuidError(String);

impl Guid {
    /// All zero: "no object" in a device element.
    pub const NIL: Self = Self(Uuid::nil());

    /// The GUID whose text is the digits of `value`, most significant first.
    #[must_use]
    pub const fn from_u128(value: u128) -> Self {
        Self(Uuid::from_u128(value))
    }

    /// Sixteen bytes with the first three fields little-endian, as in a device element.
    #[must_use]
    pub const fn from_bytes_le(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes_le(bytes))
    }

    /// The counterpart of [`Guid::from_bytes_le`].
    #[must_use]
    pub const fn to_bytes_le(self) -> [u8; 16] {
        self.0.to_bytes_le()
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.braced().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    /// Reads the hyphenated text, in any case, with both braces or none.
    fn from_str(text: &str) -> Result<Self, GuidError> {
        let refused = || GuidError(text.to_owned());
        let inner = match text.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}').ok_or_else(refused)?,
            None => text,
        };
        // The parser below also takes forms without hyphens and with other prefixes.
        if inner.len() != 36 {
            return Err(refused());
        }
        Uuid::try_parse(inner).map(Self).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTMGR: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";

    #[test]
    fn the_text_is_read_in_any_case_and_printed_in_lower_case() {
        let guid: Guid = "9DEA862C-5cdd-4E70-acc1-f32b344d4795".parse().unwrap();
        assert_eq!(guid.to_string(), BOOTMGR);
        assert_eq!(BOOTMGR.parse::<Guid>().unwrap(), guid);
        assert_eq!(
            guid,
            Guid::from_u128(0x9dea862c_5cdd_4e70_acc1_f32b344d4795)
        );
    }

    #[test]
    fn the_first_three_fields_of_the_bytes_are_little_endian() {
        let guid: Guid = BOOTMGR.parse().unwrap();
        let bytes = guid.to_bytes_le();
        assert_eq!(bytes[..8], [0x2c, 0x86, 0xea, 0x9d, 0xdd, 0x5c, 0x70, 0x4e]);
        assert_eq!(bytes[8..10], [0xac, 0xc1]);
        assert_eq!(Guid::from_bytes_le(bytes), guid);
        assert_eq!(Guid::from_bytes_le([0; 16]), Guid::NIL);
    }

    #[test]
    fn other_notations_are_refused() {
        let simple = BOOTMGR.replace(['{', '}', '-'], "");
        let half = BOOTMGR.trim_end_matches('}').to_owned();
        let tail = BOOTMGR.trim_start_matches('{').to_owned();
        let odd = BOOTMGR.replace("4e70", "4g70");
        let urn = format!("urn:uuid:{}", &BOOTMGR[1..37]);
        for text in [
            simple,
            half,
            tail,
            odd,
            urn,
            String::new(),
            "{}".into(),
            "{default}".into(),
        ] {
            assert_eq!(text.parse::<Guid>(), Err(GuidError(text.clone())), "{text}");
        }
    }
}

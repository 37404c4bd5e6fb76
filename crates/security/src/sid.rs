//! Security identifiers: binary form and `S-1-…` text, both ways.
//!
//! Invariants: a [`Sid`] has revision 1 and at most 15 sub-authorities; equal SIDs are equal
//! bytes. Absent on purpose: names of accounts on the disk (see [`mod@crate::well_known`] for
//! the names every Windows has), and two-letter aliases, which are SDDL.

use crate::bytes;
use crate::error::ParseError;
use crate::format::{MAX_SUB_AUTHORITIES, SID_REVISION, SidHeader};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A security identifier: who.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid {
    authority: [u8; 6],
    count: u8,
    // Those behind `count` are zero.
    subs: [u32; MAX_SUB_AUTHORITIES],
}

/// Why text is no SID.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{text:?} is not a SID: {why}")]
pub struct SidTextError {
    /// The text, cut after 80 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Sid {
    /// `S-1-5-18`, the operating system.
    pub const SYSTEM: Sid = Sid::of(5, &[18]);
    /// `S-1-5-19`.
    pub const LOCAL_SERVICE: Sid = Sid::of(5, &[19]);
    /// `S-1-5-20`.
    pub const NETWORK_SERVICE: Sid = Sid::of(5, &[20]);
    /// `S-1-5-32-544`, the local group.
    pub const ADMINISTRATORS: Sid = Sid::of(5, &[32, 544]);
    /// `S-1-5-32-545`, the local group.
    pub const USERS: Sid = Sid::of(5, &[32, 545]);
    /// `S-1-1-0`.
    pub const EVERYONE: Sid = Sid::of(1, &[0]);
    /// `S-1-5-11`: all who have logged on, guests excepted.
    pub const AUTHENTICATED_USERS: Sid = Sid::of(5, &[11]);
    /// `S-1-5-6`: all that has logged on as a service.
    pub const SERVICE: Sid = Sid::of(5, &[6]);
    /// `S-1-3-4`: the owner, in place of what an owner is granted without any entry.
    pub const OWNER_RIGHTS: Sid = Sid::of(3, &[4]);
    /// `S-1-3-0`: in a child, its owner.
    pub const CREATOR_OWNER: Sid = Sid::of(3, &[0]);
    /// `S-1-3-1`: in a child, its group.
    pub const CREATOR_GROUP: Sid = Sid::of(3, &[1]);

    /// The SID of a small authority; sub-authorities after the fifteenth are left out.
    pub(crate) const fn of(authority: u8, parts: &[u32]) -> Sid {
        let mut subs = [0; MAX_SUB_AUTHORITIES];
        let (mut count, mut rest) = (0_u8, parts);
        while let [first, others @ ..] = rest
            && (count as usize) < MAX_SUB_AUTHORITIES
        {
            subs[count as usize] = *first;
            (count, rest) = (count + 1, others);
        }
        Sid {
            authority: [0, 0, 0, 0, 0, authority],
            count,
            subs,
        }
    }

    /// A SID from its numbers; `None` with an authority of more than 48 bits or more than 15
    /// sub-authorities.
    pub fn new(authority: u64, sub_authorities: &[u32]) -> Option<Sid> {
        let [0, 0, authority @ ..] = authority.to_be_bytes() else {
            return None;
        };
        let mut subs = [0; MAX_SUB_AUTHORITIES];
        subs.get_mut(..sub_authorities.len())?
            .copy_from_slice(sub_authorities);
        Some(Sid {
            authority,
            count: u8::try_from(sub_authorities.len()).ok()?,
            subs,
        })
    }

    /// The SID that `bytes` begins with; more may follow.
    ///
    /// # Errors
    /// A revision other than 1, more than 15 sub-authorities, or too few bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Sid, ParseError> {
        Sid::read(bytes, 0)
    }

    /// The SID at `at`.
    pub(crate) fn read(bytes: &[u8], at: usize) -> Result<Sid, ParseError> {
        let short = |what| ParseError::Truncated {
            offset: at,
            what,
            end: bytes.len(),
        };
        let field = |field, found: u8, expected| ParseError::Field {
            offset: at,
            field,
            found: u32::from(found),
            expected,
        };
        let head: &SidHeader = bytes::view(bytes, at).ok_or(short("a SID"))?;
        if head.revision != SID_REVISION {
            return Err(field("the revision of a SID", head.revision, "1"));
        }
        let mut subs = [0; MAX_SUB_AUTHORITIES];
        let used = subs
            .get_mut(..usize::from(head.count))
            .ok_or_else(|| field("the number of sub-authorities", head.count, "15 at most"))?;
        for (sub, from) in used
            .iter_mut()
            .zip((at + size_of::<SidHeader>()..).step_by(4))
        {
            *sub = bytes::u32_at(bytes, from).ok_or(short("a SID"))?;
        }
        Ok(Sid {
            authority: head.authority,
            count: head.count,
            subs,
        })
    }

    /// The identifier authority, at most 48 bits.
    pub fn authority(&self) -> u64 {
        let [a, b, c, d, e, f] = self.authority;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The sub-authorities, at most 15.
    pub fn sub_authorities(&self) -> &[u32] {
        self.subs.get(..usize::from(self.count)).unwrap_or(&[])
    }

    /// The last sub-authority, which tells accounts of one domain apart; `None` without any.
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities().last().copied()
    }

    /// Length of the binary form: 8 to 68 bytes, a multiple of 4.
    pub fn binary_len(&self) -> usize {
        size_of::<SidHeader>() + 4 * usize::from(self.count)
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.binary_len());
        self.write(&mut out);
        out
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend([SID_REVISION, self.count]);
        out.extend(self.authority);
        out.extend(
            self.sub_authorities()
                .iter()
                .flat_map(|sub| sub.to_le_bytes()),
        );
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.authority()) {
            Ok(small) => write!(f, "S-1-{small}")?,
            Err(_) => write!(f, "S-1-0x{:012x}", self.authority())?,
        }
        self.sub_authorities()
            .iter()
            .try_for_each(|sub| write!(f, "-{sub}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sid {
    type Err = SidTextError;

    /// Reads `S-1-AUTHORITY-SUB-…`; the authority is decimal, or `0x` and hexadecimal.
    fn from_str(text: &str) -> Result<Sid, SidTextError> {
        numbers(text).map_err(|why| SidTextError {
            text: text.chars().take(80).collect(),
            why,
        })
    }
}

fn numbers(text: &str) -> Result<Sid, &'static str> {
    let mut parts = text.split('-');
    if !parts.next().is_some_and(|s| s.eq_ignore_ascii_case("s")) || parts.next() != Some("1") {
        return Err("it does not begin with S-1-");
    }
    let authority = parts.next().ok_or("there is no authority")?;
    let authority = match authority
        .strip_prefix("0x")
        .or(authority.strip_prefix("0X"))
    {
        Some(hex) if is_all(hex, char::is_ascii_hexdigit) => u64::from_str_radix(hex, 16),
        None if is_all(authority, char::is_ascii_digit) => authority.parse(),
        _ => return Err("the authority is no number"),
    };
    let authority = authority.map_err(|_| "the authority has more than 48 bits")?;
    let mut subs = Vec::new();
    for part in parts {
        if subs.len() == MAX_SUB_AUTHORITIES {
            return Err("it has more than 15 sub-authorities");
        }
        if !is_all(part, char::is_ascii_digit) {
            return Err("a sub-authority is no number");
        }
        let sub: u32 = part
            .parse()
            .map_err(|_| "a sub-authority has more than 32 bits")?;
        subs.push(sub);
    }
    Sid::new(authority, &subs).ok_or("the authority has more than 48 bits")
}

/// Whether there are characters, and all are as wanted (`parse` alone takes a sign).
fn is_all(text: &str, wanted: fn(&char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(|c| wanted(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let cases: [(&str, &[u8]); 5] = [
            ("S-1-5-18", &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]),
            (
                "S-1-5-32-544",
                &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0],
            ),
            ("S-1-0", &[1, 0, 0, 0, 0, 0, 0, 0]),
            (
                "S-1-0x123456789abc-4294967295",
                &[1, 1, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 255, 255, 255, 255],
            ),
            ("S-1-4294967295", &[1, 0, 0, 0, 255, 255, 255, 255]),
        ];
        for (text, bytes) in cases {
            let sid = Sid::from_bytes(bytes).unwrap();
            assert_eq!(sid.to_string(), text);
            assert_eq!(text.parse(), Ok(sid));
            assert_eq!(text.to_ascii_lowercase().parse(), Ok(sid));
            assert_eq!(sid.to_bytes(), bytes);
            assert_eq!(sid.binary_len(), bytes.len());
            for len in 0..bytes.len() {
                assert!(Sid::from_bytes(&bytes[..len]).is_err());
            }
        }
        assert_eq!("S-1-0x5-18".parse(), Ok(Sid::SYSTEM));
        assert_eq!(Sid::ADMINISTRATORS.rid(), Some(544));
        assert_eq!(Sid::of(5, &[18]), Sid::new(5, &[18]).unwrap());
    }

    #[test]
    fn wrong_bytes_are_refused() {
        assert!(Sid::from_bytes(&[2, 0, 0, 0, 0, 0, 0, 5]).is_err());
        let mut long = [0; 8 + 16 * 4];
        (long[0], long[1]) = (1, 16);
        assert!(Sid::from_bytes(&long).is_err());
        long[1] = 15;
        assert!(Sid::from_bytes(&long).is_ok());
    }

    #[test]
    fn wrong_text_is_refused() {
        let long = format!("S-1-5{}", "-1".repeat(16));
        let cases = [
            "",
            "S",
            "S-1",
            "S-1-",
            "S-2-5-18",
            "X-1-5",
            "S-1-5-",
            "S-1-5-+1",
            "S-1-+5-1",
            "S-1-5-4294967296",
            "S-1-281474976710656",
            "S-1-0x1000000000000",
            "S-1-0x",
            "S-1-5-0x1",
            "S-1-5 -1",
            "S-1-5-18 ",
            "S-1-٣",
            &long,
        ];
        for text in cases {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        assert!(long[..long.len() - 2].parse::<Sid>().is_ok());
    }
}

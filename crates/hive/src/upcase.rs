//! Upper-case tables for single UTF-16 units: the built-in one, and that of an installation.
//!
//! Invariants: a table maps each of the 65,536 units to one unit, and the ASCII letters as
//! everywhere; units outside [`RUNS`] map to themselves in the built-in one, which is Windows 10's
//! and changes 973 units. It is not Unicode's: U+00B5, U+00DF, U+0131 and U+017F stay as they are.
//! Absent on purpose: locales, normalization and surrogates, which the kernel ignores here.
//! Source: measured from `l_intl.nls`; `FORMAT.md`, "Names".

use crate::bytes;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// Where the upper-case table of `l_intl.nls` begins; the number before it is its size in words.
const TABLE: usize = 4;
/// Size of one number of the table.
const WORD: usize = 2;

/// Runs of units that share one distance to their upper-case form.
/// Fields: first unit, last unit, step between units, distance to add (modulo 2^16).
const RUNS: &[(u16, u16, u16, u16)] = &[
    (0x0061, 0x007A, 1, 0xFFE0),
    (0x00E0, 0x00F6, 1, 0xFFE0),
    (0x00F8, 0x00FE, 1, 0xFFE0),
    (0x00FF, 0x00FF, 1, 0x0079),
    (0x0101, 0x012F, 2, 0xFFFF),
    (0x0133, 0x0137, 2, 0xFFFF),
    (0x013A, 0x0148, 2, 0xFFFF),
    (0x014B, 0x0177, 2, 0xFFFF),
    (0x017A, 0x017E, 2, 0xFFFF),
    (0x0180, 0x0180, 1, 0x00C3),
    (0x0183, 0x0185, 2, 0xFFFF),
    (0x0188, 0x0188, 1, 0xFFFF),
    (0x018C, 0x018C, 1, 0xFFFF),
    (0x0192, 0x0192, 1, 0xFFFF),
    (0x0195, 0x0195, 1, 0x0061),
    (0x0199, 0x0199, 1, 0xFFFF),
    (0x019A, 0x019A, 1, 0x00A3),
    (0x019E, 0x019E, 1, 0x0082),
    (0x01A1, 0x01A5, 2, 0xFFFF),
    (0x01A8, 0x01A8, 1, 0xFFFF),
    (0x01AD, 0x01AD, 1, 0xFFFF),
    (0x01B0, 0x01B0, 1, 0xFFFF),
    (0x01B4, 0x01B6, 2, 0xFFFF),
    (0x01B9, 0x01B9, 1, 0xFFFF),
    (0x01BD, 0x01BD, 1, 0xFFFF),
    (0x01BF, 0x01BF, 1, 0x0038),
    (0x01C6, 0x01C6, 1, 0xFFFE),
    (0x01C9, 0x01C9, 1, 0xFFFE),
    (0x01CC, 0x01CC, 1, 0xFFFE),
    (0x01CE, 0x01DC, 2, 0xFFFF),
    (0x01DD, 0x01DD, 1, 0xFFB1),
    (0x01DF, 0x01EF, 2, 0xFFFF),
    (0x01F3, 0x01F3, 1, 0xFFFE),
    (0x01F5, 0x01F5, 1, 0xFFFF),
    (0x01F9, 0x021F, 2, 0xFFFF),
    (0x0223, 0x0233, 2, 0xFFFF),
    (0x023C, 0x023C, 1, 0xFFFF),
    (0x0242, 0x0242, 1, 0xFFFF),
    (0x0247, 0x024F, 2, 0xFFFF),
    (0x0250, 0x0250, 1, 0x2A1F),
    (0x0251, 0x0251, 1, 0x2A1C),
    (0x0253, 0x0253, 1, 0xFF2E),
    (0x0254, 0x0254, 1, 0xFF32),
    (0x0256, 0x0257, 1, 0xFF33),
    (0x0259, 0x0259, 1, 0xFF36),
    (0x025B, 0x025B, 1, 0xFF35),
    (0x0260, 0x0260, 1, 0xFF33),
    (0x0263, 0x0263, 1, 0xFF31),
    (0x0268, 0x0268, 1, 0xFF2F),
    (0x0269, 0x0269, 1, 0xFF2D),
    (0x026B, 0x026B, 1, 0x29F7),
    (0x026F, 0x026F, 1, 0xFF2D),
    (0x0271, 0x0271, 1, 0x29FD),
    (0x0272, 0x0272, 1, 0xFF2B),
    (0x0275, 0x0275, 1, 0xFF2A),
    (0x027D, 0x027D, 1, 0x29E7),
    (0x0280, 0x0280, 1, 0xFF26),
    (0x0283, 0x0283, 1, 0xFF26),
    (0x0288, 0x0288, 1, 0xFF26),
    (0x0289, 0x0289, 1, 0xFFBB),
    (0x028A, 0x028B, 1, 0xFF27),
    (0x028C, 0x028C, 1, 0xFFB9),
    (0x0292, 0x0292, 1, 0xFF25),
    (0x0371, 0x0373, 2, 0xFFFF),
    (0x0377, 0x0377, 1, 0xFFFF),
    (0x037B, 0x037D, 1, 0x0082),
    (0x03AC, 0x03AC, 1, 0xFFDA),
    (0x03AD, 0x03AF, 1, 0xFFDB),
    (0x03B1, 0x03C1, 1, 0xFFE0),
    (0x03C3, 0x03CB, 1, 0xFFE0),
    (0x03CC, 0x03CC, 1, 0xFFC0),
    (0x03CD, 0x03CE, 1, 0xFFC1),
    (0x03D7, 0x03D7, 1, 0xFFF8),
    (0x03D9, 0x03EF, 2, 0xFFFF),
    (0x03F2, 0x03F2, 1, 0x0007),
    (0x03F8, 0x03F8, 1, 0xFFFF),
    (0x03FB, 0x03FB, 1, 0xFFFF),
    (0x0430, 0x044F, 1, 0xFFE0),
    (0x0450, 0x045F, 1, 0xFFB0),
    (0x0461, 0x0481, 2, 0xFFFF),
    (0x048B, 0x04BF, 2, 0xFFFF),
    (0x04C2, 0x04CE, 2, 0xFFFF),
    (0x04CF, 0x04CF, 1, 0xFFF1),
    (0x04D1, 0x0523, 2, 0xFFFF),
    (0x0561, 0x0586, 1, 0xFFD0),
    (0x1D79, 0x1D79, 1, 0x8A04),
    (0x1D7D, 0x1D7D, 1, 0x0EE6),
    (0x1E01, 0x1E95, 2, 0xFFFF),
    (0x1EA1, 0x1EFF, 2, 0xFFFF),
    (0x1F00, 0x1F07, 1, 0x0008),
    (0x1F10, 0x1F15, 1, 0x0008),
    (0x1F20, 0x1F27, 1, 0x0008),
    (0x1F30, 0x1F37, 1, 0x0008),
    (0x1F40, 0x1F45, 1, 0x0008),
    (0x1F51, 0x1F57, 2, 0x0008),
    (0x1F60, 0x1F67, 1, 0x0008),
    (0x1F70, 0x1F71, 1, 0x004A),
    (0x1F72, 0x1F75, 1, 0x0056),
    (0x1F76, 0x1F77, 1, 0x0064),
    (0x1F78, 0x1F79, 1, 0x0080),
    (0x1F7A, 0x1F7B, 1, 0x0070),
    (0x1F7C, 0x1F7D, 1, 0x007E),
    (0x1F80, 0x1F87, 1, 0x0008),
    (0x1F90, 0x1F97, 1, 0x0008),
    (0x1FA0, 0x1FA7, 1, 0x0008),
    (0x1FB0, 0x1FB1, 1, 0x0008),
    (0x1FB3, 0x1FB3, 1, 0x0009),
    (0x1FC3, 0x1FC3, 1, 0x0009),
    (0x1FD0, 0x1FD1, 1, 0x0008),
    (0x1FE0, 0x1FE1, 1, 0x0008),
    (0x1FE5, 0x1FE5, 1, 0x0007),
    (0x1FF3, 0x1FF3, 1, 0x0009),
    (0x214E, 0x214E, 1, 0xFFE4),
    (0x2170, 0x217F, 1, 0xFFF0),
    (0x2184, 0x2184, 1, 0xFFFF),
    (0x24D0, 0x24E9, 1, 0xFFE6),
    (0x2C30, 0x2C5E, 1, 0xFFD0),
    (0x2C61, 0x2C61, 1, 0xFFFF),
    (0x2C65, 0x2C65, 1, 0xD5D5),
    (0x2C66, 0x2C66, 1, 0xD5D8),
    (0x2C68, 0x2C6C, 2, 0xFFFF),
    (0x2C73, 0x2C73, 1, 0xFFFF),
    (0x2C76, 0x2C76, 1, 0xFFFF),
    (0x2C81, 0x2CE3, 2, 0xFFFF),
    (0x2D00, 0x2D25, 1, 0xE3A0),
    (0xA641, 0xA65F, 2, 0xFFFF),
    (0xA663, 0xA66D, 2, 0xFFFF),
    (0xA681, 0xA697, 2, 0xFFFF),
    (0xA723, 0xA72F, 2, 0xFFFF),
    (0xA733, 0xA76F, 2, 0xFFFF),
    (0xA77A, 0xA77C, 2, 0xFFFF),
    (0xA77F, 0xA787, 2, 0xFFFF),
    (0xA78C, 0xA78C, 1, 0xFFFF),
    (0xFF41, 0xFF5A, 1, 0xFFE0),
];

/// The table under which one installation compares, orders and hashes names.
///
/// Copies share the table.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Upcase {
    /// Every unit's upper-case form; none for the built-in table.
    own: Option<Arc<[u16]>>,
}

/// Why bytes are not the `l_intl.nls` of a Windows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpcaseError {
    /// The file ends before its table.
    #[error("l_intl.nls: {len} bytes, its upper-case table ends at {needed}")]
    Short {
        /// Length of the file.
        len: usize,
        /// Length it should at least have.
        needed: usize,
    },
    /// The way to a unit leads out of the table.
    #[error("l_intl.nls: the way to U+{unit:04X} leads out of a table of {words} words")]
    Outside {
        /// The unit.
        unit: u16,
        /// Size of the table.
        words: u16,
    },
    /// No Windows maps this unit so.
    #[error("l_intl.nls: U+{unit:04X} becomes U+{found:04X}, expected U+{expected:04X}")]
    Ascii {
        /// The unit, below U+0080.
        unit: u16,
        /// What the table makes of it.
        found: u16,
        /// What every Windows makes of it.
        expected: u16,
    },
}

impl Upcase {
    /// The table of Windows 10, which costs nothing.
    pub fn built_in() -> Upcase {
        Upcase { own: None }
    }

    /// The table in the bytes of an installation's `l_intl.nls`: at most 128 KiB, whatever the
    /// bytes are, and the built-in one where they say the same.
    ///
    /// # Errors
    /// When the table is cut off, leads out of itself, or treats ASCII as no Windows does.
    pub fn from_l_intl(file: &[u8]) -> Result<Upcase, UpcaseError> {
        let short = |needed| UpcaseError::Short {
            len: file.len(),
            needed,
        };
        let words = bytes::u16_at(file, WORD).ok_or(short(TABLE))?;
        let len = usize::from(words) * WORD;
        let trie = bytes::slice(file, TABLE, len).ok_or(short(TABLE + len))?;
        let mut own = Vec::with_capacity(1 << 16);
        for unit in 0..=u16::MAX {
            let distance = distance(trie, unit).ok_or(UpcaseError::Outside { unit, words })?;
            let (found, expected) = (unit.wrapping_add(distance), built_in(unit));
            if unit < 0x80 && found != expected {
                return Err(UpcaseError::Ascii {
                    unit,
                    found,
                    expected,
                });
            }
            own.push(found);
        }
        let known = (0..=u16::MAX).map(built_in).eq(own.iter().copied());
        Ok(Upcase {
            own: (!known).then(|| own.into()),
        })
    }

    /// The upper-case form of one UTF-16 unit.
    pub fn unit(&self, unit: u16) -> u16 {
        match &self.own {
            None => built_in(unit),
            Some(own) => mapped(own, unit),
        }
    }

    /// The order of names in subkey lists; equal names are the same to the kernel.
    pub fn compare(
        &self,
        left: impl Iterator<Item = u16>,
        right: impl Iterator<Item = u16>,
    ) -> Ordering {
        match &self.own {
            None => left.map(built_in).cmp(right.map(built_in)),
            Some(own) => left
                .map(|unit| mapped(own, unit))
                .cmp(right.map(|unit| mapped(own, unit))),
        }
    }

    /// The hash of an `lh` list.
    pub fn lh_hash(&self, name: impl Iterator<Item = u16>) -> u32 {
        let add = |hash: u32, upper: u16| hash.wrapping_mul(37).wrapping_add(u32::from(upper));
        match &self.own {
            None => name.map(built_in).fold(0, add),
            Some(own) => name.map(|unit| mapped(own, unit)).fold(0, add),
        }
    }
}

impl fmt::Debug for Upcase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upcase")
            .field("built_in", &self.own.is_none())
            .finish()
    }
}

fn mapped(own: &[u16], unit: u16) -> u16 {
    // The table has every unit.
    own.get(usize::from(unit)).copied().unwrap_or(unit)
}

/// What to add to a unit, from three levels of 256, 16 and 16 words; the first two give the place
/// of the next.
fn distance(trie: &[u8], unit: u16) -> Option<u16> {
    let word = |index: usize| bytes::u16_at(trie, index * WORD);
    let high = usize::from(word(usize::from(unit >> 8))?);
    let middle = usize::from(word(high + usize::from(unit >> 4 & 0xF))?);
    word(middle + usize::from(unit & 0xF))
}

/// The built-in table.
pub(crate) fn built_in(unit: u16) -> u16 {
    if unit < 0x80 {
        return if (0x61..=0x7A).contains(&unit) {
            unit - 0x20
        } else {
            unit
        };
    }
    let after = RUNS.partition_point(|run| run.0 <= unit);
    match after.checked_sub(1).and_then(|last| RUNS.get(last)) {
        Some(&(first, last, step, distance))
            if unit <= last && (unit - first).is_multiple_of(step) =>
        {
            unit.wrapping_add(distance)
        }
        _ => unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_measured_one() {
        let changed = (0..=u16::MAX)
            .filter(|&unit| built_in(unit) != unit)
            .count();
        assert_eq!(changed, 973);
        let sum = (0..=u16::MAX).fold(0_u64, |sum, unit| {
            sum.wrapping_mul(31).wrapping_add(u64::from(built_in(unit)))
        });
        assert_eq!(sum, 0xCC10C026B33FD1D6);
    }

    #[test]
    fn units_that_unicode_would_change_stay() {
        for unit in [0xB5, 0xDF, 0x131, 0x17F, 0x345, 0x3C2, 0x1C5] {
            assert_eq!(built_in(unit), unit);
        }
        assert_eq!(built_in(0xFF), 0x178);
        assert_eq!(built_in(0x180), 0x243);
        assert_eq!(built_in(0x5F), 0x5F);
    }

    #[test]
    fn runs_are_sorted_and_apart() {
        for pair in RUNS.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:x?}");
        }
    }
}

//! The upper-case mapping by which key names are ordered, compared and hashed.
//!
//! Invariants: one UTF-16 unit gives one UTF-16 unit; no locale, no normalization, surrogates are
//! left alone. It is computed from Unicode simple upper case with the kernel's exceptions, not
//! taken from a table, so a Rust with newer Unicode data may add differences outside the ranges
//! named at [`unit()`]. Absent: the letters Unicode added after the kernel's table was made.

use std::cmp::Ordering;
use std::collections::HashMap;

/// Maps one UTF-16 unit to upper case.
///
/// The same as the Windows 10 kernel's for U+0000..=U+023E, U+0370..=U+03CF, U+0400..=U+0524,
/// U+0531..=U+0587, U+1E00..=U+1E9A and U+FF00..=U+FFEF; elsewhere it may differ.
pub fn unit(unit: u16) -> u16 {
    if matches!(
        unit,
        0x00B5
            | 0x00DF
            | 0x0131
            | 0x017F
            | 0x019B
            | 0x01C5
            | 0x01C8
            | 0x01CB
            | 0x01F2
            | 0x0345
            | 0x03C2
    ) {
        return unit;
    }
    let Some(character) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => u16::try_from(u32::from(single)).unwrap_or(unit),
        _ => unit,
    }
}

/// Compares two names as the kernel orders them: unit by unit in upper case, a prefix first.
pub fn compare(left: &[u16], right: &[u16]) -> Ordering {
    left.iter()
        .map(|u| unit(*u))
        .cmp(right.iter().map(|u| unit(*u)))
}

/// The hash an `lh` list carries beside a name.
pub fn hash(name: &[u16]) -> u32 {
    name.iter().fold(0, |hash: u32, u| {
        hash.wrapping_mul(37).wrapping_add(u32::from(unit(*u)))
    })
}

/// An `l_intl.nls`, laid out as Windows lays it out: equal blocks stand
/// there once. `upper` gives each unit's upper case.
pub fn l_intl(upper: impl Fn(u16) -> u16) -> Vec<u8> {
    let distance = |unit: u16| upper(unit).wrapping_sub(unit);
    let (mut known, mut words): (HashMap<Vec<u16>, u16>, Vec<u16>) = (HashMap::new(), vec![0; 256]);
    let mut place = |block: Vec<u16>, words: &mut Vec<u16>| {
        *known.entry(block).or_insert_with_key(|block| {
            words.extend(block);
            (words.len() - 16) as u16
        })
    };
    for high in 0..256_u16 {
        let middle = (0..16).map(|part| {
            let unit = |low| high << 8 | part << 4 | low;
            place((0..16).map(|low| distance(unit(low))).collect(), &mut words)
        });
        let middle: Vec<u16> = middle.collect();
        // A block of places could look like one of distances: they are kept apart.
        words.extend(&middle);
        words[usize::from(high)] = (words.len() - 16) as u16;
    }
    let head = [1, words.len() as u16 + 1];
    let lower = [2, 0];
    let all = head.iter().chain(&words).chain(&lower);
    all.flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn underscore_sorts_after_letters() {
        assert_eq!(compare(&units("a_"), &units("az")), Ordering::Greater);
        assert_eq!(compare(&units("ab"), &units("ABC")), Ordering::Less);
        assert_eq!(
            compare(&units("stra\u{df}e"), &units("STRA\u{df}E")),
            Ordering::Equal
        );
        assert_eq!(unit(0xFF), 0x178);
        assert_eq!(unit(0xB5), 0xB5);
        assert_eq!(unit(0xD800), 0xD800);
    }

    #[test]
    fn hash_folds_case() {
        assert_eq!(hash(&units("ab")), 65 * 37 + 66);
        assert_eq!(hash(&units("select")), hash(&units("SELECT")));
    }
}

//! Rights and flags of access entries as letters.
//!
//! Invariants: printing and parsing share one table each, so they cannot disagree. Absent on
//! purpose: the letters of directory rights under other names.

use crate::access::AccessMask;
use crate::format::{AceFlags, AceKind, Control};

/// Sets that are printed only when the mask is exactly one of them.
const WHOLE: &[(&str, u32)] = &[
    ("FA", AccessMask::FILE_ALL_ACCESS.0),
    ("FR", AccessMask::FILE_GENERIC_READ.0),
    ("FW", AccessMask::FILE_GENERIC_WRITE.0),
    ("FX", AccessMask::FILE_GENERIC_EXECUTE.0),
    ("KA", AccessMask::KEY_ALL_ACCESS.0),
    ("KR", AccessMask::KEY_READ.0),
    ("KW", AccessMask::KEY_WRITE.0),
    ("KX", AccessMask::KEY_EXECUTE.0),
];
/// Single rights, printed from the lowest bit up.
const SINGLE: &[(&str, u32)] = &[
    ("CC", 0x0000_0001),
    ("DC", 0x0000_0002),
    ("LC", 0x0000_0004),
    ("SW", 0x0000_0008),
    ("RP", 0x0000_0010),
    ("WP", 0x0000_0020),
    ("DT", 0x0000_0040),
    ("LO", 0x0000_0080),
    ("CR", 0x0000_0100),
    ("SD", AccessMask::DELETE.0),
    ("RC", AccessMask::READ_CONTROL.0),
    ("WD", AccessMask::WRITE_DAC.0),
    ("WO", AccessMask::WRITE_OWNER.0),
    ("GA", AccessMask::GENERIC_ALL.0),
    ("GX", AccessMask::GENERIC_EXECUTE.0),
    ("GW", AccessMask::GENERIC_WRITE.0),
    ("GR", AccessMask::GENERIC_READ.0),
];
/// What an integrity label forbids those below it.
const LABEL: &[(&str, u32)] = &[("NW", 1), ("NR", 2), ("NX", 4)];

/// Flags of an entry, in the order they are printed.
const FLAGS: &[(&str, AceFlags)] = &[
    ("OI", AceFlags::OBJECT_INHERIT),
    ("CI", AceFlags::CONTAINER_INHERIT),
    ("NP", AceFlags::NO_PROPAGATE),
    ("IO", AceFlags::INHERIT_ONLY),
    ("ID", AceFlags::INHERITED),
    ("CR", AceFlags::CRITICAL),
    ("SA", AceFlags::AUDIT_SUCCESS),
    ("FA", AceFlags::AUDIT_FAILURE),
];

/// Kinds of entries that are nothing but mask and SID.
const KINDS: &[(&str, AceKind)] = &[
    ("A", AceKind::ALLOWED),
    ("D", AceKind::DENIED),
    ("AU", AceKind::AUDIT),
    ("AL", AceKind::ALARM),
    ("ML", AceKind::MANDATORY_LABEL),
    ("SP", AceKind::SCOPED_POLICY_ID),
    ("TL", AceKind::PROCESS_TRUST_LABEL),
];

/// Letters of a list's flags, with the flag of the discretionary and of the system list.
pub(super) const LIST_FLAGS: &[(&str, Control, Control)] = &[
    ("P", Control::DACL_PROTECTED, Control::SACL_PROTECTED),
    (
        "AR",
        Control::DACL_AUTO_INHERIT_REQ,
        Control::SACL_AUTO_INHERIT_REQ,
    ),
    (
        "AI",
        Control::DACL_AUTO_INHERITED,
        Control::SACL_AUTO_INHERITED,
    ),
];

/// The letters of a kind; `None` where text cannot say all of such an entry.
pub(super) fn kind_text(kind: AceKind) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|(_, own)| *own == kind)
        .map(|(letters, _)| *letters)
}

/// The kind of letters; `None` for those this crate does not read.
pub(super) fn kind_of(letters: &str) -> Option<AceKind> {
    KINDS
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(letters))
        .map(|(_, kind)| *kind)
}

/// Flags as letters.
pub(super) fn flags_text(flags: AceFlags) -> String {
    FLAGS
        .iter()
        .filter(|(_, flag)| flags.contains(*flag))
        .map(|(letters, _)| *letters)
        .collect()
}

/// Letters as flags; `None` when one pair is no flag.
pub(super) fn flags_of(text: &str) -> Option<AceFlags> {
    pairs(text).try_fold(AceFlags::empty(), |all, pair| {
        let pair = pair?;
        let (_, flag) = FLAGS
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(pair))?;
        Some(all | *flag)
    })
}

/// Rights as letters, or as a hexadecimal number where letters cannot say all of them.
pub(super) fn rights_text(kind: AceKind, mask: AccessMask) -> String {
    let table = if kind == AceKind::MANDATORY_LABEL {
        LABEL
    } else {
        if let Some((letters, _)) = WHOLE.iter().find(|(_, bits)| *bits == mask.0) {
            return (*letters).to_string();
        }
        SINGLE
    };
    let known = table.iter().fold(0, |all, (_, bit)| all | bit);
    if mask.0 == 0 || mask.0 & !known != 0 {
        return mask.to_string();
    }
    table
        .iter()
        .filter(|(_, bit)| mask.0 & bit != 0)
        .map(|(letters, _)| *letters)
        .collect()
}

/// Rights from letters or a number (hexadecimal, octal, decimal as in C); `None` for neither.
pub(super) fn rights_of(text: &str) -> Option<AccessMask> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return number(text).map(AccessMask);
    }
    pairs(text).try_fold(AccessMask(0), |all, pair| {
        let pair = pair?;
        let mut tables = WHOLE.iter().chain(SINGLE).chain(LABEL);
        let (_, bits) = tables.find(|(own, _)| own.eq_ignore_ascii_case(pair))?;
        Some(all | AccessMask(*bits))
    })
}

fn number(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if lower.len() > 1 && lower.starts_with('0') => (lower.as_str(), 8),
        None => (lower.as_str(), 10),
    };
    // Parsing alone would take a sign.
    let clean = digits.chars().all(|c| c.is_digit(radix));
    clean.then(|| u32::from_str_radix(digits, radix).ok())?
}

/// The text in pieces of two characters; `None` for one that is not ASCII or left over.
fn pairs(text: &str) -> impl Iterator<Item = Option<&str>> {
    (0..text.len().div_ceil(2)).map(|n| text.get(n * 2..n * 2 + 2).filter(|pair| pair.is_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_both_ways() {
        let cases = [
            (0x000F_003F, "KA"),
            (0x0002_0019, "KR"),
            (0x0002_0006, "KW"),
            (0x001F_01FF, "FA"),
            (0x0012_0089, "FR"),
            (0x0012_0116, "FW"),
            (0x0012_00A0, "FX"),
            (0x0012_019F, "0x12019f"),
            (0x0002_001F, "CCDCLCSWRPRC"),
            (0x000F_01FF, "CCDCLCSWRPWPDTLOCRSDRCWDWO"),
            (0xE001_0000, "SDGXGWGR"),
            (0x1000_0000, "GA"),
            (0x0010_0001, "0x100001"),
            (0, "0x0"),
        ];
        for (mask, text) in cases {
            assert_eq!(rights_text(AceKind::ALLOWED, AccessMask(mask)), text);
            assert_eq!(rights_of(text), Some(AccessMask(mask)), "{text}");
            let lower = text.to_ascii_lowercase();
            assert_eq!(rights_of(&lower), Some(AccessMask(mask)), "{lower}");
        }
        for (mask, text) in [(1, "NW"), (7, "NWNRNX"), (9, "0x9")] {
            assert_eq!(
                rights_text(AceKind::MANDATORY_LABEL, AccessMask(mask)),
                text
            );
            assert_eq!(rights_of(text), Some(AccessMask(mask)), "{text}");
        }
    }

    #[test]
    fn numbers_as_in_c_and_nothing_else() {
        let good = [
            ("0x1F", 31),
            ("0X1f", 31),
            ("017", 15),
            ("17", 17),
            ("0", 0),
            ("", 0),
        ];
        for (text, mask) in good {
            assert_eq!(rights_of(text), Some(AccessMask(mask)), "{text}");
        }
        for text in [
            "0x",
            "0x123456789",
            "08",
            "4294967296",
            "0x+1",
            "1 ",
            "QQ",
            "FAX",
            "F",
            "Fé",
        ] {
            assert_eq!(rights_of(text), None, "{text}");
        }
    }

    #[test]
    fn flags_both_ways() {
        for bits in 0..=255 {
            let flags = AceFlags::from_bits_retain(bits);
            assert_eq!(flags_of(&flags_text(flags)), Some(flags));
        }
        assert_eq!(flags_text(AceFlags::from_bits_retain(0x1B)), "OICIIOID");
        assert_eq!(flags_text(AceFlags::from_bits_retain(0xC2)), "CISAFA");
        for text in ["C", "CIO", "XX", "ÄÄ"] {
            assert_eq!(flags_of(text), None, "{text}");
        }
    }
}

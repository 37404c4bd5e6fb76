//! The SIDs that are the same on every Windows: SDDL alias and English account name.
//!
//! Invariants: no SID, alias or name stands twice. Absent on purpose: accounts of a domain or a
//! machine (`LA`, `DA`, …), whose SIDs begin with numbers this crate does not know.

use crate::sid::Sid;

/// A SID that means the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WellKnown {
    /// The SID.
    pub sid: Sid,
    /// Its two letters in SDDL, where it has any.
    pub alias: Option<&'static str>,
    /// The account's name on an English Windows.
    pub name: &'static str,
}

/// All of them, ordered by SID.
pub const WELL_KNOWN: &[WellKnown] = &[
    plain(0, &[0], "NULL SID"),
    alias(1, &[0], "WD", "Everyone"),
    plain(2, &[0], "LOCAL"),
    plain(2, &[1], "CONSOLE LOGON"),
    alias(3, &[0], "CO", "CREATOR OWNER"),
    alias(3, &[1], "CG", "CREATOR GROUP"),
    plain(3, &[2], "CREATOR OWNER SERVER"),
    plain(3, &[3], "CREATOR GROUP SERVER"),
    alias(3, &[4], "OW", "OWNER RIGHTS"),
    plain(5, &[1], "NT AUTHORITY\\DIALUP"),
    alias(5, &[2], "NU", "NT AUTHORITY\\NETWORK"),
    plain(5, &[3], "NT AUTHORITY\\BATCH"),
    alias(5, &[4], "IU", "NT AUTHORITY\\INTERACTIVE"),
    alias(5, &[6], "SU", "NT AUTHORITY\\SERVICE"),
    alias(5, &[7], "AN", "NT AUTHORITY\\ANONYMOUS LOGON"),
    plain(5, &[8], "NT AUTHORITY\\PROXY"),
    alias(5, &[9], "ED", "NT AUTHORITY\\ENTERPRISE DOMAIN CONTROLLERS"),
    alias(5, &[10], "PS", "NT AUTHORITY\\SELF"),
    alias(5, &[11], "AU", "NT AUTHORITY\\Authenticated Users"),
    alias(5, &[12], "RC", "NT AUTHORITY\\RESTRICTED"),
    plain(5, &[13], "NT AUTHORITY\\TERMINAL SERVER USER"),
    plain(5, &[14], "NT AUTHORITY\\REMOTE INTERACTIVE LOGON"),
    plain(5, &[15], "NT AUTHORITY\\This Organization"),
    plain(5, &[17], "NT AUTHORITY\\IUSR"),
    alias(5, &[18], "SY", "NT AUTHORITY\\SYSTEM"),
    alias(5, &[19], "LS", "NT AUTHORITY\\LOCAL SERVICE"),
    alias(5, &[20], "NS", "NT AUTHORITY\\NETWORK SERVICE"),
    alias(5, &[32, 544], "BA", "BUILTIN\\Administrators"),
    alias(5, &[32, 545], "BU", "BUILTIN\\Users"),
    alias(5, &[32, 546], "BG", "BUILTIN\\Guests"),
    alias(5, &[32, 547], "PU", "BUILTIN\\Power Users"),
    alias(5, &[32, 548], "AO", "BUILTIN\\Account Operators"),
    alias(5, &[32, 549], "SO", "BUILTIN\\Server Operators"),
    alias(5, &[32, 550], "PO", "BUILTIN\\Print Operators"),
    alias(5, &[32, 551], "BO", "BUILTIN\\Backup Operators"),
    alias(5, &[32, 552], "RE", "BUILTIN\\Replicator"),
    alias(
        5,
        &[32, 554],
        "RU",
        "BUILTIN\\Pre-Windows 2000 Compatible Access",
    ),
    alias(5, &[32, 555], "RD", "BUILTIN\\Remote Desktop Users"),
    alias(
        5,
        &[32, 556],
        "NO",
        "BUILTIN\\Network Configuration Operators",
    ),
    plain(5, &[32, 557], "BUILTIN\\Incoming Forest Trust Builders"),
    alias(5, &[32, 558], "MU", "BUILTIN\\Performance Monitor Users"),
    alias(5, &[32, 559], "LU", "BUILTIN\\Performance Log Users"),
    plain(5, &[32, 560], "BUILTIN\\Windows Authorization Access Group"),
    plain(5, &[32, 561], "BUILTIN\\Terminal Server License Servers"),
    plain(5, &[32, 562], "BUILTIN\\Distributed COM Users"),
    alias(5, &[32, 568], "IS", "BUILTIN\\IIS_IUSRS"),
    alias(5, &[32, 569], "CY", "BUILTIN\\Cryptographic Operators"),
    alias(5, &[32, 573], "ER", "BUILTIN\\Event Log Readers"),
    alias(
        5,
        &[32, 574],
        "CD",
        "BUILTIN\\Certificate Service DCOM Access",
    ),
    alias(5, &[32, 575], "RA", "BUILTIN\\RDS Remote Access Servers"),
    alias(5, &[32, 576], "ES", "BUILTIN\\RDS Endpoint Servers"),
    alias(5, &[32, 577], "MS", "BUILTIN\\RDS Management Servers"),
    alias(5, &[32, 578], "HA", "BUILTIN\\Hyper-V Administrators"),
    alias(
        5,
        &[32, 579],
        "AA",
        "BUILTIN\\Access Control Assistance Operators",
    ),
    alias(5, &[32, 580], "RM", "BUILTIN\\Remote Management Users"),
    plain(5, &[32, 581], "BUILTIN\\System Managed Accounts Group"),
    plain(5, &[32, 582], "BUILTIN\\Storage Replica Administrators"),
    plain(5, &[32, 583], "BUILTIN\\Device Owners"),
    alias(5, &[33], "WR", "NT AUTHORITY\\WRITE RESTRICTED"),
    plain(5, &[64, 10], "NT AUTHORITY\\NTLM Authentication"),
    plain(5, &[64, 14], "NT AUTHORITY\\SChannel Authentication"),
    plain(5, &[64, 21], "NT AUTHORITY\\Digest Authentication"),
    plain(5, &[80, 0], "NT SERVICE\\ALL SERVICES"),
    plain(
        5,
        &[
            80,
            956_008_885,
            3_418_522_649,
            1_831_038_044,
            1_853_292_631,
            2_271_478_464,
        ],
        "NT SERVICE\\TrustedInstaller",
    ),
    plain(
        5,
        &[
            80,
            4_022_436_659,
            1_090_538_466,
            1_613_889_075,
            870_485_073,
            3_428_993_833,
        ],
        "NT SERVICE\\SessionEnv",
    ),
    plain(5, &[83, 0], "NT VIRTUAL MACHINE\\Virtual Machines"),
    alias(5, &[84, 0, 0, 0, 0, 0], "UD", "USER MODE DRIVERS"),
    plain(5, &[90, 0], "Window Manager\\Window Manager Group"),
    plain(5, &[113], "NT AUTHORITY\\Local account"),
    plain(
        5,
        &[114],
        "NT AUTHORITY\\Local account and member of Administrators group",
    ),
    alias(
        15,
        &[2, 1],
        "AC",
        "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES",
    ),
    plain(
        15,
        &[2, 2],
        "APPLICATION PACKAGE AUTHORITY\\ALL RESTRICTED APPLICATION PACKAGES",
    ),
    plain(16, &[0], "Mandatory Label\\Untrusted Mandatory Level"),
    alias(16, &[4096], "LW", "Mandatory Label\\Low Mandatory Level"),
    alias(16, &[8192], "ME", "Mandatory Label\\Medium Mandatory Level"),
    alias(
        16,
        &[8448],
        "MP",
        "Mandatory Label\\Medium Plus Mandatory Level",
    ),
    alias(16, &[12288], "HI", "Mandatory Label\\High Mandatory Level"),
    alias(
        16,
        &[16384],
        "SI",
        "Mandatory Label\\System Mandatory Level",
    ),
    plain(
        16,
        &[20480],
        "Mandatory Label\\Protected Process Mandatory Level",
    ),
    plain(18, &[1], "Authentication authority asserted identity"),
    alias(18, &[2], "SS", "Service asserted identity"),
];

/// Aliases that stand for an account of a domain or of one machine.
const RELATIVE: &[&str] = &[
    "AP", "CA", "CN", "DA", "DC", "DD", "DG", "DU", "EA", "EK", "KA", "LA", "LG", "PA", "RO", "RS",
    "SA",
];

const fn plain(authority: u8, subs: &[u32], name: &'static str) -> WellKnown {
    WellKnown {
        sid: Sid::of(authority, subs),
        alias: None,
        name,
    }
}

const fn alias(
    authority: u8,
    subs: &[u32],
    letters: &'static str,
    name: &'static str,
) -> WellKnown {
    WellKnown {
        sid: Sid::of(authority, subs),
        alias: Some(letters),
        name,
    }
}

/// What is known of a SID; `None` for those of accounts, machines and domains.
pub fn of(sid: &Sid) -> Option<&'static WellKnown> {
    WELL_KNOWN.iter().find(|row| row.sid == *sid)
}

/// The SID of two letters of SDDL, in upper or lower case.
pub(crate) fn by_alias(letters: &str) -> Option<Sid> {
    let row = WELL_KNOWN.iter().find(|row| {
        row.alias
            .is_some_and(|own| own.eq_ignore_ascii_case(letters))
    })?;
    Some(row.sid)
}

/// Whether the letters are SDDL, but mean something else in each domain.
pub(crate) fn is_relative(letters: &str) -> bool {
    RELATIVE.iter().any(|own| own.eq_ignore_ascii_case(letters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn nothing_stands_twice() {
        let sids: BTreeSet<_> = WELL_KNOWN.iter().map(|row| row.sid).collect();
        let names: BTreeSet<_> = WELL_KNOWN.iter().map(|row| row.name).collect();
        let aliases: Vec<_> = WELL_KNOWN.iter().filter_map(|row| row.alias).collect();
        let distinct: BTreeSet<_> = aliases.iter().chain(RELATIVE).collect();
        assert_eq!(sids.len(), WELL_KNOWN.len());
        assert_eq!(names.len(), WELL_KNOWN.len());
        assert_eq!(distinct.len(), aliases.len() + RELATIVE.len());
        assert!(distinct.iter().all(|letters| letters.len() == 2));
        assert!(
            WELL_KNOWN.is_sorted_by_key(|row| {
                (row.sid.authority(), row.sid.sub_authorities().to_vec())
            })
        );
    }

    #[test]
    fn aliases_and_names() {
        let cases = [
            ("BA", "S-1-5-32-544", "BUILTIN\\Administrators"),
            ("RD", "S-1-5-32-555", "BUILTIN\\Remote Desktop Users"),
            ("sy", "S-1-5-18", "NT AUTHORITY\\SYSTEM"),
            ("NS", "S-1-5-20", "NT AUTHORITY\\NETWORK SERVICE"),
            ("WD", "S-1-1-0", "Everyone"),
            (
                "HI",
                "S-1-16-12288",
                "Mandatory Label\\High Mandatory Level",
            ),
        ];
        for (letters, text, name) in cases {
            let sid = by_alias(letters).unwrap();
            assert_eq!(sid.to_string(), text);
            assert_eq!(of(&sid).unwrap().name, name);
        }
        assert_eq!(by_alias("DA"), None);
        assert!(is_relative("da") && !is_relative("BA"));
        assert_eq!(of(&Sid::of(5, &[21, 1, 2, 3, 500])), None);
    }
}

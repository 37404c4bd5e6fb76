//! The access check, entry by entry: what a token gets, and what is said when it gets less.
//!
//! Invariants: every row is one rule. Absent on purpose: changes of a descriptor (see `edit`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use proptest::prelude::*;
use security::{
    AccessMask, Ace, AceFlags, AceKind, Acl, Descriptor, GenericMapping, List, Sid, Token,
};
use support::made_up::descriptors;
use support::real_descriptors;

const READ: AccessMask = AccessMask::FILE_GENERIC_READ;
const ALL: u32 = AccessMask::FILE_ALL_ACCESS.0;
const SYSTEM: Token<'static> = Token::SYSTEM;
const SERVICE: Token<'static> = Token::NETWORK_SERVICE;
const ADMINISTRATORS: Token<'static> = Token::ADMINISTRATORS;

/// A descriptor, who asks, all that is granted, and why reading is not (nothing when it is).
const ROWS: &[(&str, Token<'static>, u32, &[&str])] = &[
    // No list, a null list, an empty one.
    ("O:SY", SERVICE, ALL, &[]),
    ("O:SYD:NO_ACCESS_CONTROL", SERVICE, ALL, &[]),
    ("O:SYD:", SERVICE, 0, &["no entry allows (R)"]),
    ("O:SYD:P", SERVICE, 0, &["no entry allows (R)"]),
    // The key file and its folder as Windows makes them.
    (
        "O:SYD:P(A;;FA;;;SY)(A;;FR;;;NS)(A;;FR;;;BA)",
        SERVICE,
        0x0012_0089,
        &[],
    ),
    (
        "O:SYD:P(A;;FA;;;SY)(A;;FR;;;NS)(A;;FR;;;BA)",
        ADMINISTRATORS,
        0x0012_0089,
        &[],
    ),
    (
        "O:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)",
        SERVICE,
        0x0012_019F,
        &[],
    ),
    ("O:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)", SYSTEM, ALL, &[]),
    // Denied: before, after, by a group, in part.
    (
        "O:SYD:(D;;FA;;;NS)(A;;FR;;;NS)",
        SERVICE,
        0,
        &["entry 0, NT AUTHORITY\\NETWORK SERVICE:(N), denies (R)"],
    ),
    ("O:SYD:(A;;FR;;;NS)(D;;FA;;;NS)", SERVICE, 0x0012_0089, &[]),
    (
        "O:SYD:(D;;FR;;;WD)(A;;FA;;;NS)",
        SERVICE,
        0x000D_0176,
        &["entry 0, Everyone:(DENY)(R), denies (R)"],
    ),
    (
        "O:SYD:(D;;FR;;;BU)(A;;FA;;;NS)(A;;FA;;;BA)",
        ADMINISTRATORS,
        ALL,
        &[],
    ),
    (
        "O:SYD:(D;;0x1;;;NS)(A;;0x120009;;;NS)",
        SERVICE,
        0x0012_0008,
        &[
            "entry 0, NT AUTHORITY\\NETWORK SERVICE:(DENY)(RD), denies (RD)",
            "no entry allows (RA)",
        ],
    ),
    (
        "O:SYD:(D;;0x1;;;WD)(D;;0x89;;;NS)(A;;FA;;;NS)",
        SERVICE,
        0x001F_0176,
        &[
            "entry 0, Everyone:(DENY)(RD), denies (RD)",
            "entry 1, NT AUTHORITY\\NETWORK SERVICE:(DENY)(RD,REA,RA), denies (REA,RA)",
        ],
    ),
    // Inherited entries count as they stand; an explicit grant goes before.
    (
        "O:SYD:AI(D;ID;FR;;;NS)(A;ID;FA;;;WD)",
        SERVICE,
        0x000D_0176,
        &["entry 0, NT AUTHORITY\\NETWORK SERVICE:(I)(DENY)(R), denies (R)"],
    ),
    (
        "O:SYD:AI(A;;FR;;;NS)(D;ID;FR;;;NS)",
        SERVICE,
        0x0012_0089,
        &[],
    ),
    // Only for children: means nothing here.
    (
        "O:SYD:(D;OICIIO;FA;;;NS)(A;;FR;;;NS)",
        SERVICE,
        0x0012_0089,
        &[],
    ),
    (
        "O:SYD:(A;OICIIO;FA;;;NS)",
        SERVICE,
        0,
        &["no entry allows (R)"],
    ),
    // Generic rights stand for those of files.
    ("O:SYD:(A;;GR;;;NS)", SERVICE, 0x0012_0089, &[]),
    (
        "O:SYD:(D;;GR;;;NS)(A;;GA;;;NS)",
        SERVICE,
        0x000D_0176,
        &["entry 0, NT AUTHORITY\\NETWORK SERVICE:(DENY)(GR), denies (R)"],
    ),
    // What a list cannot decide.
    ("O:BAD:(A;;0xffffffff;;;SY)", SYSTEM, 0x001F_FFFF, &[]),
    // The owner, also through a group, and OWNER RIGHTS in its place.
    (
        "O:NSD:",
        SERVICE,
        0x0006_0000,
        &["no entry allows (S,RD,REA,RA)"],
    ),
    (
        "O:BAD:",
        SYSTEM,
        0x0006_0000,
        &["no entry allows (S,RD,REA,RA)"],
    ),
    (
        "O:NSD:(D;;FA;;;NS)",
        SERVICE,
        0x0006_0000,
        &["entry 0, NT AUTHORITY\\NETWORK SERVICE:(N), denies (S,RD,REA,RA)"],
    ),
    ("O:NSD:(A;;FR;;;OW)", SERVICE, 0x0012_0089, &[]),
    ("O:SYD:(A;;FR;;;OW)", SERVICE, 0, &["no entry allows (R)"]),
    (
        "O:NSD:(D;;FA;;;OW)(A;;FR;;;NS)",
        SERVICE,
        0,
        &["entry 0, OWNER RIGHTS:(N), denies (R)"],
    ),
    (
        "O:NSD:(A;OICIIO;FR;;;OW)(A;;FR;;;NS)",
        SERVICE,
        0x0016_0089,
        &[],
    ),
    // Kinds that are no grant and no denial.
    (
        "O:SYD:(AU;SAFA;FA;;;NS)(ML;;NW;;;LW)",
        SERVICE,
        0,
        &["no entry allows (R)"],
    ),
    // Neither owner nor group: nothing is granted without an entry.
    ("D:", SYSTEM, 0, &["no entry allows (R)"]),
];

#[test]
fn what_is_granted_and_why_not_more() {
    for (text, token, granted, reasons) in ROWS {
        let descriptor = Descriptor::from_sddl(text).unwrap();
        let access = descriptor.access(token, GenericMapping::FILE);
        assert_eq!(access.granted, AccessMask(*granted), "{text}");
        let found = access.why_denied(READ);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(&found, reasons, "{text}");
        assert_eq!(access.allows(READ), reasons.is_empty(), "{text}");
        let generic = access.allows(AccessMask::GENERIC_READ);
        assert_eq!(generic, reasons.is_empty(), "{text}");
    }
}

#[test]
fn system_security_is_never_granted_by_a_list() {
    let descriptor = Descriptor::from_sddl("D:(A;;0xffffffff;;;SY)").unwrap();
    let access = descriptor.access(&SYSTEM, GenericMapping::FILE);
    let wanted = READ | AccessMask::ACCESS_SYSTEM_SECURITY;
    assert_eq!(access.missing(wanted), AccessMask::ACCESS_SYSTEM_SECURITY);
}

/// A list of entries of these kinds, all for NETWORK SERVICE and reading, before a grant of it.
fn kinds(kinds: &[u8]) -> Descriptor {
    let mut bytes = vec![1, 0, 4, 0x80];
    bytes.extend([0; 12]);
    bytes.extend([20, 0, 0, 0]);
    let len = 8 + 20 * (kinds.len() as u16 + 1);
    bytes.extend([4, 0]);
    bytes.extend(len.to_le_bytes());
    bytes.extend([kinds.len() as u8 + 1, 0, 0, 0]);
    for kind in kinds.iter().chain(&[0]) {
        bytes.extend([*kind, 0, 20, 0, 0x89, 0, 0x12, 0]);
        bytes.extend(Sid::NETWORK_SERVICE.to_bytes());
    }
    Descriptor::from_bytes(&bytes).unwrap()
}

#[test]
fn what_cannot_be_told_is_named() {
    let rows: &[(&[u8], &[usize], bool)] = &[
        (&[], &[], true),
        // Object and compound entries, with and without a condition: not counted.
        (&[4, 5, 6, 11, 12], &[0, 1, 2, 3, 4], true),
        // A grant under a condition is none; a denial under one denies.
        (&[9], &[0], true),
        (&[10], &[0], false),
        (&[9, 10], &[0, 1], false),
        // Other kinds are no part of the check.
        (
            &[2, 3, 7, 8, 13, 14, 15, 16, 17, 18, 21, 22, 255],
            &[],
            true,
        ),
    ];
    for (kinds, uncertain, allowed) in rows {
        let access = self::kinds(kinds).access(&SERVICE, GenericMapping::FILE);
        assert_eq!(access.uncertain, *uncertain, "{kinds:?}");
        assert_eq!(access.allows(READ), *allowed, "{kinds:?}");
    }
    let mut alone = kinds(&[9]);
    let List::Entries(acl) = &mut alone.dacl else {
        unreachable!()
    };
    acl.aces.pop();
    let access = alone.access(&SERVICE, GenericMapping::FILE);
    assert!(access.granted.is_empty());
    // Conditions and generic rights for others are not in doubt, nor those for children.
    for token in [SYSTEM, ADMINISTRATORS] {
        assert_eq!(
            kinds(&[9, 10])
                .access(&token, GenericMapping::FILE)
                .uncertain,
            []
        );
    }
    let text = "D:(A;OICIIO;GA;;;NS)(A;;GR;;;SY)(A;;GR;;;NS)";
    let access = Descriptor::from_sddl(text)
        .unwrap()
        .access(&SERVICE, GenericMapping::FILE);
    assert_eq!(access.uncertain, [2]);
}

#[test]
fn of_real_keys_system_gets_all_it_is_granted_by_name() {
    let all = real_descriptors();
    let key = GenericMapping::KEY;
    for bytes in &all {
        let descriptor = Descriptor::from_bytes(bytes).unwrap();
        let access = descriptor.access(&SYSTEM, key);
        let aces = descriptor.dacl.acl().map_or(&[][..], |acl| &acl.aces);
        let denies = aces.iter().any(|ace| ace.kind() == AceKind::DENIED);
        let own = aces.iter().find(|ace| {
            ace.kind() == AceKind::ALLOWED
                && ace.sid() == Some(&Sid::SYSTEM)
                && !ace.flags().contains(AceFlags::INHERIT_ONLY)
        });
        if let Some(own) = own.filter(|_| !denies) {
            assert!(access.allows(own.mask().unwrap()), "{descriptor:?}");
        }
    }
    println!("{} distinct descriptors", all.len());
}

/// Whether a request for just this right is granted: the walk as Windows describes it.
fn asked_for_one(descriptor: &Descriptor, token: &Token<'_>, right: AccessMask) -> bool {
    let List::Entries(acl) = &descriptor.dacl else {
        return GenericMapping::FILE.all.contains(right);
    };
    let owns = descriptor.owner.is_some_and(|sid| token.contains(&sid));
    let here = |ace: &&Ace| !ace.flags().contains(AceFlags::INHERIT_ONLY) && ace.kind().0 < 2;
    let own = |ace: &Ace| ace.sid() == Some(&Sid::OWNER_RIGHTS);
    let implied = AccessMask::READ_CONTROL | AccessMask::WRITE_DAC;
    if owns && implied.contains(right) && !acl.aces.iter().filter(here).any(own) {
        return true;
    }
    for ace in acl.aces.iter().filter(here) {
        let meant = token.contains(ace.sid().unwrap()) || owns && own(ace);
        if meant
            && GenericMapping::FILE
                .map(ace.mask().unwrap())
                .contains(right)
        {
            return ace.kind() == AceKind::ALLOWED;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_right_is_decided_as_if_asked_for_alone(descriptor in descriptors()) {
        for token in [SYSTEM, SERVICE, ADMINISTRATORS] {
            let access = descriptor.access(&token, GenericMapping::FILE);
            for bit in 0..21 {
                let right = AccessMask(1 << bit);
                let wanted = asked_for_one(&descriptor, &token, right);
                prop_assert_eq!(access.granted.contains(right), wanted, "{:?}", right);
                prop_assert_eq!(access.why_denied(right).is_empty(), wanted);
            }
        }
    }
}

#[test]
fn an_empty_list_is_not_a_null_one() {
    let mut descriptor = Descriptor::empty();
    let granted = |descriptor: &Descriptor| descriptor.access(&SYSTEM, GenericMapping::KEY).granted;
    assert_eq!(granted(&descriptor), AccessMask::KEY_ALL_ACCESS);
    descriptor.dacl = List::Entries(Acl::new(Vec::new()));
    assert_eq!(granted(&descriptor), AccessMask(0));
}

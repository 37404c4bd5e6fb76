//! Changes of a descriptor, with SDDL on both sides, and the laws they keep.
//!
//! Invariants: every row is one rule. Absent on purpose: what is granted in the end, beyond that
//! `permit` gives what it promises (see `access`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use proptest::prelude::*;
use security::{
    AccessMask, Ace, AceFlags, AceKind, Child, Control, Descriptor, GenericMapping, List, Sid,
    Token,
};
use support::made_up::{descriptors, rights, sids};
use support::real_descriptors;

const READ: AccessMask = AccessMask::FILE_GENERIC_READ;
const FILE: GenericMapping = GenericMapping::FILE;

/// The text after a change; the change made again makes none, and bytes say the same.
fn changed(text: &str, change: impl Fn(&Descriptor) -> Descriptor) -> String {
    let before = Descriptor::from_sddl(text).unwrap();
    let after = change(&before);
    assert_eq!(change(&after), after, "{text}");
    let bytes = after.to_bytes().unwrap();
    assert_eq!(Descriptor::from_bytes(&bytes).unwrap(), after);
    after.to_sddl().unwrap()
}

/// Before and after NETWORK SERVICE is granted reading.
const GRANTS: &[(&str, &str)] = &[
    // Before other grants, behind denials, before what is inherited.
    ("D:", "D:(A;;FR;;;NS)"),
    ("D:P(A;;FA;;;SY)", "D:P(A;;FR;;;NS)(A;;FA;;;SY)"),
    (
        "D:AI(D;;FW;;;WD)(A;;FA;;;SY)(A;ID;FA;;;BA)",
        "D:AI(D;;FW;;;WD)(A;;FR;;;NS)(A;;FA;;;SY)(A;ID;FA;;;BA)",
    ),
    (
        "D:AI(D;ID;FA;;;NS)(A;ID;FA;;;BA)",
        "D:AI(A;;FR;;;NS)(D;ID;FA;;;NS)(A;ID;FA;;;BA)",
    ),
    (
        "D:(D;;FA;;;NS)(A;;FA;;;SY)",
        "D:(D;;FA;;;NS)(A;;FR;;;NS)(A;;FA;;;SY)",
    ),
    // To an entry that is there: same account, same flags, explicit, allowing.
    ("D:(A;;FA;;;SY)(A;;FR;;;NS)", "D:(A;;FA;;;SY)(A;;FR;;;NS)"),
    ("D:(A;;FA;;;NS)", "D:(A;;FA;;;NS)"),
    (
        "D:(A;;FA;;;SY)(A;;FW;;;NS)",
        "D:(A;;FA;;;SY)(A;;0x12019f;;;NS)",
    ),
    ("D:(A;OICI;FR;;;NS)", "D:(A;;FR;;;NS)(A;OICI;FR;;;NS)"),
    ("D:AI(A;ID;FR;;;NS)", "D:AI(A;;FR;;;NS)(A;ID;FR;;;NS)"),
    ("D:(A;;GR;;;NS)", "D:(A;;0x80120089;;;NS)"),
    // A list out of order keeps its order; what would defeat the grant comes behind it.
    (
        "D:(A;;FA;;;SY)(D;;FA;;;NS)",
        "D:(A;;FR;;;NS)(A;;FA;;;SY)(D;;FA;;;NS)",
    ),
    (
        "D:(A;;FA;;;SY)(D;;FA;;;NS)(A;;FR;;;NS)",
        "D:(A;;FR;;;NS)(A;;FA;;;SY)(D;;FA;;;NS)(A;;FR;;;NS)",
    ),
    (
        "D:AI(D;ID;FA;;;NS)(A;;FR;;;NS)",
        "D:AI(A;;FR;;;NS)(D;ID;FA;;;NS)(A;;FR;;;NS)",
    ),
    (
        "D:(A;;FW;;;NS)(D;;FA;;;WD)",
        "D:(A;;0x12019f;;;NS)(D;;FA;;;WD)",
    ),
    // No list to add to: everything is allowed, and stays so.
    ("O:SY", "O:SY"),
    ("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL"),
    // All else stays.
    (
        "O:SYG:BUD:PARAI(A;;FA;;;SY)S:PAI(AU;SA;FA;;;WD)",
        "O:SYG:BUD:PARAI(A;;FR;;;NS)(A;;FA;;;SY)S:PAI(AU;SA;FA;;;WD)",
    ),
];

#[test]
fn grants() {
    for (before, after) in GRANTS {
        for on in [Child::Leaf, Child::Container] {
            let found = changed(before, |descriptor| {
                descriptor.grant(on, AceFlags::empty(), READ, &Sid::NETWORK_SERVICE)
            });
            assert_eq!(found, *after, "{before}");
        }
    }
}

#[test]
fn only_folders_have_flags_and_no_new_entry_is_inherited() {
    let grant = |on, flags| {
        changed("D:", |descriptor| {
            let flags = AceFlags::from_bits_retain(flags);
            descriptor.grant(on, flags, READ, &Sid::NETWORK_SERVICE)
        })
    };
    assert_eq!(grant(Child::Container, 0x03), "D:(A;OICI;FR;;;NS)");
    assert_eq!(grant(Child::Container, 0xFF), "D:(A;OICINPIO;FR;;;NS)");
    assert_eq!(grant(Child::Leaf, 0xFF), "D:(A;;FR;;;NS)");
}

/// Before and after NETWORK SERVICE's denials of reading are taken back.
const DENIALS: &[(&str, &str)] = &[
    ("D:(D;;FR;;;NS)(A;;FA;;;SY)", "D:(A;;FA;;;SY)"),
    ("D:(D;;GR;;;NS)", "D:"),
    ("D:(D;;FX;;;NS)", "D:(D;;WP;;;NS)"),
    (
        "D:(D;;WP;;;NS)(D;;GW;;;NS)",
        "D:(D;;WP;;;NS)(D;;DCLCRPCR;;;NS)",
    ),
    ("D:(D;OICIIO;FR;;;NS)(D;;FR;;;NS)", "D:"),
    // Other accounts, inherited denials, grants and records stay.
    ("D:(D;;FR;;;WD)", "D:(D;;FR;;;WD)"),
    ("D:AI(D;ID;FR;;;NS)", "D:AI(D;ID;FR;;;NS)"),
    (
        "D:(A;;FR;;;NS)(AU;SA;FR;;;NS)",
        "D:(A;;FR;;;NS)(AU;SA;FR;;;NS)",
    ),
    ("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL"),
];

#[test]
fn denials_taken_back() {
    for (before, after) in DENIALS {
        let found = changed(before, |descriptor| {
            descriptor.without_denials(&Sid::NETWORK_SERVICE, AccessMask::GENERIC_READ, FILE)
        });
        assert_eq!(found, *after, "{before}");
    }
    let all = changed("D:(D;;FA;;;NS)(D;;GW;;;NS)(A;;FR;;;NS)", |descriptor| {
        descriptor.without_denials(&Sid::NETWORK_SERVICE, AccessMask(u32::MAX), FILE)
    });
    assert_eq!(all, "D:(A;;FR;;;NS)");
}

/// Before and after NETWORK SERVICE is permitted reading.
const PERMITS: &[(&str, &str)] = &[
    // There already: by name, by group, without a list.
    ("D:(A;;FR;;;NS)", "D:(A;;FR;;;NS)"),
    ("D:(A;;0x12019f;;;WD)", "D:(A;;0x12019f;;;WD)"),
    ("D:AI(A;ID;FR;;;BU)", "D:AI(A;ID;FR;;;BU)"),
    ("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL"),
    ("D:(D;;FW;;;LS)(A;;FR;;;NS)", "D:(D;;FW;;;LS)(A;;FR;;;NS)"),
    // Lacking, denied by name, denied by a group, denied to the owner.
    ("D:P(A;;FA;;;SY)", "D:P(A;;FR;;;NS)(A;;FA;;;SY)"),
    ("D:(D;;FR;;;NS)(A;;FR;;;NS)", "D:(A;;FR;;;NS)"),
    ("D:(D;;FR;;;NS)(A;;FR;;;WD)", "D:(A;;FR;;;WD)"),
    ("D:(D;;CCWP;;;WD)(A;;FA;;;NS)", "D:(D;;WP;;;WD)(A;;FA;;;NS)"),
    ("D:(D;;FR;;;WD)(D;;FR;;;NS)", "D:(A;;FR;;;NS)"),
    (
        "O:NSD:(D;;FR;;;OW)(A;;FR;;;NS)",
        "O:NSD:(D;;0x0;;;OW)(A;;FR;;;NS)",
    ),
    // Not in the way: denials of other rights, of other accounts, for children, behind a grant.
    (
        "D:(D;;WP;;;NS)(D;;FR;;;SY)(D;OIIO;FR;;;BU)",
        "D:(D;;WP;;;NS)(D;;FR;;;SY)(D;OIIO;FR;;;BU)(A;;FR;;;NS)",
    ),
    ("D:(A;;FR;;;NS)(D;;FA;;;NS)", "D:(A;;FR;;;NS)(D;;FA;;;NS)"),
    // An inherited denial stays, behind the grant.
    (
        "D:AI(D;ID;FR;;;NS)(A;ID;FA;;;SY)",
        "D:AI(A;;FR;;;NS)(D;ID;FR;;;NS)(A;ID;FA;;;SY)",
    ),
];

#[test]
fn permits() {
    for (before, after) in PERMITS {
        let found = changed(before, |descriptor| {
            descriptor.permit(&Token::NETWORK_SERVICE, READ, FILE)
        });
        assert_eq!(found, *after, "{before}");
    }
}

#[test]
fn a_denial_under_a_condition_stays_and_is_still_reported() {
    let (flags, sid) = (AceFlags::empty(), Sid::NETWORK_SERVICE);
    let denial = Ace::masked(AceKind::DENIED_CALLBACK, flags, READ, sid).unwrap();
    let mut descriptor = Descriptor::from_sddl("D:").unwrap();
    let List::Entries(acl) = &mut descriptor.dacl else {
        unreachable!()
    };
    acl.aces.push(denial.clone());
    let after = descriptor.permit(&Token::NETWORK_SERVICE, READ, FILE);
    let access = after.access(&Token::NETWORK_SERVICE, FILE);
    assert_eq!(access.uncertain, [0]);
    assert_eq!(after.dacl.acl().unwrap().aces[0], denial);
    // A grant goes behind the conditional denial, as behind any.
    assert_eq!(
        after.dacl.acl().unwrap().aces[1],
        Ace::allow(flags, READ, sid)
    );
    let why = access.why_denied(READ);
    let wanted = "entry 0, NT AUTHORITY\\NETWORK SERVICE:(kind 10)(R), denies (R)";
    assert_eq!(why[0].to_string(), wanted);
}

#[test]
fn owner_and_flags() {
    let take = |descriptor: &Descriptor| descriptor.with_owner(Sid::ADMINISTRATORS);
    assert_eq!(
        changed("O:SYG:SYD:P(A;;FA;;;SY)", take),
        "O:BAG:SYD:P(A;;FA;;;SY)"
    );
    assert_eq!(changed("D:", take), "O:BAD:");
    let mut descriptor = Descriptor::from_sddl("O:SYD:(A;;FR;;;NS)").unwrap();
    descriptor.control |= Control::all() - Control::SACL_PRESENT;
    let owner = descriptor.with_owner(Sid::ADMINISTRATORS);
    assert_eq!(descriptor.control - owner.control, Control::OWNER_DEFAULTED);
    assert_eq!(descriptor.with_owner(Sid::SYSTEM), descriptor);
    let grant = |rights| {
        descriptor.grant(
            Child::Leaf,
            AceFlags::empty(),
            rights,
            &Sid::NETWORK_SERVICE,
        )
    };
    let more = grant(AccessMask::FILE_ALL_ACCESS);
    assert_eq!(descriptor.control - more.control, Control::DACL_DEFAULTED);
    assert_eq!(grant(READ), descriptor);
}

#[test]
fn real_descriptors_keep_everything_else() {
    let all = real_descriptors();
    for bytes in &all {
        let before = Descriptor::from_bytes(bytes).unwrap();
        let account = Sid::new(5, &[21, 1, 2, 3, 1000]).unwrap();
        let grant = |descriptor: &Descriptor| {
            let flags = AceFlags::CONTAINER_INHERIT;
            descriptor.grant(Child::Container, flags, AccessMask::KEY_READ, &account)
        };
        let mut after = grant(&before);
        assert_eq!(grant(&after), after);
        let (List::Entries(old), List::Entries(new)) = (&before.dacl, &mut after.dacl) else {
            assert_eq!(after, before);
            continue;
        };
        assert_eq!(
            old.first_out_of_order().is_none(),
            new.first_out_of_order().is_none()
        );
        new.aces.retain(|ace| ace.sid() != Some(&account));
        after.control |= before.control & Control::DACL_DEFAULTED;
        assert_eq!(&after.to_bytes().unwrap(), bytes);
    }
    println!("{} distinct descriptors", all.len());
}

/// The entries that are not about `sids`, in order.
fn others(descriptor: &Descriptor, sids: &[Sid]) -> Vec<Ace> {
    let aces = descriptor.dacl.acl().map_or(&[][..], |acl| &acl.aces);
    let other = |ace: &&Ace| !sids.contains(ace.sid().unwrap());
    aces.iter().filter(other).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_grant_changes_one_entry(
        before in descriptors(), bits in 0_u8..16, rights in rights(), sid in sids(),
    ) {
        let flags = AceFlags::from_bits_retain(bits);
        let grant = |on: &Descriptor| on.grant(Child::Container, flags, rights, &sid);
        let after = grant(&before);
        prop_assert_eq!(&grant(&after), &after);
        prop_assert_eq!(others(&after, &[sid]), others(&before, &[sid]));
        if let (List::Entries(old), List::Entries(new)) = (&before.dacl, &after.dacl) {
            prop_assert!(new.aces.len() - old.aces.len() <= 1);
            let place = old.first_out_of_order();
            let longer = new.aces.len() - old.aces.len();
            prop_assert_eq!(new.first_out_of_order(), place.map(|place| place + longer));
            let holds = |ace: &Ace| ace.kind() == AceKind::ALLOWED && ace.flags() == flags
                && ace.sid() == Some(&sid) && ace.mask().unwrap().contains(rights);
            prop_assert!(new.aces.iter().any(holds));
        }
        for token in [Token::SYSTEM, Token::NETWORK_SERVICE] {
            let granted = |on: &Descriptor| on.access(&token, FILE).granted;
            if sid != Sid::OWNER_RIGHTS {
                prop_assert!(granted(&after).contains(granted(&before)));
            }
        }
        prop_assert_eq!((after.owner, after.group, &after.sacl, after.order, after.rm_control),
            (before.owner, before.group, &before.sacl, before.order, before.rm_control));
        let lost = before.control - after.control;
        prop_assert!(Control::DACL_DEFAULTED.contains(lost));
        prop_assert!(before.control.contains(after.control));
    }

    #[test]
    fn what_is_permitted_is_granted(before in descriptors(), rights in rights()) {
        // Without a list only the rights that files have are granted.
        let rights = FILE.map(rights) & AccessMask::FILE_ALL_ACCESS;
        for token in [Token::SYSTEM, Token::NETWORK_SERVICE, Token::ADMINISTRATORS] {
            let permit = |on: &Descriptor| on.permit(&token, rights, FILE);
            let after = permit(&before);
            prop_assert!(after.access(&token, FILE).allows(rights));
            prop_assert_eq!(&permit(&after), &after);
            if before.access(&token, FILE).allows(rights) {
                prop_assert_eq!(&after, &before);
            }
            let meant = [token.groups, &[token.user, Sid::OWNER_RIGHTS]].concat();
            prop_assert_eq!(others(&after, &meant), others(&before, &meant));
            let granted = |on: &Descriptor| on.access(&token, FILE).granted;
            let more = granted(&after) - granted(&before);
            prop_assert_eq!(more - FILE.map(rights), AccessMask(0));
        }
    }
}

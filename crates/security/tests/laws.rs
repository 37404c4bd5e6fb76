//! Laws: round trips of made-up descriptors, known texts, and no panic on any bytes or text.
//!
//! Invariants: seeds are fixed, so a failure repeats. Absent on purpose: inheritance (see
//! `inherit`), beyond that it never panics.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use proptest::prelude::*;
use security::{
    AccessMask, Ace, AceFlags, AceKind, Acl, Child, Control, Descriptor, GenericMapping, Icacls,
    List, Order, Sid, Token, inherit,
};
use support::{Dice, real_descriptors};

/// The key file of the remote desktop's certificate, as Windows 10 and later make it.
const SESSION_ENV: &str = "S-1-5-80-4022436659-1090538466-1613889075-870485073-3428993833";

#[test]
fn known_texts() {
    let key_file = format!("O:SYD:(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;{SESSION_ENV})");
    let texts = [
        "O:SYG:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)",
        &key_file,
        "O:SYD:(A;;FA;;;SY)(A;;FR;;;NS)(A;;FR;;;BA)",
        "D:NO_ACCESS_CONTROL",
        "D:",
        "",
        "D:PARAI(D;OICINPIOID;GXGR;;;AN)S:PAI(AU;CISAFA;KA;;;WD)(ML;;NWNRNX;;;HI)",
        "O:S-1-0x123456789abcG:S-1-5D:",
        "G:S-1-5-21-1-2-3-513S:NO_ACCESS_CONTROL",
    ];
    for text in texts {
        let descriptor = Descriptor::from_sddl(text).unwrap();
        assert_eq!(descriptor.to_sddl().unwrap(), text);
        let bytes = descriptor.to_bytes().unwrap();
        assert_eq!(Descriptor::from_bytes(&bytes).unwrap(), descriptor);
    }
    let folder = Descriptor::from_sddl(texts[0]).unwrap();
    let aces = &folder.dacl.acl().unwrap().aces;
    assert_eq!(folder.control.bits(), 0x9404);
    assert_eq!(
        aces[0],
        Ace::allow(AceFlags::empty(), AccessMask(0x0012_019F), Sid::EVERYONE)
    );
    let all = AccessMask::FILE_ALL_ACCESS;
    assert_eq!(
        aces[1],
        Ace::allow(AceFlags::empty(), all, Sid::ADMINISTRATORS)
    );
}

#[test]
fn wrong_texts_say_where() {
    let cases = [
        ("O:", "at 2: found \"\""),
        ("O:XX", "at 2: found \"XX\""),
        ("O:DA", "at 2: DA means another account"),
        ("O:SYO:BA", "at 4: a second O:"),
        ("D:(A;;KA;;;BA)D:", "at 14: a second D:"),
        ("D:(OA;;KA;;;BA)", "at 3: an entry of kind \"OA\""),
        ("D:(XA;;KA;;;BA;(x))", "at 3: an entry of kind \"XA\""),
        ("D:(A;ZZ;KA;;;BA)", "at 5: found \"ZZ\", expected flags"),
        ("D:(A;;ZZ;;;BA)", "at 6: found \"ZZ\", expected rights"),
        ("D:(A;;KA;x;;BA)", "at 9: found \"x;;BA)\""),
        ("D:(A;;KA;;;BA", "at 13: found \"\", expected )"),
        ("D:(A;;KA;;;S-1-)", "at 11"),
        ("D:(A;;KA;;;BA) ", "at 14: found \" \""),
        ("D:NO_ACCESS_CONTROL(A;;KA;;;BA)", "at 20: found"),
        ("hello", "at 0: found \"hello\""),
        ("D:(Ä;;KA;;;BA)", "at 3: found \"Ä;;KA"),
    ];
    for (text, wanted) in cases {
        let error = Descriptor::from_sddl(text).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{text}: {error}");
    }
}

#[test]
fn entries_without_text_are_named() {
    let sid = Sid::EVERYONE;
    for kind in [9, 10, 18, 21] {
        let (flags, mask) = (AceFlags::empty(), AccessMask::KEY_READ);
        let ace = Ace::masked(AceKind(kind), flags, mask, sid).unwrap();
        let mut descriptor = Descriptor::empty();
        descriptor.dacl = List::Entries(Acl::new(vec![Ace::allow(flags, mask, sid), ace]));
        let error = descriptor.to_sddl().unwrap_err().to_string();
        let wanted = format!("D entry 1 is of kind {kind} and cannot be written as SDDL");
        assert_eq!(error, wanted);
    }
}

/// Owner SY, group BA, an empty system list, a discretionary one with unused space.
fn sound() -> Vec<u8> {
    let mut all = vec![1, 0, 0x14, 0x80];
    all.extend([20, 0, 0, 0, 32, 0, 0, 0, 48, 0, 0, 0, 56, 0, 0, 0]);
    all.extend(Sid::SYSTEM.to_bytes());
    all.extend(Sid::ADMINISTRATORS.to_bytes());
    all.extend([2, 0, 8, 0, 0, 0, 0, 0]);
    all.extend([2, 0, 32, 0, 1, 0, 0, 0, 0, 0, 20, 0, 0x3F, 0, 0x0F, 0]);
    all.extend(Sid::SYSTEM.to_bytes());
    all.extend(*b"rest");
    all
}

#[test]
fn bytes_and_what_is_refused() {
    let bytes = sound();
    let descriptor = Descriptor::from_bytes(&bytes).unwrap();
    assert_eq!(descriptor.order, Order::OWNER_FIRST);
    assert_eq!(descriptor.to_bytes().unwrap(), bytes);
    for len in 0..bytes.len() {
        assert!(Descriptor::from_bytes(&bytes[..len]).is_err(), "{len}");
    }
    let changes = [
        (0, 2, "revision"),
        (3, 0, "self-relative"),
        (4, 16, "offset of the owner"),
        (8, 34, "offset of the group"),
        (12, 88, "offset of the system list"),
        (17, 1, "offset of the discretionary list"),
        (20, 2, "revision of a SID"),
        (33, 16, "sub-authorities"),
        (48, 1, "revision of an access list"),
        (58, 200, "an access list reaches"),
        (60, 3, "access entry"),
        (66, 18, "length of an access entry"),
        (72, 2, "revision of a SID"),
    ];
    for (at, byte, wanted) in changes {
        let mut broken = bytes.clone();
        broken[at] = byte;
        let error = Descriptor::from_bytes(&broken).unwrap_err().to_string();
        assert!(error.contains(wanted), "{at}: {error}");
    }
}

#[test]
fn absent_null_and_empty_lists_differ() {
    let forms = [List::Absent, List::Null, List::Entries(Acl::new(vec![]))];
    let mut seen = std::collections::BTreeSet::new();
    for form in &forms {
        let mut descriptor = Descriptor::empty();
        // A wrong flag does not make a list.
        descriptor.control |= Control::DACL_PRESENT;
        descriptor.dacl = form.clone();
        let bytes = descriptor.to_bytes().unwrap();
        assert_eq!(&Descriptor::from_bytes(&bytes).unwrap().dacl, form);
        seen.insert(bytes);
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn mutants_never_panic_and_what_is_read_can_be_written() {
    let mut seeds: Vec<Vec<u8>> = real_descriptors().into_iter().step_by(40).collect();
    seeds.push(sound());
    let mut dice = Dice(0x0FF0_F1F2_F3F4_F5F6);
    let mut read = 0;
    for seed in &seeds {
        for _ in 0..3000 {
            let mut bytes = seed.clone();
            for _ in 0..=dice.below(4) {
                let at = dice.below(bytes.len());
                bytes[at] = dice.below(256) as u8;
            }
            bytes.truncate(bytes.len() - dice.below(3) * dice.below(bytes.len()) / 4);
            let Ok(descriptor) = Descriptor::from_bytes(&bytes) else {
                continue;
            };
            read += 1;
            let written = descriptor.to_bytes().unwrap();
            let again = Descriptor::from_bytes(&written).unwrap();
            assert_eq!(again.canonical(), descriptor.canonical());
            assert_eq!(again.to_bytes().unwrap(), written);
            if let Ok(text) = descriptor.to_sddl() {
                assert_eq!(
                    Descriptor::from_sddl(&text).unwrap(),
                    descriptor.canonical()
                );
            }
            let text = Icacls {
                path: "x",
                descriptor: &descriptor,
            };
            assert!(!text.to_string().is_empty());
            let (token, all) = (Token::SYSTEM, AccessMask::FILE_ALL_ACCESS);
            let permitted = descriptor.permit(&token, all, GenericMapping::FILE);
            let access = permitted.access(&token, GenericMapping::FILE);
            assert!(access.allows(all) || !access.uncertain.is_empty());
            for kind in [Child::Container, Child::Leaf] {
                let sid = Sid::SYSTEM;
                let _ = inherit(&descriptor, kind, GenericMapping::FILE, &sid, &sid);
            }
        }
    }
    assert!(read > 40 * seeds.len(), "{read} of {} seeds", seeds.len());
}

fn sids() -> impl Strategy<Value = Sid> {
    let free = (0_u64..1 << 48, prop::collection::vec(any::<u32>(), 0..=15))
        .prop_map(|(authority, subs)| Sid::new(authority, &subs).unwrap());
    let known = (0..security::well_known::WELL_KNOWN.len())
        .prop_map(|row| security::well_known::WELL_KNOWN[row].sid);
    prop_oneof![free, known]
}

fn lists() -> impl Strategy<Value = List> {
    let kind = prop::sample::select(vec![0_u8, 1, 2, 3, 17, 19, 20]);
    let ace = (kind, any::<u8>(), any::<u32>(), sids()).prop_map(|(kind, flags, mask, sid)| {
        let flags = AceFlags::from_bits_retain(flags);
        Ace::masked(AceKind(kind), flags, AccessMask(mask), sid).unwrap()
    });
    let entries = prop::collection::vec(ace, 0..12);
    prop_oneof![
        Just(List::Absent),
        Just(List::Null),
        entries.prop_map(|aces| List::Entries(Acl::new(aces))),
    ]
}

prop_compose! {
    fn descriptors()(
        control in any::<u16>(),
        rm_control in any::<u8>(),
        (owner, group) in (prop::option::of(sids()), prop::option::of(sids())),
        (sacl, dacl) in (lists(), lists()),
        owner_first in any::<bool>(),
    ) -> Descriptor {
        let mut control = Control::from_bits_retain(control) | Control::SELF_RELATIVE;
        control.set(Control::SACL_PRESENT, sacl != List::Absent);
        control.set(Control::DACL_PRESENT, dacl != List::Absent);
        let order = if owner_first { Order::OWNER_FIRST } else { Order::KERNEL };
        Descriptor { control, rm_control, owner, group, sacl, dacl, order }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_round_trip(descriptor in descriptors()) {
        let bytes = descriptor.to_bytes().unwrap();
        let read = Descriptor::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.to_bytes().unwrap(), bytes);
        prop_assert_eq!(read.canonical(), descriptor.canonical());
        prop_assert_eq!(Descriptor { order: descriptor.order, ..read }, descriptor);
    }

    #[test]
    fn text_round_trip(descriptor in descriptors()) {
        let text = descriptor.to_sddl().unwrap();
        let read = Descriptor::from_sddl(&text).unwrap();
        prop_assert_eq!(&read, &descriptor.canonical());
        prop_assert_eq!(read.to_sddl().unwrap(), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", sddl in "[OGDSACI0-9x:;()é-]{0,40}") {
        let _ = Descriptor::from_sddl(&text);
        let _ = Descriptor::from_sddl(&sddl);
        let _ = Descriptor::from_sddl(&format!("D:({sddl}"));
        let _ = sddl.parse::<Sid>();
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Descriptor::from_bytes(&bytes);
        let _ = Sid::from_bytes(&bytes);
    }
}

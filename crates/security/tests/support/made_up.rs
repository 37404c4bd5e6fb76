//! Made-up descriptors with the accounts and rights that the access check is about.
//!
//! Invariants: few accounts and few rights, so that entries meet; any order, any flags. Absent
//! on purpose: object entries and conditions, which table tests show better.

use proptest::prelude::*;
use security::{AccessMask, Ace, AceFlags, AceKind, Acl, Control, Descriptor, List, Order, Sid};

/// An account that often occurs on a key file.
pub(crate) fn sids() -> impl Strategy<Value = Sid> {
    prop::sample::select(vec![
        Sid::SYSTEM,
        Sid::NETWORK_SERVICE,
        Sid::ADMINISTRATORS,
        Sid::EVERYONE,
        Sid::USERS,
        Sid::OWNER_RIGHTS,
        Sid::LOCAL_SERVICE,
    ])
}

/// Rights of a file, single, in sets, and generic.
pub(crate) fn rights() -> impl Strategy<Value = AccessMask> {
    prop_oneof![
        Just(AccessMask::FILE_ALL_ACCESS),
        Just(AccessMask::FILE_GENERIC_READ),
        Just(AccessMask::FILE_GENERIC_WRITE),
        Just(AccessMask::GENERIC_ALL),
        Just(AccessMask::GENERIC_READ),
        (0_u32..0x0020_0000).prop_map(AccessMask),
    ]
}

/// Entries that grant, deny or record.
pub(crate) fn entries() -> impl Strategy<Value = Vec<Ace>> {
    let kind = prop::sample::select(vec![0_u8, 0, 0, 1, 1, 2]);
    let flags = prop::sample::select(vec![0_u8, 0, 0, 0x03, 0x0B, 0x10, 0x10, 0x13]);
    let ace = (kind, flags, rights(), sids()).prop_map(|(kind, flags, mask, sid)| {
        Ace::masked(AceKind(kind), AceFlags::from_bits_retain(flags), mask, sid).unwrap()
    });
    prop::collection::vec(ace, 0..8)
}

prop_compose! {
    /// Descriptors, one in ten without a list.
    pub(crate) fn descriptors()(
        entries in prop::option::weighted(0.9, entries()),
        owner in prop::option::of(sids()),
        control in any::<u16>(),
    ) -> Descriptor {
        let mut control = Control::from_bits_retain(control) | Control::SELF_RELATIVE;
        control.insert(Control::DACL_PRESENT);
        control.remove(Control::SACL_PRESENT);
        Descriptor {
            control,
            rm_control: 7,
            owner,
            group: Some(Sid::USERS),
            sacl: List::Absent,
            dacl: entries.map_or(List::Null, |aces| List::Entries(Acl::new(aces))),
            order: Order::OWNER_FIRST,
        }
    }
}

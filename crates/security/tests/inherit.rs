//! Inheritance, entry by entry, with SDDL on both sides.
//!
//! Invariants: every row is one rule. Absent on purpose: real hives (see `real`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use security::{Ace, AceFlags, AceKind, Child, Control, Descriptor, GenericMapping, Sid, inherit};

/// The discretionary list, or everything, that a child of `parent` gets; owner SY, group NS.
fn child(parent: &str, kind: Child, mapping: GenericMapping) -> Option<String> {
    let parent = Descriptor::from_sddl(parent).unwrap();
    let owner = (&Sid::SYSTEM, &Sid::NETWORK_SERVICE);
    let made = inherit(&parent, kind, mapping, owner.0, owner.1).unwrap()?;
    let bytes = made.to_bytes().unwrap();
    assert_eq!(Descriptor::from_bytes(&bytes).unwrap(), made);
    let text = made.to_sddl().unwrap();
    Some(text.strip_prefix("O:SYG:NS").unwrap().to_string())
}

/// A key's lists, and those of a new subkey.
const KEYS: &[(&str, Option<&str>)] = &[
    ("D:AI(A;CI;KR;;;BU)", Some("D:AI(A;CIID;KR;;;BU)")),
    ("D:(A;CI;KR;;;BU)", Some("D:(A;CI;KR;;;BU)")),
    ("D:(A;CIID;KR;;;BU)", Some("D:(A;CIID;KR;;;BU)")),
    ("D:PAI(A;CI;KR;;;BU)", Some("D:AI(A;CIID;KR;;;BU)")),
    (
        "D:AI(A;;KR;;;BU)(A;CI;KA;;;BA)",
        Some("D:AI(A;CIID;KA;;;BA)"),
    ),
    ("D:AI(A;CIIO;KR;;;BU)", Some("D:AI(A;CIID;KR;;;BU)")),
    ("D:AI(A;CINP;KR;;;BU)", Some("D:AI(A;ID;KR;;;BU)")),
    ("D:AI(A;CINPIO;GA;;;CO)", Some("D:AI(A;ID;KA;;;SY)")),
    (
        "D:AI(A;CI;GR;;;BU)",
        Some("D:AI(A;ID;KR;;;BU)(A;CIIOID;GR;;;BU)"),
    ),
    (
        "D:AI(A;CI;KA;;;CO)",
        Some("D:AI(A;ID;KA;;;SY)(A;CIIOID;KA;;;CO)"),
    ),
    (
        "D:AI(A;CI;KR;;;CG)",
        Some("D:AI(A;ID;KR;;;NS)(A;CIIOID;KR;;;CG)"),
    ),
    (
        "D:AI(D;CI;GW;;;BU)",
        Some("D:AI(D;ID;KW;;;BU)(D;CIIOID;GW;;;BU)"),
    ),
    // What an earlier entry says already is left out; a right more is not the same.
    (
        "D:AI(A;CI;KA;;;SY)(A;CI;GA;;;CO)",
        Some("D:AI(A;CIID;KA;;;SY)(A;CIIOID;GA;;;CO)"),
    ),
    (
        "D:AI(A;CI;KR;;;SY)(A;CI;GA;;;CO)",
        Some("D:AI(A;CIID;KR;;;SY)(A;ID;KA;;;SY)(A;CIIOID;GA;;;CO)"),
    ),
    // Keys are containers: what only leaves inherit is passed on.
    ("D:AI(A;OI;GA;;;CO)", Some("D:AI(A;OIIOID;GA;;;CO)")),
    ("D:AI(A;OINP;KR;;;BU)", None),
    ("D:AI(A;OICI;KR;;;BU)", Some("D:AI(A;OICIID;KR;;;BU)")),
    ("D:AI(A;;KA;;;BA)", None),
    ("D:AI", None),
    ("D:NO_ACCESS_CONTROL", None),
    ("O:BA", None),
    (
        "D:(A;CI;KR;;;BU)S:AI(AU;CISAFA;GA;;;WD)(ML;CI;NW;;;LW)",
        Some("D:(A;CI;KR;;;BU)S:AI(AU;IDSAFA;KA;;;WD)(AU;CIIOIDSAFA;GA;;;WD)(ML;CIID;NW;;;LW)"),
    ),
    ("D:(A;CI;KR;;;BU)S:AI", Some("D:(A;CI;KR;;;BU)S:AI")),
    (
        "D:(A;CI;KR;;;BU)S:AINO_ACCESS_CONTROL",
        Some("D:(A;CI;KR;;;BU)S:AINO_ACCESS_CONTROL"),
    ),
    (
        "D:(A;CI;KR;;;BU)S:(AU;SA;KA;;;WD)",
        Some("D:(A;CI;KR;;;BU)"),
    ),
];

#[test]
fn keys() {
    for (parent, wanted) in KEYS {
        let found = child(parent, Child::Container, GenericMapping::KEY);
        assert_eq!(found.as_deref(), *wanted, "{parent}");
    }
}

#[test]
fn files() {
    let parent = "D:AI(A;OICI;FA;;;BA)(A;CI;FR;;;BU)(A;OIIO;GR;;;WD)(A;OICIIO;GA;;;CO)";
    let file = child(parent, Child::Leaf, GenericMapping::FILE).unwrap();
    assert_eq!(file, "D:AI(A;ID;FA;;;BA)(A;ID;FR;;;WD)(A;ID;FA;;;SY)");
    let folder = child(parent, Child::Container, GenericMapping::FILE).unwrap();
    let wanted = "D:AI(A;OICIID;FA;;;BA)(A;CIID;FR;;;BU)(A;OIIOID;GR;;;WD)\
                  (A;ID;FA;;;SY)(A;OICIIOID;GA;;;CO)";
    assert_eq!(folder, wanted);
    assert_eq!(
        child("D:AI(A;CI;FA;;;BA)", Child::Leaf, GenericMapping::FILE),
        None
    );
}

#[test]
fn conditions_are_carried_and_object_entries_refused_when_inheritable() {
    // A callback entry with a condition behind its SID, then an object entry, both inheritable.
    let build = |kind: u8, flags: u8| {
        let mut bytes = vec![
            1, 0, 4, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
        ];
        bytes.extend([4, 0, 32, 0, 1, 0, 0, 0, kind, flags, 24, 0, 0, 0, 0, 0x80]);
        bytes.extend([1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        bytes.extend(*b"artx");
        Descriptor::from_bytes(&bytes).unwrap()
    };
    let make = |parent: &Descriptor| {
        let sid = Sid::SYSTEM;
        inherit(parent, Child::Container, GenericMapping::KEY, &sid, &sid)
    };
    let made = make(&build(9, 2)).unwrap().unwrap();
    let aces: &[Ace] = &made.dacl.acl().unwrap().aces;
    assert_eq!(aces.len(), 2);
    assert!(
        aces.iter()
            .all(|ace| ace.rest() == b"artx" && ace.kind() == AceKind(9))
    );
    assert!(aces[1].flags().contains(AceFlags::INHERIT_ONLY));
    assert!(made.control.contains(Control::DACL_AUTO_INHERITED));
    let error = make(&build(5, 2)).unwrap_err().to_string();
    assert_eq!(
        error,
        "D entry 0 of the parent is inheritable, but of kind 5"
    );
    assert_eq!(make(&build(5, 0)), Ok(None));
}

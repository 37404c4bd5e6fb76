//! Access lists: entries in the order Windows looks at them.
//!
//! Invariants: a list that was read is written back byte for byte, unused space at its end
//! included. Absent on purpose: sorting; a list out of order is reported, never rearranged.

use crate::ace::Ace;
use crate::bytes;
use crate::error::{EncodeError, ParseError};
use crate::format::{ACL_REVISION, ACL_REVISION_DS, AceFlags, AceKind, AclHeader};

/// Longest list: the greatest multiple of 4 that a 16-bit length holds.
const MAX_LEN: usize = 65_532;

/// An access list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acl {
    revision: u8,
    padding: u8,
    padding2: u16,
    /// The entries, in order.
    pub aces: Vec<Ace>,
    /// Unused space behind the last entry; its length is a multiple of 4.
    slack: Vec<u8>,
}

impl Acl {
    /// A list of these entries, of the lowest revision that may hold them.
    pub fn new(aces: Vec<Ace>) -> Acl {
        let revision = aces.iter().map(Ace::revision).max();
        Acl {
            revision: revision.unwrap_or(ACL_REVISION),
            padding: 0,
            padding2: 0,
            aces,
            slack: Vec::new(),
        }
    }

    /// The revision, 2 to 4.
    pub fn revision(&self) -> u8 {
        self.revision
    }

    /// Number of unused bytes behind the last entry.
    pub fn slack(&self) -> usize {
        self.slack.len()
    }

    /// Length in bytes with the header and the unused space.
    pub fn binary_len(&self) -> usize {
        let aces: usize = self.aces.iter().map(Ace::binary_len).sum();
        size_of::<AclHeader>() + aces + self.slack.len()
    }

    /// The first entry that stands after one it should stand before: denying before allowing
    /// entries of the object itself, then inherited ones in any order. `None`: in order.
    pub fn first_out_of_order(&self) -> Option<usize> {
        let mut highest = 0;
        self.aces.iter().position(|ace| {
            let Some(rank) = rank(ace) else { return false };
            let before = rank < highest;
            highest = highest.max(rank);
            before
        })
    }

    /// Where a new grant on the object itself stands in order: behind the denials of the object
    /// itself that come first, before all other entries that grant, deny or are inherited.
    pub fn place_of_grant(&self) -> usize {
        let first = self.aces.iter().position(|ace| rank(ace) > Some(0));
        first.unwrap_or(self.aces.len())
    }

    /// The list at `at`.
    pub(crate) fn read(bytes: &[u8], at: usize) -> Result<Acl, ParseError> {
        let short = || ParseError::Truncated {
            offset: at,
            what: "an access list",
            end: bytes.len(),
        };
        let field = |field, found, expected| ParseError::Field {
            offset: at,
            field,
            found,
            expected,
        };
        let head: &AclHeader = bytes::view(bytes, at).ok_or_else(short)?;
        if !(ACL_REVISION..=ACL_REVISION_DS).contains(&head.revision) {
            let what = "the revision of an access list";
            return Err(field(what, u32::from(head.revision), "2 to 4"));
        }
        let size = usize::from(head.size.get());
        if size < size_of::<AclHeader>() || !size.is_multiple_of(4) {
            let what = "the length of an access list";
            return Err(field(
                what,
                u32::from(head.size.get()),
                "a multiple of 4 from 8 on",
            ));
        }
        let end = at.checked_add(size).ok_or_else(short)?;
        let list = bytes::between(bytes, 0, end).ok_or_else(short)?;
        let mut next = at + size_of::<AclHeader>();
        let mut aces = Vec::new();
        for _ in 0..head.count.get() {
            let (ace, len) = Ace::read(list, next)?;
            aces.push(ace);
            next += len;
        }
        Ok(Acl {
            revision: head.revision,
            padding: head.padding,
            padding2: head.padding2.get(),
            aces,
            slack: bytes::between(list, next, end).ok_or_else(short)?.to_vec(),
        })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let len = self.binary_len();
        let too_long = || EncodeError::AclTooLong { len };
        let size = u16::try_from(len).map_err(|_| too_long())?;
        let count = u16::try_from(self.aces.len()).map_err(|_| too_long())?;
        if len > MAX_LEN {
            return Err(too_long());
        }
        out.extend([self.revision, self.padding]);
        out.extend(size.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(self.padding2.to_le_bytes());
        for (index, ace) in self.aces.iter().enumerate() {
            ace.write(index, out)?;
        }
        out.extend(&self.slack);
        Ok(())
    }
}

/// Place of an entry in the order; `None` for entries the order says nothing about.
fn rank(ace: &Ace) -> Option<u8> {
    let denies = match ace.kind() {
        AceKind::DENIED
        | AceKind::DENIED_OBJECT
        | AceKind::DENIED_CALLBACK
        | AceKind::DENIED_CALLBACK_OBJECT => true,
        AceKind::ALLOWED
        | AceKind::ALLOWED_OBJECT
        | AceKind::ALLOWED_CALLBACK
        | AceKind::ALLOWED_CALLBACK_OBJECT => false,
        _ => return None,
    };
    Some(match (ace.flags().contains(AceFlags::INHERITED), denies) {
        (false, true) => 0,
        (false, false) => 1,
        (true, _) => 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::AccessMask;
    use crate::sid::Sid;

    fn ace(kind: u8, flags: u8) -> Ace {
        let flags = AceFlags::from_bits_retain(flags);
        Ace::masked(AceKind(kind), flags, AccessMask::KEY_READ, Sid::EVERYONE).unwrap()
    }

    #[test]
    fn order() {
        let (deny, allow) = (ace(1, 0), ace(0, 2));
        let (later, later_deny, label) = (ace(0, 0x10), ace(10, 0x12), ace(17, 0));
        let cases = [
            (vec![], None),
            (vec![&allow], None),
            (vec![&deny, &allow, &later, &later_deny, &later], None),
            (vec![&deny, &allow, &label, &deny], Some(3)),
            (vec![&later, &allow], Some(1)),
            (vec![&later_deny, &deny], Some(1)),
            (vec![&allow, &later, &label, &later], None),
        ];
        for (aces, out) in cases {
            let acl = Acl::new(aces.into_iter().cloned().collect());
            assert_eq!(acl.first_out_of_order(), out, "{acl:?}");
        }
    }

    #[test]
    fn a_grant_goes_behind_the_denials_in_front() {
        let (deny, condition, allow) = (ace(1, 0), ace(10, 0), ace(0, 0));
        let (later, later_deny, label) = (ace(0, 0x10), ace(10, 0x12), ace(17, 0));
        let cases = [
            (vec![], 0),
            (vec![&allow], 0),
            (vec![&deny, &condition, &allow, &deny], 2),
            (vec![&label, &deny, &later_deny, &allow], 2),
            (vec![&later, &deny], 0),
            (vec![&deny, &label], 2),
        ];
        for (aces, place) in cases {
            let acl = Acl::new(aces.into_iter().cloned().collect());
            assert_eq!(acl.place_of_grant(), place, "{acl:?}");
        }
    }

    #[test]
    fn everything_is_written_as_it_was_read() {
        let mut bytes = vec![0xEE; 4];
        bytes.extend([4, 0xAA, 36, 0, 1, 0, 0xBB, 0xCC]);
        bytes.extend([0, 0, 20, 0, 1, 2, 3, 4, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        bytes.extend(*b"old data");
        let acl = Acl::read(&bytes, 4).unwrap();
        assert_eq!((acl.revision(), acl.slack(), acl.binary_len()), (4, 8, 36));
        let mut out = Vec::new();
        acl.write(&mut out).unwrap();
        assert_eq!(out, bytes[4..]);
    }

    #[test]
    fn entries_may_not_leave_the_list() {
        let mut bytes = vec![2, 0, 24, 0, 1, 0, 0, 0, 99, 0, 16, 0];
        bytes.extend([0; 40]);
        assert_eq!(Acl::read(&bytes, 0).unwrap().aces.len(), 1);
        for (at, byte) in [(0, 1), (0, 5), (2, 7), (2, 22), (2, 20), (2, 200), (4, 2)] {
            let mut broken = bytes.clone();
            broken[at] = byte;
            assert!(Acl::read(&broken, 0).is_err(), "{at} {byte}");
        }
    }

    #[test]
    fn too_long_a_list_is_not_written() {
        let acl = Acl::new(vec![ace(0, 0); 3276]);
        assert_eq!(acl.binary_len(), 65_528);
        assert!(acl.write(&mut Vec::new()).is_ok());
        let acl = Acl::new(vec![ace(0, 0); 3277]);
        let error = acl.write(&mut Vec::new()).unwrap_err();
        assert_eq!(error, EncodeError::AclTooLong { len: 65_548 });
    }
}

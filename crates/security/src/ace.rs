//! Access entries: who may or may not do what, and what is recorded.
//!
//! Invariants: an entry that was read is written back bit for bit, whatever its kind. Absent on
//! purpose: the inside of object entries and of conditions, which are carried, not understood.

use crate::access::AccessMask;
use crate::bytes;
use crate::error::{EncodeError, ParseError};
use crate::format::{ACL_REVISION, ACL_REVISION_DS, AceFlags, AceHeader, AceKind};
use crate::sid::Sid;

/// Longest entry: the greatest multiple of 4 that a 16-bit length holds.
const MAX_LEN: usize = 65_532;

/// An access entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ace {
    kind: AceKind,
    flags: AceFlags,
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Body {
    /// Mask, SID, and whatever follows (a condition, a claim, unused space).
    Masked {
        mask: AccessMask,
        sid: Sid,
        tail: Vec<u8>,
    },
    /// Everything behind the header.
    Opaque(Vec<u8>),
}

/// How the bytes behind an entry's header are laid out.
enum Layout {
    /// A mask, then a SID, or Windows takes the whole list for broken.
    Masked,
    /// A mask, then a SID, but Windows does not insist.
    MostlyMasked,
    Other,
}

fn layout(kind: AceKind) -> Layout {
    match kind.0 {
        0..=3 | 9 | 10 | 13 | 14 | 17 => Layout::Masked,
        18..=21 => Layout::MostlyMasked,
        _ => Layout::Other,
    }
}

impl Ace {
    /// An entry that grants `sid` the rights in `mask`.
    pub fn allow(flags: AceFlags, mask: AccessMask, sid: Sid) -> Ace {
        Ace::of(AceKind::ALLOWED, flags, mask, sid)
    }

    /// An entry that denies `sid` the rights in `mask`.
    pub fn deny(flags: AceFlags, mask: AccessMask, sid: Sid) -> Ace {
        Ace::of(AceKind::DENIED, flags, mask, sid)
    }

    /// An entry of any kind that is a mask and a SID; `None` for kinds laid out otherwise.
    pub fn masked(kind: AceKind, flags: AceFlags, mask: AccessMask, sid: Sid) -> Option<Ace> {
        match layout(kind) {
            Layout::Masked | Layout::MostlyMasked => Some(Ace::of(kind, flags, mask, sid)),
            Layout::Other => None,
        }
    }

    fn of(kind: AceKind, flags: AceFlags, mask: AccessMask, sid: Sid) -> Ace {
        let tail = Vec::new();
        let body = Body::Masked { mask, sid, tail };
        Ace { kind, flags, body }
    }

    /// The entry's kind.
    pub fn kind(&self) -> AceKind {
        self.kind
    }

    /// The entry's flags.
    pub fn flags(&self) -> AceFlags {
        self.flags
    }

    /// The rights; `None` for object entries and kinds not known here.
    pub fn mask(&self) -> Option<AccessMask> {
        match &self.body {
            Body::Masked { mask, .. } => Some(*mask),
            Body::Opaque(_) => None,
        }
    }

    /// Whom it is about; `None` for object entries and kinds not known here.
    pub fn sid(&self) -> Option<&Sid> {
        match &self.body {
            Body::Masked { sid, .. } => Some(sid),
            Body::Opaque(_) => None,
        }
    }

    /// What follows the SID (a condition, a claim), or of an entry without [`Ace::sid`]
    /// everything behind its header.
    pub fn rest(&self) -> &[u8] {
        match &self.body {
            Body::Masked { tail, .. } => tail,
            Body::Opaque(all) => all,
        }
    }

    /// The same entry with other flags.
    #[must_use]
    pub fn with_flags(mut self, flags: AceFlags) -> Ace {
        self.flags = flags;
        self
    }

    /// The same entry with other rights; unchanged where there is no [`Ace::mask`].
    #[must_use]
    pub fn with_mask(mut self, new: AccessMask) -> Ace {
        if let Body::Masked { mask, .. } = &mut self.body {
            *mask = new;
        }
        self
    }

    /// The same entry for another account; unchanged where there is no [`Ace::sid`].
    #[must_use]
    pub fn with_sid(mut self, new: Sid) -> Ace {
        if let Body::Masked { sid, .. } = &mut self.body {
            *sid = new;
        }
        self
    }

    /// The lowest revision of a list that may hold it.
    pub(crate) fn revision(&self) -> u8 {
        match self.kind.0 {
            4 => 3,
            5..=8 | 11 | 12 | 15 | 16 => ACL_REVISION_DS,
            _ => ACL_REVISION,
        }
    }

    /// Length in bytes with the header.
    pub fn binary_len(&self) -> usize {
        size_of::<AceHeader>()
            + match &self.body {
                Body::Masked { sid, tail, .. } => 4 + sid.binary_len() + tail.len(),
                Body::Opaque(all) => all.len(),
            }
    }

    /// The entry at `at` and its length.
    pub(crate) fn read(bytes: &[u8], at: usize) -> Result<(Ace, usize), ParseError> {
        let short = || ParseError::Truncated {
            offset: at,
            what: "an access entry",
            end: bytes.len(),
        };
        let head: &AceHeader = bytes::view(bytes, at).ok_or_else(short)?;
        let len = usize::from(head.size.get());
        if len < size_of::<AceHeader>() || !len.is_multiple_of(4) {
            return Err(ParseError::Field {
                offset: at,
                field: "the length of an access entry",
                found: u32::from(head.size.get()),
                expected: "a multiple of 4 from 4 on",
            });
        }
        let end = at.checked_add(len).ok_or_else(short)?;
        let entry = bytes::between(bytes, 0, end).ok_or_else(short)?;
        let kind = AceKind(head.kind);
        let body = match (layout(kind), masked(entry, at)) {
            (Layout::Masked, body) => body?,
            (Layout::MostlyMasked, Ok(body)) => body,
            _ => {
                let all = bytes::between(entry, at + size_of::<AceHeader>(), end);
                Body::Opaque(all.ok_or_else(short)?.to_vec())
            }
        };
        let flags = AceFlags::from_bits_retain(head.flags);
        Ok((Ace { kind, flags, body }, len))
    }

    pub(crate) fn write(&self, index: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let len = self.binary_len();
        let size = u16::try_from(len)
            .ok()
            .filter(|_| len <= MAX_LEN)
            .ok_or(EncodeError::AceTooLong { index, len })?;
        out.extend([self.kind.0, self.flags.bits()]);
        out.extend(size.to_le_bytes());
        match &self.body {
            Body::Masked { mask, sid, tail } => {
                out.extend(mask.0.to_le_bytes());
                sid.write(out);
                out.extend(tail);
            }
            Body::Opaque(all) => out.extend(all),
        }
        Ok(())
    }
}

/// Mask, SID and rest of the entry that begins at `at` and ends where `entry` ends.
fn masked(entry: &[u8], at: usize) -> Result<Body, ParseError> {
    let (mask_at, sid_at) = (at + size_of::<AceHeader>(), at + size_of::<AceHeader>() + 4);
    let short = || ParseError::Truncated {
        offset: at,
        what: "an access entry's mask or SID",
        end: entry.len(),
    };
    let mask = bytes::u32_at(entry, mask_at).ok_or_else(short)?;
    let sid = Sid::read(entry, sid_at)?;
    let tail = bytes::between(entry, sid_at + sid.binary_len(), entry.len());
    Ok(Body::Masked {
        mask: AccessMask(mask),
        sid,
        tail: tail.ok_or_else(short)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMINISTRATORS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];

    fn entry(kind: u8, tail: &[u8]) -> Vec<u8> {
        let len = u8::try_from(24 + tail.len()).unwrap();
        let mut out = vec![kind, 0xFF, len, 0, 0x3F, 0, 0x0F, 0x91];
        out.extend(ADMINISTRATORS);
        out.extend(tail);
        out
    }

    fn again(bytes: &[u8]) -> Vec<u8> {
        let (ace, len) = Ace::read(bytes, 0).unwrap();
        assert_eq!((len, ace.binary_len()), (bytes.len(), bytes.len()));
        let mut out = Vec::new();
        ace.write(0, &mut out).unwrap();
        out
    }

    #[test]
    fn every_kind_is_written_as_it_was_read() {
        for kind in 0..=255 {
            for tail in [&b""[..], b"artx", b"artx1234"] {
                let bytes = entry(kind, tail);
                assert_eq!(again(&bytes), bytes, "kind {kind}");
            }
        }
    }

    #[test]
    fn mask_and_sid_are_seen_where_they_are() {
        for kind in [0, 1, 2, 3, 9, 10, 13, 14, 17, 18, 19, 20, 21] {
            let (ace, _) = Ace::read(&entry(kind, b"artx"), 0).unwrap();
            assert_eq!(ace.mask(), Some(AccessMask(0x910F_003F)));
            assert_eq!(ace.sid(), Some(&Sid::ADMINISTRATORS));
            assert_eq!(ace.rest(), b"artx");
        }
        for kind in [4, 5, 8, 11, 16, 22, 255] {
            let (ace, _) = Ace::read(&entry(kind, b""), 0).unwrap();
            assert_eq!((ace.mask(), ace.sid(), ace.rest().len()), (None, None, 20));
        }
    }

    #[test]
    fn a_broken_sid_counts_only_where_windows_looks() {
        for kind in 0..=30 {
            let mut bytes = entry(kind, b"");
            bytes[9] = 16;
            let strict = matches!(kind, 0..=3 | 9 | 10 | 13 | 14 | 17);
            assert_eq!(Ace::read(&bytes, 0).is_err(), strict, "kind {kind}");
            if !strict {
                assert_eq!(again(&bytes), bytes);
            }
            // One sub-authority more than the entry is long.
            bytes[9] = 3;
            bytes.extend([0; 8]);
            assert_eq!(Ace::read(&bytes, 0).is_err(), strict, "kind {kind}");
        }
    }

    #[test]
    fn too_long_an_entry_is_not_written() {
        let body = Body::Opaque(vec![0; 65_532]);
        let (kind, flags) = (AceKind(99), AceFlags::empty());
        let ace = Ace { kind, flags, body };
        let error = ace.write(7, &mut Vec::new()).unwrap_err();
        assert_eq!(
            error,
            EncodeError::AceTooLong {
                index: 7,
                len: 65_536
            }
        );
    }
}

//! Rule S5: whether bytes are a self-relative security descriptor the kernel would take.
//!
//! Invariants: pure, no allocation, linear in the length. An absent owner, group or list is
//! fine; so is an access entry of a kind not known here, as long as its size fits.
//! Absent on purpose: rights, inheritance, text.

use crate::bytes;

/// Length of the fixed part.
const HEADER: usize = 20;
const DACL_PRESENT: u16 = 0x0004;
const SACL_PRESENT: u16 = 0x0010;
const SELF_RELATIVE: u16 = 0x8000;
/// Most sub-authorities of a SID.
const MAX_SUB_AUTHORITIES: usize = 15;
/// Length of a SID without sub-authorities, and of the header of a list.
const SID_BASE: usize = 8;
const ACL_HEADER: usize = 8;
/// Length of an entry's header, and of header and access mask together.
const ACE_HEADER: usize = 4;
const ACE_MASKED: usize = 8;

/// Checks the descriptor.
///
/// # Errors
/// What is wrong with it, as a lower-case fragment.
pub(super) fn validate(descriptor: &[u8]) -> Result<(), &'static str> {
    let head = bytes::slice(descriptor, 0, HEADER).ok_or("shorter than its fixed part")?;
    if head.first() != Some(&1) {
        return Err("revision is not 1");
    }
    let control = bytes::u16_at(head, 2).unwrap_or(0);
    if control & SELF_RELATIVE == 0 {
        return Err("not self-relative");
    }
    let part = |field| part(descriptor, bytes::u32_at(head, field).unwrap_or(0));
    if let Some(owner) = part(4)? {
        sid_len(owner).ok_or("the owner is no valid SID")?;
    }
    if let Some(group) = part(8)? {
        sid_len(group).ok_or("the group is no valid SID")?;
    }
    if control & SACL_PRESENT != 0
        && let Some(list) = part(12)?
    {
        acl(list)?;
    }
    if control & DACL_PRESENT != 0
        && let Some(list) = part(16)?
    {
        acl(list)?;
    }
    Ok(())
}

/// The bytes from an offset of the fixed part on; offset 0 means the part is absent.
fn part(descriptor: &[u8], offset: u32) -> Result<Option<&[u8]>, &'static str> {
    if offset == 0 {
        return Ok(None);
    }
    let at = bytes::index(offset);
    if at < HEADER || !at.is_multiple_of(4) {
        return Err("an offset points into the fixed part or is not a multiple of 4");
    }
    match bytes::tail(descriptor, at) {
        Some(rest) if !rest.is_empty() => Ok(Some(rest)),
        _ => Err("an offset points behind the end"),
    }
}

/// The length of the SID that `bytes` begins with.
fn sid_len(bytes: &[u8]) -> Option<usize> {
    let (&revision, &count) = (bytes.first()?, bytes.get(1)?);
    let count = usize::from(count);
    let len = SID_BASE + 4 * count;
    (revision == 1 && count <= MAX_SUB_AUTHORITIES && len <= bytes.len()).then_some(len)
}

fn acl(bytes: &[u8]) -> Result<(), &'static str> {
    let short = "an access list does not fit";
    let revision = bytes.first().ok_or(short)?;
    if !(2..=4).contains(revision) {
        return Err("the revision of an access list is not 2 to 4");
    }
    let size = usize::from(bytes::u16_at(bytes, 2).ok_or(short)?);
    let count = bytes::u16_at(bytes, 4).ok_or(short)?;
    if size < ACL_HEADER || !size.is_multiple_of(4) {
        return Err("an access list has no valid size");
    }
    let mut rest = bytes::slice(bytes, ACL_HEADER, size - ACL_HEADER).ok_or(short)?;
    for _ in 0..count {
        rest = bytes::tail(rest, ace_len(rest)?).ok_or(short)?;
    }
    Ok(())
}

/// The length of the entry that `bytes` begins with.
fn ace_len(bytes: &[u8]) -> Result<usize, &'static str> {
    let short = "an access entry does not fit";
    let kind = bytes.first().ok_or(short)?;
    let len = usize::from(bytes::u16_at(bytes, 2).ok_or(short)?);
    let entry = bytes::slice(bytes, 0, len).ok_or(short)?;
    if len < ACE_HEADER || !len.is_multiple_of(4) {
        return Err("an access entry has no valid size");
    }
    // Allow, deny, audit, alarm, their conditional forms, and the mandatory label hold a mask
    // and then a SID; entries of other kinds are laid out in other ways.
    if matches!(kind, 0..=3 | 9 | 10 | 13 | 14 | 17) {
        let sid = bytes::tail(entry, ACE_MASKED).ok_or(short)?;
        sid_len(sid).ok_or("an access entry holds no valid SID")?;
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Owner and group S-1-5-18, a DACL with one entry that allows S-1-5-18 everything.
    fn sound() -> Vec<u8> {
        let sid = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
        let mut all = vec![
            1, 0, 0x04, 0x80, 20, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0,
        ];
        all.extend(sid);
        all.extend(sid);
        all.extend([2, 0, 28, 0, 1, 0, 0, 0]);
        all.extend([0, 0, 20, 0, 0x3F, 0, 0x0F, 0]);
        all.extend(sid);
        all
    }

    #[test]
    fn a_sound_descriptor_passes_and_so_does_an_empty_one() {
        assert_eq!(validate(&sound()), Ok(()));
        let mut empty = vec![0; 20];
        (empty[0], empty[3]) = (1, 0x80);
        assert_eq!(validate(&empty), Ok(()));
    }

    #[test]
    fn no_prefix_passes() {
        let all = sound();
        for len in 0..all.len() {
            assert!(validate(&all[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn each_field_counts() {
        let changes = [
            (0, 2, "revision"),
            (3, 0, "self-relative"),
            (4, 16, "offset"),
            (4, 22, "multiple of 4"),
            (8, 76, "behind the end"),
            (17, 1, "behind the end"),
            (20, 2, "owner"),
            (33, 16, "group"),
            (44, 1, "revision"),
            (46, 4, "size"),
            (46, 32, "does not fit"),
            (48, 2, "does not fit"),
            (52 + 2, 18, "size"),
            (52 + 2, 24, "does not fit"),
            (52 + 8, 2, "SID"),
            (52 + 9, 2, "SID"),
        ];
        for (at, byte, word) in changes {
            let mut bytes = sound();
            bytes[at] = byte;
            let error = validate(&bytes).expect_err(word);
            assert!(error.contains(word), "{at}: {error} should speak of {word}");
        }
    }

    #[test]
    fn an_entry_of_an_unknown_kind_needs_only_its_size() {
        let mut bytes = sound();
        (bytes[52], bytes[60]) = (5, 9);
        assert_eq!(validate(&bytes), Ok(()));
    }
}

//! Security descriptors for tests, put together byte by byte.
//!
//! Invariants: what comes out is a valid self-relative descriptor in the order that the kernel
//! writes: list, owner, group. Deliberately absent: system lists, names of accounts.
#![allow(dead_code, reason = "each test program uses a part of this")]

/// The system itself, S-1-5-18.
pub(crate) const SYSTEM: &[u32] = &[18];
/// NETWORK SERVICE, S-1-5-20.
pub(crate) const NETWORK_SERVICE: &[u32] = &[20];
/// Administrators, S-1-5-32-544.
pub(crate) const ADMINISTRATORS: &[u32] = &[32, 544];
/// Somebody's account on some machine.
pub(crate) const SOMEBODY: &[u32] = &[21, 1111, 2222, 3333, 1001];

pub(crate) const ALLOW: u8 = 0;
pub(crate) const DENY: u8 = 1;
pub(crate) const FULL: u32 = 0x1F_01FF;
pub(crate) const READ: u32 = 0x12_0089;

/// `SE_SELF_RELATIVE` and `SE_DACL_PRESENT`.
const PLAIN: u16 = 0x8004;
pub(crate) const PROTECTED: u16 = 0x1000;
pub(crate) const AUTO_INHERITED: u16 = 0x0400;

/// Kind, rights and the numbers of the SID behind S-1-5.
pub(crate) type Entry<'a> = (u8, u32, &'a [u32]);

/// A descriptor with these further flags; its group is SYSTEM.
pub(crate) fn descriptor(flags: u16, owner: &[u32], entries: &[Entry<'_>]) -> Vec<u8> {
    let mut list = Vec::new();
    for (kind, mask, who) in entries {
        let who = sid(who);
        list.extend([*kind, 0]);
        list.extend(word(8 + who.len()));
        list.extend(mask.to_le_bytes());
        list.extend(who);
    }
    let mut out = vec![1, 0];
    out.extend((PLAIN | flags).to_le_bytes());
    let owner = sid(owner);
    let owner_at = 20 + 8 + list.len();
    for offset in [owner_at, owner_at + owner.len(), 0, 20] {
        out.extend(
            u32::try_from(offset)
                .expect("a short descriptor")
                .to_le_bytes(),
        );
    }
    out.extend([2, 0]);
    out.extend(word(8 + list.len()));
    out.extend(word(entries.len()));
    out.extend([0, 0]);
    out.extend(list);
    out.extend(owner);
    out.extend(sid(SYSTEM));
    out
}

fn sid(numbers: &[u32]) -> Vec<u8> {
    let mut out = vec![
        1,
        u8::try_from(numbers.len()).expect("a SID"),
        0,
        0,
        0,
        0,
        0,
        5,
    ];
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    out
}

fn word(number: usize) -> [u8; 2] {
    u16::try_from(number).expect("a short list").to_le_bytes()
}

/// What Windows gives a key file: NETWORK SERVICE reads, the rest is full control.
pub(crate) fn healthy() -> Vec<u8> {
    let entries = [
        (ALLOW, FULL, SYSTEM),
        (ALLOW, READ, NETWORK_SERVICE),
        (ALLOW, FULL, ADMINISTRATORS),
    ];
    descriptor(AUTO_INHERITED, ADMINISTRATORS, &entries)
}

/// Somebody owns it, NETWORK SERVICE is denied, nothing is inherited.
pub(crate) fn broken() -> Vec<u8> {
    let entries = [(DENY, FULL, NETWORK_SERVICE), (ALLOW, FULL, SOMEBODY)];
    descriptor(PROTECTED, SOMEBODY, &entries)
}

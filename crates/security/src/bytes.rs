//! Checked access to bytes: the only place of this crate that slices.
//!
//! Invariants: no function panics or overflows on any input; what does not lie wholly inside the
//! slice is `None`. Absent on purpose: any knowledge of what the bytes mean.

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The `len` bytes at `at`.
pub(crate) fn slice(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// The bytes from `from` to before `to`.
pub(crate) fn between(bytes: &[u8], from: usize, to: usize) -> Option<&[u8]> {
    bytes.get(from..to)
}

/// The structure at `at`.
pub(crate) fn view<T>(bytes: &[u8], at: usize) -> Option<&T>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    T::ref_from_bytes(slice(bytes, at, size_of::<T>())?).ok()
}

/// The little-endian number at `at`.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(slice(bytes, at, 4)?.try_into().ok()?))
}

/// A file offset as the `usize` it is on every system this crate supports.
pub(crate) fn index(number: u32) -> usize {
    // On a system whose sizes have 16 bits the offset lies outside of every slice.
    usize::try_from(number).unwrap_or(usize::MAX)
}

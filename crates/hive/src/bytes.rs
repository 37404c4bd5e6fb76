//! Checked access to bytes: the only place of this crate that indexes or slices.
//!
//! Invariants: no function panics or overflows on any input; what does not lie wholly inside the
//! slice is `None`. Absent on purpose: any knowledge of what the bytes mean.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The `len` bytes at `at`.
pub(crate) fn slice(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// Everything from `at` on.
pub(crate) fn tail(bytes: &[u8], at: usize) -> Option<&[u8]> {
    bytes.get(at..)
}

/// The structure at `at`.
pub(crate) fn view<T>(bytes: &[u8], at: usize) -> Option<&T>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    T::ref_from_bytes(slice(bytes, at, size_of::<T>())?).ok()
}

/// The structure at `at`, to change it in place.
pub(crate) fn view_mut<T>(bytes: &mut [u8], at: usize) -> Option<&mut T>
where
    T: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned,
{
    T::mut_from_bytes(bytes.get_mut(at..at.checked_add(size_of::<T>())?)?).ok()
}

/// The little-endian number at `at`.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(slice(bytes, at, 2)?.try_into().ok()?))
}

/// The little-endian number at `at`.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(slice(bytes, at, 4)?.try_into().ok()?))
}

/// Writes `new` at `at`.
pub(crate) fn put(bytes: &mut [u8], at: usize, new: &[u8]) -> Option<()> {
    bytes
        .get_mut(at..at.checked_add(new.len())?)?
        .copy_from_slice(new);
    Some(())
}

/// Sets `len` bytes at `at` to zero.
pub(crate) fn zero(bytes: &mut [u8], at: usize, len: usize) -> Option<()> {
    bytes.get_mut(at..at.checked_add(len)?)?.fill(0);
    Some(())
}

/// A file offset or index as the `usize` it is on every system this crate supports.
pub(crate) fn index(number: u32) -> usize {
    // 16-bit systems cannot hold a hive in memory; on all others this cannot fail.
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The numbers of an array of little-endian `u32`; a torn last one is left out.
pub(crate) fn u32s(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).filter_map(|chunk| u32_at(chunk, 0))
}

/// The numbers of an array of little-endian `u16`; a torn last one is left out.
pub(crate) fn u16s(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).filter_map(|chunk| u16_at(chunk, 0))
}

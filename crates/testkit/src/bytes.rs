//! Little-endian reads and writes in byte slices, and the base block checksum.
//!
//! Invariants: nothing here panics; a read outside the slice gives `None`, a write outside it
//! does nothing. Absent: any knowledge of a structure.

/// The 16-bit number at `at`.
pub(crate) fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

/// The 32-bit number at `at`.
pub(crate) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

/// The 64-bit number at `at`.
pub(crate) fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

/// Overwrites the bytes at `at` with `data`.
pub(crate) fn put(bytes: &mut [u8], at: usize, data: &[u8]) {
    if let Some(field) = bytes.get_mut(at..at.saturating_add(data.len())) {
        field.copy_from_slice(data);
    }
}

/// Overwrites the 16-bit number at `at`.
pub(crate) fn put_u16(bytes: &mut [u8], at: usize, number: u16) {
    put(bytes, at, &number.to_le_bytes());
}

/// Overwrites the 32-bit number at `at`.
pub(crate) fn put_u32(bytes: &mut [u8], at: usize, number: u32) {
    put(bytes, at, &number.to_le_bytes());
}

/// Overwrites the 64-bit number at `at`.
pub(crate) fn put_u64(bytes: &mut [u8], at: usize, number: u64) {
    put(bytes, at, &number.to_le_bytes());
}

/// The text as UTF-16 bytes, without a terminator.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The checksum a base block (or the copy of one in a log) must carry at offset 0x1FC.
///
/// It is the XOR of the 127 words before it; the results 0 and 0xFFFFFFFF are not used.
pub fn checksum(base_block: &[u8]) -> u32 {
    let words = (0..127).filter_map(|index| read_u32(base_block, index * 4));
    match words.fold(0, |sum, word| sum ^ word) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

/// Writes the right checksum into the base block at the start of `file`.
pub(crate) fn fix_checksum(file: &mut [u8]) {
    let sum = checksum(file);
    put_u32(file, 0x1FC, sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_reserved_sums_are_avoided() {
        let mut block = vec![0; 512];
        assert_eq!(checksum(&block), 1);
        put_u32(&mut block, 0, u32::MAX);
        assert_eq!(checksum(&block), u32::MAX - 1);
        put_u32(&mut block, 0x1F8, 5);
        assert_eq!(checksum(&block), u32::MAX ^ 5);
        put_u32(&mut block, 0x1FC, 77);
        assert_eq!(
            checksum(&block),
            u32::MAX ^ 5,
            "the field itself does not count"
        );
    }

    #[test]
    fn reads_and_writes_outside_do_nothing() {
        let mut bytes = vec![1, 2, 3, 4];
        put_u32(&mut bytes, 1, 9);
        put_u64(&mut bytes, usize::MAX, 9);
        assert_eq!(bytes, [1, 2, 3, 4]);
        assert_eq!(read_u32(&bytes, 0), Some(0x0403_0201));
        assert_eq!(read_u16(&bytes, 3), None);
        assert_eq!(read_u64(&bytes, usize::MAX), None);
    }
}

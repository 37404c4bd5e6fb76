//! CRC-32 by a table, as GPT uses it.
//!
//! Invariants: the polynomial is 0x04C11DB7 reflected, start and end are inverted. Absent on
//! purpose: speed, and checksums over parts.

/// The checksum of some bytes.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256).map(remainder).collect();
    let mut sum = u32::MAX;
    for byte in bytes {
        let index = (sum & 0xFF) as usize ^ usize::from(*byte);
        sum = table.get(index).copied().unwrap_or(0) ^ (sum >> 8);
    }
    !sum
}

/// What is left of one byte after division by the polynomial.
fn remainder(byte: u32) -> u32 {
    let mut rest = byte;
    for _ in 0..8 {
        rest = if rest & 1 == 1 {
            0x04C1_1DB7_u32.reverse_bits() ^ (rest >> 1)
        } else {
            rest >> 1
        };
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}

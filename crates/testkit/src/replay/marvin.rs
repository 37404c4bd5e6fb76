//! The Marvin32 hash that guards entries of a transaction log.
//!
//! Invariants: the seed is the one the kernel uses for logs. Absent: inputs whose length is not a
//! multiple of four; logs have none, and trailing bytes are not hashed.

/// Marvin32 of `bytes`; the length must be a multiple of four.
pub fn marvin32(bytes: &[u8]) -> u64 {
    let mut state = State {
        low: 0x7A4E_55C5,
        high: 0x82EF_4D88,
    };
    for word in bytes.chunks_exact(4) {
        state.mix(
            word.iter()
                .rev()
                .fold(0, |number, byte| number << 8 | u32::from(*byte)),
        );
    }
    state.mix(0x80);
    state.mix(0);
    u64::from(state.high) << 32 | u64::from(state.low)
}

struct State {
    low: u32,
    high: u32,
}

impl State {
    fn mix(&mut self, word: u32) {
        self.low = self.low.wrapping_add(word);
        self.high ^= self.low;
        self.low = self.low.rotate_left(20).wrapping_add(self.high);
        self.high = self.high.rotate_left(9) ^ self.low;
        self.low = self.low.rotate_left(27).wrapping_add(self.high);
        self.high = self.high.rotate_left(19);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts() {
        let base = marvin32(&[0; 32]);
        for bit in 0..256 {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            assert_ne!(marvin32(&bytes), base);
        }
        assert_ne!(marvin32(&[0; 28]), base);
    }
}

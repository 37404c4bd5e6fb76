//! Replay and checker on random mutants: an answer, never a panic, never a hang.
//!
//! Invariants: the seed is fixed. Absent: any judgement of the answers.

use testkit::damage::base;
use testkit::replay::{State, recover};
use testkit::rules::check;

/// A small deterministic generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    /// A few bytes, words or cut ends changed.
    fn mutate(&mut self, file: &[u8]) -> Vec<u8> {
        let mut file = file.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(file.len());
            let word = [0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 32, 4096][self.below(7)];
            match self.below(4) {
                0 => file[at] = self.below(256) as u8,
                1 => file[at] ^= 1 << self.below(8),
                2 => {
                    let at = (at & !3).min(file.len().saturating_sub(4));
                    file.iter_mut()
                        .skip(at)
                        .zip(word.to_le_bytes())
                        .for_each(|(b, w)| *b = w);
                }
                _ if self.below(20) == 0 => file.truncate(at.max(4)),
                _ => {}
            }
        }
        file
    }
}

#[test]
fn the_checker_answers_to_anything() {
    let (base, mut dice) = (base(), Dice(0x5EED));
    let mut broken = 0;
    for _ in 0..4000 {
        broken += usize::from(!check(&dice.mutate(&base)).is_empty());
    }
    assert!(broken > 500, "{broken}");
    for len in [0, 3, 511, 4096, 4099, 8191] {
        assert!(!check(&base[..len]).is_empty());
    }
}

#[test]
fn replay_answers_to_anything() {
    let (base, mut dice) = (base(), Dice(0xD1CE));
    let mut log = base[..512].to_vec();
    log[0x1C] = 6;
    let sum = testkit::checksum(&log);
    log[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
    log.extend(b"HvLE");
    log.extend(base[4096..8192].iter().copied());
    let mut old = log[..512].to_vec();
    old[0x1C] = 1;
    let sum = testkit::checksum(&old);
    old[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
    old.extend(b"DIRT");
    old.extend([0xFF; 9000]);
    for _ in 0..2000 {
        let (primary, one) = (dice.mutate(&base), dice.mutate(&log));
        let two = dice.mutate(&old);
        let found = recover(&primary, Some(&one), Some(&two), Some(&log));
        if found.state != State::Recovered {
            assert_eq!(found.image, primary);
        }
    }
    assert_eq!(recover(&[], None, None, None).state, State::Unrecoverable);
}

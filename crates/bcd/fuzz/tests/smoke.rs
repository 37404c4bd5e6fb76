//! The target on every seed and on mutants of it, without a fuzzer.
//!
//! Invariants: seeds are fixed. Absent on purpose: coverage.

use bcd_fuzz::{Reached, read_store, seeds};

#[test]
fn the_target_takes_its_seeds_and_their_mutants() {
    let mut state = 0x0DD5_EED5_u64;
    let mut roll = move |end: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) as usize % end
    };
    let mut reached = [0; 3];
    for (name, seed) in seeds::all() {
        assert_eq!(read_store(&seed), Reached::Changed, "{name}");
        for turn in 0..400 {
            let mut data = seed.clone();
            for _ in 0..=turn / 80 {
                let start = [0, 4097][roll(2)];
                let at = start + roll(data.len() - start);
                data[at] = [roll(256) as u8, 0, 0xFF, data[at] ^ 1][roll(4)];
            }
            reached[match read_store(&data) {
                Reached::Nothing => 0,
                Reached::Read => 1,
                Reached::Changed => 2,
            }] += 1;
        }
    }
    assert!(reached.iter().all(|&count| count > 100), "{reached:?}");
}

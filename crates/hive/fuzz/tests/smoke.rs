//! Every target on every seed and on mutants of it, without a fuzzer.
//!
//! Invariants: seeds are fixed. Absent on purpose: coverage.

use hive_fuzz::{edit, read, replay, seeds};

#[test]
fn every_target_takes_its_seeds_and_their_mutants() {
    let mut state = 0x0DD5_EED5_u64;
    let mut roll = move |end: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) as usize % end
    };
    let (mut seen, mut edits) = ([0; 3], 0);
    for (target, _, seed) in seeds::all() {
        for turn in 0..40 {
            let mut data = seed.clone();
            for _ in 0..turn / 4 {
                let front = data.len().min([data.len(), 600, 100][roll(3)]);
                let at = roll(front);
                data[at] = roll(256) as u8;
            }
            let place = match target {
                "read" => {
                    read(&data);
                    0
                }
                "replay" => {
                    replay(&data);
                    1
                }
                _ => {
                    edits += edit(&data);
                    2
                }
            };
            seen[place] += 1;
        }
    }
    assert!(seen.iter().all(|&count| count > 300), "{seen:?}");
    assert!(edits > 3000, "{edits}");
}

#[test]
fn the_replay_seeds_are_recovered() {
    for (target, name, seed) in seeds::all() {
        if target == "replay" {
            assert!(hive_fuzz::recovers(&seed), "{name}");
        }
    }
}

//! Any bytes as a primary with two logs: recovered.
//!
//! Invariants looked for: no panic, no more memory than the files account for; what is
//! recovered is what the test kit recovers. Absent on purpose: edits.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hive_fuzz::replay(data));

//! Any bytes as a hive: opened, checked and walked.
//!
//! Invariants looked for: no panic, no endless walk; in a hive the check calls clean, every key
//! and value can be read and is found by its own name. Absent on purpose: logs and edits.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hive_fuzz::read(data));

//! Any bytes as a store: read, shown, and changed where the hive is sound.
//!
//! Invariants looked for: no panic, no endless walk; what is decoded is encoded again; a change of
//! a sound store is carried out and read back. Absent on purpose: logs.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bcd_fuzz::read_store(data);
});

//! Any hive that passes the check, and a program of edits.
//!
//! Invariants looked for: no panic; what is refused leaves every byte; every result passes the
//! check with no orphan more; a commit in every way gives it, and its undo the files before.
//! Absent on purpose: power cuts (see the commit tests of the crate).

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hive_fuzz::edit(data);
});

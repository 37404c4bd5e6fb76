//! The peer of `cargo xtask bench`: reads and hashes each hive named, and walks it fifteen times.
//!
//! Invariants: a walk reads every name and every value's data, with nt-hive alone; what it read
//! is printed, so that nothing can be left out. Absent on purpose: any code of ours.
#![expect(
    clippy::print_stdout,
    reason = "its output is proof that the work was done"
)]

use anyhow::{Context, Result, anyhow};
use nt_hive::{Hive, KeyNode, KeyValueData};
use sha2::{Digest, Sha256};

const WALKS: usize = 15;

/// What one or more walks have read.
#[derive(Default)]
struct Tally {
    keys: u64,
    values: u64,
    bytes: usize,
    sum: u64,
    unreadable: u64,
}

fn main() -> Result<()> {
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let hash = Sha256::digest(&bytes);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut tally = Tally::default();
        for _ in 0..WALKS {
            let hive = Hive::new(bytes.as_slice()).map_err(|error| anyhow!("{error}"))?;
            walk(&hive.root_key_node()?, &mut tally)?;
        }
        let Tally {
            keys,
            values,
            bytes,
            sum,
            unreadable,
        } = tally;
        println!("{hash}: {WALKS} walks, {keys} keys, {values} values, {unreadable} unreadable,");
        println!("{bytes} bytes of names and data, sum of data {sum}");
    }
    Ok(())
}

fn walk(key: &KeyNode<'_, &[u8]>, tally: &mut Tally) -> Result<()> {
    tally.keys += 1;
    tally.bytes += key.name()?.len();
    for value in key.values().transpose()?.into_iter().flatten() {
        let value = value?;
        tally.values += 1;
        tally.bytes += value.name()?.len();
        match value.data() {
            Ok(KeyValueData::Small(data)) => tally.read(data),
            Ok(KeyValueData::Big(parts)) => {
                for part in parts {
                    tally.read(part?);
                }
            }
            Err(_) => tally.unreadable += 1,
        }
    }
    for subkey in key.subkeys().transpose()?.into_iter().flatten() {
        walk(&subkey?, tally)?;
    }
    Ok(())
}

impl Tally {
    /// Touches every byte, as a comparison would.
    fn read(&mut self, data: &[u8]) {
        self.bytes += data.len();
        self.sum += data.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
}

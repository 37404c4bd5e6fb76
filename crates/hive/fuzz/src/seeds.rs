//! The seed corpus: small hives, logs and programs from the test kit.
//!
//! Invariants: the same files each time. Absent on purpose: real hives.

use testkit::{HiveBuilder, damage};

/// A small hive of a minor version, with every kind of cell.
pub fn small(minor: u32) -> Vec<u8> {
    builder(minor).build()
}

fn builder(minor: u32) -> HiveBuilder {
    let mut hive = HiveBuilder::with_minor(minor);
    hive.sequence = 7;
    hive.leaf_limit = 3;
    hive.key("A\\B")
        .class("class")
        .dword("N", 1)
        .sz("", "text")
        .binary("Big", &[7; 16_400]);
    for number in 0..8 {
        hive.key(&format!("Wide\\Key{number:04}"));
    }
    hive.key("Link").flags = 0x10;
    hive.key("Keep\\Held").flags = 8;
    hive
}

/// All seeds: target, name, content.
pub fn all() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for minor in 3..=6 {
        let hive = small(minor);
        seeds.push(("read", format!("small-{minor}"), [&[1], &hive[..]].concat()));
        for turn in 0..8_u8 {
            let program: Vec<u8> = (0..90_u8)
                .map(|at| at.wrapping_mul(29) ^ turn.wrapping_mul(51))
                .collect();
            let head = [90, 0];
            let seed = [&head[..], &program, &hive].concat();
            seeds.push(("edit", format!("program-{minor}-{turn}"), seed));
        }
    }
    for fault in damage::catalogue() {
        let mut hive = damage::base();
        (fault.apply)(&mut hive);
        let seed = [&[0], &hive[..]].concat();
        seeds.push(("read", format!("{}-{}", fault.rule, fault.name), seed));
    }
    for (name, log1, log2) in [
        ("new", new_log(7, 2), Vec::new()),
        ("both", new_log(8, 2), new_log(7, 1)),
        ("old", old_log(8), Vec::new()),
        ("mixed", old_log(8), new_log(3, 1)),
    ] {
        for broken in [false, true] {
            let mut primary = small(5);
            primary[4] += 1;
            crate::seal(&mut primary);
            primary[0x40] ^= u8::from(broken);
            let name = format!("{name}{}", if broken { "-bad-header" } else { "" });
            seeds.push(("replay", name, framed(&primary, &log1, &log2)));
        }
    }
    seeds
}

/// A primary and two logs as the target `replay` takes them, everything sealed but the primary.
fn framed(primary: &[u8], log1: &[u8], log2: &[u8]) -> Vec<u8> {
    let sectors = |file: &[u8]| ((file.len() / 512) as u16).to_le_bytes();
    let head = [&[0b11110], &sectors(primary)[..], &sectors(log1)[..]].concat();
    [&head, primary, log1, log2].concat()
}

fn log_base(kind: u32, sequence: u32) -> Vec<u8> {
    let mut base = small(5);
    base.truncate(512);
    for (at, word) in [(4, sequence), (8, sequence), (0x1C, kind)] {
        base[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    crate::seal(&mut base);
    base
}

/// A new-format log of `count` entries that each carry the second page.
fn new_log(first: u32, count: u32) -> Vec<u8> {
    let primary = small(5);
    let mut log = log_base(6, first);
    for turn in 0..count {
        let at = log.len();
        let end = (at + 48 + 4096).next_multiple_of(4096);
        let size = (primary.len() - 4096) as u32;
        log.extend(b"HvLE");
        for word in [
            (end - at) as u32,
            0,
            first + turn,
            size,
            1,
            0,
            0,
            0,
            0,
            4096,
            4096,
        ] {
            log.extend(word.to_le_bytes());
        }
        log.extend(&primary[8192..12_288]);
        log.resize(end, 0);
    }
    crate::rehash(&mut log);
    log
}

fn old_log(sequence: u32) -> Vec<u8> {
    let primary = small(5);
    let mut log = log_base(1, sequence);
    log.extend(b"DIRT");
    log.resize(log.len() + (primary.len() - 4096) / 4096, 0);
    log[517] = 0xFF;
    log.resize(log.len().next_multiple_of(512), 0);
    log.extend(&primary[8192..12_288]);
    log
}

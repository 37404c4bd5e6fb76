//! A catalogue of named damage: one broken load-time rule each, on a hive built by this kit.
//!
//! Invariants: each fault breaks the rule it names and no other, except what follows from it
//! (a lost cell leaks); the checksum is right unless it is the fault. Absent, because they cannot
//! be broken alone or nobody is hurt by them: B12, B13, B14, B16 (ignored by every loader), B15
//! (needs a transaction log), H5 as other than a bin cut by the end (H1 to H4 are met first),
//! K16 (links), V6 to V8.

#![allow(
    clippy::ptr_arg,
    reason = "all faults have the one type the catalogue wants"
)]

mod edit;
mod header;
mod keys;
mod lists;
mod security;
mod values;

use crate::build::{HiveBuilder, security as descriptors};

/// One fault.
#[derive(Debug, Clone, Copy)]
pub struct Damage {
    /// The rule it breaks, such as `K3`.
    pub rule: &'static str,
    /// What it does, unique in the catalogue.
    pub name: &'static str,
    /// Does it, to the bytes of [`base`].
    pub apply: fn(&mut Vec<u8>),
}

/// The hive the catalogue damages: version 1.5, several bins, every kind of cell.
pub fn base() -> Vec<u8> {
    builder(5).build()
}

/// All faults, in the order of their rules.
pub fn catalogue() -> Vec<Damage> {
    let parts = [
        header::FAULTS,
        keys::FAULTS,
        security::FAULTS,
        lists::FAULTS,
        values::FAULTS,
    ];
    let fault = |(rule, name, apply): &Row| Damage {
        rule,
        name,
        apply: *apply,
    };
    parts.into_iter().flatten().map(fault).collect()
}

/// A row of a catalogue part: rule, name, what to do.
type Row = (&'static str, &'static str, fn(&mut Vec<u8>));

/// The base hive in another version.
fn builder(minor: u32) -> HiveBuilder {
    let mut hive = HiveBuilder::with_minor(minor);
    hive.leaf_limit = 4;
    let system = descriptors::local_system();
    let aces = [descriptors::Ace::allow(
        descriptors::KEY_ALL,
        system.clone(),
    )];
    let other = hive.descriptor(descriptors::descriptor(&system, &system, &aces));
    hive.key("Alpha")
        .class("class001")
        .dword("One", 1)
        .dword("Two", 2)
        .sz("Text", "some text")
        .binary("Big", &[0xA5; 20_000]);
    hive.key("Beta").class("class002");
    ["x1", "x2", "x3"].iter().for_each(|name| {
        hive.key("Beta").child(name);
    });
    hive.key("Delta").security = other;
    hive.key("Gr\u{f6}n").dword("", 7);
    for number in 0..10 {
        hive.key(&format!("Many\\k{number:02}"));
    }
    hive.key("Many\\\u{416}");
    hive
}

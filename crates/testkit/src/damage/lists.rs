//! Damage to subkey lists: rules L1 to L11.
//!
//! Invariants: hashes and hints go with their entries where entries are moved. Absent: see the
//! catalogue.

use super::edit::{NIL, add_cell, at, entry, free_cell, get, key, list};
use super::{Row, builder};
use crate::bytes::{put, put_u16, put_u32, read_u16};

fn list_is(file: &mut [u8], cell: u32) {
    let key = key(file, "Beta");
    put_u32(file, key + 28, cell);
}

fn in_list(file: &mut [u8], path: &str, offset: usize, bytes: &[u8]) {
    let list = list(file, path);
    put(file, list + offset, bytes);
}

/// Adds an empty leaf behind the others; the list cell has room for one more entry.
fn empty_leaf(file: &mut Vec<u8>) {
    let leaf = add_cell(file, b"lh\0\0");
    let list = list(file, "Many");
    let count = read_u16(file, list + 2).unwrap_or(0);
    put_u32(file, list + 4 + usize::from(count) * 4, leaf);
    put_u16(file, list + 2, count + 1);
}

fn empty_root_list(file: &mut Vec<u8>) {
    let list = add_cell(file, b"ri\0\0");
    let key = key(file, "Beta\\x2");
    put_u32(file, key + 28, list);
}

fn count(file: &mut [u8], change: u32) {
    let key = key(file, "Beta");
    super::edit::add(file, key + 20, change);
}

fn root_above_root(file: &mut Vec<u8>) {
    let key = key(file, "Many");
    let mut root = b"ri\x01\0".to_vec();
    root.extend(get(file, key + 28).to_le_bytes());
    let root = add_cell(file, &root);
    put_u32(file, key + 28, root);
}

fn swap(file: &mut [u8], first: &str, second: &str) {
    let (first, second) = (entry(file, first), entry(file, second));
    for offset in [0, 4] {
        let (one, other) = (get(file, first + offset), get(file, second + offset));
        put_u32(file, first + offset, other);
        put_u32(file, second + offset, one);
    }
}

/// Gives a key the name of the one before it, and the hash that goes with it.
fn same_name(file: &mut Vec<u8>) {
    let (first, second) = (entry(file, "Beta\\x1"), entry(file, "Beta\\x2"));
    let hash = get(file, first + 4);
    put_u32(file, second + 4, hash);
    let key = at(get(file, second));
    put(file, key + 76, b"X1");
}

fn wrong_hash(file: &mut Vec<u8>) {
    let entry = entry(file, "Beta\\x2");
    super::edit::add(file, entry + 4, 1);
}

/// In version 1.3, whose leaves carry hints.
fn wrong_hint(file: &mut Vec<u8>) {
    *file = builder(3).build();
    let entry = entry(file, "Beta\\x2");
    put(file, entry + 4, b"X2\0\0");
}

fn hints_in_a_new_hive(file: &mut Vec<u8>) {
    for name in ["x1", "x2", "x3"] {
        let entry = entry(file, &format!("Beta\\{name}"));
        put(file, entry + 4, name.as_bytes());
        put(file, entry + 6, &[0, 0]);
    }
    in_list(file, "Beta", 0, b"lf");
}

fn hashes_in_an_old_hive(file: &mut Vec<u8>) {
    *file = builder(3).build();
    for name in ["x1", "x2", "x3"] {
        let entry = entry(file, &format!("Beta\\{name}"));
        let units: Vec<u16> = name.encode_utf16().collect();
        put_u32(file, entry + 4, crate::upcase::hash(&units));
    }
    in_list(file, "Beta", 0, b"lh");
}

fn full_leaf(file: &mut Vec<u8>) {
    let mut hive = builder(5);
    hive.leaf_limit = usize::MAX;
    hive.oversize = true;
    for number in 0..1013 {
        hive.key(&format!("Full\\{number:04}"));
    }
    *file = hive.build();
}

fn list_names_key(file: &mut Vec<u8>) {
    let other = add_cell(file, b"xx\x01\0\0\0\0\0\0\0\0\0");
    list_is(file, other);
}

pub(super) const FAULTS: &[Row] = &[
    ("L1", "subkeys without a list", |file| list_is(file, NIL)),
    ("L1", "list cell free", |file| {
        let cell = free_cell(file);
        list_is(file, cell);
    }),
    ("L2", "signature of a leaf", |file| {
        in_list(file, "Beta", 0, b"hl");
    }),
    ("L2", "list of an unknown kind", list_names_key),
    ("L3", "more entries than the leaf has room for", |file| {
        in_list(file, "Beta", 2, &[9, 0]);
    }),
    ("L3", "more leaves than the list has room for", |file| {
        in_list(file, "Many", 2, &[0xFF, 0xFF]);
    }),
    ("L4", "empty leaf", empty_leaf),
    ("L4", "empty list of leaves", empty_root_list),
    ("L5", "one subkey too many counted", |file| count(file, 1)),
    ("L5", "one subkey too few counted", |file| count(file, NIL)),
    ("L6", "list of leaves in a list of leaves", root_above_root),
    ("L7", "two subkeys out of order", |file| {
        swap(file, "Beta\\x1", "Beta\\x2");
    }),
    ("L7", "leaves out of order", |file| {
        swap(file, "Many\\k00", "Many\\k09");
    }),
    ("L7", "two subkeys of one name", same_name),
    ("L8", "hash of a name", wrong_hash),
    ("L9", "hint of a name", wrong_hint),
    ("L10", "leaf with hints in version 1.5", hints_in_a_new_hive),
    (
        "L10",
        "leaf with hashes in version 1.3",
        hashes_in_an_old_hive,
    ),
    ("L11", "leaf of 1013 entries", full_leaf),
];

//! Damage to key nodes: rules K1 to K15, X1 to X4, M1 and M2.
//!
//! Invariants: leaf keys are used where a key is lost, so that nothing else is lost with it.
//! Absent: see the catalogue.

use super::edit::{NIL, add_cell, at, cell, entry, flip, free, free_cell, get, key};
use super::{Row, builder};
use crate::build::HiveBuilder;
use crate::bytes::{put, put_u16, put_u32};

const LEAF: &str = "Beta\\x2";

/// Lets the list entry of a leaf key name another cell.
fn entry_names(file: &mut [u8], cell: u32) {
    let entry = entry(file, LEAF);
    put_u32(file, entry, cell);
}

/// Moves a leaf key to a new cell with a payload of another size.
fn move_key(file: &mut Vec<u8>, size: usize) {
    let from = key(file, LEAF);
    let mut payload = file.get(from..from + 78).unwrap_or_default().to_vec();
    payload.resize(size, 0);
    let to = add_cell(file, &payload);
    entry_names(file, to);
    free(file, cell(from));
}

fn set_u32(file: &mut [u8], path: &str, offset: usize, number: u32) {
    let key = key(file, path);
    put_u32(file, key + offset, number);
}

fn set_u16(file: &mut [u8], path: &str, offset: usize, number: u16) {
    let key = key(file, path);
    put_u16(file, key + offset, number);
}

fn flag(file: &mut [u8], path: &str, bits: u16) {
    let key = key(file, path);
    flip(file, key + 2, bits);
}

fn to_free_cell(file: &mut Vec<u8>) {
    let cell = free_cell(file);
    entry_names(file, cell);
}

fn into_a_cell(file: &mut Vec<u8>) {
    let inside = cell(key(file, LEAF)) + 8;
    entry_names(file, inside);
}

fn root_is_free(file: &mut Vec<u8>) {
    let cell = free_cell(file);
    super::edit::header(file, 0x24, cell);
}

/// The whole base hive again, with one change to its tree.
fn rebuild(file: &mut Vec<u8>, change: fn(&mut HiveBuilder)) {
    let mut hive = builder(5);
    change(&mut hive);
    *file = hive.build();
}

fn wide_name(file: &mut Vec<u8>) {
    let key = key(file, LEAF);
    flip(file, key + 2, 0x20);
    put_u16(file, key + 72, 4);
    put(file, key + 76, b"x\x002\x00");
}

fn wrong_parent(file: &mut Vec<u8>) {
    let root = get(file, 0x24);
    set_u32(file, LEAF, 16, root);
}

fn class_is_free(file: &mut Vec<u8>) {
    let lost = get(file, key(file, "Alpha") + 48);
    free(file, lost);
}

fn class_is_nil(file: &mut Vec<u8>) {
    class_is_free(file);
    set_u32(file, "Alpha", 48, NIL);
}

fn class_without_length(file: &mut Vec<u8>) {
    set_u16(file, "Alpha", 74, 0);
}

fn long_class(file: &mut Vec<u8>) {
    let class = get(file, key(file, "Alpha") + 48);
    let size = get(file, at(class) - 4).wrapping_neg();
    set_u16(file, "Alpha", 74, size as u16);
}

pub(super) const FAULTS: &[Row] = &[
    ("K1", "list entry NIL", |file| entry_names(file, NIL)),
    ("K1", "list entry names a free cell", to_free_cell),
    ("K1", "list entry into the middle of a cell", into_a_cell),
    ("K1", "list entry volatile", |file| {
        entry_names(file, 0x8000_0020);
    }),
    ("K1", "list entry past the end", |file| {
        entry_names(file, 0x0100_0020);
    }),
    ("K1", "root cell free", root_is_free),
    ("K2", "key node of 36 bytes", |file| move_key(file, 36)),
    ("K3", "signature of a key node", |file| flag_signature(file)),
    ("K4", "key node of 1124 bytes", |file| move_key(file, 1124)),
    ("K5", "name length 0", |file| set_u16(file, LEAF, 72, 0)),
    ("K6", "name longer than its cell", |file| {
        set_u16(file, LEAF, 72, 400);
    }),
    ("K7", "odd length of a wide name", |file| {
        set_u16(file, "Many\\\u{416}", 72, 3);
    }),
    ("K8", "name of 300 characters", |file| {
        rebuild(file, |hive| {
            hive.root.child(&"n".repeat(300)).dword("", 1);
        });
    }),
    ("K9", "backslash in a name", |file| {
        rebuild(file, |hive| {
            hive.root.child("a\\b").dword("", 1);
        });
    }),
    ("K10", "ASCII name stored wide", wide_name),
    ("K11", "another key as parent", wrong_parent),
    ("K12", "root not marked as root", |file| {
        flag(file, "", 0x04);
    }),
    ("K12", "subkey marked as root", |file| {
        flag(file, LEAF, 0x04);
    }),
    ("K13", "volatile key on disk", |file| flag(file, LEAF, 0x01)),
    ("K13", "mount point on disk", |file| flag(file, LEAF, 0x02)),
    ("K14", "predefined handle", |file| flag(file, LEAF, 0x40)),
    ("K15", "513 levels", |file| {
        rebuild(file, |hive| {
            hive.key(&vec!["d"; 513].join("\\")).dword("", 1);
        });
    }),
    ("X1", "class length without a cell", class_is_nil),
    ("X2", "class cell free", class_is_free),
    ("X3", "class longer than its cell", long_class),
    ("X4", "class cell without length", class_without_length),
    ("M1", "longest subkey name too short", |file| {
        set_u16(file, "Beta", 52, 2);
    }),
    ("M2", "longest class too short", |file| {
        set_u32(file, "", 56, 2);
    }),
];

fn flag_signature(file: &mut [u8]) {
    let key = key(file, LEAF);
    put(file, key, b"kn");
}

//! Damage to values: rules V1 to V5, V9, D1 to D9, M3 and M4.
//!
//! Invariants: lengths stay below the key's maximum unless that is the fault. Absent: see the
//! catalogue.

use super::Row;
use super::edit::{NIL, add, add_cell, at, free_cell, get, key, value};
use crate::bytes::{put, put_u16, put_u32};

fn in_key(file: &mut [u8], offset: usize, number: u32) {
    let key = key(file, "Alpha");
    put_u32(file, key + offset, number);
}

fn in_list(file: &mut [u8], number: u32) {
    let list = at(get(file, key(file, "Alpha") + 40));
    put_u32(file, list + 4, number);
}

fn in_value(file: &mut [u8], name: &str, offset: usize, number: u32) {
    let value = value(file, "Alpha", name);
    put_u32(file, value + offset, number);
}

fn to_free_cell(file: &mut [u8], set: fn(&mut [u8], u32)) {
    let cell = free_cell(file);
    set(file, cell);
}

/// The big data record of the value `Big`.
fn record(file: &[u8]) -> usize {
    at(get(file, value(file, "Alpha", "Big") + 8))
}

fn short_data(file: &mut Vec<u8>) {
    let cell = add_cell(file, b"abc");
    in_value(file, "One", 4, 3);
    in_value(file, "One", 8, cell);
}

fn long_data_in_one_cell(file: &mut Vec<u8>) {
    let cell = add_cell(file, &[0x5A; 20_000]);
    in_value(file, "One", 4, 20_000);
    in_value(file, "One", 8, cell);
}

fn segments(file: &mut Vec<u8>) {
    let record = record(file);
    put_u16(file, record + 2, 3);
}

fn short_last_segment(file: &mut Vec<u8>) {
    let (record, length) = (record(file), 2 * 16_344);
    let last = at(get(file, at(get(file, record + 4)) + 4));
    let capacity = get(file, last - 4).wrapping_neg() - 4;
    in_value(file, "Big", 4, 16_344 + capacity + 1);
    in_key(file, 64, length);
}

pub(super) const FAULTS: &[Row] = &[
    ("V1", "values without a list", |file| in_key(file, 40, NIL)),
    ("V1", "value list free", |file| {
        to_free_cell(file, |file, cell| in_key(file, 40, cell));
    }),
    ("V2", "more values than the list has room for", |file| {
        in_key(file, 36, 1000);
    }),
    ("V2", "as many values as there are numbers", |file| {
        in_key(file, 36, NIL);
    }),
    ("V3", "entry of the value list NIL", |file| {
        in_list(file, NIL);
    }),
    ("V3", "entry of the value list free", |file| {
        to_free_cell(file, in_list);
    }),
    ("V3", "entry of the value list volatile", |file| {
        in_list(file, 0x8000_0020);
    }),
    ("V4", "value name longer than its cell", |file| {
        let value = value(file, "Alpha", "Two");
        put_u16(file, value + 2, 200);
    }),
    ("V5", "signature of a value", |file| {
        let value = value(file, "Alpha", "Two");
        put(file, value, b"kv");
    }),
    ("V9", "two values of one name", |file| {
        let value = value(file, "Alpha", "Two");
        put(file, value + 20, b"oNE");
    }),
    ("D1", "resident data of 5 bytes", |file| {
        in_value(file, "One", 4, 0x8000_0005);
    }),
    ("D2", "data cell without length", |file| {
        in_value(file, "Text", 4, 0);
    }),
    ("D3", "3 bytes in a cell of their own", short_data),
    ("D4", "data cell NIL", |file| in_value(file, "Text", 8, NIL)),
    ("D4", "data cell free", |file| {
        to_free_cell(file, |file, cell| in_value(file, "Text", 8, cell));
    }),
    ("D4", "data cell past the end", |file| {
        in_value(file, "Text", 8, 0x7FFF_FFF8);
    }),
    ("D5", "data longer than its cell", |file| {
        in_value(file, "Text", 4, 8000);
    }),
    ("D6", "long data in one cell", long_data_in_one_cell),
    ("D7", "one segment too many", segments),
    ("D8", "list of segments NIL", |file| {
        let record = record(file);
        put_u32(file, record + 4, NIL);
    }),
    ("D9", "segment NIL", |file| {
        let list = at(get(file, record(file) + 4));
        put_u32(file, list + 4, NIL);
    }),
    ("D9", "last segment too short", short_last_segment),
    ("M3", "longest value name too short", |file| {
        in_key(file, 60, 2);
    }),
    ("M4", "longest value data too short", |file| {
        let key = key(file, "Alpha");
        add(file, key + 64, NIL);
    }),
];

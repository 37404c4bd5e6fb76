//! Damage to security cells: rules S1 to S8.
//!
//! Invariants: the second descriptor, which only the key `Delta` uses, is damaged where one is
//! enough. Absent: see the catalogue.

use super::Row;
use super::edit::{NIL, add, add_cell, at, get, key};
use crate::bytes::{put, put_u32};

/// The security cell of `Delta`, as file offset of its payload.
fn second(file: &[u8]) -> usize {
    at(get(file, key(file, "Delta") + 44))
}

fn set(file: &mut [u8], offset: usize, bytes: &[u8]) {
    let sk = second(file);
    put(file, sk + offset, bytes);
}

fn key_names(file: &mut [u8], cell: u32) {
    let key = key(file, "Delta");
    put_u32(file, key + 44, cell);
}

/// A copy of the first descriptor's cell, used by `Beta\x1` instead of the first.
fn copy_of_first(file: &mut Vec<u8>) -> (usize, u32) {
    let first = at(get(file, key(file, "") + 44));
    let length = get(file, first + 16) as usize;
    let payload = file
        .get(first..first + 20 + length)
        .unwrap_or_default()
        .to_vec();
    let copy = add_cell(file, &payload);
    let user = key(file, "Beta\\x1");
    put_u32(file, user + 44, copy);
    put_u32(file, at(copy) + 12, 1);
    add(file, first + 12, NIL);
    (first, copy)
}

fn outside_the_ring(file: &mut Vec<u8>) {
    let (_, copy) = copy_of_first(file);
    put_u32(file, at(copy) + 4, copy);
    put_u32(file, at(copy) + 8, copy);
}

fn twice_in_the_ring(file: &mut Vec<u8>) {
    let (first, copy) = copy_of_first(file);
    let next = get(file, first + 4);
    let back = get(file, at(next) + 8);
    put_u32(file, at(copy) + 4, next);
    put_u32(file, at(copy) + 8, back);
    put_u32(file, first + 4, copy);
    put_u32(file, at(next) + 8, copy);
}

fn count(file: &mut [u8], change: u32) {
    let sk = second(file);
    add(file, sk + 12, change);
}

pub(super) const FAULTS: &[Row] = &[
    ("S1", "key without security cell", |file| {
        key_names(file, NIL);
    }),
    ("S1", "security cell that is none", |file| {
        key_names(file, 40);
    }),
    ("S2", "signature of a security cell", |file| {
        set(file, 0, b"ks");
    }),
    ("S3", "descriptor longer than its cell", |file| {
        set(file, 16, &[0, 4, 0, 0]);
    }),
    ("S4", "forward link to itself", |file| {
        let cell = get(file, key(file, "Delta") + 44);
        set(file, 4, &cell.to_le_bytes());
    }),
    ("S4", "backward link NIL", |file| set(file, 8, &[0xFF; 4])),
    ("S5", "descriptor of revision 9", |file| set(file, 20, &[9])),
    ("S5", "owner outside the descriptor", |file| {
        set(file, 24, &[0, 2, 0, 0]);
    }),
    ("S5", "list larger than the descriptor", |file| {
        set(file, 42, &[0, 2]);
    }),
    ("S6", "security cell outside the ring", outside_the_ring),
    ("S7", "reference count too high", |file| count(file, 1)),
    ("S7", "reference count too low", |file| count(file, NIL)),
    ("S8", "one descriptor twice", twice_in_the_ring),
];

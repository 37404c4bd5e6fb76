//! Damage to base block, bins and cells: rules B1 to B11, H1 to H5, C1 to C6.
//!
//! Invariants: see the catalogue. Absent: see the catalogue.

use super::Row;
use super::edit::{add_cell, at, free, free_cell, get, header, key};
use crate::bytes::{fix_checksum, put, put_u32};

/// File offset of the last bin of the base hive.
fn last_bin(file: &[u8]) -> usize {
    let mut bin = 4096;
    while bin + (get(file, bin + 8) as usize) < file.len() && get(file, bin + 8) > 0 {
        bin += get(file, bin + 8) as usize;
    }
    bin
}

fn field(file: &mut [u8], offset: usize, number: u32) {
    header(file, offset, number);
}

fn sequence(file: &mut Vec<u8>) {
    let number = get(file, 4);
    field(file, 4, number + 1);
}

fn size_of_area(file: &mut [u8], change: u32) {
    let size = get(file, 0x28);
    field(file, 0x28, size.wrapping_add(change));
}

fn wrong_checksum(file: &mut Vec<u8>) {
    let sum = get(file, 0x1FC);
    put_u32(file, 0x1FC, sum ^ 0x10);
}

fn cut_file(file: &mut Vec<u8>) {
    file.truncate(file.len() - 4096);
}

fn bin_field(file: &mut [u8], offset: usize, change: u32) {
    let bin = last_bin(file);
    let number = get(file, bin + offset).wrapping_add(change);
    put_u32(file, bin + offset, number);
}

/// The base block says one page less than a bin of several pages takes.
fn cut_bin(file: &mut Vec<u8>) {
    add_cell(file, &[0; 5000]);
    size_of_area(file, 4096_u32.wrapping_neg());
}

fn root_cell_size(file: &mut [u8], change: fn(u32) -> u32) {
    let size = get(file, 4096 + 32);
    put_u32(file, 4096 + 32, change(size));
}

fn past_the_bin(file: &mut Vec<u8>) {
    let cell = free_cell(file);
    let size = get(file, 4096 + cell as usize);
    put_u32(file, 4096 + cell as usize, size + 8);
}

fn split_free_cell(file: &mut Vec<u8>) {
    let bin = get(file, 0x28);
    add_cell(file, &[0; 20]);
    let first = 4096 + bin as usize + 32;
    let second = first + 24;
    put_u32(file, first, 24);
    let size = get(file, second);
    put_u32(file, second, size);
    fix_checksum(file);
}

fn shared_class(file: &mut Vec<u8>) {
    let (first, second) = (key(file, "Alpha"), key(file, "Beta"));
    let (used, lost) = (get(file, first + 48), get(file, second + 48));
    put_u32(file, second + 48, used);
    free(file, lost);
}

fn leaked_cell(file: &mut Vec<u8>) {
    let cell = add_cell(file, b"nobody knows me.");
    put(file, at(cell), b"N");
}

pub(super) const FAULTS: &[Row] = &[
    ("B1", "file of one page", |file| file.truncate(4096)),
    ("B2", "signature of the base block", |file| {
        put(file, 0, b"REGF");
        fix_checksum(file);
    }),
    ("B3", "checksum", wrong_checksum),
    ("B4", "major version 2", |file| field(file, 0x14, 2)),
    ("B5", "minor version 7", |file| field(file, 0x18, 7)),
    ("B6", "file type of a log", |file| field(file, 0x1C, 1)),
    ("B7", "file format 0", |file| field(file, 0x20, 0)),
    ("B8", "clustering factor 8", |file| field(file, 0x2C, 8)),
    ("B9", "sequence numbers differ", sequence),
    (
        "B10",
        "size of the bins area no multiple of a page",
        |file| size_of_area(file, 512_u32.wrapping_neg()),
    ),
    ("B10", "no bins area", |file| field(file, 0x28, 0)),
    ("B11", "file cut short", cut_file),
    ("H1", "signature of a bin", |file| bin_field(file, 0, 1)),
    ("H2", "offset of a bin", |file| bin_field(file, 4, 4096)),
    ("H3", "size of a bin no multiple of a page", |file| {
        bin_field(file, 8, 8);
    }),
    ("H4", "bin larger than the area", |file| {
        bin_field(file, 8, 4096);
    }),
    ("H5", "bin cut by the end of the area", cut_bin),
    ("C1", "cell size 0", |file| root_cell_size(file, |_| 0)),
    ("C2", "cell size no multiple of 8", |file| {
        root_cell_size(file, |size| size + 4);
    }),
    ("C3", "cell past its bin", past_the_bin),
    ("C4", "two free cells side by side", split_free_cell),
    ("C5", "two keys with one class cell", shared_class),
    ("C6", "allocated cell nobody names", leaked_cell),
];

//! Rules D: where the data of one value lies.
//!
//! Invariants: storage follows from the version of the hive and the length alone, as the kernel
//! reads it; each data cell is taken once. Absent on purpose: what the data means.

use super::{Rule, Walk};
use crate::bytes;
use crate::format::{BigData, NIL, RESIDENT_MAX, SEGMENT_LEN};
use crate::value::{Storage, Value};

pub(super) fn check(walk: &mut Walk<'_>, value: Value<'_>) {
    let at = value.offset().0;
    let len = value.len();
    match value.storage() {
        Storage::Resident => {
            if len > RESIDENT_MAX {
                walk.broken(Rule::D1, at, || format!("{len} bytes of resident data"));
            }
        }
        Storage::Nothing => {
            let cell = value.fixed().data.get();
            if cell != NIL {
                walk.broken(Rule::D2, at, || format!("no data, but the cell {cell:#x}"));
            }
        }
        Storage::Cell(cell) => {
            if len <= RESIDENT_MAX {
                walk.broken(Rule::D3, at, || {
                    format!("{len} bytes in a cell of their own")
                });
            }
            if let Some(payload) = walk.take(cell.0, Rule::D4, at)
                && payload.len() < len
            {
                let found = payload.len();
                walk.broken(Rule::D5, cell.0, || {
                    format!("{len} bytes of data, {found} there")
                });
            }
        }
        Storage::Big(cell) => check_big(walk, at, cell.0, len),
    }
}

/// Rules D6 to D9: the record in the cell at `cell`, for the value in the cell at `at`.
fn check_big(walk: &mut Walk<'_>, at: u32, cell: u32, len: usize) {
    let Some(payload) = walk.peek(cell, Rule::D4, at) else {
        return;
    };
    let record = bytes::view::<BigData>(payload, 0).filter(|record| &record.signature == b"db");
    let Some(record) = record else {
        walk.broken(Rule::D6, at, || {
            format!("{len} bytes, but no db record at {cell:#x}")
        });
        return;
    };
    if !walk.own(cell, at) {
        return;
    }
    let count = usize::from(record.count.get());
    let expected = len.div_ceil(SEGMENT_LEN);
    if count != expected {
        walk.broken(Rule::D7, cell, || {
            format!("{count} segments for {len} bytes, expected {expected}")
        });
    }
    let list_at = record.list.get();
    let Some(list) = walk.take(list_at, Rule::D8, cell) else {
        return;
    };
    let Some(segments) = bytes::slice(list, 0, count * 4) else {
        let found = list.len();
        walk.broken(Rule::D8, list_at, || {
            format!("{count} segments in {found} bytes")
        });
        return;
    };
    for (place, segment) in bytes::u32s(segments).enumerate() {
        let needed = SEGMENT_LEN.min(len.saturating_sub(place * SEGMENT_LEN));
        if let Some(payload) = walk.take(segment, Rule::D9, list_at)
            && payload.len() < needed
        {
            let found = payload.len();
            walk.broken(Rule::D9, segment, || {
                format!("segment of {needed} bytes, {found} there")
            });
        }
    }
}

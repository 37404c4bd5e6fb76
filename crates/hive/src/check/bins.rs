//! Rules H and C: bins tile the area, cells tile their bin; and cells without an owner (C6).
//!
//! Invariants: only cells of sound chains enter the map; after a bad bin header the walk goes on
//! at the next page that begins like the bin that belongs there.
//! Absent on purpose: the content of cells.

use super::{Rule, Walk};
use crate::bytes;
use crate::format::{BIN_HEADER_LEN, CELL_ALIGN, HiveBin, PAGE_LEN};

/// An offset in the bins area, which is below 2 GiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

pub(super) fn check(walk: &mut Walk<'_>) {
    let area = walk.hive.bins();
    let mut at = 0;
    while at < area.len() {
        match bin_size(area, at) {
            Ok(size) => {
                walk.report.bins += 1;
                cells(walk, at + BIN_HEADER_LEN, at + size);
                at += size;
            }
            Err((rule, detail)) => {
                walk.broken(rule, place(at), || detail);
                at = resume(walk, area, at + PAGE_LEN);
            }
        }
    }
}

/// The size of the bin at `at`, or the rule its header breaks.
fn bin_size(area: &[u8], at: usize) -> Result<usize, (Rule, String)> {
    let Some(bin) = bytes::view::<HiveBin>(area, at) else {
        return Err((Rule::H4, "no room for a bin".to_owned()));
    };
    if &bin.signature != b"hbin" {
        let found = bin.signature;
        return Err((Rule::H1, format!("{found:02x?}, expected \"hbin\"")));
    }
    let own = bin.offset.get();
    if bytes::index(own) != at {
        return Err((Rule::H2, format!("the bin says {own:#x}, expected {at:#x}")));
    }
    let size = bytes::index(bin.size.get());
    if size == 0 || !size.is_multiple_of(PAGE_LEN) {
        return Err((
            Rule::H3,
            format!("size {size:#x}, expected a multiple of 0x1000"),
        ));
    }
    if size > area.len() - at {
        let left = area.len() - at;
        return Err((
            Rule::H4,
            format!("size {size:#x}, but the area ends after {left:#x}"),
        ));
    }
    Ok(size)
}

/// The next page from `at` on that begins like a bin; the end of the area when there is none.
fn resume(walk: &mut Walk<'_>, area: &[u8], at: usize) -> usize {
    let found = (at..area.len()).step_by(PAGE_LEN).find(|&page| {
        bytes::view::<HiveBin>(area, page)
            .is_some_and(|bin| &bin.signature == b"hbin" && bytes::index(bin.offset.get()) == page)
    });
    found.unwrap_or_else(|| {
        let last = at - PAGE_LEN;
        walk.broken(Rule::H5, place(last), || {
            format!(
                "no bin begins between here and the end of the area at {:#x}",
                area.len()
            )
        });
        area.len()
    })
}

/// The cells of one bin, from `at` to `end`.
fn cells(walk: &mut Walk<'_>, mut at: usize, end: usize) {
    let mut after_free = false;
    while at < end {
        let size = bytes::u32_at(walk.hive.bins(), at)
            .unwrap_or(0)
            .cast_signed();
        let len = bytes::index(size.unsigned_abs());
        let chain_ends = if len == 0 {
            Some(Rule::C1)
        } else if !len.is_multiple_of(CELL_ALIGN) {
            Some(Rule::C2)
        } else if len > end - at {
            Some(Rule::C3)
        } else {
            None
        };
        if let Some(rule) = chain_ends {
            walk.broken(rule, place(at), || {
                format!("cell size {size}, {} bytes left in the bin", end - at)
            });
            return;
        }
        let free = size > 0;
        walk.map.add(at, !free);
        if free {
            walk.report.free_bytes += len;
        } else {
            walk.report.cells += 1;
        }
        if free && after_free {
            walk.broken(Rule::C4, place(at), || {
                "free, and so is the cell before it".to_owned()
            });
        }
        after_free = free;
        at += len;
    }
}

/// Rule C6, as one defect with the first place.
pub(super) fn check_orphans(walk: &mut Walk<'_>) {
    let (mut count, mut len, mut first) = (0, 0, None);
    for at in walk.map.orphans() {
        let size = bytes::u32_at(walk.hive.bins(), at)
            .unwrap_or(0)
            .cast_signed();
        count += 1;
        len += bytes::index(size.unsigned_abs());
        first = first.or(Some(at));
    }
    walk.report.orphans = count;
    walk.report.orphan_bytes = len;
    if let Some(at) = first {
        walk.broken(Rule::C6, place(at), || {
            format!("first of {count} allocated cells ({len} bytes) that nothing refers to")
        });
    }
}

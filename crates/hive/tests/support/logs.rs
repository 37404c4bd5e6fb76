//! Transaction logs of the new format, written by the tests themselves.
//!
//! Invariants: the layout is that of `FORMAT.md`, the hash the test kit's; nothing of the crate
//! under test writes here. Absent on purpose: old-format logs beyond a header.

/// One entry, to stand at `at` of a log: pages as offset in the bins area and content.
pub(crate) fn entry(at: usize, sequence: u32, bins_size: u32, pages: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (offset, page) in pages {
        body.extend(offset.to_le_bytes());
        body.extend((page.len() as u32).to_le_bytes());
    }
    for (_, page) in pages {
        body.extend(page);
    }
    let end = (at + 40 + body.len()).next_multiple_of(4096);
    body.resize(end - at - 40, 0);
    let mut head = b"HvLE".to_vec();
    for word in [
        (end - at) as u32,
        0,
        sequence,
        bins_size,
        pages.len() as u32,
    ] {
        head.extend(word.to_le_bytes());
    }
    head.extend(testkit::replay::marvin32(&body).to_le_bytes());
    head.extend(testkit::replay::marvin32(&head).to_le_bytes());
    head.extend(body);
    head
}

/// A log's base block, made from a primary's.
pub(crate) fn base(primary: &[u8], kind: u32, sequence: u32) -> Vec<u8> {
    let mut base = primary[..512].to_vec();
    for (at, word) in [(4, sequence), (8, sequence), (0x1C, kind)] {
        base[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    let sum = testkit::checksum(&base);
    base[0x1FC..].copy_from_slice(&sum.to_le_bytes());
    base
}

/// A log whose header has the number `first` and whose entries have `numbers`, each with one
/// page of ones, whatever the numbers are.
pub(crate) fn log(primary: &[u8], first: u32, numbers: &[u32]) -> Vec<u8> {
    let size = u32::from_le_bytes(primary[0x28..0x2C].try_into().unwrap());
    let mut log = base(primary, 6, first);
    for &number in numbers {
        let entry = entry(log.len(), number, size, &[(0, vec![1; 4096])]);
        log.extend(entry);
    }
    log
}

/// Gives a primary other sequence numbers.
pub(crate) fn renumber(primary: &mut [u8], first: u32, second: u32) {
    primary[4..8].copy_from_slice(&first.to_le_bytes());
    primary[8..12].copy_from_slice(&second.to_le_bytes());
    let sum = testkit::checksum(primary);
    primary[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
}

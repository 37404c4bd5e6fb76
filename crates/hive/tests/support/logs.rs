//! Transaction logs of both formats, written by the tests themselves.
//!
//! Invariants: the layout is that of `FORMAT.md`, the hash the test kit's; nothing of the crate
//! under test writes here. Absent on purpose: runs of more than one page.

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

/// Bins area of a primary, by its own header.
pub(crate) fn bins(file: &[u8]) -> &[u8] {
    let size = u32::from_le_bytes(file[0x28..0x2C].try_into().unwrap());
    &file[4096..4096 + size as usize]
}

/// The pages of `after` that differ from those of `before`, with their offsets.
pub(crate) fn changed(before: &[u8], after: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let pages = after.chunks(4096).enumerate();
    pages
        .map(|(number, page)| (number * 4096, page))
        .filter(|(at, page)| before.get(*at..at + 4096) != Some(page))
        .map(|(at, page)| (at as u32, page.to_vec()))
        .collect()
}

/// A new-format log that leads from the first of some hives to the last, an entry each.
pub(crate) fn through(states: &[Vec<u8>], first: u32) -> Vec<u8> {
    let mut log = base(&states[0], 6, first);
    for (turn, pair) in states.windows(2).enumerate() {
        let number = first.wrapping_add(turn as u32);
        let (old, new) = (bins(&pair[0]), bins(&pair[1]));
        let entry = entry(log.len(), number, new.len() as u32, &changed(old, new));
        log.extend(entry);
    }
    log
}

/// An old-format log that leads from one hive to another; it carries the header of the second.
pub(crate) fn old(before: &[u8], after: &[u8], sequence: u32) -> Vec<u8> {
    let mut log = base(after, 1, sequence);
    let pages = changed(bins(before), bins(after));
    log.extend(b"DIRT");
    let mut bitmap = vec![0; bins(after).len() / 4096];
    for (at, _) in &pages {
        bitmap[*at as usize / 4096] = 0xFF;
    }
    log.extend(bitmap);
    log.resize(log.len().next_multiple_of(512), 0);
    log.extend(pages.into_iter().flat_map(|(_, page)| page));
    log
}

/// Gives a header its checksum again.
pub(crate) fn seal(file: &mut [u8]) {
    let sum = testkit::checksum(file);
    file[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
}

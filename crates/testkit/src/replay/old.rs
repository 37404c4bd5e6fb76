//! Recovery from an old-format log: a bitmap of sectors and the pages it names.
//!
//! Invariants: a log fits only by its time stamp; a log that is cut short gives nothing.
//! Absent: the first bin's new time stamp that Windows writes afterwards.

use super::{BASE, Recovered, SECTOR, State, base_sequence, modular, take_header, timestamp};
use crate::bytes::{fix_checksum, put, put_u32, read_u32, read_u64};

/// Recovers from the fitting log with the highest number; with a bad header, the newest.
pub(crate) fn recover(primary: &[u8], header: bool, logs: &[&[u8]]) -> Option<Recovered> {
    let time = if header {
        timestamp(primary)
    } else {
        read_u64(primary, BASE + 20).filter(|_| primary.get(BASE..BASE + 4) == Some(b"hbin"))?
    };
    let mut fitting: Vec<&[u8]> = logs
        .iter()
        .copied()
        .filter(|log| timestamp(log) == time)
        .collect();
    // The first of equals comes last and wins.
    fitting.reverse();
    fitting.sort_by(|left, right| modular(base_sequence(left), base_sequence(right)));
    fitting
        .into_iter()
        .rev()
        .find_map(|log| apply(primary, log))
}

fn apply(primary: &[u8], log: &[u8]) -> Option<Recovered> {
    let bins_size = read_u32(log, 0x28)? as usize;
    if bins_size == 0 || !bins_size.is_multiple_of(BASE) || log.get(SECTOR..SECTOR + 4)? != b"DIRT"
    {
        return None;
    }
    let bitmap = log.get(SECTOR + 4..SECTOR + 4 + bins_size / BASE)?;
    let mut image = primary.to_vec();
    let mut page = (SECTOR + 4 + bitmap.len()).next_multiple_of(SECTOR);
    if image.len() < BASE + bins_size {
        image.resize(BASE + bins_size, 0);
    }
    for sector in 0..bitmap.len() * 8 {
        if bitmap[sector / 8] & 1 << (sector % 8) != 0 {
            put(
                &mut image,
                BASE + sector * SECTOR,
                log.get(page..page + SECTOR)?,
            );
            page += SECTOR;
        }
    }
    take_header(&mut image, log);
    let sequence = base_sequence(log);
    put_u32(&mut image, 4, sequence);
    put_u32(&mut image, 8, sequence);
    fix_checksum(&mut image);
    Some(Recovered {
        image,
        applied: vec![sequence],
        state: State::Recovered,
    })
}

//! The log of an NTFS volume, `$LogFile`, made to look like that of a Windows that was cut off.
//!
//! Invariants: only the two restart pages are written; what they say passes the checks of
//! ntfs-3g. Absent on purpose: records to replay.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const PAGE: usize = 4096;
const SECTOR: usize = 512;
/// The record of `$LogFile` in the file table.
const LOG_FILE: u64 = 2;
const DATA: u32 = 0x80;
/// Behind the header and the numbers that guard its sectors.
const AREA: usize = 48;
const CLIENT: usize = 48;

/// Versions of the log: what Windows has always written, and what it writes since Windows 8
/// while a volume is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1_1,
    V2_0,
}

/// Makes the log of an unmounted volume that of a Windows that was not shut down.
pub(super) fn cut_off(image: &Path, version: Version) {
    let file = File::options().read(true).write(true).open(image).unwrap();
    let (start, size) = place(&file);
    let page = restart_page(version, size);
    for at in [0, PAGE as u64] {
        file.write_all_at(&page, start + at).unwrap();
    }
    file.sync_all().unwrap();
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().unwrap()
}

/// Where the first run of `$LogFile` begins, and how long the file is, in bytes.
fn place(file: &File) -> (u64, u64) {
    let mut boot = [0; SECTOR];
    file.read_exact_at(&mut boot, 0).unwrap();
    let cluster = SECTOR as u64 * u64::from(boot[13]);
    let table = u64::from_le_bytes(number(&boot, 48)) * cluster;
    let mut record = [0; 1024];
    let at = table + LOG_FILE * record.len() as u64;
    file.read_exact_at(&mut record, at).unwrap();
    assert_eq!(&record[..4], b"FILE");
    let mut at = usize::from(u16::from_le_bytes(number(&record, 20)));
    while u32::from_le_bytes(number(&record, at)) != DATA {
        at += u32::from_le_bytes(number(&record, at + 4)) as usize;
    }
    let size = u64::from_le_bytes(number(&record, at + 48));
    // The first run: how many bytes its length and its start take, length, start.
    let run = at + usize::from(u16::from_le_bytes(number(&record, at + 32)));
    let (length, start) = (usize::from(record[run] & 15), usize::from(record[run] >> 4));
    let mut cluster_number = [0; 8];
    cluster_number[..start].copy_from_slice(&record[run + 1 + length..][..start]);
    (u64::from_le_bytes(cluster_number) * cluster, size)
}

/// A restart page that says: in use by one client, and not clean.
fn restart_page(version: Version, size: u64) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
    let (major, minor) = match version {
        Version::V1_1 => (1_u16, 1_u16),
        Version::V2_0 => (2, 0),
    };
    let guards = PAGE / SECTOR + 1;
    put(0, b"RSTR");
    put(4, &30_u16.to_le_bytes());
    put(6, &(guards as u16).to_le_bytes());
    put(16, &(PAGE as u32).to_le_bytes());
    put(20, &(PAGE as u32).to_le_bytes());
    put(24, &(AREA as u16).to_le_bytes());
    put(26, &minor.to_le_bytes());
    put(28, &major.to_le_bytes());
    // The area: current number, one client, none free, the first in use, no flag.
    put(AREA, &0x10_0000_u64.to_le_bytes());
    put(AREA + 8, &1_u16.to_le_bytes());
    put(AREA + 10, &u16::MAX.to_le_bytes());
    put(AREA + 12, &0_u16.to_le_bytes());
    // Numbers have as many bits as are not needed for a place in the file, in units of 8 bytes.
    let bits = 67 - (u64::BITS - size.leading_zeros());
    put(AREA + 16, &bits.to_le_bytes());
    put(AREA + 20, &((CLIENT + 160) as u16).to_le_bytes());
    put(AREA + 22, &(CLIENT as u16).to_le_bytes());
    put(AREA + 24, &size.to_le_bytes());
    put(AREA + 36, &48_u16.to_le_bytes());
    put(AREA + 38, &64_u16.to_le_bytes());
    let client = AREA + CLIENT;
    put(client + 16, &u16::MAX.to_le_bytes());
    put(client + 18, &u16::MAX.to_le_bytes());
    put(client + 28, &8_u32.to_le_bytes());
    put(client + 32, b"N\0T\0F\0S\0");
    // Each sector ends in a number that is kept, with what it stands for, behind the header.
    let guard = [1, 0];
    put(30, &guard);
    for sector in 1..guards {
        put(sector * SECTOR - 2, &guard);
    }
    page
}

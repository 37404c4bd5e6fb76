//! Builds disk images that have nothing but a partition table: MBR with logical partitions, GPT
//! with both copies.
//!
//! Invariants: checksums are right; every number in a table counts sectors. Absent on purpose:
//! file systems, and any check that partitions lie beside each other.

mod crc;

use crate::bytes::{put, put_u16, put_u32, put_u64};

/// Where the entries of an MBR begin.
pub const MBR_ENTRIES: usize = 0x1BE;
/// How many entries the GPTs here have.
pub const GPT_ENTRIES: usize = 128;

const ENTRY: usize = 16;
const GPT_ENTRY: usize = 128;
const HEADER: usize = 92;

/// A partition of an MBR.
#[derive(Clone, Copy, Debug)]
pub struct MbrPartition {
    /// The type byte; 0x05 and 0x0F hold logical partitions.
    pub type_byte: u8,
    /// Whether a BIOS starts from it.
    pub active: bool,
    /// The first sector: of the disk, or for a logical partition from its record on.
    pub start: u32,
    /// How many sectors.
    pub sectors: u32,
}

/// A partition of a GPT.
#[derive(Clone, Copy, Debug)]
pub struct GptPartition {
    /// What it is for, as it lies on disk.
    pub type_guid: [u8; 16],
    /// Its own, as it lies on disk.
    pub guid: [u8; 16],
    /// The first sector.
    pub first: u64,
    /// The last sector.
    pub last: u64,
}

/// An empty disk of that many sectors of `sector` bytes.
pub fn empty(sector: usize, sectors: usize) -> Vec<u8> {
    vec![0; sector * sectors]
}

/// Writes an MBR with up to four partitions in their slots.
pub fn put_mbr(disk: &mut [u8], signature: u32, slots: &[Option<MbrPartition>]) {
    put_u32(disk, 0x1B8, signature);
    put_record(disk, 0, slots);
}

/// Writes a chain of extended boot records: the container begins at the sector `container`, each
/// record lies at its distance from there, and the last links nowhere.
pub fn put_chain(disk: &mut [u8], sector: usize, container: u32, records: &[(u32, MbrPartition)]) {
    for (index, (distance, partition)) in records.iter().enumerate() {
        let link = records.get(index + 1).map(|(next, _)| MbrPartition {
            type_byte: 0x05,
            active: false,
            start: *next,
            sectors: 1,
        });
        let at = (container as usize + *distance as usize) * sector;
        put_record(disk, at, &[Some(*partition), link]);
    }
}

fn put_record(disk: &mut [u8], at: usize, slots: &[Option<MbrPartition>]) {
    for (slot, partition) in slots.iter().enumerate().take(4) {
        let Some(partition) = partition else { continue };
        let entry = at + MBR_ENTRIES + slot * ENTRY;
        put(disk, entry, &[if partition.active { 0x80 } else { 0 }]);
        put(disk, entry + 4, &[partition.type_byte]);
        put_u32(disk, entry + 8, partition.start);
        put_u32(disk, entry + 12, partition.sectors);
    }
    put_u16(disk, at + 510, 0xAA55);
}

/// Writes the MBR that stands for a GPT, and both copies of a GPT.
pub fn put_gpt(disk: &mut [u8], sector: usize, guid: [u8; 16], partitions: &[GptPartition]) {
    let protective = MbrPartition {
        type_byte: 0xEE,
        active: false,
        start: 1,
        sectors: u32::MAX,
    };
    put_mbr(disk, 0, &[Some(protective)]);
    let mut entries = vec![0; GPT_ENTRIES * GPT_ENTRY];
    for (index, partition) in partitions.iter().enumerate() {
        let at = index * GPT_ENTRY;
        put(&mut entries, at, &partition.type_guid);
        put(&mut entries, at + 16, &partition.guid);
        put_u64(&mut entries, at + 32, partition.first);
        put_u64(&mut entries, at + 40, partition.last);
    }
    let last = disk.len() / sector - 1;
    let room = entries.len().div_ceil(sector);
    for (own, other, array) in [(1, last, 2), (last, 1, last - room)] {
        put(disk, array * sector, &entries);
        let places = [own as u64, other as u64, array as u64];
        put(disk, own * sector, &header(places, guid, &entries));
    }
}

/// A header for its own sector, the other header's and that of the entries.
fn header([own, other, array]: [u64; 3], guid: [u8; 16], entries: &[u8]) -> Vec<u8> {
    let mut header = vec![0; HEADER];
    put(&mut header, 0, b"EFI PART");
    put_u32(&mut header, 8, 0x0001_0000);
    put_u32(&mut header, 12, HEADER as u32);
    put_u64(&mut header, 24, own);
    put_u64(&mut header, 32, other);
    put(&mut header, 56, &guid);
    put_u64(&mut header, 72, array);
    put_u32(&mut header, 80, GPT_ENTRIES as u32);
    put_u32(&mut header, 84, GPT_ENTRY as u32);
    put_u32(&mut header, 88, crc::crc32(entries));
    seal(&mut header);
    header
}

/// Makes the checksums of the GPT header in the sector `lba` right for what it and its entries
/// are now; entries outside the disk are left alone.
pub fn reseal(disk: &mut [u8], sector: usize, lba: usize) {
    let Some(start) = lba.checked_mul(sector) else {
        return;
    };
    let field = |at: usize| crate::bytes::read_u32(disk, start + at).unwrap_or(0) as usize;
    let (first, length) = (field(72) * sector, field(80).saturating_mul(field(84)));
    let entries = disk.get(first..first.saturating_add(length));
    if let Some(sum) = entries.map(crc::crc32) {
        put_u32(disk, start + 88, sum);
    }
    if let Some(header) = disk.get_mut(start..start + HEADER) {
        seal(header);
    }
}

fn seal(header: &mut [u8]) {
    put_u32(header, 16, 0);
    let sum = crc::crc32(header);
    put_u32(header, 16, sum);
}

//! Archives whose bytes depend on their members alone.
//!
//! Invariants: one time for every member, no owner, and rights only by what a member is.
//! Absent on purpose: folders as members; whoever unpacks makes them.

use std::io::{Cursor, Write};

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Member;

/// 1980-01-01 00:00 UTC, in seconds since 1970: before it the clock of zip does not begin.
const TIME: u64 = 315_532_800;

fn mode(member: &Member) -> u32 {
    if member.program { 0o755 } else { 0o644 }
}

/// A tar archive below one folder, compressed.
///
/// # Errors
/// When a path is too long for the format.
pub(super) fn tar_gz(folder: &str, members: &[Member]) -> Result<Vec<u8>> {
    // Compression that is asked for a name or a time writes it down.
    let compressed = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(compressed);
    for member in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(member.bytes.len() as u64);
        header.set_mode(mode(member));
        header.set_mtime(TIME);
        header.set_uid(0);
        header.set_gid(0);
        let path = format!("{folder}/{}", member.path);
        tar.append_data(&mut header, path, member.bytes.as_slice())?;
    }
    Ok(tar.into_inner()?.finish()?)
}

/// A zip archive below one folder.
///
/// # Errors
/// When the format cannot hold a member.
pub(super) fn zip(folder: &str, members: &[Member]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for member in members {
        // The time is the first that the format knows.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(mode(member));
        zip.start_file(format!("{folder}/{}", member.path), options)?;
        zip.write_all(&member.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;
    use zip::ZipArchive;

    /// The members of an archive, each as it was packed.
    pub(in super::super) fn untar(bytes: &[u8]) -> Vec<Member> {
        let mut archive = tar::Archive::new(GzDecoder::new(bytes));
        let entries = archive.entries().unwrap();
        entries
            .map(|entry| {
                let mut entry = entry.unwrap();
                let header = entry.header();
                assert_eq!(header.mtime().unwrap(), TIME);
                assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
                let program = header.mode().unwrap() == 0o755;
                let path = entry.path().unwrap().to_str().unwrap().to_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                Member {
                    path,
                    bytes,
                    program,
                }
            })
            .collect()
    }

    /// The members of an archive, each as it was packed.
    pub(in super::super) fn unzip(bytes: &[u8]) -> Vec<Member> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        (0..archive.len())
            .map(|number| {
                let mut entry = archive.by_index(number).unwrap();
                let time = entry.last_modified().unwrap();
                assert_eq!((time.year(), time.hour()), (1980, 0));
                let program = entry.unix_mode().unwrap() & 0o777 == 0o755;
                let path = entry.name().unwrap().into_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                Member {
                    path,
                    bytes,
                    program,
                }
            })
            .collect()
    }

    #[test]
    fn what_is_damaged_does_not_unpack() {
        let member = Member {
            path: "a".to_owned(),
            bytes: vec![7; 100],
            program: false,
        };
        let mut packed = zip("f", &[member]).unwrap();
        let unpack = |packed: &[u8]| {
            let mut archive = ZipArchive::new(Cursor::new(packed.to_vec()))?;
            let mut bytes = Vec::new();
            archive.by_index(0)?.read_to_end(&mut bytes)?;
            anyhow::Ok(bytes)
        };
        assert_eq!(unpack(&packed).unwrap(), [7; 100]);
        packed[35] ^= 1;
        assert!(unpack(&packed).is_err());
    }
}

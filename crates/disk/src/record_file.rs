//! The record as bytes: a versioned, length-prefixed file that ends in a seal (`PROTOCOL.md` 3).
//!
//! Invariants: one record has exactly one form; a file is accepted whole or not at all; no count
//! or length that it claims is allocated before the bytes are there; hostile bytes never panic.
//!
//! Deliberately absent: compression, encryption, tolerance of damage.

use std::io;
use std::path::PathBuf;

use crate::digest::sha256;
use crate::record::{FileRecord, Range, Record, RootRecord, Stamp};
use crate::record_reader::Reader;
use crate::rename;
use crate::security;

/// The first bytes of every record file.
const MAGIC: [u8; 8] = *b"OFFFIXJR";

/// The version that is written.
const VERSION: u32 = 3;

/// The version before: no files with new names.
const NO_RENAMES: u32 = 2;

/// The first version: one root, and files that name none.
const ONE_ROOT: u32 = 1;

/// The length of the seal, the SHA-256 of everything before it.
const SEAL: usize = 32;

/// The largest record file that is written or read, in bytes.
pub const RECORD_LIMIT: u64 = 2 << 30;

/// Why a record file was not accepted, or a record cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder or file does not belong to an administrator, or others may write it.
    #[error("{} can be changed by others than administrators", path.display())]
    Untrusted {
        /// The folder.
        path: PathBuf,
    },
    /// The file is, or would be, larger than [`RECORD_LIMIT`].
    #[error("the record has {size} bytes, the limit is {RECORD_LIMIT}")]
    TooLarge {
        /// In bytes.
        size: u64,
    },
    /// It does not begin as a record does.
    #[error("this is not a record of a run")]
    NotARecord,
    /// It was written by another version of this program.
    #[error("the record has version {found}, expected {VERSION}")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// The content is not what was sealed: the file is damaged or incomplete.
    #[error("the record is damaged or incomplete: its seal does not fit")]
    Seal,
    /// A field is cut short, has an impossible length or something behind it.
    #[error("the record is malformed at byte {offset}: {what}")]
    Malformed {
        /// Where, in bytes from the start.
        offset: usize,
        /// What was expected there.
        what: &'static str,
    },
    /// The fields are all there and do not make sense.
    #[error("the record contradicts itself: {what}")]
    Flaw {
        /// What is wrong.
        what: &'static str,
    },
}

/// The bytes of a record, sealed.
pub(crate) fn encode(record: &Record) -> Result<Vec<u8>, RecordError> {
    if let Some(what) = record.flaw() {
        return Err(RecordError::Flaw { what });
    }
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    put_bytes(&mut out, record.id.as_bytes());
    put_u64(&mut out, record.roots.len() as u64);
    for root in &record.roots {
        put_bytes(&mut out, root.path.as_bytes());
        put_bytes(&mut out, root.identity.as_bytes());
    }
    put_bytes(&mut out, &record.about);
    put_u64(&mut out, record.files.len() as u64);
    for file in &record.files {
        out.push(file.root);
        put_bytes(&mut out, file.path.as_bytes());
        out.extend(file.group.to_le_bytes());
        out.push(file.role);
        for stamp in [&file.before, &file.after] {
            put_u64(&mut out, stamp.size);
            out.extend(stamp.sha256);
        }
        put_u64(&mut out, file.ranges.len() as u64);
        for range in &file.ranges {
            put_u64(&mut out, range.offset);
            put_bytes(&mut out, &range.bytes);
        }
        put_bytes(&mut out, &file.marks);
    }
    security::put(&mut out, &record.securities);
    rename::put(&mut out, &record.renames);
    let seal = sha256(&out);
    out.extend(seal);
    let size = out.len() as u64;
    if size > RECORD_LIMIT {
        Err(RecordError::TooLarge { size })
    } else {
        Ok(out)
    }
}

pub(crate) fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_le_bytes());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Reads what `encode` wrote, and nothing else.
pub(crate) fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
    let body = bytes.len().saturating_sub(SEAL);
    let (body, seal) = bytes.split_at_checked(body).ok_or(RecordError::Seal)?;
    if !bytes.starts_with(&MAGIC) {
        return Err(RecordError::NotARecord);
    }
    let mut reader = Reader::new(body, MAGIC.len());
    reader.version = reader.u32()?;
    let found = reader.version;
    if !(ONE_ROOT..=VERSION).contains(&found) {
        return Err(RecordError::Version { found });
    }
    if sha256(body) != *seal {
        return Err(RecordError::Seal);
    }
    let record = reader.record()?;
    if !reader.is_at_end() {
        return Err(reader.malformed("the seal"));
    }
    match record.flaw() {
        Some(what) => Err(RecordError::Flaw { what }),
        None => Ok(record),
    }
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Record, RecordError> {
        let id = self.text()?;
        let roots = if self.version == ONE_ROOT {
            vec![self.root()?]
        } else {
            self.each(Reader::root)?
        };
        let about = self.counted()?.to_vec();
        let files = self.each(Reader::file)?;
        let securities = if self.version == ONE_ROOT {
            Vec::new()
        } else {
            security::take(self)?
        };
        let renames = if self.version > NO_RENAMES {
            rename::take(self)?
        } else {
            Vec::new()
        };
        Ok(Record {
            id,
            roots,
            about,
            files,
            securities,
            renames,
        })
    }

    fn root(&mut self) -> Result<RootRecord, RecordError> {
        Ok(RootRecord {
            path: self.text()?,
            identity: self.text()?,
        })
    }

    fn file(&mut self) -> Result<FileRecord, RecordError> {
        let root = if self.version == ONE_ROOT {
            0
        } else {
            self.byte("a root")?
        };
        Ok(FileRecord {
            root,
            path: self.text()?,
            group: self.u32()?,
            role: self.byte("a role")?,
            before: self.stamp()?,
            after: self.stamp()?,
            ranges: self.each(|reader| {
                let offset = reader.u64()?;
                Ok(Range {
                    offset,
                    bytes: reader.counted()?.to_vec(),
                })
            })?,
            marks: self.counted()?.to_vec(),
        })
    }

    pub(crate) fn stamp(&mut self) -> Result<Stamp, RecordError> {
        Ok(Stamp {
            size: self.u64()?,
            sha256: self.array("a hash")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256_hex;
    use crate::rename::RenameRecord;
    use crate::security::SecurityRecord;

    fn sample() -> Record {
        let before = vec![7; 4196];
        let mut after = before.clone();
        after[4100] = 8;
        Record {
            id: "20260915-0912".to_owned(),
            roots: vec![
                RootRecord {
                    path: "F:\\".to_owned(),
                    identity: "volume 1 root 5".to_owned(),
                },
                RootRecord {
                    path: "S:\\".to_owned(),
                    identity: "volume 2 root 5".to_owned(),
                },
            ],
            about: b"{\"plan\": 1}".to_vec(),
            files: vec![
                FileRecord::of(
                    "Windows\\System32\\config\\SYSTEM",
                    1,
                    2,
                    &before,
                    &after,
                    false,
                ),
                FileRecord {
                    root: 1,
                    ..FileRecord::of("Boot\\BCD", 2, 3, b"", b"x", true)
                },
            ],
            securities: ["ProgramData\\keys", "ProgramData\\keys\\a"]
                .map(|path| SecurityRecord {
                    root: 1,
                    path: path.to_owned(),
                    before: vec![1; 20].into(),
                    after: vec![2; 20].into(),
                })
                .into(),
            renames: vec![RenameRecord {
                root: 1,
                path: "drivers\\a.sys".to_owned(),
                name: "a.sys.offfix".to_owned(),
                content: Stamp::of(b"content"),
            }],
        }
    }

    /// The record with one field replaced in its bytes, sealed anew.
    fn forged(change: impl FnOnce(&mut Vec<u8>)) -> Result<Record, RecordError> {
        let mut bytes = encode(&sample()).unwrap();
        bytes.truncate(bytes.len() - SEAL);
        change(&mut bytes);
        let seal = sha256(&bytes);
        bytes.extend(seal);
        decode(&bytes)
    }

    #[test]
    fn comes_back_as_it_was() {
        assert_eq!(decode(&encode(&sample()).unwrap()).unwrap(), sample());
        let none = Record {
            files: vec![],
            about: vec![],
            securities: vec![],
            renames: vec![],
            ..sample()
        };
        assert_eq!(decode(&encode(&none).unwrap()).unwrap(), none);
    }

    /// Journals outlive the program that wrote them: a change here needs a new version.
    #[test]
    fn version_3_stays_as_it_is() {
        let bytes = encode(&sample()).unwrap();
        assert_eq!(bytes[..12], *b"OFFFIXJR\x03\0\0\0");
        assert_eq!(bytes[12..33], *b"\x0D\0\0\0\0\0\0\x0020260915-0912");
        let whole = "ada6d78432c9cdd25bd365b97eef20a3732e49cc7d53c2885e6fdc0c9434c8eb";
        assert_eq!(sha256_hex(&bytes), whole);
    }

    /// A version 2 record ends where the new names begin.
    #[test]
    fn version_2_is_still_read() {
        let mut old = sample();
        old.renames.clear();
        let mut bytes = encode(&old).unwrap();
        bytes.truncate(bytes.len() - SEAL - 8);
        bytes[8] = 2;
        let seal = sha256(&bytes);
        assert_eq!(
            sha256_hex(&[&bytes[..], &seal[..]].concat()),
            "2be511a3cbc46a95ffe845b4730cba3b6fbf8bbd8a6e1d59b611386ffe1cf205"
        );
        bytes.extend(seal);
        assert_eq!(decode(&bytes).unwrap(), old);
    }

    /// A version 1 record has its root where the list of roots is now, and files without one.
    #[test]
    fn version_1_is_still_read() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(ONE_ROOT.to_le_bytes());
        for text in ["20260915-0912", "F:\\", "volume 1 root 5", "about"] {
            put_bytes(&mut bytes, text.as_bytes());
        }
        put_u64(&mut bytes, 1);
        put_bytes(&mut bytes, b"Boot\\BCD");
        bytes.extend(7_u32.to_le_bytes());
        bytes.push(3);
        for content in [b"old", b"new"] {
            put_u64(&mut bytes, 3);
            bytes.extend(sha256(content));
        }
        put_u64(&mut bytes, 1);
        put_u64(&mut bytes, 0);
        put_bytes(&mut bytes, b"old");
        put_bytes(&mut bytes, b"");
        let seal = sha256(&bytes);
        bytes.extend(seal);
        let record = decode(&bytes).unwrap();
        let file = FileRecord::of("Boot\\BCD", 7, 3, b"old", b"new", true);
        assert_eq!(record.roots[0].path, "F:\\");
        assert_eq!(record.files, [file]);
    }

    #[test]
    fn refuses_every_flipped_byte_and_every_truncation() {
        let bytes = encode(&sample()).unwrap();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            assert!(decode(&flipped).is_err(), "byte {at}");
            assert!(decode(&bytes[..at]).is_err(), "length {at}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(decode(&longer).is_err());
    }

    #[test]
    fn refuses_forgeries_whose_seal_fits() {
        assert!(forged(|_| ()).is_ok());
        assert!(matches!(
            forged(|b| b.push(0)),
            Err(RecordError::Malformed { .. })
        ));
        assert!(matches!(
            forged(|b| b[8] = 4),
            Err(RecordError::Version { found: 4 })
        ));
        assert!(matches!(
            forged(|b| b[0] = b'X'),
            Err(RecordError::NotARecord)
        ));
        assert!(matches!(
            forged(|b| b[20] = b'/'),
            Err(RecordError::Flaw { .. })
        ));
        for at in 12..encode(&sample()).unwrap().len() - SEAL {
            // Whatever is claimed, it is an answer and not a panic or an endless allocation.
            let _ = forged(|b| b[at] = 0xFF);
            let _ = forged(|b| b.truncate(at));
        }
        let huge = forged(|b| b[12..20].copy_from_slice(&u64::MAX.to_le_bytes()));
        assert!(matches!(
            huge,
            Err(RecordError::Malformed { offset: 20, .. })
        ));
    }

    #[test]
    fn refuses_records_that_contradict_themselves() {
        let check = |change: fn(&mut Record)| {
            let mut record = sample();
            change(&mut record);
            matches!(encode(&record), Err(RecordError::Flaw { .. }))
        };
        assert!(check(|r| r.id = "../up".to_owned()));
        assert!(check(|r| r.files[0].path = "..\\up".to_owned()));
        assert!(check(|r| r.files[0].path.clear()));
        assert!(check(|r| r.files[0].root = 2));
        assert!(check(|r| r.roots.clear()));
        assert!(check(|r| r.securities[0].root = 2));
        assert!(check(|r| r.renames[0].root = 2));
        assert!(check(|r| r.renames[0].path.clear()));
        assert!(check(|r| r.renames[0].name = "b\\a.sys".to_owned()));
        assert!(check(|r| r.renames[0].name = "..".to_owned()));
        assert!(check(|r| r.renames[0].name = "A.SYS".to_owned()));
        assert!(check(|r| {
            r.files[1].path = r.files[0].path.to_lowercase().replace('\\', "/");
            r.files[1].root = 0;
        }));
        assert!(check(|r| r.files[0].ranges[0].bytes.clear()));
        assert!(check(|r| r.files[0].ranges[0].offset = 4195));
        assert!(check(|r| r.files[0].ranges[0].offset = u64::MAX));
        assert!(check(|r| {
            let again = r.files[0].ranges[0].clone();
            r.files[0].ranges.push(again);
        }));
    }
}

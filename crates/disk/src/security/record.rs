//! What a run records of descriptors, and its form in the record file (`PROTOCOL.md` 3).
//!
//! Invariants: equal descriptors are stored once, in the order in which they are first needed, so
//! one list of records has one form; a length that is claimed is never allocated before the
//! bytes are there.
//!
//! Deliberately absent: looking into descriptors.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::name;
use crate::record_file::{RecordError, put_bytes, put_u64};
use crate::record_reader::Reader;

/// The longest descriptor, in bytes.
pub const DESCRIPTOR_LIMIT: usize = 64 << 10;

/// The fixed part that every descriptor begins with, in bytes.
const SHORTEST: usize = 20;

/// The permissions of one file or folder, as they were and as they were to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityRecord {
    /// Which of the record's roots it lies below.
    pub root: u8,
    /// The path below that root; empty for the root itself.
    pub path: String,
    /// The self-relative descriptor before the run.
    pub before: Arc<[u8]>,
    /// The one after it.
    pub after: Arc<[u8]>,
}

/// What is wrong with the records of a run that has this many roots.
pub(crate) fn flaw(securities: &[SecurityRecord], roots: usize) -> Option<&'static str> {
    let mut paths = BTreeSet::new();
    for record in securities {
        if name::components(&record.path).is_err() {
            return Some("permissions have a path that cannot be on a disk");
        }
        if usize::from(record.root) >= roots {
            return Some("permissions lie below a root that is not recorded");
        }
        let fits = |descriptor: &[u8]| (SHORTEST..=DESCRIPTOR_LIMIT).contains(&descriptor.len());
        if !fits(&record.before) || !fits(&record.after) {
            return Some("a descriptor is shorter or longer than descriptors are");
        }
        let path = name::folded(&record.path).replace('/', "\\");
        if !paths.insert((record.root, path)) {
            return Some("two permissions have the same path");
        }
    }
    None
}

/// Appends the table of descriptors and the records that point into it.
pub(crate) fn put(out: &mut Vec<u8>, securities: &[SecurityRecord]) {
    let mut indices: HashMap<&[u8], u32> = HashMap::new();
    let mut table: Vec<&[u8]> = Vec::new();
    let mut records = Vec::new();
    for record in securities {
        records.push(record.root);
        put_bytes(&mut records, record.path.as_bytes());
        for descriptor in [&*record.before, &*record.after] {
            // A record file of 2 GiB has no room for 2^32 descriptors.
            let next = u32::try_from(table.len()).unwrap_or(u32::MAX);
            let index = *indices.entry(descriptor).or_insert_with(|| {
                table.push(descriptor);
                next
            });
            records.extend(index.to_le_bytes());
        }
    }
    put_u64(out, table.len() as u64);
    for descriptor in table {
        put_bytes(out, descriptor);
    }
    put_u64(out, securities.len() as u64);
    out.extend(records);
}

/// Reads what `put` wrote, and nothing else.
pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Vec<SecurityRecord>, RecordError> {
    let mut seen = HashSet::new();
    let table = reader.each(|reader| {
        let bytes = reader.counted()?;
        if !seen.insert(bytes) {
            return Err(reader.malformed("a descriptor that is not in the table yet"));
        }
        Ok(Arc::<[u8]>::from(bytes))
    })?;
    let mut used = 0;
    let records = reader.each(|reader| {
        let root = reader.byte("a root")?;
        let path = reader.text()?;
        let before = pick(reader, &table, &mut used)?;
        let after = pick(reader, &table, &mut used)?;
        Ok(SecurityRecord {
            root,
            path,
            before,
            after,
        })
    })?;
    if used == table.len() {
        Ok(records)
    } else {
        Err(reader.malformed("a use of every descriptor"))
    }
}

/// The descriptor of an index, which is one that was used or the next one.
fn pick(
    reader: &mut Reader<'_>,
    table: &[Arc<[u8]>],
    used: &mut usize,
) -> Result<Arc<[u8]>, RecordError> {
    let index = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    let wrong = || reader.malformed("the index of a descriptor, in order of first use");
    if index > *used {
        return Err(wrong());
    }
    let descriptor = table.get(index).ok_or_else(wrong)?;
    *used = (*used).max(index + 1);
    Ok(Arc::clone(descriptor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &str, before: u8, after: u8) -> SecurityRecord {
        SecurityRecord {
            root: 0,
            path: path.to_owned(),
            before: vec![before; SHORTEST].into(),
            after: vec![after; SHORTEST + 4].into(),
        }
    }

    fn read(bytes: &[u8]) -> Result<Vec<SecurityRecord>, RecordError> {
        let mut reader = Reader::new(bytes, 0);
        let records = take(&mut reader)?;
        assert!(reader.is_at_end());
        Ok(records)
    }

    #[test]
    fn comes_back_and_stores_what_is_equal_once() {
        let one = [record("a", 1, 2)];
        let many: Vec<SecurityRecord> = (0..1000)
            .map(|i| record(&format!("d\\{i:04}"), 1, 2))
            .collect();
        for records in [&one[..], &[], &many] {
            let mut bytes = Vec::new();
            put(&mut bytes, records);
            assert_eq!(read(&bytes).unwrap(), records);
            // Root, length, 6 letters and two indices for each; the two descriptors only once.
            assert!(bytes.len() <= 100 + records.len() * (1 + 8 + 6 + 8));
        }
        let mut bytes = Vec::new();
        put(&mut bytes, &many);
        let shared = read(&bytes).unwrap();
        let (first, last) = (shared.first().unwrap(), shared.last().unwrap());
        assert!(Arc::ptr_eq(&first.before, &last.before));
    }

    #[test]
    fn other_forms_of_the_same_records_are_refused() {
        let table = |descriptors: &[&[u8]], indices: &[(u32, u32)]| {
            let mut bytes = Vec::new();
            put_u64(&mut bytes, descriptors.len() as u64);
            for descriptor in descriptors {
                put_bytes(&mut bytes, descriptor);
            }
            put_u64(&mut bytes, indices.len() as u64);
            for (before, after) in indices {
                bytes.push(0);
                put_bytes(&mut bytes, b"a");
                bytes.extend(before.to_le_bytes());
                bytes.extend(after.to_le_bytes());
            }
            read(&bytes)
        };
        let (a, b) = (&[1; SHORTEST][..], &[2; SHORTEST][..]);
        assert!(table(&[a, b], &[(0, 1), (1, 0)]).is_ok());
        assert!(table(&[a], &[(0, 0)]).is_ok());
        assert!(table(&[a, b], &[(1, 0)]).is_err(), "out of order");
        assert!(table(&[a, b], &[(0, 0)]).is_err(), "one is not used");
        assert!(table(&[a, a], &[(0, 1)]).is_err(), "twice the same");
        assert!(table(&[a], &[(0, 1)]).is_err(), "none of that index");
        assert!(table(&[], &[(0, 0)]).is_err(), "none at all");
    }

    #[test]
    fn records_that_contradict_themselves_have_a_flaw() {
        let with = |change: fn(&mut Vec<SecurityRecord>)| {
            let mut records = vec![record("A\\b", 1, 2), record("", 1, 1)];
            change(&mut records);
            flaw(&records, 1).is_some()
        };
        assert!(!with(|_| ()));
        assert!(with(|r| r[0].path = "..\\a".to_owned()));
        assert!(with(|r| r[0].root = 1));
        assert!(with(|r| r[1].path = "a/B".to_owned()));
        assert!(with(|r| r[0].before = vec![0; SHORTEST - 1].into()));
        assert!(!with(|r| r[0].after = vec![0; DESCRIPTOR_LIMIT].into()));
        assert!(with(|r| r[0].after = vec![0; DESCRIPTOR_LIMIT + 1].into()));
    }
}

//! Taking fields from the bytes of a record, one after the other.
//!
//! Invariants: no count or length that is claimed is allocated before the bytes are there; hostile
//! bytes never panic. Deliberately absent: which fields a record has (`record_file`).

use crate::record_file::RecordError;

/// What is left of a record, and where.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The record's version, once it is read.
    pub(crate) version: u32,
}

impl<'a> Reader<'a> {
    /// Begins at `at`.
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Reader<'a> {
        Reader {
            bytes,
            at,
            version: 0,
        }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// A count and that many items; each takes bytes, so the count cannot run away.
    pub(crate) fn each<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, RecordError>,
    ) -> Result<Vec<T>, RecordError> {
        let count = self.u64()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(crate) fn text(&mut self) -> Result<String, RecordError> {
        let offset = self.at;
        let bytes = self.counted()?.to_vec();
        String::from_utf8(bytes).map_err(|_| RecordError::Malformed {
            offset,
            what: "UTF-8 text",
        })
    }

    pub(crate) fn counted(&mut self) -> Result<&'a [u8], RecordError> {
        let length = self.u64()?;
        let length = usize::try_from(length).map_err(|_| self.malformed("a possible length"))?;
        self.take(length, "as many bytes as the length says")
    }

    pub(crate) fn u64(&mut self) -> Result<u64, RecordError> {
        Ok(u64::from_le_bytes(self.array("a number of 8 bytes")?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, RecordError> {
        Ok(u32::from_le_bytes(self.array("a number of 4 bytes")?))
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, RecordError> {
        let [byte] = self.array(what)?;
        Ok(byte)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], RecordError> {
        let offset = self.at;
        let taken = self.take(N, what)?;
        taken
            .try_into()
            .map_err(|_| RecordError::Malformed { offset, what })
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], RecordError> {
        let end = self.at.checked_add(length);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| self.malformed(what))?;
        self.at += length;
        Ok(taken)
    }

    pub(crate) fn malformed(&self, what: &'static str) -> RecordError {
        RecordError::Malformed {
            offset: self.at,
            what,
        }
    }
}

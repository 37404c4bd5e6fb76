//! Reading a device that gives whole blocks only, as Windows' disks and volumes do.
//!
//! Invariants: every read of the device begins and ends at a block; it never reaches further than
//! the block with the last byte that was asked for.
//!
//! Deliberately absent: writing; knowing the size of the device.

use std::io::{self, Read, Seek, SeekFrom};

/// The most bytes that are read at once.
const MOST: u64 = 64 << 10;

/// A device, or anything else that can be read at a place.
#[derive(Debug)]
pub(crate) struct Blocks<R> {
    inner: R,
    /// In bytes; 1 where every byte can be read alone.
    block: u64,
    /// What was read last.
    held: Vec<u8>,
    /// Where that begins.
    at: u64,
}

impl<R: Read + Seek> Blocks<R> {
    /// Reads in blocks of so many bytes.
    pub(crate) fn new(inner: R, block: u32) -> Blocks<R> {
        Blocks {
            inner,
            block: u64::from(block).max(1),
            held: Vec::new(),
            at: 0,
        }
    }

    /// Reads some bytes from a place on; none behind the end.
    pub(crate) fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.block == 1 {
            self.inner.seek(SeekFrom::Start(offset))?;
            return self.inner.read(buffer);
        }
        if self.kept(offset).is_empty() {
            self.fetch(offset, buffer.len() as u64)?;
        }
        let kept = self.kept(offset);
        let length = kept.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(kept) {
            *to = *from;
        }
        Ok(length)
    }

    /// What is held from a place on.
    fn kept(&self, offset: u64) -> &[u8] {
        let skipped = offset.checked_sub(self.at);
        let skipped = skipped.and_then(|skipped| usize::try_from(skipped).ok());
        let kept = skipped.and_then(|skipped| self.held.get(skipped..));
        kept.unwrap_or_default()
    }

    fn fetch(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let start = offset - offset % self.block;
        let end = offset.saturating_add(length.min(MOST));
        let length = (end - start).div_ceil(self.block) * self.block;
        self.held.clear();
        self.at = start;
        self.inner.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let read = self.inner.read(&mut bytes)?;
        bytes.truncate(read);
        self.held = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that refuses everything but whole sectors inside it.
    struct Sectors {
        bytes: Vec<u8>,
        at: usize,
    }

    impl Read for Sectors {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let end = self.at + buffer.len();
            let whole = [self.at, buffer.len()]
                .iter()
                .all(|size| size.is_multiple_of(512));
            if !whole || end > self.bytes.len() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            buffer.copy_from_slice(&self.bytes[self.at..end]);
            self.at = end;
            Ok(buffer.len())
        }
    }

    impl Seek for Sectors {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            let SeekFrom::Start(at) = to else {
                return Err(io::ErrorKind::Unsupported.into());
            };
            self.at = usize::try_from(at).unwrap();
            Ok(at)
        }
    }

    /// Reads until the buffer is full.
    fn fill(blocks: &mut Blocks<Sectors>, from: usize, buffer: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            match blocks.read_at((from + done) as u64, &mut buffer[done..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => done += length,
            }
        }
        Ok(())
    }

    #[test]
    fn any_bytes_are_read_in_whole_sectors() {
        let bytes: Vec<u8> = (0..200 * 1024_u32).map(|at| (at % 251) as u8).collect();
        let device = Sectors {
            bytes: bytes.clone(),
            at: 0,
        };
        let mut blocks = Blocks::new(device, 512);
        let last = bytes.len() - 1;
        for (from, length) in [
            (0, 1),
            (3, 8),
            (510, 4),
            (511, 1),
            (1024, 512),
            (7, 150_000),
            (last, 1),
            (last - 700, 701),
        ] {
            let mut buffer = vec![0; length];
            fill(&mut blocks, from, &mut buffer).unwrap();
            assert!(buffer == bytes[from..from + length], "{from} {length}");
        }
        assert!(fill(&mut blocks, last, &mut [0; 2]).is_err());
    }

    #[test]
    fn a_file_is_read_as_it_is() {
        let mut blocks = Blocks::new(io::Cursor::new(b"abc"), 1);
        let mut buffer = [0; 9];
        assert_eq!(blocks.read_at(1, &mut buffer).unwrap(), 2);
        assert_eq!(&buffer[..2], b"bc");
        assert_eq!(blocks.read_at(7, &mut buffer).unwrap(), 0);
    }
}

//! A part of a disk, to be read like a file of its own.
//!
//! Invariants: it is open for reading only; no position in it leads to a byte outside it.
//!
//! Deliberately absent: writing, and knowing what lies in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::blocks::Blocks;
use crate::os;

/// `size` bytes of a device or image from `offset` on. Positions count from `offset`.
#[derive(Debug)]
pub struct Window {
    device: Blocks<File>,
    offset: u64,
    size: u64,
    position: u64,
}

impl Window {
    /// Opens a part of a device or image; `offset` and `size` in bytes. Whether the device is that
    /// long shows when it is read: bytes behind its end are the end of the window.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidInput`] for a part that cannot be counted.
    pub fn open(device: &Path, offset: u64, size: u64) -> io::Result<Window> {
        if offset.checked_add(size).is_none() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let device = File::open(device)?;
        let block = os::block_size(&device);
        Ok(Window {
            device: Blocks::new(device, block),
            offset,
            size,
            position: 0,
        })
    }

    /// The size of the window in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.position);
        if left == 0 {
            return Ok(0);
        }
        let length = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let Some(buffer) = buffer.get_mut(..length) else {
            return Ok(0);
        };
        let read = self
            .device
            .read_at(self.offset.saturating_add(self.position), buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, distance) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::End(distance) => (self.size, distance),
            SeekFrom::Current(distance) => (self.position, distance),
        };
        self.position = base
            .checked_add_signed(distance)
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

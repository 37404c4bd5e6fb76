//! Writes a tree of keys as a registry hive file, versions 1.3 to 1.6.
//!
//! Invariants: the file is clean and keeps every load-time rule as long as the names and sizes
//! given keep the limits; the same tree and options give the same bytes; root cell at 0x20, last
//! part of each bin one free cell, first bin's time stamp equal to the base block's.
//! Absent: reading, editing, transaction logs, volatile keys.

mod cells;
pub(crate) mod lists;
pub mod security;
pub mod tree;
mod values;

use crate::bytes::{fix_checksum, put, put_u32, put_u64, utf16};
use crate::upcase;
use cells::Cells;
use security::Ring;
pub use tree::{KEY_TIME, Key, Value};

/// The default time stamp of the base block: 2026-09-14 22:07:00 UTC as FILETIME.
pub const FILE_TIME: u64 = 134_338_972_200_000_000;

/// A hive to be written: a root key and the options of the file.
#[derive(Debug, Clone)]
pub struct HiveBuilder {
    /// The root key; `new` names it `ROOT`.
    pub root: Key,
    /// Minor version: 3, 4, 5 (default) or 6.
    pub minor: u32,
    /// Both sequence numbers of the base block; default 1.
    pub sequence: u32,
    /// FILETIME of the base block and of the first bin.
    pub file_time: u64,
    /// The path as the kernel opened it; the last 31 characters go into the base block.
    pub file_name: String,
    /// Entries a subkey list leaf may have, at most 1012; small numbers give an `ri` early.
    pub leaf_limit: usize,
    /// A seed for free cells strewn between the allocated ones; `None` for a dense hive.
    pub holes: Option<u64>,
    /// The least size of the bins area in bytes; wholly free bins make up for what is missing.
    pub least_size: usize,
    /// Zero bytes after the last bin.
    pub trailing: usize,
    /// Lets a leaf have more entries than any kernel writes, to break rule L11.
    pub(crate) oversize: bool,
    descriptors: Vec<Vec<u8>>,
}

impl Default for HiveBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl HiveBuilder {
    /// A 1.5 hive with a root key and nothing else.
    pub fn new() -> Self {
        Self {
            root: Key::new("ROOT"),
            minor: 5,
            sequence: 1,
            file_time: FILE_TIME,
            file_name: "\\SystemRoot\\System32\\Config\\SYSTEM".to_owned(),
            leaf_limit: usize::MAX,
            holes: None,
            least_size: 0,
            trailing: 0,
            oversize: false,
            descriptors: vec![security::default_descriptor()],
        }
    }

    /// A hive of another minor version, 3 to 6.
    pub fn with_minor(minor: u32) -> Self {
        Self {
            minor,
            ..Self::new()
        }
    }

    /// The key at a path below the root, made where missing.
    pub fn key(&mut self, path: &str) -> &mut Key {
        self.root.key(path)
    }

    /// Adds a security descriptor and gives its index for `Key::security`.
    ///
    /// Keys made by `Key::child` below a key take that key's descriptor.
    pub fn descriptor(&mut self, bytes: Vec<u8>) -> usize {
        self.descriptors.push(bytes);
        self.descriptors.len() - 1
    }

    /// Writes the hive.
    pub fn build(&self) -> Vec<u8> {
        let mut writer = Writer {
            hive: self,
            cells: Cells::new(self.holes),
            ring: Ring::new(&self.descriptors),
        };
        let root = writer.key(&self.root, u32::MAX);
        writer.ring.finish(&mut writer.cells);
        writer.cells.grow_to(self.least_size);
        let area = writer.cells.finish(self.file_time);
        let mut file = self.base_block(root, area.len() as u32);
        file.extend(area);
        file.resize(file.len() + self.trailing, 0);
        file
    }

    fn base_block(&self, root: u32, size: u32) -> Vec<u8> {
        let mut block = vec![0; 4096];
        put(&mut block, 0, b"regf");
        put_u32(&mut block, 0x04, self.sequence);
        put_u32(&mut block, 0x08, self.sequence);
        put_u64(&mut block, 0x0C, self.file_time);
        put_u32(&mut block, 0x14, 1);
        put_u32(&mut block, 0x18, self.minor);
        put_u32(&mut block, 0x20, 1);
        put_u32(&mut block, 0x24, root);
        put_u32(&mut block, 0x28, size);
        put_u32(&mut block, 0x2C, 1);
        let name = utf16(&self.file_name);
        let start = name.len().saturating_sub(62);
        put(&mut block, 0x30, name.get(start..).unwrap_or_default());
        fix_checksum(&mut block);
        block
    }
}

/// The state of one `build`.
#[derive(Debug)]
struct Writer<'a> {
    hive: &'a HiveBuilder,
    cells: Cells,
    ring: Ring<'a>,
}

impl Writer<'_> {
    /// Writes a key and everything below it; gives its cell. `parent` is NIL for the root.
    fn key(&mut self, key: &Key, parent: u32) -> u32 {
        let (name, compressed) = values::encode_name(&key.name);
        let cell = self.cells.allocate(76 + name.len());
        let security = self.ring.use_cell(&mut self.cells, key.security);
        let class = match key.class.as_slice() {
            [] => u32::MAX,
            class => self.cells.store(class),
        };
        let values = values::write(&mut self.cells, self.hive.minor, &key.values);
        let subkeys = self.subkeys(key, cell);
        let place: u16 = if parent == u32::MAX { 0x0C } else { 0 };
        let flags = key.flags | place | if compressed { 0x20 } else { 0 };
        let parent = if parent == u32::MAX { 0 } else { parent };
        let mut nk = vec![0; 76];
        put(&mut nk, 0, b"nk");
        put(&mut nk, 2, &flags.to_le_bytes());
        put_u64(&mut nk, 4, key.last_written);
        let longest = Longest::of(key);
        for (at, number) in [
            (16, parent),
            (20, key.subkeys.len() as u32),
            (28, subkeys),
            (32, u32::MAX),
            (36, key.values.len() as u32),
            (40, values),
            (44, security),
            (48, class),
            (52, longest.name | u32::from(key.user_flags) << 16),
            (56, longest.class),
            (60, longest.value_name),
            (64, longest.value_data),
            (
                72,
                name.len() as u32 & 0xFFFF | (key.class.len() as u32) << 16,
            ),
        ] {
            put_u32(&mut nk, at, number);
        }
        nk.extend(name);
        self.cells.write(cell, &nk);
        cell
    }

    fn subkeys(&mut self, key: &Key, parent: u32) -> u32 {
        let mut sorted: Vec<&Key> = key.subkeys.iter().collect();
        sorted.sort_by(|left, right| upcase::compare(&left.name, &right.name));
        let entries: Vec<lists::Entry<'_>> = sorted
            .into_iter()
            .map(|child| lists::Entry {
                cell: self.key(child, parent),
                name: &child.name,
            })
            .collect();
        let most = if self.hive.oversize {
            usize::MAX
        } else {
            lists::LEAF_LIMIT
        };
        let limit = self.hive.leaf_limit.clamp(1, most);
        lists::write(&mut self.cells, self.hive.minor, limit, &entries)
    }
}

/// The four maxima a key carries, in bytes; names counted as UTF-16.
#[derive(Debug)]
struct Longest {
    name: u32,
    class: u32,
    value_name: u32,
    value_data: u32,
}

impl Longest {
    fn of(key: &Key) -> Self {
        let most = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0) as u32;
        Self {
            name: most(&mut key.subkeys.iter().map(|key| key.name.len() * 2)) & 0xFFFF,
            class: most(&mut key.subkeys.iter().map(|key| key.class.len())),
            value_name: most(&mut key.values.iter().map(|value| value.name.len() * 2)),
            value_data: most(&mut key.values.iter().map(|value| value.data.len())),
        }
    }
}

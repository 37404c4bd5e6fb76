//! A small hive with one of everything, and the places in it that tests damage.
//!
//! Invariants: built by the test kit; places are offsets in the file; every change leaves the
//! checksum right unless asked otherwise. Absent on purpose: what the damage means.

use hive::{Hive, Key};
use testkit::HiveBuilder;
use testkit::build::security::{Ace, administrators, descriptor, local_system};

/// Data that needs three segments.
pub(crate) const BIG: usize = 40_000;

/// A hive file under damage.
#[derive(Clone)]
pub(crate) struct Image {
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// Leaves the checksum as it is not.
    pub(crate) stale_checksum: bool,
    sound: Hive,
}

/// The small hive: 14 keys, 8 values, 3 security cells, two wholly free bins at the end.
pub(crate) fn small(minor: u32) -> Image {
    build(minor, |hive| {
        let sid = administrators();
        let other = |mask| descriptor(&sid, &local_system(), &[Ace::allow(mask, local_system())]);
        let (first, second) = (hive.descriptor(other(1)), hive.descriptor(other(2)));
        hive.leaf_limit = 4;
        hive.least_size = 0x1_2000;
        let a = hive.key("A");
        a.class("class")
            .sz("text", "some text")
            .sz("list", "another text");
        a.sz("", "default").dword("odd", 1);
        a.key("Sub\\Under");
        hive.key("B").dword("dword", 7).qword("qword", 8);
        hive.key("B\\Sub");
        hive.key("B\\Sub").security = second;
        hive.key("B").security = first;
        hive.key("C").security = second;
        hive.key("C").sz("none", "");
        let link = hive.key("Link");
        link.flags = 0x10;
        link.value("SymbolicLinkValue", 6, b"\\\0R\0");
        for name in ["a", "b", "odd", "w\0i\0", "\u{3A9}mega"] {
            hive.key("Lists").child(name);
        }
        if minor > 3 {
            hive.key("B").binary("qword", &[7; BIG]);
        }
    })
}

/// A hive of one's own.
pub(crate) fn build(minor: u32, fill: impl FnOnce(&mut HiveBuilder)) -> Image {
    let mut hive = HiveBuilder::with_minor(minor);
    fill(&mut hive);
    let bytes = hive.build();
    let sound = Hive::open(bytes.clone()).unwrap();
    Image {
        bytes,
        stale_checksum: false,
        sound,
    }
}

/// A 1.3 hive whose root has so many subkeys in one leaf.
pub(crate) fn long_leaf(count: usize) -> Image {
    build(3, |hive| {
        for number in 0..count {
            hive.key(&format!("{number:05}"));
        }
        hive.least_size = 0x4_0000;
    })
    .with(|image| {
        let list = image.list("");
        if &image.bytes[list..list + 2] == b"ri" {
            let mut leaf = b"li".to_vec();
            leaf.extend(u16::try_from(count).unwrap().to_le_bytes());
            for key in image.sound.root().unwrap().subkeys().unwrap() {
                leaf.extend(key.offset().0.to_le_bytes());
            }
            image.put(image.free() + 4, &leaf);
            image.put32(image.free(), 4064_u32.wrapping_neg());
            image.put32(image.nk("") + 28, image.free_index());
        }
    })
}

impl Image {
    /// This image, changed.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Image)) -> Image {
        change(&mut self);
        self
    }

    /// The file, with its checksum.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.bytes.len() >= 512 {
            let sum = testkit::checksum(&self.bytes) ^ u32::from(self.stale_checksum);
            self.put32(0x1FC, sum);
        }
        self.bytes
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn put16(&mut self, at: usize, number: u16) {
        self.put(at, &number.to_le_bytes());
    }

    pub(crate) fn put32(&mut self, at: usize, number: u32) {
        self.put(at, &number.to_le_bytes());
    }

    pub(crate) fn get32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap())
    }

    pub(crate) fn swap(&mut self, left: usize, right: usize) {
        let (first, second) = (self.get32(left), self.get32(right));
        self.put32(left, second);
        self.put32(right, first);
    }

    /// Copies a number from one structure to the same field of another.
    pub(crate) fn copy_field(&mut self, from: usize, to: usize, field: usize) {
        self.put32(to + field, self.get32(from + field));
    }

    /// The payload of a cell.
    fn payload(index: u32) -> usize {
        index as usize + 4096 + 4
    }

    fn key(&self, path: &str) -> Key<'_> {
        self.sound
            .key(path)
            .unwrap()
            .unwrap_or_else(|| panic!("no key {path:?}"))
    }

    /// A key node.
    pub(crate) fn nk(&self, path: &str) -> usize {
        Image::payload(self.key(path).offset().0)
    }

    /// A value.
    pub(crate) fn vk(&self, path: &str, name: &str) -> usize {
        Image::payload(self.key(path).value(name).unwrap().unwrap().offset().0)
    }

    /// A key's security cell.
    pub(crate) fn sk(&self, path: &str) -> usize {
        Image::payload(self.key(path).node().security.get())
    }

    /// A key's subkey list.
    pub(crate) fn list(&self, path: &str) -> usize {
        Image::payload(self.key(path).node().subkey_list.get())
    }

    /// A key's value list.
    pub(crate) fn values(&self, path: &str) -> usize {
        Image::payload(self.key(path).node().value_list.get())
    }

    /// The big data record.
    pub(crate) fn record(&self) -> usize {
        Image::payload(self.get32(self.vk("B", "qword") + 8))
    }

    /// The list of segments of the big data record.
    pub(crate) fn segments(&self) -> usize {
        Image::payload(self.get32(self.record() + 4))
    }

    /// The leaf that lists a key, and the entry in it.
    fn leaf_and_entry(&self, path: &str) -> (usize, usize) {
        let wanted = self.key(path).offset().0;
        let parent = path.rsplit_once('\\').map_or("", |(parent, _)| parent);
        let top = self.list(parent);
        let count = |list: usize| usize::from(self.bytes[list + 2]);
        let leaves: Vec<usize> = match &self.bytes[top..top + 2] {
            b"ri" => (0..count(top))
                .map(|place| Image::payload(self.get32(top + 4 + place * 4)))
                .collect(),
            _ => vec![top],
        };
        let width = if self.bytes[leaves[0] + 1] == b'i' {
            4
        } else {
            8
        };
        let entries = leaves
            .into_iter()
            .flat_map(|leaf| (0..count(leaf)).map(move |place| (leaf, leaf + 4 + place * width)));
        let mut entries = entries;
        entries
            .find(|&(_, entry)| self.get32(entry) == wanted)
            .unwrap()
    }

    /// The leaf that lists a key.
    pub(crate) fn leaf(&self, path: &str) -> usize {
        self.leaf_and_entry(path).0
    }

    /// The entry that lists a key.
    pub(crate) fn entry(&self, path: &str) -> usize {
        self.leaf_and_entry(path).1
    }

    /// Exchanges two entries with their marks.
    pub(crate) fn swap_entries(&mut self, left: &str, right: &str) {
        let (left, right) = (self.entry(left), self.entry(right));
        self.swap(left, right);
        self.swap(left + 4, right + 4);
    }

    /// The last bin, wholly free.
    pub(crate) fn last_bin(&self) -> usize {
        self.bytes.len() - 4096
    }

    /// The size field of the last bin's one cell, which is free.
    pub(crate) fn free(&self) -> usize {
        let at = self.last_bin() + 32;
        assert_eq!(self.get32(self.last_bin() + 8), 4096);
        at
    }

    /// That cell's index.
    pub(crate) fn free_index(&self) -> u32 {
        u32::try_from(self.free() - 4096).unwrap()
    }

    /// Makes the bins area one page longer without a bin there.
    pub(crate) fn add_empty_page(&mut self) {
        self.bytes.extend([0; 4096]);
        self.put32(0x28, self.get32(0x28) + 4096);
    }

    /// Fills in what makes base block flags count.
    pub(crate) fn mark_transactions(&mut self, flags: u32) {
        self.put(0x70, &[5; 16]);
        self.put(0xA4, b"rmtm");
        self.put32(0x90, flags);
    }

    /// Splits the free cell, so that its first `len` bytes are an allocated cell.
    fn allocate(&mut self, len: u32) -> u32 {
        let free = self.free();
        self.put32(free, len.wrapping_neg());
        self.put32(free + len as usize, 4064 - len);
        self.free_index()
    }

    /// Moves a key node to a cell of `len` bytes.
    pub(crate) fn move_to_free(&mut self, path: &str, len: u32) {
        let node: Vec<u8> = self.bytes[self.nk(path)..][..84].to_vec();
        let entry = self.entry(path);
        let index = self.allocate(len);
        self.put(Image::payload(index), &node);
        self.put32(entry, index);
    }

    /// Gives key B a copy of its security cell that is in no ring.
    pub(crate) fn put_descriptor_outside_ring(&mut self) {
        let copy: Vec<u8> = self.bytes[self.sk("B")..][..96].to_vec();
        let index = self.allocate(104);
        self.put(Image::payload(index), &copy);
        self.put32(self.nk("B") + 44, index);
    }
}

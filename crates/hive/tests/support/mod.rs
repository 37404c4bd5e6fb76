//! What the tests of editor, logs and commit share: trees as rows, foreign readers, raw cells.
//!
//! Invariants: rows are in enumeration order, so that comparing them compares the order too.
//! Absent on purpose: anything a test asserts about one operation.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

pub(crate) mod commits;
pub(crate) mod cuts;
pub(crate) mod logs;

use hive::format::{BigData, KeyNode, NIL, SEGMENT_LEN};
use hive::value::Storage;
use hive::{CellOffset, Hive, Key, Value};
use nt_hive::{NtHiveError, NtHiveNameString};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use zerocopy::FromBytes;

/// A value: name, type, data; data is `None` where a reader is known not to read it.
pub(crate) type Item = (Vec<u16>, u32, Option<Vec<u8>>);

/// A key: path of names, class, values in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) path: Vec<Vec<u16>>,
    pub(crate) class: Vec<u8>,
    pub(crate) values: Vec<Item>,
}

/// The time stamp edits of these tests carry.
pub(crate) const NOW: u64 = 0x01DD_4242_4242_4242;

/// A small deterministic source of numbers (xorshift64*).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next number.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.roll() >> 16) as usize % end
    }
}

/// The bytes of a hive beside the checkout; says so when it is not there.
pub(crate) fn shared(name: &str) -> Option<Vec<u8>> {
    let path = shared_path(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(_) => {
            println!("skipped: no {}", path.display());
            None
        }
    }
}

/// Where a hive beside the checkout would be.
pub(crate) fn shared_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/hives")
        .join(name)
}

/// The tree as the builder's model has it; children in upper-case order.
pub(crate) fn rows_of_model(key: &testkit::Key) -> Vec<Row> {
    fn walk(key: &testkit::Key, path: &[Vec<u16>], rows: &mut Vec<Row>) {
        let item =
            |value: &testkit::Value| (value.name.clone(), value.kind, Some(value.data.clone()));
        rows.push(Row {
            path: path.to_vec(),
            class: key.class.clone(),
            values: key.values.iter().map(item).collect(),
        });
        let mut below: Vec<&testkit::Key> = key.subkeys.iter().collect();
        below.sort_by(|a, b| testkit::upcase::compare(&a.name, &b.name));
        for child in below {
            let path = [path, std::slice::from_ref(&child.name)].concat();
            walk(child, &path, rows);
        }
    }
    let mut rows = Vec::new();
    walk(key, &[], &mut rows);
    rows
}

/// The tree as this crate reads it.
pub(crate) fn rows(hive: &Hive) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut stack = vec![(hive.root().unwrap(), Vec::new())];
    while let Some((key, path)) = stack.pop() {
        let item = |value: Value<'_>| {
            let name = value.name().units().collect();
            (
                name,
                value.kind().0,
                Some(value.data().unwrap().into_owned()),
            )
        };
        rows.push(Row {
            path: path.clone(),
            class: key.class().unwrap().to_vec(),
            values: key.values().unwrap().into_iter().map(item).collect(),
        });
        for child in key.subkeys().unwrap().into_iter().rev() {
            let name: Vec<u16> = child.name().units().collect();
            stack.push((child, [path.as_slice(), &[name]].concat()));
        }
    }
    rows
}

/// The tree as nt-hive reads it; it cannot read big data of 1.3.
pub(crate) fn rows_of_nt_hive(file: &[u8]) -> Vec<Row> {
    let minor = u32::from_le_bytes(file[0x18..0x1C].try_into().unwrap());
    let hive = nt_hive::Hive::new(file).unwrap();
    let mut rows = Vec::new();
    let mut stack = vec![(hive.root_key_node().unwrap(), Vec::new())];
    while let Some((key, path)) = stack.pop() {
        let mut values = Vec::new();
        for value in key.values().map(Result::unwrap).into_iter().flatten() {
            let value = value.unwrap();
            let kind = match value.data_type() {
                Ok(kind) => kind as u32,
                Err(NtHiveError::UnsupportedKeyValueDataType { actual, .. }) => actual,
                Err(error) => panic!("{error}"),
            };
            let readable = minor > 3 || value.data_size() as usize <= SEGMENT_LEN;
            let data = readable.then(|| value.data().unwrap().into_vec().unwrap());
            values.push((nt_name(&value.name().unwrap()), kind, data));
        }
        let class = key.class_name().map(|class| nt_name(&class.unwrap()));
        rows.push(Row {
            path: path.clone(),
            class: class
                .unwrap_or_default()
                .into_iter()
                .flat_map(u16::to_le_bytes)
                .collect(),
            values,
        });
        let below: Vec<_> = key
            .subkeys()
            .map(Result::unwrap)
            .into_iter()
            .flatten()
            .collect();
        for child in below.into_iter().rev() {
            let child = child.unwrap();
            let name = nt_name(&child.name().unwrap());
            stack.push((child, [path.as_slice(), &[name]].concat()));
        }
    }
    rows
}

fn nt_name(name: &NtHiveNameString<'_>) -> Vec<u16> {
    match name {
        NtHiveNameString::Latin1(bytes) => bytes.iter().map(|&byte| u16::from(byte)).collect(),
        NtHiveNameString::Utf16LE(bytes) => units(bytes),
    }
}

fn units(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|two| u16::from_le_bytes([two[0], two[1]]))
        .collect()
}

/// The tree as the crate `regf` reads it. Its names are texts, so unpaired surrogates are lost.
pub(crate) fn rows_of_regf(file: &[u8]) -> Vec<Row> {
    let hive = regf::RegistryHive::from_bytes(file.to_vec()).unwrap();
    let mut rows = Vec::new();
    let mut stack = vec![(hive.root_key().unwrap(), Vec::new())];
    while let Some((key, path)) = stack.pop() {
        let wide = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        let mut values = Vec::new();
        for value in key.values().unwrap() {
            let name = if value.is_default() {
                Vec::new()
            } else {
                wide(&value.name())
            };
            values.push((name, value.raw_data_type(), Some(value.raw_data().unwrap())));
        }
        let class = wide(&key.class_name().unwrap().unwrap_or_default());
        rows.push(Row {
            path: path.clone(),
            class: class.into_iter().flat_map(u16::to_le_bytes).collect(),
            values,
        });
        for child in key.subkeys().unwrap().into_iter().rev() {
            let name = wide(&child.name());
            stack.push((child, [path.as_slice(), &[name]].concat()));
        }
    }
    rows
}

/// The file as a commit leaves it; the editor does not keep the checksum.
pub(crate) fn with_checksum(after: &Hive) -> Vec<u8> {
    let mut file = after.bytes().to_vec();
    let sum = testkit::checksum(&file);
    file[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
    file
}

/// Fails at the first row that differs; `None` data matches any.
pub(crate) fn same_rows(what: &str, wanted: &[Row], found: &[Row]) {
    for (wanted, found) in wanted.iter().zip(found) {
        let path = text(&wanted.path);
        assert_eq!(path, text(&found.path), "{what}");
        assert_eq!(wanted.path, found.path, "{what}");
        assert_eq!(wanted.class, found.class, "{what}: class of {path}");
        let names = |row: &Row| -> Vec<(String, u32)> {
            let show = |item: &Item| (String::from_utf16_lossy(&item.0), item.1);
            row.values.iter().map(show).collect()
        };
        assert_eq!(names(wanted), names(found), "{what}: values of {path}");
        for (wanted, found) in wanted.values.iter().zip(&found.values) {
            let data = wanted.2.is_none() || found.2.is_none() || wanted.2 == found.2;
            let name = String::from_utf16_lossy(&wanted.0);
            assert!(data && wanted.0 == found.0, "{what}: {path} {name:?}");
        }
    }
    assert_eq!(wanted.len(), found.len(), "{what}: number of keys");
}

fn text(path: &[Vec<u16>]) -> String {
    path.iter()
        .map(|name| format!("\\{}", String::from_utf16_lossy(name)))
        .collect()
}

/// Every allocated cell of an area: offset and payload.
pub(crate) fn allocated(bins: &[u8]) -> BTreeMap<u32, &[u8]> {
    let word = |at: usize| i32::from_le_bytes(bins[at..at + 4].try_into().unwrap());
    let mut cells = BTreeMap::new();
    let mut bin = 0;
    while bin < bins.len() {
        let end = bin + word(bin + 8) as usize;
        let mut at = bin + 32;
        while at < end {
            let size = word(at);
            let len = size.unsigned_abs() as usize;
            if size < 0 {
                cells.insert(at as u32, &bins[at + 4..at + len]);
            }
            at += len;
        }
        bin = end;
    }
    cells
}

/// The cells an edit of the value `name` of the key at `path` may change or free in `before`:
/// those of the value, its list, its key; where keys are made, the lists and the security cell
/// of the one above them.
pub(crate) fn may_change(before: &Hive, path: &str, name: Option<&str>) -> BTreeSet<u32> {
    let mut key = before.root().unwrap();
    let mut cells = BTreeSet::new();
    for part in path.split('\\').filter(|part| !part.is_empty()) {
        match key.subkey(part).unwrap() {
            Some(next) => key = next,
            None => {
                cells.insert(key.offset().0);
                cells.insert(key.node().security.get());
                cells.extend(list_cells(before, key));
                return cells;
            }
        }
    }
    let Some(name) = name else { return cells };
    cells.insert(key.offset().0);
    cells.insert(key.node().value_list.get());
    if let Some(value) = key.value(name).unwrap() {
        cells.insert(value.offset().0);
        cells.extend(data_cells(before, value));
    }
    cells
}

/// The key at a path and the one above it, in `before`; `None` when there is no such key.
fn with_parent<'h>(before: &'h Hive, path: &str) -> Option<(Key<'h>, Option<Key<'h>>)> {
    let mut keys = vec![before.root().unwrap()];
    for part in path.split('\\').filter(|part| !part.is_empty()) {
        keys.push(keys.last()?.subkey(part).unwrap()?);
    }
    let key = keys.pop()?;
    Some((key, keys.pop()))
}

/// Cells that may be changed, and cells that may be gone, by edits of a whole key.
#[derive(Default)]
pub(crate) struct Touched {
    pub(crate) changed: BTreeSet<u32>,
    pub(crate) gone: BTreeSet<u32>,
}

impl Touched {
    /// The security cells of the whole ring: any may lose its place, users or neighbours.
    fn ring(&mut self, before: &Hive) {
        let first = before.root().unwrap().node().security.get();
        let mut at = first;
        loop {
            self.gone.insert(at);
            let cell = before.cell(CellOffset(at)).unwrap();
            at = u32::from_le_bytes(cell[4..8].try_into().unwrap());
            if at == first {
                break;
            }
        }
    }

    /// Those of deleting the key at a path.
    pub(crate) fn delete(&mut self, before: &Hive, path: &str) {
        let Some((key, Some(parent))) = with_parent(before, path) else {
            return;
        };
        self.changed.insert(parent.offset().0);
        self.gone.extend(list_cells(before, parent));
        self.ring(before);
        let mut stack = vec![key];
        while let Some(key) = stack.pop() {
            self.gone.insert(key.offset().0);
            self.gone.insert(key.node().class.get());
            self.gone.insert(key.node().value_list.get());
            self.gone.extend(list_cells(before, key));
            for value in key.values().unwrap() {
                self.gone.insert(value.offset().0);
                self.gone.extend(data_cells(before, value));
            }
            stack.extend(key.subkeys().unwrap());
        }
    }

    /// Those of renaming the key at a path.
    pub(crate) fn rename(&mut self, before: &Hive, path: &str) {
        let Some((key, Some(parent))) = with_parent(before, path) else {
            return;
        };
        self.changed.insert(parent.offset().0);
        self.gone.extend(list_cells(before, parent));
        self.gone.insert(key.offset().0);
        let below = key.subkeys().unwrap().into_iter();
        self.gone.extend(below.map(|child| child.offset().0));
    }

    /// Those of giving the key at a path a class or security.
    pub(crate) fn set(&mut self, before: &Hive, path: &str) {
        let Some((key, parent)) = with_parent(before, path) else {
            return;
        };
        self.changed.insert(key.offset().0);
        self.changed.extend(parent.map(|parent| parent.offset().0));
        self.gone.insert(key.node().class.get());
        self.ring(before);
    }

    /// Compares every allocated cell of `before` that is not among these with `after`.
    pub(crate) fn nothing_else(&self, before: &Hive, after: &Hive) {
        let (old, new) = (allocated(before.bins()), allocated(after.bins()));
        for (at, payload) in old {
            if self.gone.contains(&at) {
                continue;
            }
            let found = new.get(&at);
            if !self.changed.contains(&at) {
                assert!(found == Some(&payload), "the cell at {at:#x} has changed");
            } else if payload.starts_with(b"nk") {
                let found = found.map(|payload| frozen(payload));
                assert_eq!(found, Some(frozen(payload)), "the key at {at:#x}");
            }
        }
    }
}

/// The descriptor of a key.
pub(crate) fn descriptor<'h>(hive: &'h Hive, key: Key<'_>) -> &'h [u8] {
    let cell = hive.cell(CellOffset(key.node().security.get())).unwrap();
    let len = u32::from_le_bytes(cell[16..20].try_into().unwrap()) as usize;
    &cell[20..20 + len]
}

fn list_cells(hive: &Hive, key: Key<'_>) -> Vec<u32> {
    let top = key.node().subkey_list.get();
    if top == NIL {
        return Vec::new();
    }
    let list = hive::list::List::at(hive, CellOffset(top)).unwrap();
    let mut cells = vec![top];
    if list.kind == hive::list::ListKind::Ri {
        cells.extend(list.cells().map(|cell| cell.0));
    }
    cells
}

fn data_cells(hive: &Hive, value: Value<'_>) -> Vec<u32> {
    match value.storage() {
        Storage::Resident | Storage::Nothing => Vec::new(),
        Storage::Cell(at) => vec![at.0],
        Storage::Big(at) => {
            let (record, _) = BigData::read_from_prefix(hive.cell(at).unwrap()).unwrap();
            let list = hive.cell(CellOffset(record.list.get())).unwrap();
            let word = |four: &[u8]| u32::from_le_bytes(four.try_into().unwrap());
            let segments = list
                .chunks_exact(4)
                .take(record.count.get().into())
                .map(word);
            [at.0, record.list.get()]
                .into_iter()
                .chain(segments)
                .collect()
        }
    }
}

/// Compares every allocated cell of `before` that is not in `may_change` with `after`; of key
/// nodes that may change, the fields no edit touches.
pub(crate) fn untouched(before: &Hive, after: &Hive, may_change: &BTreeSet<u32>) {
    let (old, new) = (allocated(before.bins()), allocated(after.bins()));
    for (at, payload) in &old {
        if !may_change.contains(at) {
            assert!(
                new.get(at) == Some(payload),
                "the cell at {at:#x} has changed"
            );
        } else if payload.starts_with(b"nk") {
            let found = new.get(at).map(|payload| frozen(payload));
            assert_eq!(
                found,
                Some(frozen(payload)),
                "the key at {at:#x} has changed"
            );
        }
    }
}

/// A key node's payload without the fields an edit may change.
fn frozen(payload: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    let (node, _) = KeyNode::mut_from_prefix(&mut payload).unwrap();
    node.last_written.set(0);
    node.subkey_count.set(0);
    node.subkey_list.set(0);
    node.value_count.set(0);
    node.value_list.set(0);
    node.max_name_len.set(0);
    node.max_value_name_len.set(0);
    node.max_value_data_len.set(0);
    node.max_class_len.set(0);
    node.class.set(0);
    node.class_len.set(0);
    node.security.set(0);
    payload
}

/// Number of users of every security cell, and what the cells say.
pub(crate) fn security_counts(hive: &Hive) -> (BTreeMap<u32, u32>, BTreeMap<u32, u32>) {
    let mut users = BTreeMap::new();
    let mut stack = vec![hive.root().unwrap()];
    while let Some(key) = stack.pop() {
        *users.entry(key.node().security.get()).or_default() += 1;
        stack.extend(key.subkeys().unwrap());
    }
    let said = allocated(hive.bins())
        .into_iter()
        .filter(|(at, _)| users.contains_key(at))
        .map(|(at, payload)| (at, u32::from_le_bytes(payload[12..16].try_into().unwrap())))
        .collect();
    (users, said)
}

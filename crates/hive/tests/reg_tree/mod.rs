//! Operations as a tree of rows, to compare with what readers of hives give.
//!
//! Invariants: the order is that of the operations; deletions are an error of the test.
//! Absent on purpose: anything a test asserts.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "only tests are in here")]

use hive::reg::{self, Operation, Unrepresentable};
use hive::{Hive, RegData};

/// A value: name, type, data.
pub(crate) type Item = (String, u32, Vec<u8>);

/// A key: path, values in order.
pub(crate) type Row = (String, Vec<Item>);

/// The root name of all exports here.
pub(crate) const ROOT: &str = "HKEY_LOCAL_MACHINE\\X";

/// The text of a whole hive, and what it cannot carry.
pub(crate) fn text(hive: &Hive) -> (String, Vec<Unrepresentable>) {
    let mut text = String::new();
    let left = reg::export(ROOT, hive.root().unwrap(), &mut text).unwrap();
    (text, left)
}

/// What operations that only set make of nothing.
pub(crate) fn rows(operations: &[Operation]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for operation in operations {
        let path = reg::strip_root(operation.key(), ROOT).unwrap().to_owned();
        match operation {
            Operation::CreateKey(_) => rows.push((path, Vec::new())),
            Operation::SetValue { name, data, .. } => {
                let RegData { kind, bytes } = data.clone();
                let row = rows.last_mut().unwrap();
                assert_eq!(row.0, path);
                row.1.push((name.clone(), kind.0, bytes));
            }
            other => panic!("{other:?} in an export"),
        }
    }
    rows
}

/// The same of the rows of a reader.
pub(crate) fn of_reader(rows: Vec<crate::support::Row>) -> Vec<Row> {
    let text = |units: &Vec<u16>| String::from_utf16(units).unwrap();
    rows.into_iter()
        .map(|row| {
            let path: Vec<String> = row.path.iter().map(text).collect();
            let items = row.values.into_iter();
            let items = items.map(|(name, kind, data)| (text(&name), kind, data.unwrap()));
            (path.join("\\"), items.collect())
        })
        .collect()
}

/// Both in one order, whatever the exporter's was.
pub(crate) fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    for (_, items) in &mut rows {
        items.sort();
    }
    rows.sort();
    rows
}

/// Fails at the first row that differs, and says which.
pub(crate) fn same(what: &str, wanted: &[Row], found: &[Row]) {
    for (wanted, found) in wanted.iter().zip(found) {
        assert_eq!(wanted, found, "{what}");
    }
    assert_eq!(wanted.len(), found.len(), "{what}: number of keys");
}

//! Real stores, the operations of an editor carried out, and a plain picture of a store.
//!
//! Invariants: what is not beside the checkout is said and skipped. Absent on purpose: the cases.

#![allow(dead_code, reason = "each test binary uses its part")]

use bcd::{ElementType, Guid, Store};
use hive::reg::Operation;
use hive::{Editor, Hive, RegData};
use std::collections::BTreeMap;
use std::path::Path;

/// Time stamp of changed keys, as FILETIME.
pub(crate) const NOW: u64 = 134_400_000_000_000_000;

/// A store file that can be read.
pub(crate) struct Real {
    pub(crate) name: String,
    pub(crate) hive: Hive,
}

/// The hives among the real stores, by name; logs left aside.
pub(crate) fn stores() -> Vec<Real> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bcd");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".LOG") || name == "MANIFEST.tsv" {
            continue;
        }
        let hive = Hive::open(std::fs::read(&path).unwrap()).unwrap();
        found.push(Real { name, hive });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Carries operations out, as the volume does.
pub(crate) fn carried_out(hive: &Hive, operations: &[Operation]) -> Hive {
    let mut editor = Editor::new(hive.clone(), NOW).unwrap();
    for operation in operations {
        match operation {
            Operation::CreateKey(key) => {
                editor.create_key(key).unwrap();
            }
            Operation::DeleteKey(key) => {
                editor.delete_key(key).unwrap();
            }
            Operation::SetValue { key, name, data } => {
                editor.set_value(key, name, data).unwrap();
            }
            Operation::DeleteValue { key, name } => {
                editor.delete_value(key, name).unwrap();
            }
        }
    }
    editor.finish().unwrap()
}

/// Objects with their types, and the data of their elements.
pub(crate) type Picture = BTreeMap<Guid, (u32, BTreeMap<ElementType, RegData>)>;

/// What a store holds.
pub(crate) fn picture(store: &Store) -> Picture {
    let elements = |object: &bcd::Object| {
        object
            .elements()
            .map(|element| (element.element_type(), element.data().clone()))
            .collect()
    };
    store
        .objects()
        .map(|object| (object.id(), (object.object_type().0, elements(object))))
        .collect()
}

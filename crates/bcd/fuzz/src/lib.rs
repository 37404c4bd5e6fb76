//! What the fuzz target does with its bytes, callable without a fuzzer too.
//!
//! Invariants: a broken promise of the crate is a panic; the same bytes do the same. Absent on
//! purpose: the fuzzer itself, and seeds beyond what the test kit builds.

pub mod seeds;

use bcd::{Editor, ElementType, Guid, ObjectType, Store, Value};
use hive::Hive;
use hive::reg::Operation;

/// Larger inputs only cost time.
const LARGEST: usize = 1 << 20;

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Not a hive, or not a store.
    Nothing,
    /// Read, but the hive is not sound.
    Read,
    /// Changed and read back.
    Changed,
}

/// Target `read_store`: one flag byte (bit 0: make the checksum right), then a hive.
pub fn read_store(data: &[u8]) -> Reached {
    let Some((flags, file)) = data.split_first() else {
        return Reached::Nothing;
    };
    let mut file = file.to_vec();
    if file.len() > LARGEST {
        return Reached::Nothing;
    }
    if flags & 1 != 0 && file.len() >= 512 {
        let sum = testkit::checksum(&file);
        file[0x1FC..0x200].copy_from_slice(&sum.to_le_bytes());
    }
    let Ok(hive) = Hive::open(file) else {
        return Reached::Nothing;
    };
    let Ok(store) = Store::open(&hive) else {
        return Reached::Nothing;
    };
    show(&store);
    if hive::check::check(&hive).is_sound() {
        change(hive, store);
        return Reached::Changed;
    }
    Reached::Read
}

/// Asks everything there is to ask.
fn show(store: &Store) {
    for object in store.objects() {
        let kind = object.object_type();
        let _ = (kind.title(object.id()), store.name_of(object.id()));
        for element in object.elements() {
            let (number, value) = (element.element_type(), element.value());
            let _ = value.lines(number, kind, |id| store.name_of(id));
            let encoded = value.encode();
            assert!(
                Value::decode(number, &encoded) == value,
                "{number}: {value:?}"
            );
            let found = store.effective(object.id(), number);
            assert_eq!(found, Some((object.id(), value)), "{number} is its own");
        }
        let _ = store.effective(object.id(), ElementType::EMS_PORT);
    }
    let _ = (store.default_object(), store.loaders().count());
}

/// Sets and deletes on every object, carries it out, and reads it back.
fn change(hive: Hive, store: Store) {
    let mut editor = Editor::new(store);
    let ids: Vec<Guid> = editor.store().objects().map(bcd::Object::id).collect();
    for &id in ids.iter().take(40) {
        let set = editor.set(id, ElementType::TIMEOUT, &Value::Integer(5));
        set.expect("the object is there");
        editor
            .delete(id, ElementType::DESCRIPTION)
            .expect("the object is there");
    }
    let made = editor
        .create(Guid::EMS_SETTINGS, ObjectType::SETTINGS)
        .is_ok();
    let wanted: Vec<_> = editor.store().objects().cloned().collect();
    let Ok(mut changed) = hive::Editor::new(hive, 1) else {
        return;
    };
    for operation in editor.finish() {
        let done = match &operation {
            Operation::CreateKey(key) => changed.create_key(key).map(drop),
            Operation::DeleteKey(key) => changed.delete_key(key).map(drop),
            Operation::SetValue { key, name, data } => changed.set_value(key, name, data).map(drop),
            Operation::DeleteValue { key, name } => changed.delete_value(key, name).map(drop),
        };
        // Link keys and keys that may not be deleted stop an edit, and nothing else here.
        if done.is_err() {
            return;
        }
    }
    let hive = changed.finish().expect("a sound hive stays sound");
    let store = Store::open(&hive).expect("a store stays a store");
    assert!(store.objects().cloned().eq(wanted), "made: {made}");
}

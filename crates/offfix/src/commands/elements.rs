//! Changes of a boot configuration store in its own words.
//!
//! Invariants: a change keeps its key, value and bytes; what is said here comes on top. Absent on
//! purpose: making changes.

use crate::document::{ChangeDocument, DataDocument, ElementDocument};
use bcd::{ElementType, Guid, Meaning, ObjectType, Store, Value};
use hive::RegData;
use volume::{HiveName, Volume};

/// Says of each change of the store what it means.
pub(crate) fn describe(volume: &Volume, changes: &mut [ChangeDocument]) {
    let bcd = HiveName::Bcd.file_name();
    if !changes.iter().any(|change| change.hive == bcd) {
        return;
    }
    let Some(store) = volume
        .store()
        .ok()
        .and_then(|loaded| Store::open(&loaded.hive).ok())
    else {
        return;
    };
    describe_in(&store, changes);
}

/// As [`describe`], for changes that are all of this store.
pub(crate) fn describe_in(store: &Store, changes: &mut [ChangeDocument]) {
    let made: Vec<(Guid, ObjectType)> = changes.iter().filter_map(made).collect();
    let type_of = |id: Guid| {
        let known = store.object(id).map(bcd::Object::object_type);
        let made = || {
            made.iter()
                .find(|(made, _)| *made == id)
                .map(|(_, kind)| *kind)
        };
        known.or_else(made).unwrap_or(ObjectType(0))
    };
    for change in changes {
        let Some(meaning) = Meaning::of(&change.key, &change.name) else {
            continue;
        };
        let kind = type_of(meaning.object());
        let words = |data: &Option<DataDocument>| -> Option<String> {
            let data = data.as_ref()?.data()?;
            Some(match meaning {
                Meaning::Type(_) => kind.title(meaning.object()),
                Meaning::Element(_, element) => text(store, element, kind, &data),
            })
        };
        let (name, format) = match meaning {
            Meaning::Type(_) => ("(object)".to_owned(), "object".to_owned()),
            Meaning::Element(_, element) => (
                element.label_in(kind).into_owned(),
                element
                    .format()
                    .map_or("unknown".to_owned(), |format| format.to_string()),
            ),
        };
        change.element = Some(ElementDocument {
            object: store.name_of(meaning.object()),
            name,
            format,
            before: words(&change.before),
            after: words(&change.after),
        });
    }
}

/// The object that a change makes, and its type.
fn made(change: &ChangeDocument) -> Option<(Guid, ObjectType)> {
    match Meaning::of(&change.key, &change.name)? {
        Meaning::Type(id) => {
            let number = change.after.as_ref()?.data()?.as_dword()?;
            Some((id, ObjectType(number)))
        }
        Meaning::Element(..) => None,
    }
}

fn text(store: &Store, element: ElementType, kind: ObjectType, data: &RegData) -> String {
    let value = Value::decode(element, data);
    value
        .lines(element, kind, |id| store.name_of(id))
        .join(", ")
}

//! Reads a store from the keys of its hive.
//!
//! Invariants: every key and every byte of data is paid for from the size of the hive, so that
//! cells used many times over cost no more than honest ones. Absent on purpose: the order of
//! lists, and anything below the two keys `Description` and `Objects`.

use crate::element::ElementType;
use crate::guid::Guid;
use crate::object_type::ObjectType;
use crate::store::{Description, Element, Object, Oddity, Store, StoreError, Stray};
use hive::format::{KeyNode, KeyValue};
use hive::{Hive, Key, ReadError, RegData, Value};
use std::collections::BTreeMap;

/// Most keys of a root that is no store's that are named.
const NAMED: usize = 4;

/// Reads the store in a hive.
pub(crate) fn store(hive: &Hive) -> Result<Store, StoreError> {
    let mut reader = Reader {
        room: hive.bins().len(),
        store: Store::default(),
    };
    let root = hive.root().map_err(failed(""))?;
    let keys = reader.subkeys(root, "")?;
    let Some((_, objects)) = keys.iter().find(|(name, _)| is(name, "Objects")) else {
        return Err(not_a_store(root, &keys));
    };
    if let Some((_, description)) = keys.iter().find(|(name, _)| is(name, "Description")) {
        reader.description(*description)?;
    }
    for (name, key) in reader.subkeys(*objects, "Objects")? {
        reader.object(name, key)?;
    }
    Ok(reader.store)
}

struct Reader {
    /// Bytes of the hive that no key and no data has been counted for.
    room: usize,
    store: Store,
}

type Named<'h> = (String, Key<'h>);

impl Reader {
    fn object(&mut self, name: String, key: Key<'_>) -> Result<(), StoreError> {
        let path = format!("Objects\\{name}");
        let mut object_type = None;
        let mut elements = Vec::new();
        for (below, key) in self.subkeys(key, &path)? {
            if is(&below, "Description") {
                let path = format!("{path}\\{below}");
                let values = self.values(key, &path)?;
                let data = self.data(&values, "Type", &path)?;
                object_type = data.and_then(|data| data.as_dword());
            } else if is(&below, "Elements") {
                elements = self.elements(key, &format!("{path}\\{below}"))?;
            } else {
                self.odd(
                    format!("{path}\\{below}"),
                    "neither Description nor Elements",
                );
            }
        }
        let id = name.parse::<Guid>().ok().filter(|_| name.starts_with('{'));
        let Some(id) = id else {
            self.odd(path, "the name is no GUID in braces");
            self.store.strays.push(Stray { name, elements });
            return Ok(());
        };
        if object_type.is_none() {
            self.odd(path, "the object has no type");
        }
        let elements = elements
            .into_iter()
            .map(|element| (element.element_type, element));
        let object = Object {
            id,
            object_type: ObjectType(object_type.unwrap_or(0)),
            key_name: name,
            elements: elements.collect(),
        };
        self.store.objects.insert(id, object);
        Ok(())
    }

    fn elements(&mut self, key: Key<'_>, path: &str) -> Result<Vec<Element>, StoreError> {
        let mut elements = Vec::new();
        for (key_name, key) in self.subkeys(key, path)? {
            let path = format!("{path}\\{key_name}");
            let Some(element_type) = ElementType::from_key(&key_name) else {
                self.odd(path, "the name is not 8 hexadecimal digits");
                continue;
            };
            if key_name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                self.odd(path.clone(), "the name is in upper case");
            }
            let values = self.values(key, &path)?;
            let Some(data) = self.data(&values, "Element", &path)? else {
                self.odd(path, "the value Element is missing");
                continue;
            };
            elements.push(Element {
                element_type,
                key_name,
                data,
            });
        }
        Ok(elements)
    }

    fn description(&mut self, key: Key<'_>) -> Result<(), StoreError> {
        const PATH: &str = "Description";
        let values = self.values(key, PATH)?;
        let name = self.data(&values, "KeyName", PATH)?;
        let key_name = name.as_ref().and_then(RegData::as_text);
        let plain = |text: &String| text.chars().all(|c| c.is_ascii_graphic());
        if name.is_some() && !key_name.as_ref().is_some_and(plain) {
            self.odd(PATH.to_owned(), "the value KeyName is no name");
        }
        let mut flag = |name| {
            let data = self.data(&values, name, PATH)?;
            Ok::<_, StoreError>(
                data.and_then(|data| data.as_dword())
                    .is_some_and(|flag| flag != 0),
            )
        };
        self.store.description = Description {
            system: flag("System")?,
            treat_as_system: flag("TreatAsSystem")?,
            firmware_modified: flag("FirmwareModified")?,
            key_name,
        };
        Ok(())
    }

    /// The subkeys of a key with their names; of two with one name the first.
    fn subkeys<'h>(&mut self, key: Key<'h>, path: &str) -> Result<Vec<Named<'h>>, StoreError> {
        let cells = key.subkey_cells().map_err(failed(path))?;
        self.pay(cells.len().saturating_mul(size_of::<KeyNode>()), path)?;
        let mut found = BTreeMap::new();
        for subkey in key.subkeys().map_err(failed(path))? {
            // A name of 64 KiB may be used twice as well.
            self.pay(subkey.name().len(), path)?;
            let name = subkey.name().to_string();
            found
                .entry(name.to_ascii_uppercase())
                .or_insert((name, subkey));
        }
        Ok(found.into_values().collect())
    }

    fn values<'h>(&mut self, key: Key<'h>, path: &str) -> Result<Vec<Value<'h>>, StoreError> {
        let cells = key.value_cells().map_err(failed(path))?;
        self.pay(cells.len().saturating_mul(size_of::<KeyValue>()), path)?;
        key.values().map_err(failed(path))
    }

    /// Type and data of the value with that name.
    fn data(
        &mut self,
        values: &[Value<'_>],
        name: &str,
        path: &str,
    ) -> Result<Option<RegData>, StoreError> {
        let Some(value) = values
            .iter()
            .find(|value| is(&value.name().to_string(), name))
        else {
            return Ok(None);
        };
        self.pay(value.len(), path)?;
        value.read().map(Some).map_err(failed(path))
    }

    fn pay(&mut self, bytes: usize, path: &str) -> Result<(), StoreError> {
        let path = || path.to_owned();
        self.room = self
            .room
            .checked_sub(bytes)
            .ok_or_else(|| StoreError::Overlap { path: path() })?;
        Ok(())
    }

    fn odd(&mut self, path: String, why: &'static str) {
        self.store.oddities.push(Oddity { path, why });
    }
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

fn failed(path: &str) -> impl FnOnce(ReadError) -> StoreError {
    let path = path.to_owned();
    |source| StoreError::Read { path, source }
}

fn not_a_store(root: Key<'_>, keys: &[Named<'_>]) -> StoreError {
    const KINDS: [(&str, &str); 4] = [
        ("Select", ": a SYSTEM hive"),
        ("Microsoft", ": a SOFTWARE hive"),
        ("SAM", ": a SAM hive"),
        ("Policy", ": a SECURITY hive"),
    ];
    let has = |wanted: &str| keys.iter().any(|(name, _)| is(name, wanted));
    let mut found: Vec<&str> = keys
        .iter()
        .take(NAMED)
        .map(|(name, _)| name.as_str())
        .collect();
    match keys.len() {
        0 => found.push("none"),
        more if more > NAMED => found.push("..."),
        _ => {}
    }
    StoreError::NotAStore {
        root: root.name().to_string(),
        what: KINDS
            .iter()
            .find(|(key, _)| has(key))
            .map_or("", |(_, what)| what),
        found: found.join(", "),
    }
}

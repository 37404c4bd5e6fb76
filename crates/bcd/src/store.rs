//! A store: its objects and their elements, read from a hive once and held by themselves.
//!
//! Invariants: whatever a readable hive with a key `Objects` holds gives a store; what does not
//! belong in one is listed ([`Store::oddities`], [`Store::strays`]) and left alone. Time and memory
//! are bounded by the size of the hive. Absent on purpose: files, firmware variables, and
//! writing ([`crate::Editor`]).

use crate::alias::{self, NameError};
use crate::element::{Class, ElementType};
use crate::guid::Guid;
use crate::object_type::ObjectType;
use crate::read;
use crate::value::Value;
use hive::{Hive, ReadError, RegData};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// A boot configuration store.
#[derive(Clone, Debug, Default)]
pub struct Store {
    pub(crate) description: Description,
    pub(crate) objects: BTreeMap<Guid, Object>,
    pub(crate) strays: Vec<Stray>,
    pub(crate) oddities: Vec<Oddity>,
}

/// What a store says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The key it was mounted as, such as `BCD00000000`; unpaired surrogates replaced.
    pub key_name: Option<String>,
    /// It was made as a system store.
    pub system: bool,
    /// Windows uses it as the system store.
    pub treat_as_system: bool,
    /// Servicing of a UEFI system has written it.
    pub firmware_modified: bool,
}

/// An object: something to start, settings to inherit, or options of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub(crate) id: Guid,
    pub(crate) object_type: ObjectType,
    pub(crate) key_name: String,
    pub(crate) elements: BTreeMap<ElementType, Element>,
}

/// One setting of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub(crate) element_type: ElementType,
    pub(crate) key_name: String,
    pub(crate) data: RegData,
}

/// A key among the objects whose name is not a GUID in braces; no boot manager looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The key's name.
    pub name: String,
    /// The elements below it.
    pub elements: Vec<Element>,
}

/// Something a store should not have, and has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The key, below the root.
    pub path: String,
    /// What is odd about it.
    pub why: &'static str,
}

/// Why a hive was not read as a store.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another kind of hive.
    #[error(
        "not a boot configuration store{what}: the root key {root} has no key Objects, it has \
         {found}"
    )]
    NotAStore {
        /// Name of the root key.
        root: String,
        /// What it looks like, with a colon before it; may be empty.
        what: &'static str,
        /// Some of its keys.
        found: String,
    },
    /// A structure of the hive cannot be read.
    #[error("{path:?} cannot be read")]
    Read {
        /// The key, below the root.
        path: String,
        /// What is wrong.
        #[source]
        source: ReadError,
    },
    /// Cells that are used more than once.
    #[error("{path:?}: more keys and data than the hive has room for; cells are used twice")]
    Overlap {
        /// The key where there was no room left.
        path: String,
    },
}

impl Store {
    /// Reads the store in a hive.
    ///
    /// # Errors
    /// When the hive is no store, or a key or value of it cannot be read.
    pub fn open(hive: &Hive) -> Result<Self, StoreError> {
        read::store(hive)
    }

    /// What the store says about itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The objects, in order of their GUIDs.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// The object with that GUID.
    #[must_use]
    pub fn object(&self, id: Guid) -> Option<&Object> {
        self.objects.get(&id)
    }

    /// Keys among the objects that are none.
    #[must_use]
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }

    /// What does not belong in a store; elements whose data does not fit their format are not
    /// among it ([`Value::Malformed`]).
    #[must_use]
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// What the boot manager starts without a choice: its default, or the first of its display
    /// order. The object need not exist.
    #[must_use]
    pub fn default_object(&self) -> Option<Guid> {
        let manager = self.object(Guid::BOOTMGR)?;
        if let Some(Value::Object(id)) = manager.value(ElementType::DEFAULT) {
            return Some(id);
        }
        match manager.value(ElementType::DISPLAY_ORDER) {
            Some(Value::Objects(ids)) => ids.first().copied(),
            _ => None,
        }
    }

    /// The object that a GUID or a name means, in any case, with both braces or none. It need not
    /// exist.
    ///
    /// # Errors
    /// For `{current}`, for `{default}` where there is none, and for unknown names.
    pub fn resolve(&self, text: &str) -> Result<Guid, NameError> {
        let name = alias::bare(text).unwrap_or(text);
        if name.eq_ignore_ascii_case("current") {
            return Err(NameError::Current);
        }
        if name.eq_ignore_ascii_case("default") {
            return self.default_object().ok_or(NameError::NoDefault);
        }
        Guid::from_alias(text)
            .or_else(|| text.parse().ok())
            .ok_or_else(|| NameError::Unknown(text.to_owned()))
    }

    /// How an object is called in braces: by its own name, as the default, or by its GUID.
    #[must_use]
    pub fn name_of(&self, id: Guid) -> String {
        match id.alias() {
            Some(name) => format!("{{{name}}}"),
            None if self.default_object() == Some(id) => "{default}".to_owned(),
            None => id.to_string(),
        }
    }

    /// What an element of an object amounts to, and the object that says so: its own element, else
    /// that of the first object on its inherit list that has it, each followed by what it inherits
    /// itself. Objects that are missing are passed over, and circles are walked once.
    #[must_use]
    pub fn effective(&self, object: Guid, element: ElementType) -> Option<(Guid, Value)> {
        let own = self.object(object)?;
        let (mut open, mut seen) = (vec![object], BTreeSet::new());
        while let Some(id) = open.pop() {
            let Some(next) = self.object(id).filter(|_| seen.insert(id)) else {
                continue;
            };
            if let Some(value) = next.value(element).filter(|_| next.lends(element, own)) {
                return Some((id, value));
            }
            if let Some(Value::Objects(ids)) = next.value(ElementType::INHERIT) {
                open.extend(ids.into_iter().rev());
            }
        }
        None
    }

    /// The entries that start an installed Windows: Windows loaders without those of recovery and
    /// setup, which start a Windows PE.
    pub fn loaders(&self) -> impl Iterator<Item = &Object> {
        self.objects().filter(|object| {
            let winpe = || self.effective(object.id, ElementType::WINPE);
            object.object_type == ObjectType::OS_LOADER
                && !matches!(winpe(), Some((_, Value::Boolean(true))))
        })
    }

    /// The object with port and speed of Emergency Management Services.
    #[must_use]
    pub fn emssettings(&self) -> Option<&Object> {
        self.object(Guid::EMS_SETTINGS)
    }
}

impl Object {
    /// Its GUID.
    #[must_use]
    pub fn id(&self) -> Guid {
        self.id
    }

    /// Its type; zero where the store gives none.
    #[must_use]
    pub fn object_type(&self) -> ObjectType {
        self.object_type
    }

    /// Its own elements, in order of their numbers.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.values()
    }

    /// Its own element of that type.
    #[must_use]
    pub fn element(&self, element: ElementType) -> Option<&Element> {
        self.elements.get(&element)
    }

    /// What its own element of that type says.
    #[must_use]
    pub fn value(&self, element: ElementType) -> Option<Value> {
        self.element(element).map(Element::value)
    }

    /// Whether its elements count for `heir`: those of one application only for that one.
    fn lends(&self, element: ElementType, heir: &Self) -> bool {
        let (mine, wanted) = (
            self.object_type.application(),
            heir.object_type.application(),
        );
        element.class() != Some(Class::Application) || mine.is_none() || mine == wanted
    }
}

impl Element {
    /// Its type.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        self.element_type
    }

    /// The data as it is stored.
    #[must_use]
    pub fn data(&self) -> &RegData {
        &self.data
    }

    /// What the data says.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::decode(self.element_type, &self.data)
    }
}

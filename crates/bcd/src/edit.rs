//! Changes of a store, as operations on its hive.
//!
//! Invariants: each method is all or nothing, and asks for nothing where the store already says
//! the same, in whatever encoding; keys that exist keep their spelling, new ones are lower-case;
//! later changes see earlier ones. Absent on purpose: the hive itself ([`hive::Editor`] carries
//! the operations out), new GUIDs, and firmware variables.

use crate::element::{ElementType, Format};
use crate::guid::Guid;
use crate::object_type::{Kind, ObjectType};
use crate::store::{Element, Object, Store};
use crate::value::{Unfit, Value};
use hive::RegData;
use hive::reg::Operation;
use std::collections::BTreeMap;
use thiserror::Error;

/// A store being changed, and the operations asked for so far.
#[derive(Clone, Debug)]
pub struct Editor {
    store: Store,
    operations: Vec<Operation>,
}

/// Where in a list an object is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
}

/// Why a store was not changed; it is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EditError {
    /// No such object.
    #[error("the store has no object {0}")]
    Missing(Guid),
    /// An object that is already there.
    #[error("the store already has an object {id}, of type {object_type}")]
    Exists {
        /// The object.
        id: Guid,
        /// Its type.
        object_type: ObjectType,
    },
    /// A value that is not this element's.
    #[error("object {id}: the value cannot be written")]
    Unfit {
        /// The object.
        id: Guid,
        /// Why not.
        #[source]
        source: Unfit,
    },
    /// An object that nothing can start.
    #[error("object {id} cannot be started: its type {object_type} is no application's")]
    NoApplication {
        /// The object.
        id: Guid,
        /// Its type.
        object_type: ObjectType,
    },
    /// A list that cannot be read, and so not added to.
    #[error("object {id}, element {element}: expected a list of objects, found {found}")]
    List {
        /// The object.
        id: Guid,
        /// The element.
        element: ElementType,
        /// What stands there.
        found: String,
    },
}

impl Editor {
    /// Begins to change a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            operations: Vec::new(),
        }
    }

    /// The store as changed so far.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is to be done to the hive, in this order; paths lie below its root key.
    #[must_use]
    pub fn finish(self) -> Vec<Operation> {
        self.operations
    }

    /// Gives an object's own element a value.
    ///
    /// # Errors
    /// When there is no such object, or the value is not one this element can have.
    pub fn set(&mut self, id: Guid, element: ElementType, value: &Value) -> Result<(), EditError> {
        let unfit = |source| EditError::Unfit { id, source };
        value.fits(element).map_err(unfit)?;
        let object = self.store.object(id).ok_or(EditError::Missing(id))?;
        if object.value(element).as_ref() != Some(value) {
            self.write(id, element, value.encode());
        }
        Ok(())
    }

    /// Deletes an object's own element; what it inherits then counts again.
    ///
    /// # Errors
    /// When there is no such object.
    pub fn delete(&mut self, id: Guid, element: ElementType) -> Result<(), EditError> {
        let object = self
            .store
            .objects
            .get_mut(&id)
            .ok_or(EditError::Missing(id))?;
        if let Some(gone) = object.elements.remove(&element) {
            let key = format!("{}\\Elements\\{}", object.path(), gone.key_name);
            self.operations.push(Operation::DeleteKey(key.into()));
        }
        Ok(())
    }

    /// Creates an object without elements; one of the same type may be there already.
    ///
    /// # Errors
    /// When there is an object of another type.
    pub fn create(&mut self, id: Guid, object_type: ObjectType) -> Result<(), EditError> {
        match self.store.object(id) {
            Some(known) if known.object_type == object_type => Ok(()),
            Some(known) => Err(EditError::Exists {
                id,
                object_type: known.object_type,
            }),
            None => {
                self.add(id, object_type);
                Ok(())
            }
        }
    }

    /// Makes `id` a copy of an object, element by element, with another description where one is
    /// given. No list of the boot manager names it yet.
    ///
    /// # Errors
    /// When there is no object to copy, `id` is there already, or the description cannot be.
    pub fn copy(
        &mut self,
        from: Guid,
        id: Guid,
        description: Option<&str>,
    ) -> Result<(), EditError> {
        let source = self
            .store
            .object(from)
            .ok_or(EditError::Missing(from))?
            .clone();
        if let Some(known) = self.store.object(id) {
            return Err(EditError::Exists {
                id,
                object_type: known.object_type,
            });
        }
        let description = description.map(|text| Value::String(text.to_owned()));
        if let Some(text) = &description {
            let unfit = |source| EditError::Unfit { id, source };
            text.fits(ElementType::DESCRIPTION).map_err(unfit)?;
        }
        self.add(id, source.object_type);
        let mut elements: BTreeMap<_, _> = source
            .elements()
            .map(|element| (element.element_type, element.data.clone()))
            .collect();
        if let Some(text) = description {
            elements.insert(ElementType::DESCRIPTION, text.encode());
        }
        for (element, data) in elements {
            self.write(id, element, data);
        }
        Ok(())
    }

    /// Puts an object at one end of a list, which is made where missing; where the list names it
    /// already, it moves.
    ///
    /// # Errors
    /// When either object is missing, or the element is no list.
    pub fn enlist(
        &mut self,
        owner: Guid,
        list: ElementType,
        id: Guid,
        place: Place,
    ) -> Result<(), EditError> {
        self.wanted(id)?;
        let mut ids = self.list(owner, list)?;
        ids.retain(|&known| known != id);
        match place {
            Place::First => ids.insert(0, id),
            Place::Last => ids.push(id),
        }
        self.set(owner, list, &Value::Objects(ids))
    }

    /// Takes an object off a list; the last one leaves an empty list behind.
    ///
    /// # Errors
    /// When the owner of the list is missing, or the element is no list.
    pub fn delist(&mut self, owner: Guid, list: ElementType, id: Guid) -> Result<(), EditError> {
        let mut ids = self.list(owner, list)?;
        let before = ids.len();
        ids.retain(|&known| known != id);
        if ids.len() == before {
            return Ok(());
        }
        self.set(owner, list, &Value::Objects(ids))
    }

    /// Lets an object inherit another, behind what it inherits already.
    ///
    /// # Errors
    /// When either object is missing, or the inherit list cannot be read.
    pub fn link(&mut self, heir: Guid, from: Guid) -> Result<(), EditError> {
        if self.list(heir, ElementType::INHERIT)?.contains(&from) {
            return Ok(());
        }
        self.enlist(heir, ElementType::INHERIT, from, Place::Last)
    }

    /// What the boot manager starts without a choice.
    ///
    /// # Errors
    /// When there is no boot manager, no such object, or it is no application.
    pub fn set_default(&mut self, id: Guid) -> Result<(), EditError> {
        self.startable(id)?;
        self.set(Guid::BOOTMGR, ElementType::DEFAULT, &Value::Object(id))
    }

    /// What the boot manager starts next time only, in this order; nothing deletes the element.
    ///
    /// # Errors
    /// When there is no boot manager, an object is missing, or it is no application.
    pub fn set_boot_sequence(&mut self, ids: &[Guid]) -> Result<(), EditError> {
        if ids.is_empty() {
            return self.delete(Guid::BOOTMGR, ElementType::BOOT_SEQUENCE);
        }
        ids.iter().try_for_each(|&id| self.startable(id))?;
        let sequence = Value::Objects(ids.to_vec());
        self.set(Guid::BOOTMGR, ElementType::BOOT_SEQUENCE, &sequence)
    }

    /// How many seconds the boot manager's menu waits.
    ///
    /// # Errors
    /// When there is no boot manager.
    pub fn set_timeout(&mut self, seconds: u64) -> Result<(), EditError> {
        self.set(
            Guid::BOOTMGR,
            ElementType::TIMEOUT,
            &Value::Integer(seconds),
        )
    }

    fn wanted(&self, id: Guid) -> Result<(), EditError> {
        self.store
            .object(id)
            .map(|_| ())
            .ok_or(EditError::Missing(id))
    }

    fn startable(&self, id: Guid) -> Result<(), EditError> {
        let object = self.store.object(id).ok_or(EditError::Missing(id))?;
        let object_type = object.object_type;
        match object_type.kind() {
            Some(Kind::Application) => Ok(()),
            _ => Err(EditError::NoApplication { id, object_type }),
        }
    }

    /// The objects on a list; none where the element is missing.
    fn list(&self, id: Guid, element: ElementType) -> Result<Vec<Guid>, EditError> {
        let object = self.store.object(id).ok_or(EditError::Missing(id))?;
        let refused = |found| Err(EditError::List { id, element, found });
        match object.value(element) {
            None if element.format() == Some(Format::Objects) => Ok(Vec::new()),
            Some(Value::Objects(ids)) => Ok(ids),
            Some(Value::Malformed { why, .. }) => refused(why.to_string()),
            _ => refused(
                element
                    .format()
                    .map_or("another format".into(), |f| f.to_string()),
            ),
        }
    }

    /// Writes an element of an object that is there.
    fn write(&mut self, id: Guid, element_type: ElementType, data: RegData) {
        let Some(object) = self.store.objects.get_mut(&id) else {
            return;
        };
        let path = object.path();
        let element = object
            .elements
            .entry(element_type)
            .or_insert_with(|| Element {
                element_type,
                key_name: element_type.to_string(),
                data: data.clone(),
            });
        element.data.clone_from(&data);
        self.operations.push(Operation::SetValue {
            key: format!("{path}\\Elements\\{}", element.key_name).into(),
            name: "Element".to_owned(),
            data,
        });
    }

    /// Adds an object that is not there.
    fn add(&mut self, id: Guid, object_type: ObjectType) {
        let object = Object {
            id,
            object_type,
            key_name: id.to_string(),
            elements: BTreeMap::new(),
        };
        let path = object.path();
        self.operations.push(Operation::SetValue {
            key: format!("{path}\\Description").into(),
            name: "Type".to_owned(),
            data: RegData::dword(object_type.0),
        });
        self.operations
            .push(Operation::CreateKey(format!("{path}\\Elements").into()));
        self.store.objects.insert(id, object);
    }
}

impl Object {
    /// Where its key lies, below the root.
    fn path(&self) -> String {
        format!("Objects\\{}", self.key_name)
    }
}

//! The serial port of Emergency Management Services: one object for all that inherit it.
//!
//! Invariants: an object that inherits already is left as it is. Absent on purpose: which
//! applications use the port (elements `ems` and `bootems`).

use crate::edit::{EditError, Editor};
use crate::element::ElementType;
use crate::guid::Guid;
use crate::object_type::ObjectType;
use crate::store::Store;
use crate::value::Value;
use std::collections::BTreeSet;

impl Store {
    /// Whether an object that is there comes to another on its inherit list, or on that of one it
    /// inherits.
    #[must_use]
    pub fn inherits(&self, heir: Guid, from: Guid) -> bool {
        let (mut open, mut seen) = (vec![heir], BTreeSet::new());
        while let Some(id) = open.pop() {
            let Some(object) = self.object(id).filter(|_| seen.insert(id)) else {
                continue;
            };
            if let Some(Value::Objects(ids)) = object.value(ElementType::INHERIT) {
                open.extend(ids);
            }
        }
        heir != from && seen.contains(&from)
    }
}

impl Editor {
    /// Sets number and speed of the serial port, in the object `{emssettings}`, which is made where
    /// missing.
    ///
    /// # Errors
    /// When there is an object of another type with that GUID.
    pub fn set_ems(&mut self, port: u64, baud: u64) -> Result<(), EditError> {
        let ems = Guid::EMS_SETTINGS;
        self.create(ems, ObjectType::SETTINGS)?;
        self.set(ems, ElementType::EMS_PORT, &Value::Integer(port))?;
        self.set(ems, ElementType::EMS_BAUD_RATE, &Value::Integer(baud))
    }

    /// Lets an object inherit `{emssettings}`: through the settings that Windows itself puts
    /// between them, where the object has these.
    ///
    /// # Errors
    /// When one of the objects is missing, or an inherit list cannot be read.
    pub fn inherit_ems(&mut self, heir: Guid) -> Result<(), EditError> {
        let store = self.store();
        if store.inherits(heir, Guid::EMS_SETTINGS) {
            return Ok(());
        }
        let between = [Guid::GLOBAL_SETTINGS, Guid::BOOT_LOADER_SETTINGS];
        let way = between.into_iter().find(|&way| store.inherits(heir, way));
        self.link(way.unwrap_or(heir), Guid::EMS_SETTINGS)
    }
}

//! What a repair sees of the boot configuration: the store that the firmware uses, and changes of
//! it as edits.
//!
//! Invariants: read-only; a store that is there and cannot be looked at is an error, never
//! "missing". Absent on purpose: other repairs, and where stores lie (see `volume::boot`).

use crate::context::{Context, Error, chain};
use crate::finding::{Certainty, Change, Finding, Kind, Offer};
use bcd::{EditError, Editor, ElementType, Guid, Object, ObjectType, Store, Value};
use std::collections::BTreeSet;
use volume::{Edit, HiveName, Loaded, Site, VolumeError};

/// The longest time a boot menu may wait, in seconds; bcdboot sets it.
pub(crate) const LONGEST_MENU: u64 = 30;

/// The store that the firmware of a disk uses.
#[derive(Debug)]
pub struct Boot<'v> {
    /// Where it lies, and for which firmware.
    pub site: &'v Site,
    /// What it holds.
    pub store: Store,
    loaded: &'v Loaded,
}

/// An object whose element counts for a Windows loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carrier {
    /// The object that has the element: the loader, or something it inherits.
    pub(crate) owner: Guid,
    /// The first loader it counts for, where possible one that starts without a choice.
    pub(crate) loader: Guid,
    /// What it says.
    pub(crate) value: Value,
}

/// A time for the boot menu, in seconds: 1 to [`LONGEST_MENU`].
pub(crate) fn menu_seconds(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits)?;
    (1..=LONGEST_MENU).contains(&number).then_some(number)
}

/// A store that does not have what is needed.
pub(crate) fn unusable(reason: impl Into<String>) -> Error {
    Error::Hive {
        hive: HiveName::Bcd,
        reason: reason.into(),
    }
}

impl Context<'_> {
    /// The store that the firmware uses.
    ///
    /// # Errors
    /// [`Error::NoBoot`] when there is none to look at; others when there is one that cannot be
    /// looked at.
    pub fn boot(&self) -> Result<Boot<'_>, Error> {
        let failed = |error: &VolumeError| match error {
            VolumeError::NoStore { reason } => Error::NoBoot {
                reason: reason.clone(),
            },
            error => unusable(chain(error)),
        };
        let loaded = self.volume.store().map_err(failed)?;
        let stores = self.volume.stores().map_err(failed)?;
        let site = stores.chosen().ok_or_else(|| Error::NoBoot {
            reason: stores.reason.clone(),
        })?;
        let store = Store::open(&loaded.hive).map_err(|error| unusable(chain(&error)))?;
        Ok(Boot {
            site,
            store,
            loaded,
        })
    }
}

impl Boot<'_> {
    /// What an element of an object amounts to, and where from, in words.
    pub(crate) fn shown(&self, id: Guid, element: ElementType) -> String {
        let store = &self.store;
        let kind = store.object(id).map_or(ObjectType(0), Object::object_type);
        let what = format!("{} of {}", element.label_in(kind), store.name_of(id));
        let Some((owner, value)) = store.effective(id, element) else {
            return format!("{what} is not set");
        };
        let words = value.lines(element, kind, |id| store.name_of(id)).join(" ");
        if owner == id {
            format!("{what} is {words}")
        } else {
            format!("{what} is {words}, inherited from {}", store.name_of(owner))
        }
    }

    /// The Windows loader that is started without a choice.
    ///
    /// # Errors
    /// When the store names none, or something else.
    pub(crate) fn default_loader(&self) -> Result<Guid, Error> {
        let Some(id) = self.store.default_object() else {
            return Err(unusable(
                "the boot manager has no default entry and no menu",
            ));
        };
        match self.store.object(id).map(Object::object_type) {
            Some(ObjectType::OS_LOADER) => Ok(id),
            Some(other) => Err(unusable(format!(
                "the default entry {id} is no Windows loader but of type {other} ({})",
                other.title(id)
            ))),
            None => Err(unusable(format!("the default entry {id} does not exist"))),
        }
    }

    /// What starts without a choice: the default, and what was chosen for the next time only.
    pub(crate) fn next_entries(&self) -> Vec<Guid> {
        let once = self
            .store
            .effective(Guid::BOOTMGR, ElementType::BOOT_SEQUENCE);
        let once = match once {
            Some((_, Value::Objects(ids))) => ids,
            _ => Vec::new(),
        };
        self.store
            .default_object()
            .into_iter()
            .chain(once)
            .collect()
    }

    /// Everything that has to lose an element until no Windows loader has it with such a value.
    pub(crate) fn carriers(
        &self,
        element: ElementType,
        wanted: impl Fn(&Value) -> bool,
    ) -> Vec<Carrier> {
        let all: BTreeSet<Guid> = self.store.loaders().map(Object::id).collect();
        let next = self.next_entries();
        let first = next.iter().filter(|id| all.contains(id));
        let rest = all.iter().filter(|id| !next.contains(id));
        let mut editor = Editor::new(self.store.clone());
        let mut found = Vec::new();
        for &loader in first.chain(rest) {
            while let Some((owner, value)) = editor
                .store()
                .effective(loader, element)
                .filter(|(_, value)| wanted(value))
            {
                if editor.delete(owner, element).is_err() {
                    break;
                }
                found.push(Carrier {
                    owner,
                    loader,
                    value,
                });
            }
        }
        found
    }

    /// The changes that this work on the store amounts to.
    ///
    /// # Errors
    /// When the store does not take it.
    pub fn changes(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut Editor) -> Result<(), EditError>,
    ) -> Result<Vec<Change>, Error> {
        let mut editor = Editor::new(self.store.clone());
        work(&mut editor).map_err(|error| unusable(chain(&error)))?;
        let operations = editor.finish();
        let edits = operations.iter().filter_map(Edit::of_store);
        Ok(edits.map(|edit| Change { kind, edit }).collect())
    }

    /// A finding about an object, without cure yet.
    ///
    /// # Errors
    /// When the key's time stamp cannot be read.
    pub fn finding(
        &self,
        offer: Offer,
        certainty: Certainty,
        object: Guid,
        title: impl Into<String>,
    ) -> Result<Finding, Error> {
        let key = format!(r"Objects\{object}");
        let found = self.loaded.hive.key(&key).map_err(|source| Error::Read {
            hive: HiveName::Bcd,
            key: key.clone(),
            source,
        })?;
        let place = format!(r"{}\{key}", HiveName::Bcd.root_key());
        Ok(Finding {
            written: found.map(hive::Key::last_written).filter(|&time| time != 0),
            ..Finding::new(offer, certainty, title, place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_waits_one_to_thirty_seconds() {
        assert_eq!(
            ["1", "5", "30"].map(menu_seconds),
            [Some(1), Some(5), Some(30)]
        );
        for bad in [
            "",
            "0",
            "31",
            "x",
            "+5",
            "-1",
            " 5",
            "5s",
            "99999999999999999999",
        ] {
            assert_eq!(menu_seconds(bad), None, "{bad}");
        }
    }
}

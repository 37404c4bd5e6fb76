//! What a repair sees of the boot configuration: the store that the firmware uses, and changes of
//! it as edits.
//!
//! Invariants: read-only; a store that is there and cannot be looked at is an error, never
//! "missing". Absent on purpose: other repairs, and where stores lie (see `volume::boot`).

use crate::context::{Context, Error, chain};
use crate::finding::{Certainty, Change, Finding, Kind, Offer};
use bcd::{EditError, Editor, Guid, Store};
use volume::{Edit, HiveName, Loaded, Site, VolumeError};

/// The store that the firmware of a disk uses.
#[derive(Debug)]
pub struct Boot<'v> {
    /// Where it lies, and for which firmware.
    pub site: &'v Site,
    /// What it holds.
    pub store: Store,
    loaded: &'v Loaded,
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
            error => Error::Hive {
                hive: HiveName::Bcd,
                reason: chain(error),
            },
        };
        let loaded = self.volume.store().map_err(failed)?;
        let stores = self.volume.stores().map_err(failed)?;
        let site = stores.chosen().ok_or_else(|| Error::NoBoot {
            reason: stores.reason.clone(),
        })?;
        let store = Store::open(&loaded.hive).map_err(|error| Error::Hive {
            hive: HiveName::Bcd,
            reason: chain(&error),
        })?;
        Ok(Boot {
            site,
            store,
            loaded,
        })
    }
}

impl Boot<'_> {
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
        work(&mut editor).map_err(|error| Error::Hive {
            hive: HiveName::Bcd,
            reason: chain(&error),
        })?;
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

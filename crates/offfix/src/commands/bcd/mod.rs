//! `bcd`: the boot configuration store of a disk, or one store file.
//!
//! Invariants: a store is found as `plan` finds it; commands that write stage, prove, journal and
//! commit like `apply`. Absent on purpose: devices of the running machine, such as drive letters.

mod look;
mod write;

use crate::arguments::{BcdArguments, BcdCommand, Format};
use crate::commands::boot_files;
use crate::commands::hive::place;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::session::{Common, Session};
use bcd::{Guid, NameError, Store};
use disk::Root;
use hive::commit::Method;
use volume::stage::{method, method_by};
use volume::{HiveName, Loaded, Volume, VolumeError};

/// Carries a command out.
pub(crate) fn run(common: &Common, arguments: &BcdArguments) -> Result<Exit, Failure> {
    let json = arguments.format == Format::Json;
    let opened = Opened::of(common)?;
    match &arguments.command {
        BcdCommand::Enum { what, verbose } => look::list(&opened, what.as_deref(), *verbose, json),
        BcdCommand::Export { file } => look::export(&opened, file, json),
        command => write::run(common, &opened, command, json),
    }
}

/// The store the command is about.
struct Opened {
    place: Place,
    store: Store,
}

/// Where it was found.
enum Place {
    /// On a disk with Windows.
    Volume(Box<Volume>),
    /// As a file alone.
    File(Root, Box<Loaded>),
}

impl Opened {
    fn of(common: &Common) -> Result<Opened, Failure> {
        let place = match (&common.drive, &common.boot.store) {
            (None, Some(file)) => {
                let (root, name) = place(file)?;
                let loaded = Loaded::read(&root, &name, HiveName::Bcd.file_name())?;
                Place::File(root, Box::new(loaded.sound()?))
            }
            (None, None) => {
                let error = "no disk and no store is named";
                return Err(Failure::new(Exit::Usage, "usage", error)
                    .hint("--drive F: means the store of that disk, --store FILE one file"));
            }
            _ => {
                let session = Session::open(common, &common.drive(None)?)?;
                session.journal_elsewhere()?;
                let (volume, _) = session.volume()?;
                Place::Volume(Box::new(volume))
            }
        };
        let loaded = match (&place, place.loaded()) {
            (Place::Volume(volume), Err(failure)) if failure.code == "no-boot-files" => {
                return Err(boot_files::hinted(failure, volume));
            }
            (_, loaded) => loaded?,
        };
        let store = Store::open(&loaded.hive).map_err(|source| VolumeError::NotAStore {
            path: loaded.path.clone(),
            source,
        })?;
        Ok(Opened { place, store })
    }

    /// The object that an operator's word means.
    fn resolve(&self, id: &str) -> Result<Guid, Failure> {
        self.store.resolve(id).map_err(|error| unknown(&error))
    }
}

fn unknown(error: &NameError) -> Failure {
    let failure = Failure::of(Exit::Usage, "no-object", error);
    match error {
        NameError::Current => failure.hint("{default} is what starts without a choice"),
        _ => failure.hint("offfix bcd enum all lists the objects"),
    }
}

impl Place {
    fn loaded(&self) -> Result<&Loaded, Failure> {
        match self {
            Place::Volume(volume) => volume.store().map_err(Failure::from),
            Place::File(_, loaded) => Ok(loaded),
        }
    }

    fn roots(&self) -> Vec<&Root> {
        match self {
            Place::Volume(volume) => volume.roots(),
            Place::File(root, _) => vec![root],
        }
    }

    /// The computer whose disk it is, where there is a disk.
    fn computer(&self) -> Option<String> {
        match self {
            Place::Volume(volume) => volume.installation().ok()?.computer,
            Place::File(..) => None,
        }
    }

    fn method(&self, loaded: &Loaded) -> Method {
        match self {
            Place::Volume(volume) => method(volume, loaded).0,
            Place::File(..) => method_by(&loaded.log_evidence(), loaded).0,
        }
    }

    /// The store's file for people.
    fn shown(&self) -> Result<String, Failure> {
        let loaded = self.loaded()?;
        let path = loaded.path.replace('\\', std::path::MAIN_SEPARATOR_STR);
        let roots = self.roots();
        let root = roots.get(loaded.root).map(|root| root.path().join(path));
        Ok(root.map_or(loaded.path.clone(), |path| output::path(&path)))
    }
}

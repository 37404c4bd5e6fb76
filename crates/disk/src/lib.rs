//! The only crate that opens anything on the repaired disk for writing: walk, commit, journal.
//!
//! Invariants: a path on the disk is walked component by component, never through a link and
//! never off the device of the root; the running system's own volume is refused; files are
//! held against other writers from before the first write to after the last; before images
//! are on the recovery machine, flushed, before anything is written (`PROTOCOL.md`).
//!
//! Deliberately absent: registries, hives, the names Windows gives its files, JSON, the clock.
//! A commit is an ordered list of steps that someone else computed. Unsafe code lives below
//! `os` only.

mod attached;
mod commit;
mod digest;
mod events;
mod hold;
mod journal;
mod name;
mod origin;
mod os;
pub mod partition;
mod record;
mod record_file;
mod record_reader;
mod rename;
mod root;
mod run;
mod security;
mod walk;

pub use attached::{
    Area, AttachedDisk, DiskId, attached_disks, collisions, is_administrator, table_of,
};
pub use commit::{Step, StepError, execute, rehearse};
pub use digest::sha256;
pub use events::{Event, State};
pub use hold::{HeldFile, HoldError};
pub use journal::{Journal, JournalError, Lock};
pub use origin::{Origin, OriginError, Sibling};
pub use record::{FileRecord, Range, Record, RootRecord, Stamp};
pub use record_file::{RECORD_LIMIT, RecordError};
pub use rename::{
    NamedBack, RENAME_LIMIT, RenameError, RenameRecord, RenameStanding, check_renames,
    look_at_renames, name_back, rename,
};
pub use root::{OpenError, Root, Space};
pub use run::Run;
pub use security::{
    DESCRIPTOR_LIMIT, HeldObject, MemorySecurity, Object, PutBack, ReadBackDiffers,
    SecurityBackend, SecurityError, SecurityRecord, SecurityStanding, Times, check_securities,
    look_at_securities, put_back_securities, set_securities,
};
pub use walk::{Entry, Found, Kind, WalkError};

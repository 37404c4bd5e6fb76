//! Windows registry hives (regf 1.3 to 1.6) in memory: read, check, edit, and the ordered writes
//! that commit an edit as Windows itself would.
//!
//! Layers, lowest first:
//! - [`mod@format`]: the structures as they lie on disk;
//! - [`Hive`], [`Key`], [`Value`]: reading, every access checked;
//! - [`recover`]: what Windows would make of a hive and its logs;
//! - [`check`]: every rule the kernel keeps, as data;
//! - [`Editor`]: changes cells in memory, all or nothing;
//! - [`commit`] and [`log`]: the writes and flushes that bring a changed hive to disk.
//!
//! Invariants: no function opens a file, prints, or knows what a control set is; hostile bytes
//! give an error or a defect, never a panic.

pub mod check;
pub mod commit;
pub mod data;
pub mod edit;

pub mod error;
pub mod format;
pub mod hive;
pub mod key;
pub mod list;
pub mod log;
pub mod name;
pub mod recover;
pub mod reg;
pub mod upcase;
pub mod value;

mod bytes;
mod cells;

pub use data::{RegData, RegType};
pub use edit::{EditError, Editor};
pub use error::{CellOffset, OpenError, ReadError};
pub use hive::Hive;
pub use key::Key;
pub use name::Name;
pub use recover::{Recovered, Recovery, recover};
pub use upcase::Upcase;
pub use value::Value;

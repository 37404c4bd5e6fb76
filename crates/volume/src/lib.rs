//! An offline Windows installation: what is on it, what can be changed, and how a change becomes
//! proved bytes.
//!
//! Layers, lowest first:
//! - [`Edit`], [`SecurityEdit`]: the closed vocabulary of change;
//! - [`Volume`]: the installation, read-only;
//! - [`stage`]: edits become file contents, checked and proved by a second reader;
//! - [`commit`] and [`undo`]: file contents reach the disk through the crate `disk`, and back.
//!
//! Invariants: control sets are never created; nothing is committed that was not proved; what a
//! repair would want is not known here.

pub mod boot;
pub mod commit;
pub mod control_set;
pub mod edit;
pub mod guards;
pub mod installation;
pub mod kernel;
pub mod loaded;
pub mod permissions;
pub mod prove;
pub mod stage;
pub mod undo;
pub mod volume;

pub use boot::{Firmware, Site, Stores};
pub use control_set::{ControlSets, Scope, Select};
pub use edit::{Edit, HiveName, Target, same_name};
pub use installation::Installation;
pub use loaded::Loaded;
pub use permissions::{SecurityChange, SecurityEdit, same_security};
pub use stage::{Staged, StagedHive, stage};
pub use volume::{BootFiles, Volume, VolumeError};

//! The catalogue of repairs, the symptoms, and the planner.
//!
//! Layers, lowest first:
//! - [`mod@finding`], [`mod@context`], [`mod@boot`], [`mod@certificate`] and [`mod@firewall`]: what
//!   a repair says and what it sees;
//! - [`mod@repairs`]: one file for each repair;
//! - [`CATALOGUE`] and [`SYMPTOMS`]: the tables of them;
//! - [`mod@planner`]: from a selection and a volume to a plan.
//!
//! Invariants: nothing here writes or prints; one `diagnose` gives check, plan and verification.

pub mod boot;
pub mod catalogue;
pub mod certificate;
pub mod context;
mod devices;
pub mod driver_files;
pub mod finding;
pub mod firewall;
pub mod image_path;
pub mod planner;
pub mod repairs;
pub mod services;
pub mod symptom;

pub use boot::Boot;
pub use catalogue::{CATALOGUE, Class, Parameter, Repair, repair};
pub use context::{Ask, Context, Error};
pub use finding::{Certainty, Change, Finding, Findings, Kind, Offer, Permissions, Rename, Step};
pub use planner::{Plan, PlanError, Planned, PlannedPermissions, PlannedRename, Selection, plan};
pub use symptom::{SYMPTOMS, Symptom, symptom};

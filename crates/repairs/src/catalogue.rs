//! The catalogue: every repair, one line each, in alphabetical order.
//!
//! Invariants: an id is the module's name with `-` for `_`; each has a page, a fixture and the
//! laws of `tests/laws.rs`. Absent on purpose: any order of importance (symptoms have that).

use crate::context::{Context, Error};
use crate::finding::Findings;
use crate::repairs::{
    boot_device_ids, boot_entries, boot_menu_stuck, crash_dump, disable_driver, disable_service,
    group_policy_client, group_policy_off, machine_keys, nla, nla_off, quarantine_file,
    rdp_certificate, rdp_enabled, rdp_listener, rdp_policy, rdp_services, recovery_loop, safe_mode,
    serial_console, stray_hive, test_signing, tls_legacy, tls_policy, tls_protocols,
};

/// What kind of repair it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Proposed whenever it has evidence.
    Recommended,
    /// Only when the operator names it.
    OnRequest,
    /// It changes nothing.
    Report,
}

/// A parameter of a repair, set with `--set ID.NAME=VALUE`.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The value when it is not set; `None` when the repair does nothing without it.
    pub default: Option<&'static str>,
    /// What is accepted, for people.
    pub values: &'static str,
    /// Whether a value is accepted.
    pub accepts: fn(&str) -> bool,
}

/// One repair.
#[derive(Clone, Copy, Debug)]
pub struct Repair {
    /// Its name on the command line.
    pub id: &'static str,
    /// What it does, in one line.
    pub title: &'static str,
    /// What kind it is.
    pub class: Class,
    /// What can go wrong or is given up, in one line.
    pub risk: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Its page, in Markdown.
    pub about: &'static str,
    /// Looks at the volume.
    pub diagnose: fn(&mut Findings, &Context<'_>) -> Result<(), Error>,
}

/// Every repair.
pub const CATALOGUE: &[Repair] = &[
    boot_device_ids::REPAIR,
    boot_entries::REPAIR,
    boot_menu_stuck::REPAIR,
    crash_dump::REPAIR,
    disable_driver::REPAIR,
    disable_service::REPAIR,
    group_policy_client::REPAIR,
    group_policy_off::REPAIR,
    machine_keys::REPAIR,
    nla::REPAIR,
    nla_off::REPAIR,
    quarantine_file::REPAIR,
    rdp_certificate::REPAIR,
    rdp_enabled::REPAIR,
    rdp_listener::REPAIR,
    rdp_policy::REPAIR,
    rdp_services::REPAIR,
    recovery_loop::REPAIR,
    safe_mode::REPAIR,
    serial_console::REPAIR,
    stray_hive::REPAIR,
    test_signing::REPAIR,
    tls_legacy::REPAIR,
    tls_policy::REPAIR,
    tls_protocols::REPAIR,
];

/// The repair of that id.
pub fn repair(id: &str) -> Option<&'static Repair> {
    CATALOGUE.iter().find(|repair| repair.id == id)
}

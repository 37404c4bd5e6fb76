//! The catalogue: every repair, one line each, in alphabetical order.
//!
//! Invariants: an id is the module's name with `-` for `_`; each has a page, a fixture and the
//! laws of `tests/laws.rs`. Absent on purpose: any order of importance (symptoms have that).

use crate::context::{Context, Error};
use crate::finding::Findings;
use crate::repairs::{
    authentication, boot_device_ids, boot_drivers, boot_entries, boot_menu_stuck, class_filters,
    control_set_selection, crash_dump, critical_ifeo, disable_driver, disable_service, disk_space,
    driver_verifier, error_control_loop, firewall_off, firewall_rdp_rules, firewall_service,
    group_policy_client, group_policy_off, ipsec_rules, logon_chain, machine_keys,
    network_provider_order, network_services, nic_disabled, nla, nla_off, pending_update,
    quarantine_file, rdp_certificate, rdp_enabled, rdp_listener, rdp_policy, rdp_port,
    rdp_services, rds_licensing, recovery_loop, registry_backup, safe_mode, san_policy,
    serial_console, setup_state, single_session, static_ip, stray_hive, test_signing, tls_legacy,
    tls_policy, tls_protocols,
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
    authentication::REPAIR,
    boot_device_ids::REPAIR,
    boot_drivers::REPAIR,
    boot_entries::REPAIR,
    boot_menu_stuck::REPAIR,
    class_filters::REPAIR,
    control_set_selection::REPAIR,
    crash_dump::REPAIR,
    critical_ifeo::REPAIR,
    disable_driver::REPAIR,
    disable_service::REPAIR,
    disk_space::REPAIR,
    driver_verifier::REPAIR,
    error_control_loop::REPAIR,
    firewall_off::REPAIR,
    firewall_rdp_rules::REPAIR,
    firewall_service::REPAIR,
    group_policy_client::REPAIR,
    group_policy_off::REPAIR,
    ipsec_rules::REPAIR,
    logon_chain::REPAIR,
    machine_keys::REPAIR,
    network_provider_order::REPAIR,
    network_services::REPAIR,
    nic_disabled::REPAIR,
    nla::REPAIR,
    nla_off::REPAIR,
    pending_update::REPAIR,
    quarantine_file::REPAIR,
    rdp_certificate::REPAIR,
    rdp_enabled::REPAIR,
    rdp_listener::REPAIR,
    rdp_policy::REPAIR,
    rdp_port::REPAIR,
    rdp_services::REPAIR,
    rds_licensing::REPAIR,
    recovery_loop::REPAIR,
    registry_backup::REPAIR,
    safe_mode::REPAIR,
    san_policy::REPAIR,
    serial_console::REPAIR,
    setup_state::REPAIR,
    single_session::REPAIR,
    static_ip::REPAIR,
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

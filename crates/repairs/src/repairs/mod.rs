//! One file and one page for each repair.
//!
//! Invariants: a repair looks and answers; it never writes, prints or calls another repair.

pub mod authentication;
pub mod boot_device_ids;
pub mod boot_drivers;
pub mod boot_entries;
pub mod boot_menu_stuck;
pub mod class_filters;
pub mod control_set_selection;
pub mod crash_dump;
pub mod critical_ifeo;
pub mod disable_driver;
pub mod disable_service;
pub mod disk_space;
pub mod driver_verifier;
pub mod error_control_loop;
pub mod firewall_off;
pub mod firewall_rdp_rules;
pub mod firewall_service;
pub mod group_policy_client;
pub mod group_policy_off;
pub mod ipsec_rules;
pub mod logon_chain;
pub mod machine_keys;
pub mod nla;
pub mod nla_off;
pub mod pending_update;
pub mod quarantine_file;
pub mod rdp_certificate;
pub mod rdp_enabled;
pub mod rdp_listener;
pub mod rdp_policy;
pub mod rdp_port;
pub mod rdp_services;
pub mod recovery_loop;
pub mod registry_backup;
pub mod safe_mode;
pub mod san_policy;
pub mod serial_console;
pub mod setup_state;
pub mod stray_hive;
pub mod test_signing;
pub mod tls_legacy;
pub mod tls_policy;
pub mod tls_protocols;

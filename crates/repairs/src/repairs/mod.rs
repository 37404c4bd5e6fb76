//! One file and one page for each repair.
//!
//! Invariants: a repair looks and answers; it never writes, prints or calls another repair.

pub mod boot_device_ids;
pub mod boot_entries;
pub mod boot_menu_stuck;
pub mod crash_dump;
pub mod disable_driver;
pub mod disable_service;
pub mod group_policy_client;
pub mod group_policy_off;
pub mod machine_keys;
pub mod nla;
pub mod nla_off;
pub mod quarantine_file;
pub mod rdp_certificate;
pub mod rdp_enabled;
pub mod rdp_listener;
pub mod rdp_policy;
pub mod rdp_services;
pub mod recovery_loop;
pub mod safe_mode;
pub mod serial_console;
pub mod stray_hive;
pub mod test_signing;
pub mod tls_legacy;
pub mod tls_policy;
pub mod tls_protocols;

//! Installations with one named fault each, and the demonstration with several.
//!
//! Invariants: a fault changes nothing but the values it names; a repair whose cure is a deliberate
//! choice gets a healthy disk. Absent: combinations, which tests make themselves.

mod boot;
mod files;
mod firewall;
mod licensing;
mod logon;
mod network;

use super::certificate::{Certificate, REMOTE_DESKTOP, STORES};
use super::{Disk, Installation, Options, machine, rdp_key};
use crate::bcd::{self, Data};
use crate::build::{HiveBuilder, Key};

/// The repairs `broken` knows, in alphabetical order.
pub const REPAIRS: &[&str] = &[
    "authentication",
    "boot-device-ids",
    "boot-drivers",
    "boot-entries",
    "boot-menu-stuck",
    "class-filters",
    "control-set-selection",
    "crash-dump",
    "critical-ifeo",
    "disable-driver",
    "disable-service",
    "disk-space",
    "driver-verifier",
    "error-control-loop",
    "firewall-off",
    "firewall-rdp-rules",
    "firewall-service",
    "group-policy-client",
    "group-policy-off",
    "ipsec-rules",
    "logon-chain",
    "machine-keys",
    "network-provider-order",
    "network-services",
    "nic-disabled",
    "nla",
    "nla-off",
    "pending-update",
    "quarantine-file",
    "rdp-certificate",
    "rdp-enabled",
    "rdp-listener",
    "rdp-policy",
    "rdp-port",
    "rdp-services",
    "rds-licensing",
    "recovery-loop",
    "registry-backup",
    "safe-mode",
    "san-policy",
    "serial-console",
    "setup-state",
    "single-session",
    "static-ip",
    "stray-hive",
    "test-signing",
    "tls-legacy",
    "tls-policy",
    "tls-protocols",
];

const LISTENER: &str = "Control\\Terminal Server\\WinStations\\RDP-Tcp";
const PROTOCOLS: &str = "Control\\SecurityProviders\\SCHANNEL\\Protocols";
const POLICY: &str = "Policies\\Microsoft\\Windows NT\\Terminal Services";
const SUITES: &str = "Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002";
const CONFIG: &str = "Windows/System32/config";

/// The boot menu is shown, and waits for ever.
const STUCK: [(u32, Data<'_>); 2] = [
    (0x2500_0004, Data::Integer(0xFFFF_FFFF)),
    (0x2600_0020, Data::Boolean(true)),
];
/// Safe mode with a command prompt.
const SAFE_MODE: [(u32, Data<'_>); 2] = [
    (0x2500_0080, Data::Integer(1)),
    (0x2600_0081, Data::Boolean(true)),
];
/// Drivers load with a test signature, or with none.
const UNSIGNED: [(u32, Data<'_>); 2] = [
    (0x1600_0048, Data::Boolean(true)),
    (0x1600_0049, Data::Boolean(true)),
];

/// What a repair needs to be told, as name and value, to do its work on its broken disk.
pub fn needed(repair: &str) -> Option<(&'static str, &'static str)> {
    NEEDED
        .iter()
        .find(|(id, ..)| *id == repair)
        .map(|&(_, name, value)| (name, value))
}

/// Repairs that do nothing until they are told what: repair, parameter, value.
const NEEDED: &[(&str, &str, &str)] = &[
    ("disable-driver", "name", "contosoflt"),
    ("disable-service", "name", "ContosoAgent"),
    (
        "quarantine-file",
        "path",
        "C:\\Windows\\System32\\drivers\\Contoso\\C-00000291*.sys",
    ),
];

/// A disk with the fault a repair is for; `None` for a repair that is not known here.
pub fn broken(repair: &str) -> Option<Disk> {
    let mut windows = Installation::new(&Options::default());
    let set = windows.system.key("ControlSet001");
    match repair {
        "boot-device-ids" | "boot-entries" => boot_store(&mut windows, repair),
        "boot-menu-stuck" => boot_settings(&mut windows, bcd::BOOTMGR, &STUCK),
        "crash-dump" => {
            set.key("Control\\CrashControl")
                .dword("CrashDumpEnabled", 0);
        }
        "group-policy-client" => start(set, &["gpsvc"], 4),
        "group-policy-off" | "nla-off" | "recovery-loop" | "serial-console" => {}
        "machine-keys" => deny_key(&mut windows),
        "nla" => {
            set.key(LISTENER)
                .dword("UserAuthentication", 0)
                .dword("SecurityLayer", 7)
                .dword("fAllowSecProtocolNegotiation", 0);
        }
        "rdp-certificate" => certificate(&mut windows),
        "rdp-enabled" => rdp_enabled(&mut windows),
        "rdp-listener" => listener(set.key(LISTENER)),
        "rdp-policy" => rdp_policy(&mut windows),
        "rdp-services" => services(set),
        "safe-mode" => boot_settings(&mut windows, bcd::LOADER, &SAFE_MODE),
        "stray-hive" => stray_hive(&mut windows),
        "test-signing" => boot_settings(&mut windows, bcd::LOADER, &UNSIGNED),
        "tls-legacy" => {
            protocol(set, "TLS 1.0", 0, None);
            protocol(set, "TLS 1.1", 0, None);
        }
        "tls-policy" => {
            windows.software.as_mut()?.key(SUITES).sz("Functions", "");
        }
        "tls-protocols" => protocol(set, "TLS 1.2", 0, Some(1)),
        _ => {
            let areas = [
                boot::fault,
                files::fault,
                firewall::fault,
                licensing::fault,
                logon::fault,
                network::fault,
            ];
            let known = areas.iter().any(|fault| fault(&mut windows, repair));
            return known.then(|| windows.disk());
        }
    }
    Some(windows.disk())
}

/// The demonstration: no TLS protocol left in both control sets; in the first, the service and
/// the group policy client switched off.
pub fn demo() -> Disk {
    let options = Options {
        control_sets: vec![1, 2],
        ..Options::default()
    };
    let mut windows = Installation::new(&options);
    for name in ["ControlSet001", "ControlSet002"] {
        let set = windows.system.key(name);
        protocol(set, "TLS 1.0", 0, None);
        protocol(set, "TLS 1.1", 0, None);
        protocol(set, "TLS 1.2", 0, Some(1));
    }
    start(
        windows.system.key("ControlSet001"),
        &["TermService", "gpsvc"],
        4,
    );
    windows.disk()
}

fn deny_key(windows: &mut Installation) {
    let denied = "O:SYG:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)(A;;FR;;;NS)";
    windows.permissions.insert(rdp_key(), denied.to_owned());
}

fn boot_settings(windows: &mut Installation, object: &str, elements: &[(u32, Data<'_>)]) {
    if let Some(store) = &mut windows.boot {
        for (element, data) in elements {
            store.element(object, *element, data);
        }
    }
}

/// A store from before the disk got another signature, or with a loader of the other firmware
/// and a Windows that is not there.
fn boot_store(windows: &mut Installation, repair: &str) {
    let before = bcd::Place::Mbr {
        signature: 0x7B1C_44E8,
        offset: 0x0010_0000,
    };
    let wrong = [
        (0x1200_0002, Data::Text("\\Windows\\system32\\winload.efi")),
        (0x2200_0002, Data::Text("\\WINNT")),
    ];
    if repair == "boot-entries" {
        return boot_settings(windows, bcd::LOADER, &wrong);
    }
    windows.boot = Some(bcd::Store::windows(&bcd::Machine {
        system: before,
        windows: before,
        ..machine()
    }));
}

fn protocol(set: &mut Key, version: &str, enabled: u32, disabled_by_default: Option<u32>) {
    let server = set.key(PROTOCOLS).key(version).child("Server");
    server.dword("Enabled", enabled);
    if let Some(disabled) = disabled_by_default {
        server.dword("DisabledByDefault", disabled);
    }
}

fn start(set: &mut Key, services: &[&str], start: u32) {
    for service in services {
        set.key("Services").child(service).dword("Start", start);
    }
}

/// A pin to a certificate no store has; the one that Windows has made has expired.
fn certificate(windows: &mut Installation) {
    let options = Options::default();
    let Some(software) = &mut windows.software else {
        return;
    };
    let stores = format!("{STORES}\\{REMOTE_DESKTOP}");
    software.key(&stores).remove("Certificates");
    let over = Certificate {
        from: "20250301000000Z",
        until: "20250830000000Z",
        ..options.certificate()
    };
    over.enter(software, REMOTE_DESKTOP);
    let set = windows.system.key("ControlSet001");
    set.key(LISTENER)
        .binary("SSLCertificateSHA1Hash", &[0xA5; 20]);
    set.key("Control\\Terminal Server\\WinStations")
        .binary("SelfSignedCertificate", &over.thumbprint());
}

fn rdp_policy(windows: &mut Installation) {
    if let Some(software) = &mut windows.software {
        software
            .key(POLICY)
            .dword("MinEncryptionLevel", 9)
            .dword("MaxIdleTime", 1000)
            .dword("fDisableAutoReconnect", 1);
    }
}

fn rdp_enabled(windows: &mut Installation) {
    let set = windows.system.key("ControlSet001");
    set.key("Control\\Terminal Server")
        .dword("fDenyTSConnections", 1)
        .dword("TSServerDrainMode", 2);
    set.key(LISTENER)
        .dword("fEnableWinStation", 0)
        .dword("fLogonDisabled", 1);
    if let Some(software) = &mut windows.software {
        software.key(POLICY).dword("fDenyTSConnections", 1);
    }
}

fn listener(listener: &mut Key) {
    listener
        .dword("MaxInstanceCount", 0)
        .dword("LanAdapter", 3)
        .dword("PortNumber", 0)
        .dword("MinEncryptionLevel", 9)
        .remove_value("LoadableProtocol_Object")
        .dword("'SecurityLayer'", 0)
        .dword(" MaxIdleTime", 0);
}

fn services(set: &mut Key) {
    start(
        set,
        &["TermService", "SessionEnv", "UmRdpService", "RDPDR"],
        4,
    );
    let service = set.key("Services\\TermService");
    service.sz("ObjectName", "LocalSystem");
    service
        .child("Parameters")
        .expand_sz("ServiceDll", "%ProgramFiles%\\RDP Wrapper\\rdpwrap.dll");
}

fn stray_hive(windows: &mut Installation) {
    let mut hive = HiveBuilder::new();
    hive.file_name = "\\??\\F:\\Windows\\System32\\config\\SYSTEM.hiv".to_owned();
    windows
        .files
        .insert(format!("{CONFIG}/SYSTEM.hiv"), hive.build());
    let stray = windows.system.key("ControlSet002");
    for version in ["TLS 1.0", "TLS 1.1", "TLS 1.2"] {
        protocol(stray, version, 1, None);
    }
}

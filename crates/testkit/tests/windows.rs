//! The installations: complete, small, readable, and broken only where they say so.
//!
//! Invariants: the difference between healthy and broken is written out value by value. Absent:
//! what a repair makes of them.

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

use std::collections::BTreeMap;

use testkit::windows::{Disk, REPAIRS, broken, demo, healthy};

const SYSTEM: &str = "Windows/System32/config/SYSTEM";

/// All values of a hive as `path\name` to type and data, as regf reads them.
fn values(hive: &[u8]) -> BTreeMap<String, String> {
    fn walk(key: &regf::hive::RegistryKey<'_>, path: &str, all: &mut BTreeMap<String, String>) {
        all.insert(format!("{path}\\"), "key".to_owned());
        for value in key.values().unwrap() {
            let data = match value.raw_data_type() {
                4 => format!("{:#x}", value.dword_data().unwrap()),
                1 | 2 => value.string_data().unwrap(),
                _ => format!("{:?}", value.raw_data().unwrap()),
            };
            all.insert(format!("{path}\\{}", value.name()), data);
        }
        for subkey in key.subkeys().unwrap() {
            walk(&subkey, &format!("{path}\\{}", subkey.name()), all);
        }
    }
    let hive = regf::RegistryHive::from_bytes(hive.to_vec()).unwrap();
    let mut all = BTreeMap::new();
    walk(&hive.root_key().unwrap(), "", &mut all);
    all
}

fn value(disk: &Disk, path: &str) -> String {
    values(disk.file(SYSTEM).unwrap())
        .remove(path)
        .unwrap_or_else(|| format!("no {path}"))
}

/// What of a hive is different, one line each.
fn difference(before: &[u8], after: &[u8]) -> Vec<String> {
    let (before, after) = (values(before), values(after));
    let mut lines = Vec::new();
    for path in before
        .keys()
        .chain(after.keys().filter(|path| !before.contains_key(*path)))
    {
        let (old, new) = (before.get(path), after.get(path));
        if old != new {
            let short = path
                .replace("\\ControlSet001\\Control\\", "")
                .replace("Terminal Server\\WinStations\\RDP-Tcp", "L")
                .replace("SecurityProviders\\SCHANNEL\\Protocols", "P");
            let text = |side: Option<&String>| side.cloned().unwrap_or_else(|| "-".to_owned());
            lines.push(format!("{short} {} -> {}", text(old), text(new)));
        }
    }
    lines
}

#[test]
fn a_healthy_disk_is_complete_and_small() {
    let disk = healthy();
    for (path, file) in &disk.files {
        assert!(file.len() < 96 * 1024, "{path}: {}", file.len());
        assert!(!path.starts_with('/') && !path.contains('\\'), "{path}");
    }
    for log in [
        "SYSTEM.LOG1",
        "SYSTEM.LOG2",
        "SOFTWARE.LOG1",
        "SOFTWARE.LOG2",
    ] {
        assert_eq!(
            disk.file(&format!("Windows/System32/config/{log}")),
            Some(&[][..])
        );
    }
    let folders = ["Users/", "Windows/System32/drivers/", "RSA/MachineKeys/"];
    for folder in folders {
        assert!(
            disk.files.keys().any(|path| path.contains(folder)),
            "{folder}"
        );
    }
}

#[test]
fn a_healthy_system_hive_is_complete() {
    let disk = healthy();
    for (path, expected) in [
        ("\\Select\\Current", "0x1"),
        ("\\Select\\LastKnownGood", "0x1"),
        (
            "\\ControlSet001\\Control\\ComputerName\\ComputerName\\ComputerName",
            "SRV-FIN-02",
        ),
        (
            "\\ControlSet001\\Services\\Tcpip\\Parameters\\Domain",
            "contoso.local",
        ),
        (
            "\\ControlSet001\\Control\\ProductOptions\\ProductType",
            "ServerNT",
        ),
        (
            "\\ControlSet001\\Control\\Terminal Server\\fDenyTSConnections",
            "0x0",
        ),
        (
            "\\ControlSet001\\Control\\CrashControl\\DumpFile",
            "%SystemRoot%\\MEMORY.DMP",
        ),
        ("\\ControlSet001\\Services\\TermService\\Start", "0x3"),
        ("\\ControlSet001\\Services\\gpsvc\\Start", "0x2"),
        ("\\ControlSet001\\Services\\RDPDR\\Type", "0x1"),
        (
            "\\ControlSet001\\Services\\TermService\\Parameters\\ServiceDll",
            "%SystemRoot%\\System32\\termsrv.dll",
        ),
    ] {
        assert_eq!(value(&disk, path), expected, "{path}");
    }
}

#[test]
fn a_healthy_listener_has_all_its_values_and_tls_none() {
    let disk = healthy();
    let set = "\\ControlSet001";
    let listener = format!("{set}\\Control\\Terminal Server\\WinStations\\RDP-Tcp\\");
    let all = values(disk.file(SYSTEM).unwrap());
    assert_eq!(
        all.keys()
            .filter(|path| {
                path.strip_prefix(&listener)
                    .is_some_and(|name| !name.is_empty() && !name.contains('\\'))
            })
            .count(),
        82
    );
    let protocols = format!("{set}\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\");
    assert_eq!(
        all.keys()
            .filter(|path| path.starts_with(&protocols))
            .count(),
        1
    );
}

#[test]
fn software_and_kernel_name_the_same_build() {
    let disk = healthy();
    let software = values(disk.file("Windows/System32/config/SOFTWARE").unwrap());
    let current =
        |name: &str| software[&format!("\\Microsoft\\Windows NT\\CurrentVersion\\{name}")].as_str();
    assert_eq!(current("CurrentBuild"), "14393");
    assert_eq!(current("UBR"), "0x1af1");
    assert_eq!(current("ProductName"), "Windows Server 2016 Datacenter");
    let kernel = disk.file("Windows/System32/ntoskrnl.exe").unwrap();
    let fixed = [
        0xBD, 0x04, 0xEF, 0xFE, 0, 0, 1, 0, 0, 0, 10, 0, 0xF1, 0x1A, 0x39, 0x38,
    ];
    assert!(kernel.windows(fixed.len()).any(|window| window == fixed));
}

/// What the fault of a repair changes in the SYSTEM hive.
fn system(repair: &str) -> Vec<String> {
    let disk = broken(repair).unwrap();
    difference(healthy().file(SYSTEM).unwrap(), disk.file(SYSTEM).unwrap())
}

#[test]
fn each_fault_is_what_its_name_says() {
    assert_eq!(
        system("crash-dump"),
        ["CrashControl\\CrashDumpEnabled 0x7 -> 0x0"]
    );
    assert_eq!(
        system("group-policy-client"),
        ["\\ControlSet001\\Services\\gpsvc\\Start 0x2 -> 0x4"]
    );
    assert!(system("group-policy-off").is_empty());
    assert!(system("nla-off").is_empty());
    assert_eq!(
        system("nla"),
        [
            "L\\SecurityLayer 0x2 -> 0x7",
            "L\\UserAuthentication 0x1 -> 0x0",
            "L\\fAllowSecProtocolNegotiation 0x1 -> 0x0"
        ]
    );
    assert_eq!(
        system("rdp-listener"),
        [
            "L\\LanAdapter 0x0 -> 0x3",
            "L\\LoadableProtocol_Object {5828227c-20cf-4408-b73f-73ab70b8849f} -> -",
            "L\\MaxInstanceCount 0xffffffff -> 0x0",
            "L\\MinEncryptionLevel 0x2 -> 0x9",
            "L\\PortNumber 0xd3d -> 0x0",
            "L\\ MaxIdleTime - -> 0x0",
            "L\\'SecurityLayer' - -> 0x0",
        ]
    );
    assert_eq!(
        system("rdp-enabled"),
        [
            "L\\fEnableWinStation 0x1 -> 0x0",
            "L\\fLogonDisabled 0x0 -> 0x1",
            "Terminal Server\\fDenyTSConnections 0x0 -> 0x1",
            "Terminal Server\\TSServerDrainMode - -> 0x2",
        ]
    );
}

#[test]
fn faults_of_more_than_one_key_are_what_their_names_say() {
    assert_eq!(
        system("rdp-services")
            .iter()
            .map(|line| line.replace("\\ControlSet001\\Services\\", ""))
            .collect::<Vec<_>>(),
        [
            "RDPDR\\Start 0x3 -> 0x4",
            "SessionEnv\\Start 0x3 -> 0x4",
            "TermService\\ObjectName NT Authority\\NetworkService -> LocalSystem",
            "TermService\\Parameters\\ServiceDll %SystemRoot%\\System32\\termsrv.dll \
             -> %ProgramFiles%\\RDP Wrapper\\rdpwrap.dll",
            "TermService\\Start 0x3 -> 0x4",
            "UmRdpService\\Start 0x3 -> 0x4",
        ]
    );
    assert_eq!(
        system("tls-protocols"),
        [
            "P\\TLS 1.2\\ - -> key",
            "P\\TLS 1.2\\Server\\ - -> key",
            "P\\TLS 1.2\\Server\\DisabledByDefault - -> 0x1",
            "P\\TLS 1.2\\Server\\Enabled - -> 0x0",
        ]
    );
    assert_eq!(
        system("tls-legacy")
            .iter()
            .filter(|line| line.ends_with("Enabled - -> 0x0"))
            .count(),
        2
    );
    let stray = system("stray-hive");
    assert!(
        stray.len() < 20
            && stray
                .iter()
                .all(|line| line.starts_with("\\ControlSet002\\"))
    );
}

#[test]
fn only_the_named_files_differ() {
    for &repair in REPAIRS {
        let (healthy, broken) = (healthy(), broken(repair).unwrap());
        let differing: Vec<&str> = broken
            .files
            .iter()
            .filter(|(path, file)| healthy.file(path) != Some(file.as_slice()))
            .filter_map(|(path, _)| path.rsplit('/').next())
            .collect();
        let expected: &[&str] = match repair {
            "boot-device-ids" | "boot-entries" | "boot-menu-stuck" | "safe-mode"
            | "test-signing" => &["BCD"],
            "critical-ifeo" | "rdp-policy" | "tls-policy" => &["SOFTWARE"],
            "disable-driver" => &["SYSTEM", "contosoflt.sys"],
            "disk-space" | "firewall-off" | "group-policy-off" | "machine-keys" | "nla-off"
            | "recovery-loop" | "serial-console" | "single-session" => &[],
            "logon-chain" | "rdp-certificate" | "rdp-enabled" | "rds-licensing" => {
                &["SOFTWARE", "SYSTEM"]
            }
            "pending-update" => &["SOFTWARE", "pending.xml"],
            "quarantine-file" => &[
                "C-00000291-00000000-00000032.sys",
                "C-00000292-00000000-00000007.sys",
            ],
            "registry-backup" => &["DEFAULT", "SAM", "SECURITY", "SOFTWARE", "SYSTEM", "SYSTEM"],
            "stray-hive" => &["SYSTEM", "SYSTEM.hiv"],
            _ => &["SYSTEM"],
        };
        assert_eq!(differing, expected, "{repair}");
        let same = broken.permissions == healthy.permissions;
        assert_eq!(same, repair != "machine-keys", "{repair}");
        assert_eq!(broken.space.is_some(), repair == "disk-space", "{repair}");
        assert!(
            broken.files.values().all(|file| file.len() < 96 * 1024),
            "{repair}"
        );
    }
    assert!(broken("no-such-repair").is_none());
}

#[test]
fn the_demonstration_has_two_control_sets() {
    let disk = demo();
    for set in ["ControlSet001", "ControlSet002"] {
        for (version, name, expected) in [
            ("TLS 1.0", "Enabled", "0x0"),
            ("TLS 1.1", "Enabled", "0x0"),
            ("TLS 1.2", "Enabled", "0x0"),
            ("TLS 1.2", "DisabledByDefault", "0x1"),
        ] {
            let protocols = "Control\\SecurityProviders\\SCHANNEL\\Protocols";
            let path = format!("\\{set}\\{protocols}\\{version}\\Server\\{name}");
            assert_eq!(value(&disk, &path), expected, "{path}");
        }
    }
    assert_eq!(value(&disk, "\\Select\\LastKnownGood"), "0x2");
    assert_eq!(
        value(&disk, "\\ControlSet001\\Services\\TermService\\Start"),
        "0x4"
    );
    assert_eq!(
        value(&disk, "\\ControlSet002\\Services\\TermService\\Start"),
        "0x3"
    );
    assert_eq!(
        value(&disk, "\\ControlSet001\\Services\\gpsvc\\Start"),
        "0x4"
    );
    for (path, file) in &disk.files {
        assert!(file.len() < 96 * 1024, "{path}: {}", file.len());
    }
}

#[test]
fn a_disk_is_written_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let disk = broken("stray-hive").unwrap();
    disk.write_to(root.path()).unwrap();
    for (path, file) in &disk.files {
        assert_eq!(
            &std::fs::read(root.path().join(path)).unwrap(),
            file,
            "{path}"
        );
    }
}

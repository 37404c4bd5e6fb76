//! A small but complete SYSTEM hive of a healthy Windows Server 2016.
//!
//! Invariants: every value stands as a healthy installation has it; names are spelled as Windows
//! spells them. A second control set is shorter, so that the file stays below 96 KiB. Absent:
//! devices but one, and every service no repair looks at.

use super::Options;
use crate::build::security::{Ace, KEY_ALL, KEY_READ, administrators, descriptor, local_system};
use crate::build::{FILE_TIME, HiveBuilder, Key};

/// Key, value, type and data of what every control set holds.
const CONTROL_SET: &str = include_str!("control_set.tsv");
/// The same of the firewall of the current control set.
const FIREWALL: &str = include_str!("firewall.tsv");
/// One service a line.
const SERVICES: &str = include_str!("services.tsv");
/// How many services of the table a control set has that is not the current one.
const FEW_SERVICES: usize = 11;
/// The machine's number in its firmware, which names what Windows knows of it.
const MACHINE: &str = "{8d6c5b0e-27f1-4a39-b8c4-61e09f3a7d52}";
/// What a control set that is not the current one does without.
const LEFT_OUT: [&str; 11] = [
    "Control\\Class",
    "Control\\Lsa",
    "Control\\Network",
    "Control\\NetworkProvider",
    "Control\\SecurityProviders\\SCHANNEL\\Ciphers",
    "Control\\Session Manager\\Memory Management",
    "Control\\Session Manager\\SubSystems",
    "Control\\TimeZoneInformation",
    "Enum",
    "Hardware Profiles",
    "Services\\Tcpip\\Parameters\\Interfaces",
];

/// The SYSTEM hive of an installation.
pub fn system_hive(options: &Options) -> HiveBuilder {
    let mut hive = HiveBuilder::new();
    hive.sequence = 1204;
    let set = options.control_sets.first().copied().unwrap_or(1);
    let known_good = options.control_sets.last().copied().unwrap_or(set);
    hive.key("Select")
        .dword("Current", set)
        .dword("Default", set)
        .dword("Failed", 0)
        .dword("LastKnownGood", known_good);
    hive.key("Setup")
        .sz("CmdLine", "")
        .dword("OOBEInProgress", 0)
        .sz("OsLoaderPath", "\\")
        .dword("SetupPhase", 0)
        .dword("SetupType", 0)
        .sz("SystemPartition", "\\Device\\HarddiskVolume1")
        .dword("SystemSetupInProgress", 0);
    hive.key("Setup\\Status\\SysprepStatus")
        .dword("CleanupState", 2)
        .dword("GeneralizationState", 7);
    let partition = |offset: u64| {
        let mut data = 0x5E2A_81C4_u32.to_le_bytes().to_vec();
        data.extend(offset.to_le_bytes());
        data
    };
    hive.key("MountedDevices")
        .binary("\\DosDevices\\C:", &partition(500 << 20))
        .binary(
            "\\??\\Volume{5e2a81c4-0000-0000-0000-501f00000000}",
            &partition(500 << 20),
        )
        .binary(
            "\\??\\Volume{5e2a81c4-0000-0000-0000-100000000000}",
            &partition(1 << 20),
        );
    // A VM of Azure.
    hive.key("HardwareConfig")
        .sz("LastConfig", MACHINE)
        .dword("LastId", 0)
        .child(MACHINE)
        .dword("Id", 0)
        .sz("SystemManufacturer", "Microsoft Corporation")
        .sz("SystemProductName", "Virtual Machine");
    let aces = [
        Ace::allow(KEY_ALL, local_system()),
        Ace::allow(KEY_READ, administrators()),
    ];
    let only_system = hive.descriptor(descriptor(&local_system(), &local_system(), &aces));
    for number in &options.control_sets {
        let key = hive.key(&format!("ControlSet{number:03}"));
        key.key("Enum").security = only_system;
        control_set(key, options, *number == set);
    }
    hive
}

fn control_set(set: &mut Key, options: &Options, current: bool) {
    table(set, CONTROL_SET);
    services(
        set.key("Services"),
        if current { usize::MAX } else { FEW_SERVICES },
    );
    if current {
        set.key("Services\\partmgr\\Parameters")
            .dword("SanPolicy", 1);
        table(set.key(super::FIREWALL), FIREWALL);
    }
    let name = set.key("Control\\ComputerName\\ComputerName");
    name.sz("", "mnmsrvc")
        .sz("ComputerName", &options.computer.to_uppercase());
    set.key("Control\\Terminal Server\\WinStations")
        .binary("SelfSignedCertificate", &options.certificate().thumbprint());
    set.key("Control\\Windows")
        .binary("ShutdownTime", &FILE_TIME.to_le_bytes());
    for (name, class) in [
        ("JD", "3f0c51a9"),
        ("Skew1", "7be2d846"),
        ("GBG", "90a1f35c"),
        ("Data", "c8254e7d"),
    ] {
        set.key("Control\\Lsa").child(name).class(class);
    }
    for path in LEFT_OUT.iter().filter(|_| !current) {
        set.remove(path);
    }
    set.key("Services\\Tcpip\\Parameters")
        .expand_sz("DataBasePath", "%SystemRoot%\\System32\\drivers\\etc")
        .sz("Domain", &options.domain)
        .sz("Hostname", &options.computer)
        .sz("NV Domain", &options.domain)
        .sz("NV Hostname", &options.computer);
}

fn services(services: &mut Key, most: usize) {
    for line in SERVICES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .take(most)
    {
        let mut columns = line.split('\t');
        let mut next = || columns.next().filter(|text| *text != "-");
        let service = services.child(next().unwrap_or_default());
        for name in ["Type", "Start", "ErrorControl"] {
            service.dword(name, next().and_then(|text| text.parse().ok()).unwrap_or(0));
        }
        for name in ["Group", "ObjectName"] {
            next().map(|text| service.sz(name, text));
        }
        next().map(|text| service.expand_sz("ImagePath", text));
        next().map(|text| service.multi_sz("DependOnService", &list(text)));
        next().map(|text| service.child("Parameters").expand_sz("ServiceDll", text));
    }
}

/// Sets the values of a table with the columns key, value, type and data.
pub(crate) fn table(below: &mut Key, table: &str) {
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let key = below.key(next());
        let (name, kind, data) = (next(), next(), next());
        match kind {
            "dword" => key.dword(name, data.parse().unwrap_or(0)),
            "sz" => key.sz(name, data),
            "expand" => key.expand_sz(name, data),
            "multi" => key.multi_sz(name, &list(data)),
            "binary" => key.binary(name, &hex(data)),
            _ => key,
        };
    }
}

fn list(text: &str) -> Vec<&str> {
    text.split('|').collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |at| {
        text.get(at..at + 2)
            .and_then(|two| u8::from_str_radix(two, 16).ok())
    };
    (0..text.len() / 2)
        .filter_map(|byte| digits(byte * 2))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_hold_no_unknown_type_and_no_short_line() {
        let tables = CONTROL_SET.lines().skip(1);
        for line in tables.chain(FIREWALL.lines().skip(1)) {
            let columns: Vec<&str> = line.split('\t').collect();
            let known = ["dword", "sz", "expand", "multi", "binary"];
            assert!(columns.len() == 1 || known.contains(&columns[2]), "{line}");
            assert!(columns.len() == 1 || columns.len() == 4, "{line}");
            assert!(
                columns.len() == 1 || columns[2] != "dword" || columns[3].parse::<u32>().is_ok()
            );
        }
        assert!(
            SERVICES
                .lines()
                .skip(1)
                .all(|line| line.split('\t').count() == 9)
        );
    }
}

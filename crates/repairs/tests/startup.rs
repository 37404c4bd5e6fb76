//! What keeps Windows from its disk, value by value: drivers and filters.
//!
//! Invariants: every disk is the healthy one with the named difference only, or one with a real
//! hive. Absent on purpose: what holds for every repair (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, lines, named, titles};
use repairs::{Certainty, Offer, Plan, Selection};
use testkit::build::Key;
use testkit::windows::{Installation, Options};

const SET: &str = "ControlSet001";
const DISKS: &str = "Control\\Class\\{4d36e967-e325-11ce-bfc1-08002be10318}";
const VOLUMES: &str = "Control\\Class\\{71a27cdd-812a-11d0-bec7-08002be2092f}";
const DRIVERS: &str = "Windows/System32/drivers";
const GONE: &str = "Properties\\{83da6326-97a6-4088-9453-a1923f573b29}\\0067";

fn changed(change: impl FnOnce(&mut Installation)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(&mut windows);
    Lab::of(&windows.disk())
}

/// The healthy disk with a difference in its control set.
fn with(change: impl FnOnce(&mut Key)) -> Lab {
    changed(|windows| change(windows.system.key(SET)))
}

fn looked(lab: &Lab) -> Plan {
    lab.plan(&Selection::default())
}

fn by_name(lab: &Lab, id: &str) -> Plan {
    lab.plan(&named(&[id]))
}

/// What a repair found: offer, certainty and the number of changes.
fn found(plan: &Plan, id: &str) -> Vec<(Offer, Certainty, usize)> {
    let mine = plan.found.iter().filter(|found| found.repair == id);
    mine.map(|it| {
        (
            it.finding.offer,
            it.finding.certainty,
            it.finding.cure.len(),
        )
    })
    .collect()
}

fn evidence(plan: &Plan, id: &str) -> String {
    let mine = plan.found.iter().filter(|found| found.repair == id);
    let lines = mine.flat_map(|it| it.finding.evidence.clone());
    lines.collect::<Vec<_>>().join("\n")
}

/// The last machine is no VM of Hyper-V.
fn elsewhere(windows: &mut Installation) {
    let config = windows.system.key("HardwareConfig");
    let machine = &mut config.subkeys[0];
    machine
        .sz("SystemManufacturer", "VMware, Inc.")
        .sz("SystemProductName", "VMware Virtual Platform");
}

/// A device with a driver, below `Enum`.
fn device(set: &mut Key, path: &str, service: &str, class: &str) {
    set.key(&format!("Enum\\{path}"))
        .sz("Service", service)
        .sz("ClassGUID", class);
}

/// Files of the drivers the healthy control set has, so that the disk shows its drivers.
fn driver_files(windows: &mut Installation) {
    for name in [
        "acpi", "disk", "mountmgr", "partmgr", "pci", "storvsc", "volmgr", "volsnap", "vmbus",
        "tcpip", "mup", "Ntfs",
    ] {
        let path = format!("{DRIVERS}/{name}.sys");
        windows.files.insert(path, b"MZ".to_vec());
    }
}

/// Driver, its start, and what becomes of it unasked.
const STARTS: &[(&str, u32, Option<Certainty>)] = &[
    ("disk", 0, None),
    ("disk", 1, Some(Certainty::Certain)),
    ("disk", 3, Some(Certainty::Certain)),
    ("disk", 4, Some(Certainty::Certain)),
    ("pci", 3, Some(Certainty::Certain)),
    ("ACPI", 4, Some(Certainty::Certain)),
    ("volmgr", 3, Some(Certainty::Certain)),
    ("mountmgr", 3, Some(Certainty::Certain)),
    ("partmgr", 1, None),
    ("partmgr", 3, Some(Certainty::Certain)),
    ("volsnap", 3, None),
    ("volsnap", 4, Some(Certainty::Certain)),
    ("vdrvroot", 3, None),
    ("vdrvroot", 4, Some(Certainty::Likely)),
    ("CLFS", 4, Some(Certainty::Likely)),
    ("FltMgr", 1, Some(Certainty::Likely)),
    ("volmgrx", 4, Some(Certainty::Likely)),
    ("storvsc", 3, Some(Certainty::Likely)),
    ("vmbus", 4, Some(Certainty::Likely)),
    // Without a device, or without being a filter, nothing says that they are needed.
    ("atapi", 3, None),
    ("pciide", 4, None),
    ("stornvme", 3, None),
    ("rdyboost", 4, None),
    ("fvevol", 3, None),
    // Not in the table.
    ("storport", 4, None),
    ("viostor", 3, None),
];

#[test]
fn a_driver_that_is_needed_starts_at_boot() {
    for &(driver, start, certainty) in STARTS {
        let lab = with(|set| {
            set.key(&format!("Services\\{driver}"))
                .dword("Type", 1)
                .dword("Start", start);
        });
        let plan = looked(&lab);
        let wanted: Vec<_> = certainty
            .map(|certainty| (Offer::Recommended, certainty, 1))
            .into_iter()
            .collect();
        assert_eq!(found(&plan, "boot-drivers"), wanted, "{driver} {start}");
        let change = format!(r"{SET}\Services\{driver} Start = REG_DWORD 0x0");
        let changes = certainty.map(|_| change).into_iter().collect::<Vec<_>>();
        assert_eq!(lines(&plan), changes, "{driver} {start}");
    }
}

#[test]
fn ntfs_is_at_fault_only_when_disabled() {
    for (start, fault) in [(0, false), (1, false), (3, false), (4, true)] {
        let lab = with(|set| {
            set.key("Services\\Ntfs")
                .dword("Type", 2)
                .dword("Start", start);
        });
        let change = format!(r"{SET}\Services\Ntfs Start = REG_DWORD 0x3");
        let wanted = if fault { vec![change] } else { Vec::new() };
        assert_eq!(lines(&looked(&lab)), wanted, "{start}");
    }
}

#[test]
fn a_part_of_a_key_is_no_driver() {
    let lab = with(|set| {
        set.key("Services\\CLFS").dword("Start", 4);
    });
    assert_eq!(found(&looked(&lab), "boot-drivers"), []);
    // Of a whole one, a missing start is none.
    let lab = with(|set| {
        set.key("Services\\disk").remove_value("Start");
    });
    assert!(evidence(&looked(&lab), "boot-drivers").contains("Start is missing"));
}

#[test]
fn a_filter_of_volumes_has_to_start() {
    for driver in ["fvevol", "rdyboost"] {
        let lab = with(|set| {
            set.key(VOLUMES)
                .multi_sz("LowerFilters", &["FVEVOL", "RdyBoost"]);
            for name in ["fvevol", "rdyboost"] {
                let start = if name == driver { 4 } else { 0 };
                set.key(&format!("Services\\{name}"))
                    .dword("Type", 1)
                    .dword("Start", start);
            }
        });
        let plan = looked(&lab);
        let likely = (Offer::Recommended, Certainty::Likely, 1);
        assert_eq!(found(&plan, "boot-drivers"), [likely], "{driver}");
    }
}

#[test]
fn a_controller_with_a_device_needs_its_driver() {
    const IDE: &str = "PCI\\VEN_8086&DEV_7111\\3&267a616a&0&39";
    for (start, gone, fault) in [(0, false, false), (3, false, true), (3, true, false)] {
        let lab = with(|set| {
            set.key("Services\\intelide")
                .dword("Type", 1)
                .dword("Start", start);
            device(
                set,
                IDE,
                "IntelIde",
                "{4d36e96a-e325-11ce-bfc1-08002be10318}",
            );
            if gone {
                set.key(&format!("Enum\\{IDE}\\{GONE}"));
            }
        });
        let plan = looked(&lab);
        assert_eq!(lines(&plan).len(), usize::from(fault), "{start} {gone}");
        let named = titles(&plan, "boot-drivers").join("");
        assert_eq!(named.contains("VEN_8086"), fault, "{named}");
    }
    // What Windows holds back for want of such a device on this machine is left alone.
    let lab = with(|set| {
        let service = set.key("Services\\intelide");
        service.dword("Type", 1).dword("Start", 0);
        service.child("StartOverride").dword("0", 3);
        device(set, IDE, "intelide", "");
    });
    assert_eq!(found(&looked(&lab), "boot-drivers"), []);
    assert_eq!(found(&by_name(&lab, "boot-drivers"), "boot-drivers"), []);
}

/// Value of `StartOverride`, its number, whether the last machine was one of Hyper-V, and what is
/// made of it: unasked, by name.
const OVERRIDES: &[(&str, u32, bool, bool, bool)] = &[
    ("0", 3, true, true, true),
    ("0", 4, true, true, true),
    ("0", 0, true, false, false),
    ("1", 3, true, false, true),
    ("0", 3, false, false, true),
    ("0", 0, false, false, false),
];

#[test]
fn what_is_held_back_is_a_fault_on_hyper_v_alone() {
    for &(name, number, hyper_v, unasked, asked) in OVERRIDES {
        let what = format!("{name} {number} {hyper_v}");
        let lab = changed(|windows| {
            if !hyper_v {
                elsewhere(windows);
            }
            let set = windows.system.key(SET);
            set.key("Services\\storvsc\\StartOverride")
                .dword(name, number);
        });
        let change = format!(r"{SET}\Services\storvsc\StartOverride {name} = REG_DWORD 0x0");
        let lines_if = |wanted| if wanted { vec![change.clone()] } else { vec![] };
        let look = looked(&lab);
        assert_eq!(lines(&look), lines_if(unasked), "{what}");
        assert_eq!(
            found(&look, "boot-drivers").len(),
            usize::from(unasked),
            "{what}"
        );
        let plan = by_name(&lab, "boot-drivers");
        assert_eq!(lines(&plan), lines_if(asked), "{what}");
        if asked && !unasked {
            let possible = (Offer::WhenAsked, Certainty::Possible, 1);
            assert_eq!(found(&plan, "boot-drivers"), [possible], "{what}");
        }
    }
}

#[test]
fn the_machine_is_also_known_from_system_information() {
    let lab = changed(|windows| {
        windows.system.root.remove("HardwareConfig");
        let set = windows.system.key(SET);
        set.key("Control\\SystemInformation")
            .sz("SystemManufacturer", "Microsoft Corporation")
            .sz("SystemProductName", "Virtual Machine");
        set.key("Services\\vmbus").dword("Start", 3);
    });
    let plan = looked(&lab);
    assert_eq!(lines(&plan).len(), 1);
    assert!(evidence(&plan, "boot-drivers").contains("Microsoft Corporation Virtual Machine"));
}

#[test]
fn a_disabled_controller_without_device_waits_to_be_asked_about() {
    let lab = with(|set| {
        set.key("Services\\storahci")
            .dword("Type", 1)
            .dword("Start", 4);
    });
    assert_eq!(found(&looked(&lab), "boot-drivers"), []);
    let possible = (Offer::WhenAsked, Certainty::Possible, 1);
    let plan = by_name(&lab, "boot-drivers");
    assert_eq!(found(&plan, "boot-drivers"), [possible]);
}

#[test]
fn a_missing_key_is_told_and_made_anew_by_name() {
    let without = |names: &[&str]| {
        with(|set| {
            for name in names {
                set.remove(&format!("Services\\{name}"));
            }
        })
    };
    let lab = without(&["pci"]);
    let certain = (Offer::WhenNamed, Certainty::Certain, 5);
    let look = looked(&lab);
    assert_eq!(found(&look, "boot-drivers"), [certain]);
    assert_eq!(lines(&look), [""; 0]);
    let key = format!(r"{SET}\Services\pci");
    assert_eq!(
        lines(&by_name(&lab, "boot-drivers")),
        [
            format!("{key} Type = REG_DWORD 0x1"),
            format!("{key} Start = REG_DWORD 0x0"),
            format!("{key} ErrorControl = REG_DWORD 0x3"),
            format!(r#"{key} ImagePath = REG_EXPAND_SZ "System32\\drivers\\pci.sys""#),
            format!(r#"{key} Group = REG_SZ "Boot Bus Extender""#),
        ]
    );
    // `disk` has no group.
    let plan = by_name(&without(&["disk"]), "boot-drivers");
    assert_eq!(
        found(&plan, "boot-drivers"),
        [(Offer::WhenNamed, Certainty::Certain, 4)]
    );
    // Where most are missing, nothing is known of the rest.
    let few = without(&["ACPI", "pci", "volmgr"]);
    assert_eq!(found(&looked(&few), "boot-drivers"), []);
    // Windows 7 has other groups.
    let older = changed(|windows| {
        windows.kernel = Some([6, 1, 7601, 17514]);
        windows.system.key(SET).remove("Services\\pci");
    });
    let plan = by_name(&older, "boot-drivers");
    assert_eq!(
        found(&plan, "boot-drivers"),
        [(Offer::WhenNamed, Certainty::Certain, 0)]
    );
}

/// A file, its content if it is there, and whether that is told; all other drivers are there.
#[test]
fn a_driver_without_file_is_told_where_drivers_are_shown() {
    let table = [
        ("disk", Some("MZ"), None),
        ("disk", None, Some(Certainty::Certain)),
        ("disk", Some(""), Some(Certainty::Certain)),
        ("storvsc", None, None),
        ("volmgr", None, Some(Certainty::Certain)),
        ("acpi", Some(""), Some(Certainty::Certain)),
    ];
    for (name, content, certainty) in table {
        let lab = changed(|windows| {
            driver_files(windows);
            let path = format!("{DRIVERS}/{name}.sys");
            windows.files.remove(&path);
            if let Some(content) = content {
                windows.files.insert(path, content.into());
            }
        });
        let plan = looked(&lab);
        let wanted: Vec<_> = certainty
            .map(|certainty| (Offer::Report, certainty, 0))
            .into_iter()
            .collect();
        assert_eq!(found(&plan, "boot-drivers"), wanted, "{name} {content:?}");
        assert_eq!(lines(&plan), [""; 0]);
    }
    // A disk that shows hardly any driver proves nothing.
    let lab = changed(|windows| {
        windows
            .files
            .insert(format!("{DRIVERS}/disk.sys"), b"MZ".to_vec());
    });
    assert_eq!(found(&looked(&lab), "boot-drivers"), []);
}

#[test]
fn the_drive_of_windows_need_not_be_c() {
    for (root, found_by_d) in [("C:\\Windows", false), ("D:\\WINDOWS", true)] {
        let lab = changed(|windows| {
            driver_files(windows);
            let version = "Microsoft\\Windows NT\\CurrentVersion";
            let software = windows.software.as_mut().unwrap();
            software.key(version).sz("SystemRoot", root);
            let service = windows.system.key(SET).key("Services\\acmeflt");
            service
                .dword("Type", 1)
                .dword("Start", 0)
                .dword("ErrorControl", 3)
                .expand_sz("ImagePath", "\\??\\D:\\acme\\flt.sys");
        });
        let plan = looked(&lab);
        assert_eq!(
            found(&plan, "boot-drivers").len(),
            usize::from(found_by_d),
            "{root}"
        );
    }
}

#[test]
fn a_critical_driver_of_another_maker_without_file_is_told() {
    for (error_control, held_back, told) in [(3, false, true), (1, false, false), (3, true, false)]
    {
        let lab = changed(|windows| {
            driver_files(windows);
            let service = windows.system.key(SET).key("Services\\acmeflt");
            service
                .dword("Type", 1)
                .dword("Start", 0)
                .dword("ErrorControl", error_control)
                .expand_sz("ImagePath", "\\SystemRoot\\acme\\flt.sys");
            if held_back {
                service.child("StartOverride").dword("0", 3);
            }
        });
        let plan = looked(&lab);
        let what = format!("{error_control} {held_back}");
        assert_eq!(
            found(&plan, "boot-drivers").len(),
            usize::from(told),
            "{what}"
        );
        let said = evidence(&plan, "boot-drivers");
        assert_eq!(said.contains(r"Windows\acme\flt.sys"), told, "{what}");
    }
}

/// The lists of a class, and what they become; `None` for no change.
type Lists = (&'static [&'static str], Option<&'static str>);
const LISTS: &[Lists] = &[
    (&["partmgr"], None),
    (&["PartMgr"], None),
    (&["partmgr", "acme"], Some(r#"REG_MULTI_SZ ["partmgr"]"#)),
    (
        &["acme", "partmgr", "acme"],
        Some(r#"REG_MULTI_SZ ["partmgr"]"#),
    ),
    (
        &["partmgr", "mup", "acme"],
        Some(r#"REG_MULTI_SZ ["partmgr", "mup"]"#),
    ),
    (&["mup", "partmgr"], None),
    (&["mup"], Some(r#"REG_MULTI_SZ ["partmgr", "mup"]"#)),
    (&["acme"], Some(r#"REG_MULTI_SZ ["partmgr"]"#)),
    (&[], Some(r#"REG_MULTI_SZ ["partmgr"]"#)),
];

#[test]
fn a_filter_that_is_gone_leaves_the_list_of_its_class() {
    for &(before, after) in LISTS {
        let lab = with(|set| {
            set.key(DISKS).multi_sz("UpperFilters", before);
        });
        let plan = looked(&lab);
        let change = |after| format!(r"{SET}\{DISKS} UpperFilters = {after}");
        let wanted: Vec<String> = after.map(change).into_iter().collect();
        assert_eq!(lines(&plan), wanted, "{before:?}");
        if after.is_some() {
            let certain = (Offer::Recommended, Certainty::Certain, 1);
            assert_eq!(found(&plan, "class-filters"), [certain], "{before:?}");
        }
    }
}

#[test]
fn partmgr_comes_back_only_where_it_can_be_loaded() {
    let missing = |set: &mut Key| {
        set.key(DISKS).remove_value("UpperFilters");
    };
    assert_eq!(lines(&looked(&with(missing))).len(), 1);
    let lab = with(|set| {
        missing(set);
        set.remove("Services\\partmgr");
    });
    assert_eq!(lines(&looked(&lab)), [""; 0]);
    let lab = with(|set| {
        missing(set);
        set.remove(DISKS);
    });
    assert_eq!(found(&looked(&lab), "class-filters"), []);
}

#[test]
fn a_list_that_becomes_empty_is_deleted() {
    for (path, certainty) in [
        (DISKS, Certainty::Certain),
        (
            "Control\\Class\\{4D36E972-E325-11CE-BFC1-08002BE10318}",
            Certainty::Certain,
        ),
        (
            "Control\\Class\\{4d36e96c-e325-11ce-bfc1-08002be10318}",
            Certainty::Likely,
        ),
    ] {
        let lab = with(|set| {
            set.key(path).multi_sz("LowerFilters", &["acme"]);
        });
        let plan = looked(&lab);
        assert_eq!(
            lines(&plan),
            [format!(r"{SET}\{path} LowerFilters deleted")]
        );
        assert_eq!(
            found(&plan, "class-filters"),
            [(Offer::Recommended, certainty, 1)]
        );
    }
    // An empty list harms nobody; one of another type is told.
    let lab = with(|set| {
        set.key(VOLUMES).multi_sz("UpperFilters", &[]);
        set.key(DISKS).sz("LowerFilters", "acme");
    });
    let plan = looked(&lab);
    assert_eq!(found(&plan, "class-filters"), []);
    assert!(
        plan.left_alone
            .iter()
            .any(|line| line.contains("no list of texts"))
    );
}

#[test]
fn a_needed_filter_stays_also_when_it_cannot_be_loaded() {
    let lab = with(|set| {
        set.key(VOLUMES)
            .multi_sz("LowerFilters", &["fvevol", "acme"]);
    });
    let plan = looked(&lab);
    let change = format!(r#"{SET}\{VOLUMES} LowerFilters = REG_MULTI_SZ ["fvevol"]"#);
    assert_eq!(lines(&plan), [change]);
    let told = (Offer::Report, Certainty::Certain, 0);
    assert!(found(&plan, "class-filters").contains(&told));
}

#[test]
fn a_disabled_filter_goes_when_somebody_asks() {
    let lab = with(|set| {
        set.key("Services\\acme").dword("Type", 1).dword("Start", 4);
        set.key(DISKS).multi_sz("LowerFilters", &["acme"]);
    });
    let look = looked(&lab);
    assert_eq!(lines(&look), [""; 0]);
    let likely = (Offer::WhenAsked, Certainty::Likely, 1);
    assert_eq!(found(&look, "class-filters"), [likely]);
    let deleted = format!(r"{SET}\{DISKS} LowerFilters deleted");
    assert_eq!(lines(&by_name(&lab, "class-filters")), [deleted]);
    // Beside one that is gone it stays until then.
    let both = with(|set| {
        set.key("Services\\acme").dword("Type", 1).dword("Start", 4);
        set.key(DISKS).multi_sz("LowerFilters", &["acme", "gone"]);
    });
    let kept = format!(r#"{SET}\{DISKS} LowerFilters = REG_MULTI_SZ ["acme"]"#);
    assert_eq!(lines(&looked(&both)), [kept]);
    let deleted = format!(r"{SET}\{DISKS} LowerFilters deleted");
    assert_eq!(lines(&by_name(&both, "class-filters")), [deleted]);
}

#[test]
fn a_filter_without_file_is_gone_where_drivers_are_shown() {
    let filter = |windows: &mut Installation| {
        let set = windows.system.key(SET);
        set.key("Services\\acme")
            .dword("Type", 1)
            .dword("Start", 0)
            .dword("ErrorControl", 1)
            .expand_sz("ImagePath", "system32\\DRIVERS\\acme.sys");
        set.key(DISKS).multi_sz("LowerFilters", &["acme"]);
    };
    let unknown = changed(filter);
    assert_eq!(found(&looked(&unknown), "class-filters"), []);
    for (content, gone) in [(None, true), (Some(""), true), (Some("MZ"), false)] {
        let lab = changed(|windows| {
            driver_files(windows);
            filter(windows);
            if let Some(content) = content {
                let path = format!("{DRIVERS}/ACME.SYS");
                windows.files.insert(path, content.into());
            }
        });
        assert_eq!(lines(&looked(&lab)).len(), usize::from(gone), "{content:?}");
    }
    // One that is there is another maker's business.
    let told = |plan: &Plan| plan.left_alone.iter().any(|line| line.contains("acme"));
    assert!(!told(&looked(&unknown)));
    assert!(told(&by_name(&unknown, "class-filters")));
}

#[test]
fn a_device_loses_a_filter_that_is_gone() {
    const NET: &str = "{4d36e972-e325-11ce-bfc1-08002be10318}";
    let likely = (Offer::Recommended, Certainty::Likely, 1);
    let possible = (Offer::WhenAsked, Certainty::Possible, 1);
    for (class, gone, wanted) in [
        (NET, false, vec![likely]),
        (NET, true, vec![]),
        (
            "{4d36e96c-e325-11ce-bfc1-08002be10318}",
            false,
            vec![possible],
        ),
    ] {
        let path = "VMBUS\\{f8615163-df3e-46c5-913f-f2d2f965ed0e}\\{1}";
        let lab = with(|set| {
            device(set, path, "netvsc", class);
            let key = set.key(&format!("Enum\\{path}"));
            key.multi_sz("UpperFilters", &["acme"]);
            if gone {
                key.key(GONE);
            }
        });
        assert_eq!(
            found(&looked(&lab), "class-filters"),
            wanted,
            "{class} {gone}"
        );
    }
}

const REPAIRS: [&str; 5] = [
    "boot-drivers",
    "class-filters",
    "disk-space",
    "pending-update",
    "registry-backup",
];

#[test]
fn real_hives_are_left_alone() {
    for name in [
        "sys-win7sp1-2controlsets",
        "sys-win10-16299-dirty.EXPECTED-yarp",
        "sys-xpsp3-controlset-1-and-3",
    ] {
        let Some(lab) = Lab::shared(name) else {
            continue;
        };
        let plan = looked(&lab);
        for id in REPAIRS {
            assert_eq!(titles(&plan, id), [""; 0], "{name}");
        }
    }
}

/// By name, drivers of Hyper-V that a machine has had no use for can be woken; nothing else.
#[test]
fn real_hives_can_be_moved_to_hyper_v() {
    let set = |number: u32| format!(r"ControlSet00{number}\Services");
    for (name, wanted) in [
        (
            "sys-win7sp1-2controlsets",
            vec![
                format!(r"{}\storvsc Start = REG_DWORD 0x0", set(1)),
                format!(r"{}\storvsc Start = REG_DWORD 0x0", set(2)),
            ],
        ),
        (
            "sys-win10-16299-dirty.EXPECTED-yarp",
            vec![
                format!(r"{}\vmbus\StartOverride 0 = REG_DWORD 0x0", set(1)),
                format!(r"{}\storvsc\StartOverride 0 = REG_DWORD 0x0", set(1)),
            ],
        ),
        ("sys-xpsp3-controlset-1-and-3", vec![]),
    ] {
        let Some(lab) = Lab::shared(name) else {
            continue;
        };
        assert_eq!(lines(&by_name(&lab, "boot-drivers")), wanted, "{name}");
        let filters = by_name(&lab, "class-filters");
        assert_eq!(lines(&filters), [""; 0], "{name}");
        assert_eq!(titles(&filters, "class-filters"), [""; 0], "{name}");
    }
}

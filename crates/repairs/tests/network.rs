//! What is taken for a fault of the network: services, addresses, adapters, providers.
//!
//! Invariants: every disk is the healthy one with the named difference only, or a real hive.
//! Absent on purpose: the laws every repair keeps (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, lines, named, proposed_by, titles};
use repairs::{Certainty, Offer, Plan, Selection, Step};
use testkit::build::Key;
use testkit::windows::{Installation, Options};

const ADAPTER: &str = "{7a1c9d52-40b8-4a63-9d1e-5c2f8be07a14}";
const INTERFACE: &str =
    "Services\\Tcpip\\Parameters\\Interfaces\\{7a1c9d52-40b8-4a63-9d1e-5c2f8be07a14}";
const DEVICE: &str = "Enum\\VMBUS\\{f8615163-df3e-46c5-913f-f2d2f965ed0e}\\\
                      {1b40d5a2-7c11-4c0f-8a67-3e2f90c6d8b1}";
const STORE: &str = "Control\\Nsi\\{eb004a00-9b1a-11d4-9123-0050047759bc}";
const ORDER: &str = "Control\\NetworkProvider\\Order";
const REAL: [&str; 3] = [
    "sys-win7sp1-2controlsets",
    "sys-win10-16299-dirty.EXPECTED-yarp",
    "sys-xpsp3-controlset-1-and-3",
];

/// The healthy installation with a difference in its control set.
fn installation(change: impl FnOnce(&mut Key)) -> Installation {
    let mut windows = Installation::new(&Options::default());
    change(windows.system.key("ControlSet001"));
    windows
}

fn with(change: impl FnOnce(&mut Key)) -> Lab {
    Lab::of(&installation(change).disk())
}

/// Some services with this start type.
fn start<'s>(services: &'s [&'s str], number: u32) -> impl FnOnce(&mut Key) + 's {
    move |set| {
        for service in services {
            set.key("Services").child(service).dword("Start", number);
        }
    }
}

fn looked(lab: &Lab, id: &str) -> Vec<String> {
    let plan = lab.plan(&Selection::default());
    let mine = plan.changes.iter().filter(|change| change.repair == id);
    assert_eq!(mine.count(), plan.changes.len());
    short(&plan)
}

fn by_name(lab: &Lab, id: &str) -> Vec<String> {
    short(&lab.plan(&named(&[id])))
}

/// The changes without the control set and what stands before a service or interface.
fn short(plan: &Plan) -> Vec<String> {
    let cut = |line: String| {
        let line = line.replace(r"ControlSet001\", "");
        let line = line.replace(&INTERFACE.replace("\\\\", "\\"), "NIC");
        line.replace(r"Services\", "")
    };
    lines(plan).into_iter().map(cut).collect()
}

fn with_parameter(id: &str, name: &str, value: &str) -> Selection {
    let mut selection = named(&[id]);
    let key = (id.to_owned(), name.to_owned());
    selection.parameters.insert(key, value.to_owned());
    selection
}

/// A service, and what becomes of it when it is disabled: unasked, and by name.
const DISABLED: &[(&str, Option<u32>, Option<u32>)] = &[
    ("Tcpip", Some(0), Some(0)),
    ("NDIS", Some(0), Some(0)),
    ("Afd", Some(1), Some(1)),
    ("nsi", Some(2), Some(2)),
    ("Dhcp", Some(2), Some(2)),
    ("NlaSvc", Some(2), Some(2)),
    ("netvsc", Some(3), Some(3)),
    ("Netlogon", Some(2), Some(2)),
    ("PlugPlay", Some(3), Some(3)),
    // LanmanWorkstation depends on these, directly or not.
    ("MRxSmb20", Some(3), Some(3)),
    ("Mup", Some(0), Some(0)),
    ("LanmanServer", None, Some(2)),
    ("RemoteRegistry", None, Some(2)),
    ("SharedAccess", None, None),
    ("RemoteAccess", None, None),
    ("WebClient", None, None),
    ("mpssvc", None, None),
    ("BFE", None, None),
];

#[test]
fn a_disabled_service_is_a_fault_a_choice_or_neither() {
    for &(name, unasked, by_its_name) in DISABLED {
        let lab = with(start(&[name], 4));
        let wanted = |number: Option<u32>| -> Vec<String> {
            let line = number.map(|number| format!("{name} Start = REG_DWORD 0x{number:x}"));
            line.into_iter().collect()
        };
        let plan = lab.plan(&Selection::default());
        let mine = plan
            .changes
            .iter()
            .filter(|it| it.repair == "network-services");
        assert_eq!(mine.count(), usize::from(unasked.is_some()), "{name}");
        let told = short(&lab.plan(&named(&["network-services"])));
        let same = |left: &[String], right: &[String]| {
            left.join("|").eq_ignore_ascii_case(&right.join("|"))
        };
        assert!(same(&told, &wanted(by_its_name)), "{name}: {told:?}");
    }
}

#[test]
fn another_start_type_is_meant() {
    for number in [0, 1, 2, 3] {
        let lab = with(start(&["Dhcp", "Tcpip", "NlaSvc", "LanmanServer"], number));
        assert_eq!(by_name(&lab, "network-services"), [""; 0], "{number}");
    }
}

#[test]
fn what_is_needed_depends_on_the_machine() {
    let off = |name: &str, options: &Options, kind: &str| {
        let mut windows = Installation::new(options);
        let set = windows.system.key("ControlSet001");
        start(&[name], 4)(set);
        set.key("Control\\ProductOptions").sz("ProductType", kind);
        titles(
            &Lab::of(&windows.disk()).plan(&named(&["network-services"])),
            "network-services",
        )
        .len()
    };
    let member = Options::default();
    let alone = Options {
        domain: String::new(),
        ..Options::default()
    };
    assert_eq!(off("Netlogon", &member, "ServerNT"), 1);
    assert_eq!(off("Netlogon", &alone, "ServerNT"), 0);
    assert_eq!(off("Netlogon", &alone, "LanmanNT"), 1);
    assert_eq!(off("RemoteRegistry", &member, "ServerNT"), 1);
    assert_eq!(off("RemoteRegistry", &member, "WinNT"), 0);
    let no_bus = with(|set| {
        set.remove("Enum\\VMBUS");
        start(&["netvsc"], 4)(set);
    });
    assert_eq!(looked(&no_bus, "network-services"), [""; 0]);
}

#[test]
fn the_start_type_is_that_of_this_windows() {
    let start_of = |name: &str, version: [u16; 4]| {
        let mut windows = Installation::new(&Options {
            version,
            ..Options::default()
        });
        start(&[name], 4)(windows.system.key("ControlSet001"));
        by_name(&Lab::of(&windows.disk()), "network-services")
    };
    for (name, version, number) in [
        ("NlaSvc", [10, 0, 20348, 1], 2),
        ("NlaSvc", [10, 0, 26100, 1], 3),
        ("PlugPlay", [6, 1, 7601, 1], 2),
        ("PlugPlay", [6, 2, 9200, 1], 3),
        ("Tcpip", [5, 2, 3790, 1], 1),
        ("Tcpip", [6, 0, 6002, 1], 0),
    ] {
        let line = format!("{name} Start = REG_DWORD 0x{number:x}");
        assert_eq!(start_of(name, version), [line], "{version:?}");
    }
}

#[test]
fn smb_2_is_off_as_it_should_be() {
    let lab = with(|set| {
        start(&["mrxsmb20"], 4)(set);
        set.key("Services\\LanmanWorkstation")
            .multi_sz("DependOnService", &["Bowser", "MRxSmb", "NSI"]);
    });
    assert_eq!(by_name(&lab, "network-services"), [""; 0]);
}

#[test]
fn a_dependency_that_is_gone_or_unknown_is_told() {
    let depends = |names: &[&str], change: fn(&mut Key)| {
        let lab = with(|set| {
            set.key("Services\\Dhcp").multi_sz("DependOnService", names);
            change(set);
        });
        let plan = lab.plan(&Selection::default());
        assert!(proposed_by(&plan).all(|id| id != "network-services"));
        titles(&plan, "network-services")
    };
    let gone = depends(&["NSI", "OldVpn"], |_| ());
    assert_eq!(
        gone,
        ["Dhcp depends on the service OldVpn, which does not exist"]
    );
    let off = depends(&["NSI", "OldVpn"], |set| start(&["OldVpn"], 4)(set));
    assert_eq!(
        off,
        ["Dhcp depends on the service OldVpn, which is disabled"]
    );
    // A group, a name that leads elsewhere, and what another repair tells.
    assert_eq!(depends(&["+TDI", r"..\x", "", "Dhcp"], |_| ()), [""; 0]);
    let owned = depends(&["BFE"], |set| start(&["BFE"], 4)(set));
    assert_eq!(owned, [""; 0]);
}

#[test]
fn the_account_of_dhcp() {
    let account = |image: &str, name: &str| {
        let lab = with(|set| {
            let image = format!("%SystemRoot%\\system32\\svchost.exe -k {image}");
            let key = set.key("Services\\Dhcp");
            key.expand_sz("ImagePath", &image).sz("ObjectName", name);
        });
        looked(&lab, "network-services")
    };
    let cure = r#"Dhcp ObjectName = REG_SZ "NT Authority\\LocalService""#;
    let local = "LocalServiceNetworkRestricted -p";
    assert_eq!(account(local, "LocalSystem"), [cure]);
    assert_eq!(account(local, r"NT AUTHORITY\LOCAL SERVICE"), [""; 0]);
    assert_eq!(account("netsvcs", "LocalSystem"), [""; 0]);
    let gone = with(|set| {
        set.remove("Services\\Dhcp");
        set.key("Services\\NlaSvc")
            .multi_sz("DependOnService", &["NSI", "Dhcp"]);
    });
    let plan = gone.plan(&Selection::default());
    assert_eq!(edits(&plan), []);
    let told = titles(&plan, "network-services");
    assert!(
        told[0].starts_with("NlaSvc depends on the service Dhcp"),
        "{told:?}"
    );
    assert!(told[1].starts_with("there is no service Dhcp"), "{told:?}");
}

/// The adapter with a fixed address, and this in its key.
fn fixed(change: impl FnOnce(&mut Key)) -> Lab {
    with(|set| {
        let key = set.key(INTERFACE);
        key.dword("EnableDHCP", 0)
            .multi_sz("IPAddress", &["10.3.58.5"])
            .multi_sz("DefaultGateway", &["10.3.58.1"])
            .sz("NameServer", "10.3.58.4");
        change(set);
    })
}

#[test]
fn a_fixed_address_is_told_and_goes_by_name() {
    let lab = fixed(|_| ());
    let plan = lab.plan(&Selection::default());
    assert_eq!(edits(&plan), []);
    let finding = &plan.found[0].finding;
    assert_eq!(
        (finding.offer, finding.certainty),
        (Offer::WhenAsked, Certainty::Possible)
    );
    assert_eq!(
        finding.title,
        "the adapter \"Ethernet\" keeps the address 10.3.58.5"
    );
    let kept = [
        "NIC EnableDHCP = REG_DWORD 0x1",
        "NIC IPAddress deleted",
        "NIC DefaultGateway deleted",
    ];
    assert_eq!(by_name(&lab, "static-ip"), kept);
    let reset = short(&lab.plan(&with_parameter("static-ip", "dns", "reset")));
    assert_eq!(reset[..3], kept);
    assert_eq!(reset[3..], [r#"NIC NameServer = REG_SZ """#]);
}

#[test]
fn fixed_dns_servers_go_by_request_alone() {
    let lab = with(|set| {
        set.key(INTERFACE).sz("NameServer", "10.3.58.4");
    });
    assert_eq!(by_name(&lab, "static-ip"), [""; 0]);
    let reset = short(&lab.plan(&with_parameter("static-ip", "dns", "reset")));
    assert_eq!(reset, [r#"NIC NameServer = REG_SZ """#]);
    let keep = short(&lab.plan(&with_parameter("static-ip", "dns", "keep")));
    assert_eq!(keep, [""; 0]);
}

#[test]
fn an_interface_that_is_no_adapter_is_left_alone() {
    let lab = |device: Option<&str>, addresses: &[&str]| {
        with(|set| {
            let connection = format!(
                "Control\\Network\\{{4D36E972-E325-11CE-BFC1-08002BE10318}}\\{ADAPTER}\\Connection"
            );
            let key = set.key(&connection);
            key.remove_value("PnpInstanceID");
            if let Some(device) = device {
                key.sz("PnpInstanceID", device);
            }
            set.key(INTERFACE)
                .dword("EnableDHCP", 0)
                .multi_sz("IPAddress", addresses);
        })
    };
    let found = |lab: Lab| titles(&lab.plan(&named(&["static-ip"])), "static-ip").len();
    assert_eq!(found(lab(None, &["0.0.0.0"])), 0);
    assert_eq!(found(lab(Some(r"SWD\MSRRAS\MS_NDISWANIP"), &[])), 0);
    assert_eq!(found(lab(Some(r"PCI\VEN_8086\1"), &[])), 1);
    assert_eq!(found(lab(None, &["10.0.0.4"])), 1);
}

#[test]
fn the_second_copy_of_an_address_goes_too() {
    let luid = "0000000600000600";
    let route = |to: &str, through: &str| format!("{to:0<48}{luid}{luid}{through}00000000");
    let lab = fixed(|set| {
        let store = set.key(STORE);
        let lasting = [0xFF; 4];
        store
            .child("10")
            .binary(&format!("{luid}0a033a0500000000"), &lasting)
            .binary(&format!("{luid}0a033a0600000000"), &lasting);
        store
            .child("16")
            .binary(&route("", "0a033a01"), &lasting)
            .binary(&route("0a000000", "0a033a01"), &lasting)
            .binary(&route("", "0a033aFE"), &lasting);
        set.key("Services\\Tcpip\\Parameters\\PersistentRoutes")
            .sz("0.0.0.0,0.0.0.0,10.3.58.1,-1", "")
            .sz("10.9.0.0,255.255.0.0,10.3.58.1,1", "");
    });
    let plan = lab.plan(&named(&["static-ip"]));
    let deleted: Vec<String> = short(&plan).into_iter().skip(3).collect();
    let store = STORE.replace("\\\\", "\\");
    assert_eq!(
        deleted,
        [
            format!(r"{store}\10 {luid}0a033a0500000000 deleted"),
            format!(r"{store}\16 {} deleted", route("", "0a033a01")),
        ]
    );
    let command = "route delete 0.0.0.0 mask 0.0.0.0 10.3.58.1".to_owned();
    assert_eq!(plan.steps, [Step::AfterBoot(command)]);
    let left = plan.left_alone.join(" ");
    assert!(left.contains("10.9.0.0,255.255.0.0,10.3.58.1,1"), "{left}");
}

#[test]
fn an_adapter_that_is_off_is_told() {
    let flags = |number: u32| {
        with(move |set| {
            set.key(DEVICE).dword("ConfigFlags", number);
        })
    };
    for (number, cured) in [(1, 0), (0x21, 0x20), (0x8000_0001, 0x8000_0000_u32)] {
        let lab = flags(number);
        let plan = lab.plan(&Selection::default());
        assert_eq!(edits(&plan), []);
        let finding = &plan.found[0].finding;
        assert_eq!(finding.certainty, Certainty::Likely);
        let name = "\"Microsoft Hyper-V Network Adapter\"";
        assert!(finding.title.contains(name), "{}", finding.title);
        let key = DEVICE.replace("\\\\", "\\");
        let line = format!("{key} ConfigFlags = REG_DWORD 0x{cured:x}");
        assert_eq!(by_name(&lab, "nic-disabled"), [line]);
    }
    for number in [0, 0x20] {
        assert_eq!(by_name(&flags(number), "nic-disabled"), [""; 0]);
    }
}

#[test]
fn only_adapters_of_the_network_count() {
    let class = "{4d36e972-e325-11ce-bfc1-08002be10318}";
    let other = |path: &str, class: &str| {
        let lab = with(|set| {
            set.key(path).sz("ClassGUID", class).dword("ConfigFlags", 1);
        });
        let plan = lab.plan(&named(&["nic-disabled"]));
        plan.found.first().map(|found| found.finding.certainty)
    };
    let possible = Some(Certainty::Possible);
    assert_eq!(other("Enum\\PCI\\VEN_8086\\1", class), possible);
    assert_eq!(
        other("Enum\\PCI\\VEN_8086\\1", &class.to_uppercase()),
        possible
    );
    assert_eq!(other("Enum\\ROOT\\VMS_MP\\0000", class), possible);
    let disk = "{4d36e967-e325-11ce-bfc1-08002be10318}";
    assert_eq!(other("Enum\\PCI\\VEN_8086\\1", disk), None);
    assert_eq!(other("Enum\\Root\\*TEREDO\\0000", class), None);
    assert_eq!(other("Enum\\SWD\\MSRRAS\\MS_NDISWANIP", class), None);
    // A level too high and one too deep.
    assert_eq!(other("Enum\\PCI\\VEN_8086", class), None);
    assert_eq!(other("Enum\\PCI\\VEN_8086\\1\\x", class), None);
}

#[test]
fn a_provider_that_is_gone_is_dropped() {
    let order = |list: &str| {
        let list = list.to_owned();
        with(move |set| {
            set.key(ORDER).sz("ProviderOrder", &list);
            let there = set.key("Services\\there\\NetworkProvider");
            there.expand_sz("ProviderPath", "%SystemRoot%\\System32\\there.dll");
            set.key("Services\\pathless\\NetworkProvider")
                .sz("Name", "no path");
        })
    };
    let id = "network-provider-order";
    for (list, left) in [
        ("RDPNP,oldvpn,LanmanWorkstation", "RDPNP,LanmanWorkstation"),
        ("oldvpn, rdpnp ,Webclient,P9NP", " rdpnp ,Webclient,P9NP"),
        ("RDPNP,pathless,there", "RDPNP,there"),
    ] {
        let cure = format!(
            r#"{} ProviderOrder = REG_SZ "{left}""#,
            ORDER.replace("\\\\", "\\")
        );
        assert_eq!(looked(&order(list), id), [cure], "{list}");
    }
    for list in [
        "RDPNP,LANMANWORKSTATION,WEBCLIENT,p9np,There",
        "",
        "RDPNP,,there",
    ] {
        assert_eq!(by_name(&order(list), id), [""; 0], "{list}");
    }
    // Nothing of Windows' own: somebody's list, which is told.
    let strange = order("oldvpn").plan(&named(&[id]));
    assert_eq!(edits(&strange), []);
    assert_eq!(strange.found.len(), 1);
}

#[test]
fn a_missing_program_counts_where_others_are() {
    let lab = with(|set| {
        set.key(ORDER).sz("ProviderOrder", "RDPNP,there");
        set.key("Services\\there\\NetworkProvider")
            .expand_sz("ProviderPath", "%SystemRoot%\\System32\\there.dll");
    });
    let id = "network-provider-order";
    assert_eq!(looked(&lab, id), [""; 0]);
    lab.write("Windows/System32/svchost.exe", b"");
    assert_eq!(looked(&lab, id).len(), 1);
    lab.write("Windows/System32/there.dll", b"");
    assert_eq!(looked(&lab, id), [""; 0]);
}

/// The three real hives are of healthy machines.
#[test]
fn real_hives_have_no_fault_of_the_network() {
    for name in REAL {
        let Some(lab) = Lab::shared(name) else {
            continue;
        };
        let plan = lab.plan(&Selection::default());
        let mine = ["network-services", "nic-disabled", "network-provider-order"];
        for id in mine {
            assert_eq!(titles(&plan, id), [""; 0], "{name}");
        }
        assert!(
            plan.changes
                .iter()
                .all(|change| change.repair != "static-ip")
        );
        // The Windows 7 has two adapters with fixed addresses, in both of its control sets.
        let addresses = titles(&plan, "static-ip");
        let fixed = if name.starts_with("sys-win7") { 4 } else { 0 };
        assert_eq!(addresses.len(), fixed, "{name}: {addresses:?}");
    }
}

#[test]
fn a_real_fixed_address_goes_with_its_copies() {
    let Some(lab) = Lab::shared(REAL[0]) else {
        return;
    };
    let plan = lab.plan(&named(&["static-ip"]));
    let told = short(&plan);
    for copy in [
        "0000000600000600c0a8017b00000000 deleted",
        "00000007000006000a033a0500000000 deleted",
        "0000000600000600c0a8010100000000 deleted",
        "00000007000006000a033a0100000000 deleted",
    ] {
        let copies = told.iter().filter(|line| line.ends_with(copy));
        assert_eq!(copies.count(), 2, "{copy}: {told:#?}");
    }
    lab.write_plan(&plan);
    assert_eq!(by_name(&lab, "static-ip"), [""; 0]);
}

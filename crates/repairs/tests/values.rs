//! What each repair takes for a fault and what it leaves alone, value by value.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose:
//! what holds for every repair (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, lines, named, titles};
use repairs::{Kind, PlanError, Selection, Step};
use testkit::build::Key;
use testkit::windows::{Installation, Options};

const SERVER: &str = "Control\\Terminal Server";
const LISTENER: &str = "Control\\Terminal Server\\WinStations\\RDP-Tcp";
const PROTOCOLS: &str = "Control\\SecurityProviders\\SCHANNEL\\Protocols";
const POLICY: &str = "Policies\\Microsoft\\Windows NT\\Terminal Services";
const SET: &str = "ControlSet001";

/// The healthy disk with a difference in its control set.
fn with(change: impl FnOnce(&mut Key)) -> Lab {
    changed(|windows| change(windows.system.key(SET)))
}

fn changed(change: impl FnOnce(&mut Installation)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(&mut windows);
    Lab::of(&windows.disk())
}

/// Windows XP as far as Remote Desktop shows it.
fn xp(windows: &mut Installation) {
    windows.kernel = None;
    windows.software = None;
    let set = windows.system.key(SET);
    for service in ["SessionEnv", "UmRdpService"] {
        set.remove(&format!("Services\\{service}"));
    }
    set.key("Services\\TermService")
        .sz("ObjectName", "LocalSystem")
        .dword("Start", 2);
    set.key(LISTENER)
        .sz("WdName", "Microsoft RDP 5.1")
        .remove_value("LoadableProtocol_Object")
        .remove_value("SecurityLayer")
        .remove_value("UserAuthentication")
        .remove_value("fAllowSecProtocolNegotiation");
}

/// The lines of a plan for one repair by name.
fn by_name(lab: &Lab, id: &str) -> Vec<String> {
    lines(&lab.plan(&named(&[id])))
}

fn looked(lab: &Lab) -> Vec<String> {
    lines(&lab.plan(&Selection::default()))
}

fn article(id: &str) -> Selection {
    Selection {
        as_article: true,
        ..named(&[id])
    }
}

/// Repair, key, value, its number, and what the repair makes of it by name.
const NUMBERS: &[(&str, &str, &str, u32, Option<u32>)] = &[
    ("rdp-enabled", SERVER, "fDenyTSConnections", 0, None),
    ("rdp-enabled", SERVER, "fDenyTSConnections", 1, Some(0)),
    ("rdp-enabled", SERVER, "TSServerDrainMode", 0, None),
    ("rdp-enabled", SERVER, "TSServerDrainMode", 1, Some(0)),
    ("rdp-enabled", SERVER, "TSServerDrainMode", 2, Some(0)),
    ("rdp-enabled", SERVER, "TSUserEnabled", 0, None),
    ("rdp-enabled", SERVER, "TSUserEnabled", 1, None),
    ("rdp-enabled", LISTENER, "fEnableWinStation", 0, Some(1)),
    ("rdp-enabled", LISTENER, "fLogonDisabled", 1, Some(0)),
    (
        "rdp-listener",
        LISTENER,
        "MaxInstanceCount",
        0,
        Some(u32::MAX),
    ),
    ("rdp-listener", LISTENER, "MaxInstanceCount", 2, None),
    ("rdp-listener", LISTENER, "LanAdapter", 2, Some(0)),
    ("rdp-listener", LISTENER, "PortNumber", 0, Some(3389)),
    ("rdp-listener", LISTENER, "PortNumber", 65536, Some(3389)),
    ("rdp-listener", LISTENER, "PortNumber", 3390, None),
    ("rdp-listener", LISTENER, "MinEncryptionLevel", 0, Some(2)),
    ("rdp-listener", LISTENER, "MinEncryptionLevel", 4, None),
    ("rdp-listener", LISTENER, "MinEncryptionLevel", 5, Some(2)),
    ("rdp-listener", LISTENER, "SecurityLayer", 9, None),
    ("rdp-services", "Services\\TermService", "Start", 4, Some(3)),
    ("rdp-services", "Services\\TermService", "Start", 2, None),
    ("rdp-services", "Services\\TermService", "Type", 16, None),
    ("rdp-services", "Services\\SessionEnv", "Start", 4, Some(3)),
    (
        "rdp-services",
        "Services\\UmRdpService",
        "Start",
        4,
        Some(3),
    ),
    ("rdp-services", "Services\\RDPDR", "Start", 4, Some(3)),
    (
        "group-policy-client",
        "Services\\gpsvc",
        "Start",
        4,
        Some(2),
    ),
    ("group-policy-client", "Services\\gpsvc", "Start", 3, None),
    ("nla", LISTENER, "SecurityLayer", 0, None),
    ("nla", LISTENER, "SecurityLayer", 1, None),
    ("nla", LISTENER, "SecurityLayer", 3, Some(2)),
    ("nla", LISTENER, "UserAuthentication", 0, Some(1)),
    ("nla", LISTENER, "fAllowSecProtocolNegotiation", 0, Some(1)),
];

#[test]
fn a_number_is_a_fault_or_not() {
    for &(id, key, name, number, cure) in NUMBERS {
        let lab = with(|set| {
            set.key(key).dword(name, number);
        });
        let wanted: Vec<String> = cure
            .map(|cure| format!(r"{SET}\{key} {name} = REG_DWORD 0x{cure:x}"))
            .into_iter()
            .collect();
        assert_eq!(by_name(&lab, id), wanted, "{name} {number}");
    }
}

#[test]
fn a_number_of_another_type_is_told_and_not_changed() {
    let tls = format!("{PROTOCOLS}\\TLS 1.2\\Server");
    for (key, name) in [
        (SERVER, "fDenyTSConnections"),
        (LISTENER, "PortNumber"),
        (tls.as_str(), "Enabled"),
    ] {
        let lab = with(|set| {
            set.key(key).sz(name, "1");
        });
        let plan = lab.plan(&Selection::default());
        assert_eq!(edits(&plan), []);
        assert!(plan.found[0].finding.title.contains("no number"), "{name}");
    }
}

#[test]
fn nothing_is_created_that_is_not_there() {
    let lab = changed(|windows| {
        let set = windows.system.key(SET);
        for key in [
            SERVER,
            "Services\\TermService",
            "Services\\SessionEnv",
            "Services\\gpsvc",
        ] {
            set.remove(key);
        }
    });
    for id in [
        "rdp-enabled",
        "rdp-listener",
        "rdp-services",
        "nla",
        "nla-off",
    ] {
        assert_eq!(by_name(&lab, id), [""; 0], "{id}");
    }
    let plan = lab.plan(&named(&["group-policy-off"]));
    assert_eq!(edits(&plan), []);
    assert!(plan.left_alone[0].contains("not created"));
}

#[test]
fn a_policy_is_changed_only_where_it_is() {
    let deny = |windows: &mut Installation| {
        let software = windows.software.as_mut().unwrap();
        software
            .key(POLICY)
            .dword("fDenyTSConnections", 1)
            .dword("UserAuthentication", 1);
    };
    let lab = changed(deny);
    let wanted = format!(r"SOFTWARE\{POLICY} fDenyTSConnections = REG_DWORD 0x0");
    assert_eq!(by_name(&lab, "rdp-enabled"), [wanted]);
    let wanted = [
        format!(r"{SET}\{LISTENER} UserAuthentication = REG_DWORD 0x0"),
        format!(r"SOFTWARE\{POLICY} UserAuthentication = REG_DWORD 0x0"),
    ];
    assert_eq!(by_name(&lab, "nla-off"), wanted);
    let without = with(|_| {});
    assert_eq!(by_name(&without, "nla-off"), wanted[..1]);
    // 0 is off already; what 2 means, nobody knows.
    for number in [0, 2] {
        let other = changed(|windows| {
            let software = windows.software.as_mut().unwrap();
            software.key(POLICY).dword("UserAuthentication", number);
        });
        assert_eq!(by_name(&other, "nla-off"), wanted[..1]);
    }
}

#[test]
fn an_unreadable_software_hive_does_not_hide_what_system_shows() {
    for id in ["rdp-enabled", "nla-off"] {
        let lab = with(|set| {
            set.key(SERVER).dword("fDenyTSConnections", 1);
        });
        lab.write("Windows/System32/config/SOFTWARE", b"no hive");
        let plan = lab.plan(&named(&[id]));
        assert_eq!(edits(&plan).len(), 1, "{id}");
        assert!(
            plan.left_alone
                .iter()
                .any(|line| line.starts_with("policy not checked: "))
        );
        lab.remove("Windows/System32/config/SOFTWARE");
        assert_eq!(lab.plan(&named(&[id])).left_alone, [""; 0], "{id}");
    }
}

#[test]
fn xp_is_healthy_as_it_is() {
    let lab = changed(xp);
    let plan = lab.plan(&Selection::default());
    assert_eq!(titles(&plan, "rdp-services"), [""; 0]);
    assert!(plan.found.is_empty(), "{:?}", plan.found);
    assert_eq!(by_name(&lab, "nla"), [""; 0]);
    let disabled = changed(|windows| {
        xp(windows);
        windows
            .system
            .key(SET)
            .key("Services\\TermService")
            .dword("Start", 4);
    });
    let wanted = format!(r"{SET}\Services\TermService Start = REG_DWORD 0x2");
    assert_eq!(looked(&disabled), [wanted]);
}

#[test]
fn the_account_is_judged_by_what_is_known_of_the_version() {
    let local = |windows: &mut Installation| {
        windows
            .system
            .key(SET)
            .key("Services\\TermService")
            .sz("ObjectName", "LocalSystem");
    };
    let wanted =
        format!(r#"{SET}\Services\TermService ObjectName = REG_SZ "NT Authority\\NetworkService""#);
    assert_eq!(looked(&changed(local)), std::slice::from_ref(&wanted));
    // Without kernel and SOFTWARE, SessionEnv tells.
    let unknown = changed(|windows| {
        local(windows);
        windows.kernel = None;
        windows.software = None;
    });
    assert_eq!(looked(&unknown), [wanted]);
    let server_2003 = changed(|windows| {
        local(windows);
        windows.kernel = Some([5, 2, 3790, 1]);
    });
    assert_eq!(looked(&server_2003), [""; 0]);
}

#[test]
fn the_listeners_object_depends_on_the_version() {
    let without = |kernel, software: bool| {
        changed(move |windows| {
            windows.kernel = kernel;
            if !software {
                windows.software = None;
            }
            let listener = windows.system.key(SET).key(LISTENER);
            listener.remove_value("LoadableProtocol_Object");
        })
    };
    let object = "{5828227c-20cf-4408-b73f-73ab70b8849f}";
    let cure = format!(r"{SET}\{LISTENER} LoadableProtocol_Object = REG_SZ {object:?}");
    for known in [Some([10, 0, 14393, 1]), Some([6, 3, 9600, 1])] {
        assert_eq!(looked(&without(known, false)), std::slice::from_ref(&cure));
    }
    // The build number in SOFTWARE tells it too.
    assert_eq!(looked(&without(None, true)), [cure]);
    let win7 = without(Some([6, 1, 7601, 1]), true).plan(&Selection::default());
    assert!(win7.found.is_empty());
    let unknown = without(None, false).plan(&Selection::default());
    assert_eq!(edits(&unknown), []);
    assert_eq!(
        titles(&unknown, "rdp-listener"),
        ["the listener's object is not named"]
    );
    let of_7 = with(|set| {
        let object = "{18B726BB-6fe6-4fb9-9276-ed57ce7c7cb2}";
        set.key(LISTENER).sz("LoadableProtocol_Object", object);
    });
    assert!(of_7.plan(&Selection::default()).found.is_empty());
    let other = with(|set| {
        set.key(LISTENER).sz(
            "LoadableProtocol_Object",
            "{00000000-0000-0000-0000-000000000000}",
        );
    });
    let plan = other.plan(&named(&["rdp-listener"]));
    assert_eq!((edits(&plan), plan.found.len()), (vec![], 1));
}

#[test]
fn what_can_be_meant_is_told() {
    let lab = with(|set| {
        set.key(LISTENER)
            .dword("PortNumber", 3390)
            .dword("MinEncryptionLevel", 4)
            .dword("SecurityLayer", 7);
    });
    let plan = lab.plan(&Selection::default());
    assert_eq!(edits(&plan), []);
    let told = titles(&plan, "rdp-listener");
    assert_eq!(told.len(), 3);
    assert!(told[0].contains("port 3390") && told[1].contains("FIPS"));
    assert!(told[2].contains("SecurityLayer"));
    // Under a symptom `nla` and `rdp-port` look too, and tell of their values themselves.
    let symptoms = vec!["rdp-internal-error".to_owned()];
    let plan = lab.plan(&Selection {
        symptoms,
        ..Selection::default()
    });
    assert_eq!(
        (
            titles(&plan, "rdp-listener").len(),
            titles(&plan, "nla").len(),
            titles(&plan, "rdp-port").len()
        ),
        (1, 1, 1)
    );
    let gone = with(|set| {
        set.remove(LISTENER);
    });
    let plan = gone.plan(&named(&["rdp-listener"]));
    assert!(titles(&plan, "rdp-listener")[0].contains("key is missing"));
    assert_eq!(plan.found[0].finding.steps.len(), 1);
}

#[test]
fn misspelt_names_are_deleted_by_name_only() {
    let lab = with(|set| {
        set.key(LISTENER)
            .dword("'SecurityLayer'", 0)
            .dword("\u{201C}MaxIdleTime\u{201D}", 0)
            .dword(" MaxIdleTime", 0);
    });
    assert_eq!(looked(&lab), [""; 0]);
    let key = format!(r"{SET}\{LISTENER}");
    let wanted = [
        format!("{key} 'SecurityLayer' deleted"),
        format!("{key} \u{201C}MaxIdleTime\u{201D} deleted"),
        format!("{key}  MaxIdleTime deleted"),
    ];
    assert_eq!(by_name(&lab, "rdp-listener"), wanted);
    lab.write_plan(&lab.plan(&named(&["rdp-listener"])));
    assert_eq!(by_name(&lab, "rdp-listener"), [""; 0]);
}

#[test]
fn a_missing_library_is_told_where_others_are() {
    let lab = with(|_| {});
    lab.remove("Windows/System32/termsrv.dll");
    // Nothing else of Windows is there: this is a part of a disk.
    assert_eq!(
        titles(&lab.plan(&Selection::default()), "rdp-services"),
        [""; 0]
    );
    lab.write("Windows/System32/svchost.exe", b"");
    let plan = lab.plan(&Selection::default());
    assert!(titles(&plan, "rdp-services")[0].contains("termsrv.dll is missing"));
    assert!(matches!(
        plan.found[0].finding.steps[0],
        Step::OnRecoveryMachine(_)
    ));
}

#[test]
fn each_dump_has_its_number() {
    let lab = with(|set| {
        set.key("Control\\CrashControl")
            .dword("CrashDumpEnabled", 0)
            .sz("DumpFile", "x");
    });
    let key = format!(r"{SET}\Control\CrashControl");
    let expected = |number: u32, file: &str| {
        [
            format!("{key} CrashDumpEnabled = REG_DWORD 0x{number:x}"),
            format!("{key} DumpFile = REG_EXPAND_SZ {file:?}"),
            format!("{key} NMICrashDump = REG_DWORD 0x1"),
        ]
    };
    let default = r"%SystemRoot%\MEMORY.DMP";
    assert_eq!(by_name(&lab, "crash-dump"), expected(2, default));
    assert_eq!(
        lines(&lab.plan(&article("crash-dump"))),
        expected(1, default)
    );
    for (kind, number) in [
        ("kernel", 2),
        ("complete", 1),
        ("automatic", 7),
        ("small", 3),
    ] {
        let mut selection = named(&["crash-dump"]);
        let set = |name: &str, value: &str| ((("crash-dump").into(), name.into()), value.into());
        selection.parameters = [set("kind", kind), set("file", r"D:\m.dmp")].into();
        let plan = lab.plan(&selection);
        assert_eq!(lines(&plan), expected(number, r"D:\m.dmp"));
        assert!(plan.changes.iter().all(|change| change.kind == Kind::Aid));
        let warned = plan
            .left_alone
            .iter()
            .any(|line| line.contains("more room than the VM"));
        assert_eq!(warned, kind == "complete");
        selection.parameters = [set("kind", "none")].into();
        assert!(matches!(
            lab.try_plan(&selection),
            Err(PlanError::Parameter { .. })
        ));
    }
    let evidence = &lab.plan(&named(&["crash-dump"])).found[0]
        .finding
        .evidence
        .join("\n");
    for part in [
        "CrashDumpEnabled is 0x0",
        r"?:\\pagefile.sys",
        "MiB are free",
    ] {
        assert!(evidence.contains(part), "{part}: {evidence}");
    }
}

#[test]
fn old_protocols_come_on_and_count_as_weakening() {
    let key = |protocol: &str| format!(r"{SET}\{PROTOCOLS}\{protocol}\Server");
    let on = |protocol| format!("{} Enabled = REG_DWORD 0x1", key(protocol));
    let lab = with(|_| {});
    let plan = lab.plan(&named(&["tls-legacy"]));
    assert_eq!(lines(&plan), [on("TLS 1.0"), on("TLS 1.1")]);
    assert!(
        plan.changes
            .iter()
            .all(|change| change.kind == Kind::Weakening)
    );
    let mixed = with(|set| {
        set.key(PROTOCOLS)
            .key("TLS 1.0\\Server")
            .dword("Enabled", u32::MAX);
        set.key(PROTOCOLS)
            .key("TLS 1.1\\Server")
            .dword("DisabledByDefault", 1);
    });
    let by_default = format!("{} DisabledByDefault = REG_DWORD 0x0", key("TLS 1.1"));
    assert_eq!(
        by_name(&mixed, "tls-legacy"),
        [on("TLS 1.1"), by_default.clone()]
    );
    let wanted = [on("TLS 1.0"), on("TLS 1.1"), by_default];
    assert_eq!(lines(&mixed.plan(&article("tls-legacy"))), wanted);
}

#[test]
fn lowered_guards_say_how_they_come_back() {
    let lab = with(|_| {});
    for (id, command) in [
        ("nla-off", "reg add"),
        ("group-policy-off", "sc start gpsvc"),
    ] {
        let plan = lab.plan(&named(&[id]));
        assert!(
            plan.changes
                .iter()
                .all(|change| change.kind == Kind::Weakening),
            "{id}"
        );
        let after = |step: &Step| matches!(step, Step::AfterBoot(text) if text.contains(command));
        assert!(plan.steps.iter().any(after), "{id}");
    }
    let plan = lab.plan(&named(&["nla-off"]));
    assert!(
        plan.found[0]
            .finding
            .evidence
            .join("\n")
            .contains("member of contoso.local")
    );
    let workgroup = Options {
        domain: String::new(),
        ..Options::default()
    };
    let plan = Lab::of(&Installation::new(&workgroup).disk()).plan(&named(&["nla-off"]));
    assert!(
        plan.found[0]
            .finding
            .evidence
            .join("\n")
            .contains("belongs to no domain")
    );
}

#[test]
fn two_control_sets_give_each_step_once() {
    let two = Options {
        control_sets: vec![1, 2],
        ..Options::default()
    };
    let plan = Lab::of(&Installation::new(&two).disk()).plan(&named(&["group-policy-off"]));
    assert_eq!((plan.changes.len(), plan.steps.len()), (2, 4));
}

#[test]
fn stray_hives_and_control_sets_are_told() {
    let two = Options {
        control_sets: vec![1, 2],
        ..Options::default()
    };
    let lab = Lab::of(&Installation::new(&two).disk());
    assert_eq!(
        titles(&lab.plan(&Selection::default()), "stray-hive"),
        [""; 0]
    );
    lab.write("Windows/System32/config/software.HIV", b"no hive");
    let plan = lab.plan(&Selection::default());
    assert!(titles(&plan, "stray-hive")[0].contains("software.HIV"));
    assert!(
        plan.found[0]
            .finding
            .evidence
            .join("\n")
            .contains("no sound hive")
    );
    let stray = changed(|windows| {
        let server = "TLS 1.2\\Server";
        windows
            .system
            .key("ControlSet002")
            .key(PROTOCOLS)
            .key(server)
            .dword("Enabled", 1);
        windows.system.key("Select").dword("Default", 2);
    });
    let plan = stray.plan(&Selection::default());
    assert_eq!(titles(&plan, "stray-hive").len(), 1);
    let mut found = plan.found.iter();
    let finding = &found.find(|it| it.repair == "stray-hive").unwrap().finding;
    assert!(
        finding.title.starts_with("ControlSet002 has only 6 keys"),
        "{}",
        finding.title
    );
    assert!(finding.evidence.join("\n").contains("cannot start"));
    let content = Lab::of(&testkit::windows::broken("stray-hive").unwrap());
    let plan = content.plan(&named(&["stray-hive"]));
    assert_eq!(plan.found.len(), 2);
    assert!(plan.found[0].finding.evidence[1].contains("empty hive"));
}

#[test]
fn a_domain_can_take_tls_away_again() {
    let off = |domain: &str| {
        let options = Options {
            domain: domain.to_owned(),
            ..Options::default()
        };
        let mut windows = Installation::new(&options);
        let set = windows.system.key(SET);
        set.key(PROTOCOLS)
            .key("TLS 1.2\\Server")
            .dword("Enabled", 0);
        Lab::of(&windows.disk())
            .plan(&Selection::default())
            .left_alone
    };
    assert_eq!(off("contoso.local").len(), 1);
    assert!(off("contoso.local")[0].contains("policy"));
    assert_eq!(off(""), [""; 0]);
}

#[test]
fn a_control_set_needs_more_than_one_sign_to_be_stray() {
    let strays = |change: fn(&mut Key)| {
        let lab = changed(|windows| change(windows.system.key("ControlSet002")));
        titles(&lab.plan(&Selection::default()), "stray-hive").len()
    };
    let few = |set: &mut Key| {
        set.key("Control\\CrashControl");
    };
    assert_eq!(strays(few), 1);
    let product = |set: &mut Key| {
        set.key("Control\\ProductOptions");
    };
    assert_eq!(strays(product), 0);
    let devices = |set: &mut Key| {
        set.key("Enum");
    };
    assert_eq!(strays(devices), 0);
    let many = |set: &mut Key| {
        for number in 0..45 {
            set.key("Services").child(&format!("svc{number}"));
        }
    };
    assert_eq!(strays(many), 0);
}

#[test]
fn the_article_lowers_nothing_and_adds_nothing_of_its_own() {
    let server = format!(r"{SET}\{PROTOCOLS}\TLS 1.2\Server");
    let enabled = format!("{server} Enabled = REG_DWORD 0x1");
    let plan = with(|_| {}).plan(&article("tls-protocols"));
    assert_eq!(lines(&plan), [enabled]);
    let by_default = with(|set| {
        let server = set.key(PROTOCOLS).key("TLS 1.2\\Server");
        server.dword("Enabled", 1).dword("DisabledByDefault", 1);
    });
    let wanted = format!("{server} DisabledByDefault = REG_DWORD 0x0");
    assert_eq!(looked(&by_default), std::slice::from_ref(&wanted));
    assert_eq!(lines(&by_default.plan(&article("tls-protocols"))), [wanted]);
    for (layer, wanted) in [(0, Some(1)), (1, None), (2, None), (3, Some(1))] {
        let lab = with(|set| {
            set.key(LISTENER).dword("SecurityLayer", layer);
        });
        let wanted =
            wanted.map(|number| format!(r"{SET}\{LISTENER} SecurityLayer = REG_DWORD 0x{number}"));
        let wanted: Vec<String> = wanted.into_iter().collect();
        assert_eq!(lines(&lab.plan(&article("nla"))), wanted, "{layer}");
    }
}

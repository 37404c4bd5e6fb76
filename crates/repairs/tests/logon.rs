//! What stands between boot and logon: what is a fault, what is told, what stays.
//!
//! Invariants: every disk is the healthy one with the named difference only, or a real hive as it
//! is. Absent on purpose: what holds for every repair (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, lines, named, titles};
use repairs::{Certainty, Kind, Offer, Plan, Selection};
use testkit::windows::{Installation, Options, broken};
use volume::Scope;

const SET: &str = "ControlSet001";
const LSA: &str = "Control\\Lsa";
const MSV: &str = "Control\\Lsa\\MSV1_0";
const MANAGER: &str = "Control\\Session Manager";
const WINLOGON: &str = "Microsoft\\Windows NT\\CurrentVersion\\Winlogon";
const IFEO: &str = "Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options";
const HERE: &str = "Windows/System32/svchost.exe";
/// The repairs that are tested here.
const IDS: [&str; 8] = [
    "authentication",
    "control-set-selection",
    "critical-ifeo",
    "driver-verifier",
    "error-control-loop",
    "logon-chain",
    "san-policy",
    "setup-state",
];

fn with(change: impl FnOnce(&mut Installation)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(&mut windows);
    Lab::of(&windows.disk())
}

fn looked(lab: &Lab) -> Vec<String> {
    lines(&lab.plan(&Selection::default()))
}

fn by_name(lab: &Lab, id: &str) -> Vec<String> {
    lines(&lab.plan(&named(&[id])))
}

/// A repair by name, told something.
fn told(id: &str, name: &str, value: &str) -> Selection {
    let mut selection = named(&[id]);
    let key = (id.to_owned(), name.to_owned());
    selection.parameters.insert(key, value.to_owned());
    selection
}

fn notes(plan: &Plan) -> String {
    plan.left_alone.join("\n")
}

/// Repair, key, value, its number; what becomes of it in a plain look, and by name.
type Number = (
    &'static str,
    &'static str,
    &'static str,
    u32,
    Option<u32>,
    Option<u32>,
);

const NUMBERS: &[Number] = &[
    ("authentication", LSA, "forceguest", 0, None, None),
    ("authentication", LSA, "forceguest", 1, Some(0), Some(0)),
    ("authentication", LSA, "forceguest", 2, None, None),
    ("authentication", LSA, "crashonauditfail", 1, None, None),
    ("authentication", LSA, "crashonauditfail", 2, None, Some(0)),
    (
        "authentication",
        LSA,
        "disabledomaincreds",
        1,
        None,
        Some(0),
    ),
    ("authentication", LSA, "LmCompatibilityLevel", 5, None, None),
    (
        "authentication",
        LSA,
        "LmCompatibilityLevel",
        6,
        None,
        Some(5),
    ),
    (
        "authentication",
        "Control\\Lsa\\FipsAlgorithmPolicy",
        "Enabled",
        1,
        None,
        None,
    ),
    (
        "authentication",
        MSV,
        "RestrictReceivingNTLMTraffic",
        2,
        None,
        None,
    ),
    (
        "authentication",
        MSV,
        "RestrictSendingNTLMTraffic",
        2,
        None,
        None,
    ),
    (
        "san-policy",
        "Services\\partmgr\\Parameters",
        "SanPolicy",
        1,
        None,
        None,
    ),
    (
        "san-policy",
        "Services\\partmgr\\Parameters",
        "SanPolicy",
        2,
        None,
        None,
    ),
    (
        "san-policy",
        "Services\\partmgr\\Parameters",
        "SanPolicy",
        3,
        Some(1),
        Some(1),
    ),
    (
        "san-policy",
        "Services\\partmgr\\Parameters",
        "SanPolicy",
        4,
        Some(1),
        Some(1),
    ),
    (
        "san-policy",
        "Services\\partmgr\\Parameters",
        "SanPolicy",
        5,
        None,
        None,
    ),
    // A driver may stop the boot; a program that Windows ships never does.
    (
        "error-control-loop",
        "Services\\partmgr",
        "ErrorControl",
        3,
        None,
        None,
    ),
    (
        "error-control-loop",
        "Services\\CryptSvc",
        "ErrorControl",
        1,
        None,
        None,
    ),
    (
        "error-control-loop",
        "Services\\CryptSvc",
        "ErrorControl",
        2,
        None,
        Some(1),
    ),
    (
        "error-control-loop",
        "Services\\CryptSvc",
        "ErrorControl",
        3,
        None,
        Some(1),
    ),
    (
        "error-control-loop",
        "Services\\CryptSvc",
        "ErrorControl",
        4,
        None,
        None,
    ),
];

#[test]
fn a_number_is_a_fault_or_not() {
    for &(id, key, name, number, look, asked) in NUMBERS {
        let lab = with(|windows| {
            windows.system.key(SET).key(key).dword(name, number);
        });
        let line = |to: Option<u32>| -> Vec<String> {
            to.map(|to| format!(r"{SET}\{key} {name} = REG_DWORD 0x{to:x}"))
                .into_iter()
                .collect()
        };
        assert_eq!(looked(&lab), line(look), "{name} {number}");
        assert_eq!(by_name(&lab, id), line(asked), "{name} {number} by name");
    }
}

#[test]
fn guards_are_lowered_only_when_they_are_named() {
    let id = "authentication";
    let guarded = |alone: bool| {
        with(|windows| {
            let set = windows.system.key(SET);
            set.key("Control\\Lsa\\FipsAlgorithmPolicy")
                .dword("Enabled", 1);
            set.key(MSV)
                .dword("RestrictReceivingNTLMTraffic", 2)
                .dword("RestrictSendingNTLMTraffic", 2);
            if alone {
                let key = set.key("Services\\Tcpip\\Parameters");
                key.sz("Domain", "").sz("NV Domain", "");
            }
        })
    };
    let fips = format!(r"{SET}\Control\Lsa\FipsAlgorithmPolicy Enabled = REG_DWORD 0x0");
    let receiving = format!(r"{SET}\{MSV} RestrictReceivingNTLMTraffic = REG_DWORD 0x0");
    let sending = format!(r"{SET}\{MSV} RestrictSendingNTLMTraffic = REG_DWORD 0x0");
    let member = guarded(false);
    assert_eq!(by_name(&member, id), [""; 0]);
    let said = notes(&member.plan(&named(&[id])));
    for guard in [
        "FIPS",
        "--set authentication.lower=ntlm",
        "every other machine",
    ] {
        assert!(said.contains(guard), "{said}");
    }
    let lowered = |lab: &Lab, what| lab.plan(&told(id, "lower", what));
    assert_eq!(
        lines(&lowered(&member, "fips")),
        std::slice::from_ref(&fips)
    );
    let both = lowered(&member, "fips,ntlm");
    assert_eq!(lines(&both), [fips, receiving.clone(), sending]);
    assert!(both.changes.iter().all(|it| it.kind == Kind::Weakening));
    // Without a domain there is no Kerberos: nobody gets in, and it is offered.
    let alone = guarded(true);
    assert_eq!(looked(&alone), [""; 0]);
    assert_eq!(by_name(&alone, id), [receiving]);
    assert!(member.try_plan(&told(id, "lower", "all")).is_err());
}

#[test]
fn guest_is_what_xp_is_shipped_with() {
    let xp = with(|windows| {
        (windows.kernel, windows.software) = (None, None);
        let set = windows.system.key(SET);
        set.remove("Services\\SessionEnv");
        set.key(LSA).dword("forceguest", 1);
    });
    assert_eq!(by_name(&xp, "authentication"), [""; 0]);
}

#[test]
fn a_service_is_judged_by_what_it_is_and_when_it_starts() {
    // Name, type, start, whether it goes in a plain look, and by name.
    let table = [
        ("RDAgent", 16, 2, true, true),
        ("AzureWLBackupInquirySvc", 32, 2, true, true),
        ("AzureWLBackupCoordinatorSvc", 16, 4, false, false),
        ("Own", 16, 2, false, true),
        ("Own", 0x110, 3, false, true),
        ("Own", 1, 2, false, false),
        ("Own", 2, 0, false, false),
    ];
    for (name, kind, start, look, asked) in table {
        let lab = with(|windows| {
            let service = windows.system.key(SET).key("Services").child(name);
            service
                .dword("Type", kind)
                .dword("Start", start)
                .dword("ErrorControl", 3);
        });
        let found = [
            looked(&lab).len(),
            by_name(&lab, "error-control-loop").len(),
        ];
        assert_eq!(
            found,
            [look, asked].map(usize::from),
            "{name} {kind} {start}"
        );
    }
}

#[test]
fn a_node_of_a_cluster_keeps_its_disks_offline() {
    for (start, waits) in [(2, true), (3, true), (4, false)] {
        let lab = with(|windows| {
            let services = windows.system.key(SET).key("Services");
            services.key("partmgr\\Parameters").dword("SanPolicy", 3);
            services.child("ClusSvc").dword("Start", start);
        });
        assert_eq!(looked(&lab).is_empty(), waits, "{start}");
        assert_eq!(by_name(&lab, "san-policy").len(), 1, "{start}");
    }
}

#[test]
fn the_verifier_is_on_when_it_has_drivers() {
    let key = format!("{MANAGER}\\Memory Management");
    let deleted = |name: &str| format!(r"{SET}\{key} {name} deleted");
    let lab = with(|windows| {
        let key = windows.system.key(SET).key(&key);
        key.sz("VerifyDrivers", "*").dword("VerifyDriverLevel", 9);
    });
    let both = [deleted("VerifyDrivers"), deleted("VerifyDriverLevel")];
    assert_eq!(looked(&lab), both);
    let level = with(|windows| {
        let key = windows.system.key(SET).key(&key);
        key.dword("VerifyDriverLevel", 9);
    });
    assert_eq!(looked(&level), [""; 0]);
    assert_eq!(by_name(&level, "driver-verifier"), both[1..]);
}

/// Value, its entries, what a plain look makes of it, and what the repair does by name.
type List = (
    &'static str,
    &'static [&'static str],
    Option<&'static [&'static str]>,
    Option<&'static [&'static str]>,
);

const CHECK: &str = "autocheck autochk *";

const LISTS: &[List] = &[
    ("BootExecute", &[CHECK], None, None),
    ("BootExecute", &[], None, None),
    (
        "BootExecute",
        &[r"autocheck autochk /r \??\C:", CHECK],
        None,
        None,
    ),
    ("BootExecute", &[CHECK, "there"], None, Some(&[CHECK])),
    (
        "BootExecute",
        &[CHECK, "gone"],
        Some(&[CHECK]),
        Some(&[CHECK]),
    ),
    (
        "BootExecute",
        &["gone.exe /x"],
        Some(&[CHECK]),
        Some(&[CHECK]),
    ),
    (
        "BootExecute",
        &["there", "async gone", CHECK],
        Some(&["there", CHECK]),
        Some(&["there", CHECK]),
    ),
    ("SETUPEXECUTE", &["", ""], None, None),
    ("SETUPEXECUTE", &["gone"], Some(&[]), Some(&[])),
    ("SETUPEXECUTE", &["there"], None, Some(&[])),
    ("SETUPEXECUTE", &["setupcl.exe"], None, None),
    (
        "SETUPEXECUTE",
        &[r"C:\Windows\System32\poqexec.exe /display_progress \SystemRoot\WinSxS\pending.xml"],
        None,
        None,
    ),
];

/// The healthy disk with more programs in its System32, and a difference.
fn with_programs(change: impl FnOnce(&mut Installation)) -> Lab {
    let lab = with(change);
    for file in ["svchost", "there", "setupcl", "poqexec", "csrss"] {
        lab.write(&format!("Windows/System32/{file}.exe"), b"MZ");
    }
    lab
}

#[test]
fn a_list_loses_only_what_cannot_start() {
    for &(name, entries, look, asked) in LISTS {
        let lab = with_programs(|windows| {
            windows.system.key(SET).key(MANAGER).multi_sz(name, entries);
        });
        let spelled = if name == "SETUPEXECUTE" {
            "SetupExecute"
        } else {
            name
        };
        let line = |list: Option<&[&str]>| -> Vec<String> {
            list.map(|list| format!(r"{SET}\{MANAGER} {spelled} = REG_MULTI_SZ {list:?}"))
                .into_iter()
                .collect()
        };
        assert_eq!(looked(&lab), line(look), "{entries:?}");
        assert_eq!(
            by_name(&lab, "logon-chain"),
            line(asked),
            "{entries:?} by name"
        );
        // A disk that shows no programs proves nothing.
        lab.remove(HERE);
        assert_eq!(looked(&lab), [""; 0], "{entries:?} on an empty disk");
    }
}

#[test]
fn an_update_that_has_lost_its_list_cannot_run() {
    let entry = r"\SystemRoot\System32\poqexec.exe /noreboot \SystemRoot\WinSxS\pending.xml";
    let lab = with_programs(|windows| {
        let key = windows.system.key(SET).key(MANAGER);
        key.multi_sz("SETUPEXECUTE", &[entry]);
    });
    assert!(notes(&lab.plan(&Selection::default())).contains("works off an update"));
    lab.write("Windows/WinSxS/pending.xml", b"<x/>");
    assert_eq!(looked(&lab), [""; 0]);
    lab.remove("Windows/WinSxS/pending.xml");
    let wanted = format!(r"{SET}\{MANAGER} SetupExecute = REG_MULTI_SZ []");
    assert_eq!(looked(&lab), [wanted]);
}

/// `Userinit` and `Shell` as they stand; what a plain look and the name make of them.
const LOGONS: &[(&str, &str, bool, bool)] = &[
    (
        "Userinit",
        r"C:\Windows\system32\userinit.exe,",
        false,
        false,
    ),
    ("Userinit", "userinit.exe", false, false),
    (
        "Userinit",
        r"%SystemRoot%\System32\USERINIT.EXE",
        false,
        false,
    ),
    (
        "Userinit",
        r"C:\Windows\system32\userinit.exe,C:\x\cmstart.exe,",
        false,
        false,
    ),
    ("Userinit", "", true, true),
    ("Userinit", ",", true, true),
    ("Userinit", r"D:\Windows\system32\userinit.exe,", true, true),
    ("Userinit", r"C:\Temp\userinit.exe,", true, true),
    ("Userinit", r"C:\Windows\system32\other.exe,", true, true),
    ("Shell", "explorer.exe", false, false),
    ("Shell", "Explorer.exe", false, false),
    ("Shell", "explorer.exe,there.exe", false, false),
    ("Shell", "", true, true),
    ("Shell", "gone.exe", true, true),
    ("Shell", r"C:\Kiosk\gone.exe /full", true, true),
    ("Shell", r"D:\Kiosk\kiosk.exe", false, true),
    (
        "Shell",
        r#"cmd.exe /c "cd /d "%USERPROFILE%" & start cmd.exe""#,
        false,
        true,
    ),
];

#[test]
fn winlogon_starts_windows_own_programs() {
    for &(name, text, look, asked) in LOGONS {
        let lab = with_programs(|windows| {
            let software = windows.software.as_mut().unwrap();
            software.key(WINLOGON).sz(name, text);
        });
        lab.write("Windows/System32/cmd.exe", b"MZ");
        let own = match name {
            "Shell" => r#""explorer.exe""#,
            _ => r#""C:\\Windows\\system32\\userinit.exe,""#,
        };
        let line = |is: bool| -> Vec<String> {
            let line = format!(r"SOFTWARE\{WINLOGON} {name} = REG_SZ {own}");
            is.then_some(line).into_iter().collect()
        };
        assert_eq!(looked(&lab), line(look), "{text}");
        assert_eq!(by_name(&lab, "logon-chain"), line(asked), "{text} by name");
    }
    let core = with(|windows| {
        let software = windows.software.as_mut().unwrap();
        software
            .key("Microsoft\\Windows NT\\CurrentVersion")
            .sz("InstallationType", "Server Core");
        software.key(WINLOGON).sz("Shell", "cmd.exe");
    });
    assert_eq!(by_name(&core, "logon-chain"), [""; 0]);
}

#[test]
fn a_software_hive_that_cannot_be_read_hides_nothing_of_system() {
    let lab = with(|windows| {
        let set = windows.system.key(SET);
        set.key("Services\\RpcEptMapper")
            .expand_sz("ImagePath", "x.exe");
    });
    lab.write("Windows/System32/config/SOFTWARE", b"no hive");
    let plan = lab.plan(&named(&["logon-chain"]));
    assert_eq!(edits(&plan).len(), 1);
    assert!(notes(&plan).contains("Userinit and Shell not checked: "));
}

/// The command line of the subsystem with one part in place of another; whether it goes in a plain
/// look, and by name.
const LINES: &[(&str, &str, bool, bool)] = &[
    (
        "SharedSection=1024,20480,768",
        "SharedSection=1024,20480,4096",
        false,
        false,
    ),
    (
        r"%SystemRoot%\system32\csrss.exe",
        r"%windir%\System32\csrss",
        false,
        false,
    ),
    (
        r"%SystemRoot%\system32\csrss.exe",
        r"%SystemRoot%\csrss.exe",
        true,
        true,
    ),
    ("ServerDll=basesrv,1 ", "", true, true),
    (":UserServerDllInitialization", ":x", true, true),
    ("ServerDll=sxssrv,4 ", "", false, false),
    (
        "ServerDll=sxssrv,4",
        "ServerDll=gone:Start,2 ServerDll=sxssrv,4",
        true,
        true,
    ),
    (
        "ServerDll=sxssrv,4",
        "ServerDll=other:Start,2 ServerDll=sxssrv,4",
        false,
        true,
    ),
    (
        "ServerDll=sxssrv,4",
        "ServerDll=consrv:ConServerDllInitialization,2",
        true,
        true,
    ),
];

#[test]
fn the_subsystem_keeps_what_it_can_work_with() {
    let key = format!("{MANAGER}\\SubSystems");
    let healthy = with(|_| {}).open();
    let healthy = {
        let target = volume::Target {
            hive: volume::HiveName::System,
            key: format!(r"{SET}\{key}"),
            name: "Windows".to_owned(),
        };
        healthy.read(&target).unwrap().unwrap()
    };
    let line = healthy.as_text().unwrap();
    for &(part, other, look, asked) in LINES {
        assert!(line.contains(part), "{part}");
        let lab = with_programs(|windows| {
            let key = windows.system.key(SET).key(&key);
            key.expand_sz("Windows", &line.replace(part, other));
        });
        for file in ["consrv.dll", "other.dll"] {
            lab.write(&format!("Windows/System32/{file}"), b"MZ");
        }
        assert_eq!(!looked(&lab).is_empty(), look, "{other}");
        let plan = lab.plan(&named(&["logon-chain"]));
        let wanted: Vec<&hive::RegData> = asked.then_some(&healthy).into_iter().collect();
        let edits = edits(&plan);
        let after: Vec<_> = edits.iter().filter_map(volume::Edit::after).collect();
        assert_eq!(after, wanted, "{other}");
    }
}

#[test]
fn the_windows_subsystem_is_required() {
    let key = format!("{MANAGER}\\SubSystems");
    for (names, look, asked) in [
        (&["Debug", "Windows"][..], false, false),
        (&["windows", "DEBUG"], false, false),
        (&["Windows"], false, true),
        (&["Debug", "Windows", "Posix"], false, true),
        (&["Debug"], true, true),
        (&[], true, true),
    ] {
        let lab = with(|windows| {
            let key = windows.system.key(SET).key(&key);
            key.multi_sz("Required", names);
        });
        let wanted = format!(r#"{SET}\{key} Required = REG_MULTI_SZ ["Debug", "Windows"]"#);
        let line = |is: bool| is.then(|| wanted.clone()).into_iter().collect::<Vec<_>>();
        assert_eq!(looked(&lab), line(look), "{names:?}");
        assert_eq!(
            by_name(&lab, "logon-chain"),
            line(asked),
            "{names:?} by name"
        );
    }
}

#[test]
fn an_unknown_windows_gets_no_command_line() {
    let lab = with(|windows| {
        (windows.kernel, windows.software) = (None, None);
        let set = windows.system.key(SET);
        set.key(&format!("{MANAGER}\\SubSystems"))
            .sz("Windows", "x");
    });
    let plan = lab.plan(&named(&["logon-chain"]));
    assert_eq!(edits(&plan), []);
    assert_eq!(plan.found[0].finding.offer, Offer::Report);
}

#[test]
fn both_services_of_remote_calls_share_a_process() {
    let host = |group: &str| format!(r"%SystemRoot%\system32\svchost.exe -k {group}");
    // RpcSs, RpcEptMapper, and what is changed.
    let line = |service: &str, group: &str| {
        let path = host(group).replace('\\', "\\\\");
        format!(r#"{SET}\Services\{service} ImagePath = REG_EXPAND_SZ "{path}""#)
    };
    let table = [
        ("rpcss", "RPCSS", vec![]),
        ("rpcss -p", "RPCSS -p", vec![]),
        (
            "rpcss -p",
            "netsvcs",
            vec![line("RpcEptMapper", "rpcss -p")],
        ),
        ("netsvcs", "RPCSS", vec![line("RpcSs", "RPCSS")]),
        (
            "x",
            "x",
            vec![line("RpcSs", "rpcss"), line("RpcEptMapper", "rpcss")],
        ),
    ];
    for (first, second, wanted) in table {
        let lab = with(|windows| {
            let services = windows.system.key(SET).key("Services");
            services.child("RpcSs").expand_sz("ImagePath", &host(first));
            services
                .child("RpcEptMapper")
                .expand_sz("ImagePath", &host(second));
        });
        assert_eq!(looked(&lab), wanted, "{first} {second}");
    }
}

/// Values of `Setup`, what the disk says about setup (`GeneralizationState` and `ImageState`, or
/// one of them missing), and the values a plain look and the name change.
struct State {
    values: [(&'static str, u32); 2],
    command: &'static str,
    says: (Option<u32>, Option<&'static str>),
    look: usize,
    asked: usize,
    title: &'static str,
}

const DONE: (Option<u32>, Option<&str>) = (Some(7), Some("IMAGE_STATE_COMPLETE"));

const STATES: &[State] = &[
    State {
        values: [("SetupType", 0), ("SetupType", 0)],
        command: "",
        says: DONE,
        look: 0,
        asked: 0,
        title: "",
    },
    State {
        values: [("SetupType", 0), ("SetupType", 0)],
        command: r"oobe\x.exe",
        says: DONE,
        look: 0,
        asked: 0,
        title: "",
    },
    State {
        values: [("SetupType", 2), ("SetupType", 2)],
        command: "",
        says: DONE,
        look: 1,
        asked: 1,
        title: "no program",
    },
    State {
        values: [("SetupType", 1), ("OOBEInProgress", 1)],
        command: "",
        says: (None, None),
        look: 2,
        asked: 2,
        title: "no program",
    },
    State {
        values: [("SetupType", 2), ("SetupType", 2)],
        command: "cmd.exe",
        says: DONE,
        look: 0,
        asked: 2,
        title: "runs as setup",
    },
    State {
        values: [("SystemSetupInProgress", 1), ("OOBEInProgress", 1)],
        command: "",
        says: DONE,
        look: 2,
        asked: 2,
        title: "takes itself",
    },
    State {
        values: [("SystemSetupInProgress", 1), ("SystemSetupInProgress", 1)],
        command: "",
        says: (None, None),
        look: 0,
        asked: 1,
        title: "may take itself",
    },
    State {
        values: [("SetupType", 2), ("SystemSetupInProgress", 1)],
        command: r"oobe\windeploy.exe",
        says: DONE,
        look: 0,
        asked: 0,
        title: "still being set up",
    },
    State {
        values: [("SetupType", 2), ("SetupPhase", 4)],
        command: "",
        says: DONE,
        look: 0,
        asked: 0,
        title: "still being set up",
    },
    State {
        values: [("SetupType", 2), ("SetupType", 2)],
        command: "",
        says: (Some(3), None),
        look: 0,
        asked: 0,
        title: "still being set up",
    },
    State {
        values: [("SystemSetupInProgress", 1), ("OOBEInProgress", 1)],
        command: "",
        says: (None, Some("IMAGE_STATE_UNDEPLOYABLE")),
        look: 0,
        asked: 0,
        title: "still being set up",
    },
];

#[test]
fn a_setup_that_is_under_way_is_left_alone() {
    for (row, state) in STATES.iter().enumerate() {
        let lab = with(|windows| {
            let setup = windows.system.key("Setup");
            for (name, number) in state.values {
                setup.dword(name, number);
            }
            setup.sz("CmdLine", state.command);
            let sysprep = setup.key("Status\\SysprepStatus");
            sysprep.remove_value("GeneralizationState");
            if let Some(number) = state.says.0 {
                sysprep.dword("GeneralizationState", number);
            }
            let software = windows.software.as_mut().unwrap();
            let image = software.key("Microsoft\\Windows\\CurrentVersion\\Setup\\State");
            image.remove_value("ImageState");
            if let Some(text) = state.says.1 {
                image.sz("ImageState", text);
            }
        });
        let changed = [looked(&lab).len(), by_name(&lab, "setup-state").len()];
        assert_eq!(changed, [state.look, state.asked], "row {row}");
        let said = titles(&lab.plan(&Selection::default()), "setup-state").join("\n");
        assert!(said.contains(state.title), "row {row}: {said}");
        assert_eq!(said.is_empty(), state.title.is_empty(), "row {row}: {said}");
    }
}

#[test]
fn only_critical_programs_lose_their_debugger() {
    // Program, value, data (text, or a number for GlobalFlag), plain look, by name.
    let table = [
        ("svchost.exe", "Debugger", "x.exe", true, true),
        ("LogonUI.EXE", "Debugger", "x.exe", true, true),
        ("winlogon.exe", "Debugger", " ", false, false),
        ("lsass.exe", "GlobalFlag", "0x02000000", true, true),
        ("lsass.exe", "GlobalFlag", "0x0", false, false),
        ("lsass.exe", "GlobalFlag", "0x200", false, true),
        ("lsass.exe", "AuditLevel", "8", false, false),
        ("taskmgr.exe", "Debugger", "procexp.exe", false, false),
        ("sethc.exe", "Debugger", "cmd.exe", false, false),
    ];
    for (program, name, data, look, asked) in table {
        let lab = with(|windows| {
            let software = windows.software.as_mut().unwrap();
            software.key(IFEO).child(program).sz(name, data);
        });
        let wanted = format!(r"SOFTWARE\{IFEO}\{program} {name} deleted");
        let line = |is: bool| is.then(|| wanted.clone()).into_iter().collect::<Vec<_>>();
        let found = [looked(&lab), by_name(&lab, "critical-ifeo")];
        let found = found.map(|lines| lines.join("|").to_lowercase());
        let wanted = [line(look), line(asked)].map(|it| it.join("|").to_lowercase());
        assert_eq!(found, wanted, "{program} {data}");
        let plan = lab.plan(&Selection::default());
        let door = titles(&plan, "critical-ifeo")
            .join("")
            .contains("back door");
        assert_eq!(door, program == "sethc.exe", "{program}");
        assert_eq!(notes(&plan).contains("taskmgr"), program == "taskmgr.exe");
    }
}

/// Existing control sets, `Select` (Current, Default, Failed, LastKnownGood), the parameter, the
/// values a plain look and the name change, and to what.
type Choice = (
    &'static [u32],
    [u32; 4],
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    u32,
);

const CHOICES: &[Choice] = &[
    (&[1], [1, 1, 0, 1], "auto", &[], &[], 0),
    (&[1, 2], [1, 1, 0, 2], "auto", &[], &[], 0),
    (
        &[1],
        [2, 2, 1, 3],
        "auto",
        &["Current", "Default", "LastKnownGood"],
        &["Current", "Default", "LastKnownGood"],
        1,
    ),
    (&[1, 3], [1, 2, 0, 3], "auto", &["Default"], &["Default"], 1),
    (
        &[1, 3],
        [2, 2, 1, 3],
        "auto",
        &["Current", "Default"],
        &["Current", "Default"],
        3,
    ),
    (&[1, 3], [2, 2, 0, 2], "auto", &[], &[], 0),
    (
        &[1, 3],
        [2, 2, 0, 2],
        "3",
        &["Current", "Default", "LastKnownGood"],
        &["Current", "Default", "LastKnownGood"],
        3,
    ),
    (&[1], [2, 1, 0, 1], "auto", &[], &["Current"], 1),
    (&[1], [1, 1, 0, 2], "auto", &[], &["LastKnownGood"], 1),
    (
        &[1, 2],
        [1, 1, 0, 2],
        "last-known-good",
        &[],
        &["Current", "Default"],
        2,
    ),
    (&[1, 2], [1, 1, 0, 2], "2", &[], &["Current", "Default"], 2),
    (&[1, 2], [1, 1, 0, 2], "7", &[], &[], 0),
    (&[1], [1, 1, 0, 1], "last-known-good", &[], &[], 0),
    (&[1], [1, 1, 0, 2], "last-known-good", &[], &[], 0),
];

/// A disk with these control sets and this `Select`.
fn selected(existing: &[u32], select: [u32; 4]) -> Lab {
    let options = Options {
        control_sets: existing.to_vec(),
        ..Options::default()
    };
    let mut windows = Installation::new(&options);
    let names = ["Current", "Default", "Failed", "LastKnownGood"];
    for (name, number) in names.into_iter().zip(select) {
        windows.system.key("Select").dword(name, number);
    }
    Lab::of(&windows.disk())
}

#[test]
fn only_a_control_set_that_exists_is_chosen() {
    let id = "control-set-selection";
    for &(existing, select, to, look, asked, target) in CHOICES {
        let lab = selected(existing, select);
        let line = |names: &[&str]| -> Vec<String> {
            let line = |name| format!("Select {name} = REG_DWORD 0x{target:x}");
            names.iter().map(line).collect()
        };
        let asking = told(id, "to", to);
        let looking = Selection {
            repairs: Vec::new(),
            ..asking.clone()
        };
        assert_eq!(lines(&lab.plan(&looking)), line(look), "{select:?} {to}");
        assert_eq!(
            lines(&lab.plan(&asking)),
            line(asked),
            "{select:?} {to} by name"
        );
    }
}

#[test]
fn a_control_set_that_a_command_has_made_is_no_choice() {
    let mut windows = Installation::new(&Options::default());
    windows
        .system
        .key("ControlSet002\\Services\\TermService")
        .dword("Start", 3);
    windows
        .system
        .key("Select")
        .dword("Current", 2)
        .dword("Default", 2);
    let lab = Lab::of(&windows.disk());
    let select = ["Current", "Default"].map(|name| format!("Select {name} = REG_DWORD 0x1"));
    assert_eq!(by_name(&lab, "control-set-selection"), select);
    windows
        .system
        .key("ControlSet001")
        .remove("Control\\ProductOptions");
    let nothing = Lab::of(&windows.disk());
    let plan = nothing.plan(&named(&["control-set-selection"]));
    assert_eq!(edits(&plan), []);
    assert_eq!(plan.found[0].finding.certainty, Certainty::Certain);
    assert!(plan.found[0].finding.title.contains("is whole"));
}

#[test]
fn a_disk_whose_select_points_nowhere_is_looked_at_all_the_same() {
    let lab = Lab::of(&broken("control-set-selection").unwrap());
    let plan = lab.plan(&Selection::default());
    assert_eq!(plan.sets, [1]);
    assert_eq!(plan.not_checked, []);
    let boot = Selection {
        scope: Scope::Boot,
        ..Selection::default()
    };
    let error = lab.try_plan(&boot).unwrap_err().to_string();
    for word in ["there are: 001", "Default 2", "control-set-selection"] {
        assert!(error.contains(word), "{error}");
    }
    lab.write_plan(&plan);
    assert_eq!(lab.plan(&boot).sets, [1]);
}

/// Nothing is proposed for machines that work, and nothing is found on them.
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
        let look = lab.plan(&Selection::default());
        for id in IDS {
            assert_eq!(titles(&look, id), [""; 0], "{name}");
            let asked = lab.plan(&named(&[id]));
            assert_eq!(lines(&asked), [""; 0], "{name} {id}");
            assert_eq!(asked.left_alone, [""; 0], "{name} {id}");
        }
    }
    let Some(lab) = Lab::shared("sys-win7sp1-2controlsets") else {
        return;
    };
    // It has a second control set: going back is possible, on request.
    let back = told("control-set-selection", "to", "last-known-good");
    let wanted = ["Current", "Default"].map(|name| format!("Select {name} = REG_DWORD 0x2"));
    assert_eq!(lines(&lab.plan(&back)), wanted);
}

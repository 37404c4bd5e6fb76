//! What stands between boot and logon: what is a fault, what is told, what stays.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose:
//! what holds for every repair (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, lines, named, titles};
use repairs::{Offer, Plan, Selection};
use testkit::windows::{Installation, Options};

const SET: &str = "ControlSet001";
const MANAGER: &str = "Control\\Session Manager";
const WINLOGON: &str = "Microsoft\\Windows NT\\CurrentVersion\\Winlogon";
const IFEO: &str = "Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options";
const HERE: &str = "Windows/System32/svchost.exe";
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

fn notes(plan: &Plan) -> String {
    plan.left_alone.join("\n")
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
fn a_value_that_is_no_list_waits() {
    let lab = with(|windows| {
        windows
            .system
            .key(SET)
            .key(MANAGER)
            .sz("BootExecute", CHECK);
    });
    assert_eq!(looked(&lab), [""; 0]);
    let wanted = format!(r#"{SET}\{MANAGER} BootExecute = REG_MULTI_SZ ["{CHECK}"]"#);
    assert_eq!(by_name(&lab, "logon-chain"), [wanted]);
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

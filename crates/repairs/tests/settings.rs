//! Values of SYSTEM that keep a machine from starting, or people out: what is a fault, what waits.
//!
//! Invariants: every disk is the healthy one with the named difference only, or a real hive as it
//! is. Absent on purpose: what holds for every repair (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, lines, named, titles};
use repairs::{Certainty, Kind, Plan, Selection};
use testkit::windows::{Installation, Options, broken};
use volume::Scope;

const SET: &str = "ControlSet001";
const LSA: &str = "Control\\Lsa";
const MSV: &str = "Control\\Lsa\\MSV1_0";
const MANAGER: &str = "Control\\Session Manager";
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

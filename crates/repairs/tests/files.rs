//! Files and services that are taken out of the way: what is done when it is asked for, and what
//! is refused.
//!
//! Invariants: every disk is the one of the repair, with the named difference. Absent on purpose:
//! what holds for every repair (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, is_empty, lines};
use repairs::{Kind, Plan, PlanError, Selection};
use testkit::windows::{Installation, Options, broken, healthy, pe};

const SET: &str = "ControlSet001";

fn told(id: &str, parameters: &[(&str, &str)]) -> Selection {
    let parameter = |&(name, value): &(&str, &str)| {
        let key = (id.to_owned(), name.to_owned());
        (key, value.to_owned())
    };
    Selection {
        parameters: parameters.iter().map(parameter).collect(),
        ..lab::named(&[id])
    }
}

fn refusal(lab: &Lab, selection: &Selection) -> String {
    match lab.try_plan(selection) {
        Err(PlanError::Refused { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

fn evidence(plan: &Plan) -> String {
    let found = plan
        .found
        .iter()
        .flat_map(|one| one.finding.evidence.clone());
    found.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_service_is_disabled_in_every_set_that_has_it() {
    let options = Options {
        control_sets: vec![1, 2],
        ..Options::default()
    };
    let mut windows = Installation::new(&options);
    for (set, start) in [("ControlSet001", 2), ("ControlSet002", 3)] {
        let services = windows.system.key(&format!("{set}\\Services"));
        services
            .child("Agent")
            .dword("Type", 0x10)
            .dword("Start", start);
    }
    let services = windows.system.key("ControlSet001\\Services");
    services
        .child("Console")
        .dword("Type", 0x20)
        .multi_sz("DependOnService", &["RpcSs", "AGENT"]);
    let lab = Lab::of(&windows.disk());
    let plan = lab.plan(&told("disable-service", &[("name", "agent")]));
    let wanted =
        ["001", "002"].map(|set| format!(r"ControlSet{set}\Services\Agent Start = REG_DWORD 0x4"));
    assert_eq!(lines(&plan), wanted);
    assert!(
        plan.changes
            .iter()
            .all(|change| change.kind == Kind::Weakening)
    );
    assert!(
        evidence(&plan).contains("will not start: Console"),
        "{plan:?}"
    );
}

#[test]
fn what_cannot_be_switched_off_is_refused() {
    let lab = Lab::of(&broken("disable-driver").unwrap());
    for (id, name, why) in [
        (
            "disable-service",
            "NoSuchThing",
            "no service or driver named NoSuchThing",
        ),
        (
            "disable-driver",
            "NoSuchThing",
            "no service or driver named NoSuchThing",
        ),
        (
            "disable-service",
            "rpcss",
            "Windows does not start without rpcss",
        ),
        (
            "disable-driver",
            "NTFS",
            "Windows does not start without NTFS",
        ),
        ("disable-service", "contosoflt", "that is disable-driver"),
        ("disable-driver", "TermService", "that is disable-service"),
    ] {
        let said = refusal(&lab, &told(id, &[("name", name)]));
        assert!(said.contains(why), "{id} {name}: {said}");
    }
}

#[test]
fn a_driver_leaves_the_filter_lists_first() {
    let mut windows = Installation::new(&Options::default());
    let set = windows.system.key(SET);
    set.key(r"Services\flt").dword("Type", 1).dword("Start", 0);
    set.key(r"Control\Class\{1}")
        .multi_sz("UpperFilters", &["FLT"]);
    set.key(r"Control\Class\{2}")
        .multi_sz("LowerFilters", &["fvevol", "Flt", "rdyboost"])
        .multi_sz("UpperFilters", &["volsnap"]);
    set.key(r"Enum\SCSI\Disk\5&1")
        .multi_sz("UpperFilters", &["flt", "x"]);
    let lab = Lab::of(&windows.disk());
    let plan = lab.plan(&told("disable-driver", &[("name", "flt")]));
    let wanted = [
        r"Control\Class\{1} UpperFilters deleted",
        r"Control\Class\{2} LowerFilters = REG_MULTI_SZ fvevol | rdyboost",
        r"Enum\SCSI\Disk\5&1 UpperFilters = REG_MULTI_SZ x",
        r"Services\flt Start = REG_DWORD 0x4",
    ];
    let lines = lines(&plan);
    assert_eq!(lines.len(), wanted.len(), "{lines:#?}");
    for (line, wanted) in lines.iter().zip(wanted) {
        let (start, rest) = wanted.split_once(" = ").unwrap_or((wanted, ""));
        assert!(
            line.starts_with(&format!(r"{SET}\{start}")),
            "{line} {wanted}"
        );
        assert_eq!(rest.is_empty(), !line.contains(" = "), "{line}");
    }
    assert!(lines[1].contains("fvevol") && lines[1].contains("rdyboost"));
    assert!(!lines[1].to_lowercase().contains("flt"), "{}", lines[1]);
    lab.write_plan(&plan);
    let again = lab.plan(&told("disable-driver", &[("name", "flt")]));
    assert!(is_empty(&again), "{again:?}");
}

const BAD: &str = "Windows/System32/drivers/Contoso/C-00000291-00000000-00000032.sys";
const PATTERN: &str = r"C:\windows\system32\DRIVERS\contoso\c-00000291*.sys";

#[test]
fn only_what_fits_is_renamed_and_undo_gives_the_name_back() {
    let lab = Lab::of(&broken("quarantine-file").unwrap());
    let before = lab.files();
    let plan = lab.plan(&told("quarantine-file", &[("path", PATTERN)]));
    let [one] = &plan.renames[..] else {
        panic!("{plan:?}");
    };
    assert_eq!(one.edit.path.replace('\\', "/"), BAD);
    let mut run = lab.apply(&plan);
    assert!(!lab.root().join(BAD).exists());
    assert!(
        lab.root()
            .join(format!("{BAD}.offfix-quarantined"))
            .exists()
    );
    let again = lab.plan(&told("quarantine-file", &[("path", PATTERN)]));
    assert!(is_empty(&again) && again.found.is_empty(), "{again:?}");
    lab.undo(&mut run);
    assert!(lab.files() == before);
}

#[test]
fn a_name_that_is_taken_is_counted_up() {
    let lab = Lab::of(&broken("quarantine-file").unwrap());
    lab.write(&format!("{BAD}.OFFFIX-quarantined"), b"from before");
    let plan = lab.plan(&told("quarantine-file", &[("path", PATTERN)]));
    let names: Vec<_> = plan
        .renames
        .iter()
        .map(|one| one.edit.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["C-00000291-00000000-00000032.sys.offfix-quarantined-2"]
    );
}

#[test]
fn an_absent_file_is_no_fault_and_no_error() {
    let lab = Lab::of(&healthy());
    for path in [
        PATTERN,
        r"Windows\System32\drivers\none*.sys",
        r"No\Such\Folder\x",
    ] {
        let plan = lab.plan(&told("quarantine-file", &[("path", path)]));
        assert!(is_empty(&plan) && plan.found.is_empty());
        assert!(
            plan.left_alone
                .iter()
                .any(|line| line.contains("no such file"))
        );
    }
}

#[test]
fn versions_decide_when_they_are_asked_for() {
    let lab = Lab::of(&healthy());
    for (name, version) in [("old", [6, 3, 9600, 1]), ("new", [6, 3, 9600, 2])] {
        let path = format!("Windows/vendor/{name}.dll");
        lab.write(&path, &pe::image(name, version));
    }
    lab.write("Windows/vendor/plain.dll", b"nothing");
    let renamed = |limit: &str| -> Vec<String> {
        let parameters = [("path", r"Windows\vendor\*.dll"), ("max-version", limit)];
        let plan = lab.plan(&told("quarantine-file", &parameters));
        let paths = plan.renames.iter().map(|one| one.edit.path.clone());
        paths
            .map(|path| path.rsplit('\\').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(renamed("6.3.9600.1"), ["old.dll"]);
    assert_eq!(renamed("6.3.9600"), ["new.dll", "old.dll"]);
    assert_eq!(renamed("6.2"), [""; 0]);
    assert_eq!(renamed("any"), ["new.dll", "old.dll", "plain.dll"]);
}

#[test]
fn what_windows_starts_from_keeps_its_name() {
    let lab = Lab::of(&healthy());
    for path in [
        r"Windows\System32\config\SYSTEM",
        r"Windows\System32\winload.*",
        r"Windows\System32\ntoskrnl.exe",
    ] {
        let why = refusal(&lab, &told("quarantine-file", &[("path", path)]));
        assert!(why.contains("Windows starts from"), "{path}: {why}");
    }
    for number in 0..101 {
        lab.write(&format!("Windows/many/{number}.tmp"), b"");
    }
    let why = refusal(
        &lab,
        &told("quarantine-file", &[("path", r"Windows\many\*.tmp")]),
    );
    assert!(why.contains("more than 100"), "{why}");
}

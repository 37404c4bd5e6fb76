//! What can stop Windows besides its drivers: updates, a full disk, and the registry's backup.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose:
//! what holds for every repair (see `laws.rs`), and real hives (see `startup.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, named};
use repairs::{Certainty, Offer, Plan, Selection, Step};
use testkit::build::Key;
use testkit::windows::{Installation, Options};

const SET: &str = "ControlSet001";

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

const SERVICING: &str = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";

/// The healthy disk with a difference in servicing.
fn servicing(change: impl FnOnce(&mut Key)) -> Lab {
    changed(|windows| change(windows.software.as_mut().unwrap().key(SERVICING)))
}

#[test]
fn an_update_is_pending_when_it_was_begun() {
    let orders = changed(|windows| {
        let path = "Windows/winsxs/Pending.xml".to_owned();
        windows.files.insert(path, b"<x/>".to_vec());
    });
    let execute = with(|set| {
        let line = "C:\\Windows\\System32\\poqexec.exe /display_progress pending.xml";
        set.key("Control\\Session Manager")
            .multi_sz("SetupExecute", &[line]);
    });
    let progress = servicing(|key| {
        key.child("RebootInProgress");
    });
    let exclusive = servicing(|key| {
        key.key("SessionsPending").dword("Exclusive", 3);
    });
    for lab in [&orders, &execute, &progress, &exclusive] {
        let plan = looked(lab);
        let one = (Offer::Report, Certainty::Possible, 0);
        let named: Vec<_> = found(&plan, "pending-update");
        assert_eq!(named, [one]);
        let steps = &plan.found[0].finding.steps;
        let text = steps.iter().map(Step::text).collect::<Vec<_>>().join("\n");
        assert!(text.contains("/RevertPendingActions") && text.contains("/Get-Packages"));
        assert!(!evidence(&plan, "pending-update").is_empty());
    }
    let both = servicing(|key| {
        key.child("RebootInProgress");
        key.key("SessionsPending").dword("Exclusive", 1);
    });
    let likely = (Offer::Report, Certainty::Likely, 0);
    assert_eq!(found(&looked(&both), "pending-update"), [likely]);
}

#[test]
fn an_update_that_waits_for_a_restart_is_told_when_asked() {
    let restart = servicing(|key| {
        key.child("RebootPending");
    });
    let packages = servicing(|key| {
        key.key("PackagesPending\\Package_1_for_KB1~31bf");
    });
    let session = servicing(|key| {
        key.key("SessionsPending\\30_1").dword("Complete", 0);
    });
    for lab in [&restart, &packages, &session] {
        assert_eq!(found(&looked(lab), "pending-update"), []);
        let possible = (Offer::Report, Certainty::Possible, 0);
        assert_eq!(
            found(&by_name(lab, "pending-update"), "pending-update"),
            [possible]
        );
    }
    assert!(evidence(&by_name(&packages, "pending-update"), "pending-update").contains("KB1"));
    let quiet = servicing(|key| {
        key.child("PackagesPending");
        let sessions = key.key("SessionsPending");
        sessions.dword("Exclusive", 0);
        sessions.child("30_1").dword("Complete", 1);
    });
    assert_eq!(
        found(&by_name(&quiet, "pending-update"), "pending-update"),
        []
    );
    let renames = with(|set| {
        let files = ["\\??\\C:\\Windows\\Temp\\x", ""];
        set.key("Control\\Session Manager")
            .multi_sz("PendingFileRenameOperations", &files);
    });
    assert_eq!(
        found(&by_name(&renames, "pending-update"), "pending-update"),
        []
    );
}

/// Free bytes, total bytes; whether it is a fault, and whether it is noted by name.
const ROOM: &[(u64, u64, bool, bool)] = &[
    (60 << 30, 127 << 30, false, false),
    (499 << 20, 127 << 30, true, false),
    (500 << 20, 127 << 30, false, true),
    (12 << 30, 127 << 30, false, true),
    (13 << 30, 127 << 30, false, false),
    (0, 32 << 30, true, false),
];

#[test]
fn a_disk_is_full_below_500_mib() {
    for &(free, total, fault, noted) in ROOM {
        let lab = changed(|windows| windows.space = Some((free, total)));
        let plan = by_name(&lab, "disk-space");
        assert_eq!(
            found(&plan, "disk-space").len(),
            usize::from(fault),
            "{free}"
        );
        let note = plan
            .left_alone
            .iter()
            .any(|line| line.contains("nearly full"));
        assert_eq!(note, noted, "{free}");
        let look = looked(&lab);
        assert_eq!(
            found(&look, "disk-space").len(),
            usize::from(fault),
            "{free}"
        );
        assert!(
            !look
                .left_alone
                .iter()
                .any(|line| line.contains("nearly full"))
        );
    }
    let lab = changed(|windows| {
        windows.space = Some((0, 127 << 30));
        let dump = "Windows/MEMORY.DMP".to_owned();
        windows.files.insert(dump, vec![0; 3 << 20]);
    });
    assert!(evidence(&looked(&lab), "disk-space").contains(r"Windows\MEMORY.DMP has 3 MiB"));
}

#[test]
fn room_that_is_not_the_disks_is_not_judged() {
    let small = changed(|windows| windows.space = Some((0, 64 << 20)));
    let folder = changed(|windows| windows.space = Some((0, 127 << 30))).nowhere();
    for lab in [small, folder] {
        let plan = looked(&lab);
        assert_eq!(found(&plan, "disk-space"), []);
        assert!(plan.not_checked.iter().any(|(id, _)| *id == "disk-space"));
    }
}

const REG_BACK: &str = "Windows/System32/config/RegBack";

/// The backup's files, each with its content.
fn backup(windows: &mut Installation, files: &[(&str, &[u8])]) {
    for (name, content) in files {
        let path = format!("{REG_BACK}/{name}");
        windows.files.insert(path, content.to_vec());
    }
}

#[test]
fn a_backup_of_the_registry_is_told() {
    let mut hive = b"regf\x01\0\0\0\x01\0\0\0".to_vec();
    hive.extend((lab::NOW - 3 * 864_000_000_000).to_le_bytes());
    let sound = hive.as_slice();
    let whole = ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"].map(|name| (name, sound));
    let empty = whole.map(|(name, _)| (name, b"".as_slice()));
    let wanted = |set: &mut Key| {
        set.key("Control\\Session Manager\\Configuration Manager")
            .dword("EnablePeriodicBackup", 1);
    };
    let id = "registry-backup";
    let noted = |lab: &Lab, words: &str| {
        assert_eq!(found(&looked(lab), id), []);
        let plan = by_name(lab, id);
        assert_eq!(found(&plan, id), []);
        assert!(
            plan.left_alone.join("\n").contains(words),
            "{:?}",
            plan.left_alone
        );
    };
    noted(&with(|_| ()), "RegBack holds no backup");
    noted(&changed(|it| backup(it, &empty)), "RegBack holds no backup");
    noted(
        &changed(|it| backup(it, &whole)),
        "SYSTEM 20 bytes, 3 days old",
    );
    let told = |lab: &Lab, words: &str| {
        let plan = looked(lab);
        assert_eq!(found(&plan, id), [(Offer::Report, Certainty::Possible, 0)]);
        assert!(
            evidence(&plan, id).contains(words),
            "{}",
            evidence(&plan, id)
        );
    };
    told(&changed(|it| backup(it, &whole[..2])), "SAM missing");
    told(&with(wanted), "SYSTEM missing");
    let switched = changed(|windows| {
        backup(windows, &empty);
        wanted(windows.system.key(SET));
    });
    told(&switched, "SYSTEM empty");
    let kept = changed(|windows| {
        backup(windows, &whole);
        wanted(windows.system.key(SET));
    });
    noted(&kept, "RegBack holds a backup");
}

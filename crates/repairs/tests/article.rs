//! The source article's recipe and a plain look, on real hives of the shared collection.
//!
//! Invariants: a test without its hive says so and passes. Absent on purpose: expectations about
//! anything the recipe does not name.

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, lines};
use repairs::Selection;

const WIN7: &str = "sys-win7sp1-2controlsets";
const WIN10: &str = "sys-win10-16299-dirty.EXPECTED-yarp";
const XP: &str = "sys-xpsp3-controlset-1-and-3";

/// A file that carries the version 10.0.
const KERNEL: [u8; 16] = [0xBD, 4, 0xEF, 0xFE, 0, 0, 1, 0, 0, 0, 10, 0, 1, 0, 0, 64];

fn recipe() -> Selection {
    let symptoms = vec!["rdp-internal-error".to_owned()];
    Selection {
        symptoms,
        as_article: true,
        ..Selection::default()
    }
}

/// The values of the recipe for one control set that are not as the article wants them.
fn expected(set: &str, authentication: bool) -> Vec<String> {
    let protocols = format!(r"{set}\Control\SecurityProviders\SCHANNEL\Protocols");
    let listener = format!(r"{set}\Control\Terminal Server\WinStations\RDP-Tcp");
    let crash = format!(r"{set}\Control\CrashControl");
    let mut lines = vec![
        format!("{crash} CrashDumpEnabled = REG_DWORD 0x1"),
        format!("{crash} NMICrashDump = REG_DWORD 0x1"),
    ];
    for protocol in ["TLS 1.0", "TLS 1.1", "TLS 1.2"] {
        lines.push(format!(
            r"{protocols}\{protocol}\Server Enabled = REG_DWORD 0x1"
        ));
    }
    if authentication {
        lines.push(format!("{listener} UserAuthentication = REG_DWORD 0x1"));
    }
    lines
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Applies the recipe, looks again, and takes it back.
fn round(lab: &Lab) {
    let before = lab.files();
    let plan = lab.plan(&recipe());
    let mut run = lab.apply(&plan);
    assert_eq!(edits(&lab.plan(&recipe())), []);
    let volume = lab.open();
    for edit in edits(&plan) {
        assert_eq!(volume.read(edit.target()).unwrap().as_ref(), edit.after());
    }
    lab.undo(&mut run);
    assert!(lab.files() == before);
}

#[test]
fn windows_7_gets_exactly_the_recipe_in_both_control_sets() {
    let Some(lab) = Lab::shared(WIN7) else { return };
    let plan = lab.plan(&recipe());
    let wanted = ["ControlSet001", "ControlSet002"].map(|set| expected(set, true));
    assert_eq!(sorted(lines(&plan)), sorted(wanted.concat()));
    // The dump first, then TLS from the oldest on, then NLA.
    let mut order: Vec<&str> = plan.changes.iter().map(|change| change.repair).collect();
    order.dedup();
    assert_eq!(order, ["crash-dump", "tls-legacy", "tls-protocols", "nla"]);
    round(&lab);
}

#[test]
fn windows_10_gets_exactly_the_recipe() {
    let Some(lab) = Lab::shared(WIN10) else {
        return;
    };
    lab.write("Windows/System32/ntoskrnl.exe", &KERNEL);
    lab.write("Windows/System32/config/SYSTEM.LOG1", b"");
    lab.write("Windows/System32/config/SYSTEM.LOG2", b"");
    let plan = lab.plan(&recipe());
    assert_eq!(
        sorted(lines(&plan)),
        sorted(expected("ControlSet001", false))
    );
    round(&lab);
}

#[test]
fn real_healthy_hives_need_nothing() {
    for name in [WIN7, WIN10, XP] {
        let Some(lab) = Lab::shared(name) else {
            continue;
        };
        if name == WIN10 {
            lab.write("Windows/System32/ntoskrnl.exe", &KERNEL);
        }
        let plan = lab.plan(&Selection::default());
        println!("{name}: fine: {}", plan.fine.join(", "));
        for found in &plan.found {
            println!(
                "  {} {}: {}",
                found.repair, found.finding.place, found.finding.title
            );
            // Remote Desktop is off on clients by default, and then told, not proposed; so is a
            // fixed address.
            let told = ["rdp-enabled", "static-ip"].contains(&found.repair);
            assert!(told && !found.proposed, "{name}: {}", found.repair);
        }
        println!("  left alone: {:?}", plan.left_alone);
        assert_eq!(edits(&plan), [], "{name}");
        let no_store = |(_, why): &(_, String)| why.contains("no boot configuration");
        assert!(plan.not_checked.iter().all(no_store), "{name}");
        // The Windows 7 has Remote Desktop on, and two fixed addresses in each of its two control
        // sets.
        let told = match name {
            WIN7 => 4,
            XP => 2,
            _ => 1,
        };
        assert_eq!(plan.found.len(), told, "{name}");
    }
}

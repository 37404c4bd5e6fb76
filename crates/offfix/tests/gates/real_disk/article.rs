//! The whole recipe of the internal-error article on a disk where much of it is broken, and the
//! journal of such a run.
//!
//! Invariants checked: every offline part is planned, the online ones are steps after the boot;
//! after `apply` nothing is left to change; undo gives every byte and descriptor back; the journal
//! is closed to others from its first byte, and nothing of it is on the disk. Absent on purpose:
//! what each repair changes.

use super::image::{Format, Image, Scheme};
use super::keys::{broken, permissions, same_permissions};
use super::layout::{self, Logs, roots};
use super::volume::{UNDO, Volume};
use crate::scratch::{CONFIG, Scratch, same, same_bytes, tree};
use crate::strace::calls;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use testkit::windows::{Installation, Options};

const RECIPE: [&str; 3] = ["--for", "rdp-internal-error", "--as-article"];

/// A SYSTEM hive with most of what the article cures, in the place of the layout's.
fn faulty_system(scratch: &Scratch) {
    let mut windows = Installation::new(&Options::default());
    let set = windows.system.key("ControlSet001");
    set.key("Control\\Terminal Server\\WinStations\\RDP-Tcp")
        .dword("UserAuthentication", 0)
        .dword("SecurityLayer", 7);
    let protocols = "Control\\SecurityProviders\\SCHANNEL\\Protocols";
    set.key(&format!("{protocols}\\TLS 1.2\\Server"))
        .dword("Enabled", 0)
        .dword("DisabledByDefault", 1);
    let disk = windows.disk();
    let system = disk.file(&format!("{CONFIG}/SYSTEM")).unwrap();
    fs::write(scratch.config("SYSTEM"), system).unwrap();
}

/// The repairs that have something to change.
fn changing(plan: &Value) -> BTreeSet<&str> {
    let of = |list: &'static str| plan[list].as_array().unwrap().iter();
    let all = of("changes").chain(of("permissions"));
    all.map(|one| one["repair"].as_str().unwrap()).collect()
}

#[test]
fn on_bios() {
    recipe(Scheme::Mbr);
}

#[test]
fn on_uefi() {
    recipe(Scheme::Gpt);
}

/// Every part of the recipe changes something, and the rest are steps.
fn offers_the_recipe(plan: &Value) {
    let changing = changing(plan);
    for repair in [
        "serial-console",
        "crash-dump",
        "machine-keys",
        "tls-legacy",
        "tls-protocols",
        "nla",
        "rdp-certificate",
    ] {
        assert!(changing.contains(repair), "{repair}: {changing:?}");
    }
    for step in [
        "netstat ",
        "certlm.msc",
        "Restart-Service TermService",
        "gpupdate ",
    ] {
        let is = |one: &Value| {
            let text = one["text"].as_str().unwrap();
            text.starts_with(step) && one["place"] == "in the VM after its boot"
        };
        assert!(
            plan["steps"].as_array().unwrap().iter().any(is),
            "{step}: {plan:#}"
        );
    }
}

fn recipe(scheme: Scheme) {
    let scratch = Scratch::empty();
    let Some(image) = Image::new(&scratch, scheme, Format::FixedVhd) else {
        return;
    };
    let attached = image.attach();
    layout::write(&scratch, scheme, Logs::Roomy);
    faulty_system(&scratch);
    broken(&scratch.disk());
    drop(attached);
    let attached = image.attach();
    let (before, known) = (roots(&scratch), permissions(&scratch.disk()));
    let json = |words: &[&str], exit: i32| -> Value {
        let words = [words, &["--format", "json"], image.roots()].concat();
        serde_json::from_str(&scratch.run(&words).gives(exit).out).unwrap()
    };
    let plan = json(&[&["plan", "--out", "p.json"][..], &RECIPE].concat(), 0);
    same(&before, &roots(&scratch), "plan changes nothing");
    offers_the_recipe(&plan);
    let applied = json(&["apply", "p.json", "--yes"], 0);
    assert_eq!(applied["verdict"], "fixed", "{applied}");
    drop(attached);
    let attached = image.attach();
    let again = json(&[&["plan", "--detailed-exitcode"][..], &RECIPE].concat(), 0);
    assert_eq!(changing(&again), BTreeSet::new(), "{again}");
    json(&["undo", "--yes"], 0);
    drop(attached);
    let attached = image.attach();
    same_bytes(&before, &roots(&scratch), "undo restores everything");
    same_permissions(
        &known,
        &permissions(&scratch.disk()),
        "and every descriptor",
    );
    drop(attached);
}

/// The calls that make a file or folder, or change who may use it.
const MADE: &str = "openat,?open,?creat,mkdirat,?mkdir,?chmod,?fchmod,?fchmodat,?rename,\
                    ?renameat,renameat2,?link,linkat,?symlink,symlinkat,?mknod,mknodat";

#[test]
fn the_journal_is_private_from_its_first_byte() {
    let Some(volume) = Volume::with_windows(Logs::Roomy, &["strace"]) else {
        return;
    };
    let mounted = volume.mount("norecover");
    broken(&volume.scratch.disk());
    let names = |volume: &Volume| -> Vec<_> { volume.tree().into_keys().collect() };
    let before = names(&volume);
    let apply = [&["apply", "disk", "--yes"][..], &RECIPE].concat();
    for words in [&apply[..], &UNDO] {
        let (answer, points) = calls(&volume.scratch, words, MADE);
        answer.gives(0);
        let disk = volume.scratch.disk().display().to_string();
        for point in &points {
            let line = &point.line;
            let makes = line.contains("O_CREAT") || !point.call.starts_with("open");
            assert!(!(makes && line.contains(&disk)), "on the disk: {line}");
            if line.contains("O_CREAT") {
                assert!(line.contains(", 0600)"), "{line}");
            } else if point.call.starts_with("mkdir") {
                assert!(line.contains(", 0700)"), "{line}");
            }
        }
        let made = points.iter().filter(|point| point.line.contains("O_CREAT"));
        assert!(made.count() > 0, "{words:?}");
    }
    assert_eq!(before, names(&volume), "no name is made on the disk");
    let journal = tree(&volume.scratch.path().join("J"));
    for (name, entry) in &journal {
        let wanted = match entry.mode & 0o170_000 {
            0o040_000 => 0o700,
            _ => 0o600,
        };
        assert_eq!(entry.mode & 0o7777, wanted, "{name:?}");
    }
    for report in ["permissions-before.txt", "permissions-after.txt"] {
        let is_here = journal.keys().any(|name| name.ends_with(report));
        assert!(is_here, "{report}: {:?}", journal.keys());
    }
    drop(mounted);
}

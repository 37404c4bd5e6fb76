//! `plan`: what is shown for healthy and broken disks, and what a selection changes.

use crate::scratch::{Scratch, same, tree};
use crate::shows;
use testkit::windows::{Installation, Options, broken, demo, healthy};

/// The snapshot of a broken disk's plan.
pub(crate) fn snapshot_of(repair: &str) -> String {
    format!("plan-broken-{repair}")
}

/// The demonstration, on a disk of its own.
pub(crate) fn demonstration() -> Scratch {
    Scratch::with(&demo())
}

#[test]
fn healthy_and_broken_disks() {
    shows(
        &Scratch::with(&healthy()),
        "plan-healthy",
        &["plan", "disk"],
    )
    .gives(0);
    for &repair in testkit::windows::REPAIRS {
        let scratch = Scratch::with(&broken(repair).unwrap());
        let told = told(repair);
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        let words = [&["plan", "disk", "--repair", repair], &told[..]].concat();
        // A folder has no partition table to compare with, and shows neither permissions nor how
        // much room its disk has.
        let unseen = ["boot-device-ids", "disk-space", "machine-keys"].contains(&repair);
        let code = if unseen { 3 } else { 0 };
        shows(&scratch, &snapshot_of(repair), &words).gives(code);
    }
}

/// What a repair needs to be told, as it is typed.
pub(crate) fn told(repair: &str) -> Vec<String> {
    let needed = testkit::windows::needed(repair);
    let set = |(name, value)| ["--set".to_owned(), format!("{repair}.{name}={value}")];
    needed.map(set).into_iter().flatten().collect()
}

#[test]
fn the_demonstration() {
    let scratch = demonstration();
    let before = tree(scratch.path());
    let plan = shows(&scratch, "plan-demo", &["plan", "disk"]).gives(0);
    let facts = [
        "SRV-FIN-02",
        "10.0.14393.6897",
        "001, 002",
        "Current",
        "LastKnownGood 2",
    ];
    for fact in facts {
        assert!(plan.out.contains(fact), "{fact} is not told");
    }
    let symptom = ["plan", "disk", "--for", "rdp-internal-error"];
    shows(&scratch, "plan-demo-for-rdp", &symptom).gives(0);
    let article = [&symptom[..], &["--as-article"]].concat();
    shows(&scratch, "plan-demo-as-article", &article).gives(0);
    same(
        &before,
        &tree(scratch.path()),
        "nothing is written, not even a time stamp",
    );
}

#[test]
fn selections() {
    let scratch = demonstration();
    let shows = |name, words: &[&str]| shows(&scratch, name, &[&["plan", "disk"], words].concat());
    shows("plan-with", &["--with", "nla-off,tls-legacy"]).gives(0);
    shows("plan-except", &["--except", "tls-protocols"]).gives(0);
    shows("plan-repair", &["--repair", "tls-protocols"]).gives(0);
    let set = ["--with", "crash-dump", "--set", "crash-dump.kind=small"];
    shows("plan-set", &set).gives(0);
    shows("plan-control-set-boot", &["--control-set", "boot"]).gives(0);
    shows("plan-control-set-2", &["--control-set", "2"]).gives(0);
    shows("plan-control-set-9", &["--control-set", "9"]).gives(2);
    shows(
        "plan-expected-computer",
        &["--expect-computer", "srv-fin-02"],
    )
    .gives(0);
    shows("plan-other-computer", &["--expect-computer", "SRV-WEB-01"]).gives(3);
}

#[test]
fn control_sets_are_narrowed() {
    let scratch = demonstration();
    let touched = |scope: &str| {
        let words = ["plan", "disk", "--control-set", scope, "--format", "json"];
        let plan = scratch.run(&words).gives(0).out;
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        let changes = plan["changes"].as_array().unwrap().clone();
        let keys = changes
            .iter()
            .map(|change| change["key"].as_str().unwrap().to_owned());
        [1, 2].map(|set| {
            keys.clone()
                .any(|key| key.starts_with(&format!("ControlSet00{set}")))
        })
    };
    assert_eq!(touched("all"), [true, true]);
    assert_eq!(touched("boot"), [true, false]);
    assert_eq!(touched("2"), [false, true]);
}

#[test]
fn exit_codes_tell_of_cures_when_asked() {
    let broken = demonstration();
    broken.run(&["plan", "disk"]).gives(0);
    broken
        .run(&["plan", "disk", "--detailed-exitcode"])
        .gives(1);
    let healthy = Scratch::with(&healthy());
    healthy
        .run(&["plan", "disk", "--detailed-exitcode"])
        .gives(0);
}

#[test]
fn the_drive_stands_anywhere() {
    let scratch = demonstration();
    let plan = scratch.run(&["plan", "disk"]).gives(0);
    let same_as: [&[&str]; 5] = [
        &["--drive", "disk", "plan"],
        &["plan", "--drive", "disk"],
        &["plan", "--drive=disk", "disk"],
        &["plan", "disk", "--drive", "disk"],
        &["--drive=disk", "plan", "--format", "text"],
    ];
    for words in same_as {
        assert_eq!(scratch.run(words), plan, "{words:?}");
    }
    let slash = scratch.run(&["plan", "disk/"]).gives(0);
    assert_eq!(slash.out.replace("apply disk/ ", "apply disk "), plan.out);
    let whole = scratch.disk();
    let whole = scratch.run(&["plan", whole.to_str().unwrap()]).gives(0);
    assert_eq!(whole.out.lines().next(), plan.out.lines().next());
    shows(
        &scratch,
        "plan-two-drives",
        &["plan", "disk", "--drive", "J"],
    )
    .gives(2);
    shows(&scratch, "plan-no-drive", &["plan"]).gives(2);
}

#[test]
fn odd_folder_names() {
    // Windows takes the blank at an end away.
    let last = if cfg!(windows) { "d i s k" } else { "d i s k " };
    for name in ["a disk of Jürgen's", "диск", "-disk", last] {
        let scratch = Scratch::empty();
        demo().write_to(&scratch.path().join(name)).unwrap();
        let drive = format!("--drive={name}");
        scratch.run(&["plan", &drive, "--out", "p.json"]).gives(0);
        scratch.run(&["apply", "p.json", "--yes"]).gives(0);
        scratch
            .run(&["plan", &drive, "--detailed-exitcode"])
            .gives(0);
        scratch.run(&["undo", &drive, "--yes"]).gives(0);
        scratch
            .run(&["plan", &drive, "--detailed-exitcode"])
            .gives(1);
    }
}

#[test]
fn every_windows_is_named() {
    let options = Options {
        computer: "web-käse".to_owned(),
        domain: String::new(),
        product: "Windows 7 Professional".to_owned(),
        version: [6, 1, 7601, 24546],
        control_sets: vec![2, 5],
    };
    let mut windows = Installation::new(&options);
    shows(
        &Scratch::with(&windows.disk()),
        "plan-workgroup",
        &["plan", "disk"],
    )
    .gives(0);
    windows.software = None;
    windows.kernel = None;
    shows(
        &Scratch::with(&windows.disk()),
        "plan-little-known",
        &["plan", "disk"],
    )
    .gives(0);
}

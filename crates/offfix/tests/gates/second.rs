//! The issue's whole session on its two disks, judged by other readers.

use crate::listing::{Listing, differences, listing, number};
use crate::real::Which;
use crate::scratch::{Scratch, same, same_bytes, tree};
use crate::{ARTICLE, has, plan_article};
use hive::Hive;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const PROTOCOLS: &str = r"Control\SecurityProviders\SCHANNEL\Protocols";
const LISTENER: &str = r"Control\Terminal Server\WinStations\RDP-Tcp";
const CRASH: &str = r"Control\CrashControl";

#[test]
fn the_demonstration() {
    session(Which::Demo);
}

#[test]
fn windows_7_without_logs() {
    session(Which::D7);
}

#[test]
fn windows_10_with_logs() {
    session(Which::D10);
}

fn session(which: Which) {
    if !has(&["hivexget", "hivexregedit"]) {
        return;
    }
    let Some(scratch) = which.scratch() else {
        return;
    };
    let before = tree(&scratch.disk());
    let listed = listings(&scratch);
    plan(&scratch, which);
    same(
        &before,
        &tree(&scratch.disk()),
        "plan changes no byte and no time stamp",
    );
    let offered = [&["plan", "disk", "--detailed-exitcode"][..], &ARTICLE].concat();
    scratch.run(&offered).gives(1);
    scratch.run(&["apply", "p.json", "--yes"]).gives(0);
    shows_the_article(&scratch, which);
    only_the_plan(&scratch, &listed, &listings(&scratch));
    let system = scratch.config("SYSTEM");
    let name = system.strip_prefix(scratch.disk()).unwrap();
    sound(&before[name].bytes, &fs::read(&system).unwrap());
    scratch.run(&offered).gives(0);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo restores everything");
    scratch.run(&offered).gives(1);
}

/// The plan names what is known of the disk.
fn plan(scratch: &Scratch, which: Which) {
    let words = [
        &["plan", "disk", "--format", "json", "--out", "p.json"][..],
        &ARTICLE,
    ]
    .concat();
    let plan: Value = serde_json::from_str(&scratch.run(&words).gives(0).out).unwrap();
    let computer = plan["computer"].as_str().unwrap();
    assert!(!computer.is_empty());
    let sets: Vec<String> = plan["control_sets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| format!("ControlSet{:03}", set.as_u64().unwrap()))
        .collect();
    assert_eq!(sets, which.control_sets());
    let words = [&["plan", "disk"][..], &ARTICLE].concat();
    let text = scratch.run(&words).gives(0).out;
    // Lines end where the width of the terminal wants.
    let text: Vec<&str> = text.split_whitespace().collect();
    let text = text.join(" ");
    let select = "(Select: Current 1, Default 1, Failed 0, LastKnownGood";
    for word in [computer, "Windows", select, "001"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    println!(
        "{which:?}: {computer}, {}, {}",
        plan["windows"], plan["hives"]
    );
}

/// `hivexget` finds the article's values in every control set.
fn shows_the_article(scratch: &Scratch, which: Which) {
    let system = scratch.config("SYSTEM");
    for set in which.control_sets() {
        let is = |key: &str, name: &str, wanted: u32| {
            let found = number(&system, &format!("{set}\\{key}"), name);
            assert_eq!(found, Some(wanted), "{set}\\{key} {name}");
        };
        for version in ["TLS 1.0", "TLS 1.1", "TLS 1.2"] {
            is(&format!("{PROTOCOLS}\\{version}\\Server"), "Enabled", 1);
        }
        is(CRASH, "CrashDumpEnabled", 1);
        is(CRASH, "NMICrashDump", 1);
        is(LISTENER, "UserAuthentication", 1);
        is(LISTENER, "fAllowSecProtocolNegotiation", 1);
        let layer = number(&system, &format!("{set}\\{LISTENER}"), "SecurityLayer");
        assert!(matches!(layer, Some(1 | 2)), "{layer:?}");
        // REG_EXPAND_SZ, type 2, in UTF-16 with its end, as hivexregedit writes it.
        let listed = listing(&system);
        let dump = (format!("{set}\\{CRASH}"), Some("DumpFile".to_owned()));
        let bytes = r"%SystemRoot%\MEMORY.DMP".encode_utf16().chain([0]);
        let hex: Vec<String> = bytes
            .flat_map(u16::to_le_bytes)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            listed.get(&dump),
            Some(&format!("hex(2):{}", hex.join(",")))
        );
    }
}

/// A hive's name and what the other reader finds in it.
type Listings = BTreeMap<String, Listing>;

/// Lists the hives that the disk has.
fn listings(scratch: &Scratch) -> Listings {
    let file = |name| match name {
        "BCD" => scratch.disk().join("Boot/BCD"),
        name => scratch.config(name),
    };
    let names = ["SYSTEM", "SOFTWARE", "BCD"].into_iter();
    let files = names.filter(|name| file(name).exists());
    files
        .map(|name| (name.to_owned(), listing(&file(name))))
        .collect()
}

/// Everything that differs is in the plan, and everything in the plan differs.
fn only_the_plan(scratch: &Scratch, before: &Listings, after: &Listings) {
    let plan = fs::read(scratch.path().join("p.json")).unwrap();
    let plan: Value = serde_json::from_slice(&plan).unwrap();
    let field = |change: &Value, name: &str| change[name].as_str().unwrap().to_owned();
    let mut planned = BTreeSet::new();
    for change in plan["changes"].as_array().unwrap() {
        planned.insert((
            field(change, "hive"),
            field(change, "key"),
            field(change, "name"),
            change["before"].is_null(),
            change["after"].is_null(),
        ));
    }
    let mut found = BTreeSet::new();
    for (hive, before) in before {
        for (key, name, before, after) in differences(before, &after[hive]) {
            if let Some(name) = name {
                found.insert((hive.clone(), key, name, before.is_none(), after.is_none()));
                continue;
            }
            // A key comes only on the way to a planned value, and goes only with the last one.
            let (comes, below) = (before.is_none(), format!("{key}\\"));
            let is_planned = planned.iter().any(|(of, to, _, _, goes)| {
                of == hive && comes != *goes && (*to == key || comes && to.starts_with(&below))
            });
            assert!(is_planned, "{hive} {key}: not planned");
        }
    }
    assert_eq!(found, planned);
    assert!(!found.is_empty());
}

/// The hive is sound and at most one bin larger.
fn sound(old: &[u8], new: &[u8]) {
    let end = |bytes: &[u8]| 4096 + number_at(bytes, 0x28);
    let (old_end, new_end) = (end(old), end(new));
    let grown = new_end - old_end;
    if grown > 0 {
        assert_eq!(&new[old_end..old_end + 4], b"hbin");
        assert_eq!(number_at(new, old_end + 8), grown, "more than one bin");
    }
    assert!(
        new.len() - old.len() <= grown,
        "{} bytes more",
        new.len() - old.len()
    );
    let check = |bytes: &[u8]| hive::check::check(&Hive::open(bytes.to_vec()).unwrap());
    let report = check(new);
    assert!(report.is_sound(), "{}", report.first_blocking());
    assert_eq!(report.is_clean(), check(old).is_clean());
}

fn number_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn hive_merges_of_others_are_seen() {
    if !has(&["hivexregedit"]) {
        return;
    }
    let scratch = Which::Demo.scratch().unwrap();
    plan_article(&scratch);
    crate::overtaken::merge(&scratch, crate::overtaken::FAR);
    let before = tree(&scratch.disk());
    scratch.run(&["apply", "p.json", "--yes"]).gives(3);
    same(&before, &tree(&scratch.disk()), "nothing is written");
}

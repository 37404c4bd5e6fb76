//! Real hives with pending log entries: repaired, recovered, put back, exported and imported.
//!
//! Invariants: what must come out of the logs was found by another program (`EXPECTED-yarp`), and
//! what Windows would make of the files that lie there is said by the test kit's replay.
//! Absent on purpose: kills (they are in `kills`), hives that are not here.

use crate::bench::bins;
use crate::real::{Which, hives};
use crate::scratch::{Answer, Scratch, Tree, same, same_bytes, tree};
use crate::{ARTICLE, has, plan_article, tool};
use hive::{Hive, Key};
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::HiveBuilder;
use testkit::replay::{State, recover};

/// A key that only the logs of the dirty Windows 10 hive hold, a value of it, and its text.
const PENDING: [&str; 3] = [
    r"ControlSet001\Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}\0003",
    "DriverDesc",
    "Disk drive",
];

#[test]
fn a_dirty_windows_10_is_repaired() {
    if !has(&["hivexget"]) {
        return;
    }
    let Some(scratch) = Which::Dirty10.scratch() else {
        return;
    };
    let before = tree(&scratch.disk());
    assert_eq!(get(&scratch.config("SYSTEM"), PENDING[0], PENDING[1]), None);
    let words = [&["plan", "disk"][..], &ARTICLE].concat();
    let said = scratch.run(&words).gives(0).out;
    let said: Vec<&str> = said.split_whitespace().collect();
    let pending = "24 log entries pending (2107 to 2130), all present: applied first";
    assert!(said.join(" ").contains(pending), "{said:?}");
    plan_article(&scratch);
    same(&before, &tree(&scratch.disk()), "plan changes nothing");
    let apply = ["--drive", "disk", "apply"];
    let words = [&apply[..], &ARTICLE, &["--yes"]].concat();
    scratch.run(&words).gives(0);
    let system = scratch.config("SYSTEM");
    let found = get(&system, PENDING[0], PENDING[1]);
    assert_eq!(
        found.as_deref(),
        Some(PENDING[2]),
        "what only the logs held"
    );
    let crash = r"ControlSet001\Control\CrashControl";
    let edited = get(&system, crash, "NMICrashDump");
    assert_eq!(edited.as_deref(), Some("1"), "the article's value");
    replays_to_itself(&scratch);
    let offered = [&["plan", "disk", "--detailed-exitcode"][..], &ARTICLE].concat();
    scratch.run(&offered).gives(0);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo restores all");
}

/// A value as `hivexget` shows it.
fn get(hive: &Path, key: &str, name: &str) -> Option<String> {
    let mut command = Command::new("hivexget");
    let output = command.arg(hive).args([key, name]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Windows would load SYSTEM as it lies there: clean, and from nothing but the file.
fn replays_to_itself(scratch: &Scratch) {
    let read = |end: &str| fs::read(scratch.config(&format!("SYSTEM{end}"))).unwrap();
    let (system, one, two) = (read(""), read(".LOG1"), read(".LOG2"));
    let now = recover(&system, Some(&one), Some(&two), None);
    assert_eq!((now.state, now.applied), (State::Clean, vec![]));
    assert!(now.image == system);
    // A header that says "dirty" again makes the logs be read: they must give no other bins.
    let mut dirty = system.clone();
    let second = u32::from_le_bytes(system[8..12].try_into().unwrap());
    dirty[8..12].copy_from_slice(&(second - 1).to_le_bytes());
    let sum = testkit::checksum(&dirty);
    dirty[508..512].copy_from_slice(&sum.to_le_bytes());
    let again = recover(&dirty, Some(&one), Some(&two), None);
    assert!(bins(&again.image) == bins(&system), "{:?}", again.applied);
}

/// A row of SETS.tsv: the set, its logs by ending, what must come out and the last entry.
struct Set {
    name: String,
    logs: Vec<(&'static str, String)>,
    expected: Option<String>,
    last: Option<u32>,
}

fn sets() -> Vec<Set> {
    let Ok(text) = fs::read_to_string(hives().join("SETS.tsv")) else {
        println!("skipped: no SETS.tsv");
        return Vec::new();
    };
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let ends = [(".LOG", 2), (".LOG1", 3), (".LOG2", 4)];
        let logs = ends.into_iter().filter(|(_, at)| !cells[*at].is_empty());
        let last = cells[7].split_once("last=").map(|(_, last)| last);
        Set {
            name: cells[1].to_owned(),
            logs: logs.map(|(end, at)| (end, cells[at].to_owned())).collect(),
            expected: (!cells[6].is_empty()).then(|| cells[6].to_owned()),
            last: last.map(|last| last.parse().unwrap()),
        }
    });
    rows.collect()
}

/// A folder with a hive called `H` and its logs.
fn place(set: &Set) -> Scratch {
    let scratch = Scratch::empty();
    fs::create_dir(scratch.disk()).unwrap();
    let put = |from: &str, to: &str| {
        let bytes = fs::read(hives().join(from)).unwrap();
        fs::write(scratch.disk().join(to), bytes).unwrap();
    };
    put(&set.name, "H");
    for (end, from) in &set.logs {
        put(from, &format!("H{end}"));
    }
    scratch
}

#[test]
fn every_set_is_recovered() {
    for set in sets() {
        let scratch = place(&set);
        let before = tree(&scratch.disk());
        let aside = scratch.run(&["hive", "recover", "disk/H", "-o", "out"]);
        aside.gives(0);
        same(&before, &tree(&scratch.disk()), "with -o the old one stays");
        let answer = scratch.run(&["hive", "recover", "disk/H"]).gives(0);
        let (Some(expected), Some(last)) = (&set.expected, set.last) else {
            assert!(answer.out.contains("nothing to recover"), "{answer:?}");
            same(&before, &tree(&scratch.disk()), "a clean one is left alone");
            println!("{}: clean, left alone", set.name);
            continue;
        };
        let wanted = fs::read(hives().join(expected)).unwrap();
        for file in ["disk/H", "out"] {
            recovered(&scratch, file, &wanted, last, &set.name);
        }
        again(&scratch, &before, &answer);
        println!("{}: entries up to {last}, bins as {expected}", set.name);
    }
}

fn recovered(scratch: &Scratch, file: &str, wanted: &[u8], last: u32, set: &str) {
    let bytes = fs::read(scratch.path().join(file)).unwrap();
    assert!(bins(&bytes) == bins(wanted), "{set} {file}: other bins");
    assert!(bins(&bytes).is_some_and(|bins| !bins.is_empty()));
    let hive = Hive::open(bytes).unwrap();
    assert_eq!(hive.sequences(), (last + 1, last + 1), "{set} {file}");
}

/// Nothing is left to recover; what was done is taken back.
fn again(scratch: &Scratch, before: &Tree, answer: &Answer) {
    let after = tree(&scratch.disk());
    let second = scratch.run(&["hive", "recover", "disk/H"]).gives(0);
    assert!(second.out.contains("nothing to recover"), "{second:?}");
    same(&after, &tree(&scratch.disk()), "once is enough");
    let run = answer.out.rsplit("offfix undo ").next().unwrap().trim();
    scratch.run(&["undo", run, "--yes"]).gives(0);
    same_bytes(before, &tree(&scratch.disk()), "undo gives all back");
}

/// Sound hives, of versions 1.3 and 1.5, whose export is put into an empty one.
const SOUND: [&str; 4] = [
    "logs-clean-server2012r2-amcache",
    "sys-win7sp1-2controlsets",
    "sys-xpsp3-controlset-1-and-3",
    "sys-win10-16299-dirty.EXPECTED-yarp",
];

/// A folder with a real hive as `H`; `None`, after saying so, when it is not here.
fn one(name: &str) -> Option<Scratch> {
    let Ok(bytes) = fs::read(hives().join(name)) else {
        println!("skipped: no real hive {name}");
        return None;
    };
    let scratch = Scratch::empty();
    fs::create_dir(scratch.disk()).unwrap();
    fs::write(scratch.disk().join("H"), bytes).unwrap();
    Some(scratch)
}

/// The same root name for every hive.
const ROOT: [&str; 2] = ["--root", r"HKEY_LOCAL_MACHINE\X"];

#[test]
fn an_export_goes_into_an_empty_hive() {
    for name in SOUND {
        let Some(scratch) = one(name) else {
            continue;
        };
        let at = |file: &str| scratch.disk().join(file);
        let export = ["hive", "export", "disk/H", "-o", "h.reg"];
        scratch.run(&[&export[..], &ROOT].concat()).gives(0);
        fs::write(at("EMPTY"), HiveBuilder::new().build()).unwrap();
        let import = ["hive", "import", "disk/EMPTY", "h.reg"];
        scratch.run(&[&import[..], &ROOT].concat()).gives(0);
        let (wanted, found) = (rows(&at("H")), rows(&at("EMPTY")));
        assert!(wanted.len() > 10, "{name}: only {} keys", wanted.len());
        equal(name, &wanted, &found);
        println!("{name}: {} keys came back", wanted.len());
    }
}

#[test]
fn an_export_goes_through_hivexregedit() {
    if !has(&["hivexregedit"]) {
        return;
    }
    for name in SOUND {
        let Some(scratch) = one(name) else {
            continue;
        };
        let at = |file: &str| scratch.disk().join(file);
        let export = ["hive", "export", "disk/H", "--utf8", "-o", "h.reg"];
        scratch.run(&[&export[..], &ROOT].concat()).gives(0);
        // hivex writes large data into one cell, as version 1.3 wants it.
        let empty = HiveBuilder::with_minor(3).build();
        fs::write(at("EMPTY"), empty).unwrap();
        let mut merge = Command::new("hivexregedit");
        merge
            .args(["--merge", "--prefix", ROOT[1]])
            .arg(at("EMPTY"));
        // Perl takes the bytes for Latin-1 otherwise.
        tool(
            merge
                .arg(scratch.path().join("h.reg"))
                .env("PERL_UNICODE", "SDA"),
        );
        // Nothing is left out: every key, and every value with its type and data.
        let (wanted, found) = (rows(&at("H")), rows(&at("EMPTY")));
        equal(name, &wanted, &found);
        let values: usize = wanted.iter().map(|row| row.1.len()).sum();
        let keys = wanted.len();
        println!("{name}: {keys} keys, {values} values came back through hivexregedit");
    }
}

/// A value: name, type, data.
type Item = (String, u32, Vec<u8>);

/// Every key by its path, its values sorted.
fn rows(file: &Path) -> Vec<(String, Vec<Item>)> {
    let hive = Hive::open(fs::read(file).unwrap()).unwrap();
    let mut rows = Vec::new();
    let mut todo: Vec<(String, Key<'_>)> = vec![(String::new(), hive.root().unwrap())];
    while let Some((path, key)) = todo.pop() {
        let values = key.values().unwrap().into_iter();
        let mut items: Vec<Item> = values
            .map(|value| {
                let data = value.read().unwrap();
                (value.name().to_string(), data.kind.0, data.bytes)
            })
            .collect();
        items.sort();
        let below = key.subkeys().unwrap().into_iter();
        todo.extend(below.map(|key| (format!("{path}\\{}", key.name()), key)));
        rows.push((path, items));
    }
    rows.sort();
    rows
}

#[track_caller]
fn equal(what: &str, wanted: &[(String, Vec<Item>)], found: &[(String, Vec<Item>)]) {
    for (wanted, found) in wanted.iter().zip(found) {
        assert_eq!(wanted, found, "{what}");
    }
    assert_eq!(wanted.len(), found.len(), "{what}: number of keys");
}

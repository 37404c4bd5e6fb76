//! `hive`: one hive file by itself, read, written, recovered and put back.
//!
//! Invariants: what only reads and what is refused changes no byte, no time stamp and makes no
//! journal; what writes is read back by the library. Absent on purpose: hives of a real Windows
//! (the gates have them), the rules of `check` one by one.

use crate::scratch::{Answer, Scratch, Tree, same, same_bytes, tree};
use crate::{placeless, shows};
use hive::{Hive, RegData, RegType};
use serde_json::Value;
use std::fs;
use testkit::replay::marvin32;
use testkit::{HiveBuilder, checksum};

const FILE: &str = "disk/SOFTWARE";
const VENDOR: &str = r"Vendor\Product";

/// A small hive of version 1.5.
fn small() -> HiveBuilder {
    let mut hive = HiveBuilder::new();
    hive.sequence = 7;
    hive.key(VENDOR)
        .sz("", "the default")
        .sz("Text", "a \"quoted\" \\ text")
        .expand_sz("Path", r"%SystemRoot%\x")
        .multi_sz("List", &["one", "two"])
        .dword("Number", 10)
        .qword("Large", 1 << 40)
        .binary("Bytes", &[1, 0xAB])
        .value("Odd", 0xFFFF_0001, &[5]);
    hive.key("Vendor\\Gr\u{f6}n");
    hive.key(r"Vendor\Below\Deep").dword("A", 1);
    hive
}

/// A folder with this file and no logs.
fn with(bytes: &[u8]) -> Scratch {
    let scratch = Scratch::empty();
    fs::create_dir(scratch.disk()).unwrap();
    fs::write(scratch.path().join(FILE), bytes).unwrap();
    scratch
}

fn scratch() -> Scratch {
    with(&small().build())
}

/// The same with a log whose one entry sets `Number` to 11.
fn dirty() -> Scratch {
    let old = small().build();
    let mut changed = small();
    changed.key(VENDOR).dword("Number", 11);
    let new = changed.build();
    let scratch = with(&renumbered(&old, 8, 7));
    fs::write(scratch.path().join("disk/SOFTWARE.LOG1"), log(&old, &new)).unwrap();
    fs::write(scratch.path().join("disk/SOFTWARE.LOG2"), "").unwrap();
    scratch
}

fn renumbered(file: &[u8], first: u32, second: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    file[4..8].copy_from_slice(&first.to_le_bytes());
    file[8..12].copy_from_slice(&second.to_le_bytes());
    let sum = checksum(&file);
    file[508..512].copy_from_slice(&sum.to_le_bytes());
    file
}

/// A log of the new format with entry 7: the pages that differ.
fn log(old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let pages = old.chunks(4096).zip(new.chunks(4096)).enumerate().skip(1);
    let pages: Vec<(u32, &[u8])> = pages
        .filter(|(_, (old, new))| old != new)
        .map(|(number, (_, new))| ((number as u32 - 1) * 4096, new))
        .collect();
    assert!(!pages.is_empty());
    let mut body = Vec::new();
    for (at, page) in &pages {
        body.extend(at.to_le_bytes());
        body.extend((page.len() as u32).to_le_bytes());
    }
    for (_, page) in &pages {
        body.extend(*page);
    }
    let end = (512 + 40 + body.len()).next_multiple_of(4096);
    body.resize(end - 512 - 40, 0);
    let mut entry = b"HvLE".to_vec();
    let size = (new.len() - 4096) as u32;
    for word in [(end - 512) as u32, 0, 7, size, pages.len() as u32] {
        entry.extend(word.to_le_bytes());
    }
    entry.extend(marvin32(&body).to_le_bytes());
    entry.extend(marvin32(&entry).to_le_bytes());
    let mut log = renumbered(&new[..512], 7, 7);
    log[0x1C..0x20].copy_from_slice(&6_u32.to_le_bytes());
    let sum = checksum(&log);
    log[508..512].copy_from_slice(&sum.to_le_bytes());
    log.extend(entry);
    log.extend(body);
    log
}

/// Everything in the folder.
fn all(scratch: &Scratch) -> Tree {
    let mut all = tree(scratch.path());
    all.remove(std::path::Path::new(""));
    all
}

/// Shows a command that must change nothing at all.
#[track_caller]
fn reads(scratch: &Scratch, name: &str, words: &[&str], code: i32) -> Answer {
    let before = all(scratch);
    let answer = shows(scratch, name, &[&["hive"], words].concat()).gives(code);
    same(&before, &all(scratch), name);
    answer
}

/// Shows a command that must write; gives the hive after it.
#[track_caller]
fn writes(scratch: &Scratch, name: &str, words: &[&str]) -> Hive {
    let before = fs::read(scratch.path().join(FILE)).unwrap();
    shows(scratch, name, &[&["hive"], words].concat()).gives(0);
    let after = fs::read(scratch.path().join(FILE)).unwrap();
    assert_ne!(before, after, "{name} writes");
    let hive = Hive::open(after).unwrap();
    assert!(hive::check::check(&hive).is_sound(), "{name}");
    hive
}

fn data(hive: &Hive, key: &str, name: &str) -> Option<RegData> {
    let value = hive.key(key).unwrap()?.value(name).unwrap()?;
    Some(value.read().unwrap())
}

#[test]
fn looking() {
    let scratch = scratch();
    reads(&scratch, "hive-check", &["check", FILE], 0);
    reads(&scratch, "hive-get", &["get", FILE, VENDOR], 0);
    let one = ["get", FILE, r"vendor\PRODUCT", "number"];
    reads(&scratch, "hive-get-value", &one, 0);
    reads(&scratch, "hive-get-default", &["get", FILE, VENDOR, ""], 0);
    reads(&scratch, "hive-ls-root", &["ls", FILE], 0);
    reads(&scratch, "hive-ls", &["ls", FILE, "Vendor"], 0);
    reads(&scratch, "hive-stat", &["stat", FILE], 0);
}

#[test]
fn looking_at_pending_entries() {
    let scratch = dirty();
    reads(&scratch, "hive-pending-check", &["check", FILE], 0);
    reads(&scratch, "hive-pending-stat", &["stat", FILE], 0);
    let get = ["get", FILE, VENDOR, "Number"];
    let answer = reads(&scratch, "hive-pending-get", &get, 0);
    assert!(answer.out.contains("0xb"), "what the log holds: {answer:?}");
}

#[test]
fn looking_as_json() {
    let scratch = scratch();
    for (name, words) in [
        ("hive-check-json", &["check", FILE][..]),
        ("hive-get-json", &["get", FILE, VENDOR]),
        ("hive-ls-json", &["ls", FILE, "Vendor"]),
        ("hive-stat-json", &["stat", FILE]),
    ] {
        let words = [words, &["--format", "json"]].concat();
        let answer = reads(&scratch, name, &words, 0);
        serde_json::from_str::<Value>(&answer.out).unwrap();
    }
    let words = ["get", FILE, "Nothing", "--format", "json"];
    let answer = reads(&scratch, "hive-no-key-json", &words, 7);
    let failure: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(failure["code"], "no-key");
}

#[test]
fn a_damaged_hive() {
    let mut bytes = testkit::damage::base();
    let faults = testkit::damage::catalogue();
    let fault = faults.iter().find(|fault| fault.rule == "L3").unwrap();
    (fault.apply)(&mut bytes);
    let scratch = with(&bytes);
    let before = all(&scratch);
    let answer = scratch.run(&["hive", "check", FILE]).gives(7);
    assert!(answer.out.contains("L3"), "{answer:?}");
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("hive-check-damaged", format!("{}{}", answer.out, answer.err));
    });
    let json = scratch.run(&["hive", "check", FILE, "--format", "json"]);
    let json: Value = serde_json::from_str(&json.gives(7).out).unwrap();
    assert_eq!(json["verdict"], "needs-human");
    assert_eq!(json["defects"][0]["rule"], "L3");
    let set = ["hive", "set", FILE, "Alpha", "One", "dword", "2"];
    shows(&scratch, "hive-set-damaged", &set).gives(3);
    same(&before, &all(&scratch), "nothing is written");
}

#[test]
fn exports() {
    let scratch = scratch();
    let utf8 = ["export", FILE, "--utf8"];
    let shown = reads(&scratch, "hive-export", &utf8, 0).out;
    let part = [
        "export",
        FILE,
        r"Vendor\Below",
        "--utf8",
        "--root",
        r"HKEY_LOCAL_MACHINE\X",
    ];
    reads(&scratch, "hive-export-part", &part, 0);
    let before = all(&scratch);
    let file = |name: &str| fs::read(scratch.path().join(name)).unwrap();
    scratch
        .run(&["hive", "export", FILE, "-o", "16.reg"])
        .gives(0);
    scratch
        .run(&["hive", "export", FILE, "-o", "8.reg", "--utf8"])
        .gives(0);
    assert_eq!(file("8.reg"), shown.as_bytes());
    let wide: Vec<u8> = shown.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(file("16.reg"), [&[0xFF, 0xFE], &wide[..]].concat());
    reads(
        &scratch,
        "hive-export-exists",
        &["export", FILE, "-o", "8.reg"],
        2,
    );
    for name in ["8.reg", "16.reg"] {
        fs::remove_file(scratch.path().join(name)).unwrap();
    }
    same(&before, &all(&scratch), "an export changes nothing else");
}

#[test]
fn every_type_is_set() {
    let odd = |kind: u32, bytes: &[u8]| RegData {
        kind: RegType(kind),
        bytes: bytes.to_vec(),
    };
    let rows: [(&str, &[&str], RegData); 9] = [
        ("sz", &["new text"], RegData::sz("new text")),
        ("expand_sz", &["%A%"], RegData::expand_sz("%A%")),
        ("multi_sz", &["x", "y z"], RegData::multi_sz(&["x", "y z"])),
        ("dword", &["0xfffffffe"], RegData::dword(0xFFFF_FFFE)),
        (
            "qword",
            &["4294967296"],
            odd(11, &(1_u64 << 32).to_le_bytes()),
        ),
        ("binary", &["00 ff", "7e"], odd(3, &[0, 0xFF, 0x7E])),
        ("none", &[], odd(0, &[])),
        ("REG_SZ", &[], RegData::sz("")),
        ("0x20001", &["0102"], odd(0x20001, &[1, 2])),
    ];
    for (kind, words, wanted) in rows {
        let scratch = scratch();
        let set = ["hive", "set", FILE, r"New\Key", "V", kind];
        scratch.run(&[&set, words].concat()).gives(0);
        let bytes = fs::read(scratch.path().join(FILE)).unwrap();
        let hive = Hive::open(bytes).unwrap();
        assert!(hive::check::check(&hive).is_sound(), "{kind}");
        assert_eq!(data(&hive, r"New\Key", "V"), Some(wanted), "{kind}");
    }
}

#[test]
fn setting_and_deleting_and_back() {
    let scratch = scratch();
    let before = tree(&scratch.disk());
    let set = ["set", FILE, VENDOR, "Number", "dword", "11"];
    let hive = writes(&scratch, "hive-set", &set);
    assert_eq!(data(&hive, VENDOR, "Number"), Some(RegData::dword(11)));
    let journal = tree(&scratch.path().join("J"));
    shows(&scratch, "hive-set-again", &[&["hive"], &set[..]].concat()).gives(0);
    same(
        &journal,
        &tree(&scratch.path().join("J")),
        "no run for nothing",
    );
    let hive = writes(
        &scratch,
        "hive-delete-value",
        &["delete", FILE, VENDOR, "Text"],
    );
    assert_eq!(data(&hive, VENDOR, "Text"), None);
    let hive = writes(
        &scratch,
        "hive-delete-key",
        &["delete", FILE, r"Vendor\Below"],
    );
    assert!(hive.key(r"Vendor\Below").unwrap().is_none());
    assert!(hive.key(VENDOR).unwrap().is_some());
    for run in ["20260915-0912-3", "20260915-0912-2"] {
        scratch.run(&["undo", run, "--yes"]).gives(0);
    }
    shows(&scratch, "hive-undo", &["undo", "20260915-0912", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo gives the bytes back");
}

#[test]
fn writing_as_json() {
    let scratch = scratch();
    let json = ["--format", "json"];
    let set = [
        &["hive", "set", FILE, VENDOR, "Number", "dword", "11"],
        &json[..],
    ]
    .concat();
    let first = shows(&scratch, "hive-set-json", &set).gives(0);
    let first: Value = serde_json::from_str(&first.out).unwrap();
    assert_eq!(
        (&first["verdict"], &first["run"]),
        (&"fixed".into(), &"20260915-0912".into())
    );
    for words in [
        &set[..],
        &["hive", "recover", FILE, "--format", "json"],
        &[
            "hive", "delete", FILE, VENDOR, "Nothing", "--format", "json",
        ],
    ] {
        let answer: Value = serde_json::from_str(&scratch.run(words).gives(0).out).unwrap();
        assert_eq!(
            (&answer["verdict"], &answer["run"]),
            (&"clean".into(), &Value::Null)
        );
    }
    let out = ["hive", "recover", FILE, "-o", "out", "--format", "json"];
    let answer: Value = serde_json::from_str(&scratch.run(&out).gives(0).out).unwrap();
    assert_eq!(answer["verdict"], "fixed");
}

const REG: &str = "Windows Registry Editor Version 5.00\r\n\r\n\
    [HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor\\Product]\r\n\
    \"Number\"=dword:0000000b\r\n\"Text\"=-\r\n@=\"new\"\r\n\r\n\
    [-HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor\\Below]\r\n\r\n\
    [HKEY_LOCAL_MACHINE\\SOFTWARE\\Fresh]\r\n\"Bytes\"=hex(20001):01,\\\r\n  02\r\n";

#[test]
fn imports() {
    let scratch = scratch();
    fs::write(scratch.path().join("x.reg"), REG).unwrap();
    let before = tree(&scratch.disk());
    let dry = ["import", FILE, "x.reg", "--dry-run"];
    reads(&scratch, "hive-import-dry", &dry, 0);
    let dry_json = [&dry[..], &["--format", "json"]].concat();
    let answer = reads(&scratch, "hive-import-dry-json", &dry_json, 0);
    let answer: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(answer["verdict"], "would-fix");
    let hive = writes(&scratch, "hive-import", &["import", FILE, "x.reg"]);
    assert_eq!(data(&hive, VENDOR, "Number"), Some(RegData::dword(11)));
    assert_eq!(data(&hive, VENDOR, ""), Some(RegData::sz("new")));
    assert_eq!(data(&hive, VENDOR, "Text"), None);
    assert!(hive.key(r"Vendor\Below").unwrap().is_none());
    let odd = data(&hive, "Fresh", "Bytes").unwrap();
    assert_eq!((odd.kind.0, &odd.bytes[..]), (0x20001, &[1, 2][..]));
    reads(&scratch, "hive-import-dry-again", &dry, 0);
    scratch.run(&["undo", "20260915-0912", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo gives the bytes back");
}

#[test]
fn imports_that_are_refused() {
    let scratch = scratch();
    let file = |name: &str, text: &str| fs::write(scratch.path().join(name), text).unwrap();
    file("x.reg", REG);
    file(
        "broken.reg",
        &REG.replace("dword:0000000b", "dword:0000000g"),
    );
    file("text.reg", "not a registry file\r\n");
    let root = ["import", FILE, "x.reg", "--root", r"HKEY_CURRENT_USER"];
    reads(&scratch, "hive-import-root", &root, 2);
    for dry in [&[][..], &["--dry-run"]] {
        let words = [&["hive", "import", FILE, "broken.reg"], dry].concat();
        scratch.run(&words).gives(2);
    }
    reads(
        &scratch,
        "hive-import-broken",
        &["import", FILE, "broken.reg"],
        2,
    );
    reads(
        &scratch,
        "hive-import-text",
        &["import", FILE, "text.reg"],
        2,
    );
    reads(
        &scratch,
        "hive-import-missing",
        &["import", FILE, "no.reg"],
        2,
    );
}

#[test]
fn recovering() {
    let clean = scratch();
    reads(&clean, "hive-recover-clean", &["recover", FILE], 0);
    let scratch = dirty();
    let before = tree(&scratch.disk());
    shows(
        &scratch,
        "hive-recover-out",
        &["hive", "recover", FILE, "-o", "out"],
    )
    .gives(0);
    same(
        &before,
        &tree(&scratch.disk()),
        "the old one stays as it is",
    );
    let aside = Hive::open(fs::read(scratch.path().join("out")).unwrap()).unwrap();
    assert_eq!((aside.sequences(), number(&aside)), ((8, 8), Some(11)));
    reads(
        &scratch,
        "hive-recover-exists",
        &["recover", FILE, "-o", "out"],
        2,
    );
    let hive = writes(&scratch, "hive-recover", &["recover", FILE]);
    assert_eq!((hive.sequences(), number(&hive)), ((8, 8), Some(11)));
    assert!(hive.bins() == aside.bins());
    scratch.run(&["undo", "20260915-0912", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo gives the bytes back");
}

fn number(hive: &Hive) -> Option<u32> {
    let data = data(hive, VENDOR, "Number")?;
    Some(u32::from_le_bytes(data.bytes.try_into().ok()?))
}

#[test]
fn setting_a_dirty_hive() {
    let scratch = dirty();
    let before = tree(&scratch.disk());
    let set = ["set", FILE, VENDOR, "Large", "qword", "1"];
    let hive = writes(&scratch, "hive-set-dirty", &set);
    assert_eq!(number(&hive), Some(11), "what the log held is in the file");
    scratch.run(&["undo", "20260915-0912", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undo gives the bytes back");
}

#[test]
fn logs_that_are_not_there() {
    let scratch = dirty();
    fs::remove_file(scratch.path().join("disk/SOFTWARE.LOG1")).unwrap();
    let before = tree(&scratch.disk());
    for (name, words) in [
        ("hive-lost-get", &["get", FILE, VENDOR][..]),
        ("hive-lost-set", &["set", FILE, VENDOR, "A", "dword", "1"]),
        ("hive-lost-recover", &["recover", FILE]),
    ] {
        reads(&scratch, name, words, 3);
    }
    let discard = ["hive", "recover", FILE, "--discard-logs"];
    let aside = scratch
        .run(&[&discard[..], &["-o", "out"]].concat())
        .gives(0);
    assert!(aside.out.contains("out: logs discarded"), "{aside:?}");
    same(
        &before,
        &tree(&scratch.disk()),
        "the old one stays as it is",
    );
    let answer = scratch.run(&discard).gives(0);
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        let shown = placeless(&scratch, &format!("{}{}", answer.out, answer.err));
        insta::assert_snapshot!("hive-discard", shown);
    });
    let bytes = fs::read(scratch.path().join(FILE)).unwrap();
    assert!(bytes[..512] == fs::read(scratch.path().join("out")).unwrap()[..512]);
    let hive = Hive::open(bytes).unwrap();
    assert_eq!(number(&hive), Some(10), "the entry is lost");
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
    same_bytes(&before, &tree(&scratch.disk()), "undone");
}

#[test]
fn bad_input() {
    let scratch = scratch();
    fs::write(scratch.path().join("disk/text"), "not a hive").unwrap();
    fs::write(scratch.path().join("disk/empty"), "").unwrap();
    let set =
        |kind: &'static str, word: &'static str| vec!["set", FILE, VENDOR, "Number", kind, word];
    let rows: Vec<(&str, Vec<&str>, i32)> = vec![
        ("hive-bad-file", vec!["get", "disk/none", "A"], 7),
        ("hive-bad-folder", vec!["get", "none/SYSTEM", "A"], 7),
        ("hive-bad-is-folder", vec!["check", "disk"], 7),
        ("hive-bad-text", vec!["check", "disk/text"], 7),
        ("hive-bad-empty", vec!["stat", "disk/empty"], 7),
        ("hive-bad-key", vec!["get", FILE, r"Vendor\None"], 7),
        ("hive-bad-ls", vec!["ls", FILE, r"Vendor\None"], 7),
        ("hive-bad-export", vec!["export", FILE, "None"], 7),
        ("hive-bad-value", vec!["get", FILE, VENDOR, "None"], 7),
        ("hive-bad-type", set("string", "x"), 2),
        ("hive-bad-number", set("dword", "ten"), 2),
        ("hive-bad-large", set("dword", "4294967296"), 2),
        ("hive-bad-hex", set("binary", "0g"), 2),
        ("hive-bad-half", set("binary", "123"), 2),
        (
            "hive-bad-words",
            vec!["set", FILE, VENDOR, "V", "sz", "a", "b"],
            2,
        ),
        ("hive-bad-root", vec!["delete", FILE, ""], 3),
        (
            "hive-bad-set-file",
            vec!["set", "disk/text", "A", "V", "dword", "1"],
            7,
        ),
    ];
    for (name, words, code) in rows {
        reads(&scratch, name, &words, code);
        assert!(
            !scratch.path().join("J").exists(),
            "{name} makes no journal"
        );
    }
    let long = "n".repeat(256);
    scratch
        .run(&["hive", "set", FILE, &long, "V", "dword", "1"])
        .gives(3);
    let gone = ["delete", FILE, r"Vendor\None"];
    reads(&scratch, "hive-delete-nothing", &gone, 0);
}

#[test]
fn words_behind_the_data() {
    let scratch = scratch();
    let unknown = ["set", FILE, VENDOR, "Text", "sz", "--unknown"];
    reads(&scratch, "hive-set-option", &unknown, 2);
    let mut command = scratch.command(&["hive", "set", FILE, VENDOR, "Text", "sz"]);
    let output = command.args(["--", "--unknown"]).output().unwrap();
    Answer::of(&output).gives(0);
    let hive = Hive::open(fs::read(scratch.path().join(FILE)).unwrap()).unwrap();
    assert_eq!(data(&hive, VENDOR, "Text"), Some(RegData::sz("--unknown")));
}

#[test]
fn what_goes_with_a_key() {
    let scratch = scratch();
    let dry = ["delete", FILE, "Vendor", "--dry-run"];
    reads(&scratch, "hive-delete-dry", &dry, 0);
    let json = [&dry[..], &["--format", "json"]].concat();
    let answer = reads(&scratch, "hive-delete-dry-json", &json, 0);
    let answer: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(answer["verdict"], "would-fix");
    let kinds = |kind: &str| {
        let changes = answer["changes"].as_array().unwrap().iter();
        changes.filter(|change| change["kind"] == kind).count()
    };
    assert_eq!((kinds("key"), kinds("edit")), (5, 9));
    let nothing = ["delete", FILE, "None", "--dry-run"];
    let answer = scratch.run(&[&["hive"], &nothing[..]].concat()).gives(0);
    assert_eq!(answer.out, "1 operation: nothing to change\n");
    let done = ["hive", "delete", FILE, "Vendor", "--format", "json"];
    let done: Value = serde_json::from_str(&scratch.run(&done).gives(0).out).unwrap();
    assert_eq!(done["changes"].as_array().unwrap().len(), 14);
    assert_eq!(done["note"], "hive delete");
}

#[test]
fn a_long_list_of_what_goes_is_cut() {
    let mut hive = small();
    let crowd = hive.key("Crowd");
    for number in 0..10_050 {
        crowd.dword(&format!("V{number:05}"), number);
    }
    let scratch = with(&hive.build());
    let delete = ["hive", "delete", FILE, "Crowd", "--dry-run"];
    let text = scratch.run(&delete).gives(0).out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "  deleted whole: 1 key, 10050 values");
    assert_eq!(lines[1], "  Crowd: key -> missing");
    assert_eq!(lines[20], "  Crowd V00018: REG_DWORD 0x12 -> missing");
    assert_eq!(lines[21], "  ... and 10031 more");
    assert_eq!(lines.len(), 23);
    let json = [&delete[..], &["--format", "json"]].concat();
    let json: Value = serde_json::from_str(&scratch.run(&json).gives(0).out).unwrap();
    assert_eq!(json["changes"].as_array().unwrap().len(), 10_000);
    assert_eq!(
        json["note"],
        "hive delete --dry-run; 51 more changes not listed"
    );

    let mut hive = small();
    let text = "x".repeat(1_500_000);
    for name in ["A", "B", "C"] {
        hive.key("Crowd").sz(name, &text);
    }
    let scratch = with(&hive.build());
    let shown = scratch.run(&delete).gives(0).out;
    assert!(shown.contains("1 key, 3 values"), "{shown}");
    assert!(shown.contains("  ... and 2 more\n"), "{shown}");
    assert!(shown.len() < 1000, "data is cut: {} bytes", shown.len());
}

#[test]
fn only_the_outcome_of_an_import_counts() {
    let scratch = scratch();
    let reg = "Windows Registry Editor Version 5.00\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor\\Product]\r\n\"Fresh\"=\"1\"\r\n\r\n\
        [-HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor\\PRODUCT]\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor\\Product]\r\n\
        \"Number\"=dword:0000000a\r\n\"Large\"=dword:00000001\r\n\"Large\"=dword:00000002\r\n";
    fs::write(scratch.path().join("x.reg"), reg).unwrap();
    let dry = ["import", FILE, "x.reg", "--dry-run"];
    let answer = reads(&scratch, "hive-import-outcome", &dry, 0);
    for absent in ["Number", "Fresh", "0x1\n"] {
        assert!(!answer.out.contains(absent), "{absent}: {answer:?}");
    }
}

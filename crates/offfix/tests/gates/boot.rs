//! The serial console on real boot configuration stores, judged by another reader.
//!
//! Invariants: every store is a copy. Absent on purpose: what the store means to a boot manager.

use crate::listing::{Difference, differences, listing};
use crate::scratch::{Answer, Scratch, same_bytes, tree};
use crate::{has, tool};
use hive::Hive;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use testkit::bcd::{BOOTMGR, EMSSETTINGS, Store};
use testkit::windows::demo;

const BIOS: &str = "Boot/BCD";
const UEFI: &str = "EFI/Microsoft/Boot/BCD";
const CONSOLE: [&str; 3] = ["--repair", "serial-console", "--as-article"];
/// `bootems`, `timeout` and `displaybootmenu`, as the article's commands write them.
const MANAGER: [(&str, &str); 3] = [
    ("16000020", "hex(3):01"),
    ("25000004", "hex(3):05,00,00,00,00,00,00,00"),
    ("26000020", "hex(3):01"),
];
/// Port and speed.
const PORT: [(&str, &str); 2] = [
    ("15000022", "hex(3):01,00,00,00,00,00,00,00"),
    ("15000023", "hex(3):00,c2,01,00,00,00,00,00"),
];
/// `ems` of the loader.
const EMS: (&str, &str) = ("260000b0", "hex(3):01");

/// A store of the collection; `None`, after saying so, without it.
fn real(name: &str) -> Option<Vec<u8>> {
    let stores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bcd");
    let bytes = fs::read(stores.join(name)).ok();
    if bytes.is_none() {
        println!("skipped: no real store {name}");
    }
    bytes
}

/// The demonstration with this store and no other.
fn disk(path: &str, store: &[u8]) -> Scratch {
    let mut disk = demo();
    for file in ["Boot/BCD", "Boot/BCD.LOG", "bootmgr"] {
        disk.files.remove(file);
    }
    disk.files.insert(path.to_owned(), store.to_vec());
    Scratch::with(&disk)
}

fn element(object: &str, code: &str) -> String {
    format!("Objects\\{object}\\Elements\\{code}")
}

/// The elements that differ, with the data they have now.
fn changed(found: &[Difference]) -> Vec<(String, String)> {
    let values = found.iter().filter(|(_, name, _, _)| name.is_some());
    values
        .map(|(key, _, _, after)| (key.clone(), after.clone().unwrap_or_default()))
        .collect()
}

/// What the article changes in a store whose default loader is this one.
fn article(loader: &str) -> Vec<(String, String)> {
    let manager = MANAGER.map(|(code, data)| (element(BOOTMGR, code), data.to_owned()));
    let port = PORT.map(|(code, data)| (element(EMSSETTINGS, code), data.to_owned()));
    let ems = (element(loader, EMS.0), EMS.1.to_owned());
    let mut all = [&manager[..], &port[..], &[ems]].concat();
    all.sort();
    all
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap()
}

fn sequences(store: &Path) -> (u32, u32) {
    Hive::open(fs::read(store).unwrap()).unwrap().sequences()
}

/// Plan, apply, look again and undo on a disk with this store; `options` come with each command.
fn session(scratch: &Scratch, store: &Path, options: &[&str], expected: &[(String, String)]) {
    let run = |words: &[&str]| scratch.run(&[words, options].concat());
    let (before, listed) = (tree(&scratch.disk()), listing(store));
    let old = sequences(store).0;
    let bytes = fs::read(store).unwrap();
    let plan = json(&run(&[&["plan", "disk", "--format", "json"][..], &CONSOLE].concat()).gives(0));
    let mut planned: Vec<String> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["name"] == "Element")
        .map(|change| change["key"].as_str().unwrap().to_owned())
        .collect();
    planned.sort();
    let wanted: Vec<&String> = expected.iter().map(|(key, _)| key).collect();
    assert_eq!(planned.iter().collect::<Vec<_>>(), wanted);
    run(&[&["apply", "disk", "--yes"][..], &CONSOLE].concat()).gives(0);
    assert_eq!(changed(&differences(&listed, &listing(store))), expected);
    let hive = Hive::open(fs::read(store).unwrap()).unwrap();
    let (primary, secondary) = hive.sequences();
    assert!(
        primary == secondary && primary > old,
        "{old} {primary} {secondary}"
    );
    assert_eq!(hive.minor(), 3);
    let report = hive::check::check(&hive);
    assert!(report.is_sound(), "{:?}", report.defects);
    assert!(
        lists(&hive).iter().all(|list| list == b"lf"),
        "the lists are as they were"
    );
    let again =
        json(&run(&[&["plan", "disk", "--format", "json"][..], &CONSOLE].concat()).gives(0));
    assert_eq!(again["changes"].as_array().unwrap().len(), 0, "{again}");
    run(&["undo", "disk", "--yes"]).gives(0);
    assert!(fs::read(store).unwrap() == bytes, "undo restores the store");
    same_bytes(&before, &tree(&scratch.disk()), "undo restores everything");
}

/// The signatures of all lists of subkeys.
fn lists(hive: &Hive) -> Vec<[u8; 2]> {
    let mut found = Vec::new();
    let mut open = vec![hive.root().unwrap()];
    while let Some(key) = open.pop() {
        if key.node().subkey_count.get() > 0 {
            let cell = hive
                .cell(hive::CellOffset(key.node().subkey_list.get()))
                .unwrap();
            found.push([cell[0], cell[1]]);
        }
        open.extend(key.subkeys().unwrap());
    }
    found
}

/// The default object as another reader finds it.
fn default_of(store: &Path) -> String {
    let key = element(BOOTMGR, "23000003");
    let words = [store.as_os_str(), key.as_ref(), "Element".as_ref()];
    tool(Command::new("hivexget").args(words))
        .trim()
        .trim_matches('"')
        .to_owned()
}

#[test]
fn the_article_on_a_bios_store() {
    on_real("bcd-bios-win10-bcdboot", BIOS);
}

/// Its default starts a Windows PE and inherits nothing.
#[test]
fn the_article_on_a_bios_store_with_several_systems() {
    on_real("pybcd-BCDvm.BCD", BIOS);
}

#[test]
fn the_article_on_a_uefi_store() {
    on_real("bcd-uefi-win10-regipy", UEFI);
}

fn on_real(name: &str, path: &str) {
    if !has(&["hivexget", "hivexregedit"]) {
        return;
    }
    let Some(store) = real(name) else {
        return;
    };
    let scratch = disk(path, &store);
    let file = scratch.disk().join(path);
    let listed = listing(&file);
    // What holds already is no change.
    let mut expected = article(&default_of(&file));
    expected
        .retain(|(key, data)| listed.get(&(key.clone(), Some("Element".to_owned()))) != Some(data));
    assert!(expected.len() >= 4, "{expected:?}");
    session(&scratch, &file, &[], &expected);
}

#[test]
fn a_store_without_settings_and_with_an_old_log() {
    if !has(&["hivexget", "hivexregedit"]) {
        return;
    }
    let mut store = Store::uefi_windows();
    store.without_emssettings();
    let scratch = disk(UEFI, &store.build());
    let file = scratch.disk().join(UEFI);
    if let Some(log) = real("bcd-uefi-win10-asus-20200706.LOG") {
        fs::write(file.with_file_name("BCD.LOG"), log).unwrap();
    }
    let loader = default_of(&file);
    let mut expected = article(&loader);
    // Reachable: the settings common to all objects inherit it again.
    let common = element(testkit::bcd::GLOBALSETTINGS, "14000006");
    let listed = listing(&file);
    scratch
        .run(&[&["apply", "disk", "--yes"][..], &CONSOLE].concat())
        .gives(0);
    let now = listing(&file);
    let found = changed(&differences(&listed, &now));
    let kind = (
        format!("Objects\\{EMSSETTINGS}\\Description"),
        "dword:20100000".to_owned(),
    );
    assert!(found.contains(&kind), "{found:?}");
    let link = now[&(common.clone(), Some("Element".to_owned()))].clone();
    expected.extend([kind, (common, link)]);
    expected.sort();
    assert_eq!(found, expected);
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
}

/// A FAT image, mounted; unmounted when dropped.
struct Fat(PathBuf);

impl Fat {
    /// Through the kernel, else through FUSE.
    fn mounted(scratch: &Scratch) -> Option<Fat> {
        let (image, at) = (scratch.path().join("esp.img"), scratch.path().join("esp"));
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        tool(Command::new("mkfs.vfat").args(["-F", "32"]).arg(&image));
        fs::create_dir(&at).unwrap();
        let ways = [("mount", "loop"), ("fusefat", "rw+,allow_other")];
        let mounted = ways.iter().any(|(program, options)| {
            let mut mount = Command::new(program);
            mount.args(["-o", options]).arg(&image).arg(&at);
            mount
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            mount.status().is_ok_and(|status| status.success())
        });
        if mounted {
            return Some(Fat(at));
        }
        assert!(
            std::env::var_os("OFFFIX_CI").is_none(),
            "no FAT can be mounted"
        );
        println!("skipped: no FAT can be mounted");
        None
    }
}

impl Drop for Fat {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_system_partition_with_fat() {
    if !has(&["mkfs.vfat", "hivexget", "hivexregedit"]) {
        return;
    }
    let scratch = disk("nothing", b"");
    let Some(fat) = Fat::mounted(&scratch) else {
        return;
    };
    let store = fat.0.join(UEFI);
    fs::create_dir_all(store.parent().unwrap()).unwrap();
    fs::write(&store, Store::uefi_windows().build()).unwrap();
    fs::write(store.with_file_name("BCD.LOG"), b"").unwrap();
    let stranger = [
        "plan",
        "disk",
        "--system-partition",
        "esp",
        "--format",
        "json",
    ];
    assert_eq!(
        json(&scratch.run(&stranger).gives(3))["code"],
        "other-system-partition"
    );
    let loader = default_of(&store);
    let options = ["--esp", "esp", "--system-partition-unverified"];
    session(&scratch, &store, &options, &article(&loader));
}

#[test]
fn boot_files_that_are_not_meant() {
    let scratch = disk("nothing", b"");
    let refused = |words: &[&str], code: i32| {
        let words = [words, &["--format", "json"]].concat();
        let before = tree(&scratch.disk());
        let answer = scratch.run(&words).gives(code);
        same_bytes(&before, &tree(&scratch.disk()), "nothing is written");
        json(&answer)["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refused(&["plan", "disk", "--repair", "serial-console"], 3),
        "no-boot-files"
    );
    assert_eq!(
        refused(&["bcd", "enum", "--drive", "disk"], 3),
        "no-boot-files"
    );
    if Path::new("/boot").is_dir() {
        let own = ["plan", "disk", "--system-partition", "/boot"];
        assert_eq!(refused(&own, 3), "running-system");
    }
    let system = "disk/Windows/System32/config/SYSTEM";
    assert_eq!(
        refused(&["bcd", "enum", "--store", system], 7),
        "not-a-store"
    );
    fs::write(scratch.path().join("text"), b"not a hive").unwrap();
    assert_eq!(
        refused(&["bcd", "enum", "--store", "text"], 7),
        "hive-damaged"
    );
    let mut dirty = Store::bios_windows().build();
    dirty[4] += 1;
    let sum = testkit::checksum(&dirty[..512]);
    dirty[508..512].copy_from_slice(&sum.to_le_bytes());
    fs::write(scratch.path().join("dirty"), dirty).unwrap();
    let set = ["bcd", "timeout", "5", "--store", "dirty"];
    assert_eq!(refused(&set, 3), "log-entries-pending");
}

/// Elements nobody has documented, and one made with a tool.
const UNKNOWN: [&str; 3] = ["12345678", "21000026", "47000005"];

#[test]
fn every_real_store_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bcd");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: no real stores");
        return;
    };
    let scratch = Scratch::empty();
    let mut stores = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".LOG") || name == "MANIFEST.tsv" {
            continue;
        }
        let file = path.to_str().unwrap();
        let words = ["bcd", "enum", "all", "--store", file, "--format", "json"];
        let all = json(&scratch.run(&words).gives(0));
        let objects = all["objects"].as_array().unwrap();
        assert!(!objects.is_empty(), "{name}");
        for element in objects
            .iter()
            .flat_map(|object| object["elements"].as_array().unwrap())
        {
            let code = element["code"].as_str().unwrap();
            assert!(
                element["known"] == true || UNKNOWN.contains(&code),
                "{name}: {code}"
            );
            assert_eq!(element["malformed"], false, "{name}: {element}");
            let unknown = element["values"].to_string().contains("unknown type");
            assert!(!unknown, "{name}: {element}");
        }
        stores += 1;
    }
    assert!(stores >= 11, "{stores}");
}

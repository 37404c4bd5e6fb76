//! Permissions of a real NTFS volume through ntfs-3g, judged by tools that are not ours.
//!
//! Invariants checked: what was written is what a fresh mount, getfattr and ntfssecaudit see;
//! nothing but descriptors changes; putting back is exact, after a kill at any write too; links
//! lead nowhere.
//!
//! Deliberately absent: any assertion where a tool is missing; the test says so.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod scratch;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use disk::{
    Journal, Kind, Record, Root, RootRecord, SecurityError, SecurityRecord, WalkError,
    put_back_securities, set_securities,
};
use scratch::descriptor::{
    ALLOW, DENY, FULL, NETWORK_SERVICE, PROTECTED, SYSTEM, broken, descriptor, healthy,
};
use scratch::{Mount, folder, put, root, runs};

/// The folder that the tests change.
const KEYS: &str = "ProgramData\\Keys";

/// How many files the large walk has, when 2,000 are not enough.
const FILES: &str = "DISK_TEST_FILES";

/// Tell the test `changer` that it is the victim: the mounted volume, and the journal.
const VOLUME: &str = "DISK_TEST_VOLUME";
const JOURNAL: &str = "DISK_TEST_JOURNAL";

const ACL: &str = "system.ntfs_acl";

/// An image file with a fresh volume; `None` after saying why not.
fn image(megabytes: u64) -> Option<tempfile::TempDir> {
    let base = folder();
    let path = base.path().join("image");
    let made = File::create(&path).and_then(|file| file.set_len(megabytes << 20));
    made.unwrap();
    for tool in ["getfattr", "setfattr"] {
        if !runs(tool, &["--version"]) {
            println!("skipped: no {tool}");
            return None;
        }
    }
    if !runs("mkfs.ntfs", &["-F", "-Q", path.to_str()?]) {
        println!("skipped: no mkfs.ntfs");
        return None;
    }
    Some(base)
}

fn mount(image: &tempfile::TempDir, options: &str) -> Option<Mount> {
    let path = image.path().join("image");
    Mount::by("ntfs-3g", &["-o", options, path.to_str()?])
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

/// Gives files an attribute with a tool that is not ours.
fn setfattr(name: &str, value: &[u8], paths: &[std::path::PathBuf]) {
    for paths in paths.chunks(500) {
        let mut command = Command::new("setfattr");
        command
            .args(["-h", "-n", name, "-v", &hex(value)])
            .args(paths);
        assert!(command.status().unwrap().success());
    }
}

/// An attribute of everything below a folder, as getfattr sees it, by path.
fn getfattr(name: &str, at: &Path) -> BTreeMap<String, String> {
    let mut command = Command::new("getfattr");
    command.args([
        "-P",
        "-R",
        "-h",
        "--absolute-names",
        "-e",
        "hex",
        "-n",
        name,
    ]);
    let output = command.arg(at).stderr(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = |lines: &str| -> Option<(String, String)> {
        let (path, value) = lines.strip_prefix("# file: ")?.split_once('\n')?;
        Some((path.to_owned(), value.split_once('=')?.1.trim().to_owned()))
    };
    text.split("\n\n").filter_map(value).collect()
}

/// Records that take everything below a folder to one descriptor.
fn records(root: &Root, path: &str, after: &[u8]) -> Vec<SecurityRecord> {
    let mut records = Vec::new();
    let walk = root.objects(path, &mut |object| {
        let object = object.unwrap();
        if object.kind != Kind::Link {
            records.push(SecurityRecord {
                root: 0,
                path: object.path.clone(),
                before: object.security().unwrap().into(),
                after: after.into(),
            });
        }
    });
    assert!(walk.unwrap());
    records
}

/// Attributes, times and size of everything, without the time of the change itself and without
/// the time of reading a folder, which ntfs-3g counts when it is listed.
fn facts(root: &Root) -> Vec<(u32, [u64; 3], u64)> {
    let mut facts = Vec::new();
    let walk = root.objects(KEYS, &mut |object| {
        let object = object.unwrap();
        let held = object.open().unwrap();
        let times = held.times().unwrap();
        let read = if object.kind == Kind::File {
            times.accessed
        } else {
            0
        };
        let times = [times.created, times.written, read];
        facts.push((held.attributes().unwrap(), times, object.size));
    });
    assert!(walk.unwrap());
    facts
}

fn silent(_: usize, _: usize) {}

fn put_back(root: &Root, records: &[SecurityRecord]) {
    let equal = |left: &[u8], right: &[u8]| left == right;
    let back = put_back_securities(&[root], records, &equal, &mut silent);
    assert!(
        back.is_whole() && back.restored == records.len(),
        "{back:?}"
    );
}

/// A volume with this many key files, broken in three ways, and what getfattr sees of it.
fn keys(mount: &Mount, count: usize) -> BTreeMap<String, String> {
    let at = mount.path().join("ProgramData/Keys");
    fs::create_dir_all(&at).unwrap();
    let paths: Vec<_> = (0..count)
        .map(|i| at.join(format!("f686_{i:05}")))
        .collect();
    for path in &paths {
        fs::write(path, b"key").unwrap();
    }
    let nobody = descriptor(PROTECTED, SYSTEM, &[]);
    setfattr(ACL, &broken(), &paths);
    setfattr(ACL, &nobody, &paths[..count / 4]);
    setfattr(
        ACL,
        &descriptor(0, SYSTEM, &[(DENY, FULL, NETWORK_SERVICE)]),
        std::slice::from_ref(&at),
    );
    setfattr("system.ntfs_attrib", &[0x26, 0, 0, 0], &paths[..count / 2]);
    getfattr(ACL, &at)
}

#[test]
fn thousands_of_objects_survive_a_remount_and_come_back_exactly() {
    let count: usize = std::env::var(FILES).map_or(2000, |count| count.parse().unwrap());
    println!("{count} files; {FILES} says otherwise");
    let Some(image) = image(if count > 5000 { 128 } else { 32 }) else {
        return;
    };
    let Some(volume) = mount(&image, "norecover") else {
        return;
    };
    let before = keys(&volume, count);
    let began = Instant::now();
    let base = volume.path().to_path_buf();
    getfattr(ACL, &base.join("ProgramData"));
    let peer = began.elapsed();
    let root = root(&base);
    let began = Instant::now();
    let records = records(&root, KEYS, &healthy());
    let read = began.elapsed();
    assert_eq!(records.len(), count + 1);
    let known = facts(&root);
    let began = Instant::now();
    assert_eq!(set_securities(&[&root], &records, &mut silent).unwrap(), []);
    println!(
        "getfattr {peer:?}, our walk {read:?}, change {:?}",
        began.elapsed()
    );
    assert!(read < peer * 10, "{read:?} against {peer:?}");
    assert_eq!(facts(&root), known, "nothing else has changed");
    assert_eq!(known[1].0, 0x26, "hidden, system, archive");
    drop(root);
    drop(volume);

    audit(&image, "/ProgramData/Keys/f686_00000", &healthy());
    let volume = mount(&image, "norecover").unwrap();
    let seen = getfattr(ACL, &volume.path().join("ProgramData/Keys"));
    assert_eq!(seen.len(), count + 1);
    assert!(seen.values().all(|value| *value == hex(&healthy())));
    let root = scratch::root(volume.path());
    assert_eq!(facts(&root), known, "after a remount");
    put_back(&root, &records);
    put_back(&root, &records);
    assert_eq!(facts(&root), known, "after the undo");
    drop(root);
    drop(volume);
    let volume = mount(&image, "norecover").unwrap();
    let seen = getfattr(ACL, &volume.path().join("ProgramData/Keys"));
    assert!(seen.values().eq(before.values()), "bit for bit");
}

/// What ntfssecaudit reads from the image of an unmounted volume.
fn audit(image: &tempfile::TempDir, path: &str, expected: &[u8]) {
    let mut command = Command::new("ntfssecaudit");
    let output = command
        .arg("-v")
        .arg(image.path().join("image"))
        .arg(path)
        .output();
    let Ok(output) = output else {
        return println!("skipped: no ntfssecaudit");
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Lines like `000010 01020304 05060708 …`, the bytes of the descriptor in their order.
    let mut digits = String::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let hex = |word: &str| word.chars().all(|c| c.is_ascii_hexdigit());
        if words
            .next()
            .is_some_and(|word| word.len() == 6 && hex(word))
        {
            digits.extend(words.take_while(|word| word.len() <= 8 && hex(word)));
        }
    }
    let expected = hex(expected);
    assert!(digits.contains(&expected[2..]), "{text}");
}

#[test]
fn every_form_of_a_descriptor_is_kept_bit_for_bit() {
    let Some(image) = image(16) else { return };
    let Some(volume) = mount(&image, "norecover") else {
        return;
    };
    put(volume.path(), "a", b"");
    let all_flags = 0x0400 | 0x0800 | 0x1000 | 0x2000 | 0x0003;
    let many = vec![(ALLOW, FULL, NETWORK_SERVICE); 600];
    let forms = [
        healthy(),
        broken(),
        descriptor(all_flags, SYSTEM, &[]),
        descriptor(0x0500, NETWORK_SERVICE, &[(ALLOW, 1, SYSTEM)]),
        descriptor(0, SYSTEM, &many),
    ];
    for (index, form) in forms.iter().enumerate() {
        let root = root(volume.path());
        let records = records(&root, "a", form);
        let differs = set_securities(&[&root], &records, &mut silent).unwrap();
        assert_eq!(differs, [], "form {index}");
        let seen = getfattr(ACL, &volume.path().join("a"));
        assert_eq!(seen.values().next(), Some(&hex(form)), "form {index}");
    }
    drop(volume);
    audit(&image, "/a", &forms[4]);
    let volume = mount(&image, "ro,norecover").unwrap();
    let root = root(volume.path());
    assert_eq!(root.security("A").unwrap().as_ref(), forms.last());
    let records = records(&root, "a", &healthy());
    let error = set_securities(&[&root], &records, &mut silent).unwrap_err();
    assert!(matches!(error, SecurityError::Io { .. }), "{error:?}");
}

#[test]
fn junctions_and_links_are_refused_and_a_file_with_two_names_is_one() {
    let Some(image) = image(16) else { return };
    let Some(volume) = mount(&image, "norecover") else {
        return;
    };
    let outside = folder();
    let secret = put(outside.path(), "secret", b"s");
    let at = volume.path().join("ProgramData/Keys");
    put(&at, "a", b"x");
    fs::hard_link(at.join("a"), at.join("b")).unwrap();
    symlink(&secret, at.join("link")).unwrap();
    symlink(outside.path(), at.join("folder")).unwrap();
    put(volume.path(), "Elsewhere/x", b"");
    let junction = volume.path().join("Data");
    fs::create_dir(&junction).unwrap();
    setfattr(
        "system.ntfs_reparse_data",
        &junction_to("C:\\Elsewhere"),
        &[junction],
    );
    // The kernel still has it for a folder until the volume is mounted again.
    drop(volume);
    let volume = mount(&image, "norecover").unwrap();
    let root = root(volume.path());
    walks_past_links(&root);
    for path in [
        "Data",
        "Data\\x",
        "ProgramData\\Keys\\link",
        "ProgramData\\Keys\\folder\\secret",
    ] {
        let record = SecurityRecord {
            root: 0,
            path: path.to_owned(),
            before: broken().into(),
            after: healthy().into(),
        };
        let results = [
            root.security(path).map(drop),
            set_securities(&[&root], &[record], &mut silent).map(drop),
        ];
        for result in results {
            let refused = matches!(result, Err(SecurityError::Walk(WalkError::Link { .. })));
            assert!(refused, "{path}: {result:?}");
        }
    }
    let one = records(&root, "ProgramData\\Keys\\a", &healthy());
    set_securities(&[&root], &one, &mut silent).unwrap();
    assert_eq!(
        root.security("ProgramData\\Keys\\B").unwrap(),
        Some(healthy())
    );
}

/// The walk names links, enters none, and tells the names of one file by its number.
fn walks_past_links(root: &Root) {
    let mut links = Vec::new();
    let mut files = BTreeMap::new();
    let walk = root.objects("", &mut |object| match object {
        Ok(object) if object.path.starts_with('$') || object.path.starts_with("System") => {}
        Ok(object) if object.kind == Kind::Link => {
            assert!(object.security().is_err());
            links.push(object.path.clone());
        }
        Ok(object) if object.links > 1 && object.kind == Kind::File => {
            let names: &mut Vec<_> = files.entry(object.number).or_default();
            names.push(object.path.clone());
        }
        Ok(_) => {}
        Err(error) => panic!("{error:?}"),
    });
    assert!(walk.unwrap());
    assert_eq!(
        links,
        [
            "Data",
            "ProgramData\\Keys\\folder",
            "ProgramData\\Keys\\link"
        ]
    );
    // Both names of one file have its number.
    let names = [["ProgramData\\Keys\\a", "ProgramData\\Keys\\b"]];
    assert!(files.into_values().eq(names));
}

/// The data of a junction.
fn junction_to(target: &str) -> Vec<u8> {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let (real, shown) = (utf16(&format!("\\??\\{target}")), utf16(target));
    let word = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let names = [&real[..], &[0, 0], &shown, &[0, 0]].concat();
    let mut out = 0xA000_0003_u32.to_le_bytes().to_vec();
    out.extend([word(8 + names.len()), [0, 0], [0, 0], word(real.len())].concat());
    out.extend([word(real.len() + 2), word(shown.len())].concat());
    out.extend(names);
    out
}

#[test]
fn changer() {
    let (Some(volume), Some(journal)) = (std::env::var_os(VOLUME), std::env::var_os(JOURNAL))
    else {
        return;
    };
    let runs = Journal::at(Path::new(&journal)).runs().unwrap();
    let record = runs.first().unwrap().record().unwrap();
    set_securities(
        &[&root(Path::new(&volume))],
        &record.securities,
        &mut silent,
    )
    .unwrap();
}

/// Runs the victim under strace with these arguments; whether it lived.
fn strace(arguments: &[&str], volume: &Path, journal: &Path) -> bool {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(arguments);
    command.arg(std::env::current_exe().unwrap_or_default());
    command.args(["--exact", "changer", "--test-threads=1"]);
    command.env(VOLUME, volume).env(JOURNAL, journal);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn a_kill_at_any_object_is_put_back_from_the_journal() {
    if !runs("strace", &["-o", "/dev/null", "true"]) {
        return println!("skipped: no strace");
    }
    let Some(image) = image(16) else { return };
    let Some(volume) = mount(&image, "norecover") else {
        return;
    };
    let before = keys(&volume, 12);
    let root = root(volume.path());
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let record = Record {
        id: "a".to_owned(),
        roots: vec![RootRecord::of(&root)],
        about: vec![],
        files: vec![],
        securities: records(&root, KEYS, &healthy()),
        renames: Vec::new(),
    };
    let lock = journal.lock().unwrap();
    let run = lock.begin(&record).unwrap();
    let securities = &run.record().unwrap().securities;
    assert_eq!(*securities, record.securities);
    let at = volume.path().join("ProgramData/Keys");
    let mut counts = Vec::new();
    for number in 1..=14 {
        let inject = format!("inject=fsetxattr:signal=KILL:when={number}");
        let arguments = ["-o", "/dev/null", "-e", "trace=fsetxattr", "-e", &inject];
        let lived = strace(&arguments, volume.path(), journal.dir());
        assert_eq!(lived, number > 13, "{number}");
        let seen = getfattr(ACL, &at);
        counts.push(
            seen.values()
                .filter(|value| **value == hex(&healthy()))
                .count(),
        );
        put_back(&root, securities);
        assert_eq!(getfattr(ACL, &at), before, "{number}");
    }
    println!("objects changed when killed at each call: {counts:?}");
    assert!(
        counts.is_sorted() && counts.last() == Some(&13),
        "{counts:?}"
    );
}

#[test]
fn a_folder_is_listed_once_however_many_objects_in_it_change() {
    if !runs("strace", &["-o", "/dev/null", "true"]) {
        return println!("skipped: no strace");
    }
    let Some(image) = image(16) else { return };
    let Some(volume) = mount(&image, "norecover") else {
        return;
    };
    keys(&volume, 100);
    let root = root(volume.path());
    let base = folder();
    let journal = Journal::at(&base.path().join("j"));
    let record = Record {
        id: "a".to_owned(),
        roots: vec![RootRecord::of(&root)],
        about: vec![],
        files: vec![],
        securities: records(&root, KEYS, &healthy()),
        renames: Vec::new(),
    };
    journal.lock().unwrap().begin(&record).unwrap();
    let log = base.path().join("log");
    let arguments = [
        "-y",
        "-o",
        log.to_str().unwrap(),
        "-e",
        "trace=getdents64,fsync,syncfs",
    ];
    assert!(strace(&arguments, volume.path(), journal.dir()));
    let log = fs::read_to_string(&log).unwrap();
    let volume = volume.path().to_str().unwrap();
    let count = |call: &str| {
        let calls = log.lines().filter(|line| line.contains(volume));
        calls.filter(|line| line.contains(call)).count()
    };
    // The root, two folders; each listing ends with a call that finds no more.
    assert!((3..=9).contains(&count("getdents64")), "{log}");
    assert_eq!((count("syncfs"), count("fsync")), (1, 1), "{log}");
}

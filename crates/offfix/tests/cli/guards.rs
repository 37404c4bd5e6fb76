//! Guards: what `plan` tells, what every command that writes refuses, and that nothing changes.

use crate::plan::demonstration;
use crate::scratch::{Answer, Scratch, same, tree};
use crate::{polite, shows};
use serde_json::Value;
use std::fs;
use testkit::windows::{Installation, Options, demo};

const JSON: [&str; 2] = ["--format", "json"];

/// A hibernation file that begins so.
fn sleep(scratch: &Scratch, header: &[u8], size: usize) {
    let mut file = header.to_vec();
    file.resize(size, 0);
    fs::write(scratch.disk().join("hiberfil.sys"), file).unwrap();
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap()
}

/// The codes of the guards that a plan tells.
#[track_caller]
fn told(scratch: &Scratch) -> Vec<String> {
    let answer = scratch.run(&[&["plan", "disk"][..], &JSON].concat());
    let plan = json(&answer.gives(0));
    let guards = plan["guards"].as_array().cloned().unwrap_or_default();
    let refusing = guards.iter().find(|guard| guard["refuses"] == true);
    assert_eq!(
        plan["code"],
        refusing.map_or(Value::Null, |one| one["code"].clone())
    );
    let code = |guard: &Value| guard["code"].as_str().unwrap().to_owned();
    guards.iter().map(code).collect()
}

/// Every one of these commands refuses with this code; neither disk nor journal changes.
#[track_caller]
fn refuses(scratch: &Scratch, code: &str, commands: &[&[&str]]) {
    let before = tree(scratch.path());
    for words in commands {
        let answer = scratch.run(&[words, &JSON[..]].concat()).gives(3);
        polite(&answer);
        let failure = json(&answer);
        assert_eq!(failure["code"], code, "{words:?}: {failure}");
        assert!(!failure["hints"].as_array().unwrap().is_empty());
    }
    same(&before, &tree(scratch.path()), "nothing is written");
}

const APPLY: &[&str] = &["apply", "disk", "--recommended", "--yes"];
const PLANNED: &[&str] = &["apply", "p.json", "--yes"];
const BCD: &[&str] = &["bcd", "timeout", "7", "--drive", "disk"];
const SYSTEM: &str = "disk/Windows/System32/config/SYSTEM";
const HIVE: &[&str] = &["hive", "set", SYSTEM, "Select", "Failed", "dword", "1"];

#[test]
fn a_sleeping_windows() {
    for (header, size) in [
        (&b"hibr"[..], 65536),
        (b"HIBR", 4096),
        (b"RSTR", 4095),
        (b"", 0),
    ] {
        let scratch = demonstration();
        scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
        sleep(&scratch, header, size);
        assert_eq!(told(&scratch), ["hibernated"], "{header:?} {size}");
        refuses(&scratch, "hibernated", &[APPLY, PLANNED, BCD, HIVE]);
        assert!(!scratch.path().join("J").exists(), "no journal is made");
    }
    let scratch = demonstration();
    sleep(&scratch, b"hibr", 65536);
    shows(&scratch, "guard-hibernated-plan", &["plan", "disk"]).gives(0);
    shows(&scratch, "guard-hibernated-apply", APPLY).gives(3);
}

#[test]
fn a_run_is_not_taken_back_under_a_sleeping_windows() {
    let scratch = demonstration();
    scratch.applied(&[]);
    sleep(&scratch, b"HIBR", 4096);
    refuses(&scratch, "hibernated", &[&["undo", "disk", "--yes"]]);
    fs::remove_file(scratch.disk().join("hiberfil.sys")).unwrap();
    scratch.run(&["undo", "disk", "--yes"]).gives(0);
}

#[test]
fn a_windows_that_has_woken() {
    for header in [&b"wake"[..], b"WAKE", b"RSTR", b"rstr", b"\0\0\0\0"] {
        let scratch = demonstration();
        sleep(&scratch, header, 65536);
        assert!(told(&scratch).is_empty(), "{header:?}");
        scratch.run(APPLY).gives(0);
    }
}

#[test]
fn a_hibernation_file_that_cannot_be_looked_at() {
    let scratch = demonstration();
    fs::create_dir(scratch.disk().join("hiberfil.sys")).unwrap();
    assert_eq!(told(&scratch), ["hibernation-unseen"]);
    refuses(&scratch, "hibernation-unseen", &[APPLY]);
}

#[test]
fn more_than_one_windows() {
    let scratch = demonstration();
    for folder in ["Windows.old/Windows", "WINNT", "Winnt.1"] {
        let config = scratch.disk().join(folder).join("System32/config");
        fs::create_dir_all(&config).unwrap();
        if folder != "Winnt.1" {
            fs::copy(scratch.config("SYSTEM"), config.join("SYSTEM")).unwrap();
        }
    }
    assert_eq!(told(&scratch), ["other-windows", "windows-old"]);
    let plan = shows(&scratch, "guard-two-windows", &["plan", "disk"]).gives(0);
    assert!(plan.out.contains("a Windows in WINNT too"), "{}", plan.out);
    scratch.run(APPLY).gives(0);
}

/// What only `apply` meets: a plan that does not fit any more, an edited one, another computer.
#[test]
fn a_plan_that_is_refused_makes_no_journal() {
    let scratch = demonstration();
    scratch.run(&["plan", "disk", "--out", "p.json"]).gives(0);
    let plan = fs::read_to_string(scratch.path().join("p.json")).unwrap();
    fs::write(
        scratch.path().join("q.json"),
        plan.replace("SRV-FIN-02", "SRV-FIN-03"),
    )
    .unwrap();
    refuses_without_hint(&scratch, "other-computer", &["apply", "q.json", "--yes"]);
    let other = [
        "apply",
        "disk",
        "--recommended",
        "--yes",
        "--expect-computer",
        "X",
    ];
    refuses_without_hint(&scratch, "other-computer", &other);
    let mut system = fs::read(scratch.config("SYSTEM")).unwrap();
    *system.last_mut().unwrap() ^= 1;
    fs::write(scratch.config("SYSTEM"), system).unwrap();
    refuses(&scratch, "changed", &[PLANNED]);
    assert!(!scratch.path().join("J").exists(), "no journal is made");
}

#[track_caller]
fn refuses_without_hint(scratch: &Scratch, code: &str, words: &[&str]) {
    let before = tree(scratch.path());
    let answer = scratch.run(&[words, &JSON[..]].concat()).gives(3);
    assert_eq!(json(&answer)["code"], code);
    same(&before, &tree(scratch.path()), "nothing is written");
}

#[test]
fn another_offfix_at_work() {
    let scratch = demonstration();
    scratch.applied(&["--repair", "tls-protocols"]);
    let lock = scratch.path().join("J").join("lock");
    let lock = fs::OpenOptions::new().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let undo = ["undo", "disk", "--yes"];
    let forget = ["forget", "20260915-0912", "--even-open", "--yes"];
    refuses(&scratch, "locked", &[APPLY, &undo, &forget, BCD, HIVE]);
    drop(lock);
    scratch.run(&undo).gives(0);
}

/// A lock is all that Linux has; Windows' own ways to hold a file are tested on Windows.
#[cfg(target_os = "linux")]
#[test]
fn a_hive_that_is_in_use() {
    let scratch = demonstration();
    for name in ["SYSTEM", "SYSTEM.LOG1"] {
        let held = fs::File::open(scratch.config(name)).unwrap();
        held.lock().unwrap();
        refuses(&scratch, "busy", &[APPLY, HIVE]);
        assert!(!scratch.path().join("J").exists(), "no journal is made");
    }
    scratch.run(APPLY).gives(0);
}

#[cfg(unix)]
#[allow(clippy::print_stdout, reason = "a test that is not made says so")]
mod rights {
    use super::*;
    use crate::scratch::Answer;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::Command;

    const NOBODY: u32 = 65534;

    /// A disk that root owns and everyone may read, and the program where everyone may start it.
    fn of_root() -> Option<Scratch> {
        let scratch = demonstration();
        let program = scratch.path().join("offfix");
        fs::copy(env!("CARGO_BIN_EXE_offfix"), &program).unwrap();
        for path in [scratch.path(), &program] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        if chown(&program, Some(NOBODY), None).is_err() {
            println!("skipped: not root, who alone can become nobody");
            return None;
        }
        Some(scratch)
    }

    fn as_nobody(scratch: &Scratch, journal: &Path, words: &[&str]) -> Answer {
        let mut command = Command::new(scratch.path().join("offfix"));
        command.args(words).arg("--journal").arg(journal);
        scratch.place(&mut command);
        Answer::of(&command.uid(NOBODY).gid(NOBODY).output().unwrap())
    }

    #[track_caller]
    fn refused(scratch: &Scratch, journal: &Path, words: &[&str]) {
        let before = tree(scratch.path());
        let words = [words, &JSON[..]].concat();
        let answer = as_nobody(scratch, journal, &words).gives(3);
        polite(&answer);
        assert_eq!(json(&answer)["code"], "not-elevated", "{words:?}");
        assert!(answer.err.contains("sudo"), "{}", answer.err);
        same(&before, &tree(scratch.path()), "nothing is written");
    }

    #[test]
    fn without_rights_plan_looks_and_nothing_writes() {
        let Some(scratch) = of_root() else {
            return;
        };
        let closed = scratch.path().join("J");
        as_nobody(&scratch, &closed, &["plan", "disk"]).gives(0);
        for words in [APPLY, BCD, HIVE] {
            refused(&scratch, &closed, words);
        }
        assert!(!closed.exists(), "no journal is made");
        // With a journal of their own, it is the files that they may not write.
        let own = scratch.path().join("own");
        fs::create_dir(&own).unwrap();
        chown(&own, Some(NOBODY), Some(NOBODY)).unwrap();
        for words in [APPLY, BCD, HIVE] {
            refused(&scratch, &own, words);
        }
        assert_eq!(
            fs::read_dir(&own).unwrap().count(),
            0,
            "the journal is empty"
        );
        // Nor can they take back what root did.
        let run = ["apply", "disk", "--recommended", "--yes"];
        scratch.run(&run).gives(0);
        fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
        let denied = as_nobody(&scratch, &closed, &["undo", "disk", "--yes"]);
        assert_ne!(denied.code, 0, "{denied:?}");
    }

    #[test]
    fn who_owns_the_disk_needs_no_more() {
        let Some(scratch) = of_root() else {
            return;
        };
        for (path, _) in tree(&scratch.disk()) {
            chown(scratch.disk().join(path), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let own = scratch.path().join("own");
        fs::create_dir(&own).unwrap();
        chown(&own, Some(NOBODY), Some(NOBODY)).unwrap();
        as_nobody(&scratch, &own, APPLY).gives(0);
    }
}

/// A disk whose Windows has the mark of Windows PE, and further files.
fn marked(files: &[&str]) -> Scratch {
    let mut installation = Installation::new(&Options::default());
    installation.system.key("ControlSet001\\Control\\MiniNT");
    for file in files {
        installation.files.insert((*file).to_owned(), Vec::new());
    }
    Scratch::with(&installation.disk())
}

#[test]
fn windows_pe() {
    let scratch = marked(&["Windows/System32/winpeshl.exe"]);
    refuses(&scratch, "windows-pe", &[&["plan", "disk"], BCD, APPLY]);
    assert!(!scratch.path().join("J").exists(), "no journal is made");
    shows(&scratch, "guard-windows-pe", &["plan", "disk"]).gives(3);
    let scratch = marked(&[]);
    assert_eq!(told(&scratch), ["pe-mark"]);
    let mut plain = demo();
    let shell = "Windows/System32/winpeshl.exe".to_owned();
    plain.files.insert(shell, Vec::new());
    assert!(told(&Scratch::with(&plain)).is_empty());
}

#[test]
fn a_system_partition_in_the_place_of_windows() {
    let scratch = demonstration();
    fs::remove_dir_all(scratch.disk().join("Windows")).unwrap();
    let before = tree(scratch.path());
    let failure = shows(&scratch, "guard-system-partition", &["plan", "disk"]).gives(7);
    assert!(
        failure.err.contains("--system-partition"),
        "{}",
        failure.err
    );
    same(&before, &tree(scratch.path()), "nothing is written");
}

/// What is said of a file in the place of a folder.
#[track_caller]
fn instead(scratch: &Scratch, name: &str, bytes: &[u8], exit: i32) -> String {
    fs::write(scratch.path().join("image"), bytes).unwrap();
    let before = tree(scratch.path());
    // Windows spells the whole path.
    if cfg!(unix) {
        shows(scratch, name, &["plan", "image"]).gives(exit);
    }
    let bare = scratch.run(&["apply", "image", "--yes"]).gives(exit);
    let neither = "error: image is neither a drive nor a plan file";
    assert!(bare.err.starts_with(neither), "{}", bare.err);
    let apply = ["apply", "--drive", "image", "--recommended", "--yes"];
    let answer = scratch.run(&[&apply[..], &JSON].concat());
    same(&before, &tree(scratch.path()), "nothing is written");
    json(&answer.gives(exit))["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The boot sector of a file system with this name.
fn sector(name: &[u8; 8]) -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[3..11].copy_from_slice(name);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

#[test]
fn an_image_in_the_place_of_a_folder() {
    let scratch = Scratch::empty();
    let encrypted = sector(b"-FVE-FS-");
    assert_eq!(
        instead(&scratch, "guard-bitlocker", &encrypted, 3),
        "encrypted"
    );
    let ntfs = sector(b"NTFS    ");
    assert_eq!(
        instead(&scratch, "guard-ntfs-image", &ntfs, 7),
        "not-mounted"
    );
    assert_eq!(
        instead(&scratch, "guard-vhdx", b"vhdxfile", 7),
        "not-mounted"
    );
}

/// Where tables of images are read.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_in_the_place_of_a_folder() {
    let scratch = Scratch::empty();
    let mut disk = vec![0; 64 << 10];
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    for (slot, start) in [8_u8, 40].into_iter().enumerate() {
        let entry = 0x1BE + slot * 16;
        disk[entry + 4] = 7;
        disk[entry + 8] = start;
        disk[entry + 12] = 20;
    }
    disk[8 * 512..9 * 512].copy_from_slice(&sector(b"NTFS    "));
    disk[40 * 512..41 * 512].copy_from_slice(&sector(b"-FVE-FS-"));
    assert_eq!(
        instead(&scratch, "guard-disk-image", &disk, 7),
        "not-mounted"
    );
}

/// Nothing on the way is followed that another could have put there.
#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_hibernation_file() {
    let scratch = demonstration();
    let there = "Windows/System32/config/SYSTEM";
    std::os::unix::fs::symlink(there, scratch.disk().join("hiberfil.sys")).unwrap();
    assert_eq!(told(&scratch), ["hibernation-unseen"]);
    refuses(&scratch, "hibernation-unseen", &[APPLY]);
}

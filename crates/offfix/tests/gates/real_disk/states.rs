//! Volumes in states that are not simply good: full, read-only, marked dirty, hibernated, cut off.
//!
//! Invariants checked: `plan` shows what it can; a refusal has changed no byte of the image; the
//! table of `docs/safety.md` says what is seen here. Absent on purpose: states that only Windows
//! can make.

use super::layout::Logs;
use super::log_file::{Version, cut_off};
use super::volume::{APPLY, UNDO, Volume};
use crate::scratch::{same_bytes, tree};
use crate::tool;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

/// What ntfs-3g's own look at a volume answers before it is mounted.
fn probe(volume: &Volume) -> Option<i32> {
    let mut probe = Command::new("ntfs-3g.probe");
    probe.arg("--readwrite").arg(volume.image());
    probe.stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().unwrap().code()
}

/// The flags of the volume as ntfsinfo prints them.
fn flags(volume: &Volume) -> String {
    let text = tool(Command::new("ntfsinfo").arg("-fm").arg(volume.image()));
    let line = text.lines().find(|line| line.contains("Volume Flags"));
    line.unwrap().trim().to_owned()
}

/// Mounted as this says, the volume can be looked at, is refused so, and no byte changes.
fn is_refused(volume: &Volume, options: &str, code: &str) {
    let bytes = volume.bytes();
    let mounted = volume.mount(options);
    assert!(!mounted.is_writable(), "{options}");
    volume.says(&["plan", "disk"], 0);
    let answer = volume.says(&APPLY, 3);
    assert_eq!(answer["code"], code, "{answer}");
    assert!(!answer["hints"].as_array().unwrap().is_empty(), "{answer}");
    let log = volume.says(&["log", "disk"], 0);
    assert_eq!(log["runs"].as_array().unwrap().len(), 0, "{log}");
    drop(mounted);
    assert!(volume.bytes() == bytes, "{options}: a byte has changed");
}

/// Mounted as this says, the volume is repaired and put back like any other.
fn is_repaired(volume: &Volume, options: &str) {
    let mounted = volume.mount(options);
    assert!(mounted.is_writable(), "{options}");
    let before = volume.tree();
    volume.says(&APPLY, 0);
    drop(mounted);
    let mounted = volume.mount(options);
    volume.says(&["plan", "disk", "--detailed-exitcode"], 0);
    volume.says(&UNDO, 0);
    same_bytes(&before, &volume.tree(), "undo restores everything");
    drop(mounted);
}

#[test]
fn full() {
    let Some(volume) = Volume::with_windows(Logs::Empty, &[]) else {
        return;
    };
    let mut exits = Vec::new();
    for spare in [0, 1, 2, 4, 64] {
        let volume = volume.copy();
        let mounted = volume.mount("norecover");
        let path = volume.scratch.disk().join("filler");
        let mut filler = File::create(&path).unwrap();
        for size in [1 << 16, 4096, 512, 1] {
            while filler.write_all(&vec![b'x'; size]).is_ok() {}
        }
        let size = filler.metadata().unwrap().len();
        filler.set_len(size - spare * 4096).unwrap();
        filler.sync_all().unwrap();
        drop(filler);
        let before = volume.tree();
        let apply = volume.scratch.run(&APPLY);
        exits.push(apply.code);
        match apply.code {
            3 => {
                assert!(apply.err.contains("make room on the disk"), "{apply:?}");
                assert!(before == volume.tree(), "something is written");
            }
            5 => same_bytes(&before, &volume.tree(), "everything is taken back"),
            0 => {
                volume.says(&UNDO, 0);
                same_bytes(&before, &volume.tree(), "undo needs no room");
            }
            code => panic!("{code}: {apply:?}"),
        }
        volume.says(&["plan", "disk"], 0);
        drop(mounted);
        let mounted = volume.mount("norecover");
        same_bytes(&before, &volume.tree(), "after a detach");
        drop(mounted);
    }
    println!("exit codes with 0, 1, 2, 4 and 64 clusters left: {exits:?}");
    assert!(exits[0] == 3 && exits.last() == Some(&0), "{exits:?}");
}

#[test]
fn read_only() {
    let Some(volume) = Volume::with_windows(Logs::Roomy, &["ntfs-3g.probe"]) else {
        return;
    };
    assert_eq!(probe(&volume), Some(0));
    is_refused(&volume, "ro,norecover", "read-only");
}

#[test]
fn marked_dirty() {
    let Some(volume) = Volume::with_windows(Logs::Roomy, &["ntfs-3g.probe", "ntfsfix", "ntfsinfo"])
    else {
        return;
    };
    assert!(flags(&volume).ends_with("0x0000"), "{}", flags(&volume));
    tool(Command::new("ntfsfix").arg(volume.image()));
    assert!(flags(&volume).ends_with("DIRTY"), "{}", flags(&volume));
    assert_eq!(probe(&volume), Some(0), "the probe does not see it");
    is_repaired(&volume, "norecover");
    assert!(
        flags(&volume).ends_with("DIRTY"),
        "chkdsk is still asked for"
    );
}

#[test]
fn hibernated() {
    let Some(volume) = Volume::with_windows(Logs::Roomy, &["ntfs-3g.probe"]) else {
        return;
    };
    let mounted = volume.mount("norecover");
    let file = volume.scratch.disk().join("hiberfil.sys");
    let mut memory = vec![0; 64 << 10];
    memory[..4].copy_from_slice(b"hibr");
    fs::write(file, memory).unwrap();
    drop(mounted);
    assert_eq!(probe(&volume), Some(14));
    is_refused(&volume, "norecover", "hibernated");
    is_refused(&volume, "rw", "hibernated");
}

#[test]
fn cut_off_since_windows_8() {
    let Some(volume) = Volume::with_windows(Logs::Roomy, &["ntfs-3g.probe"]) else {
        return;
    };
    cut_off(&volume.image(), Version::V2_0);
    assert_eq!(probe(&volume), Some(14));
    is_refused(&volume, "norecover", "read-only");
    is_refused(&volume, "rw", "read-only");
}

#[test]
fn cut_off_before_windows_8() {
    let Some(volume) = Volume::with_windows(Logs::Roomy, &["ntfs-3g.probe"]) else {
        return;
    };
    cut_off(&volume.image(), Version::V1_1);
    assert_eq!(probe(&volume), Some(15));
    is_refused(&volume, "norecover", "read-only");
    assert_eq!(probe(&volume), Some(15), "the log is as it was");
    // Without the option the log is emptied before anyone has looked.
    is_repaired(&volume, "rw");
    assert_eq!(probe(&volume), Some(0), "the log is gone");
}

#[test]
fn the_journal_of_a_refusal_is_empty() {
    let Some(volume) = Volume::with_windows(Logs::Roomy, &[]) else {
        return;
    };
    let mounted = volume.mount("ro,norecover");
    volume.says(&APPLY, 3);
    let journal = tree(&volume.scratch.path().join("J"));
    assert!(journal.keys().all(|name| !name.ends_with("record")));
    drop(mounted);
}

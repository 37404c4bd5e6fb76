//! Disks of odd kinds, as loop images: read-only, full, and NTFS.
//!
//! Invariants: what is mounted is unmounted, also after a failure.

use crate::real::Which;
use crate::scratch::{Scratch, Tree, same, same_bytes, tree};
use crate::{has, plan_article, tool};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use testkit::windows::demo;

/// Something mounted; unmounted when dropped.
struct Mount(PathBuf);

impl Mount {
    /// Mounts an image where the disk of a scratch folder is; `None`, after saying so, where
    /// mounting is not possible.
    fn on(scratch: &Scratch, program: &str, options: &str) -> Option<Mount> {
        let at = scratch.disk();
        fs::create_dir_all(&at).unwrap();
        let image = scratch.path().join("image");
        let mut mount = Command::new(program);
        mount
            .args(["-o", options])
            .arg(image)
            .arg(&at)
            .stdin(Stdio::null());
        let output = mount.output().unwrap();
        if output.status.success() {
            return Some(Mount(at));
        }
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            std::env::var_os("OFFFIX_CI").is_none(),
            "no {program}: {why}"
        );
        println!("skipped: no {program}: {why}");
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let umount = |words: &[&str]| {
            let status = Command::new("umount").args(words).arg(&self.0).status();
            status.is_ok_and(|status| status.success())
        };
        if !umount(&[]) {
            umount(&["-l"]);
        }
    }
}

/// An image of this size and file system.
fn image(scratch: &Scratch, size: u64, mkfs: &[&str]) -> PathBuf {
    let path = scratch.path().join("image");
    File::create(&path).unwrap().set_len(size).unwrap();
    tool(Command::new(mkfs[0]).args(&mkfs[1..]).arg(&path));
    path
}

const EXT4: [&str; 7] = ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal"];
const NTFS: [&str; 4] = ["mkfs.ntfs", "-F", "-Q", "-q"];

fn code(scratch: &Scratch, words: &[&str], codes: &[i32]) -> String {
    let answer = scratch.run(&[words, &["--format", "json"]].concat());
    assert!(codes.contains(&answer.code), "{answer:?}");
    let document: Value = serde_json::from_str(&answer.out).unwrap();
    document["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_read_only_disk() {
    if !has(&["mkfs.ext4", "losetup"]) {
        return;
    }
    let scratch = Scratch::empty();
    let image = image(&scratch, 8 << 20, &EXT4);
    let Some(mount) = Mount::on(&scratch, "mount", "loop") else {
        return;
    };
    demo().write_to(&scratch.disk()).unwrap();
    plan_article(&scratch);
    drop(mount);
    let bytes = fs::read(&image).unwrap();
    let mount = Mount::on(&scratch, "mount", "loop,ro").unwrap();
    scratch.run(&["plan", "disk"]).gives(0);
    assert_eq!(
        code(&scratch, &["apply", "p.json", "--yes"], &[3]),
        "read-only"
    );
    let asked = ["apply", "disk", "--recommended", "--yes"];
    assert_eq!(code(&scratch, &asked, &[3]), "read-only");
    drop(mount);
    assert!(
        fs::read(&image).unwrap() == bytes,
        "a byte of the disk has changed"
    );
}

/// Fills what is left of a disk but for `spare` bytes.
fn fill(disk: &Path, spare: u64) {
    let path = disk.join("filler");
    let mut filler = File::create(&path).unwrap();
    for size in [4096, 512, 1] {
        while filler.write_all(&vec![b'x'; size]).is_ok() {}
    }
    let full = filler.metadata().unwrap().len();
    filler.set_len(full.saturating_sub(spare)).unwrap();
    filler.sync_all().unwrap();
}

#[test]
fn a_full_disk() {
    if !has(&["mkfs.ext4", "losetup"]) {
        return;
    }
    let mut codes = Vec::new();
    for spare in [0, 4096, 8192, 12288, 16384, 24576, 65536] {
        let scratch = Scratch::empty();
        image(&scratch, 2 << 20, &EXT4);
        let Some(_mount) = Mount::on(&scratch, "mount", "loop") else {
            return;
        };
        demo().write_to(&scratch.disk()).unwrap();
        fill(&scratch.disk(), spare);
        plan_article(&scratch);
        let before = tree(&scratch.disk());
        let apply = scratch.run(&["apply", "p.json", "--yes"]);
        codes.push(apply.code);
        match apply.code {
            3 => same(&before, &tree(&scratch.disk()), "nothing is written"),
            5 => same_bytes(&before, &tree(&scratch.disk()), "everything is taken back"),
            0 => {
                scratch.run(&["undo", "disk", "--yes"]).gives(0);
                same_bytes(&before, &tree(&scratch.disk()), "undo needs no room");
            }
            code => panic!("{code}: {apply:?}"),
        }
        scratch.run(&["plan", "disk"]).gives(0);
    }
    println!("exit codes from full to roomy: {codes:?}");
    assert!(
        [3, 5].contains(&codes[0]) && codes.last() == Some(&0),
        "{codes:?}"
    );
}

/// A tree without what only NTFS has.
fn visible(disk: &Path) -> Tree {
    let mut tree = tree(disk);
    tree.retain(|name, _| !name.starts_with("System Volume Information"));
    tree
}

#[test]
fn ntfs() {
    if !has(&["mkfs.ntfs", "ntfs-3g"]) {
        return;
    }
    for which in [Which::Demo, Which::D10, Which::D7] {
        let Some(source) = which.scratch() else {
            continue;
        };
        let scratch = Scratch::empty();
        image(&scratch, 40 << 20, &NTFS);
        let Some(mount) = Mount::on(&scratch, "ntfs-3g", "norecover") else {
            return;
        };
        let from = format!("{}/.", source.disk().display());
        tool(Command::new("cp").args(["-r", &from]).arg(scratch.disk()));
        drop(mount);
        let mount = Mount::on(&scratch, "ntfs-3g", "norecover").unwrap();
        let before = visible(&scratch.disk());
        plan_article(&scratch);
        same(
            &before,
            &visible(&scratch.disk()),
            "plan changes no byte and no time stamp",
        );
        scratch.run(&["apply", "p.json", "--yes"]).gives(0);
        let after = visible(&scratch.disk());
        drop(mount);
        let mount = Mount::on(&scratch, "ntfs-3g", "norecover").unwrap();
        same_bytes(
            &after,
            &visible(&scratch.disk()),
            "what was written is there after a detach",
        );
        let again = ["plan", "disk", "--detailed-exitcode"];
        scratch
            .run(&[&again[..], &crate::ARTICLE].concat())
            .gives(0);
        scratch.run(&["undo", "disk", "--yes"]).gives(0);
        same_bytes(
            &before,
            &visible(&scratch.disk()),
            "undo restores everything",
        );
        drop(mount);
    }
}

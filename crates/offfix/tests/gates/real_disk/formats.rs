//! Plan, apply, look and undo on whole disks in every format, and what stays beside the bytes.
//!
//! Invariants checked: `plan` changes nothing; what was written is there after a detach, for
//! another reader too; the changed files keep record, descriptor, attributes, short name and time
//! of creation; undo gives every byte back. Absent on purpose: damage.

use super::image::{Format, Image, Scheme};
use super::layout::{self, Facts, Logs, repaired, roots};
use crate::listing::number;
use crate::scratch::{Scratch, same, same_bytes};
use crate::strace::calls;
use crate::{has, tool};
use serde_json::Value;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;

#[test]
fn raw() {
    session(Scheme::Mbr, Format::Raw);
    session(Scheme::Gpt, Format::Raw);
}

#[test]
fn fixed_vhd() {
    session(Scheme::Mbr, Format::FixedVhd);
    session(Scheme::Gpt, Format::FixedVhd);
}

#[test]
fn dynamic_vhd() {
    session(Scheme::Mbr, Format::DynamicVhd);
    session(Scheme::Gpt, Format::DynamicVhd);
}

#[test]
fn vhdx() {
    session(Scheme::Mbr, Format::Vhdx);
    session(Scheme::Gpt, Format::Vhdx);
}

fn facts(scratch: &Scratch, scheme: Scheme) -> [Facts; 3] {
    repaired(scheme).map(|name| Facts::of(&scratch.path().join(name)))
}

/// What the files had beside their bytes they have still; their bytes have a later time.
#[track_caller]
fn kept(before: &[Facts; 3], after: &[Facts; 3], scheme: Scheme, is_remounted: bool) {
    for (place, (before, after)) in before.iter().zip(after).enumerate() {
        assert_eq!(before.kept, after.kept);
        assert_eq!(before.created, after.created);
        let on_ntfs = scheme == Scheme::Mbr || place < 2;
        if on_ntfs {
            assert!(before.kept.iter().all(Option::is_some), "{before:?}");
            assert_ne!(before.written, after.written, "the time of writing moves");
        }
        // FAT has no records: its driver numbers files as it meets them.
        if on_ntfs || !is_remounted {
            assert_eq!(before.record, after.record);
        }
    }
}

fn session(scheme: Scheme, format: Format) {
    if !has(&["hivexget"]) {
        return;
    }
    let scratch = Scratch::empty();
    let Some(image) = Image::new(&scratch, scheme, format) else {
        return;
    };
    let attached = image.attach();
    layout::write(&scratch, scheme, Logs::Empty);
    drop(attached);
    let attached = image.attach();
    let run = |words: &[&str]| scratch.run(&[words, image.roots()].concat());
    let (before, known) = (roots(&scratch), facts(&scratch, scheme));
    let plan = run(&["plan", "--out", "p.json", "--format", "json"]).gives(0);
    changes_three_files(&serde_json::from_str(&plan.out).unwrap());
    same(
        &before,
        &roots(&scratch),
        "plan changes no byte and no time stamp",
    );
    run(&["apply", "--recommended", "--yes"]).gives(0);
    kept(&known, &facts(&scratch, scheme), scheme, false);
    let after = roots(&scratch);
    drop(attached);

    sound(&image, format);
    let attached = image.attach();
    same_bytes(&after, &roots(&scratch), "all is there after a detach");
    let now = facts(&scratch, scheme);
    kept(&known, &now, scheme, true);
    run(&["plan", "--detailed-exitcode"]).gives(0);
    let service = r"ControlSet001\Services\TermService";
    let found = number(&scratch.config("SYSTEM"), service, "Start");
    assert_eq!(found, Some(3), "another reader finds the cure");
    run(&["undo", "--yes"]).gives(0);
    same_bytes(&before, &roots(&scratch), "undo restores everything");
    kept(&now, &facts(&scratch, scheme), scheme, false);
    drop(attached);

    sound(&image, format);
    let attached = image.attach();
    same_bytes(&before, &roots(&scratch), "and it lasts");
    kept(&now, &facts(&scratch, scheme), scheme, true);
    run(&["plan", "--detailed-exitcode"]).gives(1);
    drop(attached);
}

/// The plan touches SYSTEM, SOFTWARE and the boot store.
fn changes_three_files(plan: &Value) {
    let changes = plan["changes"].as_array().unwrap();
    for hive in ["SYSTEM", "SOFTWARE", "BCD"] {
        let of = |change: &&Value| change["hive"] == hive;
        assert!(changes.iter().any(|change| of(&change)), "{hive}: {plan}");
    }
}

/// What others say of the image that was written to.
fn sound(image: &Image, format: Format) {
    match format {
        Format::Raw => {}
        Format::FixedVhd => {
            let mut file = fs::File::open(&image.file).unwrap();
            file.seek(SeekFrom::End(-512)).unwrap();
            let mut footer = [0; 8];
            file.read_exact(&mut footer).unwrap();
            assert_eq!(&footer, b"conectix");
        }
        // qemu-img can check no VHD, but it can read one.
        Format::DynamicVhd => {
            tool(
                Command::new("qemu-img")
                    .args(["info", "-f", "vpc"])
                    .arg(&image.file),
            );
        }
        Format::Vhdx => {
            tool(
                Command::new("qemu-img")
                    .args(["check", "-f", "vhdx"])
                    .arg(&image.file),
            );
        }
    }
}

/// Every call that makes, renames or removes a name.
const NAMES: &str = "openat,?open,?creat,mkdirat,?mkdir,?mknod,mknodat,unlinkat,?unlink,?rmdir,\
                     ?link,linkat,?symlink,symlinkat,?rename,?renameat,renameat2";

#[test]
fn no_name_is_made_on_either_partition() {
    if !has(&["strace"]) {
        return;
    }
    let scratch = Scratch::empty();
    let Some(image) = Image::new(&scratch, Scheme::Gpt, Format::Raw) else {
        return;
    };
    let attached = image.attach();
    layout::write(&scratch, Scheme::Gpt, Logs::Empty);
    for words in [&["apply", "--recommended", "--yes"][..], &["undo", "--yes"]] {
        let (answer, points) = calls(&scratch, &[words, image.roots()].concat(), NAMES);
        answer.gives(0);
        for root in ["disk", "esp"] {
            let root = scratch.path().join(root).display().to_string();
            let there = points.iter().filter(|point| point.line.contains(&root));
            let mut written = 0;
            for point in there {
                let opens = ["open", "openat"].contains(&point.call.as_str());
                assert!(opens && !point.line.contains("O_CREAT"), "{point:?}");
                written += usize::from(point.line.contains("O_RDWR"));
            }
            assert!(written > 0, "{words:?} {root}: {points:#?}");
        }
    }
    drop(attached);
}

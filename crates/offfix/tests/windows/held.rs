//! Files that another program holds: a refusal with the file's name, nothing written.

use crate::scratch::{Scratch, same, tree};
use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use testkit::windows::demo;

/// Others may read while the file is held.
const SHARE_READ: u32 = 1;
/// Others may do everything, as far as the holder is concerned.
const SHARE_ALL: u32 = 7;

fn hold(path: &Path, share: u32) -> File {
    OpenOptions::new()
        .read(true)
        .share_mode(share)
        .open(path)
        .unwrap()
}

/// Sees `apply` refused while `name` is held, then carried out.
#[track_caller]
fn refused_while_held(name: &str, share: u32) {
    let scratch = Scratch::with(&demo());
    let held = hold(&scratch.config(name), share);
    let before = tree_without(&scratch, name);
    // Who may not even read could not look.
    let (looks, refuses): (&[i32], &[i32]) = match share {
        0 => (&[3], &[3]),
        _ => (&[0], &[3]),
    };
    let looked = scratch.run(&["plan", "disk"]);
    assert!(looks.contains(&looked.code), "{looked:?}");
    let apply = ["apply", "disk", "--recommended", "--yes"];
    let refused = scratch.run(&apply);
    assert!(refuses.contains(&refused.code), "{refused:?}");
    assert!(refused.err.contains(name), "{}", refused.err);
    let errors = refused.err.matches("error:").count();
    assert_eq!(errors, 1, "{}", refused.err);
    let json = [&apply[..], &["--format", "json"]].concat();
    let json: serde_json::Value = serde_json::from_str(&scratch.run(&json).out).unwrap();
    assert_eq!(json["exit"], refused.code);
    same(&before, &tree_without(&scratch, name), "nothing is written");
    assert!(!scratch.path().join("J").exists(), "no journal is made");
    drop(held);
    scratch.run(&apply).gives(0);
}

/// The disk without a file that this process itself may not read again.
fn tree_without(scratch: &Scratch, name: &str) -> crate::scratch::Tree {
    let config = scratch.disk().join(crate::scratch::CONFIG);
    let mut files = crate::scratch::Tree::new();
    for entry in std::fs::read_dir(config).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != name {
            files.extend(
                tree(&entry.path())
                    .into_values()
                    .map(|found| (entry.file_name().into(), found)),
            );
        }
    }
    files
}

#[test]
fn a_hive_that_is_read_by_another_program() {
    refused_while_held("SYSTEM", SHARE_READ);
    refused_while_held("SYSTEM", SHARE_ALL);
}

#[test]
fn a_hive_that_is_loaded_elsewhere() {
    // As `reg load` holds it: nobody else may even read.
    refused_while_held("SYSTEM", 0);
}

#[test]
fn a_log_that_is_held() {
    refused_while_held("SYSTEM.LOG1", SHARE_READ);
}

#[test]
fn undo_waits_for_the_hive_too() {
    let scratch = Scratch::with(&demo());
    scratch.applied(&[]);
    let before = tree(&scratch.disk());
    let held = hold(&scratch.config("SYSTEM"), SHARE_READ);
    let undo = ["undo", "disk", "--yes"];
    let refused = scratch.run(&undo).gives(3);
    assert!(refused.err.contains("SYSTEM"), "{}", refused.err);
    same(&before, &tree(&scratch.disk()), "nothing is written");
    drop(held);
    scratch.run(&undo).gives(0);
}

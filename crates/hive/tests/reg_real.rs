//! Exports of real hives: read back, and against hivexregedit.
//!
//! Invariants: every clean hive beside the checkout is used; what is not there is said.
//! Absent on purpose: generated hives (`reg.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod reg_tree;
mod support;

use hive::Hive;
use hive::reg;
use reg_tree::{ROOT, of_reader, rows, same, sorted, text};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Every hive of the two folders that opens, logs left aside.
fn hives() -> Vec<(PathBuf, Hive)> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let mut found = Vec::new();
    for folder in ["hives", "bcd"] {
        let folder = shared.join(folder);
        let Ok(entries) = std::fs::read_dir(&folder) else {
            println!("skipped: no {}", folder.display());
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            match Hive::open(std::fs::read(&path).unwrap()) {
                Ok(hive) => found.push((path, hive)),
                Err(error) => println!("left out: {}: {error}", path.display()),
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Hives with zeroed bins open, but are not sound.
fn corrupted(path: &Path) -> bool {
    path.to_string_lossy().contains("corrupted")
}

#[test]
fn every_clean_hive_comes_back() {
    let (mut keys, mut values) = (0, 0);
    for (path, hive) in hives().into_iter().filter(|(path, _)| !corrupted(path)) {
        let what = path.display().to_string();
        let (text, left) = text(&hive);
        assert_eq!(left, [], "{what}");
        let wanted = of_reader(support::rows(&hive));
        for file in [text.clone().into_bytes(), reg::encode_utf16le_bom(&text)] {
            let found = rows(&reg::parse(&file).unwrap());
            same(&what, &wanted, &found);
        }
        keys += wanted.len();
        values += wanted.iter().map(|row| row.1.len()).sum::<usize>();
        let longest = text.lines().map(|line| line.chars().count()).max();
        println!(
            "{what}: {} keys, longest line {longest:?}, {} bytes of text",
            wanted.len(),
            text.len()
        );
    }
    println!("{keys} keys, {values} values");
}

#[test]
fn a_corrupted_hive_is_an_error() {
    for (path, hive) in hives().into_iter().filter(|(path, _)| corrupted(path)) {
        let mut text = String::new();
        let error = reg::export(ROOT, hive.root().unwrap(), &mut text).unwrap_err();
        println!("{}: {error}", path.display());
        assert!(matches!(error, reg::ExportError::Read { .. }));
    }
}

#[test]
fn hivexregedit_describes_the_same() {
    for (path, hive) in hives().into_iter().filter(|(path, _)| !corrupted(path)) {
        let what = path.display().to_string();
        let start = Instant::now();
        let theirs = Command::new("hivexregedit")
            .args(["--export", "--prefix", ROOT])
            // Perl writes Latin-1 otherwise.
            .env("PERL_UNICODE", "O")
            .arg(&path)
            .arg("\\")
            .output();
        let Ok(theirs) = theirs else {
            println!("skipped: no hivexregedit");
            return;
        };
        let their_time = start.elapsed();
        assert!(theirs.status.success(), "{what}: {theirs:?}");
        let start = Instant::now();
        let (text, _) = text(&hive);
        println!("{what}: {their_time:?}, ours {:?}", start.elapsed());
        let theirs = rows(&reg::parse(&theirs.stdout).unwrap());
        let ours = rows(&reg::parse(text.as_bytes()).unwrap());
        same(&what, &sorted(theirs), &sorted(ours));
    }
}

//! Task `fixtures`: writes fixtures/ with testkit, and the table that says what each is for.
//!
//! Invariants: the same testkit gives the same bytes; `--check` writes nothing; below the folders
//! it owns, a file nobody builds is a difference. Absent on purpose: real disks, and empty
//! folders, which Git does not keep.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use testkit::windows;

const FOLDER: &str = "fixtures";
const TABLE: &str = "README.md";
/// Folders in which every file is ours to write and to remove.
const OWNED: &[&str] = &["broken/", "demo/", "golden/"];

/// What each disk is for, by its folder.
const PURPOSES: &str = include_str!("fixtures.tsv");

/// Files by path below the folder, with forward slashes.
type Files = BTreeMap<String, Vec<u8>>;

/// Writes the fixtures, or with `--check` fails and says which files differ.
///
/// # Errors
/// When the arguments are unknown, a file cannot be read or written, or one differs.
pub fn run(args: &[String]) -> Result<()> {
    let check = crate::check_flag(args)?;
    let root = crate::root()?.join(FOLDER);
    let built = build()?;
    let mut present = Files::new();
    if root.is_dir() {
        read(&root, "", &mut present)?;
    }
    let differences = compare(&built, &present);
    if check {
        for (path, what) in &differences {
            println!("{FOLDER}/{path}: {what}");
        }
        if !differences.is_empty() {
            bail!(
                "{} files differ: run `cargo xtask fixtures`",
                differences.len()
            );
        }
        println!("fixtures: {} files are what testkit builds", built.len());
        return Ok(());
    }
    for path in differences.keys() {
        write(&root, path, built.get(*path))?;
    }
    println!(
        "fixtures: {} files, {} written or removed",
        built.len(),
        differences.len()
    );
    Ok(())
}

/// Everything that belongs below the folder.
fn build() -> Result<Files> {
    let mut disks = BTreeMap::from([
        ("golden/healthy".to_string(), windows::healthy()),
        ("demo".to_string(), windows::demo()),
    ]);
    for id in windows::REPAIRS {
        let disk = windows::broken(id).with_context(|| format!("testkit cannot break {id}"))?;
        disks.insert(format!("broken/{id}"), disk);
    }
    let mut files = Files::new();
    let lines = PURPOSES.lines().filter(|line| !line.starts_with('#'));
    let purposes: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once('\t')).collect();
    files.insert(
        TABLE.to_string(),
        table(disks.keys(), &purposes)?.into_bytes(),
    );
    for (folder, disk) in disks {
        let named = disk
            .files
            .into_iter()
            .map(|(path, bytes)| (format!("{folder}/{path}"), bytes));
        files.extend(named);
    }
    Ok(files)
}

/// The table of purposes, which must name exactly the disks there are.
fn table<'a>(disks: impl Iterator<Item = &'a String>, purposes: &[(&str, &str)]) -> Result<String> {
    let disks: Vec<&str> = disks.map(String::as_str).collect();
    let mut text = String::from(
        "# Fixtures\n\n\
         Disks built by `testkit`, written by `cargo xtask fixtures`, and compared with what is\n\
         built by `cargo xtask fixtures --check`. Nothing here comes from a real machine.\n\n\
         | disk | what it is for |\n|---|---|\n",
    );
    for disk in &disks {
        let purpose = purposes.iter().find(|(folder, _)| folder == disk);
        let (_, purpose) = purpose.with_context(|| format!("no purpose is given for {disk}"))?;
        text.push_str(&format!("| `{disk}` | {purpose} |\n"));
    }
    let stale = purposes.iter().find(|(folder, _)| !disks.contains(folder));
    ensure!(
        stale.is_none(),
        "a purpose is given for a disk nobody builds: {stale:?}"
    );
    Ok(text)
}

/// What differs, by path: built and not present, other bytes, or present and not built.
fn compare<'a>(built: &'a Files, present: &'a Files) -> BTreeMap<&'a str, String> {
    let mut found = BTreeMap::new();
    for (path, bytes) in built {
        match present.get(path) {
            Some(there) if there == bytes => {}
            Some(there) => {
                let at = there.iter().zip(bytes).position(|(a, b)| a != b);
                let at = at.unwrap_or(there.len().min(bytes.len()));
                found.insert(path.as_str(), format!("differs from byte {at} on"));
            }
            None => {
                found.insert(path.as_str(), "is missing".to_string());
            }
        }
    }
    for path in present.keys() {
        if !built.contains_key(path) && OWNED.iter().any(|folder| path.starts_with(folder)) {
            found.insert(path.as_str(), "is not built by testkit".to_string());
        }
    }
    found
}

/// Writes a file, or removes one that is not built.
fn write(root: &Path, path: &str, bytes: Option<&Vec<u8>>) -> Result<()> {
    let target = root.join(path);
    let place = || format!("writing {FOLDER}/{path}");
    let Some(bytes) = bytes else {
        return fs::remove_file(&target).with_context(place);
    };
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(place)?;
    }
    fs::write(&target, bytes).with_context(place)
}

fn read(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    let place = || format!("reading {FOLDER}/{prefix}");
    for entry in fs::read_dir(folder).with_context(place)? {
        let entry = entry.with_context(place)?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().with_context(place)?.is_dir() {
            read(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path, fs::read(entry.path()).with_context(place)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter()
            .map(|(path, text)| ((*path).into(), (*text).into()))
            .collect()
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let built = files(&[
            ("demo/a", "abc"),
            ("demo/b", "x"),
            ("demo/c", "ab"),
            ("t", "t"),
        ]);
        let present = files(&[
            ("demo/a", "abX"),
            ("demo/c", "abc"),
            ("demo/d", ""),
            ("v/1", ""),
        ]);
        let found = compare(&built, &present);
        let expected = [
            ("demo/a", "differs from byte 2 on"),
            ("demo/b", "is missing"),
            ("demo/c", "differs from byte 2 on"),
            ("demo/d", "is not built by testkit"),
            ("t", "is missing"),
        ];
        let found: Vec<(&str, &str)> = found.iter().map(|(p, w)| (*p, w.as_str())).collect();
        assert_eq!(found, expected);
        assert!(compare(&built, &built).is_empty());
    }

    #[test]
    fn every_disk_has_a_purpose_and_the_same_bytes_again() {
        let built = build().unwrap();
        assert_eq!(built, build().unwrap());
        assert!(built.contains_key("golden/healthy/Windows/System32/config/SYSTEM"));
    }

    #[test]
    fn the_table_is_exact() {
        let disks = ["demo".to_string()];
        assert!(
            table(disks.iter(), &[("demo", "x")])
                .unwrap()
                .ends_with("| `demo` | x |\n")
        );
        let error = table(disks.iter(), &[]).unwrap_err();
        assert_eq!(error.to_string(), "no purpose is given for demo");
        assert!(table(disks.iter(), &[("demo", "x"), ("gone", "y")]).is_err());
    }
}

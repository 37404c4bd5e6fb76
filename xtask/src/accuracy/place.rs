//! A fault on one disk: from a line of the table to the key, value and data there.
//!
//! Invariants: a fault is placed whole or not at all; a key is made only where the table says so.
//! Absent on purpose: running the program.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use testkit::build::HiveBuilder;
use testkit::windows::pe;

use super::data::Data;
use super::faults::{Bad, Fault, Good, Hive, Spot};
use super::registry::{Listing, Merge, merge};
use super::subject::Subject;

/// Stands for the control set that the fault is put in.
const SET: &str = "CCS";
/// A value that faults search a key by: `[NAME=TEXT]` at the end of a path.
const WHERE: [char; 2] = ['[', ']'];
/// Types that a wanted value can have that is not of the fault's type.
const OTHERWISE: [&str; 2] = ["sz:", "edit:"];

/// A fault on a disk.
#[derive(Clone, Debug)]
pub(super) struct Placed<'f> {
    pub(super) fault: &'f Fault,
    pub(super) marks: Vec<Mark>,
}

/// One value or file of it.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) hive: Hive,
    /// The hive's file, or the file itself.
    pub(super) file: String,
    pub(super) key: String,
    pub(super) name: String,
    bad: Option<Change>,
    /// What a value is once the fault is made.
    pub(super) now: Option<Data>,
    pub(super) good: Wanted,
}

/// What is made of a value or file; `None` deletes it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Value(Option<Data>),
    Key(bool),
    File(Option<Vec<u8>>),
}

/// What is wanted of a value or file afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What the fault has made of it, and no change planned.
    Unchanged,
    /// Nothing is asked of it.
    Anything,
    /// One of these.
    OneOf(Vec<Option<Data>>),
    /// The file is there, or not.
    File(bool),
}

/// Puts a fault on a disk; `None` when the disk has no place for it.
pub(super) fn place<'f>(
    fault: &'f Fault,
    subject: &Subject,
    set: &str,
) -> Result<Option<Placed<'f>>> {
    let store = fault.spots.iter().any(|spot| spot.hive == Hive::Bcd);
    let stands_for_stores = subject.column == super::subject::STORES;
    if !subject.is(&fault.on) || (stands_for_stores && !store) || fault.spots.is_empty() {
        return Ok(None);
    }
    let mut marks = Vec::new();
    let mut key = None;
    for spot in &fault.spots {
        let what = || format!("{} on {}", fault.title(), subject.name);
        match mark(spot, subject, set, key.as_ref()).with_context(what)? {
            Some(mark) => {
                key = Some((spot.path.clone(), mark.key.clone()));
                marks.push(mark);
            }
            None => return Ok(None),
        }
    }
    Ok(Some(Placed { fault, marks }))
}

fn mark(
    spot: &Spot,
    subject: &Subject,
    set: &str,
    last: Option<&(String, String)>,
) -> Result<Option<Mark>> {
    if spot.hive == Hive::Disk {
        return file_mark(spot, subject).map(Some);
    }
    let (Some(file), Some(listing)) = (subject.file(spot.hive), subject.listing(spot.hive)) else {
        return Ok(None);
    };
    // Lines with the same pattern are about the same key.
    let known = last.filter(|(path, _)| *path == spot.path);
    let found = known.map(|(_, key)| key.clone());
    let Some(key) = found.or_else(|| key(spot, subject, listing, set)) else {
        return Ok(None);
    };
    let name = match spot.hive {
        Hive::Bcd => "Element".to_owned(),
        _ => spot.value.clone(),
    };
    let before = listing.value(&key, &name);
    if spot.kind == "edit" && before.is_none() {
        return Ok(None);
    }
    let data = |cell: &str| Data::parse(&spot.kind, cell, before);
    let bad = match (&spot.bad, spot.kind.as_str()) {
        (Bad::AsItIs, _) => None,
        (bad, "key") => Some(Change::Key(*bad != Bad::Absent)),
        (Bad::Absent, _) => Some(Change::Value(None)),
        (Bad::Data(cell), _) => Some(Change::Value(Some(data(cell)?))),
    };
    let good = wanted(spot, before)?;
    let now = match &bad {
        Some(Change::Value(data)) => data.clone(),
        _ => before.cloned(),
    };
    Ok(Some(Mark {
        hive: spot.hive,
        file,
        key,
        name,
        bad,
        now,
        good,
    }))
}

/// What a line wants of a value that was `before`.
fn wanted(spot: &Spot, before: Option<&Data>) -> Result<Wanted> {
    let cells = match &spot.good {
        Good::Told | Good::Harmless => return Ok(Wanted::Unchanged),
        Good::Any => return Ok(Wanted::Anything),
        Good::Before => return Ok(Wanted::OneOf(vec![before.cloned()])),
        Good::OneOf(cells) => cells,
    };
    let data = |cell: &String| {
        let other = OTHERWISE.iter().find(|kind| cell.starts_with(**kind));
        let kind = other.map_or(spot.kind.as_str(), |kind| kind.trim_end_matches(':'));
        let cell = other
            .and_then(|kind| cell.strip_prefix(kind))
            .unwrap_or(cell);
        Data::parse(kind, cell, before)
    };
    let cell = |cell: &Option<String>| cell.as_ref().map(data).transpose();
    Ok(Wanted::OneOf(
        cells.iter().map(cell).collect::<Result<_>>()?,
    ))
}

/// The key of a line; `None` when the disk has none and the table lets none be made.
fn key(spot: &Spot, subject: &Subject, listing: &Listing, set: &str) -> Option<String> {
    if spot.hive == Hive::Bcd {
        let key = subject.store.as_ref()?.key(&spot.path)?;
        return (spot.creates || listing.key(&key).is_some()).then_some(key);
    }
    let path = match spot.path.strip_prefix(SET) {
        Some(below) => format!("{set}{below}"),
        None => spot.path.clone(),
    };
    if spot.creates {
        return Some(path);
    }
    let (pattern, condition) = match path.split_once(WHERE[0]) {
        Some((pattern, condition)) => (
            pattern,
            condition.trim_end_matches(WHERE[1]).split_once('='),
        ),
        None => (path.as_str(), None),
    };
    let suits = |key: &super::registry::Key| match condition {
        None => !pattern.contains('*') || key.value(&spot.value).is_some(),
        Some((name, text)) => {
            let value = key.value(name);
            value.is_some_and(|data| data.text().eq_ignore_ascii_case(text))
        }
    };
    listing.find(pattern, suits).map(|key| key.path.clone())
}

fn file_mark(spot: &Spot, subject: &Subject) -> Result<Mark> {
    let there = subject.disk.file(&spot.path).is_some();
    let bad = match &spot.bad {
        Bad::AsItIs => None,
        Bad::Absent => Some(Change::File(None)),
        Bad::Data(cell) => Some(Change::File(Some(match cell.as_str() {
            "empty" => Vec::new(),
            "hive" => HiveBuilder::new().build(),
            "program" => pe::image("any.sys", [10, 0, 14393, 1]),
            text => text.as_bytes().to_vec(),
        }))),
    };
    let good = match &spot.good {
        Good::Told | Good::Harmless => Wanted::Unchanged,
        Good::Any => Wanted::Anything,
        Good::Before => Wanted::File(there),
        Good::OneOf(cells) => Wanted::File(cells.iter().any(Option::is_some)),
    };
    Ok(Mark {
        hive: Hive::Disk,
        file: spot.path.clone(),
        key: String::new(),
        name: String::new(),
        bad,
        now: None,
        good,
    })
}

impl Wanted {
    /// Whether this data of a value is wanted.
    pub(super) fn fits(&self, data: Option<&Data>) -> bool {
        let Wanted::OneOf(wanted) = self else {
            return true;
        };
        wanted.iter().any(|wanted| match (wanted, data) {
            (None, None) => true,
            (Some(wanted), Some(data)) => data.says(wanted),
            _ => false,
        })
    }
}

impl Mark {
    /// A value as a trial finds it.
    #[cfg(test)]
    pub(super) fn value(
        hive: Hive,
        key: &str,
        name: &str,
        now: Option<Data>,
        good: Wanted,
    ) -> Mark {
        Mark {
            hive,
            file: "SYSTEM".to_owned(),
            key: key.to_owned(),
            name: name.to_owned(),
            bad: Some(Change::Value(now.clone())),
            now,
            good,
        }
    }

    /// Whether both are about the same value or file.
    pub(super) fn same_place(&self, other: &Mark) -> bool {
        self.file == other.file
            && self.key.eq_ignore_ascii_case(&other.key)
            && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> String {
        format!("{} {}\\{}", self.file, self.key, self.name)
    }
}

/// Makes the faults on a written disk.
pub(super) fn inject(placed: &[Placed<'_>], disk: &Path, scratch: &Path) -> Result<()> {
    let marks = || placed.iter().flat_map(|placed| &placed.marks);
    for hive in [Hive::System, Hive::Software, Hive::Bcd] {
        let of_hive: Vec<&Mark> = marks().filter(|mark| mark.hive == hive).collect();
        let changes = of_hive.iter().filter_map(|mark| {
            let (name, data) = match mark.bad.as_ref()? {
                Change::Value(data) => (Some(mark.name.clone()), data.clone()),
                Change::Key(made) => (None, made.then(|| Data::from_reg("dword:0")).flatten()),
                Change::File(_) => return None,
            };
            Some(Merge {
                key: mark.key.clone(),
                name,
                data,
            })
        });
        let changes: Vec<Merge> = changes.collect();
        if let (Some(first), false) = (of_hive.first(), changes.is_empty()) {
            merge(&disk.join(&first.file), &changes, scratch)?;
        }
    }
    for mark in marks() {
        let path = disk.join(&mark.file);
        match &mark.bad {
            Some(Change::File(Some(bytes))) => {
                fs::create_dir_all(path.parent().context("a file without a folder")?)?;
                fs::write(&path, bytes)?;
            }
            Some(Change::File(None)) if path.exists() => fs::remove_file(&path)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::faults;
    use super::*;
    use xshell::Shell;

    #[test]
    fn faults_are_placed_made_and_read_back() {
        if !crate::accuracy::has_tool() {
            return;
        }
        let scratch = Shell::new().unwrap().create_temp_dir().unwrap();
        let golden = Subject::golden(scratch.path()).unwrap();
        let table = faults::table().unwrap();
        let mut all = Vec::new();
        for fault in table.iter().filter(|fault| !fault.is_of_keys()) {
            let placed = place(fault, &golden, "ControlSet001").unwrap();
            // Devices and an interface with an address are on no disk of testkit.
            let here = golden.is(&fault.on) && !fault.spots.is_empty();
            assert!(placed.is_none() || here, "{}", fault.title());
            all.extend(placed);
        }
        let has = |id: &str| all.iter().any(|placed| placed.fault.repair == id);
        assert!(has("tls-protocols") && has("nla") && !has("machine-keys"));
        assert!(all.len() > 80, "{}", all.len());
        // The tool takes its time; some of each area are enough.
        for placed in all.iter().step_by(7) {
            let folder = scratch.path().join("disk");
            golden.disk.write_to(&folder).unwrap();
            inject(std::slice::from_ref(placed), &folder, scratch.path()).unwrap();
            for mark in placed.marks.iter().filter(|mark| mark.hive != Hive::Disk) {
                let listing = Listing::of(&folder.join(&mark.file), &mark.key).unwrap();
                let found = listing.value(&mark.key, &mark.name);
                assert_eq!(found, mark.now.as_ref(), "{}", placed.fault.title());
            }
        }
    }
}

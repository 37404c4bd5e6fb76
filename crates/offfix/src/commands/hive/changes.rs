//! What operations make of a hive: each value and key that differs afterwards.
//!
//! Invariants: both hives are looked at, so that of two operations on one value only the outcome
//! counts; counts are whole even where the list is not.
//! Absent on purpose: keys that come to be (their values tell), classes and security.

use super::unreadable;
use crate::document::{ChangeDocument, DataDocument};
use crate::exit::Failure;
use crate::numbers::count;
use hive::reg::Operation;
use hive::{Hive, Key, RegData};
use std::collections::BTreeSet;

/// Most changes that are listed.
const LISTED: usize = 10_000;
/// Most bytes of data they hold together.
const LISTED_DATA: usize = 4 << 20;
/// Most lines about what goes with a deleted key.
const LINES: usize = 20;
/// Longest text of a value's data in a line, in characters.
const SHOWN: usize = 60;

/// What differs between a hive and itself after operations.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Values that operations name, and those that outlive the deletion of their key.
    named: Vec<ChangeDocument>,
    /// Keys and values that go with a deleted key, each key before what is in it.
    gone: Vec<ChangeDocument>,
    keys: usize,
    values: usize,
    left_out: usize,
    data: usize,
}

/// The two hives, and what was looked at already.
struct Looked<'h> {
    before: &'h Hive,
    after: &'h Hive,
    name: &'h str,
    seen: BTreeSet<(Vec<u16>, Option<Vec<u16>>)>,
}

impl Changes {
    /// The changes in the hive called `name` that `operations` are about.
    pub(super) fn between(
        before: &Hive,
        after: &Hive,
        name: &str,
        operations: &[Operation],
    ) -> Result<Changes, Failure> {
        let mut changes = Changes::default();
        let mut looked = Looked {
            before,
            after,
            name,
            seen: BTreeSet::new(),
        };
        for operation in operations {
            match operation {
                Operation::SetValue { key, name, .. } | Operation::DeleteValue { key, name } => {
                    changes.value(&mut looked, key, name)?;
                }
                Operation::DeleteKey(key) => changes.subtree(&mut looked, key)?,
                Operation::CreateKey(_) => {}
            }
        }
        Ok(changes)
    }

    fn value(&mut self, looked: &mut Looked<'_>, key: &str, name: &str) -> Result<(), Failure> {
        if !looked.first(key, Some(name)) {
            return Ok(());
        }
        let data = |hive: &Hive| match hive.key(key).map_err(|error| unreadable(&error))? {
            Some(found) => data(found, name),
            None => Ok(None),
        };
        let (before, after) = (data(looked.before)?, data(looked.after)?);
        if before != after && self.room(before.iter().chain(&after)) {
            let row = looked.row("edit", key, name, before.as_ref(), after.as_ref());
            self.named.push(row);
        }
        Ok(())
    }

    /// A key that was deleted, and everything below it.
    fn subtree(&mut self, looked: &mut Looked<'_>, path: &str) -> Result<(), Failure> {
        let unreadable = |error: hive::ReadError| unreadable(&error);
        let Some(top) = looked.before.key(path).map_err(unreadable)? else {
            return Ok(());
        };
        let mut open = vec![(path.trim_matches('\\').to_owned(), top)];
        while let Some((path, key)) = open.pop() {
            let left = looked.after.key(&path).map_err(unreadable)?;
            if left.is_none() && looked.first(&path, None) {
                self.keys += 1;
                if self.room([]) {
                    self.gone.push(looked.row("key", &path, "", None, None));
                }
            }
            for value in key.values().map_err(unreadable)? {
                let name = value.name().to_string();
                if left.is_some() {
                    self.value(looked, &path, &name)?;
                } else if looked.first(&path, Some(&name)) {
                    self.values += 1;
                    let before = value.read().map_err(unreadable)?;
                    if self.room([&before]) {
                        let row = looked.row("edit", &path, &name, Some(&before), None);
                        self.gone.push(row);
                    }
                }
            }
            for below in key.subkeys().map_err(unreadable)?.into_iter().rev() {
                open.push((format!("{path}\\{}", below.name()), below));
            }
        }
        Ok(())
    }

    /// Whether one more change with this data is listed.
    fn room<'d>(&mut self, data: impl IntoIterator<Item = &'d RegData>) -> bool {
        let len: usize = data.into_iter().map(|data| data.bytes.len()).sum();
        let listed = self.named.len() + self.gone.len();
        let room = listed < LISTED && self.data.saturating_add(len) <= LISTED_DATA;
        if room {
            self.data += len;
        } else {
            self.left_out += 1;
        }
        room
    }

    /// What was done, with the number of changes that are not listed.
    pub(super) fn note(&self, what: &str) -> String {
        match self.left_out {
            0 => what.to_owned(),
            number => format!("{what}; {} not listed", count(number, "more change")),
        }
    }

    /// The changes for people: those named by the operations, then what goes with deleted keys,
    /// cut short.
    pub(super) fn text(&self) -> String {
        let mut text: String = self.named.iter().map(line).collect();
        if self.keys + self.values > 0 {
            let (keys, values) = (count(self.keys, "key"), count(self.values, "value"));
            text.push_str(&format!("  deleted whole: {keys}, {values}\n"));
            text.extend(self.gone.iter().take(LINES).map(line));
            let more = (self.keys + self.values).saturating_sub(LINES.min(self.gone.len()));
            if more > 0 {
                text.push_str(&format!("  ... and {more} more\n"));
            }
        }
        text
    }

    /// The changes for programs.
    pub(super) fn into_documents(self) -> Vec<ChangeDocument> {
        [self.named, self.gone].concat()
    }
}

impl Looked<'_> {
    /// Whether this key, or this value of it, is met for the first time.
    fn first(&mut self, key: &str, name: Option<&str>) -> bool {
        let upcase = self.before.upcase();
        let fold = |text: &str| text.encode_utf16().map(|unit| upcase.unit(unit)).collect();
        let key = fold(key.trim_matches('\\'));
        self.seen.insert((key, name.map(fold)))
    }

    fn row(
        &self,
        kind: &str,
        key: &str,
        name: &str,
        before: Option<&RegData>,
        after: Option<&RegData>,
    ) -> ChangeDocument {
        ChangeDocument {
            repair: "hive".to_owned(),
            kind: kind.to_owned(),
            hive: self.name.to_owned(),
            key: key.to_owned(),
            name: name.to_owned(),
            element: None,
            before: before.map(DataDocument::of),
            after: after.map(DataDocument::of),
        }
    }
}

fn data(key: Key<'_>, name: &str) -> Result<Option<RegData>, Failure> {
    let found = key.value(name).map_err(|error| unreadable(&error))?;
    let data = found.map(hive::Value::read).transpose();
    data.map_err(|error| unreadable(&error))
}

/// One change.
fn line(change: &ChangeDocument) -> String {
    if change.kind == "key" {
        return format!("  {}: key -> missing\n", change.key);
    }
    let show = |data: &Option<DataDocument>| match data {
        Some(data) => format!("{} {}", data.r#type, cut(&data.text)),
        None => "missing".to_owned(),
    };
    let name = match change.name.as_str() {
        "" => "(default)",
        name => name,
    };
    let (before, after) = (show(&change.before), show(&change.after));
    format!("  {} {name}: {before} -> {after}\n", change.key)
}

/// A text that a line has room for.
fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push_str("...");
    }
    cut
}

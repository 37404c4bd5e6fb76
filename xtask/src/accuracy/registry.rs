//! A hive as hivexregedit shows and changes it.
//!
//! Invariants: nothing here is our own hive code, so that faults are made and cures are judged by
//! another hand. Absent on purpose: security, classes and time stamps, which the tool leaves out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use super::data::{Data, unescaped};

/// The tool.
pub(super) const TOOL: &str = "hivexregedit";
const HEAD: &str = "Windows Registry Editor Version 5.00\n";

/// One key of an export.
#[derive(Clone, Debug, Default)]
pub(super) struct Key {
    /// Its path, as it is spelled.
    pub(super) path: String,
    values: BTreeMap<String, Data>,
}

impl Key {
    /// A value, whatever the case of its name.
    pub(super) fn value(&self, name: &str) -> Option<&Data> {
        self.values.get(&name.to_lowercase())
    }
}

/// Keys and values by path, whatever the case.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing(BTreeMap<String, Key>);

impl Listing {
    /// Everything below a key; nothing when there is no such key.
    pub(super) fn of(hive: &Path, key: &str) -> Result<Listing> {
        let mut export = Command::new(TOOL);
        export.args(["--export", "--prefix", ""]).arg(hive);
        let output = export.arg(format!("\\{key}")).output().context(TOOL)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() && said.contains("path not found") {
            return Ok(Listing::default());
        }
        judge(&output).with_context(|| format!("export of {}", hive.display()))?;
        Ok(Listing::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    fn parse(text: &str) -> Listing {
        let mut listing = Listing::default();
        let mut key = Key::default();
        for line in text.lines() {
            let opened = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'));
            if let Some(path) = opened {
                listing.add(std::mem::take(&mut key));
                key.path = path.trim_start_matches('\\').to_owned();
            } else if let Some((name, data)) = value(line) {
                key.values.insert(name.to_lowercase(), data);
            }
        }
        listing.add(key);
        listing
    }

    fn add(&mut self, key: Key) {
        self.0.insert(key.path.to_lowercase(), key);
    }

    /// A key.
    pub(super) fn key(&self, path: &str) -> Option<&Key> {
        self.0
            .get(&path.to_lowercase())
            .filter(|key| !key.path.is_empty())
    }

    /// A value.
    pub(super) fn value(&self, path: &str, name: &str) -> Option<&Data> {
        self.key(path)?.value(name)
    }

    /// The keys below a path; below no path, all of them.
    pub(super) fn below<'l>(&'l self, path: &str) -> impl Iterator<Item = &'l Key> {
        let path = match path {
            "" => String::new(),
            path => format!("{}\\", path.to_lowercase()),
        };
        let from = self.0.range(path.clone()..);
        from.take_while(move |(key, _)| key.starts_with(&path))
            .map(|(_, key)| key)
    }

    /// The first key with this path, in which `*` stands for any one name, that `suits`.
    pub(super) fn find(&self, pattern: &str, suits: impl Fn(&Key) -> bool) -> Option<&Key> {
        let Some((before, _)) = pattern.split_once("\\*") else {
            return self.key(pattern).filter(|key| suits(key));
        };
        let names: Vec<String> = pattern.split('\\').map(str::to_lowercase).collect();
        self.below(before).find(|key| {
            let path: Vec<String> = key.path.split('\\').map(str::to_lowercase).collect();
            let mut pairs = path.iter().zip(&names);
            path.len() == names.len()
                && pairs.all(|(have, want)| want == "*" || have == want)
                && suits(key)
        })
    }
}

/// `"name"=data`, or `@=data` for the value without a name.
fn value(line: &str) -> Option<(String, Data)> {
    let (name, data) = match line.strip_prefix('"') {
        Some(rest) => rest.split_once("\"=")?,
        None => ("", line.strip_prefix("@=")?),
    };
    Some((unescaped(name), Data::from_reg(data)?))
}

/// One change of a hive: of a value, or of the key itself when there is no value's name.
#[derive(Clone, Debug)]
pub(super) struct Merge {
    pub(super) key: String,
    pub(super) name: Option<String>,
    /// `None` deletes.
    pub(super) data: Option<Data>,
}

/// Makes changes in a hive file.
pub(super) fn merge(hive: &Path, changes: &[Merge], scratch: &Path) -> Result<()> {
    let file = scratch.join("fault.reg");
    fs::write(&file, reg(changes))?;
    let mut merge = Command::new(TOOL);
    merge.args(["--merge", "--prefix", ""]).arg(hive).arg(&file);
    let output = merge.output().context(TOOL)?;
    judge(&output).with_context(|| format!("merge into {}", hive.display()))
}

fn reg(changes: &[Merge]) -> String {
    let mut text = HEAD.to_owned();
    for Merge { key, name, data } in changes {
        if data.is_some() {
            // The tool makes a key only below one that is there.
            let ends = key.match_indices('\\').map(|(at, _)| at);
            let above = ends.filter_map(|at| key.get(..at));
            above.for_each(|key| text.push_str(&format!("\n[\\{key}]\n")));
        }
        let Some(name) = name else {
            let sign = if data.is_none() { "-" } else { "" };
            text.push_str(&format!("\n[{sign}\\{key}]\n"));
            continue;
        };
        let name = match name.as_str() {
            "" => "@".to_owned(),
            name => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
        };
        let data = data.as_ref().map_or("-".to_owned(), Data::to_reg);
        text.push_str(&format!("\n[\\{key}]\n{name}={data}\n"));
    }
    text
}

fn judge(output: &Output) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}", output.status);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = concat!(
        "Windows Registry Editor Version 5.00\n\n[\\Set\\A]\n\"Start\"=dword:00000004\n@=\"x\"\n\n",
        "[\\Set\\A\\B]\n\"Class\"=hex(1):6e,00,65,00,74,00,00,00\n\n[\\Set\\C]\n\n",
    );

    #[test]
    fn an_export_is_found_whatever_the_case() {
        let listing = Listing::parse(EXPORT);
        assert_eq!(
            listing.value(r"set\a", "START").unwrap().bytes,
            [4, 0, 0, 0]
        );
        assert_eq!(listing.value(r"Set\A", "").unwrap().text(), "x");
        assert!(listing.key(r"Set\C").is_some() && listing.key("Set").is_none());
        assert_eq!(listing.below("set").count(), 3);
        let net = |key: &Key| key.value("Class").is_some_and(|data| data.text() == "net");
        assert_eq!(listing.find(r"Set\*\*", net).unwrap().path, r"Set\A\B");
        assert!(listing.find(r"Set\*", net).is_none());
    }

    #[test]
    fn changes_are_written_as_the_tool_reads_them() {
        let change = |name: Option<&str>, data| Merge {
            key: r"Set\A".to_owned(),
            name: name.map(str::to_owned),
            data,
        };
        let one = Data::from_reg("dword:00000001");
        let text = reg(&[
            change(Some("'x\""), one.clone()),
            change(Some(""), None),
            change(None, None),
            change(None, one),
        ]);
        let expected = concat!(
            "Windows Registry Editor Version 5.00\n",
            "\n[\\Set]\n\n[\\Set\\A]\n\"'x\\\"\"=hex(4):01,00,00,00\n",
            "\n[\\Set\\A]\n@=-\n\n[-\\Set\\A]\n\n[\\Set]\n\n[\\Set\\A]\n",
        );
        assert_eq!(text, expected);
    }
}

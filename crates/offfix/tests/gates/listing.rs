//! What another reader finds in a hive: every key and value of `hivexregedit --export`.
//!
//! Invariants: names and data are compared as the tool writes them. Absent on purpose: security,
//! classes and time stamps, which the tool does not show.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::tool;

/// Data by key and value; a key itself stands with the value name `None`.
pub(crate) type Listing = BTreeMap<(String, Option<String>), String>;

/// Lists a whole hive.
pub(crate) fn listing(hive: &Path) -> Listing {
    let text = tool(
        Command::new("hivexregedit")
            .args(["--export", "--prefix", ""])
            .arg(hive)
            .arg("\\"),
    );
    let mut listing = Listing::new();
    let mut key = String::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            key = name.trim_start_matches('\\').to_owned();
            assert!(
                listing.insert((key.clone(), None), String::new()).is_none(),
                "{key} twice"
            );
        } else if let Some((name, data)) = value(line) {
            listing.insert((key.clone(), Some(name)), data);
        }
    }
    listing
}

/// `"name"=data`, or `@=data` for the value without a name.
fn value(line: &str) -> Option<(String, String)> {
    let (name, data) = match line.strip_prefix('"') {
        Some(rest) => rest.split_once("\"=")?,
        None => ("", line.strip_prefix("@=")?),
    };
    Some((name.to_owned(), data.to_owned()))
}

/// What the second listing has more, less or otherwise, as (key, value, before, after).
pub(crate) type Difference = (String, Option<String>, Option<String>, Option<String>);

/// Compares two listings.
pub(crate) fn differences(before: &Listing, after: &Listing) -> Vec<Difference> {
    let mut places: Vec<_> = before.keys().chain(after.keys()).collect();
    places.sort();
    places.dedup();
    places
        .into_iter()
        .filter(|place| before.get(*place) != after.get(*place))
        .map(|place| {
            let (key, name) = place.clone();
            (
                key,
                name,
                before.get(place).cloned(),
                after.get(place).cloned(),
            )
        })
        .collect()
}

/// The number of a `hivexget` of a REG_DWORD.
pub(crate) fn number(hive: &Path, key: &str, name: &str) -> Option<u32> {
    let output = Command::new("hivexget")
        .arg(hive)
        .args([key, name])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

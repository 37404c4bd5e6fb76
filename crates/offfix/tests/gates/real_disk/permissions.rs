//! Broken permissions of private keys on whole disks: plan, apply, look and undo.
//!
//! Invariants checked: each object and its reason is in the plan; what is wanted is on the disk
//! after a detach, for ntfssecaudit too; no other object's permissions change; undo gives every
//! descriptor back bit for bit. Absent on purpose: links, kills, thousands of files.

use super::image::{Format, Image, Scheme};
use super::keys::same_permissions;
use super::keys::{Key, Permissions, audited, broken, bytes, hex, keys, permissions, sddl};
use super::layout::{self, Facts, Logs, repaired, roots};
use crate::has;
use crate::scratch::{Scratch, Tree, same, same_bytes};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use testkit::windows::{MACHINE_KEYS, rdp_key};

/// The recommended repairs: hives, boot store, and the keys in the scoped form.
const SCOPED: &[&str] = &["--recommended"];
/// The article's form, with a change of SYSTEM.
const ARTICLE: &[&str] = &[
    "--repair",
    "machine-keys,rdp-services",
    "--set",
    "machine-keys.form=article",
];

/// Entries as they lie on a disk: NETWORK SERVICE may read, is denied it; SYSTEM and
/// Administrators may do everything.
const READS: &str = "0000140089001200010100000000000514000000";
const DENIED: &str = "0100140089001200010100000000000514000000";
const SYSTEM: &str = "00001400ff011f00010100000000000512000000";
const ADMINISTRATORS: &str = "00001800ff011f0001020000000000052000000020020000";

#[test]
fn fixed_vhd() {
    session(Format::FixedVhd);
}

#[test]
fn vhdx() {
    session(Format::Vhdx);
}

/// Everything that is known of a disk: bytes, descriptors, what stands beside the changed files
/// and beside the keys.
struct Look {
    tree: Tree,
    permissions: Permissions,
    facts: [Facts; 3],
    keys: Vec<Facts>,
}

impl Look {
    fn at(scratch: &Scratch) -> Look {
        Look {
            tree: roots(scratch),
            permissions: permissions(&scratch.disk()),
            facts: repaired(Scheme::Mbr).map(|name| Facts::of(&scratch.path().join(name))),
            keys: keys()
                .iter()
                .map(|key| Facts::of(&scratch.disk().join(&key.path)))
                .collect(),
        }
    }

    /// Hives and store may have other bytes and a later time, and keys other permissions, but
    /// nothing else of them has changed.
    #[track_caller]
    fn kept_beside(&self, other: &Look) {
        for (left, right) in self.facts.iter().zip(&other.facts) {
            assert!(left.kept.iter().all(Option::is_some), "{left:?}");
            assert_eq!(left.kept, right.kept);
            assert_eq!(left.created, right.created);
            assert_eq!(left.record, right.record);
        }
        for (left, right) in self.keys.iter().zip(&other.keys) {
            assert!(left.created.is_some(), "{left:?}");
            let [_, attributes, short] = &left.kept;
            assert_eq!([attributes, short], [&right.kept[1], &right.kept[2]]);
            assert_eq!(left.created, right.created);
            assert_eq!(left.written, right.written);
            assert_eq!(left.record, right.record);
        }
    }
}

fn session(format: Format) {
    if !has(&["ntfssecaudit"]) {
        return;
    }
    let scratch = Scratch::empty();
    let Some(image) = Image::new(&scratch, Scheme::Mbr, format) else {
        return;
    };
    let attached = image.attach();
    layout::write(&scratch, Scheme::Mbr, Logs::Roomy);
    broken(&scratch.disk());
    drop(attached);
    let attached = image.attach();
    let before = Look::at(&scratch);
    let json = |words: &[&str]| -> Value {
        let words = [words, &["--format", "json"], image.roots()].concat();
        serde_json::from_str(&scratch.run(&words).gives(0).out).unwrap()
    };
    scoped_plan(&json(&["plan"]));
    article_plan(&json(&[&["plan"], ARTICLE].concat()));
    same(&before.tree, &roots(&scratch), "a plan changes nothing");
    drop(attached);

    for (selection, wanted) in [
        (SCOPED, scoped_of as fn(&Key) -> Option<&'static str>),
        (ARTICLE, |key| Some(key.article)),
    ] {
        let expected = after(&before.permissions, wanted);
        let attached = image.attach();
        json(&[&["apply", "--yes"], selection].concat());
        let now = Look::at(&scratch);
        same_permissions(&expected, &now.permissions, "after apply");
        before.kept_beside(&now);
        drop(attached);
        judged_by_others(&image, wanted);

        let attached = image.attach();
        let again = Look::at(&scratch);
        same_permissions(&expected, &again.permissions, "after a detach");
        same_bytes(&now.tree, &again.tree, "after a detach");
        before.kept_beside(&again);
        // A plan without a selection is of what is recommended.
        let selection: &[&str] = if selection == SCOPED { &[] } else { selection };
        json(&[&["plan", "--detailed-exitcode"], selection].concat());
        json(&["undo", "--yes"]);
        same_permissions(
            &before.permissions,
            &permissions(&scratch.disk()),
            "after undo",
        );
        drop(attached);
        let attached = image.attach();
        let undone = Look::at(&scratch);
        same_permissions(&before.permissions, &undone.permissions, "and it lasts");
        same_bytes(&before.tree, &undone.tree, "and it lasts");
        before.kept_beside(&undone);
        drop(attached);
    }
}

fn scoped_of(key: &Key) -> Option<&'static str> {
    key.scoped
}

/// The permissions that a form leaves.
fn after(before: &Permissions, wanted: fn(&Key) -> Option<&'static str>) -> Permissions {
    let mut all = before.clone();
    for key in keys() {
        if let Some(sddl) = wanted(&key) {
            all.insert(key.path.clone(), hex(&bytes(sddl)));
        }
    }
    all
}

/// The findings of a repair, by place.
fn findings(plan: &Value) -> BTreeMap<&str, String> {
    let all = plan["findings"].as_array().unwrap().iter();
    let of = all.filter(|finding| finding["repair"] == "machine-keys");
    of.map(|finding| {
        (
            finding["place"].as_str().unwrap(),
            finding["evidence"].to_string(),
        )
    })
    .collect()
}

/// What changes, as the disk spells paths: before, after.
fn planned(plan: &Value) -> BTreeMap<String, [String; 2]> {
    let mut all = BTreeMap::new();
    for one in plan["permissions"].as_array().unwrap() {
        let both = ["before", "after"].map(|side| one[side]["hex"].as_str().unwrap().to_owned());
        for path in one["paths"].as_array().unwrap() {
            all.insert(path.as_str().unwrap().replace('\\', "/"), both.clone());
        }
    }
    all
}

/// Two objects change, each with what its accounts lack.
fn scoped_plan(plan: &Value) {
    let found = findings(plan);
    let folder = MACHINE_KEYS.replace('/', "\\");
    let key = rdp_key().replace('/', "\\");
    assert_eq!(found.len(), 2, "{found:#?}");
    // SYSTEM is one of the Administrators.
    let evidence = &found[folder.as_str()];
    assert!(evidence.contains("NETWORK SERVICE: no entry"), "{evidence}");
    assert!(!evidence.contains("SYSTEM: "), "{evidence}");
    let evidence = &found[key.as_str()];
    assert!(evidence.contains("NETWORK SERVICE: "), "{evidence}");
    assert!(evidence.contains("(D;;FR;;;NS)"), "{evidence}");
    assert!(!evidence.contains("Administrators: "), "{evidence}");
    same_plan(plan, scoped_of);
}

/// Every object but the one that is right changes, and the accounts are named.
fn article_plan(plan: &Value) {
    let found = findings(plan);
    let number = keys().len();
    let evidence = found.values().next().unwrap();
    let line = format!("{} of {number} files and folders lack", number - 1);
    assert!(evidence.contains(&line), "{evidence}");
    for account in ["SYSTEM:(F)", "NETWORK SERVICE:(R)", "Administrators:(F)"] {
        assert!(evidence.contains(account), "{evidence}");
    }
    let services = |change: &&Value| change["repair"] == "rdp-services";
    let changes = plan["changes"].as_array().unwrap();
    assert!(
        changes.iter().any(|change| services(&change)),
        "a change of SYSTEM"
    );
    same_plan(plan, |key| Some(key.article));
}

/// The plan has for each object what it has and what it gets.
fn same_plan(plan: &Value, wanted: fn(&Key) -> Option<&'static str>) {
    let mut expected = BTreeMap::new();
    for key in keys() {
        if let Some(after) = wanted(&key).filter(|after| *after != key.broken) {
            expected.insert(
                key.path.clone(),
                [key.broken, after].map(|sddl| hex(&bytes(sddl))),
            );
        }
    }
    let planned = planned(plan);
    let names = |map: &BTreeMap<String, [String; 2]>| map.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&planned), names(&expected));
    for (path, both) in &expected {
        let text = |both: &[String; 2]| both.clone().map(|hex| sddl(&hex));
        assert_eq!(text(&planned[path]), text(both), "{path}");
        assert_eq!(&planned[path], both, "{path}");
    }
}

/// What ntfssecaudit reads from the volume itself.
fn judged_by_others(image: &Image, wanted: fn(&Key) -> Option<&'static str>) {
    let unmounted = image.unmounted();
    let found = audited(unmounted.device());
    for key in keys() {
        let one = &found[&key.path];
        let is_article = wanted(&key) == Some(key.article);
        let sddl = wanted(&key).unwrap_or(key.broken);
        assert_eq!(one.descriptor, hex(&bytes(sddl)), "{}: {sddl}", key.path);
        if is_article {
            assert_eq!(one.owner, "S-1-5-32-544", "{}", key.path);
            for entry in [READS, SYSTEM, ADMINISTRATORS] {
                assert!(one.descriptor.contains(entry), "{}: {one:?}", key.path);
            }
        }
        if key.path == rdp_key() {
            assert!(one.descriptor.contains(READS), "{one:?}");
            assert!(!one.descriptor.contains(DENIED), "{one:?}");
        }
    }
}

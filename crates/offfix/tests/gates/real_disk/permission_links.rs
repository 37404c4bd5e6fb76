//! Links on the way to the private keys, and among them, which lead to keys somewhere else.
//!
//! Invariants checked: what a link leads to keeps bytes, descriptors and times; a link on the way
//! is refused with its reason; one among the keys is passed by, and told. Absent on purpose: links
//! that are planted while the program runs.

use super::keys::{Permissions, broken, keys, permissions, same_permissions};
use super::layout::{Logs, visible};
use super::links::{Link, plant};
use super::served::Mounted;
use super::volume::{APPLY, UNDO, Volume};
use crate::scratch::{Tree, same, same_bytes};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use testkit::windows::{MACHINE_KEYS, rdp_key};

/// The article's form, alone.
const ARTICLE: [&str; 4] = [
    "--repair",
    "machine-keys",
    "--set",
    "machine-keys.form=article",
];

/// A mounted volume with a link, and what the link leads to.
struct Planted {
    volume: Volume,
    away: PathBuf,
    outside: (Tree, Permissions),
    // In the order in which they have to go.
    _mounts: Vec<Mounted>,
    _other: Option<Volume>,
}

fn look(path: &Path) -> (Tree, Permissions) {
    (visible(path), permissions(path))
}

impl Planted {
    /// A symbolic link to the same place of another volume with the same broken keys; a junction
    /// to another folder of this volume, where they lie now.
    fn new(link: Link, at: &str) -> Option<Planted> {
        let volume = Volume::with_windows(Logs::Roomy, &[])?;
        let mounted = volume.mount("norecover");
        broken(&volume.scratch.disk());
        drop(mounted);
        let (away, other, mut mounts) = match link {
            Link::Junction => (plant(&volume, link, at), None, Vec::new()),
            Link::Symbolic => {
                let other = volume.copy();
                let mounts = vec![other.mount("norecover")];
                let away = other.scratch.disk().join(at);
                let mounted = volume.mount("norecover");
                let path = volume.scratch.disk().join(at);
                if path.is_dir() {
                    fs::remove_dir_all(&path).unwrap();
                } else {
                    fs::remove_file(&path).unwrap();
                }
                symlink(&away, &path).unwrap();
                drop(mounted);
                (away, Some(other), mounts)
            }
        };
        mounts.insert(0, volume.mount("norecover"));
        let path = volume.scratch.disk().join(at);
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink(), "{at}");
        assert!(fs::metadata(&path).is_ok(), "{at}: it leads nowhere");
        let outside = look(&away);
        assert!(!outside.1.is_empty(), "{at}: it leads to no permissions");
        Some(Planted {
            volume,
            away,
            outside,
            _mounts: mounts,
            _other: other,
        })
    }

    /// What the link leads to is as it was, the times of change among it.
    #[track_caller]
    fn untouched(&self, what: &str) {
        let now = look(&self.away);
        same(&self.outside.0, &now.0, what);
        same_permissions(&self.outside.1, &now.1, what);
    }

    fn permissions(&self) -> Permissions {
        permissions(&self.volume.scratch.disk())
    }
}

/// The plan tells why the keys are left out, and changes no permissions.
#[track_caller]
fn not_checked(plan: &Value, place: &str) {
    let all = plan["not_checked"].as_array().unwrap();
    let mut lines = all.iter().filter_map(Value::as_str);
    let line = lines.find(|line| line.contains("machine-keys"));
    assert!(
        line.is_some_and(|line| line.contains("is a link")),
        "{place}: {all:?}"
    );
    assert_eq!(plan["permissions"].as_array().unwrap().len(), 0, "{place}");
}

#[test]
fn above_the_keys() {
    let crypto = "ProgramData/Microsoft/Crypto";
    let rsa = "ProgramData/Microsoft/Crypto/RSA";
    for link in [Link::Symbolic, Link::Junction] {
        for at in ["ProgramData", crypto, rsa, MACHINE_KEYS] {
            let Some(planted) = Planted::new(link, at) else {
                return;
            };
            let volume = &planted.volume;
            let place = format!("{link:?} {at}");
            let (tree, before) = (volume.tree(), planted.permissions());
            not_checked(&volume.says(&["plan", "disk"], 0), &place);
            let recipe = [
                "plan",
                "disk",
                "--as-article",
                "--for",
                "rdp-internal-error",
            ];
            volume.says(&recipe, 3);
            volume.says(&["apply", "disk", "--repair", "machine-keys", "--yes"], 3);
            volume.says(&[&["apply", "disk", "--yes"][..], &ARTICLE].concat(), 3);
            planted.untouched(&place);
            same(&tree, &volume.tree(), &place);
            same_permissions(&before, &planted.permissions(), &place);
            // What does not need the keys is repaired.
            volume.says(&APPLY, 0);
            planted.untouched(&place);
            same_permissions(&before, &planted.permissions(), &place);
            volume.says(&UNDO, 0);
            planted.untouched(&place);
            same_bytes(&tree, &volume.tree(), &place);
        }
    }
}

#[test]
fn among_the_keys() {
    let inside = |name: &str| format!("{MACHINE_KEYS}/{name}");
    for (link, at) in [
        (Link::Symbolic, rdp_key()),
        (Link::Symbolic, inside("00_closed")),
        (Link::Symbolic, inside("Below")),
        (Link::Symbolic, inside("Below/55_inside")),
        (Link::Junction, inside("Below")),
    ] {
        let Some(planted) = Planted::new(link, &at) else {
            return;
        };
        let volume = &planted.volume;
        let place = format!("{link:?} {at}");
        let before = planted.permissions();
        for words in [&["--recommended"][..], &ARTICLE] {
            let apply = volume.says(&[&["apply", "disk", "--yes"][..], words].concat(), 0);
            assert_eq!(apply["verdict"], "fixed", "{place}");
            planted.untouched(&place);
            let now = planted.permissions();
            // A link in the place of the one key that is looked at is a reason to look no further.
            if words != ARTICLE && at == rdp_key() {
                same_permissions(&before, &now, &place);
                not_checked(&apply, &place);
            } else {
                assert!(before != now, "{place}: the folder is not changed");
            }
            if words == ARTICLE {
                article_but_the_link(&before, &now, &at);
            }
            volume.says(&UNDO, 0);
            planted.untouched(&place);
            same_permissions(&before, &planted.permissions(), &place);
        }
        let plan = volume
            .scratch
            .run(&[&["plan", "disk"][..], &ARTICLE].concat());
        assert!(plan.gives(0).out.contains("1 links in it"), "{place}");
    }
}

/// Everything in the folder has the article's permissions, and the link those it had.
fn article_but_the_link(before: &Permissions, now: &Permissions, at: &str) {
    let mut expected = before.clone();
    for key in keys() {
        let behind = key.path == at || key.path.starts_with(&format!("{at}/"));
        if !behind {
            let bytes = super::keys::bytes(key.article);
            expected.insert(key.path.clone(), super::keys::hex(&bytes));
        }
    }
    same_permissions(&expected, now, at);
}

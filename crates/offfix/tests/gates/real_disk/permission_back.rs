//! Permissions that a run changed, taken back on a real NTFS after others have changed some too.
//!
//! Invariants checked with getfattr: what still is as the run left it is as it was before, bit for
//! bit; what somebody else has set since is named and stays. Absent on purpose: undo, which is for
//! disks nobody has written since.

use super::image::{Format, Image, Scheme};
use super::keys::{Permissions, broken, bytes, hex, keys, permissions, same_permissions};
use super::layout::{self, Logs, setfattr};
use crate::has;
use crate::scratch::Scratch;
use serde_json::Value;
use testkit::windows::rdp_key;

/// What somebody else sets: SYSTEM alone.
const OTHERS: &str = "O:SYG:SYD:PAI(A;;FA;;;SY)";
/// The article's form, which lets NETWORK SERVICE read every key: partly a weakening.
const ARTICLE: [&str; 4] = [
    "--repair",
    "machine-keys",
    "--set",
    "machine-keys.form=article",
];

/// A mounted disk with broken keys, which an article's run has changed.
fn changed(test: impl FnOnce(&Scratch, &dyn Fn(&[&str]) -> Value, &Permissions)) {
    if !has(&["ntfssecaudit"]) {
        return;
    }
    let scratch = Scratch::empty();
    let Some(image) = Image::new(&scratch, Scheme::Mbr, Format::Raw) else {
        return;
    };
    let attached = image.attach();
    layout::write(&scratch, Scheme::Mbr, Logs::Roomy);
    broken(&scratch.disk());
    let before = permissions(&scratch.disk());
    let json = |words: &[&str]| -> Value {
        let words = [words, &["--format", "json"], image.roots()].concat();
        serde_json::from_str(&scratch.run(&words).gives(0).out).unwrap()
    };
    json(&[&["apply", "--yes"], &ARTICLE[..]].concat());
    for key in keys() {
        let now = permissions(&scratch.disk());
        assert_eq!(now[&key.path], hex(&bytes(key.article)), "{}", key.path);
    }
    test(&scratch, &json, &before);
    drop(attached);
}

fn run_of(log: &Value) -> String {
    log["runs"][0]["run"].as_str().unwrap().to_owned()
}

#[test]
fn a_run_goes_back_but_for_what_others_set() {
    changed(|scratch, json, before| {
        setfattr(
            "system.ntfs_acl",
            &bytes(OTHERS),
            &scratch.disk().join(rdp_key()),
        );
        let run = run_of(&json(&["log"]));
        let plan = json(&["plan", "--undo", &run, "--out", "u.json"]);
        let name = rdp_key().replace('/', "\\");
        let left = plan["left_alone"].to_string();
        let last = name.rsplit('\\').next().unwrap();
        assert!(
            left.contains(last) && left.contains("changed, or gone, since"),
            "{left}"
        );
        json(&["apply", "u.json", "--yes"]);
        let mut wanted = before.clone();
        wanted.insert(rdp_key(), hex(&bytes(OTHERS)));
        let now = permissions(&scratch.disk());
        same_permissions(&wanted, &now, "value by value");
        let plan = json(&["plan", "--undo", &run, "--detailed-exitcode"]);
        assert_eq!(plan["permissions"], Value::Array(Vec::new()));
    });
}

#[test]
fn what_was_weakened_goes_back_alone() {
    changed(|scratch, json, before| {
        let plan = json(&["plan", "--undo", "weakening", "--out", "u.json"]);
        let back: Vec<String> = plan["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|one| one["paths"].as_array().unwrap().clone())
            .map(|path| path.as_str().unwrap().replace('\\', "/"))
            .collect();
        assert!(!back.is_empty() && back.len() < keys().len(), "{back:?}");
        json(&["apply", "u.json", "--yes"]);
        let now = permissions(&scratch.disk());
        for key in keys() {
            let wanted = match back.contains(&key.path) {
                true => before[&key.path].clone(),
                false => hex(&bytes(key.article)),
            };
            assert_eq!(now[&key.path], wanted, "{}", key.path);
        }
        let log = json(&["log"]);
        assert_eq!(log["runs"][0]["left_open"], Value::Array(Vec::new()));
    });
}

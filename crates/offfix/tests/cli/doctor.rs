//! `doctor` and `disks`: they answer on every machine, and write nothing.

use crate::plan::demonstration;
use crate::polite;
use crate::scratch::{Scratch, same, tree};
use crate::shows;
use serde_json::Value;
use std::fs;

/// The checks of one code, each with whether it is well.
#[track_caller]
fn checks(scratch: &Scratch, words: &[&str], code: &str) -> Vec<(Value, String)> {
    let before = tree(scratch.path());
    let words = [&["doctor"], words, &["--format", "json"]].concat();
    let answer = scratch.run(&words).gives(0);
    polite(&answer);
    same(&before, &tree(scratch.path()), "nothing is written");
    let document: Value = serde_json::from_str(&answer.out).unwrap();
    let all = document["checks"].as_array().unwrap();
    let bad = all
        .iter()
        .any(|one| one["ok"] == false && one["code"] != "tool");
    let verdict = if bad { "needs-human" } else { "clean" };
    assert_eq!(document["verdict"], verdict, "{document}");
    let chosen = all.iter().filter(|one| one["code"] == code);
    chosen
        .map(|one| (one["ok"].clone(), one["text"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn the_journal() {
    let scratch = demonstration();
    let fresh = checks(&scratch, &[], "journal");
    assert!(fresh[0].1.contains("will be made"), "{fresh:?}");
    scratch.applied(&[]);
    let used = checks(&scratch, &[], "journal");
    assert!(used[0].1.contains("1 run"), "{used:?}");
    assert!(used[0].0 != false, "{used:?}");
    fs::remove_dir_all(scratch.path().join("J")).unwrap();
    fs::write(scratch.path().join("J"), "").unwrap();
    assert_eq!(checks(&scratch, &[], "journal")[0].0, false);
}

#[cfg(unix)]
#[test]
fn a_journal_that_others_can_change() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::empty();
    let journal = scratch.path().join("J");
    fs::create_dir(&journal).unwrap();
    fs::set_permissions(&journal, fs::Permissions::from_mode(0o777)).unwrap();
    let open = checks(&scratch, &[], "journal");
    assert!(
        open[0].0 == false && open[0].1.contains("by others"),
        "{open:?}"
    );
}

#[test]
fn a_drive() {
    let scratch = demonstration();
    let all = |code| checks(&scratch, &["disk"], code);
    assert_eq!(all("writable")[0].0, true);
    assert_eq!(all("rights").len(), 1);
    assert!(all("tool").len() > 3);
    assert!(checks(&scratch, &[], "writable").is_empty());
    if cfg!(target_os = "linux") {
        let permissions = all("permissions");
        assert!(
            permissions[0].1.contains("cannot be seen"),
            "{permissions:?}"
        );
        assert_eq!(permissions[0].0, false);
    }
    fs::write(scratch.disk().join("hiberfil.sys"), "").unwrap();
    let asleep = checks(&scratch, &["--drive", "disk"], "writable");
    assert!(
        asleep[0].0 == false && asleep[0].1.contains("hibernated"),
        "{asleep:?}"
    );
    let text = scratch.run(&["doctor", "disk"]).gives(0);
    polite(&text);
    assert!(
        text.out.contains("no  Windows is hibernated"),
        "{}",
        text.out
    );
}

#[test]
fn no_drive_and_bad_words() {
    let scratch = Scratch::empty();
    shows(&scratch, "doctor-no-such-drive", &["doctor", "nowhere"]).gives(7);
    for (name, command) in [
        ("help-doctor", "doctor"),
        ("help-disks", "disks"),
        ("help-forget", "forget"),
    ] {
        shows(&scratch, name, &[command, "--help"]).gives(0);
    }
}

#[test]
fn the_disks_of_this_machine() {
    let scratch = Scratch::empty();
    let before = tree(scratch.path());
    let text = scratch.run(&["disks"]);
    polite(&text);
    let answer = scratch.run(&["disks", "--format", "json"]);
    polite(&answer);
    same(&before, &tree(scratch.path()), "nothing is written");
    let document: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((answer.code, text.code), (0, 0));
    for disk in document["disks"].as_array().unwrap() {
        assert!(disk["size"].as_u64().unwrap() > 0, "{disk}");
        let areas = disk["areas"].as_array().unwrap();
        // A table can be empty, and no table is the whole disk.
        assert!(!areas.is_empty() || disk["table"].is_string(), "{disk}");
        assert!(text.out.contains(disk["device"].as_str().unwrap()));
    }
}

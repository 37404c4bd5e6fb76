//! Help, and the catalogue of repairs and symptoms.

use crate::scratch::Scratch;
use crate::shows;

/// The snapshot of a repair's page.
pub(crate) fn snapshot_of(repair: &str) -> String {
    format!("repairs-{repair}")
}

#[test]
fn help() {
    let scratch = Scratch::empty();
    shows(&scratch, "help", &["--help"]);
    shows(&scratch, "help-short", &["-h"]);
    shows(&scratch, "help-plan", &["plan", "--help"]);
    shows(&scratch, "help-apply", &["apply", "--help"]);
    shows(&scratch, "help-undo", &["undo", "--help"]);
    shows(&scratch, "help-log", &["log", "--help"]);
    shows(&scratch, "help-show", &["show", "--help"]);
    shows(&scratch, "help-repairs", &["repairs", "--help"]);
    shows(&scratch, "help-symptoms", &["symptoms", "--help"]);
    shows(&scratch, "version", &["--version"]);
}

#[test]
fn the_catalogue() {
    let scratch = Scratch::empty();
    shows(&scratch, "repairs", &["repairs"]).gives(0);
    shows(&scratch, "symptoms", &["symptoms"]).gives(0);
    shows(
        &scratch,
        "symptoms-rdp",
        &["symptoms", "rdp-internal-error"],
    )
    .gives(0);
    for &repair in testkit::windows::REPAIRS {
        shows(&scratch, &snapshot_of(repair), &["repairs", repair]).gives(0);
    }
    assert!(
        !scratch.path().join("J").exists(),
        "looking makes no journal"
    );
}

#[test]
fn every_repair_is_listed_and_has_a_page() {
    let scratch = Scratch::empty();
    let list = scratch.run(&["repairs"]).gives(0).out;
    let listed: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(listed, testkit::windows::REPAIRS);
    let recipe = scratch
        .run(&["symptoms", "rdp-internal-error", "--format", "json"])
        .gives(0);
    let symptom: serde_json::Value = serde_json::from_str(&recipe.out).unwrap();
    for field in ["look", "recipe", "offered"] {
        for id in symptom[0][field].as_array().unwrap() {
            assert!(listed.contains(&id.as_str().unwrap()), "{id} is no repair");
        }
    }
}

//! The full check against real hives, and the rule table against `FORMAT.md`.
//!
//! Invariants: real hives lie beside the checkout and are never part of it; without them the
//! test says so and passes. Absent on purpose: damage (see `check_damage.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use hive::Hive;
use hive::check::{Effect, RULES, Report, Rule, check, rule_of};
use std::path::{Path, PathBuf};

/// Files that Windows wrote, or whose logs were replayed: all must be fit for an edit.
const SOUND: [&str; 8] = [
    "hives/sys-win7sp1-2controlsets",
    "hives/sys-xpsp3-controlset-1-and-3",
    "hives/sys-win10-16299-dirty.EXPECTED-yarp",
    "hives/software-hkcu-partial",
    "hives/logs-new-win10-ntuser-23entries.EXPECTED-yarp",
    "hives/logs-new-win10vm-localservice-log2first.EXPECTED-yarp",
    "hives/logs-new-win10vm-networkservice-staletail.EXPECTED-yarp",
    "hives/logs-clean-server2012r2-amcache",
];

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if shared.join("hives").is_dir() {
        return Some(shared);
    }
    println!("skipped: no ../shared/hives");
    None
}

fn report_of(path: &Path) -> Report {
    let bytes = std::fs::read(path).unwrap();
    let hive = Hive::open(bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let report = check(&hive);
    println!(
        "{}: {} keys, {} values, {} security cells, {} bins, {} cells, {} free, {} orphans",
        path.file_name().unwrap().display(),
        report.keys,
        report.values,
        report.security_cells,
        report.bins,
        report.cells,
        report.free_bytes,
        report.orphans
    );
    for defect in report.defects.iter().take(40) {
        println!("    {defect}");
    }
    report
}

#[test]
fn real_hives_are_sound() {
    let Some(shared) = shared() else { return };
    let mut stores: Vec<PathBuf> = SOUND.iter().map(|name| shared.join(name)).collect();
    for entry in std::fs::read_dir(shared.join("bcd")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let other = name.ends_with(".LOG") || name.ends_with(".tsv");
        if !other && Hive::open(std::fs::read(&path).unwrap()).is_ok() {
            stores.push(path);
        }
    }
    for path in stores {
        let report = report_of(&path);
        assert!(report.is_sound(), "{}", path.display());
        assert!(report.keys > 1);
        assert!(report.values > 1);
        assert!(
            report
                .defects
                .iter()
                .all(|defect| defect.effect == Effect::Ignored)
        );
    }
}

#[test]
fn a_real_hive_with_zeroed_bins_is_reported() {
    let Some(shared) = shared() else { return };
    let path = shared.join("hives/sys-xp-corrupted-zero-bins");
    match Hive::open(std::fs::read(&path).unwrap()) {
        Err(error) => println!("refused by {}: {error}", rule_of(&error)),
        Ok(hive) => {
            let report = report_of(&path);
            assert_eq!(report, check(&hive));
            assert!(!report.is_sound());
            let found = report.defects.iter().any(|defect| defect.rule == Rule::H1);
            assert!(found, "zeroed bins have no signature");
        }
    }
}

#[test]
fn the_rule_table_of_format_md_is_the_one_that_is_checked() {
    let prose = include_str!("../FORMAT.md");
    let (_, section) = prose
        .split_once("\n## Rules\n")
        .expect("a section on rules");
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .skip(2)
        .collect();
    assert_eq!(rows.len(), RULES.len());
    for (row, rule) in rows.iter().zip(RULES) {
        let stops = if rule.blocks_edit { "yes" } else { "no" };
        let expected = [
            rule.id,
            rule.says,
            rule.effect.as_str(),
            stops,
            rule.because,
        ];
        assert_eq!(row[..], expected);
    }
}

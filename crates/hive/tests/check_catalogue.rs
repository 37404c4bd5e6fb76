//! The test kit's catalogue of damage: each fault is reported under the rule it is named for.
//!
//! Invariants: the faults come from an implementation that shares no code with the check.
//! Absent on purpose: what else a fault entails (see `check_damage.rs`).

use hive::Hive;
use hive::check::{Report, Rule, check, rule_of};
use testkit::damage;

/// Faults in the root's own cell, which stop the opening before bins are looked at.
const ROOT_CELL: [&str; 2] = ["C1", "C2"];

fn rules_of(file: Vec<u8>) -> Vec<Rule> {
    match Hive::open(file) {
        Err(error) => vec![rule_of(&error)],
        Ok(hive) => {
            let report: Report = check(&hive);
            report.defects.iter().map(|defect| defect.rule).collect()
        }
    }
}

#[test]
fn every_fault_is_reported_under_its_rule() {
    assert_eq!(rules_of(damage::base()), []);
    let catalogue = damage::catalogue();
    assert!(catalogue.len() > 50, "only {} faults", catalogue.len());
    let mut missed = Vec::new();
    for fault in catalogue {
        let mut file = damage::base();
        (fault.apply)(&mut file);
        let found = rules_of(file);
        let unreadable = ROOT_CELL.contains(&fault.rule) && found == [Rule::K1];
        if !unreadable && !found.iter().any(|rule| rule.as_str() == fault.rule) {
            missed.push((fault.rule, fault.name, found));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

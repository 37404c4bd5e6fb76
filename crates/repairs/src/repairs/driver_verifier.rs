//! `driver-verifier`: the checks that stop Windows at a driver's first mistake are still on.
//!
//! Owns `VerifyDrivers` and `VerifyDriverLevel` of `Memory Management`. Absent on purpose: the
//! drivers, and what the verifier has found.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "driver-verifier",
    title: "switch the driver verifier off",
    class: Class::Recommended,
    risk: "a search for a faulty driver that is under way ends",
    parameters: &[],
    about: include_str!("driver-verifier.md"),
    diagnose,
};

const KEY: &str = r"Control\Session Manager\Memory Management";
const DRIVERS: &str = "VerifyDrivers";
const LEVEL: &str = "VerifyDriverLevel";

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        let place = set.below(KEY);
        let (drivers, level) = (place.read(DRIVERS)?, place.read(LEVEL)?);
        if drivers.is_none() && level.is_none() {
            continue;
        }
        let named = drivers.as_ref().and_then(RegData::as_text);
        let verifies = named.is_some_and(|names| !names.trim().is_empty());
        let (offer, certainty, title) = if verifies {
            let title = "the driver verifier is on: Windows stops at a driver's first mistake";
            (Offer::Recommended, Certainty::Likely, title)
        } else {
            let title = "the driver verifier has settings left, and no driver to verify";
            (Offer::WhenAsked, Certainty::Possible, title)
        };
        let mut finding = place.finding(offer, certainty, title)?;
        for (name, data) in [(DRIVERS, drivers), (LEVEL, level)] {
            if let Some(data) = data {
                finding
                    .evidence
                    .push(format!("{name} is {data}; no Windows ships it"));
                finding.cure.push(place.delete(Kind::Fix, name));
            }
        }
        findings.add(finding);
    }
    Ok(())
}

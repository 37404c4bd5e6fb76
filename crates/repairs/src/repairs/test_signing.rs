//! `test-signing`: drivers load that only carry a test signature, or none.
//!
//! Owns `testsigning` and `nointegritychecks` of Windows loaders and of what they inherit, and
//! their names of Windows Vista. Absent on purpose: the drivers, and Secure Boot's own policy,
//! which no store tells.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer};
use bcd::{ElementType, Guid, Value};
use std::collections::BTreeMap;

/// The settings; the last two are those of Windows Vista.
const SETTINGS: [ElementType; 4] = [
    ElementType::TEST_SIGNING,
    ElementType::NO_INTEGRITY_CHECKS,
    ElementType(0x2600_0027),
    ElementType(0x2600_0026),
];

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "test-signing",
    title: "load signed drivers only, as Windows does by itself",
    class: Class::Recommended,
    risk: "a driver without a proper signature is not loaded any more; if the boot needs it, the \
           VM does not start",
    parameters: &[],
    about: include_str!("test-signing.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let boot = context.boot()?;
    let mut owners: BTreeMap<Guid, Vec<(ElementType, Guid)>> = BTreeMap::new();
    for element in SETTINGS {
        for found in boot.carriers(element, |value| *value == Value::Boolean(true)) {
            let elements = owners.entry(found.owner).or_default();
            elements.push((element, found.loader));
        }
    }
    for (owner, elements) in owners {
        let title = "drivers load without a proper signature";
        let mut finding = boot.finding(Offer::WhenNamed, Certainty::Possible, owner, title)?;
        for &(element, loader) in &elements {
            finding.evidence.push(boot.shown(loader, element));
        }
        finding.evidence.push(
            "it can be meant; with Secure Boot it has no effect, or stops the boot".to_owned(),
        );
        finding.cure = boot.changes(Kind::Fix, |editor| {
            elements
                .iter()
                .try_for_each(|&(element, _)| editor.delete(owner, element))
        })?;
        findings.add(finding);
    }
    Ok(())
}

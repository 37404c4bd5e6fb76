//! `safe-mode`: Windows starts in safe mode, each time, until somebody takes the setting back.
//!
//! Owns `safeboot` and `safebootalternateshell` of Windows loaders and of what they inherit.
//! Absent on purpose: keys of SYSTEM, which only tell what the last boot was.

use crate::boot::{Boot, Carrier};
use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer};
use bcd::{ElementType, Value};

/// `safeboot` as directory services repair mode.
const DS_REPAIR: Value = Value::Integer(2);

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "safe-mode",
    title: "start Windows normally again, not in safe mode",
    class: Class::Recommended,
    risk: "a driver that safe mode was chosen to avoid is loaded again; a TPM that guards the boot \
           settings can make BitLocker ask for its recovery key",
    parameters: &[],
    about: include_str!("safe-mode.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let boot = context.boot()?;
    let product = context.installation()?.product_type;
    let member = product.is_some_and(|product| product != "LanmanNT");
    let next = boot.next_entries();
    for found in boot.carriers(ElementType::SAFE_BOOT, |_| true) {
        let repaired = found.value == DS_REPAIR && !member;
        let offer = if !repaired && next.contains(&found.loader) {
            Offer::Recommended
        } else {
            Offer::WhenNamed
        };
        let title = match (repaired, next.contains(&found.loader)) {
            (true, _) => "Windows starts in directory services repair mode",
            (false, true) => "Windows starts in safe mode",
            (false, false) => "an entry that is not the default starts Windows in safe mode",
        };
        findings.add(left(&boot, &found, offer, title)?);
        if repaired && !context.ask.wants_it() {
            findings.note(
                "directory services repair mode: kept, it can be meant (--with safe-mode ends it)",
            );
        }
    }
    Ok(())
}

fn left(boot: &Boot<'_>, found: &Carrier, offer: Offer, title: &str) -> Result<Finding, Error> {
    let certainty = match offer {
        Offer::Recommended => Certainty::Certain,
        _ => Certainty::Possible,
    };
    let mut finding = boot.finding(offer, certainty, found.owner, title)?;
    for element in [
        ElementType::SAFE_BOOT,
        ElementType::SAFE_BOOT_ALTERNATE_SHELL,
    ] {
        if boot.store.effective(found.loader, element).is_some() {
            finding.evidence.push(boot.shown(found.loader, element));
        }
    }
    finding
        .evidence
        .push("no healthy entry has safeboot, whatever its value".to_owned());
    finding.cure = boot.changes(Kind::Fix, |editor| {
        editor.delete(found.owner, ElementType::SAFE_BOOT)?;
        editor.delete(found.owner, ElementType::SAFE_BOOT_ALTERNATE_SHELL)
    })?;
    Ok(finding)
}

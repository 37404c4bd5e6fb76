//! `boot-menu-stuck`: the boot menu waits for a key that nobody presses.
//!
//! Owns `timeout` of the boot manager, where it is longer than 30 seconds or missing; shorter
//! times are the operator's. Absent on purpose: taking entries off the menu, and hiding it.

use crate::boot::{Boot, LONGEST_MENU, menu_seconds};
use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer};
use bcd::{ElementType, Guid, Value};

/// From here on the menu waits for ever.
const FOR_EVER: u64 = 0xFFFF_FFFF;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "boot-menu-stuck",
    title: "give the boot menu a time after which Windows starts by itself",
    class: Class::Recommended,
    risk: "the default entry starts without being asked for; a TPM that guards the boot settings \
           can make BitLocker ask for its recovery key",
    parameters: &[Parameter {
        name: "seconds",
        about: "how long the menu waits",
        default: Some("30"),
        values: "a number from 1 to 30",
        accepts: |value| menu_seconds(value).is_some(),
    }],
    about: include_str!("boot-menu-stuck.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let boot = context.boot()?;
    let store = &boot.store;
    if store.object(Guid::BOOTMGR).is_none() {
        return Ok(());
    }
    let timeout = match store.effective(Guid::BOOTMGR, ElementType::TIMEOUT) {
        Some((_, Value::Integer(number))) => Some(number),
        _ => None,
    };
    let menu = menu(&boot);
    let (certainty, title) = match timeout {
        Some(..=LONGEST_MENU) => return Ok(()),
        None if menu.is_none() => return Ok(()),
        None => (
            Certainty::Certain,
            "the boot menu waits for a key: it has no timeout".to_owned(),
        ),
        Some(FOR_EVER..) => (
            Certainty::Certain,
            "the boot menu waits for a key: its timeout never ends".to_owned(),
        ),
        Some(number) => (
            Certainty::Possible,
            format!("the boot menu waits {number} seconds for a key"),
        ),
    };
    let mut finding = match &menu {
        Some(_) => boot.finding(Offer::Recommended, certainty, Guid::BOOTMGR, title)?,
        None => boot.finding(
            Offer::WhenNamed,
            Certainty::Possible,
            Guid::BOOTMGR,
            "a boot menu would wait long, but none is shown",
        )?,
    };
    let timeout = boot.shown(Guid::BOOTMGR, ElementType::TIMEOUT);
    finding
        .evidence
        .push(format!("{timeout}; bcdboot sets {LONGEST_MENU}"));
    finding.evidence.push(menu.unwrap_or_else(|| {
        "the menu has one entry and displaybootmenu is not on: it is not shown".to_owned()
    }));
    let wanted = context.parameter("seconds").and_then(menu_seconds);
    finding.cure = boot.changes(Kind::Fix, |editor| {
        editor.set_timeout(wanted.unwrap_or(LONGEST_MENU))
    })?;
    findings.add(finding);
    Ok(())
}

/// Why the boot manager shows its menu; `None` when it does not.
fn menu(boot: &Boot<'_>) -> Option<String> {
    let store = &boot.store;
    let asked = store.effective(Guid::BOOTMGR, ElementType::DISPLAY_BOOT_MENU);
    if let Some((_, Value::Boolean(true))) = asked {
        return Some(boot.shown(Guid::BOOTMGR, ElementType::DISPLAY_BOOT_MENU));
    }
    let Some((_, Value::Objects(ids))) = store.effective(Guid::BOOTMGR, ElementType::DISPLAY_ORDER)
    else {
        return None;
    };
    let entries = ids.iter().filter(|&&id| store.object(id).is_some()).count();
    (entries > 1).then(|| format!("the menu has {entries} entries, and is shown for that"))
}

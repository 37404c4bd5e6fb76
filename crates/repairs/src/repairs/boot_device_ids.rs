//! `boot-device-ids`: the boot configuration names its disk by ids that the disk does not have.
//!
//! Owns the device elements of the boot manager, the memory tester, loaders, resume objects and
//! device options, but for `imcdevice`. Absent on purpose: what the partitions hold, and ids that
//! the firmware keeps.

mod names;

use super::boot_entries::rebuild;
use crate::boot::Boot;
use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, chain};
use crate::finding::{Certainty, Change, Finding, Findings, Kind, Offer, Step};
use bcd::{EditError, Editor, Guid, Value};
use names::{Names, Present, Reference, Verdict, is_device, is_looked_at};
use volume::Firmware;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "boot-device-ids",
    title: "name this disk and its partitions in the boot configuration by the ids they have",
    class: Class::Recommended,
    risk: "an entry for another disk is changed only when nothing else can be meant",
    parameters: &[],
    about: include_str!("boot-device-ids.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let boot = context.boot()?;
    let present = Present::of(context, &boot)?;
    let names = Names::of(&boot, &present);
    unreadable(findings, &boot)?;
    let judged: Vec<(&Reference<'_>, Verdict)> = names
        .references
        .iter()
        .map(|reference| (reference, names.verdict(reference)))
        .collect();
    let with = |wanted: fn(&Verdict) -> bool| {
        let chosen = judged.iter().filter(move |(_, verdict)| wanted(verdict));
        chosen.copied().collect::<Vec<_>>()
    };
    let certain = with(|verdict| matches!(verdict, Verdict::Renamed(_)));
    if let Some(finding) = renamed(&boot, &names, &certain)? {
        findings.add(finding);
    }
    let likely = with(|verdict| matches!(verdict, Verdict::Moved(_)));
    if let Some(finding) = moved(&boot, &names, &likely)? {
        findings.add(finding);
    }
    let scheme = with(|verdict| matches!(verdict, Verdict::Scheme));
    if let Some(finding) = scheme_differs(context, &boot, &names, &scheme)? {
        findings.add(finding);
    }
    for (reference, verdict) in &judged {
        if *verdict == Verdict::Elsewhere && reference.is_home() {
            findings.add(elsewhere(&boot, &names, reference)?);
        }
    }
    Ok(())
}

/// The changes that put present ids in the place of others.
fn rewritten(boot: &Boot<'_>, stale: &[(&Reference<'_>, Verdict)]) -> Result<Vec<Change>, Error> {
    let replace = |editor: &mut Editor| -> Result<(), EditError> {
        for (reference, verdict) in stale {
            let (Verdict::Renamed(to) | Verdict::Moved(to)) = *verdict else {
                continue;
            };
            let id = reference.object.id();
            let value = editor
                .store()
                .object(id)
                .and_then(|o| o.value(reference.element));
            if let Some(Value::Device(mut value)) = value {
                value.replace_partition(reference.id, to);
                editor.set(id, reference.element, &Value::Device(value))?;
            }
        }
        Ok(())
    };
    boot.changes(Kind::Fix, replace)
}

/// Begins a finding about references, with what each of them says.
fn about(
    boot: &Boot<'_>,
    names: &Names<'_>,
    references: &[(&Reference<'_>, Verdict)],
    offer: Offer,
    certainty: Certainty,
    title: String,
) -> Result<Option<Finding>, Error> {
    let is_loader = |id: &Guid| names.loaders.contains(id);
    let objects = || {
        references
            .iter()
            .map(|(reference, _)| reference.object.id())
    };
    let Some(object) = objects().find(is_loader).or_else(|| objects().next()) else {
        return Ok(None);
    };
    let mut finding = boot.finding(offer, certainty, object, title)?;
    for (reference, _) in references {
        let label = reference.element.label_in(reference.object.object_type());
        let name = boot.store.name_of(reference.object.id());
        finding
            .evidence
            .push(format!("{name} {label} is {}", reference.id));
    }
    let windows = names.present.id_of(names.present.windows);
    let windows = windows.map_or_else(|| "not known".to_owned(), |id| id.to_string());
    finding
        .evidence
        .push(format!("this disk has Windows on {windows}"));
    for remark in &names.present.table.remarks {
        finding.evidence.push(format!("partition table: {remark}"));
    }
    Ok(Some(finding))
}

fn renamed(
    boot: &Boot<'_>,
    names: &Names<'_>,
    stale: &[(&Reference<'_>, Verdict)],
) -> Result<Option<Finding>, Error> {
    let starts = |reference: &Reference<'_>| {
        let object = reference.object.id();
        object == Guid::BOOTMGR || names.loaders.contains(&object)
    };
    let title = if stale.iter().any(|(reference, _)| starts(reference)) {
        "the boot configuration has another id of this disk: it does not start (0xc000000e)"
    } else {
        "entries beside Windows have another id of this disk: they do not start"
    };
    let (offer, certainty) = (Offer::Recommended, Certainty::Certain);
    let finding = about(boot, names, stale, offer, certainty, title.to_owned())?;
    let Some(mut finding) = finding else {
        return Ok(None);
    };
    finding.evidence.push(
        "the partitions are the same, only the disk's id differs: Windows gives a disk that comes \
         online beside its twin (same image, a snapshot, the VM itself) another id"
            .to_owned(),
    );
    finding.cure = rewritten(boot, stale)?;
    Ok(Some(finding))
}

fn moved(
    boot: &Boot<'_>,
    names: &Names<'_>,
    lost: &[(&Reference<'_>, Verdict)],
) -> Result<Option<Finding>, Error> {
    let title = "the boot configuration names a partition that this disk does not have";
    let (offer, certainty) = (Offer::WhenAsked, Certainty::Likely);
    let finding = about(boot, names, lost, offer, certainty, title.to_owned())?;
    let Some(mut finding) = finding else {
        return Ok(None);
    };
    finding.evidence.push(
        "the store has one Windows only, and the drive has one: the partition of the drive must be \
         meant, and for the boot manager that of the store"
            .to_owned(),
    );
    finding.cure = rewritten(boot, lost)?;
    Ok(Some(finding))
}

fn scheme_differs(
    context: &Context<'_>,
    boot: &Boot<'_>,
    names: &Names<'_>,
    found: &[(&Reference<'_>, Verdict)],
) -> Result<Option<Finding>, Error> {
    let (here, there, firmware) = if names.present.is_gpt() {
        ("GPT", "MBR", Firmware::Uefi)
    } else {
        ("MBR", "GPT", Firmware::Bios)
    };
    let title = format!("the boot configuration is for a disk with {there}, this one has {here}");
    let (offer, certainty) = (Offer::Report, Certainty::Certain);
    let finding = about(boot, names, found, offer, certainty, title)?;
    let Some(mut finding) = finding else {
        return Ok(None);
    };
    finding.evidence.push(
        "after a conversion of the disk the store has to be made anew: loaders and paths differ too"
            .to_owned(),
    );
    finding.steps = rebuild(context, boot, firmware);
    Ok(Some(finding))
}

fn elsewhere(
    boot: &Boot<'_>,
    names: &Names<'_>,
    reference: &Reference<'_>,
) -> Result<Finding, Error> {
    let id = reference.object.id();
    let name = boot.store.name_of(id);
    let title = format!("{name} starts from a partition that is not on this disk");
    let mut finding = boot.finding(Offer::Report, Certainty::Possible, id, title)?;
    finding
        .evidence
        .push(format!("its osdevice is {}", reference.id));
    let why = if names.loaders.contains(&id) {
        "there are several systems; it can be on another disk of the VM"
    } else {
        "it starts a recovery or setup environment, not Windows itself"
    };
    finding.evidence.push(why.to_owned());
    if boot.store.default_object() == Some(id) {
        let why = "it is what starts without a choice";
        finding.evidence.push(why.to_owned());
        finding.steps.push(Step::Manual(
            "look whether the VM has a further disk with it, else make another entry the default"
                .to_owned(),
        ));
    }
    Ok(finding)
}

/// Tells of devices that the boot manager cannot read.
fn unreadable(findings: &mut Findings, boot: &Boot<'_>) -> Result<(), Error> {
    for object in boot.store.objects().filter(|object| is_looked_at(object)) {
        let devices = object.elements().filter(|e| is_device(e.element_type()));
        for element in devices {
            let Value::Malformed { why, .. } = element.value() else {
                continue;
            };
            let label = element.element_type().label_in(object.object_type());
            let name = boot.store.name_of(object.id());
            let title = format!("{label} of {name} cannot be read");
            let (offer, certainty) = (Offer::Report, Certainty::Certain);
            let mut finding = boot.finding(offer, certainty, object.id(), title)?;
            finding.evidence.push(chain(&why));
            findings.add(finding);
        }
    }
    Ok(())
}

//! `recovery-loop`: no automatic repair after a failed boot, so that the failure itself is seen.
//!
//! Owns `recoveryenabled` and `bootstatuspolicy` of the default loader. Absent on purpose: the
//! recovery environment itself, and other entries.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use bcd::{ElementType, Value};

/// `bootstatuspolicy` that starts Windows whatever happened before.
const IGNORE_ALL_FAILURES: Value = Value::Integer(1);

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "recovery-loop",
    title: "do not start automatic repair after a failed boot",
    class: Class::OnRequest,
    risk: "a boot that fails is tried again and again, and nothing offers help on the screen",
    parameters: &[Parameter {
        name: "form",
        about: "whether automatic repair is kept off, or put back",
        default: Some("off"),
        values: "off or on",
        accepts: |value| ["off", "on"].contains(&value),
    }],
    about: include_str!("recovery-loop.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let boot = context.boot()?;
    let loader = boot.default_loader()?;
    let back = context.parameter("form") == Some("on");
    let (kind, title) = if back {
        (Kind::Fix, "automatic repair is put back, by request")
    } else {
        (
            Kind::Weakening,
            "no automatic repair after a failed boot, by request",
        )
    };
    let policy = ElementType::BOOT_STATUS_POLICY;
    let cure = boot.changes(kind, |editor| {
        let enabled = Value::Boolean(back);
        editor.set(loader, ElementType::RECOVERY_ENABLED, &enabled)?;
        if back {
            editor.delete(loader, policy)
        } else {
            editor.set(loader, policy, &IGNORE_ALL_FAILURES)
        }
    })?;
    if cure.is_empty() {
        return Ok(());
    }
    let mut finding = boot.finding(Offer::WhenNamed, Certainty::Possible, loader, title)?;
    for element in [
        ElementType::RECOVERY_ENABLED,
        policy,
        ElementType::RECOVERY_SEQUENCE,
    ] {
        finding.evidence.push(boot.shown(loader, element));
    }
    finding.cure = cure;
    if !back {
        finding.steps.push(Step::Manual(
            "put automatic repair back as soon as Windows starts".to_owned(),
        ));
        for command in [
            r#"bcdedit /set "{current}" recoveryenabled yes"#,
            r#"bcdedit /deletevalue "{current}" bootstatuspolicy"#,
        ] {
            finding.steps.push(Step::AfterBoot(command.to_owned()));
        }
    }
    findings.add(finding);
    Ok(())
}

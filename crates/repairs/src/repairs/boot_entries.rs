//! `boot-entries`: the boot menu has no entry that starts the Windows of the drive.
//!
//! Owns the boot manager's `default`, the place of the default in `displayorder`, and of Windows
//! loaders `path`, `systemroot`, `imcdevice` and `imchivename`. Absent on purpose: ids of disks
//! (`boot-device-ids`), recovery entries, and making entries that are not there.

mod loader;

use crate::boot::Boot;
use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, chain};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use bcd::object_type::{Image, Kind as ObjectKind};
use bcd::text::printable;
use bcd::{ElementType, Guid, Object, Value, edit};
use std::path::Path;
use volume::Firmware;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "boot-entries",
    title: "let the boot menu's entries name files and entries that are there",
    class: Class::Recommended,
    risk: "what starts without a choice can change",
    parameters: &[],
    about: include_str!("boot-entries.md"),
    diagnose,
};

/// `imcdevice` of a loader: where a hive with further settings lies.
pub(crate) const IMC_DEVICE: ElementType = ElementType(0x2100_0138);

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let boot = context.boot()?;
    let menu = Menu {
        context,
        loaders: boot.store.loaders().map(Object::id).collect(),
        boot: &boot,
    };
    if boot.store.object(Guid::BOOTMGR).is_none() {
        let title = "the store has no boot manager: nothing in it starts (0xc0000034)";
        return menu.hopeless(findings, title);
    }
    if menu.loaders.is_empty() {
        let title = "the store has no entry that starts an installed Windows (0xc0000098)";
        return menu.hopeless(findings, title);
    }
    menu.default(findings)?;
    for loader in boot.store.loaders() {
        menu.path(findings, loader)?;
        menu.system_root(findings, loader)?;
        menu.extra_hive(findings, loader)?;
    }
    Ok(())
}

/// What the default of the boot manager amounts to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Default {
    Windows,
    OtherSystem,
    Tool,
    Nothing,
}

impl Default {
    /// When it is changed, how sure that is, and what is wrong with it.
    fn judged(self) -> (Offer, Certainty, &'static str) {
        match self {
            Default::Nothing => (
                Offer::Recommended,
                Certainty::Certain,
                "the default of the boot manager is no entry that can be started",
            ),
            Default::OtherSystem => (
                Offer::WhenNamed,
                Certainty::Possible,
                "the default of the boot manager is another system",
            ),
            Default::Tool | Default::Windows => (
                Offer::WhenAsked,
                Certainty::Likely,
                "the default of the boot manager is a tool or setup, not an installed Windows",
            ),
        }
    }
}

struct Menu<'a> {
    context: &'a Context<'a>,
    boot: &'a Boot<'a>,
    /// The installed systems.
    loaders: Vec<Guid>,
}

impl Menu<'_> {
    /// Reports a store that has to be made anew.
    fn hopeless(&self, findings: &mut Findings, title: &str) -> Result<(), Error> {
        let (offer, certainty) = (Offer::Report, Certainty::Certain);
        let mut finding = self.boot.finding(offer, certainty, Guid::BOOTMGR, title)?;
        let store = &self.boot.site.path;
        finding.evidence.push(format!(
            "{store} has {} objects; the drive has a Windows",
            self.boot.store.objects().count()
        ));
        let firmware = self.boot.site.firmware.unwrap_or(Firmware::Bios);
        finding.steps = rebuild(self.context, self.boot, firmware);
        findings.add(finding);
        Ok(())
    }

    fn default(&self, findings: &mut Findings) -> Result<(), Error> {
        let store = &self.boot.store;
        let manager = store.object(Guid::BOOTMGR);
        let own = manager.and_then(|manager| manager.value(ElementType::DEFAULT));
        let target = store.default_object();
        let kind = match own {
            Some(Value::Malformed { .. }) => Default::Nothing,
            _ => target.map_or(Default::Nothing, |id| self.kind_of(id)),
        };
        let listed = match manager.and_then(|m| m.value(ElementType::DISPLAY_ORDER)) {
            Some(Value::Objects(ids)) => ids,
            _ => Vec::new(),
        };
        if kind == Default::Windows {
            return match target.filter(|id| !listed.contains(id)) {
                Some(id) => self.unlisted(findings, id),
                None => Ok(()),
            };
        }
        self.wrong_default(findings, kind, own.as_ref(), &listed)
    }

    /// A default that is not an installed Windows.
    fn wrong_default(
        &self,
        findings: &mut Findings,
        kind: Default,
        own: Option<&Value>,
        listed: &[Guid],
    ) -> Result<(), Error> {
        let (offer, certainty, title) = kind.judged();
        let only = match self.loaders.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let offer = only.map_or(Offer::Report, |_| offer);
        let mut finding = self.boot.finding(offer, certainty, Guid::BOOTMGR, title)?;
        finding
            .evidence
            .push(match (own, self.boot.store.default_object()) {
                (Some(Value::Malformed { why, .. }), _) => format!("default: {}", chain(why)),
                (Some(_), Some(id)) => format!("default is {id}, {}", self.describe(id)),
                (_, Some(id)) => format!(
                    "there is no default; displayorder begins with {id}, {}",
                    self.describe(id)
                ),
                (_, None) => "there is no default, and displayorder is empty".to_owned(),
            });
        for &id in &self.loaders {
            finding
                .evidence
                .push(format!("{id}: {}", self.describe(id)));
        }
        if let Some(only) = only {
            finding.cure = self.boot.changes(Kind::Fix, |editor| {
                editor.set_default(only)?;
                if listed.contains(&only) {
                    return Ok(());
                }
                let (list, first) = (ElementType::DISPLAY_ORDER, edit::Place::First);
                editor.enlist(Guid::BOOTMGR, list, only, first)
            })?;
        } else {
            finding.steps.push(Step::Manual(
                "several entries start a Windows: make the right one the default".to_owned(),
            ));
        }
        findings.add(finding);
        Ok(())
    }

    fn kind_of(&self, id: Guid) -> Default {
        let Some(object) = self.boot.store.object(id) else {
            return Default::Nothing;
        };
        let kind = object.object_type();
        match (kind.kind(), kind.image()) {
            _ if self.loaders.contains(&id) => Default::Windows,
            (Some(ObjectKind::Application), Some(Image::LegacyLoader | Image::RealMode)) => {
                Default::OtherSystem
            }
            (Some(ObjectKind::Application), Some(Image::WindowsBoot)) => Default::Tool,
            _ => Default::Nothing,
        }
    }

    /// What an object is, for people.
    fn describe(&self, id: Guid) -> String {
        let Some(object) = self.boot.store.object(id) else {
            return "which is not in the store".to_owned();
        };
        let title = object.object_type().title(id);
        match object.value(ElementType::DESCRIPTION) {
            Some(Value::String(text)) => format!("{title} \"{}\"", printable(&text)),
            _ => title,
        }
    }

    fn unlisted(&self, findings: &mut Findings, id: Guid) -> Result<(), Error> {
        let (offer, certainty) = (Offer::WhenAsked, Certainty::Possible);
        let title = "the default entry is not in the display order of the boot menu";
        let mut finding = self.boot.finding(offer, certainty, Guid::BOOTMGR, title)?;
        let line = format!("default is {id}, {}", self.describe(id));
        finding.evidence.push(line);
        finding.cure = self.boot.changes(Kind::Fix, |editor| {
            let (list, first) = (ElementType::DISPLAY_ORDER, edit::Place::First);
            editor.enlist(Guid::BOOTMGR, list, id, first)
        })?;
        findings.add(finding);
        Ok(())
    }
}

/// The commands that make the boot files and the store of this Windows anew.
pub(crate) fn rebuild(context: &Context<'_>, boot: &Boot<'_>, firmware: Firmware) -> Vec<Step> {
    let (drive, why) = windows_drive(context);
    let roots = context.volume.roots();
    // With a BIOS the boot files can lie on the drive itself.
    let system = match (roots.get(1), firmware) {
        (Some(root), _) => letter(root.path()),
        (None, Firmware::Bios) if boot.site.root == 0 => Some(drive.clone()),
        (None, _) => None,
    };
    let placeholder = system.is_none();
    let system = system.unwrap_or_else(|| "S:".to_owned());
    let mut steps = vec![Step::OnRecoveryMachine(format!(
        r"bcdboot {drive}\Windows /s {system} /f {firmware}"
    ))];
    steps.extend(why);
    if placeholder {
        steps.push(Step::Manual(
            "S: stands for the letter of this disk's system partition".to_owned(),
        ));
    }
    steps
}

/// The letter of the drive, or a placeholder and what it stands for.
pub(crate) fn windows_drive(context: &Context<'_>) -> (String, Option<Step>) {
    let root = context.volume.root().path();
    match letter(root) {
        Some(letter) => (letter, None),
        None => {
            let why = format!(
                "on a Windows recovery machine: W: stands for the letter of {} there",
                root.display()
            );
            ("W:".to_owned(), Some(Step::Manual(why)))
        }
    }
}

/// The drive letter of a root that is a whole drive, as in `F:`. A folder on a drive has none: the
/// drive that it lies on can be that of this machine.
fn letter(root: &Path) -> Option<String> {
    let text = root.display().to_string();
    let text = text.strip_prefix(r"\\?\").unwrap_or(&text);
    let mut begin = text.chars();
    let (letter, colon) = (begin.next()?, begin.next()?);
    let whole = letter.is_ascii_alphabetic() && colon == ':';
    (whole && matches!(begin.as_str(), "" | r"\" | "/")).then(|| format!("{letter}:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_letter_is_a_letter() {
        for (path, expected) in [
            (r"F:\", Some("F:")),
            (r"\\?\g:\", Some("g:")),
            ("F:", Some("F:")),
            (r"C:\disk", None),
            (r"\\?\C:\Users\me", None),
            ("C:disk", None),
            ("/mnt/f:", None),
            ("/", None),
            ("", None),
            (r"\\server\share", None),
        ] {
            assert_eq!(letter(Path::new(path)).as_deref(), expected, "{path}");
        }
    }
}

//! The entries that start an installed Windows, each on its own: loader file, system root and a
//! further hive.
//!
//! Invariants: a file is looked for only where the entry's device surely or possibly lies; what is
//! behind a link counts as there. Absent on purpose: the menu and its default.

use super::{IMC_DEVICE, Menu, rebuild, windows_drive};
use crate::context::{Error, chain};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use bcd::device;
use bcd::text::printable;
use bcd::{ElementType, Guid, Object, Value};
use disk::partition::TableKind;
use disk::{Kind as FileKind, Origin, WalkError};
use volume::Firmware;
use volume::boot::id_of;

/// `imchivename` of a loader.
const IMC_HIVE_NAME: ElementType = ElementType(0x2200_0137);
/// The system root of every Windows that was not put elsewhere by hand.
const WINDOWS: &str = r"\Windows";

/// Where a device of a loader lies.
#[derive(Clone, Copy)]
struct Place {
    /// Which of the volume's roots.
    root: usize,
    /// Whether it is there for sure.
    sure: bool,
}

/// Whether a file or folder is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum There {
    Yes,
    No,
    /// Behind a link, where nobody looks.
    Unknown,
}

impl Menu<'_> {
    pub(super) fn path(&self, findings: &mut Findings, loader: &Object) -> Result<(), Error> {
        let (id, name) = (loader.id(), self.boot.store.name_of(loader.id()));
        let Some(path) = self.text(id, ElementType::PATH) else {
            let title = format!("{name} names no loader file (path)");
            let (offer, certainty) = (Offer::Report, Certainty::Certain);
            let mut finding = self.boot.finding(offer, certainty, id, title)?;
            let firmware = self.boot.site.firmware.unwrap_or(Firmware::Bios);
            finding.steps = rebuild(self.context, self.boot, firmware);
            findings.add(finding);
            return Ok(());
        };
        let Some(place) = self.place(loader, ElementType::DEVICE) else {
            return Ok(());
        };
        let firmware = self.boot.site.firmware;
        if let Some((firmware, right)) = firmware.and_then(|it| Some((it, other_file(&path, it)?)))
        {
            return self.wrong_firmware(findings, loader, place, firmware, [&path, &right]);
        }
        if self.look(place.root, &path, FileKind::File)? != There::No {
            return Ok(());
        }
        let file = printable(&path);
        let title = format!("the loader of {name} is missing: {file} (0xc000000f, 0xc0000225)");
        let mut finding = self
            .boot
            .finding(Offer::Report, certainty(place), id, title)?;
        let root = self.root_path(place.root);
        finding
            .evidence
            .push(format!("there is no {file} in {root}"));
        if !place.sure {
            let why = "its device does not say for sure that it is this drive";
            finding.evidence.push(why.to_owned());
        }
        let (drive, why) = windows_drive(self.context);
        finding.steps.push(Step::OnRecoveryMachine(format!(
            r"sfc /scannow /offbootdir={drive}\ /offwindir={drive}\Windows"
        )));
        finding.steps.extend(why);
        findings.add(finding);
        Ok(())
    }

    /// A loader file of the other firmware, and the one beside it that this firmware can start.
    fn wrong_firmware(
        &self,
        findings: &mut Findings,
        loader: &Object,
        place: Place,
        firmware: Firmware,
        [path, right]: [&str; 2],
    ) -> Result<(), Error> {
        let (id, name) = (loader.id(), self.boot.store.name_of(loader.id()));
        let there = self.look(place.root, right, FileKind::File)? == There::Yes;
        let certain = self.is_surely_for(firmware);
        let file = printable(path);
        let title = format!("{name} starts {file}, which {firmware} cannot run");
        let (offer, certainty) = match (certain, place.sure && there) {
            (true, true) => (Offer::Recommended, Certainty::Certain),
            (true, false) => (Offer::Report, Certainty::Likely),
            (false, _) => (Offer::Report, Certainty::Possible),
        };
        let mut finding = self.boot.finding(offer, certainty, id, title)?;
        let store = &self.boot.site.path;
        finding
            .evidence
            .push(format!("{store} is the store of {firmware}"));
        if !certain {
            let why = "nothing else says that the firmware uses this store";
            finding.evidence.push(why.to_owned());
        }
        let root = self.root_path(place.root);
        let is = if there { "there is" } else { "there is no" };
        finding
            .evidence
            .push(format!("{is} {} in {root}", printable(right)));
        if offer == Offer::Recommended {
            let value = Value::String(right.to_owned());
            finding.cure = self.boot.changes(Kind::Fix, |editor| {
                editor.set(id, ElementType::PATH, &value)
            })?;
        } else {
            finding.steps = rebuild(self.context, self.boot, firmware);
        }
        findings.add(finding);
        Ok(())
    }

    pub(super) fn system_root(
        &self,
        findings: &mut Findings,
        loader: &Object,
    ) -> Result<(), Error> {
        let Some(place) = self.place(loader, ElementType::OS_DEVICE) else {
            return Ok(());
        };
        let id = loader.id();
        let root = self.text(id, ElementType::SYSTEM_ROOT);
        let system = |root: &str| format!(r"{root}\System32");
        if let Some(root) = &root
            && self.look(place.root, &system(root), FileKind::Directory)? != There::No
        {
            return Ok(());
        }
        let name = self.boot.store.name_of(id);
        let what = printable(root.as_deref().unwrap_or("missing"));
        let title = format!("systemroot of {name} is {what}: there is no Windows");
        let curable = self.look(place.root, &system(WINDOWS), FileKind::Directory)? == There::Yes;
        let offer = match (curable, place.sure) {
            (false, _) => Offer::Report,
            (true, false) => Offer::WhenAsked,
            (true, true) => Offer::Recommended,
        };
        let mut finding = self.boot.finding(offer, certainty(place), id, title)?;
        let drive = self.root_path(place.root);
        let is = if curable { "there is" } else { "there is no" };
        finding
            .evidence
            .push(format!("{is} {} in {drive}", system(WINDOWS)));
        if curable {
            let value = Value::String(WINDOWS.to_owned());
            finding.cure = self.boot.changes(Kind::Fix, |editor| {
                editor.set(id, ElementType::SYSTEM_ROOT, &value)
            })?;
        }
        findings.add(finding);
        Ok(())
    }

    pub(super) fn extra_hive(&self, findings: &mut Findings, loader: &Object) -> Result<(), Error> {
        let elements = [IMC_DEVICE, IMC_HIVE_NAME];
        let own = elements.map(|element| loader.value(element));
        if own.iter().all(Option::is_none) {
            return Ok(());
        }
        let (id, name) = (loader.id(), self.boot.store.name_of(loader.id()));
        let title = format!("{name} loads a further hive at the start (imcdevice, imchivename)");
        let (offer, certainty) = (Offer::WhenAsked, Certainty::Likely);
        let mut finding = self.boot.finding(offer, certainty, id, title)?;
        for (label, value) in ["imcdevice", "imchivename"].into_iter().zip(&own) {
            let value = match value {
                None => "missing".to_owned(),
                Some(Value::Device(device)) => printable(&device.to_string()),
                Some(Value::String(text)) => printable(text),
                Some(_) => "not readable".to_owned(),
            };
            finding.evidence.push(format!("{label} is {value}"));
        }
        let why = "no installation has them; with a wrong value the start ends in bug check 0x67";
        finding.evidence.push(why.to_owned());
        finding.cure = self.boot.changes(Kind::Fix, |editor| {
            elements
                .into_iter()
                .try_for_each(|element| editor.delete(id, element))
        })?;
        findings.add(finding);
        Ok(())
    }

    fn text(&self, object: Guid, element: ElementType) -> Option<String> {
        match self.boot.store.effective(object, element) {
            Some((_, Value::String(text))) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Where a device of a loader lies; `None` when it surely is none of the roots.
    fn place(&self, loader: &Object, element: ElementType) -> Option<Place> {
        let only = self.loaders.len() == 1;
        let guessed = Some(Place {
            root: 0,
            sure: only,
        });
        let Some(Value::Device(found)) = loader.value(element) else {
            return guessed;
        };
        match &found.descriptor.kind {
            device::Kind::Boot if self.boot.site.firmware.is_some() => Some(Place {
                root: self.boot.site.root,
                sure: true,
            }),
            device::Kind::Partition(partition) if partition.virtual_disk.is_none() => {
                self.place_of(partition.id, guessed)
            }
            device::Kind::Boot | device::Kind::Locate(_) | device::Kind::Opaque { .. } => guessed,
            _ => None,
        }
    }

    /// The root of a partition by its ids; `guessed` when no root's disk has them.
    fn place_of(&self, id: device::PartitionId, guessed: Option<Place>) -> Option<Place> {
        for (root, origin) in self.origins() {
            if id_of(&origin.table, &origin.partition) == Some(id) {
                return Some(Place { root, sure: true });
            }
        }
        let elsewhere = self.origins().any(|(_, origin)| {
            let mut partitions = origin.table.partitions.iter();
            partitions.any(|partition| id_of(&origin.table, partition) == Some(id))
        });
        guessed.filter(|_| !elsewhere)
    }

    fn origins(&self) -> impl Iterator<Item = (usize, &Origin)> {
        let origins = self.context.volume.origins().iter().enumerate();
        origins.filter_map(|(root, origin)| Some((root, origin.as_ref().ok()?)))
    }

    /// Whether this firmware surely starts from the store: its boot manager lies there, and the
    /// partition table, where it is seen, is one it starts from.
    fn is_surely_for(&self, firmware: Firmware) -> bool {
        let site = self.boot.site;
        let on_gpt = self.origins().any(|(root, origin)| {
            root == site.root && matches!(origin.table.kind, TableKind::Gpt { .. })
        });
        site.has_manager && !(firmware == Firmware::Bios && on_gpt)
    }

    fn look(&self, root: usize, path: &str, kind: FileKind) -> Result<There, Error> {
        let roots = self.context.volume.roots();
        let Some(root) = roots.get(root) else {
            return Ok(There::Unknown);
        };
        match root.find(path.trim_start_matches('\\')) {
            Ok(Some(found)) if found.kind == kind => Ok(There::Yes),
            // A path that nothing on a disk can have is not there either.
            Ok(_) | Err(WalkError::WrongKind { .. } | WalkError::BadPath { .. }) => Ok(There::No),
            // Windows packs its own files behind reparse points.
            Err(WalkError::Link { .. }) => Ok(There::Unknown),
            Err(error) => Err(Error::Disk(chain(&error))),
        }
    }

    fn root_path(&self, root: usize) -> String {
        let roots = self.context.volume.roots();
        let root = roots.get(root).copied();
        root.map_or_else(String::new, |root| root.path().display().to_string())
    }
}

fn certainty(place: Place) -> Certainty {
    if place.sure {
        Certainty::Certain
    } else {
        Certainty::Possible
    }
}

/// The path of the loader file for this firmware, when the one given is for the other.
fn other_file(path: &str, firmware: Firmware) -> Option<String> {
    let other = match firmware {
        Firmware::Bios => Firmware::Uefi,
        Firmware::Uefi => Firmware::Bios,
    };
    let at = path.len().checked_sub(other.loader_suffix().len())?;
    let (stem, suffix) = path.split_at_checked(at)?;
    suffix
        .eq_ignore_ascii_case(other.loader_suffix())
        .then(|| format!("{stem}{}", firmware.loader_suffix()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_firmwares_file_is_named_in_any_case() {
        let table = [
            (r"\Windows\system32\winload.exe", Firmware::Bios, None),
            (
                r"\Windows\system32\winload.exe",
                Firmware::Uefi,
                Some(r"\Windows\system32\winload.efi"),
            ),
            (r"\W\WINLOAD.EFI", Firmware::Bios, Some(r"\W\WINLOAD.exe")),
            (r"\W\winload.efi", Firmware::Uefi, None),
            ("efi", Firmware::Bios, None),
            ("é.ex€", Firmware::Uefi, None),
            ("", Firmware::Uefi, None),
        ];
        for (path, firmware, right) in table {
            assert_eq!(other_file(path, firmware).as_deref(), right, "{path}");
        }
    }
}

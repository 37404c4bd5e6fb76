//! Guards in words: what keeps a disk from being written, or must be known before, and what to do.
//!
//! Invariants: a guard that refuses is told by `plan` and ends every command that writes, before
//! its journal is opened. Absent on purpose: finding them (see `volume::guards`).

use crate::document::{Document, StepDocument};
use crate::exit::{Exit, Failure};
use disk::Root;
use repairs::Step;
use serde::{Deserialize, Serialize};
use std::path::Path;
use volume::Volume;
use volume::guards::{self, Guard};

/// Where the hives of a Windows lie below its root, the last folder first.
const CONFIG: [&str; 3] = ["config", "System32", "Windows"];

/// One guard.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuardDocument {
    pub(crate) code: String,
    /// Whether nothing may be written.
    pub(crate) refuses: bool,
    pub(crate) text: String,
    pub(crate) hints: Vec<String>,
}

impl GuardDocument {
    fn of(guard: &Guard) -> GuardDocument {
        GuardDocument {
            code: guard.code().to_owned(),
            refuses: guard.refuses(),
            text: guard.to_string(),
            hints: hints(guard),
        }
    }
}

/// Adds the guards of a volume to a plan. The code of a plan that `apply` would refuse is the
/// guard's.
pub(crate) fn tell(document: &mut Document, volume: &Volume) {
    let found = guards::of_volume(volume);
    for guard in &found {
        if matches!(guard, Guard::Dirty) {
            let step = Step::OnRecoveryMachine(match cfg!(windows) {
                true => format!("chkdsk {} /f", document.drive),
                false => "chkdsk F: /f, on a Windows where this disk is F:".to_owned(),
            });
            document.steps.push(StepDocument {
                place: step.place().to_owned(),
                text: step.text().to_owned(),
            });
        }
    }
    let refusing = found.iter().find(|guard| guard.refuses());
    if document.code.is_none() {
        document.code = refusing.map(|guard| guard.code().to_owned());
    }
    document.guards = found.iter().map(GuardDocument::of).collect();
}

/// Refuses to write below a root that a guard speaks against.
pub(crate) fn refuse(root: &Root) -> Result<(), Failure> {
    let mut found = guards::of_root(root);
    if let Some(above) = windows_of(root.path()) {
        // What cannot be opened as a root is not the root of an offline Windows.
        let above = Root::open(above.as_os_str()).ok();
        found.extend(above.iter().flat_map(guards::of_root));
    }
    let Some(guard) = found.into_iter().find(Guard::refuses) else {
        return Ok(());
    };
    let failure = Failure::new(Exit::Refused, guard.code(), guard.to_string());
    Err(hints(&guard).into_iter().fold(failure, Failure::hint))
}

/// The root of the Windows whose hives lie in this folder, if they do.
fn windows_of(folder: &Path) -> Option<&Path> {
    CONFIG.iter().try_fold(folder, |path, name| {
        let fits = path.file_name()?.eq_ignore_ascii_case(name);
        path.parent().filter(|_| fits)
    })
}

/// What to do about a guard.
fn hints(guard: &Guard) -> Vec<String> {
    let lines: &[&str] = match guard {
        Guard::Hibernated => &[
            "start the VM once more and shut it down fully, in it: shutdown /s /f /t 0",
            "if it cannot start: deleting hiberfil.sys ends the session and loses what was open",
        ],
        Guard::HibernationUnseen(_) => &["run as administrator, and look at hiberfil.sys"],
        Guard::ReadOnly => &["attach the disk writable, and run as administrator"],
        Guard::Network => &["attach the disk to this machine itself"],
        Guard::ServedByProgram => &[
            "before the next mount: ntfs-3g.probe --readwrite DEVICE, then \
             ntfs-3g -o norecover DEVICE FOLDER",
        ],
        Guard::OtherWindows(_) => &["the boot entries say which one starts: offfix bcd enum"],
        Guard::PeMark => &["nothing but Windows PE needs the key; someone has made it"],
        _ => &[],
    };
    lines.iter().map(|&line| line.to_owned()).collect()
}

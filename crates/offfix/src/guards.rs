//! Guards in words: what keeps a disk from being written, or must be known before, and what to do.
//!
//! Invariants: a guard that refuses is told by `plan` and ends every command that writes, before
//! its journal is made. Absent on purpose: finding them (see `volume::guards`).

use crate::document::{Document, StepDocument};
use crate::exit::{Exit, Failure};
use disk::{Journal, Root};
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

/// Refuses to write without the rights that it takes: on Windows an administrator's, elsewhere
/// whatever the journal needs.
pub(crate) fn require_rights(journal: &Journal) -> Result<(), Failure> {
    let is_journal_closed = journal.is_writable() == Some(false);
    match may_try(disk::is_administrator(), cfg!(windows), is_journal_closed) {
        true => Ok(()),
        false => Err(not_elevated("writing takes the rights of an administrator")),
    }
}

/// Whether writing can be tried. Where rights cannot be told, a try tells.
fn may_try(is_administrator: Option<bool>, on_windows: bool, is_journal_closed: bool) -> bool {
    is_administrator != Some(false) || !(on_windows || is_journal_closed)
}

/// The failure of a process that may not write.
pub(crate) fn not_elevated(error: &str) -> Failure {
    let failure = Failure::new(Exit::Refused, "not-elevated", error);
    let failure = match cfg!(windows) {
        true => failure.hint("start the console as administrator, then the same command again"),
        false => failure.hint("the same command again with sudo"),
    };
    failure.hint("nothing was written; plan works without these rights")
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
        Guard::ShadowCopy => &["name the drive that it is a copy of"],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_asked_for_where_they_are_needed() {
        for on_windows in [false, true] {
            for is_journal_closed in [false, true] {
                let may = |who| may_try(who, on_windows, is_journal_closed);
                assert!(may(Some(true)) && may(None));
                assert_eq!(may(Some(false)), !on_windows && !is_journal_closed);
            }
        }
    }

    #[test]
    fn every_guard_that_refuses_says_what_to_do() {
        let refusing = [
            Guard::Hibernated,
            Guard::ReadOnly,
            Guard::Network,
            Guard::ShadowCopy,
        ];
        let codes = ["hibernated", "read-only", "network-drive", "shadow-copy"];
        for (guard, code) in refusing.into_iter().zip(codes) {
            let told = GuardDocument::of(&guard);
            assert_eq!((told.code.as_str(), told.refuses), (code, true));
            assert!(!told.hints.is_empty() && !told.text.is_empty(), "{code}");
        }
    }
}

//! `doctor`: what this machine can do for a repair.
//!
//! Invariants: nothing is written, the journal's folder not made; a doubt is told as one.
//! Absent on purpose: judging the disk (that is `plan`).

use crate::arguments::{DoctorArguments, Format};
use crate::exit::{Exit, Failure};
use crate::guards;
use crate::numbers::count;
use crate::output;
use crate::render;
use crate::session::{Common, Session};
use disk::{Journal, JournalError, Root, SecurityError, State};
use repairs::context::chain;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The programs that steps and mounts are made with, and what for.
const TOOLS: &[(&str, &str)] = if cfg!(windows) {
    &[
        ("chkdsk", "checks a file system"),
        ("dism", "repairs the files of Windows"),
        ("sfc", "repairs the files of Windows"),
        ("bcdboot", "makes boot files anew"),
        ("manage-bde", "unlocks BitLocker"),
        ("diskpart", "gives partitions a letter"),
    ]
} else {
    &[
        (
            "ntfs-3g",
            "mounts NTFS so that permissions can be seen and set",
        ),
        ("losetup", "attaches an image as a disk"),
        ("qemu-storage-daemon", "serves VHDX and VHD images"),
        ("cryptsetup", "unlocks BitLocker"),
        ("ntfsfix", "marks NTFS for a check by Windows"),
    ]
};

/// One thing looked at.
#[derive(Serialize)]
pub(crate) struct Check {
    pub(crate) code: &'static str,
    /// `None` when it cannot be told.
    pub(crate) ok: Option<bool>,
    pub(crate) text: String,
    pub(crate) hint: Option<String>,
}

/// The answer as JSON.
#[derive(Serialize)]
struct DoctorDocument<'a> {
    version: u32,
    verdict: &'static str,
    code: Option<&'static str>,
    program: &'static str,
    system: &'static str,
    checks: &'a [Check],
}

/// Carries the command out.
pub(crate) fn run(common: &Common, arguments: &DoctorArguments) -> Result<Exit, Failure> {
    let mut checks = vec![rights(), journal(&common.journal())];
    if common.drive.is_some() || arguments.place.is_some() {
        let drive = common.drive(arguments.place.as_deref())?;
        let session = Session::open(common, &drive)?;
        checks.extend(of_drive(&session));
    }
    checks.extend(TOOLS.iter().map(|(name, what)| tool(name, what)));
    // A tool is only missing when a step asks for it.
    let needed = checks.iter().filter(|check| check.code != "tool");
    let sound = needed.into_iter().all(|check| check.ok != Some(false));
    match arguments.format {
        Format::Json => output::json(&DoctorDocument {
            version: crate::document::VERSION,
            verdict: if sound { "clean" } else { "needs-human" },
            code: None,
            program: concat!("offfix ", env!("CARGO_PKG_VERSION")),
            system: std::env::consts::OS,
            checks: &checks,
        }),
        Format::Text => output::text(&render::checks(&checks)),
    }
    Ok(Exit::Done)
}

fn check(code: &'static str, ok: Option<bool>, text: impl Into<String>) -> Check {
    Check {
        code,
        ok,
        text: text.into(),
        hint: None,
    }
}

impl Check {
    /// Adds what to do, unless all is well.
    fn hint(self, hint: impl Into<String>) -> Check {
        let hint = (self.ok != Some(true)).then(|| hint.into());
        Check { hint, ..self }
    }
}

fn rights() -> Check {
    let (who, how) = if cfg!(windows) {
        (
            "an elevated administrator",
            "start the console as administrator",
        )
    } else {
        ("root", "run it with sudo")
    };
    let ok = disk::is_administrator();
    let text = match ok {
        Some(true) => format!("runs as {who}"),
        Some(false) => format!("does not run as {who}: disks and permissions are out of reach"),
        None => format!("whether it runs as {who} cannot be told"),
    };
    check("rights", ok, text).hint(how)
}

fn journal(journal: &Journal) -> Check {
    let dir = journal.dir().display();
    let elsewhere = "--journal DIR puts it elsewhere";
    let runs = match journal.runs() {
        Ok(runs) => runs,
        Err(error @ JournalError::Unsafe { .. }) => {
            return check("journal", Some(false), chain(&error)).hint(elsewhere);
        }
        Err(error) => return check("journal", Some(false), chain(&error)).hint(elsewhere),
    };
    let open = runs
        .iter()
        .filter(|run| matches!(run.state(), State::Sealed | State::Undoing))
        .count();
    let about = match (runs.len(), open) {
        (0, _) if !journal.dir().exists() => "will be made with the first run".to_owned(),
        (all, 0) => count(all, "run"),
        (all, open) => format!("{}, {open} interrupted", count(all, "run")),
    };
    match journal.is_writable() {
        Some(false) => check(
            "journal",
            Some(false),
            format!("{dir} cannot be written ({about})"),
        )
        .hint(elsewhere),
        Some(true) => check("journal", Some(true), format!("{dir} ({about})")),
        None => check("journal", None, format!("{dir} ({about}); not tried")),
    }
}

/// What the file system of a drive allows, and what speaks against writing.
fn of_drive(session: &Session) -> Vec<Check> {
    let root = &session.root;
    let mut checks = vec![permissions(root), device(root)];
    checks.push(match guards::refuse(root) {
        Ok(()) => check("writable", Some(true), "nothing speaks against writing"),
        Err(failure) => Check {
            hint: failure.hints.first().cloned(),
            ..check("writable", Some(false), failure.error)
        },
    });
    checks
}

fn permissions(root: &Root) -> Check {
    match root.security("") {
        Ok(_) => check("permissions", Some(true), "NTFS permissions can be seen"),
        Err(error @ SecurityError::NotSeen { .. }) => {
            check("permissions", Some(false), chain(&error)).hint(
                "attach NTFS itself: a copy of its files has no permissions; on Linux by ntfs-3g",
            )
        }
        Err(error) => check("permissions", Some(false), chain(&error)),
    }
}

fn device(root: &Root) -> Check {
    match root.origin() {
        Ok(origin) => {
            let (number, disk) = (origin.partition.number, origin.disk.display());
            let text = format!("partition {number} of {disk}, whose table can be read");
            check("partition", Some(true), text)
        }
        Err(error) => check("partition", None, chain(&error))
            .hint("the boot entries' disk ids are not compared then"),
    }
}

fn tool(name: &str, what: &str) -> Check {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let here = |folder: PathBuf| {
        let plain = folder.join(name);
        is_program(&plain) || is_program(&plain.with_extension("exe"))
    };
    // Administrators' programs, which the path of an ordinary shell leaves out.
    let usual = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
    let usual = usual.into_iter().filter(|_| cfg!(unix));
    let found = std::env::split_paths(&path).chain(usual).any(here);
    let text = match found {
        true => format!("{name} is here: {what}"),
        false => format!("{name} is not here: {what}"),
    };
    check("tool", Some(found), text)
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}

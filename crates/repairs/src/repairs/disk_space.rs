//! `disk-space`: the disk of Windows is full.
//!
//! Changes nothing: what can go is for a person to say. Absent on purpose: other volumes, and a
//! folder that is no volume, whose free space is that of the recovery machine.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error};
use crate::finding::{Certainty, Finding, Findings, Offer, Step};
use disk::{OriginError, Root, Space};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "disk-space",
    title: "tell when the disk of Windows is full",
    class: Class::Report,
    risk: "none: it changes nothing",
    parameters: &[],
    about: include_str!("disk-space.md"),
    diagnose,
};

/// Below it Windows fails in many ways: no logs, no profile, no registry that grows.
const CRITICAL: u64 = 500 << 20;
/// A smaller volume is no Windows drive.
const SMALLEST: u64 = 4 << 30;

/// Files that are large and that Windows makes anew or does without.
const LARGE: [(&str, &str); 5] = [
    ("pagefile.sys", "it is made anew at boot"),
    ("hiberfil.sys", "delete it only when Windows was shut down"),
    ("swapfile.sys", "it is made anew at boot"),
    (
        r"Windows\MEMORY.DMP",
        "a dump: keep a copy when it is still needed",
    ),
    (r"Windows\Logs\CBS\CBS.log", "the log of updates"),
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if let Some(Err(OriginError::NotAMount { .. })) = context.volume.origins().first() {
        let why = "the drive is a folder, whose free space is not the disk's";
        return Err(Error::NotSeen(why.to_owned()));
    }
    let root = context.volume.root();
    let space = root.space();
    let space = space.map_err(|error| Error::NotSeen(format!("no free space is told: {error}")))?;
    let Some(percent) = percent(space) else {
        let size = space.total >> 20;
        let why = format!("a drive of {size} MiB says nothing about the room of Windows");
        return Err(Error::NotSeen(why));
    };
    let (free, total) = (space.free >> 20, space.total >> 20);
    let told = format!("{free} of {total} MiB are free ({percent} %)");
    if space.free < CRITICAL {
        findings.add(full(root, told));
    } else if percent < 10 && context.ask >= Ask::Symptom {
        findings.note(format!(
            "the disk is nearly full: {told}; updates and dumps need more"
        ));
    }
    Ok(())
}

/// How much is free, of a hundred; `None` when that is no drive's size.
fn percent(space: Space) -> Option<u64> {
    let sound = space.total >= SMALLEST && space.free <= space.total;
    sound.then(|| space.free / (space.total / 100))
}

fn full(root: &Root, told: String) -> Finding {
    let title = "the disk is full: Windows may not start, log on or update";
    let mut finding = Finding::new(Offer::Report, Certainty::Likely, title, r"\");
    finding.evidence.push(told);
    finding
        .evidence
        .push("below 500 MiB Windows cannot write its logs, profiles and page file".to_owned());
    for (path, what) in LARGE {
        if let Some(found) = root.find(path).ok().flatten() {
            let size = found.size >> 20;
            if size > 0 {
                let line = format!("{} has {size} MiB: {what}", found.path);
                finding.evidence.push(line);
            }
        }
    }
    let by_hand = "make room: delete what is not needed, or let the disk grow and extend the \
                   partition";
    finding.steps = vec![
        Step::OnRecoveryMachine(r"dir /a /o-s F:\Windows\Temp F:\Windows\Minidump".to_owned()),
        Step::OnRecoveryMachine(
            r"dism /Image:F:\ /Cleanup-Image /StartComponentCleanup".to_owned(),
        ),
        Step::Manual(by_hand.to_owned()),
    ];
    finding
}

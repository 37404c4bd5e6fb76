//! `registry-backup`: what Windows' own backup of the registry holds.
//!
//! Changes nothing. An empty or missing backup is what Windows makes since version 1803, so it is
//! no fault; a backup that was asked for and is not there is told. Absent on purpose: comparing or
//! restoring a backup, which takes passwords and the trust of the domain back too.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, chain};
use crate::finding::{Certainty, Finding, Findings, Offer, Step};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "registry-backup",
    title: "tell what the registry's backup in RegBack holds",
    class: Class::Report,
    risk: "none: it changes nothing",
    parameters: &[],
    about: include_str!("registry-backup.md"),
    diagnose,
};

const FOLDER: &str = r"Windows\System32\config\RegBack";
const HIVES: [&str; 5] = ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"];
const MANAGER: &str = r"Control\Session Manager\Configuration Manager";
const SWITCH: &str = "EnablePeriodicBackup";
/// FILETIME ticks of a day.
const DAY: u64 = 864_000_000_000;

/// One file of the backup.
struct Saved {
    name: &'static str,
    /// Its size in bytes; `None` when it is not there.
    size: Option<u64>,
    /// Whether it begins as a hive does.
    is_hive: bool,
    /// When it was written, as FILETIME; `None` when it does not say.
    written: Option<u64>,
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let mut wanted = None;
    for set in context.control_sets() {
        if set.below(MANAGER).number(SWITCH)?.is(1) {
            wanted.get_or_insert(set.below(MANAGER).key);
        }
    }
    let saved = HIVES
        .iter()
        .map(|name| look(context, name))
        .collect::<Result<Vec<_>, _>>()?;
    let usable = |saved: &&Saved| saved.is_hive;
    let sound = saved.iter().filter(usable).count();
    let told = tell(&saved, context.now).join(", ");
    match wanted {
        Some(key) if sound < HIVES.len() => findings.add(asked_for(&key, told)),
        _ if sound > 0 && sound < HIVES.len() => findings.add(torn(told)),
        _ if context.ask >= Ask::Symptom && sound == 0 => findings.note(
            "RegBack holds no backup of the registry, as usual since Windows 10 1803: a hive can \
             come from a snapshot of the disk only",
        ),
        _ if context.ask >= Ask::Symptom => {
            findings.note(format!("RegBack holds a backup: {told}"));
        }
        _ => {}
    }
    Ok(())
}

fn look(context: &Context<'_>, name: &'static str) -> Result<Saved, Error> {
    let failed = |error| Error::Disk(chain(&error));
    let root = context.volume.root();
    let path = format!(r"{FOLDER}\{name}");
    let found = root.find(&path).map_err(failed)?;
    let start = match &found {
        Some(_) => root.read_start(&path, 512).map_err(failed)?,
        None => None,
    };
    let start = start.unwrap_or_default();
    let time = start.get(12..20).and_then(|eight| eight.try_into().ok());
    Ok(Saved {
        name,
        size: found.map(|found| found.size),
        is_hive: start.starts_with(b"regf"),
        written: time.map(u64::from_le_bytes).filter(|&time| time != 0),
    })
}

/// Each file in a few words.
fn tell(saved: &[Saved], now: u64) -> Vec<String> {
    let one = |saved: &Saved| {
        let name = saved.name;
        let age = saved.written.and_then(|time| now.checked_sub(time));
        match (saved.size, age) {
            (None, _) => format!("{name} missing"),
            (Some(0), _) => format!("{name} empty"),
            (Some(size), _) if !saved.is_hive => format!("{name} no hive, {size} bytes"),
            (Some(size), None) => format!("{name} {size} bytes, age not known"),
            (Some(size), Some(age)) => format!("{name} {size} bytes, {} days old", age / DAY),
        }
    };
    saved.iter().map(one).collect()
}

fn asked_for(key: &str, told: String) -> Finding {
    let title = "a backup of the registry was switched on, and RegBack does not hold one";
    let mut finding = Finding::new(Offer::Report, Certainty::Possible, title, FOLDER);
    finding.evidence.push(format!("{key}: {SWITCH} is 1"));
    finding.evidence.push(told);
    let step = r"schtasks /run /i /tn \Microsoft\Windows\Registry\RegIdleBackup";
    finding.steps.push(Step::AfterBoot(step.to_owned()));
    finding
}

fn torn(told: String) -> Finding {
    let title = "RegBack holds a part of the registry only: it is no backup to go back to";
    let mut finding = Finding::new(Offer::Report, Certainty::Possible, title, FOLDER);
    finding.evidence.push(told);
    let why = "SYSTEM with SOFTWARE, and SAM with SECURITY, go back together or not at all";
    finding.evidence.push(why.to_owned());
    finding
}

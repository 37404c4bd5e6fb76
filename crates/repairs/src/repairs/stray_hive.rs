//! `stray-hive`: traces of commands that edited a hive or control set that is not there.
//!
//! Changes nothing and has no cure: what to keep is for a person to say. Absent on purpose: the
//! content of a stray hive beyond the names of its topmost keys.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place, chain};
use crate::finding::{Certainty, Finding, Findings, Offer, Step};
use hive::Hive;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "stray-hive",
    title: "tell of hives and control sets that a wrong command has made",
    class: Class::Report,
    risk: "none: it changes nothing",
    parameters: &[],
    about: include_str!("stray-hive.md"),
    diagnose,
};

const CONFIG: &str = r"Windows\System32\config";
/// A control set with fewer keys than this, and without what every one has, was never Windows'.
const WHOLE: usize = 40;
/// A hive file is not read beyond this.
const LIMIT: u64 = 16 << 20;
/// No more names are told.
const NAMES: usize = 8;

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let entries = context
        .volume
        .root()
        .list(CONFIG)
        .map_err(|error| Error::Disk(chain(&error)))?;
    for entry in entries.unwrap_or_default() {
        if is_stray(&entry.name) {
            findings.add(stray_file(context, &entry.name, entry.size)?);
        }
    }
    let boot = context.volume.control_sets().boot();
    for (number, set) in context.sets.iter().zip(context.control_sets()) {
        let keys = count(&set, WHOLE)?;
        let real = set.below(r"Control\ProductOptions").exists()? || set.below("Enum").exists()?;
        if !real && keys < WHOLE {
            findings.add(stray_set(&set, keys, boot == Some(*number))?);
        }
    }
    Ok(())
}

/// Whether a file in `config` has the ending Windows gives to none of its hives.
fn is_stray(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".hiv")
}

fn stray_file(context: &Context<'_>, name: &str, size: u64) -> Result<Finding, Error> {
    let title =
        format!(r"{CONFIG}\{name} is no hive of Windows: what was written there has no effect");
    let place = context.system("");
    let mut finding = place.finding(Offer::Report, Certainty::Certain, title)?;
    finding.written = None;
    let real = name.get(..name.len().saturating_sub(4)).unwrap_or(name);
    finding.evidence.push(format!(
        "Windows' own hive is {real}, without an ending; `reg load` of a file that does not exist \
         creates it, and every `reg add` then succeeds"
    ));
    finding.evidence.push(format!(
        "{size} bytes; {}",
        content(context, &format!(r"{CONFIG}\{name}"))
    ));
    finding.steps.push(Step::Manual(format!(
        "repeat on {real} what was meant for {name}, then delete {name} and the .LOG and .blf \
         files that begin with its name"
    )));
    Ok(finding)
}

/// What a stray file holds, in a few words.
fn content(context: &Context<'_>, path: &str) -> String {
    let bytes = match context.volume.root().read(path, LIMIT) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return "it is gone".to_owned(),
        Err(error) => return format!("it was not read ({error})"),
    };
    let names = Hive::open(bytes).ok().and_then(|hive| {
        let keys = hive.root().and_then(hive::Key::subkeys).ok()?;
        let names = keys.iter().take(NAMES).map(|key| key.name().to_string());
        Some((names.collect::<Vec<_>>(), keys.len()))
    });
    match names {
        None => "it is no sound hive".to_owned(),
        Some((_, 0)) => "it is an empty hive".to_owned(),
        Some((names, all)) => format!("a hive with {all} keys at the top: {}", names.join(", ")),
    }
}

fn stray_set(set: &Place<'_>, keys: usize, boots: bool) -> Result<Finding, Error> {
    let title = format!(
        "{} has only {keys} keys: a command has made it, not Windows",
        set.key
    );
    let mut finding = set.finding(Offer::Report, Certainty::Certain, title)?;
    finding.evidence.push(
        "a control set of Windows has thousands of keys; an article's `reg add` to a \
         control set that does not exist creates it"
            .to_owned(),
    );
    if boots {
        let why = "Select names it for the next boot: Windows cannot start from it";
        finding.evidence.push(why.to_owned());
        finding.steps.push(Step::Manual(
            "set Default and Current of Select back to a control set that is whole".to_owned(),
        ));
    } else {
        let why = "Windows does not use it for the next boot; it can stay";
        finding.evidence.push(why.to_owned());
        let key = &set.key;
        finding
            .steps
            .push(Step::AfterBoot(format!(r"reg delete HKLM\SYSTEM\{key} /f")));
    }
    Ok(finding)
}

/// Counts the keys below a key, up to `limit`.
fn count(place: &Place<'_>, limit: usize) -> Result<usize, Error> {
    let mut count = 0;
    let mut open = vec![place.clone()];
    while let Some(place) = open.pop() {
        for name in place.subkey_names()? {
            count += 1;
            if count >= limit {
                return Ok(count);
            }
            open.push(place.below(&name));
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wrong_ending_is_stray() {
        for name in ["SYSTEM.hiv", "system.HIV", "SOFTWARE.hiv"] {
            assert!(is_stray(name), "{name}");
        }
        for name in [
            "SYSTEM",
            "SYSTEM.LOG1",
            "BCD-Template",
            "hiv",
            "SYSTEM.hiv.LOG1",
        ] {
            assert!(!is_stray(name), "{name}");
        }
    }
}

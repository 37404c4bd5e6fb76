//! `network-provider-order`: logon waits for a network provider that is gone.
//!
//! Owns `ProviderOrder` of `NetworkProvider\Order` and `HwOrder`. Invariants: Windows' own
//! providers are never dropped; a missing file counts only where Windows' programs can be seen.
//! Absent on purpose: adding a provider, and the order of those that stay.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "network-provider-order",
    title: "drop network providers that are no longer there",
    class: Class::Recommended,
    risk: "a provider that is installed again later has to enter itself anew",
    parameters: &[],
    about: include_str!("network-provider-order.md"),
    diagnose,
};

const LIST: &str = "ProviderOrder";
/// Windows' own providers.
const OWN: [&str; 4] = ["RDPNP", "LanmanWorkstation", "webclient", "P9NP"];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let letter = system_drive(context)?;
    for set in context.control_sets() {
        if !set.below("Services").exists()? {
            continue;
        }
        for order in ["Order", "HwOrder"] {
            let place = set.below(&format!(r"Control\NetworkProvider\{order}"));
            look(findings, context, &set, &place, letter)?;
        }
    }
    Ok(())
}

fn look(
    findings: &mut Findings,
    context: &Context<'_>,
    set: &Place<'_>,
    place: &Place<'_>,
    letter: char,
) -> Result<(), Error> {
    let Some(data) = place.read(LIST)? else {
        return Ok(());
    };
    let Some(text) = data.as_text() else {
        return Ok(());
    };
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for name in text.split(',') {
        match missing(context, set, name.trim(), letter)? {
            Some(why) => gone.push((name.trim(), why)),
            None => kept.push(name),
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = gone.iter().map(|(name, _)| *name).collect();
    let title = format!(
        "logon waits for a network provider that is gone: {}",
        names.join(", ")
    );
    // A list without any provider of Windows was no healthy one, and is no business of ours.
    let offer = match kept.iter().any(|name| is_own(name.trim())) {
        true => Offer::Recommended,
        false => Offer::Report,
    };
    let mut finding = place.finding(offer, Certainty::Likely, title)?;
    finding.evidence.push(format!("{LIST} is {text}"));
    finding
        .evidence
        .extend(gone.into_iter().map(|(_, why)| why));
    if offer == Offer::Recommended {
        let left = RegData {
            kind: data.kind,
            ..RegData::sz(&kept.join(","))
        };
        finding.cure.push(place.set(Kind::Fix, LIST, left));
    }
    findings.add(finding);
    Ok(())
}

fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Why a provider cannot be there; `None` when it is, or when nothing tells.
fn missing(
    context: &Context<'_>,
    set: &Place<'_>,
    name: &str,
    letter: char,
) -> Result<Option<String>, Error> {
    if name.is_empty() || name.contains('\\') || is_own(name) {
        return Ok(None);
    }
    let provider = set.below(&format!(r"Services\{name}\NetworkProvider"));
    if !provider.exists()? {
        return Ok(Some(format!(
            r"Services has no {name}\NetworkProvider: nothing says what {name} is"
        )));
    }
    let Some(path) = provider.text("ProviderPath")? else {
        return Ok(Some(format!(
            "{name} has no ProviderPath: nothing says which program it is"
        )));
    };
    let Some(file) = file_of(&path, letter) else {
        return Ok(None);
    };
    let root = context.volume.root();
    let is_windows = matches!(root.find(r"Windows\System32\svchost.exe"), Ok(Some(_)));
    let is_gone = matches!(root.find(&file), Ok(None));
    Ok((is_windows && is_gone).then(|| format!("{name} is {path}, and {file} is not on the disk")))
}

/// The letter under which this Windows knows its own drive.
fn system_drive(context: &Context<'_>) -> Result<char, Error> {
    let place = match context.software(r"Microsoft\Windows NT\CurrentVersion") {
        Ok(Some(place)) => place,
        // Without SOFTWARE it is the letter nearly every Windows has.
        Ok(None) | Err(_) => return Ok('C'),
    };
    let root = place.text("SystemRoot")?.unwrap_or_default();
    let mut letters = root.chars();
    let letter = letters.next().filter(|_| letters.as_str().starts_with(':'));
    Ok(letter.unwrap_or('C').to_ascii_uppercase())
}

/// Where a provider's program lies on the disk; `None` where that cannot be told.
fn file_of(path: &str, letter: char) -> Option<String> {
    let path = path.trim().trim_matches('"');
    let lower = path.to_ascii_lowercase();
    let rest = |prefix: &str| {
        lower
            .starts_with(prefix)
            .then(|| path.get(prefix.len()..))?
    };
    for root in [r"%systemroot%\", r"%windir%\", r"\systemroot\"] {
        if let Some(below) = rest(root) {
            return Some(format!(r"Windows\{below}"));
        }
    }
    if let Some(below) = rest(r"%programfiles%\") {
        return Some(format!(r"Program Files\{below}"));
    }
    let drive = format!(r"{}:\", letter.to_ascii_lowercase());
    if let Some(below) = rest(&drive) {
        return Some(below.to_owned());
    }
    let is_name = !path.is_empty() && !path.contains(['\\', '/', ':', '%']);
    is_name.then(|| format!(r"Windows\System32\{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_a_file_of_the_disk_or_nowhere() {
        for (path, file) in [
            (
                r"%SystemRoot%\System32\a.dll",
                Some(r"Windows\System32\a.dll"),
            ),
            (r"%windir%\System32\a.dll", Some(r"Windows\System32\a.dll")),
            (
                r"\SystemRoot\System32\a.dll",
                Some(r"Windows\System32\a.dll"),
            ),
            (
                r#""C:\Program Files\X\a.dll""#,
                Some(r"Program Files\X\a.dll"),
            ),
            (r"%ProgramFiles%\X\a.dll", Some(r"Program Files\X\a.dll")),
            ("a.dll", Some(r"Windows\System32\a.dll")),
            (r"D:\X\a.dll", None),
            (r"\\server\share\a.dll", None),
            (r"%X%\a.dll", None),
            ("", None),
        ] {
            assert_eq!(file_of(path, 'C').as_deref(), file, "{path}");
        }
        assert_eq!(file_of(r"d:\a.dll", 'D').as_deref(), Some("a.dll"));
    }
}

//! The subsystems that the session manager loads: `Required` and the command line `Windows`.
//!
//! Invariants: sizes of heaps that somebody chose stay; only what Windows cannot start with is a
//! fault by itself. Absent on purpose: `Kmode`, `Optional` and `Posix`.

use super::programs::{Programs, Seen, is_in_system32};
use crate::context::{Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

const KEY: &str = r"Control\Session Manager\SubSystems";
const REQUIRED: [&str; 2] = ["Debug", "Windows"];
/// What the Windows subsystem cannot be without.
const SERVERS: [&str; 2] = ["basesrv", "winsrv:UserServerDllInitialization"];
/// Every library Windows has shipped for it.
const LIBRARIES: [&str; 4] = ["basesrv", "winsrv", "sxssrv", "csrsrv"];
const HEAPS: &str = "SharedSection=";

/// Looks at `Required` of the key below a session manager.
pub(super) fn required(findings: &mut Findings, manager: &Place<'_>) -> Result<(), Error> {
    let place = manager.below("SubSystems");
    if !place.exists()? {
        return Ok(());
    }
    let now = place.read("Required")?;
    let names = now.as_ref().and_then(RegData::as_texts).unwrap_or_default();
    let has = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if REQUIRED.iter().all(|name| has(name)) && names.len() == REQUIRED.len() {
        return Ok(());
    }
    let (offer, certainty, title) = if has("Windows") {
        let title = "other subsystems are required than Windows ships";
        (Offer::WhenAsked, Certainty::Possible, title)
    } else {
        let title = "the Windows subsystem is not among those required: nothing starts after it";
        (Offer::Recommended, Certainty::Certain, title)
    };
    let mut finding = place.finding(offer, certainty, title)?;
    let now = now.map_or("missing".to_owned(), |data| data.to_string());
    finding
        .evidence
        .push(format!("Required is {now}, Windows has {REQUIRED:?}"));
    let change = place.set(Kind::Fix, "Required", RegData::multi_sz(&REQUIRED));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

/// Looks at `Windows` of the key in a control set.
pub(super) fn windows(
    findings: &mut Findings,
    set: &Place<'_>,
    version: Option<(u16, u16)>,
    programs: &Programs<'_>,
) -> Result<(), Error> {
    let place = set.below(KEY);
    if !place.exists()? {
        return Ok(());
    }
    let data = place.read("Windows")?;
    let now = data.as_ref().and_then(RegData::as_text).unwrap_or_default();
    let Some((offer, certainty, why)) = judge(&now, programs) else {
        return Ok(());
    };
    let title = "the command line of the Windows subsystem is not Windows' own";
    // Without a version there is no command line to write.
    let offer = if version.is_some() {
        offer
    } else {
        Offer::Report
    };
    let mut finding = place.finding(offer, certainty, title)?;
    finding.evidence.push(why);
    let now_shown = data.map_or("missing".to_owned(), |data| data.to_string());
    finding.evidence.push(format!("Windows is {now_shown}"));
    match version {
        Some(version) => {
            let wanted = command(&now, version, is_32_bit(set)?);
            let change = place.set(Kind::Fix, "Windows", RegData::expand_sz(&wanted));
            finding.cure.push(change);
        }
        None => finding
            .evidence
            .push("which Windows this is is not known: nothing is proposed".to_owned()),
    }
    findings.add(finding);
    Ok(())
}

/// What is wrong with a command line; `None` when it can work.
fn judge(command: &str, programs: &Programs<'_>) -> Option<(Offer, Certainty, String)> {
    let certain = |why: String| Some((Offer::Recommended, Certainty::Certain, why));
    let program = command.split_whitespace().next().unwrap_or_default();
    if !is_in_system32(program, "csrss.exe") {
        return certain("it does not start csrss.exe".to_owned());
    }
    let servers = servers(command);
    let is = |server: &str, wanted: &str| {
        let name = server.split(',').next().unwrap_or_default();
        name.eq_ignore_ascii_case(wanted)
    };
    for wanted in SERVERS {
        if !servers.iter().any(|server| is(server, wanted)) {
            return certain(format!("{wanted} is not among its libraries"));
        }
    }
    let library = |server: &&str| {
        server
            .split([':', ','])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let own = |name: &String| {
        LIBRARIES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    let foreign = servers.iter().map(library).find(|name| !own(name))?;
    let said = format!("it loads {foreign:?}, which is no library of Windows' subsystem");
    match programs.see(&format!("{foreign}.dll")) {
        Seen::Gone => certain(format!("{said}, and is not on the disk")),
        // A known intruder stands in for the console library under this name.
        _ if foreign.eq_ignore_ascii_case("consrv") => {
            Some((Offer::Recommended, Certainty::Likely, said))
        }
        Seen::There | Seen::Unknown => Some((Offer::WhenAsked, Certainty::Possible, said)),
    }
}

fn servers(command: &str) -> Vec<&str> {
    let words = command.split_whitespace();
    let of = |word: &'_ str| {
        word.get(..10)
            .is_some_and(|it| it.eq_ignore_ascii_case("ServerDll="))
    };
    words
        .filter(|word| of(word))
        .filter_map(|word| word.get(10..))
        .collect()
}

fn is_32_bit(set: &Place<'_>) -> Result<bool, Error> {
    let environment = set.below(r"Control\Session Manager\Environment");
    let architecture = environment.text("PROCESSOR_ARCHITECTURE")?;
    Ok(architecture.is_some_and(|text| text.trim().eq_ignore_ascii_case("x86")))
}

/// The command line of a version, with the heaps that the present one has.
fn command(now: &str, version: (u16, u16), is_32_bit: bool) -> String {
    let present = now.split_whitespace().find(|word| is_heaps(word));
    let heaps = match (present, version) {
        (Some(present), _) => present.to_owned(),
        (None, (..=5, _)) => format!("{HEAPS}1024,3072,512"),
        (None, _) if is_32_bit => format!("{HEAPS}1024,12288,512"),
        (None, _) => format!("{HEAPS}1024,20480,768"),
    };
    let mut words = vec![
        r"%SystemRoot%\system32\csrss.exe",
        r"ObjectDirectory=\Windows",
        &heaps,
        "Windows=On",
        "SubSystemType=Windows",
        "ServerDll=basesrv,1",
        "ServerDll=winsrv:UserServerDllInitialization,3",
    ];
    if version < (6, 2) {
        words.push("ServerDll=winsrv:ConServerDllInitialization,2");
    }
    if version >= (6, 1) {
        words.push("ServerDll=sxssrv,4");
    }
    words.extend(["ProfileControl=Off", "MaxRequestThreads=16"]);
    words.join(" ")
}

/// Whether a word sets the sizes of the heaps: three numbers.
fn is_heaps(word: &str) -> bool {
    let numbers = word.strip_prefix(HEAPS).unwrap_or_default().split(',');
    let numbers: Vec<&str> = numbers.collect();
    numbers.len() == 3 && numbers.iter().all(|it| it.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_somebody_chose_stay() {
        let chosen = "x SharedSection=1024,20480,2048 y";
        assert!(command(chosen, (10, 0), false).contains(" SharedSection=1024,20480,2048 "));
        for odd in [
            "",
            "SharedSection=1,2",
            "SharedSection=1,2,x",
            "SharedSection=",
        ] {
            assert!(!is_heaps(odd), "{odd}");
        }
    }

    #[test]
    fn each_version_has_its_own_line() {
        let table = [
            ((5, 1), true, "1024,3072,512", true, false),
            ((6, 0), true, "1024,12288,512", true, false),
            ((6, 1), true, "1024,12288,512", true, true),
            ((6, 1), false, "1024,20480,768", true, true),
            ((6, 2), false, "1024,20480,768", false, true),
            ((10, 0), false, "1024,20480,768", false, true),
        ];
        for (version, is_32_bit, heaps, console, assemblies) in table {
            let line = command("", version, is_32_bit);
            assert!(line.contains(heaps), "{version:?}");
            assert_eq!(line.contains("ConServer"), console, "{version:?}");
            assert_eq!(line.contains("sxssrv"), assemblies, "{version:?}");
        }
    }
}

//! `quarantine-file`: files that stop a machine get another name, under which nothing finds them.
//!
//! Owns no value. Absent on purpose: deleting and moving; hives, boot files and what Windows starts
//! from, which are refused whatever is asked for.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error, chain};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer, Rename};
use disk::{Kind as EntryKind, RenameRecord, Root};
use volume::kernel::Version;

/// What a file's name gets at its end.
const ENDING: &str = ".offfix-quarantined";

/// More files than this are not one fault any more.
const MOST: usize = 100;

/// The value of `max-version` that leaves versions alone.
const ANY: &str = "any";

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "quarantine-file",
    title: "give a file that stops the machine another name",
    class: Class::OnRequest,
    risk: "the product the file belongs to works without it, or not at all",
    parameters: &[
        Parameter {
            name: "path",
            about: "which file, as the VM names it; * and ? may stand in the last part",
            default: None,
            values: r"a path such as Windows\System32\drivers\Contoso\C-0029*.sys",
            accepts: |text| pattern(text).is_some(),
        },
        Parameter {
            name: "max-version",
            about: "only files whose version is this or lower",
            default: Some(ANY),
            values: "any, or a version such as 10.0.14393.0",
            accepts: |text| text == ANY || version(text).is_some(),
        },
    ],
    about: include_str!("quarantine-file.md"),
    diagnose,
};

/// Folders in which nothing is renamed, each with what lies below it.
const REFUSED_BELOW: &[&str] = &[
    r"Boot",
    r"EFI",
    r"Windows\Boot",
    r"Windows\System32\Boot",
    r"Windows\System32\config",
];

/// Files without which nothing starts, in any folder.
const REFUSED_NAMES: &[&str] = &[
    "bootmgr",
    "bootmgr.efi",
    "ci.dll",
    "csrss.exe",
    "hal.dll",
    "hiberfil.sys",
    "kernel32.dll",
    "kernelbase.dll",
    "lsass.exe",
    "ntdll.dll",
    "ntoskrnl.exe",
    "pagefile.sys",
    "services.exe",
    "smss.exe",
    "svchost.exe",
    "swapfile.sys",
    "wininit.exe",
    "winload.efi",
    "winload.exe",
    "winlogon.exe",
    "win32k.sys",
    "win32kbase.sys",
    "win32kfull.sys",
    "winresume.efi",
    "winresume.exe",
];

/// The folder of drivers; those that Windows needs keep their names.
const DRIVERS: &str = r"Windows\System32\drivers";

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    if !context.ask.wants_it() {
        return Ok(());
    }
    let asked = context.parameter("path").unwrap_or_default();
    let limit = context.parameter("max-version").and_then(version);
    let Some((folder, name)) = pattern(asked) else {
        return Ok(());
    };
    let root = context.volume.root();
    let matches = matches(root, &folder, &name)?;
    if matches.is_empty() {
        findings.note(format!(
            "{asked}: no such file on this disk, so nothing to quarantine"
        ));
    }
    for path in matches {
        if is_refused(&path) {
            return Err(Error::Refused(format!(
                "{path} is a file Windows starts from"
            )));
        }
        look(findings, root, &path, limit)?;
    }
    Ok(())
}

/// Proposes one file, unless its version says that it is not meant.
fn look(
    findings: &mut Findings,
    root: &Root,
    path: &str,
    limit: Option<Version>,
) -> Result<(), Error> {
    let failed = |error| Error::Disk(chain(&error));
    let Some(bytes) = root.read(path, disk::RENAME_LIMIT).map_err(failed)? else {
        return Ok(());
    };
    let found = Version::of_file(&bytes);
    let said = found.map_or("no version".to_owned(), |version| {
        format!("version {version}")
    });
    if let Some(limit) = limit
        && found.is_none_or(|found| found > limit)
    {
        findings.note(format!(
            "{path} has {said}: not {limit} or lower, so it stays"
        ));
        return Ok(());
    }
    let name = free_name(root, path).map_err(failed)?;
    let title = format!("{path} gets another name, by request");
    let mut finding = Finding::new(Offer::WhenNamed, Certainty::Possible, title, path);
    let size = bytes.len();
    finding
        .evidence
        .push(format!("{size} bytes, {said}; the new name is {name}"));
    finding.renames.push(Rename {
        kind: Kind::Fix,
        edit: RenameRecord {
            root: 0,
            path: path.to_owned(),
            name,
            content: disk::Stamp::of(&bytes),
        },
    });
    findings.add(finding);
    Ok(())
}

/// The folder of a path and the pattern of its last part; `None` when it is none.
fn pattern(text: &str) -> Option<(String, String)> {
    let text = text.trim().trim_matches('"').replace('/', r"\");
    let below = match text.get(..2) {
        Some(drive)
            if drive.ends_with(':') && drive.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            text.get(2..)?.strip_prefix('\\')?
        }
        _ => text.strip_prefix('\\').unwrap_or(&text),
    };
    let (folder, name) = below.rsplit_once('\\')?;
    let odd = |c: char| c.is_control() || r#"<>:"|"#.contains(c);
    let plain = |part: &str| !part.is_empty() && !part.ends_with(['.', ' ']);
    let is_folder = folder.split('\\').all(plain) && !folder.contains(['*', '?']);
    let named = name.chars().any(|c| c != '*' && c != '?' && c != '.');
    (is_folder && named && plain(name) && !below.contains(odd))
        .then(|| (folder.to_owned(), name.to_owned()))
}

/// A version of one to four numbers; those that are missing are the largest.
fn version(text: &str) -> Option<Version> {
    let mut parts = [u16::MAX; 4];
    let mut numbers = text.split('.');
    for (place, part) in parts.iter_mut().enumerate() {
        match numbers.next() {
            Some(number) => *part = number.parse().ok()?,
            None if place > 0 => break,
            None => return None,
        }
    }
    let [major, minor, build, revision] = parts;
    numbers.next().is_none().then_some(Version {
        major,
        minor,
        build,
        revision,
    })
}

/// The files of a folder that fit a pattern, spelled as on the disk.
fn matches(root: &Root, folder: &str, pattern: &str) -> Result<Vec<String>, Error> {
    let failed = |error| Error::Disk(chain(&error));
    let Some(found) = root.find(folder).map_err(failed)? else {
        return Ok(Vec::new());
    };
    let entries = root.list(folder).map_err(failed)?.unwrap_or_default();
    let files = entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::File);
    let named = files.filter(|file| fits(&file.name, pattern) && !file.name.ends_with(ENDING));
    let paths: Vec<String> = named
        .map(|file| format!(r"{}\{}", found.path, file.name))
        .collect();
    if paths.len() > MOST {
        let why = format!(
            "{} files fit {folder}\\{pattern}, more than {MOST}",
            paths.len()
        );
        return Err(Error::Refused(why));
    }
    Ok(paths)
}

/// Whether a name fits a pattern with `*` for any characters and `?` for one.
fn fits(name: &str, pattern: &str) -> bool {
    let fold = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (name, pattern) = (fold(name), fold(pattern));
    // For each length of the pattern so far: whether the name so far fits.
    let mut row = vec![false; name.len() + 1];
    row.splice(..1, [true]);
    for wanted in pattern {
        let mut next = vec![wanted == '*' && row.first() == Some(&true)];
        for (place, found) in name.iter().enumerate() {
            let before = row.get(place) == Some(&true);
            let fits = match wanted {
                '*' => next.last() == Some(&true) || row.get(place + 1) == Some(&true),
                '?' => before,
                _ => before && wanted == *found,
            };
            next.push(fits);
        }
        row = next;
    }
    row.last() == Some(&true)
}

fn is_refused(path: &str) -> bool {
    let path = path.to_lowercase();
    let (folder, name) = path.rsplit_once('\\').unwrap_or(("", &path));
    let below = |known: &&&str| {
        let known = known.to_lowercase();
        folder == known || folder.starts_with(&format!(r"{known}\"))
    };
    let driver = name
        .strip_suffix(".sys")
        .filter(|_| folder == DRIVERS.to_lowercase());
    REFUSED_BELOW.iter().find(below).is_some()
        || REFUSED_NAMES.contains(&name)
        || driver.is_some_and(crate::services::is_needed)
}

/// The first free name for a file that is put aside.
fn free_name(root: &Root, path: &str) -> Result<String, disk::WalkError> {
    let (folder, name) = path.rsplit_once('\\').unwrap_or(("", path));
    let numbers = std::iter::once(String::new()).chain((2..).map(|number| format!("-{number}")));
    for number in numbers {
        let new = format!("{name}{ENDING}{number}");
        if root.find(&format!(r"{folder}\{new}"))?.is_none() {
            return Ok(new);
        }
    }
    Ok(format!("{name}{ENDING}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_below_the_disk_and_ends_in_a_name() {
        let cut = |text| pattern(text).map(|(folder, name)| format!("{folder}|{name}"));
        assert_eq!(cut(r"C:\a\b.sys").unwrap(), "a|b.sys");
        assert_eq!(cut(r"a/b c\C-0*.sys").unwrap(), r"a\b c|C-0*.sys");
        assert_eq!(cut(r#""\a\b""#).unwrap(), "a|b");
        for bad in [
            "",
            "b.sys",
            r"C:b\c",
            r"a\*",
            r"a\*.*",
            r"a\",
            r"a\..\b",
            r"a*\b",
            r"a\b:stream",
            "a\\b\nc",
            r"\\server\share\x.",
            r"1:\a\b",
        ] {
            assert_eq!(cut(bad), None, "{bad}");
        }
    }

    #[test]
    fn stars_and_question_marks() {
        for (name, pattern) in [
            ("C-00000291-0001.sys", "c-00000291*.SYS"),
            ("a.sys", "?.sys"),
            ("a.sys", "*"),
            ("", "*"),
            ("aXbXc", "a*b*c"),
        ] {
            assert!(fits(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in [
            ("C-00000292-0001.sys", "C-00000291*.sys"),
            ("a.sys2", "*.sys"),
            ("ab.sys", "?.sys"),
            ("", "?"),
            ("acb", "a*b*c"),
        ] {
            assert!(!fits(name, pattern), "{name} {pattern}");
        }
    }

    #[test]
    fn a_short_version_covers_what_follows() {
        let of = |text| version(text).map(|version| version.to_string());
        assert_eq!(of("6.3").unwrap(), "6.3.65535.65535");
        assert_eq!(of("10.0.14393.0").unwrap(), "10.0.14393.0");
        for bad in ["", "x", "1.", "1.2.3.4.5", "70000", "-1"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_windows_starts_from_keeps_its_name() {
        for path in [
            r"Windows\System32\config\SYSTEM",
            r"WINDOWS\system32\CONFIG\RegBack\SAM",
            r"Windows\System32\drivers\Ntfs.sys",
            r"Windows\System32\ntoskrnl.exe",
            r"Boot\BCD",
            r"EFI\Microsoft\Boot\bootmgfw.efi",
        ] {
            assert!(is_refused(path), "{path}");
        }
        for path in [
            r"Windows\System32\drivers\contoso.sys",
            r"Windows\System32\drivers\Contoso\ntfs.sys.dat",
            r"Windows\System32\configuration\x",
        ] {
            assert!(!is_refused(path), "{path}");
        }
    }
}

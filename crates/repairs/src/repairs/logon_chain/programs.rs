//! Whether the program that a value names is on this disk.
//!
//! Invariants: missing is said only of a disk whose System32 shows other programs; a link (a
//! compressed file) is not looked through, and is no proof of anything. Absent on purpose: what
//! lies on other drives of the VM.

use crate::context::{Context, Error};
use disk::Root;

/// A program that every Windows has, and which is never started from another place.
const WITNESS: &str = r"Windows\System32\svchost.exe";
const CURRENT_VERSION: &str = r"Microsoft\Windows NT\CurrentVersion";
/// What stands for the Windows folder in a path.
const WINDOWS: [&str; 3] = [r"%systemroot%\", r"%windir%\", r"\systemroot\"];

/// What the disk says about a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is there.
    There,
    /// It is not, and other programs are.
    Gone,
    /// It would lie elsewhere, or the disk does not show it.
    Unknown,
}

/// The programs of a disk.
pub(super) struct Programs<'v> {
    root: &'v Root,
    /// The Windows folder as the VM names it.
    windows: Option<String>,
    shows: bool,
}

impl<'v> Programs<'v> {
    /// Those of this disk. A SOFTWARE hive that cannot be read leaves the VM's drive unknown.
    pub(super) fn of(context: &Context<'v>) -> Result<Programs<'v>, Error> {
        let windows = match context.software(CURRENT_VERSION) {
            Ok(Some(key)) => key.text("SystemRoot")?,
            _ => None,
        };
        let root = context.volume.root();
        Ok(Programs {
            root,
            windows: windows.filter(|path| is_drive(path)),
            shows: matches!(root.find(WITNESS), Ok(Some(_))),
        })
    }

    /// The Windows folder as the VM names it.
    pub(super) fn windows(&self) -> &str {
        self.windows.as_deref().unwrap_or(r"C:\Windows")
    }

    /// Whether a full path lies on the drive of Windows; also when that drive is not known.
    pub(super) fn is_own_drive(&self, path: &str) -> bool {
        let own = self.windows.as_deref().and_then(|own| own.get(..2));
        own.is_none_or(|own| {
            path.get(..2)
                .is_some_and(|drive| drive.eq_ignore_ascii_case(own))
        })
    }

    /// Whether a program is on the disk; a name without folder is looked for where Windows looks.
    pub(super) fn see(&self, program: &str) -> Seen {
        let places = self.places(program);
        let mut gone = !places.is_empty() && self.shows;
        for place in places {
            match self.root.find(&place) {
                Ok(Some(_)) => return Seen::There,
                Ok(None) => {}
                Err(_) => gone = false,
            }
        }
        if gone { Seen::Gone } else { Seen::Unknown }
    }

    /// Whether a folder is there and a file in it is not.
    pub(super) fn lacks(&self, folder: &str, file: &str) -> bool {
        let file = self.root.find(&format!(r"{folder}\{file}"));
        matches!(self.root.find(folder), Ok(Some(_))) && matches!(file, Ok(None))
    }

    /// Where a program can lie, below the root; empty when that is not on this disk.
    fn places(&self, program: &str) -> Vec<String> {
        let name = program.rsplit('\\').next().unwrap_or(program);
        let program = match name.contains('.') {
            true => program.to_owned(),
            false => format!("{program}.exe"),
        };
        if !program.contains(['\\', '/', '%', ':']) {
            let folders = [r"Windows\System32", "Windows"];
            return folders.map(|it| format!(r"{it}\{program}")).to_vec();
        }
        if let Some(below) = below_windows(&program) {
            return vec![format!(r"Windows\{below}")];
        }
        let path = program.strip_prefix(r"\??\").unwrap_or(&program);
        let known = self.windows.is_some() && is_drive(path) && self.is_own_drive(path);
        let below = path.get(3..).filter(|below| known && !below.contains('%'));
        below.map(str::to_owned).into_iter().collect()
    }
}

/// Whether a text begins with a drive and its root.
pub(super) fn is_drive(path: &str) -> bool {
    path.starts_with(|first: char| first.is_ascii_alphabetic()) && path.get(1..3) == Some(r":\")
}

/// What follows the Windows folder in a path that names it by reference.
pub(super) fn below_windows(path: &str) -> Option<&str> {
    let lower = path.to_ascii_lowercase();
    let prefix = WINDOWS.iter().find(|prefix| lower.starts_with(**prefix))?;
    path.get(prefix.len()..)
}

/// The program of a command line: what is quoted, else what ends with the first `.exe`, else the
/// first word.
pub(super) fn program(command: &str) -> &str {
    let command = command.trim();
    if let Some(rest) = command.strip_prefix('"') {
        return rest.split('"').next().unwrap_or(rest);
    }
    let lower = command.to_ascii_lowercase();
    let end = lower.find(".exe").map(|at| at + 4);
    let ended = end.and_then(|end| command.get(..end));
    ended.unwrap_or_else(|| command.split_whitespace().next().unwrap_or_default())
}

/// Whether a path names this file of System32, with its folder in any spelling or without one.
pub(super) fn is_in_system32(path: &str, file: &str) -> bool {
    let below = below_windows(path).or_else(|| {
        let path = path.strip_prefix(r"\??\").unwrap_or(path);
        let (windows, below) = (path.get(3..11)?, path.get(11..)?);
        (is_drive(path) && windows.eq_ignore_ascii_case(r"Windows\")).then_some(below)
    });
    let name = match below {
        Some(below) => {
            let folder = below
                .get(..9)
                .filter(|it| it.eq_ignore_ascii_case(r"system32\"));
            folder.and_then(|_| below.get(9..)).unwrap_or_default()
        }
        None => path,
    };
    let (stem, _) = file.rsplit_once('.').unwrap_or((file, ""));
    name.eq_ignore_ascii_case(file) || name.eq_ignore_ascii_case(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_command() {
        for (command, wanted) in [
            ("explorer.exe", "explorer.exe"),
            ("  cmd /k x", "cmd"),
            (r#""C:\a b\c.exe" /x"#, r"C:\a b\c.exe"),
            (r"C:\Program Files\A\b.EXE /x", r"C:\Program Files\A\b.EXE"),
            ("\"open", "open"),
            ("", ""),
        ] {
            assert_eq!(program(command), wanted, "{command}");
        }
    }

    #[test]
    fn system32_has_several_spellings() {
        for good in [
            "csrss.exe",
            "csrss",
            r"%SystemRoot%\system32\csrss.exe",
            r"%windir%\System32\CSRSS.EXE",
            r"\SystemRoot\System32\csrss",
            r"C:\WINDOWS\system32\csrss.exe",
            r"\??\D:\Windows\system32\csrss.exe",
        ] {
            assert!(is_in_system32(good, "csrss.exe"), "{good}");
        }
        for bad in [
            "",
            r"%SystemRoot%\csrss.exe",
            r"C:\csrss.exe",
            r"C:\Windows\csrss.exe",
            r"C:\Windows\system32\x\csrss.exe",
            r"x\csrss.exe",
            "csrss.exe.bak",
        ] {
            assert!(!is_in_system32(bad, "csrss.exe"), "{bad}");
        }
    }
}

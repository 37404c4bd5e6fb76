//! Where the file of a service or driver lies on the disk, from how its `ImagePath` is spelled.
//!
//! Invariants: an answer is a path below the drive, with `\` between names, that leads into no
//! other drive; what is spelled for another drive, a share or a device has no answer. Absent on
//! purpose: whether the file is there (see [`crate::driver_files`]), and case: the walk ignores it.

use crate::context::Context;

/// No command line is cut in more ways.
const CUTS: usize = 16;

/// How the ways to the drive begin, in lower case, and what they lead to.
const ROOTS: [(&str, &str); 11] = [
    (r"\systemroot\", r"Windows\"),
    (r"%systemroot%\", r"Windows\"),
    (r"%windir%\", r"Windows\"),
    (r"%systemdrive%\", ""),
    (r"%programfiles%\", r"Program Files\"),
    (r"%programfiles(x86)%\", r"Program Files (x86)\"),
    (r"%programw6432%\", r"Program Files\"),
    (r"%commonprogramfiles%\", r"Program Files\Common Files\"),
    (
        r"%commonprogramfiles(x86)%\",
        r"Program Files (x86)\Common Files\",
    ),
    (r"%programdata%\", r"ProgramData\"),
    (r"%allusersprofile%\", r"ProgramData\"),
];

/// The drive of the Windows on the disk, as that Windows names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemDrive {
    /// Its letter, in upper case.
    pub letter: char,
}

impl SystemDrive {
    /// The drive by `SystemRoot` in SOFTWARE; `C` where that does not say.
    pub fn of(context: &Context<'_>) -> SystemDrive {
        let key = context.software(r"Microsoft\Windows NT\CurrentVersion");
        let root = key.ok().flatten().and_then(|key| {
            let root = key.text("SystemRoot");
            root.ok().flatten()
        });
        let letter = root.as_deref().and_then(|root| cut_letter(root));
        SystemDrive {
            letter: letter.map_or('C', |(letter, _)| letter),
        }
    }

    /// The file of a driver (`Type` 1, 2 or 8): without `ImagePath`, the one of its name in
    /// `System32\drivers`. `None` when it is not on this drive.
    pub fn driver(self, service: &str, image: Option<&str>) -> Option<String> {
        let image = image.map(|image| image.trim().trim_matches('"'));
        match image.filter(|image| !image.is_empty()) {
            None => Some(format!(r"Windows\System32\drivers\{service}.sys")),
            Some(image) => self.file(image),
        }
    }

    /// The files a service's command line can mean, in the order in which Windows tries them: of
    /// a path with blanks and without quotes, each beginning. Empty when it names none on this
    /// drive.
    pub fn program(self, command: &str) -> Vec<String> {
        let command = command.trim();
        if let Some(rest) = command.strip_prefix('"') {
            let quoted = rest.split('"').next().unwrap_or_default();
            return self.file(quoted).into_iter().collect();
        }
        let blanks = command.match_indices(' ').map(|(place, _)| place);
        let ends = blanks.chain([command.len()]);
        let cuts = ends.filter_map(|end| command.get(..end).map(str::trim_end));
        let mut files = Vec::new();
        for cut in cuts.take(CUTS) {
            let name = cut.rsplit('\\').next().unwrap_or_default();
            let ending = if name.contains('.') { "" } else { ".exe" };
            let bare = (cut == name).then(|| format!(r"System32\{cut}"));
            let file = self.file(bare.as_deref().unwrap_or(cut));
            files.extend(file.map(|file| format!("{file}{ending}")));
            // What has the ending of a program is one, whatever stands behind it.
            if name.to_ascii_lowercase().ends_with(".exe") {
                break;
            }
        }
        files.dedup();
        files
    }

    /// The file a path means to Windows, below the drive; a path without a beginning is below
    /// `Windows`. `None` when it is not on this drive.
    pub fn file(self, path: &str) -> Option<String> {
        let path = path.trim().replace('/', r"\");
        let device = [r"\??\", r"\\?\", r"\\.\"]
            .iter()
            .find_map(|device| path.strip_prefix(device));
        let lower = path.to_ascii_lowercase();
        let known = ROOTS.iter().find(|(root, _)| lower.starts_with(root));
        let file = if let Some((root, below)) = known {
            format!("{below}{}", path.get(root.len()..)?)
        } else if let Some((letter, below)) = cut_letter(device.unwrap_or(&path)) {
            (letter == self.letter).then(|| below.to_owned())?
        } else if device.is_none() {
            format!(r"Windows\{path}")
        } else {
            return None;
        };
        is_plain(&file).then_some(file)
    }
}

/// Cuts the drive off a full path.
fn cut_letter(path: &str) -> Option<(char, &str)> {
    let letter = path.chars().next().filter(char::is_ascii_alphabetic)?;
    let below = path.get(1..)?.strip_prefix(r":\")?;
    Some((letter.to_ascii_uppercase(), below))
}

/// Whether every name of a path can be one on a disk: neither empty nor `..` nor a reference.
fn is_plain(path: &str) -> bool {
    let plain = |name: &str| {
        let odd = |c: char| c.is_control() || r#"<>:"/|?*%"#.contains(c);
        !name.is_empty() && !name.ends_with(['.', ' ']) && !name.contains(odd)
    };
    path.split('\\').all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: SystemDrive = SystemDrive { letter: 'C' };

    #[test]
    fn a_driver_is_spelled_in_many_ways() {
        for (image, file) in [
            (
                r"System32\drivers\disk.sys",
                r"Windows\System32\drivers\disk.sys",
            ),
            (
                r"\SystemRoot\System32\drivers\disk.sys",
                r"Windows\System32\drivers\disk.sys",
            ),
            (
                r"%SystemRoot%\system32\DRIVERS\disk.sys",
                r"Windows\system32\DRIVERS\disk.sys",
            ),
            (r"\??\C:\Windows\system32\x.sys", r"Windows\system32\x.sys"),
            (
                r"\??\c:\Program Files\VMware\vm mem.sys",
                r"Program Files\VMware\vm mem.sys",
            ),
            (r#""\??\C:\x y\z.sys""#, r"x y\z.sys"),
            (
                r"system32/drivers/disk.sys",
                r"Windows\system32\drivers\disk.sys",
            ),
            (r" System32\CLFS.sys ", r"Windows\System32\CLFS.sys"),
        ] {
            assert_eq!(
                C.driver("disk", Some(image)).as_deref(),
                Some(file),
                "{image}"
            );
        }
        for image in [None, Some(""), Some("  ")] {
            let file = C.driver("Ntfs", image);
            assert_eq!(file.as_deref(), Some(r"Windows\System32\drivers\Ntfs.sys"));
        }
    }

    #[test]
    fn what_is_not_on_the_drive_has_no_answer() {
        for image in [
            r"\??\D:\x.sys",
            r"D:\x.sys",
            r"\\server\share\x.sys",
            r"\Device\HarddiskVolume2\Windows\x.sys",
            r"\??\GLOBALROOT\Device\x.sys",
            r"%PATH%\x.sys",
            r"..\x.sys",
            r"C:\..\x.sys",
            r"C:\a\\x.sys",
            r"C:x.sys",
            r"C:\",
            r"\SystemRoot\",
            "C:\\a\nb.sys",
            r"C:\x.sys:stream",
        ] {
            assert_eq!(C.driver("x", Some(image)), None, "{image}");
        }
        let there = SystemDrive { letter: 'D' };
        assert_eq!(there.file(r"d:\x.sys").as_deref(), Some("x.sys"));
        assert_eq!(there.file(r"C:\x.sys"), None);
    }

    #[test]
    fn a_program_has_quotes_blanks_and_arguments() {
        for (command, files) in [
            (
                r"%SystemRoot%\System32\svchost.exe -k NetworkService -p",
                vec![r"Windows\System32\svchost.exe"],
            ),
            (
                r#""C:\Program Files\A B\s.exe" /service "x y""#,
                vec![r"Program Files\A B\s.exe"],
            ),
            (
                r"C:\Program Files\A B\s.exe -run",
                vec![
                    "Program.exe",
                    r"Program Files\A.exe",
                    r"Program Files\A B\s.exe",
                ],
            ),
            (r"svchost.exe -k x", vec![r"Windows\System32\svchost.exe"]),
            (r"system32\lsass.exe", vec![r"Windows\system32\lsass.exe"]),
            (
                r"%ProgramFiles%\x\run -a",
                vec![r"Program Files\x\run.exe", r"Program Files\x\run -a.exe"],
            ),
            (
                r"%CommonProgramFiles(x86)%\x.exe",
                vec![r"Program Files (x86)\Common Files\x.exe"],
            ),
            (r"D:\x.exe -a", vec![]),
            (r"\\server\share\x.exe", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(C.program(command), files, "{command}");
        }
        let many = format!(r"C:\{}x", "a ".repeat(500));
        assert!(C.program(&many).len() <= CUTS);
    }
}

//! Files that get another name as lines of cmd.exe's own ren.
//!
//! Invariants: one line names one file. Absent on purpose: its content, which no line compares.

use super::Said;
use super::cmd::{argument, behind, line};
use crate::renames::RenameDocument;

/// Where the drive of the disk is in the running VM.
pub(super) const DRIVE: &str = r"%SystemDrive%\";

/// What a change is, for the remark before it.
pub(super) fn about(change: &RenameDocument) -> String {
    let (repair, kind, sha256) = (&change.repair, &change.kind, &change.sha256);
    format!("{repair} ({kind}): another name for the file with the SHA-256 {sha256}")
}

/// A file and its new name.
pub(super) fn lines(change: &RenameDocument) -> Said {
    let (path, name) = (&change.path, &change.name);
    if path.contains(['*', '?']) || name.contains(['*', '?', '\\', '/', ':']) {
        return Err("its name stands for more than one file".to_owned());
    }
    Ok(vec![line(&[
        "ren",
        &behind(DRIVE, path)?,
        &argument(name)?,
    ])?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_names_one_file() {
        let mut change = RenameDocument {
            repair: "quarantine-file".to_owned(),
            kind: "fix".to_owned(),
            path: r"Windows\System32\drivers\a 50%.sys".to_owned(),
            name: "a 50%.sys.aside".to_owned(),
            size: 1,
            sha256: "00".to_owned(),
        };
        let path = r"%SystemDrive%\Windows\System32\drivers\a 50%pct:~0,1%.sys";
        let line = format!("ren \"{path}\" \"a 50%pct:~0,1%.sys.aside\"");
        assert_eq!(lines(&change), Ok(vec![line]));
        for name in ["*.sys", r"..\a", "a:b", "a\u{202E}b"] {
            name.clone_into(&mut change.name);
            assert!(lines(&change).is_err(), "{name}");
        }
    }
}

//! The same work by both programs, this system's and Windows': the same words, the same bytes.
//!
//! Invariants: both are debug builds with the same pinned clock, on copies of one disk, each named
//! `F:`. Absent on purpose: a comparison of paths and of what only one system can see.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::tools::{Tools, finish};
use super::wine::Drive;

/// 2026-09-15 09:12 UTC.
pub(super) const NOW: &str = "1789463520";

/// What each system says of the partition behind a folder, in both widths of a line.
const UNSEEN: [&str; 4] = [
    "the folder is not where a whole file system is mounted",
    "the folder is not where a whole file\n                system is mounted",
    "the partition behind a folder can be seen on Linux only",
    "the partition behind a folder can be seen\n                on Linux only",
];

/// What is not asked for: here the disk is a folder, and there a drive with room of its own, of
/// whose disk Wine makes something up.
const BUT: [&str; 2] = ["--except", "boot-device-ids,disk-space"];

/// What both are told, one after the other.
const LIFE: [&[&str]; 12] = [
    &["plan", BUT[0], BUT[1]],
    &["plan", "--for", "rdp-internal-error", "--as-article"],
    &["plan", BUT[0], BUT[1], "--format", "json"],
    &[
        "plan",
        BUT[0],
        BUT[1],
        "--out",
        "p.json",
        "--detailed-exitcode",
    ],
    &["apply", "p.json", "--yes", "--note", "J\u{fc}rgen"],
    &["plan", BUT[0], BUT[1], "--detailed-exitcode"],
    &[
        "apply",
        "--with",
        "nla-off,crash-dump",
        BUT[0],
        BUT[1],
        "--yes",
        "--format",
        "json",
    ],
    &["log"],
    &["bcd", "enum", "all"],
    &["hive", "check", "SYSTEM"],
    &["undo", "--yes"],
    &["undo", "--yes", "--format", "json"],
];

/// One program, and the disk that it works on.
struct Side<'t> {
    tools: Option<&'t Tools>,
    program: PathBuf,
    /// Where it runs; plans and the journal come to lie here.
    place: PathBuf,
    disk: PathBuf,
}

impl Side<'_> {
    fn run(&self, words: &[&str]) -> Result<String> {
        let mut command = match self.tools {
            Some(tools) => tools.command(&self.program),
            None => Command::new(&self.program),
        };
        if words.first() == Some(&"hive") {
            let hive = self.disk.join("Windows/System32/config/SYSTEM");
            let hive = if self.tools.is_some() {
                PathBuf::from(r"F:\Windows\System32\config\SYSTEM")
            } else {
                hive
            };
            command.args(["hive", "check"]).arg(hive);
        } else {
            command.args(["--drive", "F:"]).args(words);
        }
        command.args(["--journal", "J"]);
        command.env("OFFFIX_TEST_TIME", NOW);
        command.env("OFFFIX_TEST_OPERATOR", "admin@recovery-01");
        let output = command
            .current_dir(&self.place)
            .stdin(Stdio::null())
            .output()
            .with_context(|| self.program.display().to_string())?;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).context("not UTF-8");
        let (out, err) = (text(output.stdout)?, text(output.stderr)?);
        let code = output.status.code().context("killed")?;
        Ok(self.plain(&format!("{out}{err}[exit {code}]\n")))
    }

    /// The text without what only this side can say: where it is, and how it writes paths.
    fn plain(&self, text: &str) -> String {
        let here = self.place.display().to_string();
        let text = text.replace(&format!("{here}/F:"), "F:");
        let text = text.replace(r"\\\\?\\", "").replace(r"\\?\", "");
        let text = text.replace(r"\\", "/").replace('\\', "/");
        let text = text.replace("F:/", "F:");
        let text = UNSEEN
            .iter()
            .fold(text, |text, unseen| text.replace(unseen, "[NOT SEEN]"));
        let text: String = text.split("MiB").map(roomless).collect();
        text.split_inclusive('\n').map(hashless).collect()
    }

    /// Every file of the disk.
    fn files(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut files = BTreeMap::new();
        read(&self.disk, Path::new(""), &mut files)?;
        Ok(files)
    }
}

pub(super) fn read(
    root: &Path,
    below: &Path,
    files: &mut BTreeMap<PathBuf, Vec<u8>>,
) -> Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read(root, &path, files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Lets both programs plan, apply and undo, and compares after every step. The program for Windows
/// is the one that was tested before.
///
/// # Errors
/// When they differ, or nothing was changed.
pub(super) fn check(tools: &Tools, drive: &Drive) -> Result<String> {
    if cfg!(windows) {
        return Ok("skipped: this system is Windows".to_owned());
    }
    let host = cargo_host()?;
    drive.clear()?;
    let scratch = crate::shell()?.create_temp_dir()?;
    let [here, there] = ["here", "there"].map(|name| scratch.path().join(name));
    fs::create_dir_all(here.join("F:"))?;
    fs::create_dir_all(&there)?;
    let disk = testkit::windows::demo();
    disk.write_to(&here.join("F:"))?;
    disk.write_to(drive.folder())?;
    let sides = [
        Side {
            tools: None,
            program: host,
            disk: here.join("F:"),
            place: here,
        },
        Side {
            tools: Some(tools),
            program: tools.program("debug"),
            place: there,
            disk: drive.folder().to_owned(),
        },
    ];
    let [ours, theirs] = &sides;
    let before = ours.files()?;
    let mut changes = 0;
    for words in LIFE {
        let name = words.join(" ");
        compare(&ours.run(words)?, &theirs.run(words)?).context(name.clone())?;
        let (left, right) = (ours.files()?, theirs.files()?);
        let differ = left
            .iter()
            .find(|(path, bytes)| right.get(*path) != Some(*bytes));
        let differ = differ.map(|(path, _)| path.display());
        ensure!(
            differ.is_none() && left.len() == right.len(),
            "{name}: the disks differ: {}",
            differ.map_or("another file".to_owned(), |path| path.to_string())
        );
        changes += usize::from(left != before);
    }
    ensure!(changes > 2, "nothing was changed");
    ensure!(ours.files()? == before, "undo did not give the bytes back");
    Ok(format!("{} commands, the same words and bytes", LIFE.len()))
}

/// The program of this system, built anew.
fn cargo_host() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--package", "offfix"]);
    finish(&mut cargo)?;
    let own = std::env::current_exe()?;
    let above = own.parent().context("this program has no folder")?;
    Ok(above.join("offfix"))
}

/// A line of the log without the hash of a plan file, which says where its disk was.
fn hashless(line: &str) -> &str {
    match line.split_once(", sha256 ") {
        Some((from, _)) if line.starts_with("    from ") => from,
        _ => line,
    }
}

/// Without the number at the end: others write to this machine's disk meanwhile.
fn roomless(text: &str) -> &str {
    text.trim_end()
        .trim_end_matches(|end: char| end.is_ascii_digit())
}

/// Fails with the first line that differs.
fn compare(ours: &str, theirs: &str) -> Result<()> {
    let mut lines = ours.lines().zip(theirs.lines());
    if let Some((left, right)) = lines.find(|(left, right)| left != right) {
        anyhow::bail!("here: {left:?}, Windows: {right:?}");
    }
    ensure!(ours == theirs, "one side says more:\n{ours}\n{theirs}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_told() {
        compare("a\nb\n", "a\nb\n").unwrap();
        let error = compare("a\nb\nc\n", "a\nB\nC\n").unwrap_err().to_string();
        assert_eq!(error, r#"here: "b", Windows: "B""#);
        assert!(compare("a\n", "a\nb\n").is_err());
    }

    #[test]
    fn places_are_not_compared() {
        let side = |place: &str| Side {
            tools: None,
            program: PathBuf::new(),
            place: PathBuf::from(place),
            disk: PathBuf::new(),
        };
        let ours = side("/a").plain("disk /a/F: in J/x\n");
        assert_eq!(ours, side(r"Z:\b").plain("disk F:\\ in J\\x\n"));
    }
}

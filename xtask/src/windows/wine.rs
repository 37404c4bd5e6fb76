//! Wine with a prefix of its own, a server that stays until the task ends, and a drive `F:`.
//!
//! Invariants: no other prefix is touched; the server of this one ends with [`Wine`]; on Windows
//! there is nothing to start, and `F:` is a substitute for a folder.
//! Absent on purpose: a screen.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::kit::Kit;

/// A library of newer Windows that Wine 8 has not, and programs of Rust ask for. Its one function
/// fills memory with random bytes.
const MISSING: &str = "#include <windows.h>\n#include <ntsecapi.h>\n\
    __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T size)\n\
    { return RtlGenRandom(to, size); }\n";

/// A Wine that runs, or nothing on Windows itself.
#[derive(Debug)]
pub(super) struct Wine {
    variables: Vec<(&'static str, OsString)>,
    folder: PathBuf,
}

/// The drive `F:` and the folder behind it.
#[derive(Debug)]
pub(super) struct Drive {
    folder: PathBuf,
}

impl Drive {
    /// The folder that is the drive's root.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes everything on it.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub(super) fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Wine {
    /// What a program needs to see to run in this Wine.
    pub(super) fn variables(kit: &Kit) -> Vec<(&'static str, OsString)> {
        vec![
            ("WINEPREFIX", kit.path("prefix").into()),
            // Silence, and no question when a program crashes: its exit code would be lost.
            ("WINEDEBUG", "-all".into()),
            ("WINEDLLOVERRIDES", "mscoree,mshtml,winedbg.exe=".into()),
            // Names of files are taken for UTF-8 only where the locale says so.
            ("LC_ALL", "C.UTF-8".into()),
        ]
    }

    /// Makes the prefix when it is not there, and starts its server.
    ///
    /// # Errors
    /// When Wine fails.
    pub(super) fn start(kit: &Kit) -> Result<Wine> {
        let mut wine = Wine {
            variables: Vec::new(),
            folder: kit.path("drive"),
        };
        fs::create_dir_all(&wine.folder)?;
        if cfg!(windows) {
            return Ok(wine);
        }
        wine.variables = Wine::variables(kit);
        let prefix = kit.path("prefix");
        let made = prefix.join("made");
        if !made.is_file() {
            wine.call("wineboot", &["--init"])?;
            wine.call("wineserver", &["--wait"])?;
            let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
            if !library.exists() {
                missing_library(kit, &library)?;
            }
            // A new prefix says that it is Windows 7.
            wine.call("wine", &["winecfg", "-v", "win10"])?;
            wine.call("wineserver", &["--wait"])?;
            fs::write(&made, "")?;
        }
        // A server that starts with a program keeps that program's standard error open.
        wine.call("wineserver", &["--persistent"])?;
        wine.call("wineboot", &[])?;
        Ok(wine)
    }

    /// Lets `F:` be an empty folder.
    ///
    /// # Errors
    /// When there is another `F:`, or it cannot be cleared.
    pub(super) fn drive(&self) -> Result<Drive> {
        let drive = Drive {
            folder: self.folder.clone(),
        };
        self.map(&drive.folder)?;
        Ok(drive)
    }

    #[cfg(unix)]
    fn map(&self, folder: &Path) -> Result<()> {
        let prefix = self
            .variables
            .iter()
            .find(|(name, _)| *name == "WINEPREFIX");
        let (_, prefix) = prefix.context("no prefix")?;
        let link = Path::new(prefix).join("dosdevices/f:");
        if fs::read_link(&link).is_ok_and(|target| target == folder) {
            return Ok(());
        }
        if link.symlink_metadata().is_ok() {
            fs::remove_file(&link)?;
        }
        std::os::unix::fs::symlink(folder, &link)?;
        Ok(())
    }

    #[cfg(windows)]
    fn map(&self, folder: &Path) -> Result<()> {
        let drive = Path::new("F:\\");
        if !drive.exists() {
            self.call("subst", &["F:", &folder.display().to_string()])?;
        }
        // What is on it will be removed.
        let ours = fs::canonicalize(drive)? == fs::canonicalize(folder)?;
        ensure!(ours, "there is another drive F: on this machine");
        Ok(())
    }

    /// Calls one of Wine's programs, whose words are of no interest.
    fn call(&self, program: &str, words: &[&str]) -> Result<()> {
        let mut command = Command::new(program);
        command.args(words).env_remove("DISPLAY");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let silent = [Stdio::null, Stdio::null];
        let [out, err] = silent.map(|nothing| nothing());
        let status = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .status();
        let status = status.with_context(|| program.to_owned())?;
        // A server that already runs says so with a code of its own.
        let running = program == "wineserver" && words == ["--persistent"];
        ensure!(
            status.success() || running,
            "{program} {}: {status}",
            words.join(" ")
        );
        Ok(())
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        if cfg!(unix) {
            // Nothing is lost when it runs on.
            let _ = self.call("wineserver", &["--kill"]);
        }
    }
}

fn missing_library(kit: &Kit, library: &Path) -> Result<()> {
    let source = kit.path("bcryptprimitives.c");
    fs::write(&source, MISSING)?;
    let status = Command::new("x86_64-w64-mingw32-gcc")
        .args(["-O2", "-s", "-shared", "-o"])
        .args([library, &source])
        .arg("-ladvapi32")
        .status()?;
    ensure!(status.success(), "{}: {status}", library.display());
    Ok(())
}

//! What builds and runs Windows programs here: a compiler with the target, a linker, a runner.
//!
//! Invariants: rustup's target is taken when it is installed; else, on Debian, Debian's compiler
//! with a standard library that the kit holds; both see the same flags.
//! Absent on purpose: a choice by option; what is installed decides, unless the environment asks
//! for Debian's compiler.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::kit::Kit;
use super::wine::Wine;

/// Set to anything, it asks for Debian's compiler even where rustup has the target.
const DEBIAN: &str = "OFFFIX_WINDOWS_DEBIAN";
/// What Windows itself builds.
const NATIVE: &str = "x86_64-pc-windows-msvc";
/// What can be built elsewhere.
const CROSS: &str = "x86_64-pc-windows-gnu";
/// The cross compiler and its Debian package.
const LINKER: [&str; 2] = ["x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"];
/// Wine and its Debian packages.
const WINE: [&str; 3] = ["wine", "wine", "wine64"];

/// A way to build and run Windows programs.
#[derive(Debug)]
pub(super) struct Tools {
    cargo: PathBuf,
    /// Cargo's subcommand for lints, where Cargo would find another compiler's.
    clippy: Option<PathBuf>,
    target: &'static str,
    target_dir: PathBuf,
    kit: Kit,
    /// What every command sees besides the environment.
    variables: Vec<(String, OsString)>,
}

impl Tools {
    /// Finds the tools, and installs on Debian what is missing.
    ///
    /// # Errors
    /// When something is missing and cannot be installed.
    pub(super) fn find() -> Result<Tools> {
        let folder = crate::target_dir()?;
        let kit = Kit::at(&folder)?;
        let cargo = PathBuf::from(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let mut tools = Tools {
            cargo,
            clippy: None,
            target: NATIVE,
            target_dir: folder.clone(),
            kit,
            variables: Vec::new(),
        };
        let mut flags = vec!["-Dwarnings".to_owned()];
        if cfg!(windows) {
            flags.push("-Ctarget-feature=+crt-static".to_owned());
        } else {
            tools.target = CROSS;
            tools.kit.install(&[LINKER[0]], &LINKER[1..])?;
            tools.kit.install(&WINE[..1], &WINE[1..])?;
            if std::env::var_os(DEBIAN).is_some() || !rustup_has(CROSS) {
                tools.kit.install(&kit_programs(), kit_packages())?;
                let sysroot = tools.kit.sysroot(CROSS)?;
                flags.push(format!("--sysroot={}", sysroot.display()));
                tools.cargo = PathBuf::from("/usr/bin/cargo");
                tools.clippy = Some(PathBuf::from("/usr/bin/cargo-clippy"));
                // Two compilers in one folder make each other's work stale.
                tools.target_dir = folder.join("windows");
                tools.set("RUSTC", "/usr/bin/rustc");
                tools.set("RUSTDOC", "/usr/bin/rustdoc");
            }
            tools.set(&tools.key("LINKER"), LINKER[0]);
            tools.set(&tools.key("RUNNER"), "wine");
            for (name, value) in Wine::variables(&tools.kit) {
                tools.set(name, value);
            }
        }
        let flags = flags.join(" ");
        tools.set(&tools.key("RUSTFLAGS"), flags);
        // Where tests look for snapshots: under Wine they cannot ask Cargo.
        tools.set("INSTA_WORKSPACE_ROOT", crate::root()?);
        tools.set("INSTA_UPDATE", "no");
        tools.set("CARGO_TARGET_DIR", tools.target_dir.clone());
        // Nobody looks into these programs with a debugger, and writing for one takes time.
        tools.set("CARGO_PROFILE_DEV_DEBUG", "0");
        Ok(tools)
    }

    fn key(&self, end: &str) -> String {
        let target = self.target.to_uppercase().replace('-', "_");
        format!("CARGO_TARGET_{target}_{end}")
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// A running Wine with the drive `F:`, or Windows itself.
    ///
    /// # Errors
    /// When Wine cannot be set up.
    pub(super) fn wine(&self) -> Result<Wine> {
        Wine::start(&self.kit)
    }

    /// Where Cargo puts the program of a profile.
    pub(super) fn program(&self, profile: &str) -> PathBuf {
        let folder = self.target_dir.join(self.target).join(profile);
        folder.join("offfix.exe")
    }

    /// A command that runs a Windows program.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = if cfg!(windows) {
            Command::new(program)
        } else {
            let mut command = Command::new("wine");
            command.arg(program);
            command
        };
        self.place(&mut command);
        command
    }

    /// Cargo with these words for the target, not yet started.
    pub(super) fn cargo_command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.cargo);
        let (task, words) = words.split_at(words.len().min(1));
        command
            .args(task)
            .args(["--target", self.target])
            .args(words);
        self.place(&mut command);
        command
    }

    /// Runs Cargo with these words for the target.
    ///
    /// # Errors
    /// When Cargo fails.
    pub(super) fn cargo(&self, words: &[&str]) -> Result<()> {
        finish(&mut self.cargo_command(words))
    }

    /// Clippy over all targets; a warning is an error.
    ///
    /// # Errors
    /// When clippy complains.
    pub(super) fn lint(&self) -> Result<()> {
        let words = ["clippy", "--workspace", "--all-targets"];
        let mut command = self.cargo_command(&words);
        if let Some(clippy) = &self.clippy {
            self.kit.install(&[clippy], &["rust-web-clippy"])?;
            command = Command::new(clippy);
            command.args(words).args(["--target", self.target]);
            self.place(&mut command);
            command.env("CARGO", &self.cargo);
        }
        finish(&mut command)
    }

    /// Gives a command what every command sees.
    pub(super) fn place(&self, command: &mut Command) {
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        // What the outer Cargo said about this task is not about the inner one's work.
        for name in ["CARGO", "CARGO_MANIFEST_DIR", "RUSTUP_TOOLCHAIN", "DISPLAY"] {
            if name != "RUSTUP_TOOLCHAIN" || self.clippy.is_some() {
                command.env_remove(name);
            }
        }
    }
}

fn kit_programs() -> [&'static str; 2] {
    [
        "/usr/bin/cargo",
        "/usr/lib/rustlib/src/rust/library/sysroot/Cargo.toml",
    ]
}

fn kit_packages() -> &'static [&'static str] {
    &["cargo-web", "rustc-web", "rust-web-src"]
}

/// Whether rustup's compiler in use has the standard library of a target.
fn rustup_has(target: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(folder.trim()).is_dir()
    })
}

/// Runs a command in the checkout and expects success.
///
/// # Errors
/// When it cannot be started or fails.
pub(super) fn finish(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_owned();
    let status = command
        .current_dir(crate::root()?)
        .status()
        .with_context(|| name.display().to_string())?;
    ensure!(
        status.success(),
        "{} {}: {status}",
        name.display(),
        words(command)
    );
    Ok(())
}

fn words(command: &Command) -> String {
    let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

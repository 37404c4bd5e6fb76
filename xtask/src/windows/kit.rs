//! The kit: a folder with what only Windows builds need, and Debian's packages beside it.
//!
//! Invariants: nothing is made twice; the standard library is made again when the compiler is
//! another one. Absent on purpose: other distributions; they have rustup's target.
#![expect(
    clippy::print_stdout,
    reason = "tasks talk to the person who called them"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

/// Names another folder for the kit.
const FOLDER: &str = "OFFFIX_WINDOWS_KIT";
/// The sources of the standard library, where Debian keeps them.
const SOURCES: &str = "/usr/lib/rustlib/src/rust/library/sysroot/Cargo.toml";

/// The folder.
#[derive(Debug)]
pub(super) struct Kit {
    folder: PathBuf,
}

impl Kit {
    /// The kit that the environment names, or the one below Cargo's target folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(super) fn at(target_dir: &Path) -> Result<Kit> {
        let named = std::env::var_os(FOLDER).map(PathBuf::from);
        let folder = named.unwrap_or_else(|| target_dir.join("windows-kit"));
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Kit { folder })
    }

    /// A place in the kit.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Installs Debian packages unless all of these programs or files are there.
    ///
    /// # Errors
    /// When they are missing and this user may not install, or installing fails.
    pub(super) fn install(&self, programs: &[impl AsRef<Path>], packages: &[&str]) -> Result<()> {
        let there = || programs.iter().all(|program| is_there(program.as_ref()));
        if there() {
            return Ok(());
        }
        let shell = Shell::new()?;
        let by_hand = format!(
            "apt-get install --no-install-recommends {}",
            packages.join(" ")
        );
        if !is_there(Path::new("apt-get")) {
            bail!("Windows builds need rustup's x86_64-pc-windows-gnu, mingw-w64 and Wine");
        }
        let user = cmd!(shell, "id -u").quiet().read()?;
        ensure!(user.trim() == "0", "missing tools; as root: {by_hand}");
        println!("installing: {}", packages.join(" "));
        shell.set_var("DEBIAN_FRONTEND", "noninteractive");
        let output = cmd!(
            shell,
            "apt-get -qq install --yes --no-install-recommends {packages...}"
        );
        if output
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .is_err()
        {
            cmd!(shell, "apt-get -qq update").quiet().run()?;
            cmd!(
                shell,
                "apt-get -qq install --yes --no-install-recommends {packages...}"
            )
            .quiet()
            .ignore_stdout()
            .run()?;
        }
        ensure!(there(), "still missing after {by_hand}");
        Ok(())
    }

    /// A folder with the standard library of a target for Debian's compiler, made when it is not
    /// there or another compiler's.
    ///
    /// # Errors
    /// When it cannot be built; it takes crates.io.
    pub(super) fn sysroot(&self, target: &str) -> Result<PathBuf> {
        let shell = Shell::new()?;
        let compiler = cmd!(shell, "/usr/bin/rustc --version --verbose")
            .quiet()
            .read()?;
        let sysroot = self.path("sysroot");
        let stamp = sysroot.join("compiler");
        if fs::read_to_string(&stamp).is_ok_and(|made_by| made_by == compiler) {
            return Ok(sysroot);
        }
        println!("building the standard library of {target}, once");
        let build = self.path("std");
        let mut cargo = Command::new("/usr/bin/cargo");
        cargo
            .args([
                "build",
                "--quiet",
                "--profile",
                "dist",
                "--locked",
                "--features",
                "backtrace",
            ])
            .args([
                "--target",
                target,
                "--manifest-path",
                SOURCES,
                "--target-dir",
            ])
            .arg(&build)
            // How the standard library says that it is one.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Zforce-unstable-if-unmarked")
            .env("RUSTC", "/usr/bin/rustc");
        for name in ["CARGO", "RUSTUP_TOOLCHAIN", "CARGO_TARGET_DIR"] {
            cargo.env_remove(name);
        }
        super::tools::finish(&mut cargo)?;
        let libraries = sysroot.join("lib/rustlib").join(target).join("lib");
        copy_libraries(&build.join(target).join("dist/deps"), &libraries)?;
        fs::remove_dir_all(&build)?;
        fs::write(&stamp, compiler)?;
        Ok(sysroot)
    }
}

/// Copies what programs link, without the package that only held it together.
fn copy_libraries(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libsysroot-") {
            fs::copy(&path, to.join(&*name))?;
        }
    }
    Ok(())
}

/// Whether a file is there, or a program of this name can be called.
fn is_there(program: &Path) -> bool {
    if program.is_absolute() {
        return program.exists();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

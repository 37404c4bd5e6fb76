//! Task `dist`: what a release consists of: an archive for each system, and their checksums.
//!
//! Invariants: the same programs and texts give the same bytes, on every machine and at every
//! time; what is not in the checkout is made from it. Absent on purpose: signatures, and
//! publishing.
#![expect(
    clippy::print_stdout,
    reason = "tasks talk to the person who called them"
)]

mod archive;
mod contents;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use xshell::cmd;

use crate::windows;

/// The name of the list of checksums, in the form that `sha256sum --check` reads.
const SUMS: &str = "SHA256SUMS";

/// Whom a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    Windows,
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    /// Where it lies in the package, with forward slashes.
    path: String,
    bytes: Vec<u8>,
    program: bool,
}

/// Builds and packs for the systems that are named; without a name for all that this one can
/// build for.
///
/// # Errors
/// When a word is unknown, a program does not build, or something cannot be read or written.
pub fn run(args: &[String]) -> Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let systems: &[System] = match words.as_slice() {
        [] if cfg!(windows) => &[System::Windows],
        [] => &[System::Linux, System::Windows],
        ["linux"] => &[System::Linux],
        ["windows"] => &[System::Windows],
        _ => bail!("expected nothing, linux or windows"),
    };
    let folder = crate::target_dir()?.join("dist");
    fs::create_dir_all(&folder)?;
    let mut sums = String::new();
    for system in systems {
        let program = match system {
            System::Linux => linux()?,
            System::Windows => windows::shipped()?,
        };
        let program = fs::read(&program).with_context(|| program.display().to_string())?;
        let (name, bytes) = package(*system, program)?;
        println!("dist: {name}, {} bytes", bytes.len());
        sums.push_str(&sum(&name, &bytes));
        let path = folder.join(name);
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    fs::write(folder.join(SUMS), &sums)?;
    print!("{sums}");
    println!("dist: {}", folder.display());
    Ok(())
}

/// The program for this system.
fn linux() -> Result<PathBuf> {
    let shell = crate::shell()?;
    cmd!(shell, "cargo build --release --locked --package offfix").run()?;
    Ok(crate::target_dir()?.join("release/offfix"))
}

/// A package's name and bytes.
fn package(system: System, program: Vec<u8>) -> Result<(String, Vec<u8>)> {
    let version = env!("CARGO_PKG_VERSION");
    let members = contents::of(system, program)?;
    let folder = format!("offfix-{version}");
    Ok(match system {
        System::Linux => {
            let processor = match std::env::consts::ARCH {
                "x86_64" => "x64",
                other => other,
            };
            let name = format!("{folder}-linux-{processor}.tar.gz");
            (name, archive::tar_gz(&folder, &members)?)
        }
        System::Windows => {
            let name = format!("{folder}-windows-x64.zip");
            (name, archive::zip(&folder, &members)?)
        }
    })
}

/// A line of the list of checksums.
fn sum(name: &str, bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}  {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_that_sha256sum_reads() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.zip\n";
        assert_eq!(sum("a.zip", b""), empty);
    }

    #[test]
    fn packages_unpack_to_what_was_packed() {
        for system in [System::Linux, System::Windows] {
            let program = b"a program".repeat(1000);
            let (name, bytes) = package(system, program.clone()).unwrap();
            let unpacked = match system {
                System::Linux => archive::tests::untar(&bytes),
                System::Windows => archive::tests::unzip(&bytes),
            };
            let folder = format!("offfix-{}/", env!("CARGO_PKG_VERSION"));
            assert!(name.starts_with(folder.trim_end_matches('/')), "{name}");
            let packed = contents::of(system, program).unwrap();
            let packed: Vec<Member> = packed
                .into_iter()
                .map(|member| Member {
                    path: format!("{folder}{}", member.path),
                    ..member
                })
                .collect();
            assert_eq!(unpacked, packed);
        }
    }

    #[test]
    fn packing_again_gives_the_same_bytes() {
        for system in [System::Linux, System::Windows] {
            let twice = [(); 2].map(|()| package(system, b"a program".to_vec()).unwrap());
            assert!(twice[0] == twice[1], "{system:?}");
        }
    }
}

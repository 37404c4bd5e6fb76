//! What is in a package: the program, the texts of the checkout, and what is made from the
//! command line's own description.
//!
//! Invariants: members are sorted by path. Absent on purpose: archives.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_complete::{Generator, Shell};
use clap_mangen::Man;

use super::{Member, System};

/// The program's own description of what can be typed. A program cannot be imported, and only
/// this part of it is wanted.
#[path = "../../../crates/offfix/src/arguments/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "what was typed is the program's business"
)]
mod arguments;

/// The members of a system's package.
///
/// # Errors
/// When a text of the checkout cannot be read.
pub(super) fn of(system: System, program: Vec<u8>) -> Result<Vec<Member>> {
    let name = match system {
        System::Linux => "offfix",
        System::Windows => "offfix.exe",
    };
    let mut members = vec![Member {
        path: name.to_owned(),
        bytes: program,
        program: true,
    }];
    let root = crate::root()?;
    let is_text = |name: &str| name == "README.md" || name.starts_with("LICENSE-");
    texts(&root, "", &is_text, &mut members)?;
    texts(&root, "docs/", &|name| name.ends_with(".md"), &mut members)?;
    texts(&root, "contrib/", &|_| true, &mut members)?;
    let mut command = arguments::Arguments::command();
    let shells: &[Shell] = match system {
        System::Linux => &[Shell::Bash, Shell::Fish, Shell::PowerShell, Shell::Zsh],
        System::Windows => &[Shell::PowerShell],
    };
    for shell in shells {
        let mut bytes = Vec::new();
        clap_complete::generate(*shell, &mut command, "offfix", &mut bytes);
        let name = shell.file_name("offfix");
        members.push(text(format!("completions/{name}"), bytes));
    }
    if system == System::Linux {
        command.build();
        pages(&command, &mut members)?;
    }
    members.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(members)
}

fn text(path: String, bytes: Vec<u8>) -> Member {
    Member {
        path,
        bytes,
        program: false,
    }
}

/// Files of one folder of the checkout whose names are wanted.
fn texts(
    root: &Path,
    folder: &str,
    wanted: &dyn Fn(&str) -> bool,
    members: &mut Vec<Member>,
) -> Result<()> {
    let place = || format!("reading {}", root.join(folder).display());
    for entry in fs::read_dir(root.join(folder)).with_context(place)? {
        let entry = entry.with_context(place)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && wanted(&name) {
            let bytes = fs::read(entry.path()).with_context(place)?;
            members.push(text(format!("{folder}{name}"), bytes));
        }
    }
    Ok(())
}

/// The manual pages of a command and of those below it.
fn pages(command: &Command, members: &mut Vec<Member>) -> Result<()> {
    let page = Man::new(command.clone());
    let mut bytes = Vec::new();
    page.render(&mut bytes)?;
    members.push(text(format!("man/{}", page.get_filename()), bytes));
    for below in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        pages(below, members)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(system: System, expected: &[&str]) -> Vec<Member> {
        let members = of(system, b"program".to_vec()).unwrap();
        let paths: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
        for path in expected {
            assert!(paths.contains(path), "{path} is not in {paths:?}");
        }
        let programs = members.iter().filter(|member| member.program);
        assert_eq!(programs.count(), 1);
        members
    }

    #[test]
    fn windows_gets_what_a_recovery_vm_needs() {
        let members = has(
            System::Windows,
            &[
                "LICENSE-GPL",
                "README.md",
                "completions/_offfix.ps1",
                "contrib/az-vm-repair.ps1",
                "docs/safety.md",
                "offfix.exe",
            ],
        );
        let manual = members.iter().any(|member| member.path.starts_with("man/"));
        assert!(!manual, "Windows reads no manual pages");
    }

    #[test]
    fn linux_gets_manual_pages_and_every_shell() {
        let members = has(
            System::Linux,
            &[
                "completions/_offfix",
                "completions/_offfix.ps1",
                "completions/offfix.bash",
                "completions/offfix.fish",
                "man/offfix-hive-set.1",
                "man/offfix-plan.1",
                "man/offfix.1",
                "offfix",
            ],
        );
        let page = members.iter().find(|one| one.path == "man/offfix-plan.1");
        let page = String::from_utf8(page.unwrap().bytes.clone()).unwrap();
        assert!(page.contains("control\\-set"), "{page}");
    }
}

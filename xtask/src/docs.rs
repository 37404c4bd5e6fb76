//! Task `docs`: docs/cli.md from the help texts of `offfix`, docs/catalogue.md from its repairs.
//!
//! Invariants: the pages hold what the program and the repairs' own pages say, word for word;
//! `--check` writes nothing. Absent on purpose: prose; that stands in pages written by hand.

mod catalogue;
mod page;

use std::fs;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

const COMMANDS: &str = "docs/cli.md";
const CATALOGUE: &str = "docs/catalogue.md";
/// Commands below commands; one more would be a loop in the help texts.
const DEPTH: usize = 3;

/// Writes the pages, or with `--check` fails when one is not what would be written.
///
/// # Errors
/// When the arguments are unknown, `offfix` does not build, a repair's page lacks a section, or a
/// page differs.
pub fn run(args: &[String]) -> Result<()> {
    let check = crate::check_flag(args)?;
    let shell = crate::shell()?;
    let commands = page(&mut |words| help(&shell, words))?;
    settle(check, COMMANDS, &commands)?;
    let list = cmd!(
        shell,
        "cargo run --quiet --package offfix -- repairs --format json"
    );
    let list = list.quiet().read()?;
    settle(check, CATALOGUE, &catalogue::page(&list, &crate::root()?)?)
}

/// Writes a page, or compares it.
fn settle(check: bool, name: &str, page: &str) -> Result<()> {
    let path = crate::root()?.join(name);
    if check {
        let now = fs::read_to_string(&path).with_context(|| format!("reading {name}"))?;
        ensure!(
            now == page,
            "{name} differs from the program: run `cargo xtask docs`"
        );
        println!("docs: {name} is what the program says");
    } else {
        fs::write(&path, page).with_context(|| format!("writing {name}"))?;
        println!("docs: {name} written");
    }
    Ok(())
}

fn help(shell: &Shell, words: &[String]) -> Result<String> {
    let help = cmd!(
        shell,
        "cargo run --quiet --package offfix -- {words...} --help"
    );
    Ok(help.env("NO_COLOR", "1").quiet().read()?)
}

/// The whole page, from a function that gives the help text of a command.
fn page(help: &mut impl FnMut(&[String]) -> Result<String>) -> Result<String> {
    let mut page = String::from(
        "# The command line\n\nWritten by `cargo xtask docs` from the program's own help.\n",
    );
    section(help, &[], &mut page)?;
    Ok(page)
}

fn section(
    help: &mut impl FnMut(&[String]) -> Result<String>,
    words: &[String],
    page: &mut String,
) -> Result<()> {
    let text = help(words)?.replace("\r\n", "\n");
    let name = format!("offfix {}", words.join(" "));
    let name = name.trim_end();
    ensure!(!text.trim().is_empty(), "`{name} --help` says nothing");
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    page.push_str(&format!(
        "\n## {name}\n\n```text\n{}\n```\n",
        lines.join("\n")
    ));
    if words.len() < DEPTH {
        for command in commands(&text) {
            let mut below = words.to_vec();
            below.push(command.to_string());
            section(help, &below, page)?;
        }
    }
    Ok(())
}

/// The names in the list of commands of a help text, without `help` itself.
fn commands(text: &str) -> Vec<&str> {
    let list = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    let list = list.take_while(|line| line.starts_with("  "));
    // A description that goes on in the next line is set in further than a name.
    let names = list.filter_map(|line| line.strip_prefix("  "));
    let names = names.filter(|line| !line.starts_with(' '));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: &str = concat!(
        "Repairs\n\nUsage: offfix <COMMAND>\n\n",
        "Commands:\n  plan  Looks  \n        on\n  help  Prints\n\n",
        "Options:\n  -h  Help\n",
    );

    #[test]
    fn every_command_has_its_section() {
        let mut asked = Vec::new();
        let page = page(&mut |words| {
            asked.push(words.join(" "));
            Ok(if words.is_empty() {
                TOP.to_string()
            } else {
                "Looks\n".to_string()
            })
        });
        let page = page.unwrap();
        assert_eq!(asked, ["", "plan"]);
        assert!(page.contains("\n## offfix\n\n```text\nRepairs\n\nUsage: offfix <COMMAND>\n"));
        assert!(page.ends_with("\n## offfix plan\n\n```text\nLooks\n```\n"));
        assert!(page.lines().all(|line| line == line.trim_end()));
    }

    #[test]
    fn a_silent_program_is_an_error() {
        let error = page(&mut |_| Ok(String::new())).unwrap_err();
        assert_eq!(error.to_string(), "`offfix --help` says nothing");
    }
}

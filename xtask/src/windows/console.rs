//! What a person sees in a console whose code page knows no such letters.
//!
//! Invariants: Rust's standard library hands consoles UTF-16, so that a code page is asked for
//! nothing; here that is seen. Absent on purpose: pipes, which get UTF-8 (see the tests of offfix).

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::tools::Tools;

/// Letters that the code pages of western consoles have not.
const NAME: &str = "\u{434}\u{438}\u{441}\u{43a}";
/// The code page of UTF-8.
const UTF_8: &str = "65001";

/// Looks at a disk in a folder with such a name, in a console.
///
/// # Errors
/// When the name does not come out, or the console would show it whatever was written.
pub(super) fn check(tools: &Tools) -> Result<String> {
    if cfg!(windows) {
        return Ok("skipped: who runs this looks at it".to_owned());
    }
    let scratch = crate::shell()?.create_temp_dir()?;
    testkit::windows::demo().write_to(&scratch.path().join(NAME))?;
    let page = typed(tools, scratch.path(), "wine cmd /c chcp")?;
    ensure!(!page.contains(UTF_8), "the console writes UTF-8 as it is");
    let program = tools.program("debug");
    let words = format!("wine '{}' plan {NAME}", program.display());
    let shown = typed(tools, scratch.path(), &words)?;
    ensure!(shown.contains(&format!("\\{NAME}")), "shown: {shown}");
    let page: String = page.chars().filter(char::is_ascii_digit).collect();
    Ok(format!("code page {page}, and letters that it has not"))
}

/// Types a command where a terminal is, which Wine makes a console of.
fn typed(tools: &Tools, place: &std::path::Path, command: &str) -> Result<String> {
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", command, "/dev/null"]);
    tools.place(&mut script);
    let output = script.current_dir(place).stdin(Stdio::null()).output();
    let output = output.context("script")?;
    let shown = String::from_utf8(output.stdout).context("not UTF-8")?;
    ensure!(output.status.success(), "{command}: {shown}");
    Ok(plain(&shown))
}

/// The text without what moves a cursor or sets a colour, which has letters and digits too.
fn plain(shown: &str) -> String {
    let mut parts = shown.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let text = part.trim_start_matches(|sign: char| !sign.is_ascii_alphabetic());
        plain.push_str(text.get(1..).unwrap_or_default());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_remains() {
        assert_eq!(
            plain("\u{1b}[?25l\u{1b}[1mA\u{1b}[0m 4\u{1b}[K\r\n"),
            "A 4\r\n"
        );
        assert_eq!(plain(NAME), NAME);
    }
}

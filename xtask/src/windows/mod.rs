//! Task `windows`: builds, tests and runs the Windows program, on Windows itself or under Wine.
//!
//! Invariants: a machine without the tools gets them from the task, into the kit, which a second
//! run finds again; the Wine server that the task starts ends with it.
//! Absent on purpose: what Wine cannot show; that is done on Windows (`.github/workflows`).
#![expect(
    clippy::print_stdout,
    reason = "tasks talk to the person who called them"
)]

mod console;
mod interrupt;
mod kit;
mod pe;
mod portable;
mod same;
mod tools;
mod wine;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use tools::Tools;

/// Does what the first word says: `build`, `lint`, `test`, or `run` with the program's arguments.
///
/// # Errors
/// When the word is unknown, a tool cannot be had, or what was asked for fails.
pub fn run(args: &[String]) -> Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["build"] => shipped().map(drop),
        ["lint"] => Tools::find()?.lint(),
        ["test"] => test(),
        ["run", words @ ..] => start(words),
        _ => bail!("expected build, lint, test, or run with the program's arguments"),
    }
}

/// The program that is shipped, built and looked at.
///
/// # Errors
/// When a tool cannot be had, or what was built is not in order.
pub(crate) fn shipped() -> Result<PathBuf> {
    build(&Tools::find()?)
}

/// Builds the program that is shipped, and looks at what came out.
fn build(tools: &Tools) -> Result<PathBuf> {
    tools.cargo(&["build", "--release", "--locked", "--package", "offfix"])?;
    let program = tools.program("release");
    let bytes = fs::read(&program).with_context(|| program.display().to_string())?;
    let facts = pe::facts(&bytes).with_context(|| program.display().to_string())?;
    let wrong = pe::complaints(&facts, env!("CARGO_PKG_VERSION"));
    if !wrong.is_empty() {
        bail!("{}: {}", program.display(), wrong.join("; "));
    }
    println!("{}: {facts}", program.display());
    Ok(program)
}

/// Everything that can be tested here; one failure does not hide the next step's.
fn test() -> Result<()> {
    let begin = Instant::now();
    let tools = Tools::find()?;
    let wine = tools.wine()?;
    println!("-- {} s: the tools are there", begin.elapsed().as_secs());
    let mut failed = Vec::new();
    let mut step = |name: &'static str, result: Result<String>| {
        let seconds = begin.elapsed().as_secs();
        match result {
            Ok(said) => println!("-- {seconds} s: {name}: {said}"),
            Err(error) => {
                println!("-- {seconds} s: {name}: FAILED: {error:#}");
                failed.push(name);
            }
        }
    };
    let drive = wine.drive()?;
    step("tests", portable::tests(&tools, &drive));
    step("the same as on this system", same::check(&tools, &drive));
    step("a console", console::check(&tools));
    step("Ctrl-C", interrupt::check(&tools, &drive));
    let shipped = build(&tools).map(|_| "what the linker made is in order".to_owned());
    step("the program that is shipped", shipped);
    drop(wine);
    if failed.is_empty() {
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

/// Runs the program that is shipped; `F:` is a broken disk that is made when there is none.
fn start(words: &[&str]) -> Result<()> {
    let tools = Tools::find()?;
    let wine = tools.wine()?;
    let program = build(&tools)?;
    let drive = wine.drive()?;
    if !drive.folder().join("Windows").is_dir() {
        testkit::windows::demo().write_to(drive.folder())?;
    }
    println!("F: is {}", drive.folder().display());
    let status = tools.command(&program).args(words).status()?;
    drop(wine);
    if status.success() {
        return Ok(());
    }
    bail!("offfix: {status}")
}

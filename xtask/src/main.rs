//! The command line of the tasks: finds one in the table, or prints the table.
//!
//! Invariants: the table is the help; what CI calls is in the table.
//! Absent on purpose: option parsing beyond what a task does itself.
#![expect(clippy::print_stdout, reason = "the table of tasks is for people")]
#![expect(clippy::print_stderr, reason = "a task that fails says why")]

use std::process::ExitCode;
use std::{env, fs, io};

use xtask::{accuracy, bench, ci, dist, docs, fixtures, fmt, fuzz, lint, test, tidy, windows};

/// One task: its name, its arguments as people write them, what it is for, and what it does.
struct Task(
    &'static str,
    &'static str,
    &'static str,
    fn(&[String]) -> anyhow::Result<()>,
);

const TASKS: &[Task] = &[
    Task(
        "ci",
        "",
        "what a change must pass: the tasks below up to fixtures",
        ci::run,
    ),
    Task("fmt", "[--check]", "rustfmt over the workspace", fmt::run),
    Task(
        "lint",
        "",
        "clippy over all targets; a warning is an error",
        lint::run,
    ),
    Task("test", "", "cargo test --workspace", test::run),
    Task("tidy", "", "the house rules no compiler knows", tidy::run),
    Task(
        "fixtures",
        "[--check]",
        "write fixtures/, or say which files differ",
        fixtures::run,
    ),
    Task(
        "docs",
        "[--check]",
        "write docs/cli.md and docs/catalogue.md from the program",
        docs::run,
    ),
    Task(
        "fuzz",
        "",
        "run the fuzz targets of the format crates for a minute",
        fuzz::run,
    ),
    Task(
        "accuracy",
        "[--program FILE] [REPAIR]...",
        "break real hives and stores, and count what `offfix` finds and repairs",
        accuracy::run,
    ),
    Task(
        "bench",
        "[DISK]",
        "time `offfix plan` and hives, each against a peer or a bound",
        bench::run,
    ),
    Task(
        "windows",
        "build|lint|test|run",
        "the Windows program, here under Wine",
        windows::run,
    ),
    Task(
        "dist",
        "[linux|windows]",
        "what a release consists of: archives and checksums",
        dist::run,
    ),
];

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let Some(name) = args.next() else {
        print_table();
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print_table();
        return ExitCode::SUCCESS;
    }
    let Some(Task(.., run)) = TASKS.iter().find(|task| task.0 == name) else {
        eprintln!("error: no task is called {name}; `cargo xtask` lists them");
        return ExitCode::from(2);
    };
    if let Err(error) = step_aside() {
        eprintln!("note: cannot step aside, so Cargo may fail to replace this program: {error}");
    }
    match run(&args.collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_table() {
    println!("cargo xtask TASK\n");
    for Task(name, args, about, _) in TASKS {
        let call = format!("{name} {args}");
        println!("  {call:<20} {about}");
    }
}

/// On Windows, renames the running program. Cargo builds it anew for the tests of the workspace,
/// and Windows lets nobody replace or remove a file that runs, only rename it.
fn step_aside() -> io::Result<()> {
    if !cfg!(windows) {
        return Ok(());
    }
    let own = env::current_exe()?;
    let aside = own.with_file_name("xtask-running.exe");
    if aside.exists() {
        fs::remove_file(&aside)?;
    }
    fs::rename(&own, &aside)
}

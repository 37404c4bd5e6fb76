//! Task `ci`: what a change must pass, on every system.
//!
//! Invariants: the cheap steps come first; the first failure ends it, with the name of the step.
//! Absent on purpose: gates that need tools of one system (they are in `.ci/run`).

use anyhow::{Context, Result};

use crate::{fixtures, fmt, lint, test, tidy};

/// One step: the task's words as one would type them, and the task.
type Step = (&'static [&'static str], fn(&[String]) -> Result<()>);

const STEPS: &[Step] = &[
    (&["fmt", "--check"], fmt::run),
    (&["lint"], lint::run),
    (&["test"], test::run),
    (&["tidy"], tidy::run),
    (&["fixtures", "--check"], fixtures::run),
];

/// Runs every step in order and stops at the first that fails.
///
/// # Errors
/// The failure of that step, with its name.
pub fn run(args: &[String]) -> Result<()> {
    crate::no_arguments(args)?;
    run_steps(STEPS)
}

fn run_steps(steps: &[Step]) -> Result<()> {
    for (words, task) in steps {
        let name = words.join(" ");
        println!("ci: {name}");
        let args: Vec<String> = words.iter().skip(1).map(ToString::to_string).collect();
        task(&args).with_context(|| format!("step `{name}` failed"))?;
    }
    println!("ci: all {} steps passed", steps.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(_: &[String]) -> Result<()> {
        anyhow::bail!("refused")
    }

    fn wants_check(args: &[String]) -> Result<()> {
        anyhow::ensure!(crate::check_flag(args)?, "--check is missing");
        Ok(())
    }

    #[test]
    fn passes_arguments_on() {
        run_steps(&[(&["a", "--check"], wants_check)]).unwrap();
    }

    #[test]
    fn stops_at_the_first_failure_and_names_it() {
        let error = run_steps(&[(&["first", "--check"], refuses), (&["second"], wants_check)]);
        assert_eq!(
            format!("{:#}", error.unwrap_err()),
            "step `first --check` failed: refused"
        );
    }
}

//! `apply --run-steps`: the steps of a plan that Windows' own tools do on this machine.
//!
//! Invariants: after the run and a yes of its own; one step after the other, and none after one
//! that failed or cannot be run; only Windows' own tools, only on the drives of this run, and never
//! through a shell. Absent on purpose: taking a step back, which nothing can.

use crate::arguments::RunSteps;
use crate::commands::confirm::confirm;
use crate::document::{Document, StepDocument};
use crate::exit::{Exit, Failure};
use crate::output::{self, GOOD, WARNING};
use repairs::Step;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::Command;

/// What a step may run, all of it in System32.
const TOOLS: [&str; 5] = ["bcdboot", "bootsect", "chkdsk", "dism", "sfc"];
/// Windows asks for a restart, which is not for this machine to make.
const DONE: [i32; 2] = [0, 3010];

/// What became of the steps.
#[derive(Debug, PartialEq, Eq)]
enum Ran {
    /// All were run.
    All,
    /// This one failed, or could not be run; those behind it were not begun.
    Stopped { at: usize, why: String },
}

/// Refuses before anything is written what could not be run afterwards.
pub(crate) fn refuse(how: RunSteps, json: bool) -> Result<(), Failure> {
    if json {
        let error = "--run-steps speaks as the steps do, for people: it has no JSON";
        return Err(Failure::new(Exit::Usage, "usage", error));
    }
    if cfg!(windows) {
        if how == RunSteps::Ask && !io::stdin().is_terminal() {
            let error = "there is nobody to ask about the steps";
            return Err(Failure::new(Exit::Usage, "not-confirmed", error)
                .hint("--run-steps=yes runs them without asking"));
        }
        return Ok(());
    }
    let error = "the steps are Windows' own tools, and this machine is no Windows";
    Err(Failure::new(Exit::Refused, "unsupported", error)
        .hint("attach the disk to a Windows recovery machine and run them there")
        .hint("without --run-steps the changes themselves are made here too"))
}

/// Runs the steps of a plan that is done.
pub(crate) fn run(document: &Document, how: RunSteps, done: Exit) -> Result<Exit, Failure> {
    let steps = runnable(&document.steps);
    if steps.is_empty() {
        output::text("no step of this plan is for this machine\n");
        return Ok(done);
    }
    if done != Exit::Done {
        output::text(&format!(
            "{WARNING}NOT RUN{WARNING:#}   the steps: the run before them was not verified\n"
        ));
        return Ok(done);
    }
    output::text("\nSteps for this machine; offfix cannot undo them:\n");
    for step in &steps {
        output::text(&format!("  {step}\n"));
    }
    if how == RunSteps::Ask {
        confirm("yes to run them", "yes", false)?;
    }
    let drives = drives(document);
    let ran = in_order(&steps, |step| {
        output::text(&format!("\n> {step}\n"));
        let code = start(&words(step, &drives)?).map_err(|error| error.to_string())?;
        output::text(&format!("  exit code {code}\n"));
        Ok(code)
    });
    Ok(match ran {
        Ran::All => {
            output::text(&format!("{GOOD}STEPS DONE{GOOD:#}   nothing undoes them\n"));
            Exit::Done
        }
        Ran::Stopped { at, why } => {
            let left = steps.len() - at - 1;
            output::text(&format!(
                "{WARNING}STOPPED{WARNING:#}   {why}; {left} behind it not begun\n"
            ));
            Exit::NotVerified
        }
    })
}

/// The steps for this machine, in the order of the plan.
fn runnable(steps: &[StepDocument]) -> Vec<&str> {
    let here = steps
        .iter()
        .filter(|step| step.place == Step::RECOVERY_MACHINE);
    here.map(|step| step.text.as_str()).collect()
}

/// Runs one step after the other, and none after one that fails.
fn in_order(steps: &[&str], mut start: impl FnMut(&str) -> Result<i32, String>) -> Ran {
    for (at, step) in steps.iter().enumerate() {
        let why = match start(step) {
            Ok(code) if DONE.contains(&code) => continue,
            Ok(code) => format!("it ended with exit code {code}"),
            Err(why) => format!("{why}: {step}"),
        };
        return Ran::Stopped { at, why };
    }
    Ran::All
}

/// The drives of the run, as `F:`.
fn drives(document: &Document) -> Vec<String> {
    let system = document.system_partition.iter();
    let all = std::iter::once(&document.drive).chain(system);
    all.filter_map(|drive| letter(drive)).collect()
}

/// The drive letter a path begins with, as `F:`.
fn letter(path: &str) -> Option<String> {
    let plain = path.strip_prefix(r"\\?\").unwrap_or(path);
    let mut begin = plain.chars();
    let (letter, colon) = (begin.next()?, begin.next()?);
    (letter.is_ascii_alphabetic() && colon == ':')
        .then(|| format!("{}:", letter.to_ascii_uppercase()))
}

/// The program and the arguments of a step that may be run.
fn words(step: &str, drives: &[String]) -> Result<Vec<String>, String> {
    if step.contains(['"', '\'', '&', '|', '<', '>', '^', '%', ';', '(', '`']) {
        return Err("this step is not one plain command".to_owned());
    }
    let words: Vec<String> = step.split_whitespace().map(str::to_owned).collect();
    let tool = words.first().map(|word| word.to_ascii_lowercase());
    if !tool.is_some_and(|tool| TOOLS.contains(&tool.as_str())) {
        return Err("this step is for a person, not for a tool of Windows".to_owned());
    }
    let named: Vec<String> = words
        .iter()
        .skip(1)
        .filter_map(|word| drive_in(word))
        .collect();
    match named.iter().find(|drive| !drives.contains(drive)) {
        _ if named.is_empty() => Err("this step does not name the disk it is for".to_owned()),
        Some(other) => Err(format!(
            "this step names {other}, which is not part of this run"
        )),
        None => Ok(words),
    }
}

/// The drive an argument names: `F:`, `F:\…`, `/Image:F:\`, `/offwindir=F:\Windows`.
fn drive_in(word: &str) -> Option<String> {
    let value = match word.strip_prefix('/') {
        Some(option) => option.split_once([':', '=']).map_or("", |(_, value)| value),
        None => word,
    };
    letter(value)
}

/// Starts a tool of this machine's Windows, and waits for it.
fn start(words: &[String]) -> io::Result<i32> {
    let Some((tool, arguments)) = words.split_first() else {
        return Ok(0);
    };
    // By its full path: nothing that lies beside it or in another folder is run in its place.
    let windows = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let program = PathBuf::from(windows)
        .join("System32")
        .join(format!("{tool}.exe"));
    let ended = Command::new(program).args(arguments).status()?;
    Ok(ended.code().unwrap_or(-1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(place: &str, text: &str) -> StepDocument {
        StepDocument {
            place: place.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn only_steps_for_this_machine_are_run() {
        let steps = [
            step("by hand", "mstsc"),
            step(Step::RECOVERY_MACHINE, "dism one"),
            step("in the VM after its boot", "gpupdate"),
            step(Step::RECOVERY_MACHINE, "dism two"),
        ];
        assert_eq!(runnable(&steps), ["dism one", "dism two"]);
    }

    #[test]
    fn nothing_is_run_after_a_failure() {
        let run = |codes: &[Result<i32, &str>]| {
            let mut begun = Vec::new();
            let steps = ["a", "b", "c"];
            let mut codes = codes.iter();
            let ran = in_order(&steps, |step| {
                begun.push(step.to_owned());
                let code = codes.next().copied().unwrap_or(Ok(0));
                code.map_err(str::to_owned)
            });
            (begun.concat(), ran)
        };
        assert_eq!(run(&[Ok(0), Ok(3010), Ok(0)]), ("abc".to_owned(), Ran::All));
        let (begun, ran) = run(&[Ok(0), Ok(87)]);
        let why = "it ended with exit code 87".to_owned();
        assert_eq!((begun.as_str(), ran), ("ab", Ran::Stopped { at: 1, why }));
        let (begun, ran) = run(&[Err("no such program")]);
        let why = "no such program: a".to_owned();
        assert_eq!((begun.as_str(), ran), ("a", Ran::Stopped { at: 0, why }));
    }

    #[test]
    fn a_step_is_one_tool_on_the_disks_of_the_run() {
        let drives = ["F:".to_owned(), "S:".to_owned()];
        for good in [
            r"dism /Image:F:\ /Disable-Feature /FeatureName:Remote-Desktop-Services",
            r"sfc /scannow /offbootdir=f:\ /offwindir=F:\Windows",
            r"bcdboot F:\Windows /s S: /f UEFI",
            "chkdsk F: /f",
        ] {
            let run = words(good, &drives);
            let plain: Vec<&str> = good.split(' ').collect();
            assert_eq!(
                run,
                Ok(plain.into_iter().map(str::to_owned).collect()),
                "{good}"
            );
        }
        for bad in [
            "",
            "dism /Online /Disable-Feature /FeatureName:Licensing",
            r"dism /Image:W:\ /Disable-Feature",
            r"dism /Image:F:\ /Add-Package /PackagePath:C:\x.cab",
            "chkdsk C: /f",
            "chkdsk F: /f, on a Windows where this disk is F:&calc",
            r#"ren "F:\a" b.old"#,
            r"F:\evil.exe F:\",
            r"dism /Image:F:\ | more",
            r"dism /Image:F:\%x%",
            "format F: /q",
        ] {
            assert!(words(bad, &drives).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_drive_is_a_letter() {
        for (path, drive) in [
            ("F:", Some("F:")),
            (r"\\?\f:\", Some("F:")),
            ("/mnt/f", None),
            ("", None),
            (r"\\server\share", None),
        ] {
            assert_eq!(letter(path).as_deref(), drive, "{path}");
        }
        assert_eq!(drive_in("/Image:F:\\").as_deref(), Some("F:"));
        assert_eq!(drive_in("/offbootdir=g:\\").as_deref(), Some("G:"));
        assert_eq!(drive_in("/Get-FeatureInfo"), None);
        assert_eq!(drive_in("/FeatureName:Licensing"), None);
    }
}

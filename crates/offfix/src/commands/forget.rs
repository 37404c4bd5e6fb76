//! `forget`: drop the journal of a run.
//!
//! Invariants: no disk is opened; a run that `undo` could still take back is dropped only when
//! that is asked for by name. Absent on purpose: forgetting several runs at once.

use crate::arguments::{ForgetArguments, Format};
use crate::commands::confirm::confirm;
use crate::commands::log;
use crate::exit::{Exit, Failure};
use crate::journal::{changes_in_words, plan_of};
use crate::output;
use crate::session::Common;
use disk::{Run, State};
use serde::Serialize;

/// The answer as JSON.
#[derive(Serialize)]
struct ForgetDocument<'a> {
    version: u32,
    verdict: &'static str,
    code: Option<&'static str>,
    computer: Option<String>,
    run: &'a str,
    state: &'static str,
}

/// Carries the command out.
pub(crate) fn run(common: &Common, arguments: &ForgetArguments) -> Result<Exit, Failure> {
    let json = arguments.format == Format::Json;
    let id = arguments.run.as_str();
    let journal = common.journal();
    // Looking makes no journal.
    let run = find(journal.runs()?, id)?;
    let open = is_open(&run);
    if open && !arguments.even_open {
        let error = format!("run {id} is still open: {}", loses(&run));
        return Err(Failure::new(Exit::Refused, "open-run", error)
            .hint("take it back first: offfix undo, with the drive and the run")
            .hint(format!("or give that up: offfix forget {id} --even-open")));
    }
    if !arguments.yes {
        if open && !json {
            output::text(&format!("Run {id} is still open: {}\n", loses(&run)));
        }
        let what = format!("{id} to remove the journal of that run; no disk is touched");
        confirm(&what, id, json)?;
    }
    let lock = journal.lock()?;
    // It may have changed while it was asked.
    let run = find(journal.runs()?, id)?;
    if is_open(&run) && !arguments.even_open {
        let error = format!("run {id} is open now: {}", loses(&run));
        return Err(Failure::new(Exit::Refused, "open-run", error));
    }
    let state = log::state(&run);
    let computer = plan_of(&run).and_then(|plan| plan.computer);
    let removed = run.dir().display().to_string();
    run.forget(&lock)?;
    if json {
        output::json(&ForgetDocument {
            version: crate::document::VERSION,
            verdict: "clean",
            code: None,
            computer,
            run: id,
            state,
        });
    } else {
        output::text(&format!(
            "FORGOTTEN  run {id} ({state}); {removed} is removed\n"
        ));
    }
    Ok(Exit::Done)
}

fn find(runs: Vec<Run>, id: &str) -> Result<Run, Failure> {
    runs.into_iter().find(|run| run.id() == id).ok_or_else(|| {
        let error = format!("there is no run {id:?} in this journal");
        Failure::new(Exit::Usage, "no-run", error).hint("offfix log lists the runs")
    })
}

/// Whether `undo` could still put bytes back.
fn is_open(run: &Run) -> bool {
    matches!(run.state(), State::Sealed | State::Undoing | State::Done)
}

/// What is lost with the journal of an open run.
fn loses(run: &Run) -> String {
    let what = match plan_of(run) {
        Some(plan) => changes_in_words(&plan, "value"),
        None => "what it changed".to_owned(),
    };
    match run.state() {
        State::Done => format!("without its journal nothing can take back {what}"),
        _ => format!(
            "the disk may be half written, and without its journal nothing can put back {what}"
        ),
    }
}

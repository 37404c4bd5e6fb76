//! `log`: the runs of a disk, or of all disks.

use crate::arguments::{Format, LogArguments};
use crate::document::ByDocument;
use crate::exit::{Exit, Failure};
use crate::journal::{belongs, changes_in_words, plan_of, still_open, weakened};
use crate::output;
use crate::permissions::objects;
use crate::render;
use crate::session::{Common, Session};
use disk::{Run, State};
use serde::Serialize;
use std::path::Path;

/// One run, for both ways to answer.
#[derive(Serialize)]
pub(crate) struct LogEntry {
    pub(crate) run: String,
    pub(crate) state: &'static str,
    pub(crate) made: String,
    pub(crate) computer: Option<String>,
    pub(crate) disk: String,
    pub(crate) changes: usize,
    pub(crate) permissions: usize,
    #[serde(skip)]
    pub(crate) changed: String,
    pub(crate) left_open: Vec<String>,
    pub(crate) note: String,
    pub(crate) by: Option<ByDocument>,
    pub(crate) events: Vec<String>,
}

/// The answer as JSON.
#[derive(Serialize)]
struct LogDocument {
    version: u32,
    runs: Vec<LogEntry>,
}

/// Carries the command out.
pub(crate) fn run(common: &Common, arguments: &LogArguments) -> Result<Exit, Failure> {
    let named = common.drive.is_some() || arguments.place.is_some();
    let journal = common.journal();
    let mut runs = journal.runs()?;
    if named {
        let drive = common.drive(arguments.place.as_deref())?;
        let session = Session::open(common, &drive)?;
        runs.retain(|run| belongs(run, &session.root));
    }
    let entries = runs.iter().enumerate();
    let later = |place: usize| runs.get(place + 1..).unwrap_or_default();
    let runs: Vec<LogEntry> = entries
        .map(|(place, run)| entry(run, later(place)))
        .collect();
    match arguments.format {
        Format::Json => output::json(&LogDocument {
            version: crate::document::VERSION,
            runs,
        }),
        Format::Text => {
            output::text(&render::log(&runs, &journal.dir().display().to_string()));
        }
    }
    Ok(Exit::Done)
}

/// One run; `later` are those behind it.
fn entry(run: &Run, later: &[Run]) -> LogEntry {
    let plan = plan_of(run).unwrap_or_default();
    let open = run.state() == State::Done;
    let left_open = match open {
        true => weakened(&still_open(run, &plan, later)),
        false => Vec::new(),
    };
    LogEntry {
        run: run.id().to_owned(),
        state: state(run),
        made: plan.made.clone(),
        computer: plan.computer.clone(),
        disk: run
            .record()
            .ok()
            .and_then(|record| record.roots.first())
            .map_or(String::new(), |root| output::path(Path::new(&root.path))),
        changes: plan.changes.len(),
        permissions: objects(&plan.permissions),
        changed: changes_in_words(&plan, "value"),
        left_open,
        note: plan.note,
        by: plan.by,
        events: run
            .events()
            .iter()
            .map(|event| format!("{} {} {}", event.at, began(event.state), event.detail))
            .map(|line| line.trim_end().to_owned())
            .collect(),
    }
}

pub(super) fn state(run: &Run) -> &'static str {
    if run.state() != State::NotStarted && run.record().is_err() {
        return "damaged record";
    }
    word(run.state())
}

/// The word for what an event began or ended.
fn began(state: State) -> &'static str {
    match state {
        State::Sealed => "sealed",
        State::Undoing => "undo begun",
        other => word(other),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::NotStarted => "not started",
        State::Sealed => "interrupted",
        State::Done => "done",
        State::Undoing => "undo interrupted",
        State::Undone => "undone",
        State::RolledBack => "rolled back",
        State::Overtaken => "overtaken",
    }
}

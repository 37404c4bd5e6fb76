//! `plan`: look, and say what would be done.
//!
//! Invariants: nothing is written to the disk, not even a time stamp; the plan file is the same
//! document as the JSON answer. Absent on purpose: staging (that is `apply`).

use crate::arguments::{Format, PlanArguments};
use crate::commands::make;
use crate::exit::{Exit, Failure};
use crate::journal::runs_of;
use crate::output;
use crate::render;
use crate::session::{Common, Session};
use std::path::Path;

/// Carries the command out.
pub(crate) fn run(common: &Common, arguments: &PlanArguments) -> Result<Exit, Failure> {
    let drive = common.drive(arguments.place.as_deref())?;
    let selection = make::selected(&arguments.selection, arguments.undo.as_ref());
    // Before the disk: a wrong word should not need one.
    selection.selection()?;
    let session = Session::open(common, &drive)?;
    session.journal_elsewhere()?;
    let runs = runs_of(&session)?;
    crate::journal::tell(&runs, &session)?;
    let (volume, installation) = session.volume()?;
    let made = make::make(&session, &volume, &installation, &selection, &runs)?;
    if let Some(out) = &arguments.out {
        write_plan(out, &output::to_json(&made.document))?;
    }
    match arguments.format {
        Format::Json => output::json(&made.document),
        Format::Text => output::text(&render::plan(&made.document, arguments.out.as_deref())),
    }
    let offered = made.document.has_changes();
    Ok(if offered && arguments.detailed_exitcode {
        Exit::Offered
    } else {
        Exit::Done
    })
}

fn write_plan(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        let error = format!("cannot write {}: {error}", path.display());
        Failure::new(Exit::Usage, "no-plan", error)
    })
}

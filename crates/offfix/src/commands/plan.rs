//! `plan`: look, and say what would be done.
//!
//! Invariants: nothing is written to the disk, not even a time stamp; the plan file is the same
//! document as the JSON answer; a page or command lines are shown, or written instead of a plan
//! file. Absent on purpose: staging (that is `apply`).

use crate::arguments::{PlanArguments, PlanFormat};
use crate::commands::{asked, make};
use crate::document::Document;
use crate::exit::{Exit, Failure};
use crate::journal::runs_of;
use crate::output;
use crate::render;
use crate::session::{Common, Session};
use std::path::Path;

/// Carries the command out.
pub(crate) fn run(common: &Common, arguments: &PlanArguments) -> Result<Exit, Failure> {
    let drive = common.drive(arguments.place.as_deref())?;
    let selection = make::selected(&arguments.selection, arguments.undo.as_ref())?;
    // Before the disk: a wrong word should not need one.
    selection.selection()?;
    let session = Session::open(common, &drive)?;
    session.journal_elsewhere()?;
    let runs = runs_of(&session)?;
    crate::journal::tell(&runs, &session)?;
    let (volume, installation) = session.volume()?;
    let made = make::make(&session, &volume, &installation, &selection, &runs)?;
    let mut plan = made.document;
    plan.asked = asked::lines(&arguments.selection.symptoms);
    answer(&plan, arguments)?;
    let offered = plan.has_changes();
    Ok(if offered && arguments.detailed_exitcode {
        Exit::Offered
    } else {
        Exit::Done
    })
}

/// Shows the plan, and writes it where a file is named.
fn answer(plan: &Document, arguments: &PlanArguments) -> Result<(), Failure> {
    let out = arguments.out.as_deref();
    let text = match arguments.format {
        PlanFormat::Json | PlanFormat::Text => {
            if let Some(out) = out {
                write(out, &output::to_json(plan))?;
            }
            match arguments.format {
                PlanFormat::Json => output::json(plan),
                _ => output::text(&render::plan(plan, out)),
            }
            return Ok(());
        }
        PlanFormat::Commands => render::commands(plan),
        PlanFormat::Html => render::html(plan),
    };
    match out {
        None => output::text(&text),
        Some(out) => {
            // Command lines are for cmd.exe.
            let text = match arguments.format {
                PlanFormat::Commands => text.replace('\n', "\r\n"),
                _ => text,
            };
            write(out, &text)?;
            let computer = plan
                .computer
                .as_deref()
                .unwrap_or("a computer without a name");
            let shown = out.display();
            output::text(&format!(
                "{shown}: the plan for {computer}; no plan file was written\n"
            ));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        let error = format!("cannot write {}: {error}", path.display());
        Failure::new(Exit::Usage, "no-plan", error)
    })
}

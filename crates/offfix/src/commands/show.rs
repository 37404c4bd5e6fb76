//! `show`: a plan file, as `plan` would show it.

use crate::arguments::{PlanFormat, ShowArguments};
use crate::document;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;

/// Carries the command out.
pub(crate) fn run(arguments: &ShowArguments) -> Result<Exit, Failure> {
    let (plan, _) = document::read(&arguments.plan)?;
    match arguments.format {
        PlanFormat::Json => output::json(&plan),
        PlanFormat::Text => output::text(&render::plan(&plan, Some(&arguments.plan))),
        PlanFormat::Commands => output::text(&render::commands(&plan)),
        PlanFormat::Html => output::text(&render::html(&plan)),
    }
    Ok(Exit::Done)
}

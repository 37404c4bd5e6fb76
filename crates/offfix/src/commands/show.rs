//! `show`: a plan file, as `plan` would show it.

use crate::arguments::{Format, ShowArguments};
use crate::document;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;

/// Carries the command out.
pub(crate) fn run(arguments: &ShowArguments) -> Result<Exit, Failure> {
    let plan = document::read(&arguments.plan)?;
    match arguments.format {
        Format::Json => output::json(&plan),
        Format::Text => output::text(&render::plan(&plan, Some(&arguments.plan))),
    }
    Ok(Exit::Done)
}

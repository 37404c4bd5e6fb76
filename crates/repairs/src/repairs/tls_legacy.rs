//! `tls-legacy`: not looked at yet.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::Findings;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "tls-legacy",
    title: "",
    class: Class::Report,
    risk: "",
    parameters: &[],
    about: include_str!("tls-legacy.md"),
    diagnose,
};

fn diagnose(_findings: &mut Findings, _context: &Context<'_>) -> Result<(), Error> {
    Ok(())
}

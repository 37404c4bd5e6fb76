//! `rdp-listener`: not looked at yet.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::Findings;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rdp-listener",
    title: "",
    class: Class::Report,
    risk: "",
    parameters: &[],
    about: include_str!("rdp-listener.md"),
    diagnose,
};

fn diagnose(_findings: &mut Findings, _context: &Context<'_>) -> Result<(), Error> {
    Ok(())
}

//! A look at a whole disk: every repair on a full Windows 10 SYSTEM and a SOFTWARE of 100 MiB.
//!
//! Invariants: the bound is what the peer takes to read and hash both hives and to walk them
//! fifteen times. Absent on purpose: boot files, which take no time.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use testkit::windows;

use super::hives::{LARGEST, SOFTWARE, software};
use super::table::Row;
use super::{alternate, summary};

const WHAT: &str = "plan of a disk, against 15 walks";
/// The size of SOFTWARE, in MiB.
const SIZE: usize = 100;
/// Measured runs of each program; the peer takes seconds.
const RUNS: usize = 3;

/// Measures `plan` without a selection.
///
/// # Errors
/// When the disk cannot be made, or a program fails.
pub(super) fn row(release: &Path, scratch: &Path) -> Result<Row> {
    let root = crate::root()?;
    let system = root.parent().unwrap_or(&root).join(LARGEST);
    if !system.is_file() {
        let why = format!("{LARGEST} is not beside the checkout");
        return Ok(Row::skipped(WHAT, &why));
    }
    let system = fs::read(&system).with_context(|| system.display().to_string())?;
    let mut made = windows::healthy();
    made.files
        .insert("Windows/System32/config/SYSTEM".to_owned(), system);
    made.files.insert(SOFTWARE.to_owned(), software(SIZE));
    let disk = scratch.join("whole");
    made.write_to(&disk)?;
    let (mut plans, mut peers) = alternate(release, scratch, &disk, RUNS)?;
    let [[_, plan, _], [_, peer, _]] = [summary(&mut plans), summary(&mut peers)];
    Ok(Row::ratio(WHAT, plan, peer, 1.0))
}

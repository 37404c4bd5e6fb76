//! Faults of the licence server of Remote Desktop and its sessions.
//!
//! Invariants: as of the module above. Absent on purpose: faults no repair is for.

use super::Installation;

/// Breaks an installation for a repair; `false` when the repair is not of this area.
pub(super) fn fault(_windows: &mut Installation, _repair: &str) -> bool {
    false
}

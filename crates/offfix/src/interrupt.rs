//! Ctrl-C, and being asked to end: before the first write it ends the program at once, as anywhere
//! else; from the first write on the run is finished first.
//!
//! Invariants: a run that writes is never cut short by a key; that it goes on is said once, and
//! not where a program reads the answer. Absent on purpose: taking back what has begun; `undo`
//! does that.

use crate::output;

/// From here on, until the program ends, what has begun is finished.
pub(crate) fn finish_first(json: bool) {
    let mut silent = json;
    let handler = move || {
        if !silent {
            silent = true;
            output::warn("too late to stop: what has begun is finished first");
        }
    };
    // Where nothing can be caught, the program ends in the middle, and undo makes the disk whole.
    let _ = ctrlc::set_handler(handler);
}

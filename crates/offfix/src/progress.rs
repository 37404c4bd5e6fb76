//! How far a long walk is, on a terminal only.
//!
//! Invariants: what is not a terminal gets no byte; a short walk shows nothing.
//! Absent on purpose: colours, and progress of single files.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// So many files and folders show no bar.
const FEW: usize = 500;

/// The bar of one walk.
pub(crate) struct Progress {
    what: &'static str,
    bar: ProgressBar,
}

impl Progress {
    /// A bar that says what is done.
    pub(crate) fn of(what: &'static str) -> Progress {
        let bar = ProgressBar::hidden();
        Progress { what, bar }
    }

    /// So many are done, of so many when that is known.
    pub(crate) fn at(&mut self, done: usize, of: Option<usize>) {
        if of.unwrap_or(done) < FEW || !std::io::stderr().is_terminal() {
            return;
        }
        if self.bar.is_hidden() {
            self.bar = begin(self.what, of);
        }
        self.bar.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn begin(what: &'static str, of: Option<usize>) -> ProgressBar {
    let template = match of {
        Some(_) => "{msg} {wide_bar} {human_pos} of {human_len}",
        None => "{msg} {human_pos}",
    };
    let bar = ProgressBar::with_draw_target(of.map(|of| of as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template);
    bar.with_message(what)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

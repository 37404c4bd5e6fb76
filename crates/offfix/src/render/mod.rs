//! Answers as text for people.
//!
//! Invariants: 100 columns where words can be broken; colour codes only through the styles of
//! `output`, which leave when no terminal listens. Absent on purpose: decisions.

mod answer;
mod command_lines;
mod html;
mod machine;
mod plan;
mod topic;

pub(crate) use answer::{applied, before_apply, log, undone};
pub(crate) use command_lines::commands;
pub(crate) use html::html;
pub(crate) use machine::{checks, disks, hosts};
pub(crate) use plan::{change_lines, plan};
pub(crate) use topic::{found, repair, repairs, symptom, symptoms};

use crate::numbers::wrap;
use crate::output::HEADING;

/// Columns of an answer.
const WIDTH: usize = 100;
/// The column of text behind a heading.
const SHORT: usize = 10;
/// The column of text behind the capitals of a section, or a long heading.
const LONG: usize = 16;

/// A heading and its text, broken into lines behind the same column.
fn field(heading: &str, text: &str) -> String {
    lines(heading, std::slice::from_ref(&text.to_owned()))
}

/// A heading and lines below each other; nothing without lines.
fn lines(heading: &str, lines: &[String]) -> String {
    let is_section = heading.starts_with(|first: char| first.is_ascii_uppercase())
        && heading
            .chars()
            .nth(1)
            .is_some_and(|second| second.is_ascii_uppercase());
    let column = if is_section || heading.len() >= SHORT {
        LONG
    } else {
        SHORT
    };
    let indent = " ".repeat(column);
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        let line = wrap(line, WIDTH - column, "").replace('\n', &format!("\n{indent}"));
        if place == 0 {
            let gap = " ".repeat(column.saturating_sub(heading.len()));
            text.push_str(&format!("{HEADING}{heading}{HEADING:#}{gap}{line}\n"));
        } else {
            text.push_str(&format!("{indent}{line}\n"));
        }
    }
    text
}

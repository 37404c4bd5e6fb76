//! The changes of a plan as lines of reg.exe, bcdedit, icacls, sc and ren, for the running VM.
//!
//! Invariants: each change is either lines that make exactly it, or a remark that says why no
//! line can; the same lines work typed at a prompt and in a .cmd file; nothing from the disk can
//! end its argument, its remark or its line. Absent on purpose: whether the VM still is as the
//! disk was.

mod cmd;
mod names;
mod permissions;
mod registry;
mod store;

pub(crate) use cmd::is_unseen;

use crate::document::Document;
use cmd::remark;

/// A change: lines that make it, or why no line can.
type Said = Result<Vec<String>, String>;

/// The plan as command lines.
pub(crate) fn commands(plan: &Document) -> String {
    let mut body: Vec<String> = Vec::new();
    for change in &plan.changes {
        let said = match &change.element {
            Some(element) => store::lines(change, element),
            None => registry::lines(change, plan.boot_control_set),
        };
        body.push(String::new());
        body.push(remark(&registry::about(change)));
        body.extend(said.unwrap_or_else(|why| vec![remark(&format!("no line: {why}"))]));
    }
    for change in &plan.permissions {
        body.push(String::new());
        body.push(remark(&permissions::about(change)));
        let said = permissions::lines(change);
        body.extend(said.unwrap_or_else(|why| vec![remark(&format!("no line: {why}"))]));
    }
    for change in &plan.renames {
        body.push(String::new());
        body.push(remark(&names::about(change)));
        body.extend(
            names::lines(change).unwrap_or_else(|why| vec![remark(&format!("no line: {why}"))]),
        );
    }
    let mut lines = head(plan, &body);
    lines.extend(body);
    lines.extend(tail(plan));
    lines.join("\n") + "\n"
}

/// What stands before the first change: what this is, and what its lines need.
fn head(plan: &Document, body: &[String]) -> Vec<String> {
    let computer = plan.computer.as_deref().unwrap_or("name not known");
    let mut lines = vec![
        remark(&format!("{}, plan of {}", plan.program, plan.made)),
        remark(&format!(
            "for the running VM {computer}, as administrator, in cmd.exe"
        )),
    ];
    if !plan.has_changes() {
        lines.push(remark("nothing to change"));
        return lines;
    }
    lines.push(remark(
        "no line looks at what stands there before it writes",
    ));
    if !plan.permissions.is_empty() {
        lines.push(remark(
            "icacls: where access is denied, run the line as SYSTEM",
        ));
    }
    let needs = |what: &str| body.iter().any(|line| line.contains(what));
    if !body.iter().all(|line| line.is_ascii()) {
        lines.push("chcp 65001 >nul".to_owned());
    }
    if needs(cmd::PERCENT) {
        lines.push(remark(
            "pct stands for a percent sign, at a prompt and in a .cmd file",
        ));
        lines.push(cmd::SET_PERCENT.to_owned());
    }
    lines
}

/// What is left to do.
fn tail(plan: &Document) -> Vec<String> {
    let mut lines = Vec::new();
    if plan.has_changes() {
        lines.push(String::new());
        lines.push(remark(
            "then restart the VM: most of this is read when Windows starts",
        ));
    }
    for step in &plan.steps {
        lines.push(remark(&format!("{}: {}", step.place, step.text)));
    }
    lines
}

//! The answers of `apply`, `undo` and `log` as text.

use crate::commands::{LogEntry, Sorted};
use crate::document::Document;
use crate::journal::changes_in_words;
use crate::numbers::{count, files_and_folders};
use crate::output::{GOOD, HEADING, WARNING};
use crate::permissions::objects;
use crate::render::{lines, plan};
use crate::session::Session;
use disk::Run;
use volume::stage::Written;

/// What is said before anything is written.
pub(crate) fn before_apply(document: &Document, from_file: bool) -> String {
    let mut text = String::new();
    if !from_file {
        text.push_str(&plan::head(document));
        text.push('\n');
    }
    text.push_str(&plan::changes(document));
    let computer = document
        .computer
        .as_deref()
        .unwrap_or("a computer without a name");
    text.push_str(&format!(
        "\n{computer}, {}: {}. No snapshot can be seen from here.\n",
        document.disk,
        changes_in_words(document, "value change"),
    ));
    text
}

/// What was done.
pub(crate) fn applied(
    document: &Document,
    hives: &[Written],
    run: &Run,
    session: &Session,
    left: &Document,
) -> String {
    let id = run.id();
    let mut text = format!(
        "  journal    {} (sealed, administrators only)\n",
        run.dir().display()
    );
    text.push_str(&written(document, hives));
    let computer = document.computer.as_deref().unwrap_or("This disk");
    if document.verdict == "fixed" {
        text.push_str(&format!(
            "{GOOD}FIXED ON DISK{GOOD:#}  {computer}, run {id}.  VM start not tested.\n"
        ));
    } else {
        text.push_str(&format!(
            "{WARNING}NOT VERIFIED{WARNING:#}  {computer}, run {id}: a second look still wants\n"
        ));
        text.push_str(&plan::changes(left));
    }
    text.push_str(&lines("LEFT OPEN", &plan::weakened(document)));
    let steps = document
        .steps
        .iter()
        .map(|step| format!("{}: {}", step.place, step.text));
    text.push_str(&lines("STEPS", &steps.collect::<Vec<_>>()));
    text.push_str(&lines(
        "NEXT",
        &["take the disk offline and swap it back".to_owned()],
    ));
    let drive = &session.drive;
    text.push_str(&lines(
        "UNDO",
        &[
            format!("before boot: offfix undo {drive} {id}"),
            format!("after boot:  offfix plan {drive} --undo {id}"),
        ],
    ));
    text
}

/// What was written to each hive, and how it was proved.
fn written(document: &Document, hives: &[Written]) -> String {
    let mut text = String::new();
    for hive in hives {
        let name = &hive.name;
        let values = document
            .changes
            .iter()
            .filter(|change| change.hive == *name)
            .count();
        let values = count(values, "value");
        let replayed = match hive.replayed {
            0 => String::new(),
            number => format!("{} applied, ", count(number, "log entry")),
        };
        text.push_str(&format!(
            "  written    {name}: {replayed}{values} changed\n"
        ));
    }
    for one in &document.renames {
        text.push_str(&format!("  renamed    {} -> {}\n", one.path, one.name));
    }
    if let objects @ 1.. = objects(&document.permissions) {
        let files = files_and_folders(objects);
        text.push_str(&format!(
            "  written    permissions of {files}, each read back\n"
        ));
    }
    let proved = hives.iter().map(|hive| hive.proof.values).sum();
    if !hives.is_empty() {
        text.push_str(&format!(
            "  verified   re-read from disk; a second reader agrees about {}\n",
            count(proved, "value")
        ));
    }
    text
}

/// What undo did.
pub(crate) fn undone(
    run: Option<&str>,
    hives: &Sorted<'_>,
    (names, permissions): (&Sorted<'_>, &Sorted<'_>),
    drive: &str,
) -> String {
    let Some(run) = run else {
        return "nothing to undo: this disk has no open run\n".to_owned();
    };
    let mut text = String::new();
    text.push_str(&named_back(names));
    text.push_str(&put_back(permissions));
    for path in &hives.restored {
        text.push_str(&format!(
            "  restored   {path} and its logs, byte for byte\n"
        ));
    }
    for path in &hives.unchanged {
        text.push_str(&format!(
            "  unchanged  {path}: the run had not written it\n"
        ));
    }
    for path in &hives.overtaken {
        text.push_str(&format!(
            "  {WARNING}overtaken{WARNING:#}  {path}: something else has written it since; \
             left as it is\n"
        ));
    }
    let all = [hives, names, permissions];
    if all.iter().all(|part| part.overtaken.is_empty()) {
        text.push_str(&format!(
            "{GOOD}UNDONE{GOOD:#}    run {run}: the disk is as it was before\n"
        ));
    } else {
        text.push_str(&format!("{HEADING}CLOSED{HEADING:#}    run {run}\n"));
        text.push_str(&lines(
            "NEXT",
            &[format!(
                "offfix plan {drive} --undo {run}   takes single values back, where it can"
            )],
        ));
    }
    text
}

/// What became of the names of files, a line each.
fn named_back(names: &Sorted<'_>) -> String {
    let mut text = String::new();
    for path in &names.restored {
        text.push_str(&format!("  restored   {path}: its old name\n"));
    }
    for path in &names.unchanged {
        text.push_str(&format!("  unchanged  {path}: it had kept its name\n"));
    }
    for path in &names.overtaken {
        text.push_str(&format!(
            "  {WARNING}overtaken{WARNING:#}  {path}: something else has changed it since, or \
             taken its name; left as it is\n"
        ));
    }
    text
}

/// What became of permissions: numbers, and each path that is not as it was.
fn put_back(permissions: &Sorted<'_>) -> String {
    let mut text = String::new();
    for (word, paths) in [
        ("restored ", &permissions.restored),
        ("unchanged", &permissions.unchanged),
    ] {
        if !paths.is_empty() {
            let number = files_and_folders(paths.len());
            text.push_str(&format!("  {word}  permissions of {number}\n"));
        }
    }
    for path in &permissions.overtaken {
        text.push_str(&format!(
            "  {WARNING}overtaken{WARNING:#}  permissions of {path}: something else has changed \
             them since, or it is gone; left as it is\n"
        ));
    }
    for path in &permissions.differs {
        text.push_str(&format!(
            "  {WARNING}differs{WARNING:#}    permissions of {path}: put back, but they read back \
             in another form\n"
        ));
    }
    text
}

/// The runs.
pub(crate) fn log(runs: &[LogEntry], journal: &str) -> String {
    if runs.is_empty() {
        return format!("no runs in {journal}\n");
    }
    let mut text = String::new();
    for run in runs.iter().rev() {
        let computer = run.computer.as_deref().unwrap_or("computer not known");
        let disk = match run.disk.as_str() {
            "" => "disk not known",
            disk => disk,
        };
        text.push_str(&format!(
            "{HEADING}{}{HEADING:#}  {}  {computer}  {}  {disk}\n",
            run.run, run.state, run.changed,
        ));
        if let Some(by) = &run.by {
            text.push_str(&format!("    by {} on {}\n", by.user, by.machine));
            let sha256 = by.plan_sha256.as_deref();
            let from = by.plan_file.as_deref().unwrap_or("a typed selection");
            if let Some(sha256) = sha256 {
                text.push_str(&format!("    from {from}, sha256 {sha256}\n"));
            }
        }
        if !run.note.is_empty() {
            text.push_str(&format!("    note: {}\n", run.note));
        }
        for line in &run.left_open {
            text.push_str(&format!("    left open: {line}\n"));
        }
        for event in &run.events {
            text.push_str(&format!("    {event}\n"));
        }
    }
    text
}

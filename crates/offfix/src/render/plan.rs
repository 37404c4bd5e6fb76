//! A plan as text.

use crate::document::{ChangeDocument, DataDocument, Document, ElementDocument, FindingDocument};
use crate::journal;
use crate::numbers::{count, files_and_folders, wrap};
use crate::output::{GOOD, HEADING, WARNING};
use crate::permissions::objects;
use crate::renames::{RenameDocument, files_in_words};
use crate::render::{WIDTH, field, lines};
use std::path::Path;

/// A plan; `file` is where it was written.
pub(crate) fn plan(plan: &Document, file: Option<&Path>) -> String {
    let mut text = head(plan);
    text.push('\n');
    text.push_str(&found(plan));
    text.push_str(&changes(plan));
    text.push_str(&rest(plan));
    text.push_str(&next(plan, file));
    text
}

/// Whose disk it is and in which state.
pub(crate) fn head(plan: &Document) -> String {
    let computer = plan.computer.as_deref().unwrap_or("name not known");
    let domain = match &plan.domain {
        Some(domain) => format!("domain {domain}"),
        None => "no domain".to_owned(),
    };
    let mut text = field("Disk", &plan.disk);
    text.push_str(&field(
        "Computer",
        &format!("{computer}, {domain}, {}", plan.windows),
    ));
    let used = plan.last_used.as_deref().unwrap_or("not known");
    text.push_str(&field(
        "Last used",
        &format!("{used}; {}", control_sets(plan)),
    ));
    text.push_str(&lines("Hives", &hives(plan)));
    text.push_str(&lines("Guards", &guards(plan)));
    let runs = match plan.earlier_runs.as_slice() {
        [] => vec!["none open on this disk".to_owned()],
        runs => runs.to_vec(),
    };
    text.push_str(&lines("Runs", &runs));
    text.push_str(&lines("Asked", &plan.asked));
    text
}

/// The hives, how they are, and how they would be written.
pub(super) fn hives(plan: &Document) -> Vec<String> {
    let hives = plan.hives.iter().map(|hive| match &hive.commit {
        Some(how) => format!("{:<9} {}; written {how}", hive.name, hive.state),
        None => format!("{:<9} {}", hive.name, hive.state),
    });
    hives.collect()
}

/// What speaks against writing, with what to do, and what is worth knowing.
fn guards(plan: &Document) -> Vec<String> {
    let said = plan.guards.iter().flat_map(|guard| {
        let what = match guard.refuses {
            true => format!("apply refuses: {}", guard.text),
            false => guard.text.clone(),
        };
        let hints = guard.hints.iter().map(|hint| format!("  {hint}"));
        std::iter::once(what).chain(hints)
    });
    said.collect()
}

/// The control sets, and which one the next boot uses.
pub(super) fn control_sets(plan: &Document) -> String {
    let sets: Vec<String> = plan
        .control_sets
        .iter()
        .map(|set| format!("{set:03}"))
        .collect();
    let boot = match plan.boot_control_set {
        Some(boot) if sets.len() == 1 => {
            format!("next boot uses control set {boot:03} (the only one)")
        }
        Some(boot) => {
            format!(
                "next boot uses control set {boot:03}; there are {}",
                sets.join(", ")
            )
        }
        None => format!(
            "the next boot's control set does not exist; there are {}",
            sets.join(", ")
        ),
    };
    format!("{boot} (Select: {})", plan.select)
}

/// A finding with the places of all findings that differ in nothing else: control sets mostly.
pub(super) struct Group<'p> {
    pub(super) finding: &'p FindingDocument,
    pub(super) places: Vec<&'p FindingDocument>,
}

fn groups<'p>(findings: impl Iterator<Item = &'p FindingDocument>) -> Vec<Group<'p>> {
    let mut groups: Vec<Group<'p>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Group<'p>| {
            let FindingDocument {
                repair,
                title,
                evidence,
                set_by,
                ..
            } = group.finding;
            (repair, title, evidence, set_by)
                == (
                    &finding.repair,
                    &finding.title,
                    &finding.evidence,
                    &finding.set_by,
                )
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.places.push(finding),
            None => groups.push(Group {
                finding,
                places: vec![finding],
            }),
        }
    }
    groups
}

/// The findings with a cure in the plan, and the others.
pub(super) fn found_groups(plan: &Document) -> (Vec<Group<'_>>, Vec<Group<'_>>) {
    let of = |proposed| {
        let found = plan.findings.iter();
        groups(found.filter(move |finding| finding.proposed == proposed))
    };
    (of(true), of(false))
}

fn found(plan: &Document) -> String {
    let (proposed, others) = found_groups(plan);
    let mut text = String::new();
    if !proposed.is_empty() {
        let what = count(proposed.len(), "finding");
        text.push_str(&lines(
            "FOUND",
            &[format!("{what} with a cure in this plan")],
        ));
    }
    for (group, number) in proposed.iter().zip(1..) {
        text.push_str(&one(group, number));
    }
    if !others.is_empty() {
        let what = count(others.len(), "finding");
        text.push_str(&lines(
            "ALSO SEEN",
            &[format!("{what} without a cure in this plan")],
        ));
    }
    for (group, number) in others.iter().zip(proposed.len() + 1..) {
        text.push_str(&one(group, number));
    }
    text
}

fn one(group: &Group<'_>, number: usize) -> String {
    let finding = group.finding;
    let FindingDocument {
        repair,
        certainty,
        title,
        ..
    } = finding;
    let title = format!("{number:>2}  {repair}  [{certainty}]  {title}");
    let mut text = format!("{}\n", wrap(&title, WIDTH, "    "));
    for place in &group.places {
        text.push_str(&format!("    {}\n", place.place));
        if let Some(written) = &place.written {
            text.push_str(&format!("    key last written {written}\n"));
        }
    }
    for line in &finding.evidence {
        text.push_str(&format!("    {}\n", wrap(line, WIDTH - 4, "    ")));
    }
    if let Some(said) = instead(finding) {
        text.push_str(&format!("    {said}\n"));
    }
    text
}

/// Why a finding is not cured in this plan.
pub(super) fn instead(finding: &FindingDocument) -> Option<String> {
    if let Some(run) = &finding.set_by {
        return Some(format!("set by run {run}, on purpose"));
    }
    (!finding.proposed).then(|| match finding.offer.as_str() {
        "report only" => "report only".to_owned(),
        _ => format!("to change it: --with {}", finding.repair),
    })
}

/// The changes, by key.
pub(crate) fn changes(plan: &Document) -> String {
    if !plan.has_changes() {
        return format!("{GOOD}nothing to repair{GOOD:#}\n");
    }
    let mut text = format!("{HEADING}WILL CHANGE{HEADING:#}\n");
    text.push_str(&change_lines(plan));
    text.push_str(&rename_lines(plan));
    text.push_str(&permission_lines(plan));
    text.push_str(&summary(plan));
    text
}

/// A line for each change, below its key or object.
pub(crate) fn change_lines(plan: &Document) -> String {
    let rows: Vec<Row<'_>> = plan.changes.iter().map(Row::of).collect();
    let width = |text: &str| text.chars().count();
    let names = rows.iter().map(|row| width(row.name)).max().unwrap_or(0);
    let kinds = rows
        .iter()
        .map(|row| width(row.kind))
        .max()
        .unwrap_or(0)
        .max(13);
    let mut text = String::new();
    let mut place = String::new();
    for (change, row) in plan.changes.iter().zip(&rows) {
        let here = place_of(change);
        if here != place {
            text.push_str(&format!(" {here}\n"));
            place = here;
        }
        let Row {
            sign,
            name,
            kind,
            from,
            to,
        } = row;
        let style = if change.kind == "weakening" {
            WARNING
        } else {
            GOOD
        };
        let (why, repair) = (&change.kind, &change.repair);
        text.push_str(&format!(
            "  {sign}  {name:<names$}  {kind:<kinds$}  {from} -> {to}   {style}{why}{style:#}  \
             {repair}\n"
        ));
    }
    text
}

/// The files that get another name, a line each.
fn rename_lines(plan: &Document) -> String {
    let line = |one: &RenameDocument| {
        let (why, repair) = (&one.kind, &one.repair);
        let style = if why == "weakening" { WARNING } else { GOOD };
        let (path, name) = (&one.path, &one.name);
        format!(" {path}\n  ~  name  -> {name}   {style}{why}{style:#}  {repair}\n")
    };
    plan.renames.iter().map(line).collect()
}

/// The files and folders that get other permissions, the first of many, and what changes.
fn permission_lines(plan: &Document) -> String {
    const SHOWN: usize = 3;
    let mut text = String::new();
    for one in &plan.permissions {
        for path in one.paths.iter().take(SHOWN) {
            text.push_str(&format!(" {path}\n"));
        }
        if let more @ 1.. = one.paths.len().saturating_sub(SHOWN) {
            text.push_str(&format!(" and {more} more (all of them: --format json)\n"));
        }
        let (why, repair) = (&one.kind, &one.repair);
        let style = if why == "weakening" { WARNING } else { GOOD };
        for (sign, line) in one.differences() {
            text.push_str(&format!(
                "  {sign}  {line}   {style}{why}{style:#}  {repair}\n"
            ));
        }
    }
    text
}

/// The key or object a change is about.
pub(super) fn place_of(change: &ChangeDocument) -> String {
    match &change.element {
        Some(element) => format!("BCD {}", element.object),
        None => format!(r"HKLM\{}\{}", change.hive, change.key),
    }
}

/// What is said of one change.
pub(super) struct Row<'p> {
    sign: &'static str,
    pub(super) name: &'p str,
    pub(super) kind: &'p str,
    pub(super) from: String,
    pub(super) to: String,
}

impl<'p> Row<'p> {
    pub(super) fn of(change: &'p ChangeDocument) -> Row<'p> {
        match &change.element {
            Some(element) => Row::of_element(element),
            None => Row::of_value(change),
        }
    }

    /// An element of a boot configuration store, in its own words.
    fn of_element(element: &'p ElementDocument) -> Row<'p> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(missing);
        Row {
            sign: sign(element.before.is_some(), element.after.is_some()),
            name: &element.name,
            kind: &element.format,
            from: text(&element.before),
            to: text(&element.after),
        }
    }

    fn of_value(change: &'p ChangeDocument) -> Row<'p> {
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let text = |data: &DataDocument| data.text.clone();
        let from = match (before, after) {
            (Some(before), Some(after)) if before.r#type != after.r#type => {
                format!("{} {}", before.r#type, before.text)
            }
            (before, _) => before.map_or_else(missing, text),
        };
        Row {
            sign: sign(before.is_some(), after.is_some()),
            name: match change.name.as_str() {
                "" => "(default)",
                name => name,
            },
            kind: after.or(before).map_or(&change.kind, |data| &data.r#type),
            from,
            to: after.map_or_else(missing, text),
        }
    }
}

fn sign(before: bool, after: bool) -> &'static str {
    match (before, after) {
        (false, true) => "+",
        (true, true) => "~",
        (true, false) => "-",
        (false, false) => "=",
    }
}

fn missing() -> String {
    "missing".to_owned()
}

/// The changes in numbers.
pub(super) fn summary(plan: &Document) -> String {
    let of = |test: fn(&ChangeDocument) -> bool| {
        plan.changes.iter().filter(|change| test(change)).count()
    };
    let add = of(|change| change.before.is_none());
    let remove = of(|change| change.after.is_none());
    let values = of(|change| change.kind == "weakening");
    let permissions = plan
        .permissions
        .iter()
        .filter(|one| one.kind == "weakening");
    let permissions: usize = permissions.map(|one| one.paths.len()).sum();
    let mut weakened = Vec::new();
    if values > 0 {
        weakened.push(count(values, "value"));
    }
    if permissions > 0 {
        weakened.push(format!("permissions of {}", files_and_folders(permissions)));
    }
    let weakened = match weakened.as_slice() {
        [] => "nothing weakened".to_owned(),
        some => format!("{} weakened", some.join(", ")),
    };
    let change = plan.changes.len() - add - remove;
    let mut files = String::new();
    if let number @ 1.. = plan.renames.len() {
        files.push_str(&format!(", {} to rename", files_in_words(number)));
    }
    if let number @ 1.. = objects(&plan.permissions) {
        files.push_str(&format!(", permissions of {}", files_and_folders(number)));
    }
    format!("Plan: {add} to add, {change} to change, {remove} to remove{files}; {weakened}.\n")
}

/// What was fine, not looked at, left alone, and can be asked for.
fn rest(plan: &Document) -> String {
    let mut text = String::from("\n");
    text.push_str(&lines("LEFT ALONE", &plan.left_alone));
    if !plan.fine.is_empty() {
        text.push_str(&field("CHECKED, fine", &plan.fine.join(", ")));
    }
    text.push_str(&lines("NOT CHECKED", &plan.not_checked));
    let mut request = Vec::new();
    if !plan.on_request.is_empty() {
        request.push(format!("--with ID,...: {}", plan.on_request.join(", ")));
    }
    if plan.has_recipe {
        request.push("the source article's whole recipe: --as-article".to_owned());
    }
    text.push_str(&lines("ON REQUEST", &request));
    let steps = plan
        .steps
        .iter()
        .map(|step| format!("{}: {}", step.place, step.text));
    text.push_str(&lines("STEPS", &steps.collect::<Vec<_>>()));
    text.push_str(&lines("LEFT OPEN", &plan.left_open));
    text
}

fn next(plan: &Document, file: Option<&Path>) -> String {
    if !plan.has_changes() {
        return String::new();
    }
    let apply = match file {
        Some(file) => format!("offfix apply {}", file.display()),
        None => format!("offfix apply {}", command_line(plan)),
    };
    lines(
        "NEXT",
        &[
            "1 snapshot this disk".to_owned(),
            format!("2 {apply}      (nothing has been written so far)"),
        ],
    )
}

/// The selection as it would be typed.
pub(super) fn command_line(plan: &Document) -> String {
    let selection = &plan.selection;
    let mut words = vec![plan.drive.clone()];
    for (option, place) in [
        ("--system-partition", &plan.system_partition),
        ("--store", &plan.store),
    ] {
        words.extend(place.iter().map(|place| format!("{option} {place}")));
    }
    let mut list = |option: &str, values: &[String]| {
        if !values.is_empty() {
            words.push(format!("{option} {}", values.join(",")));
        }
    };
    list("--for", &selection.symptoms);
    list("--repair", &selection.repairs);
    list("--with", &selection.with);
    list("--except", &selection.except);
    for parameter in &selection.parameters {
        list("--set", std::slice::from_ref(parameter));
    }
    if selection.control_set != "all" {
        list(
            "--control-set",
            std::slice::from_ref(&selection.control_set),
        );
    }
    if selection.as_article {
        words.push("--as-article".to_owned());
    }
    if selection.undo.is_some() {
        return "PLAN.json   (write the plan to a file first: --out PLAN.json)".to_owned();
    }
    words.join(" ")
}

/// What a plan would leave weakened, for messages.
pub(crate) fn weakened(plan: &Document) -> Vec<String> {
    match journal::weakened(plan) {
        lines if lines.is_empty() => vec!["nothing was weakened".to_owned()],
        lines => lines,
    }
}

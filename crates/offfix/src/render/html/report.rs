//! What the page of a plan says, section by section.
//!
//! Invariants: it says what the text of the plan says, and nothing is left out but long lists of
//! paths, which are counted. Absent on purpose: escaping (see `markup`).

use super::markup::Markup;
use crate::document::{ChangeDocument, Document};
use crate::journal;
use crate::numbers::{count, files_and_folders};
use crate::permissions::PermissionsDocument;
use crate::render::plan::{self, Group, Row};

/// So many paths with the same permissions are named.
const PATHS: usize = 20;

/// Everything below `main`.
pub(super) fn write(main: &mut Markup, plan: &Document) {
    header(main, plan);
    facts(main, plan);
    findings(main, plan);
    changes(main, plan);
    permissions(main, plan);
    names(main, plan);
    steps(main, plan);
    looked(main, plan);
    runs(main, plan);
    files(main, plan);
    footer(main, plan);
}

fn header(main: &mut Markup, plan: &Document) {
    let (class, verdict) = match plan.verdict.as_str() {
        "clean" => ("verdict good", "nothing to repair"),
        "would-fix" => (
            "verdict care",
            "a cure is offered; nothing has been written so far",
        ),
        "needs-human" => (
            "verdict care",
            "something was found that this plan does not change",
        ),
        "fixed" => (
            "verdict good",
            "fixed on the disk; the VM's start was not tested",
        ),
        _ => ("verdict bad", plan.verdict.as_str()),
    };
    main.element("header", |header| {
        header.marked(
            "p",
            "eyebrow",
            "offfix: what is wrong with a disk, and the changes",
        );
        header.says(
            "h1",
            plan.computer
                .as_deref()
                .unwrap_or("Computer name not known"),
        );
        header.marked("p", "soft", &plan.windows);
        header.marked("p", class, &format!("{}: {verdict}", plan.verdict));
        for guard in &plan.guards {
            let class = if guard.refuses { "bad" } else { "care" };
            let says = if guard.refuses { "apply refuses: " } else { "" };
            header.marked("p", class, &format!("{says}{}", guard.text));
            for hint in &guard.hints {
                header.marked("p", "soft", hint);
            }
        }
    });
}

fn facts(main: &mut Markup, plan: &Document) {
    main.element("dl", |list| {
        let mut fact = |name: &str, lines: &[String]| {
            if !lines.is_empty() {
                list.says("dt", name);
                list.element("dd", |dd| {
                    for line in lines {
                        dd.says("p", line);
                    }
                });
            }
        };
        fact("Disk", std::slice::from_ref(&plan.disk));
        fact("Domain", &plan.domain.iter().cloned().collect::<Vec<_>>());
        fact(
            "Last used",
            &plan.last_used.iter().cloned().collect::<Vec<_>>(),
        );
        fact("Control sets", &[plan::control_sets(plan)]);
        fact("Hives", &plan::hives(plan));
        fact("Asked for", &asked(plan));
        fact("Plan made", &[format!("{} by {}", plan.made, plan.program)]);
    });
}

/// What the operator selected, and what is said of it.
fn asked(plan: &Document) -> Vec<String> {
    let mut lines = vec![plan::command_line(plan)];
    lines.extend(plan.asked.iter().cloned());
    if !plan.note.is_empty() {
        lines.push(format!("note: {}", plan.note));
    }
    lines
}

fn findings(main: &mut Markup, plan: &Document) {
    let (cured, told) = plan::found_groups(plan);
    for (title, class, first, groups) in [
        ("Found, with a cure in this plan", "cured", 1, &cured),
        (
            "Also seen, without a cure in this plan",
            "told",
            cured.len() + 1,
            &told,
        ),
    ] {
        if groups.is_empty() {
            continue;
        }
        main.says("h2", &format!("{title} ({})", groups.len()));
        for (group, number) in groups.iter().zip(first..) {
            main.with("article", &[("class", class)], |article| {
                one(article, group, number);
            });
        }
    }
    if cured.is_empty() && told.is_empty() {
        main.says("h2", "Findings");
        main.marked("p", "good", "nothing was found");
    }
}

fn one(article: &mut Markup, group: &Group<'_>, number: usize) {
    let finding = group.finding;
    article.says("h3", &format!("{number}  {}", finding.title));
    article.element("p", |line| {
        let class = match finding.certainty.as_str() {
            "certain" => "badge bad",
            "likely" => "badge care",
            _ => "badge soft",
        };
        line.marked("span", class, &finding.certainty);
        line.text(" ");
        line.says("code", &finding.repair);
    });
    for place in &group.places {
        article.marked("p", "place", &place.place);
        if let Some(written) = &place.written {
            article.marked("p", "soft", &format!("key last written {written}"));
        }
    }
    article.with("ul", &[("class", "evidence")], |list| {
        for line in &finding.evidence {
            list.says("li", line);
        }
    });
    if let Some(said) = plan::instead(finding) {
        article.marked("p", "soft", &said);
    }
}

fn changes(main: &mut Markup, plan: &Document) {
    main.says("h2", &format!("Changes ({})", plan.changes.len()));
    if plan.changes.is_empty() {
        main.marked("p", "soft", "no value changes");
    }
    let mut rest = plan.changes.as_slice();
    while let Some(first) = rest.first() {
        let place = plan::place_of(first);
        let here = rest
            .iter()
            .take_while(|change| plan::place_of(change) == place);
        let (group, others) = rest.split_at(here.count());
        rest = others;
        main.with("table", &[("class", "change")], |table| {
            table.element("caption", |caption| caption.says("code", &place));
            heading(table, &["Name", "Type", "Before", "After", "Why"]);
            table.element("tbody", |body| {
                for change in group {
                    body.element("tr", |row| value_row(row, change));
                }
            });
        });
    }
    main.marked("p", "soft", plan::summary(plan).trim_end());
    let weakened = journal::weakened(plan);
    if !weakened.is_empty() {
        main.marked(
            "p",
            "care",
            "This plan lowers on purpose, to be taken back afterwards:",
        );
        main.element("ul", |list| {
            for line in &weakened {
                list.says("li", line);
            }
        });
    }
}

fn heading(table: &mut Markup, names: &[&'static str]) {
    table.element("thead", |head| {
        head.element("tr", |row| {
            for name in names {
                row.with("th", &[("scope", "col")], |cell| cell.text(name));
            }
        });
    });
}

fn value_row(row: &mut Markup, change: &ChangeDocument) {
    let said = Row::of(change);
    cell(row, "Name", "value", said.name);
    cell(row, "Type", "value", said.kind);
    cell(row, "Before", "value old", &said.from);
    cell(row, "After", "value new", &said.to);
    why(row, &change.kind, &change.repair);
}

fn cell(row: &mut Markup, label: &'static str, class: &'static str, text: &str) {
    row.with("td", &[("data-label", label), ("class", class)], |cell| {
        cell.text(text);
    });
}

fn why(row: &mut Markup, kind: &str, repair: &str) {
    row.with("td", &[("data-label", "Why")], |cell| {
        let class = if kind == "weakening" {
            "badge care"
        } else {
            "badge good"
        };
        cell.marked("span", class, kind);
        cell.text(" ");
        cell.says("code", repair);
    });
}

fn permissions(main: &mut Markup, plan: &Document) {
    if plan.permissions.is_empty() {
        return;
    }
    main.says("h2", "Permissions");
    for change in &plan.permissions {
        main.element("table", |table| {
            table.element("caption", |caption| paths(caption, change));
            heading(table, &["", "Entry", "Why"]);
            table.element("tbody", |body| {
                for (sign, line) in change.differences() {
                    body.element("tr", |row| {
                        let (word, class) = match sign {
                            '+' => ("added", "value new"),
                            '-' => ("removed", "value old"),
                            _ => ("changed", "value"),
                        };
                        cell(row, "", class, word);
                        cell(row, "Entry", class, &line);
                        why(row, &change.kind, &change.repair);
                    });
                }
            });
        });
    }
}

fn names(main: &mut Markup, plan: &Document) {
    if plan.renames.is_empty() {
        return;
    }
    main.says("h2", "Files that get another name");
    main.element("table", |table| {
        heading(table, &["File", "New name", "SHA-256", "Why"]);
        table.element("tbody", |body| {
            for change in &plan.renames {
                body.element("tr", |row| {
                    cell(row, "File", "value old", &change.path);
                    cell(row, "New name", "value new", &change.name);
                    cell(row, "SHA-256", "value", &change.sha256);
                    why(row, &change.kind, &change.repair);
                });
            }
        });
    });
}

fn paths(caption: &mut Markup, change: &PermissionsDocument) {
    for path in change.paths.iter().take(PATHS) {
        caption.element("p", |line| line.says("code", path));
    }
    if let more @ 1.. = change.paths.len().saturating_sub(PATHS) {
        let said = format!(
            "and {} more (all of them: --format json)",
            files_and_folders(more)
        );
        caption.marked("p", "soft", &said);
    }
}

fn steps(main: &mut Markup, plan: &Document) {
    if plan.has_changes() {
        main.says("h2", "Next");
        main.element("ol", |list| {
            list.says("li", "snapshot this disk");
            list.element("li", |item| {
                item.element("pre", |pre| {
                    let line = format!("offfix apply {}", plan::command_line(plan));
                    pre.says("code", &line);
                });
            });
        });
    }
    if !plan.steps.is_empty() {
        main.says("h2", "Steps besides");
        main.element("ol", |list| {
            for step in &plan.steps {
                list.says("li", &format!("{}: {}", step.place, step.text));
            }
        });
    }
}

fn looked(main: &mut Markup, plan: &Document) {
    section(main, "Checked, and fine", &plan.fine);
    section(main, "Not checked", &plan.not_checked);
    section(main, "Left alone", &plan.left_alone);
    let mut request: Vec<String> = Vec::new();
    request.extend(plan.on_request.iter().map(|id| format!("--with {id}")));
    if plan.has_recipe {
        request.push("--as-article: the source article's whole recipe".to_owned());
    }
    section(main, "On request", &request);
}

fn section(main: &mut Markup, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    main.says("h2", title);
    main.element("ul", |list| {
        for line in lines {
            list.says("li", line);
        }
    });
}

fn runs(main: &mut Markup, plan: &Document) {
    main.says("h2", "Journal");
    let lines = match plan.earlier_runs.as_slice() {
        [] => vec!["no run is open on this disk".to_owned()],
        runs => runs.to_vec(),
    };
    main.element("ul", |list| {
        for line in &lines {
            list.says("li", line);
        }
    });
    if plan.left_open.is_empty() {
        main.marked("p", "good", "no run has left anything weakened");
    } else {
        let open = count(plan.left_open.len(), "guard");
        main.marked(
            "p",
            "care",
            &format!("left open, {open} lowered on purpose:"),
        );
        main.element("ul", |list| {
            for line in &plan.left_open {
                list.says("li", line);
            }
        });
    }
}

fn files(main: &mut Markup, plan: &Document) {
    if plan.files.is_empty() {
        return;
    }
    main.says("h2", "Files this plan was made from");
    main.element("table", |table| {
        heading(table, &["File", "Bytes", "SHA-256"]);
        table.element("tbody", |body| {
            for file in &plan.files {
                body.element("tr", |row| {
                    cell(row, "File", "value", &file.path);
                    cell(row, "Bytes", "value", &file.size.to_string());
                    cell(row, "SHA-256", "value", &file.sha256);
                });
            }
        });
    });
}

fn footer(main: &mut Markup, plan: &Document) {
    main.element("footer", |footer| {
        let said = format!(
            "{}; a plan is a request: apply makes it again from the disk, and refuses if anything \
             else comes out",
            plan.program
        );
        footer.says("p", &said);
    });
}

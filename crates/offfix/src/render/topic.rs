//! Repairs and symptoms as text.

use crate::commands::{FoundDocument, class};
use crate::numbers::wrap;
use crate::output::HEADING;
use crate::render::{WIDTH, field, lines};
use repairs::symptom::reason;
use repairs::{Repair, Symptom};

/// All repairs, a line each.
pub(crate) fn repairs(all: &[&Repair]) -> String {
    let width = all.iter().map(|repair| repair.id.len()).max().unwrap_or(0);
    all.iter()
        .map(|repair| {
            let Repair { id, title, .. } = repair;
            format!("{id:<width$}  {:<11}  {title}\n", class(repair.class))
        })
        .collect()
}

/// One repair: what there is to say, then its page.
pub(crate) fn repair(repair: &Repair) -> String {
    let mut text = field("Repair", &format!("{}: {}", repair.id, repair.title));
    text.push_str(&field("Class", class(repair.class)));
    text.push_str(&field("Risk", repair.risk));
    for parameter in repair.parameters {
        text.push_str(&field(
            "Parameter",
            &format!(
                "--set {}.{}=VALUE: {}; {} ({})",
                repair.id,
                parameter.name,
                parameter.about,
                parameter.values,
                parameter
                    .default
                    .map_or("needed".to_owned(), |default| format!("default {default}"))
            ),
        ));
    }
    text.push('\n');
    text.push_str(repair.about.trim_end());
    text.push('\n');
    text
}

/// All symptoms, a line each.
pub(crate) fn symptoms(all: &[&Symptom]) -> String {
    let width = all
        .iter()
        .map(|symptom| symptom.id.len())
        .max()
        .unwrap_or(0);
    all.iter()
        .map(|symptom| format!("{:<width$}  {}\n", symptom.id, symptom.title))
        .collect()
}

/// The symptoms that an error message tells of, with the words that were found.
pub(crate) fn found(all: &[FoundDocument]) -> String {
    let line = |found: &FoundDocument| {
        let FoundDocument {
            id,
            title,
            language,
            fragment,
        } = found;
        format!("{HEADING}{id}{HEADING:#}  {title}\n    {language}: {fragment}\n")
    };
    all.iter().map(line).collect()
}

/// One symptom, with the stop codes that stand for it.
pub(crate) fn symptom(symptom: &Symptom, codes: &[String]) -> String {
    let Symptom {
        id,
        title,
        about,
        first,
        look,
        recipe,
        here,
        after_boot,
        offered,
        no_repair,
        not_checked,
    } = symptom;
    let mut text = format!(
        "{HEADING}{id}{HEADING:#}  {title}\n{}\n\n",
        wrap(about, WIDTH, "")
    );
    let owned =
        |lines: &[&str]| -> Vec<String> { lines.iter().map(|&line| line.to_owned()).collect() };
    text.push_str(&lines("First", &owned(first)));
    text.push_str(&lines("Codes", codes));
    text.push_str(&order(look));
    if !recipe.is_empty() {
        let recipe = format!("{} (--as-article)", recipe.join(", "));
        text.push_str(&field("Recipe", &recipe));
    }
    text.push_str(&lines("Besides, here", &owned(here)));
    text.push_str(&lines("After boot", &owned(after_boot)));
    if !offered.is_empty() {
        let offered = format!("--with ID,...: {}", offered.join(", "));
        text.push_str(&field("Offered", &offered));
    }
    text.push_str(&lines("No repair for", &owned(no_repair)));
    text.push_str(&lines("Not on the disk", &owned(not_checked)));
    text
}

/// What is looked at, in its order, and why.
fn order(look: &[&str]) -> String {
    let width = look.iter().map(|id| id.len()).max().unwrap_or(0);
    let indent = width + 7;
    let mut text = format!("{HEADING}Looks at, in this order{HEADING:#}\n");
    for (id, number) in look.iter().zip(1..) {
        let why = reason(id).unwrap_or_default();
        let why = wrap(why, WIDTH - indent, &" ".repeat(indent));
        text.push_str(&format!("  {number:>2}  {id:<width$} {why}\n"));
    }
    text
}

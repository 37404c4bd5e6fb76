//! Repairs and symptoms as text.

use crate::commands::class;
use crate::numbers::wrap;
use crate::output::HEADING;
use crate::render::{WIDTH, field, lines};
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
    all.iter()
        .map(|symptom| format!("{}  {}\n", symptom.id, symptom.title))
        .collect()
}

/// One symptom.
pub(crate) fn symptom(symptom: &Symptom) -> String {
    let Symptom {
        id,
        title,
        about,
        look,
        recipe,
        after_boot,
        offered,
        not_checked,
    } = symptom;
    let mut text = format!(
        "{HEADING}{id}{HEADING:#}  {title}\n{}\n\n",
        wrap(about, WIDTH, "")
    );
    text.push_str(&field("Looks at", &look.join(", ")));
    text.push_str(&field(
        "Recipe",
        &format!("{} (--as-article)", recipe.join(", ")),
    ));
    let owned =
        |lines: &[&str]| -> Vec<String> { lines.iter().map(|&line| line.to_owned()).collect() };
    text.push_str(&lines("After boot", &owned(after_boot)));
    text.push_str(&field("Offered", &offered.join(", ")));
    text.push_str(&lines("Not on the disk", &owned(not_checked)));
    text
}

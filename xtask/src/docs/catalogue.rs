//! docs/catalogue.md: every repair in two tables, from the program's list and the repairs' pages.
//!
//! Invariants: class, risk and parameters are what the program says, the rest what the page says;
//! a page that lacks a section fails with its name. Absent on purpose: words of its own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::page::Page;

const PAGES: &str = "crates/repairs/src/repairs";
const HEAD: &str = "# The catalogue

Written by `cargo xtask docs` from what `offfix repairs` says and from each repair's page, whose
sections are cut to what they say first. The whole page is one command away: `offfix repairs ID`.

*Recommended* is proposed whenever it has evidence, *on request* only when it is named, and *report
only* never changes anything.
";

/// The page, from the program's list of repairs and the checkout.
pub(super) fn page(list: &str, root: &Path) -> Result<String> {
    let repairs: Vec<Value> = serde_json::from_str(list).context("the list of repairs")?;
    let text_of = |repair: &Value| {
        let path = root.join(PAGES).join(format!("{}.md", text(repair, "id")));
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let pages: Vec<String> = repairs.iter().map(text_of).collect::<Result<_>>()?;
    let mut all = HEAD.to_owned();
    all.push_str("\n## What is looked at and changed\n\n");
    all.push_str("| repair | class | evidence | change | parameters | risk |\n");
    all.push_str("|---|---|---|---|---|---|\n");
    for (repair, page) in repairs.iter().zip(&pages) {
        let line = line(repair, Page(page)).with_context(|| text(repair, "id"))?;
        all.push_str(&line);
    }
    all.push_str("\n## Where it comes from\n\n");
    all.push_str(
        "| repair | source | where it is wrong, and what is done instead |\n|---|---|---|\n",
    );
    for (repair, page) in repairs.iter().zip(&pages) {
        let (source, rest) = Page(page).source().with_context(|| text(repair, "id"))?;
        let rest = if rest.is_empty() { "-" } else { &rest };
        all.push_str(&row(&[&code(repair, "id"), &source, rest]));
    }
    Ok(all)
}

fn line(repair: &Value, page: Page<'_>) -> Result<String> {
    let parameters = repair.get("parameters").and_then(Value::as_array);
    let parameters: Vec<String> = parameters.into_iter().flatten().map(parameter).collect();
    Ok(row(&[
        &code(repair, "id"),
        &text(repair, "class"),
        &page.gist("What is looked at")?,
        &page.changes("What is changed")?,
        if parameters.is_empty() {
            "-".to_owned()
        } else {
            parameters.join("; ")
        }
        .as_str(),
        &text(repair, "risk"),
    ]))
}

fn parameter(parameter: &Value) -> String {
    let default = match parameter.get("default").and_then(Value::as_str) {
        Some(default) => format!("default {default}"),
        None => "needed".to_owned(),
    };
    let (name, values) = (code(parameter, "name"), text(parameter, "values"));
    format!("{name}: {values} ({default})")
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn code(value: &Value, name: &str) -> String {
    format!("`{}`", text(value, name))
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"[{"id": "nla", "class": "recommended", "risk": "none | little",
        "parameters": [{"name": "form", "values": "off, on", "default": "off"}]}]"#;

    #[test]
    fn a_repair_of_this_checkout_has_both_rows() {
        let all = page(LIST, &crate::root().unwrap()).unwrap();
        assert!(all.contains("\n| `nla` | recommended | "), "{all}");
        assert!(
            all.contains(" | `form`: off, on (default off) | none \\| little |\n"),
            "{all}"
        );
        assert!(
            all.contains("\n| `nla` | The Azure article on RDP internal errors. | "),
            "{all}"
        );
    }

    #[test]
    fn a_page_that_is_not_there_is_named() {
        let list = LIST.replace("nla", "gone");
        let error = page(&list, &crate::root().unwrap()).unwrap_err();
        assert!(error.to_string().ends_with("gone.md"), "{error}");
    }
}

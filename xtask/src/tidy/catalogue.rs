//! Rule `catalogue`: every repair has its line, its file, its page and its fixture.
//!
//! Invariants: the lines `name::REPAIR,` of the catalogue are the only list of repairs, in
//! alphabetical order; nothing lies about that no line names. Absent on purpose: what a page or
//! a fixture has to contain, beyond the page's heading.

use super::source::{line_of, words};
use super::{Tree, Violation};

const CATALOGUE: &str = "crates/repairs/src/catalogue.rs";
const REPAIRS: &str = "crates/repairs/src/repairs/";
const BROKEN: &str = "fixtures/broken/";

/// Compares the catalogue with the files.
pub(super) fn check(tree: &Tree, found: &mut Vec<Violation>) {
    let mut complain = |path: &str, line, what| {
        found.push(Violation {
            path: path.to_string(),
            line,
            rule: "catalogue",
            what,
        });
    };
    let Some(source) = tree.file(CATALOGUE).and_then(|file| file.source()) else {
        complain(CATALOGUE, 1, "the catalogue is missing".to_string());
        return;
    };
    let entries = entries(&source.shipped);
    if entries.is_empty() {
        complain(
            CATALOGUE,
            1,
            "no line `name::REPAIR,` in the catalogue".to_string(),
        );
    }
    for pair in entries.windows(2) {
        if let [(_, before), (line, after)] = pair
            && before >= after
        {
            complain(CATALOGUE, *line, format!("{after} stands after {before}"));
        }
    }
    for (line, module) in &entries {
        check_repair(tree, *line, module, &mut complain);
    }
    let known = |id: &str| {
        entries
            .iter()
            .any(|(_, module)| module.replace('_', "-") == id)
    };
    for (path, id) in strays(tree) {
        if !known(id) {
            complain(path, 1, format!("no line in the catalogue names {id}"));
        }
    }
}

/// Looks for the file, the page and the fixture of one line of the catalogue.
fn check_repair(
    tree: &Tree,
    line: usize,
    module: &str,
    complain: &mut impl FnMut(&str, usize, String),
) {
    let id = module.replace('_', "-");
    let file = format!("{REPAIRS}{module}.rs");
    if tree.file(&file).is_none() {
        complain(CATALOGUE, line, format!("{id}: no file {file}"));
    }
    let page = format!("{REPAIRS}{id}.md");
    match tree.file(&page).map(|file| file.text().unwrap_or_default()) {
        None => complain(CATALOGUE, line, format!("{id}: no page {page}")),
        Some(text) if !is_heading(text, &id) => {
            complain(
                &page,
                1,
                format!("the page does not begin with the heading {id}"),
            );
        }
        Some(_) => {}
    }
    if tree.below(&format!("{BROKEN}{id}/")).next().is_none() {
        complain(CATALOGUE, line, format!("{id}: no fixture {BROKEN}{id}"));
    }
}

/// The modules of the lines `name::REPAIR,`, with their line numbers.
fn entries(code: &str) -> Vec<(usize, &str)> {
    let found = words(code, "::REPAIR").filter_map(|offset| {
        let before = code.get(..offset)?;
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let module = before.get(start.map_or(0, |at| at + 1)..)?;
        Some((line_of(code, offset), module))
    });
    found.filter(|(_, module)| !module.is_empty()).collect()
}

fn is_heading(text: &str, id: &str) -> bool {
    let heading = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let mut words = heading
        .unwrap_or_default()
        .split(|c: char| c != '-' && !c.is_alphanumeric());
    words.any(|word| word == id)
}

/// Pages, and the first file of each broken disk, with the id their place claims.
fn strays(tree: &Tree) -> Vec<(&str, &str)> {
    let pages = tree.below(REPAIRS).filter_map(|file| {
        let name = file.path().strip_prefix(REPAIRS)?;
        Some((file.path(), name.strip_suffix(".md")?))
    });
    let disks = tree.below(BROKEN).filter_map(|file| {
        let (id, _) = file.path().strip_prefix(BROKEN)?.split_once('/')?;
        Some((file.path(), id))
    });
    let mut found: Vec<(&str, &str)> = pages.chain(disks).collect();
    found.dedup_by_key(|(_, id)| *id);
    found
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    const GOOD: &[(&str, &str)] = &[
        (
            CATALOGUE,
            "pub const CATALOGUE: &[Repair] = &[\n    nla::REPAIR,\n    nla_off::REPAIR,\n];\n",
        ),
        ("crates/repairs/src/repairs/nla.md", "# nla\n"),
        ("crates/repairs/src/repairs/nla.rs", "//! x\n"),
        (
            "crates/repairs/src/repairs/nla-off.md",
            "# `nla-off`: for a while\n",
        ),
        ("crates/repairs/src/repairs/nla_off.rs", "//! x\n"),
        ("fixtures/broken/nla/SYSTEM", "x"),
        ("fixtures/broken/nla-off/SYSTEM", "x"),
    ];

    #[track_caller]
    fn says(change: impl Fn(&mut Vec<(&str, &str)>), expected: &[&str]) {
        let mut files = GOOD.to_vec();
        change(&mut files);
        assert_eq!(complaints(check, &files), expected);
    }

    #[track_caller]
    fn without(index: usize, expected: &[&str]) {
        let change = |files: &mut Vec<(&str, &str)>| {
            files.remove(index);
        };
        says(change, expected);
    }

    #[test]
    fn a_whole_catalogue_passes() {
        says(|_| {}, &[]);
    }

    #[test]
    fn a_missing_or_empty_catalogue_fails() {
        let missing = "crates/repairs/src/catalogue.rs:1: catalogue: the catalogue is missing";
        assert_eq!(complaints(check, &[]), [missing]);
        let empty = "crates/repairs/src/catalogue.rs:1: catalogue: \
                     no line `name::REPAIR,` in the catalogue";
        assert_eq!(
            complaints(
                check,
                &[(CATALOGUE, "// nla::REPAIR\nuse testkit::REPAIRS;\n")]
            ),
            [empty]
        );
    }

    #[test]
    fn whatever_is_missing_is_named() {
        let at = "crates/repairs/src/catalogue.rs";
        let file = format!("{at}:3: catalogue: nla-off: no file {REPAIRS}nla_off.rs");
        without(4, &[&file]);
        let page = format!("{at}:3: catalogue: nla-off: no page {REPAIRS}nla-off.md");
        without(3, &[&page]);
        let disk = format!("{at}:3: catalogue: nla-off: no fixture fixtures/broken/nla-off");
        without(6, &[&disk]);
    }

    #[test]
    fn pages_carry_their_heading() {
        let heading = format!(
            "{REPAIRS}nla.md:1: catalogue: \
                               the page does not begin with the heading nla"
        );
        says(|files| files[1].1 = "# nla-off\n", &[&heading]);
    }

    #[test]
    fn strays_and_disorder_fail() {
        let page = format!("{REPAIRS}gone.md:1: catalogue: no line in the catalogue names gone");
        says(
            |files| files.push(("crates/repairs/src/repairs/gone.md", "# gone\n")),
            &[&page],
        );
        let disk = "fixtures/broken/gone/A:1: catalogue: no line in the catalogue names gone";
        says(|files| files.push(("fixtures/broken/gone/A", "")), &[disk]);
        let order = "crates/repairs/src/catalogue.rs:2: catalogue: nla stands after nla_off";
        says(
            |files| files[0].1 = "a(nla_off::REPAIR,\n nla::REPAIR)",
            &[order],
        );
    }
}

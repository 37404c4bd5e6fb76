//! Task `tidy`: the house rules no compiler knows.
//!
//! Invariants: rules are pure functions over a [`Tree`] held in memory; all violations are
//! reported, in order of path and line. Absent on purpose: a list of exemptions.

mod catalogue;
mod imports;
mod libraries;
mod limits;
mod manifest;
mod source;
mod text;
mod tree;
mod words;

use std::fmt;

use anyhow::{Result, bail};

pub use tree::{File, Tree};

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Path below the root, with forward slashes.
    pub path: String,
    /// Line, counted from 1; 1 when the whole file is meant.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.path, self.line, self.rule, self.what
        )
    }
}

/// A rule: looks at the whole tree and adds what it finds.
type Rule = fn(&Tree, &mut Vec<Violation>);

const RULES: &[Rule] = &[
    catalogue::check,
    imports::check,
    libraries::check,
    limits::check,
    manifest::check,
    text::check,
    words::check,
];

/// Every violation in `tree`, in order of path and line.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for rule in RULES {
        rule(tree, &mut found);
    }
    found.sort();
    found
}

/// Prints every violation in the checkout.
///
/// # Errors
/// When there is a violation, or the checkout cannot be read.
pub fn run(args: &[String]) -> Result<()> {
    crate::no_arguments(args)?;
    let tree = Tree::read(&crate::root()?)?;
    let found = check(&tree);
    for violation in &found {
        println!("{violation}");
    }
    if !found.is_empty() {
        bail!(
            "{} violations in {} files looked at",
            found.len(),
            tree.files().len()
        );
    }
    println!("tidy: {} files, no violation", tree.files().len());
    Ok(())
}

/// What the tests of the rules share: a rule over a tree of one file, as printed lines.
#[cfg(test)]
fn complaints(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    rule(&Tree::of(files), &mut found);
    found.sort();
    found.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_asked() {
        let wide = "x".repeat(101);
        let files = [
            (
                "crates/disk/Cargo.toml",
                "[dependencies]\nhive = 1\nrand = 1\n",
            ),
            ("crates/disk/src/a.rs", "//! x\nuse volume::x;\nunsafe {}\n"),
            ("crates/disk/src/b.rs", &format!("//! {wide}\n")),
            ("docs/a.md", "a \n"),
        ];
        let found: Vec<String> = check(&Tree::of(&files))
            .iter()
            .map(ToString::to_string)
            .collect();
        let expected = [
            "crates/disk/Cargo.toml:1: licence: license must be \"MIT OR Apache-2.0\"",
            "crates/disk/Cargo.toml:1: lints: the workspace's lints must apply",
            "crates/disk/Cargo.toml:2: imports: disk may not import hive",
            "crates/disk/Cargo.toml:3: libraries: \
             rand is new: add a line `# rand: why` to deny.toml",
            "crates/disk/src/a.rs:2: imports: disk may not use volume",
            "crates/disk/src/a.rs:3: unsafe: unsafe in code",
            "crates/disk/src/b.rs:1: limits: the line has 105 columns, 100 are allowed",
            "crates/repairs/src/catalogue.rs:1: catalogue: the catalogue is missing",
            "docs/a.md:1: blanks: blank at the end of the line",
        ];
        assert_eq!(found, expected);
    }
}

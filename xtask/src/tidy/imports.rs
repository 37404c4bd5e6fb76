//! Rule `imports`: what code of each crate may name.
//!
//! Invariants: the table of [`super::manifest`] is the only one. Absent on purpose: name
//! resolution; a path that begins with a crate's name means that crate, unless the same file
//! declares a module of that name.

use super::manifest::{self, CRATES, Crate};
use super::source::{Source, line_of, words};
use super::{Tree, Violation};

/// Words of file access that pure format crates must not know.
const OPENS: &[&str] = &[
    "std::fs",
    "File::open",
    "File::create",
    "OpenOptions",
    "File::options",
];
/// Words of writing, for crates that may look but leave writing to `disk`.
const WRITES: &[&str] = &["fs::write", "fs::rename", "fs::remove_file", "File::create"];
/// Words of printing, for everything but the command line and the tasks.
const PRINTS: &[&str] = &[
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "io::stdout",
    "io::stderr",
];

/// Looks at every Rust file of every crate.
pub(super) fn check(tree: &Tree, found: &mut Vec<Violation>) {
    for (path, source) in tree.rust() {
        let Some(house) = manifest::crate_of(path) else {
            continue;
        };
        // A fuzz folder is a workspace of its own, for tests alone.
        let in_tests = !path.contains("/src/") || path.contains("/fuzz/");
        let mut complain = |offset, what| {
            let line = line_of(&source.code, offset);
            found.push(Violation {
                path: path.to_string(),
                line,
                rule: "imports",
                what,
            });
        };
        for (offset, name) in uses(source) {
            // A test module inside src may use testkit; shipped code may not.
            let shipped = words(&source.shipped, "use").any(|at| at == offset);
            if !manifest::may_import(house, name, in_tests || !shipped) && house.name != name {
                complain(offset, format!("{} may not use {name}", house.name));
            }
        }
        if in_tests {
            continue;
        }
        for (list, what) in forbidden(house) {
            for word in list {
                for offset in words(&source.shipped, word) {
                    complain(offset, format!("{word}: {} {what}", house.name));
                }
            }
        }
    }
}

/// The word lists a crate's shipped code must keep out, with the sentence that says why.
fn forbidden(house: &Crate) -> Vec<(&'static [&'static str], &'static str)> {
    match house.name {
        "hive" | "bcd" | "security" => {
            vec![(OPENS, "never opens a file"), (PRINTS, "never prints")]
        }
        "volume" | "repairs" => vec![(WRITES, "never writes"), (PRINTS, "never prints")],
        "disk" | "testkit" => vec![(PRINTS, "never prints")],
        _ => Vec::new(),
    }
}

/// The crates of the house that are named by `use` and `extern crate`, with the place.
fn uses(source: &Source) -> Vec<(usize, &'static str)> {
    let code = source.code.as_str();
    let declared = |name: &str| words(code, "mod").any(|at| first_word(code, at + 3) == name);
    let mut found = Vec::new();
    for (keyword, skip) in [("use", 3), ("extern crate", 12)] {
        for offset in words(code, keyword) {
            let name = first_word(code, offset + skip);
            let ours = CRATES.iter().find(|entry| entry.name == name);
            if let Some(entry) = ours.filter(|entry| !declared(entry.name)) {
                found.push((offset, entry.name));
            }
        }
    }
    found
}

fn first_word(code: &str, from: usize) -> &str {
    let tail = code
        .get(from..)
        .unwrap_or_default()
        .trim_start()
        .trim_start_matches("::");
    let end = tail.bytes().position(|byte| !super::source::is_name(byte));
    tail.get(..end.unwrap_or(tail.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[track_caller]
    fn says(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(complaints(check, &[(path, text)]), expected);
    }

    #[test]
    fn uses_along_the_arrows_pass() {
        says(
            "crates/volume/src/lib.rs",
            "use hive::Hive;\nuse disk::Root;\n",
            &[],
        );
        says(
            "crates/hive/tests/a.rs",
            "use testkit::build;\nuse std::fs;\n",
            &[],
        );
        says(
            "crates/hive/src/a.rs",
            "#[cfg(test)]\nmod tests {\n use testkit::x;\n}\n",
            &[],
        );
        says(
            "crates/testkit/src/lib.rs",
            "mod hive;\nuse hive::Builder;\n",
            &[],
        );
        says(
            "crates/volume/src/a.rs",
            "use crate::repairs::x; // use repairs::x\n",
            &[],
        );
    }

    #[test]
    fn uses_against_the_arrows_fail() {
        let hive = "crates/hive/src/a.rs:2: imports: hive may not use volume";
        says(
            "crates/hive/src/a.rs",
            "//! x\npub use ::volume::Volume;\n",
            &[hive],
        );
        let testkit = "crates/repairs/src/a.rs:1: imports: repairs may not use testkit";
        says(
            "crates/repairs/src/a.rs",
            "use testkit::build;\n",
            &[testkit],
        );
        let old = "crates/disk/src/a.rs:1: imports: disk may not use hive";
        says("crates/disk/src/a.rs", "extern crate hive;\n", &[old]);
    }

    #[test]
    fn hive_opens_no_file() {
        let fs = "crates/hive/src/a.rs:1: imports: std::fs: hive never opens a file";
        says("crates/hive/src/a.rs", "use std::fs;\n", &[fs]);
        let open = "crates/hive/src/a.rs:2: imports: File::open: hive never opens a file";
        says(
            "crates/hive/src/a.rs",
            "fn f() {\n File::open(p) }\n",
            &[open],
        );
    }

    #[test]
    fn repairs_neither_write_nor_print() {
        let write = "crates/repairs/src/a.rs:1: imports: fs::write: repairs never writes";
        says(
            "crates/repairs/src/a.rs",
            "fn f() { std::fs::write(a, b) }",
            &[write],
        );
        let print = "crates/repairs/src/a.rs:1: imports: println!: repairs never prints";
        says(
            "crates/repairs/src/a.rs",
            "fn f() { println!(\"x\") }",
            &[print],
        );
        says(
            "crates/repairs/src/a.rs",
            "#[cfg(test)]\nmod t { fn f() { fs::write() } }",
            &[],
        );
    }
}

//! Rule `words`: file heads, and words that have no place on main.
//!
//! Invariants: in Rust files code words are looked for in code and notes in comments, so that
//! a literal may name them. Absent on purpose: spelling and style.

use super::source::{line_of, words};
use super::{File, Tree, Violation};

/// Notes to oneself.
const NOTES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
];
/// Code that is not there, and tests that do not run or cannot say what failed.
const CODE: &[&str] = &["todo!", "unimplemented!", "#[ignore", "#[should_panic"];
/// The only place for unsafe code.
const UNSAFE_BELOW: &str = "crates/disk/src/os";
/// Text files that people write notes into, besides Rust.
const PROSE: &[&str] = &[".md", ".toml", ".yml", ".sh", "/run"];

/// Looks at every Rust file and at prose.
pub(super) fn check(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree
        .files()
        .iter()
        .filter(|file| !file.path().starts_with("fixtures/"))
    {
        let mut complain = |line, rule, what| {
            found.push(Violation {
                path: file.path().to_string(),
                line,
                rule,
                what,
            });
        };
        if let Some(source) = file.source() {
            if !source.text.starts_with("//! ") {
                complain(
                    1,
                    "head",
                    "the file does not begin with its job (//!)".to_string(),
                );
            }
            let os = file.path().starts_with(UNSAFE_BELOW);
            let kinds = CODE.iter().copied().chain((!os).then_some("unsafe"));
            for word in kinds {
                for offset in words(&source.code, word) {
                    let rule = if word == "unsafe" { "unsafe" } else { "words" };
                    complain(
                        line_of(&source.code, offset),
                        rule,
                        format!("{word} in code"),
                    );
                }
            }
        }
        for (line, word) in notes(file) {
            complain(line, "words", format!("{word}: finish it, or leave it out"));
        }
    }
}

fn notes(file: &File) -> Vec<(usize, &'static str)> {
    let prose = PROSE.iter().any(|end| file.path().ends_with(end));
    let text = match file.source() {
        Some(source) => source.comments.as_str(),
        None if prose => file.text().unwrap_or_default(),
        None => return Vec::new(),
    };
    let found = NOTES
        .iter()
        .flat_map(|word| words(text, word).map(move |at| (at, *word)));
    found
        .map(|(offset, word)| (line_of(text, offset), word))
        .collect()
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
    fn files_begin_with_their_job() {
        says("a.rs", "//! x\n", &[]);
        let bare = "a.rs:1: head: the file does not begin with its job (//!)";
        says("a.rs", "// x\n", &[bare]);
        says("a.rs", "", &[bare]);
    }

    #[test]
    fn notes_fail() {
        for word in NOTES {
            let expected = format!("a.rs:2: words: {word}: finish it, or leave it out");
            says("a.rs", &format!("//! x\n// {word}: y\n"), &[&expected]);
            says("a.rs", &format!("//! x\nf(\"{word}\")\n"), &[]);
            let expected = format!("a.md:1: words: {word}: finish it, or leave it out");
            says("a.md", word, &[&expected]);
        }
    }

    #[test]
    fn missing_code_fails() {
        for word in CODE {
            let expected = format!("a.rs:2: words: {word} in code");
            says("a.rs", &format!("//! x\n{word}()\n"), &[&expected]);
            says("a.rs", &format!("//! x {word}\n"), &[]);
        }
    }

    #[test]
    fn unsafe_code_has_one_place() {
        let bad = "//! x\nfn f() { unsafe { g() } }\n";
        says("crates/disk/src/os/unix.rs", bad, &[]);
        let expected = "crates/disk/src/lib.rs:2: unsafe: unsafe in code";
        says("crates/disk/src/lib.rs", bad, &[expected]);
        says(
            "crates/disk/src/lib.rs",
            "//! x\n#![forbid(unsafe_code)]\n",
            &[],
        );
    }
}

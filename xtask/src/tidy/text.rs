//! Rule `text`: line ends, blanks, paths of one machine, and the size of fixtures.
//!
//! Invariants: fixtures are bytes, so only their size counts. Absent on purpose: spelling.

use super::{File, Tree, Violation};

/// A fixture is smaller than this, in bytes.
const FIXTURE: usize = 96 * 1024;

/// Beginnings of paths that exist on one machine only.
const MACHINE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/t", "mp/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
];

/// Looks at every text file, and at the size of every fixture.
pub(super) fn check(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.files() {
        let mut complain = |line, rule, what| {
            found.push(Violation {
                path: file.path().to_string(),
                line,
                rule,
                what,
            });
        };
        if file.path().starts_with("fixtures/") {
            if file.size() >= FIXTURE {
                complain(
                    1,
                    "size",
                    format!("{} bytes, less than {FIXTURE} wanted", file.size()),
                );
            }
        } else {
            check_text(file, &mut complain);
        }
    }
}

fn check_text(file: &File, complain: &mut impl FnMut(usize, &'static str, String)) {
    let Some(text) = file.text() else { return };
    // In a table of tabs the last column may be empty.
    let table = file.path().ends_with(".tsv");
    // A snapshot is what a program printed, to the last blank.
    let printed = file.path().ends_with(".snap");
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        if line.ends_with('\r') {
            complain(number, "blanks", "the line ends with CR LF".to_string());
        } else if !printed && (line.ends_with(' ') || (line.ends_with('\t') && !table)) {
            complain(number, "blanks", "blank at the end of the line".to_string());
        }
        if let Some(path) = machine_path(line) {
            complain(
                number,
                "machine",
                format!("{path} is a path of one machine"),
            );
        }
    }
    let lines = text.split('\n').count();
    if !text.is_empty() && !text.ends_with('\n') {
        complain(
            lines,
            "blanks",
            "no line end at the end of the file".to_string(),
        );
    } else if text.ends_with("\n\n") {
        complain(
            lines - 1,
            "blanks",
            "empty line at the end of the file".to_string(),
        );
    }
}

/// The beginning of the first path of one machine in `line`.
fn machine_path(line: &str) -> Option<&'static str> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '}' | '/');
    let starts = |path: &&str| {
        line.match_indices(*path).any(|(offset, _)| {
            let before = line.get(..offset).unwrap_or_default().chars().next_back();
            let after = line
                .get(offset + path.len()..)
                .unwrap_or_default()
                .chars()
                .next();
            !before.is_some_and(inside) && after.is_some_and(char::is_alphanumeric)
        })
    };
    MACHINE.iter().copied().find(|path| starts(path))
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
    fn blanks_and_line_ends() {
        says("a.md", "a\nb\n", &[]);
        says("a.md", "", &[]);
        says("a.snap", "a \n", &[]);
        says(
            "a.md",
            "a \n",
            &["a.md:1: blanks: blank at the end of the line"],
        );
        says(
            "a.md",
            "a\n\t\nb\n",
            &["a.md:2: blanks: blank at the end of the line"],
        );
        says(
            "a.md",
            "a\r\nb\n",
            &["a.md:1: blanks: the line ends with CR LF"],
        );
        says(
            "a.md",
            "a\nb",
            &["a.md:2: blanks: no line end at the end of the file"],
        );
        says(
            "a.md",
            "a\n\n",
            &["a.md:2: blanks: empty line at the end of the file"],
        );
    }

    #[test]
    fn paths_of_one_machine() {
        for path in MACHINE {
            let expected = format!("a.rs:1: machine: {path} is a path of one machine");
            says("a.rs", &format!("read(\"{path}x\")\n"), &[&expected]);
            says("a.rs", &format!("a relative dir{path}x\n"), &[]);
            says("a.rs", &format!("the folder {path} itself\n"), &[]);
        }
    }

    #[test]
    fn fixtures_are_small() {
        let (small, large) = ("x".repeat(FIXTURE - 1), "x".repeat(FIXTURE));
        says("fixtures/demo/SYSTEM", &small, &[]);
        let expected = "fixtures/demo/SYSTEM:1: size: 98304 bytes, less than 98304 wanted";
        says("fixtures/demo/SYSTEM", &large, &[expected]);
        says("docs/large.txt", &format!("{large}\n"), &[]);
    }
}

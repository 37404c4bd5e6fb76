//! Rule `limits`: how long files, functions and lines may be.
//!
//! Invariants: limits hold for every Rust file, generated or not. Absent on purpose: exemptions.

use super::source::{Source, after_block, is_name, line_of, words};
use super::{Tree, Violation};

/// Lines of a file.
const FILE: usize = 500;
/// Lines of a file below a `tests` folder.
const TEST_FILE: usize = 800;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION: usize = 60;
/// Characters of a line.
const LINE: usize = 100;

/// Measures every Rust file.
pub(super) fn check(tree: &Tree, found: &mut Vec<Violation>) {
    for (path, source) in tree.rust() {
        let mut complain = |line, what| {
            found.push(Violation {
                path: path.to_string(),
                line,
                rule: "limits",
                what,
            });
        };
        let limit = if path.contains("/tests/") {
            TEST_FILE
        } else {
            FILE
        };
        let lines = source.text.lines().count();
        if lines > limit {
            complain(
                limit + 1,
                format!("the file has {lines} lines, {limit} are allowed"),
            );
        }
        for (index, line) in source.text.lines().enumerate() {
            let width = line.chars().count();
            if width > LINE {
                complain(
                    index + 1,
                    format!("the line has {width} columns, {LINE} are allowed"),
                );
            }
        }
        for (line, name, length) in functions(source) {
            if length > FUNCTION {
                complain(
                    line,
                    format!("fn {name} has {length} lines, {FUNCTION} are allowed"),
                );
            }
        }
    }
}

/// Every function with a body: its first line, name and number of lines.
fn functions(source: &Source) -> Vec<(usize, &str, usize)> {
    let code = source.code.as_str();
    let mut found = Vec::new();
    for offset in words(code, "fn") {
        let tail = code.get(offset + 2..).unwrap_or_default().trim_start();
        let name = tail
            .split(|c: char| !c.is_ascii() || !is_name(c as u8))
            .next();
        // `fn(u8) -> u8` is a type; it has no name.
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            continue;
        };
        let Some(open) = body(code, offset) else {
            continue;
        };
        let first = line_of(code, offset);
        let last = line_of(code, after_block(code, open).saturating_sub(1));
        found.push((first, name, last + 1 - first));
    }
    found
}

/// Where the body of the function at `offset` opens; `None` for a declaration without one.
fn body(code: &str, offset: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in code.bytes().enumerate().skip(offset) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
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
    fn files_end_in_time() {
        says("crates/a/src/a.rs", &"\n".repeat(FILE), &[]);
        let long = "crates/a/src/a.rs:501: limits: the file has 501 lines, 500 are allowed";
        says("crates/a/src/a.rs", &"\n".repeat(FILE + 1), &[long]);
        says("crates/a/tests/a.rs", &"\n".repeat(TEST_FILE), &[]);
        let long = "crates/a/tests/a.rs:801: limits: the file has 801 lines, 800 are allowed";
        says("crates/a/tests/a.rs", &"\n".repeat(TEST_FILE + 1), &[long]);
    }

    #[test]
    fn lines_end_in_time() {
        says("a.rs", &"é".repeat(LINE), &[]);
        let wide = "a.rs:2: limits: the line has 101 columns, 100 are allowed";
        says("a.rs", &format!("\n{}", "é".repeat(LINE + 1)), &[wide]);
        says("a.md", &"x".repeat(LINE + 1), &[]);
    }

    #[test]
    fn functions_end_in_time() {
        let lines = |n: usize| format!("x;\nfn f<'a>(g: [u8; 2]) {{\n{}}}\n", "y;\n".repeat(n));
        says("a.rs", &lines(FUNCTION - 2), &[]);
        let long = "a.rs:2: limits: fn f has 61 lines, 60 are allowed";
        says("a.rs", &lines(FUNCTION - 1), &[long]);
    }

    #[test]
    fn only_bodies_are_measured() {
        let text = "trait T { fn a(&self); }\ntype F = fn(u8);\nfn b() {\n '}';\n}\nfn c() { d }\n";
        let source = Source::new(text);
        assert_eq!(functions(&source), [(3, "b", 3), (6, "c", 1)]);
    }
}

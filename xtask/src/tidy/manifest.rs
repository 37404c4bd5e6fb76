//! Rule `manifest`: licence, lints and dependencies of every crate.
//!
//! Invariants: a crate that is not in the table is a violation, so that the table stays whole.
//! Absent on purpose: a TOML parser; tables and `name = …` lines are all that is asked for.

use super::{Tree, Violation};

/// What the house says about one crate.
pub(super) struct Crate {
    pub(super) name: &'static str,
    /// The house's crates it may import.
    pub(super) imports: &'static [&'static str],
    licence: &'static str,
}

const FREE: &str = "MIT OR Apache-2.0";
/// For crates that link nt-hive, themselves or through `volume`.
const COPYLEFT: &str = "GPL-2.0-or-later";

/// Who may import whom; `testkit` is added for tests by [`may_import`].
pub(super) const CRATES: &[Crate] = &[
    Crate {
        name: "security",
        imports: &[],
        licence: FREE,
    },
    Crate {
        name: "hive",
        imports: &["security"],
        licence: FREE,
    },
    Crate {
        name: "bcd",
        imports: &["hive", "security"],
        licence: FREE,
    },
    Crate {
        name: "disk",
        imports: &[],
        licence: FREE,
    },
    Crate {
        name: "volume",
        imports: &["hive", "disk", "bcd", "security"],
        licence: COPYLEFT,
    },
    Crate {
        name: "repairs",
        imports: &["volume", "hive", "disk", "bcd", "security"],
        licence: COPYLEFT,
    },
    Crate {
        name: "offfix",
        imports: &["repairs", "volume", "hive", "disk", "bcd", "security"],
        licence: COPYLEFT,
    },
    Crate {
        name: "testkit",
        imports: &[],
        licence: FREE,
    },
    Crate {
        name: "xtask",
        imports: &["testkit"],
        licence: FREE,
    },
];

/// Libraries only the command line may know.
const OF_THE_COMMAND_LINE: &[&str] = &["serde", "serde_json", "anstream", "jiff"];

/// Whether `importer` may import the house's crate `imported`.
pub(super) fn may_import(importer: &Crate, imported: &str, in_tests: bool) -> bool {
    let tests = in_tests && imported == "testkit" && importer.name != "testkit";
    tests || importer.imports.contains(&imported)
}

/// The crate a path belongs to.
pub(super) fn crate_of(path: &str) -> Option<&'static Crate> {
    let name = match path.strip_prefix("crates/") {
        Some(below) => below.split('/').next()?,
        None => path.split('/').next().filter(|first| *first == "xtask")?,
    };
    CRATES.iter().find(|entry| entry.name == name)
}

/// Checks every crate's Cargo.toml.
pub(super) fn check(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.files() {
        let Some(folder) = file.path().strip_suffix("/Cargo.toml") else {
            continue;
        };
        let name = folder.strip_prefix("crates/").unwrap_or(folder);
        if name.contains('/') {
            continue;
        }
        let mut complain = |line: usize, rule, what: String| {
            found.push(Violation {
                path: file.path().to_string(),
                line,
                rule,
                what,
            });
        };
        let Some(house) = CRATES.iter().find(|entry| entry.name == name) else {
            complain(
                1,
                "manifest",
                format!("crate {name} is not in the house's table"),
            );
            continue;
        };
        let manifest = Manifest::new(file.text().unwrap_or_default());
        check_package(&manifest, house, &mut complain);
        check_dependencies(&manifest, house, &mut complain);
    }
}

fn check_package(
    manifest: &Manifest<'_>,
    house: &Crate,
    complain: &mut impl FnMut(usize, &'static str, String),
) {
    let licence = manifest.find("package", "license");
    let right = format!("\"{}\"", house.licence);
    if licence.is_none_or(|entry| entry.value != right) {
        let line = licence.map_or(1, |entry| entry.line);
        complain(line, "licence", format!("license must be {right}"));
    }
    // Cargo cannot relax one lint of the workspace, so disk repeats them to allow unsafe code.
    let lints = manifest.find("lints", "workspace");
    let shared = lints.is_some_and(|entry| entry.value == "true");
    let own = manifest.find("lints.rust", "unsafe_code");
    let own = own.is_some_and(|entry| entry.value == "\"deny\"") && house.name == "disk";
    if !shared && !own {
        complain(1, "lints", "the workspace's lints must apply".to_string());
    }
}

fn check_dependencies(
    manifest: &Manifest<'_>,
    house: &Crate,
    complain: &mut impl FnMut(usize, &'static str, String),
) {
    for entry in &manifest.entries {
        let in_tests = entry.table.ends_with("dev-dependencies");
        if !entry.table.ends_with("dependencies") {
            continue;
        }
        let name = entry.key;
        let ours = CRATES.iter().any(|other| other.name == name);
        if ours && !may_import(house, name, in_tests) {
            complain(
                entry.line,
                "imports",
                format!("{} may not import {name}", house.name),
            );
        }
        let edge = matches!(house.name, "offfix" | "xtask");
        if OF_THE_COMMAND_LINE.contains(&name) && !edge {
            complain(
                entry.line,
                "imports",
                format!("only offfix may depend on {name}"),
            );
        }
    }
}

/// One `key = value` line and the table it stands in.
#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    table: &'a str,
    key: &'a str,
    value: &'a str,
    line: usize,
}

/// The lines of a Cargo.toml, as far as the rules ask.
#[derive(Debug)]
pub(super) struct Manifest<'a> {
    entries: Vec<Entry<'a>>,
}

impl<'a> Manifest<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut entries = Vec::new();
        let mut table = "";
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            if let Some(head) = line
                .strip_prefix('[')
                .and_then(|head| head.split(']').next())
            {
                // `[dependencies.x]` is a table of its own that names a dependency.
                let parent = head
                    .rsplit_once('.')
                    .filter(|(up, _)| up.ends_with("dependencies"));
                if let Some((up, key)) = parent {
                    entries.push(Entry {
                        table: up,
                        key,
                        value: "",
                        line: number,
                    });
                }
                table = head;
            } else if let Some((key, value)) = line.split_once('=') {
                // `x.workspace = true` sets a field of `x`; only in [package] is that no name.
                let key = key.trim();
                let (key, value) = (key.split('.').next().unwrap_or(key), value.trim());
                entries.push(Entry {
                    table,
                    key,
                    value,
                    line: number,
                });
            }
        }
        Self { entries }
    }

    /// Every dependency of any kind, with its line.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let named = self
            .entries
            .iter()
            .filter(|entry| entry.table.ends_with("dependencies"));
        named.map(|entry| (entry.line, entry.key))
    }

    fn find(&self, table: &str, key: &str) -> Option<Entry<'a>> {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| entry.table == table && entry.key == key)
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    const HEAD: &str = "[package]\nlicense = \"MIT OR Apache-2.0\"\n[lints]\nworkspace = true\n";

    #[track_caller]
    fn says(path: &str, tail: &str, expected: &[&str]) {
        let text = format!("{HEAD}{tail}");
        assert_eq!(complaints(check, &[(path, &text)]), expected);
    }

    #[test]
    fn a_good_manifest_passes() {
        let good = "[dependencies]\nsecurity.workspace = true\n[dev-dependencies]\n\
                    testkit.workspace = true\n";
        says("crates/hive/Cargo.toml", good, &[]);
        says("Cargo.toml", "[workspace.dependencies]\nhive = 1\n", &[]);
    }

    #[test]
    fn imports_against_the_arrows_fail() {
        let path = "crates/hive/Cargo.toml";
        let line = "[dependencies]\ndisk.workspace = true\n";
        says(
            path,
            line,
            &["crates/hive/Cargo.toml:6: imports: hive may not import disk"],
        );
        let table = "[target.'cfg(unix)'.dependencies.volume]\nworkspace = true\n";
        says(
            path,
            table,
            &["crates/hive/Cargo.toml:5: imports: hive may not import volume"],
        );
        let shipped = "[dependencies]\ntestkit.workspace = true\n";
        says(
            path,
            shipped,
            &["crates/hive/Cargo.toml:6: imports: hive may not import testkit"],
        );
        let testkit = "crates/testkit/Cargo.toml";
        let dev = "[dev-dependencies]\nhive.workspace = true\n";
        says(
            testkit,
            dev,
            &["crates/testkit/Cargo.toml:6: imports: testkit may not import hive"],
        );
    }

    #[test]
    fn json_belongs_to_the_command_line() {
        let serde = "[dev-dependencies]\nserde_json = \"1\"\n";
        let path = "crates/disk/Cargo.toml";
        says(
            path,
            serde,
            &["crates/disk/Cargo.toml:6: imports: only offfix may depend on serde_json"],
        );
        says("xtask/Cargo.toml", serde, &[]);
    }

    #[test]
    fn licence_and_lints_are_the_houses() {
        let bare = [(
            "crates/repairs/Cargo.toml",
            "[package]\nlicense = \"MIT OR Apache-2.0\"\n",
        )];
        let expected = [
            "crates/repairs/Cargo.toml:1: lints: the workspace's lints must apply",
            "crates/repairs/Cargo.toml:2: licence: license must be \"GPL-2.0-or-later\"",
        ];
        assert_eq!(complaints(check, &bare), expected);
    }

    #[test]
    fn an_unknown_crate_fails() {
        let expected =
            "crates/extra/Cargo.toml:1: manifest: crate extra is not in the house's table";
        says("crates/extra/Cargo.toml", "", &[expected]);
    }

    #[test]
    fn paths_have_crates() {
        assert_eq!(
            crate_of("crates/hive/src/lib.rs").map(|found| found.name),
            Some("hive")
        );
        assert_eq!(
            crate_of("xtask/src/lib.rs").map(|found| found.name),
            Some("xtask")
        );
        assert!(crate_of("docs/x.md").is_none());
    }
}

//! Rule `libraries`: every library is in the house's list, or deny.toml says why it is needed.
//!
//! Invariants: a reason is a comment line `# name: sentence` in deny.toml. Absent on purpose:
//! versions and licences; cargo-deny looks at those.

use super::manifest::{CRATES, Manifest};
use super::{Tree, Violation};

const REASONS: &str = "deny.toml";

/// What the house chose once.
const CHOSEN: &[&str] = &[
    "anstream",
    "anstyle",
    "anyhow",
    "bitflags",
    "clap",
    "clap_complete",
    "clap_mangen",
    "indicatif",
    "insta",
    "jiff",
    "libfuzzer-sys",
    "nt-hive",
    "proptest",
    "regf",
    "rustix",
    "serde",
    "serde_json",
    "sha2",
    "tempfile",
    "thiserror",
    "uuid",
    "walkdir",
    "windows-sys",
    "x509-parser",
    "xshell",
    "zerocopy",
];

/// Looks at the dependencies of every Cargo.toml.
pub(super) fn check(tree: &Tree, found: &mut Vec<Violation>) {
    let reasons = tree
        .file(REASONS)
        .and_then(|file| file.text())
        .unwrap_or_default();
    let reasoned = |name: &str| {
        let start = format!("# {name}: ");
        reasons.lines().any(|line| line.starts_with(&start))
    };
    for file in tree.files() {
        if file.path() != "Cargo.toml" && !file.path().ends_with("/Cargo.toml") {
            continue;
        }
        let manifest = Manifest::new(file.text().unwrap_or_default());
        for (line, name) in manifest.dependencies() {
            let ours = CRATES.iter().any(|house| house.name == name);
            if ours || CHOSEN.contains(&name) || reasoned(name) {
                continue;
            }
            let what = format!("{name} is new: add a line `# {name}: why` to {REASONS}");
            found.push(Violation {
                path: file.path().to_string(),
                line,
                rule: "libraries",
                what,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn a_new_library_needs_a_reason() {
        let manifest = "[workspace.dependencies]\nhive = 1\nserde = 1\nrand = 1\n";
        let new = "Cargo.toml:4: libraries: rand is new: add a line `# rand: why` to deny.toml";
        let bare = [
            ("Cargo.toml", manifest),
            ("deny.toml", "# rando: a test\n# rand\n"),
        ];
        assert_eq!(complaints(check, &bare), [new]);
        let reasoned = [("Cargo.toml", manifest), ("deny.toml", "# rand: a test\n")];
        assert!(complaints(check, &reasoned).is_empty());
    }

    #[test]
    fn every_kind_of_dependency_counts() {
        let manifest = "[target.'cfg(unix)'.dev-dependencies.libc]\nversion = 1\n";
        let found = complaints(check, &[("crates/disk/Cargo.toml", manifest)]);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

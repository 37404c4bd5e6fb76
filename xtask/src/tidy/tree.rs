//! The files of a checkout, read once and held in memory.
//!
//! Invariants: paths are relative, with forward slashes, sorted; build output, Git's own folder
//! and snapshots nobody accepted yet are not in it. Absent on purpose: calls to Git, so that
//! tidy also works in an unpacked archive.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::source::Source;

/// One file of the checkout.
#[derive(Debug)]
pub struct File {
    path: String,
    bytes: Vec<u8>,
    text: Option<String>,
    source: Option<Source>,
}

impl File {
    fn new(path: String, bytes: Vec<u8>) -> Self {
        let text = std::str::from_utf8(&bytes)
            .ok()
            .filter(|text| !text.contains('\0'));
        let text = text.map(str::to_string);
        let rust = path.ends_with(".rs");
        let source = text.as_deref().filter(|_| rust).map(Source::new);
        Self {
            path,
            bytes,
            text,
            source,
        }
    }

    /// Path below the root, with forward slashes.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The text, when the file is one: UTF-8 without zero bytes.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The text split into code, comments and literals, for a Rust file.
    pub(super) fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }
}

/// All files of a checkout.
#[derive(Debug)]
pub struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// Reads every file below `root`.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        read_folder(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// A tree of texts, for tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File::new((*path).into(), (*text).into());
        Self {
            files: files.iter().map(file).collect(),
        }
    }

    /// The files, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file with exactly this path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files below a folder, given with its closing slash.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files
            .iter()
            .filter(move |file| file.path.starts_with(folder))
    }

    /// The Rust files, with their split text.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &Source)> {
        let split = |file: &'_ File| file.source.is_some();
        let files = self.files.iter().filter(move |file| split(file));
        files.filter_map(|file| Some((file.path.as_str(), file.source.as_ref()?)))
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let place = || format!("reading {}", folder.display());
    for entry in fs::read_dir(folder).with_context(place)? {
        let entry = entry.with_context(place)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_left_out(&name) {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().with_context(place)?;
        if kind.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).with_context(|| format!("reading {path}"))?;
            files.push(File::new(path, bytes));
        }
    }
    Ok(())
}

fn is_left_out(name: &str) -> bool {
    matches!(name, ".git" | "target") || name.ends_with(".snap.new")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_this_crate_and_leaves_build_output_out() {
        let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let this = tree.file("src/tidy/tree.rs").unwrap();
        assert!(
            this.text()
                .unwrap()
                .starts_with("//! The files of a checkout")
        );
        assert!(this.source().is_some());
        assert!(tree.file("Cargo.toml").unwrap().source().is_none());
        assert!(is_left_out("target") && is_left_out("a.snap.new") && !is_left_out("a.snap"));
    }

    #[test]
    fn binary_files_have_no_text() {
        assert!(File::new("a.rs".into(), b"fn\0".to_vec()).text().is_none());
        assert!(File::new("a.rs".into(), vec![0xFF]).text().is_none());
    }
}

//! The `hive` commands that only read.

use super::{load, no_key, root_name, unreadable};
use crate::arguments::ExportArguments;
use crate::document::{DataDocument, VERSION};
use crate::exit::{Exit, Failure};
use crate::numbers::count;
use crate::output::{self, GOOD, WARNING};
use crate::time::filetime_text;
use hive::check::Report;
use hive::{Key, reg};
use serde::Serialize;
use std::io::Write;
use std::path::Path;
use volume::Loaded;

#[derive(Serialize)]
struct DefectDocument {
    rule: String,
    effect: String,
    blocks_edit: bool,
    place: String,
    detail: String,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    version: u32,
    verdict: &'static str,
    file: &'a str,
    pending: Option<String>,
    keys: usize,
    values: usize,
    total: usize,
    defects: Vec<DefectDocument>,
}

#[derive(Serialize)]
struct ValueDocument {
    name: String,
    data: DataDocument,
}

#[derive(Serialize)]
struct GetDocument {
    version: u32,
    values: Vec<ValueDocument>,
}

#[derive(Serialize)]
struct LsDocument {
    version: u32,
    keys: Vec<String>,
}

/// `check`.
pub(super) fn check(file: &Path, json: bool) -> Result<Exit, Failure> {
    let (_, loaded) = load(file)?;
    let report = &loaded.report;
    if json {
        output::json(&CheckDocument {
            version: VERSION,
            verdict: if report.is_sound() {
                "clean"
            } else {
                "needs-human"
            },
            file: &loaded.name,
            pending: pending(&loaded),
            keys: report.keys,
            values: report.values,
            total: report.total,
            defects: report.defects.iter().map(defect).collect(),
        });
    } else {
        output::text(&check_text(&loaded, report));
    }
    Ok(if report.is_sound() {
        Exit::Done
    } else {
        Exit::Unreadable
    })
}

fn defect(defect: &hive::check::Defect) -> DefectDocument {
    DefectDocument {
        rule: defect.rule.to_string(),
        effect: defect.effect.to_string(),
        blocks_edit: defect.blocks_edit,
        place: defect.at.to_string(),
        detail: defect.detail.clone(),
    }
}

fn check_text(loaded: &Loaded, report: &Report) -> String {
    let mut text = String::new();
    for defect in &report.defects {
        text.push_str(&format!("{defect}\n"));
    }
    if let Some(pending) = pending(loaded) {
        text.push_str(&format!("{pending}\n"));
    }
    let counts = format!(
        "{}, {}, {} in {}; {} free, {}",
        count(report.keys, "key"),
        count(report.values, "value"),
        count(report.security_cells, "security cell"),
        count(report.bins, "bin"),
        count(report.free_bytes, "byte"),
        count(report.orphans, "orphaned cell")
    );
    text.push_str(&format!("{counts}\n"));
    if report.is_sound() {
        text.push_str(&format!(
            "{GOOD}sound{GOOD:#}: nothing keeps it from being edited\n"
        ));
    } else {
        let defects = count(report.blocking, "defect");
        text.push_str(&format!(
            "{WARNING}damaged{WARNING:#}: {defects} in the way of an edit\n"
        ));
    }
    text
}

/// The pending entries in words.
fn pending(loaded: &Loaded) -> Option<String> {
    let recovery = loaded.recovery.as_ref()?;
    Some(format!(
        "log entries pending: {} ({} to {}), applied in memory",
        recovery.entries, recovery.first, recovery.last
    ))
}

fn key_at<'h>(loaded: &'h Loaded, path: &str) -> Result<Key<'h>, Failure> {
    let found = loaded.hive.key(path).map_err(|error| unreadable(&error))?;
    found.ok_or_else(|| no_key(path))
}

/// `get`.
pub(super) fn get(
    file: &Path,
    key: &str,
    value: Option<&str>,
    json: bool,
) -> Result<Exit, Failure> {
    let (_, loaded) = load(file)?;
    let found = key_at(&loaded, key)?;
    let values = match value {
        None => found.values().map_err(|error| unreadable(&error))?,
        Some(name) => {
            let value = found.value(name).map_err(|error| unreadable(&error))?;
            vec![value.ok_or_else(|| {
                let error = format!("there is no value {name:?} in {key:?}");
                Failure::new(Exit::Unreadable, "no-value", error)
            })?]
        }
    };
    let mut documents = Vec::new();
    let mut text = String::new();
    for value in values {
        let data = value.read().map_err(|error| unreadable(&error))?;
        let name = value.name().to_string();
        let shown = if name.is_empty() { "(default)" } else { &name };
        text.push_str(&format!("{shown:<32} {:<13} {data}\n", data.kind));
        documents.push(ValueDocument {
            name,
            data: DataDocument::of(&data),
        });
    }
    if json {
        output::json(&GetDocument {
            version: VERSION,
            values: documents,
        });
    } else {
        output::text(&text);
    }
    Ok(Exit::Done)
}

/// `ls`.
pub(super) fn ls(file: &Path, key: &str, json: bool) -> Result<Exit, Failure> {
    let (_, loaded) = load(file)?;
    let keys = key_at(&loaded, key)?
        .subkeys()
        .map_err(|error| unreadable(&error))?;
    let names: Vec<String> = keys.iter().map(|key| key.name().to_string()).collect();
    if json {
        output::json(&LsDocument {
            version: VERSION,
            keys: names,
        });
    } else {
        output::text(
            &names
                .iter()
                .map(|name| format!("{name}\n"))
                .collect::<String>(),
        );
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct StatDocument {
    version: u32,
    file: String,
    format: String,
    size: u64,
    sha256: String,
    bins_size: u32,
    sequence: (u32, u32),
    pending: Option<String>,
    last_written: Option<String>,
    root: String,
    logs: Vec<String>,
}

/// `stat`.
pub(super) fn stat(file: &Path, json: bool) -> Result<Exit, Failure> {
    let (_, loaded) = load(file)?;
    let base = loaded.hive.base();
    let root = loaded.hive.root().map_err(|error| unreadable(&error))?;
    let logs = loaded.log_evidence().into_iter();
    let document = StatDocument {
        version: VERSION,
        file: loaded.name.clone(),
        format: format!("regf {}.{}", base.major, base.minor),
        size: loaded.stamp.size,
        sha256: crate::document::hex(&loaded.stamp.sha256),
        bins_size: base.bins_size.get(),
        sequence: loaded.hive.sequences(),
        pending: pending(&loaded),
        last_written: Some(base.last_written.get())
            .filter(|&time| time != 0)
            .and_then(filetime_text),
        root: root.name().to_string(),
        logs: logs
            .map(|(name, format)| {
                format!("{name}: {format:?} format")
                    .replace(": N", ": n")
                    .replace(": O", ": o")
            })
            .collect(),
    };
    if json {
        output::json(&document);
        return Ok(Exit::Done);
    }
    let StatDocument {
        format,
        size,
        sha256,
        bins_size,
        sequence,
        ..
    } = &document;
    let mut text = format!(
        "{format}, {size} bytes, {bins_size} in bins, sequence {} / {}\nsha256 {sha256}\n",
        sequence.0, sequence.1
    );
    let written = document.last_written.as_deref().unwrap_or("not kept");
    text.push_str(&format!(
        "last written {written}; root key {:?}\n",
        document.root
    ));
    for line in document.pending.iter().chain(&document.logs) {
        text.push_str(&format!("{line}\n"));
    }
    output::text(&text);
    Ok(Exit::Done)
}

/// `export`.
pub(super) fn export(arguments: &ExportArguments) -> Result<Exit, Failure> {
    let (_, loaded) = load(&arguments.file)?;
    let key = key_at(&loaded, &arguments.key)?;
    let mut root = root_name(arguments.root.as_ref(), &arguments.file);
    if !arguments.key.is_empty() {
        root = format!(r"{root}\{}", arguments.key.trim_matches('\\'));
    }
    let left_out = match &arguments.out {
        Some(out) => {
            let file = new_file(out)?;
            let mut export = Encoder::new(&file, arguments.utf8);
            let written = export.run(&root, key).and_then(|left_out| {
                let synced = export.failed.map_or_else(|| file.sync_all(), Err);
                synced.map_err(|error| unwritable(out, &error))?;
                Ok(left_out)
            });
            if written.is_err() {
                // Half a file is none; that it stays is no worse than the failure itself.
                let _ = std::fs::remove_file(out);
            }
            written?
        }
        // A reader that goes away is not an error.
        None => Encoder::new(std::io::stdout().lock(), arguments.utf8).run(&root, key)?,
    };
    for item in &left_out {
        output::warn(&format!("not in the file, .reg cannot carry it: {item}"));
    }
    Ok(Exit::Done)
}

/// Text on its way out: encoded piece by piece, so that a large export needs little memory.
struct Encoder<W> {
    out: W,
    utf8: bool,
    piece: Vec<u8>,
    /// What kept the text from being written; the rest of it goes nowhere.
    failed: Option<std::io::Error>,
}

impl<W: Write> Encoder<W> {
    fn new(out: W, utf8: bool) -> Encoder<W> {
        let mark: &[u8] = if utf8 { &[] } else { &[0xFF, 0xFE] };
        Encoder {
            out,
            utf8,
            piece: mark.to_vec(),
            failed: None,
        }
    }

    /// Exports a key; gives what .reg cannot carry.
    fn run(&mut self, root: &str, key: Key<'_>) -> Result<Vec<reg::Unrepresentable>, Failure> {
        match reg::export(root, key, self) {
            // What failed was not the hive.
            Err(reg::ExportError::Write(_)) => Ok(Vec::new()),
            done => done.map_err(|error| unreadable(&error)),
        }
    }
}

impl<W: Write> std::fmt::Write for Encoder<W> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.utf8 {
            self.piece.extend_from_slice(text.as_bytes());
        } else {
            reg::push_utf16le(text, &mut self.piece);
        }
        let written = self.out.write_all(&self.piece);
        self.piece.clear();
        written.map_err(|error| {
            self.failed = Some(error);
            std::fmt::Error
        })
    }
}

/// Writes a file that must not exist yet.
pub(in crate::commands) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = new_file(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| unwritable(path, &error))
}

fn new_file(path: &Path) -> Result<std::fs::File, Failure> {
    std::fs::File::create_new(path).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let error = format!("cannot write {}: {error}", path.display());
    Failure::new(Exit::Usage, "no-file", error)
}

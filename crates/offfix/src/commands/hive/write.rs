//! The `hive` commands that write.
//!
//! Invariants: as `apply`: staged, checked and proved in memory, journalled, held, committed,
//! read back; a change that changes nothing writes nothing.

use super::changes::Changes;
use super::look::write_new;
use super::{data, load, place, root_name, unreadable};
use crate::arguments::{DeleteArguments, ImportArguments, RecoverArguments, SetArguments};
use crate::commands::commit_one;
use crate::document::{Document, VERSION};
use crate::exit::{Exit, Failure};
use crate::numbers::count;
use crate::output;
use crate::session::Common;
use crate::time::Moment;
use disk::Root;
use hive::Hive;
use hive::reg::{self, Operation};
use std::path::Path;
use volume::stage::{method_by, stage_discard, stage_hive};
use volume::{Loaded, StagedHive};

/// No .reg file is larger.
const REG_LIMIT: u64 = reg::MAX_BYTES as u64;

/// `set`.
pub(super) fn set(common: &Common, arguments: &SetArguments, json: bool) -> Result<Exit, Failure> {
    let operation = Operation::SetValue {
        key: arguments.key.as_str().into(),
        name: arguments.value.clone(),
        data: data::parse(&arguments.kind, &arguments.data)?,
    };
    change(common, &arguments.file, &[operation], "hive set", json)
}

/// `delete`.
pub(super) fn delete(
    common: &Common,
    arguments: &DeleteArguments,
    json: bool,
) -> Result<Exit, Failure> {
    let key = arguments.key.as_str().into();
    let operation = match &arguments.value {
        Some(name) => Operation::DeleteValue {
            key,
            name: name.clone(),
        },
        None => Operation::DeleteKey(key),
    };
    let what = "hive delete";
    if arguments.dry_run {
        return dry_run(&arguments.file, &[operation], what, json);
    }
    change(common, &arguments.file, &[operation], what, json)
}

/// `import`.
pub(super) fn import(
    common: &Common,
    arguments: &ImportArguments,
    json: bool,
) -> Result<Exit, Failure> {
    let shown = arguments.reg.display();
    let unusable =
        |why: String| Failure::new(Exit::Usage, "bad-reg-file", format!("{shown}: {why}"));
    let size = std::fs::metadata(&arguments.reg).map_err(|error| unusable(error.to_string()))?;
    if size.len() > REG_LIMIT {
        return Err(unusable(format!("it is larger than {REG_LIMIT} bytes")));
    }
    let bytes = std::fs::read(&arguments.reg).map_err(|error| unusable(error.to_string()))?;
    let parsed = reg::parse(&bytes).map_err(|error| unusable(error.to_string()))?;
    let root = root_name(arguments.root.as_ref(), &arguments.file);
    let mut operations = Vec::with_capacity(parsed.len());
    for operation in parsed {
        let Some(path) = reg::strip_root(operation.key(), &root) else {
            let error = format!("{:?} is not below {root}", operation.key());
            return Err(unusable(error).hint("--root NAME says what the file calls the root"));
        };
        operations.push(rooted(&operation, path));
    }
    if arguments.dry_run {
        return dry_run(&arguments.file, &operations, "hive import", json);
    }
    change(common, &arguments.file, &operations, "hive import", json)
}

/// The same operation at another path.
fn rooted(operation: &Operation, path: &str) -> Operation {
    let key = path.into();
    match operation.clone() {
        Operation::CreateKey(_) => Operation::CreateKey(key),
        Operation::DeleteKey(_) => Operation::DeleteKey(key),
        Operation::SetValue { name, data, .. } => Operation::SetValue { key, name, data },
        Operation::DeleteValue { name, .. } => Operation::DeleteValue { key, name },
    }
}

/// `recover`.
pub(super) fn recover(
    common: &Common,
    arguments: &RecoverArguments,
    json: bool,
) -> Result<Exit, Failure> {
    let file = &arguments.file;
    let (root, loaded) = match load(file) {
        Err(failure) if arguments.discard_logs && failure.code == "log-entries-pending" => {
            return discard(common, file, arguments.out.as_deref(), &failure, json);
        }
        loaded => loaded?,
    };
    if let Some(out) = &arguments.out {
        write_new(out, loaded.hive.bytes())?;
        written_aside(&root, out, &replayed(&loaded), json);
        return Ok(Exit::Done);
    }
    if loaded.recovery.is_none() {
        nothing(&root, "nothing to recover: the hive is clean", json);
        return Ok(Exit::Done);
    }
    change(common, file, &[], "hive recover", json)
}

fn replayed(loaded: &Loaded) -> String {
    match &loaded.recovery {
        Some(recovery) => format!(
            "log entries {} to {} applied",
            recovery.first, recovery.last
        ),
        None => "the hive was clean".to_owned(),
    }
}

/// Recovers without the entries that no log holds.
fn discard(
    common: &Common,
    file: &Path,
    out: Option<&Path>,
    failure: &Failure,
    json: bool,
) -> Result<Exit, Failure> {
    let (root, name) = place(file)?;
    let staged = stage_discard(&root, &name)?;
    output::warn(&format!("lost: {}", failure.error));
    output::warn("whatever was changed since the hive was last written as a whole is gone");
    if let Some(out) = out {
        write_new(out, &staged.after.primary)?;
        written_aside(&root, out, "logs discarded", json);
        return Ok(Exit::Done);
    }
    write(
        common,
        &root,
        staged,
        Changes::default(),
        "hive recover --discard-logs",
        json,
    )
}

fn stage<'v>(
    loaded: &'v Loaded,
    operations: &[Operation],
    now: &Moment,
) -> Result<StagedHive<'v>, Failure> {
    let (method, _) = method_by(&loaded.log_evidence(), loaded);
    Ok(stage_hive(loaded, operations, method, now.filetime())?)
}

/// Says what operations would do to a file.
fn dry_run(file: &Path, operations: &[Operation], what: &str, json: bool) -> Result<Exit, Failure> {
    let (root, loaded) = load(file)?;
    let mut staged = stage(&loaded, operations, &Moment::now())?;
    let changes = changes(&loaded, &mut staged, operations)?;
    if json {
        let verdict = if staged.changed { "would-fix" } else { "clean" };
        let note = changes.note(&format!("{what} --dry-run"));
        output::json(&document(&root, verdict, &note, changes));
        return Ok(Exit::Done);
    }
    let outcome = if staged.changed {
        "would change the hive"
    } else {
        "nothing to change"
    };
    output::text(&format!(
        "{}{}: {outcome}\n",
        changes.text(),
        count(operations.len(), "operation")
    ));
    Ok(Exit::Done)
}

/// Stages operations on a file and commits them.
fn change(
    common: &Common,
    file: &Path,
    operations: &[Operation],
    what: &str,
    json: bool,
) -> Result<Exit, Failure> {
    let (root, loaded) = load(file)?;
    let mut staged = stage(&loaded, operations, &Moment::now())?;
    if !staged.changed {
        nothing(&root, "nothing to change", json);
        return Ok(Exit::Done);
    }
    let changes = changes(&loaded, &mut staged, operations)?;
    write(common, &root, staged, changes, what, json)
}

/// What operations change, by the hive before and after.
fn changes(
    loaded: &Loaded,
    staged: &mut StagedHive<'_>,
    operations: &[Operation],
) -> Result<Changes, Failure> {
    // A copy of a large hive would be a lot of memory: its bytes are lent.
    let after = Hive::open(std::mem::take(&mut staged.after.primary))
        .map_err(|error| unreadable(&error))?
        .with_upcase(loaded.hive.upcase().clone());
    let changes = Changes::between(&loaded.hive, &after, &loaded.name, operations);
    staged.after.primary = after.into_bytes();
    changes
}

fn write(
    common: &Common,
    root: &Root,
    staged: StagedHive<'_>,
    changes: Changes,
    what: &str,
    json: bool,
) -> Result<Exit, Failure> {
    let mut text = changes.text();
    let document = document(root, "fixed", &changes.note(what), changes);
    let (name, replayed) = (staged.name.clone(), staged.replayed);
    let (document, run) = commit_one(common, &[root], staged, document, json)?;
    if json {
        output::json(&document);
        return Ok(Exit::Done);
    }
    text.push_str(&format!("  journal    {}\n", run.dir().display()));
    let entries = match replayed {
        0 => String::new(),
        number => format!(", {} applied", count(number, "log entry")),
    };
    text.push_str(&format!(
        "  written    {name}: {what}{entries}; re-read and proved\n"
    ));
    text.push_str(&format!("UNDO       offfix undo {}\n", run.id()));
    output::text(&text);
    Ok(Exit::Done)
}

/// What every answer of these commands says as JSON.
fn document(root: &Root, verdict: &str, note: &str, changes: Changes) -> Document {
    Document {
        version: VERSION,
        verdict: verdict.to_owned(),
        disk: output::path(root.path()),
        drive: output::path(root.path()),
        made: Moment::now().text(),
        program: format!("offfix {}", env!("CARGO_PKG_VERSION")),
        changes: changes.into_documents(),
        note: note.to_owned(),
        ..Document::default()
    }
}

/// Tells that there was nothing to write.
fn nothing(root: &Root, note: &str, json: bool) {
    if json {
        output::json(&document(root, "clean", note, Changes::default()));
    } else {
        output::text(&format!("{note}\n"));
    }
}

/// Tells of a recovered hive in a file of its own.
fn written_aside(root: &Root, out: &Path, how: &str, json: bool) {
    let note = format!("{}: {how}", out.display());
    if json {
        output::json(&document(root, "fixed", &note, Changes::default()));
    } else {
        output::text(&format!("written    {note}\n"));
    }
}

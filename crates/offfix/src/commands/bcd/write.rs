//! The `bcd` commands that write.
//!
//! Invariants: as `apply`: staged, checked and proved in memory, journalled, held, committed,
//! read back; what holds already is not written. Absent on purpose: making devices from letters.

use super::{Opened, look};
use crate::arguments::{BcdCommand, Switch};
use crate::commands::{commit_one, elements};
use crate::document::{ChangeDocument, Document, VERSION};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;
use crate::session::Common;
use crate::time::Moment;
use bcd::{EditError, Editor, ElementError, ElementType, Guid, ObjectType, Value};
use hive::reg::Operation;
use volume::Edit;
use volume::stage::stage_hive;

/// Carries a command out.
pub(super) fn run(
    common: &Common,
    opened: &Opened,
    command: &BcdCommand,
    json: bool,
) -> Result<Exit, Failure> {
    let mut editor = Editor::new(opened.store.clone());
    edit(opened, &mut editor, command)?;
    let operations = editor.finish();
    let loaded = opened.place.loaded()?;
    let mut document = head(opened, &format!("bcd {}", word(command)))?;
    document.changes = changes(opened, &operations)?;
    if operations.is_empty() {
        "clean".clone_into(&mut document.verdict);
        if json {
            output::json(&document);
        } else {
            output::text("nothing to change: the store says so already\n");
        }
        return Ok(Exit::Done);
    }
    let method = opened.place.method(loaded);
    let now = Moment::now().filetime();
    let staged = stage_hive(loaded, &operations, method, now)?;
    let text = render::change_lines(&document);
    let (document, run) = commit_one(common, &opened.place.roots(), staged, document, json)?;
    if json {
        output::json(&document);
        return Ok(Exit::Done);
    }
    let shown = opened.place.shown()?;
    let (id, journal) = (run.id(), run.dir().display());
    output::text(&format!(
        "{text}  journal    {journal}\n  written    {shown}; re-read and proved\n\
         UNDO       offfix undo {id}\n"
    ));
    Ok(Exit::Done)
}

/// What was typed behind `bcd`.
fn word(command: &BcdCommand) -> &'static str {
    match command {
        BcdCommand::Enum { .. } => "enum",
        BcdCommand::Set { .. } => "set",
        BcdCommand::Delete { .. } => "delete",
        BcdCommand::Timeout { .. } => "timeout",
        BcdCommand::Default { .. } => "default",
        BcdCommand::Ems { .. } => "ems",
        BcdCommand::Bootems { .. } => "bootems",
        BcdCommand::Emssettings { .. } => "emssettings",
        BcdCommand::Export { .. } => "export",
    }
}

/// Does to the store what a command asks for.
fn edit(opened: &Opened, editor: &mut Editor, command: &BcdCommand) -> Result<(), Failure> {
    let resolve = |id: &str| opened.resolve(id);
    match command {
        BcdCommand::Set { id, element, value } => {
            let id = resolve(id)?;
            set(opened, editor, id, element, &value.join(" "))
        }
        BcdCommand::Delete { id, element } => {
            let id = resolve(id)?;
            let element = element_of(opened, id, element)?;
            editor.delete(id, element).map_err(refused)
        }
        BcdCommand::Timeout { seconds } => set(opened, editor, Guid::BOOTMGR, "timeout", seconds),
        BcdCommand::Default { id } => {
            let id = resolve(id)?;
            editor.set_default(id).map_err(refused)
        }
        BcdCommand::Ems { id, switch } => {
            let id = resolve(id)?;
            switched(opened, editor, id, "ems", *switch)
        }
        BcdCommand::Bootems { id, switch } => {
            let id = resolve(id)?;
            switched(opened, editor, id, "bootems", *switch)
        }
        BcdCommand::Emssettings { port, baud } => {
            // clap has let through nothing but numbers.
            let baud = baud.parse().unwrap_or(115_200);
            emssettings(editor, *port, baud).map_err(refused)
        }
        BcdCommand::Enum { .. } | BcdCommand::Export { .. } => Ok(()),
    }
}

/// Sets the port, for the boot manager and every Windows loader.
fn emssettings(editor: &mut Editor, port: u64, baud: u64) -> Result<(), EditError> {
    editor.set_ems(port, baud)?;
    let store = editor.store();
    let manager = store.object(Guid::BOOTMGR).into_iter();
    let heirs: Vec<Guid> = manager
        .chain(store.loaders())
        .map(bcd::Object::id)
        .collect();
    heirs
        .into_iter()
        .try_for_each(|heir| editor.inherit_ems(heir))
}

fn switched(
    opened: &Opened,
    editor: &mut Editor,
    id: Guid,
    element: &str,
    switch: Switch,
) -> Result<(), Failure> {
    let element = element_of(opened, id, element)?;
    let value = Value::Boolean(switch == Switch::On);
    editor.set(id, element, &value).map_err(refused)
}

fn set(
    opened: &Opened,
    editor: &mut Editor,
    id: Guid,
    element: &str,
    text: &str,
) -> Result<(), Failure> {
    let kind = type_of(opened, id)?;
    let element = element_of(opened, id, element)?;
    let value = Value::parse(text, element, kind, |name| opened.store.resolve(name))
        .map_err(|error| Failure::of(Exit::Usage, "bad-value", &error))?;
    editor.set(id, element, &value).map_err(refused)
}

fn type_of(opened: &Opened, id: Guid) -> Result<ObjectType, Failure> {
    let object = opened.store.object(id);
    object
        .map(bcd::Object::object_type)
        .ok_or_else(|| look::missing(id))
}

fn element_of(opened: &Opened, id: Guid, name: &str) -> Result<ElementType, Failure> {
    let kind = type_of(opened, id)?;
    ElementType::find(name, kind).map_err(|error| {
        let failure = Failure::of(Exit::Usage, "no-element", &error);
        failure.hint(match error {
            ElementError::Elsewhere { .. } => "offfix bcd enum all lists the objects",
            _ => "a name as bcdedit spells it, custom:XXXXXXXX, or 8 hexadecimal digits",
        })
    })
}

fn refused(error: EditError) -> Failure {
    match error {
        EditError::Missing(id) => look::missing(id),
        error => Failure::of(Exit::Usage, "bad-value", &error),
    }
}

/// What the answer of these commands begins with.
fn head(opened: &Opened, note: &str) -> Result<Document, Failure> {
    let roots = opened.place.roots();
    let disk = roots.first().map(|root| output::path(root.path()));
    let disk = disk.unwrap_or_default();
    Ok(Document {
        version: VERSION,
        verdict: "fixed".to_owned(),
        computer: opened.place.computer(),
        disk: disk.clone(),
        drive: disk,
        store: Some(opened.place.shown()?),
        program: format!("offfix {}", env!("CARGO_PKG_VERSION")),
        note: note.to_owned(),
        ..Document::default()
    })
}

/// The elements that operations change, before and after.
fn changes(opened: &Opened, operations: &[Operation]) -> Result<Vec<ChangeDocument>, Failure> {
    let loaded = opened.place.loaded()?;
    let mut changes = Vec::new();
    for edit in operations.iter().filter_map(Edit::of_store) {
        let target = edit.target();
        let unreadable =
            |error: hive::ReadError| Failure::of(Exit::Unreadable, "hive-damaged", &error);
        let before = loaded
            .read_value(&target.key, &target.name)
            .map_err(unreadable)?;
        changes.push(ChangeDocument::of("bcd", "edit", &edit, before.as_ref()));
    }
    elements::describe_in(&opened.store, &mut changes);
    Ok(changes)
}

//! The `bcd` commands that look: `enum` and `export`.
//!
//! Invariants: names are bcdedit's English ones; every object shows its GUID; what does not belong
//! in a store is listed too. Absent on purpose: letters and volume names, which are those of a
//! running machine.

use super::Opened;
use crate::commands::hive::write_new;
use crate::document::{VERSION, hex};
use crate::exit::{Exit, Failure};
use crate::output::{self, HEADING};
use bcd::{Element, ElementType, Guid, Object, Store, Value};
use serde::Serialize;
use std::path::Path;

/// Width of the column of names.
const NAMES: usize = 24;

/// A store as JSON.
#[derive(Serialize)]
struct StoreDocument {
    version: u32,
    store: String,
    default: Option<String>,
    objects: Vec<ObjectDocument>,
    strays: Vec<StrayDocument>,
    oddities: Vec<String>,
}

#[derive(Serialize)]
struct ObjectDocument {
    id: String,
    alias: Option<&'static str>,
    r#type: String,
    title: String,
    elements: Vec<ElementDocument>,
}

#[derive(Serialize)]
struct ElementDocument {
    code: String,
    /// `null` where bcdedit has no name for it.
    name: Option<&'static str>,
    /// Whether it is documented for such an object.
    known: bool,
    format: Option<String>,
    values: Vec<String>,
    malformed: bool,
    hex: String,
}

#[derive(Serialize)]
struct StrayDocument {
    name: String,
    elements: Vec<ElementDocument>,
}

/// `enum`.
pub(super) fn list(
    opened: &Opened,
    what: Option<&str>,
    verbose: bool,
    json: bool,
) -> Result<Exit, Failure> {
    let store = &opened.store;
    let all = what.is_some_and(|what| what.eq_ignore_ascii_case("all"));
    let objects = match what {
        Some(id) if !all => {
            let id = opened.resolve(id)?;
            let object = store.object(id).ok_or_else(|| missing(id))?;
            vec![object]
        }
        _ => in_order(store, all),
    };
    if json {
        output::json(&StoreDocument {
            version: VERSION,
            store: opened.place.shown()?,
            default: store.default_object().map(|id| id.to_string()),
            objects: objects.iter().map(|object| document(object)).collect(),
            strays: store.strays().iter().filter(|_| all).map(stray).collect(),
            oddities: oddities(store),
        });
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for object in objects {
        text.push_str(&shown(store, object, verbose));
    }
    if all {
        for stray in store.strays() {
            text.push_str(&headed(&format!("{} (no object)", stray.name)));
            for element in &stray.elements {
                text.push_str(&row(&element.element_type().to_string(), &[hexed(element)]));
            }
            text.push('\n');
        }
        for line in oddities(store) {
            text.push_str(&format!("odd: {line}\n"));
        }
    }
    output::text(&text);
    Ok(Exit::Done)
}

pub(super) fn missing(id: Guid) -> Failure {
    Failure::new(
        Exit::Usage,
        "no-object",
        format!("the store has no object {id}"),
    )
    .hint("offfix bcd enum all lists the objects")
}

/// The objects as bcdedit lists them: the firmware's manager, the boot manager, the entries of its
/// menu; with `all` everything else behind, by GUID.
fn in_order(store: &Store, all: bool) -> Vec<&Object> {
    let mut ids = vec![Guid::FWBOOTMGR, Guid::BOOTMGR];
    let manager = store.object(Guid::BOOTMGR);
    if let Some(Value::Objects(menu)) =
        manager.and_then(|manager| manager.value(ElementType::DISPLAY_ORDER))
    {
        ids.extend(menu);
    }
    if all {
        ids.extend(store.objects().map(Object::id));
    }
    let mut objects: Vec<&Object> = Vec::new();
    for id in ids {
        if let Some(object) = store.object(id)
            && !objects.iter().any(|known| known.id() == id)
        {
            objects.push(object);
        }
    }
    objects
}

fn headed(title: &str) -> String {
    let line = "-".repeat(title.chars().count());
    format!("{HEADING}{title}{HEADING:#}\n{line}\n")
}

fn shown(store: &Store, object: &Object, verbose: bool) -> String {
    let (id, kind) = (object.id(), object.object_type());
    let name = |id: Guid| {
        if verbose {
            id.to_string()
        } else {
            store.name_of(id)
        }
    };
    let mut text = headed(&kind.title(id));
    let identifier = match name(id) {
        name if name == id.to_string() => name,
        name => format!("{name}  {id}"),
    };
    text.push_str(&row("identifier", &[identifier]));
    for element in object.elements() {
        let code = element.element_type();
        let lines = element.value().lines(code, kind, name);
        text.push_str(&row(&code.label_in(kind), &lines));
    }
    text.push('\n');
    text
}

/// A name and its values below each other, beginning in one column.
fn row(name: &str, values: &[String]) -> String {
    let mut text = format!("{name:<NAMES$}");
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            text.push_str(&" ".repeat(NAMES));
        }
        text.push_str(value);
        text.push('\n');
    }
    if values.is_empty() {
        text.push_str("(empty)\n");
    }
    text
}

fn hexed(element: &Element) -> String {
    hex(&element.data().bytes)
}

fn document(object: &Object) -> ObjectDocument {
    let (id, kind) = (object.id(), object.object_type());
    ObjectDocument {
        id: id.to_string(),
        alias: id.alias(),
        r#type: format!("0x{:08x}", kind.0),
        title: kind.title(id),
        elements: object
            .elements()
            .map(|element| of_element(element, kind))
            .collect(),
    }
}

fn of_element(element: &Element, kind: bcd::ObjectType) -> ElementDocument {
    let code = element.element_type();
    let value = element.value();
    ElementDocument {
        code: code.to_string(),
        name: code.name_in(kind),
        known: code.is_known_in(kind),
        format: code.format().map(|format| format.to_string()),
        values: value.lines(code, kind, |id| id.to_string()),
        malformed: matches!(value, Value::Malformed { .. }),
        hex: hexed(element),
    }
}

fn stray(stray: &bcd::store::Stray) -> StrayDocument {
    StrayDocument {
        name: stray.name.clone(),
        elements: stray
            .elements
            .iter()
            .map(|element| of_element(element, bcd::ObjectType(0)))
            .collect(),
    }
}

fn oddities(store: &Store) -> Vec<String> {
    let odd = store.oddities().iter();
    odd.map(|odd| format!("{}: {}", odd.path, odd.why))
        .collect()
}

/// `export`.
pub(super) fn export(opened: &Opened, file: &Path, json: bool) -> Result<Exit, Failure> {
    let loaded = opened.place.loaded()?;
    write_new(file, loaded.hive.bytes())?;
    let note = format!("{}: a copy of {}", file.display(), opened.place.shown()?);
    if json {
        output::json(&serde_json::json!({ "version": VERSION, "verdict": "clean", "note": note }));
    } else {
        output::text(&format!("written    {note}\n"));
    }
    Ok(Exit::Done)
}

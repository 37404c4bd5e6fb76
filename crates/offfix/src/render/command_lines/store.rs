//! Changes of the boot configuration as lines of bcdedit.
//!
//! Invariants: an element is set only where its name and value are words bcdedit knows. Absent on
//! purpose: devices other than `boot`: bcdedit knows them by letters, and letters are the VM's.

use super::Said;
use super::cmd::{argument, line};
use crate::document::{ChangeDocument, ElementDocument};
use bcd::{Guid, Meaning, Value};

/// A change of an element or object.
pub(super) fn lines(change: &ChangeDocument, element: &ElementDocument) -> Said {
    let meaning = Meaning::of(&change.key, &change.name).ok_or("it is no element")?;
    let object = word(&element.object)?;
    let after = change.after.as_ref();
    let data = after.map(|after| after.data().ok_or("its data cannot be read"));
    let data = data.transpose()?;
    let words = match (meaning, data) {
        (Meaning::Type(_), None) => vec!["bcdedit /delete".to_owned(), object, "/f".to_owned()],
        (Meaning::Type(id), Some(_)) if id.alias().is_some() => {
            vec!["bcdedit /create".to_owned(), object]
        }
        (Meaning::Type(_), Some(_)) => return Err("bcdedit gives new objects an id itself".into()),
        (Meaning::Element(..), _) if element.name.starts_with("custom:") => {
            return Err("the element has no name".to_owned());
        }
        (Meaning::Element(..), None) => {
            vec![
                "bcdedit /deletevalue".to_owned(),
                object,
                element.name.clone(),
            ]
        }
        (Meaning::Element(_, kind), Some(data)) => {
            let value = value(&Value::decode(kind, &data), element.after.as_deref())?;
            vec![
                "bcdedit /set".to_owned(),
                object,
                element.name.clone(),
                value,
            ]
        }
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(vec![line(&words)?])
}

/// A value; `shown` is the word for it.
fn value(value: &Value, shown: Option<&str>) -> Result<String, String> {
    let shown = shown.unwrap_or_default();
    match value {
        Value::Boolean(yes) => Ok(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Integer(_) => word(shown),
        Value::String(text) => argument(text),
        Value::Object(id) => Ok(name(*id)),
        Value::Objects(ids) if !ids.is_empty() => {
            Ok(ids.iter().map(|&id| name(id)).collect::<Vec<_>>().join(" "))
        }
        Value::Device(_) if shown == "boot" => Ok("boot".to_owned()),
        Value::Device(_) => Err(format!("bcdedit knows {shown} by a letter of the VM")),
        _ => Err(format!("bcdedit has no words for {shown}")),
    }
}

/// An object as bcdedit calls it.
fn name(id: Guid) -> String {
    match id.alias() {
        Some(alias) => format!("{{{alias}}}"),
        None => id.to_string(),
    }
}

/// A word of ours that needs no quotes.
fn word(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "{}-_".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text} is no word of bcdedit")),
    }
}

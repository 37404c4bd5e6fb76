//! Plans and answers as JSON, version 1.
//!
//! Invariants: unknown fields and versions are refused when a plan is read; the first keys are
//! the ones a short relay keeps. Absent on purpose: text for people (see `render`).

use crate::exit::{Exit, Failure};
use crate::guards::GuardDocument;
use crate::permissions::PermissionsDocument;
use crate::renames::RenameDocument;
use disk::Stamp;
use hive::{RegData, RegType};
use repairs::{Certainty, Kind, Offer, Selection};
use serde::{Deserialize, Serialize};
use std::path::Path;
use volume::{Edit, HiveName, Target};

/// The version of every document this program writes.
pub(crate) const VERSION: u32 = 1;

/// What a plan says, or an answer to `apply` or `undo`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) version: u32,
    pub(crate) verdict: String,
    pub(crate) code: Option<String>,
    pub(crate) computer: Option<String>,
    pub(crate) disk: String,
    pub(crate) run: Option<String>,
    pub(crate) left_open: Vec<String>,
    pub(crate) drive: String,
    pub(crate) system_partition: Option<String>,
    pub(crate) store: Option<String>,
    pub(crate) made: String,
    pub(crate) program: String,
    pub(crate) windows: String,
    pub(crate) domain: Option<String>,
    pub(crate) last_used: Option<String>,
    pub(crate) select: String,
    pub(crate) control_sets: Vec<u32>,
    pub(crate) boot_control_set: Option<u32>,
    pub(crate) selection: SelectionDocument,
    pub(crate) files: Vec<FileDocument>,
    pub(crate) hives: Vec<HiveDocument>,
    pub(crate) earlier_runs: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) guards: Vec<GuardDocument>,
    pub(crate) findings: Vec<FindingDocument>,
    pub(crate) changes: Vec<ChangeDocument>,
    #[serde(default)]
    pub(crate) permissions: Vec<PermissionsDocument>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) renames: Vec<RenameDocument>,
    pub(crate) steps: Vec<StepDocument>,
    pub(crate) fine: Vec<String>,
    pub(crate) not_checked: Vec<String>,
    pub(crate) left_alone: Vec<String>,
    pub(crate) on_request: Vec<String>,
    pub(crate) has_recipe: bool,
    pub(crate) note: String,
    /// What is said of the words of the selection: the symptom of a stop code, what to try first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) asked: Vec<String>,
    /// Who made the run that this is the record of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<ByDocument>,
}

/// Who made a run, on which machine, from which plan.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByDocument {
    pub(crate) user: String,
    pub(crate) machine: String,
    /// The plan file; nothing for a selection that was typed.
    pub(crate) plan_file: Option<String>,
    /// The hash of the plan file, or of the selection as JSON; nothing for a single command.
    pub(crate) plan_sha256: Option<String>,
}

/// What the operator selected.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectionDocument {
    pub(crate) symptoms: Vec<String>,
    pub(crate) repairs: Vec<String>,
    pub(crate) with: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) as_article: bool,
    pub(crate) parameters: Vec<String>,
    pub(crate) control_set: String,
    /// A run, or `weakening`; then nothing else is selected.
    pub(crate) undo: Option<String>,
}

/// A file the plan was computed from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileDocument {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

/// A hive and how it would be written.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HiveDocument {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) commit: Option<String>,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingDocument {
    pub(crate) repair: String,
    pub(crate) certainty: String,
    pub(crate) offer: String,
    pub(crate) proposed: bool,
    pub(crate) set_by: Option<String>,
    pub(crate) title: String,
    pub(crate) place: String,
    pub(crate) written: Option<String>,
    pub(crate) evidence: Vec<String>,
}

/// One change of one value.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeDocument {
    pub(crate) repair: String,
    pub(crate) kind: String,
    pub(crate) hive: String,
    pub(crate) key: String,
    pub(crate) name: String,
    /// What it is in a boot configuration store.
    pub(crate) element: Option<ElementDocument>,
    pub(crate) before: Option<DataDocument>,
    pub(crate) after: Option<DataDocument>,
}

/// An element of a boot configuration store, in its own words.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ElementDocument {
    pub(crate) object: String,
    pub(crate) name: String,
    pub(crate) format: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// A value's type and data.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataDocument {
    pub(crate) r#type: String,
    pub(crate) type_number: u32,
    pub(crate) text: String,
    pub(crate) hex: String,
}

/// Something to do elsewhere.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepDocument {
    pub(crate) place: String,
    pub(crate) text: String,
}

impl Document {
    /// Whether anything would change.
    pub(crate) fn has_changes(&self) -> bool {
        !(self.changes.is_empty() && self.permissions.is_empty() && self.renames.is_empty())
    }
}

impl DataDocument {
    /// What a value holds.
    pub(crate) fn of(data: &RegData) -> DataDocument {
        DataDocument {
            r#type: data.kind.to_string(),
            type_number: data.kind.0,
            text: data.to_string(),
            hex: hex(&data.bytes),
        }
    }

    /// The data again; `None` when the hexadecimal digits are none.
    pub(crate) fn data(&self) -> Option<RegData> {
        Some(RegData {
            kind: RegType(self.type_number),
            bytes: unhex(&self.hex)?,
        })
    }
}

impl ChangeDocument {
    /// A change and what stands there now.
    pub(crate) fn of(repair: &str, kind: &str, edit: &Edit, before: Option<&RegData>) -> Self {
        let target = edit.target();
        ChangeDocument {
            repair: repair.to_owned(),
            kind: kind.to_owned(),
            hive: target.hive.to_string(),
            key: target.key.clone(),
            name: target.name.clone(),
            element: None,
            before: before.map(DataDocument::of),
            after: edit.after().map(DataDocument::of),
        }
    }

    /// The value it is about.
    pub(crate) fn target(&self) -> Option<Target> {
        let hive = HiveName::of(&self.hive)?;
        Some(Target {
            hive,
            key: self.key.clone(),
            name: self.name.clone(),
        })
    }
}

impl SelectionDocument {
    /// The selection again.
    pub(crate) fn selection(&self) -> Result<Selection, Failure> {
        let scope = self
            .control_set
            .parse()
            .map_err(|why: String| Failure::new(Exit::Usage, "no-control-set", why))?;
        let mut selection = Selection {
            symptoms: self.symptoms.clone(),
            repairs: self.repairs.clone(),
            with: self.with.clone(),
            except: self.except.clone(),
            as_article: self.as_article,
            scope,
            ..Selection::default()
        };
        for parameter in &self.parameters {
            let parts = parameter.split_once('=').and_then(|(target, value)| {
                let (id, name) = target.split_once('.')?;
                Some((id.to_owned(), name.to_owned(), value.to_owned()))
            });
            let Some((id, name, value)) = parts else {
                let error = format!("--set {parameter}: expected ID.PARAM=VALUE");
                return Err(Failure::new(Exit::Usage, "unknown-parameter", error));
            };
            selection.parameters.insert((id, name), value);
        }
        Ok(selection)
    }
}

/// Reads a plan file; the plan, and the hash of the file.
pub(crate) fn read(path: &Path) -> Result<(Document, String), Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        let error = format!("cannot read {shown}: {error}");
        Failure::new(Exit::Usage, "no-plan", error)
    })?;
    let sha256 = hex(&Stamp::of(&bytes).sha256);
    let text = String::from_utf8(bytes).map_err(|error| error.to_string());
    let plan = text.and_then(|text| parse(&text)).map_err(|why| {
        let error = format!("{shown} is not a plan for this offfix: {why}");
        Failure::new(Exit::Refused, "bad-plan", error)
            .hint("make a new plan with offfix plan --out FILE")
    })?;
    Ok((plan, sha256))
}

/// The document of a JSON text.
pub(crate) fn parse(text: &str) -> Result<Document, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {
            serde_json::from_value(value).map_err(|error| error.to_string())
        }
        Some(version) => Err(format!(
            "its version is {version}, this offfix reads {VERSION}"
        )),
        None => Err("it has no version".to_owned()),
    }
}

/// The word for a certainty.
pub(crate) fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    }
}

/// The word for why a change is made.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Fix => "fix",
        Kind::Aid => "aid",
        Kind::Weakening => "weakening",
    }
}

/// The word for when a cure is proposed.
pub(crate) fn offer(offer: Offer) -> &'static str {
    match offer {
        Offer::Recommended => "recommended",
        Offer::WhenAsked => "possible",
        Offer::WhenNamed => "on request",
        Offer::Report => "report only",
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits; `None` when they are none.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_from_before_operators_were_recorded_is_read() {
        let old = Document {
            version: VERSION,
            ..Document::default()
        };
        let text = crate::output::to_json(&old);
        for field in ["\"by\"", "\"asked\""] {
            assert!(!text.contains(field), "{field} was not in old records");
        }
        assert_eq!(parse(&text).as_ref(), Ok(&old));
        let new = Document {
            by: Some(crate::operator::by(None)),
            asked: vec!["x".to_owned()],
            ..old
        };
        assert_eq!(parse(&crate::output::to_json(&new)), Ok(new));
    }
}

//! The program itself: runs `offfix` with `--format json` and reads its answer.
//!
//! Invariants: every run has a journal of its own choice; an answer that is no JSON is an error.
//! Absent on purpose: judging the answer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::data::{Data, unhex};
use super::faults::{Ask, Fault};

/// The built program and where it records its runs.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
}

/// One repair as the catalogue shows it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) class: String,
}

/// What a plan, `apply` or `undo` says.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) verdict: String,
    pub(super) findings: Vec<Finding>,
    pub(super) changes: Vec<Change>,
    /// What is changed that is no value: permissions, names of files.
    pub(super) others: Vec<String>,
    /// What was said to standard error.
    pub(super) said: String,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) repair: String,
    pub(super) certainty: String,
    pub(super) proposed: bool,
    pub(super) title: String,
    pub(super) place: String,
}

/// One planned change of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) repair: String,
    pub(super) hive: String,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) after: Option<Data>,
}

impl Program {
    /// Runs it on a disk.
    pub(super) fn run(&self, words: &[&str], disk: &Path, journal: &Path) -> Result<Answer> {
        let mut command = Command::new(&self.path);
        command.args(words).arg("--drive").arg(disk);
        command
            .arg("--journal")
            .arg(journal)
            .args(["--format", "json"]);
        let output = command.stdin(Stdio::null()).output();
        let output = output.with_context(|| self.path.display().to_string())?;
        let value: Value = serde_json::from_slice(&output.stdout).with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("{}: {}\n{said}", words.join(" "), output.status)
        })?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Answer {
            code: output.status.code().unwrap_or(-1),
            said,
            ..Answer::of(&value)
        })
    }

    /// The catalogue, and the ids of the symptoms.
    pub(super) fn catalogue(&self) -> Result<(Vec<Listed>, Vec<String>)> {
        let list = |topic: &str| -> Result<Vec<Value>> {
            let mut command = Command::new(&self.path);
            let output = command.args([topic, "--format", "json"]).output()?;
            serde_json::from_slice(&output.stdout).with_context(|| topic.to_owned())
        };
        let repairs = list("repairs")?;
        let repairs = repairs.iter().map(|repair| Listed {
            id: text(repair, "id"),
            class: text(repair, "class"),
        });
        let symptoms = list("symptoms")?;
        let symptoms = symptoms.iter().map(|symptom| text(symptom, "id"));
        Ok((repairs.collect(), symptoms.collect()))
    }
}

impl Answer {
    fn of(value: &Value) -> Answer {
        let finding = |it: &Value| Finding {
            repair: text(it, "repair"),
            certainty: text(it, "certainty"),
            proposed: it.get("proposed").and_then(Value::as_bool).unwrap_or(false),
            title: text(it, "title"),
            place: text(it, "place"),
        };
        let change = |it: &Value| Change {
            repair: text(it, "repair"),
            hive: text(it, "hive"),
            key: text(it, "key"),
            name: text(it, "name"),
            after: it.get("after").and_then(data),
        };
        let others = list(value, "permissions").chain(list(value, "renames"));
        Answer {
            verdict: text(value, "verdict"),
            findings: list(value, "findings").map(finding).collect(),
            changes: list(value, "changes").map(change).collect(),
            others: others.map(|it| text(it, "repair")).collect(),
            ..Answer::default()
        }
    }

    /// The repairs that would change something, one for each change.
    pub(super) fn proposing(&self) -> impl Iterator<Item = &str> {
        let changes = self.changes.iter().map(|change| change.repair.as_str());
        changes.chain(self.others.iter().map(String::as_str))
    }
}

impl Finding {
    /// Whether it is more than a possibility.
    pub(super) fn is_a_fault(&self) -> bool {
        self.certainty != "possible"
    }
}

/// The words that ask for the cure of a fault.
pub(super) fn words(fault: &Fault) -> Vec<String> {
    match &fault.ask {
        Ask::Look => Vec::new(),
        Ask::For(symptom) => vec!["--for".to_owned(), symptom.clone()],
        Ask::Named(_) => named(fault),
    }
}

/// The words that name the repair of a fault.
pub(super) fn named(fault: &Fault) -> Vec<String> {
    let mut words = vec!["--repair".to_owned(), fault.repair.clone()];
    if let Ask::Named(parameters) = &fault.ask {
        for parameter in parameters {
            words.push("--set".to_owned());
            words.push(format!("{}.{parameter}", fault.repair));
        }
    }
    words
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn data(value: &Value) -> Option<Data> {
    let kind = value.get("type_number")?.as_u64()?;
    Some(Data {
        kind: u32::try_from(kind).ok()?,
        bytes: unhex(value.get("hex")?.as_str()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let text = r#"{"verdict": "would-fix",
            "findings": [{"repair": "nla", "certainty": "possible", "proposed": false}],
            "changes": [{"repair": "nla", "hive": "SYSTEM", "key": "A", "name": "B",
                "after": {"type": "REG_DWORD", "type_number": 4, "hex": "01000000"}},
                {"repair": "nla", "hive": "SYSTEM", "key": "A", "name": "C", "after": null}],
            "permissions": [{"repair": "machine-keys"}]}"#;
        let answer = Answer::of(&serde_json::from_str(text).unwrap());
        assert_eq!(answer.verdict, "would-fix");
        assert!(!answer.findings[0].is_a_fault());
        assert_eq!(answer.changes[0].after, Data::from_reg("dword:00000001"));
        assert_eq!(answer.changes[1].after, None);
        assert!(answer.proposing().eq(["nla", "nla", "machine-keys"]));
    }
}

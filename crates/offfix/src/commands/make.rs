//! Making a plan document from a disk and a selection.
//!
//! Invariants: nothing is written; the same disk, selection and journal give the same changes and
//! files, so that `apply` can ask for them again. Absent on purpose: printing.

use crate::arguments::SelectionArguments;
use crate::commands::take_back;
use crate::document::{
    self, ChangeDocument, DataDocument, Document, FileDocument, FindingDocument, HiveDocument,
    SelectionDocument, StepDocument, VERSION,
};
use crate::exit::{Exit, Failure};
use crate::journal;
use crate::session::Session;
use crate::time::filetime_text;
use disk::{Run, Stamp};
use hive::commit::Member;
use repairs::context::chain;
use repairs::{Certainty, Plan};
use volume::{Edit, HiveName, Installation, Loaded, Target, Volume, VolumeError, stage};

/// A plan, and the edits it makes.
pub(crate) struct Made {
    pub(crate) document: Document,
    pub(crate) edits: Vec<Edit>,
}

/// The selection as it is written into plans.
pub(crate) fn selected(arguments: &SelectionArguments, undo: Option<&String>) -> SelectionDocument {
    SelectionDocument {
        symptoms: arguments.symptoms.clone(),
        repairs: arguments.repairs.clone(),
        with: arguments.with.clone(),
        except: arguments.except.clone(),
        as_article: arguments.as_article,
        parameters: arguments.parameters.clone(),
        control_set: arguments.control_set.clone(),
        undo: undo.cloned(),
    }
}

/// Makes a plan.
pub(crate) fn make(
    session: &Session,
    volume: &Volume,
    installation: &Installation,
    selection: &SelectionDocument,
    runs: &[Run],
) -> Result<Made, Failure> {
    let mut document = head(session, volume, installation, selection);
    document.earlier_runs = journal::tell(runs, &session.root)?;
    document.left_open = journal::left_open(runs, |change| {
        let after = change.after.as_ref().and_then(DataDocument::data);
        match change.target().map(|target| present(volume, &target)) {
            Some(Ok(now)) => now == after,
            // What cannot be compared is told rather than hidden.
            _ => true,
        }
    });
    let edits = match &selection.undo {
        Some(what) => take_back::fill(&mut document, volume, what, runs)?,
        None => {
            let purpose = journal::on_purpose(runs);
            let plan = repairs::plan(volume, &selection.selection()?, &purpose)?;
            fill(&mut document, &plan);
            plan.changes.into_iter().map(|change| change.edit).collect()
        }
    };
    document.files = files(volume, &edits);
    document.hives = hives(volume, &edits);
    document.verdict = verdict(&document).to_owned();
    Ok(Made { document, edits })
}

fn head(
    session: &Session,
    volume: &Volume,
    installation: &Installation,
    selection: &SelectionDocument,
) -> Document {
    let sets = volume.control_sets();
    let used = installation
        .last_written
        .max(installation.last_shutdown)
        .and_then(filetime_text);
    Document {
        version: VERSION,
        computer: installation.computer.clone(),
        disk: session.disk(),
        drive: session.drive.clone(),
        made: session.now.text(),
        program: format!("offfix {}", env!("CARGO_PKG_VERSION")),
        windows: installation.windows(),
        domain: installation.domain.clone(),
        last_used: used,
        select: sets.select.to_string(),
        control_sets: sets.existing.clone(),
        boot_control_set: sets.boot(),
        selection: selection.clone(),
        ..Document::default()
    }
}

fn fill(document: &mut Document, plan: &Plan) {
    document.findings = plan
        .found
        .iter()
        .map(|judged| FindingDocument {
            repair: judged.repair.to_owned(),
            certainty: document::certainty(judged.finding.certainty).to_owned(),
            offer: document::offer(judged.finding.offer).to_owned(),
            proposed: judged.proposed,
            set_by: judged.set_by.clone(),
            title: judged.finding.title.clone(),
            place: format!(r"HKLM\{}\{}", judged.finding.hive, judged.finding.key),
            written: judged.finding.written.and_then(filetime_text),
            evidence: judged.finding.evidence.clone(),
        })
        .collect();
    document.changes = plan
        .changes
        .iter()
        .map(|change| {
            let kind = document::kind(change.kind);
            ChangeDocument::of(change.repair, kind, &change.edit, change.before.as_ref())
        })
        .collect();
    document.steps = plan
        .steps
        .iter()
        .map(|step| StepDocument {
            place: step.place().to_owned(),
            text: step.text().to_owned(),
        })
        .collect();
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    document.fine = owned(&plan.fine);
    document.not_checked = plan
        .not_checked
        .iter()
        .map(|(id, why)| format!("{id}: {why}"))
        .collect();
    let elsewhere = plan
        .not_on_disk
        .iter()
        .map(|what| format!("{what} (needs the running VM)"));
    document.not_checked.extend(elsewhere);
    document.left_alone.clone_from(&plan.left_alone);
    document.on_request = owned(&plan.on_request);
    document.has_recipe = plan.has_recipe;
}

/// The files the plan depends on: SYSTEM always, and every hive that changes with its logs.
fn files(volume: &Volume, edits: &[Edit]) -> Vec<FileDocument> {
    let mut files = Vec::new();
    for name in HiveName::ALL {
        let touched = edits.iter().any(|edit| edit.target().hive == name);
        let Ok(loaded) = volume.hive(name) else {
            continue;
        };
        if name == HiveName::System || touched {
            files.push(file(name.path(), &loaded.stamp));
        }
        if touched {
            files.extend(logs(loaded));
        }
    }
    files
}

fn logs(loaded: &Loaded) -> Vec<FileDocument> {
    let members = [Member::Log, Member::Log1, Member::Log2].into_iter();
    members
        .filter_map(|member| {
            let log = loaded.logs.get(member)?;
            Some(file(
                format!("{}{}", loaded.path, member.suffix()),
                &Stamp::of(log),
            ))
        })
        .collect()
}

fn file(path: String, stamp: &Stamp) -> FileDocument {
    FileDocument {
        path,
        size: stamp.size,
        sha256: document::hex(&stamp.sha256),
    }
}

fn hives(volume: &Volume, edits: &[Edit]) -> Vec<HiveDocument> {
    HiveName::ALL
        .into_iter()
        .filter_map(|name| {
            let touched = edits.iter().any(|edit| edit.target().hive == name);
            let (state, commit) = match volume.hive(name) {
                Ok(loaded) => {
                    let how = touched.then(|| stage::method(volume, loaded).1);
                    (state(loaded, touched), how)
                }
                Err(VolumeError::Missing { .. }) => return None,
                Err(error) => (format!("not looked at: {}", chain(error)), None),
            };
            Some(HiveDocument {
                name: name.to_string(),
                state,
                commit,
            })
        })
        .collect()
}

/// Whether log entries are pending, and what becomes of them.
fn state(loaded: &Loaded, touched: bool) -> String {
    let Some(recovery) = &loaded.recovery else {
        return "clean".to_owned();
    };
    let entries = match recovery.entries {
        1 => "1 log entry".to_owned(),
        number => format!("{number} log entries"),
    };
    let then = if touched {
        "applied first, as Windows would do"
    } else {
        "read in memory, file not written"
    };
    format!(
        "{entries} pending ({} to {}), all present: {then}",
        recovery.first, recovery.last
    )
}

/// What the document says as a whole.
fn verdict(document: &Document) -> &'static str {
    let open = |finding: &&FindingDocument| {
        !finding.proposed
            && finding.set_by.is_none()
            && finding.certainty != document::certainty(Certainty::Possible)
    };
    if !document.changes.is_empty() {
        "would-fix"
    } else if document.findings.iter().any(|finding| open(&finding)) {
        "needs-human"
    } else {
        "clean"
    }
}

/// What stands at a target, for messages and for taking back.
pub(crate) fn present(volume: &Volume, target: &Target) -> Result<Option<hive::RegData>, Failure> {
    match volume.hive(target.hive) {
        Ok(_) | Err(VolumeError::Missing { .. }) => {}
        // What cannot be looked at is not missing.
        Err(error) => return Err(Failure::new(Exit::Unreadable, "unreadable", chain(error))),
    }
    volume.read(target).map_err(|source| {
        VolumeError::Read {
            hive: target.hive.path(),
            source,
        }
        .into()
    })
}

//! Making a plan document from a disk and a selection.
//!
//! Invariants: nothing is written; the same disk, selection and journal give the same changes and
//! files, so that `apply` can ask for them again. Absent on purpose: printing.

use crate::arguments::SelectionArguments;
use crate::commands::{asked, boot_files, elements, take_back};
use crate::document::{
    self, ChangeDocument, DataDocument, Document, FileDocument, FindingDocument, HiveDocument,
    SelectionDocument, StepDocument, VERSION,
};
use crate::exit::{Exit, Failure};
use crate::guards;
use crate::journal;
use crate::output;
use crate::permissions::PermissionsDocument;
use crate::progress::Progress;
use crate::renames::RenameDocument;
use crate::session::Session;
use crate::time::filetime_text;
use disk::{RenameRecord, Run, Stamp};
use hive::commit::Member;
use repairs::context::chain;
use repairs::{Certainty, Plan, PlanError};
use std::cell::RefCell;
use volume::{
    Edit, HiveName, Installation, Loaded, SecurityEdit, Target, Volume, VolumeError, stage,
};

/// A plan, and the edits it makes.
pub(crate) struct Made {
    pub(crate) document: Document,
    pub(crate) edits: Vec<Edit>,
    pub(crate) permissions: Vec<SecurityEdit>,
    pub(crate) renames: Vec<RenameRecord>,
}

impl Made {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.permissions.is_empty() && self.renames.is_empty()
    }
}

/// The selection as it is written into plans: stop codes as the symptoms they stand for.
///
/// # Errors
/// A stop code that stands for none.
pub(crate) fn selected(
    arguments: &SelectionArguments,
    undo: Option<&String>,
) -> Result<SelectionDocument, Failure> {
    Ok(SelectionDocument {
        symptoms: asked::symptoms(&arguments.symptoms)?,
        repairs: arguments.repairs.clone(),
        with: arguments.with.clone(),
        except: arguments.except.clone(),
        as_article: arguments.as_article,
        parameters: arguments.parameters.clone(),
        control_set: arguments.control_set.clone(),
        undo: undo.cloned(),
    })
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
    document.earlier_runs = journal::tell(runs, session)?;
    document.left_open = journal::left_open(
        runs,
        |change| {
            let after = change.after.as_ref().and_then(DataDocument::data);
            match change.target().map(|target| present(volume, &target)) {
                Some(Ok(now)) => now == after,
                // What cannot be compared is told rather than hidden.
                _ => true,
            }
        },
        |permissions| take_back::still_set(volume, permissions),
    );
    let (edits, permissions, renames) = match &selection.undo {
        Some(what) => take_back::fill(&mut document, volume, what, runs)?,
        None => {
            let purpose = journal::on_purpose(runs);
            let now = session.now.filetime();
            let progress = RefCell::new(Progress::of("looking at permissions"));
            let walked = |done| progress.borrow_mut().at(done, None);
            let plan = repairs::plan(volume, &selection.selection()?, &purpose, now, &walked);
            let plan = plan.map_err(|error| failed(&error, volume))?;
            fill(&mut document, &plan);
            if matches!(volume.store(), Err(VolumeError::NoStore { .. })) {
                document.not_checked.extend(boot_files::offers(volume));
            }
            let edits = plan.changes.into_iter().map(|change| change.edit);
            let permissions = plan.permissions.into_iter().map(|one| one.edit);
            let renames = plan.renames.into_iter().map(|one| one.edit);
            (edits.collect(), permissions.collect(), renames.collect())
        }
    };
    elements::describe(volume, &mut document.changes);
    document.files = files(volume, &edits);
    document.hives = hives(volume, &edits);
    document.verdict = verdict(&document).to_owned();
    guards::tell(&mut document, volume);
    Ok(Made {
        document,
        edits,
        permissions,
        renames,
    })
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
        system_partition: session.boot.system_partition(),
        store: session.boot.store(),
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
            place: judged.finding.place.clone(),
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
    document.permissions = plan
        .permissions
        .iter()
        .map(PermissionsDocument::of)
        .collect();
    document.renames = plan.renames.iter().map(RenameDocument::of).collect();
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
    document.not_checked = not_checked(plan);
    let unread = plan.no_repair.iter();
    let unread = unread.map(|what| format!("{what} (no repair looks at it)"));
    document.not_checked.extend(unread);
    let elsewhere = plan
        .not_on_disk
        .iter()
        .map(|what| format!("{what} (needs the running VM)"));
    document.not_checked.extend(elsewhere);
    document.left_alone.clone_from(&plan.left_alone);
    document.on_request = owned(&plan.on_request);
    document.has_recipe = plan.has_recipe;
}

fn failed(error: &PlanError, volume: &Volume) -> Failure {
    let failure = Failure::from(error);
    match failure.code {
        "no-boot-files" => boot_files::hinted(failure, volume),
        _ => failure,
    }
}

/// What could not be looked at: the repairs with the same reason in one line.
fn not_checked(plan: &Plan) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (id, why) in &plan.not_checked {
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, ids)) => ids.push(id),
            None => reasons.push((why, vec![id])),
        }
    }
    let lines = reasons
        .iter()
        .map(|(why, ids)| format!("{}: {why}", ids.join(", ")));
    lines.collect()
}

/// The files the plan depends on: SYSTEM always, and every hive that changes with its logs.
fn files(volume: &Volume, edits: &[Edit]) -> Vec<FileDocument> {
    let mut files = Vec::new();
    for name in HiveName::ALL {
        let touched = edits.iter().any(|edit| edit.target().hive == name);
        if name != HiveName::System && !touched {
            continue;
        }
        let Ok(loaded) = volume.hive(name) else {
            continue;
        };
        let path = path_of(volume, loaded);
        files.push(file(path.clone(), &loaded.stamp));
        if touched {
            files.extend(logs(loaded, &path));
        }
    }
    files
}

/// Where a hive lies: below the drive, or with the whole path of the other root.
fn path_of(volume: &Volume, loaded: &Loaded) -> String {
    match volume.roots().get(loaded.root) {
        Some(root) if loaded.root > 0 => {
            let below = loaded.path.replace('\\', std::path::MAIN_SEPARATOR_STR);
            output::path(&root.path().join(below))
        }
        _ => loaded.path.clone(),
    }
}

fn logs(loaded: &Loaded, path: &str) -> Vec<FileDocument> {
    let members = [Member::Log, Member::Log1, Member::Log2].into_iter();
    members
        .filter_map(|member| {
            let log = loaded.logs.get(member)?;
            let path = format!("{path}{}", member.suffix());
            Some(file(path, &Stamp::of(log)))
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
                Err(VolumeError::Missing { .. } | VolumeError::NoStore { .. }) => return None,
                Err(error) => (format!("not looked at: {}", chain(error)), None),
            };
            let state = match name {
                HiveName::Bcd => format!("{}{state}", stores(volume)),
                _ => state,
            };
            Some(HiveDocument {
                name: name.to_string(),
                state,
                commit,
            })
        })
        .collect()
}

/// Which boot configuration store it is, and which others there are.
fn stores(volume: &Volume) -> String {
    let Ok(stores) = volume.stores() else {
        return String::new();
    };
    let mut text = String::new();
    for site in &stores.found {
        let path = match volume.roots().get(site.root) {
            Some(root) if site.root > 0 => format!("{}: {}", output::path(root.path()), site.path),
            _ => site.path.clone(),
        };
        let firmware = match site.firmware {
            Some(firmware) => format!(" ({firmware})"),
            None => String::new(),
        };
        if stores.chosen() == Some(site) {
            let why = match stores.found.len() {
                1 => String::new(),
                _ => format!(", {}", stores.reason),
            };
            text = format!("{path}{firmware}{why}; {text}");
        } else {
            text.push_str(&format!("{path}{firmware} is not used; "));
        }
    }
    text
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
    // A cure without a change is a step that somebody has to do.
    let by_hand = document.findings.iter().any(|finding| finding.proposed);
    if document.has_changes() {
        "would-fix"
    } else if by_hand || document.findings.iter().any(|finding| open(&finding)) {
        "needs-human"
    } else {
        "clean"
    }
}

/// What stands at a target, for messages and for taking back.
pub(crate) fn present(volume: &Volume, target: &Target) -> Result<Option<hive::RegData>, Failure> {
    match volume.hive(target.hive) {
        Ok(_) | Err(VolumeError::Missing { .. } | VolumeError::NoStore { .. }) => {}
        // What cannot be looked at is not missing.
        Err(error) => return Err(Failure::new(Exit::Unreadable, "unreadable", chain(error))),
    }
    volume.read(target).map_err(|source| {
        VolumeError::Read {
            hive: target.hive.to_string(),
            source,
        }
        .into()
    })
}

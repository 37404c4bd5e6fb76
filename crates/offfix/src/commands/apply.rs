//! `apply`: make a plan, or the plan of a file, verified and undoable.
//!
//! Invariants: a plan file is a request: the disk must give the same changes from the same file
//! hashes again; nothing is called fixed that a second look has not seen.
//! Absent on purpose: how bytes reach the disk.

use crate::arguments::{ApplyArguments, Format};
use crate::commands::asked;
use crate::commands::confirm::confirm;
use crate::commands::make::{self, Made};
use crate::commands::run_steps;
use crate::document::{self, Document, SelectionDocument};
use crate::drives;
use crate::exit::{Exit, Failure};
use crate::guards;
use crate::interrupt;
use crate::journal::{self, Situation, runs_of, situation};
use crate::operator::{self, PlanOrigin};
use crate::output;
use crate::permissions;
use crate::progress::Progress;
use crate::render;
use crate::session::{Common, Session};
use crate::time::Moment;
use disk::{Journal, Lock, Root, Run, Stamp, State};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use volume::commit::{self, Committed, Request, commit};
use volume::{Staged, Volume};

/// Carries the command out.
pub(crate) fn run(common: &Common, arguments: &ApplyArguments) -> Result<Exit, Failure> {
    let (drive, plan) = places(common, arguments)?;
    let read = plan.as_ref().map(|path| document::read(path)).transpose()?;
    let (wanted, hash) = read.unzip();
    let drive = match (drive, &wanted) {
        (Some(drive), _) => drive,
        (None, Some(wanted)) => OsString::from(&wanted.drive),
        (None, None) => common.drive(None)?,
    };
    let selection = match &wanted {
        Some(wanted) => wanted.selection.clone(),
        None => make::selected(&arguments.selection, None)?,
    };
    check_yes(arguments, wanted.is_some(), &selection)?;
    let origin = origin(plan.as_deref(), hash, &selection);
    let json = arguments.format == Format::Json;
    if let Some(how) = arguments.run_steps {
        run_steps::refuse(how, json)?;
    }
    let mut session = Session::open(common, &drive)?;
    if let Some(wanted) = &wanted {
        session.boot = session.boot.or_of(wanted);
    }
    session.journal_elsewhere()?;
    guards::refuse(&session.root)?;
    guards::require_rights(&session.journal)?;
    // A first journal is made when nothing speaks against writing any more.
    let lock = session.journal.lock_if_made()?;
    let runs = match &lock {
        Some(lock) => settle(&session, lock)?,
        None => runs_of(&session)?,
    };
    let (volume, installation) = session.volume()?;
    let mut made = make::make(&session, &volume, &installation, &selection, &runs)?;
    if let Some(wanted) = &wanted {
        same_plan(wanted, &made.document)?;
    }
    made.document.note.clone_from(&arguments.note);
    made.document.asked = asked::lines(&arguments.selection.symptoms);
    // The steps of this look, not those of a plan file, which anyone may have edited.
    let steps = arguments.run_steps.map(|how| (how, made.document.clone()));
    let done = if made.is_empty() {
        nothing_to_do(&made.document, json)?
    } else {
        ask(arguments, &made.document, wanted.is_some(), json)?;
        write(&session, volume, lock, &runs, (made, origin), json)?
    };
    match steps {
        Some((how, document)) => run_steps::run(&document, how, done),
        None => Ok(done),
    }
}

/// Shows what will be done, and asks for a yes unless one is given.
fn ask(
    arguments: &ApplyArguments,
    document: &Document,
    from_file: bool,
    json: bool,
) -> Result<(), Failure> {
    if !json {
        output::text(&render::before_apply(document, from_file));
    }
    if arguments.yes {
        return Ok(());
    }
    let computer = document.computer.as_deref().unwrap_or("write");
    let what = format!("the computer name ({computer}) to write");
    confirm(&what, computer, json)
}

/// Stages, commits, and looks again.
fn write(
    session: &Session,
    volume: Volume,
    lock: Option<Lock>,
    runs: &[Run],
    (made, origin): (Made, PlanOrigin),
    json: bool,
) -> Result<Exit, Failure> {
    let Made {
        mut document,
        edits,
        permissions,
        renames,
    } = made;
    let now = session.now.filetime();
    let staged = volume::stage(&volume, &edits, &permissions, now)?.with_renames(renames);
    let lock = &locked(&session.journal, lock, &volume.roots(), &staged)?;
    let id = free_name(&session.journal, session.now)?;
    document.run = Some(id.clone());
    document.left_open.extend(journal::weakened(&document));
    let (at, about) = (session.now.text(), record(&document, origin));
    let request = Request { id, at, about };
    let mut progress = Progress::of("setting permissions");
    let mut set = |done, of| {
        if done == 0 {
            interrupt::finish_first(json);
        }
        progress.at(done, Some(of));
    };
    let committed = commit(&volume.roots(), &staged, lock, &request, &mut set)?;
    drop(progress);
    keep_reports(&committed, &staged, lock, &document);
    let (run, written) = (committed.run, staged.written());
    // The second look reads everything anew: what was read and staged need not stay for it.
    drop(staged);
    drop(volume);
    let (again, installation) = session.volume()?;
    // The new run is not among `runs`: what it set on purpose must verify by itself.
    let left = make::make(session, &again, &installation, &document.selection, runs)?;
    let verified = document.selection.undo.is_some() || left.is_empty();
    document.verdict = if verified { "fixed" } else { "failed" }.to_owned();
    document.code = (!verified).then(|| "not-verified".to_owned());
    if json {
        output::json(&document);
    } else {
        output::text(&render::applied(
            &document,
            &written,
            &run,
            session,
            &left.document,
        ));
    }
    match verified {
        true => Ok(Exit::Done),
        false => Ok(Exit::NotVerified),
    }
}

/// What the journal keeps of a plan: the plan, and who makes it.
fn record(document: &Document, origin: PlanOrigin) -> Vec<u8> {
    let record = Document {
        by: Some(operator::by(Some(origin))),
        ..document.clone()
    };
    output::to_json(&record).into_bytes()
}

/// Which plan a run is made from: a file with this hash, or a selection.
fn origin(file: Option<&Path>, hash: Option<String>, selection: &SelectionDocument) -> PlanOrigin {
    let of_selection = || {
        let typed = output::to_json(selection);
        document::hex(&Stamp::of(typed.as_bytes()).sha256)
    };
    let name = file.and_then(Path::file_name);
    PlanOrigin {
        file: name.map(|name| name.to_string_lossy().into_owned()),
        sha256: hash.unwrap_or_else(of_selection),
    }
}

/// The right to change the journal. One that is not there yet is made only when the commit would
/// begin.
pub(super) fn locked(
    journal: &Journal,
    lock: Option<Lock>,
    roots: &[&Root],
    staged: &Staged<'_>,
) -> Result<Lock, Failure> {
    match lock {
        Some(lock) => Ok(lock),
        None => {
            commit::check(roots, staged)?;
            Ok(journal.lock()?)
        }
    }
}

/// Keeps with the run its changes as command lines, and what permissions were and are; tells what
/// the file system did not take as it was given. The run is done, whatever becomes of its reports.
fn keep_reports(committed: &Committed, staged: &Staged<'_>, lock: &Lock, document: &Document) {
    for differs in &committed.differs {
        output::warn(&permissions::not_taken(differs));
    }
    let keep = |name: &str, text: String| {
        if let Err(error) = committed.run.store(lock, name, text.as_bytes()) {
            output::warn(&format!("{name} could not be kept with the run: {error}"));
        }
    };
    keep(
        "commands.txt",
        render::commands(document).replace('\n', "\r\n"),
    );
    if staged.securities.is_empty() {
        return;
    }
    // One after the other: each has megabytes where there are many keys.
    let records = &staged.securities;
    keep(
        "permissions-before.txt",
        permissions::report_before(records),
    );
    let after = permissions::report_after(records, &committed.differs);
    keep("permissions-after.txt", after);
}

/// The drive and the plan file among what was typed.
fn places(
    common: &Common,
    arguments: &ApplyArguments,
) -> Result<(Option<OsString>, Option<PathBuf>), Failure> {
    let is_plan = |place: &OsString| {
        let path = PathBuf::from(place);
        path.extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("json"))
            || path.is_file()
    };
    if let Some(place) = arguments.places.iter().find(|place| is_neither(place)) {
        return Err(neither(Path::new(place)));
    }
    let usage = |error: &str| Err(Failure::new(Exit::Usage, "usage", error));
    match (common.drive.clone(), arguments.places.as_slice()) {
        (drive, []) => Ok((drive, None)),
        (drive, [place]) if is_plan(place) => Ok((drive, Some(place.into()))),
        (None, [place]) => Ok((Some(place.clone()), None)),
        (None, [place, plan]) => Ok((Some(place.clone()), Some(plan.into()))),
        (Some(drive), [place]) if drive == *place => Ok((Some(drive), None)),
        (Some(drive), [place, plan]) if drive == *place => Ok((Some(drive), Some(plan.into()))),
        (Some(_), [plan]) => Ok((common.drive.clone(), Some(plan.into()))),
        _ => usage("expected a drive and a plan file, or one of them"),
    }
}

/// Whether this is a file that neither is called nor begins like a plan.
fn is_neither(place: &OsStr) -> bool {
    let path = Path::new(place);
    let mut first = [0; 1];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    let plan = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"));
    path.is_file() && !plan && (read.is_err() || first != *b"{")
}

/// The failure of such a file; what it is may be known.
fn neither(path: &Path) -> Failure {
    let error = format!("{} is neither a drive nor a plan file", output::path(path));
    match drives::not_a_folder(path) {
        Some(image) => Failure {
            error,
            causes: vec![image.error],
            ..image
        },
        None => Failure::new(Exit::Usage, "usage", error)
            .hint("offfix apply F:           F: is the broken VM's disk")
            .hint("offfix apply plan.json    what offfix plan --out has written"),
    }
}

fn check_yes(
    arguments: &ApplyArguments,
    has_plan: bool,
    selection: &SelectionDocument,
) -> Result<(), Failure> {
    let explicit = selection.selection()?.is_explicit();
    if has_plan
        && (arguments.recommended
            || make::selected(&arguments.selection, None)?
                .selection()?
                .is_explicit())
    {
        let error = "a plan file carries its own selection";
        return Err(Failure::new(Exit::Usage, "usage", error));
    }
    if arguments.yes && !has_plan && !explicit && !arguments.recommended {
        let error = "--yes without a plan file needs a selection";
        return Err(Failure::new(Exit::Usage, "usage", error)
            .hint("--for SYMPTOM, --repair ID, --with ID, or --recommended"));
    }
    Ok(())
}

/// Closes what interrupted runs left behind, where nothing has to be put back.
fn settle(session: &Session, lock: &Lock) -> Result<Vec<Run>, Failure> {
    for mut run in runs_of(session)? {
        match situation(&run, session)? {
            Situation::NotStarted => run.discard_partial(lock)?,
            Situation::Overtaken => {
                let detail = "something else has written the files";
                run.mark(lock, State::Overtaken, &session.now.text(), detail)?;
            }
            Situation::Interrupted | Situation::Damaged | Situation::Settled => {}
        }
    }
    runs_of(session)
}

/// Refuses a plan that the disk does not give again.
fn same_plan(wanted: &Document, made: &Document) -> Result<(), Failure> {
    let refused = |code, error: String| Err(Failure::new(Exit::Refused, code, error));
    if wanted.computer != made.computer {
        let name = |plan: &Document| {
            plan.computer
                .clone()
                .unwrap_or_else(|| "a computer without a name".to_owned())
        };
        return refused(
            "other-computer",
            format!(
                "the plan is for {}, this is the disk of {}",
                name(wanted),
                name(made)
            ),
        );
    }
    for file in &made.files {
        if !wanted.files.contains(file) {
            let error = format!("{} is not what the plan was made from", file.path);
            return Err(
                Failure::new(Exit::Refused, "changed", error).hint("make a new plan: offfix plan")
            );
        }
    }
    let same = wanted.changes == made.changes
        && wanted.permissions == made.permissions
        && wanted.renames == made.renames;
    if !same || wanted.files != made.files {
        return refused(
            "edited-plan",
            "the plan's changes are not the ones its selection gives on this disk".to_owned(),
        );
    }
    Ok(())
}

fn nothing_to_do(document: &Document, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(document);
    } else {
        output::text(&render::plan(document, None));
    }
    Ok(Exit::Done)
}

/// The first name of this minute that no run has.
pub(super) fn free_name(journal: &Journal, now: Moment) -> Result<String, Failure> {
    let taken: Vec<String> = journal
        .runs()?
        .iter()
        .map(|run| run.id().to_owned())
        .collect();
    let name = now.run_name();
    let names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
    // The second half never ends.
    Ok(names
        .into_iter()
        .find(|name| !taken.contains(name))
        .unwrap_or(name))
}

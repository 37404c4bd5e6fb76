//! `undo`: put the bytes back that a run changed.
//!
//! Invariants: what something else has written since is not touched, and told; runs are taken
//! back from the newest. Absent on purpose: taking single values back (`plan --undo`).

use crate::arguments::{Format, UndoArguments};
use crate::commands::confirm::confirm;
use crate::exit::{Exit, Failure};
use crate::guards;
use crate::interrupt;
use crate::journal::{Roots, plan_of, runs_of};
use crate::output;
use crate::progress::Progress;
use crate::render;
use crate::session::{Common, Session};
use disk::{Run, State};
use serde::Serialize;
use std::ffi::OsString;
use volume::undo::{Outcome, Part, Standing, undo};

/// The answer as JSON.
#[derive(Serialize)]
struct UndoDocument<'a> {
    version: u32,
    verdict: &'static str,
    code: Option<&'static str>,
    computer: Option<String>,
    disk: String,
    run: Option<&'a str>,
    left_open: Vec<String>,
    #[serde(flatten)]
    hives: Sorted<'a>,
    #[serde(skip_serializing_if = "Sorted::is_empty")]
    names: Sorted<'a>,
    permissions: Sorted<'a>,
}

/// Paths by what became of them.
#[derive(Serialize)]
pub(crate) struct Sorted<'a> {
    pub(crate) restored: Vec<&'a str>,
    pub(crate) unchanged: Vec<&'a str>,
    pub(crate) overtaken: Vec<&'a str>,
    /// Put back, but read back in another form.
    pub(crate) differs: Vec<&'a str>,
}

impl<'a> Sorted<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        [
            &self.restored,
            &self.unchanged,
            &self.overtaken,
            &self.differs,
        ]
        .iter()
        .all(|paths| paths.is_empty())
    }

    fn of(outcomes: &'a [Outcome], part: Part) -> Sorted<'a> {
        let paths = |standing| -> Vec<&str> {
            let those = outcomes.iter().filter(|outcome| outcome.part == part);
            let those = those.filter(|outcome| outcome.standing == standing);
            those.map(|outcome| outcome.path.as_str()).collect()
        };
        Sorted {
            restored: paths(Standing::Ours),
            unchanged: paths(Standing::Before),
            overtaken: paths(Standing::Overtaken),
            differs: paths(Standing::Differs),
        }
    }
}

/// Carries the command out.
pub(crate) fn run(common: &Common, arguments: &UndoArguments) -> Result<Exit, Failure> {
    let (drive, wanted) = places(common, arguments)?;
    let json = arguments.format == Format::Json;
    let session = Session::open(common, &drive)?;
    // A run named alone may be one of a single file, whose journal may lie beside it.
    if common.drive.is_some() || arguments.places.len() != 1 || wanted.is_none() {
        session.journal_elsewhere()?;
    }
    let Some(mut run) = choose(runs_of(&session)?, wanted.as_deref(), &session.drive)? else {
        answer(&session, None, &[], json);
        return Ok(Exit::Done);
    };
    if run.state() != State::NotStarted {
        guards::refuse(&session.root)?;
        guards::require_rights(&session.journal)?;
    }
    let computer = plan_of(&run).and_then(|plan| plan.computer);
    if !arguments.yes {
        let word = computer.clone().unwrap_or_else(|| run.id().to_owned());
        let what = format!("{word} to put back run {}", run.id());
        confirm(&what, &word, json)?;
    }
    let lock = session.journal.lock()?;
    if run.state() == State::NotStarted {
        let id = run.id().to_owned();
        run.discard_partial(&lock)?;
        answer(&session, Some((&id, None)), &[], json);
        return Ok(Exit::Done);
    }
    let roots = Roots::of(&session, &run)?;
    let mut progress = Progress::of("putting permissions back");
    let mut back = |done, of| {
        if done == 0 {
            interrupt::finish_first(json);
        }
        progress.at(done, Some(of));
    };
    let outcomes = undo(
        &roots.all(),
        &mut run,
        &lock,
        &session.now.text(),
        &mut back,
    )?;
    drop(progress);
    answer(&session, Some((run.id(), computer)), &outcomes, json);
    let overtaken = outcomes
        .iter()
        .any(|file| file.standing == Standing::Overtaken);
    Ok(if overtaken { Exit::Refused } else { Exit::Done })
}

/// The drive and the run among what was typed.
fn places(
    common: &Common,
    arguments: &UndoArguments,
) -> Result<(OsString, Option<String>), Failure> {
    let text = |place: &OsString| place.to_string_lossy().into_owned();
    match (&common.drive, arguments.places.as_slice()) {
        (Some(drive), []) => Ok((drive.clone(), None)),
        (Some(drive), [place]) if drive == place => Ok((drive.clone(), None)),
        (Some(drive), [run]) => Ok((drive.clone(), Some(text(run)))),
        (Some(drive), [place, run]) if drive == place => Ok((drive.clone(), Some(text(run)))),
        (None, [place]) => Ok(match root_of(common, &text(place))? {
            Some(root) => (root, Some(text(place))),
            None => (place.clone(), None),
        }),
        (None, [place, run]) => Ok((place.clone(), Some(text(run)))),
        (None, []) => Ok((common.drive(None)?, None)),
        _ => Err(Failure::new(
            Exit::Usage,
            "usage",
            "expected a drive and a run",
        )),
    }
}

/// Where a run of that name was made.
fn root_of(common: &Common, run: &str) -> Result<Option<OsString>, Failure> {
    let runs = common.journal().runs()?;
    let run = runs.iter().find(|known| known.id() == run);
    Ok(run
        .and_then(|run| run.record().ok()?.roots.first())
        .map(|root| OsString::from(&root.path)))
}

/// The run to take back: the named one, or the newest that is open.
fn choose(runs: Vec<Run>, wanted: Option<&str>, drive: &str) -> Result<Option<Run>, Failure> {
    let is_open = |run: &Run| {
        matches!(
            run.state(),
            State::NotStarted | State::Sealed | State::Undoing | State::Done
        )
    };
    // One that cannot be read must be named, and does not stand in the way of others.
    let is_whole = |run: &Run| run.state() == State::NotStarted || run.record().is_ok();
    let newest = runs
        .iter()
        .rev()
        .find(|run| is_open(run) && is_whole(run))
        .map(|run| run.id().to_owned());
    let Some(wanted) = wanted else {
        let damaged = runs.iter().find(|run| is_open(run) && !is_whole(run));
        return match (&newest, damaged) {
            (None, Some(run)) => {
                let error = format!("run {} has a damaged record and cannot be undone", run.id());
                Err(Failure::new(Exit::Unreadable, "journal-damaged", error))
            }
            _ => Ok(runs
                .into_iter()
                .find(|run| Some(run.id()) == newest.as_deref())),
        };
    };
    let Some(run) = runs.into_iter().find(|run| run.id() == wanted) else {
        let error = format!("there is no run {wanted:?} of this disk");
        return Err(
            Failure::new(Exit::Usage, "no-run", error).hint("offfix log lists the runs of a disk")
        );
    };
    if !is_open(&run) {
        return Ok(None);
    }
    match newest {
        Some(newest) if newest != wanted => {
            let error = format!("run {newest} is newer and still open");
            Err(
                Failure::new(Exit::Refused, "newer-run", error).hint(format!(
                    "take {newest} back first: offfix undo {drive} {newest}"
                )),
            )
        }
        _ => Ok(Some(run)),
    }
}

fn answer(
    session: &Session,
    run: Option<(&str, Option<String>)>,
    outcomes: &[Outcome],
    json: bool,
) {
    let hives = Sorted::of(outcomes, Part::Hive);
    let names = Sorted::of(outcomes, Part::Name);
    let permissions = Sorted::of(outcomes, Part::Permissions);
    let (id, computer) = run.map_or((None, None), |(id, computer)| (Some(id), computer));
    if !json {
        let text = render::undone(id, &hives, (&names, &permissions), &session.drive);
        output::text(&text);
        return;
    }
    let all = [&hives, &names, &permissions];
    let overtaken = all.iter().any(|part| !part.overtaken.is_empty());
    output::json(&UndoDocument {
        version: crate::document::VERSION,
        verdict: if overtaken { "needs-human" } else { "clean" },
        code: overtaken.then_some("overtaken"),
        computer,
        disk: session.disk(),
        run: id,
        left_open: Vec::new(),
        hives,
        names,
        permissions,
    });
}

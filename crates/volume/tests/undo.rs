//! Undo from every state a run can leave, and from those it must not touch.
//!
//! Invariants: a run that is cut short is one whose events are gone; files are then set to the
//! state in question. Absent on purpose: killing a process (see the crate `offfix`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use disk::State;
use hive::commit::{self, Action, Files, Member, Method};
use support::{Scratch, dword, edits, request, software_edit};
use testkit::windows::{Disk, Installation, Options, demo, healthy};
use volume::StagedHive;
use volume::commit::CommitError;
use volume::undo::{self, Standing};

/// Both ways of committing, and logs that hold something else already.
fn disks() -> Vec<(Disk, Method)> {
    let mut unknown = Installation::new(&Options::default());
    (unknown.kernel, unknown.software) = (None, None);
    let mut full = healthy();
    for name in ["LOG1", "LOG2"] {
        let path = format!("{}/SYSTEM.{name}", support::CONFIG);
        full.files.insert(path, vec![7; 120_000]);
    }
    vec![
        (healthy(), Method::NewLog),
        (full, Method::NewLog),
        (unknown.disk(), Method::NoLog),
    ]
}

/// Sets the files of SYSTEM on the disk.
fn put(scratch: &Scratch, files: &Files) {
    for member in Member::ALL {
        if let Some(content) = files.get(member) {
            let name = format!("SYSTEM{}", member.suffix());
            std::fs::write(scratch.config(&name), content).unwrap();
        }
    }
}

/// The states in which actions can be cut short: after each, and inside each write.
fn states(before: &Files, actions: &[Action]) -> Vec<Files> {
    let mut files = before.clone();
    let mut states = vec![files.clone()];
    for action in actions {
        if let Action::Write(member, at, bytes) = action {
            for len in [512, 1024, bytes.len() / 1024 * 512] {
                let mut torn = files.clone();
                let part = bytes[..len.min(bytes.len())].to_vec();
                commit::perform(&mut torn, &[Action::Write(*member, *at, part)]);
                states.push(torn);
            }
        }
        commit::perform(&mut files, std::slice::from_ref(action));
        if !matches!(action, Action::Flush(_)) {
            states.push(files.clone());
        }
    }
    states
}

/// Makes the journal forget what became of the run, so that it is as if cut short.
fn forget_events(scratch: &Scratch) {
    std::fs::remove_file(scratch.run().dir().join("events")).unwrap();
    assert_eq!(scratch.run().state(), State::Sealed);
}

/// Undoes from every state; all must become the files of before.
fn undone_from(scratch: &Scratch, hive: &StagedHive<'_>, states: &[Files], state: State) {
    let lock = scratch.lock();
    for (place, files) in states.iter().enumerate() {
        put(scratch, files);
        forget_events(scratch);
        let mut run = scratch.run();
        if state == State::Undoing {
            run.mark(&lock, state, "then", "").unwrap();
        }
        let outcomes =
            undo::undo(&[&scratch.root()], &mut run, &lock, "later", &mut |_, _| ()).unwrap();
        assert_ne!(
            outcomes[0].standing,
            Standing::Overtaken,
            "{:?} {place}",
            hive.method
        );
        for member in Member::ALL {
            let path = scratch.config(&format!("SYSTEM{}", member.suffix()));
            let found = std::fs::read(path).ok();
            assert!(
                found.as_deref() == hive.before.get(member),
                "{:?} {place}",
                hive.method
            );
        }
        assert_eq!(run.state(), State::Undone);
    }
}

#[test]
fn every_half_written_commit_is_put_back() {
    for (disk, method) in disks() {
        let scratch = Scratch::of(&disk);
        let staged = scratch.stage(&edits());
        assert_eq!(staged.hives[0].method, method);
        scratch.commit(&staged, &scratch.lock()).unwrap();
        let hive = &staged.hives[0];
        undone_from(
            &scratch,
            hive,
            &states(&hive.before.to_files(), &hive.actions),
            State::Sealed,
        );
    }
}

#[test]
fn every_half_written_undo_is_put_back() {
    for (disk, _) in disks() {
        let scratch = Scratch::of(&disk);
        let staged = scratch.stage(&edits());
        scratch.commit(&staged, &scratch.lock()).unwrap();
        let hive = &staged.hives[0];
        let all = states(&hive.before.to_files(), &hive.actions);
        for start in [
            &all[all.len() / 3],
            &all[all.len() / 2],
            &all[all.len() - 1],
        ] {
            let actions = commit::restore(start, &hive.before.to_files(), hive.method).unwrap();
            undone_from(&scratch, hive, &states(start, &actions), State::Undoing);
        }
    }
}

#[test]
fn the_journal_knows_the_bytes_before_at_every_cut() {
    for (disk, method) in disks() {
        let scratch = Scratch::of(&disk);
        let staged = scratch.stage(&edits());
        scratch.commit(&staged, &scratch.lock()).unwrap();
        let (hive, run) = (&staged.hives[0], scratch.run());
        for files in states(&hive.before.to_files(), &hive.actions) {
            for record in &run.record().unwrap().files {
                let suffix = record.path.rsplit_once("SYSTEM").unwrap().1;
                let member = Member::ALL
                    .into_iter()
                    .find(|member| member.suffix() == suffix);
                let member = member.unwrap();
                let image = record.before_image(files.get(member).unwrap());
                assert!(
                    image.as_deref() == hive.before.get(member),
                    "{method:?} {suffix}"
                );
            }
        }
    }
}

/// A change that another program may have made.
type Change = fn(&Scratch);

fn flip(scratch: &Scratch, name: &str, at: usize) {
    let path = scratch.config(name);
    let mut file = std::fs::read(&path).unwrap();
    file[at] ^= 1;
    std::fs::write(path, file).unwrap();
}

fn edit_elsewhere(scratch: &Scratch) {
    let staged = scratch.stage(&[dword(r"ControlSet001\Control\Other", "Value", 3)]);
    let hive = &staged.hives[0];
    put(scratch, &hive.after);
}

#[test]
fn a_finished_run_that_something_else_has_written_over_is_left_alone() {
    let changes: [(&str, Change); 5] = [
        ("another edit", edit_elsewhere),
        ("a byte of the hive", |scratch| {
            flip(scratch, "SYSTEM", 6000);
        }),
        ("a byte of the log written", |scratch| {
            flip(scratch, "SYSTEM.LOG1", 100);
        }),
        ("a log that grew", |scratch| {
            std::fs::write(scratch.config("SYSTEM.LOG2"), b"boot").unwrap();
        }),
        ("a log that is gone", |scratch| {
            std::fs::remove_file(scratch.config("SYSTEM.LOG2")).unwrap();
        }),
    ];
    for (what, change) in changes {
        let scratch = Scratch::of(&demo());
        let lock = scratch.lock();
        let mut run = scratch.commit(&scratch.stage(&edits()), &lock).unwrap();
        change(&scratch);
        let files = scratch.files();
        let look = undo::look(&[&scratch.root()], &run).unwrap();
        assert_eq!(look[0].standing, Standing::Overtaken, "{what}");
        let outcomes =
            undo::undo(&[&scratch.root()], &mut run, &lock, "later", &mut |_, _| ()).unwrap();
        assert_eq!(outcomes[0].standing, Standing::Overtaken, "{what}");
        assert!(scratch.files() == files, "{what}: written over");
        assert_eq!(scratch.run().state(), State::Overtaken, "{what}");
        assert!(!scratch.run().state().is_open());
        if what == "another edit" {
            let next = scratch.stage(&[dword(support::TLS, "Enabled", 9)]);
            let again = volume::commit::commit(
                &[&scratch.root()],
                &next,
                &lock,
                &request("next"),
                &mut |_, _| (),
            );
            assert_eq!(again.unwrap().run.state(), State::Done);
        }
    }
}

#[test]
fn an_unfinished_run_whose_disk_was_booted_is_left_alone() {
    let scratch = Scratch::of(&demo());
    let lock = scratch.lock();
    let staged = scratch.stage(&edits());
    scratch.commit(&staged, &lock).unwrap();
    let hive = &staged.hives[0];
    // The header is marked, the log is not ours any more.
    let header = hive.actions.iter().position(
        |action| matches!(action, Action::Write(Member::Primary, 0, bytes) if bytes.len() == 512),
    );
    let mut files = hive.before.to_files();
    commit::perform(&mut files, &hive.actions[..=header.unwrap()]);
    put(&scratch, &files);
    flip(&scratch, "SYSTEM.LOG1", 700);
    forget_events(&scratch);
    let disk = scratch.files();
    let outcomes = undo::undo(
        &[&scratch.root()],
        &mut scratch.run(),
        &lock,
        "later",
        &mut |_, _| (),
    )
    .unwrap();
    assert_eq!(outcomes[0].standing, Standing::Overtaken);
    assert!(scratch.files() == disk);
}

#[test]
fn of_two_hives_only_the_one_overtaken_is_left_alone() {
    let scratch = Scratch::of(&healthy());
    let before = scratch.files();
    let lock = scratch.lock();
    let staged = scratch.stage(&[edits(), vec![software_edit()]].concat());
    let mut run = scratch.commit(&staged, &lock).unwrap();
    flip(&scratch, "SOFTWARE", 5000);
    let overtaken = std::fs::read(scratch.config("SOFTWARE")).unwrap();
    let outcomes =
        undo::undo(&[&scratch.root()], &mut run, &lock, "later", &mut |_, _| ()).unwrap();
    let standing: Vec<Standing> = outcomes.iter().map(|outcome| outcome.standing).collect();
    assert_eq!(standing, [Standing::Ours, Standing::Overtaken]);
    assert!(std::fs::read(scratch.config("SOFTWARE")).unwrap() == overtaken);
    for (path, content) in scratch.files() {
        let software = path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("SOFTWARE");
        assert!(
            software || before.get(&path) == Some(&content),
            "{}",
            path.display()
        );
    }
    assert_eq!(
        scratch.run().events().last().unwrap().detail,
        r"Windows\System32\config\SOFTWARE"
    );
}

#[test]
fn a_file_that_changed_since_it_was_staged_is_not_written() {
    for name in ["SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"] {
        let scratch = Scratch::of(&healthy());
        let staged = scratch.stage(&edits());
        let path = scratch.config(name);
        let mut file = std::fs::read(&path).unwrap();
        file.push(0);
        std::fs::write(&path, file).unwrap();
        let files = scratch.files();
        match scratch.commit(&staged, &scratch.lock()).unwrap_err() {
            CommitError::Changed { path } => assert!(path.ends_with(name), "{path}"),
            other => panic!("{other}"),
        }
        assert!(scratch.files() == files);
        assert!(scratch.journal().runs().unwrap().is_empty());
    }
}

#[test]
fn a_hive_that_another_program_holds_is_busy() {
    let scratch = Scratch::of(&healthy());
    let staged = scratch.stage(&edits());
    let held = scratch
        .root()
        .hold(r"Windows\System32\config\SYSTEM.LOG2")
        .unwrap();
    let lock = scratch.lock();
    let refused = scratch.commit(&staged, &lock).unwrap_err();
    assert!(
        matches!(refused, CommitError::Hold(disk::HoldError::Busy { .. })),
        "{refused}"
    );
    drop(held);
    let mut run = scratch.commit(&staged, &lock).unwrap();
    let held = scratch
        .root()
        .hold(r"Windows\System32\config\SYSTEM")
        .unwrap();
    let refused =
        undo::undo(&[&scratch.root()], &mut run, &lock, "later", &mut |_, _| ()).unwrap_err();
    assert!(matches!(
        refused,
        undo::UndoError::Hold(disk::HoldError::Busy { .. })
    ));
    assert_eq!(
        scratch.run().state(),
        State::Done,
        "a refused undo leaves the run as it was"
    );
    drop(held);
    undo::undo(&[&scratch.root()], &mut run, &lock, "later", &mut |_, _| ()).unwrap();
}

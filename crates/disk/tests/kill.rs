//! The journal killed for real at every call that changes something, and its calls in order.
//!
//! Invariants checked: whatever is left behind is no run, one that has not started, or one whose
//! record is whole; the journal works again at once; progress is never lost; what has to be on
//! the medium is flushed before what relies on it.
//!
//! Deliberately absent: any assertion where there is no strace; power cuts.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

mod scratch;

use std::path::Path;
use std::process::{Command, Stdio};

use disk::{FileRecord, Journal, Record, RootRecord, State, Step, execute};
use scratch::{folder, hold, put, root, runs};

/// Tells the test below that it is the victim, and which journal to use.
const JOURNAL: &str = "DISK_TEST_JOURNAL";

/// The same for a file that is written.
const DISK: &str = "DISK_TEST_DISK";

/// What changes something, on any architecture; those that do not exist are passed over.
const CALLS: [&str; 7] = [
    "mkdir",
    "mkdirat",
    "openat",
    "write",
    "fsync",
    "rename",
    "renameat2",
];

#[test]
fn victim() {
    let Some(dir) = std::env::var_os(JOURNAL) else {
        return;
    };
    let lock = Journal::at(Path::new(&dir)).lock().unwrap();
    let files = vec![FileRecord::of("a", 0, 0, &[1; 9000], &[2; 9000], false)];
    let root = RootRecord {
        path: String::new(),
        identity: String::new(),
    };
    let record = Record {
        id: "a".to_owned(),
        roots: vec![root],
        about: vec![],
        files,
        securities: vec![],
        renames: Vec::new(),
    };
    let mut run = lock.begin(&record).unwrap();
    run.store(&lock, "extra", b"kept").unwrap();
    run.mark(&lock, State::Done, "now", "").unwrap();
    run.mark(&lock, State::Undoing, "now", "").unwrap();
    run.mark(&lock, State::Undone, "now", "").unwrap();
}

#[test]
fn writer() {
    let Some(dir) = std::env::var_os(DISK) else {
        return;
    };
    let steps = [
        Step::Extend { file: 0, size: 3 },
        Step::Flush { file: 0 },
        Step::Write {
            file: 1,
            offset: 0,
            bytes: b"log".to_vec(),
        },
        Step::Flush { file: 1 },
        Step::Write {
            file: 0,
            offset: 0,
            bytes: b"new".to_vec(),
        },
        Step::SetSize { file: 0, size: 2 },
        Step::Flush { file: 0 },
    ];
    execute(&mut hold(&root(Path::new(&dir)), &["a", "b"]), &steps).unwrap();
}

/// The calls of a test that change something below `base`, as `call(path)`, in order.
fn calls_of(test: &str, variable: &str, base: &Path) -> Vec<String> {
    let log = folder();
    let log = log.path().join("log");
    let mut command = Command::new("strace");
    let trace = "trace=mkdir,mkdirat,write,ftruncate,fsync,rename,renameat,renameat2";
    command
        .args(["-f", "-qq", "-y", "-e", trace, "-o"])
        .arg(&log);
    command.arg(std::env::current_exe().unwrap_or_default());
    command
        .args(["--exact", test, "--test-threads=1"])
        .env(variable, base);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()));
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let base = base.to_string_lossy().into_owned();
    log.lines()
        .filter_map(|line| shortened(line, &base))
        .collect()
}

/// `123 fsync(4</base/a>) = 0` becomes `fsync(a)`; `None` when it is about something else.
fn shortened(line: &str, base: &str) -> Option<String> {
    let call = line.split_whitespace().nth(1)?.split('(').next()?;
    let end = |c: char| c == '>' || c == '"';
    let path = line
        .split(base)
        .nth(1)?
        .split(end)
        .next()?
        .trim_start_matches('/');
    Some(format!(
        "{}({path})",
        call.trim_end_matches("at2").trim_end_matches("at")
    ))
}

#[test]
fn everything_is_flushed_before_what_relies_on_it() {
    if !runs("strace", &["-o", "/dev/null", "true"]) {
        return println!("not tested here: no strace");
    }
    let base = folder();
    let path = base.path().join("j");
    let begin = ["mkdir()", "mkdir(a.partial)", "write(a.partial/record)"];
    let seal = [
        "fsync(a.partial/record)",
        "fsync(a.partial)",
        "rename(a.partial)",
        "fsync()",
    ];
    let store = [
        "write(a/extra.new~)",
        "fsync(a/extra.new~)",
        "rename(a/extra.new~)",
        "fsync(a)",
    ];
    let mark = ["write(a/events)", "fsync(a/events)", "fsync(a)"];
    let expected = [&begin[..], &seal, &store, &mark, &mark, &mark].concat();
    assert_eq!(calls_of("victim", JOURNAL, &path), expected);

    let disk = folder();
    put(disk.path(), "a", b"o");
    put(disk.path(), "b", b"");
    let expected = ["write(a)", "fsync(a)", "write(b)", "fsync(b)"];
    let expected = [&expected[..], &["write(a)", "ftruncate(a)", "fsync(a)"]].concat();
    assert_eq!(calls_of("writer", DISK, disk.path()), expected);
}

/// Runs the victim and kills it at the `number`th `call`; whether it lived.
fn survives(journal: &Path, call: &str, number: u32) -> bool {
    let mut command = Command::new("strace");
    let inject = format!("inject={call}:signal=KILL:when={number}");
    command.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={call}"),
        "-e",
        &inject,
    ]);
    command.arg(std::env::current_exe().unwrap_or_default());
    command
        .args(["--exact", "victim", "--test-threads=1"])
        .env(JOURNAL, journal);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// How far the run in a journal has come, after checking that what is there makes sense.
fn progress(journal: &Journal, place: &str) -> usize {
    let runs = journal
        .runs()
        .unwrap_or_else(|error| panic!("{place}: {error:?}"));
    assert!(runs.len() <= 1, "{place}");
    let Some(run) = runs.first() else { return 0 };
    let state = run.state();
    if state == State::NotStarted {
        return 1;
    }
    assert!(
        run.record().is_ok_and(|record| record.files.len() == 1),
        "{place}"
    );
    if let Some(extra) = run
        .load("extra", 99)
        .unwrap_or_else(|error| panic!("{place}: {error:?}"))
    {
        assert_eq!(extra, b"kept", "{place}");
    }
    let order = [State::Sealed, State::Done, State::Undoing, State::Undone];
    2 + order
        .iter()
        .position(|known| *known == state)
        .unwrap_or_else(|| panic!("{place}"))
}

#[test]
fn a_kill_at_any_call_leaves_something_that_makes_sense() {
    if !runs("strace", &["-o", "/dev/null", "true"]) {
        return println!("not tested here: no strace");
    }
    let mut seen = [0; 6];
    for call in CALLS {
        let mut last = 0;
        for number in 1..200 {
            let base = folder();
            let journal = Journal::at(&base.path().join("j"));
            let lived = survives(journal.dir(), call, number);
            let place = format!("{call} {number}");
            let now = progress(&journal, &place);
            assert!(now >= last, "{place}: {now} after {last}");
            assert!(journal.lock().is_ok(), "{place}");
            seen[now] += 1;
            last = now;
            if lived {
                assert_eq!(now, 5, "{place}");
                break;
            }
        }
    }
    println!("killed with no run, not started, sealed, done, undoing; lived, undone: {seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

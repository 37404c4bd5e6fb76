//! `apply` killed, and the program that serves the volume killed, at every write.
//!
//! Invariants checked at every point, after a fresh mount: no name has come or gone; what Windows
//! would recover of each hive is exactly the old or the new one; the next look tells of a run that
//! is not finished; `undo` gives every byte back, and `apply` works again. ntfs-3g makes a file
//! longer in several writes: cut off between them, that one file may be unreadable, and nothing
//! else. Absent on purpose: lost writes of a power cut below the file system.

use super::layout::Logs;
use super::served::{Mounted, soon};
use super::volume::{APPLY, UNDO, Volume};
use crate::bench::{bins, same_bins};
use crate::scratch::{CONFIG, Tree, same_bytes};
use crate::strace::{CALLS, Point, calls, fated};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use testkit::replay::{State, recover};

/// A volume, everything on it before `apply`, and after.
struct Bench {
    volume: Volume,
    before: Tree,
    after: Tree,
}

/// How often what was found.
type Seen = BTreeMap<&'static str, usize>;

#[test]
fn apply_at_every_call() {
    let Some(volume) = Volume::with_windows(Logs::Empty, &["strace"]) else {
        return;
    };
    let (bench, points) = Bench::new(volume, |copy| {
        let mounted = copy.mount("norecover");
        let (answer, points) = calls(&copy.scratch, &APPLY, CALLS);
        answer.gives(0);
        drop(mounted);
        points
    });
    let mut seen = Seen::new();
    let points = thinned(points, &["/disk/"]);
    for point in &points {
        let copy = bench.volume.copy();
        let mounted = copy.mount("norecover");
        let answer = fated(&copy.scratch, &APPLY, point, "signal=KILL");
        assert_eq!(answer.code, -1, "{point:?}: it lived: {answer:?}");
        drop(mounted);
        bench.judge(&copy, &format!("{point:?}"), &mut seen);
    }
    println!("apply killed at {} calls: {seen:?}", points.len());
    assert!(seen["old"] > 0 && seen["new"] > 0 && seen["unfinished"] > 0);
}

/// Every call on the disk, and of the others every fourth.
fn thinned(points: Vec<Point>, disk: &[&str]) -> Vec<Point> {
    let on_disk = |point: &Point| disk.iter().any(|part| point.line.contains(part));
    let kept = points.into_iter().enumerate();
    kept.filter(|(at, point)| at % 4 == 0 || on_disk(point))
        .map(|(_, point)| point)
        .collect()
}

#[test]
fn the_file_system_at_every_write() {
    let Some(seen) = killed_at_every_write(Logs::Roomy, 1) else {
        return;
    };
    assert!(!seen.contains_key("torn"), "no file grows: {seen:?}");
    assert!(seen["old"] > 0 && seen["new"] > 0 && seen["unfinished"] > 0);
}

#[test]
fn the_file_system_at_every_write_while_logs_grow() {
    let Some(seen) = killed_at_every_write(Logs::Empty, 2) else {
        return;
    };
    assert!(seen["old"] > 0 && seen["new"] > 0 && seen["unfinished"] > 0);
}

/// Kills ntfs-3g at each write, or at each so many; what was found.
fn killed_at_every_write(logs: Logs, step: usize) -> Option<Seen> {
    let volume = Volume::with_windows(logs, &["strace"])?;
    let (bench, writes) = Bench::new(volume, writes);
    let mut seen = Seen::new();
    let mut exits = BTreeMap::new();
    for number in (1..=writes).step_by(step) {
        let copy = bench.volume.copy();
        let mounted = copy.mount("norecover");
        let fate = format!("inject=pwrite64:signal=KILL:when={number}");
        let tracer = Tracer::on(&mounted, &["-e", "trace=pwrite64", "-e", &fate]);
        let answer = copy.scratch.run(&APPLY);
        *exits.entry(answer.code).or_insert(0) += 1;
        drop(mounted);
        drop(tracer);
        bench.judge(&copy, &format!("write {number} of {writes}"), &mut seen);
    }
    println!("{logs:?}: ntfs-3g killed at {writes} writes: {seen:?}, exit codes {exits:?}");
    let known = |code: &i32| [0, 3, 6, 7].contains(code);
    assert!(exits.keys().all(known), "{exits:?}");
    Some(seen)
}

/// How many writes ntfs-3g makes for an `apply` and the unmount behind it.
fn writes(volume: &Volume) -> usize {
    let log = volume.scratch.path().join("writes");
    let tracer = {
        let mounted = volume.mount("norecover");
        let words = ["-e", "trace=pwrite64", "-o", log.to_str().unwrap()];
        let tracer = Tracer::on(&mounted, &words);
        volume.says(&APPLY, 0);
        tracer
    };
    drop(tracer);
    let text = fs::read_to_string(log).unwrap();
    text.lines()
        .filter(|line| line.starts_with("pwrite64("))
        .count()
}

/// strace at a process that runs already; over when that process is.
pub(super) struct Tracer(Child);

impl Tracer {
    /// Traces the program behind a mount.
    pub(super) fn on(mounted: &Mounted, words: &[&str]) -> Tracer {
        let id = mounted.process().to_string();
        let mut strace = Command::new("strace");
        strace.args(["-qq", "-p", &id]).args(words);
        strace.stdin(Stdio::null()).stdout(Stdio::null());
        let tracer = Tracer(strace.stderr(Stdio::null()).spawn().unwrap());
        let status = format!("/proc/{id}/status");
        let wanted = format!("TracerPid:\t{}\n", tracer.0.id());
        let is_traced = || fs::read_to_string(&status).is_ok_and(|text| text.contains(&wanted));
        assert!(soon(is_traced), "strace does not trace");
        tracer
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if !soon(|| self.0.try_wait().is_ok_and(|status| status.is_some())) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

impl Bench {
    /// Looks before and after an `apply` that something watches, on a copy.
    fn new<T>(volume: Volume, apply: impl FnOnce(&Volume) -> T) -> (Bench, T) {
        let look = |volume: &Volume| {
            let mounted = volume.mount("norecover");
            let tree = volume.tree();
            drop(mounted);
            tree
        };
        let copy = volume.copy();
        let before = look(&copy);
        let watched = apply(&copy);
        let after = look(&copy);
        assert!(before != after, "apply has written nothing");
        let bench = Bench {
            volume,
            before,
            after,
        };
        (bench, watched)
    }

    /// Looks at a volume on which something was killed, settles it, and tries again.
    fn judge(&self, volume: &Volume, place: &str, seen: &mut Seen) {
        let mounted = volume.mount("norecover");
        if !self.mend(volume, place, seen) {
            return;
        }
        let now = volume.tree();
        assert!(
            now.keys().eq(self.before.keys()),
            "{place}: a name has come or gone"
        );
        for hive in ["SYSTEM", "SOFTWARE"] {
            *seen.entry(self.hive(&now, hive, place)).or_default() += 1;
        }
        let plan = volume.scratch.run(&["plan", "disk"]);
        let untouched = now
            .iter()
            .all(|(name, entry)| self.before[name].bytes == entry.bytes);
        match plan.code {
            6 => *seen.entry("unfinished").or_default() += 1,
            0 if untouched => *seen.entry("not begun").or_default() += 1,
            0 => {
                assert!(plan.out.contains(" is open ("), "{place}: {plan:?}");
                *seen.entry("finished").or_default() += 1;
            }
            code => panic!("{place}: {code}: {plan:?}"),
        }
        for _ in 0..2 {
            let undo = volume.scratch.run(&UNDO);
            assert_eq!(undo.code, 0, "{place}: {undo:?}");
            same_bytes(&self.before, &volume.tree(), place);
        }
        drop(mounted);
        let mounted = volume.mount("norecover");
        same_bytes(&self.before, &volume.tree(), place);
        let apply = volume.scratch.run(&APPLY);
        assert_eq!(apply.code, 0, "{place}: {apply:?}");
        drop(mounted);
    }

    /// Files that cannot be read are logs that were being made longer. Mends them by hand, as
    /// `docs/safety.md` says: cut to the length they had, or made anew; whether that was possible.
    fn mend(&self, volume: &Volume, place: &str, seen: &mut Seen) -> bool {
        for (name, before) in &self.before {
            let path = volume.scratch.disk().join(name);
            if path.is_dir() || fs::read(&path).is_ok() {
                continue;
            }
            *seen.entry("torn").or_default() += 1;
            let grows = self.after[name].bytes.len() > before.bytes.len();
            let is_log = name.to_string_lossy().contains(".LOG");
            assert!(grows && is_log, "{place}: {name:?} cannot be read");
            let hive = name.with_extension("");
            let now = fs::read(volume.scratch.disk().join(&hive)).unwrap();
            assert!(now == self.before[&hive].bytes, "{place}: {hive:?}");
            // The run is told of, whether or not its log can be read.
            volume.scratch.run(&["plan", "disk"]).gives(6);
            let undo = volume.scratch.run(&UNDO);
            if undo.code == 0 {
                *seen.entry("torn, cut by undo").or_default() += 1;
                continue;
            }
            assert!([3, 6].contains(&undo.code), "{place}: {undo:?}");
            let file = File::options().write(true).open(&path);
            let cut = file.and_then(|file| file.set_len(before.bytes.len() as u64));
            if cut.is_err() {
                *seen.entry("torn, made anew").or_default() += 1;
                assert!(before.bytes.is_empty(), "{place}: {name:?}");
                if fs::remove_file(&path).is_err() {
                    *seen.entry("torn, left to chkdsk").or_default() += 1;
                    return false;
                }
                File::create(&path).unwrap();
            }
        }
        true
    }

    /// What Windows would take a hive for.
    fn hive(&self, now: &Tree, name: &str, place: &str) -> &'static str {
        let path = |end: &str| PathBuf::from(format!("{CONFIG}/{name}{end}"));
        fn file<'t>(tree: &'t Tree, path: &Path) -> Option<&'t [u8]> {
            tree.get(path).map(|entry| entry.bytes.as_slice())
        }
        let recovered = recover(
            file(now, &path("")).unwrap(),
            file(now, &path(".LOG1")),
            file(now, &path(".LOG2")),
            None,
        );
        assert_ne!(recovered.state, State::Unrecoverable, "{place}: {name}");
        let old = file(&self.before, &path("")).unwrap();
        let new = file(&self.after, &path("")).unwrap();
        if bins(&recovered.image) == bins(old) {
            return "old";
        }
        assert!(
            same_bins(new, &recovered.image),
            "{place}: {name} is neither old nor new"
        );
        "new"
    }
}

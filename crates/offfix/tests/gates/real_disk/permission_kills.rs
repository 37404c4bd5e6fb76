//! `apply` and `undo` of many permissions killed, and the program that serves the volume killed.
//!
//! Invariants checked at every point, after a fresh mount: each descriptor is the old or the new
//! one; the next look tells of a run that is not finished; `undo` gives every descriptor back bit
//! for bit. Absent on purpose: hives, which have kills of their own.

use super::keys::{Permissions, broken, bytes, has_whole_indexes, permissions, same_permissions};
use super::kills::Tracer;
use super::layout::{Logs, setfattr};
use super::volume::{UNDO, Volume};
use crate::has;
use crate::scratch::{Tree, same_bytes};
use crate::strace::{Point, calls, fated};
use std::collections::BTreeMap;
use std::fs;
use testkit::windows::MACHINE_KEYS;

/// The article's form, alone.
const APPLY: [&str; 7] = [
    "apply",
    "disk",
    "--repair",
    "machine-keys",
    "--set",
    "machine-keys.form=article",
    "--yes",
];
/// The calls that change permissions, and those that bring them to the medium.
const SET: &str = "fsetxattr,syncfs";
/// Keys beside those that are broken in their own ways.
const MORE: usize = 24;

/// A volume with many keys, everything of it before `apply`, and after.
struct Bench {
    volume: Volume,
    tree: Tree,
    before: Permissions,
    after: Permissions,
}

/// How often what was found.
type Seen = BTreeMap<&'static str, usize>;

impl Bench {
    fn new() -> Option<Bench> {
        let volume = Volume::with_windows(Logs::Roomy, &["strace"])?;
        let disk = volume.scratch.disk();
        let mounted = volume.mount("norecover");
        broken(&disk);
        for number in 0..MORE {
            let path = disk.join(format!("{MACHINE_KEYS}/key_{number:02}"));
            fs::write(&path, b"key").unwrap();
            let sddl = format!("O:S-1-5-21-1-2-3-{number}G:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)");
            setfattr("system.ntfs_acl", &bytes(&sddl), &path);
        }
        drop(mounted);
        let copy = volume.copy();
        let mounted = copy.mount("norecover");
        let (tree, before) = (copy.tree(), permissions(&copy.scratch.disk()));
        copy.says(&APPLY, 0);
        let after = permissions(&copy.scratch.disk());
        drop(mounted);
        let changed = before.iter().filter(|(name, one)| after[*name] != **one);
        assert_eq!(changed.count(), MORE + super::keys::keys().len() - 1);
        Some(Bench {
            volume,
            tree,
            before,
            after,
        })
    }

    /// How many descriptors are new; the names of those that are neither old nor new.
    fn count(&self, now: &Permissions) -> (usize, Vec<String>) {
        let mut new = 0;
        let mut odd = Vec::new();
        for (name, old) in &self.before {
            let found = now.get(name);
            if found != Some(old) {
                if found == self.after.get(name) {
                    new += 1;
                } else {
                    odd.push(name.clone());
                }
            }
        }
        (new, odd)
    }

    /// Looks at a volume on which something was killed, and settles it.
    fn judge(&self, volume: &Volume, place: &str, seen: &mut Seen) -> usize {
        let mounted = volume.mount("norecover");
        let disk = volume.scratch.disk();
        let now = permissions(&disk);
        assert!(
            now.keys().eq(self.before.keys()),
            "{place}: a descriptor is gone"
        );
        let (new, odd) = self.count(&now);
        assert!(odd.is_empty(), "{place}: neither old nor new: {odd:?}");
        let plan = volume.scratch.run(&["plan", "disk"]);
        match plan.code {
            6 => *seen.entry("unfinished").or_default() += 1,
            0 if new == 0 => *seen.entry("old").or_default() += 1,
            0 => {
                assert!(plan.out.contains(" is open ("), "{place}: {plan:?}");
                *seen.entry("finished").or_default() += 1;
            }
            code => panic!("{place}: {code}: {plan:?}"),
        }
        for _ in 0..2 {
            let undo = volume.scratch.run(&UNDO);
            assert_eq!(undo.code, 0, "{place}: {undo:?}");
            same_permissions(&self.before, &permissions(&disk), place);
        }
        drop(mounted);
        let mounted = volume.mount("norecover");
        same_permissions(&self.before, &permissions(&disk), place);
        same_bytes(&self.tree, &volume.tree(), place);
        let apply = volume.scratch.run(&APPLY);
        assert_eq!(apply.code, 0, "{place}: {apply:?}");
        same_permissions(&self.after, &permissions(&disk), place);
        drop(mounted);
        new
    }
}

#[test]
fn apply_and_undo_at_every_object() {
    let Some(bench) = Bench::new() else {
        return;
    };
    for words in [&APPLY[..], &UNDO] {
        let points = points(&bench, words);
        let set = points.iter().filter(|point| point.call == "fsetxattr");
        let objects = set.count();
        assert_eq!(objects, MORE + super::keys::keys().len() - 1, "{points:#?}");
        let mut seen = Seen::new();
        let mut counts = Vec::new();
        for point in &points {
            let copy = bench.volume.copy();
            let mounted = copy.mount("norecover");
            if words == UNDO {
                copy.says(&APPLY, 0);
            }
            let answer = fated(&copy.scratch, words, point, "signal=KILL");
            assert_eq!(answer.code, -1, "{point:?}: it lived: {answer:?}");
            drop(mounted);
            counts.push(bench.judge(&copy, &format!("{words:?} {point:?}"), &mut seen));
        }
        println!(
            "{} killed at {} calls: {seen:?}; new: {counts:?}",
            words[0],
            points.len()
        );
        assert!(seen["unfinished"] >= objects - 1, "{seen:?}");
        assert!(
            counts.contains(&0) && counts.contains(&(objects / 2)),
            "{counts:?}"
        );
    }
}

/// The calls of a command that change permissions.
fn points(bench: &Bench, words: &[&str]) -> Vec<Point> {
    let copy = bench.volume.copy();
    let mounted = copy.mount("norecover");
    if words == UNDO {
        copy.says(&APPLY, 0);
    }
    let (answer, points) = calls(&copy.scratch, words, SET);
    answer.gives(0);
    drop(mounted);
    points
}

#[test]
fn the_file_system_at_every_write() {
    if !has(&["ntfssecaudit"]) {
        return;
    }
    let Some(bench) = Bench::new() else {
        return;
    };
    let copy = bench.volume.copy();
    let log = copy.scratch.path().join("writes");
    let mounted = copy.mount("norecover");
    let tracer = Tracer::on(
        &mounted,
        &["-e", "trace=pwrite64", "-o", log.to_str().unwrap()],
    );
    copy.says(&APPLY, 0);
    drop(mounted);
    drop(tracer);
    let text = fs::read_to_string(log).unwrap();
    let writes = text
        .lines()
        .filter(|line| line.starts_with("pwrite64("))
        .count();
    let mut seen = Seen::new();
    let mut exits = BTreeMap::new();
    let mut partly = 0;
    for number in 1..=writes {
        let copy = bench.volume.copy();
        let mounted = copy.mount("norecover");
        let fate = format!("inject=pwrite64:signal=KILL:when={number}");
        let tracer = Tracer::on(&mounted, &["-e", "trace=pwrite64", "-e", &fate]);
        let answer = copy.scratch.run(&APPLY);
        *exits.entry(answer.code).or_insert(0) += 1;
        drop(mounted);
        drop(tracer);
        if !has_whole_indexes(&copy.image()) {
            *seen.entry("indexes torn").or_default() += 1;
        }
        let new = bench.judge(&copy, &format!("write {number} of {writes}"), &mut seen);
        partly += usize::from((1..MORE).contains(&new));
    }
    println!("ntfs-3g killed at {writes} writes: {seen:?}, {partly} in between, exits {exits:?}");
    assert!(seen["unfinished"] > 0 && partly > 0, "{seen:?} {partly}");
}

//! Thousands of private keys: right, quiet on a pipe, and told on a terminal.
//!
//! Invariants checked: every descriptor is what is wanted after `apply`, and what it was after
//! `undo`; what is no terminal gets no control character. Times and memory are printed. Absent on
//! purpose: any statement about time.

use super::keys::{bytes, hex, permissions, same_permissions};
use super::layout::Logs;
use super::volume::{UNDO, Volume};
use crate::has;
use crate::scratch::{Answer, NOW};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;
use testkit::windows::MACHINE_KEYS;

/// The article's form, alone.
const ARTICLE: [&str; 4] = [
    "--repair",
    "machine-keys",
    "--set",
    "machine-keys.form=article",
];
/// Says how many keys, when 2,000 are not enough.
const KEYS: &str = "OFFFIX_TEST_KEYS";
/// In KiB, for any number of keys here; twice what is needed.
const MOST_MEMORY: u64 = 64 << 10;
const BROKEN: [&str; 2] = [
    "O:S-1-5-21-1-2-3-1001G:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)",
    "O:SYG:SYD:P",
];
const WANTED: [&str; 2] = [
    "O:BAG:SYD:PAI(D;;FR;;;NS)(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)",
    "O:BAG:SYD:P(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)",
];

fn number() -> usize {
    match std::env::var(KEYS) {
        Ok(number) => number.parse().unwrap(),
        Err(_) if std::env::var_os("OFFFIX_CI").is_some() => 20_000,
        Err(_) => 2_000,
    }
}

/// A volume with so many keys, broken in two ways.
fn volume(number: usize) -> Option<Volume> {
    let volume = Volume::with_room(Logs::Roomy, &[], (16 << 20) + 3072 * number as u64)?;
    let mounted = volume.mount("norecover");
    let folder = volume.scratch.disk().join(MACHINE_KEYS);
    let paths: Vec<PathBuf> = (0..number)
        .map(|at| folder.join(format!("key_{at:05}")))
        .collect();
    for path in &paths {
        fs::write(path, b"key").unwrap();
    }
    for (half, sddl) in paths.chunks(number.div_ceil(2)).zip(BROKEN) {
        for part in half.chunks(500) {
            let mut setfattr = Command::new("setfattr");
            setfattr.args(["-h", "-n", "system.ntfs_acl", "-v"]);
            setfattr.arg(format!("0x{}", hex(&bytes(sddl)))).args(part);
            crate::tool(&mut setfattr);
        }
    }
    drop(mounted);
    Some(volume)
}

/// Runs the program on a pipe, prints how long and how large it was, and gives its answer.
fn measured(volume: &Volume, words: &[&str]) -> Answer {
    let began = Instant::now();
    let told = volume.scratch.path().join("told");
    let has_time = PathBuf::from("/usr/bin/time").exists();
    let answer = if has_time {
        let mut time = Command::new("/usr/bin/time");
        time.args(["-q", "-f", "%M KiB at most", "-o"]).arg(&told);
        time.arg(env!("CARGO_BIN_EXE_offfix"))
            .args(words)
            .args(["--journal", "J"]);
        volume.scratch.place(&mut time);
        Answer::of(&time.output().unwrap())
    } else {
        volume.scratch.run(words)
    };
    let memory = fs::read_to_string(told).unwrap_or_else(|_| "memory not measured".to_owned());
    println!(
        "{}: {:?}, {}",
        words.join(" "),
        began.elapsed(),
        memory.trim()
    );
    let mut words = memory.split(' ');
    let kib: Option<u64> = words.next().and_then(|number| number.parse().ok());
    assert!(kib.is_none_or(|kib| kib < MOST_MEMORY), "{memory}");
    let is_odd = |letter: char| letter.is_control() && letter != '\n';
    assert_eq!(answer.err, "", "nothing to say");
    assert!(!answer.out.contains(is_odd), "{:?}", answer.out);
    answer
}

#[test]
fn on_a_pipe() {
    let number = number();
    println!("{number} keys; {KEYS} says otherwise");
    let Some(volume) = volume(number) else {
        return;
    };
    let mounted = volume.mount("norecover");
    let disk = volume.scratch.disk();
    let began = Instant::now();
    let before = permissions(&disk);
    println!("getfattr over the whole volume: {:?}", began.elapsed());
    measured(&volume, &[&["plan", "disk"][..], &ARTICLE].concat()).gives(0);
    measured(
        &volume,
        &[&["apply", "disk", "--yes"][..], &ARTICLE].concat(),
    )
    .gives(0);
    drop(mounted);

    let mounted = volume.mount("norecover");
    let mut expected = before.clone();
    let now = permissions(&disk);
    for (name, one) in &mut expected {
        let form = BROKEN.iter().position(|sddl| *one == hex(&bytes(sddl)));
        if let Some(form) = form {
            *one = hex(&bytes(WANTED[form]));
        } else if name.contains("MachineKeys") {
            one.clone_from(&now[name]);
        }
    }
    same_permissions(&expected, &now, "after apply");
    let new = now.iter().filter(|(name, one)| before[*name] != **one);
    assert!(new.count() >= number, "{number}");
    let report = volume.scratch.path().join("J");
    let lines = lines_with_keys(&report);
    assert_eq!(lines, [number, number], "each object is in each report");
    measured(
        &volume,
        &[&["plan", "disk", "--detailed-exitcode"][..], &ARTICLE].concat(),
    )
    .gives(0);
    measured(&volume, &UNDO).gives(0);
    drop(mounted);
    let mounted = volume.mount("norecover");
    same_permissions(&before, &permissions(&disk), "after undo");
    drop(mounted);
}

/// How many of the keys stand in the report before a run, and in the one after it.
fn lines_with_keys(journal: &std::path::Path) -> [usize; 2] {
    ["permissions-before.txt", "permissions-after.txt"].map(|name| {
        let files = crate::scratch::tree(journal);
        let found = files.iter().find(|(path, _)| path.ends_with(name));
        let text = String::from_utf8(found.unwrap().1.bytes.clone()).unwrap();
        text.lines().filter(|line| line.contains("\\key_")).count()
    })
}

#[test]
fn on_a_terminal() {
    if !has(&["script"]) {
        return;
    }
    let number = number();
    let Some(volume) = volume(number) else {
        return;
    };
    let mounted = volume.mount("norecover");
    for (words, told) in [
        (
            [&["apply", "disk", "--yes"][..], &ARTICLE].concat(),
            "setting permissions",
        ),
        (UNDO.to_vec(), "putting permissions back"),
    ] {
        let line = format!(
            "{} {} --journal J",
            env!("CARGO_BIN_EXE_offfix"),
            words.join(" ")
        );
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]);
        let path = std::env::var_os("PATH").unwrap();
        volume.scratch.place(&mut script);
        script
            .env("PATH", path)
            .env("TERM", "xterm")
            .env("OFFFIX_TEST_TIME", NOW);
        let answer = Answer::of(&script.output().unwrap()).gives(0);
        let of = match number {
            20_000 => "20,000",
            _ => "2,000",
        };
        assert!(answer.out.contains(told), "{:?}", answer.out);
        assert!(answer.out.contains(&of[..of.len() - 3]), "{:?}", answer.out);
        assert!(answer.out.contains('\r'), "the bar is drawn over itself");
    }
    drop(mounted);
}

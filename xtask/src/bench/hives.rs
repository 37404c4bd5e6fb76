//! Hives: walks, checks, exports, memory and what a commit writes, each against its bound.
//!
//! Invariants: release builds; a time is measured against a peer in the same run; real hives are
//! only read, and what is written lies in a scratch folder. Absent on purpose: failing when a
//! bound is not kept; the table says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use testkit::windows;
use xshell::cmd;

use super::table::Row;
use super::{name, summary, time};

/// The largest real hive, below the folder that lies beside the checkout.
pub(super) const LARGEST: &str = "shared/hives/sys-win10-16299-dirty.EXPECTED-yarp";
/// Runs of each export; the peer takes seconds.
const EXPORTS: usize = 3;
/// The program that tells how much memory another one had.
const TIME: &str = "/usr/bin/time";
const MIB: f64 = 1_048_576.0;
/// The large hive of a made disk, and a repair that edits it.
pub(super) const SOFTWARE: &str = "Windows/System32/config/SOFTWARE";
const REPAIR: &str = "rdp-enabled";
/// Its size, in MiB.
const SIZE: usize = 150;

/// Where things are while measuring.
struct Places<'p> {
    offfix: PathBuf,
    bench_hive: PathBuf,
    scratch: &'p Path,
}

/// Measures everything about hives.
///
/// # Errors
/// When a program cannot be built or fails.
pub(super) fn rows(release: &Path, scratch: &Path) -> Result<Vec<Row>> {
    let shell = crate::shell()?;
    cmd!(
        shell,
        "cargo build --release --package hive --example bench_hive"
    )
    .run()?;
    let places = Places {
        offfix: release.join(name("offfix")),
        bench_hive: release.join("examples").join(name("bench_hive")),
        scratch,
    };
    let root = crate::root()?;
    let largest = root.parent().unwrap_or(&root).join(LARGEST);
    let mut rows = if largest.is_file() {
        real(&places, &largest)?
    } else {
        let why = format!("{LARGEST} is not beside the checkout");
        let skip = |what: &&str| Row::skipped(what, &why);
        [WALK, CHECK, EXPORT, GET, COMMIT]
            .iter()
            .map(skip)
            .collect()
    };
    rows.extend(large(&places)?);
    Ok(rows)
}

const WALK: &str = "full walk, against nt-hive";
const CHECK: &str = "full check, against nt-hive's walk";
const EXPORT: &str = "export, against hivexregedit";
const GET: &str = "memory of hive get, against the file";
const COMMIT: &str = "bytes of a commit, against the page";

/// What is measured of a real hive.
fn real(places: &Places<'_>, hive: &Path) -> Result<Vec<Row>> {
    let mut walk = Command::new(&places.bench_hive);
    let [ours, peer, check] = numbers(walk.arg("walk").arg(hive), ["walk", "nt-hive", "check"])?
        .map(|microseconds| microseconds / 1000.0);
    Ok(vec![
        Row::ratio(WALK, ours, peer, 1.5),
        Row::ratio(CHECK, check, peer, 10.0),
        export(places, hive)?,
        get(places, GET, hive, ["Select", "Current"])?,
        commit(places, hive)?,
    ])
}

/// `offfix hive export` and `hivexregedit --export`, alternately, whole processes.
fn export(places: &Places<'_>, hive: &Path) -> Result<Row> {
    if !has("hivexregedit") {
        return Ok(Row::skipped(EXPORT, "no hivexregedit"));
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..EXPORTS {
        let mut export = Command::new(&places.offfix);
        ours.push(time(export.args(["hive", "export"]).arg(hive))?);
        let mut peer = Command::new("hivexregedit");
        theirs.push(time(peer.arg("--export").arg(hive).arg("\\"))?);
    }
    let [[_, ours, _], [_, theirs, _]] = [summary(&mut ours), summary(&mut theirs)];
    Ok(Row::ratio(EXPORT, ours, theirs, 0.1))
}

/// Most memory `hive get` had, which is to be the file's size and 16 MiB.
fn get(places: &Places<'_>, what: &str, hive: &Path, place: [&str; 2]) -> Result<Row> {
    let arguments = ["hive".into(), "get".into(), hive.into()];
    let place = place.map(PathBuf::from);
    let size = mib(hive)?;
    memory(
        [&places.offfix, places.scratch],
        what,
        &[&arguments[..], &place].concat(),
        [size, size + 16.0],
    )
}

/// What a commit of one value writes: its pages, one log entry with them, the headers.
fn commit(places: &Places<'_>, hive: &Path) -> Result<Row> {
    let mut commit = Command::new(&places.bench_hive);
    let [differing, pages, log, headers, entries] = numbers(
        commit.arg("commit").arg(hive),
        ["differing", "pages", "log", "headers", "entries"],
    )?;
    // The log's own header, the entry's, a reference for each page, rounded up to a sector.
    let references = 8.0 * differing / 4096.0;
    let entry = differing + (512.0 + 40.0 + references).max(4096.0);
    let bound = differing + entry * entries.min(1.0) + 3.0 * 512.0;
    let written = pages + log + headers;
    Ok(Row::amount(COMMIT, "B", [written, differing, bound]))
}

/// What is measured of a disk with a very large SOFTWARE, which `apply` edits.
fn large(places: &Places<'_>) -> Result<Vec<Row>> {
    let disk = places.scratch.join("large");
    let mut made = windows::broken(REPAIR).context("no such disk")?;
    made.files.insert(SOFTWARE.to_owned(), software(SIZE));
    made.write_to(&disk)?;
    let software = disk.join(SOFTWARE);
    let size = mib(&software)?;
    let version = [r"Microsoft\Windows NT\CurrentVersion", "ProductName"];
    let get = get(places, "memory of hive get on SOFTWARE", &software, version)?;
    let before = fs::read(&software)?;
    let words = ["--repair", REPAIR, "--yes", "--journal"].map(PathBuf::from);
    let apply = [
        &["apply".into(), disk][..],
        &words,
        &[places.scratch.join("large-journal")],
    ]
    .concat();
    let bounds = [size, 3.0 * size + 64.0];
    let apply = memory(
        [&places.offfix, places.scratch],
        "memory of apply that edits SOFTWARE",
        &apply,
        bounds,
    )?;
    let edited = !has(TIME) || fs::read(&software)? != before;
    ensure!(edited, "apply has not edited SOFTWARE");
    Ok(vec![get, apply])
}

/// The SOFTWARE hive of a made disk with keys and values up to a size in MiB, and the fault that
/// [`REPAIR`] cures.
pub(super) fn software(size: usize) -> Vec<u8> {
    let mut hive = windows::software_hive(&windows::Options::default());
    hive.key(r"Policies\Microsoft\Windows NT\Terminal Services")
        .dword("fDenyTSConnections", 1);
    // A key with its values takes about 2.5 KiB.
    for number in 0..size * 400 {
        let (high, middle, low) = (number / 2500, number / 50 % 50, number % 50);
        let key = hive.key(&format!(
            r"Classes\Group{high:02}\Part{middle:02}\Key{low:02}"
        ));
        for value in 0..8_u8 {
            key.binary(&format!("Value{value}"), &[value; 240]);
        }
    }
    hive.least_size = size << 20;
    hive.build()
}

/// Most memory `offfix` had while it did its work.
pub(super) fn memory(
    [offfix, scratch]: [&Path; 2],
    what: &str,
    arguments: &[PathBuf],
    [size, bound]: [f64; 2],
) -> Result<Row> {
    if !has(TIME) {
        return Ok(Row::skipped(what, &format!("no {TIME}")));
    }
    let told = scratch.join("memory");
    let mut command = Command::new(TIME);
    command.args(["-f", "%M", "-o"]).arg(&told);
    time(command.arg(offfix).args(arguments))?;
    let told = fs::read_to_string(&told)?;
    let kib: f64 = told.trim().parse().with_context(|| told.clone())?;
    Ok(Row::amount(what, "MiB", [kib / 1024.0, size, bound]))
}

fn mib(file: &Path) -> Result<f64> {
    let bytes = fs::metadata(file).with_context(|| file.display().to_string())?;
    Ok(bytes.len() as f64 / MIB)
}

/// Whether a program is here.
pub(super) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// The numbers a program prints, one a line behind its name.
fn numbers<const N: usize>(command: &mut Command, names: [&str; N]) -> Result<[f64; N]> {
    let output = command.output().context("bench_hive")?;
    super::judge(&output).context("bench_hive")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found = [0.0; N];
    for (place, name) in found.iter_mut().zip(names) {
        let number = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let number = number.with_context(|| format!("no {name} in {text}"))?;
        *place = number.parse().with_context(|| number.to_owned())?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_here_is_not_measured() {
        assert!(has("cargo"));
        assert!(!has("no-such-program-here"));
    }

    #[test]
    fn what_was_measured_is_read() {
        let mut command = Command::new("cargo");
        let [version] = numbers(command.arg("--version"), ["cargo"]).unwrap_or([0.0]);
        assert!(version == 0.0, "a version is no number");
        let error = numbers(Command::new("cargo").arg("--version"), ["walk"]).unwrap_err();
        assert!(error.to_string().starts_with("no walk in cargo"), "{error}");
    }
}

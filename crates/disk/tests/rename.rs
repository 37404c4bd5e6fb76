//! Files that get another name and the old one back: in a folder, and on a real NTFS volume whose
//! program is killed at every write.
//!
//! Invariants checked: content never changes and nothing is replaced; a cut leaves the file under
//! one name or both, and either way goes on from there.
//!
//! Deliberately absent: any assertion where a tool is missing; the test says so.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use disk::{
    NamedBack, RenameError, RenameRecord, RenameStanding, Root, Stamp, check_renames,
    look_at_renames, name_back, rename,
};
use scratch::{folder, put, root};

const DRIVERS: &str = "Windows/System32/drivers";
const BYTES: &[u8] = b"a driver that does not start";

fn record() -> RenameRecord {
    RenameRecord {
        root: 0,
        path: "windows\\SYSTEM32\\Drivers\\Bad.sys".to_owned(),
        name: "bad.sys.offfix-quarantined".to_owned(),
        content: Stamp::of(BYTES),
    }
}

/// What lies in the folder, by name.
fn seen(base: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(base.join(DRIVERS)).unwrap();
    let entries = entries.map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries
        .map(|path| (name(&path), fs::read(&path).unwrap()))
        .collect()
}

fn names(base: &Path) -> Vec<String> {
    seen(base).into_keys().collect()
}

fn disk() -> tempfile::TempDir {
    let base = folder();
    put(base.path(), &format!("{DRIVERS}/bad.sys"), BYTES);
    put(base.path(), &format!("{DRIVERS}/ntfs.sys"), b"another");
    base
}

fn standing(root: &Root) -> RenameStanding {
    look_at_renames(&[root], &[record()]).unwrap()[0]
}

fn back(root: &Root) -> NamedBack {
    name_back(&[root], &[record()])
}

#[test]
fn there_and_back_as_often_as_one_likes() {
    let base = disk();
    let root = root(base.path());
    check_renames(&[&root], &[record()]).unwrap();
    assert_eq!(standing(&root), RenameStanding::Before);
    assert!(back(&root).is_whole());
    for _ in 0..2 {
        rename(&[&root], &[record()]).unwrap();
        assert_eq!(
            names(base.path()),
            ["bad.sys.offfix-quarantined", "ntfs.sys"]
        );
        assert_eq!(standing(&root), RenameStanding::After);
    }
    assert_eq!(seen(base.path())["bad.sys.offfix-quarantined"], BYTES);
    assert!(matches!(
        check_renames(&[&root], &[record()]),
        Err(RenameError::Taken { .. })
    ));
    for _ in 0..2 {
        assert!(back(&root).is_whole());
        // The record spells the name in its own way, as the operator did.
        let [first, _] = &names(base.path())[..] else {
            panic!("{:?}", names(base.path()));
        };
        assert!(first.eq_ignore_ascii_case("bad.sys"), "{first}");
        assert_eq!(standing(&root), RenameStanding::Before);
    }
}

#[test]
fn both_names_of_one_file_are_a_cut() {
    for forward in [true, false] {
        let base = disk();
        let drivers = base.path().join(DRIVERS);
        fs::hard_link(
            drivers.join("bad.sys"),
            drivers.join("bad.sys.offfix-quarantined"),
        )
        .unwrap();
        let root = root(base.path());
        assert_eq!(standing(&root), RenameStanding::Both);
        if forward {
            rename(&[&root], &[record()]).unwrap();
            assert_eq!(
                names(base.path()),
                ["bad.sys.offfix-quarantined", "ntfs.sys"]
            );
        } else {
            assert!(back(&root).is_whole());
            assert_eq!(names(base.path()), ["bad.sys", "ntfs.sys"]);
        }
        assert!(seen(base.path()).values().any(|bytes| bytes == BYTES));
    }
}

/// What is done to the disk before, and what then stands in the way.
type Odd = (fn(&Path), fn(&RenameError) -> bool, bool);

#[test]
fn what_something_else_has_changed_is_left_alone() {
    let odd: [Odd; 4] = [
        (
            |drivers| fs::write(drivers.join("bad.sys"), b"another driver").unwrap(),
            |error| matches!(error, RenameError::Changed { .. }),
            true,
        ),
        (
            |drivers| fs::remove_file(drivers.join("bad.sys")).unwrap(),
            |error| matches!(error, RenameError::Missing { .. }),
            true,
        ),
        (
            |drivers| fs::write(drivers.join("BAD.sys.offfix-quarantined"), BYTES).unwrap(),
            |error| matches!(error, RenameError::Taken { .. }),
            true,
        ),
        (
            |drivers| {
                fs::remove_file(drivers.join("bad.sys")).unwrap();
                std::os::unix::fs::symlink("ntfs.sys", drivers.join("bad.sys")).unwrap();
            },
            |error| matches!(error, RenameError::Walk(_)),
            false,
        ),
    ];
    for (change, is_expected, is_overtaken) in odd {
        let base = disk();
        change(&base.path().join(DRIVERS));
        let before = seen(base.path());
        let root = root(base.path());
        let refused = check_renames(&[&root], &[record()]).unwrap_err();
        assert!(is_expected(&refused), "{refused:?}");
        let refused = rename(&[&root], &[record()]).unwrap_err();
        assert!(is_expected(&refused), "{refused:?}");
        let result = back(&root);
        assert_eq!(!result.overtaken.is_empty(), is_overtaken, "{result:?}");
        assert!(!result.is_whole());
        assert_eq!(seen(base.path()), before);
    }
}

#[cfg(target_os = "linux")]
mod ntfs {
    use super::*;
    use scratch::runs;
    use std::process::{Child, Command, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    /// ntfs-3g in the foreground behind strace; unmounted at the end.
    struct Traced<'m> {
        at: &'m Path,
        strace: Child,
    }

    impl<'m> Traced<'m> {
        fn mount(image: &Path, at: &'m Path, words: &[&str]) -> Traced<'m> {
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq"]).args(words);
            strace
                .args(["ntfs-3g", "-o", "no_detach,norecover"])
                .arg(image)
                .arg(at);
            strace
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let mut traced = Traced {
                at,
                strace: strace.spawn().unwrap(),
            };
            let until = Instant::now() + Duration::from_secs(60);
            while !is_mounted(at) && traced.strace.try_wait().unwrap().is_none() {
                assert!(Instant::now() < until, "ntfs-3g does not mount");
                sleep(Duration::from_millis(10));
            }
            traced
        }
    }

    impl Drop for Traced<'_> {
        fn drop(&mut self) {
            if is_mounted(self.at) {
                let at = self.at.to_str().unwrap();
                assert!(runs("umount", &[at]) || runs("umount", &["-l", at]));
            }
            let _ = self.strace.wait();
        }
    }

    fn is_mounted(at: &Path) -> bool {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        mounts.contains(&format!(" {} ", at.to_str().unwrap()))
    }

    /// A volume with the driver; `None` after saying why not.
    fn volume() -> Option<(tempfile::TempDir, std::path::PathBuf)> {
        for tool in ["strace", "ntfs-3g", "mkfs.ntfs"] {
            let found = Command::new(tool).arg("--version").output();
            if found.is_err() {
                println!("skipped: no {tool}");
                return None;
            }
        }
        let base = folder();
        let image = base.path().join("image");
        fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
        assert!(runs("mkfs.ntfs", &["-F", "-Q", image.to_str()?]));
        let at = base.path().join("at");
        fs::create_dir(&at).unwrap();
        if !Path::new("/dev/fuse").exists() {
            println!("skipped: no FUSE");
            return None;
        }
        let mounted = Traced::mount(&image, &at, &["-o", "/dev/null", "-e", "trace=none"]);
        put(&at, &format!("{DRIVERS}/bad.sys"), BYTES);
        put(&at, &format!("{DRIVERS}/ntfs.sys"), b"another");
        drop(mounted);
        Some((base, image))
    }

    /// What is done to a mounted volume.
    type Work<'w> = &'w dyn Fn(&Root);

    /// How many times ntfs-3g writes in this.
    fn writes(image: &Path, at: &Path, work: Work<'_>) -> usize {
        let log = at.with_file_name("log");
        let words = ["-o", log.to_str().unwrap(), "-e", "trace=pwrite64"];
        let mounted = Traced::mount(image, at, &words);
        work(&root(at));
        drop(mounted);
        fs::read_to_string(&log)
            .unwrap()
            .matches("pwrite64(")
            .count()
    }

    #[test]
    fn a_kill_of_ntfs_3g_at_any_write_can_be_taken_back() {
        let Some((base, image)) = volume() else {
            return;
        };
        let at = base.path().join("at");
        let copy = base.path().join("copy");
        let forward = |root: &Root| drop(rename(&[root], &[record()]));
        let return_ = |root: &Root| drop(back(root));
        let ways: [(&str, Work<'_>, &[Work<'_>]); 2] = [
            ("rename", &forward, &[]),
            ("name back", &return_, &[&forward]),
        ];
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for (way, work, first) in ways {
            fs::copy(&image, &copy).unwrap();
            for work in first {
                writes(&copy, &at, work);
            }
            let start = base.path().join("start");
            fs::copy(&copy, &start).unwrap();
            let count = writes(&copy, &at, work);
            assert!(count > 3, "{count}");
            for number in 1..=count {
                fs::copy(&start, &copy).unwrap();
                let fate = format!("inject=pwrite64:signal=KILL:when={number}");
                let words = ["-o", "/dev/null", "-e", "trace=pwrite64", "-e", &fate];
                let mounted = Traced::mount(&copy, &at, &words);
                if is_mounted(&at)
                    && let Ok(root) = Root::open(at.as_os_str())
                {
                    work(&root);
                }
                drop(mounted);
                let came = settled(&copy, &at);
                println!("{number} of {count}: {way}: {came}");
                *found.entry(format!("{way}: {came}")).or_default() += 1;
            }
        }
        println!("{found:?}");
        let back = found.iter().filter(|(came, _)| came.ends_with(", back"));
        let back: usize = back.map(|(_, times)| times).sum();
        assert!(back * 3 > found.values().sum::<usize>() * 2, "{found:?}");
    }

    /// Looks after a cut and takes it back. Whatever becomes of the names, the content is there,
    /// under one of them, and what is not settled is an error.
    fn settled(copy: &Path, at: &Path) -> String {
        let quiet = ["-o", "/dev/null", "-e", "trace=none"];
        let mounted = Traced::mount(copy, at, &quiet);
        let root = root(at);
        let standing = look_at_renames(&[&root], &[record()]);
        let result = back(&root);
        drop((root, mounted));
        assert_eq!(result.overtaken, [""; 0], "{standing:?} {result:?}");
        let mounted = Traced::mount(copy, at, &quiet);
        let drivers = at.join(DRIVERS);
        let names = ["bad.sys", "Bad.sys", "bad.sys.offfix-quarantined"];
        let reads = |name: &&&str| fs::read(drivers.join(name)).is_ok_and(|bytes| bytes == BYTES);
        let there: Vec<_> = names.iter().filter(reads).collect();
        assert!(!there.is_empty(), "lost: {standing:?} {result:?}");
        assert_eq!(fs::read(drivers.join("ntfs.sys")).unwrap(), b"another");
        drop(mounted);
        let standing = standing.map_or_else(|_| "torn".to_owned(), |one| format!("{:?}", one[0]));
        let came = if result.is_whole() {
            "back"
        } else {
            "to be checked"
        };
        format!("{standing}, {came}")
    }
}

//! What only a Unix can set up: links at every position, devices, mounts, names in two cases.
//!
//! Invariants checked: nothing leaves the root; what is read-only, full or busy is told apart.
//!
//! Deliberately absent: anything when the system forbids the set-up; the test says so then.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

mod scratch;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use disk::{HoldError, Kind, OpenError, Root, Step, WalkError, execute};
use scratch::{Mount, folder, hold, put, root};

#[test]
fn a_link_is_refused_at_every_position() {
    let base = folder();
    put(base.path(), "real/dir/file", b"x");
    put(base.path(), "other/file", b"x");
    symlink("real", base.path().join("first")).unwrap();
    symlink("../other", base.path().join("real/middle")).unwrap();
    symlink("file", base.path().join("real/dir/last")).unwrap();
    symlink("/etc", base.path().join("outside")).unwrap();
    symlink("nowhere", base.path().join("dangling")).unwrap();
    let root = root(base.path());
    let cases = [
        ("First\\dir\\file", "first"),
        ("real\\MIDDLE\\file", "real\\middle"),
        ("real\\dir\\Last", "real\\dir\\last"),
        ("outside\\passwd", "outside"),
        ("first", "first"),
        ("dangling", "dangling"),
    ];
    for (path, at) in cases {
        let results = [
            root.find(path).map(drop),
            root.read(path, 100).map(drop),
            root.list(path).map(drop),
        ];
        for result in results {
            assert!(
                matches!(result, Err(WalkError::Link { path }) if path == at),
                "{path}"
            );
        }
        let held = root.hold(path);
        assert!(
            matches!(held, Err(HoldError::Walk(WalkError::Link { .. }))),
            "{path}"
        );
    }
    let entries = root.list("").unwrap().unwrap();
    let links: Vec<_> = entries.iter().filter(|e| e.kind == Kind::Link).collect();
    assert_eq!(links.len(), 3);
}

#[test]
fn names_that_differ_only_in_case_are_an_error() {
    let base = folder();
    put(base.path(), "Windows/a", b"1");
    put(base.path(), "WINDOWS/a", b"2");
    put(base.path(), "dir/É", b"1");
    put(base.path(), "dir/é", b"2");
    let root = root(base.path());
    let error = root.find("Windows\\a").unwrap_err();
    let WalkError::Ambiguous { path, names } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (path.as_str(), names),
        ("Windows", vec!["WINDOWS".into(), "Windows".into()])
    );
    assert!(matches!(
        root.read("dir\\É", 9),
        Err(WalkError::Ambiguous { .. })
    ));
    assert!(matches!(
        root.hold("dir\\É"),
        Err(HoldError::Walk(WalkError::Ambiguous { .. }))
    ));
}

#[test]
fn names_that_are_not_unicode_are_listed_and_never_met() {
    let base = folder();
    let name = std::ffi::OsStr::from_bytes(b"a\xFF");
    fs::write(base.path().join(name), b"").unwrap();
    let root = root(base.path());
    assert_eq!(root.list("").unwrap().unwrap()[0].name, "a\u{FFFD}");
    assert_eq!(root.find("a\u{FFFD}").unwrap(), None);
}

#[test]
fn a_pipe_neither_hangs_nor_passes() {
    let base = folder();
    let pipe = base.path().join("pipe");
    if !scratch::runs("mkfifo", &[pipe.to_str().unwrap()]) {
        return println!("not tested here: no mkfifo");
    }
    let root = root(base.path());
    assert!(matches!(
        root.find("pipe"),
        Err(WalkError::WrongKind {
            found: Kind::Other,
            ..
        })
    ));
    assert!(matches!(
        root.read("pipe", 9),
        Err(WalkError::WrongKind { .. })
    ));
    assert!(root.hold("pipe").is_err());
    assert_eq!(root.list("").unwrap().unwrap()[0].kind, Kind::Other);
}

/// Any place where a device begins below another one, without mounting anything.
#[cfg(target_os = "linux")]
#[test]
fn another_device_is_never_entered() {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mut tested = 0;
    for point in mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .map(Path::new)
    {
        let (Some(parent), Some(name)) = (point.parent(), point.file_name()) else {
            continue;
        };
        let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
        let other = device(parent).is_some() && device(parent) != device(point);
        let Ok(root) = Root::open(parent.as_os_str()) else {
            continue;
        };
        // The mounts of other tests come and go.
        let fleeting = point.starts_with(std::env::temp_dir());
        if !other || fleeting || root.list("").is_err() {
            continue;
        }
        let name = name.to_str().unwrap();
        let inner = format!("{name}\\x");
        for path in [name, &inner] {
            let error = root.find(path).unwrap_err();
            assert!(
                matches!(&error, WalkError::OtherDevice { path } if path == name),
                "{error:?}"
            );
        }
        let entries = root.list("").unwrap().unwrap();
        let entry = entries.iter().find(|entry| entry.name == name).unwrap();
        assert_eq!((entry.kind, entry.size), (Kind::Other, 0));
        tested += 1;
    }
    println!("{tested} places tested");
}

#[test]
fn another_device_is_refused_in_a_mount_of_our_own() {
    let Some(outer) = Mount::with(&["-t", "tmpfs", "none"]) else {
        return;
    };
    let inner = outer.path().join("Windows");
    fs::create_dir(&inner).unwrap();
    let point = inner.to_str().unwrap();
    assert!(scratch::runs("mount", &["-t", "tmpfs", "none", point]));
    put(&inner, "a", b"x");
    let read = root(outer.path()).read("windows\\a", 9);
    let held = root(outer.path()).hold("windows\\a");
    assert!(scratch::runs("umount", &[point]));
    assert!(
        matches!(read, Err(WalkError::OtherDevice { .. })),
        "{read:?}"
    );
    assert!(
        matches!(held, Err(HoldError::Walk(WalkError::OtherDevice { .. }))),
        "{held:?}"
    );
}

#[test]
fn the_running_system_is_refused_through_a_bind_mount() {
    let Some(mount) = Mount::with(&["--bind", "/"]) else {
        return;
    };
    let error = Root::open(mount.path().as_os_str()).unwrap_err();
    assert!(
        matches!(error, OpenError::RunningSystem { .. }),
        "{error:?}"
    );
}

#[test]
fn a_read_only_mount_is_told() {
    let Some(mount) = Mount::with(&["-t", "tmpfs", "none"]) else {
        return;
    };
    put(mount.path(), "a", b"x");
    let point = mount.path().to_str().unwrap();
    assert!(scratch::runs("mount", &["-o", "remount,ro", point]));
    let root = root(mount.path());
    assert!(root.is_read_only());
    assert_eq!(root.read("a", 9).unwrap().unwrap(), b"x");
    let error = root.hold("a").unwrap_err();
    assert!(matches!(error, HoldError::ReadOnly { .. }), "{error:?}");
}

#[test]
fn a_full_disk_shows_at_the_step_that_extends() {
    let Some(mount) = Mount::with(&["-t", "tmpfs", "-o", "size=256k", "none"]) else {
        return;
    };
    put(mount.path(), "a", b"old");
    let root = root(mount.path());
    let mut files = hold(&root, &["a"]);
    let steps = [
        Step::Flush { file: 0 },
        Step::Extend {
            file: 0,
            size: 10 << 20,
        },
        Step::Write {
            file: 0,
            offset: 0,
            bytes: b"new".to_vec(),
        },
    ];
    let error = execute(&mut files, &steps).unwrap_err();
    assert_eq!(
        (error.step, error.action, error.path.as_str()),
        (1, "extend", "a")
    );
    assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
    let now = files[0].read_all(1 << 20).unwrap();
    assert!(
        now.starts_with(b"old\0\0"),
        "nothing after the failed step ran"
    );
    assert_eq!(root.space().unwrap().free, 0);
}

#[test]
fn looking_and_holding_change_no_time() {
    let base = folder();
    let file = put(base.path(), "Windows/System32/config/SYSTEM", b"regf");
    let watched = [
        file.clone(),
        file.parent().unwrap().into(),
        base.path().into(),
    ];
    // An access time that lies far back would be moved by any ordinary reading.
    for path in &watched {
        let long_ago = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        let times = fs::FileTimes::new().set_accessed(long_ago);
        fs::File::open(path).unwrap().set_times(times).unwrap();
    }
    let times = || -> Vec<_> {
        let time =
            |path| fs::metadata(path).map(|f| (f.atime(), f.mtime(), f.mtime_nsec(), f.ctime()));
        watched.iter().map(|path| time(path).unwrap()).collect()
    };
    let before = times();
    let root = root(base.path());
    root.find("windows\\system32\\config\\system").unwrap();
    root.list("windows\\system32\\config").unwrap();
    root.read("windows\\system32\\config\\system", 9).unwrap();
    root.hold("windows\\system32\\config\\system")
        .unwrap()
        .read_all(9)
        .unwrap();
    assert_eq!(times(), before);
}

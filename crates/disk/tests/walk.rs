//! The walk and the opening of roots, as the crates above see them, on every system.
//!
//! Invariants checked: case-insensitive hits, absence, kinds, limits, paths that climb.
//!
//! Deliberately absent: links, devices and mounts (`unix`).

mod scratch;

use disk::{Kind, OpenError, Root, WalkError};
use scratch::{folder, put, root};

#[test]
fn finds_in_any_case_and_tells_the_spelling() {
    let base = folder();
    put(base.path(), "Windows/System32/config/SYSTEM", b"regf");
    let root = root(base.path());
    for path in [
        "windows\\SYSTEM32\\Config\\system",
        "Windows/System32/config/SYSTEM",
    ] {
        let found = root.find(path).unwrap().unwrap();
        assert_eq!(found.path, "Windows\\System32\\config\\SYSTEM");
        assert_eq!((found.size, found.kind), (4, Kind::File));
        assert_eq!(root.read(path, 4).unwrap().unwrap(), b"regf");
    }
    let found = root.find("WINDOWS\\system32").unwrap().unwrap();
    assert_eq!(
        (found.path.as_str(), found.kind),
        ("Windows\\System32", Kind::Directory)
    );
    assert_eq!(root.find("").unwrap().unwrap().kind, Kind::Directory);
}

#[test]
fn absence_is_an_answer() {
    let base = folder();
    put(base.path(), "Windows/a", b"");
    let root = root(base.path());
    for path in ["Windows\\b", "x", "Windows\\x\\y\\z", "Window", "Windowss"] {
        assert_eq!(root.find(path).unwrap(), None, "{path}");
        assert_eq!(root.read(path, 10).unwrap(), None, "{path}");
        assert_eq!(root.list(path).unwrap(), None, "{path}");
    }
}

#[test]
fn the_wrong_kind_is_an_error() {
    let base = folder();
    put(base.path(), "Windows/a", b"");
    let root = root(base.path());
    let wrong = |error: WalkError| match error {
        WalkError::WrongKind {
            path,
            expected,
            found,
        } => (path, expected, found),
        error => panic!("{error:?}"),
    };
    let file = || "Windows\\a".to_owned();
    let through = wrong(root.find("windows\\A\\b").unwrap_err());
    assert_eq!(through, (file(), Kind::Directory, Kind::File));
    assert_eq!(
        wrong(root.list("windows\\A").unwrap_err()),
        (file(), Kind::Directory, Kind::File)
    );
    let read = wrong(root.read("windows", 10).unwrap_err());
    assert_eq!(read, ("Windows".to_owned(), Kind::File, Kind::Directory));
    assert!(matches!(
        root.read("", 10),
        Err(WalkError::WrongKind { .. })
    ));
}

#[test]
fn a_path_that_could_climb_is_refused() {
    let base = folder();
    put(base.path(), "inside/a", b"");
    put(base.path(), "secret", b"");
    let root = root(&base.path().join("inside"));
    for path in [
        "..\\secret",
        "../secret",
        ".\\a",
        "\\a",
        "a:stream",
        "C:\\a",
        "a\\..\\..\\secret",
    ] {
        assert!(
            matches!(root.find(path), Err(WalkError::BadPath { .. })),
            "{path}"
        );
        assert!(
            matches!(root.read(path, 9), Err(WalkError::BadPath { .. })),
            "{path}"
        );
        assert!(root.hold(path).is_err(), "{path}");
    }
}

#[test]
fn lists_names_kinds_and_sizes_in_order() {
    let base = folder();
    for (path, size) in [("d/b", 2), ("d/A", 1), ("d/c/x", 9)] {
        put(base.path(), path, &vec![0; size]);
    }
    let entries = root(base.path()).list("D").unwrap().unwrap();
    let seen: Vec<_> = entries
        .iter()
        .map(|e| (e.name.as_str(), e.kind, e.size))
        .collect();
    assert_eq!(
        seen,
        [
            ("A", Kind::File, 1),
            ("b", Kind::File, 2),
            ("c", Kind::Directory, 0)
        ]
    );
}

#[test]
fn the_start_of_a_file_of_any_size_is_read() {
    let base = folder();
    put(base.path(), "dir/a", b"12345");
    let root = root(base.path());
    for (length, expected) in [(0, &b""[..]), (4, b"1234"), (5, b"12345"), (9, b"12345")] {
        assert_eq!(
            root.read_start("DIR\\A", length).unwrap().unwrap(),
            expected
        );
    }
    assert_eq!(root.read_start("dir\\b", 1).unwrap(), None);
    let folder = root.read_start("dir", 1).unwrap_err();
    assert!(matches!(folder, WalkError::WrongKind { .. }), "{folder}");
}

#[test]
fn a_file_above_the_limit_is_not_read() {
    let base = folder();
    put(base.path(), "a", b"12345");
    let root = root(base.path());
    assert_eq!(root.read("a", 5).unwrap().unwrap(), b"12345");
    let error = root.read("a", 4).unwrap_err();
    assert!(
        matches!(
            error,
            WalkError::TooLarge {
                size: 5,
                limit: 4,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn opening_tells_absence_from_the_wrong_kind() {
    let base = folder();
    let file = put(base.path(), "file", b"");
    let open = |path: &std::path::Path| Root::open(path.as_os_str()).unwrap_err();
    assert!(matches!(
        open(&base.path().join("none")),
        OpenError::NotFound { .. }
    ));
    assert!(matches!(open(&file), OpenError::NotADirectory { .. }));
    assert!(matches!(
        open(std::path::Path::new("")),
        OpenError::NotFound { .. }
    ));
}

#[test]
fn the_running_system_is_refused_in_every_spelling() {
    let spellings: &[&str] = if cfg!(windows) {
        &[
            "C:",
            "c:\\",
            "C:/",
            "c:\"",
            "\\\\?\\C:\\",
            "C:\\Windows\\..",
        ]
    } else {
        &["/", "//", "/.", "/..", "/proc/self/root", "/usr/.."]
    };
    for spelling in spellings {
        let error = Root::open(spelling.as_ref()).unwrap_err();
        assert!(
            matches!(error, OpenError::RunningSystem { .. }),
            "{spelling}: {error:?}"
        );
    }
    let base = folder();
    assert!(
        Root::open(base.path().as_os_str()).is_ok(),
        "a plain folder on the same volume"
    );
}

#[test]
fn a_root_has_an_identity_and_room() {
    let (one, two) = (folder(), folder());
    let identity = root(one.path()).identity();
    assert_eq!(identity, root(one.path()).identity());
    assert_ne!(identity, root(two.path()).identity());
    let space = root(one.path()).space().unwrap();
    assert!(space.total > 0 && space.free <= space.total, "{space:?}");
    assert!(!root(one.path()).is_read_only());
    let given = disk::Space { free: 1, total: 2 };
    let stands_for = root(one.path()).with_space(given);
    assert_eq!(stands_for.space().unwrap(), given);
}

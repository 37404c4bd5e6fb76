//! Permissions with descriptors in memory, on every system.
//!
//! Invariants checked: what the walk refuses is refused here; a walk reports everything once and
//! goes on after errors; changes can be cut at every object and put back byte for byte.
//!
//! Deliberately absent: NTFS itself (`security_ntfs`).
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod scratch;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use disk::{
    Kind, MemorySecurity, Root, SecurityBackend, SecurityError, SecurityRecord, WalkError,
    check_securities, put_back_securities, set_securities,
};
use scratch::descriptor::{broken, healthy};
use scratch::{folder, put, root};

/// A folder with three files and a folder below it.
const PATHS: [&str; 6] = ["d", "d\\a", "d\\b", "d\\e", "d\\e\\f", "d\\g"];

fn tree() -> tempfile::TempDir {
    let base = folder();
    for file in ["d/a", "d/b", "d/e/f", "d/g"] {
        put(base.path(), file, b"xy");
    }
    base
}

fn records(paths: &[&str]) -> Vec<SecurityRecord> {
    let record = |path: &&str| SecurityRecord {
        root: 0,
        path: (*path).to_owned(),
        before: broken().into(),
        after: healthy().into(),
    };
    paths.iter().map(record).collect()
}

fn silent(_: usize, _: usize) {}

fn equal(left: &[u8], right: &[u8]) -> bool {
    left == right
}

/// Everything a walk reports, errors as text.
fn walked(root: &Root, path: &str) -> Vec<Result<(String, Kind), String>> {
    let mut seen = Vec::new();
    let found = root.objects(path, &mut |object| {
        let object = object.map(|object| (object.path.clone(), object.kind));
        seen.push(object.map_err(|error| error.to_string()));
    });
    assert!(found.unwrap());
    seen
}

#[test]
fn a_plain_folder_shows_no_permissions() {
    let base = tree();
    let root = root(base.path());
    if cfg!(windows) {
        // Windows keeps them everywhere on NTFS; Wine makes them up, which is not shown.
        let seen = root.security("d\\a");
        return assert!(matches!(
            seen,
            Ok(Some(_)) | Err(SecurityError::NotSeen { .. })
        ));
    }
    for path in ["", "d", "D\\A"] {
        let error = root.security(path).unwrap_err();
        assert!(
            matches!(error, SecurityError::NotSeen { .. }),
            "{path}: {error:?}"
        );
    }
    let object = root.object("d\\a").unwrap().unwrap();
    assert!(matches!(
        object.attributes(),
        Err(SecurityError::NotSeen { .. })
    ));
    assert!(matches!(object.times(), Err(SecurityError::NotSeen { .. })));
    let change = set_securities(&[&root], &records(&["d\\a"]), &mut silent);
    assert!(matches!(change, Err(SecurityError::NotSeen { .. })));
    assert_eq!(root.security("d\\none").unwrap(), None);
}

#[test]
fn reads_in_any_case_and_tells_absence() {
    let base = tree();
    let memory = MemorySecurity::new(&healthy());
    memory.set("D/e\\F", &broken());
    let root = root(base.path()).with_security(Box::new(memory));
    assert_eq!(root.security("D/E/F").unwrap(), Some(broken()));
    assert_eq!(root.security("d\\a").unwrap(), Some(healthy()));
    assert_eq!(root.security("").unwrap(), Some(healthy()));
    for absent in ["d\\none", "none\\a", "d\\e\\none\\x"] {
        assert_eq!(root.security(absent).unwrap(), None, "{absent}");
    }
    for bad in ["..", "d\\..\\d", "d:x"] {
        let error = root.security(bad).unwrap_err();
        assert!(matches!(
            error,
            SecurityError::Walk(WalkError::BadPath { .. })
        ));
    }
    let error = root.security("d\\a\\x").unwrap_err();
    assert!(matches!(
        error,
        SecurityError::Walk(WalkError::WrongKind { .. })
    ));
}

#[test]
fn a_walk_reports_everything_once_and_folders_first() {
    let base = tree();
    put(base.path(), "other", b"");
    let root = root(base.path());
    let of = |path: &str| {
        let kind = match path {
            "d" | "d\\e" | "" => Kind::Directory,
            _ => Kind::File,
        };
        Ok((path.to_owned(), kind))
    };
    assert_eq!(walked(&root, "D"), PATHS.map(of));
    assert_eq!(walked(&root, "d\\a"), [of("d\\a")]);
    let all = [&[""], &PATHS[..], &["other"]].concat();
    let all: Vec<_> = all.into_iter().map(of).collect();
    assert_eq!(walked(&root, ""), all);
    let absent = root.objects("x\\y", &mut |_| panic!("there is nothing"));
    assert!(!absent.unwrap());
    let mut sizes = BTreeMap::new();
    let walk = root.objects("d", &mut |object| {
        let object = object.unwrap();
        sizes.insert(object.path.clone(), (object.size, object.links > 0));
    });
    assert!(walk.unwrap());
    assert_eq!(sizes["d\\e\\f"], (2, true));
    assert_eq!(sizes["d\\e"].0, 0);
}

#[test]
fn a_walk_ends_at_512_folders() {
    let base = folder();
    let deep = vec!["f"; 513].join("/");
    fs::create_dir_all(base.path().join(deep)).unwrap();
    let root = root(base.path());
    let seen = walked(&root, "f");
    let errors: Vec<_> = seen.iter().filter(|object| object.is_err()).collect();
    assert_eq!((seen.len(), errors.len()), (514, 1), "{errors:?}");
    assert!(seen.last().unwrap().is_err());
    let path = vec!["f"; 513].join("\\");
    let error = root.security(&path).unwrap_err();
    assert!(matches!(error, SecurityError::TooDeep { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_entered_or_named_is_reported_and_the_walk_goes_on() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let base = tree();
    let outside = folder();
    put(outside.path(), "secret/x", b"");
    symlink(outside.path(), base.path().join("d/c")).unwrap();
    symlink("a", base.path().join("d/link")).unwrap();
    for name in [&b"d/bad\xFF"[..], b"d/colon:x", b"d/E", b"d/dot."] {
        fs::write(base.path().join(std::ffi::OsStr::from_bytes(name)), b"").unwrap();
    }
    let memory = MemorySecurity::new(&healthy());
    let root = root(base.path()).with_security(Box::new(memory));
    let seen = walked(&root, "d");
    let (good, bad): (Vec<_>, Vec<_>) = seen.into_iter().partition(Result::is_ok);
    let good: Vec<_> = good.into_iter().flatten().collect();
    let link = |path: &str| (path.to_owned(), Kind::Link);
    assert!(good.contains(&link("d\\c")) && good.contains(&link("d\\link")));
    assert_eq!(
        good.len(),
        6,
        "the folder, three files, two links: {good:?}"
    );
    let said = |text: &str| bad.iter().any(|e| e.as_ref().unwrap_err().contains(text));
    for text in ["Unicode", "colon:x", "dot.", "`E`, `e`"] {
        assert!(said(text), "{text}: {bad:?}");
    }
    assert_eq!(bad.len(), 4);
    for path in ["d\\e", "D\\E\\f"] {
        let error = root.security(path).unwrap_err();
        let ambiguous = SecurityError::Walk(WalkError::Ambiguous {
            path: path[..3].replace('D', "d"),
            names: vec!["E".to_owned(), "e".to_owned()],
        });
        assert_eq!(error.to_string(), ambiguous.to_string());
    }
    for path in ["d\\c", "d\\c\\secret", "d\\link"] {
        let error = root.security(path).unwrap_err();
        assert!(matches!(error, SecurityError::Walk(WalkError::Link { .. })));
        let walk = root.objects(path, &mut |_| panic!("a link is not walked"));
        let refused = matches!(walk, Err(SecurityError::Walk(WalkError::Link { .. })));
        assert!(refused, "{path}: {walk:?}");
        assert!(set_securities(&[&root], &records(&[path]), &mut silent).is_err());
    }
    let mut opened = 0;
    let walk = root.objects("d", &mut |object| {
        if let Ok(object) = object {
            assert_eq!(object.security().is_ok(), object.kind != Kind::Link);
            opened += 1;
        }
    });
    assert!(walk.unwrap() && opened == 6);
}

#[test]
fn changes_checks_and_puts_back() {
    let base = tree();
    let memory = MemorySecurity::new(&broken());
    let root = root(base.path()).with_security(Box::new(memory.clone()));
    let records = records(&PATHS);
    check_securities(&[&root], &records, &mut silent).unwrap();
    let mut told = Vec::new();
    let differs = set_securities(&[&root], &records, &mut |done, all| told.push((done, all)));
    assert_eq!(differs.unwrap(), []);
    assert_eq!(told, (1..=6).map(|done| (done, 6)).collect::<Vec<_>>());
    assert!(PATHS.iter().all(|path| memory.get(path) == Some(healthy())));
    assert_eq!(root.security("").unwrap(), Some(broken()), "not asked for");
    let again = check_securities(&[&root], &records, &mut silent);
    assert!(matches!(again, Err(SecurityError::Changed { path }) if path == "d"));
    // Some of it is done already: no error, and nothing is written twice.
    memory.set("d\\b", &broken());
    assert_eq!(set_securities(&[&root], &records, &mut silent).unwrap(), []);
    for _ in 0..2 {
        let back = put_back_securities(&[&root], &records, &equal, &mut silent);
        assert!(back.is_whole() && back.restored == 6, "{back:?}");
        assert!(PATHS.iter().all(|path| memory.get(path) == Some(broken())));
    }
}

#[test]
fn what_something_else_has_changed_is_left_alone() {
    let base = tree();
    let memory = MemorySecurity::new(&broken());
    let root = root(base.path()).with_security(Box::new(memory.clone()));
    let records = records(&PATHS);
    let other = [healthy(), vec![0; 4]].concat();
    memory.set("d\\b", &other);
    let error = set_securities(&[&root], &records, &mut silent).unwrap_err();
    assert!(matches!(error, SecurityError::Changed { path } if path == "d\\b"));
    assert_eq!(memory.get("d\\a"), Some(healthy()), "those before are done");
    assert_eq!(memory.get("d\\e"), Some(broken()), "those after are not");
    fs::remove_file(base.path().join("d/g")).unwrap();
    let back = put_back_securities(&[&root], &records, &equal, &mut silent);
    assert_eq!(back.overtaken, ["d\\b", "d\\g"]);
    assert_eq!((back.restored, back.failed.len()), (4, 0));
    assert_eq!(memory.get("d\\b"), Some(other));
    // Where the caller says that it means the same as ours, it is put back.
    let same = |left: &[u8], right: &[u8]| left.get(..20) == right.get(..20);
    let back = put_back_securities(&[&root], &records, &same, &mut silent);
    assert_eq!(back.overtaken, ["d\\g"]);
    assert_eq!(memory.get("d\\b"), Some(broken()));
}

/// A backend that ends with an error at one of its writes, before or after the write itself, or
/// that stores in a form of its own.
#[derive(Debug)]
struct Odd {
    memory: MemorySecurity,
    left: AtomicUsize,
    writes_at_last: bool,
    appends: bool,
}

impl SecurityBackend for Odd {
    fn read(&self, object: &File, path: &str) -> io::Result<Vec<u8>> {
        self.memory.read(object, path)
    }

    fn write(&self, object: &File, path: &str, descriptor: &[u8]) -> io::Result<()> {
        let last = self.left.fetch_sub(1, Ordering::Relaxed) == 1;
        if !last || self.writes_at_last {
            let mut stored = descriptor.to_vec();
            stored.extend(vec![0; if self.appends { 4 } else { 0 }]);
            self.memory.write(object, path, &stored)?;
        }
        if last {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }
}

fn odd(base: &Path, memory: &MemorySecurity, left: usize, at_last: bool, appends: bool) -> Root {
    let odd = Odd {
        memory: memory.clone(),
        left: AtomicUsize::new(left),
        writes_at_last: at_last,
        appends,
    };
    root(base).with_security(Box::new(odd))
}

#[test]
fn a_cut_at_any_object_of_a_change_or_of_its_undo_is_put_back() {
    let base = tree();
    let records = records(&PATHS);
    let cuts = (1..=6).flat_map(|cut| [(cut, false), (cut, true)]);
    for (cut, at_last) in cuts {
        let memory = MemorySecurity::new(&broken());
        let cutting = odd(base.path(), &memory, cut, at_last, false);
        let error = set_securities(&[&cutting], &records, &mut silent).unwrap_err();
        assert!(matches!(error, SecurityError::Denied { .. }), "{error:?}");
        let changed = PATHS
            .iter()
            .filter(|path| memory.get(path) == Some(healthy()));
        assert_eq!(changed.count(), cut - usize::from(!at_last));
        // The undo meets an error too, at every one of its writes, and then is made again.
        let cutting = odd(base.path(), &memory, 1, at_last, false);
        let back = put_back_securities(&[&cutting], &records, &equal, &mut silent);
        assert!(back.overtaken.is_empty() && back.failed.len() <= 1);
        let root = root(base.path()).with_security(Box::new(memory.clone()));
        let back = put_back_securities(&[&root], &records, &equal, &mut silent);
        assert!(back.is_whole() && back.restored == 6, "{cut}: {back:?}");
        assert!(PATHS.iter().all(|path| memory.get(path) == Some(broken())));
    }
}

#[test]
fn another_form_than_was_written_is_told_and_can_be_put_back() {
    let base = tree();
    let memory = MemorySecurity::new(&broken());
    let root = odd(base.path(), &memory, usize::MAX, false, true);
    let records = records(&["d", "d\\a"]);
    let differs = set_securities(&[&root], &records, &mut silent).unwrap();
    assert_eq!(differs.len(), 2);
    assert_eq!(
        (differs[1].path.as_str(), &*differs[1].wrote),
        ("d\\a", &healthy()[..])
    );
    assert_eq!(differs[1].found, [healthy(), vec![0; 4]].concat());
    let strict = put_back_securities(&[&root], &records, &equal, &mut silent);
    assert_eq!(strict.overtaken, ["d", "d\\a"]);
    let same = |left: &[u8], right: &[u8]| left.starts_with(right);
    let back = put_back_securities(&[&root], &records, &same, &mut silent);
    assert_eq!((back.restored, back.differs.len()), (0, 2));
    assert!(memory.get("d").unwrap().starts_with(&broken()));
}

#[test]
fn two_roots_are_kept_apart() {
    let bases = [tree(), tree()];
    let memories = [(); 2].map(|()| MemorySecurity::new(&broken()));
    let roots: Vec<Root> = bases
        .iter()
        .zip(&memories)
        .map(|(base, memory)| root(base.path()).with_security(Box::new(memory.clone())))
        .collect();
    let roots: Vec<&Root> = roots.iter().collect();
    let mut records = records(&["d\\a", "d\\b", "d\\g"]);
    records[1].root = 1;
    records[2].root = 2;
    let error = set_securities(&roots, &records, &mut silent).unwrap_err();
    assert!(matches!(error, SecurityError::Missing { path } if path == "d\\g"));
    let changed = memories.map(|m| ["d\\a", "d\\b"].map(|path| m.get(path) == Some(healthy())));
    assert_eq!(changed, [[true, false], [false, true]]);
}

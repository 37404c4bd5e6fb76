//! A real NTFS volume through ntfs-3g, where a Linux machine has it.
//!
//! Invariants checked: what holds for a plain folder holds for the file system that matters.
//!
//! Deliberately absent: any assertion where ntfs-3g or mkfs.ntfs is missing; the test says so.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

mod scratch;

use std::fs::File;
use std::os::unix::fs::symlink;

use disk::{HoldError, Kind, Step, WalkError, execute};
use scratch::{Mount, folder, hold, put, root, runs};

const SIZE: u64 = 8 << 20;

/// A fresh volume in an image file, mounted.
fn volume(image: &tempfile::TempDir, name: &str, options: &str) -> Option<Mount> {
    let path = image.path().join(name);
    let text = path.to_str()?.to_owned();
    if !path.exists() {
        File::create(&path)
            .and_then(|file| file.set_len(SIZE))
            .ok()?;
        if !runs("mkfs.ntfs", &["-F", "-Q", &text]) {
            println!("not tested here: no mkfs.ntfs");
            return None;
        }
    }
    Mount::by("ntfs-3g", &["-o", options, &text])
}

#[test]
fn walks_holds_and_writes() {
    let images = folder();
    let Some(mount) = volume(&images, "a", "norecover") else {
        return;
    };
    put(mount.path(), "Windows/System32/config/SYSTEM", &[1; 70_000]);
    put(mount.path(), "users/A", b"");
    put(mount.path(), "Users/A", b"");
    symlink("Windows", mount.path().join("link")).unwrap();
    let root = root(mount.path());
    assert!(root.is_fuse() && !root.is_read_only());
    let path = "windows\\system32\\CONFIG\\system";
    assert_eq!(
        root.find(path).unwrap().unwrap().path,
        "Windows\\System32\\config\\SYSTEM"
    );
    assert!(matches!(
        root.find("users\\a"),
        Err(WalkError::Ambiguous { .. })
    ));
    assert!(matches!(
        root.find("LINK\\System32"),
        Err(WalkError::Link { .. })
    ));
    let mut files = hold(&root, &[path]);
    assert!(matches!(root.hold(path), Err(HoldError::Busy { .. })));
    let steps = [
        Step::Extend {
            file: 0,
            size: 81_920,
        },
        Step::Flush { file: 0 },
        Step::Write {
            file: 0,
            offset: 4096,
            bytes: vec![2; 4096],
        },
        Step::Flush { file: 0 },
    ];
    execute(&mut files, &steps).unwrap();
    let expected = [
        vec![1; 4096],
        vec![2; 4096],
        vec![1; 61_808],
        vec![0; 11_920],
    ]
    .concat();
    assert!(root.read(path, SIZE).unwrap().unwrap() == expected);
    let full = [Step::Extend {
        file: 0,
        size: SIZE,
    }];
    let error = execute(&mut files, &full).unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn volumes_are_told_apart_and_known_again() {
    let images = folder();
    let identity = |name| {
        let mount = volume(&images, name, "norecover")?;
        Some(root(mount.path()).identity())
    };
    let Some(first) = identity("a") else { return };
    assert_eq!(identity("a"), Some(first.clone()), "mounted again");
    // The serial number in the boot sector is all that differs.
    let mut other = std::fs::read(images.path().join("a")).unwrap();
    other[72] ^= 1;
    std::fs::write(images.path().join("b"), other).unwrap();
    let other = identity("b").unwrap();
    assert_ne!(other, first, "another volume");
}

#[test]
fn a_read_only_volume_is_told() {
    let images = folder();
    let Some(mount) = volume(&images, "a", "norecover") else {
        return;
    };
    put(mount.path(), "a", b"x");
    drop(mount);
    let Some(mount) = volume(&images, "a", "ro") else {
        return;
    };
    let root = root(mount.path());
    assert!(root.is_read_only());
    assert_eq!(
        root.list("")
            .unwrap()
            .unwrap()
            .iter()
            .filter(|e| e.kind == Kind::File)
            .count(),
        1
    );
    let error = root.hold("a").unwrap_err();
    assert!(matches!(error, HoldError::ReadOnly { .. }), "{error:?}");
}

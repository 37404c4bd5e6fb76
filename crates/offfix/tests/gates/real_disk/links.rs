//! Links on the way to the files of Windows, which lead somewhere else.
//!
//! Invariants checked: nothing is read or written through a link; where a link stands in the way
//! of a repair, it is refused. Absent on purpose: hard links, which lead nowhere else.

use super::keys::{permissions, same_permissions};
use super::layout::{Logs, setfattr, visible};
use super::served::Mounted;
use super::volume::{APPLY, UNDO, Volume};
use crate::scratch::same;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The whole recipe, with the permissions of the keys.
const ARTICLE: [&str; 6] = [
    "apply",
    "disk",
    "--for",
    "rdp-internal-error",
    "--as-article",
    "--yes",
];

/// What leads away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// A symbolic link, to outside the volume.
    Symbolic,
    /// A junction, to another folder of the volume.
    Junction,
}

/// Moves what is at a path of an unmounted volume away, and puts a link to it in its place. Gives
/// where it is now: below the scratch folder, or for a junction below `disk`.
pub(super) fn plant(volume: &Volume, link: Link, at: &str) -> PathBuf {
    let mounted = volume.mount("norecover");
    let path = volume.scratch.disk().join(at);
    let away = match link {
        Link::Symbolic => volume.scratch.path().join("outside"),
        Link::Junction => volume.scratch.disk().join("Elsewhere"),
    };
    match link {
        Link::Symbolic => {
            copy(&path, &away);
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
            symlink(&away, &path).unwrap();
        }
        Link::Junction => {
            fs::rename(&path, &away).unwrap();
            fs::create_dir(&path).unwrap();
            let data = junction_to("C:\\Elsewhere");
            setfattr("system.ntfs_reparse_data", &data, &path);
        }
    }
    drop(mounted);
    away
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        copy(&from.join(&name), &to.join(name));
    }
}

/// The reparse data of a junction.
fn junction_to(target: &str) -> Vec<u8> {
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16();
        units.flat_map(u16::to_le_bytes).collect()
    };
    let (real, shown) = (utf16(&format!("\\??\\{target}")), utf16(target));
    let names = [&real[..], &[0, 0], &shown, &[0, 0]].concat();
    let word = |number: usize| (number as u16).to_le_bytes();
    let tag = 0xA000_0003_u32.to_le_bytes();
    // Length of what follows, a blank; then for both names where they begin and how long they are.
    let lengths = [
        word(8 + names.len()),
        [0, 0],
        [0, 0],
        word(real.len()),
        word(real.len() + 2),
        word(shown.len()),
    ];
    [&tag[..], &lengths.concat(), &names].concat()
}

/// A volume with a link in place of what it leads to, mounted, and what stands there.
fn linked(link: Link, at: &str) -> Option<(Volume, Mounted, PathBuf)> {
    let volume = Volume::with_windows(Logs::Roomy, &[])?;
    let away = plant(&volume, link, at);
    let mounted = volume.mount("norecover");
    let path = volume.scratch.disk().join(at);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink(), "{at}");
    assert!(fs::metadata(&path).is_ok(), "{at}: it leads nowhere");
    Some((volume, mounted, away))
}

#[test]
fn on_the_way_to_the_system_hive() {
    for (link, at) in [
        (Link::Symbolic, "Windows"),
        (Link::Symbolic, "Windows/System32"),
        (Link::Symbolic, "Windows/System32/config"),
        (Link::Symbolic, "Windows/System32/config/SYSTEM"),
        (Link::Symbolic, "Windows/System32/config/SYSTEM.LOG1"),
        (Link::Junction, "Windows"),
        (Link::Junction, "Windows/System32"),
        (Link::Junction, "Windows/System32/config"),
    ] {
        let Some((volume, mounted, away)) = linked(link, at) else {
            return;
        };
        let before = (visible(&away), volume.tree());
        let permitted = (permissions(&away), permissions(&volume.scratch.disk()));
        for words in [&["plan", "disk"][..], &APPLY, &ARTICLE] {
            let answer = volume.scratch.run(words).gives(7);
            let named = format!("`{}` is a link", at.replace('/', "\\"));
            assert!(answer.err.contains(&named), "{link:?}: {answer:?}");
        }
        same(&before.0, &visible(&away), "what the link leads to");
        same(&before.1, &volume.tree(), "the volume");
        same_permissions(&permitted.0, &permissions(&away), "what the link leads to");
        same_permissions(
            &permitted.1,
            &permissions(&volume.scratch.disk()),
            "the volume",
        );
        drop(mounted);
    }
}

#[test]
fn on_the_way_to_a_file_that_only_some_repairs_need() {
    for (link, at, repair) in [
        (
            Link::Symbolic,
            "Windows/System32/config/SOFTWARE",
            "rdp-policy",
        ),
        (
            Link::Symbolic,
            "Windows/System32/config/SOFTWARE.LOG1",
            "rdp-policy",
        ),
        (Link::Symbolic, "Boot", "safe-mode"),
        (Link::Symbolic, "Boot/BCD", "safe-mode"),
        (Link::Symbolic, "Boot/BCD.LOG", "safe-mode"),
        (Link::Junction, "Boot", "safe-mode"),
    ] {
        let Some((volume, mounted, away)) = linked(link, at) else {
            return;
        };
        let before = visible(&away);
        let plan = volume.says(&["plan", "disk"], 0);
        let left_out = plan["not_checked"].to_string();
        assert!(left_out.contains(repair), "{at}: {left_out}");
        volume.says(&["apply", "disk", "--repair", repair, "--yes"], 3);
        // What does not need it is repaired.
        let applied = volume.says(&APPLY, 0);
        assert!(!applied["changes"].to_string().contains(repair), "{at}");
        same(&before, &visible(&away), "what the link leads to");
        volume.says(&UNDO, 0);
        same(&before, &visible(&away), "what the link leads to");
        drop(mounted);
    }
}

#[test]
fn on_the_way_to_a_fact() {
    for at in [
        "ProgramData/Microsoft/Crypto",
        "Windows/System32/ntoskrnl.exe",
    ] {
        let Some((volume, mounted, away)) = linked(Link::Symbolic, at) else {
            return;
        };
        let before = visible(&away);
        volume.says(&APPLY, 0);
        same(&before, &visible(&away), "what the link leads to");
        drop(mounted);
    }
}

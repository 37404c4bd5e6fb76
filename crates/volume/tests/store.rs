//! The boot configuration store: found, edited like any hive, on the drive or beside it, undone.
//!
//! Absent on purpose: what elements mean (see the crate `bcd`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod support;

use bcd::{Editor, ElementType, Guid, ObjectType, Store, Value};
use disk::{Root, State};
use hive::reg::Operation;
use std::path::Path;
use support::{Scratch, edits, request};
use testkit::bcd::{EMSSETTINGS, Store as Made};
use testkit::windows::{Disk, healthy};
use volume::undo::{self, Standing, UndoError};
use volume::{BootFiles, Edit, Firmware, Volume, VolumeError};

/// The edits that this work on the volume's store amounts to.
fn changes(volume: &Volume, work: impl FnOnce(&mut Editor)) -> Vec<Edit> {
    let mut editor = Editor::new(Store::open(&volume.store().unwrap().hive).unwrap());
    work(&mut editor);
    let operations: Vec<Operation> = editor.finish();
    operations.iter().filter_map(Edit::of_store).collect()
}

fn console(editor: &mut Editor) {
    let yes = Value::Boolean(true);
    editor
        .set(Guid::BOOTMGR, ElementType::BOOT_EMS, &yes)
        .unwrap();
    editor.set_ems(1, 115_200).unwrap();
    editor.inherit_ems(Guid::BOOTMGR).unwrap();
    editor.delete(Guid::BOOTMGR, ElementType::TIMEOUT).unwrap();
}

fn with_store(path: &str, store: Vec<u8>) -> Disk {
    let mut disk = healthy();
    for name in ["Boot/BCD", "Boot/BCD.LOG", "bootmgr"] {
        disk.files.remove(name);
    }
    disk.files.insert(path.to_owned(), store);
    disk
}

fn element(volume: &Volume, id: Guid, element: ElementType) -> Option<Value> {
    let store = Store::open(&volume.store().unwrap().hive).unwrap();
    store.object(id)?.value(element)
}

#[test]
fn a_store_is_edited_and_put_back() {
    let mut made = Made::bios_windows();
    made.without_emssettings();
    let scratch = Scratch::of(&with_store("boot/bcd", made.build()));
    let before = scratch.files();
    let volume = scratch.volume();
    let edits = changes(&volume, console);
    let staged = volume::stage(&volume, &edits, &[], support::NOW).unwrap();
    assert_eq!(staged.hives[0].path, r"boot\bcd", "as the disk spells it");
    let lock = scratch.lock();
    let roots = volume.roots();
    let mut run = volume::commit::commit(&roots, &staged, &lock, &request("run"), &mut |_, _| ())
        .unwrap()
        .run;
    let after = scratch.volume();
    let (hive, old) = (&after.store().unwrap().hive, &volume.store().unwrap().hive);
    assert_eq!((hive.minor(), old.minor()), (3, 3));
    assert!(hive.sequences().0 > old.sequences().0);
    assert_eq!(element(&after, Guid::BOOTMGR, ElementType::TIMEOUT), None);
    let store = Store::open(hive).unwrap();
    let made = store.object(Guid::EMS_SETTINGS).unwrap();
    assert_eq!(made.object_type(), ObjectType::SETTINGS);
    for heir in store.loaders().map(bcd::Object::id).chain([Guid::BOOTMGR]) {
        let port = store.effective(heir, ElementType::EMS_PORT);
        assert_eq!(port, Some((Guid::EMS_SETTINGS, Value::Integer(1))));
    }
    // Every key but the root shares one descriptor, the new ones too.
    let of = |path: &str| hive.key(path).unwrap().unwrap().node().security.get();
    let known = of(r"Objects\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\Elements\12000004");
    for path in ["", r"\Description", r"\Elements", r"\Elements\15000022"] {
        assert_eq!(
            of(&format!(r"Objects\{EMSSETTINGS}{path}")),
            known,
            "{path}"
        );
    }
    undo::undo(&roots, &mut run, &lock, "later", &mut |_, _| ()).unwrap();
    assert!(scratch.files() == before);
}

#[test]
fn taking_values_back_takes_keys_with_them() {
    let mut made = Made::bios_windows();
    made.without_emssettings();
    let scratch = Scratch::of(&with_store("Boot/BCD", made.build()));
    let volume = scratch.volume();
    let there = changes(&volume, console);
    let back: Vec<Edit> = there
        .iter()
        .map(|edit| match volume.read(edit.target()).unwrap() {
            Some(data) => Edit::SetValue(edit.target().clone(), data),
            None => Edit::DeleteValue(edit.target().clone()),
        })
        .collect();
    let old: Vec<String> = keys(&volume.store().unwrap().hive);
    let lock = scratch.lock();
    scratch.commit(&scratch.stage(&there), &lock).unwrap();
    assert_ne!(keys(&scratch.volume().store().unwrap().hive), old);
    let staged = scratch.stage(&back);
    volume::commit::commit(
        &[&scratch.root()],
        &staged,
        &lock,
        &request("back"),
        &mut |_, _| (),
    )
    .unwrap();
    assert_eq!(keys(&scratch.volume().store().unwrap().hive), old);
}

/// The paths of all keys.
fn keys(hive: &hive::Hive) -> Vec<String> {
    let mut paths = Vec::new();
    let mut open = vec![(String::new(), hive.root().unwrap())];
    while let Some((path, key)) = open.pop() {
        for below in key.subkeys().unwrap() {
            open.push((format!(r"{path}\{}", below.name()), below));
        }
        paths.push(path);
    }
    paths.sort();
    paths
}

fn boot_files(folder: &Path) -> BootFiles {
    BootFiles {
        root: Some(Root::open(folder.as_os_str()).unwrap()),
        store: None,
    }
}

#[test]
fn a_system_partition_is_a_second_root() {
    let scratch = Scratch::of(&with_store("Boot/BCD", Made::bios_windows().build()));
    let esp = scratch.root_path().with_file_name("esp");
    let folder = esp.join("EFI/Microsoft/Boot");
    std::fs::create_dir_all(&folder).unwrap();
    let uefi = Made::uefi_windows().build();
    std::fs::write(folder.join("BCD"), &uefi).unwrap();
    let drive = scratch.files();

    let volume = scratch.volume().with_boot_files(boot_files(&esp));
    let stores = volume.stores().unwrap();
    assert_eq!(stores.found.len(), 2);
    assert_eq!(stores.chosen().unwrap().firmware, Some(Firmware::Uefi));
    let all = [changes(&volume, console), edits()].concat();
    let staged = volume::stage(&volume, &all, &[], support::NOW).unwrap();
    let (lock, roots) = (scratch.lock(), volume.roots());
    let mut run = volume::commit::commit(&roots, &staged, &lock, &request("run"), &mut |_, _| ())
        .unwrap()
        .run;
    assert!(std::fs::read(folder.join("BCD")).unwrap() != uefi);
    let names: Vec<(u8, &str)> = run
        .record()
        .unwrap()
        .files
        .iter()
        .map(|file| (file.root, file.path.as_str()))
        .collect();
    assert!(names.contains(&(1, r"EFI\Microsoft\Boot\BCD")), "{names:?}");

    let refused = undo::undo(&roots[..1], &mut run, &lock, "later", &mut |_, _| ());
    assert!(
        matches!(refused, Err(UndoError::NoRoot { .. })),
        "{refused:?}"
    );
    assert_eq!(run.state(), State::Done, "nothing is put back by halves");
    let outcomes = undo::undo(&roots, &mut run, &lock, "later", &mut |_, _| ()).unwrap();
    assert!(outcomes.iter().all(|file| file.standing == Standing::Ours));
    assert!(std::fs::read(folder.join("BCD")).unwrap() == uefi);
    assert!(scratch.files() == drive);
}

#[test]
fn what_is_no_store_is_refused() {
    let none = Scratch::of(&{
        let mut disk = healthy();
        disk.files.remove("Boot/BCD");
        disk
    });
    assert!(matches!(
        none.volume().store(),
        Err(VolumeError::NoStore { .. })
    ));
    let system = healthy()
        .file("Windows/System32/config/SYSTEM")
        .unwrap()
        .to_vec();
    let other = Scratch::of(&with_store("Boot/BCD", system));
    assert!(matches!(
        other.volume().store(),
        Err(VolumeError::NotAStore { .. })
    ));
    let text = Scratch::of(&with_store("Boot/BCD", b"not a hive".to_vec()));
    assert!(matches!(
        text.volume().store(),
        Err(VolumeError::Hive { .. })
    ));
}

//! `serial-console` with `form=off`: the switches become No, own and inherited ones.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose:
//! switching it on (see `boot.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, is_empty, named};
use repairs::{Kind, Selection};
use testkit::bcd::{BOOTMGR, Data, GLOBALSETTINGS, LOADER, Store};
use testkit::windows::{Installation, Options};

const BOOT_EMS: u32 = 0x1600_0020;
const EMS: u32 = 0x2600_00b0;
const YES: Data<'_> = Data::Boolean(true);
const NO: Data<'_> = Data::Boolean(false);

fn off() -> Selection {
    let mut selection = named(&["serial-console"]);
    let form = ("serial-console".to_owned(), "form".to_owned());
    selection.parameters.insert(form, "off".to_owned());
    selection
}

fn disk(change: impl FnOnce(&mut Store)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(windows.boot.as_mut().unwrap());
    Lab::of(&windows.disk())
}

/// The elements that change, with their data.
fn changed(lab: &Lab) -> Vec<String> {
    let plan = lab.plan(&off());
    assert!(plan.changes.iter().all(|change| change.kind == Kind::Fix));
    let line = |edit: &volume::Edit| {
        let element = edit.target().key.rsplit('\\').next().unwrap().to_owned();
        let data = edit
            .after()
            .map_or("-".to_owned(), |data| format!("{:?}", data.bytes));
        format!("{element} {data}")
    };
    edits(&plan).iter().map(line).collect()
}

#[test]
fn off_takes_back_what_on_has_set() {
    let lab = disk(|_| ());
    assert!(is_empty(&lab.plan(&off())), "it is off already");
    lab.apply(&lab.plan(&named(&["serial-console"])));
    assert_eq!(changed(&lab), ["16000020 [0]", "260000b0 [0]"]);
    let before = lab.files();
    let mut run = lab.apply(&lab.plan(&off()));
    assert!(is_empty(&lab.plan(&off())));
    let on = lab.plan(&named(&["serial-console"]));
    assert!(!is_empty(&on), "it can be switched on again");
    lab.undo(&mut run);
    assert!(lab.files() == before);
}

#[test]
fn what_is_inherited_is_set_to_off() {
    let lab = disk(|store| {
        store.element(GLOBALSETTINGS, BOOT_EMS, &YES);
    });
    assert_eq!(changed(&lab), ["16000020 [0]"]);
    let lab = disk(|store| {
        store.element(BOOTMGR, BOOT_EMS, &NO);
        store.element(LOADER, EMS, &NO);
    });
    assert!(is_empty(&lab.plan(&off())), "an explicit No stays");
}

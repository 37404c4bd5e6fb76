//! What `boot-entries` says and does about each fault of the boot menu, and about real stores.
//!
//! Invariants: a store of the shared collection is put on a disk as it is, and the table says why
//! it gives what it gives. Absent on purpose: ids of disks (see `boot_ids.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

mod lab;

use lab::{Lab, edits, gpt, mbr, named};
use repairs::{Certainty, Offer, Plan, Selection, Step};
use std::path::Path;
use testkit::bcd::{self, BOOTMGR, Data, FOREIGN, LOADER, MEMDIAG, Place, RESUME, Store};
use testkit::windows::{Installation, Options, machine};

const ID: &str = "boot-entries";
const DEVICE: u32 = 0x1100_0001;
const PATH: u32 = 0x1200_0002;
const DISPLAY_ORDER: u32 = 0x2400_0001;
const DEFAULT: u32 = 0x2300_0003;
const OS_DEVICE: u32 = 0x2100_0001;
const SYSTEM_ROOT: u32 = 0x2200_0002;
const IMC_DEVICE: u32 = 0x2100_0138;
const IMC_HIVE_NAME: u32 = 0x2200_0137;
const SECOND: &str = "{2c1a7f40-93b4-11ec-8d0a-00155d3f7a10}";
const NOWHERE: &str = "{2c1a7f99-93b4-11ec-8d0a-00155d3f7a10}";
const EXE: &str = r"\Windows\system32\winload.exe";
const EFI: &str = r"\Windows\system32\winload.efi";
const ELSEWHERE: Place = Place::Mbr {
    signature: 0x7B1C_44E9,
    offset: 0x4000_0000,
};

/// The healthy disk with its store changed.
fn changed(change: impl FnOnce(&mut Store)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(windows.boot.as_mut().unwrap());
    Lab::of(&windows.disk())
}

/// What a plan tells of this repair.
fn told(plan: &Plan) -> Vec<(Offer, Certainty)> {
    let found = plan.found.iter().filter(|found| found.repair == ID);
    found
        .map(|found| (found.finding.offer, found.finding.certainty))
        .collect()
}

/// The changes of a plan as `OBJECT ELEMENT` and what the element says afterwards.
fn lines(plan: &Plan) -> Vec<String> {
    let lines = edits(plan).into_iter().map(|edit| {
        let (target, data) = (edit.target().clone(), edit.after().cloned());
        let key = target
            .key
            .replace(r"Objects\", "")
            .replace(r"\Elements\", " ");
        let data = data.map_or_else(|| "deleted".to_owned(), |data| data.to_string());
        format!("{key} {data}")
    });
    lines.collect()
}

fn second(store: &mut Store, place: Place) {
    let device = Data::Device(bcd::partition(place));
    store
        .object(SECOND, 0x1020_0003)
        .element(SECOND, DEVICE, &device)
        .element(SECOND, OS_DEVICE, &device)
        .element(SECOND, PATH, &Data::Text(EXE))
        .element(SECOND, SYSTEM_ROOT, &Data::Text(r"\Windows"))
        .append(BOOTMGR, DISPLAY_ORDER, SECOND);
}

const CERTAIN: (Offer, Certainty) = (Offer::Recommended, Certainty::Certain);
const LIKELY: (Offer, Certainty) = (Offer::WhenAsked, Certainty::Likely);

/// Looks alone, then by name, and undoes what that has changed.
#[track_caller]
fn check(lab: &Lab, findings: &[(Offer, Certainty)], changes: &[String]) {
    let look = lab.plan(&Selection::default());
    assert_eq!(told(&look), findings);
    let plan = lab.plan(&named(&[ID]));
    assert_eq!(lines(&plan), changes);
    let recommended = findings.contains(&CERTAIN);
    assert_eq!(!edits(&look).is_empty(), recommended, "looking alone");
    if changes.is_empty() {
        return;
    }
    let before = lab.files();
    let mut run = lab.apply(&plan);
    assert_eq!(edits(&lab.plan(&named(&[ID]))), []);
    lab.undo(&mut run);
    assert!(lab.files() == before, "not put back byte for byte");
}

#[test]
fn a_default_that_starts_nothing_becomes_the_only_windows() {
    let cure = format!("{BOOTMGR} 23000003 {LOADER}");
    for (target, finding) in [
        (NOWHERE, CERTAIN),
        (bcd::GLOBALSETTINGS, CERTAIN),
        (MEMDIAG, LIKELY),
        (RESUME, LIKELY),
    ] {
        let lab = changed(|store| {
            store.element(BOOTMGR, DEFAULT, &Data::Object(target));
        });
        check(&lab, &[finding], &[quoted(&cure)]);
    }
    let malformed = changed(|store| {
        store.element(BOOTMGR, DEFAULT, &Data::Text("{default}"));
    });
    check(&malformed, &[CERTAIN], &[quoted(&cure)]);
}

/// The last word in quotes, as texts are shown.
fn quoted(line: &str) -> String {
    let (begin, end) = line.rsplit_once(' ').unwrap();
    format!("{begin} {end:?}")
}

#[test]
fn another_system_as_the_default_is_changed_by_name_only() {
    let lab = changed(|store| {
        store
            .foreign_entry(bcd::Firmware::Bios)
            .element(BOOTMGR, DEFAULT, &Data::Object(FOREIGN));
    });
    let finding = (Offer::WhenNamed, Certainty::Possible);
    let cure = quoted(&format!("{BOOTMGR} 23000003 {LOADER}"));
    check(&lab, &[finding], &[cure]);
}

#[test]
fn a_recovery_entry_as_the_default_waits_to_be_asked_for() {
    let lab = changed(|store| {
        store
            .recovery_entry(bcd::Firmware::Bios, machine().system)
            .element(BOOTMGR, DEFAULT, &Data::Object(bcd::RECOVERY));
    });
    let cure = quoted(&format!("{BOOTMGR} 23000003 {LOADER}"));
    check(&lab, &[LIKELY], &[cure]);
}

#[test]
fn without_a_default_the_first_of_the_menu_counts() {
    let fine = changed(|store| {
        store.remove_element(BOOTMGR, DEFAULT);
    });
    check(&fine, &[], &[]);
    let lab = changed(|store| {
        store
            .remove_element(BOOTMGR, DEFAULT)
            .element(BOOTMGR, DISPLAY_ORDER, &Data::Objects(&[]));
    });
    let plan = lab.plan(&named(&[ID]));
    assert_eq!(told(&plan), [CERTAIN]);
    assert_eq!(lines(&plan).len(), 2, "{:?}", lines(&plan));
}

#[test]
fn a_default_that_the_menu_does_not_list_is_listed_when_asked() {
    let lab = changed(|store| {
        store.element(BOOTMGR, DISPLAY_ORDER, &Data::Objects(&[MEMDIAG]));
    });
    let plan = lab.plan(&named(&[ID]));
    assert_eq!(told(&plan), [(Offer::WhenAsked, Certainty::Possible)]);
    let mut run = lab.apply(&plan);
    let again = lab.plan(&Selection::default());
    assert!(again.fine.contains(&ID), "{:?}", again.found);
    lab.undo(&mut run);
}

#[test]
fn of_several_systems_none_is_chosen() {
    let lab = changed(|store| {
        second(store, machine().windows);
        store.element(BOOTMGR, DEFAULT, &Data::Object(NOWHERE));
    });
    check(&lab, &[(Offer::Report, Certainty::Certain)], &[]);
}

#[test]
fn a_store_without_windows_is_told_with_the_command() {
    let labs = [
        changed(|store| {
            store.remove_object(LOADER);
        }),
        changed(|store| {
            store.remove_object(BOOTMGR);
        }),
    ];
    for lab in labs {
        check(&lab, &[(Offer::Report, Certainty::Certain)], &[]);
        let plan = lab.plan(&Selection::default());
        let steps = &plan.found.first().unwrap().finding.steps;
        let command = r"bcdboot W:\Windows /s W: /f BIOS".to_owned();
        assert_eq!(*steps.first().unwrap(), Step::OnRecoveryMachine(command));
        assert!(matches!(steps.last().unwrap(), Step::Manual(text) if text.contains("W: stands")));
    }
}

#[test]
fn the_loader_of_the_other_firmware_gives_way_to_the_right_one() {
    let efi = || {
        changed(|store| {
            store.element(LOADER, PATH, &Data::Text(EFI));
        })
    };
    let cure = quoted(&format!("{LOADER} 12000002 {EXE}"));
    check(&efi(), &[CERTAIN], &[cure]);
    // On a GPT the firmware can be a UEFI, with a store that is not seen here.
    let lab = efi().on(gpt([1; 16], &[[2; 16]]), &[1]);
    check(&lab, &[(Offer::Report, Certainty::Possible)], &[]);
    // Without the boot manager beside the store, nothing says that a BIOS reads it.
    let lab = efi();
    lab.remove("bootmgr");
    check(&lab, &[(Offer::Report, Certainty::Possible)], &[]);
    let lab = efi();
    lab.remove("Windows/System32/winload.exe");
    check(&lab, &[(Offer::Report, Certainty::Likely)], &[]);
}

#[test]
fn a_missing_loader_is_told() {
    let lab = changed(|_| {});
    lab.remove("Windows/System32/winload.exe");
    check(&lab, &[(Offer::Report, Certainty::Certain)], &[]);
    let plan = lab.plan(&Selection::default());
    let steps = &plan.found.first().unwrap().finding.steps;
    let command = r"sfc /scannow /offbootdir=W:\ /offwindir=W:\Windows".to_owned();
    assert_eq!(*steps.first().unwrap(), Step::OnRecoveryMachine(command));
    let none = changed(|store| {
        store.remove_element(LOADER, PATH);
    });
    check(&none, &[(Offer::Report, Certainty::Certain)], &[]);
}

#[test]
fn a_store_cannot_write_to_the_terminal() {
    let evil = "\\Windows\u{1b}[2J.exe";
    let lab = changed(|store| {
        store
            .element(LOADER, 0x1200_0004, &Data::Text(evil))
            .element(LOADER, PATH, &Data::Text(evil))
            .element(LOADER, SYSTEM_ROOT, &Data::Text(evil))
            .element(LOADER, IMC_HIVE_NAME, &Data::Text(evil))
            .element(BOOTMGR, DEFAULT, &Data::Object(NOWHERE));
    });
    let plan = lab.plan(&named(&[ID]));
    assert_eq!(plan.found.len(), 4);
    for found in &plan.found {
        let evidence = found.finding.evidence.join(" ");
        let text = format!("{} {evidence}", found.finding.title);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains(r"\u{1b}"), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_loader_behind_a_link_counts_as_there() {
    let lab = changed(|_| {});
    lab.remove("Windows/System32/winload.exe");
    let link = lab.root().join("Windows/System32/winload.exe");
    std::os::unix::fs::symlink("packed", link).unwrap();
    check(&lab, &[], &[]);
}

#[test]
fn the_boot_device_is_the_partition_of_the_store() {
    let mut windows = Installation::new(&Options::default());
    windows.boot = None;
    let mut store = Store::bios_windows();
    store.element(LOADER, DEVICE, &Data::Device(bcd::boot()));
    let table = mbr(0x7B1C_44E9, &[0x0010_0000, 0x1F50_0000]);
    let lab = Lab::of(&windows.disk()).on(table, &[2, 1]);
    lab.write_to_system("Boot/BCD", &store.build());
    lab.write_to_system("bootmgr", b"no boot manager");
    let missing = [(Offer::Report, Certainty::Certain)];
    let look = lab.plan(&Selection::default());
    assert_eq!(told(&look), missing, "winload.exe lies on the drive alone");
    lab.write_to_system("Windows/System32/winload.exe", b"a loader");
    assert_eq!(told(&lab.plan(&Selection::default())), []);
}

#[test]
fn a_system_root_that_is_not_there_becomes_windows() {
    let cure = quoted(&format!(r"{LOADER} 22000002 \Windows"));
    for root in [r"\WINNT", r"\", r"\Windows\System32", r"\a:b\..", ""] {
        let lab = changed(|store| {
            store.element(LOADER, SYSTEM_ROOT, &Data::Text(root));
        });
        check(&lab, &[CERTAIN], std::slice::from_ref(&cure));
    }
    let missing = changed(|store| {
        store.remove_element(LOADER, SYSTEM_ROOT);
    });
    check(&missing, &[CERTAIN], &[cure]);
    for root in [r"\windows", r"\WINDOWS"] {
        let lab = changed(|store| {
            store.element(LOADER, SYSTEM_ROOT, &Data::Text(root));
        });
        check(&lab, &[], &[]);
    }
}

#[test]
fn files_of_another_partition_are_not_looked_for() {
    let broken = |store: &mut Store| {
        second(store, ELSEWHERE);
        store
            .element(SECOND, PATH, &Data::Text(r"\nothing.exe"))
            .element(SECOND, SYSTEM_ROOT, &Data::Text(r"\nothing"));
    };
    let seen = changed(broken).on(mbr(0x7B1C_44E9, &[0x0010_0000, 0x4000_0000]), &[1]);
    check(&seen, &[], &[]);
    // Without a table it is only a guess.
    let guess = [
        (Offer::Report, Certainty::Possible),
        (Offer::WhenAsked, Certainty::Possible),
    ];
    let unseen = changed(broken).nowhere();
    assert_eq!(told(&unseen.plan(&Selection::default())), guess);
    let vhd = changed(|store| {
        let device = bcd::virtual_disk(machine().windows, r"\one.vhd", ELSEWHERE);
        let device = Data::Device(device);
        store
            .element(LOADER, DEVICE, &device)
            .element(LOADER, OS_DEVICE, &device)
            .element(LOADER, PATH, &Data::Text(r"\nothing.exe"))
            .element(LOADER, SYSTEM_ROOT, &Data::Text(r"\nothing"));
    });
    check(&vhd, &[], &[]);
}

#[test]
fn a_further_hive_is_taken_out_when_asked() {
    let lab = changed(|store| {
        let device = Data::Device(bcd::partition(machine().windows));
        store.element(LOADER, IMC_DEVICE, &device).element(
            LOADER,
            IMC_HIVE_NAME,
            &Data::Text(r"\imc.hiv"),
        );
    });
    let cure = [
        format!("{LOADER} 21000138 deleted"),
        format!("{LOADER} 22000137 deleted"),
    ];
    check(&lab, &[LIKELY], &cure);
}

const NO_WINDOWS: &[(Offer, Certainty)] = &[(Offer::Report, Certainty::Certain)];
/// Two entries without loader files, and a default that is not in the store.
const TEMPLATE: &[(Offer, Certainty)] = &[
    (Offer::Report, Certainty::Likely),
    (Offer::Report, Certainty::Certain),
    (Offer::Report, Certainty::Certain),
];

/// What a real store gives.
struct Real {
    name: &'static str,
    /// As the store of a BIOS.
    bios: &'static [(Offer, Certainty)],
    /// As the store of a UEFI.
    uefi: &'static [(Offer, Certainty)],
    why: &'static str,
}

const REAL: &[Real] = &[
    Real {
        name: "area44-usbboot-bios.BCD",
        bios: NO_WINDOWS,
        uefi: NO_WINDOWS,
        why: "a setup medium: its one loader starts a Windows PE",
    },
    Real {
        name: "bcd-bios-win10-bcdboot",
        bios: &[],
        uefi: &[CERTAIN],
        why: "Windows on a BIOS: its loader is winload.exe",
    },
    Real {
        name: "bcd-media-uefi-slack",
        bios: NO_WINDOWS,
        uefi: NO_WINDOWS,
        why: "a setup medium",
    },
    Real {
        name: "bcd-recovery-bluepill",
        bios: NO_WINDOWS,
        uefi: NO_WINDOWS,
        why: "the small store of a recovery environment",
    },
    Real {
        name: "bcd-template-win11",
        bios: TEMPLATE,
        uefi: TEMPLATE,
        why: "what bcdboot makes stores from: no devices, no paths, the default of a setup",
    },
    Real {
        name: "bcd-uefi-win10-asus-20200706",
        bios: &[CERTAIN],
        uefi: &[],
        why: "Windows on a UEFI: its loader is winload.efi",
    },
    Real {
        name: "bcd-uefi-win10-regipy",
        bios: &[CERTAIN],
        uefi: &[],
        why: "Windows on a UEFI",
    },
    Real {
        name: "bcd-windeploy-uefi-minimal",
        bios: &[CERTAIN],
        uefi: &[],
        why: "Windows on a UEFI, found by a search: the only entry must be the drive's",
    },
    Real {
        name: "pybcd-BCDlaptop.BCD",
        bios: &[],
        uefi: &[CERTAIN],
        why: "Windows on a BIOS",
    },
    Real {
        name: "pybcd-BCDrecovery.BCD",
        bios: &[CERTAIN],
        uefi: &[],
        why: "Windows on a UEFI",
    },
    Real {
        name: "pybcd-BCDvm.BCD",
        bios: &[LIKELY],
        uefi: &[LIKELY, CERTAIN],
        why: "Windows on a BIOS, but the default is a Windows PE",
    },
];

#[test]
fn real_stores_give_what_they_have() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bcd");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no ../shared/bcd");
        return;
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".LOG") && !name.ends_with(".tsv"))
        .collect();
    names.sort();
    let known: Vec<&str> = REAL.iter().map(|real| real.name).collect();
    assert_eq!(names, known);
    for real in REAL {
        let store = std::fs::read(folder.join(real.name)).unwrap();
        for (path, manager, findings) in [
            ("Boot/BCD", "bootmgr", real.bios),
            (
                "EFI/Microsoft/Boot/BCD",
                "EFI/Microsoft/Boot/bootmgfw.efi",
                real.uefi,
            ),
        ] {
            let mut windows = Installation::new(&Options::default());
            windows.boot = None;
            // The ids of these machines' disks are not known.
            let lab = Lab::of(&windows.disk()).nowhere();
            lab.write(path, &store);
            lab.write(manager, b"no boot manager");
            let look = lab.plan(&Selection::default());
            assert_eq!(
                told(&look),
                findings,
                "{} as {path}: {}",
                real.name,
                real.why
            );
            let cures = findings.iter().filter(|(offer, _)| *offer != Offer::Report);
            let plan = lab.plan(&named(&[ID]));
            assert_eq!(edits(&plan).len(), cures.count(), "{} as {path}", real.name);
        }
    }
}

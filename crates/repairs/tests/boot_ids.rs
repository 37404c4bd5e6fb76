//! What `boot-device-ids` says and does about each relation of a store to a partition table.
//!
//! Invariants: tables are made by hand and stores by `testkit`, so that expected bytes come from
//! neither the repair nor the crate `bcd`. Absent on purpose: reading tables (see `disk`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use disk::partition::{Remark, Table};
use lab::{Lab, edits, gpt, guid, mbr, named};
use repairs::{Certainty, Offer, Plan, PlanError, Selection, Step};
use testkit::bcd::{self, BOOTMGR, Data, LOADER, MEMDIAG, Machine, Place, RESUME, Store};
use testkit::windows::{Installation, Options};
use volume::{Edit, HiveName, Target};

const ID: &str = "boot-device-ids";
const SECOND: &str = "{2c1a7f40-93b4-11ec-8d0a-00155d3f7a10}";
const DEVICE: u32 = 0x1100_0001;
const OS_DEVICE: u32 = 0x2100_0001;
const NOW: u32 = 0x7B1C_44E9;
const BEFORE: u32 = 0x1111_2222;
const SYSTEM: u64 = 0x0010_0000;
const WINDOWS: u64 = 0x1F50_0000;

const GPT_DISK: &str = "{6f2a9a0e-0c53-4b0f-8c39-52ac2d1d8f61}";
const GPT_ESP: &str = "{c81f5ad2-7b43-4f5e-9a1d-1f0b6f3f2e10}";
const GPT_WINDOWS: &str = "{d3b0e7a4-55f1-4c0b-b6a9-0a4c7e9d8b22}";
const GPT_BEFORE: &str = "{00112233-4455-6677-8899-aabbccddeeff}";

fn at(signature: u32, offset: u64) -> Place {
    Place::Mbr { signature, offset }
}

fn on(disk: &'static str, partition: &'static str) -> Place {
    Place::Gpt { disk, partition }
}

fn machine(system: Place, windows: Place) -> Machine {
    let machine = match system {
        Place::Mbr { .. } => Machine::bios(),
        Place::Gpt { .. } => Machine::uefi(),
    };
    Machine {
        system,
        windows,
        ..machine
    }
}

/// System Reserved and Windows, each a partition of the disk.
fn mbr_disk() -> Table {
    mbr(NOW, &[SYSTEM, WINDOWS])
}

fn gpt_disk() -> Table {
    gpt(guid(GPT_DISK), &[guid(GPT_ESP), guid(GPT_WINDOWS)])
}

/// Windows on the second partition of a table, its store on the first.
fn lab(table: Table, store: &Store) -> Lab {
    let mut windows = Installation::new(&Options::default());
    windows.boot = None;
    let lab = Lab::of(&windows.disk()).on(table, &[2, 1]);
    let uefi = store.get(BOOTMGR, 0x1200_0002).is_some();
    let [path, manager] = if uefi {
        ["EFI/Microsoft/Boot/BCD", "EFI/Microsoft/Boot/bootmgfw.efi"]
    } else {
        ["Boot/BCD", "bootmgr"]
    };
    lab.write_to_system(path, &store.build());
    lab.write_to_system(manager, b"no boot manager");
    lab
}

fn mbr_store(system: Place, windows: Place) -> Store {
    Store::windows(&machine(system, windows))
}

fn element(object: &str, element: u32) -> Target {
    Target {
        hive: HiveName::Bcd,
        key: format!(r"Objects\{object}\Elements\{element:08x}"),
        name: "Element".to_owned(),
    }
}

/// The elements that get these bytes.
fn sets(plan: &Plan) -> Vec<(Target, Vec<u8>)> {
    let set = |edit: Edit| match edit {
        Edit::SetValue(target, data) => (target, data.bytes),
        Edit::DeleteValue(target) => panic!("{target} is deleted"),
    };
    edits(plan).into_iter().map(set).collect()
}

fn wanted(elements: &[(&str, u32, Vec<u8>)]) -> Vec<(Target, Vec<u8>)> {
    let mut all: Vec<_> = elements
        .iter()
        .map(|(object, number, bytes)| (element(object, *number), bytes.clone()))
        .collect();
    all.sort();
    all
}

fn sorted(mut sets: Vec<(Target, Vec<u8>)>) -> Vec<(Target, Vec<u8>)> {
    sets.sort();
    sets
}

/// What a plan that only looks tells of this repair: offer, certainty and number of changes.
fn told(plan: &Plan) -> Vec<(Offer, Certainty, usize)> {
    let found = plan.found.iter().filter(|found| found.repair == ID);
    found
        .map(|found| {
            let finding = &found.finding;
            (finding.offer, finding.certainty, finding.cure.len())
        })
        .collect()
}

fn all_of(system: Place, windows: Place) -> Vec<(Target, Vec<u8>)> {
    let (system, windows) = (bcd::partition(system), bcd::partition(windows));
    wanted(&[
        (BOOTMGR, DEVICE, system.clone()),
        (MEMDIAG, DEVICE, system),
        (RESUME, DEVICE, windows.clone()),
        (RESUME, OS_DEVICE, windows.clone()),
        (LOADER, DEVICE, windows.clone()),
        (LOADER, OS_DEVICE, windows),
    ])
}

#[test]
fn another_disk_id_is_replaced_in_every_device_and_put_back() {
    let disks = [
        (
            lab(
                mbr_disk(),
                &mbr_store(at(BEFORE, SYSTEM), at(BEFORE, WINDOWS)),
            ),
            all_of(at(NOW, SYSTEM), at(NOW, WINDOWS)),
        ),
        (
            lab(
                gpt_disk(),
                &mbr_store(on(GPT_BEFORE, GPT_ESP), on(GPT_BEFORE, GPT_WINDOWS)),
            ),
            all_of(on(GPT_DISK, GPT_ESP), on(GPT_DISK, GPT_WINDOWS)),
        ),
    ];
    for (lab, expected) in disks {
        let before = lab.files();
        let plan = lab.plan(&Selection::default());
        assert_eq!(told(&plan), [(Offer::Recommended, Certainty::Certain, 6)]);
        assert_eq!(sorted(sets(&plan)), expected);
        let mut run = lab.apply(&plan);
        let volume = lab.open();
        for (target, bytes) in &expected {
            assert_eq!(
                volume.read(target).unwrap().unwrap().bytes,
                *bytes,
                "{target}"
            );
        }
        let again = lab.plan(&Selection::default());
        assert!(again.found.is_empty(), "{:?}", again.found);
        lab.undo(&mut run);
        assert!(lab.files() == before, "not put back byte for byte");
    }
}

#[test]
fn a_store_with_the_disks_own_ids_is_fine() {
    let stores = [
        (mbr_disk(), mbr_store(at(NOW, SYSTEM), at(NOW, WINDOWS))),
        (
            gpt_disk(),
            mbr_store(on(GPT_DISK, GPT_ESP), on(GPT_DISK, GPT_WINDOWS)),
        ),
    ];
    for (table, store) in stores {
        let plan = lab(table, &store).plan(&Selection::default());
        assert!(plan.fine.contains(&ID), "{:?}", plan.found);
    }
}

#[test]
fn boot_and_searches_never_go_stale() {
    let mut store = mbr_store(at(NOW, SYSTEM), at(NOW, WINDOWS));
    for object in [BOOTMGR, MEMDIAG, RESUME, LOADER] {
        store.element(object, DEVICE, &Data::Device(bcd::boot()));
    }
    let search = bcd::locate(0x2200_0002);
    store
        .element(LOADER, OS_DEVICE, &Data::Device(search.clone()))
        .element(RESUME, OS_DEVICE, &Data::Device(search));
    let plan = lab(mbr(BEFORE, &[SYSTEM, WINDOWS]), &store).plan(&Selection::default());
    assert!(plan.fine.contains(&ID), "{:?}", plan.found);
}

#[test]
fn what_only_can_be_meant_waits_to_be_asked_for() {
    // The disk is the same, the partitions have moved.
    let store = mbr_store(at(NOW, 0x0080_0000), at(NOW, 0x2000_0000));
    let lab = lab(mbr_disk(), &store);
    let look = lab.plan(&Selection::default());
    assert_eq!(told(&look), [(Offer::WhenAsked, Certainty::Likely, 6)]);
    assert_eq!(edits(&look), []);
    let plan = lab.plan(&named(&[ID]));
    let expected = all_of(at(NOW, SYSTEM), at(NOW, WINDOWS));
    assert_eq!(sorted(sets(&plan)), expected);
}

#[test]
fn a_loader_at_another_place_of_another_disk_is_no_proof() {
    // The boot manager is right; the loader has another id and the offset of System Reserved.
    let store = mbr_store(at(NOW, SYSTEM), at(BEFORE, SYSTEM));
    let plan = lab(mbr_disk(), &store).plan(&Selection::default());
    assert_eq!(told(&plan), [(Offer::WhenAsked, Certainty::Likely, 4)]);
}

#[test]
fn an_id_that_the_boot_manager_had_counts_for_every_entry() {
    let mut store = mbr_store(at(BEFORE, SYSTEM), at(BEFORE, WINDOWS));
    store.recovery_entry(bcd::Firmware::Bios, at(BEFORE, SYSTEM));
    let lab = lab(mbr_disk(), &store);
    let plan = lab.plan(&Selection::default());
    assert_eq!(told(&plan), [(Offer::Recommended, Certainty::Certain, 9)]);
    let image = bcd::ramdisk(
        Some(at(NOW, SYSTEM)),
        r"\Recovery\WindowsRE\Winre.wim",
        bcd::RECOVERY_OPTIONS,
    );
    let expected = wanted(&[
        (bcd::RECOVERY, DEVICE, image.clone()),
        (bcd::RECOVERY, OS_DEVICE, image),
        (
            bcd::RECOVERY_OPTIONS,
            0x3100_0003,
            bcd::partition(at(NOW, SYSTEM)),
        ),
    ]);
    let sets = sets(&plan);
    for change in expected {
        assert!(sets.contains(&change), "{}", change.0);
    }
}

#[test]
fn the_boot_manager_alone_is_proof() {
    let mut store = mbr_store(at(BEFORE, SYSTEM), at(BEFORE, SYSTEM));
    let lab_of = |store: &Store| lab(mbr_disk(), store).plan(&Selection::default());
    let certain = (Offer::Recommended, Certainty::Certain);
    // The loader has the same earlier id, and the offset of System Reserved: that is no Windows.
    let likely = (Offer::WhenAsked, Certainty::Likely);
    let plan = lab_of(&store);
    assert_eq!(
        told(&plan),
        [(certain.0, certain.1, 2), (likely.0, likely.1, 4)]
    );
    let search = Data::Device(bcd::locate(0x2200_0002));
    for object in [LOADER, RESUME] {
        store
            .element(object, DEVICE, &search)
            .element(object, OS_DEVICE, &search);
    }
    assert_eq!(told(&lab_of(&store)), [(certain.0, certain.1, 2)]);
}

#[test]
fn the_partition_that_holds_a_virtual_disk_is_compared_and_its_inside_kept() {
    let inner = at(0x5555_6666, 0x8000);
    let vhd = |holder| bcd::virtual_disk(holder, r"\vm\one.vhd", inner);
    let mut store = mbr_store(at(BEFORE, SYSTEM), at(BEFORE, WINDOWS));
    second(&mut store, vhd(at(BEFORE, WINDOWS)));
    let plan = lab(mbr_disk(), &store).plan(&Selection::default());
    assert_eq!(told(&plan), [(Offer::Recommended, Certainty::Certain, 8)]);
    let change = (element(SECOND, OS_DEVICE), vhd(at(NOW, WINDOWS)));
    assert!(sets(&plan).contains(&change));
}

/// Adds another Windows to the menu.
fn second(store: &mut Store, device: Vec<u8>) {
    let device = Data::Device(device);
    store
        .object(SECOND, 0x1020_0003)
        .element(SECOND, DEVICE, &device)
        .element(SECOND, OS_DEVICE, &device)
        .element(
            SECOND,
            0x1200_0002,
            &Data::Text(r"\Windows\system32\winload.exe"),
        )
        .element(SECOND, 0x2200_0002, &Data::Text(r"\Windows"))
        .append(BOOTMGR, 0x2400_0001, SECOND);
}

#[test]
fn a_system_on_another_disk_is_told_and_left() {
    for elsewhere in [
        at(BEFORE, WINDOWS),
        at(BEFORE, 0x4000_0000),
        on(GPT_BEFORE, GPT_ESP),
    ] {
        let mut store = mbr_store(at(NOW, SYSTEM), at(NOW, WINDOWS));
        second(&mut store, bcd::partition(elsewhere));
        let lab = lab(mbr_disk(), &store);
        let plan = lab.plan(&named(&[ID]));
        assert_eq!(
            told(&plan),
            [(Offer::Report, Certainty::Possible, 0)],
            "{elsewhere:?}"
        );
    }
}

#[test]
fn two_stale_systems_are_told_apart_or_left() {
    let changed = |other: u32| {
        let mut store = mbr_store(at(NOW, SYSTEM), at(BEFORE, WINDOWS));
        second(&mut store, bcd::partition(at(other, WINDOWS)));
        let plan = lab(mbr_disk(), &store).plan(&Selection::default());
        sets(&plan).len()
    };
    assert_eq!(
        changed(BEFORE),
        6,
        "both loaders and the resume object have one id"
    );
    assert_eq!(changed(0x3333_4444), 0, "either can be this disk's");
}

#[test]
fn a_gpt_partition_is_known_by_its_own_guid_alone() {
    let mut store = mbr_store(on(GPT_DISK, GPT_ESP), on(GPT_DISK, GPT_WINDOWS));
    second(&mut store, bcd::partition(on(GPT_BEFORE, GPT_WINDOWS)));
    let plan = lab(gpt_disk(), &store).plan(&Selection::default());
    assert_eq!(told(&plan), [(Offer::Recommended, Certainty::Certain, 2)]);
}

#[test]
fn another_kind_of_table_is_told_with_the_steps() {
    let cases = [
        (
            gpt_disk(),
            mbr_store(at(NOW, SYSTEM), at(NOW, WINDOWS)),
            "UEFI",
        ),
        (
            mbr_disk(),
            mbr_store(on(GPT_DISK, GPT_ESP), on(GPT_DISK, GPT_WINDOWS)),
            "BIOS",
        ),
    ];
    for (table, store, firmware) in cases {
        let plan = lab(table, &store).plan(&named(&[ID]));
        assert_eq!(told(&plan), [(Offer::Report, Certainty::Certain, 0)]);
        let steps = &plan.found.first().unwrap().finding.steps;
        let command = format!(r"bcdboot W:\Windows /s S: /f {firmware}");
        assert_eq!(*steps.first().unwrap(), Step::OnRecoveryMachine(command));
    }
}

#[test]
fn a_recovery_partition_that_is_gone_is_told() {
    let mut store = mbr_store(at(NOW, SYSTEM), at(NOW, WINDOWS));
    store.recovery_entry(bcd::Firmware::Bios, at(NOW, 0x4000_0000));
    let plan = lab(mbr_disk(), &store).plan(&named(&[ID]));
    assert_eq!(told(&plan), [(Offer::Report, Certainty::Possible, 0)]);
}

#[test]
fn a_device_that_cannot_be_read_is_told() {
    let mut store = mbr_store(at(NOW, SYSTEM), at(NOW, WINDOWS));
    store.element(LOADER, OS_DEVICE, &Data::Raw(3, &[0; 20]));
    let plan = lab(mbr_disk(), &store).plan(&Selection::default());
    assert_eq!(told(&plan), [(Offer::Report, Certainty::Certain, 0)]);
}

#[test]
fn what_cannot_be_judged_is_not_checked() {
    let store = || mbr_store(at(BEFORE, SYSTEM), at(BEFORE, WINDOWS));
    let hybrid = Table {
        remarks: vec![Remark::Hybrid { signature: NOW }],
        ..gpt_disk()
    };
    let labs = [
        (
            lab(mbr_disk(), &store()).nowhere(),
            if cfg!(windows) {
                "on Linux only"
            } else {
                "not where a whole file system is mounted"
            },
        ),
        (lab(mbr(0, &[SYSTEM, WINDOWS]), &store()), "no signature"),
        (lab(hybrid, &store()), "partitions beside the GPT"),
        (lab(mbr_disk(), &store()).on(mbr_disk(), &[2]), "not known"),
    ];
    for (lab, why) in labs {
        let plan = lab.plan(&Selection::default());
        let (_, reason) = plan.not_checked.iter().find(|(id, _)| *id == ID).unwrap();
        assert!(reason.contains(why), "{reason}");
        let refused = lab.try_plan(&named(&[ID]));
        assert!(matches!(
            refused,
            Err(PlanError::CouldNotLook { id: ID, .. })
        ));
    }
}

//! The rule checker: silent on what the builder writes and on real hives.
//!
//! Invariants: real hives are used when they lie beside the checkout. Absent: broken hives, which
//! `damage.rs` tests.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

use std::path::Path;

use testkit::rules::check;
use testkit::windows::{REPAIRS, broken, demo, healthy};
use testkit::{HiveBuilder, build::security};

#[test]
fn everything_built_keeps_the_rules() {
    for minor in 3..=6 {
        for (leaf_limit, holes) in [(usize::MAX, None), (3, Some(5)), (1, Some(99))] {
            let mut hive = HiveBuilder::with_minor(minor);
            (hive.leaf_limit, hive.holes) = (leaf_limit, holes);
            let other = security::descriptor(&security::local_system(), &security::users(), &[]);
            let other = hive.descriptor(other);
            let third = security::descriptor(&security::users(), &security::users(), &[]);
            let third = hive.descriptor(third);
            hive.key("A\\E").security = third;
            hive.key("A\\B\\C")
                .class("class")
                .sz("", "x")
                .binary("b", &[1; 40_000]);
            hive.key("A\\\u{416}").dword("\u{416}\u{416}", 1).security = other;
            hive.key("A\\D").security = other;
            for number in 0..1100 {
                hive.key(&format!("Many\\k{number}"));
            }
            hive.least_size = 1 << 20;
            assert_eq!(check(&hive.build()), [], "1.{minor}");
        }
    }
}

#[test]
fn depth_is_judged_where_the_limit_is() {
    let mut hive = HiveBuilder::new();
    hive.key(&vec!["d"; 512].join("\\"));
    assert_eq!(check(&hive.build()), []);
}

#[test]
fn all_disks_keep_the_rules() {
    let disks = REPAIRS
        .iter()
        .filter_map(|repair| broken(repair))
        .chain([healthy(), demo()]);
    for disk in disks {
        for (path, file) in disk
            .files
            .iter()
            .filter(|(_, file)| file.starts_with(b"regf"))
        {
            assert_eq!(check(file), [], "{path}");
        }
    }
}

#[test]
fn real_hives_keep_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/hives");
    if !folder.is_dir() {
        println!("skipped: no ../shared/hives");
        return;
    }
    for name in [
        "sys-win7sp1-2controlsets",
        "sys-xpsp3-controlset-1-and-3",
        "sys-win10-16299-dirty.EXPECTED-yarp",
        "logs-clean-server2012r2-amcache",
        "logs-new-win10-ntuser-23entries.EXPECTED-yarp",
        "logs-new-win10vm-localservice-log2first.EXPECTED-yarp",
        "logs-new-win10vm-networkservice-staletail.EXPECTED-yarp",
    ] {
        let mut faults = check(&std::fs::read(folder.join(name)).unwrap());
        if name.starts_with("sys-xpsp3") {
            let known = faults.iter().filter(|fault| fault.rule == "M1").count();
            assert_eq!(
                known, 2,
                "Windows XP itself wrote two names that are too long"
            );
            faults.retain(|fault| fault.rule != "M1");
        }
        let first: Vec<_> = faults.iter().take(5).collect();
        assert!(
            faults.is_empty(),
            "{name}: {} faults, {first:x?}",
            faults.len()
        );
    }
}

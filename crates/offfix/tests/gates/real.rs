//! The two disks of the issue, made from real hives where those are.

use crate::scratch::{CONFIG, Scratch};
use std::fs;
use std::path::{Path, PathBuf};
use testkit::windows::{broken, demo, pe};

/// A disk to try things on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The demonstration: small, two control sets, logs of the new format.
    Demo,
    /// The demonstration without its logs.
    NoLogs,
    /// A disk on which SYSTEM and SOFTWARE change in one run.
    TwoHives,
    /// Windows 7, SYSTEM alone, two control sets: no log format is known.
    D7,
    /// Windows 10, one control set, a kernel that says version 10, and empty logs.
    D10,
    /// The same Windows 10 as it was found: entries pending in both logs.
    Dirty10,
}

impl Which {
    /// The disk; `None`, after saying so, when its hive is not here.
    pub(crate) fn scratch(self) -> Option<Scratch> {
        let scratch = Scratch::empty();
        let (hive, kernel) = match self {
            Which::Demo | Which::NoLogs => {
                demo().write_to(&scratch.disk()).unwrap();
                if self == Which::NoLogs {
                    fs::remove_file(scratch.config("SYSTEM.LOG1")).unwrap();
                    fs::remove_file(scratch.config("SYSTEM.LOG2")).unwrap();
                }
                return Some(scratch);
            }
            Which::TwoHives => {
                let disk = broken("rdp-enabled").unwrap();
                disk.write_to(&scratch.disk()).unwrap();
                return Some(scratch);
            }
            Which::D7 => ("sys-win7sp1-2controlsets", false),
            Which::D10 => ("sys-win10-16299-dirty.EXPECTED-yarp", true),
            Which::Dirty10 => ("sys-win10-16299-dirty", true),
        };
        let bytes = fs::read(hives().join(hive));
        let Ok(bytes) = bytes else {
            println!("skipped: no real hive {hive}");
            return None;
        };
        fs::create_dir_all(scratch.disk().join(CONFIG)).unwrap();
        fs::write(scratch.config("SYSTEM"), bytes).unwrap();
        if kernel {
            for end in [".LOG1", ".LOG2"] {
                let log = match self {
                    Which::Dirty10 => fs::read(hives().join(format!("{hive}{end}"))).unwrap(),
                    _ => Vec::new(),
                };
                fs::write(scratch.config(&format!("SYSTEM{end}")), log).unwrap();
            }
            let image = pe::image("ntkrnlmp.exe", [10, 0, 16299, 15]);
            fs::write(scratch.disk().join("Windows/System32/ntoskrnl.exe"), image).unwrap();
        }
        Some(scratch)
    }

    /// What is planned for it: the article's recipe, or what changes two hives.
    pub(crate) fn selection(self) -> &'static [&'static str] {
        match self {
            Which::TwoHives => &["--repair", "rdp-enabled"],
            _ => &crate::ARTICLE,
        }
    }

    /// Its control sets.
    pub(crate) fn control_sets(self) -> &'static [&'static str] {
        match self {
            Which::D10 | Which::Dirty10 | Which::TwoHives => &["ControlSet001"],
            _ => &["ControlSet001", "ControlSet002"],
        }
    }
}

/// Where real hives are, when they are.
pub(crate) fn hives() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/hives")
}

//! The drivers Windows starts from, as healthy installations since Windows 8.1 have them, and how
//! much each is needed.
//!
//! Invariants: one row a driver; the values are what a missing key is made anew with, and never
//! what an existing one is measured by, but for `Start`. Absent on purpose: drivers of other
//! makers.

use crate::context::{Context, Error, Place};

/// How much a driver is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// By every Windows since Vista.
    Always,
    /// By what most have: dynamic disks, virtual disks, file system filters, NTFS.
    Mostly,
    /// When it is in the filter list of the volumes.
    Filter,
    /// When the machine has such a controller.
    Controller,
    /// When the machine is a VM of Hyper-V or Azure.
    HyperV,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Driver {
    /// Its service.
    pub(super) name: &'static str,
    /// Its file in `System32\drivers`.
    pub(super) file: &'static str,
    /// `Type`.
    pub(super) kind: u32,
    /// `Start`.
    pub(super) start: u32,
    /// Further starts that are no fault.
    pub(super) also: &'static [u32],
    /// `ErrorControl`.
    pub(super) error_control: u32,
    /// `Group`; empty for none.
    pub(super) group: &'static str,
    /// How much it is needed.
    pub(super) need: Need,
}

const fn row(
    name: &'static str,
    file: &'static str,
    error_control: u32,
    group: &'static str,
    need: Need,
) -> Driver {
    let (kind, start, also): (u32, u32, &[u32]) = (1, 0, &[]);
    Driver {
        name,
        file,
        kind,
        start,
        also,
        error_control,
        group,
        need,
    }
}

use Need::{Always, Controller, Filter, HyperV, Mostly};

const EARLY: &str = "Boot Bus Extender";
const BUS: &str = "System Bus Extender";
const PORT: &str = "SCSI Miniport";

/// Every driver this repair knows.
pub(super) const DRIVERS: [Driver; 22] = [
    row("ACPI", "ACPI.sys", 3, "Core", Always),
    row("pci", "pci.sys", 3, EARLY, Always),
    row("disk", "disk.sys", 1, "", Always),
    Driver {
        also: &[1],
        ..row("partmgr", "partmgr.sys", 3, EARLY, Always)
    },
    row("volmgr", "volmgr.sys", 3, BUS, Always),
    row("mountmgr", "mountmgr.sys", 3, BUS, Always),
    Driver {
        also: &[1, 3],
        ..row("volsnap", "volsnap.sys", 3, "", Always)
    },
    row("volmgrx", "volmgrx.sys", 3, BUS, Mostly),
    Driver {
        also: &[1, 3],
        ..row("vdrvroot", "vdrvroot.sys", 3, EARLY, Mostly)
    },
    row("CLFS", "CLFS.sys", 3, "Filter", Mostly),
    Driver {
        kind: 2,
        ..row("FltMgr", "fltmgr.sys", 3, "FSFilter Infrastructure", Mostly)
    },
    Driver {
        kind: 2,
        start: 3,
        also: &[0, 1, 2],
        ..row("Ntfs", "Ntfs.sys", 1, "Boot File System", Mostly)
    },
    row("fvevol", "fvevol.sys", 3, "PnP Filter", Filter),
    row("rdyboost", "rdyboost.sys", 3, "PnP Filter", Filter),
    row("intelide", "intelide.sys", 3, BUS, Controller),
    row("pciide", "pciide.sys", 3, BUS, Controller),
    row("atapi", "atapi.sys", 3, PORT, Controller),
    row("storahci", "storahci.sys", 3, PORT, Controller),
    row("stornvme", "stornvme.sys", 3, PORT, Controller),
    row("vmbus", "vmbus.sys", 1, BUS, HyperV),
    row("storvsc", "storvsc.sys", 1, "Base", HyperV),
    row("storflt", "vmstorfl.sys", 1, "Extended Base", Controller),
];

impl Driver {
    /// The row of a service.
    pub(super) fn of(service: &str) -> Option<&'static Driver> {
        let mut all = DRIVERS.iter();
        all.find(|driver| driver.name.eq_ignore_ascii_case(service))
    }

    /// `ImagePath` as Windows has it.
    pub(super) fn image(&self) -> String {
        format!(r"System32\drivers\{}", self.file)
    }

    /// Whether a start is none that hinders.
    pub(super) fn starts_with(&self, start: u32) -> bool {
        start == self.start || self.also.contains(&start)
    }
}

/// The machine a disk has last started on.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// Maker and product; empty when the disk does not tell.
    pub(super) name: String,
    /// The number by which `StartOverride` means it (since Windows 8).
    pub(super) id: Option<u32>,
    /// Whether it is a VM of Hyper-V, and so of Azure.
    pub(super) is_hyper_v: bool,
}

impl Machine {
    /// What SYSTEM says: `HardwareConfig`, which Windows writes at each boot since Windows 8, else
    /// `Control\SystemInformation`.
    pub(super) fn last(context: &Context<'_>, set: &Place<'_>) -> Result<Machine, Error> {
        let config = context.system("HardwareConfig");
        let mut place = set.below(r"Control\SystemInformation");
        let mut id = None;
        if let Some(last) = config.text("LastConfig")?.filter(|last| !last.is_empty()) {
            place = config.below(&last);
            id = match place.read("Id")? {
                Some(id) => id.as_dword(),
                None => config.read("LastId")?.and_then(|id| id.as_dword()),
            };
        }
        let maker = place.text("SystemManufacturer")?.unwrap_or_default();
        let product = place.text("SystemProductName")?.unwrap_or_default();
        let is_hyper_v = maker.trim() == "Microsoft Corporation"
            && product.trim().eq_ignore_ascii_case("Virtual Machine");
        Ok(Machine {
            name: format!("{maker} {product}").trim().to_owned(),
            id,
            is_hyper_v,
        })
    }
}

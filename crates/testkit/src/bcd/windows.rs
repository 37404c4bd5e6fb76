//! The store bcdboot makes for a Windows Server, on BIOS and UEFI, and further entries.
//!
//! Invariants: objects, types, elements and inheritance are those of real stores. Absent:
//! firmware variables and the mirror of the firmware's own boot order, except with
//! [`Store::foreign_entry`].

use super::{
    BADMEMORY, BOOTLOADERSETTINGS, BOOTMGR, DBGSETTINGS, Data, EMSSETTINGS, FOREIGN, FWBOOTMGR,
    GLOBALSETTINGS, HYPERVISORSETTINGS, MEMDIAG, Place, RESUMELOADERSETTINGS, Store, boot,
    partition, ramdisk,
};

/// The Windows loader, the default entry.
pub const LOADER: &str = "{2c1a7f35-93b4-11ec-8d0a-00155d3f7a10}";
/// The resume application.
pub const RESUME: &str = "{2c1a7f34-93b4-11ec-8d0a-00155d3f7a10}";
/// The loader of the recovery environment, see [`Store::recovery_entry`].
pub const RECOVERY: &str = "{2c1a7f36-93b4-11ec-8d0a-00155d3f7a10}";
/// The options of its RAM disk.
pub const RECOVERY_OPTIONS: &str = "{2c1a7f37-93b4-11ec-8d0a-00155d3f7a10}";

/// What starts the boot manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// Loaders end in `.exe`.
    Bios,
    /// Loaders end in `.efi`.
    Uefi,
}

/// What differs between one machine's store and another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Chooses loaders and paths.
    pub firmware: Firmware,
    /// Where the boot manager and the store lie.
    pub system: Place,
    /// Where Windows lies.
    pub windows: Place,
}

impl Machine {
    /// One disk with a master boot record: System Reserved at 1 MiB, Windows at 501 MiB.
    pub fn bios() -> Self {
        let on_disk = |offset| Place::Mbr {
            signature: 0x7B1C_44E9,
            offset,
        };
        Self {
            firmware: Firmware::Bios,
            system: on_disk(0x0010_0000),
            windows: on_disk(0x1F50_0000),
        }
    }

    /// One disk with a GUID partition table: EFI system partition and Windows.
    pub fn uefi() -> Self {
        let disk = "{6f2a9a0e-0c53-4b0f-8c39-52ac2d1d8f61}";
        let on_disk = |partition| Place::Gpt { disk, partition };
        Self {
            firmware: Firmware::Uefi,
            system: on_disk("{c81f5ad2-7b43-4f5e-9a1d-1f0b6f3f2e10}"),
            windows: on_disk("{d3b0e7a4-55f1-4c0b-b6a9-0a4c7e9d8b22}"),
        }
    }

    fn choose(&self, bios: &'static str, uefi: &'static str) -> &'static str {
        match self.firmware {
            Firmware::Bios => bios,
            Firmware::Uefi => uefi,
        }
    }
}

const DEVICE: u32 = 0x1100_0001;
const PATH: u32 = 0x1200_0002;
const DESCRIPTION: u32 = 0x1200_0004;
const LOCALE: u32 = 0x1200_0005;
const INHERIT: u32 = 0x1400_0006;
const OS_DEVICE: u32 = 0x2100_0001;
const DISPLAY_ORDER: u32 = 0x2400_0001;

impl Store {
    /// The system store bcdboot makes for this machine.
    pub fn windows(machine: &Machine) -> Self {
        let mut store = Self::new();
        let description = store.hive.key("Description");
        description.sz("KeyName", "BCD00000000").dword("System", 1);
        if machine.firmware == Firmware::Uefi {
            description.dword("TreatAsSystem", 1);
            store.hive.file_name =
                "\\Device\\HarddiskVolume1\\EFI\\Microsoft\\Boot\\BCD".to_owned();
        }
        store.settings();
        store.boot_manager(machine);
        store.memory_tester(machine);
        store.resume(machine);
        store.loader(machine);
        store
    }

    fn settings(&mut self) {
        for guid in [BADMEMORY, DBGSETTINGS, EMSSETTINGS, GLOBALSETTINGS] {
            self.object(guid, 0x2010_0000);
        }
        self.object(BOOTLOADERSETTINGS, 0x2020_0003);
        self.object(HYPERVISORSETTINGS, 0x2020_0003);
        self.object(RESUMELOADERSETTINGS, 0x2020_0004);
        let global = Data::Objects(&[GLOBALSETTINGS]);
        self.element(DBGSETTINGS, 0x1500_0011, &Data::Integer(4))
            .element(EMSSETTINGS, 0x1600_0020, &Data::Boolean(false))
            .element(
                GLOBALSETTINGS,
                INHERIT,
                &Data::Objects(&[DBGSETTINGS, EMSSETTINGS, BADMEMORY]),
            )
            .element(
                BOOTLOADERSETTINGS,
                INHERIT,
                &Data::Objects(&[GLOBALSETTINGS, HYPERVISORSETTINGS]),
            )
            .element(HYPERVISORSETTINGS, 0x2500_00f3, &Data::Integer(0))
            .element(HYPERVISORSETTINGS, 0x2500_00f4, &Data::Integer(1))
            .element(HYPERVISORSETTINGS, 0x2500_00f5, &Data::Integer(115_200))
            .element(RESUMELOADERSETTINGS, INHERIT, &global);
    }

    fn boot_manager(&mut self, machine: &Machine) {
        self.object(BOOTMGR, 0x1010_0002)
            .application(
                BOOTMGR,
                machine.system,
                "Windows Boot Manager",
                GLOBALSETTINGS,
            )
            .element(BOOTMGR, 0x2300_0003, &Data::Object(LOADER))
            .element(BOOTMGR, 0x2300_0006, &Data::Object(RESUME))
            .element(BOOTMGR, DISPLAY_ORDER, &Data::Objects(&[LOADER]))
            .element(BOOTMGR, 0x2400_0010, &Data::Objects(&[MEMDIAG]))
            .element(BOOTMGR, 0x2500_0004, &Data::Integer(30));
        if machine.firmware == Firmware::Uefi {
            let path = Data::Text("\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
            self.element(BOOTMGR, PATH, &path);
        }
    }

    fn memory_tester(&mut self, machine: &Machine) {
        let path = machine.choose("\\boot\\memtest.exe", "\\EFI\\Microsoft\\Boot\\memtest.efi");
        self.object(MEMDIAG, 0x1020_0005)
            .application(
                MEMDIAG,
                machine.system,
                "Windows Memory Diagnostic",
                GLOBALSETTINGS,
            )
            .element(MEMDIAG, PATH, &Data::Text(path))
            .element(MEMDIAG, 0x1600_000b, &Data::Boolean(true));
    }

    fn resume(&mut self, machine: &Machine) {
        let path = machine.choose(
            "\\Windows\\system32\\winresume.exe",
            "\\Windows\\system32\\winresume.efi",
        );
        let (windows, title) = (machine.windows, "Windows Resume Application");
        self.object(RESUME, 0x1020_0004)
            .application(RESUME, windows, title, RESUMELOADERSETTINGS)
            .element(RESUME, PATH, &Data::Text(path))
            .element(RESUME, 0x1700_0077, &Data::Integers(&[0x1500_0075]))
            .element(RESUME, OS_DEVICE, &Data::Device(partition(windows)))
            .element(RESUME, 0x2200_0002, &Data::Text("\\hiberfil.sys"))
            .element(RESUME, 0x2500_0008, &Data::Integer(1))
            .element(RESUME, 0x2600_0006, &Data::Boolean(false))
            .isolated(RESUME, machine);
    }

    fn loader(&mut self, machine: &Machine) {
        let path = machine.choose(
            "\\Windows\\system32\\winload.exe",
            "\\Windows\\system32\\winload.efi",
        );
        let (windows, title) = (machine.windows, "Windows Server");
        self.object(LOADER, 0x1020_0003)
            .application(LOADER, windows, title, BOOTLOADERSETTINGS)
            .element(LOADER, PATH, &Data::Text(path))
            .element(LOADER, 0x1700_0077, &Data::Integers(&[0x1500_0075]))
            .element(LOADER, OS_DEVICE, &Data::Device(partition(windows)))
            .element(LOADER, 0x2200_0002, &Data::Text("\\Windows"))
            .element(LOADER, 0x2300_0003, &Data::Object(RESUME))
            .element(LOADER, 0x2500_0020, &Data::Integer(1))
            .element(LOADER, 0x2500_00c2, &Data::Integer(1))
            .isolated(LOADER, machine);
    }

    /// Adds the recovery environment on a partition of its own, as the loader's way out.
    pub fn recovery_entry(&mut self, firmware: Firmware, place: Place) -> &mut Self {
        let path = match firmware {
            Firmware::Bios => "\\windows\\system32\\winload.exe",
            Firmware::Uefi => "\\windows\\system32\\winload.efi",
        };
        let image = "\\Recovery\\WindowsRE\\Winre.wim";
        let image = Data::Device(ramdisk(Some(place), image, RECOVERY_OPTIONS));
        self.object(RECOVERY, 0x1020_0003)
            .application(
                RECOVERY,
                place,
                "Windows Recovery Environment",
                BOOTLOADERSETTINGS,
            )
            .element(RECOVERY, DEVICE, &image)
            .element(RECOVERY, PATH, &Data::Text(path))
            .element(RECOVERY, OS_DEVICE, &image)
            .element(RECOVERY, 0x2200_0002, &Data::Text("\\windows"))
            .element(RECOVERY, 0x2500_0020, &Data::Integer(0))
            .element(RECOVERY, 0x2500_00c2, &Data::Integer(1))
            .element(RECOVERY, 0x2600_0022, &Data::Boolean(true))
            .element(RECOVERY, 0x4600_0010, &Data::Boolean(true))
            .object(RECOVERY_OPTIONS, 0x3000_0000)
            .element(
                RECOVERY_OPTIONS,
                DESCRIPTION,
                &Data::Text("Windows Recovery"),
            )
            .element(
                RECOVERY_OPTIONS,
                0x3100_0003,
                &Data::Device(partition(place)),
            )
            .element(
                RECOVERY_OPTIONS,
                0x3200_0004,
                &Data::Text("\\Recovery\\WindowsRE\\boot.sdi"),
            )
            .element(LOADER, 0x1400_0008, &Data::Objects(&[RECOVERY]))
            .element(LOADER, 0x1600_0009, &Data::Boolean(true))
    }

    /// Adds another system's entry: a boot sector in the menu on BIOS, and on UEFI an entry of
    /// the firmware's own boot order.
    pub fn foreign_entry(&mut self, firmware: Firmware) -> &mut Self {
        match firmware {
            Firmware::Bios => self
                .object(FOREIGN, 0x1040_0008)
                .element(FOREIGN, DEVICE, &Data::Device(boot()))
                .element(FOREIGN, PATH, &Data::Text("\\grldr.mbr"))
                .element(FOREIGN, DESCRIPTION, &Data::Text("GRUB"))
                .append(BOOTMGR, DISPLAY_ORDER, FOREIGN),
            Firmware::Uefi => self
                .object(FOREIGN, 0x101F_FFFF)
                .element(
                    FOREIGN,
                    DEVICE,
                    &Data::Device(partition(Machine::uefi().system)),
                )
                .element(FOREIGN, PATH, &Data::Text("\\EFI\\debian\\shimx64.efi"))
                .element(FOREIGN, DESCRIPTION, &Data::Text("debian"))
                .object(FWBOOTMGR, 0x1010_0001)
                .element(
                    FWBOOTMGR,
                    DISPLAY_ORDER,
                    &Data::Objects(&[BOOTMGR, FOREIGN]),
                )
                .element(FWBOOTMGR, 0x2500_0004, &Data::Integer(0)),
        }
    }

    /// What every boot application has.
    fn application(&mut self, guid: &str, device: Place, title: &str, parent: &str) -> &mut Self {
        self.element(guid, DEVICE, &Data::Device(partition(device)))
            .element(guid, DESCRIPTION, &Data::Text(title))
            .element(guid, LOCALE, &Data::Text("en-US"))
            .element(guid, INHERIT, &Data::Objects(&[parent]))
    }

    /// What applications of the operating system have on UEFI.
    fn isolated(&mut self, guid: &str, machine: &Machine) -> &mut Self {
        match machine.firmware {
            Firmware::Bios => self,
            Firmware::Uefi => self.element(guid, 0x1600_0060, &Data::Boolean(true)),
        }
    }
}

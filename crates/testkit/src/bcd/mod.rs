//! Builds boot configuration (BCD) stores: version 1.3 hives as bcdboot leaves them, and changes.
//!
//! Invariants: nothing of the product is used, so that what it reads was written by somebody else;
//! the same calls give the same bytes; GUIDs are lower-case text in braces, elements eight
//! lower-case digits. Absent: firmware variables, the allocator state `GuidCache`, logs.

mod device;
mod windows;

use crate::build::security::{Ace, KEY_ALL, KEY_READ, administrators, descriptor, local_system};
use crate::build::{HiveBuilder, Key};
pub use device::{Place, boot, file, locate, partition, ramdisk, virtual_disk};
pub use windows::{Firmware, LOADER, Machine, RECOVERY, RECOVERY_OPTIONS, RESUME};

/// The boot manager.
pub const BOOTMGR: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
/// The firmware's boot manager.
pub const FWBOOTMGR: &str = "{a5a30fa2-3d06-4e9f-b5f4-a01df9d1fcba}";
/// The memory tester.
pub const MEMDIAG: &str = "{b2721d73-1db4-4c62-bf78-c548a880142d}";
/// Kernel debugger settings.
pub const DBGSETTINGS: &str = "{4636856e-540f-4170-a130-a84776f4c654}";
/// Emergency management (serial console) settings.
pub const EMSSETTINGS: &str = "{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}";
/// Known bad memory.
pub const BADMEMORY: &str = "{5189b25c-5558-4bf2-bca4-289b11bd29e2}";
/// What every application inherits.
pub const GLOBALSETTINGS: &str = "{7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e}";
/// What loaders inherit.
pub const BOOTLOADERSETTINGS: &str = "{6efb52bf-1766-41db-a6b3-0ee5eff72bd7}";
/// What resume applications inherit.
pub const RESUMELOADERSETTINGS: &str = "{1afa9c49-16ab-4a5c-901b-212802da9460}";
/// Hypervisor settings.
pub const HYPERVISORSETTINGS: &str = "{7ff607e0-4395-11db-b0de-0800200c9a66}";
/// The entry [`Store::foreign_entry`] adds.
pub const FOREIGN: &str = "{5f0b2b61-9c1e-11ec-8d0a-00155d3f7a10}";

/// The data of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data<'a> {
    /// What [`boot`], [`partition`] and their like give.
    Device(Vec<u8>),
    /// A string.
    Text(&'a str),
    /// The GUID of an object.
    Object(&'a str),
    /// GUIDs of objects.
    Objects(&'a [&'a str]),
    /// A number, stored in 8 bytes.
    Integer(u64),
    /// Yes or no, one byte.
    Boolean(bool),
    /// Numbers of 8 bytes each.
    Integers(&'a [u64]),
    /// Registry type and data as they stand.
    Raw(u32, &'a [u8]),
}

/// A store under construction.
#[derive(Debug, Clone)]
pub struct Store {
    /// The hive, for changes that are none of objects and elements.
    pub hive: HiveBuilder,
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// An empty store, as `bcdedit /createstore` makes it.
    pub fn new() -> Self {
        let mut hive = HiveBuilder::with_minor(3);
        hive.file_name = "\\Device\\HarddiskVolume1\\Boot\\BCD".to_owned();
        hive.root = Key::new("NewStoreRoot");
        let outer = hive.descriptor(key_descriptor(KEY_ALL));
        // Read and change the list of rights: why nobody can edit a loaded store by hand.
        let inner = hive.descriptor(key_descriptor(KEY_READ | 0x0004_0000));
        hive.root.security = outer;
        hive.key("Description").sz("KeyName", "BCD00000001");
        hive.key("Objects").security = inner;
        Self { hive }
    }

    /// The store of a BIOS machine with Windows Server, [`Machine::bios`].
    pub fn bios_windows() -> Self {
        Self::windows(&Machine::bios())
    }

    /// The store of a UEFI machine with Windows Server, [`Machine::uefi`].
    pub fn uefi_windows() -> Self {
        Self::windows(&Machine::uefi())
    }

    /// Adds an object without elements, or gives the one that is there another type.
    pub fn object(&mut self, guid: &str, kind: u32) -> &mut Self {
        let object = self.hive.key("Objects").child(guid);
        object.child("Description").dword("Type", kind);
        object.child("Elements");
        self
    }

    /// Takes an object out. What names it stays.
    pub fn remove_object(&mut self, guid: &str) -> &mut Self {
        self.hive.root.remove(&format!("Objects\\{guid}"));
        self
    }

    /// Sets an element of an object, which is made without a type when it is not there.
    pub fn element(&mut self, guid: &str, element: u32, data: &Data<'_>) -> &mut Self {
        let key = self.hive.key(&element_path(guid, element));
        let integers = |numbers: &[u64]| {
            numbers
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        match data {
            Data::Device(bytes) => key.binary("Element", bytes),
            Data::Text(text) | Data::Object(text) => key.sz("Element", text),
            Data::Objects([]) => key.value("Element", 7, &[0, 0]),
            Data::Objects(guids) => key.multi_sz("Element", guids),
            Data::Integer(number) => key.binary("Element", &integers(&[*number])),
            Data::Boolean(yes) => key.binary("Element", &[u8::from(*yes)]),
            Data::Integers(numbers) => key.binary("Element", &integers(numbers)),
            Data::Raw(kind, bytes) => key.value("Element", *kind, bytes),
        };
        self
    }

    /// Takes an element out.
    pub fn remove_element(&mut self, guid: &str, element: u32) -> &mut Self {
        self.hive.root.remove(&element_path(guid, element));
        self
    }

    /// Type number and data of an element, if it is there.
    pub fn get(&self, guid: &str, element: u32) -> Option<(u32, &[u8])> {
        let value = self
            .hive
            .root
            .get(&element_path(guid, element))?
            .find("Element")?;
        Some((value.kind, &value.data))
    }

    /// Adds a GUID at the end of a list of objects, which is made when it is not there.
    pub fn append(&mut self, guid: &str, element: u32, item: &str) -> &mut Self {
        let mut items = self.list(guid, element);
        items.push(item.to_owned());
        self.set_list(guid, element, &items)
    }

    /// Takes a GUID out of a list of objects.
    pub fn unlink(&mut self, guid: &str, element: u32, item: &str) -> &mut Self {
        let mut items = self.list(guid, element);
        items.retain(|found| found != item);
        self.set_list(guid, element, &items)
    }

    /// Takes the serial console settings out, and out of what inherits them.
    pub fn without_emssettings(&mut self) -> &mut Self {
        self.remove_object(EMSSETTINGS)
            .unlink(GLOBALSETTINGS, 0x1400_0006, EMSSETTINGS)
    }

    /// Writes the store.
    pub fn build(&self) -> Vec<u8> {
        self.hive.build()
    }

    fn list(&self, guid: &str, element: u32) -> Vec<String> {
        let (_, data) = self.get(guid, element).unwrap_or_default();
        let units: Vec<u16> = data
            .as_chunks()
            .0
            .iter()
            .copied()
            .map(u16::from_le_bytes)
            .collect();
        let items = units
            .split(|unit| *unit == 0)
            .filter(|item| !item.is_empty());
        items.map(String::from_utf16_lossy).collect()
    }

    fn set_list(&mut self, guid: &str, element: u32, items: &[String]) -> &mut Self {
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        self.element(guid, element, &Data::Objects(&items))
    }
}

/// All rights for SYSTEM, these for administrators, and nothing that new keys would inherit.
fn key_descriptor(rights: u32) -> Vec<u8> {
    let allow = |mask, sid| Ace {
        flags: 0,
        ..Ace::allow(mask, sid)
    };
    let dacl = [
        allow(rights, administrators()),
        allow(KEY_ALL, local_system()),
    ];
    descriptor(&administrators(), &local_system(), &dacl)
}

fn element_path(guid: &str, element: u32) -> String {
    format!("Objects\\{guid}\\Elements\\{element:08x}")
}

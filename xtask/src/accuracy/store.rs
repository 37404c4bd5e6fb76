//! A boot configuration store as the table of faults sees it: where it lies, and the keys behind
//! names such as `{default}`.
//!
//! Invariants: read with hivexregedit, like every hive here. Absent on purpose: the meaning of
//! elements beyond those that tell which firmware a store is for and what it starts.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use testkit::windows::{Disk, pe};

use super::data::Data;
use super::registry::Listing;

/// Where firmware looks, and what it starts there.
const BIOS: [&str; 2] = ["Boot/BCD", "bootmgr"];
const UEFI: [&str; 2] = ["EFI/Microsoft/Boot/BCD", "EFI/Microsoft/Boot/bootmgfw.efi"];
const BOOTMGR: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
const EMS_SETTINGS: &str = "{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}";
/// The type of an object that is a Windows loader.
const LOADER: u32 = 0x1020_0003;

/// One store.
#[derive(Clone, Debug)]
pub(super) struct Store {
    /// Its file on the disk.
    pub(super) file: String,
    pub(super) listing: Listing,
    pub(super) uefi: bool,
    /// Whether what it starts is an installed Windows.
    pub(super) installed: bool,
    /// How many installed Windows it can start.
    pub(super) loaders: usize,
    default: Option<String>,
}

impl Store {
    fn new(file: &str, listing: Listing) -> Store {
        let element = |object: &str, number: &str| {
            let key = format!(r"Objects\{object}\Elements\{number}");
            listing.value(&key, "Element").cloned()
        };
        let default = element(BOOTMGR, "23000003").map(|data| data.text());
        let starts = |object: &str| {
            let kind = listing.value(&format!(r"Objects\{object}\Description"), "Type");
            let is_loader = kind.is_some_and(|it| it.bytes == LOADER.to_le_bytes());
            // The device of what lies in an image names options in its first bytes.
            let in_image = |it: &Data| it.bytes.iter().take(16).any(|byte| *byte != 0);
            let device = element(object, "21000001");
            is_loader && device.is_some_and(|device| !in_image(&device))
        };
        let objects = listing.below("Objects").filter_map(|key| {
            let (_, object) = key.path.split_once('\\')?;
            (!object.contains('\\')).then(|| object.to_owned())
        });
        let loaders = objects.filter(|object| starts(object)).count();
        let path = |object: &str| element(object, "12000002").map(|data| data.text());
        let started = default.as_deref().and_then(path);
        let first = path(BOOTMGR).or(started).unwrap_or_default();
        Store {
            file: file.to_owned(),
            uefi: first.to_lowercase().ends_with(".efi"),
            installed: default.as_deref().is_some_and(starts),
            loaders,
            default,
            listing,
        }
    }

    /// The key of `{object}\element`; `None` when the store has no such object.
    pub(super) fn key(&self, path: &str) -> Option<String> {
        let (object, element) = path.split_once('\\')?;
        let object = match object {
            "{bootmgr}" => BOOTMGR,
            "{emssettings}" => EMS_SETTINGS,
            "{default}" => self.default.as_deref()?,
            object => object,
        };
        let object = format!(r"Objects\{object}");
        self.listing.key(&object)?;
        Some(format!(r"{object}\Elements\{element}"))
    }
}

/// The store of a written disk.
pub(super) fn find(disk: &Path) -> Result<Option<Store>> {
    let files = [UEFI, BIOS].into_iter().map(|[file, _]| file);
    let Some(file) = files.into_iter().find(|file| disk.join(file).is_file()) else {
        return Ok(None);
    };
    let listing = Listing::of(&disk.join(file), "")?;
    Ok(Some(Store::new(file, listing)))
}

/// Gives a disk another store, where the firmware it is for looks.
pub(super) fn replace(disk: &mut Disk, store: &Path, scratch: &Path) -> Result<()> {
    let place = || store.display().to_string();
    let bytes = fs::read(store).with_context(place)?;
    // The tool may not touch the original.
    let copy = scratch.join("store");
    fs::write(&copy, &bytes)?;
    let uefi = Store::new("", Listing::of(&copy, "").with_context(place)?).uefi;
    let [file, program] = if uefi { UEFI } else { BIOS };
    disk.files
        .retain(|path, _| !path.starts_with("Boot/") && path != "bootmgr");
    disk.files.insert(file.to_owned(), bytes);
    let image = pe::image("bootmgr.exe", [10, 0, 14393, 6897]);
    disk.files.insert(program.to_owned(), image);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::windows;
    use xshell::Shell;

    #[test]
    fn the_store_of_testkit_is_understood() {
        if !crate::accuracy::has_tool() {
            return;
        }
        let folder = Shell::new().unwrap().create_temp_dir().unwrap();
        windows::healthy().write_to(folder.path()).unwrap();
        let store = find(folder.path()).unwrap().unwrap();
        assert_eq!(
            (store.uefi, store.installed, store.loaders),
            (false, true, 1)
        );
        assert!(
            store
                .key(r"{default}\25000080")
                .unwrap()
                .ends_with(r"Elements\25000080")
        );
        assert!(
            store
                .key(r"{00000000-0000-0000-0000-000000000000}\1")
                .is_none()
        );
    }
}

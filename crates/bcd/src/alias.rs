//! Objects with a name of their own: `{bootmgr}` and the rest, both ways.
//!
//! Invariants: one name is printed for each GUID, every known synonym is read, in any case, with
//! or without braces. Absent on purpose: `{default}`, which depends on the store
//! ([`crate::Store::resolve`]), and `{current}`, which means nothing offline.

use crate::guid::Guid;
use thiserror::Error;

/// A word that names no object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// `{current}`: the entry the running Windows was started from.
    #[error(
        "`{{current}}` is the entry that the running Windows was started from; this store is \
             not running"
    )]
    Current,
    /// `{default}` in a store whose boot manager has none.
    #[error("`{{default}}`: the boot manager has neither a default nor a display order")]
    NoDefault,
    /// Neither a GUID nor a known name.
    #[error("`{0}` is neither a GUID nor the name of an object")]
    Unknown(String),
}

/// GUIDs and their names; of several names the first is the one printed.
const NAMES: [(Guid, &str); 15] = [
    (Guid::BOOTMGR, "bootmgr"),
    (Guid::FWBOOTMGR, "fwbootmgr"),
    (Guid::MEMDIAG, "memdiag"),
    (Guid::NTLDR, "ntldr"),
    (Guid::NTLDR, "legacy"),
    (Guid::DBG_SETTINGS, "dbgsettings"),
    (Guid::DBG_SETTINGS, "eventsettings"),
    (Guid::EMS_SETTINGS, "emssettings"),
    (Guid::BAD_MEMORY, "badmemory"),
    (Guid::GLOBAL_SETTINGS, "globalsettings"),
    (Guid::BOOT_LOADER_SETTINGS, "bootloadersettings"),
    (Guid::RESUME_LOADER_SETTINGS, "resumeloadersettings"),
    (Guid::HYPERVISOR_SETTINGS, "hypervisorsettings"),
    (Guid::KERNEL_DBG_SETTINGS, "kerneldbgsettings"),
    (Guid::RAMDISK_OPTIONS, "ramdiskoptions"),
];

impl Guid {
    /// `{bootmgr}`: the Windows boot manager.
    pub const BOOTMGR: Self = Self::from_u128(0x9dea862c_5cdd_4e70_acc1_f32b344d4795);
    /// `{fwbootmgr}`: the firmware's boot manager.
    pub const FWBOOTMGR: Self = Self::from_u128(0xa5a30fa2_3d06_4e9f_b5f4_a01df9d1fcba);
    /// `{memdiag}`: the memory tester.
    pub const MEMDIAG: Self = Self::from_u128(0xb2721d73_1db4_4c62_bf78_c548a880142d);
    /// `{ntldr}`, also `{legacy}`: the loader of a Windows before Vista.
    pub const NTLDR: Self = Self::from_u128(0x466f5a88_0af2_4f76_9038_095b170dc21c);
    /// `{dbgsettings}`, also `{eventsettings}`: debugger settings.
    pub const DBG_SETTINGS: Self = Self::from_u128(0x4636856e_540f_4170_a130_a84776f4c654);
    /// `{emssettings}`: port and speed of Emergency Management Services.
    pub const EMS_SETTINGS: Self = Self::from_u128(0x0ce4991b_e6b3_4b16_b23c_5e0d9250e5d9);
    /// `{badmemory}`: pages of memory to leave out.
    pub const BAD_MEMORY: Self = Self::from_u128(0x5189b25c_5558_4bf2_bca4_289b11bd29e2);
    /// `{globalsettings}`: what every boot application inherits.
    pub const GLOBAL_SETTINGS: Self = Self::from_u128(0x7ea2e1ac_2e61_4728_aaa3_896d9d0a9f0e);
    /// `{bootloadersettings}`: what every Windows loader inherits.
    pub const BOOT_LOADER_SETTINGS: Self = Self::from_u128(0x6efb52bf_1766_41db_a6b3_0ee5eff72bd7);
    /// `{resumeloadersettings}`: what every resume object inherits.
    pub const RESUME_LOADER_SETTINGS: Self =
        Self::from_u128(0x1afa9c49_16ab_4a5c_901b_212802da9460);
    /// `{hypervisorsettings}`: debugging of the hypervisor.
    pub const HYPERVISOR_SETTINGS: Self = Self::from_u128(0x7ff607e0_4395_11db_b0de_0800200c9a66);
    /// `{kerneldbgsettings}`: debugging of the kernel alone.
    pub const KERNEL_DBG_SETTINGS: Self = Self::from_u128(0x313e8eed_7098_4586_a9bf_309c61f8d449);
    /// `{ramdiskoptions}`: options of a RAM disk.
    pub const RAMDISK_OPTIONS: Self = Self::from_u128(0xae5534e0_a924_466c_b836_758539a3ee3a);
    /// Options of the RAM disk of install media; no name.
    pub const SETUP_RAMDISK_OPTIONS: Self = Self::from_u128(0x7619dcc8_fafe_11d9_b411_000476eba25f);
    /// The loader of install media; no name.
    pub const SETUP: Self = Self::from_u128(0x7619dcc9_fafe_11d9_b411_000476eba25f);
    /// The loader of install media for UEFI; no name.
    pub const SETUP_EFI: Self = Self::from_u128(0x7254a080_1510_4e85_ac0f_e7fb3d444736);

    /// The object of that name, in any case, with both braces or none.
    #[must_use]
    pub fn from_alias(name: &str) -> Option<Self> {
        let name = bare(name)?;
        NAMES
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name))
            .map(|&(id, _)| id)
    }

    /// The name of this object, without braces.
    #[must_use]
    pub fn alias(self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|&&(id, _)| id == self)
            .map(|&(_, name)| name)
    }
}

/// A name without its braces; `None` when only one is there.
pub(crate) fn bare(name: &str) -> Option<&str> {
    match name.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}'),
        None => (!name.ends_with('}')).then_some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (id, name) in NAMES {
            assert_eq!(Guid::from_alias(name), Some(id));
            assert_eq!(
                Guid::from_alias(&format!("{{{}}}", name.to_uppercase())),
                Some(id)
            );
            let printed = id.alias().unwrap();
            assert_eq!(Guid::from_alias(printed), Some(id));
        }
        assert_eq!(Guid::NTLDR.alias(), Some("ntldr"));
        assert_eq!(Guid::DBG_SETTINGS.alias(), Some("dbgsettings"));
        assert_eq!(Guid::SETUP.alias(), None);
    }

    #[test]
    fn what_depends_on_the_store_is_no_alias() {
        for name in ["default", "{current}", "{bootmgr", "bootmgr}", "{}", ""] {
            assert_eq!(Guid::from_alias(name), None, "{name}");
        }
    }

    #[test]
    fn the_text_of_some() {
        let resume = "{1afa9c49-16ab-4a5c-901b-212802da9460}";
        assert_eq!(Guid::RESUME_LOADER_SETTINGS.to_string(), resume);
        assert_eq!(
            Guid::EMS_SETTINGS.to_string(),
            "{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}"
        );
    }
}

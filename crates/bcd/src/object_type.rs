//! The type of an object: what kind of thing it is, and which program reads it.
//!
//! Invariants: any 32-bit number is an object type and survives; what its fields do not say is
//! `None`. Absent on purpose: which elements an object of a type may have ([`mod@crate::element`]).

use crate::guid::Guid;
use std::fmt;

/// The value `Type` of an object's description; zero stands for a missing or unreadable one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectType(pub u32);

/// Bits 31 to 28: what the object is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something that can be started.
    Application,
    /// Elements that other objects take over.
    Inherit,
    /// Options of a device.
    Device,
}

/// Bits 23 to 20 of an application: what sort of image is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// A firmware application.
    Firmware,
    /// A Windows boot application.
    WindowsBoot,
    /// The loader of a Windows before Vista.
    LegacyLoader,
    /// Real-mode code.
    RealMode,
}

/// Bits 19 to 0 of an application, and of what applications of one type inherit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// The firmware's own boot manager.
    FirmwareBootManager,
    /// The Windows boot manager.
    BootManager,
    /// A Windows loader.
    OsLoader,
    /// The program that resumes from hibernation.
    Resume,
    /// The memory tester.
    MemoryTester,
    /// The loader of a Windows before Vista.
    Ntldr,
    /// The loader of an old Windows setup.
    SetupLoader,
    /// A boot sector.
    BootSector,
    /// Real-mode startup code.
    Startup,
    /// Another boot application.
    BootApplication,
}

/// Bits 23 to 20 of an inherit object: who may inherit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InheritClass {
    /// Any object.
    Any,
    /// Applications of one type.
    Application,
    /// Device objects.
    Device,
}

impl ObjectType {
    /// The firmware's boot manager, a mirror of variables in the firmware.
    pub const FIRMWARE_BOOT_MANAGER: Self = Self(0x1010_0001);
    /// The Windows boot manager.
    pub const BOOT_MANAGER: Self = Self(0x1010_0002);
    /// A mirror of one boot entry of the firmware.
    pub const FIRMWARE_APPLICATION: Self = Self(0x101F_FFFF);
    /// A Windows loader.
    pub const OS_LOADER: Self = Self(0x1020_0003);
    /// Resume from hibernation.
    pub const RESUME: Self = Self(0x1020_0004);
    /// The memory tester.
    pub const MEMORY_TESTER: Self = Self(0x1020_0005);
    /// The loader of a Windows before Vista.
    pub const NTLDR: Self = Self(0x1030_0006);
    /// What any object may inherit: global, debugger, EMS and memory settings.
    pub const SETTINGS: Self = Self(0x2010_0000);
    /// What Windows loaders inherit.
    pub const OS_LOADER_SETTINGS: Self = Self(0x2020_0003);
    /// What resume objects inherit.
    pub const RESUME_SETTINGS: Self = Self(0x2020_0004);
    /// Options of a device, mostly of a RAM disk.
    pub const DEVICE: Self = Self(0x3000_0000);

    /// What the object is for.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        match self.0 >> 28 {
            1 => Some(Kind::Application),
            2 => Some(Kind::Inherit),
            3 => Some(Kind::Device),
            _ => None,
        }
    }

    /// What sort of image an application is.
    #[must_use]
    pub fn image(self) -> Option<Image> {
        match (self.kind()?, self.second_field()) {
            (Kind::Application, 1) => Some(Image::Firmware),
            (Kind::Application, 2) => Some(Image::WindowsBoot),
            (Kind::Application, 3) => Some(Image::LegacyLoader),
            (Kind::Application, 4) => Some(Image::RealMode),
            _ => None,
        }
    }

    /// Who may inherit an inherit object.
    #[must_use]
    pub fn inherit_class(self) -> Option<InheritClass> {
        match (self.kind()?, self.second_field()) {
            (Kind::Inherit, 1) => Some(InheritClass::Any),
            (Kind::Inherit, 2) => Some(InheritClass::Application),
            (Kind::Inherit, 3) => Some(InheritClass::Device),
            _ => None,
        }
    }

    /// The application it is, or whose objects inherit it.
    #[must_use]
    pub fn application(self) -> Option<Application> {
        let inherited = self.inherit_class() == Some(InheritClass::Application);
        if self.kind()? != Kind::Application && !inherited {
            return None;
        }
        Some(match self.0 & 0xF_FFFF {
            0x1 => Application::FirmwareBootManager,
            0x2 => Application::BootManager,
            0x3 => Application::OsLoader,
            0x4 => Application::Resume,
            0x5 => Application::MemoryTester,
            0x6 => Application::Ntldr,
            0x7 => Application::SetupLoader,
            0x8 => Application::BootSector,
            0x9 => Application::Startup,
            0xA => Application::BootApplication,
            _ => return None,
        })
    }

    /// The heading under which an object of this type and id is listed.
    #[must_use]
    pub fn title(self, id: Guid) -> String {
        let known = match self {
            Self::FIRMWARE_BOOT_MANAGER => "Firmware Boot Manager",
            Self::BOOT_MANAGER => "Windows Boot Manager",
            Self::OS_LOADER if [Guid::SETUP, Guid::SETUP_EFI].contains(&id) => "Windows Setup",
            Self::OS_LOADER => "Windows Boot Loader",
            Self::RESUME => "Resume from Hibernate",
            Self::MEMORY_TESTER => "Windows Memory Tester",
            Self::NTLDR => "Windows Legacy OS Loader",
            Self(0x1040_0008) => "Real-mode Boot Sector",
            Self::SETTINGS if id == Guid::GLOBAL_SETTINGS => "Global Settings",
            Self::SETTINGS if id == Guid::DBG_SETTINGS => "Debugger Settings",
            Self::SETTINGS if id == Guid::EMS_SETTINGS => "EMS Settings",
            Self::SETTINGS if id == Guid::BAD_MEMORY => "RAM Defects",
            Self::OS_LOADER_SETTINGS if id == Guid::BOOT_LOADER_SETTINGS => "Boot Loader Settings",
            Self::OS_LOADER_SETTINGS if id == Guid::HYPERVISOR_SETTINGS => "Hypervisor Settings",
            Self::OS_LOADER_SETTINGS if id == Guid::KERNEL_DBG_SETTINGS => {
                "Kernel Debugger Settings"
            }
            Self::RESUME_SETTINGS if id == Guid::RESUME_LOADER_SETTINGS => "Resume Loader Settings",
            Self::DEVICE if id == Guid::SETUP_RAMDISK_OPTIONS => "Setup Ramdisk Options",
            _ => return self.general_title(),
        };
        known.to_owned()
    }

    fn general_title(self) -> String {
        match (self.kind(), self.image()) {
            (Some(Kind::Application), Some(Image::Firmware)) => {
                format!("Firmware Application ({self})")
            }
            (Some(Kind::Application), Some(Image::RealMode)) => {
                format!("Real-mode Application ({self})")
            }
            (Some(Kind::Application), _) => format!("Boot application ({self})"),
            (Some(Kind::Inherit), _) => format!("Inherited object ({self})"),
            (Some(Kind::Device), _) => "Device options".to_owned(),
            (None, _) => format!("Unknown object ({self})"),
        }
    }

    fn second_field(self) -> u32 {
        self.0 >> 20 & 0xF
    }
}

impl fmt::Display for ObjectType {
    /// Eight hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_of_the_kind() {
        let loader = ObjectType::OS_LOADER;
        assert_eq!(loader.kind(), Some(Kind::Application));
        assert_eq!(loader.image(), Some(Image::WindowsBoot));
        assert_eq!(loader.application(), Some(Application::OsLoader));
        assert_eq!(loader.inherit_class(), None);

        let settings = ObjectType::RESUME_SETTINGS;
        assert_eq!(settings.kind(), Some(Kind::Inherit));
        assert_eq!(settings.image(), None);
        assert_eq!(settings.application(), Some(Application::Resume));
        assert_eq!(settings.inherit_class(), Some(InheritClass::Application));

        assert_eq!(ObjectType::SETTINGS.application(), None);
        assert_eq!(
            ObjectType::SETTINGS.inherit_class(),
            Some(InheritClass::Any)
        );
        assert_eq!(
            ObjectType(0x2030_0000).inherit_class(),
            Some(InheritClass::Device)
        );
        assert_eq!(ObjectType::FIRMWARE_APPLICATION.application(), None);
        assert_eq!(ObjectType::DEVICE.kind(), Some(Kind::Device));
        for odd in [0, u32::MAX, 0x4020_0003] {
            assert_eq!(ObjectType(odd).kind(), None);
            assert_eq!(ObjectType(odd).application(), None);
        }
    }

    #[test]
    fn titles_are_those_of_bcdedit() {
        let title = |ty: ObjectType, id| ty.title(id);
        assert_eq!(
            title(ObjectType::BOOT_MANAGER, Guid::BOOTMGR),
            "Windows Boot Manager"
        );
        assert_eq!(
            title(ObjectType::OS_LOADER, Guid::NIL),
            "Windows Boot Loader"
        );
        assert_eq!(title(ObjectType::OS_LOADER, Guid::SETUP), "Windows Setup");
        assert_eq!(
            title(ObjectType::SETTINGS, Guid::EMS_SETTINGS),
            "EMS Settings"
        );
        assert_eq!(
            title(ObjectType::SETTINGS, Guid::NIL),
            "Inherited object (20100000)"
        );
        assert_eq!(
            title(ObjectType::DEVICE, Guid::SETUP_RAMDISK_OPTIONS),
            "Setup Ramdisk Options"
        );
        assert_eq!(title(ObjectType::DEVICE, Guid::NIL), "Device options");
        let firmware = title(ObjectType::FIRMWARE_APPLICATION, Guid::NIL);
        assert_eq!(firmware, "Firmware Application (101fffff)");
        assert_eq!(title(ObjectType(0), Guid::NIL), "Unknown object (00000000)");
    }
}

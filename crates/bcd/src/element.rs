//! The type of an element: its class, the format of its data, and its name on an object.
//!
//! Invariants: any 32-bit number is an element type and survives; the format nibble alone decides
//! how data is read, so an element without a name can be shown and kept; a name means something
//! only together with the type of the object. Absent on purpose: the data ([`crate::Value`]).

use crate::object_type::{Application, Kind, ObjectType};
use crate::table::{self, Row, Scope};
use std::borrow::Cow;
use std::fmt;
use thiserror::Error;

/// An element's type; eight hexadecimal digits of it are the name of the element's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementType(pub u32);

/// Bits 31 to 28: which objects an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Any object.
    Library,
    /// Applications of one type, and what they inherit.
    Application,
    /// Device objects.
    Device,
    /// Templates that setup makes objects from.
    Template,
    /// Whatever a manufacturer wants.
    Oem,
}

/// Bits 27 to 24: the format of an element's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A device.
    Device,
    /// A string.
    String,
    /// The GUID of an object.
    Object,
    /// GUIDs of objects, in order.
    Objects,
    /// A number of 64 bits.
    Integer,
    /// Yes or no.
    Boolean,
    /// Numbers of 64 bits, in order.
    Integers,
}

/// A word that names no element of an object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ElementError {
    /// No element has this name.
    #[error(
        "no element is called `{0}`; one without a name is written as custom: and 8 hexadecimal \
         digits"
    )]
    Unknown(String),
    /// Other objects have an element of that name.
    #[error("`{name}` is an element of {owners}; this object has the type {object}")]
    Elsewhere {
        /// The name.
        name: String,
        /// The objects that have it, in words.
        owners: String,
        /// The object asked about.
        object: ObjectType,
    },
    /// Digits with a format nibble that means nothing.
    #[error("element {element}: format {} is unknown, expected 1 to 7", .element.format_number())]
    Format {
        /// The element.
        element: ElementType,
    },
}

impl ElementType {
    /// `device`: where an application lies.
    pub const DEVICE: Self = Self(0x1100_0001);
    /// `path`: the application's file.
    pub const PATH: Self = Self(0x1200_0002);
    /// `description`: the text of the boot menu.
    pub const DESCRIPTION: Self = Self(0x1200_0004);
    /// `inherit`: objects whose elements count too.
    pub const INHERIT: Self = Self(0x1400_0006);
    /// `recoverysequence`: what is started when a loader fails.
    pub const RECOVERY_SEQUENCE: Self = Self(0x1400_0008);
    /// `recoveryenabled`: whether the recovery sequence is used.
    pub const RECOVERY_ENABLED: Self = Self(0x1600_0009);
    /// `debugport`: number of the kernel debugger's serial port.
    pub const DEBUG_PORT: Self = Self(0x1500_0013);
    /// `debugtype`: how the kernel debugger is reached.
    pub const DEBUG_TYPE: Self = Self(0x1500_0011);
    /// `bootems`: EMS in a boot application.
    pub const BOOT_EMS: Self = Self(0x1600_0020);
    /// `emsport`: number of the EMS serial port.
    pub const EMS_PORT: Self = Self(0x1500_0022);
    /// `emsbaudrate`: speed of the EMS serial port in bits a second.
    pub const EMS_BAUD_RATE: Self = Self(0x1500_0023);
    /// `nointegritychecks`: unsigned drivers load.
    pub const NO_INTEGRITY_CHECKS: Self = Self(0x1600_0048);
    /// `testsigning`: drivers with test signatures load.
    pub const TEST_SIGNING: Self = Self(0x1600_0049);
    /// `displayorder` of a boot manager: the boot menu.
    pub const DISPLAY_ORDER: Self = Self(0x2400_0001);
    /// `bootsequence` of a boot manager: what is started next time only.
    pub const BOOT_SEQUENCE: Self = Self(0x2400_0002);
    /// `default` of a boot manager: what is started without a choice.
    pub const DEFAULT: Self = Self(0x2300_0003);
    /// `timeout` of a boot manager: seconds the menu waits.
    pub const TIMEOUT: Self = Self(0x2500_0004);
    /// `toolsdisplayorder` of a boot manager: the tools menu.
    pub const TOOLS_DISPLAY_ORDER: Self = Self(0x2400_0010);
    /// `displaybootmenu` of a boot manager.
    pub const DISPLAY_BOOT_MENU: Self = Self(0x2600_0020);
    /// `osdevice` of a loader, `filedevice` of a resume object.
    pub const OS_DEVICE: Self = Self(0x2100_0001);
    /// `systemroot` of a loader, `filepath` of a resume object.
    pub const SYSTEM_ROOT: Self = Self(0x2200_0002);
    /// `winpe` of a loader: the image is a Windows PE.
    pub const WINPE: Self = Self(0x2600_0022);
    /// `safeboot` of a loader.
    pub const SAFE_BOOT: Self = Self(0x2500_0080);
    /// `safebootalternateshell` of a loader.
    pub const SAFE_BOOT_ALTERNATE_SHELL: Self = Self(0x2600_0081);
    /// `debug` of a loader: the kernel debugger.
    pub const DEBUG: Self = Self(0x2600_00A0);
    /// `ems` of a loader: EMS in the kernel, and SAC.
    pub const EMS: Self = Self(0x2600_00B0);
    /// `bootstatuspolicy` of a loader.
    pub const BOOT_STATUS_POLICY: Self = Self(0x2500_00E0);

    /// Which objects it belongs to.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        match self.0 >> 28 {
            1 => Some(Class::Library),
            2 => Some(Class::Application),
            3 => Some(Class::Device),
            4 => Some(Class::Template),
            5 => Some(Class::Oem),
            _ => None,
        }
    }

    /// The format of its data; `None` for a format nobody has seen.
    #[must_use]
    pub fn format(self) -> Option<Format> {
        match self.format_number() {
            1 => Some(Format::Device),
            2 => Some(Format::String),
            3 => Some(Format::Object),
            4 => Some(Format::Objects),
            5 => Some(Format::Integer),
            6 => Some(Format::Boolean),
            7 => Some(Format::Integers),
            _ => None,
        }
    }

    /// The format as a number, 0 to 15.
    #[must_use]
    pub fn format_number(self) -> u32 {
        self.0 >> 24 & 0xF
    }

    /// Bits 23 to 0: which element of its class and format.
    #[must_use]
    pub fn subtype(self) -> u32 {
        self.0 & 0xFF_FFFF
    }

    /// Its name on an object of that type.
    #[must_use]
    pub fn name_in(self, object: ObjectType) -> Option<&'static str> {
        self.row(object)?.name
    }

    /// Whether it is documented for an object of that type; some known ones have no name.
    #[must_use]
    pub fn is_known_in(self, object: ObjectType) -> bool {
        self.row(object).is_some()
    }

    /// Its name on an object of that type, or `custom:` and its digits.
    #[must_use]
    pub fn label_in(self, object: ObjectType) -> Cow<'static, str> {
        match self.name_in(object) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("custom:{self}")),
        }
    }

    /// The element an operator means on an object of that type: a name (of the object's own
    /// application before one of any object; in any case), `custom:` and 8 hexadecimal digits, or
    /// the digits alone. Where one application has two elements of one name (`cacheenable`), the
    /// newer one.
    ///
    /// # Errors
    /// When nothing has that name, only other objects have it, or the digits have no known format.
    pub fn find(name: &str, object: ObjectType) -> Result<Self, ElementError> {
        if let Some(element) = Self::from_digits(name) {
            return match element.format() {
                Some(_) => Ok(element),
                None => Err(ElementError::Format { element }),
            };
        }
        let named = |row: &&Row| {
            row.name
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        for scope in scopes(object) {
            if let Some(row) = table::rows()
                .iter()
                .filter(|row| row.scope == scope)
                .find(named)
            {
                return Ok(row.element);
            }
        }
        let mut owners: Vec<_> = table::rows()
            .iter()
            .filter(named)
            .map(|row| row.scope.owners())
            .collect();
        owners.dedup();
        if owners.is_empty() {
            return Err(ElementError::Unknown(name.to_owned()));
        }
        Err(ElementError::Elsewhere {
            name: name.to_owned(),
            owners: owners.join(" and of "),
            object,
        })
    }

    /// The word for a value of this integer element on an object of that type.
    #[must_use]
    pub fn word_of(self, object: ObjectType, value: u64) -> Option<&'static str> {
        let words = self.words(object);
        words
            .iter()
            .find(|(known, _)| *known == value)
            .map(|&(_, word)| word)
    }

    /// The words for the values of this integer element on an object of that type; empty for an
    /// ordinary number.
    #[must_use]
    pub fn words(self, object: ObjectType) -> &'static [(u64, &'static str)] {
        self.row(object).map_or(&[], |row| &row.words)
    }

    /// The name of an element's key: exactly 8 hexadecimal digits, in any case.
    pub(crate) fn from_key(name: &str) -> Option<Self> {
        let digits = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(name, 16)
            .ok()
            .filter(|_| digits)
            .map(Self)
    }

    fn from_digits(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some((word, digits)) if word.eq_ignore_ascii_case("custom") => Self::from_key(digits),
            Some(_) => None,
            None => Self::from_key(text),
        }
    }

    fn row(self, object: ObjectType) -> Option<&'static Row> {
        scopes(object).find_map(|scope| table::row(scope, self))
    }
}

/// Where elements of an object are looked up, in this order.
fn scopes(object: ObjectType) -> impl Iterator<Item = Scope> {
    let own = match object.application() {
        Some(Application::FirmwareBootManager | Application::BootManager) => Some(Scope::Bootmgr),
        Some(Application::OsLoader) => Some(Scope::Osloader),
        Some(Application::Resume) => Some(Scope::Resume),
        Some(Application::MemoryTester) => Some(Scope::Memdiag),
        Some(Application::Ntldr | Application::SetupLoader) => Some(Scope::Ntldr),
        Some(Application::Startup) => Some(Scope::Startup),
        Some(Application::BootApplication) => Some(Scope::Bootapp),
        Some(Application::BootSector) => None,
        None => (object.kind() == Some(Kind::Device)).then_some(Scope::Device),
    };
    let any_application = object.application().is_some().then_some(Scope::App);
    let shared = [Scope::Library, Scope::Template];
    own.into_iter().chain(any_application).chain(shared)
}

impl fmt::Display for ElementType {
    /// Eight hexadecimal digits, as the element's key is called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Device => "device",
            Format::String => "string",
            Format::Object => "object",
            Format::Objects => "list of objects",
            Format::Integer => "integer",
            Format::Boolean => "boolean",
            Format::Integers => "list of integers",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTMGR: ObjectType = ObjectType::BOOT_MANAGER;
    const LOADER: ObjectType = ObjectType::OS_LOADER;
    const RESUME: ObjectType = ObjectType::RESUME;
    const MEMDIAG: ObjectType = ObjectType::MEMORY_TESTER;

    #[test]
    fn one_number_has_another_name_on_another_object() {
        let name = |number, object| ElementType(number).name_in(object);
        assert_eq!(name(0x2100_0001, LOADER), Some("osdevice"));
        assert_eq!(name(0x2100_0001, RESUME), Some("filedevice"));
        assert_eq!(name(0x2100_0001, BOOTMGR), None);
        assert_eq!(name(0x2500_0004, BOOTMGR), Some("timeout"));
        assert_eq!(
            name(0x2500_0004, ObjectType::FIRMWARE_BOOT_MANAGER),
            Some("timeout")
        );
        assert_eq!(name(0x2500_0004, MEMDIAG), Some("testtofail"));
        assert_eq!(
            name(0x2500_0020, ObjectType::OS_LOADER_SETTINGS),
            Some("nx")
        );
        assert_eq!(name(0x2500_0020, ObjectType::SETTINGS), None);
        assert_eq!(
            name(0x3200_0004, ObjectType::DEVICE),
            Some("ramdisksdipath")
        );
        assert_eq!(name(0x3200_0004, LOADER), None);
        assert_eq!(name(0x1600_0049, ObjectType(0)), Some("testsigning"));
        assert_eq!(name(0x2500_0AAA, LOADER), Some("bootflow"));
        assert_eq!(ElementType(0x2100_0026).label_in(RESUME), "custom:21000026");
    }

    #[test]
    fn names_are_found_on_the_object_before_the_library() {
        let find = ElementType::find;
        assert_eq!(find("bootmenupolicy", LOADER), Ok(ElementType(0x2500_00C2)));
        assert_eq!(find("BootMenuPolicy", RESUME), Ok(ElementType(0x2500_0008)));
        assert_eq!(find("cacheenable", MEMDIAG), Ok(ElementType(0x2600_0003)));
        assert_eq!(find("testsigning", LOADER), Ok(ElementType::TEST_SIGNING));
        assert_eq!(find("timeout", BOOTMGR), Ok(ElementType::TIMEOUT));
        assert_eq!(
            find("custom:250000C2", BOOTMGR),
            Ok(ElementType(0x2500_00C2))
        );
        assert_eq!(
            find("Custom:21000026", RESUME),
            Ok(ElementType(0x2100_0026))
        );
        assert_eq!(find("12345678", RESUME), Ok(ElementType(0x1234_5678)));
    }

    #[test]
    fn a_name_that_does_not_fit_is_explained() {
        let text = |name, object| ElementType::find(name, object).unwrap_err().to_string();
        assert_eq!(
            text("timeout", LOADER),
            "`timeout` is an element of a boot manager; this object has the type 10200003"
        );
        assert_eq!(
            text("resumeobject", ObjectType::DEVICE),
            "`resumeobject` is an element of a boot manager and of a Windows boot loader; this \
             object has the type 30000000"
        );
        assert!(text("timeoutt", BOOTMGR).starts_with("no element is called `timeoutt`"));
        for odd in [
            "custom:2500000",
            "custom:250000041",
            "+2345678",
            "",
            "custom:",
            "0x250000",
        ] {
            let unknown = Err(ElementError::Unknown(odd.to_owned()));
            assert_eq!(ElementType::find(odd, BOOTMGR), unknown, "{odd}");
        }
        assert_eq!(
            text("28000001", LOADER),
            "element 28000001: format 8 is unknown, expected 1 to 7"
        );
    }

    #[test]
    fn fields_of_the_number() {
        let ems = ElementType::EMS;
        assert_eq!(
            (ems.class(), ems.format()),
            (Some(Class::Application), Some(Format::Boolean))
        );
        assert_eq!(ems.subtype(), 0xB0);
        assert_eq!(ElementType(0x4700_0006).class(), Some(Class::Template));
        assert_eq!(
            (ElementType(0).class(), ElementType(0).format()),
            (None, None)
        );
    }

    #[test]
    fn words_go_both_ways() {
        let nx = ElementType(0x2500_0020);
        assert_eq!(nx.word_of(LOADER, 3), Some("AlwaysOn"));
        assert_eq!(nx.word_of(LOADER, 4), None);
        assert_eq!(ElementType(0x1500_0080).words(LOADER)[1], (1, "90"));
        assert!(ElementType::TIMEOUT.words(BOOTMGR).is_empty());
    }
}

//! Services and drivers of a control set, by name: what they are, who needs them, and which of them
//! Windows cannot do without.
//!
//! Invariants: one pass over a key for each question; a key that lacks what is asked for is passed
//! over. Absent on purpose: whether a start type is right.

use crate::context::{Error, Number, Place};
use hive::{RegData, RegType};
use volume::same_name;

/// The key of the services, below a control set.
pub const SERVICES: &str = "Services";

/// The keys whose subkeys name the classes of devices, and filters for each.
const CLASSES: &str = r"Control\Class";

/// The values that name filters.
const FILTERS: [&str; 2] = ["UpperFilters", "LowerFilters"];

/// The tree of devices: enumerator, device, instance.
const DEVICES: &str = "Enum";

/// What a service key describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A program: `Type` with 0x10 or 0x20.
    Program,
    /// A driver of the kernel or a file system: `Type` 1, 2 or 8.
    Driver,
    /// Something else, or no `Type`.
    Unknown,
}

/// A service or driver.
#[derive(Clone, Debug)]
pub struct Service<'v> {
    /// Its key.
    pub place: Place<'v>,
    /// What it is.
    pub nature: Nature,
    /// `Start`: 0 boot, 1 system, 2 automatic, 3 manual, 4 disabled.
    pub start: Number,
}

/// A list of filters that names a driver.
#[derive(Clone, Debug)]
pub struct Filter<'v> {
    /// The key of the class or device.
    pub place: Place<'v>,
    /// `UpperFilters` or `LowerFilters`.
    pub value: &'static str,
    /// The list as it is.
    pub names: Vec<String>,
}

/// Services without which Windows does not come up, or nothing can be signed on to.
const NEEDED_PROGRAMS: &[&str] = &[
    "BrokerInfrastructure",
    "CoreMessagingRegistrar",
    "DcomLaunch",
    "LSM",
    "PlugPlay",
    "Power",
    "ProfSvc",
    "RpcEptMapper",
    "RpcSs",
    "SamSs",
    "SystemEventsBroker",
    "UserManager",
];

/// Drivers without which Windows does not find its disk, or does not start.
const NEEDED_DRIVERS: &[&str] = &[
    "ACPI",
    "acpiex",
    "AFD",
    "atapi",
    "CLFS",
    "CNG",
    "disk",
    "FltMgr",
    "fvevol",
    "intelide",
    "KSecDD",
    "KSecPkg",
    "mountmgr",
    "msisadrv",
    "msrpc",
    "NDIS",
    "nsiproxy",
    "Ntfs",
    "partmgr",
    "pci",
    "pciide",
    "pcw",
    "rdyboost",
    "spaceport",
    "storahci",
    "storflt",
    "stornvme",
    "storvsc",
    "Tcpip",
    "tdx",
    "vdrvroot",
    "vmbus",
    "volmgr",
    "volmgrx",
    "volsnap",
    "volume",
    "Wdf01000",
    "WindowsTrustedRT",
    "WindowsTrustedRTProxy",
];

/// Whether Windows cannot do without it.
pub fn is_needed(name: &str) -> bool {
    let mut needed = NEEDED_PROGRAMS.iter().chain(NEEDED_DRIVERS);
    needed.any(|known| same_name(known, name))
}

/// Whether a text can be the name of a service: what the service control manager accepts.
pub fn is_name(text: &str) -> bool {
    let odd = |c: char| c.is_control() || c == '/' || c == '\\';
    !text.trim().is_empty() && text.chars().count() <= 256 && !text.contains(odd)
}

/// The service of this name in a control set, spelled as there; `None` when there is none.
///
/// # Errors
/// When the key cannot be read.
pub fn service<'v>(set: &Place<'v>, name: &str) -> Result<Option<Service<'v>>, Error> {
    let services = set.below(SERVICES);
    let names = services.subkey_names()?;
    let Some(spelled) = names.iter().find(|known| same_name(known, name)) else {
        return Ok(None);
    };
    let place = services.below(spelled);
    let nature = match place.number("Type")? {
        Number::Is(kind) if kind & 0x30 != 0 => Nature::Program,
        Number::Is(1 | 2 | 8) => Nature::Driver,
        _ => Nature::Unknown,
    };
    let start = place.number("Start")?;
    Ok(Some(Service {
        place,
        nature,
        start,
    }))
}

/// The services that say they depend on this one.
///
/// # Errors
/// When a key cannot be read.
pub fn dependents(set: &Place<'_>, name: &str) -> Result<Vec<String>, Error> {
    let services = set.below(SERVICES);
    let mut found = Vec::new();
    for other in services.subkey_names()? {
        let needs = names(&services.below(&other), "DependOnService")?;
        if needs.iter().any(|needed| same_name(needed, name)) {
            found.push(other);
        }
    }
    Ok(found)
}

/// The filter lists of device classes and of single devices that name this driver.
///
/// # Errors
/// When a key cannot be read.
pub fn filters<'v>(set: &Place<'v>, name: &str) -> Result<Vec<Filter<'v>>, Error> {
    let classes = set.below(CLASSES);
    let mut places: Vec<Place<'v>> = Vec::new();
    for class in classes.subkey_names()? {
        places.push(classes.below(&class));
    }
    let mut level = vec![set.below(DEVICES)];
    for _ in 0..3 {
        let mut below = Vec::new();
        for place in &level {
            below.extend(place.subkey_names()?.iter().map(|name| place.below(name)));
        }
        level = below;
    }
    let mut found = Vec::new();
    for place in places.into_iter().chain(level) {
        for value in FILTERS {
            let names = names(&place, value)?;
            if names.iter().any(|known| same_name(known, name)) {
                let place = place.clone();
                found.push(Filter {
                    place,
                    value,
                    names,
                });
            }
        }
    }
    Ok(found)
}

/// The texts of a `REG_MULTI_SZ`; none for anything else.
fn names(place: &Place<'_>, value: &str) -> Result<Vec<String>, Error> {
    let data = place.read(value)?;
    let list = data.filter(|data| data.kind == RegType::MULTI_SZ);
    Ok(list
        .as_ref()
        .and_then(RegData::as_texts)
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_component() {
        assert!(is_name("Contoso Agent$1"));
        for bad in ["", " ", r"a\b", "a/b", "a\nb", &"x".repeat(257)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_windows_needs_is_known_in_any_spelling() {
        assert!(is_needed("rpcss") && is_needed("NTFS") && is_needed("Disk"));
        assert!(!is_needed("TermService") && !is_needed("contosoflt"));
    }
}

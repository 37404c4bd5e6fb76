//! The devices a control set knows, as `Enum` holds them.
//!
//! Invariants: one pass over three levels (bus, device, instance), with a limit; a device that was
//! there once and is gone is marked so. Absent on purpose: everything below an instance but the
//! mark of its removal, and judging.

use crate::context::{Error, Place};

/// No machine has more, counting those it once had.
const MOST: usize = 20_000;
/// The property that says when a device went away; present devices do not have it.
const REMOVED: &str = r"Properties\{83da6326-97a6-4088-9453-a1923f573b29}\0067";

/// One device.
#[derive(Debug)]
pub(crate) struct Device<'v> {
    /// Its key.
    pub(crate) key: Place<'v>,
    /// Its driver, in lower case; empty for none.
    pub(crate) service: String,
    /// Its class, in lower case; empty for none.
    pub(crate) class: String,
    /// Whether Windows has noted that it was taken away (since Windows 8).
    pub(crate) gone: bool,
}

/// The devices of a control set.
///
/// # Errors
/// When a key cannot be read, or there are more than any machine has.
pub(crate) fn devices<'v>(set: &Place<'v>) -> Result<Vec<Device<'v>>, Error> {
    let mut devices = Vec::new();
    let root = set.below("Enum");
    for bus in root.subkey_names()? {
        let bus = root.below(&bus);
        for name in bus.subkey_names()? {
            let device = bus.below(&name);
            for instance in device.subkey_names()? {
                if devices.len() >= MOST {
                    let key = &root.key;
                    return Err(Error::Disk(format!("{key} has more than {MOST} devices")));
                }
                devices.push(read(device.below(&instance))?);
            }
        }
    }
    Ok(devices)
}

fn read(key: Place<'_>) -> Result<Device<'_>, Error> {
    let lower = |name: &str| {
        let text = key.text(name)?;
        Ok::<_, Error>(text.unwrap_or_default().trim().to_lowercase())
    };
    Ok(Device {
        service: lower("Service")?,
        class: lower("ClassGUID")?,
        gone: key.below(REMOVED).exists()?,
        key,
    })
}

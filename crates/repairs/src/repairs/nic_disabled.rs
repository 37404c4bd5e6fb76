//! `nic-disabled`: a network adapter is switched off.
//!
//! Owns `ConfigFlags` of network adapters below `Enum`. Invariants: the walk has three levels and
//! leaves out what carries no adapters. Absent on purpose: adapters of software (WAN miniports,
//! tunnels, Bluetooth), which are off on purpose, and devices that are gone.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::{Key, ReadError, RegData};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "nic-disabled",
    title: "switch disabled network adapters on again",
    class: Class::Recommended,
    risk: "an adapter that was switched off on purpose connects again",
    parameters: &[],
    about: include_str!("nic-disabled.md"),
    diagnose,
};

/// The class of network adapters.
const CLASS: &str = "{4d36e972-e325-11ce-bfc1-08002be10318}";
const FLAGS: &str = "ConfigFlags";
/// The bit that says "disabled".
const DISABLED: u32 = 1;
/// Buses without network adapters that anyone reaches a machine by, and large ones.
const WITHOUT: [&str; 20] = [
    "ACPI",
    "ACPI_HAL",
    "BTH",
    "DISPLAY",
    "FDC",
    "HDAUDIO",
    "HID",
    "HTREE",
    "IDE",
    "LPTENUM",
    "PCIIDE",
    "SCSI",
    "STORAGE",
    "SW",
    "SWD",
    "UMB",
    "UEFI",
    "USBSTOR",
    "WPDBUSENUMROOT",
    "MONITOR",
];
/// More devices than any machine has had: a bound for hostile hives.
const MOST: usize = 100_000;

/// A network adapter.
struct Adapter {
    /// Its key below `Enum`.
    path: String,
    /// What people call it.
    name: String,
    flags: u32,
}

impl Adapter {
    fn is_disabled(&self) -> bool {
        self.flags & DISABLED != 0
    }

    /// Whether the device is one that Windows makes up: no way to reach a machine.
    fn is_made_up(&self) -> bool {
        self.path
            .get(..5)
            .is_some_and(|bus| bus.eq_ignore_ascii_case(r"ROOT\"))
    }
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        let devices = set.below("Enum");
        let Some(key) = devices.open()? else {
            continue;
        };
        let adapters = adapters(key).map_err(|source| devices.failed(source))?;
        let is_left = |adapter: &Adapter| !adapter.is_disabled() && !adapter.is_made_up();
        let certainty = match adapters.iter().any(is_left) {
            true => Certainty::Possible,
            false => Certainty::Likely,
        };
        for adapter in adapters.iter().filter(|adapter| adapter.is_disabled()) {
            disabled(findings, &devices, adapter, certainty)?;
        }
    }
    Ok(())
}

fn disabled(
    findings: &mut Findings,
    devices: &Place<'_>,
    adapter: &Adapter,
    certainty: Certainty,
) -> Result<(), Error> {
    let place = devices.below(&adapter.path);
    let title = format!("the network adapter \"{}\" is switched off", adapter.name);
    let mut finding = place.finding(Offer::WhenAsked, certainty, title)?;
    finding.evidence.push(format!(
        "{FLAGS} is 0x{:x}: bit 0 says disabled",
        adapter.flags
    ));
    if certainty == Certainty::Likely {
        let line = "no other adapter of this machine is switched on";
        finding.evidence.push(line.to_owned());
    }
    let flags = RegData::dword(adapter.flags & !DISABLED);
    finding.cure.push(place.set(Kind::Fix, FLAGS, flags));
    findings.add(finding);
    Ok(())
}

/// The network adapters below `Enum`.
fn adapters(devices: Key<'_>) -> Result<Vec<Adapter>, ReadError> {
    let mut adapters = Vec::new();
    let mut seen = 0;
    for bus in devices.subkeys()? {
        let bus_name = bus.name().to_string();
        if WITHOUT
            .iter()
            .any(|one| one.eq_ignore_ascii_case(&bus_name))
        {
            continue;
        }
        for device in bus.subkeys()? {
            let device_name = device.name().to_string();
            if is_software(&bus_name, &device_name) {
                continue;
            }
            for instance in device.subkeys()? {
                seen += 1;
                if seen > MOST {
                    return Ok(adapters);
                }
                let path = format!(r"{bus_name}\{device_name}\{}", instance.name());
                adapters.extend(adapter(instance, path)?);
            }
        }
    }
    Ok(adapters)
}

/// The adapter that a device's key describes; `None` for any other device.
fn adapter(instance: Key<'_>, path: String) -> Result<Option<Adapter>, ReadError> {
    let read = |name: &str| instance.value(name)?.map(hive::Value::read).transpose();
    let class = read("ClassGUID")?.and_then(|data| data.as_text());
    if !class.is_some_and(|class| class.eq_ignore_ascii_case(CLASS)) {
        return Ok(None);
    }
    let Some(flags) = read(FLAGS)?.and_then(|data| data.as_dword()) else {
        return Ok(None);
    };
    let text = |data: Option<RegData>| data.and_then(|data| data.as_text());
    let name = text(read("FriendlyName")?).or(text(read("DeviceDesc")?));
    let name = name.as_deref().map_or(path.as_str(), plain).to_owned();
    Ok(Some(Adapter { path, name, flags }))
}

/// The words of a name that begins with where it is translated.
fn plain(name: &str) -> &str {
    name.rsplit(';').next().unwrap_or(name).trim()
}

/// Whether a device of the bus `Root` is a tunnel or a WAN miniport.
fn is_software(bus: &str, device: &str) -> bool {
    let device = device.to_ascii_uppercase();
    let made_up = device.starts_with('*') || device.starts_with("MS_") || device == "KDNIC";
    bus.eq_ignore_ascii_case("ROOT") && made_up
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_and_miniports_are_no_adapters() {
        for (bus, device, software) in [
            ("Root", "*ISATAP", true),
            ("ROOT", "MS_NDISWANIP", true),
            ("ROOT", "KDNIC", true),
            ("ROOT", "VMS_MP", false),
            ("PCI", "*ISATAP", false),
            ("VMBUS", "{f8615163-df3e-46c5-913f-f2d2f965ed0e}", false),
        ] {
            assert_eq!(is_software(bus, device), software, "{bus} {device}");
        }
    }

    #[test]
    fn a_name_is_without_its_place_of_translation() {
        let name = r"@wnetvsc.inf,%netvsc.devicedesc%;Microsoft Hyper-V Network Adapter";
        assert_eq!(plain(name), "Microsoft Hyper-V Network Adapter");
        assert_eq!(plain("Realtek"), "Realtek");
    }
}

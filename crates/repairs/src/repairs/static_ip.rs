//! `static-ip`: an adapter keeps an address that its new network may not know.
//!
//! Owns `EnableDHCP`, `IPAddress`, `SubnetMask`, `DefaultGateway`, `DefaultGatewayMetric` and
//! `NameServer` of TCP/IP's interfaces, and the copies of the same addresses and gateways in the
//! store of `Nsi`. Absent on purpose: persistent routes, which are told, and interfaces that are
//! no adapters.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Change, Finding, Findings, Kind, Offer, Step};
use hive::RegData;
use std::net::Ipv4Addr;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "static-ip",
    title: "let adapters with a fixed address ask for one (DHCP)",
    class: Class::Recommended,
    risk: "a machine whose network hands out no addresses has none afterwards",
    parameters: &[Parameter {
        name: "dns",
        about: "what becomes of fixed DNS servers",
        default: Some("keep"),
        values: "keep or reset",
        accepts: |value| ["keep", "reset"].contains(&value),
    }],
    about: include_str!("static-ip.md"),
    diagnose,
};

const PARAMETERS: &str = r"Services\Tcpip\Parameters";
const CONNECTIONS: &str = r"Control\Network\{4D36E972-E325-11CE-BFC1-08002BE10318}";
/// Where Vista and later keep addresses (10) and routes (16) of IPv4 over a boot.
const STORE: &str = r"Control\Nsi\{eb004a00-9b1a-11d4-9123-0050047759bc}";
/// What a fixed address consists of.
const FIXED: [&str; 4] = [
    "IPAddress",
    "SubnetMask",
    "DefaultGateway",
    "DefaultGatewayMetric",
];
/// Buses whose adapters are made up by Windows: dial-up, VPN, tunnels.
const MADE_UP: [&str; 5] = ["ROOT", "SW", "SWD", "BTH", "HTREE"];

/// An interface of TCP/IP and the adapter behind it.
struct Interface<'v> {
    place: Place<'v>,
    /// What people call the connection.
    name: String,
    /// Whether a device is behind it that Windows has not made up.
    has_device: bool,
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let resets = context.ask.wants_it() && context.parameter("dns") == Some("reset");
    for set in context.control_sets() {
        let interfaces = set.below(&format!(r"{PARAMETERS}\Interfaces"));
        let mut found = false;
        for guid in interfaces.subkey_names()? {
            let interface = interface(&set, &interfaces, &guid)?;
            found |= fixed(findings, &set, &interface, resets)?;
            if resets {
                name_servers(findings, &interface)?;
            }
        }
        if found {
            routes(findings, &set)?;
        }
    }
    Ok(())
}

fn interface<'v>(
    set: &Place<'v>,
    interfaces: &Place<'v>,
    guid: &str,
) -> Result<Interface<'v>, Error> {
    let connection = set.below(&format!(r"{CONNECTIONS}\{guid}\Connection"));
    let device = connection.text("PnpInstanceID")?.unwrap_or_default();
    let bus = device.split('\\').next().unwrap_or_default();
    let is_made_up = MADE_UP.iter().any(|one| one.eq_ignore_ascii_case(bus));
    Ok(Interface {
        place: interfaces.below(guid),
        name: match connection.text("Name")? {
            Some(name) => format!("\"{name}\""),
            None => guid.to_owned(),
        },
        has_device: !bus.is_empty() && !is_made_up,
    })
}

/// Finds a fixed address; whether there is one.
fn fixed(
    findings: &mut Findings,
    set: &Place<'_>,
    interface: &Interface<'_>,
    resets: bool,
) -> Result<bool, Error> {
    let place = &interface.place;
    // The interface of the loopback has no such value.
    if !place.number("EnableDHCP")?.is(0) {
        return Ok(false);
    }
    let own = addresses(place, "IPAddress")?;
    let gateways = addresses(place, "DefaultGateway")?;
    if own.is_empty() && !interface.has_device {
        // Dial-up and VPN get theirs when they connect.
        return Ok(false);
    }
    let title = match own.first() {
        Some(address) => format!("the adapter {} keeps the address {address}", interface.name),
        None => format!(
            "the adapter {} neither has nor asks for an address",
            interface.name
        ),
    };
    let mut finding = place.finding(Offer::WhenAsked, Certainty::Possible, title)?;
    finding.evidence = evidence(place, &own, &gateways, resets)?;
    let enable = place.set(Kind::Fix, "EnableDHCP", RegData::dword(1));
    finding.cure.push(enable);
    for name in FIXED {
        if place.read(name)?.is_some() {
            finding.cure.push(place.delete(Kind::Fix, name));
        }
    }
    let store = set.below(STORE);
    finding.cure.extend(copies(&store.below("10"), 32, &own)?);
    finding
        .cure
        .extend(copies(&store.below("16"), 96, &gateways)?);
    tell_steps(&mut finding, set, &gateways)?;
    findings.add(finding);
    Ok(true)
}

fn evidence(
    place: &Place<'_>,
    own: &[Ipv4Addr],
    gateways: &[Ipv4Addr],
    resets: bool,
) -> Result<Vec<String>, Error> {
    let mut lines = vec![format!(
        "EnableDHCP is 0x0, IPAddress {}, DefaultGateway {}: right only as long as the machine \
         stays in that network",
        listed(own),
        listed(gateways)
    )];
    let names = place.text("NameServer")?.unwrap_or_default();
    if !names.trim().is_empty() && !resets {
        lines.push(format!(
            "NameServer {names} stays, which can be meant (--set static-ip.dns=reset)"
        ));
    }
    Ok(lines)
}

fn listed(addresses: &[Ipv4Addr]) -> String {
    match addresses {
        [] => "none".to_owned(),
        some => {
            let texts: Vec<String> = some.iter().map(Ipv4Addr::to_string).collect();
            texts.join(", ")
        }
    }
}

/// The addresses of a value that mean something.
fn addresses(place: &Place<'_>, name: &str) -> Result<Vec<Ipv4Addr>, Error> {
    Ok(place.read(name)?.map_or_else(Vec::new, |data| read(&data)))
}

fn read(data: &RegData) -> Vec<Ipv4Addr> {
    let one = || data.as_text().map(|text| vec![text]);
    let texts = data.as_texts().or_else(one).unwrap_or_default();
    let parts = texts.iter().flat_map(|text| text.split([' ', ',']));
    parts
        .filter_map(|text| text.trim().parse::<Ipv4Addr>().ok())
        .filter(|address| !address.is_unspecified())
        .collect()
}

/// The changes that take addresses out of the store. The name of a value there ends with the
/// address and eight zeros.
fn copies(place: &Place<'_>, length: usize, gone: &[Ipv4Addr]) -> Result<Vec<Change>, Error> {
    let names = place.value_names()?;
    let is_copy = |name: &&String| gone.iter().any(|address| is_of(name, length, *address));
    let copies = names.iter().filter(is_copy);
    Ok(copies.map(|name| place.delete(Kind::Fix, name)).collect())
}

/// Whether a name in the store is that of this address, or of the default route through it.
fn is_of(name: &str, length: usize, address: Ipv4Addr) -> bool {
    let end = format!("{:08x}00000000", u32::from(address));
    // A route begins with where it leads to; the default route leads everywhere.
    let begin = if length > 32 { 48 } else { 0 };
    name.len() == length
        && name.to_ascii_lowercase().ends_with(&end)
        && name.bytes().take(begin).all(|digit| digit == b'0')
}

/// What is left to do once the VM runs.
fn tell_steps(finding: &mut Finding, set: &Place<'_>, gateways: &[Ipv4Addr]) -> Result<(), Error> {
    let routes = set.below(&format!(r"{PARAMETERS}\PersistentRoutes"));
    for route in routes.value_names()? {
        let mut parts = route.split(',');
        let mut next = || parts.next().unwrap_or_default();
        let (to, mask, through) = (next(), next(), next());
        let is_stale = gateways.iter().any(|one| one.to_string() == through);
        if is_stale && to == "0.0.0.0" && mask == "0.0.0.0" {
            let command = format!("route delete 0.0.0.0 mask 0.0.0.0 {through}");
            finding.steps.push(Step::AfterBoot(command));
        }
    }
    Ok(())
}

/// Tells of routes that stay.
fn routes(findings: &mut Findings, set: &Place<'_>) -> Result<(), Error> {
    let place = set.below(&format!(r"{PARAMETERS}\PersistentRoutes"));
    let routes = place.value_names()?;
    if !routes.is_empty() {
        findings.note(format!(
            "persistent routes stay, stale or not: {} (route print shows them)",
            routes.join("; ")
        ));
    }
    Ok(())
}

/// Takes fixed DNS servers away, by request.
fn name_servers(findings: &mut Findings, interface: &Interface<'_>) -> Result<(), Error> {
    let place = &interface.place;
    let Some(data) = place.read("NameServer")? else {
        return Ok(());
    };
    if !interface.has_device || data == RegData::sz("") {
        return Ok(());
    }
    let title = format!(
        "the adapter {} asks for DNS servers, by request",
        interface.name
    );
    let mut finding = place.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    finding.evidence.push(format!("NameServer is {data}"));
    let change = place.set(Kind::Fix, "NameServer", RegData::sz(""));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_the_store_by_its_name() {
        let own = Ipv4Addr::new(192, 168, 1, 123);
        assert!(is_of("0000000600000600c0a8017b00000000", 32, own));
        assert!(is_of("0000000600000600C0A8017B00000000", 32, own));
        assert!(!is_of("0000000600000600c0a8017c00000000", 32, own));
        assert!(!is_of("c0a8017b00000000", 32, own));
        let through = Ipv4Addr::new(192, 168, 1, 1);
        let route = format!(
            "{}00000006000006000000000600000600c0a8010100000000",
            "0".repeat(48)
        );
        assert_eq!(route.len(), 96);
        assert!(is_of(&route, 96, through));
        assert!(!is_of(&route, 96, own));
        let elsewhere = format!("0a000000{}", route.get(8..).unwrap_or_default());
        assert!(!is_of(&elsewhere, 96, through));
    }

    #[test]
    fn only_addresses_that_mean_something_count() {
        let texts = |data: RegData| listed(&read(&data));
        assert_eq!(texts(RegData::multi_sz(&["0.0.0.0"])), "none");
        assert_eq!(
            texts(RegData::multi_sz(&["", "10.3.58.5", "x"])),
            "10.3.58.5"
        );
        assert_eq!(
            texts(RegData::sz("10.3.58.5 10.3.58.6")),
            "10.3.58.5, 10.3.58.6"
        );
        assert_eq!(texts(RegData::dword(1)), "none");
    }
}

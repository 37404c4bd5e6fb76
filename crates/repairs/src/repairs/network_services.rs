//! `network-services`: a service that the network needs is disabled, or cannot start.
//!
//! Owns `Start` of the services in the table, and `ObjectName` of `Dhcp`. Invariants: only
//! "disabled" is a fault, and only of a name in the table or of what one of them depends on. Absent
//! on purpose: services of Remote Desktop, the firewall and group policy, which other repairs own;
//! any start type but "disabled"; creating a service.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;
use std::collections::BTreeSet;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "network-services",
    title: "let the services that the network needs start as Windows ships them",
    class: Class::Recommended,
    risk: "a service that was disabled on purpose starts again",
    parameters: &[],
    about: include_str!("network-services.md"),
    diagnose,
};

/// One service a line: name, start type, when it is needed, what is lost without it.
const TABLE: &str = include_str!("network-services.tsv");
const ACCOUNT: &str = r"NT Authority\LocalService";
/// What other repairs own.
const OWNED: [&str; 8] = [
    "TermService",
    "SessionEnv",
    "UmRdpService",
    "RDPDR",
    "gpsvc",
    "mpssvc",
    "BFE",
    "mpsdrv",
];
/// More dependencies than any Windows has: a bound for hostile hives.
const MOST: usize = 4096;

/// When a service is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Always, and without it nothing works.
    Core,
    /// Always.
    Always,
    /// When another that is needed depends on it.
    Reached,
    /// On a member of a domain.
    Domain,
    /// On a virtual machine of Hyper-V's family.
    HyperV,
    /// On a server, and it can be off on purpose.
    Server,
    /// It can be off on purpose.
    Optional,
}

/// A service of the table.
#[derive(Clone, Copy, Debug)]
struct Service {
    name: &'static str,
    start: u32,
    need: Need,
    lost: &'static str,
}

/// The services of the table.
fn table() -> impl Iterator<Item = Service> {
    TABLE.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let mut next = || columns.next();
        let name = next().filter(|name| !name.starts_with('#'))?;
        let start = next()?.parse().ok()?;
        let need = match next()? {
            "core" => Need::Core,
            "always" => Need::Always,
            "reached" => Need::Reached,
            "domain" => Need::Domain,
            "hyper-v" => Need::HyperV,
            "server" => Need::Server,
            "optional" => Need::Optional,
            _ => return None,
        };
        let lost = next()?;
        Some(Service {
            name,
            start,
            need,
            lost,
        })
    })
}

/// What decides about a start type and about a need.
struct Facts {
    version: Option<(u16, u16)>,
    build: u32,
    is_server: bool,
    in_domain: bool,
}

impl Facts {
    fn of(context: &Context<'_>) -> Result<Facts, Error> {
        let known = context.installation()?;
        let product = known.product_type.unwrap_or_default();
        let text = known.build.unwrap_or_default();
        let digits = text.split('.').next().unwrap_or_default();
        let build = match known.kernel {
            Some(kernel) => u32::from(kernel.build),
            None => digits.trim().parse().unwrap_or(0),
        };
        Ok(Facts {
            version: context.windows_version()?,
            build,
            is_server: !product.eq_ignore_ascii_case("WinNT") && !product.is_empty(),
            in_domain: known.domain.is_some() || product.eq_ignore_ascii_case("LanmanNT"),
        })
    }

    /// Whether this is a Windows before Vista; `None` where nothing tells.
    fn is_older(&self, set: &Place<'_>) -> Result<bool, Error> {
        match self.version {
            Some(version) => Ok(version < (6, 0)),
            // nsi came with Vista.
            None => Ok(!set.below(r"Services\nsi").exists()?),
        }
    }

    /// How Windows ships the service, where that is not the same everywhere.
    fn start(&self, service: Service, older: bool) -> u32 {
        match service.name {
            "Tcpip" | "mrxsmb" if older => 1,
            // Windows 8 starts it when the first device asks.
            "PlugPlay" if older || self.version.is_some_and(|version| version < (6, 2)) => 2,
            // Windows 11 and Server 2025 start it when somebody asks.
            "NlaSvc" if self.build >= 22_000 => 3,
            _ => service.start,
        }
    }
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let facts = Facts::of(context)?;
    for set in context.control_sets() {
        let older = facts.is_older(&set)?;
        let hyper_v = set.below(r"Enum\VMBUS").exists()?;
        let needed = |need: Need| match need {
            Need::Core | Need::Always => true,
            Need::Domain => facts.in_domain,
            Need::HyperV => hyper_v,
            Need::Reached | Need::Server | Need::Optional => false,
        };
        let roots = table().filter(|service| needed(service.need));
        let reached = Reached::from(&set, roots.map(|service| service.name))?;
        for service in table() {
            let needed_by = reached.needed_by(service.name);
            let is_needed = needed(service.need) || needed_by.is_some();
            let is_told = match service.need {
                Need::Reached | Need::Domain => is_needed,
                Need::Server => facts.is_server,
                _ => true,
            };
            if is_told {
                let start = facts.start(service, older);
                disabled(findings, &set, service, start, is_needed, needed_by)?;
            }
        }
        // A control set that is no whole one has no dependencies to speak of.
        if set.below(r"Services\nsi").exists()? && set.below(r"Services\Tcpip").exists()? {
            unknown(findings, &set, &reached)?;
            dhcp(findings, &set)?;
        }
    }
    Ok(())
}

fn disabled(
    findings: &mut Findings,
    set: &Place<'_>,
    service: Service,
    start: u32,
    is_needed: bool,
    needed_by: Option<&str>,
) -> Result<(), Error> {
    let name = service.name;
    let place = set.below(&format!(r"Services\{name}"));
    let now = place.number("Start")?;
    if !now.is(4) {
        return Ok(());
    }
    let (offer, certainty) = match (service.need, is_needed) {
        (Need::Core, _) => (Offer::Recommended, Certainty::Certain),
        (_, true) => (Offer::Recommended, Certainty::Likely),
        (_, false) => (Offer::WhenAsked, Certainty::Possible),
    };
    let title = format!("the service {name} is disabled: {}", service.lost);
    let mut finding = place.finding(offer, certainty, title)?;
    finding.evidence.push(format!(
        "Start is {now} (4 disabled), Windows ships 0x{start:x}"
    ));
    let needs = needed_by.map(|who| format!("{who} depends on it and cannot start without it"));
    finding.evidence.extend(needs);
    let change = place.set(Kind::Fix, "Start", RegData::dword(start));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

/// What services depend on, directly or through others.
struct Reached {
    /// A service and the first that needs it.
    found: Vec<(String, String)>,
}

impl Reached {
    fn from<'n>(set: &Place<'_>, roots: impl Iterator<Item = &'n str>) -> Result<Reached, Error> {
        let mut todo: Vec<String> = roots.map(str::to_owned).collect();
        // The table is in the order in which things are told.
        todo.reverse();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut found: Vec<(String, String)> = Vec::new();
        while let Some(name) = todo.pop() {
            if !seen.insert(name.to_lowercase()) || seen.len() > MOST {
                continue;
            }
            let place = set.below(&format!(r"Services\{name}"));
            let depends = place.read("DependOnService")?;
            for other in depends.and_then(|data| data.as_texts()).unwrap_or_default() {
                // A name with a plus is that of a group; one with a backslash is no name.
                if other.is_empty() || other.starts_with('+') || other.contains('\\') {
                    continue;
                }
                let known = found
                    .iter()
                    .any(|(one, _)| one.eq_ignore_ascii_case(&other));
                if !known {
                    found.push((other.clone(), name.clone()));
                    todo.push(other);
                }
            }
        }
        Ok(Reached { found })
    }

    fn needed_by(&self, name: &str) -> Option<&str> {
        let mut all = self.found.iter();
        let one = all.find(|(one, _)| one.eq_ignore_ascii_case(name));
        one.map(|(_, who)| who.as_str())
    }
}

/// Tells of dependencies that are gone or disabled and not in the table.
fn unknown(findings: &mut Findings, set: &Place<'_>, reached: &Reached) -> Result<(), Error> {
    for (name, who) in &reached.found {
        let mut known = table().map(|service| service.name).chain(OWNED);
        let place = set.below(&format!(r"Services\{name}"));
        let title = if !place.exists()? {
            format!("{who} depends on the service {name}, which does not exist")
        } else if place.number("Start")?.is(4) && !known.any(|one| one.eq_ignore_ascii_case(name)) {
            format!("{who} depends on the service {name}, which is disabled")
        } else {
            continue;
        };
        let dependent = set.below(&format!(r"Services\{who}"));
        let mut finding = dependent.finding(Offer::Report, Certainty::Likely, title)?;
        finding.evidence.push(format!(
            "DependOnService of {who} names {name}, which Windows does not ship there or does \
             not ship disabled: {who} cannot start"
        ));
        findings.add(finding);
    }
    Ok(())
}

/// The DHCP client's account, and whether there is one at all.
fn dhcp(findings: &mut Findings, set: &Place<'_>) -> Result<(), Error> {
    let place = set.below(r"Services\Dhcp");
    if !place.exists()? {
        let title = "there is no service Dhcp: adapters get no address";
        let mut finding = place.finding(Offer::Report, Certainty::Certain, title)?;
        finding
            .evidence
            .push("Services has nsi and Tcpip, but no Dhcp; it is not made anew here".to_owned());
        findings.add(finding);
        return Ok(());
    }
    let image = place.text("ImagePath")?.unwrap_or_default();
    // The account belongs to the group of the process; before Vista it is another.
    if !image.to_ascii_lowercase().contains("-k localservice") {
        return Ok(());
    }
    let now = place.read("ObjectName")?;
    let text = now.as_ref().and_then(RegData::as_text);
    if text.is_some_and(|text| is_account(&text)) {
        return Ok(());
    }
    let title = "Dhcp does not run under its own account";
    let mut finding = place.finding(Offer::Recommended, Certainty::Likely, title)?;
    let now = now.map_or("missing".to_owned(), |data| data.to_string());
    finding.evidence.push(format!(
        "ObjectName is {now}, Windows has {ACCOUNT:?}: the services of one process share one \
         account"
    ));
    let change = place.set(Kind::Fix, "ObjectName", RegData::sz(ACCOUNT));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

fn is_account(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| *c != ' ').collect();
    plain.eq_ignore_ascii_case(r"NTAuthority\LocalService")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(table().count(), lines);
        for service in table() {
            assert!(service.start < 4, "{}", service.name);
            assert!(!OWNED.contains(&service.name), "{}", service.name);
            assert!(!service.lost.is_empty(), "{}", service.name);
        }
        for left in ["RemoteAccess", "SharedAccess", "WebClient"] {
            assert!(table().all(|service| service.name != left), "{left}");
        }
    }

    #[test]
    fn the_account_has_several_spellings() {
        for good in [
            ACCOUNT,
            r"NT AUTHORITY\LocalService",
            r"nt authority\local service",
        ] {
            assert!(is_account(good), "{good}");
        }
        for bad in ["LocalSystem", "", r"NT AUTHORITY\NetworkService"] {
            assert!(!is_account(bad), "{bad}");
        }
    }
}

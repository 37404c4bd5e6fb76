//! `rdp-port`: the port Remote Desktop listens on, and the firewall with it.
//!
//! Owns a `PortNumber` that can work (`rdp-listener` owns one that cannot, and wants the same
//! 3389) and the rules whose names begin with `offfix-RemoteDesktop-In-`. Absent on purpose:
//! Windows' own rules, which are for 3389 only, and the network outside the machine.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Change, Finding, Findings, Kind, Offer, Step};
use crate::firewall::traffic::{Action, Listener, TCP, Traffic, UDP};
use crate::firewall::{Entry, Firewall, GROUP, Profile, Reach, STANDARD_PORT, ports};
use crate::repairs::nla::LISTENER;
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rdp-port",
    title: "put Remote Desktop on port 3389 again, or on another one",
    class: Class::OnRequest,
    risk: "clients, load balancer and network security group have to use the same port",
    parameters: &[Parameter {
        name: "port",
        about: "the port to listen on; the one it is on already opens the firewall for it",
        default: Some("3389"),
        values: "1 to 65535",
        accepts: |value| number(value).is_some(),
    }],
    about: include_str!("rdp-port.md"),
    diagnose,
};

const NAME: &str = "PortNumber";
/// How the names of our own rules begin.
const OURS: &str = "offfix-RemoteDesktop-In-";

/// Ports other services of a Windows server are known to listen on.
const TAKEN: [(u16, &str); 18] = [
    (53, "DNS"),
    (80, "HTTP"),
    (88, "Kerberos"),
    (135, "RPC endpoint mapper"),
    (139, "NetBIOS sessions"),
    (389, "LDAP"),
    (443, "HTTPS"),
    (445, "SMB"),
    (464, "Kerberos passwords"),
    (593, "RPC over HTTP"),
    (636, "LDAP over TLS"),
    (1433, "SQL Server"),
    (3268, "global catalog"),
    (3387, "Remote Desktop over WebSocket"),
    (3392, "Remote Desktop over WebSocket"),
    (5985, "WinRM"),
    (5986, "WinRM over TLS"),
    (47001, "WinRM"),
];

/// A port, written in digits.
fn number(text: &str) -> Option<u16> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|&port| port != 0)
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let wanted = context.parameter("port").and_then(number);
    let wanted = wanted.unwrap_or(STANDARD_PORT);
    for set in context.control_sets() {
        let listener = set.below(LISTENER);
        if !listener.exists()? {
            continue;
        }
        let now = listener.number(NAME)?;
        let firewall = Firewall::of(&set)?;
        if context.ask.wants_it() {
            let finding = changed(&listener, &now, firewall.as_ref(), wanted)?;
            if finding.has_cure() {
                findings.add(finding);
            }
        } else if let Number::Is(port @ 1..=65535) = now
            && port != u32::from(STANDARD_PORT)
        {
            let finding = changed(&listener, &now, firewall.as_ref(), wanted)?;
            findings.add(moved(finding, port, firewall.as_ref()));
        }
    }
    Ok(())
}

/// What is told of a port that somebody has moved.
fn moved(finding: Finding, port: u32, firewall: Option<&Firewall<'_>>) -> Finding {
    let why = "firewall rule, network security group and client have to use this port too";
    let rule = firewall.map(|firewall| {
        if is_open(firewall, firewall.port, |_| true) {
            format!("a firewall rule opens port {port}")
        } else {
            format!("no firewall rule is sure to open port {port}; Windows' own are for 3389")
        }
    });
    let told = [why.to_owned()].into_iter().chain(rule);
    Finding {
        title: format!("the listener is on port {port}, not {STANDARD_PORT}"),
        evidence: told.chain(finding.evidence).collect(),
        ..finding
    }
}

/// The listener on the wanted port, with the rules for it; without cure where nothing is to be
/// done.
fn changed(
    listener: &Place<'_>,
    now: &Number,
    firewall: Option<&Firewall<'_>>,
    wanted: u16,
) -> Result<Finding, Error> {
    let title = format!("the listener is on port {wanted}, by request");
    let mut finding = listener.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    finding.evidence.push(format!("{NAME} is {}", shown(now)));
    let is_there = match now {
        Number::Missing => wanted == STANDARD_PORT,
        now => now.is(u32::from(wanted)),
    };
    if !is_there {
        let data = RegData::dword(u32::from(wanted));
        finding.cure.push(listener.set(Kind::Fix, NAME, data));
    }
    if let Some(firewall) = firewall {
        others(firewall, wanted, &mut finding.evidence);
        rules(firewall, wanted, &mut finding)?;
    }
    warned(wanted, &mut finding.evidence);
    finding.steps.push(Step::Manual(format!(
        "allow TCP and UDP {wanted} in the network security group, and connect to NAME:{wanted}"
    )));
    Ok(finding)
}

fn shown(now: &Number) -> String {
    match now {
        Number::Is(port) => port.to_string(),
        now => now.to_string(),
    }
}

/// The changes of our own rules: those of other ports go, those of a moved port come.
fn rules(firewall: &Firewall<'_>, wanted: u16, finding: &mut Finding) -> Result<(), Error> {
    let is_wanted = |name: &str| {
        [TCP, UDP]
            .iter()
            .any(|protocol| name.eq_ignore_ascii_case(&name_of(*protocol, wanted)))
    };
    let place = &firewall.rules.place;
    let entries = firewall.rules.entries.iter().map(|entry| &entry.name);
    let ours = entries
        .chain(&firewall.rules.odd)
        .filter(|name| is_ours(name));
    for name in ours {
        if wanted == STANDARD_PORT || !is_wanted(name) {
            finding
                .evidence
                .push(format!("rule {name}, of an earlier run, is removed"));
            finding.cure.push(place.delete(Kind::Fix, name));
        }
    }
    if wanted == STANDARD_PORT {
        let open = is_open(firewall, wanted, |entry| !is_ours(&entry.name));
        if !open {
            finding.evidence.push(
                "no other rule is sure to open it: look at firewall-rdp-rules afterwards"
                    .to_owned(),
            );
        }
        return Ok(());
    }
    if is_open(firewall, wanted, |entry| !is_ours(&entry.name)) {
        finding
            .evidence
            .push(format!("a firewall rule opens port {wanted} already"));
        return Ok(());
    }
    match firewall.version_text()? {
        Some(version) => {
            let new = [TCP, UDP].map(|protocol| own_rule(firewall, &version, protocol, wanted));
            finding.cure.extend(new);
        }
        None => finding.steps.push(Step::AfterBoot(format!(
            "netsh advfirewall firewall add rule name=\"Remote Desktop {wanted}\" dir=in \
             action=allow protocol=TCP localport={wanted}"
        ))),
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    let start = name.get(..OURS.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(OURS))
}

fn name_of(protocol: u8, port: u16) -> String {
    let protocol = if protocol == TCP { "TCP" } else { "UDP" };
    format!("{OURS}{protocol}-{port}")
}

fn own_rule(firewall: &Firewall<'_>, version: &str, protocol: u8, port: u16) -> Change {
    let program = match firewall.listener {
        Listener::Kernel => "App=System",
        Listener::Service => r"App=%SystemRoot%\system32\svchost.exe|Svc=termservice",
    };
    let text = format!(
        "{version}|Action=Allow|Active=TRUE|Dir=In|Protocol={protocol}|LPort={port}|{program}|\
         Name=Remote Desktop on port {port}|Desc=Made by offfix for a moved port.|\
         EmbedCtxt={GROUP}|"
    );
    let name = name_of(protocol, port);
    let place = &firewall.rules.place;
    place.set(Kind::Fix, &name, RegData::sz(&text))
}

/// Whether these rules let connections over TCP in from every network.
fn is_open(firewall: &Firewall<'_>, port: u16, counts: impl Fn(&Entry) -> bool) -> bool {
    Profile::ALL.into_iter().all(|profile| {
        let traffic = Traffic {
            protocol: TCP,
            port,
            profile,
            listener: firewall.listener,
        };
        let mut rules = firewall.rules.entries.iter().filter(|entry| counts(entry));
        rules.any(|entry| entry.rule.allows(traffic) == Reach::All)
    })
}

/// Tells of rules that open this very port to another program.
fn others(firewall: &Firewall<'_>, port: u16, evidence: &mut Vec<String>) {
    let names_it = |entry: &&Entry| {
        let rule = &entry.rule;
        let mut named = rule.values("LPort").chain(rule.values("LPort2_10"));
        let traffic = |profile| Traffic {
            protocol: TCP,
            port,
            profile,
            listener: firewall.listener,
        };
        rule.is_active() == Some(true)
            && rule.action() == Some(Action::Allow)
            && rule.values("Dir").any(|way| way.eq_ignore_ascii_case("In"))
            && named.any(|ports| number(ports) == Some(port))
            && Profile::ALL
                .into_iter()
                .all(|profile| rule.is_about(traffic(profile)) == Reach::None)
    };
    for entry in firewall.rules.entries.iter().filter(names_it) {
        let program = entry.rule.values("App").next().unwrap_or("any program");
        let name = &entry.name;
        evidence.push(format!(
            "rule {name} opens port {port} to {program}, which may listen there"
        ));
    }
}

/// Tells of ports that are not Remote Desktop's to take.
fn warned(port: u16, evidence: &mut Vec<String>) {
    if let Some((_, service)) = TAKEN.iter().find(|(taken, _)| *taken == port) {
        evidence.push(format!("port {port} belongs to {service} where that runs"));
    }
    if ports::DYNAMIC.contains(&port) {
        evidence.push(format!(
            "Windows gives ports from {} on to programs: one can have {port} first",
            ports::DYNAMIC.start()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_digits_from_1_to_65535() {
        for (text, port) in [("1", 1), ("3389", 3389), ("65535", 65535), ("0443", 443)] {
            assert_eq!(number(text), Some(port));
        }
        for text in ["", "0", "65536", "+1", "-1", " 1", "0x1", "RPC"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn ports_of_others_are_warned_of() {
        let warnings = |port| {
            let mut lines = Vec::new();
            warned(port, &mut lines);
            lines.len()
        };
        assert_eq!([3389, 3390, 443, 49151].map(warnings), [0, 0, 1, 0]);
        assert_eq!([49152, 65535].map(warnings), [1, 1]);
    }
}

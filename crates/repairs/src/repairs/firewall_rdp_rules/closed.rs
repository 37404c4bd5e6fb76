//! Profiles in which no rule lets connections to Remote Desktop in.
//!
//! Invariants: a rule that is there keeps all but what switches it on; one that is not is written
//! as its neighbours are. Absent on purpose: rules that somebody else has made.

use super::{View, is_of_windows, line, opened};
use crate::context::{Ask, Error};
use crate::finding::{Certainty, Change, Findings, Kind, Offer, Step};
use crate::firewall::traffic::{Listener, Traffic, UDP};
use crate::firewall::{GROUP, Profile, Reach, STANDARD_PORT, names};
use hive::RegData;

/// A rule of Windows for Remote Desktop.
pub(super) struct Standard {
    pub(super) name: &'static str,
    /// What stands between the version and the texts.
    fields: &'static str,
    /// The texts of `FirewallAPI.dll`: what the rule is called, and what it is for.
    texts: (u32, u32),
}

impl Standard {
    fn text(&self, version: &str) -> String {
        let (fields, (name, about)) = (self.fields, self.texts);
        let library = "@FirewallAPI.dll";
        format!(
            "{version}|Action=Allow|Active=TRUE|Dir=In|{fields}|Name={library},-{name}|\
             Desc={library},-{about}|EmbedCtxt={GROUP}|"
        )
    }
}

/// The rules since Windows 8 and Server 2012.
pub(super) const OF_SERVICE: [Standard; 2] = [
    Standard {
        name: "RemoteDesktop-UserMode-In-TCP",
        fields: r"Protocol=6|LPort=3389|App=%SystemRoot%\system32\svchost.exe|Svc=termservice",
        texts: (28775, 28756),
    },
    Standard {
        name: "RemoteDesktop-UserMode-In-UDP",
        fields: r"Protocol=17|LPort=3389|App=%SystemRoot%\system32\svchost.exe|Svc=termservice",
        texts: (28776, 28777),
    },
];
/// The rule up to Windows 7 and Server 2008 R2.
pub(super) const OF_KERNEL: [Standard; 1] = [Standard {
    name: "RemoteDesktop-In-TCP",
    fields: "Protocol=6|LPort=3389|App=System",
    texts: (28753, 28756),
}];

/// Looks at every profile in which something has to let them in.
pub(super) fn look(findings: &mut Findings, view: &View<'_, '_>) -> Result<(), Error> {
    let needs = view.profiles.iter().filter(|(_, it)| !it.lets_in);
    let needs: Vec<Profile> = needs.map(|(profile, _)| *profile).collect();
    let (mut closed, mut open, mut unsure) = (Vec::new(), false, Vec::new());
    for &profile in &needs {
        let rules = view.firewall.rules.entries.iter().chain(view.policy_rules);
        match view.let_in(rules, profile) {
            Reach::All => open = true,
            Reach::Part | Reach::Unknown => unsure.push(profile),
            Reach::None => closed.push(profile),
        }
    }
    let (key, port) = (&view.firewall.rules.place.key, view.firewall.port);
    if !unsure.is_empty() {
        findings.note(format!(
            "{key}: rules open port {port} for a part of the {} network, or on conditions a disk \
             does not show",
            names(&unsure)
        ));
    }
    if closed.is_empty() {
        return Ok(());
    }
    let whole = !open && unsure.is_empty();
    if !whole && (view.ask == Ask::Look || port != STANDARD_PORT) {
        findings.note(format!(
            "{key}: no rule opens port {port} to {} networks; one does to others",
            names(&closed)
        ));
        return Ok(());
    }
    tell(findings, view, &closed, whole)
}

fn tell(
    findings: &mut Findings,
    view: &View<'_, '_>,
    closed: &[Profile],
    whole: bool,
) -> Result<(), Error> {
    let (rules, port) = (&view.firewall.rules, view.firewall.port);
    let (mut evidence, mut cure) = (Vec::new(), Vec::new());
    if port == STANDARD_PORT {
        switched_on(view, closed, &mut evidence, &mut cure);
        if whole {
            rebuilt(view, &mut evidence, &mut cure)?;
        }
    }
    if cure.is_empty() && !whole {
        findings.note(format!(
            "{}: no rule of Windows opens port {port} to {} networks",
            rules.place.key,
            names(closed)
        ));
        return Ok(());
    }
    let (offer, certainty) = match (cure.is_empty(), whole) {
        (true, _) => (Offer::Report, view.certainty),
        (false, true) => (Offer::WhenAsked, view.certainty),
        (false, false) => (Offer::WhenNamed, Certainty::Possible),
    };
    let title = format!(
        "no firewall rule lets Remote Desktop in on port {port} from {} networks",
        names(closed)
    );
    let mut finding = rules.place.finding(offer, certainty, title)?;
    finding.evidence = evidence;
    finding.steps = steps(port, cure.is_empty());
    finding.cure = cure;
    findings.add(finding);
    Ok(())
}

/// What is left to people: rules for a port Windows has none for, and rules in its place.
fn steps(port: u16, is_uncured: bool) -> Vec<Step> {
    match (is_uncured, port == STANDARD_PORT) {
        (false, _) => Vec::new(),
        (true, false) => vec![Step::Manual(format!(
            "offfix plan --repair rdp-port --set rdp-port.port={port} opens it; without --set the \
             listener goes back to {STANDARD_PORT}"
        ))],
        (true, true) => vec![Step::AfterBoot(format!(
            "netsh advfirewall firewall add rule name=\"Remote Desktop\" dir=in action=allow \
             protocol=TCP localport={port}"
        ))],
    }
}

/// Windows' own rules that are off or block, and are about a closed profile.
fn switched_on(
    view: &View<'_, '_>,
    closed: &[Profile],
    evidence: &mut Vec<String>,
    cure: &mut Vec<Change>,
) {
    let rules = &view.firewall.rules;
    let of_windows = rules.entries.iter().filter(|entry| is_of_windows(entry));
    for entry in of_windows {
        let is_about = |&profile: &Profile| {
            let tcp = view.traffic(profile);
            let udp = Traffic {
                protocol: UDP,
                ..tcp
            };
            let reach = entry.rule.is_about(tcp).min(entry.rule.is_about(udp));
            reach <= Reach::Part
        };
        let open = opened(&entry.rule);
        if closed.iter().any(is_about) && open != entry.rule {
            let value = |name| entry.rule.values(name).next().unwrap_or("missing");
            let (action, active) = (value("Action"), value("Active"));
            let line = line(entry);
            evidence.push(format!("{line}: Action is {action}, Active is {active}"));
            let data = RegData::sz(&open.to_string());
            cure.push(rules.place.set(Kind::Fix, &entry.name, data));
        }
    }
}

/// Windows' own rules that are not there, or are no rules any more.
fn rebuilt(
    view: &View<'_, '_>,
    evidence: &mut Vec<String>,
    cure: &mut Vec<Change>,
) -> Result<(), Error> {
    let rules = &view.firewall.rules;
    let standard: &[Standard] = match view.firewall.listener {
        Listener::Kernel => &OF_KERNEL,
        Listener::Service => &OF_SERVICE,
    };
    let gone = |it: &&Standard| rules.named(it.name).is_none();
    if !standard.first().is_some_and(|tcp| gone(&tcp)) {
        return Ok(());
    }
    let Some(version) = view.firewall.version_text()? else {
        evidence.push("no rule is left that shows how this Windows writes rules".to_owned());
        return Ok(());
    };
    for rule in standard.iter().filter(gone) {
        evidence.push(format!("rule {}: missing, or no rule", rule.name));
        let data = RegData::sz(&rule.text(&version));
        cure.push(rules.place.set(Kind::Fix, rule.name, data));
    }
    Ok(())
}

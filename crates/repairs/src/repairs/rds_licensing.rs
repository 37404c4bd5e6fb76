//! `rds-licensing`: where a session host asks for licences, and in which mode.
//!
//! Owns `LicensingMode` of `RCM\Licensing Core` and `SpecifiedLicenseServers` of
//! `TermService\Parameters\LicenseServers`. Invariants: without the role of a session host nothing
//! is found and nothing is changed. Absent on purpose: the grace period, which is only told, and
//! the values of a policy, which win and are refused.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer, Step};
use crate::repairs::boot_entries::windows_drive;
use crate::repairs::rdp_enabled;
use hive::{RegData, RegType};
use std::net::IpAddr;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rds-licensing",
    title: "tell a session host its licence servers and its licensing mode",
    class: Class::OnRequest,
    risk: "a mode that does not fit the licences, or a server that has none, lets nobody in",
    parameters: &[
        Parameter {
            name: "mode",
            about: "how licences are counted; it must fit those you own",
            default: Some(KEEP),
            values: "per-device (or 2), per-user (or 4), or keep",
            accepts: |value| value == KEEP || mode_of(value).is_some(),
        },
        Parameter {
            name: "servers",
            about: "which licence servers are asked; keep also takes a list from the article's key",
            default: Some(KEEP),
            values: "names or addresses with commas between them, or keep",
            accepts: |value| value == KEEP || servers_of(value).is_some(),
        },
        Parameter {
            name: "remove-role",
            about: "tell the commands that take the role away; two administrative sessions stay",
            default: Some("no"),
            values: "no or yes",
            accepts: |value| ["no", "yes"].contains(&value),
        },
    ],
    about: include_str!("rds-licensing.md"),
    diagnose,
};

const KEEP: &str = "keep";
const MODE: &str = "LicensingMode";
const LIST: &str = "SpecifiedLicenseServers";
const CACHE: &str = r"Microsoft\ServerManager\ServicingStorage\ServerComponentCache";
const SERVER: &str = r"Control\Terminal Server";
const CORE: &str = r"Control\Terminal Server\RCM\Licensing Core";
const GRACE: &str = r"Control\Terminal Server\RCM\GracePeriod";
const SERVICE: &str = r"Services\TermService\Parameters";
/// Units of a FILETIME in a day.
const DAY: u64 = 864_000_000_000;
/// As many licence servers as anyone names.
const MOST: usize = 16;

/// Whether the role of a session host is there, and what shows it.
enum Role {
    Installed(String),
    Absent(String),
    Unknown(String),
}

/// What the operator wants; `None` is "keep".
struct Wanted {
    mode: Option<u32>,
    servers: Option<Vec<String>>,
    remove: bool,
}

impl Wanted {
    fn of(context: &Context<'_>) -> Wanted {
        let is_yes = context.parameter("remove-role") == Some("yes");
        Wanted {
            mode: context.parameter("mode").and_then(mode_of),
            servers: context
                .parameter("servers")
                .filter(|&value| value != KEEP)
                .and_then(servers_of),
            remove: is_yes && context.ask.wants_it(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.mode.is_none() && self.servers.is_none() && !self.remove
    }
}

/// A licensing mode as it is typed, as Windows counts it.
fn mode_of(value: &str) -> Option<u32> {
    match value {
        "2" | "per-device" => Some(2),
        "4" | "per-user" => Some(4),
        _ => None,
    }
}

/// A typed list of servers; `None` when one of them can be none.
fn servers_of(value: &str) -> Option<Vec<String>> {
    let servers: Vec<String> = value.split(',').map(|one| one.trim().to_owned()).collect();
    let good = servers.len() <= MOST && servers.iter().all(|one| is_server(one));
    good.then_some(servers)
}

/// Whether a text can be the name or address of a machine.
fn is_server(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let is_label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len())
            && label.chars().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last part of digits alone is an address with a slip in it.
    let named = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.split('.').all(is_label)
        && !named.bytes().all(|byte| byte.is_ascii_digit())
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let wanted = Wanted::of(context);
    let why = match role(context)? {
        Role::Absent(why) => {
            findings.note(format!(
                "{why}, so the role Remote Desktop Session Host is not installed: a licence \
                 server cannot be what is missing"
            ));
            return Ok(());
        }
        Role::Unknown(why) if wanted.is_nothing() || wanted.remove => {
            findings.note(format!(
                "{why}: whether this is a session host is not known"
            ));
            return Ok(());
        }
        Role::Installed(why) | Role::Unknown(why) => why,
    };
    let policy = Policy::of(findings, context)?;
    if context.ask.wants_it() {
        policy.refuse(&wanted)?;
    }
    for set in context.control_sets() {
        // A control set that is no whole one has no service that could read the values.
        if set.below(SERVICE).exists()? {
            mode(findings, &set, &wanted, &policy, &why)?;
            servers(findings, &set, &wanted, &policy, &why)?;
            grace(findings, &set, context.now)?;
        }
    }
    if wanted.remove {
        remove(findings, context)?;
    }
    Ok(())
}

/// Whether this Windows is a session host.
fn role(context: &Context<'_>) -> Result<Role, Error> {
    let product = context.installation()?.product_type;
    if product.is_some_and(|product| product.eq_ignore_ascii_case("WinNT")) {
        return Ok(Role::Absent("this is no server".to_owned()));
    }
    let state = match context.software(&format!(r"{CACHE}\RDS-RD-Server"))? {
        Some(place) => place.number("InstallState")?,
        None => Number::Missing,
    };
    let told = format!("InstallState of RDS-RD-Server is {state}");
    match state {
        Number::Is(0) => return Ok(Role::Absent(told)),
        Number::Is(1) => return Ok(Role::Installed(told)),
        _ => {}
    }
    for set in context.control_sets() {
        if set.below(SERVER).number("TSAppCompat")?.is(1) {
            return Ok(Role::Installed("TSAppCompat is 0x1".to_owned()));
        }
    }
    Ok(Role::Unknown(told))
}

/// What a policy says; it wins over the two values.
#[derive(Default)]
struct Policy {
    mode: Option<String>,
    servers: Option<String>,
}

impl Policy {
    fn of(findings: &mut Findings, context: &Context<'_>) -> Result<Policy, Error> {
        let Some(place) = rdp_enabled::policy(findings, context) else {
            return Ok(Policy::default());
        };
        let mode = place.number(MODE)?;
        let servers = place.text("LicenseServers")?;
        Ok(Policy {
            mode: mode.exists().then(|| format!("{MODE} {mode}")),
            servers: servers
                .filter(|list| !list.trim().is_empty())
                .map(|list| format!("LicenseServers {list:?}")),
        })
    }

    /// Refuses values that a policy makes void.
    fn refuse(&self, wanted: &Wanted) -> Result<(), Error> {
        let mode = self.mode.as_ref().filter(|_| wanted.mode.is_some());
        let servers = self.servers.as_ref().filter(|_| wanted.servers.is_some());
        match mode.or(servers) {
            Some(set) => Err(Error::Refused(format!(
                r"would have no effect: a policy sets {set} in HKLM\SOFTWARE\{}, and a policy wins",
                rdp_enabled::POLICY
            ))),
            None => Ok(()),
        }
    }
}

fn mode(
    findings: &mut Findings,
    set: &Place<'_>,
    wanted: &Wanted,
    policy: &Policy,
    why: &str,
) -> Result<(), Error> {
    let place = set.below(CORE);
    let now = place.number(MODE)?;
    let seen = format!("{why}; {MODE} is {now} (2 per device, 4 per user, 5 not chosen)");
    if let Some(mode) = wanted.mode {
        let name = if mode == 2 { "device" } else { "user" };
        let title = format!("licences are counted per {name}, by request");
        let mut finding = place.finding(Offer::WhenNamed, Certainty::Possible, title)?;
        finding.evidence.push(seen);
        let change = place.set(Kind::Fix, MODE, RegData::dword(mode));
        finding.cure.push(change);
        findings.add(with_steps(finding, &[]));
    } else if let Some(set) = &policy.mode {
        findings.note(format!("a policy sets {set}: the setting itself is void"));
    } else if !(now.is(2) || now.is(4)) {
        let title = "no licensing mode is chosen: sessions end when the days of grace are over";
        let mut finding = place.finding(Offer::Report, Certainty::Likely, title)?;
        finding.evidence.push(seen);
        finding.evidence.push(
            "--set rds-licensing.mode=per-user or per-device, as the licences are; mstsc \
             /v:HOST /admin needs none"
                .to_owned(),
        );
        findings.add(finding);
    }
    Ok(())
}

fn servers(
    findings: &mut Findings,
    set: &Place<'_>,
    wanted: &Wanted,
    policy: &Policy,
    why: &str,
) -> Result<(), Error> {
    let place = set.below(&format!(r"{SERVICE}\LicenseServers"));
    let now = place.read(LIST)?;
    let named = list(now.as_ref());
    let elsewhere = list(set.below(SERVICE).read(LIST)?.as_ref());
    let shown = now
        .as_ref()
        .map_or("missing".to_owned(), ToString::to_string);
    let seen = format!("{why}; {LIST} is {shown}");
    let is_list = now.is_none_or(|data| data.kind == RegType::MULTI_SZ);
    let (offer, certainty, title, servers) = if let Some(servers) = &wanted.servers {
        let title = "the licence servers are named, by request";
        (Offer::WhenNamed, Certainty::Possible, title, servers)
    } else if let Some(set) = &policy.servers {
        findings.note(format!("a policy sets {set}: the setting itself is void"));
        return Ok(());
    } else if !named.is_empty() && is_list {
        return suspicious(findings, &place, &named);
    } else if !named.is_empty() {
        let title = "the list of licence servers is no REG_MULTI_SZ: Windows may not read it";
        (Offer::WhenAsked, Certainty::Possible, title, &named)
    } else if !elsewhere.is_empty() {
        let title = "the licence servers stand in a key that Windows does not read";
        (Offer::WhenAsked, Certainty::Likely, title, &elsewhere)
    } else {
        return nobody(findings, &place, seen);
    };
    let mut finding = with_steps(place.finding(offer, certainty, title)?, servers);
    finding.evidence.push(seen);
    if !elsewhere.is_empty() {
        finding.evidence.push(format!(
            r"{LIST} of {SERVICE} is {}: older articles put it there, where it does nothing",
            elsewhere.join(", ")
        ));
    }
    let texts: Vec<&str> = servers.iter().map(String::as_str).collect();
    let change = place.set(Kind::Fix, LIST, RegData::multi_sz(&texts));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

/// Tells that no licence server is named anywhere.
fn nobody(findings: &mut Findings, place: &Place<'_>, seen: String) -> Result<(), Error> {
    let title = "no licence server is named: sessions end when the days of grace are over";
    let mut finding = place.finding(Offer::Report, Certainty::Likely, title)?;
    finding.evidence.push(seen);
    finding.evidence.push(
        "--set rds-licensing.servers=NAME,NAME names them; mstsc /v:HOST /admin needs none"
            .to_owned(),
    );
    findings.add(finding);
    Ok(())
}

/// Tells of entries that name no machine.
fn suspicious(findings: &mut Findings, place: &Place<'_>, named: &[String]) -> Result<(), Error> {
    let odd: Vec<&str> = named
        .iter()
        .map(String::as_str)
        .filter(|one| !is_server(one))
        .collect();
    if odd.is_empty() {
        return Ok(());
    }
    let title = "a licence server is named that can be no machine";
    let mut finding = place.finding(Offer::Report, Certainty::Likely, title)?;
    finding.evidence.push(format!("{LIST} has {odd:?}"));
    findings.add(finding);
    Ok(())
}

/// The entries of a list, in whatever type it stands.
fn list(data: Option<&RegData>) -> Vec<String> {
    let texts = data.and_then(|data| {
        let text = || data.as_text().map(|text| vec![text]);
        data.as_texts().or_else(text)
    });
    let parts = texts.unwrap_or_default();
    let parts = parts.iter().flat_map(|text| text.split([',', ';']));
    let named = parts.map(str::trim).filter(|part| !part.is_empty());
    named.map(str::to_owned).collect()
}

/// What a disk cannot tell and only a person can do.
fn with_steps(mut finding: Finding, servers: &[String]) -> Finding {
    let mut say = |text: &str| finding.steps.push(Step::Manual(text.to_owned()));
    say("an administrative session needs no licence: mstsc /v:HOST /admin");
    say("or the serial console of the cloud: cmd, then ch -si 1, Enter, and log on");
    say("the licence server has to be activated and hold licences of this mode: licmgr.exe there");
    if !servers.is_empty() {
        say(&format!(
            "can it be reached? offfix check-license-server {}",
            servers.join(" ")
        ));
    }
    finding
}

/// Tells since when the days of grace run.
fn grace(findings: &mut Findings, set: &Place<'_>, now: u64) -> Result<(), Error> {
    let place = set.below(GRACE);
    if !place.value_names()?.is_empty() {
        let days = match place.written()? {
            Some(written) => format!(
                ", and its key was last written {} days ago",
                now.saturating_sub(written) / DAY
            ),
            None => String::new(),
        };
        findings.note(format!(
            "the 120 days of grace without a licence server have begun{days}; they are not reset"
        ));
    }
    Ok(())
}

/// The commands that take the role away.
fn remove(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let Some(cache) = context.software(CACHE)? else {
        return Ok(());
    };
    let title = "the role Remote Desktop Session Host is taken away, by request";
    let mut finding = cache.finding(Offer::WhenNamed, Certainty::Possible, title)?;
    finding.evidence.push(
        "Windows' own tool does it, after this run; two administrative sessions stay, and \
         offfix undo does not bring the role back"
            .to_owned(),
    );
    let mut features = vec!["Remote-Desktop-Services"];
    if !cache.below("RDS-Licensing").number("InstallState")?.is(0) {
        features.push("Licensing");
    }
    let (drive, why) = windows_drive(context);
    for feature in features {
        for verb in ["Disable-Feature", "Get-FeatureInfo"] {
            finding.steps.push(Step::OnRecoveryMachine(format!(
                r"dism /Image:{drive}\ /{verb} /FeatureName:{feature}"
            )));
        }
    }
    finding.steps.extend(why);
    findings.add(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_name_or_an_address() {
        for good in [
            "lic1",
            "lic1.example.com",
            "LIC_1.example.com",
            "10.0.0.5",
            "2001:db8::5",
            "1a.example.com",
        ] {
            assert!(is_server(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "lic1.",
            "-lic",
            "lic-",
            "lic 1",
            "<FQDN / IP License server>",
            "10.0.0.256",
            "10.0.0",
            "http://lic1",
            r"\\lic1",
            "lic1:135",
            "lic\u{e9}",
        ] {
            assert!(!is_server(bad), "{bad}");
        }
        assert!(!is_server(&"a".repeat(64)));
        assert!(!is_server(&["a"; 200].join(".")));
    }

    #[test]
    fn a_list_has_commas() {
        let servers = servers_of("lic1.example.com, 10.0.0.5").unwrap_or_default();
        assert_eq!(servers, ["lic1.example.com", "10.0.0.5"]);
        assert_eq!(servers_of("lic1,"), None);
        assert_eq!(servers_of(""), None);
        assert_eq!(servers_of(&vec!["a"; MOST + 1].join(",")), None);
    }

    #[test]
    fn the_modes_have_names() {
        let modes = ["2", "per-device", "4", "per-user"].map(mode_of);
        assert_eq!(modes, [Some(2), Some(2), Some(4), Some(4)]);
        for bad in ["", "5", "1", "Per-User", "keep"] {
            assert_eq!(mode_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_list_is_read_in_every_type() {
        let texts = |data: RegData| list(Some(&data)).join("|");
        assert_eq!(texts(RegData::multi_sz(&["a", "", " b "])), "a|b");
        assert_eq!(texts(RegData::sz("a;b, c")), "a|b|c");
        assert_eq!(texts(RegData::dword(1)), "");
        assert!(list(None).is_empty());
    }
}

//! How Windows Firewall keeps its rules and settings in the registry: `FORMAT.md`.
//!
//! Invariants: reading only; a rule that would not print the same bytes again is none. Absent on
//! purpose: what is a fault, which the repairs say.

pub mod consec;
pub mod ports;
pub mod rule;
pub mod traffic;

use crate::context::{Context, Error, Number, Place};
use crate::finding::Findings;
use crate::repairs::nla::LISTENER;
use crate::repairs::rdp_enabled::{SERVER, policy as remote_desktop_policy};
use hive::RegData;
use rule::{Rule, Version};
use std::collections::BTreeMap;
use traffic::Listener;

/// The firewall's own rules and settings, below a control set.
pub const LOCAL: &str = r"Services\SharedAccess\Parameters\FirewallPolicy";
/// Those of group policy, in SOFTWARE.
pub const POLICY: &str = r"Policies\Microsoft\WindowsFirewall";
/// The firewall rules, below either.
pub const RULES: &str = "FirewallRules";
/// The connection security rules, below either.
pub const CONNECTION_RULES: &str = "ConSecRules";
/// The group of rules that Windows switches on and off together with Remote Desktop.
pub const GROUP: &str = "@FirewallAPI.dll,-28752";
/// The port of Remote Desktop where nobody has moved it.
pub const STANDARD_PORT: u16 = 3389;

/// How much of some connections a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// All of them.
    All,
    /// Some, by address, interface or proof of who comes.
    Part,
    /// Nobody can tell from the rule.
    Unknown,
    /// None of them.
    None,
}

impl Reach {
    /// What is left when both conditions hold.
    #[must_use]
    pub fn and(self, other: Reach) -> Reach {
        self.max(other)
    }
}

/// What kind of network an adapter is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// One with a controller of the machine's domain.
    Domain,
    /// One somebody has called private.
    Private,
    /// Any other.
    Public,
}

impl Profile {
    /// All three.
    pub const ALL: [Profile; 3] = [Profile::Domain, Profile::Private, Profile::Public];

    /// Its name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Domain => "Domain",
            Profile::Private => "Private",
            Profile::Public => "Public",
        }
    }

    /// The profile of that name, in any case of its letters.
    pub fn named(name: &str) -> Option<Profile> {
        Profile::ALL
            .into_iter()
            .find(|profile| profile.name().eq_ignore_ascii_case(name))
    }

    /// The key of its own settings; the private one keeps the name it had in Windows XP.
    pub fn local_key(self) -> &'static str {
        match self {
            Profile::Domain => "DomainProfile",
            Profile::Private => "StandardProfile",
            Profile::Public => "PublicProfile",
        }
    }

    /// The key of its settings by group policy.
    pub fn policy_key(self) -> &'static str {
        match self {
            Profile::Domain => "DomainProfile",
            Profile::Private => "PrivateProfile",
            Profile::Public => "PublicProfile",
        }
    }
}

/// Names of profiles for people.
pub fn names(profiles: &[Profile]) -> String {
    let names: Vec<&str> = profiles.iter().map(|profile| profile.name()).collect();
    names.join(", ")
}

/// A rule and the name of its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The value.
    pub name: String,
    /// Its rule.
    pub rule: Rule,
}

/// The rules of one key.
#[derive(Clone, Debug)]
pub struct Rules<'v> {
    /// The key.
    pub place: Place<'v>,
    /// Its rules, in the order of its values.
    pub entries: Vec<Entry>,
    /// The names of values that are no rules.
    pub odd: Vec<String>,
}

impl<'v> Rules<'v> {
    /// Reads a key; `None` when it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(place: Place<'v>) -> Result<Option<Rules<'v>>, Error> {
        if !place.exists()? {
            return Ok(None);
        }
        let (mut entries, mut odd) = (Vec::new(), Vec::new());
        for (name, data) in place.values()? {
            let rule = data.as_text().and_then(|text| Rule::parse(&text));
            match rule.filter(|rule| RegData::sz(&rule.to_string()) == data) {
                Some(rule) => entries.push(Entry { name, rule }),
                None => odd.push(name),
            }
        }
        Ok(Some(Rules {
            place,
            entries,
            odd,
        }))
    }

    /// The version most rules are written in, as they spell it; the newest of equals.
    pub fn version_text(&self) -> Option<&str> {
        let mut counted: BTreeMap<(Version, &str), usize> = BTreeMap::new();
        for entry in &self.entries {
            let version = (entry.rule.version(), entry.rule.version_text());
            *counted.entry(version).or_default() += 1;
        }
        let most = counted
            .into_iter()
            .max_by_key(|&(version, count)| (count, version));
        most.map(|((_, text), _)| text)
    }

    /// The rule of that name, in any case of its letters.
    pub fn named(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.name.eq_ignore_ascii_case(name))
    }
}

/// The firewall of one control set, and what listens behind it.
#[derive(Debug)]
pub struct Firewall<'v> {
    /// Its key.
    pub place: Place<'v>,
    /// Its rules.
    pub rules: Rules<'v>,
    /// The port Remote Desktop listens on, or will when a broken number is put right.
    pub port: u16,
    /// Who listens.
    pub listener: Listener,
}

impl<'v> Firewall<'v> {
    /// Reads that of a control set; `None` where there are no rules, as before Vista.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub fn of(set: &Place<'v>) -> Result<Option<Firewall<'v>>, Error> {
        let place = set.below(LOCAL);
        let Some(rules) = Rules::read(place.below(RULES))? else {
            return Ok(None);
        };
        let listener = match version(&place, &rules)? {
            Some((_, version)) if version < (2, 20) => Listener::Kernel,
            _ => Listener::Service,
        };
        Ok(Some(Firewall {
            port: port(set)?,
            listener,
            place,
            rules,
        }))
    }

    /// The version a new rule is written in: that of its neighbours, else that of the policy.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub fn version_text(&self) -> Result<Option<String>, Error> {
        Ok(version(&self.place, &self.rules)?.map(|(text, _)| text))
    }
}

fn version(place: &Place<'_>, rules: &Rules<'_>) -> Result<Option<(String, Version)>, Error> {
    let text = match (rules.version_text(), place.number("PolicyVersion")?) {
        (Some(text), _) => text.to_owned(),
        (None, Number::Is(number @ 0x200..=0x2FF)) => format!("v{}.{}", number >> 8, number & 0xFF),
        (None, _) => return Ok(None),
    };
    let numbers = Rule::parse(&format!("{text}|")).map(|rule| rule.version());
    Ok(numbers.map(|numbers| (text, numbers)))
}

/// The port the listener of a control set is on; one that cannot be is put right by
/// `rdp-listener`, to the standard one.
///
/// # Errors
/// When the key cannot be read.
pub fn port(set: &Place<'_>) -> Result<u16, Error> {
    Ok(match set.below(LISTENER).number("PortNumber")? {
        Number::Is(number @ 1..=65535) => u16::try_from(number).unwrap_or(STANDARD_PORT),
        _ => STANDARD_PORT,
    })
}

/// The firewall's policies; `None` without SOFTWARE, and when it cannot be looked at, which is
/// noted.
pub fn group_policy<'v>(findings: &mut Findings, context: &Context<'v>) -> Option<Place<'v>> {
    match context.software(POLICY) {
        Ok(place) => place,
        Err(error) => {
            findings.note(format!("policy not checked: {error}"));
            None
        }
    }
}

/// Whether Remote Desktop is switched off in a control set, by itself or by policy.
///
/// # Errors
/// When a key cannot be read.
pub fn is_denied(
    findings: &mut Findings,
    context: &Context<'_>,
    set: &Place<'_>,
) -> Result<bool, Error> {
    const NAME: &str = "fDenyTSConnections";
    let by_policy = match remote_desktop_policy(findings, context) {
        Some(policy) => policy.number(NAME)?,
        None => Number::Missing,
    };
    let denied = match by_policy {
        Number::Is(number) => number,
        _ => match set.below(SERVER).number(NAME)? {
            Number::Is(number) => number,
            _ => 0,
        },
    };
    Ok(denied != 0)
}

/// The settings of one profile, with what policy says about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether the firewall is on.
    pub is_on: bool,
    /// Whether it lets in what no rule is about.
    pub lets_in: bool,
    /// Whether its own settings ignore every rule that lets in.
    pub is_shut: bool,
    /// Whether policy does.
    pub is_shut_by_policy: bool,
    /// Whether the firewall rules of the machine itself count.
    pub own_rules: bool,
}

impl Settings {
    /// Reads those of a profile from the firewall's own key and from that of policy.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub fn of(
        local: &Place<'_>,
        policy: Option<&Place<'_>>,
        profile: Profile,
    ) -> Result<Settings, Error> {
        let local = local.below(profile.local_key());
        let policy = policy.map(|policy| policy.below(profile.policy_key()));
        let by_policy = |name: &str| match &policy {
            Some(policy) => policy.number(name),
            None => Ok(Number::Missing),
        };
        let effective = |name: &str| match by_policy(name)? {
            set @ Number::Is(_) => Ok(set),
            _ => local.number(name),
        };
        Ok(Settings {
            is_on: !effective("EnableFirewall")?.is(0),
            lets_in: effective("DefaultInboundAction")?.is(0),
            is_shut: local.number("DoNotAllowExceptions")?.is(1),
            is_shut_by_policy: by_policy("DoNotAllowExceptions")?.is(1),
            own_rules: !by_policy("AllowLocalPolicyMerge")?.is(0),
        })
    }
}

//! `firewall-rdp-rules`: Windows Firewall keeps out connections to Remote Desktop.
//!
//! Owns the rules of the group Remote Desktop, every rule in force that blocks its port, and
//! `DoNotAllowExceptions`; of the policies also `AllowLocalPolicyMerge`. Absent on purpose: rules
//! for another port than 3389 (`rdp-port`), switching the firewall off (`firewall-off`), and rules
//! for a part of the network only, which somebody has meant.

mod closed;
mod guards;

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Place};
use crate::finding::{Certainty, Findings};
use crate::firewall::rule::Rule;
use crate::firewall::traffic::{Action, TCP, Traffic};
use crate::firewall::{self, Entry, Firewall, Profile, RULES, Reach, Rules, Settings};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "firewall-rdp-rules",
    title: "let Windows Firewall accept connections to Remote Desktop",
    class: Class::Recommended,
    risk: "opens the port of Remote Desktop, which can be closed on purpose",
    parameters: &[],
    about: include_str!("firewall-rdp-rules.md"),
    diagnose,
};

/// One firewall with the policies over it, and what of it is looked at.
struct View<'f, 'v> {
    firewall: &'f Firewall<'v>,
    policy: Option<&'f Place<'v>>,
    policy_rules: &'f [Entry],
    ask: Ask,
    /// The profiles in which the firewall is on, or all of them when the repair is named.
    profiles: Vec<(Profile, Settings)>,
    /// How sure a fault is that closes Remote Desktop everywhere.
    certainty: Certainty,
}

impl View<'_, '_> {
    /// Connections over TCP from a network of this profile.
    fn traffic(&self, profile: Profile) -> Traffic {
        Traffic {
            protocol: TCP,
            port: self.firewall.port,
            profile,
            listener: self.firewall.listener,
        }
    }

    /// How far these rules let connections in.
    fn let_in<'r>(&self, rules: impl Iterator<Item = &'r Entry>, profile: Profile) -> Reach {
        let reaches = rules.map(|entry| entry.rule.allows(self.traffic(profile)));
        reaches.min().unwrap_or(Reach::None)
    }
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let policy = firewall::group_policy(findings, context);
    let policy_rules = match &policy {
        Some(policy) => Rules::read(policy.below(RULES))?,
        None => None,
    };
    let mut told_policy = false;
    for set in context.control_sets() {
        let Some(firewall) = Firewall::of(&set)? else {
            continue;
        };
        let denied = firewall::is_denied(findings, context, &set)?;
        if denied && context.ask == Ask::Look {
            // Where Remote Desktop is off, so are its rules.
            continue;
        }
        let mut profiles = Vec::new();
        for profile in Profile::ALL {
            let settings = Settings::of(&firewall.place, policy.as_ref(), profile)?;
            if settings.is_on || context.ask.wants_it() {
                profiles.push((profile, settings));
            }
        }
        let entries = policy_rules.as_ref().map(|rules| rules.entries.as_slice());
        let view = View {
            firewall: &firewall,
            policy: policy.as_ref(),
            policy_rules: entries.unwrap_or_default(),
            ask: context.ask,
            profiles,
            certainty: if denied {
                Certainty::Possible
            } else {
                Certainty::Likely
            },
        };
        closed::look(findings, &view)?;
        guards::blocks(findings, &view)?;
        guards::shut(findings, &view)?;
        if !told_policy {
            told_policy = true;
            guards::policy(findings, context, &view, policy_rules.as_ref())?;
        }
    }
    Ok(())
}

/// Whether a rule has a name that Windows gives to those of Remote Desktop, or to the second of
/// one that it has split.
fn is_of_windows(entry: &Entry) -> bool {
    let name = entry.name.to_ascii_lowercase();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = name.strip_suffix('_').unwrap_or(name);
    let mut known = closed::OF_SERVICE.iter().chain(&closed::OF_KERNEL);
    known.any(|rule| rule.name.eq_ignore_ascii_case(name))
}

/// A rule of Windows as it lets in.
fn opened(rule: &Rule) -> Rule {
    let rule = match rule.action() {
        Some(Action::Allow) => rule.clone(),
        _ => rule.with("Action", "Allow"),
    };
    match rule.is_active() {
        Some(true) => rule,
        _ => rule.with("Active", "TRUE"),
    }
}

/// A rule in a line: the name of its value and what people call it.
fn line(entry: &Entry) -> String {
    match entry.rule.title() {
        "" => format!("rule {}", entry.name),
        title => format!("rule {}: {title}", entry.name),
    }
}

//! What overrules the rules that let Remote Desktop in: blocking rules, shut profiles, policies.
//!
//! Invariants: each of them can be meant, so each change is a weakening; what policy says is
//! changed only by name. Absent on purpose: blocking rules for a part of the network.

use super::{View, is_of_windows, line, opened};
use crate::context::{Ask, Context, Error, Place};
use crate::finding::{Change, Finding, Findings, Kind, Offer, Step};
use crate::firewall::{Entry, Profile, Reach, Rules, Settings, names};
use hive::RegData;

const SHUT: &str = "DoNotAllowExceptions";
const MERGE: &str = "AllowLocalPolicyMerge";

/// Rules in force that block the port: they win over every rule that opens it.
pub(super) fn blocks(findings: &mut Findings, view: &View<'_, '_>) -> Result<(), Error> {
    let rules = &view.firewall.rules;
    // Where policy puts the machine's own rules out of force, they do not block either.
    let counts = |settings: &Settings| settings.own_rules || view.ask.wants_it();
    let blocking = blocking(findings, view, rules, counts);
    let Some(mut finding) = found(&rules.place, Offer::WhenAsked, view, &blocking)? else {
        return Ok(());
    };
    for entry in blocking {
        let (kind, rule) = if is_of_windows(entry) {
            (Kind::Fix, opened(&entry.rule))
        } else {
            (Kind::Weakening, entry.rule.with("Active", "FALSE"))
        };
        let data = RegData::sz(&rule.to_string());
        finding.cure.push(rules.place.set(kind, &entry.name, data));
    }
    findings.add(finding);
    Ok(())
}

/// The rules that block the port altogether in profiles in which they count; others are noted.
fn blocking<'r>(
    findings: &mut Findings,
    view: &View<'_, '_>,
    rules: &'r Rules<'_>,
    counts: impl Fn(&Settings) -> bool,
) -> Vec<&'r Entry> {
    let (mut blocking, mut part, mut unsure) = (Vec::new(), 0, 0);
    for entry in &rules.entries {
        let profiles = view
            .profiles
            .iter()
            .filter(|(_, settings)| counts(settings));
        let reach = profiles.map(|(profile, _)| entry.rule.blocks(view.traffic(*profile)));
        match reach.min().unwrap_or(Reach::None) {
            Reach::All => blocking.push(entry),
            Reach::Part => part += 1,
            Reach::Unknown => unsure += 1,
            Reach::None => {}
        }
    }
    let (key, port) = (&rules.place.key, view.firewall.port);
    let mut note = |count: usize, what: &str| {
        let rules = if count == 1 { "rule" } else { "rules" };
        if count > 0 {
            findings.note(format!("{key}: {count} {rules} {what} port {port}"));
        }
    };
    note(
        part,
        "for a part of the network or of the clients can block",
    );
    note(unsure, "with conditions a disk does not show can block");
    blocking
}

fn found(
    place: &Place<'_>,
    offer: Offer,
    view: &View<'_, '_>,
    blocking: &[&Entry],
) -> Result<Option<Finding>, Error> {
    if blocking.is_empty() {
        return Ok(None);
    }
    let title = format!(
        "firewall rules in force block port {} of Remote Desktop",
        view.firewall.port
    );
    let mut finding = place.finding(offer, view.certainty, title)?;
    let lines = blocking.iter().map(|entry| line(entry));
    finding.evidence.extend(lines);
    finding
        .evidence
        .push("a rule that blocks wins over every rule that lets in".to_owned());
    Ok(Some(finding))
}

/// Profiles that ignore every rule that lets in.
pub(super) fn shut(findings: &mut Findings, view: &View<'_, '_>) -> Result<(), Error> {
    let shut = profiles(view, |settings| settings.is_shut);
    let place = &view.firewall.place;
    let whole = shut.len() == view.profiles.len();
    if shut.is_empty() {
        return Ok(());
    }
    if !whole && view.ask == Ask::Look {
        let shut = names(&shut);
        findings.note(format!("{}: {SHUT} shuts {shut} networks", place.key));
        return Ok(());
    }
    let offer = if whole {
        Offer::WhenAsked
    } else {
        Offer::WhenNamed
    };
    let title = "the firewall ignores every rule that lets in";
    let mut finding = place.finding(offer, view.certainty, title)?;
    for profile in shut {
        let key = place.below(profile.local_key());
        let name = profile.name();
        finding
            .evidence
            .push(format!("{SHUT} is 0x1 for {name} networks"));
        finding.cure.push(lowered(&key, SHUT, 0));
    }
    findings.add(finding);
    Ok(())
}

/// What group policy says besides.
pub(super) fn policy(
    findings: &mut Findings,
    context: &Context<'_>,
    view: &View<'_, '_>,
    rules: Option<&Rules<'_>>,
) -> Result<(), Error> {
    let Some(place) = view.policy else {
        return Ok(());
    };
    let mut told: Vec<Finding> = Vec::new();
    if let Some(rules) = rules {
        let blocking = blocking(findings, view, rules, |_| true);
        if let Some(mut finding) = found(&rules.place, Offer::WhenNamed, view, &blocking)? {
            let off = blocking.iter().map(|entry| {
                let data = RegData::sz(&entry.rule.with("Active", "FALSE").to_string());
                rules.place.set(Kind::Weakening, &entry.name, data)
            });
            finding.cure.extend(off);
            told.push(finding);
        }
    }
    told.extend(settings(view, place)?);
    let domain = context.installation()?.domain;
    for mut finding in told {
        if let Some(domain) = &domain {
            finding.evidence.push(format!(
                "the policy of {domain} can set it again after boot: change it there"
            ));
            let step = "gpresult /r /scope computer".to_owned();
            finding.steps.push(Step::AfterBoot(step));
        }
        findings.add(finding);
    }
    Ok(())
}

/// Settings of policy that put the rules of the machine out of force.
fn settings(view: &View<'_, '_>, place: &Place<'_>) -> Result<Vec<Finding>, Error> {
    let mut told = Vec::new();
    for (name, open, title, profiles) in [
        (
            SHUT,
            0,
            "a policy makes the firewall ignore every rule that lets in",
            profiles(view, |settings| settings.is_shut_by_policy),
        ),
        (
            MERGE,
            1,
            "a policy ignores the machine's own rules, and none of its own opens Remote Desktop",
            without_own_rules(view),
        ),
    ] {
        if profiles.is_empty() {
            continue;
        }
        let mut finding = place.finding(Offer::WhenNamed, view.certainty, title)?;
        for profile in profiles {
            let key = place.below(profile.policy_key());
            let now = key.number(name)?;
            let profile = profile.name();
            finding
                .evidence
                .push(format!("{name} is {now} for {profile} networks"));
            finding.cure.push(lowered(&key, name, open));
        }
        told.push(finding);
    }
    Ok(told)
}

/// The profiles looked at for which this holds.
fn profiles(view: &View<'_, '_>, holds: impl Fn(&Settings) -> bool) -> Vec<Profile> {
    let mine = view.profiles.iter().filter(|(_, settings)| holds(settings));
    mine.map(|(profile, _)| *profile).collect()
}

/// Those in which only rules of policy count, and none of them lets Remote Desktop in.
fn without_own_rules(view: &View<'_, '_>) -> Vec<Profile> {
    let mut alone = profiles(view, |settings| !settings.own_rules && !settings.lets_in);
    alone.retain(|&profile| view.let_in(view.policy_rules.iter(), profile) == Reach::None);
    alone
}

fn lowered(key: &Place<'_>, name: &str, number: u32) -> Change {
    key.set(Kind::Weakening, name, RegData::dword(number))
}

//! The rules of real hives, and what becomes of them by chance, through the parser.
//!
//! Invariants: the hives of the shared collection, as they are; fixed mutants. Absent on purpose:
//! what the repairs make of them (see `firewall.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use hive::RegData;
use lab::Lab;
use repairs::context::Walked;
use repairs::firewall::rule::Rule;
use repairs::firewall::traffic::{Listener, TCP, Traffic};
use repairs::firewall::{LOCAL, Profile, Rules, consec};
use repairs::{Ask, Context};

const REAL: [&str; 2] = [
    "sys-win7sp1-2controlsets",
    "sys-win10-16299-dirty.EXPECTED-yarp",
];
const SAMPLES: [&str; 3] = [
    "v2.26|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|App=System|Svc=termservice|",
    "v2.26|Action=Block|Active=TRUE|Dir=In|Profile=Domain|LPort2_10=1-2|RA4=LocalSubnet|",
    "v2.26|Action=Secure|Active=TRUE|EP1Port=1|EP2Port2_10=2-3|",
];

/// Every text with a bar in the rules of the real hives.
fn real_rules() -> Vec<String> {
    let mut texts = Vec::new();
    for name in &REAL {
        let Some(lab) = Lab::shared(name) else {
            continue;
        };
        let volume = lab.open();
        let context = Context {
            volume: &volume,
            sets: volume.control_sets().in_scope(volume::Scope::All),
            now: lab::NOW,
            walked: Walked(&|_| ()),
            ask: Ask::Look,
            parameters: [].into(),
        };
        for set in context.control_sets() {
            for key in [
                "FirewallRules",
                "RestrictedServices\\Static\\System",
                "RestrictedServices\\Configurable\\System",
                "RestrictedServices\\AppIso\\FirewallRules",
            ] {
                let place = set.below(LOCAL).below(key);
                let Some(rules) = Rules::read(place.clone()).unwrap() else {
                    continue;
                };
                assert_eq!(rules.odd, [""; 0], "{name} {key}");
                for entry in rules.entries {
                    let data = place.read(&entry.name).unwrap().unwrap();
                    let text = entry.rule.to_string();
                    assert_eq!(RegData::sz(&text), data, "{name} {}", entry.name);
                    assert!(entry.rule.is_regular(), "{text}");
                    texts.push(text);
                }
            }
        }
    }
    texts
}

#[test]
fn every_rule_of_the_real_hives_prints_the_same_bytes() {
    let texts = real_rules();
    assert!(
        texts.is_empty() || texts.len() == 434 + 432 + 911,
        "{}",
        texts.len()
    );
}

/// Fixed mutants of rules: whatever they are, they print the same, and are judged.
#[test]
fn hostile_rules_are_read_and_judged() {
    let mut texts = real_rules();
    texts.truncate(200);
    texts.extend(SAMPLES.map(str::to_owned));
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    let pieces = [
        "|",
        "=",
        "",
        "-",
        "v",
        "Active",
        "\u{1F525}",
        "\u{301}",
        "65536",
        "==",
    ];
    for text in &texts {
        for _ in 0..50 {
            let mut units: Vec<char> = text.chars().collect();
            for _ in 0..=next(3) {
                let at = next(units.len() + 1);
                let end = (at + next(4)).min(units.len());
                units.splice(at..end, pieces[next(pieces.len())].chars());
            }
            let mutant: String = units.into_iter().collect();
            let Some(rule) = Rule::parse(&mutant) else {
                continue;
            };
            assert_eq!(rule.to_string(), mutant);
            for profile in Profile::ALL {
                for listener in [Listener::Kernel, Listener::Service] {
                    let traffic = Traffic {
                        protocol: TCP,
                        port: 3389,
                        profile,
                        listener,
                    };
                    let _ = (rule.allows(traffic), rule.blocks(traffic));
                }
                let _ = consec::refuses(&rule, 3389, profile);
            }
            let _ = rule.with("Active", "FALSE");
        }
    }
}

//! What a connection security rule means for connections to Remote Desktop.
//!
//! Invariants: as in `traffic`: what is not known never counts. Absent on purpose: how two
//! machines prove who they are (the sets the rule refers to).

use super::rule::{Rule, Single};
use super::traffic::TCP;
use super::{Profile, Reach, ports};

/// Fields that say how the two ends prove who they are, or only describe.
const PLAIN: [&str; 13] = [
    "Action",
    "Active",
    "Profile",
    "Protocol",
    "Auth1Set",
    "Auth2Set",
    "Crypto2Set",
    "Name",
    "Desc",
    "EmbedCtxt",
    "KeyMod",
    "KeyManagerDictate",
    "KeyManagerNotify",
];
/// Fields that leave a part of the connections.
const NARROWING: [&str; 6] = ["EP1_4", "EP2_4", "EP1_6", "EP2_6", "IF", "IFType"];
/// The ports of the two ends.
const FIRST: [&str; 2] = ["EP1Port", "EP1Port2_10"];
const SECOND: [&str; 2] = ["EP2Port", "EP2Port2_10"];

/// How far the rule, in force, refuses connections over TCP to this port, from a network of this
/// profile, that IPsec does not secure.
pub fn refuses(rule: &Rule, port: u16, profile: Profile) -> Reach {
    let active = match rule.is_active() {
        Some(true) => Reach::All,
        Some(false) => Reach::None,
        None => Reach::Unknown,
    };
    let whole = if rule.is_regular() {
        Reach::All
    } else {
        Reach::Unknown
    };
    let fields = rule.fields().map(|(name, _)| of_field(name));
    let judged = [
        active,
        whole,
        demand(rule),
        rule.protocol(TCP),
        rule.profile(profile),
        ends(rule, port),
    ];
    judged
        .into_iter()
        .chain(fields)
        .fold(Reach::All, Reach::and)
}

/// Whether the action demands IPsec of what comes in.
fn demand(rule: &Rule) -> Reach {
    let Single::Is(action) = rule.single("Action") else {
        return Reach::Unknown;
    };
    let is = |known: &str| action.eq_ignore_ascii_case(known);
    if is("Secure") || is("SecureServer") {
        Reach::All
    } else if is("Boundary") || is("DoNotSecure") {
        Reach::None
    } else {
        Reach::Unknown
    }
}

/// Either end can be this machine; the other has a port its own system chose.
fn ends(rule: &Rule, port: u16) -> Reach {
    let of = |names: [&'static str; 2]| names.into_iter().flat_map(|name| rule.values(name));
    let one_way = |mine, other| ports::reach(of(mine), port).and(ports::reach_of_client(of(other)));
    one_way(FIRST, SECOND).min(one_way(SECOND, FIRST))
}

fn of_field(name: &str) -> Reach {
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(&PLAIN) || is_in(&FIRST) || is_in(&SECOND) {
        Reach::All
    } else if is_in(&NARROWING) {
        Reach::Part
    } else {
        Reach::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_refuses_what_it_demands_ipsec_for() {
        for (fields, wanted) in [
            ("Action=SecureServer|Active=TRUE", Reach::All),
            ("action=secure|active=true", Reach::All),
            ("Action=Secure|Active=FALSE", Reach::None),
            ("Action=Secure", Reach::Unknown),
            ("Action=Boundary|Active=TRUE", Reach::None),
            ("Action=DoNotSecure|Active=TRUE", Reach::None),
            ("Action=New|Active=TRUE", Reach::Unknown),
            (
                "Action=Secure|Active=TRUE|Protocol=6|EP1Port=3389",
                Reach::All,
            ),
            (
                "Action=Secure|Active=TRUE|Protocol=6|EP2Port=3389",
                Reach::All,
            ),
            (
                "Action=Secure|Active=TRUE|Protocol=6|EP1Port2_10=3000-4000",
                Reach::All,
            ),
            (
                "Action=Secure|Active=TRUE|Protocol=6|EP1Port=445",
                Reach::None,
            ),
            (
                "Action=Secure|Active=TRUE|Protocol=6|EP1Port=445|EP2Port=445",
                Reach::None,
            ),
            ("Action=Secure|Active=TRUE|Protocol=17", Reach::None),
            ("Action=Secure|Active=TRUE|Profile=Domain", Reach::None),
            ("Action=Secure|Active=TRUE|Profile=Public", Reach::All),
            ("Action=Secure|Active=TRUE|EP2_4=10.0.0.0/8", Reach::Part),
            (
                "Action=Secure|Active=TRUE|RTunnel4=10.0.0.1",
                Reach::Unknown,
            ),
            (
                "Action=Secure|Active=TRUE|Auth1Set={a}|Crypto2Set={b}",
                Reach::All,
            ),
            ("Action=Secure|Active=TRUE|New=1", Reach::Unknown),
            ("Action=Secure|Active=TRUE|noise", Reach::Unknown),
        ] {
            let rule = Rule::parse(&format!("v2.27|{fields}|")).unwrap();
            assert_eq!(refuses(&rule, 3389, Profile::Public), wanted, "{fields}");
        }
    }
}

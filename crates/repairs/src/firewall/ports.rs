//! The ports a rule names: numbers, ranges and words.
//!
//! Invariants: a port that cannot be understood never counts as named or not named. Absent on
//! purpose: which port a word stands for, which only the running Windows knows.

use super::Reach;

/// The ports Windows gives to programs that ask for any, where nobody has changed the range.
pub const DYNAMIC: std::ops::RangeInclusive<u16> = 49152..=65535;

/// Words for ports that are given out while Windows runs, or that belong to another program.
const WORDS: [&str; 11] = [
    "RPC",
    "RPC-EPMap",
    "Teredo",
    "IPTLSIn",
    "IPTLSOut",
    "IPHTTPSIn",
    "IPHTTPSOut",
    "DHCP",
    "Ply2Disc",
    "mDNS",
    "CortanaOut",
];

/// One way to name ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Range(u16, u16),
    /// Ports of others.
    Word,
    Unknown,
}

impl Port {
    fn parse(text: &str) -> Port {
        if WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            return Port::Word;
        }
        let number = |text: &str| {
            let digits = text.chars().all(|c| c.is_ascii_digit());
            digits.then(|| text.parse::<u16>().ok()).flatten()
        };
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (number(from), number(to)) {
            (Some(from), Some(to)) if from <= to => Port::Range(from, to),
            _ => Port::Unknown,
        }
    }
}

/// How far these ports are about `port`; no ports are all of them.
pub fn reach<'r>(ports: impl Iterator<Item = &'r str>, port: u16) -> Reach {
    among(ports, |port_or_range| match port_or_range {
        Port::Range(from, to) if (from..=to).contains(&port) => Reach::All,
        Port::Range(..) | Port::Word => Reach::None,
        Port::Unknown => Reach::Unknown,
    })
}

/// How far these ports are about the port of a client, which its own system chooses.
pub fn reach_of_client<'r>(ports: impl Iterator<Item = &'r str>) -> Reach {
    among(ports, |port| match port {
        Port::Range(from, to) if from <= 1024 && to == u16::MAX => Reach::All,
        Port::Range(_, to) if to > 1024 => Reach::Part,
        Port::Range(..) | Port::Word => Reach::None,
        Port::Unknown => Reach::Unknown,
    })
}

/// The farthest any of them reaches.
fn among<'r>(ports: impl Iterator<Item = &'r str>, reach: impl Fn(Port) -> Reach) -> Reach {
    let reaches = ports.map(|text| reach(Port::parse(text)));
    reaches.min().unwrap_or(Reach::All)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_by_number_range_or_not_at_all() {
        for (ports, wanted) in [
            (&[][..], Reach::All),
            (&["3389"], Reach::All),
            (&["80", "3389"], Reach::All),
            (&["3000-4000"], Reach::All),
            (&["3389-3389"], Reach::All),
            (&["0-65535"], Reach::All),
            (&["03389"], Reach::All),
            (&["3388"], Reach::None),
            (&["3390-4000", "80"], Reach::None),
            (&["RPC"], Reach::None),
            (&["rpc-epmap", "IPHTTPSIn", "Teredo", "mDNS"], Reach::None),
            (&["Any"], Reach::Unknown),
            (&["*"], Reach::Unknown),
            (&["80,3389"], Reach::Unknown),
            (&["4000-3000"], Reach::Unknown),
            (&["65536"], Reach::Unknown),
            (&["+3389"], Reach::Unknown),
            (&[" 3389"], Reach::Unknown),
            (&[""], Reach::Unknown),
            (&["-"], Reach::Unknown),
            (&["word", "3389"], Reach::All),
        ] {
            assert_eq!(reach(ports.iter().copied(), 3389), wanted, "{ports:?}");
        }
    }

    #[test]
    fn a_client_has_any_high_port() {
        for (ports, wanted) in [
            (&[][..], Reach::All),
            (&["0-65535"], Reach::All),
            (&["1024-65535"], Reach::All),
            (&["49152-65535"], Reach::Part),
            (&["3389"], Reach::Part),
            (&["80", "443"], Reach::None),
            (&["RPC"], Reach::None),
            (&["?"], Reach::Unknown),
        ] {
            assert_eq!(reach_of_client(ports.iter().copied()), wanted, "{ports:?}");
        }
    }
}

//! What a firewall rule means for connections to Remote Desktop.
//!
//! Invariants: a field that is not known, or says something unknown, makes the answer
//! [`Reach::Unknown`], never a guess. Absent on purpose: which rule wins.

use super::rule::{Rule, Single};
use super::{Profile, Reach, ports};

/// TCP's number.
pub const TCP: u8 = 6;
/// UDP's number.
pub const UDP: u8 = 17;

/// What listens for connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The kernel, as up to Windows 7 and Server 2008 R2.
    Kernel,
    /// The service `TermService`, since Windows 8 and Server 2012.
    Service,
}

/// Incoming connections to Remote Desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The number of the protocol.
    pub protocol: u8,
    /// The port that is listened on.
    pub port: u16,
    /// The profile of the network they come from.
    pub profile: Profile,
    /// Who listens.
    pub listener: Listener,
}

/// What a rule does with what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is let in.
    Allow,
    /// It is kept out.
    Block,
    /// It is let in past every block, when IPsec has proved who comes.
    Bypass,
}

/// Fields that only describe, or widen nothing and narrow nothing for a listener.
const PLAIN: [&str; 10] = [
    "Action",
    "Active",
    "Dir",
    "Name",
    "Desc",
    "EmbedCtxt",
    "Edge",
    "Defer",
    "LSM",
    "AuthByPassOut",
];
/// Fields that are judged together.
const JUDGED: [&str; 4] = ["Protocol", "Profile", "App", "Svc"];
/// Fields that leave a part of the connections.
const NARROWING: [&str; 17] = [
    "RPort",
    "RPort2_10",
    "LA4",
    "LA6",
    "RA4",
    "RA6",
    "RA42",
    "RA62",
    "IF",
    "IFType",
    "Security",
    "Security2",
    "Security2_9",
    "RMAuth",
    "RUAuth",
    "LA42",
    "LA62",
];
/// Fields of packaged apps, to which no service belongs.
const OF_APPS: [&str; 2] = ["AppPkgId", "LUOwn"];

impl Rule {
    /// How far it lets these connections in by itself.
    pub fn allows(&self, traffic: Traffic) -> Reach {
        self.does(Action::Allow, traffic)
    }

    /// How far it keeps these connections out.
    pub fn blocks(&self, traffic: Traffic) -> Reach {
        self.does(Action::Block, traffic)
    }

    fn does(&self, action: Action, traffic: Traffic) -> Reach {
        let active = match self.is_active() {
            Some(true) => Reach::All,
            Some(false) => Reach::None,
            None => Reach::Unknown,
        };
        let mine = match self.action() {
            Some(known) if known == action => Reach::All,
            Some(Action::Bypass) if action == Action::Allow => Reach::Part,
            Some(_) => Reach::None,
            None => Reach::Unknown,
        };
        active.and(mine).and(self.is_about(traffic))
    }

    /// What it does; `None` when it does not say so in Windows' words.
    pub fn action(&self) -> Option<Action> {
        let Single::Is(value) = self.single("Action") else {
            return None;
        };
        let known = [
            ("Allow", Action::Allow),
            ("Block", Action::Block),
            ("ByPass", Action::Bypass),
        ];
        let mine = known
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(value));
        mine.map(|(_, action)| action)
    }

    /// How far it is about these connections, in force or not.
    pub fn is_about(&self, traffic: Traffic) -> Reach {
        let direction = match self.single("Dir") {
            Single::Is(value) if value.eq_ignore_ascii_case("In") => Reach::All,
            Single::Is(value) if value.eq_ignore_ascii_case("Out") => Reach::None,
            _ => Reach::Unknown,
        };
        let whole = if self.is_regular() {
            Reach::All
        } else {
            Reach::Unknown
        };
        [
            direction,
            whole,
            self.protocol(traffic.protocol),
            self.local_ports(traffic.port),
            self.profile(traffic.profile),
            self.program(traffic.listener),
            self.service(traffic.listener),
        ]
        .into_iter()
        .chain(self.fields().map(|(name, _)| of_field(name)))
        .fold(Reach::All, Reach::and)
    }

    /// How far it is about a protocol.
    pub(super) fn protocol(&self, protocol: u8) -> Reach {
        match self.single("Protocol") {
            Single::Missing => Reach::All,
            Single::Repeated => Reach::Unknown,
            Single::Is(text) => match text.parse::<u16>() {
                // 256 is any protocol.
                Ok(256) => Reach::All,
                Ok(number) if number == u16::from(protocol) => Reach::All,
                Ok(0..=255) => Reach::None,
                _ => Reach::Unknown,
            },
        }
    }

    fn local_ports(&self, port: u16) -> Reach {
        let mine = self.fields().filter(|(name, _)| is_local_port(name));
        ports::reach(mine.map(|(_, value)| value), port)
    }

    /// How far it is about a network of this profile.
    pub(super) fn profile(&self, profile: Profile) -> Reach {
        let one = |value: &str| match Profile::named(value) {
            Some(known) if known == profile => Reach::All,
            Some(_) => Reach::None,
            None => Reach::Unknown,
        };
        self.values("Profile").map(one).min().unwrap_or(Reach::All)
    }

    fn program(&self, listener: Listener) -> Reach {
        let program = match self.single("App") {
            Single::Missing => return Reach::All,
            Single::Repeated => return Reach::Unknown,
            Single::Is(program) => program.to_ascii_lowercase(),
        };
        let is_kernel = program == "system";
        let is_host = program.ends_with(r"\system32\svchost.exe");
        match listener {
            Listener::Kernel if is_kernel => Reach::All,
            Listener::Service if is_host => Reach::All,
            _ if is_kernel || program.ends_with(".exe") => Reach::None,
            _ => Reach::Unknown,
        }
    }

    fn service(&self, listener: Listener) -> Reach {
        match (self.single("Svc"), listener) {
            (Single::Missing, _) => Reach::All,
            (Single::Repeated, _) => Reach::Unknown,
            (Single::Is(_), Listener::Kernel) => Reach::None,
            (Single::Is(name), Listener::Service) => {
                if name == "*" || name.eq_ignore_ascii_case("TermService") {
                    Reach::All
                } else {
                    Reach::None
                }
            }
        }
    }
}

fn is_local_port(name: &str) -> bool {
    name.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("LPort"))
}

/// What a field leaves of the connections by being there.
fn of_field(name: &str) -> Reach {
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(&PLAIN) || is_in(&JUDGED) || is_local_port(name) {
        Reach::All
    } else if is_in(&NARROWING) {
        Reach::Part
    } else if is_in(&OF_APPS) {
        Reach::None
    } else {
        Reach::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RDP: Traffic = Traffic {
        protocol: TCP,
        port: 3389,
        profile: Profile::Public,
        listener: Listener::Service,
    };
    const HOST: &str = r"App=%SystemRoot%\system32\svchost.exe";

    fn about(fields: &str, traffic: Traffic) -> Reach {
        let text = format!("v2.27|Action=Allow|Active=TRUE|{fields}|");
        Rule::parse(&text).unwrap().is_about(traffic)
    }

    #[test]
    fn a_rule_is_about_all_a_part_none_or_nobody_knows() {
        for (fields, wanted) in [
            ("Dir=In", Reach::All),
            ("dir=in", Reach::All),
            ("Dir=Out", Reach::None),
            ("Dir=Up", Reach::Unknown),
            ("Name=no direction", Reach::Unknown),
            ("Dir=In|Dir=In", Reach::Unknown),
            ("Dir=In|Protocol=6|LPort=3389", Reach::All),
            ("Dir=In|Protocol=6|LPort=80|LPort2_10=3000-4000", Reach::All),
            ("Dir=In|Protocol=17|LPort=3389", Reach::None),
            ("Dir=In|Protocol=256", Reach::All),
            ("Dir=In|Protocol=TCP", Reach::Unknown),
            ("Dir=In|Protocol=257", Reach::Unknown),
            ("Dir=In|Protocol=6|LPort=RPC", Reach::None),
            ("Dir=In|Protocol=6|LPort2_20=Ply2Disc", Reach::None),
            ("Dir=In|Protocol=6|LPort2_99=new word", Reach::Unknown),
            ("Dir=In|Profile=Public", Reach::All),
            ("Dir=In|Profile=Domain|Profile=Private", Reach::None),
            ("Dir=In|Profile=Domain|Profile=public", Reach::All),
            ("Dir=In|Profile=Home", Reach::Unknown),
            ("Dir=In|RA4=LocalSubnet|RA6=LocalSubnet", Reach::Part),
            ("Dir=In|RA4=10.0.0.4|LPort=80", Reach::None),
            ("Dir=In|IFType=Wireless", Reach::Part),
            ("Dir=In|Security=Authenticate", Reach::Part),
            ("Dir=In|LUAuth=O:LSD:(A;;CC;;;WD)", Reach::Unknown),
            ("Dir=In|AppPkgId=S-1-15-2-1", Reach::None),
            ("Dir=In|TTK2_22=WFDDisplay", Reach::Unknown),
            ("Dir=In|Platform=2:6:2|Platform2=GTEQ", Reach::Unknown),
            ("Dir=In|App=System", Reach::None),
            (r"Dir=In|App=%ProgramFiles%\a.exe", Reach::None),
            ("Dir=In|App=*", Reach::Unknown),
            ("Dir=In|Svc=termservice", Reach::All),
            ("Dir=In|Svc=*", Reach::All),
            ("Dir=In|Svc=dnscache", Reach::None),
            ("Dir=In|noise", Reach::Unknown),
            ("Dir=In|Svc=dnscache|noise", Reach::None),
        ] {
            assert_eq!(about(fields, RDP), wanted, "{fields}");
        }
        let host = format!("Dir=In|Protocol=6|LPort=3389|{HOST}|Svc=TermService|Edge=TRUE");
        assert_eq!(about(&host, RDP), Reach::All);
    }

    #[test]
    fn the_kernel_listened_before_the_service_did() {
        let old = Traffic {
            listener: Listener::Kernel,
            ..RDP
        };
        for (fields, service, kernel) in [
            ("Dir=In|App=System", Reach::None, Reach::All),
            (&format!("Dir=In|{HOST}"), Reach::All, Reach::None),
            ("Dir=In|Svc=TermService", Reach::All, Reach::None),
            ("Dir=In", Reach::All, Reach::All),
        ] {
            assert_eq!(
                (about(fields, RDP), about(fields, old)),
                (service, kernel),
                "{fields}"
            );
        }
    }

    #[test]
    fn a_rule_does_nothing_while_it_is_off() {
        for (text, allows, blocks) in [
            (
                "v2.27|Action=Allow|Active=TRUE|Dir=In|",
                Reach::All,
                Reach::None,
            ),
            (
                "v2.27|Action=Block|Active=TRUE|Dir=In|",
                Reach::None,
                Reach::All,
            ),
            (
                "v2.27|Action=Block|Active=FALSE|Dir=In|",
                Reach::None,
                Reach::None,
            ),
            (
                "v2.27|Action=Block|Active=maybe|Dir=In|",
                Reach::None,
                Reach::Unknown,
            ),
            (
                "v2.27|Action=Block|Dir=In|RA4=10.0.0.1|",
                Reach::None,
                Reach::Unknown,
            ),
            (
                "v2.27|Action=Pass|Active=TRUE|Dir=In|",
                Reach::Unknown,
                Reach::Unknown,
            ),
            (
                "v2.27|Action=ByPass|Active=TRUE|Dir=In|",
                Reach::Part,
                Reach::None,
            ),
            (
                "v2.27|Action=ByPass|Active=TRUE|Dir=Out|",
                Reach::None,
                Reach::None,
            ),
        ] {
            let rule = Rule::parse(text).unwrap();
            assert_eq!(
                (rule.allows(RDP), rule.blocks(RDP)),
                (allows, blocks),
                "{text}"
            );
        }
    }
}

//! Faults of the firewall, its rules and the port of Remote Desktop.
//!
//! Invariants: as of the module above. Absent on purpose: faults no repair is for.

use super::{Installation, LISTENER, start};
use crate::build::Key;
use crate::windows::FIREWALL;

/// Breaks an installation for a repair; `false` when the repair is not of this area.
pub(super) fn fault(windows: &mut Installation, repair: &str) -> bool {
    let set = windows.system.key("ControlSet001");
    match repair {
        "firewall-off" => {}
        "firewall-rdp-rules" => closed(set.key(FIREWALL)),
        "firewall-service" => {
            start(set, &["BFE", "mpsdrv", "mpssvc"], 4);
            let apps = set.key("Services\\mpssvc\\Parameters\\AppCs");
            apps.multi_sz("DebugedLoopbackApps", &["S-1-15-2-1-2-3", "S-1-15-2-4-5-6"]);
        }
        "ipsec-rules" => {
            let rules = set.key(FIREWALL).child("ConSecRules");
            rules.sz(
                "{6B0F2C1E-5A0B-4E3D-9E57-1C6A2F90D4B7}",
                "v2.26|Action=SecureServer|Name=Server isolation|Desc=|Active=TRUE|\
                 Auth1Set={E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE3}|\
                 Crypto2Set={E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE2}|EmbedCtxt=|",
            );
        }
        "rdp-port" => moved(set),
        _ => return false,
    }
    true
}

/// The rules of Remote Desktop off, a rule against its port, and every profile shut.
fn closed(firewall: &mut Key) {
    let rules = firewall.child("FirewallRules");
    for (protocol, number, texts) in [("TCP", 6, [28775, 28756]), ("UDP", 17, [28776, 28777])] {
        let [name, about] = texts;
        rules.sz(
            &format!("RemoteDesktop-UserMode-In-{protocol}"),
            &format!(
                "v2.26|Action=Allow|Active=FALSE|Dir=In|Protocol={number}|LPort=3389|\
                 App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|\
                 Name=@FirewallAPI.dll,-{name}|Desc=@FirewallAPI.dll,-{about}|\
                 EmbedCtxt=@FirewallAPI.dll,-28752|"
            ),
        );
    }
    rules.sz(
        "{0F5D8A52-9C1B-4B0E-8E0B-6E7D35A1C94F}",
        "v2.26|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=3380-3399|Name=No remote access|",
    );
    for profile in ["DomainProfile", "PublicProfile", "StandardProfile"] {
        firewall.child(profile).dword("DoNotAllowExceptions", 1);
    }
}

/// Another port, opened by rules of ours.
fn moved(set: &mut Key) {
    set.key(LISTENER).dword("PortNumber", 3390);
    let rules = set.key(FIREWALL).child("FirewallRules");
    for (protocol, number) in [("TCP", 6), ("UDP", 17)] {
        rules.sz(
            &format!("offfix-RemoteDesktop-In-{protocol}-3390"),
            &format!(
                "v2.26|Action=Allow|Active=TRUE|Dir=In|Protocol={number}|LPort=3390|\
                 App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|\
                 Name=Remote Desktop on port 3390|"
            ),
        );
    }
}

//! Faults of the network: services, addresses, adapters, providers.
//!
//! Invariants: as of the module above. Absent on purpose: faults no repair is for.

use super::{Installation, Key, start};

const INTERFACES: &str = "Services\\Tcpip\\Parameters\\Interfaces";
/// Where addresses are kept over a boot, and routes beside it.
const STORE: &str = "Control\\Nsi\\{eb004a00-9b1a-11d4-9123-0050047759bc}";
const ADAPTER: &str = "{7a1c9d52-40b8-4a63-9d1e-5c2f8be07a14}";
const DEVICE: &str = "Enum\\VMBUS\\{f8615163-df3e-46c5-913f-f2d2f965ed0e}\\\
                      {1b40d5a2-7c11-4c0f-8a67-3e2f90c6d8b1}";

/// Breaks an installation for a repair; `false` when the repair is not of this area.
pub(super) fn fault(windows: &mut Installation, repair: &str) -> bool {
    let set = windows.system.key("ControlSet001");
    match repair {
        "network-provider-order" => {
            set.key("Control\\NetworkProvider\\Order")
                .sz("ProviderOrder", "RDPNP,LanmanWorkstation,webclient,oldvpn");
        }
        "network-services" => {
            start(set, &["Tcpip", "Dhcp", "mrxsmb20", "LanmanServer"], 4);
            set.key("Services\\Dhcp").sz("ObjectName", "LocalSystem");
        }
        "nic-disabled" => {
            set.key(DEVICE).dword("ConfigFlags", 1);
        }
        "static-ip" => fixed_address(set),
        _ => return false,
    }
    true
}

/// The adapter keeps the address of another network, in both places.
fn fixed_address(set: &mut Key) {
    set.key(INTERFACES)
        .child(ADAPTER)
        .dword("EnableDHCP", 0)
        .multi_sz("IPAddress", &["192.168.1.123"])
        .multi_sz("SubnetMask", &["255.255.255.0"])
        .multi_sz("DefaultGateway", &["192.168.1.1"])
        .multi_sz("DefaultGatewayMetric", &["0"])
        .sz("NameServer", "192.168.1.112");
    let interface = "0000000600000600";
    let [own, through] = ["c0a8017b00000000", "c0a8010100000000"];
    let everywhere = "0".repeat(48);
    let lasting = [0xFF; 8];
    let store = set.key(STORE);
    store
        .child("10")
        .binary(&format!("{interface}{own}"), &lasting);
    let route = format!("{everywhere}{interface}{interface}{through}");
    store.child("16").binary(&route, &lasting);
}

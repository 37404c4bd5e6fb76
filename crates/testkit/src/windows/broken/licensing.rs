//! Faults of the licence server of Remote Desktop and its sessions.
//!
//! Invariants: as of the module above. Absent on purpose: faults no repair is for.

use super::Installation;
use crate::windows::software::ROLES;

/// Breaks an installation for a repair; `false` when the repair is not of this area.
pub(super) fn fault(windows: &mut Installation, repair: &str) -> bool {
    match repair {
        "rds-licensing" => session_host(windows),
        "single-session" => {}
        _ => return false,
    }
    true
}

/// A session host whose licence servers stand where the articles put them.
fn session_host(windows: &mut Installation) {
    if let Some(software) = &mut windows.software {
        let role = software.key(&format!("{ROLES}\\RDS-RD-Server"));
        role.dword("InstallState", 1);
    }
    let set = windows.system.key("ControlSet001");
    set.key("Control\\Terminal Server").dword("TSAppCompat", 1);
    set.key("Control\\Terminal Server\\RCM\\Licensing Core")
        .dword("LicensingMode", 4);
    set.key("Services\\TermService\\Parameters")
        .multi_sz("SpecifiedLicenseServers", &["lic1.contoso.local"]);
}

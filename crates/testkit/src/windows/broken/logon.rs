//! Faults of what stands between boot and logon, control sets and the policy for disks included.
//!
//! Invariants: as of the module above. Absent on purpose: faults no repair is for.

use super::Installation;
use crate::build::Key;

const WINLOGON: &str = "Microsoft\\Windows NT\\CurrentVersion\\Winlogon";
const OPTIONS: &str = "Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options";
const MANAGER: &str = "Control\\Session Manager";

/// Breaks an installation for a repair; `false` when the repair is not of this area.
pub(super) fn fault(windows: &mut Installation, repair: &str) -> bool {
    let set = windows.system.key("ControlSet001");
    match repair {
        "authentication" => {
            set.key("Control\\Lsa")
                .dword("forceguest", 1)
                .dword("crashonauditfail", 2);
        }
        "control-set-selection" => {
            windows
                .system
                .key("Select")
                .dword("Current", 2)
                .dword("Default", 2)
                .dword("Failed", 1)
                .dword("LastKnownGood", 3);
        }
        "critical-ifeo" => debuggers(windows),
        "driver-verifier" => {
            set.key(&format!("{MANAGER}\\Memory Management"))
                .sz("VerifyDrivers", "*")
                .dword("VerifyDriverLevel", 0x0002_09BB);
        }
        "error-control-loop" => backup_service(set),
        "logon-chain" => {
            logon_chain(set);
            if let Some(software) = &mut windows.software {
                software
                    .key(WINLOGON)
                    .sz("Shell", "")
                    .sz("Userinit", "D:\\Windows\\system32\\userinit.exe,");
            }
        }
        "san-policy" => {
            set.key("Services\\partmgr\\Parameters")
                .dword("SanPolicy", 3);
        }
        "setup-state" => {
            windows
                .system
                .key("Setup")
                .dword("SetupType", 2)
                .dword("SystemSetupInProgress", 1)
                .dword("OOBEInProgress", 1);
        }
        _ => return false,
    }
    true
}

fn debuggers(windows: &mut Installation) {
    let Some(software) = &mut windows.software else {
        return;
    };
    let options = software.key(OPTIONS);
    options
        .child("svchost.exe")
        .sz("Debugger", "vsjitdebugger.exe");
    options.child("lsass.exe").dword("GlobalFlag", 0x0200_0000);
}

/// A service whose failure makes Windows restart.
fn backup_service(set: &mut Key) {
    let services = set.key("Services");
    services
        .child("AzureWLBackupPluginSvc")
        .dword("Type", 16)
        .dword("Start", 2)
        .dword("ErrorControl", 3)
        .sz("ObjectName", "LocalSystem")
        .expand_sz(
            "ImagePath",
            "C:\\Program Files\\Azure Workload Backup\\bin\\PluginSvc.exe",
        );
}

fn logon_chain(set: &mut Key) {
    set.key(&format!("{MANAGER}\\SubSystems"))
        .multi_sz("Required", &["Debug"])
        .expand_sz(
            "Windows",
            "%SystemRoot%\\system32\\csrss.exe ObjectDirectory=\\Windows Windows=On",
        );
    set.key("Services\\RpcEptMapper").expand_sz(
        "ImagePath",
        "%SystemRoot%\\system32\\svchost.exe -k netsvcs",
    );
}

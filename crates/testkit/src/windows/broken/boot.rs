//! Faults of what Windows needs to start: drivers, filters, updates, room on the disk.
//!
//! Invariants: as of the module above. Absent on purpose: faults no repair is for.

use super::{CONFIG, Installation, start};

const CLASS: &str = "Control\\Class\\{4d36e967-e325-11ce-bfc1-08002be10318}";
const SERVICING: &str = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";

/// Breaks an installation for a repair; `false` when the repair is not of this area.
pub(super) fn fault(windows: &mut Installation, repair: &str) -> bool {
    let set = windows.system.key("ControlSet001");
    match repair {
        "boot-drivers" => {
            start(set, &["disk"], 3);
            start(set, &["partmgr"], 4);
            set.key("Services\\vmbus\\StartOverride").dword("0", 3);
            set.key("Services\\storvsc\\StartOverride").dword("0", 3);
        }
        "class-filters" => {
            set.key(CLASS)
                .multi_sz("UpperFilters", &["InDskFlt", "partmgr"])
                .multi_sz("LowerFilters", &["oldbackup"]);
        }
        "disk-space" => windows.space = Some((230 << 20, 127 << 30)),
        "pending-update" => pending_update(windows),
        "registry-backup" => {
            set.key("Control\\Session Manager\\Configuration Manager")
                .dword("EnablePeriodicBackup", 1);
            for name in ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"] {
                let path = format!("{CONFIG}/RegBack/{name}");
                windows.files.insert(path, Vec::new());
            }
        }
        _ => return false,
    }
    true
}

/// Windows works off the orders at boot, and was interrupted.
fn pending_update(windows: &mut Installation) {
    let orders = b"<?xml version='1.0' encoding='utf-8'?>\r\n<PendingTransaction/>\r\n";
    let path = "Windows/WinSxS/pending.xml".to_owned();
    windows.files.insert(path, orders.to_vec());
    if let Some(software) = &mut windows.software {
        let servicing = software.key(SERVICING);
        servicing.child("RebootInProgress");
        servicing.key("SessionsPending").dword("Exclusive", 1);
    }
}

//! Faults of files and services that are taken out of the way, and what is told of a disk.
//!
//! Invariants: as of the module above. Absent on purpose: faults no repair is for.

use super::Installation;
use crate::windows::pe;

/// Breaks an installation for a repair; `false` when the repair is not of this area.
pub(super) fn fault(windows: &mut Installation, repair: &str) -> bool {
    let services = windows.system.key("ControlSet001\\Services");
    match repair {
        "disable-driver" => {
            let driver = services.child("contosoflt");
            driver
                .dword("Type", 1)
                .dword("Start", 0)
                .dword("ErrorControl", 1)
                .sz("Group", "PnP Filter")
                .expand_sz("ImagePath", "System32\\drivers\\contosoflt.sys");
            let volumes = "ControlSet001\\Control\\Class\\{71a27cdd-812a-11d0-bec7-08002be2092f}";
            windows
                .system
                .key(volumes)
                .multi_sz("UpperFilters", &["volsnap", "contosoflt"]);
            let file = pe::image("contosoflt.sys", [4, 1, 0, 17]);
            let path = "Windows/System32/drivers/contosoflt.sys";
            windows.files.insert(path.to_owned(), file);
        }
        "disable-service" => {
            let agent = services.child("ContosoAgent");
            agent
                .dword("Type", 16)
                .dword("Start", 2)
                .dword("ErrorControl", 1)
                .sz("ObjectName", "LocalSystem")
                .expand_sz("ImagePath", "\"%ProgramFiles%\\Contoso\\agent.exe\"");
        }
        "quarantine-file" => {
            let folder = "Windows/System32/drivers/Contoso";
            for (name, content) in [
                ("C-00000291-00000000-00000032.sys", &[0; 512][..]),
                ("C-00000292-00000000-00000007.sys", &b"another channel"[..]),
            ] {
                let path = format!("{folder}/{name}");
                windows.files.insert(path, content.to_vec());
            }
        }
        _ => return false,
    }
    true
}

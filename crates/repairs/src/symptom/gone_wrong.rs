//! Symptoms of a Windows that starts and then goes wrong, and of disks about to be given back.
//!
//! Absent on purpose: what Remote Desktop itself says.

use super::Symptom;

/// Files of Windows made whole again.
const WHOLE_AGAIN: &str = "files of Windows made whole: sfc /scannow /offbootdir=F:\\ \
     /offwindir=F:\\Windows, and dism /image:F:\\ /cleanup-image /restorehealth";

pub(super) const PASSWORD: Symptom = Symptom {
    first: &["reset the password through the cloud's own agent, where the VM still runs"],
    look: &["authentication", "rdp-policy"],
    no_repair: &["accounts and passwords in the SAM hive: offfix does not change them"],
    not_checked: &["the machine's password in its domain"],
    ..Symptom::new(
        "password-unknown",
        "Nobody knows a password, or no administrator is left",
        "The machine is sound and nobody can sign in. What is looked at is whether settings keep \
         out accounts whose password is right.",
    )
};

pub(super) const AGENT: Symptom = Symptom {
    look: &[
        "network-services",
        "static-ip",
        "nic-disabled",
        "safe-mode",
        "setup-state",
        "disk-space",
    ],
    after_boot: &[
        "netsh winhttp show proxy   (does a proxy stand between the agent and its host?)",
    ],
    no_repair: &[
        "the agent's own services and folder",
        "proxy settings of the machine",
    ],
    not_checked: &["whether the host's address is reached from the VM"],
    ..Symptom::new(
        "agent-not-ready",
        "The cloud's agent is not ready, and extensions fail",
        "The VM runs and its agent does not answer the host: no network, no address, safe mode, \
         or a setup that has not ended.",
    )
};

pub(super) const BLACK_SCREEN: Symptom = Symptom {
    first: &["wait for half an hour where updates were installed: the first start can take that"],
    look: &[
        "logon-chain",
        "network-provider-order",
        "critical-ifeo",
        "setup-state",
        "group-policy-client",
        "error-control-loop",
        "pending-update",
        "disk-space",
    ],
    offered: &["group-policy-off", "crash-dump", "disable-service"],
    no_repair: &[
        "user profiles (ProfileList)",
        "AppLocker and code integrity policies",
    ],
    not_checked: &["what hangs: a memory dump of the waiting VM tells"],
    ..Symptom::new(
        "black-screen",
        "Black screen, \"Please wait\", or 0xC000021A",
        "Windows runs and nobody gets a desktop: one of the programs between the kernel and the \
         sign-in screen is replaced, missing, or waits for something that does not come.",
    )
};

pub(super) const CRITICAL_PROCESS: Symptom = Symptom {
    look: &[
        "driver-verifier",
        "safe-mode",
        "critical-ifeo",
        "boot-drivers",
        "boot-entries",
        "pending-update",
    ],
    here: &[WHOLE_AGAIN],
    offered: &["crash-dump", "disable-driver", "quarantine-file"],
    no_repair: &["whether files of Windows are whole (sfc, dism)"],
    not_checked: &["which process or service died: the memory dump tells"],
    ..Symptom::new(
        "critical-process-died",
        "Blue screen 0xEF or 0x5A: a critical process or service failed",
        "A process that Windows cannot be without ended, or a service that it calls critical did \
         not start: a damaged file, a driver, or a debugger set for it.",
    )
};

pub(super) const DRIVER: Symptom = Symptom {
    first: &["read the name of the driver on the screenshot: it is the one to look at"],
    look: &[
        "driver-verifier",
        "boot-drivers",
        "class-filters",
        "pending-update",
    ],
    offered: &["disable-driver", "quarantine-file", "crash-dump"],
    not_checked: &["which driver is at fault: the screenshot or the memory dump tells"],
    ..Symptom::new(
        "driver-crash",
        "Blue screen in a driver (0xD1, 0x50, 0x7E)",
        "A driver, seldom one of Windows' own, crashes the machine while it starts. The one that \
         the screen names can be switched off or moved away, on request.",
    )
};

pub(super) const DIRECTORY: Symptom = Symptom {
    look: &["san-policy", "disk-space", "safe-mode", "boot-drivers"],
    no_repair: &["the directory's own files: ntdsutil in directory services repair mode"],
    not_checked: &["whether the volume that holds the directory is attached and online"],
    ..Symptom::new(
        "directory-service",
        "A domain controller stops with 0xC00002E2",
        "The directory does not start: its volume stays offline, is full, or is not attached.",
    )
};

pub(super) const REBOOTS: Symptom = Symptom {
    look: &[
        "error-control-loop",
        "pending-update",
        "recovery-loop",
        "boot-drivers",
        "class-filters",
        "driver-verifier",
        "setup-state",
        "disk-space",
    ],
    offered: &[
        "crash-dump",
        "disable-driver",
        "disable-service",
        "quarantine-file",
    ],
    not_checked: &["what the screen shows for a moment: --with crash-dump keeps it"],
    ..Symptom::new(
        "reboot-loop",
        "The VM starts again and again without a blue screen",
        "Windows gives up early and begins anew: a service whose failure counts as fatal, an \
         update that never ends, or the automatic repair.",
    )
};

pub(super) const UPDATES: Symptom = Symptom {
    first: &["wait: an hour at \"Working on updates\" is not unusual"],
    look: &[
        "pending-update",
        "disk-space",
        "setup-state",
        "registry-backup",
    ],
    here: &[
        "pending actions taken back: dism /image:F:\\ /cleanup-image \
         /revertpendingactions",
    ],
    no_repair: &[
        "features that are half installed: dism /image:F:\\ /get-features",
        "logs of transactions (config\\TxR) that are full",
    ],
    ..Symptom::new(
        "updates-stuck",
        "The VM hangs while it installs or takes back updates",
        "An update waits to be completed at each start and is not. What is pending, and whether \
         there is room for it, is told; taking it back is the work of dism.",
    )
};

pub(super) const DATA_DISKS: Symptom = Symptom {
    look: &["san-policy", "boot-drivers", "class-filters"],
    after_boot: &["Get-Disk | Set-Disk -IsOffline $false   (brings them online now)"],
    not_checked: &["whether the disks are attached to the VM", "Storage Spaces"],
    ..Symptom::new(
        "data-disks-missing",
        "The VM starts and its data disks are not there",
        "New disks stay offline by policy, or a driver on the way to them is switched off.",
    )
};

pub(super) const RETURN: Symptom = Symptom {
    first: &[
        "offfix log F:   (which runs are open, and what they left weakened)",
        "offfix plan F: --undo weakening   (takes that back)",
    ],
    here: &["no hive of this disk is left loaded on this machine: reg query HKLM"],
    look: &[
        "boot-device-ids",
        "boot-entries",
        "boot-menu-stuck",
        "control-set-selection",
        "stray-hive",
        "safe-mode",
        "test-signing",
        "group-policy-client",
    ],
    not_checked: &["the start of the VM itself"],
    ..Symptom::new(
        "before-return",
        "The disk is about to be given back to its VM",
        "What must be right before the swap: boot entries that name this disk, no hive left \
         loaded or misplaced, nothing left over from the repair.",
    )
};

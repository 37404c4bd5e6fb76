//! Symptoms of a VM whose Windows does not start: firmware, boot manager, loader.
//!
//! Absent on purpose: what fails once the kernel runs.

use super::Symptom;

/// What makes boot files anew.
const BOOT_FILES_ANEW: &str = "boot files made anew: bcdboot F:\\Windows /s S: /f BIOS (Gen1) or \
     UEFI (Gen2); then offfix plan once more";

pub(super) const BOOT_DEVICE: Symptom = Symptom {
    first: &["give the VM the size and the disk controller that it had when it last started"],
    look: &[
        "boot-drivers",
        "class-filters",
        "control-set-selection",
        "boot-device-ids",
        "boot-entries",
        "pending-update",
        "driver-verifier",
    ],
    offered: &["disable-driver", "quarantine-file", "crash-dump"],
    no_repair: &[
        "drivers for a controller this Windows has never seen (NVMe after a change of size)",
        "entries below Enum\\ACPI that a change of the host makes stale (2012, 2012 R2)",
    ],
    not_checked: &["whether the host shows the disk to the VM"],
    ..Symptom::new(
        "boot-device-inaccessible",
        "Blue screen 0x7B: Windows cannot reach its own disk",
        "The boot manager has found the disk and the kernel has not: a driver on the way to it \
         is switched off, missing, or hidden behind a filter that is gone.",
    )
};

pub(super) const BOOT_FILES: Symptom = Symptom {
    first: &["compare the VM's generation with the disk: Gen1 starts from MBR, Gen2 from GPT"],
    look: &[
        "boot-device-ids",
        "boot-entries",
        "control-set-selection",
        "stray-hive",
        "registry-backup",
    ],
    here: &[BOOT_FILES_ANEW],
    no_repair: &[
        "which partition is active (Gen1), and the boot sector",
        "whether bootmgr and the loader are whole",
        "errors of the file system: chkdsk F: /f",
    ],
    ..Symptom::new(
        "boot-files-missing",
        "The boot manager finds no Windows (0xC000000E, 0xC000000F, 0xC0000225)",
        "The store of boot entries is missing or damaged, names a partition of another disk, or \
         names a loader that is not there. A disk that was attached beside its own copy gets \
         another signature, and its entries then point nowhere.",
    )
};

pub(super) const SIGNATURE: Symptom = Symptom {
    look: &["test-signing", "boot-entries"],
    offered: &["quarantine-file", "disable-driver"],
    no_repair: &[
        "signatures of files, and the dates in them",
        "a preview image past its end, which nothing repairs",
    ],
    not_checked: &["Secure Boot and its certificates in the VM's firmware"],
    ..Symptom::new(
        "signature-refused",
        "Windows refuses a file because of its signature (0xC0000428, 0xC0000605)",
        "A file of the boot is not signed as this machine demands: it was exchanged, its \
         certificate has ended, or Secure Boot meets settings for unsigned drivers.",
    )
};

pub(super) const REGISTRY: Symptom = Symptom {
    first: &["offfix hive check F:\\Windows\\System32\\config\\SYSTEM   (and SOFTWARE)"],
    look: &[
        "control-set-selection",
        "stray-hive",
        "registry-backup",
        "disk-space",
    ],
    no_repair: &[
        "the hives SAM, SECURITY and DEFAULT: offfix hive check FILE",
        "logs of registry transactions (config\\TxR)",
        "errors of the file system: chkdsk F: /f",
    ],
    ..Symptom::new(
        "registry-damaged",
        "Windows cannot load its registry (0x74, 0x51, 0xC0000218, 0xC000014C)",
        "A hive is missing, empty or damaged. Pending log entries are normal after an unclean \
         stop, and Windows applies them itself; a hive that does not hold together needs a \
         backup.",
    )
};

pub(super) const FILE_SYSTEM: Symptom = Symptom {
    first: &["chkdsk F: /f on the recovery machine, with a snapshot taken before"],
    look: &["boot-device-ids", "boot-entries", "disk-space"],
    no_repair: &["the file system itself: chkdsk does that"],
    not_checked: &["whether the disk behind the VM returns errors"],
    ..Symptom::new(
        "file-system-damaged",
        "The file system is damaged (0x24, 0xED, 0xC0000102, disk read error)",
        "NTFS does not hold together, or the boot code cannot read it. offfix repairs no file \
         system; it tells what else would keep the disk from starting afterwards.",
    )
};

pub(super) const BOOT_MENU: Symptom = Symptom {
    look: &[
        "boot-menu-stuck",
        "recovery-loop",
        "boot-entries",
        "boot-device-ids",
        "safe-mode",
    ],
    offered: &["serial-console"],
    no_repair: &["why Windows asked for its repair: the logs in Windows\\System32\\LogFiles\\Srt"],
    ..Symptom::new(
        "boot-menu",
        "The VM stops at the boot menu, or at Automatic Repair",
        "The boot manager waits for a key that nobody can press, or starts the recovery \
         environment after starts that failed.",
    )
};

pub(super) const BITLOCKER: Symptom = Symptom {
    first: &["have the recovery key at hand before anything of the boot is changed"],
    look: &["test-signing", "boot-entries", "safe-mode"],
    after_boot: &[
        "manage-bde -status   (what protects the volume, and is it suspended?)",
        "manage-bde -protectors -disable C: -rebootcount 1   (before the next change of the boot)",
    ],
    not_checked: &["what the TPM has sealed, and where the recovery key is kept"],
    ..Symptom::new(
        "bitlocker-prompt",
        "The VM asks for its BitLocker recovery key",
        "The boot measured something else than when the key was sealed: other boot settings, \
         other firmware, another host. A locked disk cannot be looked at; unlocked, it can.",
    )
};

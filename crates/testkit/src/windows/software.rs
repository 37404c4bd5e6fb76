//! A small SOFTWARE hive of a healthy Windows Server 2016.
//!
//! Invariants: version numbers agree with the kernel image of the same installation. Absent:
//! applications, classes and servicing state.

use super::{Options, certificate};
use crate::build::HiveBuilder;

/// Below this key, which roles are installed.
pub(crate) const ROLES: &str = "Microsoft\\ServerManager\\ServicingStorage\\ServerComponentCache";

/// The SOFTWARE hive of an installation.
pub fn software_hive(options: &Options) -> HiveBuilder {
    let [major, minor, build, revision] = options.version;
    let mut hive = HiveBuilder::new();
    hive.sequence = 377;
    hive.file_name = "\\SystemRoot\\System32\\Config\\SOFTWARE".to_owned();
    hive.key("Microsoft\\Windows NT\\CurrentVersion")
        .sz("SystemRoot", "C:\\Windows")
        .sz("BuildBranch", "rs1_release")
        .sz("BuildLab", &format!("{build}.rs1_release.240404-1632"))
        .sz("CurrentBuild", &build.to_string())
        .sz("CurrentBuildNumber", &build.to_string())
        .dword("CurrentMajorVersionNumber", u32::from(major))
        .dword("CurrentMinorVersionNumber", u32::from(minor))
        .sz("CurrentType", "Multiprocessor Free")
        .sz("CurrentVersion", "6.3")
        .sz("EditionID", "ServerDatacenter")
        .dword("InstallDate", 1_706_778_000)
        .sz("InstallationType", "Server")
        .sz("ProductName", &options.product)
        .sz("ReleaseId", "1607")
        .dword("UBR", u32::from(revision))
        .sz("PathName", "C:\\Windows");
    hive.key("Microsoft\\Cryptography")
        .sz("MachineGuid", super::MACHINE_GUID);
    hive.key("Microsoft\\Windows\\CurrentVersion\\Policies\\System")
        .dword("EnableLUA", 1);
    hive.key("Microsoft\\Windows\\CurrentVersion\\Setup\\State")
        .sz("ImageState", "IMAGE_STATE_COMPLETE");
    hive.key("Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\svchost.exe")
        .dword("MinimumStackCommitInBytes", 0x8000);
    hive.key("Microsoft\\Windows NT\\CurrentVersion\\Winlogon")
        .sz("Shell", "explorer.exe")
        .sz("Userinit", "C:\\Windows\\system32\\userinit.exe,");
    hive.key(&format!("{ROLES}\\RDS-RD-Server"))
        .dword("InstallState", 0);
    hive.key("Policies\\Microsoft\\Windows NT\\Terminal Services");
    let certificate = options.certificate();
    certificate.enter(&mut hive, certificate::REMOTE_DESKTOP);
    hive
}

//! Small Windows installations as files: healthy, the demonstration, and one fault per repair.
//!
//! Invariants: each file is below 96 KiB; hives, kernel image and each other's numbers agree; the
//! same call always gives the same bytes. Absent: everything no repair reads.

mod broken;
pub mod certificate;
pub mod pe;
mod sha1;
mod software;
mod system;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::bcd;
use crate::build::HiveBuilder;
pub use broken::{REPAIRS, broken, demo, needed};
use certificate::Certificate;
pub use pe::Version;
pub use software::software_hive;
pub use system::system_hive;

/// The machine's identifier, which names its RSA key file.
pub(crate) const MACHINE_GUID: &str = "2f7c9a51-64be-4f0b-9d2f-0e8a4cb5d713";

/// The firewall's own key, below a control set.
pub(crate) const FIREWALL: &str = "Services\\SharedAccess\\Parameters\\FirewallPolicy";

/// What differs between one installation and another.
#[derive(Debug, Clone)]
pub struct Options {
    /// Computer name as the host name shows it.
    pub computer: String,
    /// DNS domain; empty for a workgroup.
    pub domain: String,
    /// ProductName.
    pub product: String,
    /// Version of kernel and CurrentVersion key.
    pub version: Version,
    /// Numbers of the control sets; the first is current, the last the last known good.
    pub control_sets: Vec<u32>,
}

impl Options {
    /// The certificate Remote Desktop has made for itself.
    pub fn certificate(&self) -> Certificate {
        let name = format!("{}.{}", self.computer, self.domain);
        Certificate::self_signed(name.trim_end_matches('.'))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            computer: "SRV-FIN-02".to_owned(),
            domain: "contoso.local".to_owned(),
            product: "Windows Server 2016 Datacenter".to_owned(),
            version: [10, 0, 14393, 6897],
            control_sets: vec![1],
        }
    }
}

/// An installation whose hives can still be changed.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The SYSTEM hive.
    pub system: HiveBuilder,
    /// The SOFTWARE hive; `None` for a disk without one.
    pub software: Option<HiveBuilder>,
    /// Version of `ntoskrnl.exe`; `None` for a disk without one.
    pub kernel: Option<Version>,
    /// The boot configuration store, on the partition of Windows; `None` for a disk whose boot
    /// files lie elsewhere.
    pub boot: Option<bcd::Store>,
    /// Further files, by path relative to the root of the disk.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Permissions as SDDL, by path relative to the root of the disk.
    pub permissions: BTreeMap<String, String>,
    /// Free and total bytes of the disk; `None` for enough.
    pub space: Option<(u64, u64)>,
}

/// The folder of the machine's private keys.
pub const MACHINE_KEYS: &str = "ProgramData/Microsoft/Crypto/RSA/MachineKeys";

/// The private key of Remote Desktop.
pub fn rdp_key() -> String {
    format!("{MACHINE_KEYS}/f686aace6942fb7f7ceb231212eef4a4_{MACHINE_GUID}")
}

/// What Windows gives the folder of private keys, and the key of Remote Desktop.
fn key_permissions() -> BTreeMap<String, String> {
    let session_env = "S-1-5-80-4022436659-1090538466-1613889075-870485073-3428993833";
    [
        (
            MACHINE_KEYS.to_owned(),
            "O:SYG:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)".to_owned(),
        ),
        (
            rdp_key(),
            format!("O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;{session_env})"),
        ),
    ]
    .into()
}

impl Installation {
    /// A healthy installation.
    pub fn new(options: &Options) -> Self {
        let key = rdp_key();
        let files = [
            (
                "Users/Public/desktop.ini",
                b"[.ShellClassInfo]\r\n".to_vec(),
            ),
            (
                "Windows/System32/drivers/rdpdr.sys",
                pe::image("rdpdr.sys", options.version),
            ),
            (
                "Windows/System32/termsrv.dll",
                pe::image("termsrv.dll", options.version),
            ),
            (
                "Windows/System32/winload.exe",
                pe::image("winload.exe", options.version),
            ),
            (
                "Windows/System32/winload.efi",
                pe::image("winload.efi", options.version),
            ),
            (key.as_str(), b"no key, only a file in its place".to_vec()),
        ];
        Self {
            system: system_hive(options),
            software: Some(software_hive(options)),
            kernel: Some(options.version),
            boot: Some(bcd::Store::windows(&machine())),
            files: files
                .into_iter()
                .map(|(path, file)| (path.to_owned(), file))
                .collect(),
            permissions: key_permissions(),
            space: None,
        }
    }

    /// Writes everything as files.
    pub fn disk(&self) -> Disk {
        let mut files = self.files.clone();
        let config = "Windows/System32/config";
        let hives = [
            ("SYSTEM", Some(&self.system)),
            ("SOFTWARE", self.software.as_ref()),
        ];
        for (name, hive) in hives {
            if let Some(hive) = hive {
                files.insert(format!("{config}/{name}"), hive.build());
                files.insert(format!("{config}/{name}.LOG1"), Vec::new());
                files.insert(format!("{config}/{name}.LOG2"), Vec::new());
            }
        }
        if let Some(version) = self.kernel {
            let image = pe::image("ntkrnlmp.exe", version);
            files.insert("Windows/System32/ntoskrnl.exe".to_owned(), image);
        }
        if let Some(store) = &self.boot {
            files.insert("Boot/BCD".to_owned(), store.build());
            files.insert("Boot/BCD.LOG".to_owned(), Vec::new());
            files.insert(
                "bootmgr".to_owned(),
                b"no boot manager, only a file".to_vec(),
            );
        }
        Disk {
            files,
            permissions: self.permissions.clone(),
            space: self.space,
        }
    }
}

/// A machine with a BIOS and one partition for everything.
pub fn machine() -> bcd::Machine {
    let machine = bcd::Machine::bios();
    bcd::Machine {
        windows: machine.system,
        ..machine
    }
}

/// The files of a disk, by path relative to its root, with `/` between names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// Path and contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Paths with permissions of their own, as SDDL; for tests that can give files any.
    pub permissions: BTreeMap<String, String>,
    /// Free and total bytes, for tests that can tell a disk any; `None` for enough.
    pub space: Option<(u64, u64)>,
}

impl Disk {
    /// The contents of a file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Writes all files below `root`, which is made if missing.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write_to(&self, root: &Path) -> io::Result<()> {
        for (path, contents) in &self.files {
            let target = root.join(path);
            if let Some(folder) = target.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(target, contents)?;
        }
        Ok(())
    }
}

/// A healthy installation with one control set.
pub fn healthy() -> Disk {
    Installation::new(&Options::default()).disk()
}

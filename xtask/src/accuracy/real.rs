//! Disks around real SYSTEM hives: bare, or with the files that the hive speaks of.
//!
//! Invariants: the hive lies there as it is; every program that a service names has a file.
//! Absent on purpose: faults, and reading what the disk holds (see `subject`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use testkit::windows::{Disk, Installation, Options, Version, pe};

use super::registry::{Key, Listing};

/// Where hives lie.
pub(super) const CONFIG: &str = "Windows/System32/config";

/// A real SYSTEM hive that is sound, and the Windows it is of.
#[derive(Debug)]
pub(super) struct Real {
    file: &'static str,
    pub(super) name: &'static str,
    product: &'static str,
    edition: &'static str,
    pub(super) version: Version,
}

/// All of them.
pub(super) const REAL: &[Real] = &[
    Real {
        file: "sys-win7sp1-2controlsets",
        name: "win7",
        product: "Windows 7 Ultimate",
        edition: "Ultimate",
        version: [6, 1, 7601, 17514],
    },
    Real {
        file: "sys-win10-16299-dirty.EXPECTED-yarp",
        name: "win10",
        product: "Windows 10 Pro",
        edition: "Professional",
        version: [10, 0, 16299, 15],
    },
    Real {
        file: "sys-xpsp3-controlset-1-and-3",
        name: "xp",
        product: "Microsoft Windows XP",
        edition: "Professional",
        version: [5, 1, 2600, 5512],
    },
];

/// Files of a Windows that no service names.
const CORE: &[&str] = &[
    "Windows/explorer.exe",
    "Windows/System32/autochk.exe",
    "Windows/System32/csrss.exe",
    "Windows/System32/hal.dll",
    "Windows/System32/smss.exe",
    "Windows/System32/userinit.exe",
    "Windows/System32/win32k.sys",
    "Windows/System32/winlogon.exe",
    "Windows/System32/drivers/ntfs.sys",
];

impl Real {
    /// The hive and nothing else.
    pub(super) fn bare(&self, shared: &Path) -> Result<Disk> {
        bare(shared, &[("SYSTEM", self.file)])
    }

    /// The hive in a Windows of its version: a SOFTWARE hive, a kernel, and every file that the
    /// services of `system` name.
    pub(super) fn installed(&self, shared: &Path, system: &Listing) -> Result<Disk> {
        let options = Options {
            product: self.product.to_owned(),
            version: self.version,
            ..Options::default()
        };
        let mut installation = Installation::new(&options);
        installation.boot = None;
        if let Some(software) = &mut installation.software {
            let about = software.key(r"Microsoft\Windows NT\CurrentVersion");
            about
                .sz("EditionID", self.edition)
                .sz("InstallationType", "Client");
        }
        let mut disk = installation.disk();
        disk.files.extend(self.bare(shared)?.files);
        if self.version < [10, 0, 0, 0] {
            let is_log = |path: &str| path.ends_with(".LOG1") || path.ends_with(".LOG2");
            disk.files.retain(|path, _| !is_log(path));
        }
        furnish(&mut disk, system, self.version);
        Ok(disk)
    }
}

/// A disk with files of the collection as hives and logs, and nothing else.
pub(super) fn bare(shared: &Path, files: &[(&str, &str)]) -> Result<Disk> {
    let mut disk = Disk::default();
    for (name, file) in files {
        let path = shared.join("hives").join(file);
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        disk.files.insert(format!("{CONFIG}/{name}"), bytes);
    }
    Ok(disk)
}

/// Adds a file for everything that services name.
pub(super) fn furnish(disk: &mut Disk, system: &Listing, version: Version) {
    let named = system.below("").filter(|key| {
        let second = key.path.split('\\').nth(1);
        second.is_some_and(|name| name.eq_ignore_ascii_case("Services"))
    });
    let named = named.flat_map(files_of);
    let mut there: BTreeSet<String> = disk.files.keys().map(|path| path.to_lowercase()).collect();
    let mut images = BTreeMap::new();
    for path in CORE.iter().map(ToString::to_string).chain(named) {
        if there.insert(path.to_lowercase()) {
            let name = path.rsplit('/').next().unwrap_or_default();
            images.insert(path.clone(), pe::image(name, version));
        }
    }
    disk.files.extend(images);
}

/// The files that a key of a service names, or has without a name.
fn files_of(key: &Key) -> Vec<String> {
    let names = ["ImagePath", "ServiceDll", "ProviderPath"];
    let named = names.iter().filter_map(|name| key.value(name));
    let mut files: Vec<String> = named.filter_map(|data| file(&data.text())).collect();
    let kind = key.value("Type").and_then(|kind| kind.bytes.first());
    // Kernel drivers and file systems; their files need no name.
    let is_driver = kind.is_some_and(|kind| matches!(kind, 1 | 2 | 8));
    if is_driver && key.value("ImagePath").is_none() {
        let name = key.path.rsplit('\\').next().unwrap_or_default();
        files.extend(file(&format!(r"system32\drivers\{name}.sys")));
    }
    files
}

/// A path of the machine as one below its system drive.
fn file(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('"').to_lowercase();
    let ends = [".sys", ".exe", ".dll"].iter();
    let end = ends
        .filter_map(|end| Some(text.find(end)? + end.len()))
        .min()?;
    let text = text.get(..end)?.trim_start_matches(r"\??\");
    let text = [
        "%systemroot%",
        r"\systemroot",
        "%windir%",
        r"c:\windows",
        r"\windows",
    ]
    .iter()
    .find_map(|root| text.strip_prefix(root).map(|rest| format!("windows{rest}")))
    .or_else(|| text.strip_prefix(r"c:\").map(str::to_owned))
    .or_else(|| {
        text.starts_with("system32")
            .then(|| format!(r"windows\{text}"))
    })?;
    let names = text.split('\\').map(|name| match name {
        "windows" => "Windows",
        "system32" => "System32",
        name => name,
    });
    Some(names.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_services_are_files_of_the_disk() {
        let table = [
            (
                r"\SystemRoot\System32\drivers\Disk.sys",
                "Windows/System32/drivers/disk.sys",
            ),
            (r"system32\DRIVERS\a.sys", "Windows/System32/drivers/a.sys"),
            (
                r"%SystemRoot%\system32\svchost.exe -k x",
                "Windows/System32/svchost.exe",
            ),
            (r#""C:\Program Files\A\b.exe" /s"#, "program files/a/b.exe"),
            (r"\??\C:\Windows\x.sys", "Windows/x.sys"),
        ];
        for (text, path) in table {
            assert_eq!(file(text).as_deref(), Some(path), "{text}");
        }
        assert_eq!(file(r"%ProgramFiles%\a.exe"), None);
        assert_eq!(file("no program"), None);
    }
}

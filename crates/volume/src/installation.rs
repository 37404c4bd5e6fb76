//! Whose disk this is: computer, domain, product, build, last use.
//!
//! Invariants: every fact comes from the hives or the kernel file of the disk itself; what is not
//! there is `None`, never guessed. Absent on purpose: judging the facts.

use crate::control_set::{self, ControlSets};
use crate::kernel::Version;
use hive::{Hive, ReadError};

/// What is known of the Windows on a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installation {
    /// The computer's name.
    pub computer: Option<String>,
    /// The DNS domain it belongs to; `None` for a workgroup.
    pub domain: Option<String>,
    /// `WinNT` (client), `ServerNT` or `LanmanNT` (domain controller).
    pub product_type: Option<String>,
    /// The product's name from SOFTWARE.
    pub product: Option<String>,
    /// `CurrentBuild` and `UBR` from SOFTWARE.
    pub build: Option<String>,
    /// The service pack of an older Windows.
    pub service_pack: Option<u32>,
    /// The kernel file's version.
    pub kernel: Option<Version>,
    /// The last orderly shutdown, as FILETIME.
    pub last_shutdown: Option<u64>,
    /// The newest time stamp of a few keys every boot writes, as FILETIME.
    pub last_written: Option<u64>,
}

impl Installation {
    /// Collects the facts. The control set is the one that boots next, else the first.
    ///
    /// # Errors
    /// When a key on the way cannot be read.
    pub fn of(
        system: &Hive,
        software: Option<&Hive>,
        kernel: Option<Version>,
        sets: &ControlSets,
    ) -> Result<Installation, ReadError> {
        let mut facts = Installation {
            kernel,
            ..Installation::default()
        };
        if let Some(number) = sets.boot().or(sets.existing.first().copied()) {
            facts.read_system(system, &control_set::key_of(number))?;
        }
        if let Some(software) = software {
            facts.read_software(software)?;
        }
        Ok(facts)
    }

    fn read_system(&mut self, system: &Hive, set: &str) -> Result<(), ReadError> {
        let text = |key: &str, name: &str| text_of(system, &format!(r"{set}\{key}"), name);
        self.computer = text(r"Control\ComputerName\ComputerName", "ComputerName")?;
        self.domain = text(r"Services\Tcpip\Parameters", "Domain")?;
        if self.domain.is_none() {
            self.domain = text(r"Services\Tcpip\Parameters", "NV Domain")?;
        }
        self.product_type = text(r"Control\ProductOptions", "ProductType")?;
        if let Some(key) = system.key(&format!(r"{set}\Control\Windows"))? {
            if let Some(value) = key.value("ShutdownTime")? {
                let eight = <[u8; 8]>::try_from(value.data()?.as_ref()).ok();
                self.last_shutdown = eight.map(u64::from_le_bytes).filter(|&time| time != 0);
            }
            if let Some(value) = key.value("CSDVersion")? {
                let pack = value.read()?.as_dword().map(|number| number >> 8);
                self.service_pack = pack.filter(|&pack| pack != 0);
            }
        }
        for path in [
            r"Control",
            r"Control\Windows",
            r"Control\Session Manager",
            "Services",
        ] {
            if let Some(key) = system.key(&format!(r"{set}\{path}"))? {
                self.last_written = self.last_written.max(Some(key.last_written()));
            }
        }
        Ok(())
    }

    fn read_software(&mut self, software: &Hive) -> Result<(), ReadError> {
        let key = r"Microsoft\Windows NT\CurrentVersion";
        self.product = text_of(software, key, "ProductName")?;
        let build = match text_of(software, key, "CurrentBuild")? {
            Some(build) => Some(build),
            None => text_of(software, key, "CurrentBuildNumber")?,
        };
        let update = match software.key(key)? {
            Some(key) => key.value("UBR")?.map(hive::Value::read).transpose()?,
            None => None,
        };
        self.build = build.map(|build| match update.and_then(|update| update.as_dword()) {
            Some(update) => format!("{build}.{update}"),
            None => build,
        });
        Ok(())
    }

    /// One line for people: product, else the kind of Windows, and the most exact version.
    pub fn windows(&self) -> String {
        let name = match (&self.product, self.product_type.as_deref()) {
            (Some(product), _) => product.clone(),
            (None, Some("WinNT")) => "a Windows client".to_owned(),
            (None, Some("ServerNT")) => "a Windows server".to_owned(),
            (None, Some("LanmanNT")) => "a Windows domain controller".to_owned(),
            (None, _) => "Windows, product not known".to_owned(),
        };
        let pack = self
            .service_pack
            .map(|pack| format!(", Service Pack {pack}"))
            .unwrap_or_default();
        match (self.kernel, &self.build) {
            (Some(kernel), _) => format!("{name}{pack} {kernel}"),
            (None, Some(build)) => format!("{name}{pack} build {build}"),
            (None, None) => format!("{name}{pack}, version not known"),
        }
    }
}

/// A text value; `None` when it is missing, empty or not a text.
fn text_of(hive: &Hive, key: &str, name: &str) -> Result<Option<String>, ReadError> {
    let Some(key) = hive.key(key)? else {
        return Ok(None);
    };
    let Some(value) = key.value(name)? else {
        return Ok(None);
    };
    Ok(value
        .read()?
        .as_text()
        .filter(|text| !text.trim().is_empty()))
}

//! Drivers that Windows loads at boot and whose file is missing or empty.
//!
//! Invariants: only told, for no change of the registry brings a file back; one pass over the
//! services. Absent on purpose: drivers that are started later.

use super::Set;
use super::table::{Driver, Need};
use crate::context::{Error, Number};
use crate::driver_files::{DriverFiles, Seen};
use crate::finding::{Certainty, Finding, Findings, Offer, Step};

/// No more services are looked at.
const MOST: usize = 5000;

pub(super) fn look(
    findings: &mut Findings,
    set: &Set<'_>,
    files: &DriverFiles<'_>,
) -> Result<(), Error> {
    let names = set.place.below("Services").subkey_names()?;
    for name in names.iter().take(MOST) {
        if let Some(finding) = one(set, name, files)? {
            findings.add(finding);
        }
    }
    Ok(())
}

fn one(set: &Set<'_>, name: &str, files: &DriverFiles<'_>) -> Result<Option<Finding>, Error> {
    let service = set.service(name);
    let driver = Driver::of(name);
    let start = service.number("Start")?;
    // Ntfs is loaded at boot whatever its start.
    let loaded = start.is(0) || driver.is_some_and(|driver| driver.start == 3);
    if !loaded || !matches!(service.number("Type")?, Number::Is(1 | 2)) {
        return Ok(None);
    }
    let image = service.text("ImagePath")?;
    let (path, seen) = files.look(name, image.as_deref());
    let what = match seen {
        Seen::There | Seen::Unknown => return Ok(None),
        Seen::Missing => "is not on the disk",
        Seen::Empty => "has no byte",
    };
    if set
        .start_of(name)?
        .is_some_and(|it| it.overridden.is_some())
    {
        return Ok(None);
    }
    let critical = matches!(service.number("ErrorControl")?, Number::Is(2..));
    let certainty = match driver.map(|driver| driver.need) {
        Some(Need::Always | Need::Mostly) => Certainty::Certain,
        _ if critical || set.used.contains_key(&name.to_lowercase()) => Certainty::Likely,
        _ => return Ok(None),
    };
    let title = format!("the file of the driver {name} {what}");
    let mut finding = service.finding(Offer::Report, certainty, title)?;
    finding.evidence.push(format!(
        "{path} {what}, and the drivers beside it are there; Windows loads it at boot"
    ));
    if critical {
        let why = "its ErrorControl is above 1: Windows does not go on without it";
        finding.evidence.push(why.to_owned());
    }
    finding.steps = steps(driver);
    Ok(Some(finding))
}

fn steps(driver: Option<&Driver>) -> Vec<Step> {
    let Some(driver) = driver else {
        let text = "bring the file back from a backup, or disable the driver after taking it out \
                    of the filter lists of Control\\Class";
        return vec![Step::Manual(text.to_owned())];
    };
    let file = driver.file;
    vec![
        Step::OnRecoveryMachine(r"sfc /scannow /offbootdir=F:\ /offwindir=F:\Windows".to_owned()),
        Step::OnRecoveryMachine(format!(r"dir /s /b F:\Windows\WinSxS\{file}")),
        Step::Manual(format!(
            r"copy the {file} of this Windows' own version and architecture to \
              F:\Windows\System32\drivers"
        )),
    ]
}

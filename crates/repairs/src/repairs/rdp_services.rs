//! `rdp-services`: the services behind Remote Desktop are disabled or start something else.
//!
//! Owns `Start` of `TermService`, `SessionEnv`, `UmRdpService` and `RDPDR`, and `ObjectName` and
//! `ServiceDll` of `TermService`. Absent on purpose: creating a service, its `Type`, and every
//! start type but "disabled".

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use crate::repairs::boot_entries::windows_drive;
use hive::{RegData, RegType};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rdp-services",
    title: "let the services of Remote Desktop start as Windows ships them",
    class: Class::Recommended,
    risk: "a wrapper that was put in place of termsrv.dll on purpose is out of use afterwards",
    parameters: &[],
    about: include_str!("rdp-services.md"),
    diagnose,
};

const SERVICE: &str = r"Services\TermService";
const ACCOUNT: &str = r"NT Authority\NetworkService";
const LIBRARY: &str = r"%SystemRoot%\System32\termsrv.dll";
const LIBRARY_FILE: &str = r"Windows\System32\termsrv.dll";

/// A service, how sure it is that nobody wants it disabled, and what needs it.
const SERVICES: [(&str, Certainty, &str); 4] = [
    (
        "TermService",
        Certainty::Certain,
        "it is Remote Desktop itself",
    ),
    (
        "SessionEnv",
        Certainty::Certain,
        "it makes the certificate and configures sessions",
    ),
    (
        "UmRdpService",
        Certainty::Certain,
        "it redirects the client's devices",
    ),
    ("RDPDR", Certainty::Likely, "UmRdpService depends on it"),
];

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let version = context.windows_version()?;
    let mut found = false;
    for set in context.control_sets() {
        // SessionEnv came with Vista, and with it the account of TermService.
        let older = match version {
            Some(version) => version < (6, 0),
            None => !set.below(r"Services\SessionEnv").exists()?,
        };
        for (name, certainty, why) in SERVICES {
            let default = if older && name == "TermService" { 2 } else { 3 };
            start(findings, &set, name, default, certainty, why)?;
        }
        let service = set.below(SERVICE);
        // A control set that is no whole one can hold a part of the key.
        if service.read("Type")?.is_some() {
            found = true;
            if !older {
                account(findings, &service)?;
            }
            library(findings, &service)?;
        }
    }
    if found && is_gone(context) {
        library_gone(findings, context)?;
    }
    Ok(())
}

fn start(
    findings: &mut Findings,
    set: &Place<'_>,
    name: &str,
    default: u32,
    certainty: Certainty,
    why: &str,
) -> Result<(), Error> {
    let service = set.below(&format!(r"Services\{name}"));
    let now = service.number("Start")?;
    if !now.is(4) {
        return Ok(());
    }
    let title = format!("the service {name} is disabled: {why}");
    let mut finding = service.finding(Offer::Recommended, certainty, title)?;
    finding.evidence.push(format!(
        "Start is {now} (4 disabled), Windows ships 0x{default:x}"
    ));
    let change = service.set(Kind::Fix, "Start", RegData::dword(default));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

fn account(findings: &mut Findings, service: &Place<'_>) -> Result<(), Error> {
    let now = service.read("ObjectName")?;
    let text = now.as_ref().and_then(RegData::as_text);
    if text.is_some_and(|text| is_account(&text)) {
        return Ok(());
    }
    let title = "TermService does not run under its own account";
    let mut finding = service.finding(Offer::Recommended, Certainty::Likely, title)?;
    let now = now.map_or("missing".to_owned(), |data| data.to_string());
    finding.evidence.push(format!(
        "ObjectName is {now}, Windows has {ACCOUNT:?}: the services of one process share one \
         account"
    ));
    let change = service.set(Kind::Fix, "ObjectName", RegData::sz(ACCOUNT));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

fn library(findings: &mut Findings, service: &Place<'_>) -> Result<(), Error> {
    let parameters = service.below("Parameters");
    let now = parameters.read("ServiceDll")?;
    let Some((offer, certainty, title)) = judge(now.as_ref()) else {
        return Ok(());
    };
    let mut finding = parameters.finding(offer, certainty, title)?;
    let now = now.map_or("missing".to_owned(), |data| format!("{} {data}", data.kind));
    finding
        .evidence
        .push(format!("ServiceDll is {now}, Windows has {LIBRARY}"));
    let change = parameters.set(Kind::Fix, "ServiceDll", RegData::expand_sz(LIBRARY));
    finding.cure.push(change);
    findings.add(finding);
    Ok(())
}

/// What is wrong with a `ServiceDll`; `None` when it is Windows' own.
fn judge(data: Option<&RegData>) -> Option<(Offer, Certainty, &'static str)> {
    let Some(data) = data else {
        let title = "TermService has no program: its ServiceDll is missing";
        return Some((Offer::Recommended, Certainty::Certain, title));
    };
    let text = data.as_text().unwrap_or_default();
    let (offer, certainty) = (Offer::Recommended, Certainty::Likely);
    if is_library(&text) {
        let title = "ServiceDll is no REG_EXPAND_SZ: Windows may not take it for a path";
        let wrong = data.kind != RegType::EXPAND_SZ;
        return wrong.then_some((Offer::WhenAsked, Certainty::Possible, title));
    }
    let wrapper = text.to_ascii_lowercase().contains("rdpwrap");
    let title = if wrapper {
        "TermService runs RDP Wrapper, which fails after an update of Windows"
    } else {
        "TermService runs another program than Windows' own"
    };
    Some((offer, certainty, title))
}

/// Whether a path leads to Windows' own library, however it is spelled.
fn is_library(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let below = ["%systemroot%", "%windir%", r"\systemroot"]
        .iter()
        .find_map(|root| text.strip_prefix(root));
    let drive = text
        .get(1..)
        .and_then(|rest| rest.strip_prefix(r":\windows"));
    below.or(drive) == Some(r"\system32\termsrv.dll")
}

fn is_account(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| *c != ' ').collect();
    plain.eq_ignore_ascii_case(r"NTAuthority\NetworkService")
}

/// Whether the library is missing from a Windows folder that has other programs; a link (a
/// compressed file) is not looked through, and is no proof of anything.
fn is_gone(context: &Context<'_>) -> bool {
    let root = context.volume.root();
    let absent = matches!(root.find(LIBRARY_FILE), Ok(None));
    absent && matches!(root.find(r"Windows\System32\svchost.exe"), Ok(Some(_)))
}

fn library_gone(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let Some(set) = context.control_sets().into_iter().next() else {
        return Ok(());
    };
    let title = "termsrv.dll is missing: TermService has no program";
    let place = set.below(SERVICE);
    let mut finding = place.finding(Offer::Report, Certainty::Certain, title)?;
    finding.evidence.push(format!(
        "{LIBRARY_FILE} is not on the disk, svchost.exe beside it is"
    ));
    let (drive, why) = windows_drive(context);
    finding.steps.push(Step::OnRecoveryMachine(format!(
        r"sfc /scannow /offbootdir={drive}\ /offwindir={drive}\Windows"
    )));
    finding.steps.extend(why);
    findings.add(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_has_several_spellings() {
        for good in [
            LIBRARY,
            r"%SYSTEMROOT%\system32\TERMSRV.DLL",
            r"%windir%\System32\termsrv.dll",
            r"C:\Windows\System32\termsrv.dll",
        ] {
            assert!(is_library(good), "{good}");
            assert_eq!(judge(Some(&RegData::expand_sz(good))), None, "{good}");
        }
        for bad in [
            "",
            "termsrv.dll",
            r"%ProgramFiles%\RDP Wrapper\rdpwrap.dll",
            r"%SystemRoot%\System32\termsrv.dll.bak",
            r"%SystemRoot%\termsrv.dll",
            r"\\x\Windows\System32\termsrv.dll",
        ] {
            let (offer, certainty, _) = judge(Some(&RegData::expand_sz(bad))).unwrap();
            assert_eq!(
                (offer, certainty),
                (Offer::Recommended, Certainty::Likely),
                "{bad}"
            );
        }
        let wrapper = RegData::expand_sz(r"%ProgramFiles%\RDP Wrapper\RDPWrap.dll");
        assert!(judge(Some(&wrapper)).unwrap().2.contains("RDP Wrapper"));
        assert_eq!(judge(None).unwrap().1, Certainty::Certain);
        let (offer, certainty, _) = judge(Some(&RegData::sz(LIBRARY))).unwrap();
        assert_eq!((offer, certainty), (Offer::WhenAsked, Certainty::Possible));
    }

    #[test]
    fn the_account_has_several_spellings() {
        for good in [
            ACCOUNT,
            r"NT AUTHORITY\NetworkService",
            r"nt authority\network service",
        ] {
            assert!(is_account(good), "{good}");
        }
        for bad in ["LocalSystem", "", r"NT AUTHORITY\LocalService", r".\admin"] {
            assert!(!is_account(bad), "{bad}");
        }
    }
}

//! The two services of remote procedure calls share one process.
//!
//! Invariants: names of groups are compared without regard to case, as Windows itself mixes
//! `rpcss` and `RPCSS`. Absent on purpose: start types, accounts and libraries.

use super::programs::is_in_system32;
use crate::context::{Error, Place};
use crate::finding::{Certainty, Findings, Kind, Offer};
use hive::RegData;

const GROUP: &str = "rpcss";
const HOST: &str = r"%SystemRoot%\system32\svchost.exe -k rpcss";
/// Each service with the one it shares a process with.
const PAIR: [(&str, &str); 2] = [("RpcSs", "RpcEptMapper"), ("RpcEptMapper", "RpcSs")];

/// Looks at `ImagePath` of both services; one that is not there is older than the service.
pub(super) fn groups(findings: &mut Findings, set: &Place<'_>) -> Result<(), Error> {
    for (name, other) in PAIR {
        let service = set.below(&format!(r"Services\{name}"));
        let Some(now) = service.read("ImagePath")? else {
            continue;
        };
        if now.as_text().is_some_and(|path| is_host(&path)) {
            continue;
        }
        let title = format!("{name} does not run in the process of {other}: no service can call");
        let mut finding = service.finding(Offer::Recommended, Certainty::Certain, title)?;
        finding.evidence.push(format!(
            "ImagePath is {now}; Windows starts RpcSs and RpcEptMapper in one svchost.exe, group \
             {GROUP}"
        ));
        let partner = set.below(&format!(r"Services\{other}")).text("ImagePath")?;
        let launcher = set.below(r"Services\DcomLaunch").text("ImagePath")?;
        let wanted = match partner {
            Some(partner) if is_host(&partner) => partner,
            _ if launcher.is_some_and(|path| path.trim().ends_with(" -p")) => format!("{HOST} -p"),
            _ => HOST.to_owned(),
        };
        let change = service.set(Kind::Fix, "ImagePath", RegData::expand_sz(&wanted));
        finding.cure.push(change);
        findings.add(finding);
    }
    Ok(())
}

/// Whether a command line starts the host of services with the group of both.
fn is_host(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or_default().trim_matches('"');
    let words: Vec<&str> = words.collect();
    let group = words.windows(2).find_map(|pair| match pair {
        [switch, group] if switch.eq_ignore_ascii_case("-k") => Some(*group),
        _ => None,
    });
    is_in_system32(program, "svchost.exe") && group.is_some_and(|it| it.eq_ignore_ascii_case(GROUP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_has_several_spellings() {
        for good in [
            HOST,
            r"%SystemRoot%\system32\svchost.exe -k RPCSS -p",
            r"%SystemRoot%\system32\svchost -k rpcss",
            r"C:\Windows\System32\SVCHOST.EXE  -K  RpcSs",
        ] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            r"%SystemRoot%\system32\svchost.exe",
            r"%SystemRoot%\system32\svchost.exe -k",
            r"%SystemRoot%\system32\svchost.exe -k netsvcs",
            r"%SystemRoot%\system32\svchost.exe rpcss",
            r"C:\svchost.exe -k rpcss",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}

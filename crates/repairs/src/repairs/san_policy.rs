//! `san-policy`: disks that Windows sees for the first time stay offline.
//!
//! Owns `SanPolicy` of `partmgr`. Absent on purpose: disks that are offline already, which the
//! policy does not bring back.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Findings, Kind, Offer, Step};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "san-policy",
    title: "bring new data disks online by themselves",
    class: Class::Recommended,
    risk: "a disk that another machine uses at the same time comes online here too",
    parameters: &[],
    about: include_str!("san-policy.md"),
    diagnose,
};

const KEY: &str = r"Services\partmgr\Parameters";
const NAME: &str = "SanPolicy";
const ALL_ONLINE: u32 = 1;
/// Start: never.
const DISABLED: u32 = 4;

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    for set in context.control_sets() {
        let place = set.below(KEY);
        let now = place.number(NAME)?;
        let kept = match now {
            Number::Missing | Number::Is(ALL_ONLINE) => continue,
            Number::Is(3) => "every disk but that of Windows",
            Number::Is(4) => "every internal disk but that of Windows",
            Number::Is(2) => {
                findings.note(
                    "SanPolicy is 2: disks on a shared bus stay offline, as Windows Server sets it \
                     up; a cloud image has 1",
                );
                continue;
            }
            other => {
                findings.note(format!("SanPolicy is {other}, which Windows does not know"));
                continue;
            }
        };
        let is_node = is_cluster_node(&set)?;
        let offer = if is_node {
            Offer::WhenNamed
        } else {
            Offer::Recommended
        };
        let certainty = if is_node {
            Certainty::Possible
        } else {
            Certainty::Likely
        };
        let title = format!("{kept} stays offline when Windows sees it for the first time");
        let mut finding = place.finding(offer, certainty, title)?;
        finding.evidence.push(format!(
            "{NAME} is {now} (1 all online, 2 shared offline, 3 all offline, 4 internal offline)"
        ));
        if is_node {
            let why = "the machine is a node of a cluster, whose disks must not come online twice";
            finding.evidence.push(why.to_owned());
        }
        finding
            .cure
            .push(place.set(Kind::Fix, NAME, RegData::dword(ALL_ONLINE)));
        let online = "Get-Disk | Where-Object IsOffline | Set-Disk -IsOffline $false";
        finding.steps.push(Step::AfterBoot(online.to_owned()));
        findings.add(finding);
    }
    Ok(())
}

fn is_cluster_node(set: &Place<'_>) -> Result<bool, Error> {
    let start = set.below(r"Services\ClusSvc").number("Start")?;
    Ok(matches!(start, Number::Is(start) if start != DISABLED))
}

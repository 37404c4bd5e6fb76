//! `control-set-selection`: the next boot is to use a control set that is not there.
//!
//! Owns `Current`, `Default` and `LastKnownGood` of `Select`. Only a control set that exists and
//! is whole is ever chosen, and none is created. Absent on purpose: `Failed`, which nothing boots
//! from, and repairing a control set that is not whole.

use crate::catalogue::{Class, Parameter, Repair};
use crate::context::{Context, Error};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer};
use hive::RegData;
use volume::Select;
use volume::control_set::key_of;

const LAST_KNOWN_GOOD: &str = "last-known-good";
const AUTO: &str = "auto";

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "control-set-selection",
    title: "boot from a control set that exists",
    class: Class::Recommended,
    risk: "drivers and services are those of the control set that is chosen",
    parameters: &[Parameter {
        name: "to",
        about: "which control set the next boot uses; auto only leaves one that is missing",
        default: Some(AUTO),
        values: "auto, last-known-good or the number of a control set",
        accepts: |value| Wanted::of(value).is_some(),
    }],
    about: include_str!("control-set-selection.md"),
    diagnose,
};

/// What the operator wants to boot from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// What is selected, where that is possible.
    Auto,
    /// The set of the last boot that reached a logon.
    LastKnownGood,
    /// This one.
    Number(u32),
}

impl Wanted {
    fn of(text: &str) -> Option<Wanted> {
        match text {
            AUTO => Some(Wanted::Auto),
            LAST_KNOWN_GOOD => Some(Wanted::LastKnownGood),
            digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => match digits.parse() {
                Ok(number @ 1..=999) => Some(Wanted::Number(number)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The control sets of the disk, whatever the scope of the plan.
struct Sets<'v> {
    select: &'v Select,
    /// All that exist, for people.
    listed: String,
    /// Those Windows can boot from.
    whole: Vec<u32>,
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let sets = Sets::of(context)?;
    let wanted = context.parameter("to").and_then(Wanted::of);
    let wanted = wanted.unwrap_or(Wanted::Auto);
    let boots = sets.can_boot(sets.select.default);
    let target = match wanted {
        Wanted::Auto if boots => sets.select.default,
        Wanted::Auto => sets.best(),
        Wanted::LastKnownGood => sets.select.last_known_good,
        Wanted::Number(number) => Some(number),
    };
    let Some(target) = target.filter(|&target| sets.can_boot(Some(target))) else {
        findings.add(sets.no_target(context, wanted)?);
        return Ok(());
    };
    if wanted == Wanted::LastKnownGood && sets.select.default == Some(target) {
        findings.note(format!(
            "LastKnownGood is control set {target:03}, which boots anyway: there is nothing to go \
             back to (Windows 8 and later keep one control set)"
        ));
    }
    let changed = sets.changes(target, wanted);
    if changed.is_empty() {
        return Ok(());
    }
    let (offer, certainty, title) = if !boots {
        let title = format!("the next boot's control set is not there; {target:03} is");
        (Offer::Recommended, Certainty::Certain, title)
    } else if wanted == Wanted::Auto || sets.select.default == Some(target) {
        let title = "Select names a control set that is not there, not for the next boot";
        (Offer::WhenAsked, Certainty::Possible, title.to_owned())
    } else {
        let title = format!("the next boot uses control set {target:03}, by request");
        (Offer::WhenNamed, Certainty::Possible, title)
    };
    let place = context.system("Select");
    let mut finding = place.finding(offer, certainty, title)?;
    finding.evidence = sets.evidence();
    if sets.select.failed == Some(target) {
        let why = "Failed names the same control set: a boot from it has failed before";
        finding.evidence.push(why.to_owned());
    }
    for name in changed {
        let change = place.set(Kind::Fix, name, RegData::dword(target));
        finding.cure.push(change);
    }
    findings.add(finding);
    Ok(())
}

impl<'v> Sets<'v> {
    fn of(context: &Context<'v>) -> Result<Sets<'v>, Error> {
        let sets = context.volume.control_sets();
        let mut whole = Vec::new();
        for &number in &sets.existing {
            let set = context.system(&key_of(number));
            // A command that writes to a control set that is not there makes a few keys of one.
            let is_whole = set.below(r"Control\ProductOptions").exists()?;
            if is_whole && set.below("Services").exists()? {
                whole.push(number);
            }
        }
        Ok(Sets {
            select: &sets.select,
            listed: sets.listed(),
            whole,
        })
    }

    fn can_boot(&self, number: Option<u32>) -> bool {
        number.is_some_and(|number| self.whole.contains(&number))
    }

    /// The one to boot from when the selected one is not there: that of the last boot, else that
    /// of the last good one, else the only one; `None` when nothing speaks for one of several.
    fn best(&self) -> Option<u32> {
        if let [only] = self.whole.as_slice() {
            return Some(*only);
        }
        let Select {
            current,
            last_known_good,
            failed,
            ..
        } = *self.select;
        let mut known = [current, last_known_good].into_iter();
        known.find(|&number| self.can_boot(number) && number != failed)?
    }

    /// The values that have to change for the next boot to use this control set.
    fn changes(&self, target: u32, wanted: Wanted) -> Vec<&'static str> {
        let Select {
            current,
            default,
            last_known_good,
            ..
        } = *self.select;
        let asked = wanted != Wanted::Auto && default != Some(target);
        let mut changed = Vec::new();
        for (name, now) in [("Current", current), ("Default", default)] {
            if asked || !self.can_boot(now) {
                changed.push(name);
            }
        }
        if last_known_good.is_some() && !self.can_boot(last_known_good) {
            changed.push("LastKnownGood");
        }
        changed
    }

    fn evidence(&self) -> Vec<String> {
        let whole: Vec<String> = self.whole.iter().map(|n| format!("{n:03}")).collect();
        vec![
            format!("Select: {}", self.select),
            format!(
                "control sets that exist: {}; that are whole: {}",
                self.listed,
                whole.join(", ")
            ),
        ]
    }

    /// What is said when there is no control set to point at.
    fn no_target(&self, context: &Context<'_>, wanted: Wanted) -> Result<Finding, Error> {
        let title = match wanted {
            Wanted::Auto if self.whole.is_empty() => {
                "no control set on this disk is whole: Windows cannot start".to_owned()
            }
            Wanted::Auto => {
                "the next boot's control set is not there, and nothing tells which to take"
                    .to_owned()
            }
            Wanted::LastKnownGood => "there is no last known good control set here".to_owned(),
            Wanted::Number(number) => {
                format!("control set {number:03} is asked for, and is not there or not whole")
            }
        };
        let place = context.system("Select");
        let mut finding = place.finding(Offer::Report, Certainty::Certain, title)?;
        finding.evidence = self.evidence();
        if !self.whole.is_empty() {
            let id = REPAIR.id;
            finding.evidence.push(format!(
                "choose one that is whole: --repair {id} --set {id}.to=NUMBER"
            ));
        }
        Ok(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_a_word_or_a_number() {
        for (text, wanted) in [
            ("auto", Some(Wanted::Auto)),
            ("last-known-good", Some(Wanted::LastKnownGood)),
            ("1", Some(Wanted::Number(1))),
            ("003", Some(Wanted::Number(3))),
            ("999", Some(Wanted::Number(999))),
            ("0", None),
            ("1000", None),
            ("+1", None),
            ("", None),
            ("boot", None),
        ] {
            assert_eq!(Wanted::of(text), wanted, "{text}");
        }
    }

    #[test]
    fn one_of_several_is_taken_only_for_a_reason() {
        let best = |current, good, failed, whole: &[u32]| {
            let select = Select {
                current: Some(current),
                default: Some(9),
                failed: Some(failed),
                last_known_good: Some(good),
            };
            let sets = Sets {
                select: &select,
                listed: String::new(),
                whole: whole.to_vec(),
            };
            sets.best()
        };
        assert_eq!(best(1, 3, 0, &[1, 3]), Some(1));
        assert_eq!(best(2, 3, 0, &[1, 3]), Some(3));
        assert_eq!(
            best(1, 3, 1, &[1, 3]),
            Some(3),
            "one that failed is not taken"
        );
        assert_eq!(best(2, 2, 0, &[1, 3]), None);
        assert_eq!(best(2, 2, 1, &[1]), Some(1), "the only one");
        assert_eq!(best(2, 2, 0, &[]), None);
    }
}

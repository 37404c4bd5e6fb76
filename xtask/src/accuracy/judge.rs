//! Whether a plan is what the faults on a disk call for.
//!
//! Invariants: a fault counts as found only when the right repair wants the right data; whatever
//! no fault calls for is a false alarm. Absent on purpose: running anything.

use super::faults::{Ask, Hive};
use super::place::{Mark, Placed, Wanted};
use super::program::{Answer, Change, Finding};

/// What a trial has shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// What is wrong, for each fault that was not found, not named or not repaired rightly.
    pub(super) missed: Vec<(usize, String)>,
    /// Repairs that wanted something no fault called for.
    pub(super) alarms: Vec<String>,
}

impl Outcome {
    /// Something that concerns every fault of a trial.
    pub(super) fn fail(&mut self, faults: usize, why: &str) {
        let all = (0..faults).map(|index| (index, why.to_owned()));
        self.missed.extend(all);
    }

    /// Compares a plan with what the faults call for; `clean` is the plan of the disk without them.
    pub(super) fn judge(&mut self, placed: &[Placed<'_>], plan: &Answer, clean: &Answer) {
        if plan.code != 0 {
            let why = format!(
                "plan ends with {}: {} {}",
                plan.code, plan.verdict, plan.said
            );
            return self.fail(placed.len(), &why);
        }
        let new = |found: &&Finding| !clean.findings.contains(found);
        for (index, it) in placed.iter().enumerate() {
            let mut told = plan.findings.iter().filter(new);
            if it.fault.is_told() && !told.any(|found| found.repair == it.fault.repair) {
                self.missed.push((index, "not told".to_owned()));
            }
            for mark in &it.marks {
                if let Err(why) = judge_mark(mark, &it.fault.repair, plan) {
                    self.missed.push((index, why));
                }
            }
        }
        let extra = plan
            .changes
            .iter()
            .filter(|change| !clean.changes.contains(change));
        for change in extra.filter(|change| !is_called_for(placed, change)) {
            self.alarms.push(format!(
                "{} wants {} {}\\{}",
                change.repair, change.hive, change.key, change.name
            ));
        }
        // What is no fault may not be called one.
        if placed.iter().any(|it| it.fault.is_harmless()) {
            let alarms = plan
                .findings
                .iter()
                .filter(new)
                .filter(|found| found.is_a_fault());
            let line = |found: &Finding| format!("{} says: {}", found.repair, found.title);
            self.alarms.extend(alarms.map(line));
        }
    }
}

/// Whether a change belongs to the cure of a fault that is there: its repair's, and, without
/// a request, in the control set of the fault.
fn is_called_for(placed: &[Placed<'_>], change: &Change) -> bool {
    placed.iter().any(|it| {
        let sets = it.marks.iter().filter_map(|mark| set_of(&mark.key));
        let sets: Vec<&str> = sets.collect();
        let elsewhere = set_of(&change.key).is_some_and(|set| !sets.contains(&set));
        let asked = matches!(it.fault.ask, Ask::Named(_));
        it.fault.repair == change.repair && (asked || sets.is_empty() || !elsewhere)
    })
}

/// Whether the plan does with a value what is wanted, under the name of the right repair.
fn judge_mark(mark: &Mark, repair: &str, plan: &Answer) -> Result<(), String> {
    let hive = match mark.hive {
        Hive::System => "SYSTEM",
        Hive::Software => "SOFTWARE",
        Hive::Bcd => "BCD",
        // What becomes of a file is seen on the disk.
        Hive::Disk => return Ok(()),
    };
    let here = |change: &&Change| {
        change.hive == hive
            && change.key.eq_ignore_ascii_case(&mark.key)
            && change.name.eq_ignore_ascii_case(&mark.name)
    };
    let planned = plan.changes.iter().find(here);
    let shown = |change: &Change| {
        let after = change.after.as_ref();
        let after = after.map_or("nothing".to_owned(), ToString::to_string);
        format!("{} makes {after} of {}", change.repair, mark.place())
    };
    match (&mark.good, planned) {
        (Wanted::Unchanged, Some(change)) => Err(shown(change)),
        (wanted @ Wanted::OneOf(_), Some(change)) => {
            let right = wanted.fits(change.after.as_ref()) && change.repair == repair;
            if right { Ok(()) } else { Err(shown(change)) }
        }
        (wanted @ Wanted::OneOf(_), None) if !wanted.fits(mark.now.as_ref()) => {
            Err(format!("nothing is planned for {}", mark.place()))
        }
        _ => Ok(()),
    }
}

/// The control set that a key lies in.
fn set_of(key: &str) -> Option<&str> {
    let first = key.split('\\').next()?;
    first.starts_with("ControlSet").then_some(first)
}

#[cfg(test)]
mod tests {
    use super::super::data::Data;
    use super::super::faults;
    use super::super::faults::Fault;
    use super::*;

    const KEY: &str = r"ControlSet001\Services\gpsvc";

    fn fault(of: impl Fn(&Fault) -> bool) -> Fault {
        let found = faults::table().unwrap().into_iter().find(|fault| of(fault));
        found.unwrap()
    }

    fn dword(number: u32) -> Option<Data> {
        Data::from_reg(&format!("dword:{number:08x}"))
    }

    fn placed(fault: &Fault, wanted: Wanted) -> Placed<'_> {
        let mark = Mark::value(Hive::System, KEY, "Start", dword(4), wanted);
        Placed {
            fault,
            marks: vec![mark],
        }
    }

    fn change(repair: &str, key: &str, after: u32) -> Change {
        Change {
            repair: repair.to_owned(),
            hive: "SYSTEM".to_owned(),
            key: key.to_owned(),
            name: "start".to_owned(),
            after: dword(after),
        }
    }

    fn finding(repair: &str) -> Finding {
        Finding {
            repair: repair.to_owned(),
            certainty: "certain".to_owned(),
            proposed: false,
            title: "it is so".to_owned(),
            place: KEY.to_owned(),
        }
    }

    #[track_caller]
    fn says(
        placed: Placed<'_>,
        changes: Vec<Change>,
        findings: Vec<Finding>,
        missed: &[&str],
        alarms: &[&str],
    ) {
        let plan = Answer {
            changes,
            findings,
            ..Answer::default()
        };
        let mut outcome = Outcome::default();
        outcome.judge(&[placed], &plan, &Answer::default());
        let found: Vec<&str> = outcome.missed.iter().map(|(_, why)| why.as_str()).collect();
        assert_eq!(found, missed);
        assert_eq!(outcome.alarms, alarms);
    }

    #[test]
    fn a_cure_is_the_right_data_by_the_right_repair() {
        let fault = fault(|it| it.repair == "group-policy-client" && it.has_cure());
        let here = || placed(&fault, Wanted::OneOf(vec![dword(2)]));
        let right = || change("group-policy-client", KEY, 2);
        says(here(), vec![right()], vec![], &[], &[]);
        let place = format!("SYSTEM {KEY}\\Start");
        let nothing = format!("nothing is planned for {place}");
        says(here(), vec![], vec![], &[&nothing], &[]);
        let wrong = format!("group-policy-client makes 0x3 of {place}");
        says(
            here(),
            vec![change("group-policy-client", KEY, 3)],
            vec![],
            &[&wrong],
            &[],
        );
        let other = format!("nla makes 0x2 of {place}");
        let alarm = format!("nla wants SYSTEM {KEY}\\start");
        says(
            here(),
            vec![change("nla", KEY, 2)],
            vec![],
            &[&other],
            &[&alarm],
        );
        let set = KEY.replace("001", "002");
        let more = vec![right(), change("group-policy-client", &set, 2)];
        let alarm = format!("group-policy-client wants SYSTEM {set}\\start");
        says(here(), more, vec![], &[], &[&alarm]);
    }

    #[test]
    fn what_is_told_is_told_and_not_changed() {
        let fault = fault(Fault::is_told);
        let here = || placed(&fault, Wanted::Unchanged);
        let told = || finding(&fault.repair);
        says(here(), vec![], vec![told()], &[], &[]);
        says(here(), vec![], vec![], &["not told"], &[]);
        let made = format!("{} makes 0x2 of SYSTEM {KEY}\\Start", fault.repair);
        says(
            here(),
            vec![change(&fault.repair, KEY, 2)],
            vec![told()],
            &[&made],
            &[],
        );
    }

    #[test]
    fn what_is_no_fault_is_not_called_one() {
        let fault = fault(Fault::is_harmless);
        let here = || placed(&fault, Wanted::Unchanged);
        says(here(), vec![], vec![], &[], &[]);
        says(
            here(),
            vec![],
            vec![finding("nla")],
            &[],
            &["nla says: it is so"],
        );
        let possible = Finding {
            certainty: "possible".to_owned(),
            ..finding("nla")
        };
        says(here(), vec![], vec![possible], &[], &[]);
    }

    #[test]
    fn a_plan_that_fails_has_found_nothing() {
        let fault = fault(Fault::is_harmless);
        let both = [
            placed(&fault, Wanted::Unchanged),
            placed(&fault, Wanted::Unchanged),
        ];
        let plan = Answer {
            code: 7,
            ..Answer::default()
        };
        let mut outcome = Outcome::default();
        outcome.judge(&both, &plan, &Answer::default());
        assert_eq!(outcome.missed.len(), 2);
    }
}

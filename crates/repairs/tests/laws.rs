//! Laws every repair of the catalogue keeps, by iteration over it.
//!
//! Invariants: a new line in the catalogue is tested here without a new line here. Absent on
//! purpose: what a repair looks at in particular (see `values.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod lab;

use lab::{Lab, edits, is_empty, named, proposed_by};
use repairs::symptom::Symptom;
use repairs::{CATALOGUE, Class, PlanError, SYMPTOMS, Selection, repair};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use testkit::windows::{Disk, broken, demo, healthy, needed};

/// Repairs that mean the opposite of each other.
const OPPOSITES: [[&str; 2]; 2] = [
    ["group-policy-client", "group-policy-off"],
    ["nla", "nla-off"],
];

/// Recommended repairs that are not proposed unasked: what they find can be meant, so it waits for
/// a symptom or a name.
const WAITING: &[&str] = &[
    "firewall-rdp-rules",
    "nic-disabled",
    "rdp-enabled",
    "static-ip",
    "test-signing",
];

/// These repairs by name, with what they need to be told.
fn by_name(ids: &[&str]) -> Selection {
    let mut selection = named(ids);
    for &id in ids {
        if let Some((name, value)) = needed(id) {
            let key = (id.to_owned(), name.to_owned());
            selection.parameters.insert(key, value.to_owned());
        }
    }
    selection
}

fn are_opposites(first: &str, second: &str) -> bool {
    OPPOSITES
        .iter()
        .any(|pair| pair.contains(&first) && pair.contains(&second))
}

#[test]
fn a_healthy_disk_is_left_alone() {
    let lab = Lab::of(&healthy());
    let before = lab.files();
    let plan = lab.plan(&Selection::default());
    assert!(is_empty(&plan), "{plan:?}");
    assert!(plan.found.is_empty(), "{:?}", plan.found);
    assert_eq!(plan.not_checked, []);
    for repair in CATALOGUE {
        let looked = repair.class != Class::OnRequest;
        assert_eq!(plan.fine.contains(&repair.id), looked, "{}", repair.id);
        if looked {
            let asked = lab.plan(&by_name(&[repair.id]));
            assert!(is_empty(&asked), "{}", repair.id);
            assert!(asked.found.is_empty(), "{}", repair.id);
        }
    }
    assert!(lab.files() == before, "looking has written");
}

#[test]
fn a_broken_disk_is_found_cured_and_put_back() {
    for repair in CATALOGUE {
        let id = repair.id;
        let lab = Lab::of(&broken(id).unwrap_or_else(|| panic!("no broken disk for {id}")));
        let before = lab.files();
        let plan = lab.plan(&by_name(&[id]));
        assert!(
            plan.found.iter().any(|found| found.repair == id),
            "{id} finds nothing"
        );
        assert!(proposed_by(&plan).all(|known| known == id));
        assert_eq!(is_empty(&plan), repair.class == Class::Report, "{id}");
        if is_empty(&plan) {
            continue;
        }
        let mut run = lab.apply(&plan);
        assert!(lab.files() != before, "{id} has written nothing");
        let again = lab.plan(&by_name(&[id]));
        assert!(is_empty(&again), "{id} is not content with its own work");
        assert!(again.fine.contains(&id), "{id} still finds something");
        let look = lab.plan(&Selection::default());
        assert!(
            look.found.iter().all(|found| found.repair != id),
            "{id} still tells something"
        );
        lab.undo(&mut run);
        assert!(lab.files() == before, "{id} is not put back byte for byte");
    }
}

/// What a repair changes, others do not see as a fault; what is broken for it, they do not cure.
#[test]
fn a_broken_disk_is_one_repairs_business() {
    for repair in CATALOGUE {
        let id = repair.id;
        let look = Lab::of(&broken(id).unwrap()).plan(&Selection::default());
        assert!(
            proposed_by(&look).all(|known| known == id),
            "{id}: {look:?}"
        );
        for found in &look.found {
            // What belongs to these is told by `rdp-listener` when they do not look themselves.
            let listener = found.repair == "rdp-listener" && !found.proposed;
            let told = ["nla", "rdp-port"].contains(&id) && listener;
            assert!(found.repair == id || told, "{id}: {} speaks", found.repair);
        }
    }
}

#[test]
fn recommended_repairs_are_proposed_unasked() {
    for repair in CATALOGUE
        .iter()
        .filter(|repair| repair.class == Class::Recommended)
    {
        let lab = Lab::of(&broken(repair.id).unwrap());
        let look = lab.plan(&Selection::default());
        let waits = WAITING.contains(&repair.id);
        assert_eq!(is_empty(&look), waits, "{}", repair.id);
        assert!(
            look.found.iter().any(|found| found.repair == repair.id),
            "{}",
            repair.id
        );
        let looks = |symptom: &Symptom| symptom.look.contains(&repair.id);
        let Some(symptom) = SYMPTOMS.iter().find(|symptom| looks(symptom)) else {
            continue;
        };
        // Test signatures can be meant even where something is wrong: that one waits for its name.
        if repair.id == "test-signing" {
            continue;
        }
        let symptoms = vec![symptom.id.to_owned()];
        let asked = lab.plan(&Selection {
            symptoms,
            ..Selection::default()
        });
        assert!(
            proposed_by(&asked).any(|id| id == repair.id),
            "{}",
            repair.id
        );
    }
}

#[test]
fn on_request_repairs_wait_for_their_name() {
    for repair in CATALOGUE
        .iter()
        .filter(|repair| repair.class == Class::OnRequest)
    {
        let lab = Lab::of(&broken(repair.id).unwrap());
        let look = lab.plan(&Selection::default());
        assert!(is_empty(&look), "{}", repair.id);
        assert!(look.on_request.contains(&repair.id), "{}", repair.id);
        let with = vec![repair.id.to_owned()];
        let asked = lab.plan(&Selection {
            repairs: Vec::new(),
            with,
            ..by_name(&[repair.id])
        });
        assert!(!is_empty(&asked), "{}", repair.id);
    }
}

#[test]
fn what_a_repair_needs_to_be_told_is_asked_for() {
    let lab = Lab::of(&healthy());
    for known in CATALOGUE {
        let missing = known.parameters.iter().any(|it| it.default.is_none());
        let refused = matches!(
            lab.try_plan(&named(&[known.id])),
            Err(PlanError::Needed { id, .. }) if id == known.id
        );
        assert_eq!(refused, missing, "{}", known.id);
        assert_eq!(needed(known.id).is_some(), missing, "{}", known.id);
    }
}

#[test]
fn two_repairs_contradict_each_other_or_get_along() {
    let disks: Vec<Disk> = CATALOGUE.iter().map(|it| broken(it.id).unwrap()).collect();
    let (disks, demo, next) = (&disks, &demo(), &AtomicUsize::new(0));
    let work = move || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(first), Some(own)) = (CATALOGUE.get(at), disks.get(at)) else {
                return;
            };
            let others = CATALOGUE.iter().zip(disks);
            for (second, other) in others.filter(|(second, _)| second.id != first.id) {
                for disk in [own, other, demo] {
                    pair(&Lab::of(disk), first.id, second.id);
                }
            }
        }
    };
    // Thousands of disks: on every core.
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
}

fn pair(lab: &Lab, first: &str, second: &str) {
    let together = lab.try_plan(&by_name(&[first, second]));
    if are_opposites(first, second) {
        let contradict = matches!(together, Err(PlanError::Contradiction { .. }));
        assert!(contradict, "{first} and {second} are opposites");
        return;
    }
    let together = match together {
        Ok(plan) => plan,
        // What a repair is told can be on its own broken disk alone.
        Err(PlanError::Refused { id, .. }) if needed(id).is_some() => return,
        Err(error) => panic!("{first} with {second}: {error}"),
    };
    for id in [first, second] {
        lab.write_plan(&lab.plan(&by_name(&[id])));
    }
    for id in [first, second] {
        let again = lab.plan(&by_name(&[id]));
        assert!(is_empty(&again), "{id} flaps between {first} and {second}");
    }
    // One after the other comes to the same as both at once.
    let volume = lab.open();
    for edit in edits(&together) {
        assert_eq!(volume.read(edit.target()).unwrap().as_ref(), edit.after());
    }
}

/// What the operator named is kept, also where it holds already.
#[test]
fn a_symptom_does_not_take_back_what_was_named() {
    let lab = Lab::of(&broken("group-policy-client").unwrap());
    let symptoms = vec!["rdp-internal-error".to_owned()];
    let with = vec!["group-policy-off".to_owned()];
    let plan = lab.plan(&Selection {
        symptoms,
        with,
        ..Selection::default()
    });
    assert!(is_empty(&plan), "{plan:?}");
    assert!(
        plan.found.iter().all(|found| !found.proposed),
        "{:?}",
        plan.found
    );
}

#[test]
fn the_tables_agree() {
    let ids: Vec<&str> = CATALOGUE.iter().map(|repair| repair.id).collect();
    assert!(ids.is_sorted());
    for known in CATALOGUE {
        let id = known.id;
        assert!(known.about.starts_with(&format!("# {id}\n")), "{id}");
        assert!(
            known.about.lines().count() >= 25,
            "the page of {id} is too short"
        );
        assert!(!known.title.is_empty() && !known.risk.is_empty(), "{id}");
        assert!(
            !known.title.ends_with('.') && !known.risk.ends_with('.'),
            "{id}"
        );
        for parameter in known.parameters {
            let default = parameter.default;
            assert!(
                default.is_none_or(parameter.accepts),
                "{id}.{}",
                parameter.name
            );
            assert!(!(parameter.accepts)(""), "{id}.{}", parameter.name);
        }
    }
    for symptom in SYMPTOMS {
        for id in [symptom.look, symptom.recipe, symptom.offered].concat() {
            assert!(repair(id).is_some(), "{id}");
        }
    }
}

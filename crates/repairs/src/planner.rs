//! The planner: from what the operator selected to the exact changes.
//!
//! Invariants: a change is proposed only when it changes something; two repairs never change one
//! value to different data in one plan; what the operator named wins over what was only looked
//! at. Absent on purpose: file hashes, JSON and words of the command line.

use crate::catalogue::{CATALOGUE, Class, Repair, repair};
use crate::context::{Ask, Context, Error, chain};
use crate::finding::{Finding, Findings, Kind, Offer, Step};
use crate::symptom::{Symptom, symptom};
use hive::RegData;
use std::collections::BTreeMap;
use thiserror::Error as ThisError;
use volume::{Scope, Target, Volume};

/// What the operator selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// `--for`.
    pub symptoms: Vec<String>,
    /// `--repair`.
    pub repairs: Vec<String>,
    /// `--with`.
    pub with: Vec<String>,
    /// `--except`.
    pub except: Vec<String>,
    /// `--as-article`.
    pub as_article: bool,
    /// `--set ID.PARAM=VALUE`, by id and name.
    pub parameters: BTreeMap<(String, String), String>,
    /// `--control-set`.
    pub scope: Scope,
}

impl Selection {
    /// Whether it names anything to look at.
    pub fn is_explicit(&self) -> bool {
        !(self.symptoms.is_empty() && self.repairs.is_empty() && self.with.is_empty())
    }
}

/// A value an open run of ours set, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnPurpose {
    /// The value.
    pub target: Target,
    /// What it was set to; `None` when it was deleted.
    pub data: Option<RegData>,
    /// The run.
    pub run: String,
}

/// A selection that makes no plan.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum PlanError {
    /// No such repair.
    #[error("there is no repair {0:?}")]
    NoRepair(String),
    /// No such symptom.
    #[error("there is no symptom {0:?}")]
    NoSymptom(String),
    /// No such parameter, or a value it does not accept.
    #[error("{id}.{name}={value}: {why}")]
    Parameter {
        /// The repair.
        id: String,
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// What would be accepted.
        why: String,
    },
    /// `--as-article` without a symptom or repair.
    #[error("--as-article needs a symptom (--for) or a repair (--repair)")]
    NoArticle,
    /// The scope names a control set that does not exist.
    #[error("control set {0} does not exist on this disk")]
    NoControlSet(Scope),
    /// Two named repairs want different data for one value.
    #[error("{first} and {second} contradict each other about {target}")]
    Contradiction {
        /// One repair.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The value.
        target: Target,
    },
    /// A repair the operator named could not look.
    #[error("{id} could not look")]
    CouldNotLook {
        /// The repair.
        id: &'static str,
        /// Why.
        #[source]
        source: Error,
    },
    /// The disk could not be compared with the plan.
    #[error("cannot read {target}: {reason}")]
    Read {
        /// The value.
        target: Target,
        /// Why.
        reason: String,
    },
}

/// One change of a plan, with what stands there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which repair makes it.
    pub repair: &'static str,
    /// Why.
    pub kind: Kind,
    /// What.
    pub edit: volume::Edit,
    /// What stands there now.
    pub before: Option<RegData>,
}

impl Planned {
    /// Whether the disk is like this already.
    pub fn holds(&self) -> bool {
        self.before.as_ref() == self.edit.after()
    }
}

/// A finding and whether its cure is in the plan.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The repair that found it.
    pub repair: &'static str,
    /// What it found.
    pub finding: Finding,
    /// Whether its cure is in the plan.
    pub proposed: bool,
    /// The run that set this on purpose, when one did.
    pub set_by: Option<String>,
}

/// What the planner answers.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The control sets in scope.
    pub sets: Vec<u32>,
    /// Everything found, in the order of looking.
    pub found: Vec<Judged>,
    /// The changes, in the order in which they are made.
    pub changes: Vec<Planned>,
    /// Repairs that looked and found nothing.
    pub fine: Vec<&'static str>,
    /// Repairs that could not look, and why.
    pub not_checked: Vec<(&'static str, String)>,
    /// What a disk cannot tell.
    pub not_on_disk: Vec<&'static str>,
    /// Lines about what is left alone.
    pub left_alone: Vec<String>,
    /// Repairs that can be added by name.
    pub on_request: Vec<&'static str>,
    /// Whether a symptom has an article recipe that was not asked for.
    pub has_recipe: bool,
    /// What else is to be done for the proposed cures.
    pub steps: Vec<Step>,
}

/// Makes a plan. `on_purpose` is what open runs of ours set.
///
/// # Errors
/// When the selection makes no sense, or a repair the operator named could not look.
pub fn plan(
    volume: &Volume,
    selection: &Selection,
    on_purpose: &[OnPurpose],
) -> Result<Plan, PlanError> {
    let asked = asked(selection)?;
    check_parameters(selection)?;
    let sets = volume.control_sets().in_scope(selection.scope);
    if sets.is_empty() {
        return Err(PlanError::NoControlSet(selection.scope));
    }
    let mut plan = Plan {
        sets,
        ..Plan::default()
    };
    let mut proposed: Vec<(Ask, Planned)> = Vec::new();
    for &(repair, ask) in &asked {
        let parameters = selection
            .parameters
            .iter()
            .filter(|((id, _), _)| id == repair.id)
            .map(|((_, name), value)| (name.clone(), value.clone()))
            .collect();
        let context = Context {
            volume,
            sets: plan.sets.clone(),
            ask,
            parameters,
        };
        let mut findings = Findings::default();
        match (repair.diagnose)(&mut findings, &context) {
            Ok(()) => judge(
                &mut plan,
                &mut proposed,
                volume,
                repair,
                ask,
                findings,
                on_purpose,
            )?,
            Err(source) if ask.wants_it() => {
                return Err(PlanError::CouldNotLook {
                    id: repair.id,
                    source,
                });
            }
            Err(error) => plan.not_checked.push((repair.id, chain(&error))),
        }
    }
    plan.changes = settle(&proposed)?;
    describe(&mut plan, selection, &asked);
    Ok(plan)
}

/// Which repairs look, and how each is asked for.
fn asked(selection: &Selection) -> Result<Vec<(&'static Repair, Ask)>, PlanError> {
    let find = |id: &String| repair(id).ok_or_else(|| PlanError::NoRepair(id.clone()));
    let symptoms = symptoms(selection)?;
    if selection.as_article && symptoms.is_empty() && selection.repairs.is_empty() {
        return Err(PlanError::NoArticle);
    }
    let mut asked: Vec<(&'static Repair, Ask)> = Vec::new();
    let mut add = |repair: &'static Repair, ask: Ask| match asked
        .iter_mut()
        .find(|(known, _)| known.id == repair.id)
    {
        Some((_, known)) => *known = ask.max(*known),
        None => asked.push((repair, ask)),
    };
    for symptom in &symptoms {
        let recipe = if selection.as_article {
            symptom.recipe
        } else {
            &[]
        };
        for id in recipe {
            add(find(&(*id).to_owned())?, Ask::Article);
        }
        for id in symptom.look {
            add(find(&(*id).to_owned())?, Ask::Symptom);
        }
    }
    let named = if selection.as_article {
        Ask::Article
    } else {
        Ask::Named
    };
    for id in &selection.repairs {
        add(find(id)?, named);
    }
    if symptoms.is_empty() && selection.repairs.is_empty() {
        for repair in CATALOGUE
            .iter()
            .filter(|repair| repair.class != Class::OnRequest)
        {
            add(repair, Ask::Look);
        }
    }
    for id in &selection.with {
        add(find(id)?, Ask::Named);
    }
    for id in &selection.except {
        find(id)?;
    }
    asked.retain(|(repair, _)| !selection.except.iter().any(|id| id == repair.id));
    Ok(asked)
}

fn symptoms(selection: &Selection) -> Result<Vec<&'static Symptom>, PlanError> {
    let find = |id: &String| symptom(id).ok_or_else(|| PlanError::NoSymptom(id.clone()));
    selection.symptoms.iter().map(find).collect()
}

fn check_parameters(selection: &Selection) -> Result<(), PlanError> {
    for ((id, name), value) in &selection.parameters {
        let failed = |why: String| PlanError::Parameter {
            id: id.clone(),
            name: name.clone(),
            value: value.clone(),
            why,
        };
        let Some(repair) = repair(id) else {
            return Err(PlanError::NoRepair(id.clone()));
        };
        let names: Vec<&str> = repair.parameters.iter().map(|known| known.name).collect();
        let Some(known) = repair.parameters.iter().find(|known| known.name == name) else {
            let why = match names.as_slice() {
                [] => format!("{id} has no parameters"),
                names => format!("the parameters of {id} are: {}", names.join(", ")),
            };
            return Err(failed(why));
        };
        if !(known.accepts)(value) {
            return Err(failed(format!("expected {}", known.values)));
        }
    }
    Ok(())
}

/// Decides about each finding of one repair.
fn judge(
    plan: &mut Plan,
    proposed: &mut Vec<(Ask, Planned)>,
    volume: &Volume,
    repair: &'static Repair,
    ask: Ask,
    findings: Findings,
    on_purpose: &[OnPurpose],
) -> Result<(), PlanError> {
    let notes = findings
        .notes
        .into_iter()
        .filter(|note| !plan.left_alone.contains(note));
    plan.left_alone.extend(notes.collect::<Vec<_>>());
    let article_elsewhere = proposed.iter().any(|(ask, _)| *ask == Ask::Article);
    let mut silent = true;
    for finding in findings.found {
        let changes = planned(volume, repair.id, &finding)?;
        if changes.iter().all(Planned::holds) && !finding.cure.is_empty() {
            // Everything it would do is done already; by name, it still must not be undone here.
            if ask.wants_it() {
                proposed.extend(changes.into_iter().map(|change| (ask, change)));
            }
            continue;
        }
        silent = false;
        let set_by = (!ask.wants_it())
            .then(|| set_by(&changes, on_purpose))
            .flatten();
        let wanted = match finding.offer {
            Offer::Recommended => ask.wants_it() || !article_elsewhere,
            Offer::WhenAsked => ask.wants_it() || (ask == Ask::Symptom && !article_elsewhere),
            Offer::WhenNamed => ask.wants_it(),
            Offer::Report => false,
        };
        let is_proposed = wanted && set_by.is_none() && !changes.is_empty();
        if is_proposed {
            for step in &finding.steps {
                if !plan.steps.contains(step) {
                    plan.steps.push(step.clone());
                }
            }
            proposed.extend(changes.into_iter().map(|change| (ask, change)));
        }
        plan.found.push(Judged {
            repair: repair.id,
            finding,
            proposed: is_proposed,
            set_by,
        });
    }
    if silent {
        plan.fine.push(repair.id);
    }
    Ok(())
}

/// The changes of a finding's cure, with what stands there now.
fn planned(
    volume: &Volume,
    repair: &'static str,
    finding: &Finding,
) -> Result<Vec<Planned>, PlanError> {
    let mut changes = Vec::new();
    for change in &finding.cure {
        let target = change.edit.target();
        let before = volume.read(target).map_err(|error| PlanError::Read {
            target: target.clone(),
            reason: error.to_string(),
        })?;
        changes.push(Planned {
            repair,
            kind: change.kind,
            edit: change.edit.clone(),
            before,
        });
    }
    Ok(changes)
}

/// The run that set all these values to what they are.
fn set_by(changes: &[Planned], on_purpose: &[OnPurpose]) -> Option<String> {
    let run_of = |change: &Planned| {
        on_purpose
            .iter()
            .find(|known| known.target.same(change.edit.target()) && known.data == change.before)
    };
    let pending = || changes.iter().filter(|change| !change.holds());
    let first = run_of(pending().next()?)?;
    pending()
        .all(|change| run_of(change).is_some())
        .then(|| first.run.clone())
}

/// One change for each value: the same change once, and the named repair before the looked-at.
fn settle(proposed: &[(Ask, Planned)]) -> Result<Vec<Planned>, PlanError> {
    let mut settled: Vec<(Ask, Planned)> = Vec::new();
    for (ask, change) in proposed {
        let target = change.edit.target();
        let rival = settled
            .iter_mut()
            .find(|(_, known)| known.edit.target().same(target));
        match rival {
            None => settled.push((*ask, change.clone())),
            Some((_, known)) if known.edit.after() == change.edit.after() => {}
            Some((known_ask, known)) if known_ask.wants_it() != ask.wants_it() => {
                if ask.wants_it() {
                    (*known_ask, *known) = (*ask, change.clone());
                }
            }
            Some((_, known)) => {
                return Err(PlanError::Contradiction {
                    first: known.repair,
                    second: change.repair,
                    target: target.clone(),
                });
            }
        }
    }
    let changes = settled.into_iter().map(|(_, change)| change);
    Ok(changes.filter(|change| !change.holds()).collect())
}

/// What the plan says about what it does not do.
fn describe(plan: &mut Plan, selection: &Selection, asked: &[(&'static Repair, Ask)]) {
    let symptoms = selection.symptoms.iter().filter_map(|id| symptom(id));
    let mut on_request = Vec::new();
    for symptom in symptoms {
        plan.not_on_disk.extend(symptom.not_checked);
        plan.has_recipe |= !selection.as_article && !symptom.recipe.is_empty();
        on_request.extend(symptom.recipe.iter().chain(symptom.offered).copied());
    }
    if selection.symptoms.is_empty() && selection.repairs.is_empty() {
        let all = CATALOGUE
            .iter()
            .filter(|repair| repair.class == Class::OnRequest);
        on_request.extend(all.map(|repair| repair.id));
    }
    let wanted = |id: &str| {
        asked
            .iter()
            .any(|(repair, ask)| repair.id == id && ask.wants_it())
    };
    for &id in &on_request {
        let is_request = repair(id).is_some_and(|repair| repair.class == Class::OnRequest);
        if is_request && !wanted(id) && !plan.on_request.contains(&id) {
            plan.on_request.push(id);
        }
    }
}

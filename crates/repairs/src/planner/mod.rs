//! The planner: from what the operator selected to the exact changes.
//!
//! Invariants: a change is proposed only when it changes something; two repairs never change one
//! value to different data in one plan; what the operator named wins over what was only looked
//! at. Absent on purpose: file hashes, JSON and words of the command line.

mod judge;
mod select;

use crate::catalogue::{CATALOGUE, Class, Repair, repair};
use crate::context::{Ask, Context, Error, Walked, chain};
use crate::finding::{Finding, Findings, Kind, Step};
use crate::symptom::symptom;
use hive::RegData;
use std::collections::BTreeMap;
use thiserror::Error as ThisError;
use volume::control_set::key_of;
use volume::{ControlSets, Scope, Target, Volume};

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

    /// The parameters of a repair, by name.
    fn parameters_of(&self, id: &str) -> BTreeMap<String, String> {
        let mine = self.parameters.iter().filter(|((known, _), _)| known == id);
        mine.map(|((_, name), value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Whether it names this repair itself.
    pub fn names(&self, id: &str) -> bool {
        self.repairs
            .iter()
            .chain(&self.with)
            .any(|named| named == id)
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
    /// A parameter without default that is not set.
    #[error("{id} needs to be told {name}: --set {id}.{name}=VALUE ({values})")]
    Needed {
        /// The repair.
        id: &'static str,
        /// The parameter.
        name: &'static str,
        /// What is accepted.
        values: &'static str,
    },
    /// `--as-article` without a symptom or repair.
    #[error("--as-article needs a symptom (--for) or a repair (--repair)")]
    NoArticle,
    /// The scope names a control set that does not exist.
    #[error("{}", no_control_set(*.0, .1))]
    NoControlSet(Scope, ControlSets),
    /// Two named repairs want different data for one value, or permissions for one file.
    #[error("{first} and {second} contradict each other about {target}")]
    Contradiction {
        /// One repair.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The value, or the path.
        target: String,
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
    /// A repair does not do what the operator asked it for.
    #[error("{id}: {why}")]
    Refused {
        /// The repair.
        id: &'static str,
        /// Why.
        why: String,
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

/// Why a scope holds no control set.
fn no_control_set(scope: Scope, sets: &ControlSets) -> String {
    match scope {
        Scope::All => "SYSTEM holds no control set at all".to_owned(),
        Scope::Boot => format!(
            "the control set of the next boot does not exist (Select: {}); there are: {}; \
             control-set-selection chooses one of them when no control set is named",
            sets.select,
            sets.listed()
        ),
        Scope::Number(number) => format!("control set {number} does not exist on this disk"),
    }
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

/// New permissions of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPermissions {
    /// Which repair sets them.
    pub repair: &'static str,
    /// Why.
    pub kind: Kind,
    /// What.
    pub edit: volume::SecurityEdit,
}

/// Another name for a file in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRename {
    /// Which repair gives it.
    pub repair: &'static str,
    /// Why.
    pub kind: Kind,
    /// Which file, and its new name.
    pub edit: disk::RenameRecord,
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
    /// The permissions, which are set after the changes.
    pub permissions: Vec<PlannedPermissions>,
    /// The files that get another name, between the two.
    pub renames: Vec<PlannedRename>,
    /// Repairs that looked and found nothing.
    pub fine: Vec<&'static str>,
    /// Repairs that could not look, and why.
    pub not_checked: Vec<(&'static str, String)>,
    /// What a disk cannot tell.
    pub not_on_disk: Vec<&'static str>,
    /// What lies on the disk and no repair looks at.
    pub no_repair: Vec<&'static str>,
    /// Lines about what is left alone.
    pub left_alone: Vec<String>,
    /// Repairs that can be added by name.
    pub on_request: Vec<&'static str>,
    /// Whether a symptom has an article recipe that was not asked for.
    pub has_recipe: bool,
    /// What else is to be done for the proposed cures.
    pub steps: Vec<Step>,
}

/// Makes a plan. `on_purpose` is what open runs of ours set, `now` the time of the run as FILETIME;
/// `walked` is told how many files and folders a long walk has seen.
///
/// # Errors
/// When the selection makes no sense, or a repair the operator named could not look.
pub fn plan(
    volume: &Volume,
    selection: &Selection,
    on_purpose: &[OnPurpose],
    now: u64,
    walked: &dyn Fn(usize),
) -> Result<Plan, PlanError> {
    let walked = Walked(walked);
    let mut plan = plan_in(volume, selection, on_purpose, now, walked)?;
    if selection.scope != Scope::All {
        let whole = Selection {
            scope: Scope::All,
            ..selection.clone()
        };
        let whole = plan_in(volume, &whole, on_purpose, now, walked)?;
        outside(&mut plan, &whole);
    }
    Ok(plan)
}

/// The plan for one scope, without what lies outside it.
fn plan_in(
    volume: &Volume,
    selection: &Selection,
    on_purpose: &[OnPurpose],
    now: u64,
    walked: Walked<'_>,
) -> Result<Plan, PlanError> {
    let asked = select::asked(selection)?;
    select::check_parameters(selection)?;
    select::check_needed(selection, &asked)?;
    let mut plan = Plan {
        sets: sets_in_scope(volume, selection.scope)?,
        ..Plan::default()
    };
    let mut judge = judge::Judge {
        volume,
        on_purpose,
        recipe: asked.iter().any(|(_, ask)| *ask == Ask::Article),
        proposed: Vec::new(),
        permissions: Vec::new(),
        renames: Vec::new(),
    };
    for &(repair, ask) in &asked {
        let context = Context {
            volume,
            sets: plan.sets.clone(),
            now,
            walked,
            ask,
            parameters: selection.parameters_of(repair.id),
        };
        let mut findings = Findings::default();
        match (repair.diagnose)(&mut findings, &context) {
            Ok(()) => judge.findings(&mut plan, repair, ask, findings)?,
            Err(error) if error.spares_the_rest() && !selection.names(repair.id) => {
                plan.not_checked.push((repair.id, chain(&error)));
            }
            Err(Error::Refused(why)) if ask.wants_it() => {
                return Err(PlanError::Refused { id: repair.id, why });
            }
            Err(source) if ask.wants_it() => {
                return Err(PlanError::CouldNotLook {
                    id: repair.id,
                    source,
                });
            }
            Err(error) => plan.not_checked.push((repair.id, chain(&error))),
        }
    }
    plan.changes = judge.settle()?;
    plan.permissions = judge.settle_permissions()?;
    plan.renames = judge.settle_renames()?;
    judge::conclude(&mut plan);
    describe(&mut plan, selection, &asked);
    Ok(plan)
}

/// The control sets to look at.
fn sets_in_scope(volume: &Volume, scope: Scope) -> Result<Vec<u32>, PlanError> {
    let sets = volume.control_sets();
    let found = sets.in_scope(scope);
    if found.is_empty() {
        return Err(PlanError::NoControlSet(scope, sets.clone()));
    }
    Ok(found)
}

/// Tells how the control sets outside the scope differ.
fn outside(plan: &mut Plan, whole: &Plan) {
    for set in whole.sets.iter().filter(|set| !plan.sets.contains(set)) {
        let root = format!(r"{}\", key_of(*set));
        let there = whole
            .changes
            .iter()
            .filter(|change| change.edit.target().key.starts_with(&root));
        let left = match there.count() {
            0 => "needs none of these changes".to_owned(),
            1 => "1 change of this kind is left there".to_owned(),
            number => format!("{number} changes of this kind are left there"),
        };
        plan.left_alone
            .push(format!("control set {set:03}, outside the scope: {left}"));
    }
}

/// What the plan says about what it does not do.
fn describe(plan: &mut Plan, selection: &Selection, asked: &[(&'static Repair, Ask)]) {
    let symptoms = selection.symptoms.iter().filter_map(|id| symptom(id));
    let mut on_request = Vec::new();
    for symptom in symptoms {
        plan.not_on_disk.extend(symptom.not_checked);
        plan.no_repair.extend(symptom.no_repair);
        plan.has_recipe |= !selection.as_article && !symptom.recipe.is_empty();
        if selection.as_article {
            let after = symptom.after_boot.iter().copied();
            plan.steps
                .extend(after.map(|line| Step::AfterBoot(line.to_owned())));
        }
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

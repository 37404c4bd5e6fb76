//! What becomes of each finding: in the plan, told, or left as a run of ours set it.
//!
//! Invariants: nothing is proposed that holds already; the source article's recipe is proposed
//! alone. Absent on purpose: looking.

use super::{Judged, OnPurpose, Plan, PlanError, Planned, PlannedPermissions, PlannedRename};
use crate::catalogue::Repair;
use crate::context::Ask;
use crate::finding::{Change, Finding, Findings, Offer};
use std::collections::HashMap;
use volume::Volume;

/// The changes proposed so far, and what decides about the next.
pub(super) struct Judge<'v> {
    pub(super) volume: &'v Volume,
    pub(super) on_purpose: &'v [OnPurpose],
    /// Whether the plan is the recipe of an article.
    pub(super) recipe: bool,
    pub(super) proposed: Vec<(Ask, Planned)>,
    pub(super) permissions: Vec<PlannedPermissions>,
    pub(super) renames: Vec<PlannedRename>,
}

impl Judge<'_> {
    /// Decides about everything one repair found.
    pub(super) fn findings(
        &mut self,
        plan: &mut Plan,
        repair: &'static Repair,
        ask: Ask,
        findings: Findings,
    ) -> Result<(), PlanError> {
        for note in findings.notes {
            if !plan.left_alone.contains(&note) {
                plan.left_alone.push(note);
            }
        }
        let told = plan.found.len();
        for finding in findings.found {
            self.finding(plan, repair, ask, finding)?;
        }
        if plan.found.len() == told {
            plan.fine.push(repair.id);
        }
        Ok(())
    }

    fn finding(
        &mut self,
        plan: &mut Plan,
        repair: &'static Repair,
        ask: Ask,
        finding: Finding,
    ) -> Result<(), PlanError> {
        let changes = planned(self.volume, repair.id, &finding)?;
        let holds = changes.iter().all(Planned::holds) && !finding.changes_files();
        if holds && finding.has_cure() {
            // Everything it would do is done already; by name, it still must not be undone here.
            if ask.wants_it() {
                self.propose(ask, changes);
            }
            return Ok(());
        }
        let set_by = (!ask.wants_it() && !finding.changes_files())
            .then(|| set_by(&changes, self.on_purpose))
            .flatten();
        let wanted = match finding.offer {
            Offer::Recommended => ask.wants_it() || !self.recipe,
            Offer::WhenAsked => ask.wants_it() || (ask == Ask::Symptom && !self.recipe),
            Offer::WhenNamed => ask.wants_it(),
            Offer::Report => false,
        };
        let does = finding.has_cure() || (finding.is_steps_alone() && ask.wants_it());
        let proposed = wanted && set_by.is_none() && does;
        if proposed {
            self.propose(ask, changes);
            let permissions = finding.permissions.iter().map(|it| PlannedPermissions {
                repair: repair.id,
                kind: it.kind,
                edit: it.edit.clone(),
            });
            self.permissions.extend(permissions);
            let renames = finding.renames.iter().map(|it| PlannedRename {
                repair: repair.id,
                kind: it.kind,
                edit: it.edit.clone(),
            });
            self.renames.extend(renames);
        }
        plan.found.push(Judged {
            repair: repair.id,
            finding,
            proposed,
            set_by,
        });
        Ok(())
    }

    fn propose(&mut self, ask: Ask, changes: Vec<Planned>) {
        self.proposed
            .extend(changes.into_iter().map(|change| (ask, change)));
    }

    /// One change for each value: the same change once, and the named repair before the
    /// looked-at.
    pub(super) fn settle(&self) -> Result<Vec<Planned>, PlanError> {
        let mut settled: Vec<(Ask, Planned)> = Vec::new();
        for (ask, change) in &self.proposed {
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
                        target: target.to_string(),
                    });
                }
            }
        }
        let changes = settled.into_iter().map(|(_, change)| change);
        Ok(changes.filter(|change| !change.holds()).collect())
    }

    /// All permissions; no file gets two.
    pub(super) fn settle_permissions(&self) -> Result<Vec<PlannedPermissions>, PlanError> {
        let mut first: HashMap<String, &PlannedPermissions> = HashMap::new();
        let mut settled = Vec::new();
        for planned in &self.permissions {
            let mut mine = planned.clone();
            mine.edit.paths.clear();
            for path in &planned.edit.paths {
                match first.get(&path.to_lowercase()) {
                    None => {
                        first.insert(path.to_lowercase(), planned);
                        mine.edit.paths.push(path.clone());
                    }
                    Some(known) if known.edit.after == planned.edit.after => {}
                    Some(known) => {
                        return Err(PlanError::Contradiction {
                            first: known.repair,
                            second: planned.repair,
                            target: path.clone(),
                        });
                    }
                }
            }
            if !mine.edit.paths.is_empty() {
                settled.push(mine);
            }
        }
        Ok(settled)
    }

    /// All new names; no file gets two.
    pub(super) fn settle_renames(&self) -> Result<Vec<PlannedRename>, PlanError> {
        let mut settled: Vec<PlannedRename> = Vec::new();
        for planned in &self.renames {
            let path = planned.edit.path.to_lowercase();
            let known = settled
                .iter()
                .find(|known| known.edit.path.to_lowercase() == path);
            match known {
                None => settled.push(planned.clone()),
                Some(known) if known.edit == planned.edit => {}
                Some(known) => {
                    return Err(PlanError::Contradiction {
                        first: known.repair,
                        second: planned.repair,
                        target: planned.edit.path.clone(),
                    });
                }
            }
        }
        Ok(settled)
    }
}

/// Takes the word "proposed" from cures that gave way to a named repair, and collects the steps
/// of the others.
pub(super) fn conclude(plan: &mut Plan) {
    for judged in plan.found.iter_mut().filter(|judged| judged.proposed) {
        let is_planned = |change: &Change| {
            let (target, after) = (change.edit.target(), change.edit.after());
            let mut planned = plan.changes.iter().map(|planned| &planned.edit);
            planned.any(|edit| edit.target().same(target) && edit.after() == after)
        };
        let finding = &judged.finding;
        judged.proposed = finding.is_steps_alone()
            || !finding.permissions.is_empty()
            || finding.cure.iter().any(is_planned);
        if !judged.proposed {
            continue;
        }
        for step in &judged.finding.steps {
            if !plan.steps.contains(step) {
                plan.steps.push(step.clone());
            }
        }
    }
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

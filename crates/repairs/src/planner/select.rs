//! Who looks: from the words of a selection to repairs and how each is asked for.
//!
//! Invariants: every id and parameter is known afterwards; a repair stands once, asked for in the
//! strongest way. Absent on purpose: the disk.

use super::{PlanError, Selection};
use crate::catalogue::{CATALOGUE, Class, Repair, repair};
use crate::context::Ask;
use crate::symptom::{Symptom, symptom};

/// Which repairs look, and how each is asked for.
pub(super) fn asked(selection: &Selection) -> Result<Vec<(&'static Repair, Ask)>, PlanError> {
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

/// Refuses parameters the catalogue does not have, and values they do not take.
pub(super) fn check_parameters(selection: &Selection) -> Result<(), PlanError> {
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

/// Refuses a repair that is wanted and not told what it needs.
pub(super) fn check_needed(
    selection: &Selection,
    asked: &[(&'static Repair, Ask)],
) -> Result<(), PlanError> {
    for (repair, _) in asked.iter().filter(|(_, ask)| ask.wants_it()) {
        let is_set = |name: &str| {
            let mut set = selection.parameters.keys();
            set.any(|(id, known)| id == repair.id && known == name)
        };
        let mut needed = repair.parameters.iter().filter(|it| it.default.is_none());
        if let Some(missing) = needed.find(|it| !is_set(it.name)) {
            return Err(PlanError::Needed {
                id: repair.id,
                name: missing.name,
                values: missing.values,
            });
        }
    }
    Ok(())
}

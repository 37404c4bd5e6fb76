//! `repairs` and `symptoms`: the catalogue, for people and programs.

use crate::arguments::{Format, TopicArguments};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;
use repairs::{CATALOGUE, Class, PlanError, Repair, SYMPTOMS, Symptom, repair, symptom};
use serde::Serialize;

#[derive(Serialize)]
struct RepairDocument {
    id: &'static str,
    class: &'static str,
    title: &'static str,
    risk: &'static str,
    parameters: Vec<ParameterDocument>,
}

#[derive(Serialize)]
struct ParameterDocument {
    name: &'static str,
    about: &'static str,
    default: Option<&'static str>,
    values: &'static str,
}

#[derive(Serialize)]
struct SymptomDocument {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    look: &'static [&'static str],
    recipe: &'static [&'static str],
    after_boot: &'static [&'static str],
    offered: &'static [&'static str],
}

/// `repairs [ID]`.
pub(crate) fn repairs(arguments: &TopicArguments) -> Result<Exit, Failure> {
    let chosen: Vec<&Repair> = match &arguments.id {
        Some(id) => vec![repair(id).ok_or_else(|| PlanError::NoRepair(id.clone()))?],
        None => CATALOGUE.iter().collect(),
    };
    match (arguments.format, arguments.id.is_some()) {
        (Format::Json, _) => {
            output::json(&chosen.into_iter().map(repair_document).collect::<Vec<_>>());
        }
        (Format::Text, true) => {
            for repair in chosen {
                output::text(&render::repair(repair));
            }
        }
        (Format::Text, false) => output::text(&render::repairs(&chosen)),
    }
    Ok(Exit::Done)
}

/// `symptoms [ID]`.
pub(crate) fn symptoms(arguments: &TopicArguments) -> Result<Exit, Failure> {
    let chosen: Vec<&Symptom> = match &arguments.id {
        Some(id) => vec![symptom(id).ok_or_else(|| PlanError::NoSymptom(id.clone()))?],
        None => SYMPTOMS.iter().collect(),
    };
    match (arguments.format, arguments.id.is_some()) {
        (Format::Json, _) => {
            output::json(&chosen.into_iter().map(symptom_document).collect::<Vec<_>>());
        }
        (Format::Text, true) => {
            for symptom in chosen {
                output::text(&render::symptom(symptom));
            }
        }
        (Format::Text, false) => output::text(&render::symptoms(&chosen)),
    }
    Ok(Exit::Done)
}

fn repair_document(repair: &Repair) -> RepairDocument {
    let parameters = repair.parameters.iter().map(|parameter| ParameterDocument {
        name: parameter.name,
        about: parameter.about,
        default: parameter.default,
        values: parameter.values,
    });
    RepairDocument {
        id: repair.id,
        class: class(repair.class),
        title: repair.title,
        risk: repair.risk,
        parameters: parameters.collect(),
    }
}

fn symptom_document(symptom: &Symptom) -> SymptomDocument {
    SymptomDocument {
        id: symptom.id,
        title: symptom.title,
        about: symptom.about,
        look: symptom.look,
        recipe: symptom.recipe,
        after_boot: symptom.after_boot,
        offered: symptom.offered,
    }
}

/// The word for a class.
pub(crate) fn class(class: Class) -> &'static str {
    match class {
        Class::Recommended => "recommended",
        Class::OnRequest => "on request",
        Class::Report => "report only",
    }
}

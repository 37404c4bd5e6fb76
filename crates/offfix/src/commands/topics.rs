//! `repairs` and `symptoms`: the catalogue, for people and programs.

use crate::arguments::{Format, SymptomArguments, TopicArguments};
use crate::commands::asked;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::render;
use repairs::symptom::{CODES, Found, find, reason};
use repairs::{CATALOGUE, Class, PlanError, Repair, SYMPTOMS, Symptom, repair};
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
    codes: Vec<String>,
    first: &'static [&'static str],
    look: &'static [&'static str],
    reasons: Vec<Option<&'static str>>,
    recipe: &'static [&'static str],
    here: &'static [&'static str],
    after_boot: &'static [&'static str],
    offered: &'static [&'static str],
    no_repair: &'static [&'static str],
    not_checked: &'static [&'static str],
}

/// A symptom that an error message tells of.
#[derive(Serialize)]
pub(crate) struct FoundDocument {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) language: &'static str,
    pub(crate) fragment: &'static str,
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

/// `symptoms [ID | --find TEXT]`.
pub(crate) fn symptoms(arguments: &SymptomArguments) -> Result<Exit, Failure> {
    if let Some(text) = &arguments.find {
        return found(text, arguments.format);
    }
    let chosen: Vec<&Symptom> = match &arguments.id {
        Some(word) => vec![named(word)?],
        None => SYMPTOMS.iter().collect(),
    };
    match (arguments.format, arguments.id.is_some()) {
        (Format::Json, _) => {
            output::json(&chosen.into_iter().map(symptom_document).collect::<Vec<_>>());
        }
        (Format::Text, true) => {
            for symptom in chosen {
                output::text(&render::symptom(symptom, &codes(symptom)));
            }
        }
        (Format::Text, false) => output::text(&render::symptoms(&chosen)),
    }
    Ok(Exit::Done)
}

/// The symptom of an id or a stop code.
fn named(word: &str) -> Result<&'static Symptom, Failure> {
    match asked::meaning(word) {
        Some(asked) => Ok(asked.symptom),
        None if asked::is_code(word) => Err(asked::unknown(word)),
        None => Err(PlanError::NoSymptom(word.to_owned()).into()),
    }
}

/// `symptoms --find TEXT`.
fn found(text: &str, format: Format) -> Result<Exit, Failure> {
    let found: Vec<FoundDocument> = find(text).into_iter().map(found_document).collect();
    if found.is_empty() {
        let error = format!("no symptom has the text {text:?}");
        return Err(Failure::new(Exit::Usage, "unknown-text", error)
            .hint("a few words of the message are enough, in the language Windows shows them in")
            .hint("offfix symptoms lists all symptoms"));
    }
    match format {
        Format::Json => output::json(&found),
        Format::Text => output::text(&render::found(&found)),
    }
    Ok(Exit::Done)
}

fn found_document(found: Found) -> FoundDocument {
    FoundDocument {
        id: found.symptom.id,
        title: found.symptom.title,
        language: found.language,
        fragment: found.fragment,
    }
}

/// The stop codes that stand for a symptom.
fn codes(symptom: &Symptom) -> Vec<String> {
    let codes = CODES.iter().filter(|code| code.symptom.id == symptom.id);
    codes.map(ToString::to_string).collect()
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
        codes: codes(symptom),
        first: symptom.first,
        look: symptom.look,
        reasons: symptom.look.iter().map(|id| reason(id)).collect(),
        recipe: symptom.recipe,
        here: symptom.here,
        after_boot: symptom.after_boot,
        offered: symptom.offered,
        no_repair: symptom.no_repair,
        not_checked: symptom.not_checked,
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

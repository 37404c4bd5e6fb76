//! The words of `--for`: ids of symptoms, and the stop codes that stand for one.
//!
//! Invariants: a plan records ids alone. Absent on purpose: what is looked at (see the planner).

use crate::exit::{Exit, Failure};
use repairs::symptom::{CODES, StopCode, code};
use repairs::{Symptom, symptom};

/// What a word means.
pub(crate) struct Asked {
    pub(crate) symptom: &'static Symptom,
    /// The code that was typed.
    pub(crate) code: Option<&'static StopCode>,
}

/// What a word means; `None` for one that means nothing here.
pub(crate) fn meaning(word: &str) -> Option<Asked> {
    if let Some(symptom) = symptom(word) {
        return Some(Asked {
            symptom,
            code: None,
        });
    }
    code(word).map(|code| Asked {
        symptom: code.symptom,
        code: Some(code),
    })
}

/// The ids of these words. A word that is neither stays, for the planner to refuse.
///
/// # Errors
/// A code that stands for no symptom.
pub(crate) fn symptoms(words: &[String]) -> Result<Vec<String>, Failure> {
    let mut ids: Vec<String> = Vec::new();
    for word in words {
        let id = match meaning(word) {
            Some(asked) => asked.symptom.id.to_owned(),
            None if is_code(word) => return Err(unknown(word)),
            None => word.clone(),
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// What is said of these words: which symptom a code stands for, and what to try first.
pub(crate) fn lines(words: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for asked in words.iter().filter_map(|word| meaning(word)) {
        let Symptom { id, title, .. } = asked.symptom;
        let stands = asked.code.map(|code| format!("{code} is {id}: {title}"));
        let first = asked.symptom.first.iter();
        let first = first.map(|line| format!("before anything else: {line}"));
        for line in stands.into_iter().chain(first) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// Whether a word is meant as a stop code.
pub(crate) fn is_code(word: &str) -> bool {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    let is_status = word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.is_some() || is_status || word.contains('_')
}

/// The failure that an unknown code is, with all known ones.
pub(crate) fn unknown(word: &str) -> Failure {
    let error = format!("the stop code {word:?} stands for no symptom known here");
    let failure = Failure::new(Exit::Usage, "unknown-stop-code", error);
    let known = CODES
        .iter()
        .map(|code| format!("{code}: {}", code.symptom.id));
    known.fold(failure.hint("known are:"), Failure::hint)
}

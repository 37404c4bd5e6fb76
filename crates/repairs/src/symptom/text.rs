//! Error messages as people see them, and the symptom each tells of.
//!
//! Invariants: of a message only what tells it from others is kept, in the letters of its
//! language; case, width, blanks, marks and accents do not matter to a search. Absent on purpose:
//! whole messages, and languages other than those of the source articles.

use super::fold::folded;
use super::{SYMPTOMS, Symptom, rows, symptom};

/// A symptom that a text tells of.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The symptom.
    pub symptom: &'static Symptom,
    /// The language of the message; `en` for words of a title.
    pub language: &'static str,
    /// What was found of it: a part of the message, or the symptom's title.
    pub fragment: &'static str,
}

/// The symptoms that a text tells of: one for each symptom, in the order of the table, with the
/// longest part of a message that fits. Nothing for a text without letters.
pub fn find(text: &str) -> Vec<Found> {
    let wanted = folded(text);
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Found> = Vec::new();
    for row in rows(include_str!("texts.tsv")) {
        let [language, fragment, id] = row.as_slice() else {
            continue;
        };
        let known = folded(fragment);
        if let Some(symptom) = symptom(id)
            && (known.contains(&wanted) || wanted.contains(&known))
        {
            let new = Found {
                symptom,
                language,
                fragment,
            };
            match found.iter_mut().find(|old| old.symptom.id == symptom.id) {
                Some(old) if old.fragment.chars().count() < fragment.chars().count() => *old = new,
                Some(_) => {}
                None => found.push(new),
            }
        }
    }
    for symptom in SYMPTOMS {
        let is_new = !found.iter().any(|old| old.symptom.id == symptom.id);
        if is_new && has_words(symptom, text) {
            found.push(Found {
                symptom,
                language: "en",
                fragment: symptom.title,
            });
        }
    }
    let place = |found: &Found| {
        SYMPTOMS
            .iter()
            .position(|known| known.id == found.symptom.id)
    };
    found.sort_by_key(place);
    found
}

/// Whether every word of the text stands in the name or title of the symptom.
fn has_words(symptom: &Symptom, text: &str) -> bool {
    let title = folded(&format!("{} {}", symptom.id, symptom.title));
    let mut words = text
        .split_whitespace()
        .map(folded)
        .filter(|word| !word.is_empty());
    words.all(|word| title.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&'static str> {
        find(text).iter().map(|found| found.symptom.id).collect()
    }

    #[test]
    fn every_row_is_of_a_symptom_and_finds_it() {
        for row in rows(include_str!("texts.tsv")) {
            let [_, fragment, id] = row.as_slice() else {
                panic!("{row:?}");
            };
            assert!(ids(fragment).contains(id), "{row:?}");
        }
    }

    #[test]
    fn messages_are_found_in_their_languages() {
        for text in [
            "授權伺服器",
            "沒有可用的遠端桌面授權伺服器。",
            "リモートデスクトップライセンスサーバー",
            "ﾘﾓｰﾄ ﾃﾞｽｸﾄｯﾌﾟ ﾗｲｾﾝｽ ｻｰﾊﾞｰ",
            "Aucun Serveur de Licences",
            "PERIODE DE GRACE",
            "没有授权许可证",
            "No Remote  Desktop License Servers available to provide a license",
        ] {
            assert_eq!(ids(text), ["rdp-no-license-server"], "{text}");
        }
        for text in [
            "發生內部錯誤",
            "内部エラーが発生しました",
            "Une erreur interne s’est produite.",
            "出现了内部错误",
            "An internal error has occurred.",
            "ＲＤＰ　內部錯誤",
        ] {
            assert_eq!(ids(text), ["rdp-internal-error"], "{text}");
        }
    }

    #[test]
    fn titles_are_searched_by_words() {
        assert_eq!(ids("black SCREEN"), ["black-screen"]);
        assert_eq!(ids("disks data missing"), ["data-disks-missing"]);
        assert!(ids("").is_empty() && ids(" -. ").is_empty());
        assert!(ids("nothing of this kind at all").is_empty());
    }
}

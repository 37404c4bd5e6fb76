//! The known elements, from `elements.tsv`: scope, element, name and words for values.
//!
//! Invariants: sorted by scope and element, each pair once; an element without a name has none in
//! any Windows. Absent on purpose: formats, which the element's own digits say.

use crate::element::ElementType;
use std::sync::OnceLock;

/// Whose element it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// Any application.
    App,
    /// Boot applications without a type of their own.
    Bootapp,
    /// Boot managers, the firmware's included.
    Bootmgr,
    /// Device objects.
    Device,
    /// Any object.
    Library,
    /// Memory testers.
    Memdiag,
    /// Loaders of old Windows and its setup.
    Ntldr,
    /// Windows loaders.
    Osloader,
    /// Resume objects.
    Resume,
    /// Real-mode startup code.
    Startup,
    /// Templates of setup.
    Template,
}

/// One known element.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) scope: Scope,
    pub(crate) element: ElementType,
    pub(crate) name: Option<&'static str>,
    /// Values of an integer that have a word.
    pub(crate) words: Vec<(u64, &'static str)>,
}

const SCOPES: [(&str, Scope, &str); 11] = [
    ("app", Scope::App, "any application"),
    ("bootapp", Scope::Bootapp, "a boot application"),
    ("bootmgr", Scope::Bootmgr, "a boot manager"),
    ("device", Scope::Device, "a device object"),
    ("library", Scope::Library, "any object"),
    ("memdiag", Scope::Memdiag, "a memory tester"),
    ("ntldr", Scope::Ntldr, "a legacy loader"),
    ("osloader", Scope::Osloader, "a Windows boot loader"),
    ("resume", Scope::Resume, "a resume object"),
    ("startup", Scope::Startup, "a startup application"),
    ("template", Scope::Template, "a setup template"),
];

impl Scope {
    /// The objects of this scope, in words.
    pub(crate) fn owners(self) -> &'static str {
        SCOPES
            .iter()
            .find(|known| known.1 == self)
            .map_or("no object", |known| known.2)
    }
}

/// All rows, in order.
pub(crate) fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        include_str!("elements.tsv")
            .lines()
            .skip(1)
            .filter_map(parse)
            .collect()
    })
}

/// The row of an element in one scope.
pub(crate) fn row(scope: Scope, element: ElementType) -> Option<&'static Row> {
    let place = rows().binary_search_by_key(&(scope, element), |row| (row.scope, row.element));
    rows().get(place.ok()?)
}

/// Reads a line; a test sees to it that every line can be read.
fn parse(line: &'static str) -> Option<Row> {
    let mut fields = line.split('\t');
    let scope = fields.next()?;
    let scope = SCOPES.iter().find(|known| known.0 == scope)?.1;
    let element = ElementType::from_key(fields.next()?)?;
    let name = fields.next().filter(|name| !name.is_empty());
    let mut words = Vec::new();
    for word in fields.next()?.split_ascii_whitespace() {
        let (value, word) = word.split_once('=')?;
        words.push((value.parse().ok()?, word));
    }
    Some(Row {
        scope,
        element,
        name,
        words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_line_is_read_and_in_order() {
        let lines = include_str!("elements.tsv").lines().count() - 1;
        assert_eq!((rows().len(), lines), (316, 316));
        let ordered = rows()
            .windows(2)
            .all(|pair| (pair[0].scope, pair[0].element) < (pair[1].scope, pair[1].element));
        assert!(ordered);
        for found in rows() {
            assert!(found.element.format().is_some(), "{found:?}");
            assert_eq!(found.element.to_string().len(), 8);
            assert!(std::ptr::eq(
                row(found.scope, found.element).unwrap(),
                found
            ));
        }
    }

    /// Words are read back from what is printed: none may stand for two values.
    #[test]
    fn words_are_different() {
        for row in rows() {
            for (place, (value, word)) in row.words.iter().enumerate() {
                let before = &row.words[..place];
                let fresh =
                    |known: &(u64, &str)| known.0 != *value && !known.1.eq_ignore_ascii_case(word);
                assert!(before.iter().all(fresh), "{row:?}");
            }
        }
    }

    #[test]
    fn nothing_of_the_measured_table_is_missing() {
        let table =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts/bcd-elements.tsv");
        let Ok(text) = std::fs::read_to_string(&table) else {
            println!("skipped: no {}", table.display());
            return;
        };
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            let scope = if fields[0] == "any(app)" {
                "app"
            } else {
                fields[0]
            };
            let scope = SCOPES.iter().find(|known| known.0 == scope).expect(line).1;
            let found = row(scope, ElementType::from_key(fields[1]).expect(line)).expect(line);
            assert_eq!(found.name.unwrap_or_default(), fields[2], "{line}");
            let words: Vec<_> = found
                .words
                .iter()
                .map(|(v, w)| format!("{v} = {w}"))
                .collect();
            assert_eq!(words.join(" "), fields[4], "{line}");
            let format = found.element.format().unwrap().to_string();
            let format = format.replace("list of objects", "objectlist");
            assert_eq!(
                format.replace("list of integers", "integerlist"),
                fields[3],
                "{line}"
            );
        }
        assert_eq!(text.lines().count() - 1, rows().len());
    }
}

//! A repair's page: its sections, each in a sentence.
//!
//! Invariants: only what the page says, word for word; a page without a section that is asked
//! for is an error. Absent on purpose: Markdown beyond paragraphs, lists and tables.

use anyhow::{Context, Result};

/// Headings of columns that say what a row is about, not what becomes of it.
const SUBJECTS: &[&str] = &["value", "object", "element", "key", "what", "where", "form"];

/// One block of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block<'p> {
    Prose(String),
    List(Vec<String>),
    /// Head and rows.
    Table(Vec<&'p str>, Vec<Vec<&'p str>>),
}

/// A page in Markdown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'p>(pub(super) &'p str);

impl<'p> Page<'p> {
    /// The section whose heading begins like this.
    fn section(&self, heading: &str) -> Result<&'p str> {
        let start = format!("\n## {heading}");
        let (_, rest) = self
            .0
            .split_once(&start)
            .with_context(|| format!("no section {heading}"))?;
        let (_, body) = rest
            .split_once('\n')
            .context("a heading and nothing else")?;
        let end = body.find("\n## ").unwrap_or(body.len());
        Ok(body.get(..end).unwrap_or_default().trim())
    }

    /// What a section says first: a sentence, the beginnings of a list, or the first column.
    pub(super) fn gist(&self, heading: &str) -> Result<String> {
        let blocks = blocks(self.section(heading)?);
        let mut blocks = blocks.iter();
        let first = blocks
            .next()
            .with_context(|| format!("{heading} is empty"))?;
        Ok(match first {
            Block::Prose(text) => match (text.strip_suffix(':'), blocks.next()) {
                (Some(text), Some(more)) => format!("{text}: {}", more.heads()),
                _ => sentences(text).0.to_owned(),
            },
            block => block.heads(),
        })
    }

    /// What becomes of what, from the first table of a section; its first sentence without one.
    pub(super) fn changes(&self, heading: &str) -> Result<String> {
        let section = self.section(heading)?;
        let tables = blocks(section);
        let table = tables.iter().find_map(|block| match block {
            Block::Table(head, rows) => Some((head, rows)),
            _ => None,
        });
        let Some((head, rows)) = table else {
            return self.gist(heading);
        };
        let subjects = subjects(head);
        let line = |row: &Vec<&str>| {
            let subject: Vec<&str> = row.iter().take(subjects).copied().collect();
            let becomes = row.get(subjects).copied().unwrap_or_default();
            format!("{} → {becomes}", subject.join(" "))
        };
        Ok(rows.iter().map(line).collect::<Vec<_>>().join("; "))
    }

    /// The first sentence of the source, and everything the page says after it.
    pub(super) fn source(&self) -> Result<(String, String)> {
        let blocks = blocks(self.section("Source")?);
        let prose = blocks.iter().map(|block| match block {
            Block::Prose(text) => text.clone(),
            block => block.heads(),
        });
        let text = prose.collect::<Vec<_>>().join(" ");
        let (first, rest) = sentences(&text);
        Ok((first.to_owned(), rest.to_owned()))
    }
}

impl Block<'_> {
    /// The beginning of each item, or what each row is about.
    fn heads(&self) -> String {
        let heads: Vec<String> = match self {
            Block::Prose(text) => vec![sentences(text).0.to_owned()],
            Block::List(items) => items.iter().map(|item| head(item)).collect(),
            Block::Table(head, rows) => {
                let subjects = subjects(head);
                let mut found: Vec<String> = Vec::new();
                for row in rows {
                    let cells: Vec<&str> = row.iter().take(subjects).copied().collect();
                    found.push(cells.join(" "));
                    found.dedup();
                }
                found
            }
        };
        heads.join("; ")
    }
}

/// How many columns of a table say what a row is about.
fn subjects(head: &[&str]) -> usize {
    let is_subject = |head: &&&str| SUBJECTS.contains(&head.to_lowercase().as_str());
    head.iter().take_while(is_subject).count().max(1)
}

/// An item up to its colon or full stop, outside of code.
fn head(item: &str) -> String {
    let item = item.trim_end_matches([';', '.', ',', ':']);
    let mut in_code = false;
    let end = item.char_indices().find(|(at, character)| {
        in_code ^= *character == '`';
        let ends = item
            .get(at + 1..)
            .is_none_or(|rest| rest.starts_with([' ', '\n']));
        !in_code && ends && matches!(character, ':' | '.')
    });
    item.get(..end.map_or(item.len(), |(at, _)| at))
        .unwrap_or(item)
        .to_owned()
}

/// The first sentence, and the others: it ends before a blank and a letter, code or stress.
fn sentences(text: &str) -> (&str, &str) {
    let mut in_code = false;
    for (at, character) in text.char_indices() {
        in_code ^= character == '`';
        let rest = text.get(at + 1..).unwrap_or_default();
        let next = rest.strip_prefix(' ').and_then(|rest| rest.chars().next());
        let begins = next.is_some_and(|next| next.is_alphabetic() || matches!(next, '`' | '*'));
        if character == '.' && !in_code && begins {
            return (text.get(..=at).unwrap_or(text), rest.trim_start());
        }
    }
    (text, "")
}

/// A section as blocks; lines that belong together are joined.
fn blocks(section: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    for part in section
        .split("\n\n")
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let lines: Vec<&str> = part.lines().collect();
        if part.starts_with('|') {
            let mut rows = lines.iter();
            let head = rows.next().map(|line| split_row(line)).unwrap_or_default();
            found.push(Block::Table(
                head,
                rows.skip(1).map(|line| split_row(line)).collect(),
            ));
        } else if part.starts_with("- ") {
            let mut items: Vec<String> = Vec::new();
            for line in lines {
                match (line.strip_prefix("- "), items.last_mut()) {
                    (Some(item), _) => items.push(item.to_owned()),
                    (None, Some(item)) => item.push_str(&format!(" {}", line.trim())),
                    (None, None) => {}
                }
            }
            found.push(Block::List(items));
        } else {
            found.push(Block::Prose(lines.join(" ")));
        }
    }
    found
}

fn split_row(line: &str) -> Vec<&str> {
    line.trim()
        .trim_start_matches('|')
        .trim_end_matches('|')
        .split('|')
        .map(str::trim)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# nla\n\nText.\n\n## What is looked at\n\n`A. B` of the\nset. More.\n\n\
        ## What is changed\n\nThis:\n\n| value | to | when |\n|---|---|---|\n| `A` | 1 | x |\n\
        | `B` | 0 | y |\n\n\
        ## Source\n\nAn article. It is\nwrong. `x` is not.\n\nNor this.\n\n## End\n";

    #[test]
    fn sections_are_told_in_a_sentence() {
        let page = Page(PAGE);
        assert_eq!(
            page.gist("What is looked at").unwrap(),
            "`A. B` of the set."
        );
        assert_eq!(page.gist("What is changed").unwrap(), "This: `A`; `B`");
        assert_eq!(page.changes("What is changed").unwrap(), "`A` → 1; `B` → 0");
        let (source, rest) = page.source().unwrap();
        assert_eq!(source, "An article.");
        assert_eq!(rest, "It is wrong. `x` is not. Nor this.");
        let error = page.gist("Risk").unwrap_err();
        assert_eq!(error.to_string(), "no section Risk");
    }

    #[test]
    fn lists_give_their_beginnings() {
        let page = Page("# x\n\n## Seen\n\n- the table: MBR\n  or GPT;\n- `a: b` of it;\n");
        assert_eq!(page.gist("Seen").unwrap(), "the table; `a: b` of it");
    }

    #[test]
    fn two_columns_can_say_what_it_is_about() {
        let table = "| object | element | to |\n|---|---|---|\n| a | b | c |\n";
        let text = format!("# x\n\n## Done\n\n{table}");
        let page = Page(&text);
        assert_eq!(page.changes("Done").unwrap(), "a b → c");
    }
}

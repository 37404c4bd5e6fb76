//! A plan as one HTML page that needs nothing else.
//!
//! Invariants: no script, no address, nothing is fetched; the page forbids it to itself, and its
//! one style sheet is named by its hash. Absent on purpose: a page for anything but a plan.

mod markup;
mod report;

use crate::document::Document;
use disk::Stamp;
use markup::Markup;

/// What the page looks like.
const STYLE: &str = include_str!("style.css");
/// The digits of base 64.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The plan as a page.
pub(crate) fn html(plan: &Document) -> String {
    let computer = plan.computer.as_deref().unwrap_or("name not known");
    let policy = policy();
    let mut page = Markup::default();
    page.own("<!DOCTYPE html>\n");
    page.with("html", &[("lang", "en")], |page| {
        page.element("head", |head| {
            head.open("meta", &[("charset", "utf-8")]);
            let policy = [
                ("http-equiv", "Content-Security-Policy"),
                ("content", policy.as_str()),
            ];
            head.open("meta", &policy);
            for (name, content) in [
                ("viewport", "width=device-width, initial-scale=1"),
                ("color-scheme", "light dark"),
                ("referrer", "no-referrer"),
                ("robots", "noindex"),
            ] {
                head.open("meta", &[("name", name), ("content", content)]);
            }
            head.element("title", |title| {
                title.title(&format!("{computer}: offfix plan"));
            });
            head.element("style", |style| style.own(STYLE));
        });
        page.element("body", |body| {
            body.element("main", |main| report::write(main, plan));
        });
    });
    page.finish() + "\n"
}

/// What the page may load: nothing but its own style sheet.
fn policy() -> String {
    let hash = base64(&Stamp::of(STYLE.as_bytes()).sha256);
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// Bytes in base 64.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = (at(0) << 16) | (at(1) << 8) | at(2);
        for digit in 0..4 {
            let place = usize::try_from((bits >> (18 - 6 * digit)) & 63).unwrap_or(0);
            let known = DIGITS.get(place).filter(|_| digit <= three.len());
            text.push(known.map_or('=', |&digit| char::from(digit)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_everywhere() {
        for (bytes, text) in [("", ""), ("M", "TQ=="), ("Ma", "TWE="), ("Man", "TWFu")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xFB, 0xFF, 0xFE]), "+//+");
    }

    #[test]
    fn a_page_forbids_itself_everything_else() {
        let page = html(&Document::default());
        assert!(page.contains("default-src &#39;none&#39;"), "{page}");
        let head = page.split_once("<style>").map(|(head, _)| head.len());
        let policy = page.find("Content-Security-Policy");
        assert!(policy < head, "the policy stands before what it is about");
        for word in [
            "<script", "<link", "<img", "src=", "href=", "url(", "@import", "style=",
        ] {
            assert!(!page.contains(word), "{word}");
        }
    }
}

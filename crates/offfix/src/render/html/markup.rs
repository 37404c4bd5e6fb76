//! Writes HTML: elements of this program, with text from anywhere.
//!
//! Invariants: names of elements and attributes are words of the program itself; whatever else is
//! written is escaped, so that it can be neither markup nor the end of an attribute; characters
//! that are not seen as themselves are shown by their number. Absent on purpose: reading HTML,
//! scripts, and addresses.

use crate::render::command_lines::is_unseen;

/// A document that grows.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// An element with what `inside` writes.
    pub(super) fn element(&mut self, name: &'static str, inside: impl FnOnce(&mut Markup)) {
        self.with(name, &[], inside);
    }

    /// An element with attributes.
    pub(super) fn with(
        &mut self,
        name: &'static str,
        attributes: &[(&'static str, &str)],
        inside: impl FnOnce(&mut Markup),
    ) {
        self.open(name, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element that has no inside.
    pub(super) fn open(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            for character in value.chars().filter(|character| !is_unseen(*character)) {
                self.escaped(character);
            }
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// An element with nothing but text.
    pub(super) fn says(&mut self, name: &'static str, text: &str) {
        self.element(name, |inside| inside.text(text));
    }

    /// An element of a class with nothing but text.
    pub(super) fn marked(&mut self, name: &'static str, class: &'static str, text: &str) {
        self.with(name, &[("class", class)], |inside| inside.text(text));
    }

    /// Text. Each run of text keeps its direction to itself.
    pub(super) fn text(&mut self, text: &str) {
        for character in text.chars() {
            if is_unseen(character) {
                self.0.push_str("<span class=\"unseen\">");
                self.0.push_str(&format!("U+{:04X}", u32::from(character)));
                self.0.push_str("</span>");
            } else {
                self.escaped(character);
            }
        }
    }

    /// Text where no element may stand: the title of a page.
    pub(super) fn title(&mut self, text: &str) {
        for character in text.chars() {
            self.escaped(if is_unseen(character) {
                '\u{FFFD}'
            } else {
                character
            });
        }
    }

    /// A text of the program itself, as it is: the style sheet, the document type.
    pub(super) fn own(&mut self, text: &'static str) {
        self.0.push_str(text);
    }

    /// What was written.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn escaped(&mut self, character: char) {
        match character {
            '&' => self.0.push_str("&amp;"),
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            other => self.0.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut page = Markup::default();
        let hostile = "</p><script>x('\"&\u{202E}\0\n</script>";
        page.with("p", &[("title", hostile)], |inside| inside.text(hostile));
        assert_eq!(
            page.finish(),
            "<p title=\"&lt;/p&gt;&lt;script&gt;x(&#39;&quot;&amp;&lt;/script&gt;\">\
             &lt;/p&gt;&lt;script&gt;x(&#39;&quot;&amp;<span class=\"unseen\">U+202E</span>\
             <span class=\"unseen\">U+0000</span><span class=\"unseen\">U+000A</span>\
             &lt;/script&gt;</p>"
        );
    }
}

//! Splits Rust text into code, comments and literals, well enough for counting and searching.
//!
//! Invariants: every view has the lines of the original, byte for byte in place; what belongs
//! to another view is blank. Absent on purpose: a syntax tree, and knowledge of macros.

/// The views of one Rust file.
#[derive(Debug)]
pub(super) struct Source {
    /// The whole text.
    pub(super) text: String,
    /// Code only: comments and the insides of literals are blank.
    pub(super) code: String,
    /// Like `code`, with `#[cfg(test)]` modules blank as well.
    pub(super) shipped: String,
    /// Comments only.
    pub(super) comments: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Code,
    Comment,
    Literal,
}

impl Source {
    /// Splits `text`.
    pub(super) fn new(text: &str) -> Self {
        let classes = classify(text.as_bytes());
        let code = view(text, &classes, Class::Code);
        let comments = view(text, &classes, Class::Comment);
        let shipped = without_test_modules(&code);
        Self {
            text: text.to_string(),
            code,
            shipped,
            comments,
        }
    }
}

/// The line of a byte offset, counted from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// Offsets at which `word` stands as a word of its own.
pub(super) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    let open = word.as_bytes().first().is_some_and(|byte| is_name(*byte));
    let closed = word.as_bytes().last().is_some_and(|byte| is_name(*byte));
    let places = text.match_indices(word).map(|(offset, _)| offset);
    places.filter(move |offset| {
        let before = offset.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(offset + word.len());
        let glued_before = open && before.is_some_and(|byte| is_name(*byte));
        let glued_after = closed && after.is_some_and(|byte| is_name(*byte));
        !glued_before && !glued_after
    })
}

/// Whether a byte can stand in a name.
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The offset just after the brace that closes the one at `open`, or the end of the text.
pub(super) fn after_block(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return offset + 1;
        }
    }
    code.len()
}

fn classify(bytes: &[u8]) -> Vec<Class> {
    let mut classes = vec![Class::Code; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let fresh = at
            .checked_sub(1)
            .and_then(|i| bytes.get(i))
            .is_none_or(|b| !is_name(*b));
        let (class, length) = match rest {
            [b'/', b'/', ..] => (Class::Comment, line_comment(rest)),
            [b'/', b'*', ..] => (Class::Comment, block_comment(rest)),
            [b'"', ..] => (Class::Literal, string(rest)),
            [b'r', ..] if fresh => (Class::Literal, raw_string(rest, 1)),
            [b'b' | b'c', b'r', ..] if fresh => (Class::Literal, raw_string(rest, 2)),
            [b'\'', ..] => (Class::Literal, character(rest)),
            _ => (Class::Code, 1),
        };
        if length == 0 {
            at += 1;
            continue;
        }
        let end = bytes.len().min(at + length);
        if let Some(part) = classes.get_mut(at..end) {
            part.fill(class);
        }
        at = end;
    }
    classes
}

fn line_comment(rest: &[u8]) -> usize {
    rest.iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len())
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(pair) = rest.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return at + 2,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    rest.len()
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string whose prefix has `prefix` letters; 0 when it is none.
fn raw_string(rest: &[u8], prefix: usize) -> usize {
    let tail = rest.get(prefix..).unwrap_or_default();
    let hashes = tail.iter().take_while(|byte| **byte == b'#').count();
    if tail.get(hashes) != Some(&b'"') {
        return 0;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let inside = tail.get(hashes + 1..).unwrap_or_default();
    let end = inside
        .windows(close.len())
        .position(|window| window == close);
    end.map_or(rest.len(), |end| prefix + hashes + 1 + end + close.len())
}

/// The length of a character literal; 0 for a lifetime.
fn character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        let close = rest.iter().skip(3).position(|byte| *byte == b'\'');
        return close.map_or(0, |close| close + 4);
    }
    // A character has at most four bytes in UTF-8, a lifetime no quote after its first letter.
    let first = rest.get(1).copied().unwrap_or_default();
    let width = match first {
        0..=0x7F => 1,
        0x80..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    };
    if rest.get(1 + width) == Some(&b'\'') {
        width + 2
    } else {
        0
    }
}

fn view(text: &str, classes: &[Class], wanted: Class) -> String {
    let show = |(byte, class): (u8, &Class)| match byte {
        b'\n' => '\n',
        _ if *class == wanted && byte.is_ascii() => char::from(byte),
        _ => ' ',
    };
    text.bytes().zip(classes).map(show).collect()
}

fn without_test_modules(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut from = 0;
    for (offset, _) in code.match_indices(MARK) {
        let tail = code.get(offset + MARK.len()..).unwrap_or_default();
        let item = tail.trim_start();
        let open = offset + MARK.len() + tail.find('{').unwrap_or(tail.len());
        let module = item.starts_with("mod ") && !before(tail, ';', '{');
        if !module || offset < from {
            continue;
        }
        let end = after_block(code, open);
        kept.push_str(code.get(from..offset).unwrap_or_default());
        let gone = code.get(offset..end).unwrap_or_default();
        kept.extend(gone.chars().map(|c| if c == '\n' { c } else { ' ' }));
        from = end;
    }
    kept.push_str(code.get(from..).unwrap_or_default());
    kept
}

fn before(text: &str, first: char, second: char) -> bool {
    match (text.find(first), text.find(second)) {
        (Some(a), Some(b)) => a < b,
        (found, _) => found.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn code(text: &str, expected: &str) {
        let source = Source::new(text);
        let pieces: Vec<&str> = source
            .code
            .split(' ')
            .filter(|piece| !piece.is_empty())
            .collect();
        assert_eq!(pieces.join(" "), expected);
        assert_eq!(source.code.len(), text.len());
    }

    #[test]
    fn comments_are_not_code() {
        code("a // b\nc", "a \nc");
        code("a /* b /* c */ d */ e", "a e");
        assert_eq!(Source::new("a // b\n c").comments, "  // b\n  ");
    }

    #[test]
    fn literals_are_not_code() {
        code(r#"a("} // \" {");b"#, "a( );b");
        code("a(r#\"\" \"#);b", "a( );b");
        code("a(br\"\\\");b", "a( );b");
        code(r"a('{','\'','\u{7d}');b", "a( , , );b");
        code("'é';b", ";b");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        code("fn f<'a>(r#fn: &'a str) {}", "fn f<'a>(r#fn: &'a str) {}");
        code("for_r\"x\"", "for_r");
    }

    #[test]
    fn unfinished_text_ends_with_the_file() {
        code("a \"b", "a");
        code("a /* b", "a");
        code("a r#\"b\"", "a");
        code("a '\\", "a '\\");
    }

    #[test]
    fn test_modules_are_not_shipped() {
        let text = "a\n#[cfg(test)]\nmod t {\n b { }\n}\nc\n#[cfg(test)]\nmod u;\nd { }\n";
        let shipped = Source::new(text).shipped;
        let lines: Vec<&str> = shipped.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            ["a", "", "", "", "", "c", "#[cfg(test)]", "mod u;", "d { }"]
        );
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(
            words("unsafe_code unsafe {", "unsafe").collect::<Vec<_>>(),
            [12]
        );
        assert_eq!(
            words("xstd::fs std::fs", "std::fs").collect::<Vec<_>>(),
            [9]
        );
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }
}

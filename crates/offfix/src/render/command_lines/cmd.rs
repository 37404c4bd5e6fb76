//! Words as cmd.exe and the program behind it read them.
//!
//! Invariants: what is quoted here arrives as it was, whether the line is typed or stands in a
//! .cmd file; a word that cannot arrive so is refused. Absent on purpose: delayed expansion, which
//! is off unless somebody switches it on.

/// Stands for a percent sign. At a prompt `%%` is two of them and in a .cmd file one; the first
/// character of the variable is one in both.
pub(super) const PERCENT: &str = "%pct:~0,1%";
/// Sets the variable.
pub(super) const SET_PERCENT: &str = "set \"pct=%%\"";
/// No line of cmd.exe is longer: of a longer one in a .cmd file the rest is a line of its own.
const LONGEST: usize = 8191;
/// No remark is longer, in characters.
const REMARK: usize = 1000;

/// Why a word cannot be said.
const UNSPEAKABLE: &str = "it holds characters that no command line can carry";

/// One argument.
pub(super) fn argument(text: &str) -> Result<String, String> {
    behind("", text)
}

/// One argument that begins with a prefix of ours, in which variables are replaced.
pub(super) fn behind(prefix: &str, text: &str) -> Result<String, String> {
    if text.chars().any(is_unseen) {
        return Err(UNSPEAKABLE.to_owned());
    }
    // An option's word is no data for every program that looks for options.
    if prefix.is_empty() && text.starts_with('/') {
        return Err("it begins with a slash, as options do".to_owned());
    }
    let quoted = quoted(prefix, text);
    // Behind a quotation mark inside the word, cmd.exe and the program disagree on what is quoted.
    let quoted = match text.contains('"') {
        true => careted(&quoted),
        false => quoted,
    };
    let at = quoted.find(prefix).map_or(0, |at| at + prefix.len());
    let (head, rest) = quoted.split_at(at);
    Ok(format!("{head}{}", rest.replace('%', PERCENT)))
}

/// A whole line of these words.
pub(super) fn line(words: &[&str]) -> Result<String, String> {
    let line = words.join(" ");
    match line.encode_utf16().count() {
        ..LONGEST => Ok(line),
        _ => Err("a line of cmd.exe is not long enough for it".to_owned()),
    }
}

/// Quoted as the C runtime takes it apart: a backslash counts only before a quotation mark.
fn quoted(prefix: &str, text: &str) -> String {
    let mut quoted = format!("\"{prefix}");
    let mut backslashes = 0;
    for character in text.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                quoted.push_str(&"\\".repeat(backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        quoted.push(character);
    }
    quoted.push_str(&"\\".repeat(backslashes));
    quoted.push('"');
    quoted
}

/// With a caret before everything that means something to cmd.exe outside of quotes.
fn careted(quoted: &str) -> String {
    let mut careted = String::new();
    for character in quoted.chars() {
        if "\"&|<>^()".contains(character) {
            careted.push('^');
        }
        careted.push(character);
    }
    careted
}

/// A remark: what cmd.exe or a reader could take for something else is a number sign.
pub(super) fn remark(text: &str) -> String {
    let plain = |character: char| match character {
        _ if is_unseen(character) => '#',
        '%' | '^' | '&' | '|' | '<' | '>' | '!' | '?' => '#',
        _ => character,
    };
    let mut rest = text.chars();
    let said: String = rest.by_ref().take(REMARK).map(plain).collect();
    let more = if rest.next().is_some() { "..." } else { "" };
    format!("rem {}{more}", said.trim_end())
}

/// Whether a character is not seen as itself: it controls a terminal, turns the direction of the
/// text around, or has no width.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_both_readers() {
        for (text, said) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            (r"C:\x\", r#""C:\x\\""#),
            ("a&b|c^d", r#""a&b|c^d""#),
            (r#"a"&b"#, r#"^"a\^"^&b^""#),
            (r#"x\"y"#, r#"^"x\\\^"y^""#),
            ("%a%", r#""%pct:~0,1%a%pct:~0,1%""#),
        ] {
            assert_eq!(argument(text).as_deref(), Ok(said), "{text}");
        }
        let below = behind(r"%SystemDrive%\", r"a\50%\b");
        assert_eq!(below.as_deref(), Ok(r#""%SystemDrive%\a\50%pct:~0,1%\b""#));
        for text in ["a\nb", "a\0", "a\u{202E}b", "/f"] {
            assert!(argument(text).is_err(), "{text:?}");
        }
        let long = "x".repeat(LONGEST);
        assert!(line(&["echo", &long]).is_err());
    }

    #[test]
    fn nothing_leaves_a_remark() {
        assert_eq!(remark("a & b\n%~ /? ^"), "rem a # b##~ /# #");
        assert_eq!(remark("tab\there\u{202E}"), "rem tab#here#");
        // The rest would be a command.
        let long = remark(&format!("{}calc", "x".repeat(2 * LONGEST)));
        assert!(long.len() < LONGEST && long.ends_with("x..."), "{long}");
    }
}

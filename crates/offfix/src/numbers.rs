//! Counts in words, and lines of a certain length.
//!
//! Absent on purpose: anything but English.

/// `1 value`, `2 values`.
pub(crate) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ if one.ends_with('y') && !one.ends_with("ey") => {
            format!("{number} {}ies", one.trim_end_matches('y'))
        }
        _ => format!("{number} {one}s"),
    }
}

/// `1 file or folder`, `2 files and folders`.
pub(crate) fn files_and_folders(number: usize) -> String {
    match number {
        1 => "1 file or folder".to_owned(),
        _ => format!("{number} files and folders"),
    }
}

/// Breaks a text into lines of at most `width` characters, each further one behind `indent`.
/// Blanks inside a line stay.
pub(crate) fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for (place, word) in text.split(' ').enumerate() {
        let len = word.chars().count();
        if place > 0 && column + 1 + len > width {
            lines.truncate(lines.trim_end().len());
            lines.push('\n');
            lines.push_str(indent);
            column = indent.chars().count();
        } else if place > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += len;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_numbers() {
        assert_eq!(count(1, "value"), "1 value");
        assert_eq!(count(2, "entry"), "2 entries");
    }

    #[test]
    fn lines_end_where_they_should() {
        assert_eq!(wrap("aaa bbb ccc", 7, "  "), "aaa bbb\n  ccc");
        assert_eq!(wrap("aaaaaaaaaa", 4, "  "), "aaaaaaaaaa");
        assert_eq!(wrap("a   b", 7, ""), "a   b");
    }
}

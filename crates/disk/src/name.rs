//! Names: how a path on the disk is cut into components and when two names are the same one.
//!
//! Invariants: a component that is accepted cannot climb, name a stream or a device, or carry a
//! separator. Folding is per character: one-to-one `char::to_uppercase`, where a character
//! outside ASCII never becomes one inside (so `Windowſ` is not `Windows`).
//!
//! Deliberately absent: the volume's own `$UpCase` table, 8.3 names, Unicode normalisation.

/// The longest name of one entry that is looked for, in UTF-16 units (the limit of NTFS).
const LONGEST: usize = 255;

/// The components of `path`, which may be separated by `\` or `/`; none for the root itself.
/// The error says what is wrong with the path.
pub(crate) fn components(path: &str) -> Result<Vec<&str>, &'static str> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<&str> = path.split(['\\', '/']).collect();
    parts.iter().try_for_each(|part| check(part))?;
    Ok(parts)
}

/// Whether two names of entries are one name on a case-insensitive volume.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.chars().map(fold).eq(right.chars().map(fold))
}

/// `name` in the form that `same` compares, for sorting.
pub(crate) fn folded(name: &str) -> String {
    name.chars().map(fold).collect()
}

fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if !one.is_ascii() => one,
        _ => c,
    }
}

fn check(part: &str) -> Result<(), &'static str> {
    if part.is_empty() {
        return Err("it has an empty component or begins or ends with a separator");
    }
    if part.ends_with(['.', ' ']) {
        return Err("a component is `.` or `..`, or ends in a dot or a blank");
    }
    if part
        .chars()
        .any(|c| c.is_control() || "<>:\"|?*".contains(c))
    {
        return Err("a component has a character that no file name of Windows has");
    }
    if part.encode_utf16().count() > LONGEST {
        return Err("a component is longer than 255 characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_both_separators() {
        assert_eq!(
            components("Windows\\System32/config"),
            Ok(vec!["Windows", "System32", "config"])
        );
        assert_eq!(components(""), Ok(vec![]));
    }

    #[test]
    fn refuses_what_could_leave_the_place_it_names() {
        let bad = [
            "..", "a\\..\\b", ".", "a\\.", "\\a", "a\\", "a\\\\b", "/", "C:", "a:stream", "a\0b",
            "a\nb", "a*", "a?", "a ", "a.", "a\\b \\c", "<", ">", "|", "\"",
        ];
        for path in bad {
            assert!(components(path).is_err(), "{path:?} was accepted");
        }
        assert!(components(&"x".repeat(256)).is_err());
        assert!(components(&"x".repeat(255)).is_ok());
    }

    #[test]
    fn folds_one_to_one_and_never_into_ascii() {
        assert!(same("sYsTeM", "SYSTEM"));
        assert!(same("grün", "GRÜN"));
        assert!(!same("straße", "STRASSE"));
        assert!(!same("Windowſ", "Windows"));
        assert!(!same("wındows", "Windows"));
        assert!(!same("SYSTEM", "SYSTEM1"));
        assert!(!same("SYSTEM1", "SYSTEM"));
    }
}

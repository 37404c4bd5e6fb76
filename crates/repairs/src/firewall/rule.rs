//! The text of one rule of Windows Firewall: read, changed in one field, printed.
//!
//! Invariants: what is read prints the same characters again; a change touches the value of one
//! field and nothing beside it. Absent on purpose: what the fields mean (see `traffic` and
//! `consec`).

use std::fmt;

/// The version of the grammar a rule is written in: major and minor number.
pub type Version = (u32, u32);

/// One rule, as its text between bars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The version as it is spelled, `v2.27`.
    version: String,
    /// What stands between the bars after it, the empty text after the last one included.
    parts: Vec<String>,
}

/// What a rule says in a field that can stand once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Single<'r> {
    /// Nothing.
    Missing,
    /// This.
    Is(&'r str),
    /// Several things.
    Repeated,
}

impl Rule {
    /// Reads a rule; `None` when the text does not begin with a version and a bar.
    pub fn parse(text: &str) -> Option<Rule> {
        let (version, rest) = text.split_once('|')?;
        number_of(version)?;
        Some(Rule {
            version: version.to_owned(),
            parts: rest.split('|').map(str::to_owned).collect(),
        })
    }

    /// The version as it is spelled.
    pub fn version_text(&self) -> &str {
        &self.version
    }

    /// The version as numbers.
    pub fn version(&self) -> Version {
        number_of(&self.version).unwrap_or_default()
    }

    /// Name and value of every field, in the order of the rule.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().filter_map(|part| part.split_once('='))
    }

    /// Whether every part is a field and the last one is closed by a bar, as the grammar has it.
    pub fn is_regular(&self) -> bool {
        self.parts.split_last().is_some_and(|(last, fields)| {
            last.is_empty() && !fields.is_empty() && fields.iter().all(|part| part.contains('='))
        })
    }

    /// The values of all fields with this name, in any case of its letters.
    pub fn values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        let mine = self
            .fields()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        mine.map(|(_, value)| value)
    }

    /// The value of a field that can stand once.
    pub fn single<'r>(&'r self, name: &'r str) -> Single<'r> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (None, _) => Single::Missing,
            (Some(value), None) => Single::Is(value),
            (Some(_), Some(_)) => Single::Repeated,
        }
    }

    /// Whether it is in force; `None` when it does not say so in Windows' words.
    pub fn is_active(&self) -> Option<bool> {
        match self.single("Active") {
            Single::Is(value) if value.eq_ignore_ascii_case("TRUE") => Some(true),
            Single::Is(value) if value.eq_ignore_ascii_case("FALSE") => Some(false),
            _ => None,
        }
    }

    /// What people call it: its `Name`, which can be a reference to a text of a library.
    pub fn title(&self) -> &str {
        self.values("Name").next().unwrap_or_default()
    }

    /// The rule with another value in a field it has once; without change where it has not.
    pub fn with(&self, name: &str, value: &str) -> Rule {
        let mut rule = self.clone();
        if !matches!(self.single(name), Single::Is(_)) {
            return rule;
        }
        for part in &mut rule.parts {
            let known = part.split_once('=').map_or("", |(known, _)| known);
            if known.eq_ignore_ascii_case(name) && part.contains('=') {
                *part = format!("{known}={value}");
            }
        }
        rule
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)?;
        self.parts.iter().try_for_each(|part| write!(f, "|{part}"))
    }
}

/// The numbers of `v2.27`.
fn number_of(version: &str) -> Option<Version> {
    let (major, minor) = version.strip_prefix(['v', 'V'])?.split_once('.')?;
    let number = |text: &str| {
        let digits = text.chars().all(|c| c.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    Some((number(major)?, number(minor)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "v2.27|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3389|Name=a|";

    #[test]
    fn what_is_read_prints_the_same() {
        for text in [
            TCP,
            "V2.0|Dir=in|Action=Block|app= x |",
            "v2.10|Profile=Domain|Profile=Private|LPort=80|LPort=443|",
            "v2.10||",
            "v2.10|",
            "v2.10|noise|Name=a=b",
            "v02.010|=|A=|",
        ] {
            assert_eq!(Rule::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "v2.27",
            "2.27|A=b|",
            "v2|A=b|",
            "v2.x|A=b|",
            "v+2.1|A=b|",
            "v.|A=b|",
        ] {
            assert_eq!(Rule::parse(text), None, "{text}");
        }
        assert_eq!(Rule::parse("v99999999999.1|A=b|"), None);
    }

    #[test]
    fn only_whole_fields_are_regular() {
        for (text, is_regular) in [
            (TCP, true),
            ("v2.10|Name=|", true),
            ("v2.10|", false),
            ("v2.10||", false),
            ("v2.10|Name=a", false),
            ("v2.10|Name|", false),
            ("v2.10|Name=a||", false),
        ] {
            assert_eq!(
                Rule::parse(text).unwrap().is_regular(),
                is_regular,
                "{text}"
            );
        }
    }

    #[test]
    fn a_change_touches_one_value() {
        let rule = Rule::parse(TCP).unwrap();
        assert_eq!(rule.is_active(), Some(false));
        let on = rule.with("active", "TRUE");
        assert_eq!(on.to_string(), TCP.replace("FALSE", "TRUE"));
        assert_eq!(on.is_active(), Some(true));
        assert_eq!(rule.with("Edge", "TRUE"), rule);
        let twice = Rule::parse("v2.0|Active=TRUE|aCTIVE=FALSE|").unwrap();
        assert_eq!(twice.single("Active"), Single::Repeated);
        assert_eq!(
            (twice.is_active(), twice.with("Active", "TRUE")),
            (None, twice.clone())
        );
        let odd = Rule::parse("v2.0|active|Active=TRUE|").unwrap();
        assert_eq!(
            odd.with("Active", "FALSE").to_string(),
            "v2.0|active|Active=FALSE|"
        );
    }

    #[test]
    fn versions_compare_as_numbers() {
        let version = |text: &str| Rule::parse(text).unwrap().version();
        assert!(version("v2.9|a=b|") < version("v2.10|a=b|"));
        assert!(version("V2.20|a=b|") > version("v2.10|a=b|"));
    }
}

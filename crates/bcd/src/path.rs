//! Where objects and elements lie in the hive of a store.
//!
//! Invariants: an object and an element each are one key with one value that makes them what they
//! are; without it the key has no meaning. Absent on purpose: reading.

use crate::element::ElementType;
use crate::guid::Guid;

/// The value that holds an element's data.
pub const ELEMENT: &str = "Element";
/// The value that holds an object's type.
const TYPE: &str = "Type";

/// What a value of the hive of a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The type of an object.
    Type(Guid),
    /// An element of an object.
    Element(Guid, ElementType),
}

impl Meaning {
    /// What the value `name` of the key at `path`, below the root, is; `None` for one without a
    /// meaning here.
    #[must_use]
    pub fn of(path: &str, name: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('\\').collect();
        let is = |part: &str, wanted: &str| part.eq_ignore_ascii_case(wanted);
        match parts.as_slice() {
            [objects, id, description]
                if is(objects, "Objects") && is(description, "Description") && is(name, TYPE) =>
            {
                Some(Self::Type(id.parse().ok()?))
            }
            [objects, id, elements, element]
                if is(objects, "Objects") && is(elements, "Elements") && is(name, ELEMENT) =>
            {
                Some(Self::Element(
                    id.parse().ok()?,
                    ElementType::from_key(element)?,
                ))
            }
            _ => None,
        }
    }

    /// The object it belongs to.
    #[must_use]
    pub fn object(self) -> Guid {
        match self {
            Self::Type(id) | Self::Element(id, _) => id,
        }
    }
}

/// The key that is there for one value alone, and goes when the value goes.
#[must_use]
pub fn key_of_value<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    match Meaning::of(path, name)? {
        Meaning::Type(_) => path.rsplit_once('\\').map(|(object, _)| object),
        Meaning::Element(..) => Some(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMS: &str = "Objects\\{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}";

    #[test]
    fn an_element_and_an_object_are_a_key_each() {
        let element = format!("{EMS}\\Elements\\15000022");
        let meaning = Meaning::Element(Guid::EMS_SETTINGS, ElementType(0x1500_0022));
        assert_eq!(Meaning::of(&element, "Element"), Some(meaning));
        assert_eq!(key_of_value(&element, "element"), Some(element.as_str()));
        let object = format!("{EMS}\\Description");
        assert_eq!(
            Meaning::of(&object, "Type"),
            Some(Meaning::Type(Guid::EMS_SETTINGS))
        );
        assert_eq!(key_of_value(&object, "Type"), Some(EMS));
    }

    #[test]
    fn other_values_have_no_key_of_their_own() {
        for (path, name) in [
            ("Description", "KeyName"),
            (EMS, "Type"),
            ("Objects\\{Default}\\Elements\\15000022", "Element"),
            (
                "Objects\\{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}\\Elements\\x",
                "Element",
            ),
            (
                "Objects\\{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}\\Elements\\15000022",
                "Other",
            ),
        ] {
            assert_eq!(key_of_value(path, name), None, "{path} {name}");
        }
    }
}

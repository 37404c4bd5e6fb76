//! What operations ask of each key, as a tree.
//!
//! Invariants: operations count in their order; a key that is deleted and made again owes nothing
//! to the one before. Absent on purpose: what the hive holds.

use super::same;
use hive::RegData;
use hive::name::units;
use hive::reg::Operation;

/// What is asked of one value.
pub(super) struct Wanted<'e> {
    pub(super) name: Vec<u16>,
    /// `None`: it is to be gone.
    pub(super) data: Option<&'e RegData>,
    /// Set after it was deleted: it stands behind the values that stayed.
    pub(super) fresh: bool,
}

/// What is asked of one key and of those below it.
#[derive(Default)]
pub(super) struct Expected<'e> {
    pub(super) name: Vec<u16>,
    /// The key that was there is to go.
    pub(super) deleted: bool,
    /// The key is to be there afterwards.
    pub(super) exists: bool,
    pub(super) values: Vec<Wanted<'e>>,
    pub(super) below: Vec<Expected<'e>>,
}

impl<'e> Expected<'e> {
    /// What the operations ask of the root key.
    pub(super) fn of(operations: &'e [Operation]) -> Expected<'e> {
        let mut root = Expected::default();
        for operation in operations {
            match operation {
                Operation::CreateKey(path) => {
                    root.at(path, true);
                }
                Operation::DeleteKey(path) => {
                    let key = root.at(path, false);
                    let name = std::mem::take(&mut key.name);
                    *key = Expected {
                        name,
                        deleted: true,
                        ..Expected::default()
                    };
                }
                Operation::SetValue { key, name, data } => root.at(key, true).set(name, Some(data)),
                Operation::DeleteValue { key, name } => root.at(key, false).set(name, None),
            }
        }
        root
    }

    /// The key at a path; it and all above it are to be there when it is `made`.
    fn at(&mut self, path: &str, made: bool) -> &mut Expected<'e> {
        let mut key = self;
        key.exists |= made;
        for name in path.split('\\').filter(|name| !name.is_empty()) {
            key = key.child(&units(name));
            key.exists |= made;
        }
        key
    }

    fn child(&mut self, name: &[u16]) -> &mut Expected<'e> {
        let known = self.below.iter().position(|below| same(&below.name, name));
        let place = known.unwrap_or_else(|| {
            self.below.push(Expected {
                name: name.to_vec(),
                ..Expected::default()
            });
            self.below.len() - 1
        });
        let child = &mut self.below[place];
        if child.deleted && !child.exists {
            // Made again, under the new spelling.
            child.name = name.to_vec();
        }
        child
    }

    fn set(&mut self, name: &str, data: Option<&'e RegData>) {
        let name = units(name);
        match self
            .values
            .iter_mut()
            .find(|known| same(&known.name, &name))
        {
            None => self.values.push(Wanted {
                name,
                data,
                fresh: false,
            }),
            Some(known) if known.data.is_none() && data.is_some() => {
                *known = Wanted {
                    name,
                    data,
                    fresh: true,
                };
            }
            Some(known) => known.data = data,
        }
    }

    /// What is asked of the key below this one with that name.
    pub(super) fn below(&self, name: &[u16]) -> Option<&Expected<'e>> {
        self.below.iter().find(|key| same(&key.name, name))
    }

    /// What is asked of the value with that name.
    pub(super) fn value(&self, name: &[u16]) -> Option<&Wanted<'e>> {
        self.values.iter().find(|value| same(&value.name, name))
    }
}

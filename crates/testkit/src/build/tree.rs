//! The plain tree a hive is built from: keys with values, in the order they are added.
//!
//! Invariants: setting a value or naming a key that is there (names compared in upper case)
//! changes it in place. Absent: limits. A name or size Windows would not take is written as it
//! stands, so that a test can have it.

use std::cmp::Ordering;

use crate::bytes::utf16;
use crate::upcase;

/// The default time stamp of keys: 2026-09-14 21:58:00 UTC as FILETIME.
pub const KEY_TIME: u64 = 134_338_966_800_000_000;

/// A value: name, type and raw data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// UTF-16 units; empty for the default value.
    pub name: Vec<u16>,
    /// The registry type number; any number is written.
    pub kind: u32,
    /// The data as stored.
    pub data: Vec<u8>,
}

/// A key with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// UTF-16 units.
    pub name: Vec<u16>,
    /// Values in the order of their creation.
    pub values: Vec<Value>,
    /// Subkeys; sorted when the hive is written.
    pub subkeys: Vec<Key>,
    /// Raw class bytes (UTF-16 by convention); empty for none.
    pub class: Vec<u8>,
    /// Index of the descriptor, see `HiveBuilder::descriptor`; 0 is the default one.
    pub security: usize,
    /// FILETIME of the last change.
    pub last_written: u64,
    /// Flags on top of those that name and place demand.
    pub flags: u16,
    /// The byte of user flags (low nibble) and virtualization control flags (high nibble).
    pub user_flags: u8,
}

impl Key {
    /// A key without values, subkeys and class.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.encode_utf16().collect(),
            values: Vec::new(),
            subkeys: Vec::new(),
            class: Vec::new(),
            security: 0,
            last_written: KEY_TIME,
            flags: 0,
            user_flags: 0,
        }
    }

    /// The key at a path of names joined by `\`, made where missing; the empty path is this key.
    pub fn key(&mut self, path: &str) -> &mut Key {
        path.split('\\')
            .filter(|name| !name.is_empty())
            .fold(self, Key::child)
    }

    /// The subkey with exactly this name, made if missing. The name may contain `\`.
    pub fn child(&mut self, name: &str) -> &mut Key {
        let found = self.position(name).unwrap_or_else(|| {
            let mut child = Key::new(name);
            child.security = self.security;
            self.subkeys.push(child);
            self.subkeys.len() - 1
        });
        &mut self.subkeys[found]
    }

    /// The key at a path, if it is there.
    pub fn get(&self, path: &str) -> Option<&Key> {
        path.split('\\')
            .filter(|name| !name.is_empty())
            .try_fold(self, |key, name| key.subkeys.get(key.position(name)?))
    }

    /// Takes the subkey at a path out, with everything below it.
    pub fn remove(&mut self, path: &str) -> Option<Key> {
        let (parent, name) = path.rsplit_once('\\').unwrap_or(("", path));
        self.get(parent)?;
        let parent = self.key(parent);
        let found = parent.position(name)?;
        Some(parent.subkeys.remove(found))
    }

    /// The value with this name, if it is there.
    pub fn find(&self, name: &str) -> Option<&Value> {
        let name: Vec<u16> = name.encode_utf16().collect();
        self.values.iter().find(|value| same(&value.name, &name))
    }

    /// Sets a value of any type.
    pub fn value(&mut self, name: &str, kind: u32, data: &[u8]) -> &mut Self {
        let name: Vec<u16> = name.encode_utf16().collect();
        let data = data.to_vec();
        match self
            .values
            .iter_mut()
            .find(|value| same(&value.name, &name))
        {
            Some(value) => (value.kind, value.data) = (kind, data),
            None => self.values.push(Value { name, kind, data }),
        }
        self
    }

    /// Sets a REG_DWORD.
    pub fn dword(&mut self, name: &str, number: u32) -> &mut Self {
        self.value(name, 4, &number.to_le_bytes())
    }

    /// Sets a REG_QWORD.
    pub fn qword(&mut self, name: &str, number: u64) -> &mut Self {
        self.value(name, 11, &number.to_le_bytes())
    }

    /// Sets a REG_SZ, with its terminator.
    pub fn sz(&mut self, name: &str, text: &str) -> &mut Self {
        self.value(name, 1, &terminated(text))
    }

    /// Sets a REG_EXPAND_SZ, with its terminator.
    pub fn expand_sz(&mut self, name: &str, text: &str) -> &mut Self {
        self.value(name, 2, &terminated(text))
    }

    /// Sets a REG_MULTI_SZ: each text terminated, and the list too.
    pub fn multi_sz(&mut self, name: &str, texts: &[&str]) -> &mut Self {
        let mut data: Vec<u8> = texts.iter().flat_map(|text| terminated(text)).collect();
        data.extend([0, 0]);
        self.value(name, 7, &data)
    }

    /// Sets a REG_BINARY.
    pub fn binary(&mut self, name: &str, data: &[u8]) -> &mut Self {
        self.value(name, 3, data)
    }

    /// Takes a value out; nothing happens when it is not there.
    pub fn remove_value(&mut self, name: &str) -> &mut Self {
        let name: Vec<u16> = name.encode_utf16().collect();
        self.values.retain(|value| !same(&value.name, &name));
        self
    }

    /// Sets the class from text, as UTF-16 without terminator.
    pub fn class(&mut self, text: &str) -> &mut Self {
        self.class = utf16(text);
        self
    }

    /// Sets the time stamp of this key and of all keys below it.
    pub fn stamp(&mut self, filetime: u64) -> &mut Self {
        self.last_written = filetime;
        self.subkeys.iter_mut().for_each(|key| {
            key.stamp(filetime);
        });
        self
    }

    fn position(&self, name: &str) -> Option<usize> {
        let name: Vec<u16> = name.encode_utf16().collect();
        self.subkeys.iter().position(|key| same(&key.name, &name))
    }
}

fn same(left: &[u16], right: &[u16]) -> bool {
    upcase::compare(left, right) == Ordering::Equal
}

fn terminated(text: &str) -> Vec<u8> {
    let mut data = utf16(text);
    data.extend([0, 0]);
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_found_whatever_their_case() {
        let mut root = Key::new("ROOT");
        root.key("A\\b").dword("N", 1).dword("n", 2);
        root.key("a\\B").sz("", "x");
        let key = root.get("A\\B").unwrap();
        assert_eq!(root.subkeys.len(), 1);
        assert_eq!(key.values.len(), 2);
        assert_eq!(key.find("N").unwrap().data, [2, 0, 0, 0]);
        assert!(root.remove("A\\c").is_none());
        assert!(root.remove("a\\B").is_some());
        assert!(root.get("A").unwrap().subkeys.is_empty());
    }
}

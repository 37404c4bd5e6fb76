//! The second reader: nt-hive reads the hive before and after, and every key and value must be
//! as it was or as the operations say.
//!
//! Invariants: both hives have passed our own check, so nt-hive sees nothing it is known to fail
//! on; if it panics all the same, that is a refusal. Its known gaps stand here and nowhere else:
//! types it does not name come as an error that carries the number; values of a 1.3 hive above
//! 16,344 bytes it cannot read, ours compares them and they are counted.
//! Absent on purpose: security, flags and lists, which our own check covers.

mod expected;

use expected::{Expected, Wanted};
use hive::format::{MINOR_BIG_DATA, SEGMENT_LEN};
use hive::name::{Name, compare};
use hive::reg::Operation;
use hive::{Hive, RegData};
use nt_hive::{KeyNode, KeyValue, NtHiveError, NtHiveNameString};
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use thiserror::Error;

type Node<'h> = KeyNode<'h, &'h [u8]>;
type Item<'h> = KeyValue<'h, &'h [u8]>;

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Keys read on both sides.
    pub keys: usize,
    /// Values read on both sides.
    pub values: usize,
    /// Values whose data only our own reader could compare.
    pub ours_only: usize,
}

/// Where the second reader does not agree.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It cannot read the hive.
    #[error("nt-hive cannot read it: {0}")]
    Reader(#[from] NtHiveError),
    /// It panicked.
    #[error("nt-hive panicked on it")]
    Panic,
    /// Something is not as it was, nor as was asked for.
    #[error("key {key:?}: {what}")]
    Differs {
        /// The key's path.
        key: String,
        /// What differs.
        what: String,
    },
}

/// Compares the two hives with the operations between them; paths are below the root key.
///
/// # Errors
/// The first place where the second reader does not agree.
pub fn prove(before: &Hive, after: &Hive, operations: &[Operation]) -> Result<Proof, ProofError> {
    let expected = Expected::of(operations);
    let work = || {
        let old = nt_hive::Hive::new(before.bytes())?;
        let new = nt_hive::Hive::new(after.bytes())?;
        let mut walk = Walk {
            before,
            after,
            proof: Proof::default(),
            stack: Vec::new(),
        };
        walk.stack.push((
            Some(old.root_key_node()?),
            new.root_key_node()?,
            Some(&expected),
            None,
        ));
        walk.run()
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(ProofError::Panic))
}

/// A key as it was (if it was), as it is, what is expected of it, and its path in `Walk::paths`.
type Pair<'h, 'x> = (
    Option<Node<'h>>,
    Node<'h>,
    Option<&'x Expected<'x>>,
    Option<std::rc::Rc<Path>>,
);

/// A key's path, kept as a chain because it is needed only for a message.
struct Path {
    above: Option<std::rc::Rc<Path>>,
    name: Vec<u16>,
}

struct Walk<'h, 'x> {
    before: &'h Hive,
    after: &'h Hive,
    proof: Proof,
    stack: Vec<Pair<'h, 'x>>,
}

impl<'h, 'x> Walk<'h, 'x> {
    fn run(mut self) -> Result<Proof, ProofError> {
        while let Some((old, new, expected, path)) = self.stack.pop() {
            self.proof.keys += 1;
            if class_of(old.as_ref())? != class_of(Some(&new))? {
                return Err(differs(path.as_deref(), "another class".to_owned()));
            }
            self.values(old.as_ref(), &new, expected, path.as_deref())?;
            self.subkeys(old.as_ref(), &new, expected, path.as_ref())?;
        }
        Ok(self.proof)
    }

    fn values(
        &mut self,
        old: Option<&Node<'h>>,
        new: &Node<'h>,
        expected: Option<&Expected<'_>>,
        path: Option<&Path>,
    ) -> Result<(), ProofError> {
        let was = old.map(items).transpose()?.unwrap_or_default();
        let is = items(new)?;
        let mut new_items = is.into_iter();
        for (name, item) in was {
            let wanted = expected.and_then(|expected| expected.value(&name));
            if wanted.is_some_and(|wanted| wanted.data.is_none() || wanted.fresh) {
                continue;
            }
            let Some((new_name, new_item)) = new_items.next() else {
                return Err(differs(path, format!("value {} is gone", text(&name))));
            };
            let right = new_name == name
                && match wanted.and_then(|wanted| wanted.data) {
                    Some(data) => self.holds(&new_item, data, path, &name)?,
                    None => self.equal(&item, &new_item, path, &name)?,
                };
            if !right {
                return Err(differs(path, format!("value {} differs", text(&name))));
            }
        }
        for (name, item) in new_items {
            let wanted = expected.and_then(|expected| expected.value(&name));
            let right = match wanted.filter(|wanted| wanted.name == name) {
                Some(Wanted {
                    data: Some(data), ..
                }) => self.holds(&item, data, path, &name)?,
                _ => false,
            };
            if !right {
                return Err(differs(
                    path,
                    format!("value {} was not asked for", text(&name)),
                ));
            }
        }
        self.all_set(new, expected, path)
    }

    /// Every value that was to be set is there: a check from the other side.
    fn all_set(
        &self,
        new: &Node<'h>,
        expected: Option<&Expected<'_>>,
        path: Option<&Path>,
    ) -> Result<(), ProofError> {
        let Some(expected) = expected.filter(|expected| !expected.values.is_empty()) else {
            return Ok(());
        };
        let names = items(new)?;
        for wanted in &expected.values {
            let is_there = names.iter().any(|(found, _)| same(found, &wanted.name));
            if is_there != wanted.data.is_some() {
                let what = format!("value {} was not edited", text(&wanted.name));
                return Err(differs(path, what));
            }
        }
        Ok(())
    }

    fn subkeys(
        &mut self,
        old: Option<&Node<'h>>,
        new: &Node<'h>,
        expected: Option<&'x Expected<'x>>,
        path: Option<&std::rc::Rc<Path>>,
    ) -> Result<(), ProofError> {
        let below = |name: &[u16]| expected.and_then(|expected| expected.below(name));
        let mut was = old.map(children).transpose()?.unwrap_or_default();
        was.retain(|(name, _)| !below(name).is_some_and(|key| key.deleted));
        let mut was = was.into_iter().peekable();
        let mut unmade: Vec<&Expected<'_>> = expected
            .map(|expected| expected.below.iter().filter(|key| key.exists).collect())
            .unwrap_or_default();
        for (name, key) in children(new)? {
            unmade.retain(|key| !same(&key.name, &name));
            let below = below(&name);
            let twin = was.next_if(|(known, _)| *known == name).map(|(_, key)| key);
            let asked = |below: &Expected<'_>| below.exists && below.name == name;
            if twin.is_none() && !below.is_some_and(asked) {
                let what = format!("key {} was not asked for", text(&name));
                return Err(differs(path.map(std::rc::Rc::as_ref), what));
            }
            let path = std::rc::Rc::new(Path {
                above: path.cloned(),
                name,
            });
            self.stack.push((twin, key, below, Some(path)));
        }
        let wrong = match (was.next(), unmade.first()) {
            (Some((name, _)), _) => format!("key {} is gone", text(&name)),
            (None, Some(key)) => format!("key {} was not made", text(&key.name)),
            (None, None) => return Ok(()),
        };
        Err(differs(path.map(std::rc::Rc::as_ref), wrong))
    }

    fn holds(
        &mut self,
        item: &Item<'h>,
        data: &RegData,
        path: Option<&Path>,
        name: &[u16],
    ) -> Result<bool, ProofError> {
        self.proof.values += 1;
        if kind_of(item)? != data.kind.0 {
            return Ok(false);
        }
        if self.only_ours(item) {
            self.proof.ours_only += 1;
            return Ok(ours(self.after, path, name).as_ref() == Some(data));
        }
        Ok(item.data()?.into_vec()? == data.bytes)
    }

    fn equal(
        &mut self,
        old: &Item<'h>,
        new: &Item<'h>,
        path: Option<&Path>,
        name: &[u16],
    ) -> Result<bool, ProofError> {
        self.proof.values += 1;
        if kind_of(old)? != kind_of(new)? || old.data_size() != new.data_size() {
            return Ok(false);
        }
        if self.only_ours(new) {
            self.proof.ours_only += 1;
            let old = ours(self.before, path, name);
            return Ok(old.is_some() && old == ours(self.after, path, name));
        }
        Ok(bytes_of(old)? == bytes_of(new)?)
    }

    /// Whether nt-hive cannot read the data: it looks for a big data record in 1.3 too.
    fn only_ours(&self, item: &Item<'h>) -> bool {
        let len = usize::try_from(item.data_size()).unwrap_or(usize::MAX);
        self.after.minor() < MINOR_BIG_DATA && len > SEGMENT_LEN
    }
}

/// A value as our own reader reads it.
fn ours(hive: &Hive, path: Option<&Path>, name: &[u16]) -> Option<RegData> {
    let key = hive.key(&path.map(Path::text).unwrap_or_default()).ok()??;
    key.value(&text(name)).ok()??.read().ok()
}

impl Path {
    fn text(&self) -> String {
        let name = text(&self.name);
        match &self.above {
            Some(above) => format!(r"{}\{name}", above.text()),
            None => name,
        }
    }
}

fn bytes_of(item: &Item<'_>) -> Result<Vec<u8>, NtHiveError> {
    item.data()?.into_vec()
}

fn kind_of(item: &Item<'_>) -> Result<u32, ProofError> {
    match item.data_type() {
        Ok(kind) => Ok(kind as u32),
        Err(NtHiveError::UnsupportedKeyValueDataType { actual, .. }) => Ok(actual),
        Err(error) => Err(error.into()),
    }
}

fn class_of(key: Option<&Node<'_>>) -> Result<Option<Vec<u8>>, ProofError> {
    let class = key.and_then(KeyNode::class_name).transpose()?;
    Ok(class.map(|class| match class {
        NtHiveNameString::Latin1(bytes) | NtHiveNameString::Utf16LE(bytes) => bytes.to_vec(),
    }))
}

fn items<'h>(key: &Node<'h>) -> Result<Vec<(Vec<u16>, Item<'h>)>, ProofError> {
    let Some(values) = key.values() else {
        return Ok(Vec::new());
    };
    values?
        .map(|value| {
            let value = value?;
            let name = name_of(&value.name()?);
            Ok((name, value))
        })
        .collect()
}

fn children<'h>(key: &Node<'h>) -> Result<Vec<(Vec<u16>, Node<'h>)>, ProofError> {
    let Some(keys) = key.subkeys() else {
        return Ok(Vec::new());
    };
    keys?
        .map(|key| {
            let key = key?;
            let name = name_of(&key.name()?);
            Ok((name, key))
        })
        .collect()
}

fn name_of(name: &NtHiveNameString<'_>) -> Vec<u16> {
    match name {
        NtHiveNameString::Latin1(bytes) => Name::Latin1(bytes).units().collect(),
        NtHiveNameString::Utf16LE(bytes) => Name::Utf16(bytes).units().collect(),
    }
}

fn same(left: &[u16], right: &[u16]) -> bool {
    compare(left.iter().copied(), right.iter().copied()) == Ordering::Equal
}

fn text(name: &[u16]) -> String {
    String::from_utf16_lossy(name)
}

fn differs(path: Option<&Path>, what: String) -> ProofError {
    ProofError::Differs {
        key: path.map(Path::text).unwrap_or_default(),
        what,
    }
}

//! Security descriptors of keys.
//!
//! Invariants: one cell for each distinct descriptor, with the number of keys that use it; a
//! descriptor Windows would not accept is refused.
//! Absent on purpose: what a descriptor should say, beyond what a new key inherits.

use super::{EditError, Editor};
use crate::bytes;
use crate::check;
use crate::error::{CellOffset, ReadError};
use crate::format::{KeyNode, KeySecurity};
use security::access::GenericMapping;
use security::{Child, Descriptor, inherit};
use zerocopy::IntoBytes;

impl Editor {
    /// Gives the key at `path` a self-relative security descriptor; answers whether it changed.
    ///
    /// # Errors
    /// When there is no such key, or the descriptor is not valid.
    pub fn set_security(&mut self, path: &str, descriptor: &[u8]) -> Result<bool, EditError> {
        self.operate(|editor| {
            let at = editor.wanted_key(path)?;
            if let Err(why) = check::descriptor(descriptor) {
                return Err(EditError::Refused {
                    path: path.to_owned(),
                    why,
                });
            }
            let old = CellOffset(editor.key_at(at)?.node().security.get());
            if editor.descriptor_at(old)? == descriptor {
                return Ok(false);
            }
            let new = editor.use_security(descriptor, path)?;
            let now = editor.now;
            editor.cells.update(at, |node: &mut KeyNode| {
                node.security.set(new.0);
                node.last_written.set(now);
            })?;
            editor.release_security(old)?;
            Ok(true)
        })
    }

    /// The security cell of a new key below `parent`, with one reference more: what the parent's
    /// inheritable entries give, or the parent's own cell where they give nothing else.
    pub(super) fn child_security(
        &mut self,
        parent: CellOffset,
        path: &str,
    ) -> Result<CellOffset, EditError> {
        let inherited = inherited(self.descriptor_at(parent)?);
        match inherited {
            Some(descriptor) => self.use_security(&descriptor, path),
            None => {
                self.refer_security(parent, path)?;
                Ok(parent)
            }
        }
    }

    /// The descriptor in a security cell.
    pub(super) fn descriptor_at(&self, at: CellOffset) -> Result<&[u8], EditError> {
        let payload = self.cells.hive().cell(at)?;
        let found = payload.len();
        let short = |needed| ReadError::Short {
            at,
            what: "a security cell",
            needed,
            found,
        };
        let fixed: &KeySecurity =
            bytes::view(payload, 0).ok_or_else(|| short(size_of::<KeySecurity>()))?;
        let len = bytes::index(fixed.descriptor_len.get());
        let descriptor = bytes::slice(payload, size_of::<KeySecurity>(), len);
        Ok(descriptor.ok_or_else(|| short(size_of::<KeySecurity>().saturating_add(len)))?)
    }

    /// The security cell with this descriptor, found or new, with one reference more.
    pub(super) fn use_security(
        &mut self,
        descriptor: &[u8],
        path: &str,
    ) -> Result<CellOffset, EditError> {
        let anchor = CellOffset(self.cells.hive().root()?.node().security.get());
        let (mut at, mut left) = (
            anchor,
            self.cells.hive().bins().len() / size_of::<KeySecurity>(),
        );
        loop {
            if self.descriptor_at(at)? == descriptor {
                self.refer_security(at, path)?;
                return Ok(at);
            }
            at = CellOffset(self.security_at(at)?.flink.get());
            left = left.checked_sub(1).ok_or(EditError::Damaged)?;
            if at == anchor {
                return self.add_security(anchor, descriptor);
            }
        }
    }

    /// One more reference of a security cell.
    pub(super) fn refer_security(&mut self, at: CellOffset, path: &str) -> Result<(), EditError> {
        let count = self.security_at(at)?.reference_count.get();
        let count = count.checked_add(1).ok_or_else(|| EditError::Crowded {
            path: path.to_owned(),
            what: "the security reference count",
        })?;
        self.cells
            .update(at, |sk: &mut KeySecurity| sk.reference_count.set(count))
    }

    fn security_at(&self, at: CellOffset) -> Result<KeySecurity, EditError> {
        let payload = self.cells.hive().cell(at)?;
        Ok(*bytes::view(payload, 0).ok_or(EditError::Damaged)?)
    }

    /// A new security cell behind the anchor, with one reference.
    fn add_security(
        &mut self,
        anchor: CellOffset,
        descriptor: &[u8],
    ) -> Result<CellOffset, EditError> {
        let next = self.security_at(anchor)?.flink;
        let fixed = KeySecurity {
            signature: *b"sk",
            reserved: 0.into(),
            flink: next,
            blink: anchor.0.into(),
            reference_count: 1.into(),
            descriptor_len: u32::try_from(descriptor.len())
                .map_err(|_| EditError::Full)?
                .into(),
        };
        let at = self
            .cells
            .alloc(size_of::<KeySecurity>() + descriptor.len())?;
        self.cells.put(at, 0, fixed.as_bytes())?;
        self.cells.put(at, size_of::<KeySecurity>(), descriptor)?;
        self.cells
            .update(CellOffset(next.get()), |sk: &mut KeySecurity| {
                sk.blink.set(at.0);
            })?;
        self.cells
            .update(anchor, |sk: &mut KeySecurity| sk.flink.set(at.0))?;
        Ok(at)
    }
}

/// What a new key inherits; `None` when that is the parent's own descriptor, or when the parent
/// gives nothing or something this program does not know: then the child shares it.
fn inherited(parent: &[u8]) -> Option<Vec<u8>> {
    let descriptor = Descriptor::from_bytes(parent).ok()?;
    let (owner, group) = (descriptor.owner?, descriptor.group?);
    let child = inherit(
        &descriptor,
        Child::Container,
        GenericMapping::KEY,
        &owner,
        &group,
    )
    .ok()??;
    let bytes = child.to_bytes().ok()?;
    // The same entries in another layout are no reason for a cell of their own.
    let same = child.canonical() == descriptor.canonical();
    (!same && check::descriptor(&bytes).is_ok()).then_some(bytes)
}

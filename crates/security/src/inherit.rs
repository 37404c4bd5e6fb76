//! The security descriptor a new child gets from its parent.
//!
//! Invariants: only the parent's inheritable entries, the owner and the group count; the order
//! of entries is the parent's. Absent on purpose: entries of the child's own, default lists of
//! tokens, and children that exist already.

use crate::access::GenericMapping;
use crate::ace::Ace;
use crate::acl::Acl;
use crate::descriptor::{Descriptor, List};
use crate::format::{AceFlags, AceKind, Control};
use crate::sid::Sid;
use thiserror::Error;

/// What is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// A registry key or a folder.
    Container,
    /// A file.
    Leaf,
}

/// Why a child's descriptor cannot be computed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InheritError {
    /// An inheritable entry whose inside this crate does not know.
    #[error("{list} entry {index} of the parent is inheritable, but of kind {}", kind.0)]
    Opaque {
        /// `D` for the discretionary list, `S` for the system list.
        list: char,
        /// Which entry, counted from 0.
        index: usize,
        /// Its kind.
        kind: AceKind,
    },
}

/// The descriptor of a new child: the parent's inheritable entries made effective, generic
/// rights mapped, CREATOR OWNER and CREATOR GROUP replaced by `owner` and `group`.
///
/// As the kernel does, entries are marked as inherited, and the list as automatically inherited,
/// only when the parent's list is so itself; an empty or null system list is passed on then too.
/// Whether the parent is protected does not matter for its children. The result is in the
/// kernel's order.
///
/// `None` when the parent's discretionary list gives such a child nothing: then there is nothing
/// to make a list from, and the caller shares the parent's descriptor.
///
/// # Errors
/// An inheritable entry of a kind that is not mask and SID.
pub fn inherit(
    parent: &Descriptor,
    child: Child,
    mapping: GenericMapping,
    owner: &Sid,
    group: &Sid,
) -> Result<Option<Descriptor>, InheritError> {
    let to = |auto: Control| To {
        child,
        mapping,
        owner: *owner,
        group: *group,
        mark: match parent.control.contains(auto) {
            true => AceFlags::INHERITED,
            false => AceFlags::empty(),
        },
    };
    let dacl = to(Control::DACL_AUTO_INHERITED).list(&parent.dacl, 'D')?;
    if dacl.aces.is_empty() {
        return Ok(None);
    }
    let auto = Control::DACL_AUTO_INHERITED | Control::SACL_AUTO_INHERITED;
    let mut result = Descriptor::empty();
    result.control |= Control::DACL_PRESENT | (parent.control & auto);
    (result.owner, result.group) = (Some(*owner), Some(*group));
    result.dacl = List::Entries(dacl);
    let sacl = to(Control::SACL_AUTO_INHERITED).list(&parent.sacl, 'S')?;
    result.sacl = match &parent.sacl {
        _ if !sacl.aces.is_empty() => List::Entries(sacl),
        List::Entries(_) if parent.control.contains(Control::SACL_AUTO_INHERITED) => {
            List::Entries(sacl)
        }
        List::Null if parent.control.contains(Control::SACL_AUTO_INHERITED) => List::Null,
        _ => List::Absent,
    };
    let has_sacl = result.sacl != List::Absent;
    result.control.set(Control::SACL_PRESENT, has_sacl);
    Ok(Some(result))
}

/// For whom entries are made.
struct To {
    child: Child,
    mapping: GenericMapping,
    owner: Sid,
    group: Sid,
    /// What every entry is marked with; a mark the parent's entry has stays in any case.
    mark: AceFlags,
}

impl To {
    /// The child's list.
    fn list(&self, parent: &List, name: char) -> Result<Acl, InheritError> {
        let mut aces = Vec::new();
        for (index, ace) in parent
            .acl()
            .into_iter()
            .flat_map(|acl| &acl.aces)
            .enumerate()
        {
            self.entry(ace, &mut aces)
                .map_err(|()| InheritError::Opaque {
                    list: name,
                    index,
                    kind: ace.kind(),
                })?;
        }
        Ok(Acl::new(aces))
    }

    /// Adds what one entry of the parent gives: nothing, one entry, or an effective one and
    /// one that only passes on. An error for an inheritable entry that cannot be understood.
    fn entry(&self, ace: &Ace, out: &mut Vec<Ace>) -> Result<(), ()> {
        let inheritable = AceFlags::CONTAINER_INHERIT | AceFlags::OBJECT_INHERIT;
        let passing = inheritable | AceFlags::NO_PROPAGATE | AceFlags::INHERIT_ONLY;
        let flags = ace.flags();
        let (effective, passes_on) = match self.child {
            Child::Leaf => (flags.contains(AceFlags::OBJECT_INHERIT), false),
            Child::Container => (
                flags.contains(AceFlags::CONTAINER_INHERIT),
                flags.intersects(inheritable) && !flags.contains(AceFlags::NO_PROPAGATE),
            ),
        };
        if !effective && !passes_on {
            return Ok(());
        }
        let real = self.real(ace).ok_or(())?;
        let kept = (flags - passing) | self.mark;
        let onward = kept | (flags & inheritable);
        let unchanged = real == *ace;
        if effective {
            let one_for_both = passes_on && unchanged;
            let new = real.with_flags(if one_for_both { onward } else { kept });
            // Windows leaves out what an earlier entry says already: CREATOR OWNER most often.
            if one_for_both || !out.iter().any(|old| says(old, &new)) {
                out.push(new);
            }
        }
        if passes_on && !(effective && unchanged) {
            out.push(ace.clone().with_flags(onward | AceFlags::INHERIT_ONLY));
        }
        Ok(())
    }

    /// The entry as it counts for the child itself; `None` when its inside is not known.
    fn real(&self, ace: &Ace) -> Option<Ace> {
        let (mask, sid) = (ace.mask()?, ace.sid()?);
        let sid = match *sid {
            Sid::CREATOR_OWNER => self.owner,
            Sid::CREATOR_GROUP => self.group,
            other => other,
        };
        // The bits of labels, claims and policies are not rights.
        let has_rights = matches!(ace.kind().0, 0..=3 | 9 | 10 | 13 | 14);
        let mask = if has_rights {
            self.mapping.map(mask)
        } else {
            mask
        };
        Some(ace.clone().with_mask(mask).with_sid(sid))
    }
}

/// Whether `old` means for its own object just what `new` means.
fn says(old: &Ace, new: &Ace) -> bool {
    let own = AceFlags::CONTAINER_INHERIT | AceFlags::OBJECT_INHERIT;
    old.clone().with_flags(old.flags() - own) == new.clone().with_flags(new.flags() - own)
}

//! Changes of a descriptor as the tools of Windows make them: owner, grants, denials.
//!
//! Invariants: every function answers with a new descriptor, and with an equal one when what is
//! wanted is there already; entries that are not meant keep bytes and order; group, system list
//! and flags of inheritance stay. What is set on purpose loses its "by default" flag. Absent on
//! purpose: which rights anyone should have, new denials, and children.

use crate::access::{AccessMask, GenericMapping};
use crate::ace::Ace;
use crate::acl::Acl;
use crate::check::{Denial, Token};
use crate::descriptor::{Descriptor, List};
use crate::format::{AceFlags, AceKind, Control};
use crate::inherit::Child;
use crate::sid::Sid;

/// The flags a new entry may have.
const INHERITANCE: AceFlags = AceFlags::OBJECT_INHERIT
    .union(AceFlags::CONTAINER_INHERIT)
    .union(AceFlags::NO_PROPAGATE)
    .union(AceFlags::INHERIT_ONLY);

impl Descriptor {
    /// The descriptor with another owner, as `takeown` sets it.
    #[must_use]
    pub fn with_owner(&self, owner: Sid) -> Descriptor {
        let mut new = self.clone();
        if self.owner != Some(owner) {
            new.owner = Some(owner);
            new.control.remove(Control::OWNER_DEFAULTED);
        }
        new
    }

    /// The descriptor with rights granted, as `icacls PATH /grant SID:FLAGS(RIGHTS)` grants them.
    ///
    /// Rights are added to the explicit allowing entry of the same SID and flags; without one,
    /// a new entry is put at [`Acl::place_of_grant`]. So a list in order stays in order; in one
    /// that is not, explicit denials at the front go before the grant, and those further behind
    /// do not. An entry that stands behind the first one out of order is not added to, since an
    /// entry before it may defeat it.
    ///
    /// On a leaf there are no flags. A list that is absent or null allows everything; it stays,
    /// since a list with the one entry would take all other access away.
    #[must_use]
    pub fn grant(&self, on: Child, flags: AceFlags, rights: AccessMask, sid: &Sid) -> Descriptor {
        let flags = match on {
            Child::Container => flags & INHERITANCE,
            Child::Leaf => AceFlags::empty(),
        };
        self.with_entries(|acl| {
            let in_order = acl.first_out_of_order().unwrap_or(acl.aces.len());
            let same = |ace: &&mut Ace| {
                ace.kind() == AceKind::ALLOWED && ace.flags() == flags && ace.sid() == Some(sid)
            };
            if let Some(ace) = acl.aces.iter_mut().take(in_order).find(same) {
                let all = ace.mask().unwrap_or(AccessMask(0)) | rights;
                *ace = ace.clone().with_mask(all);
                return;
            }
            let place = acl.place_of_grant();
            acl.aces.insert(place, Ace::allow(flags, rights, *sid));
        })
    }

    /// The descriptor without explicit denials of these rights for the SID; with all rights,
    /// what `icacls PATH /remove:d SID` does.
    ///
    /// An entry that denies others besides keeps those, its generic rights as what they stand
    /// for. Inherited denials stay: the parent would send them again, and a grant goes before
    /// them. Entries only for children are treated as the others. Conditional ones stay, and so
    /// does one for OWNER RIGHTS even when it denies nothing more: that it is there takes from
    /// the owner what an owner is granted without any entry.
    #[must_use]
    pub fn without_denials(
        &self,
        sid: &Sid,
        rights: AccessMask,
        mapping: GenericMapping,
    ) -> Descriptor {
        let rights = mapping.map(rights);
        self.with_entries(|acl| {
            acl.aces.retain_mut(|ace| {
                let mask = match ace.mask() {
                    Some(mask) if plain_denial(ace) && ace.sid() == Some(sid) => mapping.map(mask),
                    _ => return true,
                };
                if (mask & rights).is_empty() {
                    return true;
                }
                *ace = ace.clone().with_mask(mask - rights);
                !(mask - rights).is_empty() || *sid == Sid::OWNER_RIGHTS
            });
        })
    }

    /// The descriptor with the least change after which the token has these rights: explicit
    /// denials of them that count for the token lose them, and what is missing then is granted
    /// to its account, to this object alone.
    ///
    /// Not even then has it the rights when a conditional entry denies them; ask
    /// [`Descriptor::access`] of the result.
    ///
    /// ```
    /// use security::{AccessMask, AceFlags, Child, Descriptor, GenericMapping, Sid, Token};
    ///
    /// // Scoped: three accounts get what they lack, nothing else changes.
    /// let wanted = [
    ///     (Token::SYSTEM, AccessMask::FILE_ALL_ACCESS),
    ///     (Token::ADMINISTRATORS, AccessMask::FILE_ALL_ACCESS),
    ///     (Token::NETWORK_SERVICE, AccessMask::FILE_GENERIC_READ),
    /// ];
    /// let broken = Descriptor::from_sddl("O:BUG:SYD:PAI(D;;FA;;;NS)(A;;FA;;;SY)(A;;FR;;;BA)")?;
    /// let scoped = wanted.iter().fold(broken.clone(), |now, (token, rights)| {
    ///     now.permit(token, *rights, GenericMapping::FILE)
    /// });
    /// let rest = "DCLCRPWPDTCRSDWDWO";
    /// let text = format!("O:BUG:SYD:PAI(D;;{rest};;;NS)(A;;FR;;;NS)(A;;FA;;;SY)(A;;FA;;;BA)");
    /// assert_eq!(scoped.to_sddl()?, text);
    ///
    /// // Article: owner and entries on every object, whatever it had.
    /// let entries = [
    ///     (Sid::SYSTEM, AccessMask::FILE_ALL_ACCESS),
    ///     (Sid::NETWORK_SERVICE, AccessMask::FILE_GENERIC_READ),
    ///     (Sid::ADMINISTRATORS, AccessMask::FILE_ALL_ACCESS),
    /// ];
    /// let owned = broken.with_owner(Sid::ADMINISTRATORS);
    /// let article = entries.iter().fold(owned, |now, (sid, rights)| {
    ///     now.grant(Child::Leaf, AceFlags::empty(), *rights, sid)
    /// });
    /// let text = "O:BAG:SYD:PAI(D;;FA;;;NS)(A;;FR;;;NS)(A;;FA;;;SY)(A;;FA;;;BA)";
    /// assert_eq!(article.to_sddl()?, text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn permit(
        &self,
        token: &Token<'_>,
        rights: AccessMask,
        mapping: GenericMapping,
    ) -> Descriptor {
        let mut new = self.clone();
        // Each round takes rights from an entry, so the rounds end.
        while let Some(sid) = new.denied_explicitly(token, rights, mapping) {
            new = new.without_denials(&sid, rights, mapping);
        }
        if new.access(token, mapping).allows(rights) {
            return new;
        }
        new.grant(Child::Leaf, AceFlags::empty(), rights, &token.user)
    }

    /// Whose explicit denial is the first to keep these rights from the token.
    fn denied_explicitly(
        &self,
        token: &Token<'_>,
        rights: AccessMask,
        mapping: GenericMapping,
    ) -> Option<Sid> {
        let reasons = self.access(token, mapping).why_denied(rights);
        reasons.into_iter().find_map(|reason| match reason {
            Denial::Entry { ace, .. } if plain_denial(&ace) => ace.sid().copied(),
            _ => None,
        })
    }

    /// The descriptor with a changed discretionary list, where there is one to change.
    fn with_entries(&self, change: impl FnOnce(&mut Acl)) -> Descriptor {
        let mut new = self.clone();
        if let List::Entries(acl) = &mut new.dacl {
            change(acl);
        }
        if new.dacl != self.dacl {
            new.control.remove(Control::DACL_DEFAULTED);
        }
        new
    }
}

/// Whether it is an entry of the object's own that denies without any condition.
fn plain_denial(ace: &Ace) -> bool {
    ace.kind() == AceKind::DENIED && !ace.flags().contains(AceFlags::INHERITED)
}

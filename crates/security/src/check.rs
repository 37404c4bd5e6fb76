//! The access check: which rights a descriptor grants a token, and why not more.
//!
//! Entries are looked at in the order they stand; the first that speaks of a right decides it
//! (MS-DTYP 2.5.3.2). FORMAT.md has the rules with their sources. Invariants: the order is never
//! assumed to be canonical; an entry whose effect is not known for certain is named in
//! [`Access::uncertain`]. Absent on purpose: privileges (backup, restore, take ownership),
//! integrity labels, restricted and deny-only SIDs, and central policies.

use crate::access::{AccessMask, GenericMapping};
use crate::ace::Ace;
use crate::descriptor::{Descriptor, List};
use crate::format::{AceFlags, AceKind};
use crate::icacls;
use crate::sid::Sid;
use std::fmt;

/// Bits of a mask that a list can decide: the specific and the standard ones.
const DECIDABLE: AccessMask = AccessMask(0x001F_FFFF);
/// Bits that Windows replaces when it sets a descriptor.
const GENERIC: AccessMask = AccessMask(0xF000_0000);

/// Who asks for access: an account and the groups its access token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    /// The account itself.
    pub user: Sid,
    /// The enabled groups.
    pub groups: &'t [Sid],
}

impl Token<'_> {
    /// The operating system (learn.microsoft.com, "LocalSystem account").
    pub const SYSTEM: Token<'static> = Token {
        user: Sid::SYSTEM,
        groups: &[Sid::ADMINISTRATORS, Sid::EVERYONE, Sid::AUTHENTICATED_USERS],
    };
    /// What every service under NETWORK SERVICE carries; not the SID of the single service.
    pub const NETWORK_SERVICE: Token<'static> = Token {
        user: Sid::NETWORK_SERVICE,
        groups: &[
            Sid::EVERYONE,
            Sid::USERS,
            Sid::SERVICE,
            Sid::AUTHENTICATED_USERS,
            Sid::of(5, &[15]),
            Sid::of(2, &[0]),
        ],
    };
    /// What every elevated member of Administrators carries; the group stands for the account.
    pub const ADMINISTRATORS: Token<'static> = Token {
        user: Sid::ADMINISTRATORS,
        groups: &[Sid::EVERYONE, Sid::AUTHENTICATED_USERS],
    };

    /// Whether the SID is the account's or one of its groups.
    pub fn contains(&self, sid: &Sid) -> bool {
        self.user == *sid || self.groups.contains(sid)
    }
}

/// What an access check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The rights granted; none of them is generic.
    pub granted: AccessMask,
    /// Entries, counted from 0, whose effect cannot be told from the descriptor: object and
    /// unknown ones (not counted at all), conditions (a denial counts, a grant does not), and
    /// generic rights in an effective entry (counted as what they stand for).
    pub uncertain: Vec<usize>,
    denials: Vec<(usize, Ace, AccessMask)>,
    mapping: GenericMapping,
}

/// Why a right is not granted. Its text reads `entry 0, Everyone:(DENY)(W), denies (WD,AD)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// An entry denies it.
    Entry {
        /// Which one, counted from 0.
        index: usize,
        /// The entry.
        ace: Ace,
        /// The rights asked for that it denies.
        rights: AccessMask,
    },
    /// No entry speaks of it.
    NoEntry {
        /// The rights asked for that nothing grants.
        rights: AccessMask,
    },
}

impl Access {
    /// Whether all these rights are granted.
    pub fn allows(&self, wanted: AccessMask) -> bool {
        self.missing(wanted).is_empty()
    }

    /// The rights of `wanted` that are not granted; generic ones as what they stand for.
    pub fn missing(&self, wanted: AccessMask) -> AccessMask {
        self.mapping.map(wanted) - self.granted
    }

    /// Why `wanted` is not granted: the entries that deny part of it, in order, then what no
    /// entry grants. Empty when it is granted.
    pub fn why_denied(&self, wanted: AccessMask) -> Vec<Denial> {
        let missing = self.missing(wanted);
        let mut unnamed = missing;
        let mut reasons = Vec::new();
        for (index, ace, denied) in &self.denials {
            let rights = *denied & missing;
            if !rights.is_empty() {
                unnamed = unnamed - rights;
                reasons.push(Denial::Entry {
                    index: *index,
                    ace: ace.clone(),
                    rights,
                });
            }
        }
        if !unnamed.is_empty() {
            reasons.push(Denial::NoEntry { rights: unnamed });
        }
        reasons
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Entry { index, ace, rights } => {
                let (entry, rights) = (icacls::entry(ace), icacls::rights(*rights));
                write!(f, "entry {index}, {entry}, denies ({rights})")
            }
            Denial::NoEntry { rights } => {
                write!(f, "no entry allows ({})", icacls::rights(*rights))
            }
        }
    }
}

impl Descriptor {
    /// What the descriptor grants the token.
    ///
    /// Without a discretionary list that is everything. The owner may always read the descriptor
    /// and change the list, unless an effective entry for OWNER RIGHTS says what the owner may.
    pub fn access(&self, token: &Token<'_>, mapping: GenericMapping) -> Access {
        let mut access = Access {
            granted: AccessMask(0),
            uncertain: Vec::new(),
            denials: Vec::new(),
            mapping,
        };
        let List::Entries(acl) = &self.dacl else {
            access.granted = mapping.all;
            return access;
        };
        let owns = self.owner.is_some_and(|owner| token.contains(&owner));
        let effective = |ace: &Ace| !ace.flags().contains(AceFlags::INHERIT_ONLY);
        let owner_rights =
            |ace: &Ace| effective(ace) && grants_or_denies(ace) && is_owner_rights(ace);
        if owns && !acl.aces.iter().any(owner_rights) {
            access.granted = AccessMask::READ_CONTROL | AccessMask::WRITE_DAC;
        }
        let mut decided = access.granted;
        let entries = acl.aces.iter().enumerate();
        for (index, ace) in entries.filter(|(_, ace)| effective(ace) && grants_or_denies(ace)) {
            let (Some(mask), Some(sid)) = (ace.mask(), ace.sid()) else {
                access.uncertain.push(index);
                continue;
            };
            if !(token.contains(sid) || owns && *sid == Sid::OWNER_RIGHTS) {
                continue;
            }
            let conditional = matches!(
                ace.kind(),
                AceKind::ALLOWED_CALLBACK | AceKind::DENIED_CALLBACK
            );
            if conditional || !(mask & GENERIC).is_empty() {
                access.uncertain.push(index);
            }
            let rights = (mapping.map(mask) & DECIDABLE) - decided;
            match ace.kind() {
                AceKind::ALLOWED => access.granted = access.granted | rights,
                AceKind::ALLOWED_CALLBACK => continue,
                _ => access.denials.push((index, ace.clone(), rights)),
            }
            decided = decided | rights;
        }
        access
    }
}

/// Whether the entry is of a kind an access check looks at.
fn grants_or_denies(ace: &Ace) -> bool {
    // Unknown kinds are not: Windows passes over them.
    matches!(ace.kind().0, 0 | 1 | 4..=6 | 9..=12)
}

fn is_owner_rights(ace: &Ace) -> bool {
    ace.sid() == Some(&Sid::OWNER_RIGHTS)
}

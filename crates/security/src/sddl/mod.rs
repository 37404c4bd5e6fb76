//! Security descriptors as SDDL text, both ways.
//!
//! Invariants: `Descriptor::from_sddl(d.to_sddl()?)? == d.canonical()`; an entry that text cannot
//! say whole is an error that names it. Absent on purpose: object entries, conditions and
//! claims; aliases of domain accounts (`DA`, `LA`, …), which need a domain.

mod parse;
mod rights;

use crate::ace::Ace;
use crate::acl::Acl;
use crate::descriptor::{Descriptor, List};
use crate::format::{AceKind, Control};
use crate::sid::{Sid, SidTextError};
use crate::well_known;
use thiserror::Error;

/// What stands for a null list.
const NULL_LIST: &str = "NO_ACCESS_CONTROL";

/// Why a descriptor has no SDDL text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrintError {
    /// An entry of which text would lose something.
    #[error("{list} entry {index} is of kind {} and cannot be written as SDDL", kind.0)]
    Entry {
        /// `D` for the discretionary list, `S` for the system list.
        list: char,
        /// Which entry, counted from 0.
        index: usize,
        /// Its kind.
        kind: AceKind,
    },
}

/// Why text is not SDDL this crate reads; `at` counts bytes from the start of the text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SddlError {
    /// Something else should stand there.
    #[error("at {at}: found {found:?}, expected {expected}")]
    Unexpected {
        /// Where.
        at: usize,
        /// What stands there, cut after 20 characters.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// A part for the second time.
    #[error("at {at}: a second {part}:")]
    Twice {
        /// Where.
        at: usize,
        /// `O`, `G`, `D` or `S`.
        part: char,
    },
    /// A kind of entry that this crate does not read.
    #[error("at {at}: an entry of kind {kind:?} is not supported")]
    Kind {
        /// Where.
        at: usize,
        /// Its letters.
        kind: String,
    },
    /// Letters of an account that has another SID in each domain.
    #[error("at {at}: {letters} means another account in each domain; write its S-1-5-21-… SID")]
    Relative {
        /// Where.
        at: usize,
        /// The letters.
        letters: String,
    },
    /// A SID that is none.
    #[error("at {at}")]
    Sid {
        /// Where.
        at: usize,
        /// Why it is none.
        #[source]
        source: SidTextError,
    },
}

impl Descriptor {
    /// The descriptor as SDDL; accounts every Windows has as two letters, all others `S-1-…`.
    ///
    /// # Errors
    /// An entry of a kind that text cannot say whole, with its place.
    pub fn to_sddl(&self) -> Result<String, PrintError> {
        let mut out = String::new();
        if let Some(owner) = &self.owner {
            out += "O:";
            out += &sid_text(owner);
        }
        if let Some(group) = &self.group {
            out += "G:";
            out += &sid_text(group);
        }
        self.print_list(&self.dacl, 'D', &mut out)?;
        self.print_list(&self.sacl, 'S', &mut out)?;
        Ok(out)
    }

    /// Reads SDDL. The parts may stand in any order, each at most once.
    ///
    /// # Errors
    /// Where the text stops being SDDL, and what was expected there.
    pub fn from_sddl(text: &str) -> Result<Descriptor, SddlError> {
        parse::descriptor(text)
    }

    fn print_list(&self, list: &List, name: char, out: &mut String) -> Result<(), PrintError> {
        let none = Acl::new(Vec::new());
        let acl = match list {
            List::Absent => return Ok(()),
            List::Null => &none,
            List::Entries(acl) => acl,
        };
        out.push(name);
        out.push(':');
        for (letters, dacl, sacl) in rights::LIST_FLAGS {
            let flag: Control = if name == 'D' { *dacl } else { *sacl };
            if self.control.contains(flag) {
                *out += letters;
            }
        }
        if matches!(list, List::Null) {
            *out += NULL_LIST;
        }
        for (index, ace) in acl.aces.iter().enumerate() {
            *out += &entry_text(ace).ok_or(PrintError::Entry {
                list: name,
                index,
                kind: ace.kind(),
            })?;
        }
        Ok(())
    }
}

fn entry_text(ace: &Ace) -> Option<String> {
    let kind = rights::kind_text(ace.kind()).filter(|_| ace.rest().is_empty())?;
    let flags = rights::flags_text(ace.flags());
    let rights = rights::rights_text(ace.kind(), ace.mask()?);
    let sid = sid_text(ace.sid()?);
    Some(format!("({kind};{flags};{rights};;;{sid})"))
}

fn sid_text(sid: &Sid) -> String {
    match well_known::of(sid).and_then(|row| row.alias) {
        Some(letters) => letters.to_string(),
        None => sid.to_string(),
    }
}

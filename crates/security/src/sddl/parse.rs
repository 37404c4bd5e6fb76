//! Reading SDDL.
//!
//! Invariants: one pass, no recursion, no slicing inside a character; every error says where.
//! Absent on purpose: printing.

use super::{NULL_LIST, SddlError, rights};
use crate::ace::Ace;
use crate::acl::Acl;
use crate::descriptor::{Descriptor, List};
use crate::format::Control;
use crate::sid::Sid;
use crate::well_known;

/// A place in the text.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

/// Reads a whole descriptor.
pub(super) fn descriptor(text: &str) -> Result<Descriptor, SddlError> {
    let mut cursor = Cursor { text, at: 0 };
    let mut out = Descriptor::empty();
    while !cursor.rest().is_empty() {
        let at = cursor.at;
        let twice = |part, is: bool| match is {
            true => Err(SddlError::Twice { at, part }),
            false => Ok(()),
        };
        if cursor.eat("O:") {
            twice('O', out.owner.is_some())?;
            out.owner = Some(cursor.sid()?);
        } else if cursor.eat("G:") {
            twice('G', out.group.is_some())?;
            out.group = Some(cursor.sid()?);
        } else if cursor.eat("D:") {
            twice('D', out.dacl != List::Absent)?;
            out.dacl = cursor.list(&mut out.control, 'D')?;
            out.control |= Control::DACL_PRESENT;
        } else if cursor.eat("S:") {
            twice('S', out.sacl != List::Absent)?;
            out.sacl = cursor.list(&mut out.control, 'S')?;
            out.control |= Control::SACL_PRESENT;
        } else {
            return Err(cursor.unexpected("O:, G:, D:, S: or the end"));
        }
    }
    Ok(out)
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Goes past `wanted`, in upper or lower case, if it stands here.
    fn eat(&mut self, wanted: &str) -> bool {
        let here = self.rest().get(..wanted.len());
        let found = here.is_some_and(|here| here.eq_ignore_ascii_case(wanted));
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Goes past the characters up to the first that is not `wanted`, `most` at most.
    fn take(&mut self, most: usize, wanted: fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let mut ends = rest.char_indices().take(most);
        let len = match ends.find(|(_, c)| !wanted(*c)) {
            Some((len, _)) => len,
            None => rest.chars().take(most).map(char::len_utf8).sum(),
        };
        self.at += len;
        rest.get(..len).unwrap_or("")
    }

    /// Goes past a field of an entry and the semicolon behind it.
    fn field(&mut self) -> Result<&'t str, SddlError> {
        let field = self.take(usize::MAX, |c| c.is_ascii_alphanumeric());
        match self.eat(";") {
            true => Ok(field),
            false => Err(self.unexpected("letters, digits or ;")),
        }
    }

    fn unexpected(&self, expected: &'static str) -> SddlError {
        SddlError::Unexpected {
            at: self.at,
            found: self.rest().chars().take(20).collect(),
            expected,
        }
    }

    /// A list behind its name; its flags go to `control`.
    fn list(&mut self, control: &mut Control, name: char) -> Result<List, SddlError> {
        let mut null = false;
        loop {
            let flag = rights::LIST_FLAGS
                .iter()
                .find(|(letters, ..)| self.eat(letters));
            match flag {
                Some((_, dacl, _)) if name == 'D' => *control |= *dacl,
                Some((_, _, sacl)) => *control |= *sacl,
                None if self.eat(NULL_LIST) => null = true,
                None => break,
            }
        }
        let mut aces = Vec::new();
        while self.eat("(") {
            if null {
                return Err(self.unexpected("no entry behind NO_ACCESS_CONTROL"));
            }
            aces.push(self.entry()?);
        }
        Ok(match null {
            true => List::Null,
            false => List::Entries(Acl::new(aces)),
        })
    }

    /// An entry behind its opening parenthesis.
    fn entry(&mut self) -> Result<Ace, SddlError> {
        let at = self.at;
        let letters = self.field()?;
        let unknown = || SddlError::Kind {
            at,
            kind: letters.chars().take(20).collect(),
        };
        let kind = rights::kind_of(letters).ok_or_else(unknown)?;
        let wrong = |at, found: &str, expected| SddlError::Unexpected {
            at,
            found: found.chars().take(20).collect(),
            expected,
        };
        let at = self.at;
        let flags = self.field()?;
        let flags = rights::flags_of(flags).ok_or_else(|| wrong(at, flags, "flags"))?;
        let at = self.at;
        let mask = self.field()?;
        let mask = rights::rights_of(mask).ok_or_else(|| wrong(at, mask, "rights"))?;
        if !self.eat(";;") {
            return Err(self.unexpected(";;, since only object entries have GUIDs"));
        }
        let sid = self.sid()?;
        if !self.eat(")") {
            return Err(self.unexpected(")"));
        }
        Ace::masked(kind, flags, mask, sid).ok_or_else(unknown)
    }

    fn sid(&mut self) -> Result<Sid, SddlError> {
        let at = self.at;
        if !self.eat("S-") {
            let letters = self.take(2, |c| c.is_ascii_alphabetic());
            if well_known::is_relative(letters) {
                let letters = letters.to_string();
                return Err(SddlError::Relative { at, letters });
            }
            return well_known::by_alias(letters).ok_or_else(|| {
                self.at = at;
                self.unexpected("a SID or two letters of an account")
            });
        }
        self.take(usize::MAX, |c| c.is_ascii_digit());
        if self.eat("-0x") {
            // Twelve digits at most: a D or A behind them may begin the next part.
            self.take(12, |c| c.is_ascii_hexdigit());
        }
        self.take(usize::MAX, |c| c.is_ascii_digit() || c == '-');
        let text = self.text.get(at..self.at).unwrap_or("");
        text.parse().map_err(|source| SddlError::Sid { at, source })
    }
}

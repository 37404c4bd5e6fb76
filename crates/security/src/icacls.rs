//! Descriptors as `icacls` prints them, with the names of an English Windows.
//!
//! FORMAT.md has the layout, its sources, and what is not known of it. Invariants: one line an
//! entry, whatever stands in the path; no entry and no right is left out, so that what has no
//! letters is a number. Absent on purpose: reading this text, owner and group, names of accounts
//! every Windows does not have, and the tool's closing line that counts files.

use crate::access::AccessMask;
use crate::ace::Ace;
use crate::descriptor::{Descriptor, List};
use crate::format::{AceFlags, AceKind};
use crate::sid::Sid;
use crate::well_known;
use std::fmt;

/// Sets that have a letter, greatest first, each with what must be there and what it stands for.
const SETS: &[(&str, AccessMask)] = &[
    ("F", AccessMask::FILE_ALL_ACCESS),
    ("M", AccessMask::FILE_MODIFY),
    ("RX", AccessMask::FILE_READ_EXECUTE),
    ("R", AccessMask::FILE_GENERIC_READ),
    // Without the right to read the descriptor, which is printed beside it.
    ("W", AccessMask(0x0010_0116)),
    ("D", AccessMask(0x0011_0000)),
];
/// Sets of generic rights that are printed as the letter only when the mask is just this.
const GENERIC_SETS: &[(&str, AccessMask)] = &[
    ("F", AccessMask::GENERIC_ALL),
    ("M", AccessMask(0xE001_0000)),
];
/// Single rights, in the order they are printed.
const SINGLE: &[(&str, AccessMask)] = &[
    ("DE", AccessMask::DELETE),
    ("Rc", AccessMask::READ_CONTROL),
    ("WDAC", AccessMask::WRITE_DAC),
    ("WO", AccessMask::WRITE_OWNER),
    ("S", AccessMask::SYNCHRONIZE),
    ("AS", AccessMask::ACCESS_SYSTEM_SECURITY),
    ("MA", AccessMask::MAXIMUM_ALLOWED),
    ("GR", AccessMask::GENERIC_READ),
    ("GW", AccessMask::GENERIC_WRITE),
    ("GE", AccessMask::GENERIC_EXECUTE),
    ("GA", AccessMask::GENERIC_ALL),
    ("RD", AccessMask::FILE_READ_DATA),
    ("WD", AccessMask::FILE_WRITE_DATA),
    ("AD", AccessMask::FILE_APPEND_DATA),
    ("REA", AccessMask::FILE_READ_EA),
    ("WEA", AccessMask::FILE_WRITE_EA),
    ("X", AccessMask::FILE_EXECUTE),
    ("DC", AccessMask::FILE_DELETE_CHILD),
    ("RA", AccessMask::FILE_READ_ATTRIBUTES),
    ("WA", AccessMask::FILE_WRITE_ATTRIBUTES),
];
/// What an integrity label forbids those below it.
const LABEL: &[(&str, AccessMask)] = &[
    ("NW", AccessMask(1)),
    ("NR", AccessMask(2)),
    ("NX", AccessMask(4)),
];
/// Flags in the order they are printed.
const FLAGS: &[(&str, AceFlags)] = &[
    ("(I)", AceFlags::INHERITED),
    ("(OI)", AceFlags::OBJECT_INHERIT),
    ("(CI)", AceFlags::CONTAINER_INHERIT),
    ("(NP)", AceFlags::NO_PROPAGATE),
    ("(IO)", AceFlags::INHERIT_ONLY),
];
/// What stands for a list that is absent or null.
const NO_LIST: &str = "No permissions are set. All users have full control.";

/// A descriptor under a path, as `icacls PATH` prints it; without a line break at the end.
///
/// ```
/// use security::{Descriptor, Icacls};
///
/// let descriptor = Descriptor::from_sddl("O:SYG:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)")?;
/// let text = Icacls { path: "MachineKeys", descriptor: &descriptor }.to_string();
/// let wanted = "MachineKeys Everyone:(R,W)\n            BUILTIN\\Administrators:(F)";
/// assert_eq!(text, wanted);
/// # Ok::<(), security::SddlError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Icacls<'a> {
    /// Printed before the first entry; the others are aligned below it. Control characters in
    /// it are replaced, so that a file's name cannot look like entries.
    pub path: &'a str,
    /// Of which the discretionary list is printed, and the integrity label if there is one.
    pub descriptor: &'a Descriptor,
}

impl fmt::Display for Icacls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        let path: String = self.path.chars().map(shown).collect();
        let mut lines: Vec<String> = match &self.descriptor.dacl {
            List::Entries(acl) => acl.aces.iter().map(entry).collect(),
            List::Absent | List::Null => vec![NO_LIST.to_string()],
        };
        let system = self.descriptor.sacl.acl().map_or(&[][..], |acl| &acl.aces);
        let labels = system
            .iter()
            .filter(|ace| ace.kind() == AceKind::MANDATORY_LABEL);
        lines.extend(labels.map(entry));
        f.write_str(&path)?;
        let indent = path.chars().count() + 1;
        for (number, line) in lines.iter().enumerate() {
            match number {
                0 => write!(f, " {line}")?,
                _ => write!(f, "\n{:indent$}{line}", "")?,
            }
        }
        Ok(())
    }
}

/// One entry: `NT AUTHORITY\NETWORK SERVICE:(I)(OI)(CI)(DENY)(R)`.
pub fn entry(ace: &Ace) -> String {
    let mut flags: String = FLAGS
        .iter()
        .filter(|(_, flag)| ace.flags().contains(*flag))
        .map(|(letters, _)| *letters)
        .collect();
    let (Some(sid), Some(mask)) = (ace.sid(), ace.mask()) else {
        return format!("?:{flags}(kind {})", ace.kind().0);
    };
    let mut letters = match ace.kind() {
        AceKind::MANDATORY_LABEL => list(mask, LABEL, Vec::new()),
        _ => rights(mask),
    };
    match ace.kind() {
        AceKind::DENIED if letters == "F" => letters = "N".to_string(),
        AceKind::DENIED => flags += "(DENY)",
        AceKind::ALLOWED | AceKind::MANDATORY_LABEL => {}
        other => flags += &format!("(kind {})", other.0),
    }
    format!("{}:{flags}({letters})", name(sid))
}

/// Rights of a file or folder as letters between commas: `R,W` or `Rc,S,RA`; empty for none.
pub fn rights(mask: AccessMask) -> String {
    if let Some((letter, _)) = GENERIC_SETS.iter().find(|(_, set)| *set == mask) {
        return (*letter).to_string();
    }
    let mut left = mask;
    let mut letters = Vec::new();
    for (letter, set) in SETS {
        // Sets share rights: read and write both contain the one to wait.
        if mask.contains(*set) && !(left & *set).is_empty() {
            letters.push((*letter).to_string());
            left = left - *set;
        }
    }
    list(left, SINGLE, letters)
}

/// The letters so far, those of a table, and a number for what has none.
fn list(mask: AccessMask, table: &[(&str, AccessMask)], mut letters: Vec<String>) -> String {
    let mut left = mask;
    for (letter, right) in table.iter().filter(|(_, right)| mask.contains(*right)) {
        letters.push((*letter).to_string());
        left = left - *right;
    }
    if !left.is_empty() {
        letters.push(left.to_string());
    }
    letters.join(",")
}

/// The account's English name, or its SID.
fn name(sid: &Sid) -> String {
    match well_known::of(sid) {
        Some(row) => row.name.to_string(),
        None => sid.to_string(),
    }
}

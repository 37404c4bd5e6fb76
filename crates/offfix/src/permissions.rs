//! Changed permissions: in documents, as lines for people, and as the reports of a run.
//!
//! Invariants: files and folders with the same change stand together; a descriptor that cannot be
//! read is shown as bytes, never left out. Absent on purpose: which permissions are right.

use crate::document::{hex, unhex};
use disk::{ReadBackDiffers, SecurityRecord};
use repairs::PlannedPermissions;
use security::{Control, Descriptor, Icacls, icacls};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use volume::SecurityEdit;

/// New permissions for files and folders that have the same permissions now.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PermissionsDocument {
    pub(crate) repair: String,
    pub(crate) kind: String,
    pub(crate) before: DescriptorDocument,
    pub(crate) after: DescriptorDocument,
    pub(crate) paths: Vec<String>,
}

/// A self-relative security descriptor.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescriptorDocument {
    pub(crate) sddl: Option<String>,
    pub(crate) hex: String,
}

impl DescriptorDocument {
    fn of(bytes: &[u8]) -> DescriptorDocument {
        DescriptorDocument {
            sddl: sddl(bytes),
            hex: hex(bytes),
        }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        unhex(&self.hex)
    }
}

impl PermissionsDocument {
    /// The same as a document.
    pub(crate) fn of(planned: &PlannedPermissions) -> PermissionsDocument {
        let kind = crate::document::kind(planned.kind);
        PermissionsDocument::new(planned.repair, kind, &planned.edit)
    }

    /// An edit, and why it is made.
    pub(crate) fn new(repair: &str, kind: &str, edit: &SecurityEdit) -> PermissionsDocument {
        PermissionsDocument {
            repair: repair.to_owned(),
            kind: kind.to_owned(),
            before: DescriptorDocument::of(&edit.before),
            after: DescriptorDocument::of(&edit.after),
            paths: edit.paths.clone(),
        }
    }

    /// The edit again; `None` when the hexadecimal digits are none.
    pub(crate) fn edit(&self) -> Option<SecurityEdit> {
        Some(SecurityEdit {
            paths: self.paths.clone(),
            before: self.before.bytes()?.into(),
            after: self.after.bytes()?.into(),
        })
    }

    /// What changes, a sign and a text each: owner, group, inheritance, entries.
    pub(crate) fn differences(&self) -> Vec<(char, String)> {
        let read = |document: &DescriptorDocument| {
            let bytes = document.bytes()?;
            Descriptor::from_bytes(&bytes).ok()
        };
        match (read(&self.before), read(&self.after)) {
            (Some(before), Some(after)) => differences(&before, &after),
            _ => vec![('~', format!("{} -> {}", self.before.hex, self.after.hex))],
        }
    }
}

/// The first path, and how many more there are.
pub(crate) fn paths_in_words(paths: &[String]) -> String {
    let first = paths.first().map_or("nothing", String::as_str);
    match paths.len().saturating_sub(1) {
        0 => first.to_owned(),
        more => format!("{first} and {more} more"),
    }
}

/// How many files and folders these permissions are for.
pub(crate) fn objects(permissions: &[PermissionsDocument]) -> usize {
    permissions.iter().map(|one| one.paths.len()).sum()
}

fn differences(before: &Descriptor, after: &Descriptor) -> Vec<(char, String)> {
    let mut lines = Vec::new();
    let name = |sid: Option<security::Sid>| sid.map_or("none".to_owned(), |sid| account(&sid));
    for (what, old, new) in [
        ("owner", before.owner, after.owner),
        ("group", before.group, after.group),
    ] {
        if old != new {
            lines.push(('~', format!("{what} {} -> {}", name(old), name(new))));
        }
    }
    let inherits = |descriptor: &Descriptor| {
        let protected = descriptor.control.contains(Control::DACL_PROTECTED);
        if protected { "off" } else { "on" }
    };
    let (old, new) = (inherits(before), inherits(after));
    if old != new {
        lines.push(('~', format!("inheritance {old} -> {new}")));
    }
    let (old, mut new) = (entries(before), entries(after));
    for entry in &old {
        match new.iter().position(|other| other == entry) {
            Some(place) => drop(new.remove(place)),
            None => lines.push(('-', entry.clone())),
        }
    }
    lines.extend(new.into_iter().map(|entry| ('+', entry)));
    if lines.is_empty() {
        lines.push(('~', "the order or form of the entries".to_owned()));
    }
    lines
}

fn entries(descriptor: &Descriptor) -> Vec<String> {
    match descriptor.dacl.acl() {
        Some(acl) => acl.aces.iter().map(icacls::entry).collect(),
        None => vec!["no list: everyone may do everything".to_owned()],
    }
}

/// The English name of an account, or its SID.
fn account(sid: &security::Sid) -> String {
    security::well_known::of(sid).map_or_else(|| sid.to_string(), |row| row.name.to_owned())
}

fn sddl(bytes: &[u8]) -> Option<String> {
    let descriptor = Descriptor::from_bytes(bytes).ok()?;
    descriptor.to_sddl().ok()
}

/// What permissions were before a run.
pub(crate) fn report_before(records: &[SecurityRecord]) -> String {
    report(records, |record| record.before.to_vec())
}

/// What they are after it; those that read back in another form stand as they read back.
pub(crate) fn report_after(records: &[SecurityRecord], differs: &[ReadBackDiffers]) -> String {
    let found: HashMap<&str, &[u8]> = differs
        .iter()
        .map(|one| (one.path.as_str(), one.found.as_slice()))
        .collect();
    let after = |record: &SecurityRecord| {
        let path = record.path.as_str();
        found
            .get(path)
            .map_or_else(|| record.after.to_vec(), |bytes| bytes.to_vec())
    };
    report(records, after)
}

/// What is said of permissions that read back in another form.
pub(crate) fn not_taken(differs: &ReadBackDiffers) -> String {
    let said = |bytes: &[u8]| sddl(bytes).unwrap_or_else(|| hex(bytes));
    format!(
        "{} reads back {}, not {}",
        differs.path,
        said(&differs.found),
        said(&differs.wrote)
    )
}

/// A report in the layout of icacls, with owner and SDDL below each file or folder.
fn report(records: &[SecurityRecord], bytes: impl Fn(&SecurityRecord) -> Vec<u8>) -> String {
    let mut text = String::new();
    for record in records {
        let bytes = bytes(record);
        match Descriptor::from_bytes(&bytes) {
            Ok(descriptor) => {
                let listed = Icacls {
                    path: &record.path,
                    descriptor: &descriptor,
                };
                text.push_str(&format!("{listed}\n"));
                if let Some(owner) = &descriptor.owner {
                    text.push_str(&format!("  owner {}\n", account(owner)));
                }
            }
            Err(error) => text.push_str(&format!("{}\n  not understood: {error}\n", record.path)),
        }
        let form = sddl(&bytes).unwrap_or_else(|| format!("bytes {}", hex(&bytes)));
        text.push_str(&format!("  {form}\n\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn bytes(sddl: &str) -> Vec<u8> {
        let descriptor = Descriptor::from_sddl(sddl).unwrap();
        descriptor.to_bytes().unwrap()
    }

    fn change(before: &str, after: &str) -> PermissionsDocument {
        let edit = SecurityEdit {
            paths: vec![r"Keys\a".to_owned()],
            before: bytes(before).into(),
            after: bytes(after).into(),
        };
        let document = PermissionsDocument::new("machine-keys", "fix", &edit);
        assert_eq!(document.edit(), Some(edit));
        document
    }

    #[test]
    fn every_difference_has_a_line() {
        let lines = |before: &str, after: &str| -> Vec<String> {
            let lines = change(before, after).differences().into_iter();
            lines.map(|(sign, text)| format!("{sign}{text}")).collect()
        };
        assert_eq!(
            lines(
                "O:SYG:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)",
                "O:BAG:BAD:AI(A;;FA;;;SY)(A;;FR;;;NS)"
            ),
            [
                r"~owner NT AUTHORITY\SYSTEM -> BUILTIN\Administrators",
                r"~group NT AUTHORITY\SYSTEM -> BUILTIN\Administrators",
                "~inheritance off -> on",
                r"-NT AUTHORITY\NETWORK SERVICE:(DENY)(R)",
                r"+NT AUTHORITY\NETWORK SERVICE:(R)",
            ]
        );
        let two = "O:SYG:SYD:(A;;FA;;;SY)(A;;FA;;;SY)";
        let one = "O:SYG:SYD:(A;;FA;;;SY)";
        assert_eq!(lines(two, one), [r"-NT AUTHORITY\SYSTEM:(F)"]);
        let (left, right) = (
            "O:SYG:SYD:(A;;FA;;;SY)(A;;FR;;;BA)",
            "O:SYG:SYD:(A;;FR;;;BA)(A;;FA;;;SY)",
        );
        assert_eq!(lines(left, right), ["~the order or form of the entries"]);
    }

    #[test]
    fn what_reads_back_in_another_form_is_said_with_both() {
        let wrote = bytes("O:SYG:SYD:(A;;FA;;;SY)");
        let said = |found: Vec<u8>| {
            not_taken(&ReadBackDiffers {
                path: r"keys\a".to_owned(),
                wrote: wrote.as_slice().into(),
                found,
            })
        };
        assert_eq!(
            said(bytes("O:BAG:SYD:(A;;FA;;;SY)")),
            r"keys\a reads back O:BAG:SYD:(A;;FA;;;SY), not O:SYG:SYD:(A;;FA;;;SY)"
        );
        assert!(said(vec![7, 8]).contains("reads back 0708, not O:SYG:SY"));
    }

    #[test]
    fn a_report_leaves_no_descriptor_out() {
        let record = |path: &str, before: Vec<u8>| SecurityRecord {
            root: 0,
            path: path.to_owned(),
            before: before.into(),
            after: bytes("O:BAG:SYD:(A;;FA;;;SY)").into(),
        };
        let sound = record("a", bytes("O:SYG:SYD:(A;;FR;;;NS)"));
        let odd = record("b", vec![7; 20]);
        let records = [sound, odd];
        let otherwise = ReadBackDiffers {
            path: "b".to_owned(),
            wrote: Arc::new([]),
            found: bytes("O:SYG:SYD:(A;;FW;;;NS)"),
        };
        let (text, after) = (
            report_before(&records),
            report_after(&records, &[otherwise]),
        );
        assert_eq!(
            text.lines().collect::<Vec<_>>()[..4],
            [
                r"a NT AUTHORITY\NETWORK SERVICE:(R)",
                r"  owner NT AUTHORITY\SYSTEM",
                "  O:SYG:SYD:(A;;FR;;;NS)",
                "",
            ]
        );
        assert!(text.contains("b\n  not understood: "), "{text}");
        assert!(text.contains(&"07".repeat(20)), "{text}");
        assert!(after.starts_with("a NT AUTHORITY\\SYSTEM:(F)\n"), "{after}");
        assert!(
            after.contains("b NT AUTHORITY\\NETWORK SERVICE:("),
            "{after}"
        );
    }
}

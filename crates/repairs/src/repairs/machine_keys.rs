//! `machine-keys`: the private keys of the machine can be read by those who need them.
//!
//! Owns the permissions of the folder MachineKeys and of what lies in it. Absent on purpose: what
//! a key is for, but for the one of Remote Desktop; keys of CNG; making or deleting files.

use crate::catalogue::{Class, Parameter, Repair};
use crate::certificate::blob::KeyProvider;
use crate::certificate::key_file::{self, CAPI, KeyFile};
use crate::context::{Ask, Context, Error, chain};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer, Permissions, Step};
use disk::{Kind as FileKind, Object, SecurityError};
use security::{
    AccessMask, AceFlags, Child, Descriptor, GenericMapping, ParseError, Sid, Token, well_known,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use volume::{SecurityChange, SecurityEdit};

/// The accounts of the source article, and what each is granted.
const ARTICLE: [(Sid, AccessMask); 3] = [
    (Sid::SYSTEM, AccessMask::FILE_ALL_ACCESS),
    (Sid::NETWORK_SERVICE, AccessMask::FILE_GENERIC_READ),
    (Sid::ADMINISTRATORS, AccessMask::FILE_ALL_ACCESS),
];

/// Who needs what of the key of Remote Desktop. Administrators need nothing there: Windows gives
/// them no more than to read it, since Windows 10 1809 not even that.
const KEY: &[Need] = &[
    (
        "NETWORK SERVICE",
        Token::NETWORK_SERVICE,
        AccessMask::FILE_GENERIC_READ,
    ),
    ("SYSTEM", Token::SYSTEM, AccessMask::FILE_ALL_ACCESS),
];
/// Who needs what of the folder.
const FOLDER: &[Need] = &[
    (
        "NETWORK SERVICE",
        Token::NETWORK_SERVICE,
        AccessMask::FILE_GENERIC_READ,
    ),
    ("SYSTEM", Token::SYSTEM, AccessMask::FILE_ALL_ACCESS),
    (
        "Administrators",
        Token::ADMINISTRATORS,
        AccessMask::FILE_ALL_ACCESS,
    ),
];

/// An account, its token, and the rights it needs.
type Need = (&'static str, Token<'static>, AccessMask);

const FORM: Parameter = Parameter {
    name: "form",
    about: "what Remote Desktop lacks, or what the article grants everywhere (--as-article)",
    default: Some("scoped"),
    values: "scoped or article",
    accepts: |value| ["scoped", "article"].contains(&value),
};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "machine-keys",
    title: "let Remote Desktop read its private key",
    class: Class::Recommended,
    risk: "the article's form lets NETWORK SERVICE read every private key of the machine",
    parameters: &[FORM],
    about: include_str!("machine-keys.md"),
    diagnose,
};

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let article = match context.parameter(FORM.name) {
        Some(form) => form == "article",
        None => context.ask == Ask::Article,
    };
    if article && context.ask.wants_it() {
        return as_article(findings, context);
    }
    look(findings, context, CAPI, Child::Container, FOLDER)?;
    // A missing key is no fault: Windows makes one when the service starts.
    if let KeyFile::Present { path, size } = key(context)? {
        look(findings, context, &path, Child::Leaf, KEY)?;
        if size == 0 {
            findings.add(empty(&path));
        }
    }
    Ok(())
}

/// The key file of Remote Desktop.
fn key(context: &Context<'_>) -> Result<KeyFile, Error> {
    let machine = match context.software(r"Microsoft\Cryptography")? {
        Some(place) => place.text("MachineGuid")?,
        None => None,
    };
    let provider = KeyProvider::remote_desktop();
    Ok(key_file::find(
        context.volume,
        &provider,
        machine.as_deref(),
    ))
}

/// Looks whether everyone has what they need.
fn look(
    findings: &mut Findings,
    context: &Context<'_>,
    path: &str,
    on: Child,
    needs: &[Need],
) -> Result<(), Error> {
    let Some(bytes) = context.volume.root().security(path).map_err(unseen)? else {
        findings.note(format!("there is no folder {path}"));
        return Ok(());
    };
    let found = match Descriptor::from_bytes(&bytes) {
        Ok(descriptor) => descriptor,
        Err(error) => {
            findings.add(not_understood(path, &error));
            return Ok(());
        }
    };
    let mapping = GenericMapping::FILE;
    let mut new = found.clone();
    let mut evidence = Vec::new();
    for (name, token, rights) in needs {
        for reason in found.access(token, mapping).why_denied(*rights) {
            evidence.push(format!("{name}: {reason}"));
        }
        new = new.permit(token, *rights, mapping);
    }
    if evidence.is_empty() {
        return Ok(());
    }
    evidence.extend(found.to_sddl().ok());
    let lacks = |(_, token, rights): &Need| !new.access(token, mapping).allows(*rights);
    let mut finding = lacking(path, on);
    finding.evidence = evidence;
    match new.to_bytes() {
        Ok(after) if !needs.iter().any(lacks) => finding.permissions.push(Permissions {
            kind: Kind::Fix,
            edit: SecurityEdit {
                paths: vec![path.to_owned()],
                before: bytes.into(),
                after: after.into(),
            },
        }),
        _ => {
            finding.offer = Offer::Report;
            let line = "conditions decide here, or the list is full: not changed";
            finding.evidence.push(line.to_owned());
        }
    }
    findings.add(finding);
    Ok(())
}

/// Someone lacks a right.
fn lacking(path: &str, on: Child) -> Finding {
    let (title, certainty) = match on {
        Child::Leaf => (
            "the private key of Remote Desktop cannot be used: TLS cannot begin",
            Certainty::Certain,
        ),
        Child::Container => (
            "the folder of the machine's private keys is closed to those who use it",
            Certainty::Likely,
        ),
    };
    Finding::new(Offer::Recommended, certainty, title, path)
}

/// A key file without a key.
fn empty(path: &str) -> Finding {
    let title = "the file of Remote Desktop's private key is empty";
    let mut finding = Finding::new(Offer::Report, Certainty::Certain, title, path);
    finding
        .evidence
        .push("0 bytes; Windows makes a new key when it finds none".to_owned());
    let name = path.rsplit('\\').next().unwrap_or(path);
    let command = format!(r#"ren "F:\{path}" {name}.old   (F: is the drive)"#);
    finding.steps.push(Step::OnRecoveryMachine(command));
    finding
}

fn not_understood(path: &str, error: &ParseError) -> Finding {
    let title = "permissions that make no sense";
    let mut finding = Finding::new(Offer::Report, Certainty::Likely, title, path);
    finding.evidence.push(chain(error));
    finding
}

fn unseen(error: SecurityError) -> Error {
    match error {
        SecurityError::NotSeen { .. } => Error::NotSeen(error.to_string()),
        other => Error::Disk(chain(&other)),
    }
}

/// What the article gives an object: its owner and three entries, beside those it has. Where Remote
/// Desktop has needs, denials that the entries would not outweigh go too.
fn granted(descriptor: &Descriptor, on: Child, needs: &[Need]) -> Descriptor {
    let owned = descriptor.with_owner(Sid::ADMINISTRATORS);
    let granted = ARTICLE.iter().fold(owned, |now, (sid, rights)| {
        now.grant(on, AceFlags::empty(), *rights, sid)
    });
    needs.iter().fold(granted, |now, (_, token, rights)| {
        now.permit(token, *rights, GenericMapping::FILE)
    })
}

/// New permissions of one descriptor, and why; `None` when nothing changes.
type Answer = Option<(Kind, Arc<[u8]>, Arc<[u8]>)>;

/// The walk over the folder in the article's form.
#[derive(Default)]
struct Walk {
    /// What becomes of a descriptor; thousands of files share few.
    answers: HashMap<(Vec<u8>, bool, usize), Answer>,
    /// The key file of Remote Desktop.
    key: Option<String>,
    /// Files with several names that were seen.
    seen: HashSet<u64>,
    fixes: Vec<SecurityChange>,
    weakenings: Vec<SecurityChange>,
    objects: usize,
    links: usize,
    hidden: Option<SecurityError>,
    failed: Vec<String>,
}

impl Walk {
    fn visit(&mut self, object: &Object<'_>) {
        let on = match object.kind {
            FileKind::Directory => Child::Container,
            FileKind::File => Child::Leaf,
            _ => {
                self.links += 1;
                return;
            }
        };
        if object.links > 1 && on == Child::Leaf && !self.seen.insert(object.number) {
            return;
        }
        self.objects += 1;
        let bytes = match object.security() {
            Ok(bytes) => bytes,
            Err(error) => return self.fail(error),
        };
        let path = object.path.clone();
        let needs = self.needs(&path);
        let known = (bytes, on == Child::Container, needs.len());
        let entry = self.answers.entry(known);
        let answer = match entry {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => match answer(&new.key().0, on, needs)
            {
                Ok(answer) => new.insert(answer),
                Err(why) => {
                    self.failed.push(format!("{path}: {why}"));
                    return;
                }
            },
        };
        if let Some((kind, before, after)) = answer {
            let changes = match kind {
                Kind::Weakening => &mut self.weakenings,
                _ => &mut self.fixes,
            };
            changes.push((path, Arc::clone(before), Arc::clone(after)));
        }
    }

    /// Who needs what of an object for Remote Desktop.
    fn needs(&self, path: &str) -> &'static [Need] {
        let is = |known: &str| known.eq_ignore_ascii_case(path);
        if is(CAPI) {
            FOLDER
        } else if self.key.as_deref().is_some_and(is) {
            KEY
        } else {
            &[]
        }
    }

    fn fail(&mut self, error: SecurityError) {
        match error {
            // The first one names the folder.
            SecurityError::NotSeen { .. } => drop(self.hidden.get_or_insert(error)),
            other => self.failed.push(chain(&other)),
        }
    }
}

fn answer(bytes: &[u8], on: Child, needs: &[Need]) -> Result<Answer, String> {
    let before = Descriptor::from_bytes(bytes).map_err(|error| chain(&error))?;
    let after = granted(&before, on, needs);
    if after == before {
        return Ok(None);
    }
    let (service, mapping) = (Token::NETWORK_SERVICE, GenericMapping::FILE);
    let reads = |descriptor: &Descriptor| {
        let access = descriptor.access(&service, mapping);
        access.allows(AccessMask::FILE_GENERIC_READ)
    };
    let kind = if reads(&after) && !reads(&before) {
        Kind::Weakening
    } else {
        Kind::Fix
    };
    let after = after.to_bytes().map_err(|error| chain(&error))?;
    Ok(Some((kind, bytes.into(), after.into())))
}

/// Everything in the folder, as the article sets it.
fn as_article(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let mut walk = Walk {
        key: match key(context)? {
            KeyFile::Present { path, .. } => Some(path),
            _ => None,
        },
        ..Walk::default()
    };
    let mut visit = |object: Result<&Object<'_>, SecurityError>| {
        match object {
            Ok(object) => walk.visit(object),
            Err(error) => walk.fail(error),
        }
        context.walked.0(walk.objects);
    };
    let found = context.volume.root().objects(CAPI, &mut visit);
    if !found.map_err(unseen)? {
        findings.note(format!("there is no folder {CAPI}"));
        return Ok(());
    }
    if let Some(error) = walk.hidden {
        return Err(unseen(error));
    }
    if walk.links > 0 {
        let line = format!(
            "{CAPI}: {} links in it, not followed or changed",
            walk.links
        );
        findings.note(line);
    }
    if let Some(first) = walk.failed.first() {
        let number = walk.failed.len();
        findings.note(format!(
            "{CAPI}: {number} objects left as they are, first {first}"
        ));
    }
    let changed = walk.fixes.len() + walk.weakenings.len();
    if changed == 0 {
        return Ok(());
    }
    let title = "owner and entries of the machine's private keys, as the article sets them";
    let mut finding = Finding::new(Offer::WhenNamed, Certainty::Possible, title, CAPI);
    finding.evidence.push(format!(
        "{changed} of {} files and folders lack the owner Administrators or one of the entries",
        walk.objects
    ));
    for (sid, rights) in ARTICLE {
        let name = well_known::of(&sid).map_or_else(|| sid.to_string(), |row| row.name.to_owned());
        let rights = security::icacls::rights(rights);
        finding.evidence.push(format!("wanted: {name}:({rights})"));
    }
    for (kind, changes) in [(Kind::Fix, walk.fixes), (Kind::Weakening, walk.weakenings)] {
        let edits = SecurityEdit::group(changes).into_iter();
        let permissions = edits.map(|edit| Permissions { kind, edit });
        finding.permissions.extend(permissions);
    }
    findings.add(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Windows gives the folder and the key file, by build.
    #[test]
    fn healthy_permissions_lack_nothing() {
        let lacks = |sddl: &str, needs: &[Need]| {
            let descriptor = Descriptor::from_sddl(sddl).unwrap();
            let lacking = needs.iter().filter(|(_, token, rights)| {
                !descriptor
                    .access(token, GenericMapping::FILE)
                    .allows(*rights)
            });
            lacking.map(|(name, ..)| *name).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        let folder = "O:SYG:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)";
        assert_eq!(lacks(folder, FOLDER), none);
        let old = "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FR;;;BA)";
        assert_eq!(lacks(old, KEY), none);
        let session_env = "S-1-5-80-4022436659-1090538466-1613889075-870485073-3428993833";
        let new = format!("O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;{session_env})");
        assert_eq!(lacks(&new, KEY), none);
        let denied = "O:SYG:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)(A;;FR;;;NS)";
        assert_eq!(lacks(denied, KEY), ["NETWORK SERVICE"]);
        assert_eq!(
            lacks("O:SYG:SYD:P", FOLDER),
            ["NETWORK SERVICE", "SYSTEM", "Administrators"]
        );
    }

    #[test]
    fn the_article_is_content_with_its_own_work() {
        for on in [Child::Leaf, Child::Container] {
            let before = Descriptor::from_sddl("O:SYG:SYD:PAI(A;;0x12019f;;;WD)").unwrap();
            let bytes = before.to_bytes().unwrap();
            let (_, _, after) = answer(&bytes, on, &[]).unwrap().unwrap();
            assert!(answer(&after, on, &[]).unwrap().is_none());
            let after = Descriptor::from_bytes(&after).unwrap();
            assert_eq!(after.owner, Some(Sid::ADMINISTRATORS));
            let entries = after.dacl.acl().unwrap().aces.len();
            assert_eq!(entries, 4);
        }
    }

    #[test]
    fn a_key_that_network_service_could_not_read_is_weakened() {
        let kind = |sddl: &str| {
            let bytes = Descriptor::from_sddl(sddl).unwrap().to_bytes().unwrap();
            answer(&bytes, Child::Leaf, &[])
                .unwrap()
                .map(|(kind, ..)| kind)
        };
        assert_eq!(
            kind("O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)"),
            Some(Kind::Weakening)
        );
        assert_eq!(kind("O:SYG:SYD:P(A;;FA;;;SY)(A;;FR;;;NS)"), Some(Kind::Fix));
        assert_eq!(
            kind("O:BAG:SYD:P(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;BA)"),
            None
        );
    }
}

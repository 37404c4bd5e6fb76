//! Changes of permissions as lines of icacls.
//!
//! Invariants: accounts are SIDs, which every language of Windows has; only entries of the file
//! itself are named, what is inherited comes from above. Absent on purpose: groups, auditing, and
//! lists in an order icacls would not keep.

use super::Said;
use super::cmd::{behind, line};
use super::names::DRIVE;
use crate::numbers::files_and_folders;
use crate::permissions::PermissionsDocument;
use security::{Ace, AceFlags, AceKind, Control, Descriptor, Sid, icacls};

/// What is said of entries, in the order icacls prints them.
const FLAGS: [(&str, AceFlags); 4] = [
    ("(OI)", AceFlags::OBJECT_INHERIT),
    ("(CI)", AceFlags::CONTAINER_INHERIT),
    ("(IO)", AceFlags::INHERIT_ONLY),
    ("(NP)", AceFlags::NO_PROPAGATE),
];

/// What a change is, for the remark before it.
pub(super) fn about(change: &PermissionsDocument) -> String {
    let (repair, kind) = (&change.repair, &change.kind);
    let number = files_and_folders(change.paths.len());
    let was = change.before.sddl.as_deref().unwrap_or("not understood");
    format!("{repair} ({kind}): permissions of {number}, were {was}")
}

/// A change of permissions: the same lines for each path.
pub(super) fn lines(change: &PermissionsDocument) -> Said {
    let edit = change.edit().ok_or("its bytes cannot be read")?;
    let read = |bytes: &[u8]| Descriptor::from_bytes(bytes).map_err(|error| error.to_string());
    let options = options(&read(&edit.before)?, &read(&edit.after)?)?;
    let mut lines = Vec::new();
    for path in &edit.paths {
        let path = behind(DRIVE, path)?;
        for option in &options {
            lines.push(line(&["icacls", &path, option])?);
        }
    }
    Ok(lines)
}

/// The options of icacls that lead from one descriptor to the other, in order.
fn options(before: &Descriptor, after: &Descriptor) -> Result<Vec<String>, String> {
    let (old, new) = (explicit(before)?, explicit(after)?);
    let out_of_order = after.dacl.acl().and_then(security::Acl::first_out_of_order);
    if before.group != after.group || before.sacl != after.sacl || out_of_order.is_some() {
        return Err("icacls sets no group, no auditing, and no list out of order".to_owned());
    }
    let mut options = Vec::new();
    if let Some(owner) = after.owner.filter(|_| before.owner != after.owner) {
        options.push(format!("/setowner *{owner}"));
    }
    let protected = |of: &Descriptor| of.control.contains(Control::DACL_PROTECTED);
    match (protected(before), protected(after)) {
        (true, false) => options.push("/inheritance:e".to_owned()),
        (false, true) => options.push("/inheritance:r".to_owned()),
        _ => {}
    }
    for account in accounts(&old, &new) {
        let of = |entries: &[Entry]| -> Vec<Entry> {
            let mut mine: Vec<Entry> = entries.to_vec();
            mine.retain(|entry| entry.account == account);
            mine
        };
        let (old, new) = (of(&old), of(&new));
        if old != new {
            options.extend(exchange(&old, &new)?);
        }
    }
    match options.is_empty() {
        true => Err("only the order or form of the entries changes".to_owned()),
        false => Ok(options),
    }
}

/// Takes the entries of one account away and gives it others.
fn exchange(old: &[Entry], new: &[Entry]) -> Result<Vec<String>, String> {
    let mut options = Vec::new();
    for (denies, remove, give) in [(true, "/remove:d", "/deny"), (false, "/remove:g", "/grant")] {
        let of = |entries: &[Entry]| -> Vec<Entry> {
            let mut mine: Vec<Entry> = entries.to_vec();
            mine.retain(|entry| entry.denies == denies);
            mine
        };
        let (old, new) = (of(old), of(new));
        if old == new {
            continue;
        }
        if let Some(gone) = old.first() {
            options.push(format!("{remove} *{}", gone.account));
        }
        for entry in &new {
            let rights = entry.rights()?;
            options.push(format!("{give} *{}:{rights}", entry.account));
        }
    }
    Ok(options)
}

/// One entry of the file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    account: Sid,
    denies: bool,
    ace: Ace,
}

impl Entry {
    /// Inheritance and rights: `(OI)(CI)(R)`.
    fn rights(&self) -> Result<String, String> {
        let mask = self.ace.mask().ok_or("an entry has no rights")?;
        let letters = icacls::rights(mask);
        if letters.is_empty() || letters.contains("0x") {
            return Err(format!("icacls has no letters for the rights {letters}"));
        }
        let flags = FLAGS
            .iter()
            .filter(|(_, flag)| self.ace.flags().contains(*flag));
        let flags: String = flags.map(|(letters, _)| *letters).collect();
        Ok(format!("{flags}({letters})"))
    }
}

/// The accounts of both lists, each once.
fn accounts(old: &[Entry], new: &[Entry]) -> Vec<Sid> {
    let mut accounts = Vec::new();
    for entry in old.iter().chain(new) {
        if !accounts.contains(&entry.account) {
            accounts.push(entry.account);
        }
    }
    accounts
}

/// The entries that are not inherited.
fn explicit(of: &Descriptor) -> Result<Vec<Entry>, String> {
    let acl = of
        .dacl
        .acl()
        .ok_or("icacls cannot make or take a list away")?;
    let own = acl.aces.iter();
    own.filter(|ace| !ace.flags().contains(AceFlags::INHERITED))
        .map(|ace| {
            let account = ace
                .sid()
                .copied()
                .filter(|_| [AceKind::ALLOWED, AceKind::DENIED].contains(&ace.kind()));
            Ok(Entry {
                account: account.ok_or("icacls does not write entries of every kind")?,
                denies: ace.kind() == AceKind::DENIED,
                ace: ace.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(before: &str, after: &str) -> Result<Vec<String>, String> {
        let read = |sddl: &str| Descriptor::from_sddl(sddl).unwrap();
        options(&read(before), &read(after))
    }

    #[test]
    fn a_denial_gives_way_to_a_grant() {
        let options = said(
            "O:SYG:SYD:PAI(D;;FR;;;NS)(A;;FA;;;SY)",
            "O:BAG:SYD:PAI(A;;FA;;;SY)(A;OICI;FR;;;NS)",
        );
        let wanted = [
            "/setowner *S-1-5-32-544",
            "/remove:d *S-1-5-20",
            "/grant *S-1-5-20:(OI)(CI)(R)",
        ];
        assert_eq!(options.unwrap(), wanted);
        let options = said("O:SYG:SYD:PAI(A;;FR;;;NS)", "O:SYG:SYD:AI(A;;FA;;;NS)");
        let wanted = [
            "/inheritance:e",
            "/remove:g *S-1-5-20",
            "/grant *S-1-5-20:(F)",
        ];
        assert_eq!(options.unwrap(), wanted);
    }

    /// An account's entries of a list: flags and rights of each, denials and grants.
    type Held = Vec<(String, bool, String)>;

    /// Owner, inheritance and entries of a descriptor.
    fn held(of: &Descriptor) -> (Option<Sid>, bool, Held) {
        let protected = of.control.contains(Control::DACL_PROTECTED);
        let entries = explicit(of).unwrap().into_iter();
        let entry = |entry: Entry| (entry.account.to_string(), entry.denies, entry.rights());
        let mut held: Held = entries
            .map(entry)
            .map(|(account, denies, rights)| (account, denies, rights.unwrap()))
            .collect();
        held.sort();
        (of.owner, protected, held)
    }

    /// What icacls would make of a descriptor with these options.
    fn carried_out(before: &Descriptor, options: &[String]) -> (Option<Sid>, bool, Held) {
        let (mut owner, mut protected, mut held) = held(before);
        for option in options {
            let (word, rest) = option.split_once(' ').unwrap_or((option, ""));
            let rest = rest.trim_start_matches('*');
            let (account, rights) = rest.split_once(':').unwrap_or((rest, ""));
            match word {
                "/setowner" => owner = Some(account.parse().unwrap()),
                "/inheritance:e" => protected = false,
                "/inheritance:r" => protected = true,
                "/remove:d" => held.retain(|one| one.0 != account || !one.1),
                "/remove:g" => held.retain(|one| one.0 != account || one.1),
                "/grant" | "/deny" => {
                    held.push((account.to_owned(), word == "/deny", rights.to_owned()));
                }
                _ => panic!("{option}"),
            }
        }
        held.sort();
        (owner, protected, held)
    }

    #[test]
    fn lines_carried_out_give_the_permissions_of_the_plan() {
        let nobody = "O:S-1-5-21-1-2-3-1001G:SYD:";
        for (before, after) in [
            ("PAI(A;;FA;;;BA)", "PAI(A;;FR;;;NS)(A;;FA;;;BA)"),
            (
                "PAI(D;;FR;;;NS)(A;;FA;;;SY)(A;;FR;;;NS)",
                "PAI(A;;FA;;;SY)(A;;FR;;;NS)",
            ),
            ("P", "P(A;;FA;;;BA)(A;;FR;;;NS)(A;;FA;;;SY)"),
            (
                "AI(A;ID;FA;;;SY)",
                "AI(A;;FA;;;BA)(A;;FR;;;NS)(A;ID;FA;;;SY)",
            ),
            (
                "PAI(D;;FW;;;BU)(D;;FX;;;BG)(A;;FR;;;SY)",
                "PAI(D;;FX;;;BG)(A;;FA;;;SY)",
            ),
            (
                "PAI(A;OICI;FA;;;SY)",
                "AI(A;;FA;;;BA)(A;OICI;0x1200a9;;;SY)(A;ID;FA;;;SY)",
            ),
            (
                "AI(A;;FR;;;WD)(A;ID;FA;;;SY)",
                "PAI(A;;FR;;;WD)(A;OICIIO;FA;;;BA)",
            ),
        ] {
            for owner in [nobody, "O:BAG:SYD:"] {
                let before = Descriptor::from_sddl(&format!("{nobody}{before}")).unwrap();
                let after = Descriptor::from_sddl(&format!("{owner}{after}")).unwrap();
                let lines = options(&before, &after).unwrap();
                assert_eq!(carried_out(&before, &lines), held(&after), "{lines:?}");
            }
        }
    }

    #[test]
    fn what_icacls_cannot_do_has_no_line() {
        for (before, after) in [
            ("O:SYG:SYD:(A;;FA;;;SY)", "O:SYG:BAD:(A;;FA;;;SY)"),
            (
                "O:SYG:SYD:(A;;FA;;;SY)",
                "O:SYG:SYD:(A;;FA;;;SY)(D;;FR;;;NS)",
            ),
            (
                "O:SYG:SYD:(A;;FA;;;SY)(A;;FR;;;BA)",
                "O:SYG:SYD:(A;;FR;;;BA)(A;;FA;;;SY)",
            ),
        ] {
            assert!(said(before, after).is_err(), "{after}");
        }
    }
}

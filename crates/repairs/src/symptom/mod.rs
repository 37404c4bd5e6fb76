//! Symptoms: what an operator sees from outside, and what to look at then.
//!
//! Layers, lowest first:
//! - [`Symptom`] and [`SYMPTOMS`]: the table, one file for each part of the way into a VM;
//! - [`reason`]: why a repair is looked at, one line each (`reasons.tsv`);
//! - [`code`]: stop codes and status values that stand for a symptom (`codes.tsv`);
//! - [`find`]: error messages as Windows shows them, in several languages (`texts.tsv`).
//!
//! Invariants: every id named here is in the catalogue, and every repair that is looked at has a
//! reason. Absent on purpose: looking.

mod code;
mod fold;
mod gone_wrong;
mod remote_desktop;
mod starting;
mod text;

pub use code::{CODES, StopCode, code};
pub use text::{Found, find};

/// One symptom.
#[derive(Clone, Copy, Debug)]
pub struct Symptom {
    /// Its name on the command line.
    pub id: &'static str,
    /// What the operator sees, in one line.
    pub title: &'static str,
    /// What it means, in a few lines.
    pub about: &'static str,
    /// What to try before a disk is touched at all.
    pub first: &'static [&'static str],
    /// What to look at, in order.
    pub look: &'static [&'static str],
    /// The source article's recipe, in its order.
    pub recipe: &'static [&'static str],
    /// What can be done on the recovery machine besides, purpose and command.
    pub here: &'static [&'static str],
    /// What the running VM needs besides, command and purpose.
    pub after_boot: &'static [&'static str],
    /// What can be done besides, on request.
    pub offered: &'static [&'static str],
    /// What lies on the disk and no repair looks at.
    pub no_repair: &'static [&'static str],
    /// What cannot be seen on a disk.
    pub not_checked: &'static [&'static str],
}

impl Symptom {
    /// A symptom of which nothing more is known yet; the tables fill in the rest.
    const fn new(id: &'static str, title: &'static str, about: &'static str) -> Symptom {
        Symptom {
            id,
            title,
            about,
            first: &[],
            look: &[],
            recipe: &[],
            here: &[],
            after_boot: &[],
            offered: &[],
            no_repair: &[],
            not_checked: &[],
        }
    }
}

/// Every symptom: from a session that does not open to a machine that does not start.
pub const SYMPTOMS: &[Symptom] = &[
    remote_desktop::TIMEOUT,
    remote_desktop::REFUSED,
    remote_desktop::INTERNAL_ERROR,
    remote_desktop::AUTHENTICATION,
    remote_desktop::NO_LICENSE_SERVER,
    remote_desktop::SIGN_IN,
    remote_desktop::DROPS,
    gone_wrong::PASSWORD,
    gone_wrong::AGENT,
    gone_wrong::BLACK_SCREEN,
    starting::BOOT_DEVICE,
    starting::BOOT_FILES,
    starting::SIGNATURE,
    starting::REGISTRY,
    starting::FILE_SYSTEM,
    starting::BOOT_MENU,
    starting::BITLOCKER,
    gone_wrong::CRITICAL_PROCESS,
    gone_wrong::DRIVER,
    gone_wrong::DIRECTORY,
    gone_wrong::REBOOTS,
    gone_wrong::UPDATES,
    gone_wrong::DATA_DISKS,
    gone_wrong::RETURN,
];

/// The symptom of that id.
pub fn symptom(id: &str) -> Option<&'static Symptom> {
    SYMPTOMS.iter().find(|symptom| symptom.id == id)
}

/// What a fault that this repair finds does to a VM, in one line.
pub fn reason(repair: &str) -> Option<&'static str> {
    rows(include_str!("reasons.tsv"))
        .find(|row| row.first() == Some(&repair))
        .and_then(|row| row.get(1).copied())
}

/// The rows of a table below its heading, as fields between tabs.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symptom_says_what_it_should() {
        for (place, symptom) in SYMPTOMS.iter().enumerate() {
            let id = symptom.id;
            assert!(
                !id.contains(|c: char| !(c.is_ascii_lowercase() || c == '-')),
                "{id}"
            );
            let again = SYMPTOMS.iter().skip(place + 1).any(|other| other.id == id);
            assert!(!again, "{id} is there twice");
            assert!(
                !symptom.title.ends_with('.') && !symptom.title.is_empty(),
                "{id}"
            );
            assert!(symptom.about.ends_with('.'), "{id}");
            assert!(!symptom.look.is_empty(), "{id} looks at nothing");
            let untold = symptom.not_checked.is_empty() && symptom.no_repair.is_empty();
            assert!(!untold, "{id}: something always remains");
            for list in [symptom.look, symptom.recipe, symptom.offered] {
                for (place, repair) in list.iter().enumerate() {
                    let twice = list.iter().skip(place + 1).any(|other| other == repair);
                    assert!(!twice, "{id} names {repair} twice");
                }
            }
        }
    }

    #[test]
    fn whatever_is_looked_at_has_a_reason() {
        for symptom in SYMPTOMS {
            for repair in symptom.look {
                assert!(reason(repair).is_some(), "{} looks at {repair}", symptom.id);
            }
        }
        for row in rows(include_str!("reasons.tsv")) {
            let [repair, why] = row.as_slice() else {
                panic!("{row:?}");
            };
            let looked_at = SYMPTOMS.iter().any(|symptom| symptom.look.contains(repair));
            assert!(
                looked_at && !why.is_empty() && !why.ends_with('.'),
                "{row:?}"
            );
        }
    }
}

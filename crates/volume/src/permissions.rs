//! New permissions for files and folders, as data.
//!
//! Invariants: an edit carries the descriptor it starts from, so that nothing else is replaced.
//! Absent on purpose: which permissions are right, and bringing them to the disk.

use disk::SecurityRecord;
use security::{Descriptor, List};
use std::collections::HashMap;
use std::sync::Arc;
use thiserror::Error;

/// A path below the drive, the descriptor it has, and the one it gets.
pub type SecurityChange = (String, Arc<[u8]>, Arc<[u8]>);

/// New permissions for files and folders of the drive that have the same permissions now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEdit {
    /// Their paths below the drive, in the order of a walk.
    pub paths: Vec<String>,
    /// The self-relative security descriptor they have.
    pub before: Arc<[u8]>,
    /// The one they get.
    pub after: Arc<[u8]>,
}

/// Why a descriptor is not brought to a disk.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DescriptorError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[from] security::ParseError),
    /// It lacks what every file has.
    #[error("it has no {0}")]
    Without(&'static str),
}

impl SecurityEdit {
    /// Puts changes of single files and folders (path, before, after) together; the order of the
    /// paths stays within each edit, and edits stand in the order of their first paths.
    pub fn group(changes: impl IntoIterator<Item = SecurityChange>) -> Vec<Self> {
        let mut places: HashMap<[Arc<[u8]>; 2], usize> = HashMap::new();
        let mut edits: Vec<SecurityEdit> = Vec::new();
        for (path, before, after) in changes {
            let pair = [Arc::clone(&before), Arc::clone(&after)];
            let place = *places.entry(pair).or_insert(edits.len());
            match edits.get_mut(place) {
                Some(edit) => edit.paths.push(path),
                None => edits.push(SecurityEdit {
                    paths: vec![path],
                    before,
                    after,
                }),
            }
        }
        edits
    }

    /// The same for the journal. Permissions are changed below the drive alone, root 0.
    pub(crate) fn records(&self) -> impl Iterator<Item = SecurityRecord> {
        self.paths.iter().map(|path| SecurityRecord {
            root: 0,
            path: path.clone(),
            before: Arc::clone(&self.before),
            after: Arc::clone(&self.after),
        })
    }

    /// Refuses a descriptor that no file can have.
    pub(crate) fn check(&self) -> Result<(), DescriptorError> {
        let after = Descriptor::from_bytes(&self.after)?;
        let parts = [
            ("owner", after.owner.is_some()),
            ("group", after.group.is_some()),
            ("access control list", after.dacl != List::Absent),
        ];
        match parts.into_iter().find(|(_, present)| !present) {
            Some((part, _)) => Err(DescriptorError::Without(part)),
            None => Ok(()),
        }
    }
}

/// Whether two descriptors say the same, in whatever form a file system gives them back.
pub fn same_security(left: &[u8], right: &[u8]) -> bool {
    let said = |bytes| Descriptor::from_bytes(bytes).map(|descriptor| descriptor.canonical());
    match (said(left), said(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(sddl: &str) -> Arc<[u8]> {
        let descriptor = Descriptor::from_sddl(sddl).unwrap();
        descriptor.to_bytes().unwrap().into()
    }

    #[test]
    fn a_file_has_owner_group_and_list() {
        let with = |after: Arc<[u8]>| SecurityEdit {
            paths: vec!["a".to_owned()],
            before: descriptor("O:BAG:SYD:"),
            after,
        };
        with(descriptor("O:BAG:SYD:(A;;FA;;;SY)")).check().unwrap();
        for (sddl, part) in [
            ("G:SYD:", "owner"),
            ("O:BAD:", "group"),
            ("O:BAG:SY", "access control list"),
        ] {
            let error = with(descriptor(sddl)).check().unwrap_err();
            assert!(error.to_string().contains(part), "{sddl}: {error}");
        }
        let error = with(Arc::new([0; 20])).check().unwrap_err();
        assert!(matches!(error, DescriptorError::Unreadable(_)));
    }

    #[test]
    fn equal_changes_stand_together() {
        let (a, b, c) = (descriptor("O:BA"), descriptor("O:SY"), descriptor("O:WD"));
        let change = |path: &str, from: &Arc<[u8]>, to: &Arc<[u8]>| {
            // A second copy of the same bytes is the same descriptor.
            (path.to_owned(), Arc::from(&**from), Arc::from(&**to))
        };
        let grouped = SecurityEdit::group([
            change("1", &a, &b),
            change("2", &a, &c),
            change("3", &a, &b),
        ]);
        let paths: Vec<_> = grouped.iter().map(|edit| edit.paths.join(" ")).collect();
        assert_eq!(paths, ["1 3", "2"]);
        assert!(SecurityEdit::group([]).is_empty());
    }

    #[test]
    fn another_order_of_the_parts_says_the_same() {
        let kernel = descriptor("O:BAG:SYD:(A;;FA;;;SY)");
        let mut other = Descriptor::from_bytes(&kernel).unwrap();
        other.order = security::Order::OWNER_FIRST;
        let other = other.to_bytes().unwrap();
        assert_ne!(*kernel, *other);
        assert!(same_security(&kernel, &other));
        assert!(!same_security(
            &kernel,
            &descriptor("O:BAG:SYD:(A;;FR;;;SY)")
        ));
        assert!(!same_security(b"x", b"y"));
    }
}

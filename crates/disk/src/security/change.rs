//! Changing the permissions of many objects, and putting them back.
//!
//! Invariants: an object is changed only when it has the descriptor that was recorded; what was
//! written is read back at once; an object that something else has changed is left alone. Both
//! ways can be repeated after a cut at any object: what is done already is passed over.
//!
//! Deliberately absent: the journal, which the caller seals first; holding thousands of objects
//! at once; whether two descriptors with other bytes say the same, which the caller knows.

use std::sync::Arc;

use super::held::HeldObject;
use super::record::SecurityRecord;
use super::trail::Trail;
use super::{SecurityError, refusal};
use crate::root::Root;

/// A descriptor that reads back with other bytes than were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBackDiffers {
    /// The file or folder.
    pub path: String,
    /// What was written.
    pub wrote: Arc<[u8]>,
    /// What is there now.
    pub found: Vec<u8>,
}

/// What putting back came to.
#[derive(Debug, Default)]
pub struct PutBack {
    /// How many objects have their old descriptor now, changed by this call or not.
    pub restored: usize,
    /// Objects that something else has changed or removed since; they were left alone.
    pub overtaken: Vec<String>,
    /// Objects whose old descriptor was written and reads back with other bytes.
    pub differs: Vec<ReadBackDiffers>,
    /// Objects that could not be read or written.
    pub failed: Vec<SecurityError>,
}

impl PutBack {
    /// Whether every object has exactly the bytes it had.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.overtaken.is_empty() && self.differs.is_empty() && self.failed.is_empty()
    }
}

/// A trail for each root.
struct Trails<'r>(Vec<Trail<'r>>);

impl<'r> Trails<'r> {
    fn new(roots: &[&'r Root]) -> Trails<'r> {
        Trails(roots.iter().map(|root| Trail::new(root)).collect())
    }

    fn open(
        &mut self,
        record: &SecurityRecord,
        writing: bool,
    ) -> Result<Option<HeldObject<'r>>, SecurityError> {
        match self.0.get_mut(usize::from(record.root)) {
            Some(trail) => trail.open(&record.path, writing),
            None => Ok(None),
        }
    }
}

/// Looks whether every object still has the descriptor of before the run. Records in the order of
/// a walk take time in proportion to their number. `progress` is told how many of how many are
/// done.
///
/// # Errors
/// [`SecurityError`] about the first object that has not, [`SecurityError::Changed`] among them.
pub fn check_securities(
    roots: &[&Root],
    records: &[SecurityRecord],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), SecurityError> {
    let mut trails = Trails::new(roots);
    for (done, record) in (1..).zip(records) {
        let object = present(trails.open(record, false)?, record)?;
        if object.security()? != *record.before {
            return Err(changed(record));
        }
        progress(done, records.len());
    }
    Ok(())
}

/// Gives every object the descriptor of after the run, in order, and reads it back; one that has
/// it is passed over. Everything is on the medium when this returns. Nothing is rolled back. The
/// answer names the objects whose descriptor reads back with other bytes.
///
/// # Errors
/// [`SecurityError`] about the first object that could not be changed, or has neither of the two
/// descriptors; those before it are changed, those after it are not.
pub fn set_securities(
    roots: &[&Root],
    records: &[SecurityRecord],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<ReadBackDiffers>, SecurityError> {
    let mut trails = Trails::new(roots);
    let mut differs = Vec::new();
    for (done, record) in (1..).zip(records) {
        let mut object = present(trails.open(record, true)?, record)?;
        let found = object.security()?;
        if found != *record.after {
            if found != *record.before {
                return Err(changed(record));
            }
            differs.extend(write(&mut object, &record.after)?);
        }
        progress(done, records.len());
    }
    flush(roots)?;
    Ok(differs)
}

/// How the permissions of an object stand to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityStanding {
    /// As they were before it.
    Before,
    /// As the run leaves them.
    After,
    /// Neither, or the object is gone: something else has changed it.
    Overtaken,
}

/// Looks how each object stands to the run; `same` is as for [`put_back_securities`].
///
/// # Errors
/// [`SecurityError`] about the first object that cannot be read.
pub fn look_at_securities(
    roots: &[&Root],
    records: &[SecurityRecord],
    same: &dyn Fn(&[u8], &[u8]) -> bool,
) -> Result<Vec<SecurityStanding>, SecurityError> {
    let mut trails = Trails::new(roots);
    let standings = records.iter().map(|record| {
        let Some(object) = trails.open(record, false)? else {
            return Ok(SecurityStanding::Overtaken);
        };
        Ok(standing(&object.security()?, record, same))
    });
    standings.collect()
}

fn standing(
    found: &[u8],
    record: &SecurityRecord,
    same: &dyn Fn(&[u8], &[u8]) -> bool,
) -> SecurityStanding {
    if *found == *record.before {
        SecurityStanding::Before
    } else if *found == *record.after || same(found, &record.after) || same(found, &record.before) {
        // One that was put back in another form is written once more.
        SecurityStanding::After
    } else {
        SecurityStanding::Overtaken
    }
}

/// Gives every object the descriptor of before the run back, byte for byte, whether the run was
/// finished, cut short or never begun. An object that now has neither of the two descriptors is
/// left alone; `same` says whether two descriptors with other bytes are the same one, for a system
/// that stores them in another form. Errors do not stop it.
pub fn put_back_securities(
    roots: &[&Root],
    records: &[SecurityRecord],
    same: &dyn Fn(&[u8], &[u8]) -> bool,
    progress: &mut dyn FnMut(usize, usize),
) -> PutBack {
    let mut trails = Trails::new(roots);
    let mut result = PutBack::default();
    for (done, record) in (1..).zip(records) {
        match put_back(&mut trails, record, same) {
            Ok(Outcome::Restored) => result.restored += 1,
            Ok(Outcome::Overtaken) => result.overtaken.push(record.path.clone()),
            Ok(Outcome::Differs(differs)) => result.differs.push(differs),
            Err(error) => result.failed.push(error),
        }
        progress(done, records.len());
    }
    result.failed.extend(flush(roots).err());
    result
}

enum Outcome {
    Restored,
    Overtaken,
    Differs(ReadBackDiffers),
}

fn put_back(
    trails: &mut Trails<'_>,
    record: &SecurityRecord,
    same: &dyn Fn(&[u8], &[u8]) -> bool,
) -> Result<Outcome, SecurityError> {
    let Some(mut object) = trails.open(record, true)? else {
        return Ok(Outcome::Overtaken);
    };
    match standing(&object.security()?, record, same) {
        SecurityStanding::Before => Ok(Outcome::Restored),
        SecurityStanding::Overtaken => Ok(Outcome::Overtaken),
        SecurityStanding::After => {
            let differs = write(&mut object, &record.before)?;
            Ok(differs.map_or(Outcome::Restored, Outcome::Differs))
        }
    }
}

/// Writes a descriptor and reads it back.
fn write(
    object: &mut HeldObject<'_>,
    descriptor: &Arc<[u8]>,
) -> Result<Option<ReadBackDiffers>, SecurityError> {
    object.set_security(descriptor)?;
    let found = object.security()?;
    Ok((found != **descriptor).then(|| ReadBackDiffers {
        path: object.path().to_owned(),
        wrote: Arc::clone(descriptor),
        found,
    }))
}

fn flush(roots: &[&Root]) -> Result<(), SecurityError> {
    let mut flushed = roots.iter().map(|root| root.dir.flush());
    flushed.try_for_each(|result| result.map_err(|source| refusal("", source)))
}

fn present<'r>(
    object: Option<HeldObject<'r>>,
    record: &SecurityRecord,
) -> Result<HeldObject<'r>, SecurityError> {
    object.ok_or_else(|| SecurityError::Missing {
        path: record.path.clone(),
    })
}

fn changed(record: &SecurityRecord) -> SecurityError {
    let path = record.path.clone();
    SecurityError::Changed { path }
}
